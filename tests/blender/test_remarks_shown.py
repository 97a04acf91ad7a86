# SPDX-License-Identifier: GPL-3.0-or-later
"""What was not done as it was asked for is in the report and kept with the take, for its panel."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

bpy = pytest.importorskip("bpy")

TOLD = "the emotion changes at 30 s, after the end of speech.wav at 4.00 s"


def test_remarks_are_reported_kept_and_shown(addon, character, rig):
    from blender_motions import gestures

    scene, takes = bpy.context.scene, addon["scene.takes"]
    motion = gestures(rig, 1.0, seed=3)
    motion = motion.replaced(source={"remarks": [TOLD]})
    assert takes.told_of(motion) == f"; {TOLD}"
    assert TOLD in addon["operators.generate"]._noted(scene, character, motion)
    addon["scene.new_takes"].new_take(scene, character, motion, "told", takes.remarked({"seed": 1}, motion))
    take = takes.shown_take(scene, character)
    assert takes.remarks_of(take.action) == [TOLD]
    layout = MagicMock()
    addon["panels"].CHIRONOMY_PT_takes.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    layout.label.assert_any_call(text=TOLD[:1].upper() + TOLD[1:], icon="ERROR")


def test_nothing_is_told_where_all_was_done(addon, rig):
    from blender_motions import gestures

    takes, motion = addon["scene.takes"], gestures(rig, 1.0, seed=3)
    assert takes.told_of(motion) == ""
    assert takes.remarked({"seed": 1}, motion) == {"seed": 1}
