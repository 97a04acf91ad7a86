# SPDX-License-Identifier: GPL-3.0-or-later
"""The hands of other programs' skeletons: found by their names, told from wherever they rest, put on our arms."""

import numpy as np
import pytest
from exchange_motions import gestures, hands
from hypothesis import given
from hypothesis import strategies as st

from chironomy.exchange.arms import find_arms
from chironomy.exchange.bvh import load_bvh, save_bvh
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.hands import AT_EASE, hands_of_skeleton
from chironomy.exchange.names import HUMAN_IK, HUMANOID, MANNEQUIN
from chironomy.exchange.skeleton import SkeletonMotion, in_t_pose, skeleton_of_pose
from chironomy.motion import rotation as quaternion

FRAMES = 12
MILLIMETRE = 1e-3


def sided(hand, finger, joints="123"):
    """Return own names to others' for both sides: `*` is the side, `#` the joint's number or word."""
    table = {}
    for own, side in (("L", ("Left", "left", "L", "l")), ("R", ("Right", "right", "R", "r"))):
        for stem, name in hand.items():
            table[f"{stem}.{own}"] = name.format(*side)
        for stem, word in finger.items():
            for number, joint in enumerate(joints, start=1):
                table[f"{stem}{number}.{own}"] = word.format(*side).replace("#", joint)
    return table


