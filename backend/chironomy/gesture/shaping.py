# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand shapes that a score asks for, set exactly where they are to be seen: about the apexes.

A shape that means something (three fingers, a fist, a pointing finger) is right or wrong, and a network makes it nearly
right; so of phrases that somebody gave, the fingers are set while it makes the rest.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chironomy.body.joint_limits import clamp_hand_rotation
from chironomy.gesture.encoding import encode
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.phrases import Phrase
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS

_BEFORE, _AFTER = 0.04, 0.16  # seconds about an apex, the second at least


def shape_of(phrase: Phrase) -> str | None:
    """The hand shape that a phrase asks for: its own, or its kind's; None where it leaves that open."""
    if phrase.shape is not None and phrase.state("shape") != "free":
        return phrase.shape
    kind = KINDS.get(phrase.kind or "") if phrase.state("kind") != "free" else None
    # How many are counted is not the kind's.
    return kind.apex.shape if kind is not None and kind.own_shape and phrase.kind != "count" else None


def shaped_frames(
    phrases: Iterable[Phrase], fps: float, first: int, count: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fingers of the frames about the apexes.

    Args:
        phrases: that were given; what they leave open is not set.
        fps: frames a second.
        first: the first frame, counted from the recording's beginning.
        count: how many frames.

    Returns:
        (count, 198) motion, of which the fingers that are set count, and (count, 2, 16) which joints are.
    """
    values, mask = np.zeros((count, 2 * 99), np.float32), np.zeros((count, 2, len(MANO_JOINTS)), bool)
    times = (first + np.arange(count)) / fps
    for phrase in phrases:
        shape = shape_of(phrase)
        if (
            shape is None
            or phrase.hands is None
            or phrase.state("hands") == "free"
            or phrase.state("strokes") == "free"
        ):
            continue
        sides = [side for side, hand in enumerate(HANDS) if phrase.hands in (hand, "both")]
        near = np.zeros(count, bool)
        for stroke in phrase.strokes:
            near |= (times >= stroke.apex - _BEFORE) & (times <= stroke.apex + max(stroke.hold, _AFTER))
        near &= (times >= phrase.start) & (times <= phrase.end)
        if near.any():
            row = _encoded(shape)
            for side in sides:
                own = slice(99 * side, 99 * side + 99)
                values[near, own] = row[own]
                mask[near, side, 1:] = True
    return values, mask


def _encoded(shape: str) -> NDArray[np.float32]:
    """(198,) motion of both hands in a shape, of which the fingers count."""
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (1, 2, len(MANO_JOINTS), 1))
    rotation[:, :, 1:] = fingers_of_shape(np.tile(SHAPES[shape], (1, 2, 1)))
    return encode(np.zeros((1, 2, 3)), clamp_hand_rotation(rotation))[0]
