# SPDX-License-Identifier: GPL-3.0-or-later
"""New motion beside frames that are kept: it leaves them and reaches them at their place and their speed.

What the new motion lacks at a border, in place and in speed, is added to it there and dies away over some frames as a
cubic Hermite curve. Hands choose how many frames: as few as let no step be faster than the new motion is elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_REACHES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Seconds over which a correction may die away, the shortest that will do being taken."""

_CALM = 0.85
"""Part of the greatest step elsewhere that a step near a border may have, before keys are made few."""

_NEAR = 0.5
"""Seconds from a border within which no step may be faster than the new motion elsewhere."""

_STILL = 1e-4
"""Metres or radians a frame below which motion has no speed to compare with."""


@dataclass(frozen=True)
class _Gap:
    """Free frames `start` to `stop - 1`, with kept ones before and after where these are not None."""

    start: int
    stop: int
    before: int | None
    after: int | None

    @property
    def room(self) -> int:
        return self.stop - self.start + 1


@dataclass(frozen=True)
class _Space:
    """How values are told apart and moved: along a line, or by turns.

    Attributes:
        way: the way (..., D) from its second argument to its first.
        moved: its first argument, moved along a way.
    """

    way: Callable[[Array, Array], Array]
    moved: Callable[[Array, Array], Array]


_LINE = _Space(lambda to, start: to - start, lambda start, way: start + way)
_TURN = _Space(
    lambda to, start: quaternion.to_rotation_vector(quaternion.multiply(to, quaternion.inverse(start))),
    lambda start, way: quaternion.multiply(quaternion.from_rotation_vector(way), start),
)


def joined_hands(new: HandMotion, kept: HandMotion, mask: Mask) -> HandMotion:
    """Put kept frames into new motion, which leads into them and out of them.

    Args:
        new: the motion of the free frames.
        kept: as many frames, of which those in the mask count.
        mask: (T, 2) which frames of which hand are kept.
    """
    position, rotation = new.wrist_position.copy(), new.rotation.copy()
    confidence = new.confidence.copy()
    for hand in range(2):
        surely = slice(hand, hand + 1)
        confidence[:, surely] = joined(
            new.confidence[:, surely], kept.confidence[:, surely], mask[:, hand], round(_REACHES[0] * new.fps)
        )
        tracks = (position[:, hand], rotation[:, hand, :1], rotation[:, hand, 1:])
        held = (kept.wrist_position[:, hand], kept.rotation[:, hand, :1], kept.rotation[:, hand, 1:])
        for track, values in zip(
            tracks, _led(tracks, held, (_LINE, _TURN, _TURN), mask[:, hand], new.fps), strict=True
        ):
            track[...] = values
    return new.replaced(
        wrist_position=position, rotation=quaternion.normalize(rotation), confidence=np.clip(confidence, 0.0, 1.0)
    )


def joined(new: Array, kept: Array, mask: Mask, reach: int) -> Array:
    """Put kept values (T, C) into new ones; corrections die away over `reach` frames at most."""
    return _joined(new, kept, mask, reach, _LINE)


def joined_rotation(new: Array, kept: Array, mask: Mask, reach: int) -> Array:
    """Put kept quaternions (T, ..., 4) into new ones; corrections die away over `reach` frames at most."""
    return quaternion.make_continuous(_joined(new, kept, mask, reach, _TURN))


def _joined(new: Array, kept: Array, mask: Mask, reach: int, space: _Space) -> Array:
    result = np.where(mask.reshape(-1, *[1] * (new.ndim - 1)), kept, new)
    for gap in _gaps(mask):
        result[gap.start : gap.stop] = _corrected(new, kept, mask, gap, reach, space)
    return result


def _led(
    new: tuple[Array, ...], kept: tuple[Array, ...], spaces: tuple[_Space, ...], mask: Mask, fps: float
) -> Iterator[Array]:
    """Yield each track with its kept frames in it; all are led over the same frames."""
    result = [np.where(mask.reshape(-1, *[1] * (n.ndim - 1)), k, n) for n, k in zip(new, kept, strict=True)]
    near = round(_NEAR * fps)
    far = _distance(mask) > near
    far = far if np.count_nonzero(far) > 1 else ~mask
    limits = [max(_greatest(n, space, far[1:] & far[:-1]), _STILL) for n, space in zip(new, spaces, strict=True)]
    for gap in _gaps(mask):
        if gap.before is None and gap.after is None:
            continue
        best, least = None, np.inf
        for made, reach in _candidates(new, kept, spaces, mask, gap, fps):
            around = _around(gap, max(reach, near), len(mask))
            worst = 0.0
            for values, found, space, limit in zip(result, made, spaces, limits, strict=True):
                tried = values.copy()
                tried[gap.start : gap.stop] = found
                worst = max(worst, _greatest(tried, space, around) / limit)
            if worst < least - 1e-9:
                best, least = made, worst
            if worst <= _CALM:
                break
        assert best is not None
        for values, found in zip(result, best, strict=True):
            values[gap.start : gap.stop] = found
    yield from result


