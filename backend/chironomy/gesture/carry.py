# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a performance is carried along when its score is edited: gestures that only move or grow, and rests.

A phrase that somebody moves in time, stretches or makes larger is the same gesture, so its motion is taken along, and
nobody invents it again. Where a phrase is taken out, the hand goes to where it rests in the same performance. Only what
lies between is for the model to make.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.finish import possible
from chironomy.gesture.score.phrases import REST, Phrase, Score
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.motion.hand_poses import HandPoses, amplified, blended, displacement, line, resting

STROKE = 0.2
"""Seconds before an apex in which the stroke itself lies; with the hold after it, it is what a gesture is."""

FASTEST, FASTEST_TURN = 1.2, 9.0
"""Metres, and radians, a second at which a hand goes over from one thing to the next where there is time."""

SHORTEST_WAY, LONGEST_WAY = 0.2, 0.8
"""Seconds that it takes at least, and is given at most."""

_GROWTH = 0.15  # seconds in which a gesture that is made larger grows at its ends
_NEAR = 6.0  # seconds around a phrase in which the hand's rest is looked for
_ON_THE_WAY = 0.6  # of a rest's time at most, to it and back from it
_SETTLED = 0.3  # seconds after which a hand that rests is at rest
_SHORTEST_REST = 0.3
_BESIDE = 0.4  # seconds beside a rest, or a new gesture, in which the way to it and from it may begin and end

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


class Kept(NamedTuple):
    """A phrase of a score that is done as it was, in the place of one of the score before."""

    before: Phrase
    after: Phrase

    @property
    def growth(self) -> float:
        """By what its size is multiplied."""
        if not self.before.size or self.after.size is None:
            return 1.0
        return self.after.size / self.before.size


def same_gestures(before: Score, after: Score) -> list[Kept]:
    """The phrases of a score that the score before has too: as they were, or moved in time, cut, stretched or scaled.

    They are of the same kind, hands, shape and place, each the nearest in time.
    """
    open_before = [phrase for phrase in before.phrases if phrase.kind != REST]
    open_after = [phrase for phrase in after.phrases if phrase.kind != REST]
    found = sorted(
        (abs(old.start - new.start) + abs(old.end - new.end), number, other)
        for number, old in enumerate(open_before)
        for other, new in enumerate(open_after)
        if _same(old, new)
    )
    made: list[Kept] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, number, other in found:
        if number not in taken[0] and other not in taken[1]:
            taken[0].add(number)
            taken[1].add(other)
            made.append(Kept(open_before[number], open_after[other]))
    return sorted(made, key=lambda kept: kept.after.start)


def carried(
    motion: HandMotion, before: Score, after: Score, inside: Mask, locked: Mask | None = None
) -> tuple[HandMotion, Mask]:
    """Bring the gestures that two scores have in common, and the rests of the second, to where it has them.

    Args:
        motion: a performance of the first score.
        before: the first.
        after: the second.
        inside: (T, 2) which frames of which hand may change.
        locked: (T, 2) which of them stay all the same.

    Returns:
        The motion, and (T, 2) which frames of which hand are as they are to be; those of `inside` that are not, are for
        somebody to make.
    """
    held = ~inside if locked is None else ~inside | locked
    kept, rests = same_gestures(before, after), _new_rests(before, after)
    fields = {name: np.array(getattr(motion, name)) for name in ("wrist_position", "rotation", "confidence")}
    done = held.copy()
    for hand, name in enumerate(HANDS):
        track = _Track(motion, hand, held[:, hand])
        track.leave(_own(before, name), _own(after, name))
        for each in kept:
            if each.after.hands in (name, "both", None):
                track.lay(each)
        unknown = [phrase for phrase in _own(after, name) if phrase.kind != REST]
        for phrase in unknown:
            if all(phrase is not each.after for each in kept):
                track.make_room(phrase)
        for border in track.borders():
            track.part(*border)
        for phrase in rests:
            if phrase.hands in (name, "both", None):
                track.rest(phrase, before)
        poses = track.poses
        fields["wrist_position"][:, hand] = poses.wrist_position
        fields["rotation"][:, hand] = poses.rotation
        fields["confidence"][:, hand] = poses.confidence
        done[:, hand] = track.known
    moved = motion.replaced(**fields)
    larger = np.zeros_like(done)
    for each in kept:
        if each.growth != 1.0:
            span = _frames(motion, each.after.start, each.after.end)
            for hand, name in enumerate(HANDS):
                larger[span, hand] |= each.after.hands in (name, "both", None)
    larger &= ~held
    if larger.any():
        allowed = possible(moved)
        position = np.where(larger[..., None], allowed.wrist_position, moved.wrist_position)
        rotation = np.where(larger[..., None, None], allowed.rotation, moved.rotation)
        moved = moved.replaced(wrist_position=position, rotation=rotation)
    return moved, done


