# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody asked for is done as the repertoire draws it, wherever the network had the hands."""

from dataclasses import replace

import numpy as np
import pytest
from gesture_samples import babble

from chironomy.body.hand_anatomy import angles_of_wrist
from chironomy.evaluation.score import read_back
from chironomy.evaluation.shown import shows
from chironomy.gesture import embedded_weights
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.encoding import decode, encode
from chironomy.gesture.leading import led, led_hands
from chironomy.gesture.planning.movement import Movement
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.score import Phrase, Score, Stroke, told
from chironomy.gesture.space import neutral_of
from chironomy.speech.decode import Speech

FPS = 24.0
PRESENT = Phrase(1.0, 2.4, (Stroke(1.7, 0.2),), "present", "right", "open", None, 0.3)


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    """(96, 198) hands that are held before the body, palms down."""
    pose = KINDS["beat"].apex.vector()
    motion = play(Movement((pose, pose), ([], []), np.array([])), 96, FPS, 0.0, np.random.default_rng(0))
    return encode(motion.wrist_position, motion.rotation).astype(np.float64)


def done(motion: np.ndarray, *phrases: Phrase, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Wrists (T, 2, 3) in metres, and (T, 2, 3) pronation, flexion and deviation in degrees, of what is led."""
    position, rotation = decode(led(motion, led_hands(told(phrases)), FPS, strength))
    wrist = rotation[:, :, 0]
    return position, np.degrees(angles_of_wrist(neutral_of(position, wrist), wrist))


def test_a_stroke_goes_as_far_as_its_size_and_the_palm_turns_as_the_kind_has_it(still: np.ndarray) -> None:
    before, _ = done(still)
    position, angles = done(still, PRESENT)
    apex = round(1.7 * FPS)
    way = np.linalg.norm(position[24 : apex + 1, 1] - position[apex, 1], axis=-1).max()
    assert way == pytest.approx(0.3, abs=0.04)
    # Outwards with the palm up, and held so; the person's right is at negative x.
    assert position[apex, 1, 0] < position[24 : apex - 2, 1, 0].max() - 0.15
    assert (angles[apex : apex + 5, 1, 0] < -45).all()
    assert abs(angles[0, 1, 0]) < 25
    # The other hand, and what is farther away than the hand needs, are as they were.
    np.testing.assert_allclose(position[:, 0], before[:, 0], atol=1e-9)
    np.testing.assert_allclose(position[:12, 1], before[:12, 1], atol=1e-6)
    np.testing.assert_allclose(position[70:, 1], before[70:, 1], atol=1e-6)
    # It goes there without a jolt.
    assert np.linalg.norm(np.diff(position[:, 1], axis=0), axis=-1).max() * FPS < 2.5


def test_a_small_stroke_is_small_and_a_far_place_is_reached(still: np.ndarray) -> None:
    place = (-0.36, 0.05, 0.3)
    position, _ = done(still, replace(PRESENT, size=0.1, place=place))
    apex = round(1.7 * FPS)
    np.testing.assert_allclose(position[apex, 1], place, atol=0.02)
    stroke = position[apex - 8 : apex + 1, 1]
    assert np.linalg.norm(stroke - position[apex, 1], axis=-1).max() == pytest.approx(0.1, abs=0.05)


def test_a_place_without_a_kind_is_reached_however_the_hand_moves(still: np.ndarray) -> None:
    place = (0.35, -0.05, 0.3)
    alone = replace(PRESENT, kind=None, hands="left", place=place)
    position, _ = done(still, alone)
    np.testing.assert_allclose(position[round(1.7 * FPS), 0], place, atol=0.02)
    assert not led_hands(told([replace(alone, states={"place": "free"})]))
    for field in ("hands", "strokes"):
        assert not led_hands(told([replace(PRESENT, states={field: "free"})]))


def test_where_it_is_done_stays_the_networks_as_far_as_the_kind_is_done_anywhere(still: np.ndarray) -> None:
    apex = round(1.7 * FPS)
    elsewhere = still.copy()
    elsewhere[:, 99 + 1] += 0.12
    anywhere = [done(motion, PRESENT)[0][apex, 1, 1] for motion in (still, elsewhere)]
    at_the_chest = [done(motion, replace(PRESENT, kind="self"))[0][apex, 1, 1] for motion in (still, elsewhere)]
    assert anywhere[1] - anywhere[0] > 0.06
    assert abs(at_the_chest[1] - at_the_chest[0]) < 0.02


def test_a_score_that_is_followed_as_learned_leads_nothing(still: np.ndarray) -> None:
    np.testing.assert_allclose(done(still, PRESENT, strength=0.0)[0], done(still)[0], atol=1e-9)
    half, whole = (done(still, PRESENT, strength=strength)[0] for strength in (0.5, 1.0))
    np.testing.assert_allclose(
        half[36, 1] - done(still)[0][36, 1], 0.5 * (whole[36, 1] - done(still)[0][36, 1]), atol=0.02
    )


def test_hands_that_go_wide_do_not_cross_first_but_those_that_cut_do(still: np.ndarray) -> None:
    both = replace(PRESENT, hands="both", size=0.45)
    wide, _ = done(still, replace(both, kind="all"))
    assert (wide[:, 0, 0] - wide[:, 1, 0]).min() > 0.1
    cut, _ = done(still, replace(both, kind="cut"))
    closest = int((cut[24:41, 0, 0] - cut[24:41, 1, 0]).argmin()) + 24
    assert abs(cut[closest, 0, 1] - cut[closest, 1, 1]) > 0.04


KINDS_ASKED = ("point_out", "self", "wave", "present", "count", "refuse")


@pytest.fixture(scope="module")
def voice() -> Speech:
    return babble(16.0)


def test_asked_kinds_are_seen_and_read(voice: Speech) -> None:
    phrases = tuple(
        Phrase(0.8 + 2.5 * number, 2.3 + 2.5 * number, (Stroke(1.6 + 2.5 * number, 0.2),), kind, "right")
        for number, kind in enumerate(KINDS_ASKED)
    )
    score = Score(phrases, voice.duration)
    motion = GestureRuntime.from_folder(embedded_weights())(voice, seed=2, score=score)
    # A judge of plain geometry, and one that has learned from plans.
    assert [shows(motion, phrase) for phrase in phrases].count(True) >= len(phrases) - 1
    assert read_back([(motion, score)]).found >= len(phrases) - 1
