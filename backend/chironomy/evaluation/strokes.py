# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes as whole movements: when each begins, is fastest and ends, and along which path.

`chironomy.evaluation.beats` finds the moments at which strokes arrive, relative to how lively a motion is; these are
strokes by an absolute speed, so that calm motion has fewer, and compare with people's (`chironomy.evaluation.people`).

Wrist positions are low-passed by a Gaussian of 40 ms (standard deviation; at 24 frames a second about one frame, which
halves what is faster than 4.7 Hz), and speeds are central differences. Of both hands the faster one's speed makes one
train, in which a stroke is a peak

- of at least 0.5 m/s,
- that stands 0.3 m/s above the higher of the two valleys that separate it from faster peaks (its prominence), and
- that has no higher peak within 0.25 s.

It is the stroke of the hand that is faster at the peak, and lasts from the last to the first moment around the peak at
which that hand's speed turns up again or is below a tenth of the peak (interpolated between frames). The low-pass adds
about what that tenth takes away: minimum-jerk moves of 0.3, 0.4 and 0.5 s last 0.33, 0.39 and 0.47 s.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.filters import gaussian
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.peaks import find_peaks

SMOOTHING_SECONDS = 0.04
STROKE_SPEED = 0.5
"""m/s that a stroke's peak reaches."""

_PROMINENCE = 0.3  # m/s
_APART_SECONDS = 0.25
_STILL_PART = 0.1  # of the peak's speed, where a stroke begins and ends


@dataclass(frozen=True, eq=False)
class Stroke:
    """One movement of one hand.

    Attributes:
        hand: 0 is left, 1 right.
        begin: seconds.
        peak: seconds at which it is fastest.
        end: seconds at which it arrives.
        speed: m/s at the peak.
        path: (N, 3) metres, low-passed, at the frames from begin to end; two at least.
    """

    hand: int
    begin: float
    peak: float
    end: float
    speed: float
    path: NDArray[np.float64]

    @property
    def duration(self) -> float:
        """Seconds from begin to end."""
        return self.end - self.begin

    @property
    def displacement(self) -> NDArray[np.float64]:
        """(3,) metres from where it begins to where it ends."""
        return self.path[-1] - self.path[0]

    @property
    def straightness(self) -> float:
        """Distance from begin to end as a part of the way, 0..1; 1 is a line."""
        way = np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum()
        return float(np.linalg.norm(self.displacement) / way)


def smoothed_wrists(motion: HandMotion) -> NDArray[np.float64]:
    """(T, 2, 3) wrist positions, low-passed by a Gaussian of 40 ms; the ends are held."""
    return gaussian(motion.wrist_position, SMOOTHING_SECONDS * motion.fps)


def wrist_velocity(motion: HandMotion) -> NDArray[np.float64]:
    """(T, 2, 3) m/s of the low-passed wrists, by central differences; zero for a single frame."""
    if motion.frame_count < 2:
        return np.zeros((motion.frame_count, 2, 3))
    return np.gradient(smoothed_wrists(motion), axis=0) * motion.fps


def find_strokes(motion: HandMotion) -> list[Stroke]:
    """The strokes of both hands in the order of their peaks."""
    if motion.frame_count < 3:
        return []
    position = smoothed_wrists(motion)
    speeds = np.linalg.norm(np.gradient(position, axis=0), axis=-1) * motion.fps
    fastest = speeds.max(axis=1)
    peaks = find_peaks(fastest, max(math.ceil(_APART_SECONDS * motion.fps), 1), _PROMINENCE).places
    strokes = []
    for peak in peaks[fastest[peaks] >= STROKE_SPEED]:
        hand = int(speeds[peak].argmax())
        speed = speeds[:, hand]
        before, begin = _reach(speed[peak::-1])
        after, end = _reach(speed[peak:])
        path = position[max(peak - max(before, 1), 0) : peak + max(after, 1) + 1, hand]
        first, middle, last = (float(frame) / motion.fps for frame in (peak - begin, peak, peak + end))
        strokes.append(Stroke(hand, first, middle, last, float(speed[peak]), path))
    return strokes


def _reach(speed: NDArray[np.float64]) -> tuple[int, float]:
    """Frames from the peak, which is first, to where it ends: whole ones within it, and interpolated."""
    least = _STILL_PART * speed[0]
    rising, slow = np.flatnonzero(np.diff(speed) >= 0), np.flatnonzero(speed < least)
    turn = int(rising[0]) if len(rising) else len(speed) - 1
    if len(slow) and slow[0] <= turn:
        frame = int(slow[0]) - 1
        return frame, frame + float((speed[frame] - least) / (speed[frame] - speed[frame + 1]))
    return turn, float(turn)
