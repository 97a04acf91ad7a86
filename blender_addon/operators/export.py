# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with its animation, for game engines and other programs."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError
from chironomy.exchange.presets import FORMATS, PRESETS
from chironomy.work import Work

from .. import sequencer
from ..properties import character
from ..rig.read import scene_fps
from ..scene.export import Wishes, Written, again, exporting
from ..scene.takes import file_stem
from ..slices import Slices
from ..target import Target
from ..tasks import JobOperator
from ..words import label, sentence
from .motion import with_suffix

CUSTOM = "custom"
"""The preset that is none."""

_NAMES = (
    ("own", "Character's Own", "As the bones of the rig are called"),
    ("humanoid", "Humanoid", "As Godot's humanoid profile, VRM and Unity call them: LeftUpperArm, LeftIndexProximal"),
    ("mannequin", "Mannequin", "As Unreal's mannequins call them: upperarm_l, index_01_l"),
    ("human_ik", "HumanIK", "As HumanIK in Maya and MotionBuilder calls them: LeftArm, LeftHandIndex1"),
)
_FORMATS = (
    ("fbx", "FBX", "Skeleton, mesh and animation in centimetres"),
    ("glb", "glTF Binary", "Skeleton, mesh and animation in metres"),
    ("usd", "USD", "Skeleton, mesh and animation in metres, as UsdSkel"),
    ("bvh", "BVH", "The skeleton from a T-pose and its motion, in centimetres"),
    ("vrma", "VRM Animation", "The motion for any VRM avatar, with the face as ARKit's expressions"),
    ("smplx", "SMPL-X", "Joint rotations of the arms and hands, as BEAT2 has them"),
    ("amass", "AMASS SMPL-X", "Joint rotations of the arms and hands, as AMASS has them, with z up"),
    ("smplh", "AMASS SMPL+H", "Joint rotations of the arms and hands, as AMASS has them for SMPL+H, with z up"),
    ("mano", "MANO", "The parameters of both hands, as the Python package smplx takes them"),
    ("hands", "Chironomy Motion", "The hands, to be imported again"),
)


