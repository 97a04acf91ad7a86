# SPDX-License-Identifier: GPL-3.0-or-later
"""A score in the network: what it is told of each frame, in training and when it makes motion."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gesture_samples import TINY

from chironomy.gesture import GestureError, GesturePipeline, GestureTransformer
from chironomy.gesture.clips import Clip, load_clips, one_hot, shard_path, write_description, write_shard
from chironomy.gesture.controls import checked_controls
from chironomy.gesture.pipeline import default_scheduler
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.runtime import GestureRuntime
from chironomy.gesture.sampling import guided_runs
from chironomy.gesture.score import FIELDS, SCORE_KINDS, Phrase, Score, Stroke, score_dim, score_frames, told
from chironomy.gesture.score.frames import Told
from chironomy.gesture.score.phrases import LONGEST_SECONDS
from chironomy.gesture.training.run import model_config
from chironomy.gesture.training.trainer import Trainer, TrainSettings
from chironomy.gesture.training.windows import EVERYTHING_GIVEN, Dropout, Windows
from chironomy.speech.decode import Speech

KINDS = SCORE_KINDS
SIDE = score_dim(KINDS) // 2
POINT = Phrase(
    1.0,
    2.0,
    (Stroke(1.5, 0.25),),
    "point_out",
    "left",
    "point",
    (0.3, -0.1, 0.3),
    0.1,
)


def frames(*phrases: Phrase, first: int = 0, count: int = 72) -> np.ndarray:
    """(count, 2, numbers) of all that the phrases say, at 24 frames a second."""
    return score_frames(told(phrases), KINDS, 24.0, first, count).reshape(count, 2, SIDE)


def test_a_phrase_is_told_of_its_hand_while_it_lasts():
    made = frames(POINT)
    inside = (np.arange(72) / 24 >= 1.0) & (np.arange(72) / 24 <= 2.0)
    assert (np.abs(made[:, 0]).max(axis=1) > 0).tolist() == inside.tolist()
    assert (made[inside, 0, KINDS.index("point_out")] == 1).all()
    hand = made[30, 0, len(KINDS) :]
    assert hand[:3].tolist() == [1, 1, 1]
    np.testing.assert_allclose(hand[3:23], SHAPES["point"] / 90, atol=1e-6)
    np.testing.assert_allclose(hand[23:29], [1, 1.2, 0.48, 0.16, 1, 0.4], atol=1e-6)
    # The right hand is told nothing but that it is not in this phrase.
    assert made[30, 1].sum() == made[30, 1, len(KINDS) + 1] == 1


def test_the_moments_of_a_stroke_are_told():
    given, bump, since, stroke, held = frames(POINT)[24:49, 0, -5:].T
    times = np.arange(24, 49) / 24
    assert (given == 1).all()
    assert times[bump.argmax()] == 1.5
    assert (np.sign(since) == np.sign(np.round(times - 1.5, 6))).all()
    assert 1.2 < times[stroke.argmax()] < 1.4
    assert times[held > 0].tolist() == pytest.approx(np.arange(36, 43) / 24)


def test_what_is_free_is_zero():
    whole = frames(POINT)[30, 0]
    nothing = replace(POINT, states={name: "free" for name in FIELDS if name != "hands"})
    assert frames(nothing)[30, 0].sum() == 2  # that it is a phrase, and of this hand
    for name, numbers in {
        "kind": [KINDS.index("point_out")],
        "shape": range(len(KINDS) + 2, len(KINDS) + 23),
        "place": range(len(KINDS) + 23, len(KINDS) + 27),
        "size": range(len(KINDS) + 27, len(KINDS) + 29),
        "strokes": range(len(KINDS) + 29, SIDE),
    }.items():
        without = frames(replace(POINT, states={name: "free"}))[30, 0]
        assert np.flatnonzero(without != whole).tolist() == [number for number in numbers if whole[number] != 0], name


def test_a_phrase_whose_hands_are_free_is_told_of_both():
    made = frames(replace(POINT, hands=None))[30]
    assert np.array_equal(made[0], made[1])
    assert made[0, len(KINDS) + 1] == 0


def test_the_place_of_two_hands_is_the_right_one_s():
    made = frames(replace(POINT, hands="both"))[30, :, len(KINDS) + 23 : len(KINDS) + 27]
    assert (made[0] == 0).all()
    assert made[1, 0] == 1


def test_a_rest_is_told_as_a_kind_of_its_own():
    made = frames(Phrase(0, 2, kind="rest", hands="both"))[24]
    assert made[:, KINDS.index("rest")].tolist() == [1, 1]
    assert (made[:, len(KINDS)] == 0).all()
    assert not frames(Phrase(0, 2, kind="rest", states={"kind": "free"})).any()


def test_a_later_phrase_of_the_same_hand_is_the_one_that_is_told():
    made = frames(POINT, Phrase(1.8, 2.5, kind="beat", hands="left"), Phrase(1.9, 2.5, kind="wag", hands="right"))
    assert made[46, 0, KINDS.index("beat")] == made[46, 1, KINDS.index("wag")] == 1
    assert made[46, 0].sum() == 3


def test_frames_are_counted_from_the_recording_s_beginning():
    whole = frames(POINT)
    np.testing.assert_array_equal(frames(POINT, first=20, count=30), whole[20:50])
    early = frames(POINT, first=-18, count=60)
    assert not early[:42].any()
    np.testing.assert_array_equal(early[18:], whole[:42])


def test_a_kind_that_the_network_does_not_know_is_not_told():
    made = score_frames(told([POINT]), ["beat", "rest"], 24.0, 30, 1)
    assert made.shape == (1, score_dim(["beat", "rest"]))
    assert made[0, :2].sum() == 0
    assert made[0, 2] == 1


# The network


@pytest.fixture(scope="module")
def scored(tiny: GesturePipeline) -> GesturePipeline:
    """A tiny model, untrained, that answers to a score."""
    torch.manual_seed(2)
    transformer = GestureTransformer(**TINY | {"score_kinds": list(KINDS)}).eval()
    torch.nn.init.normal_(transformer.motion_out.weight, std=0.1)
    for name in ("motion_mean", "motion_std"):
        transformer.get_buffer(name).copy_(tiny.transformer.get_buffer(name))
    return GesturePipeline(transformer, default_scheduler())


def given(model: GestureTransformer) -> dict[str, torch.Tensor]:
    ones = torch.ones(1)
    audio, style = torch.zeros(1, 48, model.config["audio_dim"]), torch.ones(1, 4)
    return {"audio": audio, "style": style, "speed": ones, "amplitude": ones}


def test_a_score_reaches_the_motion_of_its_own_moment_and_an_empty_one_is_none(scored: GesturePipeline):
    model = scored.transformer
    motion, time = torch.randn(1, 48, 198, generator=torch.Generator().manual_seed(0)), torch.ones(1)
    none = model(motion, time, **given(model)).sample
    empty = torch.zeros(1, 48, model.score_dim)
    assert torch.equal(model(motion, time, **given(model), score=empty).sample, none)
    phrase = torch.from_numpy(score_frames(told([POINT]), KINDS, 24.0, 0, 48))[None]
    change = (model(motion, time, **given(model), score=phrase).sample - none).abs().mean(dim=-1)[0].detach()
    assert change[24:48].mean() > 3 * change[:21].mean()


def test_weights_without_a_score_load_and_say_what_they_cannot(tiny: GesturePipeline, speech: Speech):
    assert tiny.transformer.score_dim == 0
    with pytest.raises(GestureError, match="this model has not learned to take a score; leave score out"):
        tiny(speech, score=Score((POINT,), 5.0))


def test_a_model_that_takes_a_score_is_saved_with_its_kinds(scored: GesturePipeline, tmp_path: Path):
    scored.save_compact(tmp_path)
    again = GesturePipeline.from_pretrained(tmp_path)
    assert tuple(again.transformer.config["score_kinds"]) == KINDS
    assert again.transformer.score_in is not None


def test_the_performance_follows_the_score_and_tells_it(scored: GesturePipeline, speech: Speech):
    options: dict[str, Any] = {"seed": 1, "num_inference_steps": 2}
    score = Score((POINT,), 5.0)
    none, empty, made = (scored(speech, **options, score=each) for each in (None, Score((), 5.0), score))
    assert np.array_equal(empty.wrist_position, none.wrist_position)
    change = np.linalg.norm(made.wrist_position - none.wrist_position, axis=-1).max(axis=1)
    assert change[24:48].mean() > 3 * change[72:].mean()
    assert Score.from_dict(made.source["score"]) == score
    assert "score" not in none.source


def test_the_score_lies_in_a_later_block_where_it_lies_in_the_recording(scored: GesturePipeline, speech: Speech):
    """Cut into blocks of one window, the motion follows the score at the same moments."""
    late = replace(POINT, start=3.5, end=4.5, strokes=(Stroke(4.0),))
    kept = scored.block_windows
    scored.block_windows = (1, 1)
    try:
        none, made = (scored(speech, seed=1, num_inference_steps=2, score=each) for each in (None, Score((late,), 5.0)))
    finally:
        scored.block_windows = kept
    change = np.linalg.norm(made.wrist_position - none.wrist_position, axis=-1).max(axis=1)
    assert change[84:108].mean() > 3 * change[:48].mean()


def test_score_guidance_goes_further_from_no_score(scored: GesturePipeline, speech: Speech):
    options: dict[str, Any] = {"seed": 1, "num_inference_steps": 2, "guidance_scale": 1}
    score = Score((replace(POINT, start=0.5, end=4.5),), 5.0)
    none = scored(speech, **options).wrist_position
    usual, more = (
        np.abs(scored(speech, **options, score=score, score_guidance_scale=scale).wrist_position - none)[24:96].mean()
        for scale in (1.0, 2.0)
    )
    assert more > 1.3 * usual
    nothing = scored(speech, **options, score=score, score_guidance_scale=0.0)
    assert np.abs(nothing.wrist_position - none).max() < 1e-4
    assert nothing.source["score_guidance_scale"] == 0


def test_guidance_of_the_score_is_composed_with_the_others():
    """Each run without one condition takes away what it has beyond the condition's guidance."""
    spoken = np.array([[1.0], [0.0]], np.float32)
    scales = {"guidance_scale": 2.0, "style_guidance_scale": 3.0, "score_guidance_scale": 4.0}
    config = {"styles": 4, "score_kinds": list(KINDS)}
    controls = checked_controls(config, {**scales, "score": Score((POINT,), 5.0)})  # type: ignore[typeddict-item]
    runs = guided_runs(spoken, controls, np.full_like(spoken, 3))
    assert [(run.speech, run.style, run.score) for run, _ in runs] == [
        *((True, True, True), (False, True, True), (True, False, True), (True, True, False))
    ]
    assert [share[:, 0].tolist() for _, share in runs] == [[7, 6], [-1, 0], [-2, -2], [-3, -3]]
    # Where the score is nowhere followed more strictly than it was learned, that costs nothing.
    loosely = guided_runs(spoken, controls, np.zeros_like(spoken))
    assert [share[:, 0].tolist() for _, share in loosely] == [[4, 3], [-1, 0], [-2, -2]]
    partly = guided_runs(spoken, controls, np.array([[3.0], [0.0]], np.float32))
    assert [share[:, 0].tolist() for _, share in partly] == [[7, 3], [-1, 0], [-2, -2], [-3, 0]]


