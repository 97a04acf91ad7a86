# SPDX-License-Identifier: GPL-3.0-or-later
"""What work was started for: its result goes there, whatever is shown, chosen or renamed meanwhile."""

from dataclasses import dataclass

import bpy
from bpy.types import Object, Scene

from chironomy.errors import ChironomyError

from .properties import character


class TargetGoneError(ChironomyError):
    """The scene or the character that work was started for is not there any more."""


@dataclass(frozen=True)
class Target:
    """A scene and its character, to be found again after minutes.

    Attributes:
        scene: its number in this session of Blender, which no other data-block ever has, even in another file.
        item: the character's; 0 where there was none.
        scene_name, name: as the two were called.
    """

    scene: int
    item: int
    scene_name: str
    name: str

    @classmethod
    def of(cls, scene: Scene) -> "Target":
        """Return what work that is started in a scene is for."""
        item = character(scene)
        return cls(scene.session_uid, item.session_uid if item else 0, scene.name, item.name if item else "")

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
