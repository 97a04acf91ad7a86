# SPDX-License-Identifier: GPL-3.0-or-later
"""The character and its motion as files of other programs: which takes, which frames, and who writes them.

FBX, glTF and USD are written by Blender's own exporters, so that people's meshes, materials and textures go with the
motion: another Blender in the background does it, where there is one to start. They are given every frame, as a spline
between few keys is read differently by every program. What holds joints alone is written by this project, in a thread.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import bpy
from bpy.types import Context, Object, Scene

from chironomy.body.pose import BodyPose
from chironomy.errors import ChironomyError
from chironomy.exchange.presets import FORMATS, NAMES
from chironomy.motion import FaceTrack
from chironomy.work import Work

from ..slices import Slices, drained
from .by_blender import BlenderFileError, available, keeping_stage, write_here, write_there
from .joint_files import performance_of, writing_joints
from .staging import Form, Span, staging
from .takes import show_action, shown_take, takes_of

WHAT = ("shown", "all")
"""Which takes: the one that the character shows, or each of them as a file of its own."""

SPANS = ("scene", "preview", "frames")
"""Which frames: the scene's, those of its preview range, or others."""


@dataclass(frozen=True)
class Wishes:
    """What is to be written.

    Attributes:
        format: one of `exchange.presets.FORMATS`.
        names: one of `exchange.presets.NAMES`.
        root: what the node above the hips is called; "" for the character's own name.
        mesh: whether the meshes are in the file, where its format has any.
        takes: one of `WHAT`.
        span: one of `SPANS`.
        frames: the first and the last, for the span "frames".
        rate: frames a second of the file; 0 for the scene's.
    """

    format: str = "fbx"
    names: str = "own"
    root: str = ""
    mesh: bool = True
    takes: str = "shown"
    span: str = "scene"
    frames: tuple[int, int] = (1, 250)
    rate: float = 0.0

    @property
    def form(self) -> Form:
        """What the character is like in the file."""
        # USD has no dots in names.
        return Form(
            FORMATS[self.format].unit,
            NAMES[self.names],
            self.root,
            self.mesh,
            "_" if self.format == "usd" else ".",
            # A modifier that is off in the viewport is none to the exporter of USD, and the mesh no skin.
            moving=self.format == "usd",
        )

    def span_of(self, scene: Scene) -> Span:
        """Return the frames.

        Raises:
            MotionError: there are none.
        """
        first, last = scene.frame_start, scene.frame_end
        if self.span == "frames":
            first, last = self.frames
        elif self.span == "preview" and scene.use_preview_range:
            first, last = scene.frame_preview_start, scene.frame_preview_end
        return Span.of(scene, first, last + 1, self.rate)


FBX = Wishes()
"""The shown take, the scene's frames, mesh and all, as FBX."""


class Written(NamedTuple):
    """A file that was written.

    Attributes:
        path: of the file.
        left_out: what it lacks; empty where it has everything.
        failed: why another Blender did not write it, if it did not.
        action: the number in this session of the action that it shows.
    """

    path: Path
    left_out: str = ""
    failed: str = ""
    action: int = 0

    @property
    def said(self) -> str:
        """What to tell the person."""
        return f"wrote {self.path}, without {self.left_out}" if self.left_out else f"wrote {self.path}"


def export(context: Context, item: Object, path: Path, wishes: Wishes = FBX) -> list[Written]:
    """Write a character and its motion at once and in this Blender, as `exporting` does in slices.

    Raises:
        ChironomyError: as of `exporting`.
        OSError, RuntimeError: a file cannot be written.
    """
    _check(wishes)
    return [
        drained(_writing_here(context, item, action, file, wishes))
        for action, file in _files(context.scene, item, path, wishes)
    ]


def export_made(
    context: Context, item: Object, path: Path, wishes: Wishes, pose: BodyPose, face: FaceTrack | None
) -> Written:
    """Write a character that does something which is on no rig, exactly and at once, by Blender's exporters.

    Args:
        context: of the person.
        item: the character, as it was added.
        path: of the file.
        wishes: what is to be written; the frames are all that there are, at the scene's rate.
        pose: what the body does.
        face: what the face does, at the same frames; None leaves it as it is.

    Raises:
        ChironomyError: this Blender cannot write the format.
        OSError, RuntimeError: the file cannot be written.
    """
    _check(wishes)
    span = Span.of(context.scene, 0, pose.frame_count)

    def played(_scene: Scene, _item: Object, meshes: list[Object], _span: Span) -> Slices:
        yield
        return performance_of(item, meshes, pose, face)

    staged = drained(staging(context, item, wishes.form, span, played))
    try:
        write_here(context, staged, path, wishes.format)
    finally:
        staged.end()
    return Written(path, staged.left_out)


