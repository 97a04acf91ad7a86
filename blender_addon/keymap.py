# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortcuts that a person can switch on in the add-on's preferences; all are off at first. And clicks on strips.

A click that hits no strip goes on to whatever Blender, or another add-on, does with it.
"""

from typing import NamedTuple

import bpy
from bpy.types import Context, KeyMap, KeyMapItem, UILayout

KEYMAP = "Pose"


class Shortcut(NamedTuple):
    """A key of the pose mode, with Shift and Alt held: no keymap that comes with Blender uses it there."""

    operator: str
    key: str


SHORTCUTS = (
    Shortcut("chironomy.flip_take", "T"),
    Shortcut("chironomy.regenerate_range", "R"),
    Shortcut("chironomy.lock_poses", "L"),
    Shortcut("chironomy.release_poses", "U"),
)

CLICKS_KEYMAPS = (("Dopesheet", "DOPESHEET_EDITOR"), ("Markers", "EMPTY"))
"""Where clicks on strips are asked for: also before markers', whose part of the region is its lowest."""


class Click(NamedTuple):
    """A click in the timeline or the dope sheet, and what it does where it hits a strip."""

    operator: str
    button: str
    kind: str


CLICKS = (
    Click("chironomy.drag_phrase", "LEFTMOUSE", "PRESS"),
    Click("chironomy.edit_phrase", "LEFTMOUSE", "DOUBLE_CLICK"),
    Click("chironomy.phrase_menu", "RIGHTMOUSE", "PRESS"),
)

_added: list[tuple[KeyMap, KeyMapItem]] = []


def register() -> None:
    """Offer the shortcuts, switched off, and take clicks on strips."""
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None:  # as in a Blender without a window
        return
    keymap = configuration.keymaps.new(name=KEYMAP, space_type="EMPTY")
    for shortcut in SHORTCUTS:
        item = keymap.keymap_items.new(shortcut.operator, shortcut.key, "PRESS", shift=True, alt=True)
        item.active = False
        _added.append((keymap, item))
    for name, space in CLICKS_KEYMAPS:
        keymap = configuration.keymaps.new(name=name, space_type=space)
        for click in CLICKS:
            _added.append((keymap, keymap.keymap_items.new(click.operator, click.button, click.kind)))


def unregister() -> None:
    """Take them away."""
    while _added:
        keymap, item = _added.pop()
        keymap.keymap_items.remove(item)


def draw(layout: UILayout, context: Context) -> None:
    """Draw the shortcuts as the person has them, to be switched on and changed."""
    import rna_keymap_ui

    # What is changed in the user's configuration is saved with the preferences; the add-on's is made anew each time.
    configuration = context.window_manager.keyconfigs.user
    keymap = configuration.keymaps.get(KEYMAP) if configuration is not None else None
    if keymap is None:
        return
    wanted = {shortcut.operator for shortcut in SHORTCUTS}
    for item in keymap.keymap_items:
        if item.idname in wanted:
            layout.context_pointer_set("keymap", keymap)
            rna_keymap_ui.draw_kmi([], configuration, keymap, item, layout, 0)
