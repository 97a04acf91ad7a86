# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's hands do not do although their joints could: eased out of motion, frame by frame and smoothly.

Sampled motion is possible and still odd in ways that people notice at once: a hand that hangs from a raised forearm,
forearms that cross before the belly, a hand before the mouth, arms over the head, fingers spread for nothing. Each is
let go gradually from where it begins; motion that is free of them hardly changes, and what somebody asked for not at
all.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import (
    ABDUCTION,
    FLEXION,
    angles_of_wrist,
    joint_angles,
    rotation_of_angles,
    wrist_of_angles,
)
from chironomy.gesture.planning.places import soft_least
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS

Array = NDArray[np.float64]

# Metres: how far the left wrist stays to the left of the right one, at one height; and the difference in height over
# which that matters less and less.
_APART, _APART_SOFT, _LEVEL = 0.09, 0.03, 0.22
_ACROSS, _ACROSS_SOFT = -0.02, 0.035  # metres beyond the middle to which a wrist goes, and how soft that is
# Metres: heights below which hands rest on each other before the belt, and above which they are kept to their own side,
# and from each other.
_CLASPED, _BELT = (-0.47, -0.39), (-0.43, -0.33)
# Metres: how low a wrist goes before the body and beside it, and how far out the one becomes the other.
_NAVEL, _HANGING, _BESIDE, _NAVEL_SOFT = -0.325, -0.5, (0.15, 0.235), 0.015
# Metres between two wrists, sideways, and heights of them, over which hands count as resting together; the gap at which
# they touch, and what part of what is more is closed.
_TOGETHER, _LOW, _TOUCHING, _CLOSER = (0.24, 0.36), (-0.36, -0.3), 0.14, 0.8
# Metres above the shoulders at which wrists begin to be held down, and how much higher they get at most.
_HIGH, _HIGHER = 0.03, 0.17
# Metres above the shoulders between which two wrists that are as high come to look like claws beside the head; how far
# the lower one of them goes down, and the difference by which it is told which one that is.
_BOTH_RAISED, _ONE_DOWN, _ONE_OR_OTHER = (-0.08, 0.04), 0.13, 0.05
# Before the face, seen from the front: middle and half axes of an ellipse in metres, and how soft its border is.
_FACE, _FACE_AXES, _FACE_SOFT = (0.0, 0.16), (0.21, 0.2), 0.12
# In half axes, sideways and up: the point that hands before the face go away from; and the power by which, of wrist,
# palm and fingertips, what has the farthest way decides.
_FACE_FROM, _FARTHEST_COUNTS = np.array([0.7, 1.2]), 4
_PALM, _TIPS = 0.07, 0.16  # metres from the wrist
# Sine of a forearm's elevation over which it counts as raised. Degrees by which fingers may point lower than it, and
# how soft that is; the part of what is more that the wrist takes, and the fingers' knuckles, and how far both go at
# most.
_RAISED = (-0.72, -0.2)
_DROOPS, _DROOPS_SOFT = 6.0, 5.0
_BY_WRIST, _BY_KNUCKLES = 0.7, 0.45
_LIFTED, _STRAIGHTENED = 38.0, 26.0
_LEAST_CURL = 4.0  # degrees that knuckles stay bent
_FOLDED = (50.0, 80.0)  # degrees of a middle joint over which its finger is folded and means something
# Degrees of flexion, of extension, and of deviation either way, beyond which a wrist looks broken, and how soft.
_FLEXED, _EXTENDED, _DEVIATED, _BENT_SOFT = 12.0, 35.0, 10.0, 6.0
# Degrees by which the palm of a raised forearm is turned down at ease, with straight fingers and with bent ones, whose
# claw nobody is to see, and how much more at most; degrees of fingers over which the one becomes the other.
_PRONE, _PRONE_BENT, _PRONER = 38.0, 12.0, 18.0
_BENT = (15.0, 45.0)
# Degrees by which it is turned up from that where the forearm stands, by the sine of its elevation: palms that are
# shown so high say stop, or frighten.
_TURNED_UP, _STANDS = 40.0, (0.15, 0.7)
# Degrees between the index and the little finger that are spread for no reason beyond, and by how much more at most.
_SPREAD, _SPREADER = 8.0, 8.0
# Metres at which a hand that is let down rests, and how much of its own shape it then gives up.
_DOWN, _GIVEN_UP = (-0.28, -0.38), 0.6
_PRONATION, _WRIST_FLEXION, _WRIST_DEVIATION = 0, 1, 2
_KNUCKLES = [MANO_JOINTS.index(name) for name in ("index1", "middle1", "ring1", "pinky1")]
_MIDDLES = [joint + 1 for joint in _KNUCKLES]
_ALONG = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])  # from wrist to fingertips, of flat hands


