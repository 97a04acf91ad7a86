# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in time: a range moved, stretched or held, and what lies beside it pressed or drawn out to make room.

A map says which frame of the old motion is seen at a new one. Its speed changes without a jump, so that what it plays
has no kink; outside its first and last knot it changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion.errors import MotionError
from chironomy.motion.moved_keys import hermite_spline

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROOM_SECONDS = 0.5
"""Seconds beside a range that may be pressed or drawn out, at least."""

_TIGHTEST = 0.6
"""Part of its length to which room beside a range may be pressed."""

_WIDEST = 2.5
"""Times its length to which such room may be drawn out."""

_STILL_TIGHTEST = 0.3
"""Part of its length to which a time of stillness may be pressed."""

_SETTLING = 0.3
"""Seconds in which a hand comes to a stand where it is held, and in which it sets out again."""

_PRESSED = 0.85
"""Part of its length to which motion is pressed for a hold, where there is as much of it as that takes."""


@dataclass(frozen=True, eq=False)
class TimeMap:
    """From new frames to old ones.

    Attributes:
        new: (M,) ascending frames.
        old: (M,) what is seen there, ascending; the same from one knot to the next where it stands.
        rate: (M,) old frames a new frame, there.
        bounded: whether nothing changes before the first knot, and after the last; else all there goes along.
    """

    new: Array
    old: Array
    rate: Array
    bounded: tuple[bool, bool] = (True, True)

    @property
    def stands(self) -> Array:
        """The new frames, first and last of each time, between which one old frame is seen."""
        still = np.flatnonzero(np.diff(self.old) == 0.0)
        return self.new[np.union1d(still, still + 1)]

    def __call__(self, frames: ArrayLike) -> tuple[Array, Array]:
        """Return the old frames (N,) seen at new ones (N,), and their rates (N,)."""
        at = np.asarray(frames, np.float64)
        old, rate = hermite_spline(self.new, self.old, self.rate, at)
        before, after = at < self.new[0], at > self.new[-1]
        old = np.where(after, self.old[-1] + (at - self.new[-1]) * self.rate[-1], old)
        old = np.where(before, self.old[0] + (at - self.new[0]) * self.rate[0], old)
        return old, np.where(after, self.rate[-1], np.where(before, self.rate[0], rate))

    def placed(self, frames: ArrayLike) -> NDArray[np.int64]:
        """Return the whole new frames, ascending and each once, nearest to where old frames (K,) are seen."""
        return np.unique(np.round(self.seen_at(frames)).astype(np.int64))

    def seen_at(self, frames: ArrayLike) -> Array:
        """Return the new frames (K,) at which old frames (K,) are seen."""
        wanted = np.asarray(frames, np.float64)
        low = np.minimum(wanted - self.old[0], 0.0) / max(self.rate[0], 1e-9) + self.new[0] - 1.0
        high = np.maximum(wanted - self.old[-1], 0.0) / max(self.rate[-1], 1e-9) + self.new[-1] + 1.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            early = self(middle)[0] < wanted
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        return 0.5 * (low + high)


def shifted(first: float, last: float, frames: int, fps: float, start: float | None, stop: float | None) -> TimeMap:
    """Move a range by some frames, or by as many as there is room for.

    Args:
        first: of the range,
        last: likewise.
        frames: later, or earlier where negative.
        fps: frames a second.
        start: frame before which nothing may change; None where nothing lies before the range.
        stop: frame after which nothing may change; None where nothing lies after it.

    Raises:
        MotionError: there is no room at all.
    """
    return _roomiest(frames, lambda n: _beside(first, last, first + n, last + n, fps, start, stop))


def stretched(
    first: float, last: float, factor: float, pivot: float, fps: float, start: float | None, stop: float | None
) -> TimeMap:
    """Let a range take `factor` times as long, or as near to it as there is room for, about a frame that stays.

    Raises:
        MotionError: there is no room at all, or the factor is not above 0.
    """
    if not factor > 0.0:
        raise MotionError(f"the factor is {factor:g}; it must be more than 0")
    longer = round((last - first) * (factor - 1.0))

    def made(n: int) -> TimeMap | None:
        scale = 1.0 + n / (last - first)
        begins = round(pivot + scale * (first - pivot)) if scale > 0.0 else first
        return _beside(first, last, begins, begins + last - first + n, fps, start, stop) if scale > 0.0 else None

    return _roomiest(longer, made)


