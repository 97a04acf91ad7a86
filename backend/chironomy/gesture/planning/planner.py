# SPDX-License-Identifier: GPL-3.0-or-later
"""From accents and phrases to the movement of both hands, after Kendon (2004) and McNeill (1992).

A gesture unit goes from rest to rest and spans phrases of speech that follow on one another. In it come gesture
phrases: one kind of gesture in one place, of one hand or both. Each stroke has its preparation, which begins early and
goes round in an arc; it arrives about as its accented syllable begins to sound, springs back and drifts until the next
one. A hand that has no part moves along a little. At the end of the unit the hands go to rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from chironomy.gesture.planning.manners import MANNERS, Manner, manner_of
from chironomy.gesture.planning.movement import Array, Hand, Move, Movement, Phase
from chironomy.gesture.planning.places import before_body
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES, HOME, KINDS, Kind, Repeat
from chironomy.gesture.repertoire.rests import RESTS
from chironomy.gesture.score.phrases import Phrase, Stroke
from chironomy.motion.hand_motion import HANDS

LEAD = 0.05  # seconds by which a stroke ends before its accent's onset; measured apexes then fall on it
LEAD_SPREAD = 0.022  # standard deviation
ANTICIPATION = 1.08  # of a stroke's way: it begins a little farther back
_ARRIVED = 0.88  # part of a stroke after which its speed is a fifth of its peak: it has arrived
_OVERLAP = 0.15  # part of a stroke during which its preparation still goes on
_SETTLED = 0.1  # seconds after an apex at which the next movement may set in
HIGH = -0.12  # metres above the shoulders from which on a hand is held up

# How far a hand shape may differ from itself: where fingers touch, or their number speaks, hardly.
_LOOSE = {"ring": 0.2, "bunch": 0.25, "fist": 0.3, "point": 0.3, "flat": 0.6}
_LOOSE |= {"two": 0.3, "three": 0.3, "four": 0.3, "thumb_up": 0.25}
_RELAXED = SHAPES["relaxed"]
_LOW = np.array([0.2, -0.31, 0.235])  # where a hand waits that has no part for a while


@dataclass(frozen=True)
class _Accent:
    """An accent that gets a stroke."""

    time: float
    strength: float
    phrase: int


@dataclass
class _GesturePhrase:
    """One kind of gesture over several strokes."""

    name: str
    kind: Kind
    shape: str
    active: list[int]
    manner: str  # how two hands go together: "mirrored", "offset", "alternating" or "apart"
    ready: list[Array]  # of each hand: where the stroke begins
    goal: list[Array]  # and where it ends
    rhythm: bool
    begins: float = np.inf
    count: int = 0
    sizes: list[float] = field(default_factory=list)
    apexes: list[float] = field(default_factory=list)
    places: dict[int, Array] = field(default_factory=dict)  # of each hand: where it was at its first apex


class Planner:
    """Writes the movement for one recording.

    Args:
        style: a name of `MANNERS`, or weights of several, summing to 1.
        speed: relative speed, 1 is the style's own: shorter movements and more of them.
        amplitude: relative size, 1 is the style's own.
        random: the only source of chance.
        handedness: "left" or "right": that hand alone gestures; "both": both always; None: as it comes.
        rate: relative number of strokes, 1 is the style's own.
        earliest: seconds at which the first stroke may arrive; a hand that is at rest when the recording begins needs
            more than one that is on its way.
        manners: of all styles by name.
    """

    def __init__(
        self,
        style: str | dict[str, float],
        speed: float,
        amplitude: float,
        random: np.random.Generator,
        handedness: str | None = None,
        rate: float = 1.0,
        earliest: float = 0.5,
        manners: Mapping[str, Manner] = MANNERS,
    ):
        self.random, self.earliest = random, earliest
        self.manner = manner_of({style: 1.0} if isinstance(style, str) else style, manners)
        self.tempo = self.manner.tempo * speed**0.75
        personal = float(np.exp(random.normal(0, 0.1)))
        self.rate = rate
        self.interval = 60 / (self.manner.strokes_per_minute * personal * rate * speed**0.5)
        self.amplitude = self.manner.size(speed, amplitude)
        self.space = self.manner.space * amplitude**0.6
        self.handedness = handedness
        self.preferred = int(handedness == "right" or (handedness != "left" and random.random() < 0.75))
        self.home = HOME + random.normal(0, [0.015, 0.03, 0.015])
        self.home += self.manner.width, self.manner.height, self.manner.reach
        # Speakers have habits: each takes up some kinds more than others, and fingers follow in an order of their own.
        self.kinds = {name: w * float(np.exp(random.normal(0, 0.6))) for name, w in self.manner.kinds.items()}
        self.finger_lags = [random.normal(0.04, 0.035, 5) for _ in range(2)]
        self.hands = [Hand(pose, pose) for pose in self._rest_poses()]
        self.last_kind, self.last_place = "", self.home
        self.number = 0
        self.done: list[Phrase] = []

    def plan(self, times: Array, strengths: Array, phrases: list[tuple[float, float]]) -> Movement:
        """Write the movement.

        Args:
            times: (N,) seconds at which accented syllables begin to sound.
            strengths: (N,) how strong the accents are, 0 to 1.
            phrases: begin and end, in seconds, of stretches of speech.
        """
        rest = (self.hands[0].pose, self.hands[1].pose)
        units = self._units(phrases)
        for number, (begin, end) in enumerate(units):
            inside = (times >= begin - 0.05) & (times <= end + 0.05)
            following = units[number + 1][0] if number + 1 < len(units) else np.inf
            self._unit(self._choose(times[inside], strengths[inside], begin, phrases), end, following)
        left, right = self.hands
        apexes = np.array([stroke.apex for phrase in self.done for stroke in phrase.strokes])
        return Movement(rest, (left.moves, right.moves), apexes, _in_turn(self.done))

    def _units(self, phrases: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Join phrases that follow closely: begin and end."""
        units: list[tuple[float, float]] = []
        for begin, end in phrases:
            if units and begin - units[-1][1] < self.manner.pause * self.random.uniform(0.7, 1.4):
                units[-1] = (units[-1][0], end)
            else:
                units.append((begin, end))
        return units

    def _choose(
        self, times: Array, strengths: Array, begin: float, phrases: list[tuple[float, float]]
    ) -> list[_Accent]:
        """The accents that get a stroke: about as often as the style has, strong ones sooner, the rest by chance.

        Some strokes fall where no accent is, as the style's freedom has it.
        """
        random, manner = self.random, self.manner
        starts = [first - 0.05 for first, _ in phrases]
        number = np.searchsorted(starts, times) - 1
        bounds = np.array([phrases[max(i, 0)] for i in number]).reshape(-1, 2)
        part = np.clip((times - bounds[:, 0]) / np.maximum(bounds[:, 1] - bounds[:, 0], 0.3), 0, 1)
        liking = manner.accent * strengths - manner.beginning * part
        least = float(np.clip(0.56 / np.sqrt(self.tempo * max(self.rate, 1.0)), 0.3, 1.1))
        now = begin + float(random.uniform(-1, 0.5)) * self.interval
        chosen: list[_Accent] = []
        while True:
            desired = now + self.interval * float(np.exp(random.normal(0, 0.15 + 0.45 * (1 - manner.evenness))))
            open_to = np.flatnonzero(times >= max(now + least, self.earliest))
            near = open_to[times[open_to] <= desired + 1.2 * self.interval]
            if not len(open_to):
                return chosen
            if random.random() < manner.freedom and max(now + least, self.earliest) <= desired < times[-1]:
                now = desired
                spoken = int(np.searchsorted(starts, now)) - 1
                if spoken >= 0 and now < phrases[spoken][1]:
                    chosen.append(_Accent(now, float(random.uniform(0.2, 0.8)), spoken))
                continue
            if not chosen:
                near = near[times[near] <= begin + max(manner.begins, 1.5 * self.interval)]
            if not len(near):
                near = open_to[:1]
            score = liking[near] - ((times[near] - desired) / (0.4 * self.interval)) ** 2
            index = int(near[np.argmax(score + random.gumbel(size=len(near)))])
            now = float(times[index])
            chosen.append(_Accent(now, float(strengths[index]), int(number[index])))

    def _unit(self, accents: list[_Accent], end: float, following: float) -> None:
        random = self.random
        phrase: _GesturePhrase | None = None
        for number, accent in enumerate(accents):
            apex = accent.time - LEAD + float(np.clip(random.normal(0, LEAD_SPREAD), -0.07, 0.07))
            last = accents[number - 1] if number else None
            since = accent.time - last.time if last else 10.0
            until = accents[number + 1].time - accent.time if number + 1 < len(accents) else 10.0
            new = phrase is None or since > 2.0 or random.random() > 1 - 1 / self.manner.repeats
            if phrase is not None and last is not None and accent.phrase != last.phrase and random.random() < 0.6:
                new = True
            if phrase is not None and phrase.kind.repeat is Repeat.ONCE:
                new = True
            if phrase is not None and phrase.apexes and apex - phrase.apexes[0] > self._stays(phrase):
                new = True
            if new or phrase is None:
                if phrase is not None:
                    self._note(phrase, apex - 0.3)
                phrase = self._gesture_phrase(since)
            self._stroke(phrase, apex, accent.strength, since, until)
        if phrase is not None:
            self._note(phrase, self._retract(end, following))

    def _stays(self, phrase: _GesturePhrase) -> float:
        """Seconds from its first stroke in which a gesture phrase has further ones: raised hands tire."""
        high = phrase.goal[phrase.active[0]][1] > HIGH
        return self.manner.stays * (0.6 if high else 1.0)

    def _choose_hands(self) -> list[int]:
        if self.handedness in ("left", "right"):
            return [self.preferred]
        if self.handedness == "both" or self.random.random() < self.manner.both_hands:
            first = self.preferred if self.random.random() < 0.7 else 1 - self.preferred
            return [first, 1 - first]
        return [self.preferred if self.random.random() < 0.68 else 1 - self.preferred]

    def _choose_kind(self, both: bool) -> str:
        """A kind that these hands do, and not the one that was just done."""
        weights = {
            name: weight * 2 * (KINDS[name].two_handed if both else 1 - KINDS[name].two_handed)
            for name, weight in self.kinds.items()
        }
        if self.last_kind in weights and sum(weight > 0 for weight in weights.values()) > 1:
            weights[self.last_kind] *= 0.1
        if not any(weights.values()):
            weights = {"beat": 1.0}
        return self._pick(weights)

    def _pick(self, shares: dict[str, float]) -> str:
        weights = np.array(list(shares.values()))
        return list(shares)[self.random.choice(len(weights), p=weights / weights.sum())]

    def _place(self, both: bool) -> Array:
        """Somewhere in the space before the body and beside it, seldom where the last gesture was."""
        random = self.random
        best, farthest = self.home, -1.0
        raised = self.manner.raised * (self.manner.raised_both if both else 1.0)
        for _ in range(round(self.manner.choices)):
            place = self.home + random.normal(0, [0.06, 0.13, 0.065]) * self.space
            chance = random.random()
            if chance < raised:
                place[0] += 0.06
                place[1] = random.uniform(-0.02, 0.14)
            elif chance < raised + 0.14 * min(self.space, 1.5):
                place[0] = random.uniform(-0.05, 0.09)
            elif chance < raised + 0.28 * min(self.space, 1.5):
                place[0] = random.uniform(0.27, 0.35)
            place[2] += 0.35 * max(place[1] + 0.12, 0.0)  # a hand before the shoulder is not folded onto it
            if both:
                place[0] = max(place[0], 0.12)
            distance = float(np.linalg.norm(place - self.last_place))
            if distance > farthest:
                best, farthest = place, distance
        return best

    def _gesture_phrase(self, since: float) -> _GesturePhrase:
        """Choose kind, hands, shape and place of the next gesture phrase; after a quick one, not far away."""
        random, manner = self.random, self.manner
        active = self._choose_hands()
        both = len(active) == 2
        name = self._choose_kind(both)
        kind = KINDS[name]
        shape = kind.apex.shape if kind.own_shape else self._pick(manner.shapes)
        if name == "count":  # goes on from where it was, or begins anew
            self.number = 0 if self.number >= len(COUNT_SHAPES) or random.random() < 0.3 else self.number
            shape = COUNT_SHAPES[self.number]
            self.number += 1
        place = self._place(both)
        if since < 0.9:
            place += (0.5 - 0.4 * since) * (self.hands[active[0]].pose[:3] - place)
        way_of_hands = "mirrored"
        if both and not kind.crossed:
            way_of_hands = str(
                random.choice(["mirrored", "offset", "alternating", "apart"], p=[0.36, 0.26, 0.14, 0.24])
            )
            if kind.two_handed == 1.0 and way_of_hands == "alternating":
                way_of_hands = "offset"
        ready, goal = self._ends(kind, shape, place)
        ends = [[ready.copy(), goal.copy()], [ready.copy(), goal.copy()]]
        if both:  # the other hand does alike, never the same
            other = ends[active[1]]
            loose = 1.0 if way_of_hands == "apart" else 0.45
            if way_of_hands == "apart" and kind.two_handed < 1.0:
                other[0], other[1] = self._ends(kind, shape, place)
            shift = random.normal(0, [0.05, 0.07, 0.04]) * loose
            turn = random.normal(0, [22.0, 11.0, 7.0]) * loose
            size = float(random.uniform(0.5, 1.0) if way_of_hands == "apart" else random.uniform(0.75, 1.1))
            for end in other:
                end[:3] += shift
                end[3:6] += turn
            other[0][:6] = other[1][:6] + size * (other[0][:6] - other[1][:6])
            if kind.crossed:
                for end in ends[active[0]]:
                    end[1:3] += 0.05, 0.035
                for end in other:
                    end[1:3] -= 0.04, 0.03
        self.last_kind, self.last_place = name, place
        rhythm = random.random() < manner.rhythm and kind.repeat is Repeat.AGAIN
        return _GesturePhrase(
            name, kind, shape, active, way_of_hands, [ends[0][0], ends[1][0]], [ends[0][1], ends[1][1]], rhythm
        )

    def _ends(self, kind: Kind, shape: str, place: Array) -> tuple[Array, Array]:
        """Where a stroke of a kind begins and ends, about a place."""
        random = self.random
        ready, goal = kind.prepared.vector(), kind.apex.vector()
        if kind.prepared.shape == kind.apex.shape:
            ready[6:] = goal[6:] = SHAPES[shape]
        loose = _LOOSE.get(shape, 1.0)
        if loose == 1.0:  # fingers gather before the stroke and open with it
            gather = float(random.uniform(0.2, 0.7))
            ready[6:] += gather * (SHAPES["cupped"] - ready[6:])
        middle = 0.5 * (ready[:3] + goal[:3])
        half = 0.5 * self._turned(goal[:3] - ready[:3], kind.turn)
        centre = middle + kind.roam * (place - middle)
        held = random.normal(0, [26.0, 10.0, 7.0]) * (0.35 + 0.65 * kind.roam)
        held[0] -= self.manner.supination * kind.roam
        for pose, side in ((ready, -1.0), (goal, 1.0)):
            pose[:3] = centre + side * half
            pose[3:6] += held + random.normal(0, [5.0, 5.0, 3.0])
        return ready, goal

    def _turned(self, way: Array, freedom: float) -> Array:
        """The same way in another direction, as free as that is, and a little longer or shorter."""
        length = float(np.linalg.norm(way))
        aside = self.random.normal(size=3) * [0.65, 1.4, 0.75]
        aside = aside / np.linalg.norm(aside)
        turned = way / max(length, 1e-6) * (1 - freedom) + freedom * aside
        turned = turned / max(float(np.linalg.norm(turned)), 0.2)
        return turned * length * float(np.exp(self.random.normal(0, 0.15)))

    def _stroke(self, phrase: _GesturePhrase, apex: float, strength: float, since: float, until: float) -> None:
        """Prepare and stroke so that the leading hand arrives at `apex`."""
        random, number = self.random, phrase.count
        phrase.count += 1
        size = self.amplitude * (0.8 + 0.4 * strength) * float(np.exp(random.normal(0, 0.15)))
        if number and not phrase.rhythm:
            size *= float(random.uniform(0.6, 1.0))
        # Larger strokes take longer, but less than in proportion.
        seconds = phrase.kind.stroke_seconds * float(np.exp(random.normal(0, 0.12))) / self.tempo**0.55
        seconds *= 0.8 + 0.2 * min(size, 2.0)
        seconds = float(np.clip(seconds, 0.24, max(0.55 * since, 0.26)))
        hands = phrase.active
        if phrase.manner == "alternating":
            hands = [phrase.active[number % 2]]
            if number == 0:  # the other hand is raised too, and waits
                self._raise(phrase.active[1], phrase, apex)
        late = float(random.uniform(0.05, 0.16) if phrase.manner in ("offset", "apart") else random.uniform(0, 0.05))
        for order, side in enumerate(hands):
            hand = self.hands[side]
            ready, goal = self._next_ends(phrase, side, size)
            arrives = apex + order * late
            start = arrives - _ARRIVED * seconds
            begins = self._prepare(side, start + _OVERLAP * seconds, ready, phrase.shape)
            phrase.begins = min(phrase.begins, begins)
            self._move(side, start, seconds, goal, Phase.STROKE, (0.06, 0.3), phrase.shape)
            if order == 0:
                phrase.sizes.append(float(np.linalg.norm(goal[:3] - ready[:3])))
            if until > 0.8:
                self._recoil(side, start + 0.84 * seconds, ready, goal, phrase.shape)
            hand.free_from = arrives + _SETTLED
        phrase.apexes.append(apex)
        for side in (0, 1):
            if side not in hands:
                self._sympathise(side, apex, seconds, phrase)

    def _next_ends(self, phrase: _GesturePhrase, side: int, size: float) -> tuple[Array, Array]:
        """Where the next stroke of a hand in its phrase begins and ends."""
        random, repeat, number = self.random, phrase.kind.repeat, phrase.count - 1
        ready, goal = phrase.ready[side].copy(), phrase.goal[side].copy()
        way = goal[:6] - ready[:6]
        if repeat is Repeat.ACROSS and number % 2:
            ready[:6], goal[:6], way = goal[:6].copy(), ready[:6].copy(), -way
        elif number and not phrase.rhythm:
            way[:3] = self._turned(way[:3], 0.7 * phrase.kind.turn + 0.1)
            step = random.normal(0, [0.035, 0.04, 0.025]) * min(self.space, 1.5) * phrase.kind.roam
            if repeat is Repeat.ONWARD:
                step[0] += 0.025
            goal[:3] += step
            phrase.goal[side][:3] += step
            goal[3:6] += random.normal(0, [9.0, 6.0, 4.0]) * phrase.kind.roam
        middle = 0.4 * ready[:6] + 0.6 * goal[:6] if repeat is Repeat.ACROSS else goal[:6]
        goal[:6] = middle + (goal[:6] - middle) * size
        jitter = random.normal(0, [0.012, 0.012, 0.01]) * (0.3 + 0.7 * phrase.kind.roam)
        goal[:3] += jitter
        ready[:6] = goal[:6] - ANTICIPATION * way * size
        for end in (ready, goal):
            end[:3] = before_body(end[:3])
        phrase.places.setdefault(side, goal[:3])
        return ready, goal

    def _move(
        self, side: int, start: float, seconds: float, pose: Array, phase: Phase, bow: tuple[float, float], shape: str
    ) -> None:
        """Append a move with a path of its own and fingers of their own."""
        random, hand = self.random, self.hands[side]
        pose = pose.copy()
        pose[:3] = before_body(pose[:3])
        loose = _LOOSE.get(shape, 1.0)
        pose[6:] = _at_ease(pose[6:] + self._finger_play(loose * self.manner.fingers))
        lags = self.finger_lags[side] + random.normal(0, 0.015, 5)
        lags = (0.3 + 0.7 * loose) * lags
        if phase is Phase.RELEASE:
            lags = 0.6 * lags
        way = pose[:3] - hand.pose[:3]
        hand.move(Move(start, seconds, pose, self._bow(way, *bow), phase, lags))

    def _bow(self, way: Array, low: float, high: float) -> Array:
        """How far aside of a way its path goes, to any side and rather forward and up."""
        length = float(np.linalg.norm(way))
        if length < 1e-6:
            return np.zeros(3)
        along = way / length
        aside = self.random.normal([0.2, 0.3, 0.35], 1.0)
        aside = aside - (aside @ along) * along
        aside = aside / max(float(np.linalg.norm(aside)), 1e-6)
        return aside * length * float(self.random.uniform(low, high))

    def _finger_play(self, size: float) -> Array:
        """(20,) degrees by which fingers differ, each on its own."""
        random = self.random
        play = np.zeros(20)
        common = random.normal(0, 4.0)
        for finger in range(4):
            own = common + random.normal(0, 7.0)
            middle = 0.7 * own + random.normal(0, 7.0)
            play[4 * finger : 4 * finger + 4] = (
                own + random.normal(0, 4.0),
                middle,
                0.62 * middle,
                random.normal(0, 3.5),
            )
        play[16:] = random.normal(0, [6.0, 6.0, 6.0, 7.0])
        return size * play

    def _prepare(self, side: int, ready_at: float, ready: Array, shape: str) -> float:
        """Bring a hand to where a stroke begins, by `ready_at`; return the moment at which it sets out."""
        random, hand = self.random, self.hands[side]
        distance = float(np.linalg.norm(ready[:3] - hand.pose[:3]))
        wanted = (
            (0.36 + 1.35 * distance / max(self.amplitude, 0.6)) / self.tempo**0.6 * float(random.uniform(0.85, 1.35))
        )
        free_from = hand.free_from
        if hand.moves and hand.moves[-1].phase is Phase.RELEASE:  # what sinks is caught on its way
            free_from = min(free_from, hand.moves[-1].start + 0.35)
        room = ready_at - free_from
        if room > wanted + 0.4 and not hand.resting:
            self._drift(side, free_from, room - wanted + 0.15, ready)
            room = wanted
        seconds = float(np.clip(min(wanted, room), 0.24, 1.2))
        self._move(side, ready_at - seconds, seconds, ready, Phase.PREPARATION, (0.06, 0.34), shape)
        return ready_at - seconds

    def _drift(self, side: int, start: float, seconds: float, towards: Array) -> None:
        """Keep a hand moving while nothing is stressed: it sinks a little, and on towards what comes."""
        random, hand = self.random, self.hands[side]
        count = max(1, round(seconds / 0.75 * self.tempo**0.6))
        for part in range(count):
            pose = hand.pose.copy()
            pose[:3] += 0.25 * (towards[:3] - pose[:3])
            pose[:3] += random.normal(0, [0.05, 0.06, 0.04]) * self.manner.idle * min(self.amplitude, 1.8)
            pose[1] -= random.uniform(0.0, 0.03)
            pose[3:6] += random.normal(0, [22.0, 9.0, 6.0]) - 0.2 * (pose[3:6] - towards[3:6])
            pose[6:] += random.uniform(0.2, 0.5) * (_RELAXED - pose[6:])
            each = seconds / count
            self._move(side, start + part * each, 1.15 * each, pose, Phase.RELEASE, (0.1, 0.35), "relaxed")

    def _recoil(self, side: int, start: float, ready: Array, goal: Array, shape: str) -> None:
        """Spring back some of the way, and relax."""
        random = self.random
        pose = goal.copy()
        pose[:6] += self.manner.recoil * float(random.uniform(0.4, 1.5)) * (ready[:6] - goal[:6])
        pose[:3] += random.normal(0, 0.018, 3)
        pose[3:6] += random.normal(0, [16.0, 7.0, 4.0])
        pose[6:] += random.uniform(0.1, 0.35) * _LOOSE.get(shape, 1.0) * (_RELAXED - pose[6:])
        seconds = float(random.uniform(0.36, 0.6)) / self.tempo**0.5
        self._move(side, start, seconds, pose, Phase.RELEASE, (0.05, 0.3), shape)

    def _raise(self, side: int, phrase: _GesturePhrase, apex: float) -> None:
        hand = self.hands[side]
        at = max(apex + float(self.random.uniform(-0.1, 0.3)), hand.free_from + 0.4)
        phrase.begins = min(phrase.begins, self._prepare(side, at, phrase.ready[side], phrase.shape))

    def _sympathise(self, side: int, apex: float, seconds: float, phrase: _GesturePhrase) -> None:
        """Let a hand that has no part in a stroke move along, less and later; or go to rest after a while."""
        random, hand = self.random, self.hands[side]
        sympathy = self.manner.sympathy
        if side in phrase.active:
            sympathy *= 1.2
        start = max(hand.free_from, apex - float(random.uniform(0.1, 0.6)) * seconds)
        if start > apex + 0.5:
            return
        if self.handedness in ("left", "right"):
            pose = hand.rest.copy()
            pose[:3] += random.normal(0, 0.01, 3)
            pose[3:6] += random.normal(0, 3.0, 3)
        elif hand.resting:
            if random.random() > 0.7 * sympathy + 0.1:
                return
            pose = hand.pose.copy()
            pose[:3] += random.normal(0, 0.02, 3) + 0.3 * random.uniform(0, 1) * (_LOW - pose[:3])
            pose[3:6] += random.normal(0, 8.0, 3)
        else:
            if phrase.count == 1 and side not in phrase.active and random.random() < 0.1:
                self._ease(side, start, hand.rest)
                return
            pose = hand.pose.copy()
            way = phrase.goal[phrase.active[0]][:3] - phrase.ready[phrase.active[0]][:3]
            pose[:3] += sympathy * float(random.uniform(0.4, 1.2)) * self._turned(way, 0.5) * min(self.amplitude, 1.6)
            pose[:3] += 0.25 * (_LOW - pose[:3])
            pose[3:6] += random.normal(0, [20.0, 8.0, 5.0]) - 0.25 * (pose[3:6] - [5.0, 0.0, 0.0])
            pose[6:] += 0.25 * (_RELAXED - pose[6:])
        duration = float(random.uniform(1.1, 1.8)) * seconds
        self._move(side, start, duration, pose, Phase.RELEASE, (0.1, 0.35), "relaxed")
        hand.free_from = start + 0.75 * duration

    def _retract(self, end: float, following: float) -> float:
        """Bring both hands to rest; return when they set out."""
        random = self.random
        together = float(random.uniform(-0.3, 1.3))
        if random.random() < 0.5:  # to another rest than before
            for side, pose in enumerate(self._rest_poses()):
                if side == self.preferred or self.handedness not in ("left", "right"):
                    self.hands[side].rest = pose
        first = np.inf
        for side, hand in enumerate(self.hands):
            if not hand.resting:
                start = max(hand.free_from + float(random.uniform(0.05, 0.4)), end + together)
                start = min(start + float(random.uniform(0, 0.15)), max(following - 0.9, hand.free_from))
                first = min(first, start)
                self._ease(side, start, hand.rest)
        return first

    def _rest_poses(self) -> tuple[Array, Array]:
        """The poses of the left and the right hand in a rest of the style's."""
        random = self.random
        rests = dict(self.manner.rests)
        if self.handedness in ("left", "right"):  # what lies in the other hand does not gesture alone
            rests = {name: weight for name, weight in rests.items() if not RESTS[name].together} or {"sides": 1.0}
        rest = RESTS[self._pick(rests)]
        shift = random.normal(0, [0.006, 0.012, 0.006])
        poses = []
        for pose in (rest.lead, rest.other):
            vector = pose.vector()
            vector[:3] += shift if rest.together else shift + random.normal(0, 0.008, 3)
            vector[3:6] += random.normal(0, 1.0 if rest.together else 3.0, 3)
            vector[6:] += self._finger_play(0.2 if rest.together else 0.5)
            poses.append(vector)
        return (poses[1], poses[0]) if self.preferred else (poses[0], poses[1])

    def _ease(self, side: int, start: float, goal: Array) -> None:
        """Go to rest without effort, slower than any stroke."""
        random, hand = self.random, self.hands[side]
        distance = float(np.linalg.norm(goal[:3] - hand.pose[:3]))
        seconds = (0.65 + 1.9 * distance) * float(random.uniform(0.9, 1.2)) / self.tempo**0.5
        lags = 0.5 * self.finger_lags[side] - 0.05  # the fingers relax first
        hand.move(Move(start, seconds, goal, self._bow(goal[:3] - hand.pose[:3], 0.0, 0.2), Phase.RELEASE, lags))

    def _note(self, phrase: _GesturePhrase, end: float) -> None:
        """Write down as a phrase of the score what was done until `end`."""
        begins = max(min(phrase.begins, phrase.apexes[0] - 0.1), 0.0)
        end = max(end, phrase.apexes[-1] + 0.05)
        following = [*phrase.apexes[1:], end + 0.35]
        strokes = tuple(
            Stroke(round(apex, 3), round(max(then - apex - 0.35, 0.0), 3))
            for apex, then in zip(phrase.apexes, following, strict=True)
        )
        side = 1 if len(phrase.active) == 2 else phrase.active[0]
        hands = "both" if len(phrase.active) == 2 else ("left", "right")[side]
        x, y, z = phrase.places.get(side, phrase.goal[side][:3])
        place = (round(float(-x if side else x), 3), round(float(y), 3), round(float(z), 3))
        size = round(float(np.mean(phrase.sizes)), 3)
        self.done.append(
            Phrase(round(begins, 3), round(end, 3), strokes, phrase.name, hands, phrase.shape, place, size)
        )


