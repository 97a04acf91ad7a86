# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen in hands: every meaningful gesture as the repertoire has it, and none in resting or contrary ones."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from chironomy.evaluation.shown import TESTED, contradictions, shows
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.planning.movement import Move, Movement, Phase
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES, KINDS, Kind, Repeat
from chironomy.gesture.repertoire.rests import RESTS
from chironomy.gesture.score.phrases import Phrase, Stroke
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.rotation import IDENTITY

_EVERY = 3.2  # seconds from one gesture to the next, which sets out from rest
_APEX = 1.6
_TOGETHER = ("welcome", "shrug", "all", "big", "small", "cut")
_ONE_HANDED = ("point_out", "present")


def _asked() -> list[tuple[str, str, str | None]]:
    """Kind, hands and shape of everything that can be judged."""
    asked: list[tuple[str, str, str | None]] = []
    for kind in TESTED:
        if kind == "self":  # played, it keeps off the chest by more than a hand's breadth; see below
            continue
        if kind == "count":
            asked += [(kind, hand, shape) for hand, shape in zip(["left", "right"] * 3, COUNT_SHAPES, strict=False)]
        elif kind in _ONE_HANDED:
            asked += [(kind, "left", None), (kind, "right", None)]
        else:
            asked.append((kind, "both" if kind in _TOGETHER else "right", None))
    return asked


@dataclass(frozen=True)
class Shown:
    """One gesture after the other, and the phrase of each."""

    motion: HandMotion
    phrases: list[Phrase]

    def phrase(self, kind: str, hands: str, shape: str | None) -> Phrase:
        """Where that is done."""
        return next(p for p in self.phrases if (p.kind, p.hands, p.shape) == (kind, hands, shape))

    def instead(self, done: Phrase, asked: Phrase) -> bool:
        """Whether what is asked is seen where `done` is done."""
        return shows(self.motion, replace(asked, start=done.start, end=done.end, strokes=done.strokes))


@pytest.fixture(scope="module")
def shown() -> Shown:
    """Every gesture as the repertoire has it, played as the corpus plays its plans."""
    rest = RESTS["sides"].lead.vector()
    moves: tuple[list[Move], list[Move]] = ([], [])
    phrases: list[Phrase] = []
    for number, (name, hands, shape) in enumerate(_asked()):
        begins, kind = number * _EVERY, KINDS[name]
        apexes = [begins + _APEX + 0.5 * way for way in range(3 if kind.repeat is Repeat.ACROSS else 1)]
        for side in (0, 1) if hands == "both" else (("left", "right").index(hands),):
            moves[side].extend(_moves(kind, shape, begins, apexes, rest))
        strokes = tuple(Stroke(apex, 0.3 if apex == apexes[-1] else 0.0) for apex in apexes)
        phrases.append(Phrase(begins + 0.8, apexes[-1] + 0.5, strokes, name, hands, shape))
    movement = Movement((rest, rest), moves, np.array([p.strokes[0].apex for p in phrases]))
    frames = round(len(phrases) * _EVERY * 24)
    return Shown(play(movement, frames, 24.0, 1.0, np.random.default_rng(0)), phrases)


def _moves(kind: Kind, shape: str | None, begins: float, apexes: list[float], rest: np.ndarray) -> list[Move]:
    ends = [kind.prepared.vector(), kind.apex.vector()]
    if shape is not None:
        ends[0][6:] = ends[1][6:] = SHAPES[shape]
    still, lags = np.zeros(3), np.zeros(5)
    moves = [Move(begins + 0.7, apexes[0] - 0.4 - begins - 0.7, ends[0], still, Phase.PREPARATION, lags)]
    for number, apex in enumerate(apexes):
        moves.append(Move(apex - 0.4, 0.42, ends[1 - number % 2], still, Phase.STROKE, lags))
    return [*moves, Move(apexes[-1] + 0.45, 0.7, rest, still, Phase.RELEASE, lags)]


@pytest.mark.parametrize(("kind", "hands", "shape"), _asked())
def test_a_gesture_of_the_repertoire_is_seen_and_its_opposite_is_not(
    shown: Shown, kind: str, hands: str, shape: str | None
) -> None:
    phrase = shown.phrase(kind, hands, shape)
    assert shows(shown.motion, phrase)
    assert [other.kind for other in contradictions(phrase) if shows(shown.motion, other)] == []


