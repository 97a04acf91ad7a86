# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.body import Rig
from chironomy.body.hand_anatomy import (
    FLEXION,
    angles_of_wrist,
    bending_directions,
    neutral_wrist,
    rotation_of_angles,
    wrist_of_angles,
)
from chironomy.body.joint_limits import clamp_wrist
from chironomy.body.pose import hand_local_keypoints
from chironomy.body.rig import REGION_NAMES
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS

# Upper arms hang, forearms point forward.
SHOULDER = np.array([[0.16, 0.0, 0.0], [-0.16, 0.0, 0.0]])
ELBOW = SHOULDER + np.array([0.0, -0.27, 0.0])
WRIST = ELBOW + np.array([0.0, 0.0, 0.24])
PALM = np.array([0.0, -1.0, 0.0])  # the way it faces in the rest pose

angle = st.floats(-1.0, 1.0)


def palms(angles: list[float]) -> np.ndarray:
    turned = wrist_of_angles(neutral_wrist(SHOULDER, ELBOW, WRIST), np.radians(np.array([angles, angles])))
    return quaternion.apply(turned, PALM)


def test_a_neutral_forearm_has_the_palm_inward_and_the_thumb_up() -> None:
    neutral = neutral_wrist(SHOULDER, ELBOW, WRIST)
    assert palms([0, 0, 0]) == pytest.approx(np.array([[-1, 0, 0], [1, 0, 0]]), abs=1e-9)
    assert quaternion.apply(neutral, [0, 0, 1.0]) == pytest.approx(np.array([[0, 1, 0], [0, 1, 0]]), abs=1e-9)


def test_pronation_turns_palms_down_and_supination_up() -> None:
    assert palms([90, 0, 0])[:, 1] == pytest.approx([-1, -1])
    assert palms([-90, 0, 0])[:, 1] == pytest.approx([1, 1])


def test_flexion_bends_both_hands_towards_their_palms() -> None:
    neutral = neutral_wrist(SHOULDER, ELBOW, WRIST)
    bent = wrist_of_angles(neutral, np.radians([[0, 40, 0], [0, 40, 0]]))
    fingers = quaternion.apply(bent, np.array([[1.0, 0, 0], [-1.0, 0, 0]]))
    assert np.sum(fingers * palms([0, 0, 0]), axis=-1) == pytest.approx(np.sin(np.radians([40, 40])))


@given(angle, angle, angle)
def test_angles_of_a_wrist_are_those_it_was_made_of(pronation: float, flexion: float, deviation: float) -> None:
    neutral = neutral_wrist(SHOULDER, ELBOW, WRIST)
    angles = np.array([[pronation, flexion, 0.4 * deviation], [flexion, pronation, -0.3 * deviation]])
    assert angles_of_wrist(neutral, wrist_of_angles(neutral, angles)) == pytest.approx(angles, abs=1e-6)


def test_a_wrist_within_limits_is_left_alone_and_one_beyond_is_brought_back() -> None:
    neutral = neutral_wrist(SHOULDER, ELBOW, WRIST)
    wrist = wrist_of_angles(neutral, np.radians([[30, 20, 10], [120, -80, 40]]))
    clamped = clamp_wrist(neutral, wrist)
    assert np.array_equal(clamped[0], wrist[0])
    assert np.degrees(angles_of_wrist(neutral, clamped))[1] == pytest.approx([80, -60, 25])


def nail_normal(rig: Rig, hand: str, finger: str) -> np.ndarray:
    """(3,) the way a nail of the character faces in the rest pose: the mean of the outer faces of its mesh."""
    joint = rig.hand_joints(hand)[MANO_JOINTS.index(f"{finger}3")]
    mover = rig.weight_joint[np.arange(rig.vertex_count), rig.weight.argmax(axis=1)]
    faces = rig.faces[rig.regions == REGION_NAMES.index("nails")]
    a, b, c = np.moveaxis(rig.vertices[faces[(mover[faces] == joint).all(axis=1)]].astype(np.float64), 1, 0)
    areas = quaternion.apply(rig.rest_rotation[joint], np.cross(b - a, c - a))
    outer = areas[areas @ areas.sum(axis=0) > 0.5 * np.linalg.norm(areas, axis=1) * np.linalg.norm(areas.sum(axis=0))]
    normal = outer.sum(axis=0)
    return normal / np.linalg.norm(normal)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize(("finger", "within"), [("thumb", 2), ("index", 12), ("middle", 5), ("ring", 5), ("pinky", 5)])
def test_a_finger_bends_in_the_plane_that_stands_on_its_nail(rig: Rig, hand: str, finger: str, within: float) -> None:
    joint = MANO_JOINTS.index(f"{finger}3")
    angles = np.zeros((16, 3))
    angles[joint, FLEXION] = 30.0
    axis = quaternion.to_rotation_vector(rotation_of_angles(angles, hand)[joint])
    sine = axis @ nail_normal(rig, hand, finger) / np.linalg.norm(axis)
    assert abs(np.degrees(np.arcsin(sine))) < within


@pytest.mark.parametrize("hand", HANDS)
def test_a_flexed_bone_s_end_sets_off_in_its_bending_direction(rig: Rig, hand: str) -> None:
    flat = np.zeros((16, 3))
    ends = {"thumb": 16, "index": 17, "middle": 18, "ring": 19, "pinky": 20}
    for finger, tip in ends.items():
        joint = MANO_JOINTS.index(f"{finger}3")
        angles = flat.copy()
        angles[joint, FLEXION] = 1.0
        before, after = (hand_local_keypoints(rig, hand, rotation_of_angles(a, hand))[tip] for a in (flat, angles))
        moved = (after - before) / np.linalg.norm(after - before)
        assert moved @ bending_directions(hand)[joint] > np.cos(np.radians(1.0))
