# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH, out and in; what is written is read by bvhio and by three.js, which share no code with this project."""

import contextlib

import numpy as np
import pytest
from exchange_motions import RATES, gestures, matched, skeletons
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from chironomy.exchange.bvh import CENTIMETRE, euler_angles, load_bvh, save_bvh
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
from chironomy.motion import rotation as quaternion

MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def motion(rig):
    return in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, 48, 30.0)))


@pytest.mark.parametrize("fps", RATES)
def test_another_reader_sees_every_joint_in_its_place_at_the_right_rate(rig, tmp_path, fps):
    bvhio = pytest.importorskip("bvhio")
    motion = in_t_pose(rig, skeleton_of_pose(rig, gestures(rig, 24, fps)))
    save_bvh(motion, tmp_path / "hands.bvh")
    told = bvhio.readAsBvh(str(tmp_path / "hands.bvh"))
    assert told.FrameCount == 24
    assert 1.0 / told.FrameTime == pytest.approx(fps, rel=1e-7)
    names = [name.replace(".", "_") for name in motion.names]
    root = bvhio.readAsHierarchy(str(tmp_path / "hands.bvh"))
    for frame in (0, 11, 23):
        root.loadPose(frame, recursive=True)
        for joint, _, _ in root.layout():
            place = np.array(joint.PositionWorld) * CENTIMETRE
            wanted = motion.position[frame, names.index(joint.Name)]
            assert np.linalg.norm(place - wanted) < 0.1 * MILLIMETRE, joint.Name


def test_three_sees_every_joint_in_its_place_in_every_frame(motion, read_by_node, tmp_path):
    save_bvh(motion, tmp_path / "hands.bvh")
    played = read_by_node("read_bvh.mjs", tmp_path / "hands.bvh", motion.fps)
    assert played["duration"] == pytest.approx((motion.frame_count - 1) / motion.fps, abs=1e-5)
    order = [played["bones"].index(name.replace(".", "_")) for name in motion.names]
    places = np.array(played["frames"])[:, order] * CENTIMETRE
    assert places.shape == motion.position.shape
    assert np.linalg.norm(places - motion.position, axis=-1).max() < 0.1 * MILLIMETRE


def test_it_rests_in_a_t_pose(motion):
    rest = dict(zip(motion.names, motion.rest_position, strict=True))
    for side, name in ((1.0, "L"), (-1.0, "R")):
        arm = rest[f"wrist.{name}"] - rest[f"upper_arm.{name}"]
        np.testing.assert_allclose(arm / np.linalg.norm(arm), [side, 0.0, 0.0], atol=1e-3)
        finger = rest[f"middle3.{name}"] - rest[f"middle1.{name}"]
        assert finger[0] * side / np.linalg.norm(finger) > 0.97
        assert rest[f"index1.{name}"][2] > rest[f"pinky1.{name}"][2]


@given(skeletons())
def test_what_is_written_is_read_again(tmp_path_factory, motion):
    path = tmp_path_factory.mktemp("bvh") / "any.bvh"
    save_bvh(motion, path)
    again = matched(load_bvh(path), motion.names)
    assert again.fps == pytest.approx(motion.fps, rel=1e-9)
    assert [again.names[p] if p >= 0 else None for p in again.parents] == [
        motion.names[p] if p >= 0 else None for p in motion.parents
    ]
    np.testing.assert_allclose(again.position, motion.position, atol=1e-5)
    assert np.rad2deg(quaternion.angle(again.rotation, motion.rotation)).max() < 1e-3


@given(st.integers(0, 2**32 - 1))
def test_angles_are_those_of_the_rotations_and_go_the_short_way(seed):
    random = np.random.default_rng(seed)
    path = np.cumsum(random.normal(scale=8.0, size=(80, 3)), axis=0)
    turns = Rotation.from_euler("ZXY", path, degrees=True)
    angles = euler_angles(turns.as_quat()[:, [3, 0, 1, 2]])
    away = Rotation.from_euler("ZXY", angles, degrees=True) * turns.inv()
    assert np.rad2deg(away.magnitude()).max() < 0.003
    # Nothing spins between frames: there, the angles' middle turns as the rotations' does, but beside the poles.
    between = Rotation.from_euler("ZXY", (angles[1:] + angles[:-1]) / 2.0, degrees=True)
    wanted = Rotation.from_euler("ZXY", (path[1:] + path[:-1]) / 2.0, degrees=True)
    steady = np.abs(np.cos(np.deg2rad(path[1:, 1]))) > 0.5
    if steady.any():
        assert np.rad2deg((between * wanted.inv()).magnitude())[steady].max() < 15.0