@pytest.mark.parametrize(("kind", "hands", "shape"), _asked())
def test_hands_that_rest_show_nothing(shown: Shown, kind: str, hands: str, shape: str | None) -> None:
    phrase = shown.phrase(kind, hands, shape)
    resting = replace(phrase, start=0.0, end=0.5, strokes=(Stroke(0.2),))
    assert not shows(shown.motion, resting)


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        (("point_out", "left", None), ("point_out", "right", None)),
        (("point_across", "right", None), ("point_out", "right", None)),
        (("point_up", "right", None), ("point_down", "right", None)),
        (("count", "right", "two"), ("count", "right", "three")),
        (("count", "left", "three"), ("count", "left", "two")),
        (("count", "left", "five"), ("count", "left", "four")),
        (("welcome", "both", None), ("refuse", "both", None)),
        (("refuse", "right", None), ("welcome", "both", None)),
        (("big", "both", None), ("small", "both", None)),
        (("small", "both", None), ("all", "both", None)),
        (("thumb_up", "right", None), ("count", "right", "point")),
        (("past", "right", None), ("future", "right", None)),
        (("cut", "both", None), ("big", "both", None)),
        (("present", "left", None), ("present", "right", None)),
    ],
)
def test_one_gesture_is_not_taken_for_another(
    shown: Shown, done: tuple[str, str, str | None], asked: tuple[str, str, str | None]
) -> None:
    kind, hands, shape = asked
    made = shown.phrase(*done)
    assert not shown.instead(made, replace(made, kind=kind, hands=hands, shape=shape))


def test_either_hand_may_point_to_a_side_and_a_hand_that_is_not_asked_may_not_do_the_rest(shown: Shown) -> None:
    across = shown.phrase("point_across", "right", None)
    assert shown.instead(across, replace(across, kind="point_out", hands="left"))
    wave = shown.phrase("wave", "right", None)
    assert not shown.instead(wave, replace(wave, hands="left"))
    assert shown.instead(wave, replace(wave, hands=None))


def test_one_way_is_no_wave(shown: Shown) -> None:
    wave = shown.phrase("wave", "right", None)
    first = round(wave.strokes[0].apex * 24)
    held = np.minimum(np.arange(shown.motion.frame_count), first)
    motion = shown.motion.replaced(
        wrist_position=shown.motion.wrist_position[held], rotation=shown.motion.rotation[held]
    )
    assert not shows(motion, wave)


@pytest.mark.parametrize(("ahead", "seen"), [(0.0, True), (0.04, True), (0.12, False)])
def test_a_hand_on_the_chest_or_near_it_means_oneself(ahead: float, seen: bool) -> None:
    position = np.tile([[0.06, -0.16, 0.16 + ahead], [-0.25, -0.45, 0.09]], (48, 1, 1))
    rotation = np.tile(IDENTITY, (48, 2, 16, 1))
    # Fingers across, the palm to the body.
    rotation[:, 0, 0] = quaternion.from_matrix(np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))
    motion = HandMotion(24.0, position, rotation, np.ones((48, 2)))
    oneself = Phrase(0.2, 1.5, (Stroke(1.0),), "self", "left")
    assert shows(motion, oneself) == seen
    assert not shows(motion, replace(oneself, hands="right"))
    assert not shows(motion, replace(oneself, kind="point_you"))


def test_what_cannot_be_judged_is_refused(shown: Shown) -> None:
    with pytest.raises(ValueError, match="kind beat"):
        shows(shown.motion, Phrase(0.0, 1.0, (Stroke(0.5),), "beat"))


def test_a_wrong_number_and_the_other_side_are_contradictions() -> None:
    two = Phrase(0.0, 1.0, (Stroke(0.5),), "count", "left", "two")
    assert [other.shape for other in contradictions(two)] == ["point", "three", "four", "five"]
    five = replace(two, shape="spread")
    assert [other.shape for other in contradictions(five)] == ["point", "two", "three", "four"]
    assert [other.hands for other in contradictions(replace(two, kind="point_out", shape=None))] == ["right"]
