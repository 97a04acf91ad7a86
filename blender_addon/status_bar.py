# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the work is, in Blender's status bar: there it is seen whatever tab and section are open."""

from typing import Any

import bpy
from bpy.types import Context, Header

from . import line, seen_panels
from .work_panel import briefly, named

WIDTH = 14.0
"""Of the bar, in heights of a button."""


def draw(header: Header, context: Context) -> None:
    """Draw the job that runs, how many more there are, and the button that stops it."""
    tasks = line.tasks()
    if not tasks:
        return
    task = next((task for task in tasks if not task.waiting), tasks[0])
    row = header.layout.row(align=True)
    row.ui_units_x = WIDTH
    more = f" (+{len(tasks) - 1})" if len(tasks) > 1 else ""
    row.progress(factor=task.progress, text=f"{named(task)}: {briefly(task)}{more}")
    stop = row.row(align=True)
    stop.enabled = not task.cancelled
    stop.operator("chironomy.stop_work", text="", icon="CANCEL").job = task.number


def redraw(context: Context) -> None:
    """Draw the status bars anew, but where somebody drags and reads there which keys do what."""
    _be_there()
    ours = {task.operator.__name__ for task in line.tasks() if task.operator is not None}
    for window in context.window_manager.windows:
        # No list of areas has the status bar; it is drawn anew where its text is set.
        if window.workspace is not None and all(each.bl_idname in ours for each in window.modal_operators):
            window.workspace.status_text_set_internal(None)


def register() -> None:
    """Draw there from now on."""
    if not bpy.app.background:
        _be_there()
        seen_panels.told_also.append(redraw)


def unregister() -> None:
    """Draw there no more."""
    if redraw in seen_panels.told_also:
        seen_panels.told_also.remove(redraw)
    if bpy.app.background:
        return
    for functions in _functions():
        while draw in functions:
            functions.remove(draw)


def _be_there() -> None:
    """Blender forgets what was added to the status bar where a text is taken from it that was there before."""
    if not any(draw in functions for functions in _functions()[:1]):
        _bar().append(draw)


def _functions() -> list[list[Any]]:
    """Return what is drawn in the status bar, and what will be where a text is taken from it."""
    drawing = (_bar().draw, getattr(_bar(), "_draw_orig", None))
    return [getattr(each, "_draw_funcs", []) for each in drawing]


def _bar() -> Any:
    return bpy.types.STATUSBAR_HT_header
