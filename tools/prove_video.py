# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tools/prove_video.py FOLDER`: draw people, train on them, measure held-out ones, write it down.

What is done is kept in the folder; the same command goes on. Voices are needed as for the synthetic corpus (flite or
espeak-ng).
"""

import argparse
import sys
from pathlib import Path

import torch

from chironomy.errors import ChironomyError
from video_proof.ablations import ablate
from video_proof.lesson import CLIP_FRAMES, STEPS, learn, small_pipeline, validations
from video_proof.report import PICTURE, shows, write_picture, write_report
from video_proof.scenes import SceneSettings, load_scenes


def main(arguments: list[str] | None = None) -> int:
    """Run the proof; 0 if every condition shows, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python tools/prove_video.py", description=__doc__)
    parser.add_argument("folder", type=Path, help="for the drawn people, the checkpoints and the trained model")
    parser.add_argument(
        "--write", type=Path, metavar="DOCS", help="write proof-video.md and its picture to this folder"
    )
    parser.add_argument("--threads", type=int, default=2, help="of the processor (default: 2)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    settings = SceneSettings()
    try:
        people, held_out = load_scenes(options.folder / "scenes", settings, options.threads)
        print(f"{len(people)} people to learn from, {len(held_out)} held out", flush=True)
        pipeline, minutes = learn(options.folder / "checkpoints", people, held_out)
        pipeline.save_pretrained(options.folder / "model")
        findings, made = ablate(pipeline, held_out, CLIP_FRAMES, lambda name: print(f"made: {name}", flush=True))
        if options.write is not None:
            (options.write / "pictures").mkdir(parents=True, exist_ok=True)
            parameters = sum(value.numel() for value in small_pipeline().network.parameters())
            losses = validations(options.folder / "checkpoints")
            path = write_report(options.write, findings, STEPS, settings, losses, parameters, minutes)
            write_picture(options.write / "pictures" / PICTURE, held_out, made)
            print(path, flush=True)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    shown = shows(findings)
    for name, yes in shown.items():
        print(f"{name}: {'shown' if yes else 'not shown'}", flush=True)
    return int(not all(shown.values()))


if __name__ == "__main__":
    sys.exit(main())
