# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks

from chironomy.body.collision import arm_balls, arm_penetration, hands_penetration
from chironomy.body.hand_anatomy import angles_of_wrist, joint_angles
from chironomy.body.joint_limits import limit_violation
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.evaluation.beats import beat_alignment, stroke_apexes, wrist_speed
from chironomy.gesture import STYLES, GestureError
from chironomy.gesture.clips import load_clips
from chironomy.gesture.corpus import build, espeak, voices
from chironomy.gesture.corpus.languages import LANGUAGES, foreign_sentence
from chironomy.gesture.corpus.sounds import sound
from chironomy.gesture.corpus.texts import sentence
from chironomy.gesture.corpus.timeline import play, where
from chironomy.gesture.planning.manners import MANNERS, manner_of
from chironomy.gesture.planning.movement import Movement, Phase
from chironomy.gesture.planning.planner import Planner
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import COUNT_SHAPES, KINDS
from chironomy.gesture.repertoire.rests import RESTS
from chironomy.gesture.score import REST, Score
from chironomy.gesture.space import clear_of_body, neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

ACCENTS = np.array([0.6, 1.2, 1.9, 2.3, 3.0, 5.2, 5.9, 6.8])
STRENGTHS = np.array([0.9, 0.5, 0.7, 0.4, 0.8, 0.9, 0.6, 0.7])
PHRASES = [(0.3, 3.3), (4.9, 7.1)]


