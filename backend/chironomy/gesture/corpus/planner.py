# SPDX-License-Identifier: GPL-3.0-or-later
"""From accents and phrases to the movement of both hands, after Kendon (2004) and McNeill (1992).

A gesture unit goes from rest to rest and spans phrases of speech that follow closely on one another. In it come gesture
phrases: one kind of gesture with one hand shape, that is held over all its strokes. Each stroke has its preparation,
now and then a hold before it, arrives as its accented syllable begins to sound, and is held until the next preparation;
when nothing is stressed for long the hands sink, and at the end of the unit they retract.
"""

from dataclasses import dataclass

import numpy as np

from chironomy.gesture.corpus.manners import manner_of, rest_vector
from chironomy.gesture.corpus.movement import Array, Hand, Movement, Phase
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES, HOME, KINDS, REST_SIDE, Kind, Repeat

UNIT_GAP = (0.8, 1.15)  # seconds of silence within one gesture unit, at most
LEAD = 0.012  # seconds by which a stroke ends before its accent's onset; measured apexes then fall on it
LEAD_SPREAD = 0.012  # standard deviation
_EARLIEST = 0.42  # seconds; before that no hand can be raised
_OVERLAP = 0.5  # part of a stroke during which its preparation still goes on
_LONGEST_PREPARATION = 0.8  # seconds
_RATE_OF_STRENGTH = 0.13  # spread of chance beside the strength of an accent


@dataclass(frozen=True)
class _Stroke:
    """An accent that gets a stroke, in its place in a gesture phrase."""

    time: float
    strength: float
    phrase: int


@dataclass
class _GesturePhrase:
    """One kind of gesture over several strokes."""

    kind: Kind
    prepared: Array
    goal: Array
    active: list[int]
    way: str  # how two hands go together: "mirrored", "offset" or "alternating"
    individual: list[Array]  # how each hand differs
    count: int = 0


