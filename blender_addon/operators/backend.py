# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up, start and stop the backend."""

import sys

import bpy
from bpy.props import BoolProperty
from bpy.types import Context, Event, Operator

from chironomy.installation.environment import ENVIRONMENT, Installed, environment_python
from chironomy.installation.parts import total_megabytes
from chironomy.work import Work

from .. import backend
from ..explained import Explained
from ..preferences import preferences
from ..target import Target
from ..tasks import Job, JobOperator, with_window
from ..words import label, told

_DIALOG_WIDTH = 480


def download_size(context: Context) -> str:
    """Return the sentence about what setting up would download, with the PyTorch that is chosen."""
    size = total_megabytes(backend.pytorch_of(context), (sys.version_info[0], sys.version_info[1]))
    if size is None:
        return label("The size of the download is not known here: some GB with NVIDIA's PyTorch")
    return label("Downloads about {size} MB, which take three times that on the disk", size=size)


class CHIRONOMY_OT_set_up_backend(JobOperator, Operator):
    """Install the backend into a folder of this extension, not into Blender's Python; goes on where it was stopped"""

    bl_idname = "chironomy.set_up_backend"
    bl_label = "Set Up Backend"

    chosen: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    """Whether the person has seen the size and agreed."""

    _asked = False
    anywhere = True

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if bpy.app.online_access else "Allow Online Access in the System preferences first"

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return frozenset({cls.bl_idname, backend.GESTURES, backend.VIDEOS, backend.PORTRAITS})

    def invoke(self, context: Context, event: Event) -> set[str]:
        if self.chosen or not with_window():
            return super().invoke(context, event)
        self._asked = True
        return context.window_manager.invoke_props_dialog(
            self, width=_DIALOG_WIDTH, title=told(self.bl_label), confirm_text=label("Download")
        )

    def draw(self, context: Context) -> None:
        self.layout.label(text=download_size(context), icon="INFO")

    def execute(self, context: Context) -> set[str]:
        if self._asked and with_window():
            # The dialog is closed by what is done here; the work goes on beside what the person does.
            bpy.ops.chironomy.set_up_backend("INVOKE_DEFAULT", chosen=True)
            return {"CANCELLED"}
        return super().execute(context)

    def work(self, context: Context) -> Job:
        home, wheel, pytorch = backend.folder(), backend.bundled_wheel(), backend.pytorch_of(context)

        def install(work: Work) -> Installed:
            return backend.set_up(home, wheel, pytorch, work)

        return install

    def finish(self, context: Context, result: Installed, target: Target) -> str:
        return self.keep(context, result, target)

    @classmethod
    def keep(cls, context: Context, result: Installed, target: Target) -> str:
        preferences(context).python = str(environment_python(backend.folder() / ENVIRONMENT))
        # Only then does Blender save the preferences by itself.
        context.preferences.is_dirty = True
        return result.sentence()


class CHIRONOMY_OT_start_backend(JobOperator, Operator):
    """Start the backend now; it ends with Blender"""

    bl_idname = "chironomy.start_backend"
    bl_label = "Start Backend"

    anywhere = True

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        chosen = preferences(context)
        if backend.running():
            return "The backend runs already"
        if chosen.address:
            return f"The preferences name a backend at {chosen.address}"
        return "" if chosen.python else "Set up the backend first, or choose its Python in the preferences"

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return frozenset({CHIRONOMY_OT_set_up_backend.bl_idname})

    def work(self, context: Context) -> Job:
        where = backend.address(context)

        def start(work: Work) -> str:
            return backend.connect(where, work).url

        return start

    def finish(self, context: Context, result: str, target: Target) -> str:
        return f"the backend runs at {result}"


class CHIRONOMY_OT_stop_backend(Explained, Operator):
    """Stop the backend that Blender started"""

    bl_idname = "chironomy.stop_backend"
    bl_label = "Stop Backend"

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if backend.running() else "No backend was started here"

    def execute(self, context: Context) -> set[str]:
        backend.stop()
        return {"FINISHED"}


CLASSES = (
    CHIRONOMY_OT_set_up_backend,
    CHIRONOMY_OT_start_backend,
    CHIRONOMY_OT_stop_backend,
)
