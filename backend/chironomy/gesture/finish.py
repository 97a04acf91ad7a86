# SPDX-License-Identifier: GPL-3.0-or-later
"""From sampled numbers to motion a person could make: smoothing, limits, clearance, part by part."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chironomy.body.joint_limits import clamp_hand_rotation, clamp_wrist
from chironomy.body.sitting import SEATED
from chironomy.gesture.ease import at_ease
from chironomy.gesture.encoding import HAND_DIM, MOTION_DIM, WRIST_DIM, decode
from chironomy.gesture.haste import quickness, without_haste
from chironomy.gesture.lap import Lap
from chironomy.gesture.pins import Pins
from chironomy.gesture.score import Phrase, near_phrases
from chironomy.gesture.settle import resting, settled
from chironomy.gesture.space import clear_of_body, neutral_of, within_reach
from chironomy.motion import filters
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

# Standard deviations of the zero-phase filter, in seconds. A stroke is over in a fifth of a second and keeps its edge;
# a hand that hardly moves shows every tremble, which sampling leaves and a person's hand does not have.
_QUICK_SMOOTHING, _CALM_SMOOTHING = 0.02, 0.1
# Speeds between which the one goes over into the other: of wrists in m/s, of fingers in the 6D form's units a second.
_WRIST_SPEEDS, _FINGER_SPEEDS = (0.1, 0.4), (1.2, 4.8)
_START_SECONDS = 0.4  # in which motion that is under way when the recording begins starts from standstill
_LEADING_SECONDS = 0.5  # beside what is pinned, in which a hand is on its way out of it or into it
_HASTE_SECONDS = 0.1  # beside what is pinned, in which a hand may be as hasty as that is
# Each part is finished with this much motion to either side, within which limits act, and fades into the next.
_MARGIN_SECONDS, _SEAM_SECONDS = 1.0, 0.25


def smooth(motion: Array, fps: float) -> Array:
    """Zero-phase low-pass of (T, 198), weaker where a hand is quick; of the wrist's numbers and the fingers' apart.

    The 6D form may be averaged, decoding makes it a rotation again.
    """

    def filtered(signal: Array, seconds: float) -> Array:
        return filters.gaussian(signal, seconds * fps)

    if len(motion) < 2:
        return motion
    calm, quick, middle = (filtered(motion, s) for s in (_CALM_SMOOTHING, _QUICK_SMOOTHING, 0.05))
    result = np.empty_like(calm)
    for first in range(0, MOTION_DIM, HAND_DIM):
        wrist, fingers = slice(first, first + WRIST_DIM), slice(first + WRIST_DIM, first + HAND_DIM)
        position = slice(first, first + 3)
        for numbers, moving, (low, high) in (
            (wrist, position, _WRIST_SPEEDS),
            (fingers, fingers, _FINGER_SPEEDS),
        ):
            speed = np.linalg.norm(np.gradient(middle[:, moving], axis=0), axis=1) * fps
            part = quickness(speed, fps, low, high)[:, None]
            result[:, numbers] = part * quick[:, numbers] + (1 - part) * calm[:, numbers]
    return result


def from_standstill(motion: Array, fps: float) -> Array:
    """Let (T, channels) begin without speed: what the first frame moves by is taken out, and less and less after it.

    From frame 1 on the speed v of the first step is taken out as v t (1 - (t - 1 frame) / 0.4 s)^3, then no more. Words
    may come so early that the hands would have to be on their way before the first frame.
    """
    if len(motion) < 2:
        return motion
    times = np.arange(len(motion)) / fps
    fading = times * np.clip(1 - (times - times[1]) / _START_SECONDS, 0, 1) ** 3
    return motion - fading[:, None] * (motion[1] - motion[0]) * fps


def possible(motion: HandMotion) -> HandMotion:
    """Bring motion within the limits of joints and arms and out of the body; frames within them hardly change."""
    motion = motion.replaced(
        wrist_position=within_reach(motion.wrist_position), rotation=clamp_hand_rotation(motion.rotation)
    )
    motion = clear_of_body(motion.replaced(rotation=_with_wrists(motion)))
    motion = motion.replaced(wrist_position=within_reach(motion.wrist_position))
    return motion.replaced(rotation=_with_wrists(motion))


def _with_wrists(motion: HandMotion) -> Array:
    """Rotations whose wrists are within limits; elbows follow the wrists, so a few rounds settle both."""
    rotation = motion.rotation.copy()
    for _ in range(3):
        neutral = neutral_of(motion.wrist_position, rotation[:, :, 0])
        rotation[:, :, 0] = clamp_wrist(neutral, rotation[:, :, 0])
    return rotation


class Finisher:
    """Finishes motion that arrives in parts, without a seam between them.

    Args:
        fps: the model's frames a second.
        seconds: of the recording.
        first: the first frame that will arrive, counted from its beginning.
        given: the phrases that somebody asked for; the others are eased (`at_ease`).
        rests: the rests that nobody asked for; hands come down in them (`settled`).
        pins: what is kept; a hand that is led into it or out of it is neither eased nor brought down there.
        lap: where the hands of a person who sits are laid down; None where the person stands.
    """

    def __init__(
        self,
        fps: float,
        seconds: float,
        first: int = 0,
        given: Sequence[Phrase] = (),
        rests: Sequence[Phrase] = (),
        pins: Pins | None = None,
        lap: Lap | None = None,
    ):
        self.fps, self.seconds, self.given, self.rests, self.pins, self.lap = fps, seconds, given, rests, pins, lap
        self.margin, self.seam = round(_MARGIN_SECONDS * fps), max(round(_SEAM_SECONDS * fps), 1)
        self.raw_first, self.raw = first, np.empty((0, MOTION_DIM))
        self.done = first
        self.tail: tuple[Array, Array] | None = None

    def add(self, raw: NDArray[np.floating], final: bool) -> tuple[Array, Array] | None:
        """Finish what can be finished once these frames are there too.

        Args:
            raw: (n, 198) sampled motion that follows what was added before.
            final: whether it is the last.

        Returns:
            Wrists (m, 2, 3) and rotations (m, 2, 16, 4) that follow what was returned before, or None while there is
            too little.
        """
        self.raw = np.concatenate([self.raw, raw.astype(np.float64)])
        end = self.raw_first + len(self.raw)
        stop = end if final else end - self.margin - self.seam
        if stop <= self.done:
            return None
        numbers = smooth(self.raw, self.fps)
        if self.raw_first == 0:
            numbers = from_standstill(numbers, self.fps)
        position, rotation = decode(numbers)
        times = (self.raw_first + np.arange(len(position))) / self.fps
        free = np.ones((len(times), 2)) if self.pins is None else 1.0 - self.pins.near(times, _LEADING_SECONDS)
        position, rotation = settled(position, rotation, resting(self.rests, times, self.seconds), free)
        asked = near_phrases(self.given, times).astype(np.float64)
        position, rotation = at_ease(position, rotation, free * (1.0 - asked))
        led = np.ones_like(free) if self.pins is None else 1.0 - self.pins.near(times, _HASTE_SECONDS)
        position, rotation = without_haste(position, rotation, self.fps, led)
        source = {}
        if self.lap is not None:
            position, rotation = self.lap.on_lap(position, rotation, times, free)
            source[SEATED] = True
        motion = possible(HandMotion(self.fps, position, rotation, np.ones((len(position), 2)), source))
        begin = self.done - self.raw_first
        position, rotation = motion.wrist_position[begin:].copy(), motion.rotation[begin:].copy()
        if self.tail is not None:
            _fade(self.tail, position, rotation)
        count = stop - self.done
        self.tail = position[count : count + self.seam], rotation[count : count + self.seam]
        kept = max(stop - self.margin - self.raw_first, 0)
        self.raw_first, self.raw, self.done = self.raw_first + kept, self.raw[kept:], stop
        return position[:count], rotation[:count]


def _fade(before: tuple[Array, Array], position: Array, rotation: Array) -> None:
    """Let the first frames go from what the part before has there to what this one has, in place."""
    count = min(len(before[0]), len(position))
    part = (np.arange(count) + 1.0) / (count + 1.0)
    position[:count] += (1 - part)[:, None, None] * (before[0][:count] - position[:count])
    rotation[:count] = quaternion.slerp(before[1][:count], rotation[:count], part[:, None, None])
