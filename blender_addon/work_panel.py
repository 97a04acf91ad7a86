# SPDX-License-Identifier: GPL-3.0-or-later
"""How far work is, in the place of the button that it was started with."""

from bpy.types import Operator, UILayout

from . import tasks, thumbnail
from .words import label, told


def work_button(layout: UILayout, operator: type[Operator], icon: str) -> None:
    """Draw the button of an operator that takes time or, while it works, how far it is."""
    task = tasks.running()
    if task is None or task.label != operator.bl_label:
        layout.operator(operator.bl_idname, icon=icon)
        return
    row = layout.row(align=True)
    said = told("Stopping" if task.cancelled else task.message or task.label)
    left = task.seconds_left
    row.progress(
        factor=task.progress, text=said if left is None else label("{what}, {time} left", what=said, time=_time(left))
    )
    stop = row.row(align=True)
    stop.enabled = not task.cancelled
    stop.operator("chironomy.stop_work", text="", icon="CANCEL")
    thumbnail.draw(layout, task.picture)


def _time(seconds: float) -> str:
    if seconds < 90.0:
        return label("{time:.0f} s", time=seconds)
    return label("{time:.0f} min", time=seconds / 60.0)
