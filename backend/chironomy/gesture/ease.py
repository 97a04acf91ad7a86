# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's hands do not do although their joints could: eased out of motion, frame by frame and smoothly.

Sampled motion is possible and still odd in ways that people notice at once: a hand that hangs from a raised forearm,
forearms that cross before the belly, a hand before the mouth, arms over the head, fingers spread for nothing. Each is
let go gradually from where it begins; motion that is free of them hardly changes, and what somebody asked for not at
all.
"""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import ABDUCTION, angles_of_wrist, joint_angles, rotation_of_angles, wrist_of_angles
from chironomy.body.ik import elbow_position
from chironomy.body.rig import load_rig
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
# Metres above the shoulders at which wrists begin to be held down, and how much higher they get at most.
_HIGH, _HIGHER = 0.05, 0.15
# Before the face, seen from the front: middle and half axes of an ellipse in metres, and how soft its border is.
_FACE, _FACE_AXES, _FACE_SOFT = (0.0, 0.16), (0.15, 0.17), 0.12
_PALM, _TIPS = 0.07, 0.16  # metres from the wrist
# Degrees that a hand is bent down where it hangs from its forearm, and how soft that limit is; sine of the forearm's
# elevation, and how much lower than the forearm the hand points, over which it sets in.
_HANGING, _HANGING_SOFT = 4.0, 8.0
_RAISED, _LOWER = (-0.5, 0.15), (0.05, 0.35)
# Degrees of extension, and of deviation either way, beyond which a wrist looks broken, and how soft those limits are.
_EXTENDED, _DEVIATED, _BENT_SOFT = 35.0, 14.0, 6.0
# Degrees between the index and the little finger that are spread for no reason beyond, and by how much more at most.
_SPREAD, _SPREADER = 9.0, 9.0
# Metres at which a hand that is let down rests, and how much of its own shape it then gives up.
_DOWN, _GIVEN_UP = (-0.36, -0.46), 0.7
_WRIST_FLEXION, _WRIST_DEVIATION = 1, 2  # after pronation
_KNUCKLES = [MANO_JOINTS.index(name) for name in ("index1", "middle1", "ring1", "pinky1")]


def at_ease(position: Array, rotation: Array, free: Array) -> tuple[Array, Array]:
    """Ease what looks odd out of the motion of two hands.

    Args:
        position: (T, 2, 3) metres, wrists in the frame of the body.
        rotation: (T, 2, 16, 4) unit quaternions, as in `HandMotion`.
        free: (T,) 0..1, how free each frame is of what somebody asked for; where it is 0 nothing changes.

    Returns:
        Wrists and rotations of the same shapes.
    """
    weight = free[:, None, None]
    eased = position + weight * (_before_face(_lowered(_uncrossed(position)), rotation[:, :, 0]) - position)
    turned = rotation.copy()
    turned[:, :, 0] = quaternion.slerp(rotation[:, :, 0], _not_hanging(eased, rotation[:, :, 0]), weight[..., 0])
    fingers = _less_spread(_relaxed(position, rotation))
    turned[:, :, 1:] = quaternion.slerp(rotation[:, :, 1:], fingers[:, :, 1:], weight[..., 0, None])
    return eased, turned


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


def _before_face(position: Array, wrist: Array) -> Array:
    """Wrists of hands that leave the face to be seen: moved away from it sideways and down."""
    shift = np.zeros_like(position)
    pointing = _pointing(wrist)
    for along in (0.0, _PALM, _TIPS):
        point = (position + along * pointing)[..., :2]
        away = (point - _FACE) / _FACE_AXES
        distance = np.linalg.norm(away, axis=-1, keepdims=True)
        inside = _FACE_SOFT * np.logaddexp(0.0, (1.0 - distance) / _FACE_SOFT)
        # Down and to the hand's own side from right before the face, where no way is the shortest.
        aside = away / np.maximum(distance, 1e-9) + np.array([[0.7, -0.7], [-0.7, -0.7]])
        aside /= np.maximum(np.linalg.norm(aside, axis=-1, keepdims=True), 1e-9)
        shift[..., :2] = np.where(
            inside > np.linalg.norm(shift[..., :2] / _FACE_AXES, axis=-1, keepdims=True),
            inside * aside * _FACE_AXES,
            shift[..., :2],
        )
    return position + shift


def _not_hanging(position: Array, wrist: Array) -> Array:
    """Orientations of hands that go on along raised forearms instead of hanging from them."""
    elbow = elbow_position(load_rig(), position, wrist)
    forearm = position - elbow
    height = forearm[..., 1] / np.maximum(np.linalg.norm(forearm, axis=-1), 1e-9)
    lower = height - _pointing(wrist)[..., 1]
    hangs = _rise(height, *_RAISED) * _rise(lower, *_LOWER)
    neutral = neutral_of(position, wrist)
    angles = angles_of_wrist(neutral, wrist)
    flexion = np.degrees(angles[..., _WRIST_FLEXION])
    limited = _HANGING - _HANGING_SOFT * np.logaddexp(0.0, (_HANGING - flexion) / _HANGING_SOFT)
    flexion = flexion + hangs * (np.minimum(limited, flexion) - flexion)
    angles[..., _WRIST_FLEXION] = np.radians(-_at_most(-flexion, _EXTENDED))
    deviation = np.degrees(angles[..., _WRIST_DEVIATION])
    angles[..., _WRIST_DEVIATION] = np.radians(np.sign(deviation) * _at_most(np.abs(deviation), _DEVIATED))
    return wrist_of_angles(neutral, angles)


def _at_most(value: Array, limit: float) -> Array:
    """What goes beyond a limit by `_BENT_SOFT` at most."""
    over = np.maximum(value - limit, 0.0)
    return value - over + _BENT_SOFT * np.tanh(over / _BENT_SOFT)


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
    along = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    return quaternion.apply(wrist, np.broadcast_to(along, (*wrist.shape[:-1], 3)))


def _rise(value: Array, low: float, high: float) -> Array:
    part = np.clip((value - low) / (high - low), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)
