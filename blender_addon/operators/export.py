# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with its animation, for game engines and other programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Context, Event, Operator

from chironomy.errors import ChironomyError
from chironomy.work import Work

from .. import sequencer
from ..properties import character
from ..scene.fbx import FbxError, export_fbx, exporting
from ..slices import Slices
from ..target import Target
from ..tasks import JobOperator
from .motion import with_suffix


class CHIRONOMY_OT_export_fbx(JobOperator, Operator):
    """Write the character and its motion as FBX: the skeleton without controls, the mesh and one animation"""

    bl_idname = "chironomy.export_fbx"
    bl_label = "Export FBX"

    filepath: StringProperty(
        name="File",
        description="The file to write",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.fbx", options={"HIDDEN"})
    chosen: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    """Whether the file was chosen already."""

    _asked = False

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if character(context.scene) is not None else "Add a character first"

    def invoke(self, context: Context, event: Event) -> set[str]:
        if self.chosen:
            return super().invoke(context, event)
        if not self.filepath:
            self.filepath = f"{Path(bpy.data.filepath).stem or 'hands'}.fbx"
        self._asked = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> set[str]:
        if self._asked:
            # The dialog is closed by what is done here; the work goes on beside what the person does.
            try:
                bpy.ops.chironomy.export_fbx("INVOKE_DEFAULT", filepath=self.filepath, chosen=True)
            except RuntimeError as error:  # what it reported
                self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
                return {"CANCELLED"}
            return {"FINISHED"}
        return super().execute(context)

    def work(self, context: Context) -> Slices:
        path = with_suffix(sequencer.absolute(self.filepath), ".fbx")
        with _told(path):
            write = yield from exporting(context, character(context.scene), path)

        def written(work: Work) -> _Written:
            try:
                with _told(path):
                    return _Written(path, write(work))
            except FbxError as error:
                return _Written(path, failed=str(error))

        return written

    def finish(self, context: Context, result: "_Written", target: Target) -> str:
        if not result.failed:
            return result.said
        scene, item = target.find()
        with context.temp_override(scene=scene), _told(result.path):
            left_out = export_fbx(context, item, result.path)
        return f"{_Written(result.path, left_out).said}; {result.failed}"

    @classmethod
    def keep(cls, context: Context, result: "_Written", target: Target) -> str:
        return "" if result.failed else result.said


class _Written(NamedTuple):
    """A file that was written, without what is left out; or, where `failed` says so, was not by another Blender."""

    path: Path
    left_out: str = ""
    failed: str = ""

    @property
    def said(self) -> str:
        return f"wrote {self.path}, without {self.left_out}" if self.left_out else f"wrote {self.path}"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why a file cannot be written."""
    try:
        yield
    except ChironomyError:
        raise
    except (OSError, RuntimeError) as error:
        raise ChironomyError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


CLASSES = (CHIRONOMY_OT_export_fbx,)