def test_numpy_follows_a_score_as_torch_does(scored: GesturePipeline, speech: Speech, tmp_path: Path):
    scored.save_pretrained(tmp_path)
    runtime = GestureRuntime.from_folder(tmp_path)
    options: dict[str, Any] = {"score": Score((POINT,), 5.0), "score_guidance_scale": 2.0, "num_inference_steps": 2}
    np.testing.assert_allclose(
        runtime(speech, **options).wrist_position, scored(speech, **options).wrist_position, atol=1e-4
    )


def test_a_kind_that_is_locked_must_be_known():
    config = {"styles": 4, "score_kinds": ["beat", "rest"]}
    locked = Score((replace(POINT, states={"kind": "locked"}),), 5.0)
    with pytest.raises(GestureError, match="does not know the kind 'point_out', which the phrase at 1 s is locked to"):
        checked_controls(config, {"score": locked})
    assert checked_controls(config, {"score": Score((POINT,), 5.0)}).score is not None
    with pytest.raises(GestureError, match="score is 'take"):
        checked_controls(config, {"score": "take.json"})  # type: ignore[typeddict-item]


# Training


def clips(count: int = 4) -> list[Clip]:
    random = np.random.default_rng(0)
    phase = np.linspace(0, 8, 120)[:, None]
    return [
        Clip(
            np.sin(phase + random.normal(size=TINY["audio_dim"])).astype(np.float32),
            np.sin(phase + random.normal(size=198)).astype(np.float32),
            one_hot(0, 4),
            score=Score((POINT, Phrase(2.2, 3.9, (Stroke(2.8), Stroke(3.4)), "beat", "both", size=0.1)), 5.0),
        )
        for _ in range(count)
    ]


