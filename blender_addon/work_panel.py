# SPDX-License-Identifier: GPL-3.0-or-later
"""How far jobs are, beside the button of each and all in a list; what they left to tell; and the renders they made."""

import textwrap
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


def work_button(layout: UILayout, operator: type[JobOperator], icon: str) -> None:
    """Draw the button of an operator that takes time and, beside it, how far its first work for this scene is."""
    as_set(layout, bpy.context)
    scene = bpy.context.scene.session_uid
    task = next(
        (
            task
            for task in line.tasks()
            if task.operator is operator
            and (operator.anywhere or (task.target is not None and task.target.scene == scene))
        ),
        None,
    )
    if task is None:
        layout.operator(operator.bl_idname, icon=icon)
        return
    # The button stays where it is, so that nobody presses another one by chance.
    row = layout.split(factor=0.45, align=True)
    row.operator(operator.bl_idname, icon=icon)
    _draw_progress(row.row(align=True), task, _briefly(task))


def draw_jobs(layout: UILayout) -> None:
    """Draw every job with what it is for, how far it is and its own button to stop it."""
    tasks = line.tasks()
    thumbnail.forget_others([task.number for task in tasks])
    for task in tasks:
        box = layout.box().column(align=True)
        box.label(text=" · ".join(_what(task)), icon="TIME" if task.waiting else "PLAY")
        if task.message and not (task.waiting or task.cancelled):
            # Beside the button to stop it there is no room for it.
            draw_sentence(box, bpy.context, task.message, "BLANK1")
        _draw_progress(box.row(align=True), task, _briefly(task))
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
    name = bpy.app.translations.pgettext_iface(task.label, "Operator")
    if target is None or operator is None or operator.anywhere:
        return [name]
    target = target.named()
    file = Path(target.file).name if target.left and target.file else ""
    return [part for part in (name, target.scene_name, target.name, file) if part]


def _briefly(task: Task) -> str:
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