def held(frame: int, frames: int, start: float, last: float, still: Mask, fps: float) -> TimeMap:
    """Let a hand come to a stand in the pose of a frame, and stand there for some frames more.

    What follows comes later, and times of stillness after it are pressed for that; where there is too little of these,
    the motion that follows is. What leads to the pose is in it at the same frame as before, but slows down.

    Args:
        frame: whose pose is held.
        frames: for how many more, or as many as there is room for.
        start: nothing changes before it.
        last: nothing changes after it.
        still: (last - frame + 1,) in which frames from `frame` on the hand is still.
        fps: frames a second.

    Raises:
        MotionError: there is no room at all.
    """
    moving = np.flatnonzero(~still)
    gone = int(moving[0]) if len(moving) else len(still)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still[gone:], [False]]).astype(int))) + gone + frame
    plan: list[tuple[int, int, int]] = []
    left = frames
    for begin, end in edges.reshape(-1, 2).tolist():
        taken = min(left, int((1.0 - _STILL_TIGHTEST) * (end - 1 - begin)))
        if taken > 0:
            plan.append((begin, end - 1, taken))
            left -= taken
    if left > 0:
        leaving = frame + round(_SETTLING * fps)
        end = min(round(last), leaving + int(np.ceil(frames / (1.0 - _PRESSED))))
        taken = min(frames, int((1.0 - _TIGHTEST) * (end - leaving)))
        if taken > frames - left:
            plan, left = [(leaving, end, taken)], frames - taken
    count = frames - left
    if count <= 0:
        raise MotionError(f"there is no room for a longer hold between the frames {frame} and {last:g}")
    arriving = min(round(_SETTLING * fps), int(frame - start))
    knots = [(float(frame - arriving), float(frame - arriving), 1.0)] if arriving >= 1 else []
    knots += [(float(frame), float(frame), 0.0), (float(frame + count), float(frame), 0.0)]
    leaving = min(_SETTLING * fps, plan[0][0] - frame)
    if leaving >= 1.0:
        knots.append((frame + count + leaving, frame + leaving, 1.0))
    shift = count
    for begin, end, taken in plan:
        if begin + shift > knots[-1][0] + 0.5:
            knots.append((begin + shift, begin, 1.0))
        shift -= taken
        knots.append((end + shift, end, 1.0))
    new, old, rate = np.array(knots, np.float64).T
    return TimeMap(new, old, rate)


def _roomiest(frames: int, made: Callable[[int], TimeMap | None]) -> TimeMap:
    """Return the map of as many frames as can be, from `frames` towards 0."""
    for count in range(frames, 0, -1 if frames > 0 else 1):
        found = made(count)
        if found is not None:
            return found
    raise MotionError("there is no room beside these frames to move them to" if frames else "nothing is to be moved")


def _beside(
    first: float, last: float, new_first: float, new_last: float, fps: float, start: float | None, stop: float | None
) -> TimeMap | None:
    """Return the map that plays a range at new frames, with room beside it as wide as it takes; None where it lacks."""
    rate = (last - first) / (new_last - new_first)
    knots = [(new_first, first, rate), (new_last, last, rate)]
    for border, side, new, old in ((start, -1, new_first, first), (stop, 1, new_last, last)):
        if border is None:
            continue
        needed = abs(new - old) * max(1.0 / (1.0 - _TIGHTEST), 1.0 / (_WIDEST - 1.0))
        room = min(np.ceil(max(ROOM_SECONDS * fps, needed)), side * (border - old))
        left = side * (old + side * room - new)
        if room < 1.0 or not _TIGHTEST * room <= left <= min(_WIDEST, 3.0 / rate) * room:
            return None
        knots.append((old + side * room, old + side * room, 1.0))
    new, old, rates = np.array(sorted(knots), np.float64).T
    return TimeMap(new, old, rates, bounded=(start is not None, stop is not None))