def _candidates(
    new: tuple[Array, ...], kept: tuple[Array, ...], spaces: tuple[_Space, ...], mask: Mask, gap: _Gap, fps: float
) -> Iterator[tuple[list[Array], int]]:
    """Yield ways through a gap, the least change first: the new motion corrected, then straight to it."""
    for make in (_corrected, _straight):
        for seconds in _REACHES:
            reach = min(max(round(seconds * fps), 2), gap.room)
            yield [make(n, k, mask, gap, reach, s) for n, k, s in zip(new, kept, spaces, strict=True)], reach
            if reach == gap.room:
                break


def _corrected(new: Array, kept: Array, mask: Mask, gap: _Gap, reach: int, space: _Space) -> Array:
    """Return the gap's frames: the new motion with what it lacks at the borders."""
    result = new[gap.start : gap.stop].copy()
    frames = np.arange(gap.start, gap.stop)
    reach = max(min(reach, gap.room), 1)
    for border, sign in ((gap.before, 1), (gap.after, -1)):
        if border is None:
            continue
        s = np.clip(sign * (frames - border) / reach, 0.0, 1.0).reshape(-1, *[1] * (new.ndim - 1))
        place = space.way(kept[border], new[border])
        speed = _leaving(new, kept, mask, border, sign, space) - space.way(new[border + sign], new[border])
        way = place * (2 * s**3 - 3 * s**2 + 1) + reach * speed * (s**3 - 2 * s**2 + s)
        result = space.moved(result, way)
    return result


def _straight(new: Array, kept: Array, mask: Mask, gap: _Gap, reach: int, space: _Space) -> Array:
    """Return the gap's frames: straight from the borders to where the new motion is after `reach` frames."""
    result = new[gap.start : gap.stop].copy()
    ends = [(gap.before, 1), (gap.after, -1)]
    if gap.before is not None and gap.after is not None and 2 * reach >= gap.room:
        ends, reach = ends[:1], gap.room
    for border, sign in ends:
        if border is None:
            continue
        other = border + sign * min(
            reach, gap.room if gap.before is not None and gap.after is not None else gap.room - 1
        )
        if other == border:
            continue
        length = abs(other - border)
        s = (np.arange(1, length) / length).reshape(-1, *[1] * (new.ndim - 1))
        target = kept[other] if mask[other] else new[other]
        whole, begin = space.way(target, kept[border]), _leaving(new, kept, mask, border, sign, space)
        inside = -_leaving(new, kept, mask, other, -sign, space)
        end = inside if mask[other] else space.way(new[other], new[other - sign])
        way = whole * (3 * s**2 - 2 * s**3) + length * (begin * (s**3 - 2 * s**2 + s) + end * (s**3 - s**2))
        frames = border + sign * np.arange(1, length) - gap.start
        result[frames] = space.moved(np.broadcast_to(kept[border], (length - 1, *kept.shape[1:])), way)
    return result


def _leaving(new: Array, kept: Array, mask: Mask, border: int, sign: int, space: _Space) -> Array:
    """Return the step from a border on: that of kept frames there; past a frame kept alone, that of the new motion."""
    inner = border - sign
    if not 0 <= inner < len(mask):
        return space.way(new[border + sign], new[border])
    if mask[inner]:
        return space.way(kept[border], kept[inner])
    return 0.5 * space.way(new[border + sign], new[inner])


def _gaps(mask: Mask) -> Iterator[_Gap]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], mask, [True]]).astype(int)))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield _Gap(start, stop, start - 1 if start else None, stop if stop < len(mask) else None)


def _distance(mask: Mask) -> NDArray[np.int64]:
    """Return (T,) frames to the nearest kept frame."""
    frames = np.arange(len(mask))
    kept = np.flatnonzero(mask)
    if len(kept) == 0:
        return np.full(len(mask), len(mask))
    after = np.searchsorted(kept, frames).clip(max=len(kept) - 1)
    return np.minimum(np.abs(frames - kept[after]), np.abs(frames - kept[np.maximum(after - 1, 0)]))


def _around(gap: _Gap, reach: int, frames: int) -> Mask:
    """Return (T - 1,) the steps near the gap's borders."""
    steps = np.zeros(frames - 1, bool)
    if gap.before is not None:
        steps[gap.before : min(gap.before + reach + 1, gap.stop)] = True
    if gap.after is not None:
        steps[max(gap.after - reach - 1, gap.start - 1, 0) : gap.after] = True
    return steps


def _greatest(values: Array, space: _Space, steps: Mask) -> float:
    """Return the greatest length of some steps (T - 1,) from frame to frame."""
    chosen = np.flatnonzero(steps)
    if len(chosen) == 0:
        return 0.0
    return float(np.linalg.norm(space.way(values[chosen + 1], values[chosen]), axis=-1).max())