def test_an_axis_that_stands_upright_is_no_riddle():
    turns = Rotation.from_euler("ZXY", [[10, 80, 5], [20, 90, 40], [30, -90, 50], [10, 89.9999, 0]], degrees=True)
    angles = euler_angles(turns.as_quat()[:, [3, 0, 1, 2]])
    away = Rotation.from_euler("ZXY", angles, degrees=True) * turns.inv()
    assert np.rad2deg(away.magnitude()).max() < 0.003


def file_of(frames, joint="OFFSET 0 0 0\nCHANNELS 1 Xrotation"):
    return f"HIERARCHY\nROOT a\n{{\n{joint}\n}}\nMOTION\nFrames: {frames}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no BVH"),
        ("HIERARCHY\nROOT hips\n{\nMOTION\nFrames: 1\nFrame Time: 0.04\n", "damaged or cut short"),
        (file_of("1\nFrame Time: 0.04\n", joint="OFFSET 0 0 x"), "damaged or cut short"),
        (file_of("1\nFrame Time: 0.04\n", joint="OFFSET 0 0 0\nCHANNELS 1 Xspin"), "damaged or cut short"),
        (file_of("2\nFrame Time: 0.04\n1\n"), "2 frames of 1 numbers"),
        (file_of("1\nFrame Time: 0\n1\n"), "does not tell"),
        (file_of("1\nFrame Time: 9\n1\n"), "frames a second"),
        (file_of("1\nFrame Time: 0.1\nnan\n"), "not finite"),
        (file_of("1\nFrame Time: 0.1\nhalf\n"), "not all numbers"),
    ],
)
def test_a_damaged_file_is_told_in_a_sentence(tmp_path, text, sentence):
    (tmp_path / "bad.bvh").write_text(text)
    with pytest.raises(ExchangeError, match=sentence):
        load_bvh(tmp_path / "bad.bvh")


@given(st.integers(0, 2**32 - 1))
def test_altered_bytes_never_raise_anything_else(tmp_path_factory, seed):
    random = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("bvh") / "any.bvh"
    text = bytearray(SMALL.encode())
    for place in random.integers(0, len(text), size=6):
        text[place] = random.integers(0, 256)
    path.write_bytes(bytes(text[: random.integers(1, len(text) + 1)]))
    with contextlib.suppress(ExchangeError):
        load_bvh(path)


SMALL = """HIERARCHY
ROOT hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT head
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    End Site
    {
      OFFSET 0 5 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
0 90 0 0 0 0 0 0 0
0 90 0 90 0 0 0 0 45
"""


def test_a_rounded_frame_time_is_the_rate_that_is_meant(tmp_path):
    for seconds, fps in ((0.0333333, 30.0), (0.033367, 30000 / 1001), (0.041708, 24000 / 1001), (0.0416667, 24.0)):
        (tmp_path / "small.bvh").write_text(SMALL.replace("0.0333333", str(seconds)))
        assert load_bvh(tmp_path / "small.bvh").fps == pytest.approx(fps, rel=1e-9)


def test_angles_of_any_order_are_done_in_the_order_of_the_channels(tmp_path):
    (tmp_path / "small.bvh").write_text(SMALL)
    motion = load_bvh(tmp_path / "small.bvh")
    np.testing.assert_allclose(motion.position[:, 1], [[0.0, 1.0, 0.0], [-0.1, 0.9, 0.0]], atol=1e-9)
    wanted = Rotation.from_euler("ZYX", [90, 0, 45], degrees=True).as_matrix()
    np.testing.assert_allclose(quaternion.to_matrix(motion.rotation[1, 1]), wanted, atol=1e-9)
