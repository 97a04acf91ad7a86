# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's menus and shortcuts: every button is in a menu, where F3 finds it, and all go with the add-on."""

import importlib.util
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

PACKAGE = "bl_ext.user_default.chironomy"

INTERNAL = {
    "chironomy.add_preset",
    "chironomy.drag_phrase",
    "chironomy.edit_phrase",
    "chironomy.phrase_menu",
}
"""Buttons that only mean something where they are drawn, and clicks that do where they hit."""


class Layout:
    """Stands for Blender's layout, and writes down what is drawn."""

    def __init__(self, drawn):
        self.drawn = drawn

    def operator(self, name, **_):
        self.drawn.append(name)
        return type("Properties", (), {})()

    def operator_menu_enum(self, name, _property, **_):
        self.drawn.append(name)

    def menu(self, name, **_):
        cls = getattr(bpy.types, name)
        cls.draw(type("Menu", (), {"layout": self, "entries": getattr(cls, "entries", ())})(), bpy.context)

    def separator(self):
        pass

    def context_pointer_set(self, *_):
        pass

    def column(self, **_):
        return Layout(self.drawn)

    row = column


def drawn_in(addon, menu):
    """The operators that the add-on draws in a menu of Blender's, with those of the menus in it."""
    drawn = []
    for name, draw in addon["menus"].PLACES:
        if name == menu:
            draw(type("Menu", (), {"layout": Layout(drawn)})(), bpy.context)
    return drawn


def names_of(addon):
    import sys

    return {cls.bl_idname for cls in sys.modules[PACKAGE].CLASSES if issubclass(cls, bpy.types.Operator)}


@pytest.mark.parametrize("menu", ["VIEW3D_MT_object", "VIEW3D_MT_pose"])
def test_every_button_is_in_the_menus_of_the_3d_view(addon, menu):
    assert {*drawn_in(addon, menu)} == names_of(addon) - INTERNAL


def test_files_are_read_and_written_from_the_file_menu(addon):
    assert drawn_in(addon, "TOPBAR_MT_file_import") == ["chironomy.import_motion"]
    assert drawn_in(addon, "TOPBAR_MT_file_export") == [
        "chironomy.export_motion",
        "chironomy.export_fbx",
        "chironomy.export_character",
        "chironomy.export_timeline",
    ]


@pytest.mark.parametrize("menu", ["DOPESHEET_MT_key", "DOPESHEET_MT_context_menu"])
def test_what_is_done_to_keys_is_in_the_menus_of_keys(addon, menu):
    drawn = drawn_in(addon, menu)
    named = ("regenerate_range", "lock_poses", "release_poses", "read_score", "apply_score")
    assert drawn[:5] == [f"chironomy.{name}" for name in named]
    assert {operator for row in addon["operators.edit"].BUTTONS for operator, *_ in row} <= {*drawn}


def shortcuts():
    keymap = bpy.context.window_manager.keyconfigs.addon.keymaps.get("Pose")
    return [] if keymap is None else [item for item in keymap.keymap_items if item.idname.startswith("chironomy.")]


def test_menus_and_shortcuts_go_with_the_add_on(addon):
    import addon_utils

    places = addon["menus"].PLACES

    def listed():
        return [draw in getattr(bpy.types, name)._dyn_ui_initialize() for name, draw in places]

    assert all(listed())
    assert len(shortcuts()) == len(addon["keymap"].SHORTCUTS)
    addon_utils.disable(PACKAGE)
    assert not any(listed())
    assert shortcuts() == []
    addon_utils.enable(PACKAGE)
    assert all(listed())
    assert len(shortcuts()) == len(addon["keymap"].SHORTCUTS)


def test_shortcuts_are_off_until_somebody_switches_them_on(addon):
    assert [item.active for item in shortcuts()] == [False] * 4
    assert all(item.shift and item.alt and not item.ctrl for item in shortcuts())
    assert {item.idname for item in shortcuts()} <= names_of(addon)


@pytest.mark.parametrize("keys", ["blender_default", "industry_compatible_data"])
def test_no_shortcut_is_taken_by_a_keymap_of_blenders(addon, keys):
    path = Path(bpy.utils.system_resource("SCRIPTS"), "presets", "keyconfig", "keymap_data", f"{keys}.py")
    spec = importlib.util.spec_from_file_location(keys, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    taken = {
        (keymap, item["type"])
        for keymap, where, content in module.generate_keymaps(module.Params())
        if where["space_type"] in ("EMPTY", "VIEW_3D") and not where.get("modal")
        for _, item, *_ in content["items"]
        if item.get("any") or (item.get("shift") and item.get("alt") and not item.get("ctrl"))
    }
    assert taken
    ours = {item.type for item in shortcuts()}
    assert not {(keymap, key) for keymap, key in taken if key in ours}
