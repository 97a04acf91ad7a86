# SPDX-License-Identifier: GPL-3.0-or-later
"""The library of hand poses: named shapes of a hand for animators to pick, each for either hand.

What talk uses again and again is in `hand_shapes`, among which scores are written and read; it does not grow for
animators. Its shapes are taken from there, and what else animators ask for stands here, by the same angles and within
the same limits. A test measures on the character's mesh that pads meet where they are to, and that no finger goes into
another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.repertoire.hand_shapes import END_PER_MIDDLE, SHAPES, fingers_of_shape
from chironomy.motion.hand_motion import MANO_JOINTS

Array = NDArray[np.float64]

FINGER_JOINTS = MANO_JOINTS[1:]
"""The 15 joints that a hand pose turns, in MANO's order; the wrist is not one of them."""

View = tuple[float, float, float]
"""Degrees by which an upright right hand, its palm to the lens, is turned about itself (to its thumb's side), tipped
towards the lens and then tilted in the picture (counter-clockwise)."""

PALM: View = (-22.0, 6.0, 0.0)
SIDE: View = (-68.0, 8.0, 0.0)


@dataclass(frozen=True, eq=False)
class HandPose:
    """A named pose of the fingers.

    Attributes:
        name: by which files and settings know it.
        label: by which people do.
        description: what it is for, a tooltip.
        tags: words to search by.
        left: (15, 4) unit quaternions of the left hand, MANO's joints in order but for the wrist.
        view: how its picture shows the right hand.
    """

    name: str
    label: str
    description: str
    tags: tuple[str, ...]
    left: Array
    view: View = PALM

    @property
    def fingers(self) -> Array:
        """(2, 15, 4) unit quaternions of the left and the right hand."""
        return np.stack([self.left, mirrored(self.left)])


def mirrored(fingers: Array) -> Array:
    """Return the rotations (..., 4) of one hand's fingers as the other hand has them."""
    return fingers * np.array([1.0, 1.0, -1.0, -1.0])


Finger = tuple[float, float, float]
"""Degrees: flexion of knuckle and middle joint, abduction towards the thumb."""


def _hand(
    index: Finger, middle: Finger, ring: Finger, pinky: Finger, thumb: tuple[float, float, float, float]
) -> Array:
    """(20,) the angles of a shape; the thumb by flexion and abduction of its saddle joint and flexion of the others."""
    fingers = [
        [knuckle, joint, joint * END_PER_MIDDLE, abduction]
        for knuckle, joint, abduction in (index, middle, pinky, ring)
    ]
    return np.array([*np.ravel(fingers), *thumb])


_FOLDED_RING, _FOLDED_PINKY = (80.0, 97.0, 0.0), (80.0, 96.0, 0.0)
_FOLDED_MIDDLE = (78.0, 96.0, 0.0)

