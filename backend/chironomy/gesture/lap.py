# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands of a person who sits rest on the lap: one on each thigh, or one on the other.

Every rest of a hand has a place of its own, drawn from the seed. There the hand is laid down on the character's thighs
as a hand is: turned, bent and curled so that palm and fingers lie as near as they can, none of them in the flesh.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import (
    BEARS,
    ball_radii,
    balls_of_wrists,
    hand_ball_count,
    hand_balls,
    hands_depth,
    signed_depth,
)
from chironomy.body.hand_anatomy import angles_of_wrist, wrist_of_angles
from chironomy.body.ik import elbow_position
from chironomy.body.pose import hand_positions, hand_rotations
from chironomy.body.rig import SIDES, load_rig
from chironomy.body.sitting import seated_leg
from chironomy.body.skinning import skin, vertex_normals
from chironomy.gesture.planning.places import soft_least
from chironomy.gesture.repertoire.hand_shapes import SHAPES, fingers_of_shape
from chironomy.gesture.score import REST, Phrase
from chironomy.gesture.settle import resting
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS

Array = NDArray[np.float64]

SHORTEST = 1.1
"""Seconds for which a hand has nothing to do at least, for it to be laid down."""

_AFTER = 8.0  # seconds for which hands go on resting after the recording
# Seconds for which a hand lingers once its next gesture begins, at most, and after which it is away before an apex.
_LINGERS, _ARRIVES = 0.3, 0.4
# Metres over which the wrists of a person who sits stay, how soft that is, and by how much they are raised before a
# hand goes wholly by its forearm's bearing.
_LAP, _LAP_SOFT, _LIFTED, _UNLIFTED = -0.3, 0.02, 0.1, 1e-4
_TOGETHER = 0.3  # seconds by which hands that rest on each other may come and go apart
# Chances that a hand lies before the belly where the other one may lie on it, that it then does, and that it lies there
# alone.
_MEDIAL, _ON_TOP, _ALONE = 0.5, 0.8, 0.15
# Metres from the hip joint along the thigh, and outwards from its axis, at which a palm lies: on the thigh, or before
# the belly on the inner side of it.
_ON_THIGH = np.array([0.2, -0.02]), np.array([0.3, 0.02])
_BEFORE_BELLY = np.array([0.19, -0.085]), np.array([0.25, -0.06])
_ACROSS = np.array([-0.015, -0.02]), np.array([0.035, 0.025])  # metres: of the upper palm from the lower one
_PALM = 0.075  # metres from the wrist to the middle of the palm
_DEVIATES = 9.0  # degrees by which a hand is turned out of the line of its forearm at most
# Degrees of bend and of tilt, and parts of the way from a flat hand to a soft one, of which the nearest to the thigh is
# taken; what a degree and a part away from the wished ones count, in metres of distance.
_BENDS, _TILTS, _CURLS = np.arange(-30.0, 11.0, 10.0), np.array([-12.0, 0.0, 12.0]), np.array([0.25, 0.6, 0.95])
_PER_DEGREE, _PER_CURL = 6e-5, 2e-3
_FROM, _FAR = -0.22, 0.05  # metres from which hands are let down, and what is far above
_QUICKLY, _LOWERINGS = 4, 10  # how often they are lowered, to see how they would lie, and to lie
_GIVES = 0.001  # metres by which skin gives way where a hand lies
_COARSE = 27  # of how many points of the skin one is looked at while the best way to lie is looked for
_TRIES, _FARTHER, _CLEAR = 4, 0.02, 0.001  # how often a place is drawn, how much farther out, and what is clear enough
_STIRS, _STIRS_HERTZ = 1.6, (0.07, 0.22)  # degrees by which resting fingers move, and how often


class Laid(NamedTuple):
    """How a hand lies.

    Attributes:
        place: (3,) metres, the wrist in the frame of the body.
        wrist: (4,) its orientation.
        shape: (20,) degrees, of the fingers (`repertoire.hand_shapes`).
    """

    place: Array
    wrist: Array
    shape: Array


class Stretch(NamedTuple):
    """When a hand has nothing to do.

    Attributes:
        start: seconds, from when it is free to go to its rest.
        end: seconds, at which it sets out again.
        lingers: seconds after that in which it leaves.
    """

    start: float
    end: float
    lingers: float


