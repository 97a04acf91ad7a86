# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers as arrays: composed by their weights, and kept as bytes."""

import numpy as np
import pytest

from chironomy.motion import MotionError
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_poses import HandPoses
from chironomy.motion.layers import Layer, change_between, layered, listed, packed, renamed, unpacked, with_layer

FRAMES = np.arange(10.0, 30.0)


def some_poses(seed):
    random = np.random.default_rng(seed)
    turns = quaternion.from_rotation_vector(random.normal(0.0, 0.5, (20, 16, 3)))
    return HandPoses(random.normal(size=(20, 3)), turns, random.normal(size=(20, 3)), random.uniform(size=20))


@pytest.fixture
def layer():
    return Layer("Raise", {1: change_between(some_poses(1), some_poses(2), 10, [12.0, 20.0])})


def test_all_of_a_layer_is_the_edit_none_is_nothing_and_half_is_half_way(layer):
    before, after = some_poses(1), some_poses(2)
    made = layered(before, FRAMES, 1, [layer])
    np.testing.assert_allclose(made.wrist_position, after.wrist_position, atol=1e-12)
    assert quaternion.angle(made.rotation, after.rotation).max() < 1e-6
    for none in (with_layer([layer], 0, weight=0.0), with_layer([layer], 0, muted=True)):
        assert layered(before, FRAMES, 1, none) is before
    half = layered(before, FRAMES, 1, with_layer([layer], 0, weight=0.5))
    np.testing.assert_allclose(half.wrist_position, 0.5 * (before.wrist_position + after.wrist_position), atol=1e-12)
    assert quaternion.angle(half.rotation, quaternion.slerp(before.rotation, after.rotation, 0.5)).max() < 1e-6
    assert layered(before, FRAMES, 0, [layer]) is before


def test_layers_are_kept_as_bytes(layer):
    beside = {'below|pose.bones["hand.R"].location|0|co': np.arange(6.0).reshape(3, 2)}
    (again,), arrays = unpacked(packed(with_layer([layer], 0, weight=0.25), beside))
    assert (again.name, again.weight, again.muted) == ("Raise", 0.25, False)
    assert arrays.keys() == beside.keys()
    for frames in (FRAMES, FRAMES + 0.5):
        one, other = (each.changes[1].at(frames) for each in (layer, again))
        np.testing.assert_allclose(one.wrist_position, other.wrist_position, atol=1e-6)
        assert quaternion.angle(one.rotation, other.rotation).max() < 1e-3


@pytest.mark.parametrize("cut", [0, 10, 500])
def test_damaged_layers_are_told_by_a_sentence(layer, cut):
    with pytest.raises(MotionError, match="layers are damaged"):
        unpacked(packed([layer], {})[:cut])


def test_layers_are_listed_without_what_they_change(layer):
    layers = [layer, *with_layer([layer], 0, name="Other", weight=0.25, muted=True)]
    found = listed(packed(layers, {}))
    assert [(each.name, each.weight, each.muted) for each in found] == [("Raise", 1.0, False), ("Other", 0.25, True)]
    assert not any(each.changes for each in found)
    with pytest.raises(MotionError, match="layers are damaged"):
        listed(packed(layers, {})[:40])


def test_layers_have_names_of_their_own(layer):
    assert renamed([layer], "Curl") == "Curl"
    assert renamed([layer, Layer("Raise 2", {})], "Raise") == "Raise 3"