def talk(seed: int, seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """Accents of made-up speech, about 85 a minute, in phrases of some seconds."""
    random = np.random.default_rng([seed, 1])
    times, phrases, now = [], [], 0.4
    while now < seconds - 3:
        begin = now
        for _ in range(random.integers(3, 8)):
            times.append(now)
            now += float(random.uniform(0.35, 1.05))
        phrases.append((begin, now))
        now += float(random.choice([0.3, 0.7, 1.6]))
    return np.array(times), random.uniform(0.32, 0.95, len(times)), phrases


@lru_cache(maxsize=200)
def played(
    style: str = "neutral",
    seed: int = 0,
    speed: float = 1.0,
    amplitude: float = 1.0,
    handedness: str | None = None,
) -> tuple[HandMotion, Movement]:
    """Twenty seconds of gestures and four of rest; of two styles with "+" between them, half of each."""
    weights = dict.fromkeys(style.split("+"), 1 / len(style.split("+")))
    random = np.random.default_rng(seed)
    times, strengths, phrases = talk(seed)
    movement = Planner(weights, speed, amplitude, random, handedness).plan(times, strengths, phrases)
    manner = manner_of(weights)
    return play(movement, 576, 24.0, manner.idle, random, manner.fingers), movement


def strokes_per_minute(style: str, speed: float = 1.0) -> float:
    count = spoken = 0.0
    for seed in range(5):
        count += len(played(style, seed, speed)[1].apexes)
        spoken += sum(end - begin for begin, end in talk(seed)[2])
    return 60 * count / spoken


def test_every_style_has_a_manner_and_every_manner_known_gestures() -> None:
    assert tuple(MANNERS) == STYLES
    for manner in MANNERS.values():
        assert set(manner.kinds) <= set(KINDS)
        assert set(manner.shapes) <= set(SHAPES)
        assert set(manner.rests) <= set(RESTS)
    assert set().union(*(manner.kinds for manner in MANNERS.values())) == set(KINDS)


def test_most_strokes_arrive_on_their_accents_and_some_where_they_will() -> None:
    offsets = []
    for seed in range(8):
        accents, _, _ = talk(seed)
        _, movement = played(seed=seed)
        assert len(movement.apexes) >= 5
        offsets.append(movement.apexes - accents[np.abs(movement.apexes[:, None] - accents).argmin(axis=1)])
    joined = np.concatenate(offsets)
    assert abs(np.median(joined)) <= 0.06
    assert 0.7 <= np.mean(np.abs(joined) <= 0.1) <= 0.98


@pytest.mark.parametrize("style", ["neutral", "lively", "emphatic"])
def test_a_hand_does_one_phrase_after_another(style: str) -> None:
    for seed in range(4):
        phrases = played(style, seed)[1].phrases
        assert [phrase.start for phrase in phrases] == sorted(phrase.start for phrase in phrases)
        for hand in ("left", "right"):
            own = [phrase for phrase in phrases if phrase.hands in (hand, "both")]
            assert all(first.end <= second.start for first, second in itertools.pairwise(own))
        assert all(stroke.apex + stroke.hold <= each.end + 2e-3 for each in phrases for stroke in each.strokes)


def test_hands_beat_with_their_own_accents_more_than_with_others() -> None:
    own, other = [], []
    for seed in range(8):
        beats = stroke_apexes(played(seed=seed)[0])
        own.append(beat_alignment(beats, talk(seed)[0]))
        other.append(np.mean([beat_alignment(beats, talk(seed + by)[0]) for by in (1, 2, 3)]))
    gain = np.array(own) - np.array(other)
    assert gain.mean() >= gain.std()


@pytest.mark.parametrize(
    ("style", "least", "most"),
    [
        *(("neutral", 45, 62), ("calm", 28, 42), ("lively", 55, 70), ("emphatic", 47, 62)),
        *(("precise", 45, 60), ("open", 38, 53), ("reserved", 24, 38)),
    ],
)
def test_styles_differ_in_how_often_they_stroke(style: str, least: float, most: float) -> None:
    assert least <= strokes_per_minute(style) <= most


def test_a_stroke_has_its_preparation_and_a_unit_its_retraction() -> None:
    for seed in range(4):
        _, movement = played(seed=seed, handedness="right")
        _, right = movement.moves
        phases = [move.phase for move in right]
        assert all(phases[i - 1] is Phase.PREPARATION for i, phase in enumerate(phases) if phase is Phase.STROKE)
        assert right[-1].phase is Phase.RELEASE


def test_fingers_that_touch_or_count_keep_their_shape_through_the_stroke() -> None:
    for seed in range(4):
        _, movement = played("precise", seed)
        apexes = {stroke.apex: phrase for phrase in movement.phrases for stroke in phrase.strokes}
        for moves in movement.moves:
            for move in moves:
                arrived = move.start + 0.88 * move.duration
                near = min(apexes, key=lambda apex: abs(apex - arrived))
                if move.phase is Phase.STROKE and abs(near - arrived) < 0.02 and apexes[near].shape in ("ring", "two"):
                    assert np.abs(move.pose[6:] - SHAPES[apexes[near].shape]).max() < 12.0


def test_the_score_says_what_was_planned() -> None:
    for style in ("neutral", "precise"):
        for seed in range(4):
            motion, movement = played(style, seed)
            score = movement.score(24.0)
            assert Score.from_dict(json.loads(json.dumps(score.to_dict()))) == score
            gestures = [phrase for phrase in score.phrases if phrase.kind != REST]
            assert {stroke.apex for phrase in gestures for stroke in phrase.strokes} == set(movement.apexes)
            away = []
            for phrase in gestures:
                assert (
                    phrase.kind == "count"
                    or not KINDS[phrase.kind].own_shape
                    or (phrase.shape == KINDS[phrase.kind].apex.shape)
                )
                assert phrase.kind != "count" or phrase.shape in COUNT_SHAPES
                frame = min(round(phrase.strokes[0].apex * 24), motion.frame_count - 1)
                wrist = motion.wrist_position[frame, 0 if phrase.hands == "left" else 1]
                away.append(np.linalg.norm(wrist - phrase.place))
            assert np.median(away) < 0.08


def test_hands_lie_or_hang_at_the_end_and_do_not_hover() -> None:
    for seed in range(4):
        motion, movement = played(seed=seed)
        resting = where(np.stack([moves[-1].pose[:3] for moves in movement.moves]))
        assert np.linalg.norm(motion.wrist_position[-1] - resting, axis=-1).max() < 0.06


@pytest.mark.parametrize("name", RESTS)
def test_hands_that_rest_together_touch_and_are_not_in_each_other(name: str) -> None:
    rest = RESTS[name]
    poses = np.tile(np.stack([rest.other.vector(), rest.lead.vector()]), (2, 1, 1))
    still = Movement((poses[0, 0], poses[0, 1]), ([], []), np.zeros(0))
    motion = play(still, 24, 24.0, 0.0, np.random.default_rng(0), 0.0)
    rig = load_rig()
    pose = solve_pose(rig, motion)
    middle, radius = arm_balls(rig, pose)
    left, right = middle[0, 0, :-6], middle[0, 1, :-6]
    gap = (np.linalg.norm(left[:, None] - right, axis=-1) - radius[:-6, None] - radius[:-6]).min()
    assert (gap < 0.012) == rest.together
    assert hands_penetration(rig, pose).max() < 0.005
    assert arm_penetration(rig, pose).max() < 0.005


@pytest.mark.parametrize("handedness", ["left", "right", "both"])
def test_only_the_hands_that_were_asked_for_gesture(handedness: str) -> None:
    for seed in range(3):
        motion, _ = played("lively", seed, handedness=handedness)
        moved = np.ptp(motion.wrist_position, axis=0).max(axis=-1)
        for hand, name in enumerate(("left", "right")):
            assert (moved[hand] > 0.12) == (handedness in (name, "both"))


@pytest.mark.parametrize("control", ["speed", "amplitude"])
def test_speed_and_amplitude_act_all_the_way(control: str) -> None:
    levels = [0.25, 0.7, 1.4, 2.5]
    mean = [
        np.mean([wrist_speed(played("neutral", seed, **{control: level})[0]).mean() for seed in range(3)])
        for level in levels
    ]
    assert np.all(np.diff(mean) > 0)
    assert mean[-1] > 2.0 * mean[0]


def summary(motion: HandMotion) -> np.ndarray:
    """Where the hands are, how they move and how they are held, in a few numbers."""
    position = motion.wrist_position * [[1, 1, 1], [-1, 1, 1]]
    speed = wrist_speed(motion)
    flexion = joint_angles(motion.rotation)[:, :, 1:, 0]
    angles = angles_of_wrist(neutral_of(motion.wrist_position, motion.rotation[:, :, 0]), motion.rotation[:, :, 0])
    each = np.abs(speed.mean(axis=0)[0] - speed.mean(axis=0)[1])
    parts = [position.mean(axis=(0, 1)), position.std(axis=0).mean(axis=0), angles.mean(axis=(0, 1))]
    parts += [flexion.mean(axis=(0, 1)), np.array([speed.mean(), each, np.percentile(speed, 90)])]
    return np.concatenate(parts)


def test_styles_can_be_told_apart_in_ten_seconds() -> None:
    rows = np.array([[summary(played(s, seed)[0].sliced(60, 300)) for seed in range(6)] for s in STYLES])
    scale = rows.reshape(-1, rows.shape[-1]).std(axis=0)
    centres = rows[:, :4].mean(axis=1)
    distance = np.linalg.norm((rows[:, 4:, None] - centres) / scale, axis=-1)
    assert np.mean(distance.argmin(axis=-1) == np.arange(len(STYLES))[:, None]) >= 0.5


def test_a_style_between_two_lies_between_them() -> None:
    middle = manner_of({"lively": 0.5, "calm": 0.5})
    assert MANNERS["calm"].amplitude < middle.amplitude < MANNERS["lively"].amplitude
    assert set(middle.kinds) == set(MANNERS["calm"].kinds) | set(MANNERS["lively"].kinds)
    assert np.isfinite(played("lively+calm")[0].wrist_position).all()


@pytest.mark.parametrize("style", STYLES)
def test_motion_stays_within_a_person_s_limits(style: str) -> None:
    rig = load_rig()
    for seed in range(2):
        motion, _ = played(style, seed, amplitude=1.5)
        pose = solve_pose(rig, motion)
        assert limit_violation(motion.rotation).max() <= 0.5
        assert np.mean(arm_penetration(rig, pose) > 0.005) <= 0.005
        assert np.mean(hands_penetration(rig, pose) > 0.005) <= 0.005
        neutral = neutral_of(motion.wrist_position, motion.rotation[:, :, 0])
        angles = np.abs(np.degrees(angles_of_wrist(neutral, motion.rotation[:, :, 0])))
        assert (angles.max(axis=(0, 1)) <= [81, 61, 26]).all()


def takes(style: str) -> list[HandMotion]:
    return [played(style, seed)[0].sliced(0, 400) for seed in range(4)]


def test_planned_motion_is_as_alive_as_people() -> None:
    for style, speed, still, cells in (("neutral", (0.27, 0.45), 0.5, 40), ("lively", (0.4, 0.65), 0.33, 70)):
        motions = takes(style)
        speeds = np.concatenate([wrist_speed(motion) for motion in motions])
        assert speed[0] <= speeds.mean() <= speed[1]
        assert np.mean((speeds < 0.2).all(axis=1)) <= still
        wrist = np.concatenate([motion.wrist_position for motion in motions])
        for hand in range(2):
            _, count = np.unique(np.floor(wrist[:, hand] / 0.04).astype(int), axis=0, return_counts=True)
            share = np.cumsum(np.sort(count)[::-1]) / len(wrist)
            assert np.searchsorted(share, 0.9) >= cells
        assert np.subtract(*np.percentile(wrist[..., 1], [95, 5])) >= 0.33
        rotation = np.concatenate([motion.rotation for motion in motions])
        turning = np.degrees(quaternion.angle(rotation[1:], rotation[:-1])) * 24
        assert 90 <= turning[:, :, 0].mean() <= 200
        assert 25 <= turning[:, :, 1:].mean() <= 60


def test_not_even_the_largest_and_fastest_gestures_jolt() -> None:
    for seed in range(4):
        motion, _ = played("lively", seed, speed=2.5, amplitude=2.5)
        assert wrist_speed(motion).max() <= 5.0


def test_another_seed_is_another_performance() -> None:
    times, strengths, phrases = talk(0)
    made = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        movement = Planner("neutral", 1.0, 1.0, random).plan(times, strengths, phrases)
        made.append(play(movement, 480, 24.0, 1.0, random))
    peaks = [find_peaks(wrist_speed(motion).max(axis=1), 0.5, prominence=0.3, distance=6)[0] / 24 for motion in made]
    pairs = [(a, b) for a in range(4) for b in range(4) if a != b]
    apart = [np.linalg.norm(made[a].wrist_position - made[b].wrist_position, axis=-1).mean() for a, b in pairs]
    shared = [np.mean(np.abs(peaks[a][:, None] - peaks[b]).min(axis=1) <= 0.15) for a, b in pairs]
    assert np.mean(apart) >= 0.15
    assert np.mean(shared) <= 0.5


def test_the_same_kind_seldom_comes_twice_in_a_row() -> None:
    kinds = [[phrase.kind for phrase in played("neutral", seed)[1].phrases] for seed in range(8)]
    again = [first == second for each in kinds for first, second in itertools.pairwise(each)]
    assert np.mean(again) <= 0.1


def test_silence_leaves_the_hands_at_rest() -> None:
    random = np.random.default_rng(0)
    movement = Planner("lively", 1.0, 1.0, random).plan(np.zeros(0), np.zeros(0), [])
    motion = play(movement, 96, 24.0, 1.0, random)
    assert np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1).max() * 24 < 0.06


