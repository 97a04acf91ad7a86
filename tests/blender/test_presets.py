# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets of how to gesture: those that come with the add-on, and one's own in Blender's folder."""

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

FOLDER = Path("presets", "chironomy", "gestures")


@pytest.fixture
def chosen(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene.chironomy


def values(addon, chosen):
    return {name: getattr(chosen, name) for name in addon["operators.presets"].SETTINGS}


@pytest.mark.parametrize("name", ["PRESENTER", "STORYTELLER", "RESERVED"])
def test_a_shipped_preset_sets_all_that_presets_hold(addon, chosen, name):
    chosen.emotion_mixture, chosen.accompany, chosen.seed = "sad:0.5", False, 7
    assert bpy.ops.chironomy.apply_preset(preset=name) == {"FINISHED"}
    manner = addon["operators.presets"].SHIPPED[name]
    assert values(addon, chosen) == pytest.approx({each: getattr(manner, each) for each in values(addon, chosen)})
    assert chosen.seed == 7


def test_shipped_presets_differ(addon, chosen):
    found = []
    for name in addon["operators.presets"].SHIPPED:
        bpy.ops.chironomy.apply_preset(preset=name)
        found.append(tuple(values(addon, chosen).values()))
    assert len({*found}) == 4


def test_ones_own_preset_is_kept_in_blenders_folder_loaded_and_removed(addon, chosen):
    bpy.ops.chironomy.apply_preset(preset="STORYTELLER")
    chosen.emotion, chosen.emotion_strength, chosen.accompany = "surprised", 0.25, False
    wanted = values(addon, chosen)
    assert bpy.ops.chironomy.add_preset(name="My Talk") == {"FINISHED"}
    path = Path(bpy.utils.user_resource("SCRIPTS"), FOLDER, "My_Talk.py")
    assert path.is_file()
    bpy.ops.chironomy.apply_preset(preset="RESERVED")
    assert values(addon, chosen) != wanted
    assert bpy.ops.script.execute_preset(filepath=str(path), menu_idname="CHIRONOMY_PT_presets") == {"FINISHED"}
    assert values(addon, chosen) == wanted
    assert str(path.parent) in bpy.utils.preset_paths("chironomy/gestures")
    assert bpy.ops.chironomy.add_preset(name="My_Talk", remove_name=True) == {"FINISHED"}
    assert not path.exists()


def test_nothing_is_written_beside_the_code(addon, chosen):
    import sys

    here = Path(sys.modules["bl_ext.user_default.chironomy"].__file__).parent
    before = {path for path in here.rglob("*") if path.suffix != ".pyc"}
    bpy.ops.chironomy.apply_preset(preset="PRESENTER")
    bpy.ops.chironomy.add_preset(name="Beside")
    assert {path for path in here.rglob("*") if path.suffix != ".pyc"} == before
    bpy.ops.chironomy.add_preset(name="Beside", remove_name=True)
