"""Our hands on twenty kinds of character, looked at by their joints alone: where wrists are, where bones point."""

import numpy as np
import pytest

from characters import KINDS, skeleton
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.motion import rotation as quaternion
from chironomy.retarget import anchors_of, detect, hands_of_bones, measured, posed
from retarget_poses import MOTION, arriving, meeting, on_the_body, reach

EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.standard)


@pytest.fixture(scope="module")
def rig():
    return load_rig()


@EVERY
def test_wrists_palms_and_fingers_arrive(rig, kind):
    wrist, palm, finger = arriving(rig, kind)
    assert wrist < 0.01
    assert np.degrees(palm) < 3.0
    assert np.degrees(finger) < 2.0


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("turned", [False, True])
def test_unit_and_orientation_of_the_armature_do_not_matter(rig, unit, turned):
    from dataclasses import replace

    rotated = quaternion.to_matrix(quaternion.from_rotation_vector([0.4, -1.1, 2.0])) if turned else None
    motion = MOTION(rig)
    usual = measured(bones := skeleton(KINDS[0]), detect(bones).bone_map, rig)
    other = measured(bones := skeleton(replace(KINDS[0], unit=unit), rotated), detect(bones).bone_map, rig)
    ours, theirs = (reach(target, posed(target, rig, motion).wrist) for target in (usual, other))
    assert np.abs(ours - theirs).max() < 1e-6


@EVERY
def test_reading_back_gives_the_motion(rig, kind):
    motion = MOTION(rig)
    target = measured(bones := skeleton(kind), detect(bones).bone_map, rig)
    anchors = anchors_of(target, rig)
    done = posed(target, rig, motion, anchors=anchors)
    back = hands_of_bones(target, rig, done.wrist, done.turn, motion.fps, anchors)
    assert np.linalg.norm(back.wrist_position - motion.wrist_position, axis=-1).max() < 1e-3
    assert np.degrees(quaternion.angle(back.rotation, motion.rotation).max()) < 0.01


@EVERY
def test_hands_that_meet_meet_on_other_proportions(rig, kind):
    off, near = meeting(rig, kind)
    assert near < 0.03
    assert off < 0.01


@EVERY
@pytest.mark.parametrize("place", ["chest", "chin", "hip"])
def test_a_hand_on_the_body_is_on_the_same_place_of_the_other(rig, kind, place):
    off, near = on_the_body(rig, kind, place)
    assert near < 0.01
    assert off < 0.01


def test_far_from_everything_no_contact_moves_a_wrist(rig):
    motion = MOTION(rig)
    target = measured(bones := skeleton(KINDS[0]), detect(bones).bone_map, rig)
    wide = motion.replaced(
        wrist_position=motion.wrist_position * [[[0.0, 0.0, 0.0]]] + [[[0.55, 0.05, 0.2], [-0.55, 0.05, 0.2]]]
    )
    assert np.abs(posed(target, rig, wide, anchors=anchors_of(target, rig)).shift).max() == 0.0


def test_the_character_itself_is_retargeted_to_what_it_does(rig):
    motion = MOTION(rig)
    bones = _own_skeleton(rig)
    target = measured(bones, detect(bones).bone_map, rig)
    pose = solve_pose(rig, motion)
    done = posed(target, rig, motion)
    assert np.abs(done.wrist - pose.joint_position[:, [rig.index("wrist.L"), rig.index("wrist.R")]]).max() < 1e-6
    assert np.abs(done.elbow - pose.joint_position[:, [rig.index("forearm.L"), rig.index("forearm.R")]]).max() < 1e-6
    for name in ("index2.L", "thumb3.R", "upper_arm.L", "forearm.R", "forearm_twist.L"):
        off = quaternion.angle(done.turn[name], pose.joint_rotation[:, rig.index(name)])
        assert np.degrees(off.max()) < 0.5, name


def _own_skeleton(rig):
    from chironomy.retarget.skeleton import Skeleton

    along = rig.joint_tail - rig.joint_position
    axes = quaternion.between(np.tile([0.0, 1.0, 0.0], (rig.joint_count, 1)), along)
    return Skeleton(rig.joint_names, rig.parents, rig.joint_position, rig.joint_tail, axes, np.array([0.0, 1.0, 0.0]))