class Lap:
    """Where the hands of a person who sits rest, and when.

    Args:
        phrases: of the score that is performed; a hand rests where no gesture of them is its own.
        seconds: of the recording.
        seed: another one, other places.
    """

    def __init__(self, phrases: Iterable[Phrase], seconds: float, seed: int):
        self.seconds, self.seed = seconds, seed
        gestures = [phrase for phrase in phrases if phrase.kind != REST]
        self.rests = [_free(gestures, hand, seconds) for hand in HANDS]
        self._upper = _upper(self.rests, seed)
        self._lain: dict[tuple[int, Stretch], Laid] = {}

    def laid(self, hand: int, rest: Stretch) -> Laid:
        """How a hand lies in one of its rests."""
        key = hand, rest
        if key not in self._lain:
            random, below = _random(self.seed, hand, rest), self._upper.get(key)
            if below is None:
                medial = key in self._upper.values() or random.uniform() < _ALONE
                self._lain[key] = _lie(hand, *(_BEFORE_BELLY if medial else _ON_THIGH), random)
            else:
                self._lain[key] = _lie(hand, *_ACROSS, random, (below[0], self.laid(*below)))
        return self._lain[key]

    def on_lap(self, position: Array, rotation: Array, times: Array, free: Array) -> tuple[Array, Array]:
        """Lay hands down.

        Args:
            position: (T, 2, 3) metres, wrists in the frame of the body.
            rotation: (T, 2, 16, 4) unit quaternions, as in `HandMotion`.
            times: (T,) seconds.
            free: (T, 2) 0..1, how free each hand is of what is kept; where it is 0 nothing changes.

        Returns:
            Wrists and rotations of the same shapes.
        """
        position, rotation = _over_lap(position, rotation, free)
        for hand, rests in enumerate(self.rests):
            for rest in rests:
                near = np.flatnonzero((times > rest.start - 1.0) & (times < rest.end + 1.0))
                if not len(near):
                    continue
                # As hands at rest are let go, but no sooner than the gesture begins: the way there is straight.
                phrase = Phrase(rest.start, rest.end + rest.lingers, kind=REST, hands=HANDS[hand])
                part = resting([phrase], times[near], self.seconds).part * free[near, hand]
                laid = self.laid(hand, rest)
                position[near, hand] += part[:, None] * (laid.place - position[near, hand])
                rotation[near, hand, 0] = quaternion.slerp(rotation[near, hand, 0], laid.wrist, part)
                fingers = self._fingers(hand, rest, laid.shape, times[near])
                rotation[near, hand, 1:] = quaternion.slerp(rotation[near, hand, 1:], fingers, part[:, None])
        return position, rotation

    def _fingers(self, hand: int, rest: Stretch, shape: Array, times: Array) -> Array:
        """(T, 15, 4) fingers that lie, and stir a little each for itself: nobody holds them still."""
        random = _random(self.seed, hand, rest, 1)
        pace, begin = random.uniform(*_STIRS_HERTZ, len(shape)), random.uniform(0.0, 2.0 * np.pi, len(shape))
        stirred = shape - _STIRS * (0.5 + 0.5 * np.sin(2.0 * np.pi * pace * times[:, None] + begin))
        return fingers_of_shape(np.stack([stirred, stirred], axis=1))[:, hand]


def _free(gestures: Sequence[Phrase], hand: str, seconds: float) -> list[Stretch]:
    """Stretches in which a hand has nothing to do for long enough; the last one lasts beyond the end."""
    busy = sorted((each for each in gestures if each.hands in (hand, "both", None)), key=lambda phrase: phrase.start)
    found, since = [], 0.0
    for phrase in [*busy, Phrase(seconds + _AFTER, seconds + _AFTER)]:
        if phrase.start - since >= SHORTEST or since == 0.0:
            until = phrase.strokes[0].apex if phrase.strokes else phrase.end
            found.append(Stretch(since, phrase.start, float(np.clip(until - phrase.start - _ARRIVES, 0.0, _LINGERS))))
        since = max(since, phrase.end)
    return found


