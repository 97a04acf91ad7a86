# SPDX-License-Identifier: GPL-3.0-or-later
"""What training stage 2 can be told on a command line; needs the standard library alone."""

import argparse
from pathlib import Path

STAGE_NAMES = ("image", "video", "temporal")
PART_NAMES = ("spatial", "reference", "pose", "audio", "temporal", "motion_frames")
CONFIG_NAMES = ("emo2", "pixel", "tiny")
PRECISIONS = ("no", "bf16", "fp16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What training can be told."""
    add = parser.add_argument
    add("--items", type=Path, required=True, metavar="FOLDER", help="folder of items to learn from")
    add("--validation", type=Path, metavar="FOLDER", help="items to be judged by (default: the last of --items)")
    add("--out", type=Path, required=True, metavar="FOLDER", help="write the video model to this folder")
    add("--stage", choices=STAGE_NAMES, required=True, help="image first, then video, then temporal")
    add("--start", type=Path, metavar="FOLDER", help="the video model to begin with: that of the stage before")
    add("--config", choices=CONFIG_NAMES, default="emo2", help="without --start: the size of a new one (default: emo2)")
    add("--sd15", type=Path, metavar="FOLDER", help="without --start: a local Stable Diffusion 1.5 to begin with")
    add("--audio-encoder", type=Path, metavar="FOLDER", help="a local wav2vec2 model, saved with the video model")
    add("--size", default="512x704", metavar="WxH", help="pixels to train at (default: 512x704)")
    add("--frames", type=int, help="frames of a clip (default: the model's window)")
    add("--also", action="append", choices=PART_NAMES, default=None, metavar="PART", help="learns too; may be repeated")
    add("--checkpoints", type=Path, help="where to stop and go on (default: checkpoints/STAGE in --out)")
    add("--cache", type=Path, help="for unpacked videos and heard speech (default: cache in --out)")
    for name, kind, text in (
        ("steps", int, "optimiser steps"),
        ("batch-size", int, "clips of a step on each device"),
        ("accumulation", int, "parts of a step that are computed one after the other"),
        ("learning-rate", float, "at its height"),
        ("warmup", int, "steps until it is reached"),
        ("average", float, "decay of the running average of the weights"),
        ("validate-every", int, "steps between validations, each with a checkpoint"),
        ("validation-batches", int, "batches of one"),
        ("patience", int, "validations without a better one after which training stops; 0: never"),
        ("seed", int, "another number, another training"),
        ("snr-gamma", float, "of Min-SNR weighting; 0 (default): all noise levels alike"),
        ("face-weight", float, "added to the loss on the face"),
        ("hand-weight", float, "added to the loss on the hands"),
        ("misalignment", int, "most frames by which keypoints are early or late"),
        ("discriminator-weight", float, "of the pose discriminator; 0 (default): none"),
        ("everything-dropped", float, "share of clips without any condition"),
        ("reference-dropped", float, "share without the portrait"),
        ("motion-dropped", float, "share without motion frames"),
        ("pose-dropped", float, "share without maps"),
        ("mano-dropped", float, "share without the MANO map"),
        ("confidence-dropped", float, "share without confidence"),
        ("audio-dropped", float, "share without speech"),
    ):
        add(f"--{name}", type=kind, help=text)
    add("--precision", choices=PRECISIONS, default="bf16", help="of the arithmetic (default: bf16)")
    add("--gradient-checkpointing", action="store_true", help="half the memory for a third more time")
    add("--minutes", type=float, help="stop for now after so many, keeping the checkpoint")
    add("--log", type=Path, metavar="FOLDER", help="TensorBoard's log (default: log in --checkpoints)")
    add("--no-log", action="store_true", help="keep none")
    add("--cpu", action="store_true", help="do not use a GPU")
    add("--threads", type=int, default=2, help="of the processor (default: 2)")
