# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a score from motion: what was planned is found again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chironomy.evaluation.score import apex_errors, explained_strokes, gestures, matched, read_back
from chironomy.gesture import GestureError
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.planning.manners import manner_of
from chironomy.gesture.planning.planner import Planner
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST, SCORE_KINDS, Phrase, Score, Stroke
from chironomy.gesture.score.check import remarks
from chironomy.gesture.score.doable import doable
from chironomy.gesture.score.read import Reader, hand_features, read_score, shipped_reader
from chironomy.gesture.space import neutral_of
from chironomy.gesture.training.reader import even_plans, frames_right, train_reader, wanted
from chironomy.motion import rotation as quaternion
from chironomy.motion.edit import mirror
from chironomy.motion.hand_motion import HandMotion


def planned(seed: int, seconds: float = 12.0) -> tuple[HandMotion, Score]:
    """A motion of the corpus's planner for invented accents, and its score."""
    random = np.random.default_rng([77, seed])
    phrases = [(0.5, 4.5), (5.5, 10.5)]
    times = np.sort(np.concatenate([random.uniform(start, end, 9) for start, end in phrases]))
    manner = manner_of({"lively": 1.0})
    movement = Planner("lively", 1.0, 1.0, random).plan(times, random.uniform(0, 1, len(times)), phrases)
    motion = play(movement, round(seconds * 24), 24.0, manner.idle, random, manner.fingers)
    return motion, movement.score(seconds)


@pytest.fixture(scope="module")
def plans() -> list[tuple[HandMotion, Score]]:
    return [planned(seed) for seed in range(5000, 5003)]


def test_planned_gestures_are_read_back(plans: list[tuple[HandMotion, Score]]) -> None:
    read = read_back(plans)
    assert read.wanted >= 12
    assert read.f1_any_kind > 0.55
    assert read.f1 > 0.4
    assert np.median(np.abs(read.apex_errors)) < 0.06


def test_a_read_score_explains_the_strokes_and_says_all_of_each_phrase(plans: list[tuple[HandMotion, Score]]) -> None:
    motion, _ = plans[0]
    score = read_score(motion)
    inside, total = explained_strokes(motion, score)
    assert inside >= 0.8 * total > 0
    assert score.seconds == motion.duration
    for phrase in gestures(score):
        assert phrase.kind in KINDS
        assert None not in (phrase.hands, phrase.shape, phrase.place, phrase.size)
        hand = 0 if phrase.hands == "left" else 1
        apex = round(phrase.strokes[0].apex * motion.fps)
        assert np.linalg.norm(motion.wrist_position[apex, hand] - np.array(phrase.place)) < 0.03


def test_what_is_read_can_be_done_again(plans: list[tuple[HandMotion, Score]]) -> None:
    config = {"score_kinds": list(SCORE_KINDS)}
    for motion, _ in plans:
        # Also twice as fast as people are, and where it breaks off in the middle of a gesture.
        for seen in (motion, motion.sliced(0, 100), motion.replaced(fps=2 * motion.fps)):
            score = read_score(seen)
            assert gestures(score)
            assert remarks(score, config) == []


def test_strokes_and_places_that_no_hand_has_time_for_are_left_out() -> None:
    first = Phrase(0.0, 2.0, (Stroke(0.1), Stroke(0.5, 0.9), Stroke(0.8), Stroke(1.0)), "beat", "right", "open")
    far = Phrase(1.9, 4.0, (Stroke(2.0, 3.0),), "chop", "right", place=(-0.9, 0.0, 0.9), size=0.2)
    soon = Phrase(2.1, 2.2, (Stroke(2.15),), "ring", "both")
    made = doable([first, far, soon], 3.5)
    assert [phrase.kind for phrase in made] == ["beat", "chop"]
    assert made[0].strokes == (Stroke(0.5, 0.3), Stroke(0.8))
    assert made[0].end == made[1].start == pytest.approx(1.75)
    assert made[1].end == 3.5
    assert made[1].strokes == (Stroke(2.0, 1.5),)
    assert made[1].place is not None
    assert np.linalg.norm(made[1].place) < 0.8