def _over_lap(position: Array, rotation: Array, free: Array) -> tuple[Array, Array]:
    """Wrists and rotations of arms that hang nowhere: beside a seat hands would be in the thighs, or in the chair."""
    raised, turned = position.copy(), rotation.copy()
    lifted = free * (soft_least(position[..., 1], _LAP, _LAP_SOFT) - position[..., 1])
    rows = np.flatnonzero(lifted.max(axis=1, initial=0.0) > _UNLIFTED)
    raised[rows, :, 1] += lifted[rows]
    wrist, part = rotation[rows, :, 0], np.clip(lifted[rows] / _LIFTED, 0.0, 1.0)
    bearing = angles_of_wrist(neutral_of(position[rows], wrist), wrist)
    turned[rows, :, 0] = quaternion.slerp(wrist, wrist_of_angles(neutral_of(raised[rows], wrist), bearing), part)
    return raised, turned


def _upper(stretches: Sequence[Sequence[Stretch]], seed: int) -> dict[tuple[int, Stretch], tuple[int, Stretch]]:
    """Rests, by hand and stretch, on top of the other hand's, which is there before them and stays longer."""
    found: dict[tuple[int, Stretch], tuple[int, Stretch]] = {}
    order = (0, 1) if np.random.default_rng([seed, 5]).uniform() < 0.5 else (1, 0)
    for hand in order:
        for stretch in stretches[hand]:
            below = next(
                (
                    other
                    for other in stretches[1 - hand]
                    if other[0] <= stretch[0] + _TOGETHER and other[1] >= stretch[1] - _TOGETHER
                ),
                None,
            )
            if below is None or (1 - hand, below) in found or (hand, stretch) in found.values():
                continue
            if (
                _random(seed, 1 - hand, below, 2).uniform() < _MEDIAL
                and _random(seed, hand, stretch, 2).uniform() < _ON_TOP
            ):
                found[hand, stretch] = 1 - hand, below
    return found


def _random(seed: int, hand: int, stretch: Stretch, what: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, hand, round(1000 * stretch[0]), round(1000 * stretch[1]), what])


def _on_leg(hand: int, along_and_out: Array) -> Array:
    """(2,) x and z in metres of a point so far along a thigh from the hip joint, and outwards from its axis."""
    top, knee = seated_leg(load_rig(), SIDES[hand]).position[:2]
    along = (knee - top)[[0, 2]] / np.linalg.norm((knee - top)[[0, 2]])
    out = np.array([along[1], -along[0]]) * (1.0 if hand == 0 else -1.0)
    return top[[0, 2]] + along_and_out[0] * along + along_and_out[1] * out


def _palm_of(hand: int, laid: Laid) -> Array:
    pointing = quaternion.apply(laid.wrist, np.array([1.0 if hand == 0 else -1.0, 0.0, 0.0]))
    return (laid.place + _PALM * pointing)[[0, 2]]


def _lie(
    hand: int, low: Array, high: Array, random: np.random.Generator, below: tuple[int, Laid] | None = None
) -> Laid:
    """Lay a hand down where forearm and hand are clear of the body, or as clear as a few tries bring them.

    Args:
        hand: 0 or 1.
        low: (2,) metres along the thigh and outwards, at least, where the middle of the palm is to be; of a hand that
            is laid on another one sideways and forward of that one's.
        high: at most.
        random: the only source of chance.
        below: the other hand, where it is laid on that.
    """
    tries = []
    for number in range(_TRIES):
        drawn = random.uniform(low, high)
        if below is None:
            palm = _on_leg(hand, drawn + np.array([number * _FARTHER, 0.0]))
        else:
            palm = _palm_of(*below) + drawn * [1.0 if hand == 0 else -1.0, 1.0] + np.array([0.0, number * _FARTHER])
        laid = _laid_at(hand, palm, random, below)
        tries.append((_in_the_way(hand, laid, below), number, laid))
        if tries[-1][0] <= _CLEAR:
            break
    return min(tries, key=lambda each: each[:2])[2]


