# SPDX-License-Identifier: GPL-3.0-or-later
"""What training stage 1 can be told on a command line; needs the standard library alone."""

import argparse
from pathlib import Path

CONFIG_NAMES = ("embedded", "emo2")
SCHEDULERS = ("flow", "ddim")
PRECISIONS = ("no", "bf16", "fp16")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What training can be told."""
    add = parser.add_argument
    add("--corpus", type=Path, required=True, help="folder of clips")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, help="write the pipeline to this folder")
    target.add_argument("--embedded", action="store_true", help="write the product's own weights")
    add("--checkpoints", type=Path, help="where to stop and go on (default: checkpoints in --out)")
    add("--config", choices=CONFIG_NAMES, default="embedded", help="embedded (default), or emo2, the paper's size")
    add("--scheduler", choices=SCHEDULERS, default="flow", help="saved to sample by: flow (default) or ddim")
    add("--audio-encoder", type=Path, metavar="FOLDER", help="the wav2vec2 model of the clips, saved with the pipeline")
    for name, kind, text in (
        ("steps", int, "optimiser steps"),
        ("batch-size", int, "windows of a step on each device"),
        ("accumulation", int, "parts of a step that are computed one after the other"),
        ("learning-rate", float, "at its height"),
        ("warmup", int, "steps until it is reached"),
        ("average", float, "decay of the running average of the weights"),
        ("validate-every", int, "steps between validations, each with a checkpoint"),
        ("validation-batches", int, "batches of one"),
        ("patience", int, "validations without a better one after which training stops; 0: never"),
        ("seed", int, "another number, another training"),
    ):
        add(f"--{name}", type=kind, help=text)
    add("--precision", choices=PRECISIONS, help="of the arithmetic: bf16, fp16 or no (default: bf16, of embedded no)")
    add("--minutes", type=float, help="stop for now after so many, keeping the checkpoint")
    add("--log", type=Path, metavar="FOLDER", help="TensorBoard's log (default: log in --checkpoints)")
    add("--no-log", action="store_true", help="keep none")
    add("--cpu", action="store_true", help="do not use a GPU")
    add("--threads", type=int, default=2, help="of the processor (default: 2)")
