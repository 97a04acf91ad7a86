# SPDX-License-Identifier: GPL-3.0-or-later
"""The plainest movement that does what a score says: a course for each wrist, for a network to start from.

Of each phrase it sets out from where the hand was, is back before each stroke, arrives at the apex, springs back a
little, and after the last phrase goes to rest. What people add to that (arcs, fingers, the other hand, rests, the life
in between) is left to the network.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.repertoire.kinds import HOME, KINDS, Kind, Repeat
from chironomy.gesture.score.phrases import REST, Phrase, Stroke

SKETCH_SIZE = 9
"""Numbers a frame of each hand: said, place (3), sine and cosine of the pronation, flexion, deviation, effort."""

Array = NDArray[np.float64]

# Metres out, up and forward, and degrees: a hand at rest.
_RESTING = np.array([0.16, -0.37, 0.2, 16.0, 15.0, -2.0])
_USUAL_SIZE = 0.17  # metres of a stroke where nobody says
_BACK = 1.08  # of a stroke's way that the hand goes back before it
_TAKES = 0.85  # part of a kind's seconds from setting out to arriving
_SPRING, _SPRING_SECONDS = 0.22, 0.45  # part of the way back after an apex, and how long
_RETRACTION, _SHORTEST = 0.9, 0.12  # seconds
_UNSAID = 1.6  # seconds without a phrase after which nothing is said any more
_PLACE, _DEGREES = 0.25, np.array([45.0, 20.0])  # what is 1 to the network


class Moment(Enum):
    """What a moment of a course is."""

    WAY = "on the way"
    READY = "a stroke begins"
    APEX = "it arrives"
    HELD = "what it shows is still seen"


@dataclass
class _Course:
    """Of one hand: moments, where it is at them, and which of them are a stroke's own: its beginning, apex and hold."""

    times: list[float] = field(default_factory=list)
    poses: list[Array] = field(default_factory=list)
    efforts: list[float] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def reach(self, time: float, pose: Array, effort: float = 0.0, moment: Moment = Moment.WAY) -> None:
        """Be at `pose` at `time`, or as soon after the last moment as a hand can."""
        if self.times:
            time = max(time, self.times[-1] + 1e-3)
        self.times.append(time)
        self.poses.append(pose)
        self.efforts.append(effort)
        self.moments.append(moment)

    @property
    def pose(self) -> Array:
        return self.poses[-1] if self.poses else _RESTING


def sketch_frames(
    phrases: Iterable[tuple[Phrase, Collection[str]]], fps: float, first: int, count: int
) -> NDArray[np.float32]:
    """What a score's phrases come to as movement.

    Args:
        phrases: and which of their fields are told, in the order in which they start.
        fps: frames a second.
        first: the first frame, counted from the recording's beginning; it may lie before it.
        count: how many frames.

    Returns:
        (count, 2, SKETCH_SIZE) numbers of the left and the right hand; 0 where nothing is said.
    """
    times = (first + np.arange(count)) / fps
    frames = np.zeros((count, 2, SKETCH_SIZE), np.float32)
    phrases = [(phrase, fields) for phrase, fields in phrases if phrase.kind != REST or "kind" in fields]
    begin, end = times[0] - 4.0, times[-1] + 4.0
    phrases = [(phrase, fields) for phrase, fields in phrases if phrase.start < end and phrase.end > begin]
    for run in _runs(phrases):
        _sketch(run, times, frames)
    return frames


def _runs(phrases: Sequence[tuple[Phrase, Collection[str]]]) -> list[list[tuple[Phrase, Collection[str]]]]:
    """The phrases, parted where nothing is said for long."""
    runs: list[list[tuple[Phrase, Collection[str]]]] = []
    reached = -np.inf
    for entry in phrases:
        if entry[0].start - reached > _UNSAID or not runs:
            runs.append([])
        runs[-1].append(entry)
        reached = max(reached, entry[0].end)
    return runs