def _laid_at(hand: int, palm: Array, random: np.random.Generator, below: tuple[int, Laid] | None) -> Laid:
    """Lay a hand down with the middle of its palm over a point (2,), x and z in metres; as `_lie`."""
    rig, other = load_rig(), None if below is None else _balls_of(*below)
    deviates, bend, tilt, curl = random.uniform([-_DEVIATES, -14.0, -8.0, 0.3], [_DEVIATES, 2.0, 8.0, 0.9])
    bends, tilts, curls = (each.ravel() for each in np.meshgrid(_BENDS, _TILTS, _CURLS, indexing="ij"))
    jitter = random.uniform(-3.0, 3.0, len(SHAPES["flat"]))
    shapes = SHAPES["flat"] + _CURLS[:, None] * (SHAPES["soft"] - SHAPES["flat"]) + jitter
    shape = np.tile(np.arange(len(_CURLS)), len(bends) // len(_CURLS))
    hands, balls = _hand_skin(hand, shapes), _hand_balls(hand, quaternion.IDENTITY, shapes)
    wished = _PER_DEGREE * (np.abs(bends - bend) + np.abs(tilts - tilt)) + _PER_CURL * np.abs(curls - curl)
    one = slice(len(bends) // 2, len(bends) // 2 + 1)
    heading = np.array([-0.35 if hand == 0 else 0.35, 0.9])
    wrists = _orientations(hand, heading, deviates, bends[one], tilts[one])
    places, _ = _lowered(hand, palm, wrists, hands[shape[one], ::_COARSE], balls[shape[one]], other, _QUICKLY)
    # A hand lies in the line of the forearm.
    forearm = (places[0] - elbow_position(rig, *_mirrored(hand, places[0], wrists[0]))[0, hand])[[0, 2]]
    wrists = _orientations(hand, forearm / max(float(np.linalg.norm(forearm)), 1e-6), deviates, bends, tilts)
    _, far = _lowered(hand, palm, wrists, hands[shape, ::_COARSE], balls[shape], other, _QUICKLY)
    best = int(np.argmin(far + wished))
    one = slice(best, best + 1)
    places, _ = _lowered(hand, palm, wrists[one], hands[shape[one]], balls[shape[one]], other, _LOWERINGS)
    return Laid(places[0], wrists[best], shapes[shape[best]])


def _orientations(hand: int, heading: Array, deviates: float, bends: Array, tilts: Array) -> Array:
    """(C, 4) orientations of palms that lie face down, the fingers in a heading (2,), bent and tilted by degrees."""
    side = 1.0 if hand == 0 else -1.0
    turn = np.radians(side * deviates)
    ahead = np.array([heading[0] * np.cos(turn) + heading[1] * np.sin(turn), 0.0, 0.0])
    ahead[2] = heading[1] * np.cos(turn) - heading[0] * np.sin(turn)
    up = np.array([0.0, 1.0, 0.0])
    flat = quaternion.from_matrix(np.stack([side * ahead, up, np.cross(side * ahead, up)], axis=-1))
    across = np.cross(ahead, up)  # about which a positive turn raises the fingers
    bent = quaternion.from_rotation_vector(np.radians(bends)[:, None] * across)
    tilted = quaternion.from_rotation_vector(np.radians(tilts)[:, None] * ahead)
    return quaternion.multiply(quaternion.multiply(bent, tilted), flat)


def _lowered(
    hand: int, palm: Array, wrists: Array, skin: Array, balls: Array, other: Array | None, lowerings: int
) -> tuple[Array, Array]:
    """Let hands down until they touch something.

    Args:
        hand: 0 or 1.
        palm: (2,) metres, x and z of the middles of the palms.
        wrists: (C, 4) orientations.
        skin: (C, n, 3) metres, points of the hands' skin in their own frames, from the wrist.
        balls: (C, m, 3) likewise the balls that are kept out of the body and of the other hand.
        other: (n, 3) metres, the balls of the hand that they are laid on, or None.
        lowerings: how often they are let down as far as nothing is in the way; each comes nearer.

    Returns:
        (C, 3) metres of the wrists, and (C,) how far above what they lie on they are on average.
    """
    rig, radius, count = load_rig(), ball_radii()[: hand_ball_count()], skin.shape[1]
    points = np.einsum("cij,cnj->cni", quaternion.to_matrix(wrists), np.concatenate([skin, balls], axis=1))
    thick = np.concatenate([np.full(count, -_GIVES), radius])
    pointing = quaternion.apply(wrists, np.broadcast_to([1.0 if hand == 0 else -1.0, 0.0, 0.0], (len(wrists), 3)))
    places = np.full((len(wrists), 3), _FROM)
    places[:, [0, 2]] = palm - _PALM * pointing[:, [0, 2]]
    gap = np.zeros(points.shape[:2])
    # The nearest of it is nowhere farther than straight below: lowered by as much, the hand goes into nothing.
    for _ in range(lowerings):
        here = points + places[:, None]
        gap = -(signed_depth(rig, here, seated=True)[0] + BEARS + thick)
        if other is not None:
            apart = (np.linalg.norm(here[:, :, None] - other, axis=-1) - radius).min(axis=2)
            gap = np.minimum(gap, apart - thick - 0.5 * BEARS)
        places[:, 1] -= gap.min(axis=1)
    return places, np.minimum(gap[:, :count], _FAR).mean(axis=1)


def _in_the_way(hand: int, laid: Laid, below: tuple[int, Laid] | None) -> float:
    """Metres by which a hand that lies so, or its forearm, is in the body or in the other hand."""
    rig, fingers = load_rig(), fingers_of_shape(np.stack([laid.shape, laid.shape]))
    places, turns = _mirrored(hand, laid.place, laid.wrist)
    balls = balls_of_wrists(rig, places, turns, hand_balls(rig, np.concatenate([turns[:, :, None], fingers[None]], 2)))
    deepest = (signed_depth(rig, balls[0, hand], seated=True)[0] + ball_radii()).max() + BEARS
    if below is not None:
        pair = np.empty_like(balls)
        pair[0, hand] = balls[0, hand]
        pair[0, 1 - hand] = 10.0  # of the other arm only the hand is looked at
        pair[0, 1 - hand, : hand_ball_count()] = _balls_of(*below)
        deepest = max(deepest, hands_depth(pair)[0] + 0.5 * BEARS)
    return float(deepest)


@lru_cache(maxsize=2)
def _palm_side(hand: int) -> NDArray[np.intp]:
    """The vertices of a hand that do not face away from the palm."""
    rig = load_rig()
    joints = rig.hand_joints(hand)
    normals = quaternion.apply(rig.rest_rotation[joints[0]], vertex_normals(rig.vertices, rig.faces).astype(np.float64))
    share = (rig.weight * np.isin(rig.weight_joint, joints)).sum(axis=1)
    return np.flatnonzero((share > 0.9) & (normals[:, 1] < 0.2))


def _hand_skin(hand: int, shapes: Array) -> Array:
    """(C, n, 3) metres from the wrist, in the hand's own frame: the palm's side of hands of shapes (C, 20)."""
    rig = load_rig()
    joints = rig.hand_joints(hand)
    rotation = np.tile(quaternion.IDENTITY, (len(shapes), 16, 1))
    rotation[:, 1:] = fingers_of_shape(np.stack([shapes, shapes], axis=1))[:, hand]
    # What little of it the forearm moves goes with the wrist.
    turns = np.tile(rig.rest_rotation[joints[0]], (len(shapes), rig.joint_count, 1))
    heads = quaternion.apply(turns, rig.joint_position - rig.joint_position[joints[0]])
    turns[:, joints] = hand_rotations(rig, hand, rotation)
    heads[:, joints] = hand_positions(rig, hand, turns[:, joints], np.zeros((len(shapes), 3)))
    return skin(rig, turns, heads, vertex_subset=_palm_side(hand)).astype(np.float64)


def _balls_of(hand: int, laid: Laid) -> Array:
    """(n, 3) metres, the balls of a hand that lies."""
    return laid.place + _hand_balls(hand, laid.wrist, laid.shape[None])[0]


def _hand_balls(hand: int, wrist: Array, shapes: Array) -> Array:
    """(C, n, 3) metres from the wrist: the balls of hands of one orientation (4,) and of shapes (C, 20)."""
    rotation = np.tile(quaternion.IDENTITY, (len(shapes), 2, 16, 1))
    rotation[:, hand, 0] = wrist
    rotation[:, :, 1:] = fingers_of_shape(np.stack([shapes, shapes], axis=1))
    return hand_balls(load_rig(), rotation)[:, hand]


def _mirrored(hand: int, place: Array, wrist: Array) -> tuple[Array, Array]:
    """(1, 2, 3) places and (1, 2, 4) orientations of both hands, the other one the mirror image of this one."""
    places = np.stack([place, place * [-1.0, 1.0, 1.0]])[:: 1 if hand == 0 else -1]
    turns = np.stack([wrist, wrist * [1.0, 1.0, -1.0, -1.0]])[:: 1 if hand == 0 else -1]
    return places[None], turns[None]