def test_what_touches_nothing_is_left_alone() -> None:
    motion, _ = played("reserved", 1, handedness="left")
    cleared = clear_of_body(motion)
    assert clear_of_body(cleared) is cleared


def test_over_other_sounds_hands_rest() -> None:
    recordings = [build.make_recording(np.random.default_rng([0, seed])) for seed in range(40)]
    silent = [recording for recording in recordings if recording.spoken is None]
    assert 0 < len(silent) < 12
    for seed in range(6):
        samples = sound(np.random.default_rng(seed), 2.0)
        assert len(samples) == 32000
        assert np.isfinite(samples).all()


def test_sentences_are_whole() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        text = sentence(random)
        assert text[0].isupper()
        assert text[-1] in ".!?"
        assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_in_other_languages_are_whole_and_spoken(
    language: str, bundled_voice: Callable[[str, str], np.ndarray]
) -> None:
    random = np.random.default_rng(0)
    texts = [foreign_sentence(language, random) for _ in range(40)]
    assert len(set(texts)) > 20
    assert all(text[-1] in ".!?。？！" and "{" not in text for text in texts)
    assert 0.8 < len(bundled_voice(f"{language}+f3", texts[0])) / voices.RATE < 12


def test_an_item_is_the_same_whenever_it_is_made() -> None:
    settings = build.CorpusSettings(items=2, variants=1, seed=5)
    first, second = (build.make_item(settings, 1)[0] for _ in range(2))
    assert np.array_equal(first.audio, second.audio)
    assert np.array_equal(first.motion, second.motion)


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


