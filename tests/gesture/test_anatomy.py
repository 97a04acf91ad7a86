# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chironomy.gesture.anatomy import (
    FINGER_AXES,
    angles_of_wrist,
    clamp_wrist,
    fingers_of_shape,
    neutral_wrist,
    wrist_of_angles,
)
from chironomy.gesture.encoding import MOTION_DIM, decode, encode
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.motion import rotation as quaternion

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


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_bends_fingers_to_the_palm_on_both_hands_alike(name: str) -> None:
    fingers = fingers_of_shape(np.stack([SHAPES[name], SHAPES[name]]))
    bend = np.sum(quaternion.to_rotation_vector(fingers) * FINGER_AXES.flexion, axis=-1)[:, :12]
    assert bend.min() > np.radians(-5)
    mirrored = fingers[0] * [1, 1, -1, -1]
    assert fingers[1] == pytest.approx(mirrored, abs=1e-9)


def test_encoding_is_undone_by_decoding() -> None:
    random = np.random.default_rng(0)
    position = random.normal(size=(7, 2, 3))
    rotation = quaternion.normalize(random.normal(size=(7, 2, 16, 4)))
    encoded = encode(position, rotation)
    assert encoded.shape == (7, MOTION_DIM)
    back_position, back_rotation = decode(encoded)
    assert back_position == pytest.approx(position, abs=1e-6)
    assert np.degrees(quaternion.angle(back_rotation, rotation)).max() < 1e-3
