# SPDX-License-Identifier: GPL-3.0-or-later
"""A body that sits: hips and feet stay, the trunk goes with the hands as it does when it stands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chironomy.body.accompaniment import FIELDS, load_accompaniment, save_accompaniment, still
from chironomy.body.accompany import accompanied_pose, accompany
from chironomy.body.collision import BEARS, signed_depth
from chironomy.body.rig import Rig, load_rig
from chironomy.body.sitting import seat_drop, seated_leg
from chironomy.body.skinning import skin
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

FPS, FRAMES = 24.0, 240


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig()


def gesturing(seated: bool) -> HandMotion:
    """Hands before the chest that go to and fro."""
    wave = 0.06 * np.sin(2.0 * np.pi * 0.5 * np.arange(FRAMES) / FPS)
    position = np.tile([[0.2, -0.15, 0.32], [-0.2, -0.15, 0.32]], (FRAMES, 1, 1))
    position[..., 0] += wave[:, None]
    rotation = np.tile(quaternion.IDENTITY, (FRAMES, 2, 16, 1))
    return HandMotion(FPS, position, rotation, np.ones((FRAMES, 2)), {"seated": True} if seated else {})


def test_the_hips_and_the_feet_of_who_sits_stay(rig: Rig) -> None:
    motion = gesturing(seated=True)
    made = accompany(rig, motion, ([1.0, 4.0, 7.0], [1.0, 0.8, 0.9]), [(0.5, 9.0)], seed=3)
    assert made.seated
    assert np.ptp(made.hips, axis=0).max() < 1e-12
    assert np.abs(made.hips_shift).max() == 0.0
    pose = accompanied_pose(rig, motion, made)
    for name in ("hips", "upper_leg.L", "lower_leg.R", "foot.L", "foot.R", "toes.L"):
        assert np.ptp(pose.joint_position[:, rig.index(name)], axis=0).max() < 1e-9
    # The trunk takes part as it does.
    assert np.degrees(quaternion.angle(made.torso, quaternion.IDENTITY)).max() > 3.0


def test_the_chest_and_the_head_turn_as_they_do_in_who_stands(rig: Rig) -> None:
    sits, stands = (
        accompany(rig, gesturing(seated), ([1.0, 4.0], [1.0, 0.8]), [(0.5, 9.0)], seed=3) for seated in (True, False)
    )
    chest = quaternion.multiply(stands.hips, stands.torso)
    assert np.degrees(quaternion.angle(sits.torso, chest)).max() < 1e-6


def test_thighs_lie_and_feet_are_flat_on_one_floor(rig: Rig) -> None:
    body = still(1, FPS, seated=True)
    pose = accompanied_pose(rig, gesturing(seated=True).sliced(0, 1), body)
    points = skin(rig, pose.joint_rotation[0], pose.joint_position[0])
    feet = points[
        np.isin(rig.weight_joint[:, 0], [rig.index(f"{name}.{s}") for name in ("foot", "toes") for s in "LR"])
    ]
    soles = feet[feet[:, 1] < feet[:, 1].min() + 0.01]
    assert soles[:, 1].min() == pytest.approx(rig.floor + seat_drop(rig), abs=0.005)
    assert np.ptp(soles[:, 2]) > 0.15
    assert (soles[:, 0] > 0.0).any()
    assert (soles[:, 0] < 0.0).any()
    assert 0.3 < seat_drop(rig) < 0.5


def test_both_legs_are_mirror_images(rig: Rig) -> None:
    left, right = seated_leg(rig, "L"), seated_leg(rig, "R")
    assert np.abs(left.position * [-1.0, 1.0, 1.0] - right.position).max() < 0.01


def test_the_depth_is_counted_from_the_skin_of_thighs_that_lie(rig: Rig) -> None:
    pose = accompanied_pose(rig, gesturing(seated=True).sliced(0, 1), still(1, FPS, seated=True))
    points = skin(rig, pose.joint_rotation[0], pose.joint_position[0]).astype(float)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        share = (rig.weight * (rig.weight_joint == rig.index(f"upper_leg.{side}"))).sum(axis=1)
        middle = (share > 0.95) & (points[:, 2] > 0.16) & (points[:, 2] < 0.32)
        depth, way = signed_depth(rig, points[middle], seated=True)
        assert np.abs(depth + BEARS).max() < 0.006
        on_top = points[middle][:, 1] > -0.39
        assert (way[on_top, 1] > 0.7).all()
        assert (np.sign(points[middle][:, 0]) == sign).all()


def test_a_file_says_whether_the_body_sits(tmp_path: Path) -> None:
    for seated in (True, False):
        path = tmp_path / f"{seated}.npz"
        save_accompaniment(still(5, FPS, seated), path)
        assert load_accompaniment(path).seated is seated


def test_a_file_that_knew_of_nobody_who_sits_is_still_read(tmp_path: Path) -> None:
    body, path = still(5, FPS), tmp_path / "old.npz"
    fields = {name: getattr(body, name) for name in FIELDS}
    np.savez_compressed(path, format=np.array("chironomy.accompaniment/2"), fps=np.float64(FPS), **fields)
    assert load_accompaniment(path).seated is False


def test_a_part_of_it_still_sits() -> None:
    assert replace(still(3, FPS, seated=True)).scaled(0.5).seated