_POSES: tuple[tuple[str, str, str, str, Array, View], ...] = (
    ("relaxed", "Relaxed", "A hand at rest, curling more towards the little finger", "rest idle",
     SHAPES["relaxed"], PALM),
    ("loose_curl", "Loose Curl", "A hand that hangs or lies, curled softly", "rest idle soft",
     SHAPES["soft"], PALM),
    ("open", "Open", "An open hand that gives or explains, not quite straight", "talk give explain",
     SHAPES["open"], PALM),
    ("flat", "Flat", "A flat, open hand, the thumb beside it", "straight neutral",
     _hand((0, 2, 3), (0, 2, 0), (0, 2, -2), (0, 3, -4), (-6, 0, 2, 2)), PALM),
    ("blade", "Blade", "A stiff hand with all fingers together: chop, cut, salute", "chop salute together",
     SHAPES["flat"], PALM),
    ("spread", "Spread (Five)", "All fingers spread wide: five, stop, surprise", "count five 5 stop wave",
     SHAPES["spread"], PALM),
    ("four", "Four", "Four fingers up, the thumb across the palm", "count 4",
     SHAPES["four"], PALM),
    ("three", "Three", "Index, middle and ring finger up", "count 3",
     SHAPES["three"], PALM),
    ("two", "Victory (Two)", "Index and middle finger up: two, peace, victory", "count 2 peace",
     SHAPES["two"], PALM),
    ("point", "Point (One)", "The index finger out: point, one, attention", "count one 1 show index",
     SHAPES["point"], PALM),
    ("thumb_up", "Thumb Up", "A fist with the thumb up: good, one on the thumb", "good yes like count",
     SHAPES["thumb_up"], (-20.0, 12.0, 90.0)),
    ("l_shape", "L Shape", "Thumb and index finger out: two on the thumb, a pistol", "count two gun L",
     _hand((0, 3, 0), _FOLDED_MIDDLE, _FOLDED_RING, _FOLDED_PINKY, (-16, -2, -6, -8)), PALM),
    ("fist", "Fist", "A tight fist, the thumb across the fingers", "grip punch resolve",
     SHAPES["fist"], PALM),
    ("loose_fist", "Loose Fist", "A hand loosely closed, the thumb on the index finger", "grip hold knock",
     SHAPES["loose_fist"], (-40.0, 8.0, 0.0)),
    ("ring", "OK Ring", "Thumb and index finger make a ring: exact, fine", "ok precise exact fine",
     SHAPES["ring"], PALM),
    ("bunch", "Bunch", "All fingertips on the thumb's: essence, what do you want", "purse italian essence",
     SHAPES["bunch"], SIDE),
    ("pinch", "Pinch", "Thumb and index finger hold something small, the others folded", "hold small precise",
     _hand((70, 30, 1), (72, 60, 0), (78, 70, 0), (80, 76, 0), (21, 25, 5, 5)), SIDE),
    ("precision", "Precision Grip", "Thumb, index and middle finger hold something", "hold tripod pick",
     _hand((58, 36, -3), (63, 38, -4), (40, 40, -2), (26, 34, -6), (33, 28, 8, 4)), SIDE),
    ("pen", "Hold a Pen", "Thumb, index and middle finger about a pen", "write draw hold tripod",
     _hand((46, 46, -2), (54, 58, -2), (62, 72, 0), (66, 78, 0), (20, 24, 20, 20)), (-50.0, 4.0, 35.0)),
    ("glass", "Hold a Glass", "A hand about a glass, a bottle or a handle", "grip cylinder bottle hold",
     _hand((36, 50, 2), (40, 52, 0), (42, 54, -1), (44, 54, -2), (20, 28, 12, 10)), SIDE),
    ("ball", "Hold a Ball", "Fingers spread about a ball", "grip sphere globe hold",
     _hand((22, 36, 12), (24, 36, 1), (26, 36, -9), (28, 38, -18), (10, 26, 10, 10)), PALM),
    ("cup", "Cup", "A hollow hand, palm up to receive or hold water", "receive hollow beg",
     SHAPES["cupped"], (-55.0, 14.0, -80.0)),
    ("claw", "Claw", "Fingers spread and bent to claws", "scare grab tense",
     _hand((-8, 66, 12), (-8, 68, 2), (-8, 68, -8), (-8, 66, -18), (-6, 14, 24, 40)), PALM),
    ("hook", "Hook", "Fingers hooked as for a bag or a ledge, knuckles straight", "carry hang bag",
     _hand((6, 92, 0), (6, 94, 0), (6, 94, 0), (8, 92, 0), (4, -6, 4, 6)), (-58.0, 4.0, 180.0)),
    ("shaka", "Shaka", "Thumb and little finger out: hang loose, call me", "telephone call loose",
     _hand((78, 96, 0), (78, 97, 0), (78, 97, 0), (0, 4, -14), (-18, 2, -8, -10)), PALM),
    ("rock", "Rock", "Index and little finger up, the others under the thumb", "horns metal",
     _hand((0, 4, 4), (78, 96, 0), (80, 97, 0), (0, 4, -8), (34, 15, 21, 21)), PALM),
    ("little_finger", "Little Finger", "The little finger out: promise, a tiny bit", "pinky promise",
     _hand((78, 96, 0), (78, 95, 0), (79, 96, 0), (0, 4, -10), (35, 17, 18, 32)), PALM),
    ("beckon", "Beckon", "The index finger bent towards oneself: come here", "come call invite",
     _hand((22, 78, 0), (78, 96, 0), (80, 97, 0), (80, 96, 0), (34, 15, 22, 22)), (-42.0, 6.0, 0.0)),
    ("steeple", "Steeple", "Half a steeple: with both hands fingertips meet, palms apart", "think plan both",
     _hand((24, 16, 6), (26, 14, 0), (26, 15, -5), (25, 17, -10), (6, 20, 6, 6)), SIDE),
    ("keyboard", "Keyboard", "Fingers bent over keys or a table", "type piano table",
     _hand((22, 44, 5), (24, 46, 0), (25, 46, -4), (26, 42, -9), (2, 14, 8, 10)), SIDE),
    ("bent", "Fingers Bent", "Straight fingers bent at the knuckles: a lid, a small size, talk", "bent size duck",
     _hand((62, 6, 0), (64, 6, 0), (66, 6, 0), (66, 6, 0), (16, 26, 4, 4)), SIDE),
)  # fmt: skip

HAND_POSES: dict[str, HandPose] = {
    name: HandPose(name, label, description, tuple(tags.split()), fingers_of_shape(np.stack([angles] * 2))[0], view)
    for name, label, description, tags, angles, view in _POSES
}
"""The library, by name, in the order in which it is shown."""
