# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from gesture_samples import babble
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chironomy.body.collision import arm_penetration
from chironomy.body.hand_anatomy import angles_of_wrist
from chironomy.body.joint_limits import limit_violation
from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.evaluation.beats import stroke_apexes, wrist_speed
from chironomy.gesture import GestureCancelled, GestureError, GesturePipeline, embedded_weights
from chironomy.gesture.shipped import embedded_styles
from chironomy.gesture.space import neutral_of
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech, load_speech
from chironomy.work import Work


def difference(a: HandMotion, b: HandMotion) -> float:
    """Greatest distance of wrists in metres."""
    return float(np.linalg.norm(a.wrist_position - b.wrist_position, axis=-1).max())


def silence(seconds: float) -> Speech:
    return Speech.from_samples(np.zeros(round(seconds * 16000), np.float32), 16000)


def test_motion_is_as_long_as_the_speech(tiny: GesturePipeline, speech: Speech) -> None:
    motion = tiny(speech, num_inference_steps=2)
    assert motion.frame_count == speech.frame_count(24)
    assert motion.source["speech"] == speech.sha256
    assert motion.source["seed"] == 0


@pytest.mark.parametrize("fps", [12.0, 25.0, 29.97, 60.0])
def test_any_frame_rate_has_the_same_motion(tiny: GesturePipeline, speech: Speech, fps: float) -> None:
    motion = tiny(speech, num_inference_steps=2, fps=fps)
    usual = tiny(speech, num_inference_steps=2).resampled(fps, motion.frame_count)
    assert motion.frame_count == speech.frame_count(fps)
    assert difference(motion, usual) < 0.03


def test_the_same_seed_repeats_exactly(tiny: GesturePipeline, speech: Speech) -> None:
    first, second = (tiny(speech, seed=7, num_inference_steps=3) for _ in range(2))
    assert np.array_equal(first.wrist_position, second.wrist_position)
    assert np.array_equal(first.rotation, second.rotation)


def test_the_number_of_threads_hardly_matters(tiny: GesturePipeline, speech: Speech) -> None:
    one = tiny(speech, seed=7, num_inference_steps=3)
    torch.set_num_threads(2)
    assert difference(one, tiny(speech, seed=7, num_inference_steps=3)) < 1e-4


def test_a_saved_pipeline_gives_the_same_motion(tiny: GesturePipeline, speech: Speech, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path)
    loaded = GesturePipeline.from_pretrained(tmp_path)
    first, second = (pipe(speech, seed=3, num_inference_steps=2) for pipe in (tiny, loaded))
    assert np.array_equal(first.wrist_position, second.wrist_position)
    assert np.array_equal(first.rotation, second.rotation)


def test_a_compact_copy_is_half_the_size_and_almost_the_same(
    tiny: GesturePipeline, speech: Speech, tmp_path: Path
) -> None:
    tiny.save_pretrained(tmp_path / "full")
    tiny.save_compact(tmp_path / "compact")
    sizes = [
        (tmp_path / name / "transformer" / "diffusion_pytorch_model.safetensors").stat().st_size
        for name in ("full", "compact")
    ]
    assert sizes[1] < 0.6 * sizes[0]
    loaded = GesturePipeline.from_pretrained(tmp_path / "compact")
    assert loaded.transformer.motion_out.weight.dtype == torch.float32
    assert torch.equal(loaded.transformer.get_buffer("motion_std"), tiny.transformer.get_buffer("motion_std"))
    first, second = (pipe(speech, seed=3, num_inference_steps=2) for pipe in (tiny, loaded))
    assert difference(first, second) < 0.005


def test_a_scheduler_of_another_kind_is_loaded_and_used(tiny: GesturePipeline, speech: Speech, tmp_path: Path) -> None:
    ddim = DDIMScheduler(prediction_type="sample", clip_sample=False)
    GesturePipeline(tiny.transformer, ddim).save_pretrained(tmp_path)
    loaded = GesturePipeline.from_pretrained(tmp_path)
    assert isinstance(loaded.scheduler, DDIMScheduler)
    assert loaded(speech, num_inference_steps=3).frame_count == speech.frame_count(24)


def test_windows_leave_no_seam(tiny: GesturePipeline, speech: Speech) -> None:
    motion = tiny(speech, seed=1, num_inference_steps=4)
    jump = np.linalg.norm(np.diff(motion.wrist_position, 2, axis=0), axis=-1).max(axis=1)
    # Windows of the tiny model begin every 24 frames.
    borders = np.array([frame for frame in range(6, len(jump)) if (frame + 18) % 24 in (0, 23)])
    assert jump[borders].mean() < 1.5 * jump.mean()


