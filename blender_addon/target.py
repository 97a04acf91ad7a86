# SPDX-License-Identifier: GPL-3.0-or-later
"""What work was started for: its result goes there, whatever is shown, chosen or renamed meanwhile."""

import os
from dataclasses import dataclass, replace

import bpy
from bpy.app.handlers import persistent
from bpy.types import Object, Scene

from chironomy.errors import ChironomyError

from .properties import character
from .rig.build import is_character


class TargetGoneError(ChironomyError):
    """The scene or the character that work was started for is not there any more."""


class _Files:
    """How many files were opened in this session."""

    opened = 0


@dataclass(frozen=True)
class Target:
    """A scene and its character, to be found again after minutes.

    Attributes:
        scene: its number in this session of Blender, which no other data-block ever has, even in another file.
        item: the character's; 0 where there was none.
        scene_name, name: as the two were called, when the work was started or in the file as it was saved since.
        file: path of the .blend; empty where it was never saved, or the two were not in it when it was.
        opened: how many files were opened before.
    """

    scene: int
    item: int
    scene_name: str
    name: str
    file: str = ""
    opened: int = 0

    @classmethod
    def of(cls, scene: Scene) -> "Target":
        """Return what work that is started in a scene is for."""
        return cls._of(scene, character(scene))

    @classmethod
    def _of(cls, scene: Scene, item: Object | None) -> "Target":
        return cls(
            scene.session_uid,
            item.session_uid if item else 0,
            scene.name,
            item.name if item else "",
            bpy.data.filepath,
            _Files.opened,
        )

    @property
    def left(self) -> bool:
        """Whether another file was opened since, or the same once more."""
        return self.opened != _Files.opened

    def find_scene(self) -> Scene:
        """Return the scene.

        Raises:
            TargetGoneError: it was deleted, or another file was opened.
        """
        for scene in bpy.data.scenes:
            if scene.session_uid == self.scene:
                return scene
        raise TargetGoneError(f"the scene {self.scene_name} is not open any more")

    def find(self) -> tuple[Scene, Object]:
        """Return the scene and the character.

        Raises:
            TargetGoneError: one of them was deleted, or another file was opened.
        """
        scene = self.find_scene()
        for item in scene.objects:
            if item.session_uid == self.item:
                return scene, item
        raise TargetGoneError(f"the character {self.name} was deleted meanwhile")

    @property
    def there(self) -> bool:
        """Whether the scene is there, and the character, where there was one."""
        try:
            self.find() if self.item else self.find_scene()
        except TargetGoneError:
            return False
        return True

    def again(self) -> "Target | None":
        """Return the target as it is to be found now.

        Returns:
            The same, where the two are there; where its file was opened again, those in it that are called so; or None.
        """
        if self.there:
            return self
        if not self.left or not self.file or not _same(self.file, bpy.data.filepath):
            return None
        scenes = (scene for scene in bpy.data.scenes if scene.library is None and scene.name == self.scene_name)
        scene = next(scenes, None)
        if scene is None or not self.item:
            return scene and self._of(scene, None)
        item = scene.objects.get(self.name)
        # Another object may be called so by now.
        return self._of(scene, item) if is_character(item) else None

    def named(self) -> "Target":
        """Return the target by the names that its scene and character have now."""
        if not self.there:
            return self
        names = {"scene_name": self.find_scene().name} | ({"name": self.find()[1].name} if self.item else {})
        return replace(self, **names)

    def saved(self) -> "Target":
        """Return the target as the file that was saved just now knows it."""
        if self.left:
            return self
        if not self.there:
            return replace(self, file="")
        return replace(self.named(), file=bpy.data.filepath)


def _same(one: str, other: str) -> bool:
    return bool(other) and os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


@persistent
def _after_opening(*_: object) -> None:
    _Files.opened += 1


def register() -> None:
    """Count the files that are opened."""
    bpy.app.handlers.load_post.append(_after_opening)


def unregister() -> None:
    """Count no more."""
    bpy.app.handlers.load_post.remove(_after_opening)