def _sketch(run: list[tuple[Phrase, Collection[str]]], times: Array, frames: NDArray[np.float32]) -> None:
    """Write one run of phrases into the frames that it spans."""
    begin, end = run[0][0].start, max(phrase.end for phrase, _ in run)
    courses = [_Course(), _Course()]
    for phrase, fields in run:
        for side in (0, 1):
            course = courses[side]
            course.reach(phrase.start, course.pose)
            if phrase.kind == REST:
                course.reach(min(phrase.start + _RETRACTION, phrase.end), _RESTING)
            elif "hands" in fields and phrase.hands not in (None, "both", ("left", "right")[side]):
                course.reach(phrase.end, 0.5 * course.pose + 0.5 * _RESTING)
            else:
                strokes = phrase.strokes if "strokes" in fields else ()
                _gesture(course, phrase, strokes, drawing(phrase, fields))
    rows = np.flatnonzero((times >= begin) & (times <= end))
    if not len(rows):
        return
    for side, course in enumerate(courses):
        frames[rows, side] = _numbers(course, times[rows])


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a phrase's strokes are by the repertoire.

    Attributes:
        kind: whose strokes they are.
        goal: (6,) metres out, up and forward, and degrees of pronation, flexion and deviation: where they end.
        way: (6,) from where they begin to where they end.
        scale: how much larger they are than the kind usually is.
    """

    kind: Kind
    goal: Array
    way: Array
    scale: float


def drawing(phrase: Phrase, fields: Collection[str]) -> Drawing:
    """The strokes of a phrase as far as its fields are told; both hands' are mirror images of each other."""
    kind = KINDS[phrase.kind if "kind" in fields and phrase.kind in KINDS else "beat"]
    ready, apex = kind.prepared.vector()[:6], kind.apex.vector()[:6]
    way = apex - ready
    length = float(np.linalg.norm(way[:3]))
    size = phrase.size if "size" in fields and phrase.size is not None else _USUAL_SIZE
    scale = min(size / (_BACK * length), 2.5) if length > 1e-6 else 1.0
    goal = apex.copy()
    if "place" in fields and phrase.place is not None:
        x, y, z = phrase.place
        # Of both hands the place is the right one's.
        goal[:3] = (x if phrase.hands == "left" else -x), y, z
    elif kind.roam > 0.5:
        goal[:3] = HOME
    return Drawing(kind, goal, scale * way, scale)


def stroke_moments(phrase: Phrase, drawn: Drawing) -> tuple[Array, Array, list[Moment]]:
    """Where a hand is at the moments of its strokes: seconds (N,), poses (N, 6), and what each is, none of them `WAY`.

    The last is the phrase's end, where that is not an apex itself.
    """
    course = _Course()
    course.reach(phrase.start, drawn.goal)
    _gesture(course, phrase, phrase.strokes, drawn)
    own = [number for number, moment in enumerate(course.moments) if moment is not Moment.WAY]
    if phrase.end - course.times[own[-2]] < _SHORTEST:
        own = own[:-1]
    return np.array(course.times)[own], np.stack(course.poses)[own], [course.moments[number] for number in own]


def _gesture(course: _Course, phrase: Phrase, strokes: Sequence[Stroke], drawn: Drawing) -> None:
    """Prepare, stroke and spring back, as often as there are strokes."""
    kind, goal, way = drawn.kind, drawn.goal, drawn.way
    takes = _TAKES * kind.stroke_seconds
    if not strokes:
        course.reach(min(phrase.start + 0.5, phrase.end), goal - 0.3 * way)
        course.reach(phrase.end, goal - 0.3 * way)
        return
    for number, stroke in enumerate(strokes):
        begins, ends = goal - _BACK * way, goal
        if kind.repeat is Repeat.ACROSS and number % 2:
            begins, ends = ends, begins
        before = course.times[-1]
        # A stroke that follows closely has less time to go back.
        sets_out = max(stroke.apex - takes, before + 0.4 * (stroke.apex - before))
        course.reach(sets_out, begins, moment=Moment.READY)
        course.reach(stroke.apex, ends, 1.0, Moment.APEX)
        sprung = ends + _SPRING * (begins - ends)
        following = strokes[number + 1].apex - takes if number + 1 < len(strokes) else phrase.end
        holds = stroke.apex + min(stroke.hold, max(following - stroke.apex - _SHORTEST, 0.0))
        if holds > stroke.apex + _SHORTEST:
            course.reach(holds, ends + 0.3 * (sprung - ends), moment=Moment.HELD)
        until = min(holds + _SPRING_SECONDS, following)
        if until > course.times[-1] + _SHORTEST:
            course.reach(until, sprung)
    course.reach(phrase.end, course.pose, moment=Moment.HELD)


def _numbers(course: _Course, times: Array) -> NDArray[np.float32]:
    """(T, SKETCH_SIZE) of a course: each way is gone smoothly from its beginning to its end."""
    knots, poses = np.array(course.times), np.stack(course.poses)
    after = np.clip(np.searchsorted(knots, times, side="right"), 1, max(len(knots) - 1, 1))
    after = np.minimum(after, len(knots) - 1)
    before = np.maximum(after - 1, 0)
    span = np.maximum(knots[after] - knots[before], 1e-6)
    part = np.clip((times - knots[before]) / span, 0, 1)
    part = part * part * part * (10 + part * (6 * part - 15))
    pose = poses[before] + part[:, None] * (poses[after] - poses[before])
    effort = np.array(course.efforts)[after] * 4 * part * (1 - part)
    pronation = np.radians(pose[:, 3])
    numbers = np.empty((len(times), SKETCH_SIZE), np.float32)
    numbers[:, 0] = 1
    numbers[:, 1:4] = (pose[:, :3] - HOME) / _PLACE
    numbers[:, 4], numbers[:, 5] = np.sin(pronation), np.cos(pronation)
    numbers[:, 6:8] = pose[:, 4:6] / _DEGREES
    numbers[:, 8] = effort
    return numbers