def test_a_clip_is_read_back_with_its_score(tmp_path: Path):
    made = [*clips(1), replace(clips(1)[0], score=None)]
    write_description(tmp_path, {"shards": 1, "style_names": ["calm"], "fps": 24.0, "trained_on": "a test"})
    write_shard(shard_path(tmp_path, 0), made)
    assert [clip.score for clip in load_clips(tmp_path)[0]] == [made[0].score, None]


def test_a_shard_of_before_scores_is_read(tmp_path: Path):
    path = shard_path(tmp_path, 0)
    write_shard(path, clips(1))
    with np.load(path) as data:
        fields = {name: data[name] for name in data.files if name != "scores"}
    np.savez(path, **fields)
    write_description(tmp_path, {"shards": 1, "style_names": ["calm"], "fps": 24.0, "trained_on": "a test"})
    assert load_clips(tmp_path)[0][0].score is None


def test_a_window_has_the_score_of_its_own_frames():
    windows = Windows(clips(), 48, KINDS)
    batch = windows.batch(16, 0, 0, EVERYTHING_GIVEN)
    index = np.random.default_rng([0, 0])
    index.integers(2**62)
    starts = windows.starts[torch.from_numpy(index.integers(0, len(windows.starts), 16))].numpy() % 120
    whole: list[Told] = [(phrase, FIELDS) for phrase in windows.phrases[0]]
    for window, start in zip(batch.score.numpy(), starts, strict=True):
        np.testing.assert_array_equal(window, score_frames(whole, KINDS, 24.0, int(start), 48))