def pinned_example(motion: HandMotion) -> tuple[HandMotion, np.ndarray]:
    mask = np.zeros((motion.frame_count, 2), bool)
    mask[:12] = True
    mask[60:66, 1] = True
    raised = motion.wrist_position + np.array([0.0, 0.02, 0.01])
    return motion.replaced(wrist_position=raised, confidence=np.full((motion.frame_count, 2), 0.7)), mask


@pytest.mark.parametrize("fps", [24.0, 30.0])
def test_pinned_frames_are_kept_exactly(tiny: GesturePipeline, speech: Speech, fps: float) -> None:
    pinned, mask = pinned_example(tiny(speech, seed=1, num_inference_steps=2, fps=fps))
    motion = tiny(speech, seed=2, num_inference_steps=3, fps=fps, pinned=pinned, pinned_mask=mask)
    assert np.abs(motion.wrist_position - pinned.wrist_position)[mask].max() < 1e-12
    assert np.degrees(quaternion.angle(motion.rotation, pinned.rotation))[mask].max() < 1e-6
    assert (motion.confidence[mask] == 0.7).all()
    assert (motion.confidence[~mask] == 1.0).all()


def test_free_frames_meet_pinned_ones_without_a_jump(tiny: GesturePipeline, speech: Speech) -> None:
    pinned, mask = pinned_example(tiny(speech, seed=1, num_inference_steps=2))
    motion = tiny(speech, seed=2, num_inference_steps=3, pinned=pinned, pinned_mask=mask)
    steps = np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1)
    assert steps[[11, 59, 65]].max() < 0.03


def test_without_a_mask_what_is_confident_is_pinned(tiny: GesturePipeline, speech: Speech) -> None:
    made = tiny(speech, seed=1, num_inference_steps=2)
    confidence = np.zeros((made.frame_count, 2))
    confidence[20:40, 0] = 1.0
    motion = tiny(speech, seed=2, num_inference_steps=2, pinned=made.replaced(confidence=confidence))
    assert np.abs(motion.wrist_position - made.wrist_position)[20:40, 0].max() < 1e-12


def test_progress_rises_to_one(tiny: GesturePipeline, speech: Speech) -> None:
    seen: list[float] = []
    tiny(speech, num_inference_steps=3, work=Work(lambda done, _="": seen.append(done)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_it_can_be_cancelled(tiny: GesturePipeline, speech: Speech) -> None:
    with pytest.raises(GestureCancelled):
        tiny(speech, work=Work(cancelled=lambda: True))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"style": "furious"}, "no style 'furious'"),
        ({"speed": 9.0}, "speed is 9"),
        ({"amplitude": 0.0}, "amplitude is 0"),
        ({"num_inference_steps": 0}, "num_inference_steps is 0"),
        ({"pinned_mask": np.ones((3, 2), bool)}, "without pinned"),
    ],
)
def test_a_wrong_setting_is_named(tiny: GesturePipeline, speech: Speech, settings: dict, sentence: str) -> None:
    with pytest.raises(GestureError, match=sentence):
        tiny(speech, **settings)


def test_pins_of_another_rate_are_refused(tiny: GesturePipeline, speech: Speech) -> None:
    pinned = tiny(speech, num_inference_steps=1).resampled(25.0)
    with pytest.raises(GestureError, match="pinned has 25 frames a second"):
        tiny(speech, pinned=pinned)


@pytest.mark.parametrize("count", [20, 400])
def test_pins_may_end_before_the_speech_and_after_it(tiny: GesturePipeline, speech: Speech, count: int) -> None:
    plain = tiny(speech, num_inference_steps=1)
    pinned = tiny(speech, num_inference_steps=1, seed=9).lasting(count)
    mask = np.zeros((count, 2), bool)
    mask[12:, 0] = True
    motion = tiny(speech, num_inference_steps=1, pinned=pinned, pinned_mask=mask)
    assert motion.frame_count == plain.frame_count
    until = min(count, plain.frame_count)
    np.testing.assert_array_equal(motion.wrist_position[12:until, 0], pinned.wrist_position[12:until, 0])
    assert not np.array_equal(motion.wrist_position[until - 1, 1], pinned.wrist_position[until - 1, 1])


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(GestureError, match="holds no gesture model"):
        GesturePipeline.from_pretrained(tmp_path)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.floats(0.2, 7.0), fps=st.sampled_from([10.0, 24.0, 30.0]), seed=st.integers(0, 2**40))
def test_any_length_gives_valid_motion(tiny: GesturePipeline, seconds: float, fps: float, seed: int) -> None:
    speech = babble(seconds)
    motion = tiny(speech, fps=fps, seed=seed, num_inference_steps=2)
    assert motion.frame_count == speech.frame_count(fps)
    assert limit_violation(motion.rotation).max() < 0.5


