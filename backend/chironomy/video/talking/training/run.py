# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that trains stage 2, `chironomy train video`.

`accelerate launch -m chironomy train video …` starts it on several GPUs; each takes its own clips.
"""

import argparse
import re
from pathlib import Path

import torch

from chironomy.gesture.training.log import write_curve
from chironomy.shot.errors import VideoError
from chironomy.training.devices import end, say
from chironomy.training.run import run
from chironomy.training.trainer import Averaged
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.batches import Clips
from chironomy.video.talking.training.items import load_items
from chironomy.video.talking.training.log import Log
from chironomy.video.talking.training.shapes import shape_of
from chironomy.video.talking.training.stages import STAGES
from chironomy.video.talking.training.start import starting_pipeline
from chironomy.video.talking.training.trainer import Trainer, TrainSettings, make_accelerator
from chironomy.video.weights.sizes import check_size


def train(options: argparse.Namespace) -> bool:
    """Train as the options say, and write the pipeline when the stage is finished.

    Returns:
        Whether it is; otherwise the same command goes on.

    Raises:
        ChironomyError: by its sentence.
    """
    torch.set_num_threads(options.threads)
    settings = training_settings(options)
    size = _size(options.size)
    accelerator = make_accelerator(settings.precision, cpu=options.cpu)
    torch.manual_seed(settings.seed)
    pipeline, fresh = starting_pipeline(options.start, options.config, options.sd15)
    if options.audio_encoder is not None:
        _take_encoder(pipeline, options.audio_encoder)
    check_size(*size, pipeline.scale)
    _check_maps(pipeline)
    if options.gradient_checkpointing:
        pipeline.denoiser.enable_gradient_checkpointing()
        pipeline.reference_net.enable_gradient_checkpointing()
    cache = options.cache or options.out / "cache"
    with accelerator.main_process_first():
        items = load_items(options.items, size, pipeline, cache)
        judged = None if options.validation is None else load_items(options.validation, size, pipeline, cache)
    if judged is None:
        if len(items) < 2:
            raise VideoError(f"{options.items} holds one item; give a second one, or --validation another folder")
        held_out = max(1, round(0.04 * len(items)))
        items, judged = items[:-held_out], items[-held_out:]
    stage = STAGES[settings.stage]
    shape = shape_of(pipeline, (options.frames or int(pipeline.config["window_frames"])) if stage.clip else 1)
    if shape.frames > int(pipeline.denoiser.config["motion_max_seq_length"]):
        raise VideoError(
            f"clips of {shape.frames} frames are longer than the {pipeline.denoiser.config['motion_max_seq_length']} "
            "that this network tells apart; give fewer --frames"
        )
    clips = Clips(items, shape, settings.misalignment, hears=stage.hears)
    trainer = Trainer(pipeline, clips, Clips(judged, shape, hears=stage.hears), settings, accelerator, fresh=fresh)
    checkpoints = options.checkpoints or options.out / "checkpoints" / stage.name
    log = Log(None if options.no_log or not accelerator.is_main_process else options.log or checkpoints / "log")
    try:
        finished = run(trainer, checkpoints, options.minutes, log)
    finally:
        log.close()
    if not finished:
        say(accelerator, f"stopped at step {trainer.step} of {settings.steps}; the same command goes on")
    elif accelerator.is_main_process:
        videos = "1 video" if len(items) == 1 else f"{len(items)} videos"
        export(trainer, options.out, f"{videos} of {options.items.resolve().name}")
    end(accelerator)
    return finished


def training_settings(options: argparse.Namespace) -> TrainSettings:
    """The stage's own settings, and those that are given.

    Raises:
        VideoError: one is out of range.
    """
    given = {name: getattr(options, name) for name in TrainSettings.__dataclass_fields__ if hasattr(options, name)}
    values = {name: value for name, value in given.items() if value is not None}
    values["also"] = tuple(values.get("also", ()))
    for name in ("steps", "batch_size", "accumulation", "validate_every", "validation_batches"):
        if values.get(name, 1) < 1:
            raise VideoError(f"{name} is {values[name]}; give 1 or more")
    for name, value in values.items():
        if name.endswith("_dropped") and not 0 <= value <= 1:
            raise VideoError(f"{name} is {value}; give a share from 0 to 1")
        if name in ("snr_gamma", "face_weight", "hand_weight", "discriminator_weight", "misalignment") and value < 0:
            raise VideoError(f"{name} is {value}; give 0 or more")
    return TrainSettings(**values)


def export(trainer: Trainer, folder: Path, learned: str) -> None:
    """Write the pipeline with the averaged weights, and the loss curve."""
    trainer.accelerator.unwrap_model(trainer.parallel, keep_fp32_wrapper=False)
    pipeline = trainer.pipeline
    before = str(pipeline.config["trained_on"])
    said = learned if before.startswith("nothing") else f"{before}; {learned}"
    pipeline.register_to_config(trained_on=f"{said} ({trainer.stage.name})")
    with Averaged(trainer):
        pipeline.to("cpu")
        pipeline.save_pretrained(folder)
        trainer.model.to(trainer.device)
    write_curve(trainer.curve, folder)


def _take_encoder(pipeline: TalkingPipeline, folder: Path) -> None:
    from chironomy.gesture.hearing import load_encoder

    if pipeline.config["audio_features"] != "wav2vec2":
        raise VideoError(f"this video model hears {pipeline.config['audio_features']}; give no --audio-encoder")
    pipeline.register_modules(audio_encoder=load_encoder(folder))


def _check_maps(pipeline: TalkingPipeline) -> None:
    if pipeline.config["maps"] != "mano_keypoints":
        raise VideoError(
            f"this video model is guided by the maps {pipeline.config['maps']}, and items have MANO and keypoint maps; "
            "train the configuration emo2"
        )


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise VideoError(f"size is {text!r}; give width and height such as 512x704")
    return int(match[1]), int(match[2])
