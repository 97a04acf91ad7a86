# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion files in and out; these need no backend."""

from pathlib import Path

from bpy.props import StringProperty
from bpy.types import Context, Event, Operator

from chironomy.body.performance import load_performance
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.exchange.files import load_hand_motion
from chironomy.motion import save_hands

from .. import sequencer
from ..properties import character
from ..rig import read
from ..scene.keeping import taken, why_not_kept
from ..scene.takes import new_take
from ..scene.timeline_file import save_lines
from ..words import tip, told


class CHIRONOMY_OT_import_motion(Operator):
    """Put hand motion, or a whole performance, from a file on the character, as sparse keys"""

    bl_idname = "chironomy.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="File",
        description="The motion, .npz, .bvh, .vrma or .glb, or the performance, .zip, to read",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.npz;*.zip;*.bvh;*.vrma;*.glb", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not needs_character(cls, context):
            return False
        reason = why_not_kept(context.scene, character(context.scene))
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    def invoke(self, context: Context, event: Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        try:
            scene, path = context.scene, sequencer.absolute(self.filepath)
            if path.suffix.lower() == ".zip":
                made = load_performance(path)
                message = new_take(scene, character(scene), made, path.name, {"file": path.name}).said
                taken(path)
            else:
                motion = load_hand_motion(path)
                message = new_take(scene, character(scene), motion, path.name, {"file": path.name}).said
                if note := motion.source.get("note"):
                    message = f"{message}; {note}"
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        self.report({"INFO"}, told(message))
        return {"FINISHED"}


class CHIRONOMY_OT_export_motion(Operator):
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
    def poll(cls, context: Context) -> bool:
        return needs_character(cls, context)

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not self.filepath:
            self.filepath = "hands.npz"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        scene = context.scene
        path = sequencer.absolute(self.filepath)
        try:
            path = with_suffix(path, ".npz")
            _, hands = read.read_pose(character(scene), load_rig(), scene, scene.frame_start, scene.frame_end + 1)
            save_hands(hands, path)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, told(f"{path} cannot be written: {error.strerror or error}"))
            return {"CANCELLED"}
        self.report({"INFO"}, told(f"wrote {hands.frame_count} frames to {path}"))
        return {"FINISHED"}


class CHIRONOMY_OT_export_timeline(Operator):
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

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not self.filepath:
            self.filepath = f"{context.scene.name}.otio"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        path = sequencer.absolute(self.filepath)
        try:
            path = with_suffix(path, ".otio")
            count = save_lines(context.scene, path)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, told(f"{path} cannot be written: {error.strerror or error}"))
            return {"CANCELLED"}
        self.report({"INFO"}, told(f"wrote {count} clips to {path}"))
        return {"FINISHED"}


def needs_character(operator: type[Operator], context: Context) -> bool:
    """Poll for operators that work on the scene's character."""
    if character(context.scene) is None:
        operator.poll_message_set(tip("Add a character first"))
        return False
    return True


def with_suffix(path: Path, suffix: str) -> Path:
    """Return the path with the suffix added where it has another one.

    Raises:
        ChironomyError: it names no file, but nothing or a folder.
    """
    if not path.name or path.is_dir():
        raise ChironomyError(f"{path} is a folder; give the name of a {suffix} file to write")
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)


CLASSES = (CHIRONOMY_OT_import_motion, CHIRONOMY_OT_export_motion, CHIRONOMY_OT_export_timeline)