def at_ease(position: Array, rotation: Array, free: Array) -> tuple[Array, Array]:
    """Ease what looks odd out of the motion of two hands.

    Args:
        position: (T, 2, 3) metres, wrists in the frame of the body.
        rotation: (T, 2, 16, 4) unit quaternions, as in `HandMotion`.
        free: (T, 2) 0..1, how free each hand is of what somebody asked for; where it is 0 nothing changes.

    Returns:
        Wrists and rotations of the same shapes.
    """
    weight = free[..., None]
    moved = _lowered(_uncrossed(_before_navel(position)))
    moved = _before_face(_not_both_raised(moved), rotation[:, :, 0])
    eased = position + weight * (moved - position)
    turned = _lively(eased, _less_spread(_relaxed(position, rotation)))
    return eased, quaternion.slerp(rotation, turned, weight)


def _before_navel(position: Array) -> Array:
    """Wrists of hands that are held before the navel rather than below the belt, and touch where they rest together."""
    raised = position.copy()
    out = position[..., 0] * [1.0, -1.0]
    floor = _NAVEL + _rise(out, *_BESIDE) * (_HANGING - _NAVEL)
    raised[..., 1] = soft_least(position[..., 1], floor, _NAVEL_SOFT)
    gap = position[:, 0, 0] - position[:, 1, 0]
    together = _rise(-gap, -_TOGETHER[1], -_TOGETHER[0]) * _rise(-position[..., 1].max(axis=1), -_LOW[1], -_LOW[0])
    closer = _CLOSER * together * np.maximum(gap - _TOUCHING, 0.0)
    raised[..., 0] += 0.5 * closer[:, None] * [-1.0, 1.0]
    return raised


def _uncrossed(position: Array) -> Array:
    """Wrists that do not reach far to the other side, nor pass each other where they are about as high."""
    own = position[..., 0] * [1.0, -1.0]
    position = position.copy()
    kept = _ACROSS + _ACROSS_SOFT * np.logaddexp(0.0, (own - _ACROSS) / _ACROSS_SOFT)
    position[..., 0] += _rise(position[..., 1], *_CLASPED) * (kept - own) * [1.0, -1.0]
    gap = position[:, 0, 0] - position[:, 1, 0]
    wanted = _APART + _APART_SOFT * np.logaddexp(0.0, (gap - _APART) / _APART_SOFT)
    level = np.exp(-(((position[:, 0, 1] - position[:, 1, 1]) / _LEVEL) ** 2))
    level *= _rise(position[:, :, 1].mean(axis=1), *_BELT)
    shift = np.zeros_like(position)
    shift[..., 0] = (0.5 * level * (wanted - gap))[:, None] * [1.0, -1.0]
    return position + shift


def _lowered(position: Array) -> Array:
    above = np.maximum(position[..., 1] - _HIGH, 0.0)
    lowered = position.copy()
    lowered[..., 1] -= above - _HIGHER * np.tanh(above / _HIGHER)
    return lowered


def _not_both_raised(position: Array) -> Array:
    """Wrists of which one at most is raised to the head: the other one, or both by half, stay before the chest."""
    height = position[..., 1]
    raised = _rise(height.min(axis=1, keepdims=True), *_BOTH_RAISED)
    share = 1.0 / (1.0 + np.exp((height - height[:, ::-1]) / _ONE_OR_OTHER))
    lowered = position.copy()
    lowered[..., 1] -= _ONE_DOWN * raised * share
    return lowered


def _before_face(position: Array, wrist: Array) -> Array:
    """Wrists of hands that leave the face to be seen: moved away from it sideways and down.

    A wrist, a palm or fingertips before the face go to its border, away from a point above it on the other side. So
    where they go changes no faster than where they were, as it would about a point that hands pass.
    """
    pointing = _pointing(wrist)
    shifts = []
    for along in (0.0, _PALM, _TIPS):
        away = ((position + along * pointing)[..., :2] - _FACE) / _FACE_AXES
        distance = np.linalg.norm(away, axis=-1, keepdims=True)
        inside = _FACE_SOFT * np.logaddexp(0.0, (1.0 - distance) / _FACE_SOFT)
        aside = away - _FACE_FROM * [[-1.0, 1.0], [1.0, 1.0]]
        aside /= np.maximum(np.linalg.norm(aside, axis=-1, keepdims=True), 1e-9)
        outwards = np.maximum((away * aside).sum(axis=-1, keepdims=True), 0.0)
        deep = inside * np.maximum(2.0 - inside, 1.0)
        shifts.append(deep / (outwards + np.sqrt(outwards**2 + deep)) * aside)
    ways = np.array(shifts)
    weights = np.linalg.norm(ways, axis=-1, keepdims=True) ** _FARTHEST_COUNTS
    way = (weights * ways).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-12)
    moved = position.copy()
    moved[..., :2] += way * _FACE_AXES
    return moved


