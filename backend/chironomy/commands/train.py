# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy train prepare | gesture | prepare-video | video`: data become clips or items, and these a model."""

import argparse
from pathlib import Path
from typing import Any

from chironomy.commands.arguments import number, whole_number
from chironomy.gesture.settings import DATASETS, HAND_MEANS
from chironomy.gesture.training.arguments import add_arguments
from chironomy.video.talking.training import arguments as video_arguments


def add_to(commands: Any) -> None:
    """Declare the command and its steps."""
    parser = commands.add_parser(
        "train",
        help="train a model on your own data",
        description="Train the gesture model or the video model on your own data.",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    _add_prepare(steps)
    _add_gesture(steps)
    _add_prepare_video(steps)
    _add_video(steps)


def _add_prepare(steps: Any) -> None:
    parser = steps.add_parser(
        "prepare",
        help="a dataset becomes a folder of clips",
        description=(
            "Read BEAT2 (beat_english_v2.0.0), SHOW (speaker/video/clip.pkl) or a folder of chironomy.hands/1 .npz "
            "beside speech of the same name into clips to learn from. What is done is kept; the same command goes on. "
            "BEAT2 and SHOW are licensed for non-commercial research, and so are weights that learn from them."
        ),
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="the dataset")
    add("--format", choices=DATASETS, required=True, help="how it is laid out")
    add("--out", type=Path, required=True, metavar="CLIPS", help="folder for the clips")
    add("--fps", type=number(10, 60), default=24.0, help="motion frames a second (default: 24)")
    add("--audio-features", choices=("prosody", "wav2vec2"), default="prosody", help="what the model hears")
    add("--audio-encoder", type=Path, metavar="FOLDER", help="a local wav2vec2 model, for those features")
    add("--smplx", type=Path, metavar="FILE", help="your SMPLX_NEUTRAL_2020.npz: real bones, mean hands, hand PCA")
    add(
        "--hand-mean",
        choices=HAND_MEANS,
        default="auto",
        help="what fingers are relative to: the flat hand, SMPL-X's mean hand, or auto to measure it (default)",
    )
    add("--speaker", action="append", default=[], metavar="NAME", help="only this one, such as 2; may be given again")
    add("--workers", type=whole_number(1, 256), default=2, help="processes (default: 2)")
    add("--device", default="cpu", help="where the audio encoder runs (default: cpu)")
    parser.set_defaults(run=_prepare)


def _prepare(options: argparse.Namespace) -> int:
    from chironomy.gesture.datasets.prepare import PrepareSettings, prepare

    settings = PrepareSettings(
        dataset=options.format,
        fps=options.fps,
        audio_features=options.audio_features,
        encoder=None if options.audio_encoder is None else str(options.audio_encoder),
        smplx=None if options.smplx is None else str(options.smplx),
        hand_mean=options.hand_mean,
        speakers=tuple(options.speaker),
    )
    description = prepare(options.folder, options.out, settings, options.workers, options.device)
    parts = ", ".join(f"{last - first} {part}" for part, (first, last) in description["parts"].items())
    print(
        f"{options.out}  {description['recordings']} recordings of {len(description['style_names'])} speakers, "
        f"fingers relative to the {description['hand_mean']} hand; shards: {parts}"
    )
    if description["terms"]:
        print(f"these data are for {description['terms']}, and so is what learns from them")
    return 0


def _add_gesture(steps: Any) -> None:
    parser = steps.add_parser(
        "gesture",
        help="clips become a gesture model",
        description=(
            "Train stage 1 on a folder of clips. On several GPUs: accelerate launch -m chironomy train gesture …. "
            "A run that was stopped goes on from its checkpoint as if it had not been."
        ),
    )
    add_arguments(parser)
    parser.set_defaults(run=_gesture)


def _gesture(options: argparse.Namespace) -> int:
    from chironomy.gesture.training.run import train

    train(options)
    return 0


def _add_prepare_video(steps: Any) -> None:
    parser = steps.add_parser(
        "prepare-video",
        help="plain videos become items for the video model",
        description=(
            "Look at videos of one person each with mediapipe (pip install 'chironomy[vision]') and write frames, "
            "speech and the points of body and hands, with each hand's confidence by its sharpness. Items that are "
            "there are kept; the same command goes on."
        ),
    )
    add = parser.add_argument
    add("videos", type=Path, metavar="VIDEOS", help="a video, or a folder of them")
    add("--out", type=Path, required=True, metavar="ITEMS", help="folder for the items")
    add("--fps", type=number(10, 60), default=24.0, help="frames a second (default: 24)")
    add("--height", type=whole_number(64, 4096), default=704, help="pixels of the frames, at most (default: 704)")
    parser.set_defaults(run=_prepare_video)


def _prepare_video(options: argparse.Namespace) -> int:
    from chironomy.commands.progress import Steps
    from chironomy.errors import ChironomyError
    from chironomy.video.talking.training.prepare import prepare_video, videos_of

    progress, refused, found = Steps(), 0, videos_of(options.videos)
    for video in found:
        out = options.out / video.stem
        if out.exists():
            print(f"{out}  is there already")
            continue
        try:
            made = prepare_video(
                video,
                out,
                options.fps,
                options.height,
                work=progress.work(video.name),
            )
        except ChironomyError as error:
            progress.end(completed=False)
            print(error, flush=True)
            refused += 1
            continue
        progress.end()
        left, right = (f"{100 * share:.0f} %" for share in made.hands_seen)
        sound = "" if made.speech else ", no sound"
        print(f"{out}  {made.frames} frames, left hand seen in {left}, right hand in {right}{sound}", flush=True)
    return int(refused == len(found))


def _add_video(steps: Any) -> None:
    parser = steps.add_parser(
        "video",
        help="items become a video model",
        description=(
            "Train stage 2 on a folder of items, one stage after the other: image, video, temporal. On several GPUs: "
            "accelerate launch -m chironomy train video …. A run that was stopped goes on from its checkpoint as if it "
            "had not been."
        ),
    )
    video_arguments.add_arguments(parser)
    parser.set_defaults(run=_video)


def _video(options: argparse.Namespace) -> int:
    from chironomy.video.talking.training.run import train

    train(options)
    return 0
