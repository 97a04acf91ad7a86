# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's training: a small network on folded pixels, two stages, on a processor."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from chironomy.training.run import run
from chironomy.video.talking.configs import CONFIGS, reference_config
from chironomy.video.talking.fresh import fresh_pipeline
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.batches import Clips, MemoryItem
from chironomy.video.talking.training.log import Log
from chironomy.video.talking.training.shapes import shape_of
from chironomy.video.talking.training.stages import STAGES
from chironomy.video.talking.training.trainer import Trainer, TrainSettings, make_accelerator
from video_proof.scenes import Scene

CLIP_FRAMES = 6
WIDTHS = (32, 64)

# Everything learns in the second stage too: from nothing, an hour leaves no part time to be finished.
STEPS: tuple[TrainSettings, ...] = (
    TrainSettings(
        stage="image", steps=700, batch_size=8, learning_rate=2e-3, warmup=30, average=0.99, precision="no",
        validate_every=100, validation_batches=2, snr_gamma=5.0, face_weight=4.0, hand_weight=2.0,
        reference_dropped=0.02, everything_dropped=0.02,
    ),
    TrainSettings(
        stage="video", also=("spatial", "reference", "pose"), steps=2400, batch_size=6, learning_rate=2e-3,
        warmup=50, average=0.995, precision="no", validate_every=200, validation_batches=2, snr_gamma=5.0,
        face_weight=20.0, hand_weight=3.0, reference_dropped=0.02, everything_dropped=0.02, audio_dropped=0.05,
    ),
)  # fmt: skip
"""The settings of the two stages."""


def small_pipeline() -> TalkingPipeline:
    """The configuration `pixel`, narrower and without motion frames: shots of one window are all that is measured.

    It predicts clean pixels: with fewer channels than a place has numbers (32 and 48), no network can carry the noise
    that a velocity holds, while pictures have structure that it can (Li and He 2025, arXiv 2511.13720).
    """
    denoiser = {**CONFIGS["pixel"]["denoiser"], "block_out_channels": WIDTHS}
    pipeline = fresh_pipeline(
        "pixel",
        denoiser=denoiser,
        reference_net=reference_config(denoiser, 1),
        pose_encoder={"block_out_channels": (12, 16, 24), "out_channels": WIDTHS[0]},
        pipeline={"motion_frames": 0, "window_frames": 8, "trained_on": "drawn people (video_proof)"},
    )
    scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, prediction_type="sample")
    pipeline.register_modules(scheduler=scheduler)
    return pipeline


def learn(
    folder: Path, train: Sequence[Scene], validation: Sequence[Scene], settings: Sequence[TrainSettings] = STEPS
) -> tuple[TalkingPipeline, float]:
    """Train, or go on where it was stopped.

    Args:
        folder: for the checkpoints of each stage.
        train: to learn from.
        validation: for the loss that is shown; nothing is chosen by it.
        settings: of each stage, in order.

    Returns:
        the pipeline with the averaged weights, and the minutes that all of the training took.
    """
    torch.manual_seed(settings[0].seed)
    pipeline = small_pipeline()
    frames = torch.cat([torch.from_numpy(scene.item.frames[::8]) for scene in train])
    pipeline.vae.set_centre(frames.float().mean(dim=(0, 1, 2)) / 127.5 - 1)
    accelerator = make_accelerator("no", cpu=True)
    for number, stage_settings in enumerate(settings):
        stage = STAGES[stage_settings.stage]
        shape = shape_of(pipeline, CLIP_FRAMES if stage.clip else 1)
        clips, judged = (
            Clips([_with_mouths(scene) for scene in scenes], shape, stage_settings.misalignment, hears=stage.hears)
            for scenes in (train, validation)
        )
        trainer = Trainer(pipeline, clips, judged, stage_settings, accelerator, fresh=number == 0)
        begin = time.monotonic()
        run(trainer, folder / stage_settings.stage, None, Log(None))
        _add_minutes(folder / stage_settings.stage, (time.monotonic() - begin) / 60)
        average = trainer.average
        with torch.no_grad():
            for name, parameter in trainer.model.named_parameters():
                if name in average:
                    parameter.copy_(average[name])
    return pipeline, sum(float(_minutes_file(folder / one.stage).read_text()) for one in settings)


def validations(folder: Path) -> list[float]:
    """The last validation loss of each stage."""
    states = [torch.load(folder / one.stage / "checkpoint.pt", weights_only=True) for one in STEPS]
    return [float(state["curve"][-1][2]) for state in states]


def _minutes_file(folder: Path) -> Path:
    return folder / "minutes.txt"


def _add_minutes(folder: Path, minutes: float) -> None:
    """Note what a run took, beside what those before it took."""
    path = _minutes_file(folder)
    before = float(path.read_text()) if path.is_file() else 0.0
    path.write_text(f"{before + minutes:.2f}\n")


def _with_mouths(scene: Scene) -> MemoryItem:
    """The item with its mouth as what counts more of the face: the rest of the face hardly moves."""
    return replace(scene.item, face=scene.mouth)
