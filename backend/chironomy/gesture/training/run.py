# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that trains stage 1: `chironomy train gesture`, and `python -m chironomy.gesture.training`.

`accelerate launch -m chironomy train gesture …` starts it on several GPUs; each takes its own windows. `--embedded`
writes the product's own weights.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch

from chironomy.errors import ChironomyError
from chironomy.gesture.clips import Clip, load_clips
from chironomy.gesture.errors import GestureError
from chironomy.gesture.model import CONFIGS, GestureTransformer
from chironomy.gesture.score import SCORE_KINDS
from chironomy.gesture.training.arguments import add_arguments
from chironomy.gesture.training.log import Log, write_curve
from chironomy.gesture.training.trainer import SETTINGS, Averaged, Trainer, TrainSettings, make_accelerator, split
from chironomy.gesture.training.windows import Windows
from chironomy.training import run as training_run
from chironomy.training.devices import end, say


def run(trainer: Trainer, checkpoints: Path, minutes: float | None = None, log: Log | None = None) -> bool:
    """Train stage 1; see `chironomy.training.run`."""
    return training_run.run(trainer, checkpoints, minutes, log or Log(None))


def make_scheduler(name: str) -> Any:
    """What is saved with the weights to sample by: rectified flow, or DDIM with the cosine schedule.

    The network knows the straight path alone; `gesture.noise_path` shows it either.
    """
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    from chironomy.gesture.pipeline import default_scheduler

    if name == "flow":
        return default_scheduler()
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        timestep_spacing="trailing",
    )


def clips_of(corpus: Path) -> tuple[list[Clip], list[Clip], dict[str, Any]]:
    """Clips to learn from and to be judged by, and the corpus's description."""
    learned, description = load_clips(corpus, "train")
    judged, _ = load_clips(corpus, "validation")
    if not learned or not judged:
        learned, judged = split(learned or load_clips(corpus)[0])
    return learned, judged, description


def model_config(name: str, description: dict[str, Any], clip: Clip) -> dict[str, Any]:
    """The configuration of that name for a corpus.

    Raises:
        GestureError: the corpus was prepared with other features than it hears.
    """
    config = dict(CONFIGS[name])
    kind, wanted = description.get("audio_features", "prosody"), config.get("audio_features", "prosody")
    if kind != wanted:
        raise GestureError(
            f"the configuration {name} hears {wanted} and these clips were prepared with {kind}; prepare them with "
            f"--audio-features {wanted}, or train another configuration"
        )
    return config | {
        "audio_dim": int(clip.audio.shape[1]),
        "styles": len(clip.style),
        "fps": float(description["fps"]),
        "trained_on": description["trained_on"],
        "style_names": description["style_names"],
        "score_kinds": None if clip.score is None else list(SCORE_KINDS),
        # The planner that made the corpus writes what its models perform.
        "plans": bool(config.get("score_sketch")) and description.get("corpus") == "synthetic",
        # Rate is not to be offered by a model that never learned what it means.
        "control_range": config["control_range"] if clip.rate else None,
    }


def train(options: argparse.Namespace) -> None:
    """Train as the options say, and write the pipeline when training is finished.

    Raises:
        ChironomyError: by its sentence.
    """
    torch.set_num_threads(options.threads)
    settings = training_settings(options)
    checkpoints = options.checkpoints or (None if options.embedded else options.out / "checkpoints")
    if checkpoints is None:
        raise GestureError("give --checkpoints a folder")
    accelerator = make_accelerator(settings.precision, cpu=options.cpu)
    torch.manual_seed(settings.seed)
    learned, judged, description = clips_of(options.corpus)
    config = model_config(options.config, description, learned[0])
    encoder = _encoder(options, config)
    model = GestureTransformer(**config)
    train_windows, validation_windows = (
        Windows(part, config["window_frames"], config["score_kinds"], config["fps"], config.get("score_sketch", False))
        for part in (learned, judged)
    )
    del learned, judged
    trainer = Trainer(model, train_windows, validation_windows, settings, accelerator)
    log = Log(None if options.no_log or not accelerator.is_main_process else options.log or checkpoints / "log")
    try:
        finished = run(trainer, checkpoints, options.minutes, log)
    finally:
        log.close()
    if not finished:
        say(accelerator, f"stopped at step {trainer.step} of {settings.steps}; the same command goes on")
    elif accelerator.is_main_process:
        export(trainer, description, options, encoder)
    end(accelerator)


def training_settings(options: argparse.Namespace) -> TrainSettings:
    """The configuration's own settings, and those that are given."""
    given = {name: getattr(options, name) for name in TrainSettings.__dataclass_fields__ if hasattr(options, name)}
    settings = SETTINGS[options.config] | {name: value for name, value in given.items() if value is not None}
    for name in ("steps", "batch_size", "accumulation", "validate_every", "validation_batches"):
        if settings.get(name, 1) < 1:
            raise GestureError(f"{name} is {settings[name]}; give 1 or more")
    return TrainSettings(**settings)


def export(trainer: Trainer, description: dict[str, Any], options: argparse.Namespace, encoder: Any) -> None:
    """Write the pipeline with the averaged weights, its card and its loss curve."""
    from chironomy.gesture.pipeline import GesturePipeline, embedded_weights

    folder = embedded_weights() if options.embedded else options.out
    trainer.accelerator.unwrap_model(trainer.parallel, keep_fp32_wrapper=False)
    with Averaged(trainer):
        GesturePipeline(trainer.model, make_scheduler(options.scheduler)).save_compact(folder)
    if encoder is not None:
        encoder.save_pretrained(str(folder / "audio_encoder"))
    write_curve(trainer.curve, folder)
    if description.get("corpus") == "synthetic":
        from chironomy.gesture.training.card import write_card
    else:
        from chironomy.gesture.training.dataset_card import write_card
    write_card(folder, trainer, description)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.training", description=__doc__)
    add_arguments(parser)
    try:
        train(parser.parse_args(arguments))
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _encoder(options: argparse.Namespace, config: dict[str, Any]) -> Any:
    """The network that the clips were heard with, to be saved with the pipeline."""
    if config.get("audio_features", "prosody") == "prosody":
        return None
    from chironomy.gesture.hearing import encoder_dim, load_encoder

    if options.audio_encoder is None:
        raise GestureError("give --audio-encoder the folder of the wav2vec2 model that the clips were prepared with")
    encoder = load_encoder(options.audio_encoder)
    if encoder_dim(encoder) != config["audio_dim"]:
        raise GestureError(
            f"{options.audio_encoder} gives {encoder_dim(encoder)} numbers a frame and the clips have "
            f"{config['audio_dim']}; give the model that they were prepared with"
        )
    return encoder
