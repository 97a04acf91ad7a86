# SPDX-License-Identifier: GPL-3.0-or-later
import shutil
from pathlib import Path

import numpy as np
import pytest

from chironomy.body.collision import arm_penetration, hands_penetration
from chironomy.body.joint_limits import limit_violation
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.evaluation.beats import beat_alignment, stroke_apexes
from chironomy.gesture import STYLES, GestureError
from chironomy.gesture.anatomy import angles_of_wrist
from chironomy.gesture.clips import load_clips
from chironomy.gesture.corpus import build, voices
from chironomy.gesture.corpus.gestures import KINDS, MANNERS
from chironomy.gesture.corpus.planner import LEAD, Planner
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.corpus.timeline import motion_of_score
from chironomy.gesture.space import neutral_of
from chironomy.motion.hand_motion import HandMotion

needs_voices = pytest.mark.skipif(
    not (shutil.which("flite") or shutil.which("espeak-ng")), reason="no text-to-speech program here"
)

ACCENTS = np.array([0.6, 1.2, 1.9, 2.3, 3.0, 5.2, 5.9, 6.8])
STRENGTHS = np.array([0.9, 0.5, 0.7, 0.4, 0.8, 0.9, 0.6, 0.7])
PHRASES = [(0.3, 3.3), (4.9, 7.1)]


def played(style: str = "neutral", seed: int = 0, amplitude: float = 1.0) -> tuple[HandMotion, np.ndarray]:
    random = np.random.default_rng(seed)
    score = Planner(style, 1.0, amplitude, random).plan(ACCENTS, STRENGTHS, PHRASES)
    return motion_of_score(score, 240, 24.0, 1.0, random), score.apexes


def test_every_style_has_a_manner_and_every_manner_known_gestures() -> None:
    assert set(MANNERS) == set(STYLES)
    assert all(set(manner.kinds) <= set(KINDS) for manner in MANNERS.values())


def test_strokes_arrive_on_accents_or_up_to_eighty_milliseconds_before() -> None:
    for seed in range(8):
        _, apexes = played(seed=seed)
        lead = np.array([np.min(np.abs(ACCENTS - apex)) for apex in apexes])
        assert len(apexes) >= 3
        assert lead.max() <= max(LEAD) + 1e-9


def test_the_motion_beats_where_its_score_says() -> None:
    apexes = [stroke_apexes(played("lively", seed)[0]) for seed in range(8)]
    own = np.mean([beat_alignment(beats, ACCENTS) for beats in apexes])
    late = np.mean([beat_alignment(beats, ACCENTS + 0.2) for beats in apexes])
    assert own > 0.5
    assert own > late + 0.15


def test_hands_return_to_rest_after_each_unit() -> None:
    for seed in range(4):
        motion, _ = played(seed=seed)
        assert (motion.wrist_position[-1, :, 1] < -0.26).all()
        assert (motion.wrist_position[:, :, 1].max(axis=0) > -0.25).any()


@pytest.mark.parametrize("style", STYLES)
def test_motion_stays_within_a_person_s_limits(style: str) -> None:
    rig = load_rig()
    for seed in range(3):
        motion, _ = played(style, seed, amplitude=1.5)
        pose = solve_pose(rig, motion)
        assert limit_violation(motion.rotation).max() <= 0.5
        assert arm_penetration(rig, pose).max() < 0.005
        assert hands_penetration(rig, pose).max() < 0.005
        neutral = neutral_of(motion.wrist_position, motion.rotation[:, :, 0])
        angles = np.abs(np.degrees(angles_of_wrist(neutral, motion.rotation[:, :, 0])))
        assert (angles.max(axis=(0, 1)) <= [81, 61, 26]).all()


def test_silence_leaves_the_hands_at_rest() -> None:
    random = np.random.default_rng(0)
    score = Planner("lively", 1.0, 1.0, random).plan(np.zeros(0), np.zeros(0), [])
    motion = motion_of_score(score, 96, 24.0, 1.0, random)
    assert np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1).max() * 24 < 0.06


def test_sentences_are_whole() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        text = sentence(random)
        assert text[0].isupper()
        assert text[-1] in ".!?"
        assert "{" not in text


@needs_voices
def test_an_item_is_the_same_whenever_it_is_made() -> None:
    settings = build.CorpusSettings(items=2, variants=1, seed=5)
    first, second = (build.make_item(settings, 1)[0] for _ in range(2))
    assert np.array_equal(first.audio, second.audio)
    assert np.array_equal(first.motion, second.motion)


@needs_voices
def test_a_corpus_is_made_once_and_read_back(tmp_path: Path) -> None:
    settings = build.CorpusSettings(items=1, variants=2, items_per_shard=1)
    build.build_corpus(tmp_path, settings, workers=1)
    written = (tmp_path / "shard-0000.npz").stat().st_mtime_ns
    build.build_corpus(tmp_path, settings, workers=1)
    assert (tmp_path / "shard-0000.npz").stat().st_mtime_ns == written
    clips, description = load_clips(tmp_path)
    assert len(clips) == 2
    assert description["items"] == 1
    assert clips[0].motion.shape == (len(clips[0].audio), 198)


@needs_voices
def test_a_corpus_of_other_settings_is_not_mixed_in(tmp_path: Path) -> None:
    build.build_corpus(tmp_path, build.CorpusSettings(items=1, variants=1, items_per_shard=1), workers=1)
    with pytest.raises(GestureError, match="other settings"):
        build.build_corpus(tmp_path, build.CorpusSettings(items=1, variants=1, items_per_shard=1, seed=1), workers=1)


def test_without_a_voice_one_sentence_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(GestureError, match="apt install flite espeak-ng"):
        voices.available_voices()
