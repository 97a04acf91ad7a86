# SPDX-License-Identifier: GPL-3.0-or-later
"""What keys say between each other is computed as Blender computes it."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = np.concatenate([np.arange(-5.0, 130.0, 0.37), np.arange(1.0, 120.0)])


def keys_of(seed, kinds, wild):
    """Some keys with these interpolations; wild ones have handles that reach past each other."""
    from chironomy.motion import keys

    random = np.random.default_rng(seed)
    frames = np.cumsum(random.uniform(1.0, 9.0, 20))
    columns = keys.constant(0.0, frames)
    columns["co"][:, 1] = random.normal(size=20)
    reach = random.uniform(0.1, 14.0 if wild else 3.0, (2, 20))
    columns["handle_left"] = columns["co"] - np.column_stack([reach[0], random.normal(size=20)])
    columns["handle_right"] = columns["co"] + np.column_stack([reach[1], random.normal(size=20)])
    for name in ("handle_left_type", "handle_right_type"):
        columns[name][:] = keys.HandleType.FREE
    columns["interpolation"] = random.choice(kinds, 20)
    return columns


@pytest.mark.parametrize("kinds", [(2,), (1,), (0,), (0, 1, 2)], ids=["bezier", "linear", "constant", "mixed"])
@pytest.mark.parametrize("wild", [False, True], ids=["short handles", "long handles"])
def test_keys_say_what_blender_says(addon, kinds, wild):
    from chironomy.motion.seen_keys import is_plain, seen

    for seed in range(4):
        columns = keys_of(seed, kinds, wild)
        assert is_plain(columns)
        shown = addon["rig.actions"].evaluated(columns, straight_on=False, frames=FRAMES)
        np.testing.assert_allclose(seen(columns, FRAMES), shown, atol=5e-5)
    assert "Evaluated" not in bpy.data.actions


def test_easings_are_left_to_blender(addon):
    from chironomy.motion.seen_keys import is_plain

    assert not is_plain(keys_of(0, (2, 5), wild=False))


def test_one_key_says_its_value_everywhere(addon):
    from chironomy.motion import keys
    from chironomy.motion.seen_keys import seen

    np.testing.assert_array_equal(seen(keys.constant(0.25, [7.0]), FRAMES), 0.25)