def test_what_is_told_of_a_score_is_a_function_of_the_seed_and_is_often_nothing():
    windows = Windows(clips(), 48, KINDS)
    first, again = (windows.batch(200, 0, 3).score for _ in range(2))
    assert torch.equal(first, again)
    silent = (first == 0).all(dim=2).all(dim=1).float().mean()
    assert 0.2 < silent < 0.5
    # Where something is told, some windows lack the kind and others the moments.
    spoken = first[first.abs().sum(dim=(1, 2)) > 0].reshape(-1, 48, 2, SIDE)
    in_phrase = spoken[..., len(KINDS)] > 0
    for number in (slice(0, len(KINDS)), slice(SIDE - 5, SIDE - 4)):
        share = (spoken[..., number].sum(dim=-1)[in_phrase] > 0).float().mean()
        assert 0.5 < share < 0.95
    everything = windows.batch(200, 0, 3, Dropout(score=0, score_part=0)).score
    assert (everything != 0).sum() > 1.5 * (first != 0).sum()


def test_scores_leave_everything_else_of_a_batch_as_it_is():
    with_scores, without = Windows(clips(), 48, KINDS).batch(4, 0, 1), Windows(clips(), 48).batch(4, 0, 1)
    assert without.score.shape == (4, 48, 0)
    for name, value in vars(without).items():
        assert name == "score" or torch.equal(value, getattr(with_scores, name)), name


def test_a_model_of_clips_with_scores_takes_scores_and_learns_from_them():
    description = {"fps": 24.0, "trained_on": "a test", "style_names": ["calm"]}
    config = model_config("embedded", description, clips(1)[0])
    assert config["score_kinds"] == list(KINDS)
    assert model_config("embedded", description, replace(clips(1)[0], score=None))["score_kinds"] is None
    torch.manual_seed(0)
    settings = TrainSettings(steps=4, batch_size=8, warmup=1, validate_every=2, validation_batches=1, precision="no")
    model = GestureTransformer(**TINY | {"score_kinds": list(KINDS)})
    learner = Trainer(model, *(Windows(clips(), 48, KINDS) for _ in range(2)), settings)
    assert model.score_in is not None
    before = model.score_in.weight.detach().clone()
    for _ in range(3):
        learner.advance()
    assert not torch.equal(model.score_in.weight, before)


def test_a_score_of_the_longest_recording_is_one_like_any_other(embedded: GesturePipeline, speech: Speech):
    longest = Phrase(1.0, LONGEST_SECONDS, (Stroke(2.0, LONGEST_SECONDS), Stroke(LONGEST_SECONDS)), "beat", "both")
    made = embedded(speech, num_inference_steps=1, score=Score((longest,), LONGEST_SECONDS))
    assert np.isfinite(made.wrist_position).all()
