# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures that somebody asked for, led towards what the repertoire draws, as far as a network falls short of it.

A network makes a gesture of a kind as people vary it, and sometimes so loosely that nobody would know it. So of phrases
that were given, the strokes begin, arrive and are held where the drawing of their kind has them: as far from each other
as their size says, in that direction, the palm turned that way, at the place that was asked for. What the kind leaves
open stays the network's: where in the space before the body it is done where nobody says, a little of how the hand is
turned, how it comes there and goes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import angles_of_wrist, wrist_of_angles
from chironomy.gesture.encoding import HAND_DIM, WRIST_DIM
from chironomy.gesture.planning.places import before_body
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.frames import Told
from chironomy.gesture.score.sketch import Moment, drawing, stroke_moments
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS

Array = NDArray[np.float64]

_ROAM = 0.3  # metres that a kind which is done anywhere may be away from where it is usually done
_LOOSE = np.array([7.0, 8.0, 7.0])  # degrees of pronation, flexion and deviation that stay the network's
_OVER = np.array([0.0, 0.045, 0.03])  # metres by which hands that begin one over the other do, likewise forward
_UNCROSSED = 0.08  # metres out that each of two hands is at least
_OTHER = 0.04  # metres, likewise, of the left one of two hands
_DRIFT = 0.05  # metres by which a hand sinks and drifts after its stroke
_SOON, _LONGEST = 0.14, 0.6  # seconds that a stroke takes at least and at most
_AWAY = 0.25  # seconds before the first moment and after the last in which a hand comes from its own way, at least


@dataclass(frozen=True, eq=False)
class Led:
    """One hand in one phrase.

    Attributes:
        side: 0 is the left hand.
        start: seconds at which it is still on its own way.
        end: seconds at which it is so again.
        times: (N,) seconds of the moments at which its strokes begin, arrive and stop being held.
        poses: (N, 6) metres out, up and forward, and degrees of pronation, flexion and deviation.
        moments: what each of them is.
        roam: metres by which all of them may lie elsewhere.
        least_out: metres out that it is at least: arms that go wide for a start do not cross for it.
        turns: whether the hand is turned, too.
    """

    side: int
    start: float
    end: float
    times: Array
    poses: Array
    moments: Sequence[Moment]
    roam: float
    least_out: float
    turns: bool

    def later(self, seconds: float) -> "Led":
        """The same, so much later."""
        return replace(self, start=self.start + seconds, end=self.end + seconds, times=self.times + seconds)


def led_hands(phrases: Iterable[Told]) -> list[Led]:
    """What of given phrases is drawn: of each hand that one says, if it says the strokes, and a kind or a place.

    Where a place is said and no kind, the hand is there at the first apex, however it moves.
    """
    made = []
    for phrase, fields in phrases:
        known = "kind" in fields and phrase.kind in KINDS
        placed = "place" in fields and phrase.place is not None
        if not {"hands", "strokes"} <= set(fields) or not phrase.strokes or not (known or placed):
            continue
        drawn = drawing(phrase, fields)
        times, poses, moments = np.array([phrase.strokes[0].apex]), drawn.goal[None], [Moment.APEX]
        if known:
            times, poses, moments = stroke_moments(phrase, drawn)
            # A hand that goes farther does not bend and turn more for it.
            poses[:, 3:] = drawn.goal[3:] + (poses[:, 3:] - drawn.goal[3:]) / max(drawn.scale, 1.0)
        start, end = min(phrase.start, times[0] - _AWAY), max(phrase.end, times[-1] + _AWAY)
        roam = 0.0 if placed else _ROAM * drawn.kind.roam
        for side, hand in enumerate(HANDS):
            if phrase.hands not in (hand, "both"):
                continue
            own = poses.copy()
            least = -np.inf
            if known and phrase.hands == "both":
                if drawn.kind.crossed:
                    own[:, :3] += _OVER if side else -_OVER
                else:
                    least = min(_UNCROSSED, drawn.goal[0])
            # The place of both hands is the right one's, and the other never does quite the same.
            free = max(roam, _OTHER) if phrase.hands == "both" and side == 0 else roam
            made.append(Led(side, start, end, times, own, moments, free, least, known))
    return made