def test_still_hands_are_at_rest(plans: list[tuple[HandMotion, Score]]) -> None:
    motion, _ = plans[0]
    for frame in range(0, motion.frame_count, 40):
        still = motion.sliced(frame, frame + 1).lasting(96)
        assert [(phrase.kind, phrase.start, phrase.end) for phrase in read_score(still).phrases] == [(REST, 0.0, 4.0)]


def test_in_a_mirror_the_other_hand_does_it(plans: list[tuple[HandMotion, Score]]) -> None:
    motion, _ = plans[1]
    there, here = gestures(read_score(motion)), gestures(read_score(mirror(motion)))
    other = {"left": "right", "right": "left", "both": "both"}
    as_seen = [(phrase.start, phrase.kind, other[str(phrase.hands)]) for phrase in there]
    assert sorted(as_seen) == sorted((phrase.start, phrase.kind, str(phrase.hands)) for phrase in here)


def test_the_frame_rate_does_not_matter(plans: list[tuple[HandMotion, Score]]) -> None:
    motion, _ = plans[2]
    there, here = read_score(motion), read_score(motion.resampled(60.0))
    assert len(matched(gestures(there), gestures(here))) >= 0.8 * len(gestures(there))


def test_a_reader_learns_from_clips_and_is_saved(plans: list[tuple[HandMotion, Score]], tmp_path: Path) -> None:
    reader = train_reader(plans[:1], steps=60)
    reader.save(tmp_path / "reader.npz")
    again = Reader.load(tmp_path / "reader.npz")
    assert again.kinds == tuple(sorted({str(phrase.kind) for phrase in gestures(plans[0][1])}))
    features = hand_features(plans[0][0])
    np.testing.assert_allclose(again(features).apex, reader(features).apex, atol=0.05)
    assert frames_right(again, plans[:1]) > 0.6
    with pytest.raises(GestureError, match="no clip has a score with kinds of gesture"):
        train_reader([(plans[0][0], Score((), 5.0))], steps=1)


def test_a_reader_goes_on_learning(plans: list[tuple[HandMotion, Score]]) -> None:
    before = shipped_reader()
    after = train_reader(plans[:1], steps=2, onto=before)
    assert after.kinds == before.kinds
    assert 0 < np.abs(after.layers[0][0] - before.layers[0][0]).max() < 0.01
    few = Reader(("beat",), before.mean, before.scale, before.layers)
    with pytest.raises(GestureError, match=r"does not know the kind .*; train it from the beginning"):
        train_reader(plans[:1], steps=1, onto=few)


def test_plans_to_learn_from_have_every_kind_in_either_and_both_hands() -> None:
    made = list(even_plans(42, seed=3))
    motion, score = made[0]
    assert motion.duration == score.seconds == 12.0
    seen = {(phrase.kind, phrase.hands == "both") for _, score in made for phrase in gestures(score)}
    assert {kind for kind, _ in seen} == set(KINDS)
    assert len([kind for kind, both in seen if both]) >= 15


def test_a_reader_of_before_reads_as_it_did(tmp_path: Path, plans: list[tuple[HandMotion, Score]]) -> None:
    shipped_reader().save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as data:
        fields = dict(data)
    # It did not know how the forearm turns the wrist: three numbers of each hand.
    count = len(fields["mean"])
    kept = np.delete(np.arange(count), [9, 10, 11])
    weight = fields["w0"].reshape(4, count, -1)[:, kept].reshape(4 * len(kept), -1)
    older = {"mean": fields["mean"][kept], "scale": fields["scale"][kept], "w0": weight}
    np.savez(tmp_path / "old.npz", **{**fields, **older, "format": "chironomy.score_reader/2"})
    reader = Reader.load(tmp_path / "old.npz")
    features = hand_features(plans[0][0])
    said = reader(features)
    features[..., 9:12] = 7.0
    np.testing.assert_array_equal(reader(features).kinds, said.kinds)
    assert gestures(read_score(plans[0][0], reader))
    np.savez(tmp_path / "bad.npz", **{**fields, **older, "w0": weight[:7], "format": "chironomy.score_reader/2"})
    with pytest.raises(GestureError, match="holds layers that do not fit each other"):
        Reader.load(tmp_path / "bad.npz")


