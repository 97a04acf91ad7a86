# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a gesture can be seen in a motion, by plain geometry: one test for each kind that words ask for.

Nothing here has learned from motion, so that what a network was told to do is judged by something else than a network.
A test says of every frame whether the hands are as a person would have them who shows this: so many fingers stretched,
the hand on the chest, the finger out to the side. A gesture is shown where its test holds for a tenth of a second about
the apex. Thresholds leave the forms of `gesture.repertoire.kinds` the room in which the corpus varies them.

Hands are looked at as if both were left ones: *out* is the hand's own side. Directions are unit vectors.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import FLEXION, joint_angles
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES
from chironomy.gesture.score.phrases import Phrase
from chironomy.motion import filters
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.motion.hand_shape import FINGERS, NOMINAL_HAND

Array = NDArray[np.float64]
Frames = NDArray[np.bool_]

EARLY, LATE = 0.1, 0.25
"""Seconds before the first apex and after the last one (or its hold, if that is longer) in which a gesture is seen."""

_SEEN = 0.1  # seconds that it lasts at least
_CAME = 0.8  # seconds over which a hand has come from elsewhere
_TO_AND_FRO = 0.6  # seconds, at most, of each way of a shaken hand
_PALM = 0.09  # metres from the wrist to the middle of the palm

_MIRROR = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
_OUT, _UP, _FORWARD = 0, 1, 2
_THUMB = FINGERS.index("thumb")
# How many of the four fingers, in MANO's order (index, middle, little, ring), a number stretches.
_STRETCHED: Mapping[str, tuple[bool, bool, bool, bool]] = {
    "point": (True, False, False, False),
    "two": (True, True, False, False),
    "three": (True, True, False, True),
    "four": (True, True, True, True),
    "five": (True, True, True, True),
}


@dataclass(frozen=True, eq=False)
class Seen:
    """What a viewer sees of both hands; arrays are (T, 2, ...), hands ordered left, right."""

    motion: HandMotion

    @cached_property
    def wrist(self) -> Array:
        """(T, 2, 3) metres out, up and forward."""
        return self.motion.wrist_position * _MIRROR

    def _way(self, of_left: tuple[float, float, float]) -> Array:
        ways = np.array(of_left) * _MIRROR
        return quaternion.apply(self.motion.rotation[:, :, 0], ways) * _MIRROR

    @cached_property
    def palm(self) -> Array:
        """(T, 2, 3) which way the palm faces."""
        return self._way((0.0, -1.0, 0.0))

    @cached_property
    def pointing(self) -> Array:
        """(T, 2, 3) which way the flat hand points."""
        return self._way((1.0, 0.0, 0.0))

    @cached_property
    def middle(self) -> Array:
        """(T, 2, 3) metres: the middle of the palm."""
        return self.wrist + _PALM * self.pointing

    @cached_property
    def thumb(self) -> Array:
        """(T, 2, 3) which way the thumb's end points."""
        turn = self.motion.rotation[:, :, 0]
        for joint in range(3):
            turn = quaternion.multiply(turn, self.motion.rotation[:, :, 1 + 3 * _THUMB + joint])
        end = quaternion.apply(turn, NOMINAL_HAND.bones[:, _THUMB, 3])
        return end / np.linalg.norm(end, axis=-1, keepdims=True) * _MIRROR

    @cached_property
    def curl(self) -> Array:
        """(T, 2, 5) degrees by which the three joints of each finger bend together, in MANO's order."""
        flexion = joint_angles(self.motion.rotation)[:, :, 1:, FLEXION]
        return flexion.reshape(*flexion.shape[:2], 5, 3).sum(axis=-1)

    @cached_property
    def open(self) -> Frames:
        """(T, 2) whether the fingers are rather straight."""
        return self.curl[..., :4].mean(axis=-1) <= 85

    @cached_property
    def index_alone(self) -> Frames:
        """(T, 2) whether the index finger is stretched and the others are folded."""
        index, others = self.curl[..., 0], self.curl[..., 1:4].min(axis=-1)
        return (index <= 75) & (others >= 110) & (others >= index + 60)

    def gained(self, values: Array) -> Array:
        """(T, ...) by how much values have risen over the last moments."""
        return values - _lowest_before(values, self._rows(_CAME))

    @cached_property
    def apart(self) -> Array:
        """(T,) metres between the wrists, sideways."""
        return self.wrist[..., _OUT].sum(axis=1)

    def shaken(self, height: float) -> Frames:
        """(T, 2) whether a hand that is raised so high goes to and fro sideways, 6 cm at least each way."""
        rows, raised = self._rows(_TO_AND_FRO), self.wrist[..., _UP] >= height
        turned = np.zeros(raised.shape, bool)
        for sideways in (self.middle[..., _OUT], -self.middle[..., _OUT]):
            # How a hand comes up and goes down again is no part of it.
            side = np.where(raised, sideways, np.inf)
            low = np.maximum(_lowest_before(side, rows), _lowest_before(side[::-1], rows)[::-1])
            turned |= raised & (low <= sideways - 0.06)
        return filters.maximum(turned, 2 * self._rows(0.5 * _TO_AND_FRO) + 1) > 0

    def _rows(self, seconds: float) -> int:
        return max(round(seconds * self.motion.fps), 1)