def _in_turn(phrases: list[Phrase]) -> tuple[Phrase, ...]:
    """The phrases by their beginnings; each ends, at the latest, where the next one of the same hand begins."""
    made: list[Phrase] = []
    latest: dict[str, int] = {}
    for phrase in sorted(phrases, key=lambda phrase: phrase.start):
        start = phrase.start
        hands = HANDS if phrase.hands == "both" else (str(phrase.hands),)
        for before in {latest[hand] for hand in hands if hand in latest}:
            earlier = made[before]
            # The hand does not set out again before it was where it went.
            end = max(phrase.start, earlier.strokes[-1].apex)
            start = max(start, min(end, earlier.end))
            if end < earlier.end:
                *others, last = earlier.strokes
                held = Stroke(last.apex, min(last.hold, round(end - last.apex, 3)))
                made[before] = replace(earlier, end=end, strokes=(*others, held))
        latest |= dict.fromkeys(hands, len(made))
        made.append(replace(phrase, start=start))
    return tuple(sorted(made, key=lambda phrase: phrase.start))


def _at_ease(shape: Array) -> Array:
    """Keep fingers from bending backwards."""
    eased = shape.copy()
    for first, least in ((0, -8.0), (1, 0.0), (2, 0.0)):
        eased[first:16:4] = np.maximum(eased[first:16:4], least)
    return eased