def test_the_embedded_weights_are_small_and_say_what_they_learned_from() -> None:
    folder = embedded_weights()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 12e6
    assert "trained on synthetic motion" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("style", embedded_styles())
def test_embedded_motion_is_possible_for_a_person(embedded: GesturePipeline, speech: Speech, style: str) -> None:
    motion = embedded(speech, style=style, seed=1)
    rig = load_rig()
    assert limit_violation(motion.rotation).max() < 0.5
    neutral = neutral_of(motion.wrist_position, motion.rotation[:, :, 0])
    angles = np.abs(np.degrees(angles_of_wrist(neutral, motion.rotation[:, :, 0])))
    assert (angles.max(axis=(0, 1)) <= [82, 62, 27]).all()
    assert arm_penetration(rig, solve_pose(rig, motion)).max() < 0.01
    assert wrist_speed(motion).max() < 3.0


def test_silence_leaves_the_hands_at_rest(embedded: GesturePipeline) -> None:
    rests = []
    for motion in embedded.variants(silence(12.0), 12):
        assert len(stroke_apexes(motion)) == 0
        assert wrist_speed(motion)[6:].mean() < 0.03
        assert motion.wrist_position[:, :, 1].max() < -0.1
        # They do not wander from one rest to another, and seeds rest differently.
        assert np.ptp(motion.wrist_position[24:], axis=0).max() < 0.08
        rests.append(motion.wrist_position[24:].mean(axis=0))
    assert np.std(rests, axis=0).mean() > 0.03


def spoilt(kind: str) -> Speech:
    """A voice, spoilt, or what is no voice at all."""
    random = np.random.default_rng(0)
    voice, rate = babble(6.0).samples, 16000
    times = np.arange(len(voice)) / rate
    samples, rate = {
        "noise": (0.3 * random.normal(size=len(voice)), rate),
        "whisper": (voice + 0.5 * random.normal(size=len(voice)) * np.abs(voice), rate),
        "chord": (sum(0.2 * np.sin(2 * np.pi * note * times) for note in (220, 277, 330)), rate),
        "clipped": (np.clip(30 * voice, -1, 1), rate),
        "offset": (voice + 0.4, rate),
        "telephone": (voice[::2], 8000),
        "faint": (voice * 1e-4, rate),
        "click": (np.eye(1, len(voice), 48000)[0], rate),
    }[kind]
    return Speech.from_samples(np.asarray(samples, np.float32), rate)


@pytest.mark.parametrize("kind", ["noise", "whisper", "chord", "clipped", "offset", "telephone", "faint", "click"])
def test_bad_sound_gives_valid_motion(embedded: GesturePipeline, kind: str) -> None:
    sound = spoilt(kind)
    motion = embedded(sound, seed=1)
    assert motion.frame_count == sound.frame_count(24)
    assert limit_violation(motion.rotation).max() < 0.5
    assert wrist_speed(motion).max() < 3.0


def test_a_fifth_of_a_second_is_enough(embedded: GesturePipeline) -> None:
    motion = embedded(babble(0.2))
    assert motion.frame_count == 5


def test_seeds_differ(embedded: GesturePipeline, speech: Speech) -> None:
    motions = [embedded(speech, seed=seed) for seed in range(3)]
    for a in range(3):
        for b in range(a):
            assert difference(motions[a], motions[b]) > 0.05


def test_larger_amplitude_makes_larger_gestures(embedded: GesturePipeline) -> None:
    def way(amplitude: float) -> float:
        """Metres that the wrists go."""
        motions = (embedded(babble(12.0), seed=seed, amplitude=amplitude) for seed in range(3))
        steps = [np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1).sum() for motion in motions]
        return float(np.mean(steps))

    small, large = way(0.6), way(1.6)
    assert large > 1.15 * small


def test_hands_do_not_jerk_in_the_last_frames(embedded: GesturePipeline, repository: Path) -> None:
    """What they would do after the recording is to rest; of these one once moved by 8 cm in the last frame."""
    speech = load_speech(repository / "examples" / "speech.flac")
    for style, seed in (("lively", 1), ("neutral", 0)):
        motion = embedded(speech, style=style, seed=seed)
        speed = np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1).max(axis=1) * motion.fps
        assert speed[-5:].max() < 0.7


def test_hands_start_from_standstill(embedded: GesturePipeline, repository: Path) -> None:
    speech = load_speech(repository / "examples" / "speech.flac")
    first: list[float] = []
    for seed in range(9):
        motion = embedded(speech, style="lively", seed=seed)
        speed = np.linalg.norm(np.diff(motion.wrist_position, axis=0), axis=-1) * motion.fps
        first.append(float(speed[0].max()))
        assert speed.max() > 0.5
    # What keeps hands out of the body may move one by a few millimetres.
    assert np.median(first) < 0.015
    assert max(first) < 0.15