def exporting(context: Context, item: Object, path: Path, wishes: Wishes = FBX) -> Slices:
    """Begin to write a character and its motion, from the scene's frame that is the first on.

    Where there is no other Blender to start, as in Blender as a module of Python, files of Blender's exporters are
    written here and at once.

    Args:
        context: of the person; its scene counts.
        item: the character.
        path: of the file; of all takes, the names of the takes are put before its ending.
        wishes: what is to be written.

    Returns:
        What writes the files, in a thread, and returns them as a list of `Written`.

    Raises:
        MotionError: there are no frames, or the armature is in edit mode or scaled to nothing.
        ChironomyError: a take cannot be shown, or the format does not hold the character.
        OSError, RuntimeError: a file cannot be written.
    """
    _check(wishes)
    jobs: list[Callable[[Work], Written]] = []
    with ExitStack() as meanwhile:
        for action, file in _files(context.scene, item, path, wishes):
            with _shown(context.scene, item, action):
                jobs.append((yield from _preparing(context, item, action, file, wishes, meanwhile)))
        held = meanwhile.pop_all()

    def write(work: Work) -> list[Written]:
        with held:
            count = len(jobs)
            return [job(work.part(number / count, (number + 1) / count)) for number, job in enumerate(jobs)]

    return write


def _preparing(context: Context, item: Object, action: int, path: Path, wishes: Wishes, meanwhile: ExitStack) -> Slices:
    """Read what one file is to hold; return what writes it in a thread."""
    span = wishes.span_of(context.scene)
    if not FORMATS[wishes.format].by_blender:
        job = yield from writing_joints(context.scene, item, path, wishes.format, wishes.names, span)
        return lambda work: _done(job, work, path, action)
    staged = yield from staging(context, item, wishes.form, span)
    try:
        stage = yield from keeping_stage(staged, meanwhile)
        if stage is None:
            write_here(context, staged, path, wishes.format)
            return lambda _: Written(path, staged.left_out, action=action)
    finally:
        staged.end()

    def write(work: Work) -> Written:
        try:
            write_there(stage, path, wishes.format, work)
        except BlenderFileError as error:
            return Written(path, failed=str(error), action=action)
        return Written(path, staged.left_out, action=action)

    return write


def _done(job: Callable[[Work], None], work: Work, path: Path, action: int) -> Written:
    job(work)
    return Written(path, action=action)


def _writing_here(context: Context, item: Object, action: int, path: Path, wishes: Wishes) -> Slices:
    with _shown(context.scene, item, action):
        span = wishes.span_of(context.scene)
        if not FORMATS[wishes.format].by_blender:
            job = yield from writing_joints(context.scene, item, path, wishes.format, wishes.names, span)
            job(Work())
            return Written(path, action=action)
        staged = yield from staging(context, item, wishes.form, span)
        try:
            write_here(context, staged, path, wishes.format)
        finally:
            staged.end()
        return Written(path, staged.left_out, action=action)


def again(context: Context, item: Object, failed: Written, wishes: Wishes) -> Written:
    """Write a file here that another Blender did not write.

    Raises:
        ChironomyError: as of `exporting`.
        OSError, RuntimeError: the file cannot be written.
    """
    return drained(_writing_here(context, item, failed.action, failed.path, wishes))


def _check(wishes: Wishes) -> None:
    """Raise ChironomyError where this Blender cannot write the format."""
    if FORMATS[wishes.format].by_blender and not available(wishes.format):
        raise ChironomyError(f"this Blender was built without {FORMATS[wishes.format].label}; choose another format")


def _files(scene: Scene, item: Object, path: Path, wishes: Wishes) -> list[tuple[int, Path]]:
    """Return the files, and of each the action that it shows, by its number in this session; 0 for what is shown."""
    if wishes.takes != "all":
        return [(0, path)]
    found: list[tuple[int, Path]] = []
    for take in takes_of(scene, item):
        stem, names = f"{path.stem}-{bpy.path.clean_name(take.name)}", {file.stem for _, file in found}
        free = next(name for number in itertools.count(1) if (name := stem + f"-{number}" * (number > 1)) not in names)
        found.append((take.action.session_uid, path.with_stem(free)))
    return found or [(0, path)]


@contextmanager
def _shown(scene: Scene, item: Object, action: int) -> Iterator[None]:
    """Let a character show a take meanwhile."""
    if not action:
        yield
        return
    now = shown_take(scene, item)
    before = now.action.session_uid if now is not None else 0
    show_action(scene, item, action)
    try:
        yield
    finally:
        # Its take, or the character itself, may have been deleted meanwhile.
        with suppress(ChironomyError, ReferenceError):
            if before:
                show_action(scene, item, before)