class _Track:
    """One hand's frames while they are put together.

    Attributes:
        known: (T,) which frames are as they are to be.
        worth: (T,) how dear they are: 1 of a stroke and its hold, 2 of one that was moved, 3 of what may not change.
        course: (T,) which frame of the performance is shown; that of unknown frames means nothing.
        poses: of all frames.
    """

    def __init__(self, motion: HandMotion, hand: int, held: Mask):
        self.motion, self.fps = motion, motion.fps
        count = motion.frame_count
        self.source = HandPoses(
            motion.wrist_position[:, hand],
            motion.rotation[:, hand],
            np.zeros((count, 3)),
            motion.confidence[:, hand],
        )
        self.hand, self.held = hand, held
        self.known, self.worth = held.copy(), 3 * held.astype(np.int64)
        self.course = np.arange(count, dtype=np.float64)
        self.poses = self.source.at(np.arange(count))

    def leave(self, before: Sequence[Phrase], after: Sequence[Phrase]) -> None:
        """Leave everything as it is where neither score has a gesture, nor a rest that the other has not."""
        same = np.ones(len(self.known), bool)
        for phrases, others in ((before, after), (after, before)):
            rests = [(each.start, each.end) for each in others if each.kind == REST]
            for phrase in phrases:
                if phrase.kind != REST or (phrase.start, phrase.end) not in rests:
                    same[_frames(self.motion, phrase.start, phrase.end)] = False
        self.known |= same

    def make_room(self, phrase: Phrase) -> None:
        """Let the ways before and after a gesture that is to be made be made with it."""
        beside = _frames(self.motion, phrase.start - _BESIDE, phrase.end + _BESIDE)
        self.known[beside] &= self.worth[beside] > 0

    def lay(self, kept: Kept) -> None:
        """Lay a gesture where the new score has it."""
        span = _frames(self.motion, kept.after.start, kept.after.end)
        frames = np.arange(span.start, span.stop)
        frames = frames[~self.held[frames]]
        if len(frames) == 0:
            return
        course = np.interp(frames / self.fps, *_times(kept)) * self.fps
        course = np.clip(course, 0.0, len(self.known) - 1.0)
        new = _sampled(self.source, course)
        if kept.growth != 1.0:
            ends = _sampled(self.source, np.array([kept.before.start, kept.before.end]) * self.fps)
            part = (frames / self.fps - kept.after.start) / max(kept.after.end - kept.after.start, 1e-6)
            base = line(ends.at([0]), ends.at([1]), part)
            grown = amplified(new, base, kept.growth)
            edge = np.minimum(frames / self.fps - kept.after.start, kept.after.end - frames / self.fps) / _GROWTH
            s = np.clip(edge, 0.0, 1.0)
            new = blended(new, grown, s * s * (3.0 - 2.0 * s))
        self._put(frames, new)
        self.known[frames], self.course[frames], self.worth[frames] = True, course, 0
        moved = np.abs(course - frames).max() > 0.5
        for stroke in kept.after.strokes:
            core = _frames(self.motion, max(stroke.apex - STROKE, kept.after.start), stroke.apex + stroke.hold)
            self.worth[core] = np.maximum(self.worth[core], 2 if moved else 1)

    def borders(self) -> Iterator[tuple[int, int]]:
        """Yield where what is known is not gone on with: the last frame of it and the first that is known again."""
        runs = np.flatnonzero(self.known)
        for last, first in pairwise(runs):
            if first - last > 1 or abs(self.course[first] - self.course[last] - 1.0) > 0.5:
                yield int(last), int(first)

    def part(self, last: int, first: int) -> None:
        """Give what lies on both sides of a border away until a hand has time to go over.

        Strokes go where there is not even half of that time, and those that were moved last.
        """
        while self.known[last] and self.known[first]:
            missing = self._way(last, first) - (first - last - 1)
            dear = min(self.worth[last], self.worth[first])
            if missing <= 0 or dear == 3 or (dear > 0 and 2 * missing <= self._way(last, first)):
                return
            sides = [(self.worth[at], -self._slack(at, towards)) for at, towards in ((last, -1), (first, 1))]
            if sides[0] <= sides[1]:
                self.known[last], last = False, last - 1
            else:
                self.known[first], first = False, first + 1

    def rest(self, phrase: Phrase, score: Score) -> None:
        """Let the hand rest where a phrase says so.

        Where there is no time for the way there and back, it is still as low as it can be.
        """
        span = _frames(self.motion, phrase.start, phrase.end)
        if span.stop - span.start < 2:
            return
        here = np.flatnonzero(self.known[: span.start])
        there = np.flatnonzero(self.known[span.stop :])
        last = int(here[-1]) if len(here) else None
        first = span.stop + int(there[0]) if len(there) else None
        # The neighbours' strokes stay; how they were reached and left belongs to what is gone.
        reach = round(_BESIDE * self.fps)
        while last is not None and self.worth[last] == 0 and self.known[last - 1] and span.start - last <= reach:
            last -= 1
        while (
            first is not None and self.worth[first] == 0 and first - span.stop < reach and first + 1 < len(self.known)
        ):
            first += 1
        begin, end = span.start if last is None else last, span.stop - 1 if first is None else first
        target = self._resting(phrase, score)
        ends = [None if at is None else self.poses.at([at]) for at in (last, first)]
        sides = [each for each in ends if each is not None]
        middle = target if not sides else blended(sides[0], sides[-1], np.array([0.5]))
        room = _ON_THE_WAY * (end - begin)
        low, high, ways = 0.0, 1.0, self._ways(ends, target)
        rest = target
        if sum(ways) > room:
            for _ in range(12):
                part = 0.5 * (low + high)
                rest = blended(middle, target, np.array([part]))
                ways = self._ways(ends, rest)
                low, high = (part, high) if sum(ways) <= room else (low, part)
            rest = blended(middle, target, np.array([low]))
            ways = [min(way, int(room / 2)) for way in self._ways(ends, rest)]
        frames = np.arange(begin + ways[0] + 1 if last is not None else begin, end - ways[1])
        if first is None:
            frames = np.arange(frames[0] if len(frames) else begin, end + 1)
        frames = frames[~self.held[frames]]
        self._put(frames, rest.at(np.zeros(len(frames), np.int64)))
        self.known[begin + 1 : end] = self.held[begin + 1 : end]
        self.known[frames] = True

    def _ways(self, ends: Sequence[HandPoses | None], rest: HandPoses) -> list[int]:
        return [0 if end is None else _way(end, rest, self.fps) for end in ends]

    def _way(self, last: int, first: int) -> int:
        return _way(self.poses.at([last]), self.poses.at([first]), self.fps)

    def _slack(self, frame: int, towards: int) -> int:
        """How many frames from one on are as dear as it or less."""
        beside = (self.known & (self.worth <= self.worth[frame]))[frame::towards]
        return int(np.argmin(np.append(beside, False)))

    def _put(self, frames: NDArray[np.int64], poses: HandPoses) -> None:
        for name in ("wrist_position", "rotation", "confidence"):
            getattr(self.poses, name)[frames] = getattr(poses, name)

    def _resting(self, phrase: Phrase, score: Score) -> HandPoses:
        """The pose in which the hand rests around a phrase: where the score says that it does, or else looks as if."""
        near = _frames(self.motion, phrase.start - _NEAR, phrase.end + _NEAR)
        said = np.zeros(len(self.known), bool)
        for each in score.phrases:
            if each.kind == REST and each.hands in (HANDS[self.hand], "both", None):
                said[_frames(self.motion, each.start + _SETTLED, each.end - _SETTLED)] = True
        frames = np.arange(near.start, near.stop)
        if said[frames].any():
            frames = frames[said[frames]]
        poses = self.source.at(frames)
        return poses.at([resting(poses)])


