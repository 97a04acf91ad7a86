# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the add-on in Blender's preferences: where the backend is, and how it gets there."""

import functools

import bpy
from bpy.types import AddonPreferences, Context, UILayout

from chironomy.installation.environment import RECORD, Installed

from . import backend, keymap, surroundings, tasks
from .operators.backend import CHIRONOMY_OT_set_up_backend, download_size
from .preferences import ADDON, Choices
from .sequencer import absolute
from .words import label, told
from .work_panel import work_button


class ChironomyPreferences(Choices, AddonPreferences):
    bl_idname = ADDON

    def draw(self, context: Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.operator("chironomy.open_manual", icon="HELP")
        layout.prop(self, "gestures")
        if self.gestures == "BACKEND":
            layout.prop(self, "warm_up")
        box = layout.box()
        box.label(text="Backend, for videos and portraits", icon="CONSOLE")
        box.prop(self, "python")
        _draw_installed(box, self.python)
        box.prop(self, "pytorch")
        box.label(text=download_size(context), icon="INFO")
        column = box.column()
        work_button(column, CHIRONOMY_OT_set_up_backend, "IMPORT")
        row = box.row()
        row.operator("chironomy.start_backend", icon="PLAY")
        row.operator("chironomy.stop_backend", icon="PAUSE")
        if not bpy.app.online_access:
            box.label(text="Setting up needs Allow Online Access in System", icon="INTERNET_OFFLINE")
        log = backend.set_up_log()
        if log.is_file():
            box.operator("wm.path_open", text="Open the Log of the Set-Up", icon="TEXT").filepath = str(log)
        box = layout.box()
        box.label(text="A backend that runs already", icon="LINKED")
        box.prop(self, "find")
        _draw_found(box, self)
        box.prop(self, "address")
        box.prop(self, "token_file")
        if self.address.startswith("https:"):
            box.prop(self, "ca")
        layout.prop(self, "renders")
        box = layout.box()
        box.label(text="Shortcuts in the pose mode", icon="KEYINGSET")
        keymap.draw(box, context)


def redraw(_progress: float, _message: str = "") -> None:
    """Let the preferences show how far the work is; one of `tasks.listeners`."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()


def register() -> None:
    tasks.listeners.append(redraw)


def unregister() -> None:
    if redraw in tasks.listeners:
        tasks.listeners.remove(redraw)


def _draw_installed(layout: UILayout, python: str) -> None:
    """Tell what was set up, and what of it is missing."""
    record = absolute(python).parents[1] / RECORD if python else None
    if record is None or not record.is_file():
        return
    found = _installed(python, record.stat().st_mtime_ns)
    if found is None:
        return
    layout.label(text=label("Set up with {python}", python=told(found.python)), icon="CHECKMARK")
    for part, reason in found.lacks():
        said = label("Without {what}: {reason}", what=told(part.purpose), reason=told(reason))
        layout.label(text=said, icon="ERROR")


@functools.lru_cache(maxsize=1)
def _installed(python: str, _changed: int) -> Installed | None:
    return backend.what_is_installed(python)


def _draw_found(layout: UILayout, chosen: Choices) -> None:
    """Tell where a backend of the person's runs."""
    if not chosen.find or chosen.address:
        return
    found = surroundings.running()
    if found is not None:
        layout.label(text=label("Yours runs at {url} and is used", url=found.url), icon="CHECKMARK")
