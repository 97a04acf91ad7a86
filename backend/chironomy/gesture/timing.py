# SPDX-License-Identifier: GPL-3.0-or-later
"""Strokes that arrive when a score says so: a hand that comes a little early or late goes faster or slower to it.

A network does the strokes of a score only about when they are asked for. So the time of each hand is stretched and
pressed around its strokes, smoothly and never by much, until they arrive.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.encoding import HAND_DIM
from chironomy.gesture.score.phrases import Phrase
from chironomy.motion import filters
from chironomy.motion.hand_motion import HANDS
from chironomy.speech.peaks import find_peaks

Array = NDArray[np.float64]

_SMOOTHING = 0.025  # seconds, standard deviation, of the positions whose speed is looked at
_LEAST_SPEED = 0.12  # metres a second at a stroke's peak
_ARRIVED = 0.2  # part of that below which a hand has arrived, unless it sets out again before
_AFTER = 0.03  # seconds after its apex at which a planned stroke has arrived in this sense, in the median
_FARTHEST = 0.3  # seconds from an apex at which a stroke is still the one that is meant
_LIKELY = 0.12  # seconds, standard deviation: of two, the nearer and the faster one is
_FAST = 0.4  # metres a second: a movement that is seen
_BEFORE_ACCENT = 0.02  # seconds before its accented syllable that planned strokes have arrived, in the median
_NEAR = 0.12  # seconds
_APART = 0.3  # seconds from any stroke of the score
_MOST = 0.16  # seconds by which anything is moved
_WITHIN = 0.45  # seconds around an apex in which time runs otherwise
_STEEPEST = 0.4  # seconds by which two neighbouring strokes are moved against each other, a second between them
_RESTED = 1.6  # seconds since the stroke before after which a hand comes from its rest
_LEAST_WAY, _WAY_A_METRE = 0.45, 1.6  # seconds of a way to where a stroke begins, at least and for every metre of it
_MOVES = 0.3  # metres a second of what is a movement
_BEFORE_STROKE = 0.9  # seconds before an apex in which a hand comes
_STROKE, _LEAST_STROKE = 0.15, 0.25  # seconds before an apex in which nothing else arrives, nor is made to
_SOONER = 0.6  # seconds by which a hand may be there before it was
_HASTE = 0.6  # part of a way's seconds in which it may be done so as to be there on an accent
_STRETCHED, _WAITS = 0.55, 0.85  # parts of a way's new time, and of that before a stroke, that are won
_CATCHING_UP = 0.7  # seconds of rest that pass faster or slower for it
_BLURRED = 0.05  # seconds, standard deviation, over which time is bent


def stroke_times(phrases: Iterable[Phrase]) -> tuple[Array, Array]:
    """Seconds of the apexes that each hand is told to hit, left and right, in order."""
    times: tuple[set[float], set[float]] = set(), set()
    for phrase in phrases:
        if "free" in (phrase.state("strokes"), phrase.state("hands")):
            continue
        for side, hand in enumerate(HANDS):
            if phrase.hands in (hand, "both"):
                times[side].update(stroke.apex for stroke in phrase.strokes)
    return np.array(sorted(times[0])), np.array(sorted(times[1]))


def on_time(
    motion: NDArray[np.floating], apexes: tuple[Array, Array], fps: float, accents: Array | None = None
) -> Array:
    """Motion whose strokes arrive when they should.

    Args:
        motion: (T, 198), as `gesture.encoding` has it.
        apexes: seconds from the first frame at which each hand should arrive, in order.
        fps: frames a second.
        accents: seconds at which accented syllables begin to sound, in order: what else is fast arrives on one of them
            if one is near.
    """
    result = np.array(motion, np.float64)
    if len(motion) < 3:
        return result
    times = np.arange(len(motion)) / fps
    for side in range(2):
        own = slice(side * HAND_DIM, (side + 1) * HAND_DIM)
        arrivals, speeds = _arrivals(_speed(result[:, own][:, :3], fps), fps)
        late = _lateness(arrivals, speeds, apexes[side])
        known = ~np.isnan(late)
        when, late = apexes[side][known], late[known]
        if accents is not None and len(accents):
            when, late = _with_others(when, late, arrivals, speeds, accents)
        if len(when):
            result[:, own] = _at(result[:, own], (times + _shift(times, when, late)) * fps)
    return result


def unhurried(
    motion: NDArray[np.floating], apexes: tuple[Array, Array], fps: float, accents: Array | None = None
) -> Array:
    """Motion whose hands come from their rest without haste.

    A way that is done in a moment looks like a stroke of its own, beside the accents. So a hand that has nothing else
    to do sets out earlier; it is there by an accent if one is shortly before, and waits.

    Args:
        motion: (T, 198), as `gesture.encoding` has it.
        apexes: seconds from the first frame at which strokes of each hand arrive, in order.
        fps: frames a second.
        accents: seconds at which accented syllables begin to sound, in order.
    """
    result = np.array(motion, np.float64)
    if len(motion) < 3:
        return result
    times = np.arange(len(motion)) / fps
    beats = np.zeros(0) if accents is None else accents - _BEFORE_ACCENT
    for side in range(2):
        own = slice(side * HAND_DIM, (side + 1) * HAND_DIM)
        bends = _Ways(result[:, own][:, :3], apexes[side], beats, fps).bends()
        if bends:
            knots, late = np.array(bends).T
            shift = filters.gaussian(np.interp(times, knots, late)[:, None], _BLURRED * fps)[:, 0]
            result[:, own] = _at(result[:, own], (times + shift) * fps)
    return result


class _Way(NamedTuple):
    """A way that a hand goes, in seconds: when it sets out and when it arrives, and how many metres it is."""

    begin: float
    end: float
    metres: float

    @property
    def seconds(self) -> float:
        """How long it should take."""
        return _LEAST_WAY + _WAY_A_METRE * self.metres


class _Ways:
    """The ways of a hand from its rest to its strokes.

    Args:
        position: (T, 3) metres, the wrist.
        apexes: seconds at which strokes arrive, in order.
        beats: seconds at which it may arrive where a stroke begins, in order.
        fps: frames a second.
    """

    def __init__(self, position: Array, apexes: Array, beats: Array, fps: float):
        self.position, self.apexes, self.beats, self.fps = position, apexes, beats, fps
        self.speed = _speed(position, fps)
        peaks = find_peaks(self.speed).places
        self.peaks = peaks[self.speed[peaks] >= _MOVES]
        self.arrivals = np.array([_arrival(self.speed, int(peak)) for peak in self.peaks]) / fps

    def bends(self) -> list[tuple[float, float]]:
        """Moments, in order, and the seconds later that the hand was where it is to be in each."""
        bends: list[tuple[float, float]] = []
        for number, apex in enumerate(self.apexes):
            before = self.apexes[number - 1] if number else -np.inf
            since = bends[-1][0] if bends else 0.0
            if apex - before > _RESTED:
                bends += self._to_stroke(float(apex), float(before), since)
        return bends

    def _to_stroke(self, apex: float, before: float, since: float) -> list[tuple[float, float]]:
        moments = self.peaks / self.fps
        near = np.flatnonzero((moments > max(apex - _BEFORE_STROKE, before)) & (moments < apex))
        ways = [number for number in near if self.arrivals[number] < apex - _STROKE]
        if not ways or len(ways) == len(near):
            return []
        way, stroke = self._way(ways[0], ways[-1]), float(moments[near[len(ways)]])
        earlier = np.flatnonzero(moments < way.begin)
        free = max(float(self.arrivals[earlier[-1]]) if len(earlier) else 0.0, since)
        there = self._on_a_beat(way, free, stroke, apex)
        early = max(there - way.seconds, free)
        if there == way.end:
            early = max(early, (way.begin - _STRETCHED * way.end) / (1 - _STRETCHED))
        early = min(early, way.begin + min(there - way.end, 0.0))
        rests = max(early - _CATCHING_UP, min(free, early - 0.1))
        if rests < since or (early > way.begin - 1 / self.fps and there == way.end):
            return []
        return [(rests, 0.0), (early, way.begin - early), (there, way.end - there), (stroke, 0.0)]

    def _on_a_beat(self, way: _Way, free: float, stroke: float, apex: float) -> float:
        """When to arrive: on a beat, if one is near."""
        first = max(stroke - (stroke - way.end) / (1 - _WAITS), free + _HASTE * way.seconds, way.end - _SOONER)
        # Later by half of what is left before the stroke at most: time never runs backwards.
        last = min(way.end + min(_NEAR, 0.5 * (stroke - way.end)), apex - _LEAST_STROKE)
        able = self.beats[(self.beats >= first) & (self.beats <= last)]
        return float(able[np.abs(able - way.end).argmin()]) if len(able) else way.end

    def _way(self, first: int, last: int) -> _Way:
        """The way whose movements these are."""
        peak = int(self.peaks[first])
        slow = np.flatnonzero(self.speed[:peak] <= _ARRIVED * self.speed[peak])
        falls = np.flatnonzero(np.diff(self.speed[: peak + 1]) < 0)
        begin = max(slow[-1] if len(slow) else 0, falls[-1] + 1 if len(falls) else 0)
        end = float(self.arrivals[last])
        metres = np.linalg.norm(self.position[round(end * self.fps)] - self.position[begin])
        return _Way(float(begin) / self.fps, end, float(metres))


def lateness(position: Array, apexes: Array, fps: float) -> Array:
    """(N,) seconds by which a wrist (T, 3) arrives after each apex; NaN where no stroke is near it."""
    return _lateness(*_arrivals(_speed(position, fps), fps), apexes)


def _speed(position: Array, fps: float) -> Array:
    """(T,) metres a second of a wrist (T, 3)."""
    smoothed = filters.gaussian(position, _SMOOTHING * fps)
    return np.linalg.norm(np.gradient(smoothed, axis=0), axis=-1) * fps


def _arrivals(speed: Array, fps: float) -> tuple[Array, Array]:
    """(N,) seconds at which movements arrive, and (N,) how fast they were."""
    peaks = find_peaks(speed).places
    peaks = peaks[speed[peaks] >= _LEAST_SPEED]
    return np.array([_arrival(speed, int(peak)) for peak in peaks]) / fps, speed[peaks]


def _lateness(arrivals: Array, speeds: Array, apexes: Array) -> Array:
    late = np.full(len(apexes), np.nan)
    if not len(arrivals):
        return late
    for number, apex in enumerate(apexes):
        aside = arrivals - apex - _AFTER
        likely = speeds * np.exp(-0.5 * (aside / _LIKELY) ** 2) * (np.abs(aside) <= _FARTHEST)
        if likely.max() > 0:
            late[number] = aside[likely.argmax()]
    return late


def _with_others(when: Array, late: Array, arrivals: Array, speeds: Array, accents: Array) -> tuple[Array, Array]:
    """The moments and latenesses of strokes, and among them those of other fast movements that are near an accent."""
    others = [
        (goal, arrival - goal)
        for arrival, speed in zip(arrivals, speeds, strict=True)
        for goal in [accents[np.abs(accents - arrival).argmin()] - _BEFORE_ACCENT]
        if speed >= _FAST and abs(arrival - goal) <= _NEAR and (np.abs(when - goal) > _APART).all()
    ]
    for number, (goal, aside) in enumerate(others):
        # Of two that are near the same accent the later one counts.
        if number + 1 < len(others) and others[number + 1][0] == goal:
            continue
        place = np.searchsorted(when, goal)
        when, late = np.insert(when, place, goal), np.insert(late, place, aside)
    return when, late


def _arrival(speed: Array, peak: int) -> float:
    """The frame, between frames where it is so, at which a stroke has arrived whose speed is highest at `peak`."""
    after, least = speed[peak:], _ARRIVED * speed[peak]
    rising, slow = np.flatnonzero(np.diff(after) > 0), np.flatnonzero(after <= least)
    turn = int(rising[0]) if len(rising) else len(after) - 1
    if len(slow) and slow[0] <= turn:
        frame = int(slow[0])
        return peak + frame - float((least - after[frame]) / (after[frame - 1] - after[frame]))
    if not 0 < turn < len(after) - 1:
        return float(peak + turn)
    before, lowest, then = after[turn - 1 : turn + 2]
    return peak + turn + float(0.5 * (before - then) / max(before - 2 * lowest + then, 1e-12))


def _shift(times: Array, apexes: Array, late: Array) -> Array:
    """(T,) seconds later that the hand was where it is now to be."""
    late = _no_steeper(apexes, np.clip(late, -_MOST, _MOST))
    knots, values = [], []
    for apex, seconds in zip(apexes, late, strict=True):
        if not knots or apex - _WITHIN > knots[-1] + _WITHIN:
            knots += [apex - _WITHIN] if not knots else [knots[-1] + _WITHIN, apex - _WITHIN]
            values += [0.0] if not values else [0.0, 0.0]
        knots.append(apex)
        values.append(seconds)
    knots.append(knots[-1] + _WITHIN)
    values.append(0.0)
    ends, heights = np.array(knots), np.array(values)
    after = np.clip(np.searchsorted(ends, times, side="right"), 1, len(ends) - 1)
    part = np.clip((times - ends[after - 1]) / np.maximum(ends[after] - ends[after - 1], 1e-9), 0, 1)
    part = part**2 * (3 - 2 * part)
    return heights[after - 1] + part * (heights[after] - heights[after - 1])


def _no_steeper(apexes: Array, late: Array) -> Array:
    """Latenesses no two of which differ by more than `_STEEPEST` of the time between their strokes.

    Half-way between the least ones that are nowhere below them and the greatest ones that are nowhere above.
    """
    most, least = late.copy(), late.copy()
    room = _STEEPEST * np.diff(apexes)
    for bound, nearer, sign in ((least, np.minimum, 1.0), (most, np.maximum, -1.0)):
        for after in range(1, len(late)):
            bound[after] = nearer(bound[after], bound[after - 1] + sign * room[after - 1])
        for before in range(len(late) - 2, -1, -1):
            bound[before] = nearer(bound[before], bound[before + 1] + sign * room[before])
    return 0.5 * (most + least)


def _at(rows: Array, frames: Array) -> Array:
    """Rows (T, channels) at moments between frames, by cubics through four rows (Catmull and Rom 1974)."""
    frames = np.clip(frames, 0, len(rows) - 1)
    first = np.minimum(frames.astype(int), len(rows) - 2)
    t = (frames - first)[:, None]
    before, now, then, after = (rows[np.clip(first + step, 0, len(rows) - 1)] for step in (-1, 0, 1, 2))
    return now + 0.5 * t * (
        then - before + t * (2 * before - 5 * now + 4 * then - after + t * (3 * (now - then) + after - before))
    )
