# SPDX-License-Identifier: GPL-3.0-or-later
"""How far jobs are, beside the button of each and all in a list; what they left to tell; and the renders they made."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import bpy
from bpy.types import Context, UILayout

from . import late, line, sequencer, thumbnail
from .explained import as_set
from .line import MINUTES_FROM, Task
from .properties import settings
from .scene.renders import left_at_backend
from .tasks import JobOperator
from .words import label, sentence

_LETTER = 7.5
"""Pixels that a letter takes about, at the usual scale."""

_MARGIN = 60.0
"""Pixels beside the letters in a sidebar: its edges, a box and an icon."""

_LEAST_LETTERS = 20

BUTTON = 0.6
"""Of a row, that a button keeps while its work is under way: its name is still read whole."""


# What of the buttons was drawn, by the region: in which of its drawings, which are counted. Not `ClassVar`s of a class:
# what typing remembers of them would hold Blender's Python module, and 4.2 end by a crash (see `properties`).
_drawings: dict[int, int] = {}
_buttons: dict[tuple[int, type], int] = {}
_alone: dict[int, list[Task]] = {}


def begin_drawing(region: int) -> list[Task]:
    """Note that a sidebar is drawn once more; return the jobs of which none of its buttons told in the drawing before.

    A job whose button is there is told beside it, and everything stays where it is.

    Args:
        region: the sidebar, by its address.
    """
    last = _drawings.get(region, 0)
    _drawings[region] = last + 1
    seen = {operator for (where, operator), drawing in _buttons.items() if where == region and drawing == last}
    _alone[region] = [task for task in line.tasks() if task.operator not in seen or not _is_here(task)]
    return _alone[region]


def draw_alone(layout: UILayout, region: int) -> None:
    """Draw the jobs that no button of a sidebar tells of."""
    draw_jobs(layout, [task for task in _alone.get(region, []) if task in line.tasks()])


def others(region: int) -> list[Task]:
    """Return the jobs that stand beside their buttons in a sidebar, and not above its sections."""
    return [task for task in line.tasks() if task not in _alone.get(region, [])]


def work_button(layout: UILayout, operator: type[JobOperator], icon: str) -> None:
    """Draw the button of an operator that takes time and, beside it, how far its first work for this scene is."""
    as_set(layout, bpy.context)
    region = address(bpy.context)
    _buttons[region, operator] = _drawings.get(region, 0)
    tasks = [task for task in line.tasks() if task.operator is operator and _is_here(task)]
    if not tasks:
        layout.operator(operator.bl_idname, icon=icon)
        return
    # The button stays where it is, so that nobody presses another one by chance.
    row = layout.split(factor=BUTTON, align=True)
    row.operator(operator.bl_idname, icon=icon)
    more = f" (+{len(tasks) - 1})" if len(tasks) > 1 else ""
    _draw_progress(row.row(align=True), tasks[0], briefly(tasks[0]) + more)


def address(context: Context) -> int:
    """Return what tells a region from others; 0 where there is none."""
    return context.region.as_pointer() if context.region is not None else 0


def _is_here(task: Task) -> bool:
    """Whether a job is for the scene that is shown, or for none."""
    if task.operator is None or task.operator.anywhere:
        return True
    return task.target is not None and task.target.scene == bpy.context.scene.session_uid


def draw_jobs(layout: UILayout, tasks: Iterable[Task] | None = None) -> None:
    """Draw jobs, or every one, with what each is for, how far it is and its own button to stop it."""
    thumbnail.forget_others([task.number for task in line.tasks()])
    for task in line.tasks() if tasks is None else tasks:
        box = layout.box().column(align=True)
        box.label(text=" · ".join(_what(task)), icon="TIME" if task.waiting else "PLAY")
        if task.message and not (task.waiting or task.cancelled):
            # Beside the button to stop it there is no room for it.
            draw_sentence(box, bpy.context, task.message, "BLANK1")
        _draw_progress(box.row(align=True), task, briefly(task))
        thumbnail.draw(box, task.number, task.picture)


def draw_late(layout: UILayout, context: Context) -> None:
    """Tell how jobs ended whose results were not taken in, and offer to do it now."""
    for entry in late.entries():
        box = layout.box().column(align=True)
        draw_sentence(box, context, entry.said, "ERROR" if entry.task.error is not None else "INFO")
        row = box.row(align=True)
        if entry.can_be_taken:
            row.operator("chironomy.take_over", icon="IMPORT").job = entry.number
        elif entry.motion is not None:
            put_on = row.row(align=True)
            put_on.operator_context = "EXEC_DEFAULT"
            filepath = str(entry.motion)
            put_on.operator("chironomy.import_motion", text="Put On Kept Motion", icon="IMPORT").filepath = filepath
        row.operator("chironomy.dismiss_result", text="", icon="X").job = entry.number


def draw_renders(layout: UILayout, context: Context) -> None:
    """Draw the last renders of the scene, each with buttons to play it and to show its folder."""
    for asked in left_at_backend(context):
        row = layout.row(align=True)
        row.label(text=label("{name} is at the backend", name=Path(asked.video).name), icon="TIME")
        row.operator("chironomy.fetch_render", text="", icon="IMPORT").job = asked.job
    for render in settings(context.scene).rendered:
        path = sequencer.absolute(render.path)
        row = layout.row(align=True)
        if not path.exists():
            row.label(text=label("{name} is not there any more", name=path.name), icon="ERROR")
            continue
        row.label(text=path.name, icon="RENDERLAYERS" if path.is_dir() else "FILE_MOVIE")
        row.operator("chironomy.play_render", text="", icon="PLAY").filepath = str(path)
        row.operator("chironomy.open_renders", text="", icon="FILE_FOLDER").filepath = str(path)


def draw_sentence(layout: UILayout, context: Context, text: str, icon: str) -> None:
    """Draw a sentence in as many lines as the sidebar's width asks for."""
    scale = context.preferences.system.ui_scale
    width = context.region.width if context.region is not None else 0
    letters = max(int((width - _MARGIN * scale) / (_LETTER * scale)), _LEAST_LETTERS)
    for number, part in enumerate(textwrap.wrap(sentence(text), letters)):
        layout.label(text=part, icon="BLANK1" if number else icon)


def _draw_progress(row: UILayout, task: Task, said: str) -> None:
    row.progress(factor=task.progress, text=said)
    stop = row.row(align=True)
    stop.enabled = not task.cancelled
    stop.operator("chironomy.stop_work", text="", icon="CANCEL").job = task.number


def _what(task: Task) -> list[str]:
    """Return what a job is and whose."""
    operator, target = task.operator, task.target
    name = named(task)
    if target is None or operator is None or operator.anywhere:
        return [name]
    target = target.named()
    file = Path(target.file).name if target.left and target.file else ""
    return [part for part in (name, target.scene_name, target.name, file) if part]


def named(task: Task) -> str:
    """Return what a job does, as its button says it."""
    return bpy.app.translations.pgettext_iface(task.label, "Operator")


def briefly(task: Task) -> str:
    """Return how far a job is, in a word."""
    if task.cancelled:
        return label("Stopping")
    if task.waiting:
        return label("In line")
    left = task.seconds_left
    return f"{100 * task.progress:.0f} %" if left is None else label("{time} left", time=_time(left))


def _time(left: float) -> str:
    if left < MINUTES_FROM:
        return label("{time:.0f} s", time=left)
    return label("{time:.0f} min", time=left / 60.0)
