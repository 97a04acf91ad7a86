# SPDX-License-Identifier: GPL-3.0-or-later
"""From accents and phrases to a score: which hand moves where, when.

A gesture unit goes from rest to rest and spans phrases that follow closely on one another. In it, accents that are far
enough apart get a gesture phrase: preparation, a stroke that ends on the accent or up to 80 ms before it, a hold that
lasts until the next preparation; after a long silence or at the end of the unit the hands retract.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.corpus.gestures import KINDS, MANNERS, REST_FRONT, REST_SIDE, Manner

UNIT_GAP = 0.9  # seconds of silence within one gesture unit
LEAD = (0.0, 0.07)  # seconds by which an apex may precede its accent; the limit of 80 ms holds after sampling at 24 fps


@dataclass(frozen=True)
class Move:
    """One movement of one hand towards a pose: where it begins, how long it takes."""

    start: float
    duration: float
    pose: NDArray[np.float64]
    arc: float = 0.0  # height of the arc as a part of the distance


@dataclass(frozen=True)
class Score:
    """What both hands do, left and right: the pose each starts in and its moves in order; the apexes of the strokes."""

    rest: tuple[NDArray[np.float64], NDArray[np.float64]]
    moves: tuple[list[Move], list[Move]]
    apexes: NDArray[np.float64]


@dataclass
class _Hand:
    """A hand while its score is written."""

    rest: NDArray[np.float64]
    pose: NDArray[np.float64]
    moves: list[Move]
    free_from: float = -10.0

    def move(self, start: float, duration: float, pose: NDArray[np.float64], arc: float = 0.0) -> None:
        self.moves.append(Move(start, duration, pose, arc))
        self.pose = pose
        self.free_from = start + duration


class Planner:
    """Writes the score of one recording.

    Args:
        style: a name of `MANNERS`.
        tempo: relative speed, 1 is the style's own: shorter movements and more of them.
        amplitude: relative size, 1 is the style's own.
        random: the only source of chance.
    """

    def __init__(self, style: str, tempo: float, amplitude: float, random: np.random.Generator):
        self.random = random
        self.manner: Manner = MANNERS[style]
        self.tempo = self.manner.tempo * tempo
        self.amplitude = self.manner.amplitude * amplitude
        self.side_rest = random.random() < 0.15
        rests = [(REST_SIDE if self.side_rest else REST_FRONT).vector(random, 0.6) for _ in range(2)]
        self.hands = [_Hand(rest, rest, []) for rest in rests]
        names, weights = zip(*self.manner.kinds.items(), strict=True)
        self.kind_names = names
        # Speakers have habits: each takes up some kinds more than others.
        habits = np.array(weights) * np.exp(random.normal(0, 0.6, len(weights)))
        self.kind_weights = habits / habits.sum()
        self.right_handed = random.random() < 0.8

    def plan(
        self, times: NDArray[np.float64], strengths: NDArray[np.float64], phrases: list[tuple[float, float]]
    ) -> Score:
        """Write the score for accents at `times` (N,) s of `strengths` (N,) 0 to 1 in `phrases` [(begin, end)] s."""
        apexes: list[float] = []
        for begin, end in _units(phrases):
            inside = (times >= begin - 0.05) & (times <= end + 0.05)
            apexes += self._unit(times[inside], strengths[inside], phrases, end)
        left, right = self.hands
        return Score((left.rest, right.rest), (left.moves, right.moves), np.array(apexes))

    def _unit(
        self,
        times: NDArray[np.float64],
        strengths: NDArray[np.float64],
        phrases: list[tuple[float, float]],
        end: float,
    ) -> list[float]:
        random = self.random
        apexes: list[float] = []
        active = self._choose_hands()
        boundaries = [start for start, _ in phrases]
        last_phrase = -1
        for time, strength in zip(times, strengths, strict=True):
            phrase = int(np.searchsorted(boundaries, time + 0.05))
            if phrase != last_phrase and last_phrase >= 0 and random.random() < 0.45:
                self._retire(active, time)
                active = self._choose_hands()
            last_phrase = phrase
            since = time - apexes[-1] if apexes else 10.0
            if since < 0.40 / min(self.tempo, 1.25):
                continue
            chance = self.manner.strokes * (0.55 + 0.75 * strength) * min(self.tempo, 1.15)
            if random.random() > chance:
                continue
            apex = time - random.uniform(*LEAD)
            if apex < 0.12:
                continue
            self._partly_retract(active, apex)
            self._gesture(active, apex, strength, quick=since < 0.62)
            apexes.append(apex)
        self._retract(end)
        return apexes

    def _choose_hands(self) -> list[int]:
        preferred = 1 if self.right_handed else 0
        if self.random.random() < self.manner.both_hands:
            return [preferred, 1 - preferred]
        return [preferred if self.random.random() < 0.78 else 1 - preferred]

    def _gesture(self, active: list[int], apex: float, strength: float, quick: bool) -> None:
        """Prepare and stroke so that the leading hand arrives at `apex`."""
        random = self.random
        weights = self.kind_weights * np.array(
            [
                (0.0 if quick and not KINDS[name].small else 1.0)
                * (2 * KINDS[name].two_handed if len(active) == 2 else 2 * (1 - KINDS[name].two_handed))
                for name in self.kind_names
            ]
        )
        kind = KINDS[self.kind_names[random.choice(len(weights), p=weights / weights.sum())]]
        size = self.amplitude * (0.65 + 0.6 * strength) * np.exp(random.normal(0, 0.12))
        prepared, target = kind.prepared.vector(), kind.apex.vector(random)
        # The stroke is scaled about its end, the whole gesture about the region before the belly.
        prepared[:6] = target[:6] + (prepared[:6] - target[:6]) * size + random.normal(0, [0.008] * 3 + [4.0] * 3)
        lift = self.manner.height + 0.05 * (size - 1) + random.normal(0, 0.012)
        prepared[1] += lift
        target[1] += lift
        target[0] += 0.04 * (size - 1)
        target[2] += 0.03 * (size - 1)
        stroke = kind.stroke_seconds * np.exp(random.normal(0, 0.1)) / np.sqrt(self.tempo) * (0.8 + 0.2 * size)
        for order, side in enumerate(active):
            hand = self.hands[side]
            goal, ready = target.copy(), prepared.copy()
            late = 0.0
            if order == 1:  # the other hand mirrors, a little smaller and a little later
                mirrored = np.concatenate(
                    [random.normal(0, 0.012, 3), random.normal(0, 4.0, 3), random.normal(0, 2, 20)]
                )
                goal += mirrored
                ready += mirrored
                late = random.uniform(0, 0.05)
            if kind.small and np.linalg.norm(hand.pose[:3] - hand.rest[:3]) > 0.08:
                # A beat stays where the hand is and only drifts towards its own place.
                stay = 0.65 * (hand.pose[:3] - goal[:3])
                goal[:3] += stay
                ready[:3] += stay
            self._arrive(hand, apex + late, stroke, ready, goal)

    def _arrive(
        self, hand: _Hand, apex: float, stroke: float, ready: NDArray[np.float64], goal: NDArray[np.float64]
    ) -> None:
        random = self.random
        start = apex - stroke
        distance = float(np.linalg.norm(ready[:3] - hand.pose[:3]))
        # The stroke is the phase of greatest effort: preparations take longer over their way.
        overlap = 0.45 * stroke
        wanted = (0.32 + 2.0 * distance) / np.sqrt(self.tempo)
        room = start + overlap - (hand.free_from + 0.02)
        duration = float(np.clip(min(wanted, room), 0.24, 1.1))
        if random.random() < 0.2 and room > wanted + 0.3:  # a hold before the stroke
            duration = wanted
            overlap = -random.uniform(0.02, 0.12)
        hand.move(start + overlap - duration, duration, ready, arc=random.uniform(-0.05, 0.22))
        hand.move(start, stroke, goal, arc=random.uniform(-0.08, 0.08))

    def _partly_retract(self, active: list[int], apex: float) -> None:
        """Sink towards rest while nothing is stressed for long."""
        for side in active:
            hand = self.hands[side]
            idle = apex - hand.free_from
            if idle > 1.5 and hand.moves and hand.pose is not hand.rest and self.random.random() < 0.6:
                part = self.random.uniform(0.35, 0.8)
                start = hand.free_from + self.random.uniform(0.25, 0.45)
                hand.move(start, 0.8 / np.sqrt(self.tempo), hand.pose + part * (hand.rest - hand.pose), arc=0.05)

    def _retire(self, active: list[int], now: float) -> None:
        """Lower hands that may not be used in the next phrase."""
        for side in active:
            hand = self.hands[side]
            if self.random.random() < 0.6 and hand.pose is not hand.rest:
                start = hand.free_from + self.random.uniform(0.15, 0.35)
                if start < now + 0.2:
                    hand.move(start, self.random.uniform(0.8, 1.2), hand.rest, arc=0.06)

    def _retract(self, end: float) -> None:
        for hand in self.hands:
            if hand.pose is hand.rest:
                continue
            start = max(hand.free_from + self.random.uniform(0.15, 0.4), end - self.random.uniform(0.0, 0.35))
            hand.move(start, self.random.uniform(0.9, 1.3) / np.sqrt(self.tempo), hand.rest, arc=0.08)


def _units(phrases: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join phrases that follow one another within `UNIT_GAP`."""
    units: list[tuple[float, float]] = []
    for begin, end in phrases:
        if units and begin - units[-1][1] < UNIT_GAP:
            units[-1] = (units[-1][0], end)
        else:
            units.append((begin, end))
    return units