class Planner:
    """Writes the movement for one recording.

    Args:
        style: a name of `MANNERS`, or weights of several, summing to 1.
        speed: relative speed, 1 is the style's own: shorter movements and more of them.
        amplitude: relative size, 1 is the style's own.
        random: the only source of chance.
        handedness: "left" or "right": that hand alone gestures; "both": both always; None: as it comes.
    """

    def __init__(
        self,
        style: str | dict[str, float],
        speed: float,
        amplitude: float,
        random: np.random.Generator,
        handedness: str | None = None,
    ):
        self.random = random
        weights = {style: 1.0} if isinstance(style, str) else style
        self.manner = manner_of(weights)
        self.tempo = self.manner.tempo * speed**0.7
        self.rate = self.manner.strokes_per_minute * speed**0.65
        self.amplitude = self.manner.amplitude * amplitude * speed**0.35
        self.spread = self.amplitude**0.5
        # Small strokes are slow ones, and nothing else is faster than strokes.
        self.ease = float(np.clip(self.amplitude, 0.3, 1.3)) ** 0.7
        self.handedness = handedness
        rest = REST_SIDE.vector() if random.random() < 0.1 else rest_vector(weights)
        rest[:3] += random.normal(0, [0.008, 0.012, 0.008])
        self.hands = []
        for _ in range(2):
            own = rest.copy()
            own[:3] += random.normal(0, 0.005, 3)
            own[3:] += random.normal(0, 2.0, len(own) - 3)
            self.hands.append(Hand(own, own))
        # Speakers have habits: each takes up some kinds more than others.
        self.kinds = {name: w * float(np.exp(random.normal(0, 0.45))) for name, w in self.manner.kinds.items()}
        self.preferred = int(random.random() < 0.8)

    def plan(self, times: Array, strengths: Array, phrases: list[tuple[float, float]]) -> Movement:
        """Write the movement.

        Args:
            times: (N,) seconds at which accented syllables begin to sound.
            strengths: (N,) how strong the accents are, 0 to 1.
            phrases: begin and end, in seconds, of stretches of speech.
        """
        apexes: list[float] = []
        for begin, end, spoken in self._units(phrases):
            inside = (times >= begin - 0.05) & (times <= end + 0.05)
            strokes = self._choose_strokes(times[inside], strengths[inside], spoken, phrases)
            apexes += self._unit(strokes, end)
        left, right = self.hands
        return Movement((left.rest, right.rest), (left.moves, right.moves), np.array(apexes))

    def _units(self, phrases: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
        """Join phrases that follow closely: begin, end and the seconds of speech in between."""
        units: list[tuple[float, float, float]] = []
        for begin, end in phrases:
            if units and begin - units[-1][1] < self.random.uniform(*UNIT_GAP):
                units[-1] = (units[-1][0], end, units[-1][2] + end - begin)
            else:
                units.append((begin, end, end - begin))
        return units

    def _choose_strokes(
        self, times: Array, strengths: Array, spoken: float, phrases: list[tuple[float, float]]
    ) -> list[_Stroke]:
        """The accents that get a stroke: the strongest, as many as the style has, not too close."""
        wanted = self.rate / 60 * (spoken + 0.4) * float(np.exp(self.random.normal(0, 0.08)))
        count = int(wanted + self.random.random())
        least = float(np.clip(0.56 / np.sqrt(self.tempo), 0.42, 0.9))
        score = strengths + self.random.normal(0, _RATE_OF_STRENGTH, len(strengths))
        chosen: list[int] = []
        for index in np.argsort(-score, kind="stable"):
            if len(chosen) == count:
                break
            if times[index] >= _EARLIEST and all(abs(times[index] - times[other]) >= least for other in chosen):
                chosen.append(int(index))
        boundaries = [begin - 0.05 for begin, _ in phrases]
        return [
            _Stroke(float(times[i]), float(strengths[i]), int(np.searchsorted(boundaries, times[i])))
            for i in sorted(chosen)
        ]

    def _unit(self, strokes: list[_Stroke], end: float) -> list[float]:
        random = self.random
        apexes: list[float] = []
        phrase: _GesturePhrase | None = None
        last: _Stroke | None = None
        for stroke in strokes:
            apex = stroke.time - LEAD + float(np.clip(random.normal(0, LEAD_SPREAD), -0.03, 0.03))
            since = stroke.time - last.time if last else 10.0
            new = phrase is None or last is None or since > 2.2 or random.random() > 1 - 1 / self.manner.repeats
            if phrase is not None and last is not None and stroke.phrase != last.phrase and random.random() < 0.6:
                new = True
            if phrase is not None and phrase.kind.repeat is Repeat.COUNT and phrase.count < 3 and since < 3.0:
                new = False
            if new or phrase is None:
                phrase = self._gesture_phrase(quick=since < 0.75)
                self._lower(phrase.active, apex)
            self._sink(phrase.active, apex)
            self._stroke(phrase, apex, stroke.strength)
            last = stroke
            apexes.append(apex)
        self._retract(end)
        return apexes

    def _choose_hands(self) -> list[int]:
        if self.handedness in ("left", "right"):
            return [int(self.handedness == "right")]
        if self.handedness == "both" or self.random.random() < self.manner.both_hands:
            return [self.preferred, 1 - self.preferred]
        return [self.preferred if self.random.random() < 0.78 else 1 - self.preferred]

    def _gesture_phrase(self, quick: bool) -> _GesturePhrase:
        """Choose kind, hands, shape and place of the next gesture phrase; after a quick one, not far away."""
        random, manner = self.random, self.manner
        active = self._choose_hands()
        both = len(active) == 2
        weights = np.array(
            [
                weight * (2 * KINDS[name].two_handed if both else 2 * (1 - KINDS[name].two_handed))
                for name, weight in self.kinds.items()
            ]
        )
        if weights.sum() == 0:
            weights = np.array([float(name == "beat") for name in self.kinds])
        kind = KINDS[list(self.kinds)[random.choice(len(weights), p=weights / weights.sum())]]
        prepared, goal = kind.prepared.vector(), kind.apex.vector()
        if not kind.own_shape:
            names = list(manner.shapes)
            shares = np.array([manner.shapes[name] for name in names])
            prepared[6:] = goal[6:] = SHAPES[names[random.choice(len(names), p=shares / shares.sum())]]
        personal = random.normal(0, 1.5, 20)
        personal[0:16:4] += random.normal(0, 2.5)
        if kind.own_shape and kind.apex.shape in ("ring", "point", "fist"):
            personal *= 0.4
        place = np.concatenate([random.normal(0, 0.014, 3), random.normal(0, [6.0, 4.0, 3.0]), personal])
        place[:3] += manner.width, manner.height, manner.reach
        if kind is KINDS["self"]:
            place[:3] *= 0.25  # the chest is where it is
        elif kind is not KINDS["count"]:
            place[3] -= manner.supination
        drift = 0.35 * (self.hands[active[0]].pose[:3] - goal[:3]) if quick and not both else np.zeros(3)
        if kind is not KINDS["self"]:
            ends = np.stack([prepared[:3], goal[:3]])
            prepared[:3], goal[:3] = HOME + (ends - HOME) * (0.45 + 0.55 * self.spread) + drift
        prepared, goal = prepared + place, goal + place
        individual = [np.zeros(len(goal)), np.zeros(len(goal))]
        if both:  # the other hand mirrors, never exactly
            individual[active[1]] = np.concatenate(
                [random.normal(0, 0.012, 3), random.normal(0, 4.0, 3), random.normal(0, 1.2, 20)]
            )
        way = str(random.choice(["mirrored", "offset", "alternating"], p=[0.62, 0.2, 0.18])) if both else "mirrored"
        if kind is KINDS["container"]:
            way = "mirrored"
        return _GesturePhrase(kind, prepared, goal, active, way, individual)

    def _stroke(self, phrase: _GesturePhrase, apex: float, strength: float) -> None:
        """Prepare and stroke so that the leading hand arrives at `apex`."""
        random, number = self.random, phrase.count
        phrase.count += 1
        size = self.amplitude * (0.75 + 0.5 * strength) * float(np.exp(random.normal(0, 0.1)))
        # Larger strokes take longer, but less than in proportion.
        seconds = phrase.kind.stroke_seconds * float(np.exp(random.normal(0, 0.07))) / np.sqrt(self.tempo)
        seconds *= 0.75 + 0.25 * min(size, 1.6)
        goal, ready = self._ends(phrase, number, size)
        hands = phrase.active
        if phrase.way == "alternating":
            hands = [hands[number % 2]]
            waiting = self.hands[phrase.active[1 - number % 2]]
            if number == 0:  # the other hand is raised too, and waits
                own = ready + phrase.individual[phrase.active[1]]
                self._prepare(waiting, apex - random.uniform(-0.05, 0.25), own, hold=False)
        for order, side in enumerate(hands):
            late = order * float(random.uniform(0.06, 0.14) if phrase.way == "offset" else random.uniform(0, 0.03))
            hand, own = self.hands[side], phrase.individual[side]
            start = apex + late - seconds
            self._prepare(hand, start + _OVERLAP * seconds, ready + own, hold=random.random() < 0.1)
            hand.move(start, seconds, goal + own, arc=float(random.uniform(-0.08, 0.1)), phase=Phase.STROKE)

    def _ends(self, phrase: _GesturePhrase, number: int, size: float) -> tuple[Array, Array]:
        """Where stroke `number` of a gesture phrase ends, and where it begins."""
        random, repeat = self.random, phrase.kind.repeat
        goal, ready = phrase.goal.copy(), phrase.prepared.copy()
        way = goal[:6] - ready[:6]
        if repeat is Repeat.ACROSS:
            if number % 2:
                goal[:6] -= way * min(size, 1.3)
            ready = phrase.goal.copy()
            ready[:6] -= way * (min(size, 1.3) if number % 2 == 0 else 0.0)
            if number:  # a swing back before the swing
                ready[:6] += 0.12 * (ready[:6] - goal[:6])
        else:
            # The stroke is scaled about its end; repeated ones are smaller.
            ready[:6] = goal[:6] - way * size * (1.15 if number == 0 else 0.75)
        if repeat is Repeat.ONWARD and number:
            step = 0.022 * (1 + (number - 1) % 3)
            goal[0] += step
            ready[0] += step
        if repeat is Repeat.COUNT:
            shape = SHAPES[COUNT_SHAPES[min(number, 2)]] + 0.4 * (phrase.goal[6:] - phrase.kind.apex.vector()[6:])
            goal[6:] = ready[6:] = shape
        jitter = np.concatenate([random.normal(0, 0.006, 3), random.normal(0, [3.0, 2.0, 1.5])])
        goal[:6] += jitter
        ready[:6] += jitter
        return goal, ready

    def _prepare(self, hand: Hand, ready_at: float, ready: Array, hold: bool) -> None:
        """Bring a hand to where a stroke begins, by `ready_at`."""
        distance = float(np.linalg.norm(ready[:3] - hand.pose[:3]))
        wanted = min(
            (0.26 + 2.6 * distance / self.ease) / self.tempo**0.6,
            _LONGEST_PREPARATION / self.tempo**0.3 / self.ease**0.5,
        )
        free_from = hand.free_from
        if hand.moves and hand.moves[-1].phase is Phase.RELEASE:  # what sinks is caught on its way
            free_from = min(free_from, hand.moves[-1].start + 0.3)
        room = ready_at - (free_from + 0.02)
        if hold and room > wanted + 0.25:
            ready_at -= float(self.random.uniform(0.12, min(room - wanted, 0.45)))
        duration = float(np.clip(wanted, 0.2, max(room, 0.2)))
        arc = float(self.random.uniform(-0.05, 0.2))
        hand.move(ready_at - duration, duration, ready, arc, Phase.PREPARATION)

    def _sink(self, active: list[int], apex: float) -> None:
        """Lower hands some way while nothing is stressed for long."""
        for side in active:
            hand = self.hands[side]
            idle = apex - hand.free_from
            hold = self.manner.hold * float(self.random.uniform(0.7, 1.4)) / self.tempo**0.5
            if hand.moves and not hand.resting and idle > hold + 1.6:
                goal = hand.pose + float(self.random.uniform(0.35, 0.75)) * (hand.rest - hand.pose)
                goal[6:] = 0.5 * (hand.pose[6:] + hand.rest[6:])
                self._ease(hand, hand.free_from + hold, goal, latest=apex - 0.3)

    def _lower(self, active: list[int], apex: float) -> None:
        """Let go of a hand that takes no part in what comes."""
        for side, hand in enumerate(self.hands):
            if side not in active and not hand.resting:
                self._ease(hand, max(hand.free_from + float(self.random.uniform(0.1, 0.4)), apex - 0.6), hand.rest)

    def _retract(self, end: float) -> None:
        together = float(self.random.uniform(-0.1, 0.3))
        for hand in self.hands:
            if not hand.resting:
                hold = float(self.random.uniform(0.2, 0.5))
                start = max(hand.free_from + hold, end + together + float(self.random.uniform(0, 0.08)))
                self._ease(hand, start, hand.rest)

    def _ease(self, hand: Hand, start: float, goal: Array, latest: float = np.inf) -> None:
        """Move without effort, slower than any stroke."""
        distance = float(np.linalg.norm(goal[:3] - hand.pose[:3]))
        duration = (0.7 + 3.4 * distance / self.ease) * float(self.random.uniform(0.9, 1.15)) / self.tempo**0.7
        hand.move(start, float(max(min(duration, latest - start), 0.5)), goal, arc=float(self.random.uniform(0, 0.1)))
