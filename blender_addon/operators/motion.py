# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion files in and out; these need no backend."""

from pathlib import Path

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Operator

from chironomy.body.performance import load_performance
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.exchange.files import load_hand_motion
from chironomy.motion import save_hands

from .. import sequencer
from ..properties import character
from ..rig import read
from ..scene.foreign_motion import BY_BLENDER, read_by_blender, reader_command
from ..scene.joint_files import reading_armature
from ..scene.keeping import taken, why_not_changed
from ..scene.new_takes import New, adding_takes
from ..scene.speech import speech_start
from ..scene.staging import Span
from ..scene.takes import file_stem
from ..scene.timeline_file import save_lines
from ..sliced import FileOperator, SlicedOperator
from ..slices import Slices
from ..target import Target


class CHIRONOMY_OT_import_motion(FileOperator, Operator):
    """Put hand motion, or a whole performance, from a file on the character, as sparse keys"""

    bl_idname = "chironomy.import_motion"
    bl_label = "Import Motion"
    own_step = True

    filepath: StringProperty(
        name="File",
        description="The motion, .npz, .bvh, .vrma, .glb, .fbx or USD, or the performance, .zip, to read",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(
        default="*.npz;*.zip;*.bvh;*.vrma;*.glb;*.fbx;*.usd;*.usda;*.usdc;*.usdz", options={"HIDDEN"}
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_changed(context.scene)

    def file(self) -> str:
        return self.filepath

    def slices(self, context: Context, target: Target) -> Slices:
        scene, item = target.find()
        path = sequencer.absolute(self.filepath)
        whole = path.suffix.lower() == ".zip"
        if path.suffix.lower() in BY_BLENDER:
            command = reader_command()
            made = yield lambda work: read_by_blender(path, command, work)
        else:
            made = yield lambda _: load_performance(path) if whole else load_hand_motion(path)
        (put_on,) = yield from adding_takes(scene, item, [New(made, path.name, {"file": path.name})])
        if whole:
            taken(path)
        note = None if whole else made.source.get("note")
        return f"{put_on.said}; {note}" if note else put_on.said


class CHIRONOMY_OT_export_motion(FileOperator, Operator):
    """Write the character's hand motion, as the rig shows it, to a file"""

    bl_idname = "chironomy.export_motion"
    bl_label = "Export Motion"

    filepath: StringProperty(
        name="File",
        description="The file to write",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if character(context.scene) else "Add a character first"

    def file(self) -> str:
        scene = bpy.context.scene
        return self.filepath or f"{file_stem(scene, character(scene))}.npz"

    def slices(self, context: Context, target: Target) -> Slices:
        scene, item = target.find()
        path = with_suffix(sequencer.absolute(self.filepath), ".npz")
        _, hands = yield from read.reading_pose(item, load_rig(), scene, scene.frame_start, scene.frame_end + 1)

        def write() -> None:
            try:
                save_hands(hands, path)
            except OSError as error:
                raise ChironomyError(f"{path} cannot be written: {error.strerror or error}") from error

        yield lambda _: write()
        return f"wrote {hands.frame_count} frames to {path}"


class CHIRONOMY_OT_export_timeline(FileOperator, Operator):
    """Write the scene's lines, and the take that each character shows, as a timeline for editors"""

    bl_idname = "chironomy.export_timeline"
    bl_label = "Export Timeline"

    filepath: StringProperty(
        name="File",
        description="The file to write",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.otio", options={"HIDDEN"})

    def file(self) -> str:
        return self.filepath or "lines.otio"

    def slices(self, context: Context, target: Target) -> str:
        scene = target.find_scene()
        path = with_suffix(sequencer.absolute(self.filepath), ".otio")
        try:
            count = save_lines(scene, path)
        except OSError as error:
            raise ChironomyError(f"{path} cannot be written: {error.strerror or error}") from error
        return f"wrote {count} clips to {path}"


class CHIRONOMY_OT_read_armature(SlicedOperator, Operator):
    """Put the hands of the active armature on the character, as sparse keys: such as of an FBX that was imported"""

    bl_idname = "chironomy.read_armature"
    bl_label = "Hands From Armature"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        reason = why_not_changed(context.scene)
        active = context.active_object
        if not reason and (active is None or active.type != "ARMATURE" or active == character(context.scene)):
            reason = "Make another armature the active object, whose hands are to be read"
        return reason

    def slices(self, context: Context, target: Target) -> Slices:
        scene, item = target.find()
        source = context.active_object
        name, span = source.name, Span.of(scene, speech_start(scene), scene.frame_end + 1)
        made = yield from reading_armature(scene, source, span)
        (put_on,) = yield from adding_takes(scene, item, [New(made, name, {"armature": name})])
        note = made.source.get("note")
        return f"{put_on.said}; {note}" if note else put_on.said


def with_suffix(path: Path, suffix: str) -> Path:
    """Return the path with the suffix added where it has another one.

    Raises:
        ChironomyError: it names no file, but nothing or a folder.
    """
    if not path.name or path.is_dir():
        raise ChironomyError(f"{path} is a folder; give the name of a {suffix} file to write")
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)


CLASSES = (
    CHIRONOMY_OT_import_motion,
    CHIRONOMY_OT_read_armature,
    CHIRONOMY_OT_export_motion,
    CHIRONOMY_OT_export_timeline,
)