FINGERS = ("thumb", "index", "middle", "ring", "pinky")
CAPITAL = {finger: "{0}Hand" + finger.capitalize() + "#" for finger in FINGERS}
ROKOKO = {finger: "{0}Finger" + str(number) + "#" for number, finger in enumerate(FINGERS, start=1)}
BIPED = {finger: "Bip01 {2} Finger" + str(number) + "#" for number, finger in enumerate(FINGERS)}
NAMES = {
    "its own": {},
    "Mixamo": {name: f"mixamorig:{other}" for name, other in HUMAN_IK.items()},
    "HumanIK": HUMAN_IK,
    "Unity, Godot and VRM 1": HUMANOID,
    "Unreal": MANNEQUIN,
    "Rokoko": sided({"upper_arm": "{0}Arm", "forearm": "{0}ForeArm", "wrist": "{0}Hand"}, ROKOKO,
                    ("Proximal", "Medial", "Distal")),
    "Biped": sided({"upper_arm": "Bip01 {2} UpperArm", "forearm": "Bip01 {2} Forearm", "wrist": "Bip01 {2} Hand"},
                   BIPED, ("", "1", "2")),
    "VRoid": sided({"upper_arm": "J_Bip_{2}_UpperArm", "forearm": "J_Bip_{2}_LowerArm", "wrist": "J_Bip_{2}_Hand"},
                   {f: "J_Bip_{2}_" + {"pinky": "Little"}.get(f, f.capitalize()) + "#" for f in FINGERS}),
    "SMPL-X": sided({"upper_arm": "{1}_shoulder", "forearm": "{1}_elbow", "wrist": "{1}_wrist"},
                    {f: "{1}_" + f + "#" for f in FINGERS}),
    "DAZ": sided({"upper_arm": "{3}ShldrBend", "forearm": "{3}ForearmBend", "wrist": "{3}Hand"},
                 {f: "{3}" + {"middle": "Mid"}.get(f, f.capitalize()) + "#" for f in FINGERS}),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(rig):
    """Hands, and the body for them, whose wrists they reach."""
    from chironomy.body import hands_of_pose

    pose = gestures(rig, FRAMES, 30.0, seed=4)
    return hands_of_pose(rig, pose), skeleton_of_pose(rig, pose)


def assert_same(motion, wanted, millimetres=0.1, degrees=0.1):
    assert np.abs(motion.wrist_position - wanted.wrist_position).max() < millimetres * MILLIMETRE
    assert np.rad2deg(quaternion.angle(motion.rotation, wanted.rotation)).max() < degrees


@pytest.mark.parametrize("names", NAMES, ids=str)
def test_hands_come_back_whatever_the_joints_are_called(rig, made, names):
    wanted, skeleton = made
    renamed = skeleton.renamed(NAMES[names])
    (left, right), chest = find_arms(renamed)
    own = dict(zip(renamed.names, skeleton.names, strict=True))
    for arm, side in ((left, "L"), (right, "R")):
        assert [own[renamed.names[joint]] for joint in (arm.shoulder, arm.elbow, arm.wrist)] == [
            f"upper_arm.{side}", f"forearm.{side}", f"wrist.{side}"
        ]  # fmt: skip
        for finger, (chain, _) in arm.fingers.items():
            assert [own[renamed.names[joint]] for joint in chain] == [f"{finger}{n}.{side}" for n in (1, 2, 3)]
        assert len(arm.fingers) == 5
    assert own[renamed.names[chest]] == "upper_chest"
    assert_same(hands_of_skeleton(rig, renamed), wanted)


@pytest.mark.parametrize("fps", [24000 / 1001, 24.0, 30000 / 1001, 60.0])
def test_through_a_file_they_come_back_at_their_rate(rig, tmp_path, fps):
    pose = gestures(rig, FRAMES, fps)
    from chironomy.body import hands_of_pose

    save_bvh(in_t_pose(rig, skeleton_of_pose(rig, pose)), tmp_path / "hands.bvh")
    motion = hands_of_skeleton(rig, load_bvh(tmp_path / "hands.bvh"))
    assert motion.fps == pytest.approx(fps, rel=1e-9)
    assert motion.frame_count == FRAMES
    assert_same(motion, hands_of_pose(rig, pose))


@given(st.integers(0, 2**32 - 1))
def test_axes_size_place_and_rest_of_the_arms_do_not_matter(rig, made, seed):
    wanted, skeleton = made
    random = np.random.default_rng(seed)
    skeleton = in_t_pose(rig, skeleton)
    # Arms that hang, or are half raised, at rest: whole arms swing down from the T-pose.
    down = np.deg2rad(random.uniform(0.0, 80.0))
    swings = []
    for name in skeleton.names:
        arm = name[:-2] in ("upper_arm", "forearm", "forearm_twist", "wrist") or name[:-3] in FINGERS
        angle = (-down if name.endswith(".L") else down) if arm else 0.0
        swings.append(quaternion.from_rotation_vector([0.0, 0.0, angle]))
    skeleton = skeleton.resting_as(swings)
    # Another up axis, another size, another place, and the person turns and walks.
    up = quaternion.from_rotation_vector(random.choice(np.eye(3)) * np.pi / 2.0 * random.integers(0, 4))
    grown = random.choice([0.01, 1.0, 100.0])
    skeleton = skeleton.turned(up)
    walk = np.cumsum(random.normal(scale=0.1, size=(FRAMES, 1, 3)), axis=0)
    face = quaternion.from_rotation_vector(np.cumsum(random.normal(scale=0.2, size=(FRAMES, 1, 3)), axis=0))
    skeleton = skeleton.replaced(
        rest_position=skeleton.rest_position * grown,
        rest_tail=skeleton.rest_tail * grown,
        position=(quaternion.apply(face, skeleton.position) + walk) * grown,
        rotation=quaternion.multiply(face, skeleton.rotation),
    )
    assert_same(hands_of_skeleton(rig, skeleton), wanted)


def test_a_palm_bone_and_a_twist_bone_are_no_joints_of_finger_and_arm(rig, made):
    wanted, skeleton = made
    skeleton = skeleton.renamed(MANNEQUIN)
    hand, index = skeleton.names.index("hand_l"), skeleton.names.index("index_01_l")
    # Between hand and knuckle a metacarpal comes, which turns a little by itself.
    names = (*skeleton.names[:index], "index_metacarpal_l", *skeleton.names[index:])
    parents = [parent + (parent >= index) for parent in skeleton.parents]
    parents[index] = index
    parents.insert(index, hand)
    middle = (skeleton.rest_position[hand] + skeleton.rest_position[index]) / 2.0
    turn = quaternion.multiply(skeleton.rotation[:, hand], quaternion.from_rotation_vector([0.1, 0.0, 0.05]))
    place = skeleton.position[:, hand] + quaternion.apply(turn, middle - skeleton.rest_position[hand])
    with_palm = skeleton.replaced(
        names=names,
        parents=tuple(parents),
        rest_position=np.insert(skeleton.rest_position, index, middle, axis=0),
        rest_tail=np.insert(skeleton.rest_tail, index, skeleton.rest_position[index], axis=0),
        rotation=np.insert(skeleton.rotation, index, turn, axis=1),
        position=np.insert(skeleton.position, index, place, axis=1),
    )
    assert_same(hands_of_skeleton(rig, with_palm), wanted)


def test_relaxed_fingers_at_rest_are_told_from_the_flat_hand(rig, made):
    wanted, skeleton = made
    skeleton = in_t_pose(rig, skeleton)
    bends = []
    for name in skeleton.names:
        axis = np.zeros(3)
        if name[:-3] in FINGERS and not name.startswith("thumb"):
            knuckle = skeleton.names.index(f"{name[:-3]}1{name[-2:]}")
            bone = skeleton.rest_position[knuckle + 1] - skeleton.rest_position[knuckle]
            axis = np.cross(bone, [0.0, -1.0, 0.0]) / np.linalg.norm(bone)
        bends.append(quaternion.from_rotation_vector(axis * np.deg2rad(15.0 * int(name[-3]) if axis.any() else 0.0)))
    assert_same(hands_of_skeleton(rig, skeleton.resting_as(bends)), wanted, degrees=1.0)


def test_a_skeleton_without_fingers_has_them_at_ease_and_says_so(rig, made):
    wanted, skeleton = made
    bare = skeleton.only([name for name in skeleton.names if name[:-3] not in FINGERS])
    motion = hands_of_skeleton(rig, in_t_pose(rig, bare), {"file": "walk.bvh"})
    assert motion.source == {"file": "walk.bvh", "note": AT_EASE}
    assert np.abs(motion.wrist_position - wanted.wrist_position).max() < 0.1 * MILLIMETRE
    # The palm is told by the arm alone.
    assert np.rad2deg(quaternion.angle(motion.rotation[:, :, 0], wanted.rotation[:, :, 0])).max() < 10.0
    still = motion.rotation[:, :, 1:]
    assert np.ptp(still, axis=0).max() == 0.0


def test_missing_fingers_go_with_their_neighbours(rig, made):
    wanted, skeleton = made
    three = skeleton.only([name for name in skeleton.names if name[:-3] not in ("ring", "pinky")])
    motion = hands_of_skeleton(rig, three)
    np.testing.assert_allclose(motion.rotation[:, :, 7:10], motion.rotation[:, :, 4:7])
    assert np.rad2deg(quaternion.angle(motion.rotation[:, :, 4:7], wanted.rotation[:, :, 4:7])).max() < 12.0


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["hips", "spine", "tail", "leg_front_l", "leg_front_r"], "has no left hand"),
        (["hips", "arm_l", "hand_l", "forearm_r", "hand_r"], "hangs on no forearm"),
    ],
)
def test_what_has_no_two_hands_is_told_in_a_sentence(rig, made, names, sentence):
    _, skeleton = made
    count = len(names)
    parents = (-1, *(0 if name.endswith(("_r", "spine", "arm_l")) else number for number, name in enumerate(names[1:])))
    parents = tuple(min(parent, number - 1) for number, parent in enumerate(parents))
    dog = skeleton.replaced(
        names=tuple(names),
        parents=parents,
        rest_position=np.arange(3 * count).reshape(count, 3) * 0.1,
        rest_tail=np.zeros((count, 3)),
        rotation=np.tile(quaternion.IDENTITY, (2, count, 1)),
        position=np.zeros((2, count, 3)),
    )
    with pytest.raises(ExchangeError, match=sentence):
        hands_of_skeleton(rig, dog)