def _lowest_before(values: Array, rows: int) -> Array:
    """(T, ...) the least of each value and so many before it."""
    padded = np.concatenate([np.repeat(values[:1], rows, axis=0), values])
    return np.lib.stride_tricks.sliding_window_view(padded, rows + 1, axis=0).min(axis=-1)


def _both(frames: Frames) -> Frames:
    """Of both hands, where it holds for both."""
    return np.repeat(frames.all(axis=1, keepdims=True), 2, axis=1)


def _of_both(frames: Frames) -> Frames:
    """(T, 2) of (T,)."""
    return np.repeat(frames[:, None], 2, axis=1)


def _to_side(seen: Seen) -> Frames:
    """The finger is out at its own side, and points there or has come there."""
    out = seen.wrist[..., _OUT]
    there = (seen.pointing[..., _OUT] >= 0.35) | (seen.gained(out) >= 0.12)
    return seen.index_alone & (out >= 0.28) & (seen.pointing[..., _OUT] > -0.3) & there


def _to_other_side(seen: Seen) -> Frames:
    return seen.index_alone & (seen.wrist[..., _OUT] <= 0.14) & (seen.pointing[..., _OUT] <= -0.4)


def _to_you(seen: Seen) -> Frames:
    return seen.index_alone & (seen.pointing[..., _FORWARD] >= 0.75) & (seen.wrist[..., _FORWARD] >= 0.32)


def _upwards(seen: Seen) -> Frames:
    return seen.index_alone & (seen.pointing[..., _UP] >= 0.55) & (seen.wrist[..., _UP] >= -0.1)


def _downwards(seen: Seen) -> Frames:
    return seen.index_alone & (seen.pointing[..., _UP] <= -0.4)


def _on_chest(seen: Seen) -> Frames:
    x, y, z = np.moveaxis(seen.middle, -1, 0)
    on = (np.abs(x) <= 0.17) & (y >= -0.27) & (y <= 0.02) & (z <= 0.25)
    return on & (seen.palm[..., _FORWARD] <= -0.6) & seen.open


def _fingers(shape: str) -> Callable[[Seen], Frames]:
    """So many fingers, held up."""

    def counted(seen: Seen) -> Frames:
        stretched = np.array(_STRETCHED[shape])
        curl = seen.curl[..., :4]
        few = not stretched.all()
        right = (curl[..., stretched] <= (75 if few else 60)).all(axis=-1)
        if few:
            right &= (curl[..., ~stretched] >= 110).all(axis=-1)
        else:  # four and five differ by the thumb, and five from an open hand by its spread
            angles = joint_angles(seen.motion.rotation)[..., 1]
            spread = angles[..., 1] - angles[..., 7] >= 20  # of the knuckles of index and little finger
            right &= (seen.curl[..., _THUMB] <= 30) & spread if shape == "five" else seen.curl[..., _THUMB] >= 55
        return right & (seen.pointing[..., _UP] >= 0.3)

    return counted