def _lively(position: Array, rotation: Array) -> Array:
    """Rotations of hands that go on along raised forearms instead of hanging from them, fingers and all."""
    wrist, angles = rotation[:, :, 0], joint_angles(rotation)
    neutral = neutral_of(position, wrist)
    forearm = quaternion.apply(neutral, np.broadcast_to(_ALONG, position.shape))
    raised = _rise(forearm[..., 1], *_RAISED)
    knuckles, middles = angles[:, :, _KNUCKLES, FLEXION], angles[:, :, _MIDDLES, FLEXION]
    # Folded fingers point nowhere: what they do is the hand's.
    open_ = 1.0 - _rise(middles, *_FOLDED)
    curl = (open_ * (knuckles + 0.5 * middles)).sum(axis=-1) / np.maximum(open_.sum(axis=-1), 1.0)
    held = angles_of_wrist(neutral, wrist)
    prone = _PRONE + _rise(curl, *_BENT) * (_PRONE_BENT - _PRONE) - _TURNED_UP * _rise(forearm[..., 1], *_STANDS)
    held[..., _PRONATION] = np.radians(_at_most(np.degrees(held[..., _PRONATION]), prone, _PRONER, raised))
    wrist = wrist_of_angles(neutral, held)
    fingers = quaternion.apply(wrist, _curled(curl))
    droop = _elevation(forearm) - _elevation(fingers)
    droop = raised * _DROOPS_SOFT * np.logaddexp(0.0, (droop - _DROOPS) / _DROOPS_SOFT)
    lift = _LIFTED * np.tanh(_BY_WRIST * droop / _LIFTED)
    # Up, square to where the hand points: which bend of the wrist that is depends on how the palm is turned.
    pointing = _pointing(wrist)
    axis = quaternion.cross(pointing, np.broadcast_to([0.0, 1.0, 0.0], pointing.shape))
    axis /= np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), 1e-6)
    wrist = quaternion.multiply(quaternion.from_rotation_vector(np.radians(lift)[..., None] * axis), wrist)
    held = angles_of_wrist(neutral, wrist)
    flexion, deviation = np.degrees(held[..., _WRIST_FLEXION]), np.degrees(held[..., _WRIST_DEVIATION])
    flexion = _at_most(flexion, _FLEXED, _BENT_SOFT, raised)
    held[..., _WRIST_FLEXION] = np.radians(-_at_most(-flexion, _EXTENDED, _BENT_SOFT))
    held[..., _WRIST_DEVIATION] = np.radians(np.sign(deviation) * _at_most(np.abs(deviation), _DEVIATED, _BENT_SOFT))
    straighter = _STRAIGHTENED * np.tanh(_BY_KNUCKLES * droop / _STRAIGHTENED)[..., None] * open_
    room = np.maximum(knuckles - _LEAST_CURL, 0.0)
    angles[:, :, _KNUCKLES, FLEXION] = knuckles - room * np.tanh(straighter / np.maximum(room, 1e-6))
    eased = rotation.copy()
    eased[:, :, _KNUCKLES] = rotation_of_angles(angles)[:, :, _KNUCKLES]
    eased[:, :, 0] = wrist_of_angles(neutral, held)
    return eased


def _curled(degrees: Array) -> Array:
    """(T, 2, 3) which way fingers point that are bent so far from a flat hand, in the hand's own frame."""
    bend = np.radians(degrees)[..., None]
    return np.cos(bend) * _ALONG - np.sin(bend) * [0.0, 1.0, 0.0]


def _elevation(way: Array) -> Array:
    """(T, 2) degrees above the horizon of unit vectors (T, 2, 3)."""
    return np.degrees(np.arcsin(np.clip(way[..., 1], -1.0, 1.0)))


def _at_most(value: Array, limit: Array | float, soft: float, where: Array | float = 1.0) -> Array:
    """What goes beyond a limit by `soft` at most, as far as it is to."""
    over = np.maximum(value - limit, 0.0)
    return value - where * (over - soft * np.tanh(over / soft))


def _relaxed(position: Array, rotation: Array) -> Array:
    """Fingers that let go of their shape where the hand is let down."""
    part = _GIVEN_UP * _rise(-position[..., 1], -_DOWN[0], -_DOWN[1])
    at_rest = fingers_of_shape(np.tile(SHAPES["relaxed"], (2, 1)))
    eased = rotation.copy()
    eased[:, :, 1:] = quaternion.slerp(rotation[:, :, 1:], at_rest, part[..., None])
    return eased


def _less_spread(rotation: Array) -> Array:
    """Fingers that are fanned out no wider than hands at ease are."""
    angles = joint_angles(rotation)
    out = angles[:, :, _KNUCKLES, ABDUCTION]
    spread = np.maximum(out[..., 0] - out[..., -1], 1e-6)
    over = np.maximum(spread - _SPREAD, 0.0)
    part = (spread - over + _SPREADER * np.tanh(over / _SPREADER)) / spread
    middle = out.mean(axis=-1, keepdims=True)
    angles[:, :, _KNUCKLES, ABDUCTION] = middle + part[..., None] * (out - middle)
    eased = rotation.copy()
    eased[:, :, _KNUCKLES] = rotation_of_angles(angles)[:, :, _KNUCKLES]
    return eased


def _pointing(wrist: Array) -> Array:
    """(T, 2, 3) unit vectors from wrists to middle knuckles."""
    return quaternion.apply(wrist, np.broadcast_to(_ALONG, (*wrist.shape[:-1], 3)))


def _rise(value: Array, low: float, high: float) -> Array:
    part = np.clip((value - low) / (high - low), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)
