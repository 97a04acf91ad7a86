# SPDX-License-Identifier: GPL-3.0-or-later
import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from talking_samples import filled

from chironomy.shot.errors import VideoError
from chironomy.training.run import run
from chironomy.video.talking import losses
from chironomy.video.talking.configs import SCHEDULER
from chironomy.video.talking.fresh import fresh_pipeline
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.batches import EVERYTHING_GIVEN, Clips, Dropout, MemoryItem, covered
from chironomy.video.talking.training.log import Log, predicted_sheet
from chironomy.video.talking.training.run import training_settings
from chironomy.video.talking.training.shapes import shape_of
from chironomy.video.talking.training.stages import PARTS, STAGES, part_of, set_learning
from chironomy.video.talking.training.trainer import Trainer, TrainSettings

SETTINGS = TrainSettings(
    stage="video", steps=4, batch_size=2, validate_every=2, validation_batches=1, precision="no", warmup=1,
    learning_rate=1e-3,
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_precision() -> Iterator[None]:
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def small_pipeline() -> TalkingPipeline:
    torch.manual_seed(0)
    return fresh_pipeline("tiny")


def items(pipeline: TalkingPipeline, count: int = 2, frames: int = 10) -> list[MemoryItem]:
    """Squares of one colour that wander over a ground of another, with a map of where they are."""
    random = np.random.default_rng(0)
    assert pipeline.audio_projector is not None
    width = int(pipeline.audio_projector.config["feature_dim"])
    made = []
    for number in range(count):
        pictures = np.empty((frames, 32, 32, 3), np.uint8)
        pictures[:] = random.integers(0, 255, 3)
        drawn = np.zeros((frames, 32, 32, 6), np.uint8)
        colour = random.integers(0, 255, 3)
        hands = np.full((frames, 2, 4), np.nan, np.float32)
        for frame in range(frames):
            pictures[frame, 8:20, frame : frame + 8] = colour
            drawn[frame, 8:20, frame : frame + 8] = 255
            hands[frame, 0] = [frame, 8, frame + 8, 20]
        face = np.tile(np.float32([12, 2, 24, 10]), (frames, 1))
        audio = random.normal(size=(frames, width)).astype(np.float32)
        made.append(MemoryItem(f"item {number}", pictures, drawn, audio, np.ones((frames, 2), np.float32), face, hands))
    return made


def trainer(settings: TrainSettings = SETTINGS, pipeline: TalkingPipeline | None = None, **options: bool) -> Trainer:
    pipeline = pipeline or small_pipeline()
    stage = STAGES[settings.stage]
    shape = shape_of(pipeline, 4 if stage.clip else 1)
    clips = Clips(items(pipeline), shape, settings.misalignment, hears=stage.hears)
    return Trainer(pipeline, clips, Clips(items(pipeline), shape), settings, **options)


@pytest.mark.parametrize("stage", list(STAGES))
def test_each_stage_moves_its_own_parameters_and_no_others(stage: str) -> None:
    pipeline = small_pipeline()
    filled(pipeline.network)  # what begins at zero would keep gradients from what lies before it
    learner = trainer(replace(SETTINGS, stage=stage, audio_dropped=0.0, everything_dropped=0.0, motion_dropped=0.0,
                              weight_decay=0.0), pipeline)  # fmt: skip
    before = {name: value.detach().clone() for name, value in learner.model.named_parameters()}
    for _ in range(2):
        learner.advance()
    moved = {part_of(name) for name, value in learner.model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == set(STAGES[stage].parts)


def test_every_parameter_belongs_to_a_part() -> None:
    names = [name for name, _ in small_pipeline().network.named_parameters()]
    assert {part_of(name) for name in names} == set(PARTS)
    assert all(part_of(name) == "temporal" for name in names if "motion_modules" in name)
    assert part_of("denoiser.down_blocks.0.resnets.0.norm2.weight") == "spatial"


def test_more_parts_learn_when_asked() -> None:
    network = small_pipeline().network
    assert set_learning(network, STAGES["temporal"], ("pose",)) == ["pose", "temporal"]
    with pytest.raises(VideoError, match="no part 'mouth'"):
        set_learning(network, STAGES["temporal"], ("mouth",))


def test_fresh_temporal_modules_and_speech_begin_by_doing_nothing() -> None:
    pipeline = small_pipeline()
    learner = trainer(replace(SETTINGS, stage="image"), pipeline, fresh=True)
    batch = learner.validation_batch(0)
    clips = learner.validation.batch(2, 0, 0, EVERYTHING_GIVEN)
    assert torch.equal(batch.pictures, learner.validation_batch(0).pictures)
    with torch.no_grad():
        one = learner.loss(clips)
        other = learner.loss(replace(clips, audio=clips.audio + 1))
    assert float(one) == float(other)


def test_one_batch_is_learned() -> None:
    settings = replace(SETTINGS, stage="image", learning_rate=5e-3, average=0.5, snr_gamma=5.0)
    learner = trainer(settings, fresh=True)
    batch = learner.training_batch(0)
    learner.train.batch = lambda *_: batch
    lost = [float(learner.advance()) for _ in range(20)]
    assert np.mean(lost[-5:]) < 0.7 * np.mean(lost[:3])


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    settings = replace(SETTINGS, discriminator_weight=0.1, discriminator_timestep=1000)
    whole = trainer(settings)
    run(whole, tmp_path / "whole", None, Log(None))
    stopped = trainer(settings)
    for _ in range(2):
        stopped.advance()
    (tmp_path / "parts").mkdir()
    torch.save(stopped.state(), tmp_path / "parts" / "checkpoint.pt")
    resumed = trainer(settings)
    run(resumed, tmp_path / "parts", None, Log(None))

    assert resumed.step == whole.step == 4
    assert whole.discriminator is not None
    assert resumed.discriminator is not None
    for ours, theirs in ((whole.model, resumed.model), (whole.discriminator, resumed.discriminator)):
        for name, value in ours.state_dict().items():
            assert torch.equal(value, theirs.state_dict()[name]), name
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name


def test_a_checkpoint_of_another_stage_is_refused() -> None:
    state = trainer().state()
    with pytest.raises(VideoError, match="another stage"):
        trainer(replace(SETTINGS, stage="temporal")).resume(state)


def test_a_batch_is_a_function_of_its_seed_and_number() -> None:
    pipeline = small_pipeline()
    clips = Clips(items(pipeline), shape_of(pipeline, 4), 2)
    first, again, other = (clips.batch(3, 0, number) for number in (5, 5, 6))
    assert torch.equal(first.pictures, again.pictures)
    assert torch.equal(first.noise, again.noise)
    assert not torch.equal(first.noise, other.noise)


def test_conditions_are_dropped_each_by_itself() -> None:
    pipeline = small_pipeline()
    clips = Clips(items(pipeline), shape_of(pipeline, 4))
    none = Dropout(0, 0, 0, 0, 0, 0, 0)
    batch = clips.batch(40, 0, 0, replace(none, audio=1.0))
    assert not batch.audio_given.any()
    assert batch.pose_given.all()
    assert batch.pictures_given[:, 0].all()
    batch = clips.batch(40, 0, 0, replace(none, mano=1.0))
    assert not batch.maps[..., :3].any()
    assert batch.maps[..., 3:].any()
    batch = clips.batch(40, 0, 0, replace(none, everything=1.0))
    for given in (batch.pictures_given, batch.pose_given, batch.audio_given):
        assert not given.any()
    # A share, not all or nothing.
    assert 0.3 < clips.batch(200, 0, 0, replace(none, confidence=0.5)).confidence_given.float().mean() < 0.7


def test_motion_frames_are_the_frames_before_and_missing_at_the_beginning() -> None:
    pipeline = small_pipeline()
    item = items(pipeline, 1, frames=12)[0]
    item.frames[:, 0, 0] = np.arange(12)[:, None]  # each frame says its number
    batch = Clips([item], shape_of(pipeline, 4)).batch(60, 0, 0, EVERYTHING_GIVEN)
    starts = batch.pictures[:, 0, 0, 0, 0].int()
    for start, seen, given in zip(starts, batch.seen[:, :, 0, 0, 0], batch.pictures_given, strict=True):
        assert given.tolist() == [True, start >= 2, start >= 2]
        if start >= 2:
            assert seen[1:].tolist() == [start - 2, start - 1]
        assert not start <= seen[0] < start + 4  # the portrait is none of the clip


def test_an_item_without_speech_never_hears() -> None:
    pipeline = small_pipeline()
    silent = replace(items(pipeline, 1)[0], hears=False)
    assert not Clips([silent], shape_of(pipeline, 4)).batch(8, 0, 0, EVERYTHING_GIVEN).audio_given.any()


def test_items_shorter_than_a_clip_are_refused() -> None:
    pipeline = small_pipeline()
    with pytest.raises(VideoError, match="no item has the 20 frames"):
        Clips(items(pipeline), shape_of(pipeline, 20))


def test_boxes_cover_their_share_of_a_place() -> None:
    part = covered(np.array([4.0, 0.0, 16.0, 8.0]), (16, 24), 8)
    np.testing.assert_allclose(part, [[0.5, 1, 0], [0, 0, 0]])
    assert not covered(np.full(4, np.nan), (16, 24), 8).any()


def test_levels_weigh_as_min_snr_with_something_left_for_noise_alone() -> None:
    scheduler = DDIMScheduler(**SCHEDULER)
    timestep = torch.tensor([0, 500, 999])
    weights = losses.level_weights(scheduler, timestep, torch.zeros(3, 1, 1, 1, 1), 5.0).flatten()
    ratio = scheduler.alphas_cumprod[timestep] / (1 - scheduler.alphas_cumprod[timestep])
    torch.testing.assert_close(weights, (ratio.clamp(max=5) + 1) / (ratio + 1))
    assert weights[2] == 1
    assert torch.equal(losses.level_weights(scheduler, timestep, torch.zeros(3, 1)), torch.ones(3, 1))


def test_predicting_clean_latents_loses_what_their_velocity_loses() -> None:
    """A network that always says zero: as clean latents and as the velocity that these imply."""
    pipeline = small_pipeline()
    learner = trainer(replace(SETTINGS, face_weight=0.0, hand_weight=0.0), pipeline)
    batch = learner.validation_batch(0)
    batch = replace(batch, timestep=torch.full_like(batch.timestep, 400))
    latents = learner.encoded(batch.pictures).transpose(1, 2)
    kept, noised = losses.noise_levels(learner.scheduler, batch.timestep, latents)
    noisy = kept * latents + noised * batch.noise
    with torch.no_grad():
        learner.model.forward = lambda noisy, *_: kept * noisy / noised
        as_velocity = float(learner.loss(batch))
        learner.prediction = "sample"
        learner.model.forward = lambda noisy, *_: torch.zeros_like(noisy)
        assert float(learner.loss(batch)) == pytest.approx(as_velocity, rel=1e-4)
    assert noisy.shape == latents.shape


def test_the_discriminator_learns_beside_the_network() -> None:
    learner = trainer(replace(SETTINGS, discriminator_weight=0.1, discriminator_timestep=1000))
    assert learner.discriminator is not None
    before = {name: value.detach().clone() for name, value in learner.discriminator.named_parameters()}
    learner.advance()
    assert any(not torch.equal(value, before[name]) for name, value in learner.discriminator.named_parameters())
    assert all(parameter.requires_grad for parameter in learner.discriminator.parameters())


def test_what_is_predicted_is_shown_beneath_what_was() -> None:
    sheet = predicted_sheet(trainer())
    assert sheet.shape == (2 * 2 * 32, 4 * 32, 3)
    assert sheet.dtype == np.uint8


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(VideoError, match=r"audio_dropped is 1\.5"):
        training_settings(argparse.Namespace(stage="video", audio_dropped=1.5))
    with pytest.raises(VideoError, match="steps is 0"):
        training_settings(argparse.Namespace(stage="video", steps=0))
    settings = training_settings(argparse.Namespace(stage="video", also=["pose"], steps=None, seed=3))
    assert (settings.also, settings.seed, settings.steps) == (("pose",), 3, TrainSettings().steps)


def test_a_model_that_predicts_noise_cannot_be_trained() -> None:
    pipeline = small_pipeline()
    scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, prediction_type="epsilon")
    pipeline.register_modules(scheduler=scheduler)
    with pytest.raises(VideoError, match="predicts 'epsilon'"):
        trainer(pipeline=pipeline)


def test_gradient_checkpointing_changes_no_gradient() -> None:
    gradients = []
    for saving in (False, True):
        pipeline = small_pipeline()
        filled(pipeline.network)
        if saving:
            pipeline.denoiser.enable_gradient_checkpointing()
            pipeline.reference_net.enable_gradient_checkpointing()
        learner = trainer(replace(SETTINGS, also=PARTS), pipeline)
        learner.model.train()
        learner.loss(learner.validation_batch(0)).backward()
        gradients.append({name: value.grad for name, value in learner.model.named_parameters()})
        AcceleratorState._reset_state(reset_partial_state=True)
    for name, plain in gradients[0].items():
        saved = gradients[1][name]
        assert (plain is None) == (saved is None), name
        if plain is not None and saved is not None:
            torch.testing.assert_close(saved, plain, rtol=1e-4, atol=1e-6)
