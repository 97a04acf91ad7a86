# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that a plan lets rest are brought to where hands rest, in time.

A network retracts at leisure, and what it leaves in the air when the next gesture begins, or the recording ends, looks
forgotten there. Arms sink as a whole: the hand keeps its bearing to the forearm and gives in a little.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import angles_of_wrist, wrist_of_angles
from chironomy.gesture.planning.places import soft_least
from chironomy.gesture.score import REST, Phrase
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

# Metres out, up and forward between which wrists rest, and how soft these bounds are; how high beside the body, and how
# far out that is.
_NEAREST, _FARTHEST, _SOFT = np.array([0.04, -0.48, 0.08]), np.array([0.27, -0.3, 0.27]), 0.015
_HIGHEST_BESIDE, _BESIDE = -0.45, (0.16, 0.25)
# Seconds: after a rest begins, until the hands begin to sink; before it ends, from which they are let go again, and how
# long that takes.
_AFTER, _BEFORE, _RISING = 0.05, 0.4, 0.45
# Seconds in which they sink, at least and where there is time: so slowly that it is no stroke beside the accents.
_SINKING = 0.75, 1.1
_GIVES_IN = 0.5  # part of its bearing that a hand gives up for that of a hand at rest
_BEARING = np.radians([15.0, 8.0, 0.0])  # pronation, flexion and deviation of a hand at rest
# Metres by which a hand is brought down before it begins to go by its forearm's bearing, and until it does wholly.
_LEAST_MOVED, _MOVED = 0.06, 0.1
_ELSEWHERE = np.array([-0.06, -0.07, -0.02]), np.array([0.06, 0.06, 0.055])
_MIRROR = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])


class Resting(NamedTuple):
    """How hands rest over time.

    Attributes:
        part: (T,) how far both hands are to be at rest, 0..1.
        shift: (T, 3) metres to the right, up and forward of where they would be: nobody rests twice in one place.
    """

    part: Array
    shift: Array


def resting(phrases: Iterable[Phrase], times: Array, seconds: float) -> Resting:
    """How hands rest at moments (T,) in seconds, by the rests among these phrases, in a recording of some seconds."""
    part, shift = np.zeros(len(times)), np.zeros((len(times), 3))
    for phrase in phrases:
        if phrase.kind != REST:
            continue
        first = phrase.start + _AFTER
        sinking = np.clip(min(phrase.end, seconds) - first, *_SINKING)
        # Who has not begun rests already.
        sinks = _rise((times - first) / sinking) if phrase.start > 0 else np.ones(len(times))
        rises = _rise((phrase.end - _BEFORE + _RISING - times) / _RISING)
        own = np.minimum(sinks, rises)
        random = np.random.default_rng([round(1000 * phrase.start), round(1000 * phrase.end)])
        shift = np.where((own > part)[:, None], own[:, None] * random.uniform(*_ELSEWHERE), shift)
        part = np.maximum(part, own)
    return Resting(part, shift)


def settled(position: Array, rotation: Array, rests: Resting, free: Array) -> tuple[Array, Array]:
    """Bring hands to where they rest.

    Args:
        position: (T, 2, 3) metres, wrists in the frame of the body.
        rotation: (T, 2, 16, 4) unit quaternions, as in `HandMotion`.
        rests: of as many frames.
        free: (T, 2) 0..1, how free each hand is of what is kept; where it is 0 nothing changes.

    Returns:
        Wrists and rotations of the same shapes; what rests low keeps its form, and is shifted as a whole.
    """
    if not rests.part.any():
        return position, rotation
    part = rests.part[:, None, None] * free[..., None]
    place = position * _MIRROR
    farthest = np.broadcast_to(_FARTHEST, place.shape).copy()
    beside = _rise((place[..., 0] - _BESIDE[0]) / (_BESIDE[1] - _BESIDE[0]))
    farthest[..., 1] += beside * (_HIGHEST_BESIDE - farthest[..., 1])
    low = farthest - soft_least(farthest - soft_least(place, _NEAREST, _SOFT), np.zeros(3), _SOFT)
    moved = position + part * (low * _MIRROR - position) + rests.shift[:, None] * free[..., None]
    wrist = rotation[:, :, 0]
    bearing = angles_of_wrist(neutral_of(position, wrist), wrist)
    bearing = bearing + _GIVES_IN * part * (_BEARING - bearing)
    borne = wrist_of_angles(neutral_of(moved, wrist), bearing)
    far = _rise((np.linalg.norm(moved - position, axis=-1) - _LEAST_MOVED) / _MOVED)
    turned = rotation.copy()
    turned[:, :, 0] = quaternion.slerp(wrist, borne, far)
    return moved, turned


def _rise(part: Array) -> Array:
    part = np.clip(part, 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)