def test_hands_reach_within_the_arm_as_they_were_asked_to(rig):
    asked = hands(rig, FRAMES, 30.0, seed=4)
    motion = hands_of_skeleton(rig, skeleton_of_pose(rig, gestures(rig, FRAMES, 30.0, seed=4)))
    assert_same(motion, asked)


def tree(names_by_parent, at):
    """A still skeleton of joints with their parents' names, `at` being where each rests from its parent."""
    names = tuple(names_by_parent)
    parents = tuple(names.index(parent) if parent else -1 for parent in names_by_parent.values())
    rest = np.zeros((len(names), 3))
    for joint, parent in enumerate(parents):
        rest[joint] = at[names[joint]] + (rest[parent] if parent >= 0 else 0.0)
    turns = np.tile(quaternion.IDENTITY, (2, len(names), 1))
    return SkeletonMotion(30.0, names, parents, rest, rest, turns, np.tile(rest, (2, 1, 1)))


def standing(fingers):
    """Joints and places of a T-posed upper body, with the fingers that a function gives a side: name to parent."""
    joints = {"Hips": None, "Spine": "Hips", "Spine1": "Spine"}
    at = {"Hips": [0, 90, 0], "Spine": [0, 20, 0], "Spine1": [0, 20, 0]}
    for side, sign in (("Left", 1), ("Right", -1)):
        above = "Spine1"
        for name, reach in (("Shoulder", 4), ("Arm", 12), ("ForeArm", 28), ("Hand", 25)):
            joints[side + name], above = above, side + name
            at[side + name] = [sign * reach, 10 if name == "Shoulder" else 0, 0]
        for name, (parent, place) in fingers(side).items():
            joints[name] = parent
            at[name] = [sign * place[0], place[1], place[2]]
    return tree(joints, {name: np.array(place, dtype=float) for name, place in at.items()})