class _ExportOperator(JobOperator):
    """What the buttons have in common that write a character and its motion; a subclass says how, by `wishes`."""

    filepath: StringProperty(
        name="File",
        description="The file to write",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    chosen: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    """Whether the file was chosen already."""

    takes: EnumProperty(
        name="Takes",
        description="Which takes to write",
        items=(
            ("shown", "Shown Take", "What the character shows"),
            ("all", "All Takes", "Every take, each as a file of its own with the name of the take in it"),
        ),
        default="shown",
    )
    span: EnumProperty(
        name="Frames",
        description="Which frames to write; the first is at the time 0 of the file",
        items=(
            ("scene", "Scene", "All frames of the scene"),
            ("preview", "Preview Range", "The frames of the preview range, where there is one"),
            ("frames", "From and To", "The frames that stand here"),
        ),
        default="scene",
    )
    first: IntProperty(name="From", description="The first frame to write", default=1)
    last: IntProperty(name="To", description="The last frame to write", default=250)

    rate: FloatProperty(
        name="Rate",
        description="Frames a second of the file; 0 for those of the scene",
        default=0.0,
        min=0.0,
        soft_max=120.0,
        max=240.0,
        precision=3,
        step=100,
    )

    _asked = False

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if character(context.scene) is not None else "Add a character first"

    def wishes(self) -> Wishes:
        """Return what is to be written."""
        raise NotImplementedError

    def suffix(self) -> str:
        """Return the ending of the files."""
        return FORMATS[self.wishes().format].suffix

    def draw(self, context: Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        self.draw_format(layout)
        layout.prop(self, "takes")
        layout.prop(self, "span")
        if self.span == "frames":
            column = layout.column(align=True)
            column.prop(self, "first")
            column.prop(self, "last")
        layout.prop(self, "rate")
        if not self.rate:
            layout.label(text=label("0 is the scene's rate: {rate:.5g}", rate=scene_fps(context.scene)), icon="INFO")

    def draw_format(self, layout: bpy.types.UILayout) -> None:
        """Draw what is asked about the kind of file."""

    def check(self, context: Context) -> bool:
        """Let the name of the file be what is proposed, and end as its kind does; called by the file browser."""
        before, self.filepath = self.filepath, following(self.filepath, _stems(context), self.takes)
        # Not as a path: Blender begins what lies beside the file with two slashes.
        stem, ending = os.path.splitext(self.filepath)  # noqa: PTH122
        if not stem or ending.lower() == self.suffix():
            return self.filepath != before
        known = {each.suffix for each in FORMATS.values()}
        self.filepath = (stem if ending.lower() in known else self.filepath) + self.suffix()
        return True

    def invoke(self, context: Context, event: Event) -> set[str]:
        if self.chosen:
            return super().invoke(context, event)
        if not self.filepath:
            self.filepath = f"{_stems(context)[self.takes]}{self.suffix()}"
        self.first, self.last = context.scene.frame_start, context.scene.frame_end
        self._asked = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        if self._asked:
            # The dialog is closed by what is done here; the work goes on beside what the person does.
            operator = getattr(bpy.ops.chironomy, type(self).bl_idname.partition(".")[2])
            try:
                operator("INVOKE_DEFAULT", **{**self.as_keywords(ignore=("filter_glob",)), "chosen": True})
            except RuntimeError as error:  # what it reported
                self.report({"ERROR"}, sentence(str(error).removeprefix("Error: ").strip()))
                return {"CANCELLED"}
            return {"FINISHED"}
        return super().execute(context)

    def work(self, context: Context) -> Slices:
        path = with_suffix(sequencer.absolute(self.filepath), self.suffix())
        with _told(path):
            write = yield from exporting(context, character(context.scene), path, self.wishes())

        def written(work: Work) -> list[Written]:
            with _told(path):
                return write(work)

        return written

    def finish(self, context: Context, result: list[Written], target: Target) -> str:
        scene, item = target.find()
        done, reasons = [], []
        for each in result:
            if each.failed:
                reasons.append(each.failed)
                with context.temp_override(scene=scene), _told(each.path):
                    done.append(again(context, item, each, self.wishes()))
            else:
                done.append(each)
        return "; ".join([_said(done), *dict.fromkeys(reasons)])

    @classmethod
    def keep(cls, context: Context, result: list[Written], target: Target) -> str:
        return "" if any(each.failed for each in result) else _said(result)


class CHIRONOMY_OT_export_fbx(_ExportOperator, Operator):
    """Write the character and its motion as FBX: the skeleton without controls, the mesh and one animation"""

    bl_idname = "chironomy.export_fbx"
    bl_label = "Export FBX"

    filter_glob: StringProperty(default="*.fbx", options={"HIDDEN"})

    def wishes(self) -> Wishes:
        return Wishes(takes=self.takes, span=self.span, frames=(self.first, self.last), rate=self.rate)


class CHIRONOMY_OT_export_character(_ExportOperator, Operator):
    """Write the character's motion in the format and with the names that another program expects"""

    bl_idname = "chironomy.export_character"
    bl_label = "Export For"

    filter_glob: StringProperty(
        default=";".join(dict.fromkeys(f"*{each.suffix}" for each in FORMATS.values())), options={"HIDDEN"}
    )
    preset: EnumProperty(
        name="For",
        description="The program that the file is for",
        items=(
            *((name, each.label, each.description) for name, each in PRESETS.items()),
            (CUSTOM, "Other", "The format and the names that are chosen here"),
        ),
        default=CUSTOM,
    )
    format: EnumProperty(name="Format", description="The kind of file", items=_FORMATS, default="glb")
    names: EnumProperty(name="Names", description="What joints are called in the file", items=_NAMES, default="own")
    mesh: BoolProperty(
        name="Mesh", description="Write the meshes of the character, too, and the shapes of its face", default=True
    )

    def wishes(self) -> Wishes:
        own = PRESETS.get(self.preset)
        return Wishes(
            format=self.format if own is None else own.format,
            names=self.names if own is None else own.names,
            root="" if own is None else own.root,
            mesh=self.mesh,
            takes=self.takes,
            span=self.span,
            frames=(self.first, self.last),
            rate=self.rate,
        )

    def draw_format(self, layout: bpy.types.UILayout) -> None:
        layout.prop(self, "preset")
        if self.preset == CUSTOM:
            layout.prop(self, "format")
            if FORMATS[self.format].named:
                layout.prop(self, "names")
        if FORMATS[self.wishes().format].by_blender:
            layout.prop(self, "mesh")


def following(filepath: str, stems: Mapping[str, str], takes: str) -> str:
    """Return the path of a file, which follows the choice of the takes where its name was proposed for another choice.

    Args:
        filepath: as it stands in the file browser.
        stems: the name that is proposed for each choice.
        takes: the choice.
    """
    # Not as a path: Blender begins what lies beside the file with two slashes.
    parts = re.fullmatch(r"(.*[/\\])?(.*?)(\.\w+)?", filepath, re.DOTALL)
    assert parts is not None
    folder, stem, ending = parts.groups("")
    return folder + stems[takes] + ending if stem in stems.values() else filepath


def _stems(context: Context) -> dict[str, str]:
    """Return what a file is called at first: as the take that it has, or, of all takes, as what they are of."""
    item = character(context.scene)
    return {"shown": file_stem(context.scene, item), "all": Path(bpy.data.filepath).stem or "takes"}


def _said(written: list[Written]) -> str:
    """Return what to tell of files that were written."""
    if len(written) == 1:
        return written[0].said
    left_out = ", ".join(dict.fromkeys(each.left_out for each in written if each.left_out))
    count, folder = len(written), written[0].path.parent
    return f"wrote {count} files to {folder}, without {left_out}" if left_out else f"wrote {count} files to {folder}"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why a file cannot be written."""
    try:
        yield
    except ChironomyError:
        raise
    except (OSError, RuntimeError) as error:
        raise ChironomyError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


CLASSES = (CHIRONOMY_OT_export_fbx, CHIRONOMY_OT_export_character)
