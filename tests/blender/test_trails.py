# SPDX-License-Identifier: GPL-3.0-or-later
"""Trails lie where the hands' controls go, and a ghost where those of another take do."""

import numpy as np
import pytest
from desk import generate

bpy = pytest.importorskip("bpy")


def test_trails_are_the_way_of_the_controls_and_a_ghost_that_of_another_take(addon, rig, desk):
    item = desk.chironomy.character
    item.location = (0.5, 1.0, 0.2)
    item.rotation_euler = (0.0, 0.0, 0.7)
    item.scale = (2.0, 2.0, 2.0)
    generate(desk, 1)
    desk.frame_set(60)
    left, right = addon["trails"].trails(desk)
    assert len(left.places) == len(right.places) == 2 * 24 + 1
    for hand, trail in (("L", left), ("R", right)):
        for frame in (40, 60, 80):
            desk.frame_set(frame)
            bpy.context.view_layer.update()
            seen = item.matrix_world @ item.pose.bones[f"hand.{hand}"].head
            np.testing.assert_allclose(trail.places[frame - 36], seen, atol=1e-4)
    assert 4 <= len(left.keys) <= 10
    desk.frame_set(60)
    generate(desk, 2)
    desk.chironomy.ghost = "Take 1"
    ghosts = list(addon["trails"].trails(desk))[:2]
    np.testing.assert_allclose(ghosts[0].places, left.places, atol=1e-6)
    assert ghosts[0].colour != left.colour
    desk.chironomy.trails = False
    assert list(addon["trails"].trails(desk)) == []


def test_a_character_that_was_not_animated_has_none(addon, desk):
    assert list(addon["trails"].trails(desk)) == []