def _palm_against(seen: Seen) -> Frames:
    """The palm is held out against somebody, fingers up."""
    against = (seen.palm[..., _FORWARD] >= 0.55) & (seen.pointing[..., _UP] >= 0.45)
    return against & (seen.wrist[..., _FORWARD] >= 0.28) & (seen.curl[..., :4].mean(axis=-1) <= 70)


def _wagged(seen: Seen) -> Frames:
    """The raised hand says no to and fro, its palm down or forward; or it is held out against somebody."""
    level = (seen.palm[..., _UP] <= -0.35) | (seen.palm[..., _FORWARD] >= 0.35)
    return (seen.shaken(-0.27) & level & seen.open & (seen.wrist[..., _UP] >= -0.27)) | _palm_against(seen)


def _waved(seen: Seen) -> Frames:
    raised = (seen.wrist[..., _UP] >= -0.12) & (seen.pointing[..., _UP] >= 0.3) & (seen.palm[..., _FORWARD] >= 0.3)
    return seen.shaken(-0.12) & raised & seen.open


def _arms_apart(seen: Seen) -> Frames:
    """Both arms have gone wide apart, open and not pressing down."""
    wide = (seen.apart >= 0.54) & (seen.gained(seen.apart) >= 0.15)
    return _of_both(wide & (seen.palm[..., _UP] > -0.75).all(axis=1)) & _both(seen.open)


def _hands_near(seen: Seen) -> Frames:
    """Both palms have come near each other, face to face, before the body."""
    between = np.linalg.norm(seen.middle[:, 0] - seen.middle[:, 1] * [-1.0, 1.0, 1.0], axis=-1)
    near = (between <= 0.32) & (seen.gained(-seen.apart) >= 0.06)
    facing = (seen.palm[..., _OUT] <= -0.35) & (seen.wrist[..., _UP] >= -0.33) & (seen.wrist[..., _FORWARD] >= 0.2)
    return _of_both(near) & _both(facing)


def _cut_off(seen: Seen) -> Frames:
    """Both flat hands have gone apart, palms down."""
    return _of_both(seen.gained(seen.apart) >= 0.25) & _both((seen.palm[..., _UP] <= -0.5) & seen.open)


def _arms_open(seen: Seen) -> Frames:
    """Both hands are open and apart, palms up."""
    up = (seen.palm[..., _UP] >= 0.3) & seen.open & (seen.wrist[..., _UP] >= -0.35)
    return _of_both(seen.apart >= 0.42) & _both(up)


def _shrugged(seen: Seen) -> Frames:
    """The same, and the hands have come up."""
    return _arms_open(seen) & _both(seen.gained(seen.wrist[..., _UP]) >= 0.04)


def _offered(seen: Seen) -> Frames:
    """The open palm, up, at the hand's own side."""
    at_side = (seen.wrist[..., _OUT] >= 0.15) & (seen.wrist[..., _FORWARD] >= 0.2)
    return at_side & (seen.palm[..., _UP] >= 0.25) & seen.open


def _thumb_raised(seen: Seen) -> Frames:
    return (seen.curl[..., :4].min(axis=-1) >= 120) & (seen.curl[..., _THUMB] <= 30) & (seen.thumb[..., _UP] >= 0.5)


def _back_over_shoulder(seen: Seen) -> Frames:
    back = seen.gained(-seen.wrist[..., _FORWARD]) >= 0.08
    return back & (seen.wrist[..., _UP] >= -0.1) & (seen.pointing[..., _UP] >= 0.55) & seen.open


def _on_ahead(seen: Seen) -> Frames:
    ahead = (seen.gained(seen.wrist[..., _FORWARD]) >= 0.1) & (seen.wrist[..., _FORWARD] >= 0.33)
    return ahead & (seen.pointing[..., _FORWARD] >= 0.5) & seen.open


