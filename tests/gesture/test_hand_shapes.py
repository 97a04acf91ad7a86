# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand shapes on the character's own mesh: possible for a hand, and touching what they are to touch."""

from functools import lru_cache

import numpy as np
import pytest

from chironomy.body import load_rig, skin, solve_pose, vertex_normals
from chironomy.body.hand_anatomy import FLEXION, bending_directions, joint_angles
from chironomy.body.joint_limits import clamp_hand_rotation, limit_violation
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion

RIG = load_rig()


def rotation_of(name: str) -> np.ndarray:
    """(2, 16, 4) both hands in a shape."""
    rotation = np.tile(quaternion.IDENTITY, (2, 16, 1))
    rotation[:, 1:] = fingers_of_shape(np.stack([SHAPES[name], SHAPES[name]]))
    return rotation


@lru_cache(maxsize=32)
def mesh_of(name: str | None) -> tuple[np.ndarray, np.ndarray]:
    """The character's vertices and their normals with both hands in a shape as motion shows it; None is flat."""
    rotation = np.tile(quaternion.IDENTITY, (2, 16, 1)) if name is None else clamp_hand_rotation(rotation_of(name))
    place = np.array([[[0.3, -0.2, 0.25], [-0.3, -0.2, 0.25]]])
    pose = solve_pose(RIG, HandMotion(24.0, place, rotation[None], np.ones((1, 2))))
    vertices = skin(RIG, pose.joint_rotation, pose.joint_position)
    return vertices[0].astype(np.float64), vertex_normals(vertices, RIG.faces)[0].astype(np.float64)


def surface(hand: str, *joints: str) -> np.ndarray:
    """The vertices that these joints move the most."""
    mover = RIG.weight_joint[np.arange(RIG.vertex_count), RIG.weight.argmax(axis=1)]
    return np.flatnonzero(np.isin(mover, RIG.hand_joints(hand)[[MANO_JOINTS.index(joint) for joint in joints]]))


def pad(hand: str, finger: str) -> np.ndarray:
    """The vertices in the middle of a fingertip's palmar side."""
    vertices, normals = mesh_of(None)
    joint = MANO_JOINTS.index(f"{finger}3")
    used = surface(hand, f"{finger}3")
    number = RIG.hand_joints(hand)[joint]
    bone = RIG.joint_tail[number] - RIG.joint_position[number]
    along = quaternion.apply(RIG.rest_rotation[number], bone / np.linalg.norm(bone))
    place = vertices[used] @ along
    part = (place.max() - place) / (place.max() - place.min())
    return used[(normals[used] @ bending_directions(hand)[joint] > 0.8) & (part > 0.2) & (part < 0.75)]


def touch(name: str, first: np.ndarray, second: np.ndarray) -> tuple[float, float, int]:
    """How far two surfaces are apart in a shape and how deep the first is in the second, mm; the second's vertex."""
    vertices, normals = mesh_of(name)
    between = vertices[first][:, None] - vertices[second][None]
    distance = np.linalg.norm(between, axis=-1)
    nearest = distance.argmin(axis=1)
    height = np.sum(between[np.arange(len(first)), nearest] * normals[second[nearest]], axis=-1)
    close = distance.min(axis=1) < 0.012
    deepest = -float(height[close].min(initial=0.0))
    return 1000 * float(distance.min()), 1000 * deepest, int(second[distance.min(axis=0).argmin()])


FINGERS = [joint for joint in MANO_JOINTS if not joint.startswith(("wrist", "thumb"))]


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_within_the_limits_of_a_hand(name: str) -> None:
    rotation = rotation_of(name)
    assert limit_violation(rotation).max() == 0.0
    assert np.degrees(quaternion.angle(clamp_hand_rotation(rotation), rotation)).max() < 3.0


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_bends_fingers_to_the_palm_on_both_hands_alike(name: str) -> None:
    rotation = rotation_of(name)
    assert joint_angles(rotation)[:, 1:13, FLEXION].min() > -5.0
    assert rotation[1] == pytest.approx(rotation[0] * [1, 1, -1, -1], abs=1e-9)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", SHAPES)
def test_no_shape_pushes_the_thumb_into_a_finger(name: str, hand: str) -> None:
    _, deep, _ = touch(name, surface(hand, "thumb2", "thumb3"), surface(hand, *FINGERS))
    assert deep < 2.5  # as skin gives


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize(("name", "finger", "within"), [("ring", "index", 3.0), ("bunch", "middle", 5.0)])
def test_pads_that_are_to_meet_meet_facing_each_other(name: str, finger: str, within: float, hand: str) -> None:
    thumb, other = pad(hand, "thumb"), pad(hand, finger)
    assert min(len(thumb), len(other)) >= 4
    distance, _, _ = touch(name, thumb, other)
    assert distance < within
    normals = mesh_of(name)[1]
    assert normals[thumb].mean(axis=0) @ normals[other].mean(axis=0) < np.cos(np.radians(100.0))


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize(
    ("name", "joints"),
    [
        ("fist", ("middle2", "middle3")),
        ("loose_fist", ("index2",)),
        ("point", ("middle2", "middle3")),
        ("two", ("ring2", "ring3")),
        ("three", ("pinky2", "pinky3")),
    ],
)
def test_the_thumb_lies_on_the_finger_that_it_is_to_hold(name: str, joints: tuple[str, ...], hand: str) -> None:
    distance, _, _ = touch(name, surface(hand, "thumb3"), surface(hand, *joints))
    assert distance < 3.0


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", ["fist", "point", "two", "three"])
def test_a_thumb_that_holds_a_finger_is_before_it_and_not_in_the_palm(name: str, hand: str) -> None:
    """Seen from the palm's side, the thumb's end lies over the knuckles of the fingers that it crosses."""
    vertices, _ = mesh_of(name)
    palmwards = np.array([0.0, -1.0, 0.0])  # the wrist is not turned
    finger = {"fist": "index", "point": "middle", "two": "ring", "three": "pinky"}[name]
    thumb = vertices[surface(hand, "thumb3")] @ palmwards
    proximal = vertices[surface(hand, f"{finger}1")] @ palmwards
    assert thumb.mean() > proximal.mean()