def _own(score: Score, hand: str) -> list[Phrase]:
    """The phrases of a hand."""
    return [phrase for phrase in score.phrases if phrase.hands in (hand, "both", None)]


def _way(one: HandPoses, other: HandPoses, fps: float) -> int:
    """Frames that a hand takes from one pose to another, starting and arriving gently."""
    apart, turn = displacement(one, other)
    seconds = np.clip(np.pi / 2 * max(apart / FASTEST, turn / FASTEST_TURN), SHORTEST_WAY, LONGEST_WAY)
    return int(np.ceil(seconds * fps))


def _same(old: Phrase, new: Phrase) -> bool:
    """Whether a phrase is another one, but for its time and its size."""
    if any(getattr(old, name) != getattr(new, name) for name in ("kind", "hands", "shape", "place")):
        return False
    if old.kind is None or not old.strokes or (new.size is None) != (old.size is None):
        return False
    return len(old.strokes) == len(new.strokes) or (bool(new.strokes) and _cut(old, new))


def _cut(old: Phrase, new: Phrase) -> bool:
    """Whether a phrase is what is left of another one whose beginning or end was given away."""
    within = old.start - 1e-6 <= new.start and new.end <= old.end + 1e-6
    apexes = np.array([stroke.apex for stroke in old.strokes])
    return within and all(np.abs(apexes - stroke.apex).min() < 1e-6 for stroke in new.strokes)