def test_a_hand_of_one_finger_joint_as_in_the_cmu_library_is_none_with_fingers(rig):
    def fingers(side):
        return {
            f"{side}FingerBase": (f"{side}Hand", [0, 0, 0]),
            f"{side}HandIndex1": (f"{side}FingerBase", [7, 0, 0]),
            f"{side[0]}Thumb": (f"{side}Hand", [0, 0, 0]),
        }

    motion = hands_of_skeleton(rig, standing(fingers))
    assert motion.source["note"] == AT_EASE
    np.testing.assert_allclose(motion.rotation[:, :, 0], np.tile(quaternion.IDENTITY, (2, 2, 1)), atol=1e-9)
    arm = motion.wrist_position[0, 0] - rig.joint_position[rig.arm_joints(0)[1]]
    np.testing.assert_allclose(arm, [rig.arm_lengths[0].sum(), 0.0, 0.0], atol=1e-9)


def test_bones_in_the_palm_as_perception_neuron_has_them_are_no_joints_of_fingers(rig):
    def fingers(side):
        found = {}
        for number, finger in enumerate(("Index", "Middle", "Ring", "Pinky")):
            above = f"{side}InHand{finger}"
            found[above] = (f"{side}Hand", [3, 0, 2 - number])
            for joint in (1, 2, 3):
                found[f"{side}Hand{finger}{joint}"] = (above, [6 if joint == 1 else 3, 0, 0])
                above = f"{side}Hand{finger}{joint}"
        above = f"{side}Hand"
        for joint in (1, 2, 3):
            found[f"{side}HandThumb{joint}"] = (above, [2, 0, 2])
            above = f"{side}HandThumb{joint}"
        return found

    skeleton = standing(fingers)
    (left, _), _ = find_arms(skeleton)
    told = {finger: [skeleton.names[joint] for joint in chain] for finger, (chain, _) in left.fingers.items()}
    assert told["index"] == ["LeftHandIndex1", "LeftHandIndex2", "LeftHandIndex3"]
    assert told["thumb"] == ["LeftHandThumb1", "LeftHandThumb2", "LeftHandThumb3"]
    assert len(told) == 5
    motion = hands_of_skeleton(rig, skeleton)
    # Whatever the palm is like, fingers that point straight out sideways do so on the character.
    from chironomy.body.pose import hand_rotations

    for hand, sign in ((0, 1.0), (1, -1.0)):
        joints = rig.hand_joints(hand)
        bones = quaternion.apply(
            hand_rotations(rig, hand, motion.rotation[0, hand]), rig.joint_tail[joints] - rig.joint_position[joints]
        )[1:13]
        away = bones / np.linalg.norm(bones, axis=-1, keepdims=True) - [sign, 0.0, 0.0]
        assert np.abs(away).max() < 1e-6