def test_a_corpus_of_other_settings_is_not_mixed_in(tmp_path: Path) -> None:
    build.build_corpus(tmp_path, build.CorpusSettings(items=1, variants=1, items_per_shard=1), workers=1)
    with pytest.raises(GestureError, match="other settings"):
        build.build_corpus(tmp_path, build.CorpusSettings(items=1, variants=1, items_per_shard=1, seed=1), workers=1)


def test_without_a_voice_one_sentence_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(GestureError, match="apt install flite espeak-ng"):
        voices.available_voices()


@pytest.fixture
def bundled_voice(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], np.ndarray]:
    """Speak with a voice of the package that the project brings, whatever programs the machine has."""
    monkeypatch.setattr(shutil, "which", lambda _: None)

    def speak(name: str, text: str) -> np.ndarray:
        voice = voices.Voice(np.random.default_rng(0))
        assert voice.program == "espeak-ng"
        voice.name, voice.stretch, voice.pitch = name, 1.0, 0.0
        return voice.speak(text)

    return speak


def test_without_programs_the_package_speaks(bundled_voice: Callable[[str, str], np.ndarray]) -> None:
    short, long = (bundled_voice("en-us+f3", text) for text in ("Good morning.", "Good morning, and welcome to you."))
    assert 0.4 < len(short) / voices.RATE < len(long) / voices.RATE < 3.5
    assert np.sqrt(np.mean(long**2)) == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(short, bundled_voice("en-us+f3", "Good morning."))


@pytest.mark.parametrize("name", voices.ESPEAK_VOICES)
def test_the_package_has_the_voices_and_their_variants(
    name: str, bundled_voice: Callable[[str, str], np.ndarray]
) -> None:
    plain, other = (bundled_voice(f"{name}{variant}", "Good morning.") for variant in ("", "+klatt4"))
    assert len(plain) != len(other) or np.abs(plain - other).max() > 0.1


def test_a_voice_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-P", espeak.__file__, "-v", "xx-none", "-w", str(tmp_path / "a.wav"), "Good morning."]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert said.stderr == "espeak-ng has no voice xx-none\n"
    assert not (tmp_path / "a.wav").exists()