def _times(kept: Kept) -> tuple[Array, Array]:
    """Seconds of the new phrase's, ascending, and those of the old one's that are seen then."""
    old, new = kept
    if _cut(old, new):
        return np.array([new.start, new.end]), np.array([new.start, new.end])
    places = [(new.start, old.start), (new.end, old.end)]
    places += [(after.apex, before.apex) for before, after in zip(old.strokes, new.strokes, strict=True)]
    ascending = np.array(sorted(set(places)))
    keep = np.concatenate([[True], np.diff(ascending[:, 0]) > 1e-6])
    return ascending[keep, 0], ascending[keep, 1]


def _new_rests(before: Score, after: Score) -> list[Phrase]:
    """The rests that the second score has and the first has not."""
    known = [(phrase.start, phrase.end, phrase.hands) for phrase in before.phrases if phrase.kind == REST]
    return [
        phrase
        for phrase in after.phrases
        if phrase.kind == REST
        and phrase.end - phrase.start >= _SHORTEST_REST
        and (phrase.start, phrase.end, phrase.hands) not in known
    ]


def _frames(motion: HandMotion, start: float, end: float) -> slice:
    """The frames from one second to another, the last without."""
    first = int(np.clip(np.ceil(start * motion.fps - 1e-6), 0, motion.frame_count))
    last = int(np.clip(np.ceil(end * motion.fps - 1e-6), first, motion.frame_count))
    return slice(first, last)


def _sampled(poses: HandPoses, frames: Array) -> HandPoses:
    """Poses at frames (N,), whole or not."""
    at = np.clip(frames, 0.0, len(poses) - 1.0)
    first = np.minimum(np.floor(at).astype(np.int64), max(len(poses) - 2, 0))
    part = at - first
    if np.all(part < 1e-9):
        return poses.at(first)
    after = poses.at(np.minimum(first + 1, len(poses) - 1))
    after = replace(after, rotation=quaternion.facing(after.rotation, poses.rotation[first]))
    return blended(poses.at(first), after, part)