_TESTS: Mapping[str, Callable[[Seen], Frames]] = {
    "point_you": _to_you,
    "point_up": _upwards,
    "point_down": _downwards,
    "self": _on_chest,
    "refuse": _palm_against,
    "wag": _wagged,
    "cut": _cut_off,
    "all": _arms_apart,
    "big": _arms_apart,
    "small": _hands_near,
    "welcome": _arms_open,
    "shrug": _shrugged,
    "present": _offered,
    "thumb_up": _thumb_raised,
    "wave": _waved,
    "past": _back_over_shoulder,
    "future": _on_ahead,
}
_SIDEWAYS = ("point_out", "point_across")

TESTED: tuple[str, ...] = (*_SIDEWAYS, "count", *_TESTS)
"""The kinds that can be judged; beats and other rhythm mean nothing that could be missing."""


def shows(motion: HandMotion, phrase: Phrase) -> bool:
    """Whether a phrase of a score can be seen in a motion.

    Left and right are the speaker's own, and either hand may point there. What no hand is asked for, either may do;
    what one is asked for, that one.

    Args:
        motion: at any frame rate.
        phrase: of one of the kinds `TESTED`, with a stroke.

    Raises:
        ValueError: it is of another kind, or has no stroke.
    """
    if phrase.kind not in TESTED or not phrase.strokes:
        raise ValueError(
            f"a phrase of kind {phrase.kind} with {len(phrase.strokes)} strokes cannot be judged by looking"
        )
    first, last = phrase.strokes[0], phrase.strokes[-1]
    begin, end = first.apex - EARLY, last.apex + max(last.hold, LATE)
    # What hands have come from is seen too.
    start = max(round((begin - 2.0) * motion.fps), 0)
    stop = min(round((end + 1.0) * motion.fps) + 1, motion.frame_count)
    if stop - start < 2:
        return False
    frames = _frames(Seen(motion.sliced(start, stop)), phrase)
    rows = slice(max(round(begin * motion.fps) - start, 0), max(round(end * motion.fps) + 1 - start, 0))
    held = round(_SEEN * motion.fps) + 1
    runs = np.convolve(frames[rows].astype(int), np.ones(held, int), mode="valid")
    return len(frames[rows]) >= held and bool((runs == held).any())


def contradictions(phrase: Phrase) -> list[Phrase]:
    """What would say the opposite of a phrase at the same moment: the other side, another number, a no for a yes."""
    kind = phrase.kind or ""
    if kind in _SIDEWAYS and phrase.hands in HANDS:
        return [replace(phrase, hands=HANDS[1 - HANDS.index(phrase.hands)])]
    if kind == "count" and phrase.shape is not None:
        return [replace(phrase, shape=other) for other in COUNT_SHAPES if SHAPES[other] is not SHAPES[phrase.shape]]
    return [replace(phrase, kind=other, hands=None, shape=None) for other in _OPPOSITES.get(kind, ())]


_OPPOSITES: Mapping[str, tuple[str, ...]] = {
    "point_up": ("point_down",),
    "point_down": ("point_up",),
    "self": ("point_you", "refuse"),
    "point_you": ("self",),
    "welcome": ("refuse",),
    "thumb_up": ("refuse",),
    "refuse": ("thumb_up", "welcome"),
    "wag": ("thumb_up",),
    "cut": ("thumb_up",),
    "all": ("small",),
    "big": ("small",),
    "small": ("big",),
    "past": ("future",),
    "future": ("past",),
}


def _frames(seen: Seen, phrase: Phrase) -> Frames:
    """(T,) at which frames the hands are as the phrase wants them."""
    if phrase.kind in _SIDEWAYS:
        out, across = _to_side(seen), _to_other_side(seen)
        if phrase.hands not in HANDS:
            return (out if phrase.kind == "point_out" else across).any(axis=1)
        hand = HANDS.index(phrase.hands)
        side = hand if phrase.kind == "point_out" else 1 - hand
        return out[:, side] | across[:, 1 - side]
    if phrase.kind == "count":
        shape = phrase.shape or "point"
        shape = "five" if SHAPES[shape] is SHAPES["five"] else shape
        frames = _fingers(shape)(seen) if shape in _STRETCHED else np.zeros(seen.wrist.shape[:2], bool)
    else:
        frames = _TESTS[phrase.kind or ""](seen)
    return frames[:, HANDS.index(phrase.hands)] if phrase.hands in HANDS else frames.any(axis=1)
