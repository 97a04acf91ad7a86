# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the panels anew where they are seen, and only when what they tell of the jobs has changed."""

from collections.abc import Callable
from typing import Any

from bpy.types import Context, Region

from . import line

TAB = "Chironomy"
"""The tab of the sidebar in which the panels are."""

told_also: list[Callable[[Context], None]] = []
"""What else is drawn anew then; `status_bar` says so while it is in use, and knows more than this."""


class _Shown:
    told: Any = None


def redraw_where_new(context: Context) -> None:
    """Draw the panels anew, where a person would see another picture than before."""
    now = tuple(_told(task) for task in line.tasks())
    if now != _Shown.told:
        _Shown.told = now
        redraw(context)


def redraw(context: Context) -> None:
    """Draw the panels and the status bar anew; the 3D view beside them stays as it is."""
    for region in regions(context):
        region.tag_redraw()
    for also in told_also:
        also(context)


def regions(context: Context) -> list[Region]:
    """Return the parts of the windows in which the jobs are shown: the open tab, and the preferences."""
    found: list[Region] = []
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D" and area.spaces.active.show_region_ui:
                # Before a sidebar is drawn first, nobody has told which tab is open.
                sidebars = (region for region in area.regions if region.type == "UI")
                found += [each for each in sidebars if getattr(each, "active_panel_category", TAB) in (TAB, "")]
            elif area.type == "PREFERENCES":
                found += [region for region in area.regions if region.type == "WINDOW"]
    return found


def _told(task: line.Task) -> tuple[Any, ...]:
    left = task.seconds_left
    # To the percent and to the unit that is shown, which is finer than a bar can be read.
    rest = None if left is None else (round(left) if left < line.MINUTES_FROM else round(left / 60.0))
    return (task.number, round(task.progress, 2), task.message, task.cancelled, task.waiting, rest, hash(task.picture))