def led(motion: NDArray[np.floating], hands: Iterable[Led], fps: float, strength: float = 1.0) -> Array:
    """Motion whose hands begin, arrive and stay where they are led.

    Args:
        motion: (T, 198), as `gesture.encoding` has it.
        hands: in seconds from the first frame, in order; what is not wholly within the motion is left alone.
        fps: frames a second.
        strength: how much of the way they are led.
    """
    result = np.array(motion, np.float64)
    times = np.arange(len(result)) / fps
    for each in hands:
        if each.times[0] < 0 or each.times[-1] > times[-1]:
            continue
        hand = _as_it_sets_out(each, result, fps)
        knots = np.array([hand.start, *hand.times, hand.end])
        lack = np.zeros((len(knots), 6))
        lack[1:-1] = strength * _lack(result, hand, fps)
        rows = slice(int(np.searchsorted(times, hand.start)), int(np.searchsorted(times, hand.end)))
        correction = _between(knots, lack, times[rows])
        own = result[rows, HAND_DIM * hand.side : HAND_DIM * hand.side + WRIST_DIM]
        own[:, :3] += correction[:, :3]
        if hand.turns:
            turn = quaternion.from_rotation_vector(correction[:, 3:])
            own[:, 3:] = quaternion.to_6d(quaternion.multiply(turn, quaternion.from_6d(own[:, 3:])))
    return result


def _as_it_sets_out(hand: Led, motion: Array, fps: float) -> Led:
    """The same, each stroke beginning when the hand itself is farthest back on its way."""
    times = hand.times.copy()
    position = motion[:, HAND_DIM * hand.side :][:, :3] * _outward(hand.side)
    for number, moment in enumerate(hand.moments):
        if moment is not Moment.READY:
            continue
        apex = times[number + 1]
        before = times[number - 1] if number else apex - _LONGEST
        first = max(int(np.ceil(max(apex - _LONGEST, before + _SOON) * fps)), 0)
        last = int((apex - _SOON) * fps)
        if last > first:
            way = hand.poses[number + 1, :3] - hand.poses[number, :3]
            frame = first + int((position[first : last + 1] @ way).argmin())
            times[number] = frame / fps if first < frame < last else times[number]
    return replace(hand, times=times, start=min(hand.start, times[0] - _AWAY))


def _lack(motion: Array, hand: Led, fps: float) -> Array:
    """(N, 6) metres and radians by which a hand is not where it is led, at its moments."""
    position, wrist = _wrists(motion, hand.times * fps)
    apex, outward = hand.moments.index(Moment.APEX), _outward(hand.side)
    place = position[:, hand.side] * outward
    goal = hand.poses[:, :3] + _at_most(place[apex] - hand.poses[apex, :3], hand.roam)
    for number, moment in enumerate(hand.moments):
        if moment is Moment.HELD:
            goal[number] += _at_most(place[number] - goal[number], _DRIFT)
    goal[:, 0] = np.maximum(goal[:, 0], hand.least_out)
    reached = before_body(goal)
    if not hand.roam:  # somebody said where
        reached[apex] = goal[apex]
    lack = np.zeros((len(goal), 6))
    lack[:, :3] = (reached - place) * outward
    if hand.turns:
        angles = np.degrees(angles_of_wrist(neutral_of(position, wrist), wrist))
        drawn = hand.poses[:, 3:]
        angles[:, hand.side] = drawn + _LOOSE * np.tanh((angles[:, hand.side] - drawn) / _LOOSE)
        position[:, hand.side] = reached * outward
        turned = wrist
        for _ in range(2):  # elbows follow the wrists
            turned = wrist_of_angles(neutral_of(position, turned), np.radians(angles))
        turn = quaternion.multiply(turned[:, hand.side], quaternion.inverse(wrist[:, hand.side]))
        lack[:, 3:] = quaternion.to_rotation_vector(turn)
    return lack


def _outward(side: int) -> Array:
    """(3,) between places of a hand, out, up and forward, and positions in the frame of the body."""
    return np.array([-1.0 if side else 1.0, 1.0, 1.0])


def _wrists(motion: Array, frames: Array) -> tuple[Array, Array]:
    """Wrists (N, 2, 3) and their orientations (N, 2, 4) at moments between frames."""
    first = np.minimum(frames.astype(int), len(motion) - 2)
    part = (frames - first)[:, None]
    hands = (motion[first] + part * (motion[first + 1] - motion[first])).reshape(-1, 2, HAND_DIM)
    return hands[..., :3].copy(), quaternion.from_6d(hands[..., 3:WRIST_DIM])


def _at_most(way: Array, length: float) -> Array:
    """A way (3,), eased to be no longer than that."""
    distance = float(np.linalg.norm(way))
    return way * (length * np.tanh(distance / length) / distance) if length > 0 and distance > 0 else 0.0 * way


def _between(knots: Array, values: Array, times: Array) -> Array:
    """Values (N, n) of knots, gone smoothly from each to the next, at moments (T,)."""
    after = np.clip(np.searchsorted(knots, times, side="right"), 1, len(knots) - 1)
    part = (times - knots[after - 1]) / np.maximum(knots[after] - knots[after - 1], 1e-9)
    part = np.clip(part, 0.0, 1.0)[:, None]
    part = part * part * (3 - 2 * part)
    return values[after - 1] + part * (values[after] - values[after - 1])