def test_what_a_reader_learns_is_each_hands_until_its_next_phrase() -> None:
    first = Phrase(0.5, 3.0, (Stroke(1.0), Stroke(2.0)), "beat", "right")
    asked = wanted(Score((first, Phrase(2.5, 4.0, (Stroke(3.0),), "chop", "both")), 5.0), ["beat", "chop"], 120)
    assert asked.kind[[11, 12, 59, 60, 95, 96], 1].tolist() == [0, 1, 1, 2, 2, 0]
    assert asked.kind[[12, 59, 60, 95], 0].tolist() == [0, 0, 2, 2]
    assert np.flatnonzero(asked.together[:, 0]).tolist() == list(range(60, 96))
    assert [np.flatnonzero(asked.edge[:, hand] == 0).tolist() for hand in range(2)] == [[60, 96], [12, 60, 96]]
    assert [np.flatnonzero(asked.apex[:, hand] == 0).tolist() for hand in range(2)] == [[72], [24, 48, 72]]


def test_a_damaged_reader_is_one_sentence(tmp_path: Path) -> None:
    shipped_reader().save(tmp_path / "reader.npz")
    with np.load(tmp_path / "reader.npz") as data:
        fields = dict(data)
    np.savez(tmp_path / "reader.npz", **{**fields, "w0": fields["w0"][:5]})
    with pytest.raises(GestureError, match="holds layers that do not fit each other; train it"):
        Reader.load(tmp_path / "reader.npz")


def test_a_phrase_is_found_by_its_kind_hand_and_time() -> None:
    asked = Phrase(1.0, 2.0, (Stroke(1.5),), "beat", "right")
    for got, found in (
        (replace(asked, start=1.3, end=2.2), True),
        (replace(asked, hands="both"), True),
        (replace(asked, hands="left"), False),
        (replace(asked, kind="chop"), False),
        (replace(asked, start=1.5, end=3.0), False),
    ):
        assert bool(matched([asked], [got])) == found
    assert apex_errors(asked, replace(asked, strokes=(Stroke(1.1), Stroke(1.6)))) == [pytest.approx(0.1)]


def test_a_phrase_lasts_until_the_next_one_of_its_hand() -> None:
    first = Phrase(1.0, 3.0, (Stroke(1.5),), "beat", "right")
    score = Score((first, Phrase(2.0, 4.0, kind="chop", hands="left"), Phrase(2.5, 4.0, kind="wag", hands="both")), 5.0)
    assert [phrase.end for phrase in gestures(score)] == [2.5, 2.5, 4.0]


def test_a_hand_that_hardly_moves_does_not_gesture(plans: list[tuple[HandMotion, Score]]) -> None:
    motion, _ = plans[0]
    assert gestures(read_score(motion))
    mean = motion.wrist_position.mean(axis=0)
    smaller = motion.replaced(wrist_position=mean + 0.05 * (motion.wrist_position - mean))
    assert all(phrase.size >= 0.03 for phrase in gestures(read_score(smaller)))


@pytest.mark.parametrize("seconds", [0.4, 0.6, 1.0])
@pytest.mark.parametrize("place", [(0.15, -0.33, 0.18), (0.2, -0.2, 0.3)])
def test_a_hand_that_drifts_by_four_centimetres_does_not_gesture(
    place: tuple[float, float, float], seconds: float
) -> None:
    times = np.arange(192) / 24.0
    part = np.clip((times - 3.0) / seconds, 0.0, 1.0)
    position = np.tile(np.array([place, [-place[0], *place[1:]]]), (len(times), 1, 1))
    position[:, 1, 1] += 0.037 * part**3 * (10.0 + part * (6.0 * part - 15.0))
    rotation = np.tile(quaternion.IDENTITY, (len(times), 2, 16, 1))
    for _ in range(5):
        rotation[:, :, 0] = neutral_of(position, rotation[:, :, 0])
    assert not gestures(read_score(HandMotion(24.0, position, rotation, np.ones((len(times), 2)))))
