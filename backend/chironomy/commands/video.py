# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy video`: a motion file and its speech to a video, in this process and without Blender."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import add_emotion_argument, add_video_arguments, number, video_settings
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size
from chironomy.gesture.settings import FPS

if TYPE_CHECKING:
    from chironomy.shot.fit import Fit
    from chironomy.shot.shot import Shot


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "video",
        help="hand motion to video",
        description="Render hand motion on the character, its arms following the hands and its lips the speech.",
    )
    parser.add_argument("motion", type=Path, metavar="MOTION", help="chironomy.hands/1 or SMPL-X .npz")
    parser.add_argument("--speech", type=Path, required=True, help="the recording that the motion belongs to")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the video: .mp4, .webm or .mov; a name without a suffix is a folder of pictures",
    )
    parser.add_argument("--fps", type=number(FPS.low, FPS.high), help="frames a second (default: the motion's own)")
    add_emotion_argument(parser, "(default: that of the motion)")
    add_video_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render the video."""
    from chironomy.shot.formats import format_of
    from chironomy.video.engines.registry import get_engine
    from chironomy.video.render import render_video

    chosen = format_of(options.out, options.format)
    inputs = [path for path in (options.motion, options.speech, options.portrait) if path is not None]
    steps = Steps()
    with output_file(options.out, "" if chosen.sequence else chosen.suffix, inputs) as out:
        fit = None
        if options.portrait is not None:
            with steps.step("fit"):
                fit = fitted(options.portrait)
        with steps.step("speech"):
            shot = shot_of_files(
                options.motion,
                options.speech,
                options.fps,
                options.engine,
                options.size,
                options.portrait,
                fit,
                settings=video_settings(options, options.motion.stem),
                alive=not options.still,
                emotion=options.emotion,
            )
        if plan := get_engine(shot.engine).requirements(shot).plan:
            print(plan, file=sys.stderr)
        with steps.step("video"):
            render_video(
                shot,
                out,
                steps.work("video", "rendering"),
                format_name=chosen.name,
            )
        print(f"{out}  {shot.hands.frame_count} frames at {shot.fps:g} a second, {file_size(out)}")
    return 0


def fitted(portrait: Path) -> "Fit":
    """The fit to a portrait; what could not be seen in it is said on standard error.

    Raises:
        ChironomyError: the picture cannot be read or fitted; one sentence.
    """
    from chironomy.video.portrait.solve import fit_picture

    fit = fit_picture(portrait)
    for note in fit.notes:
        print(f"{portrait.name}: {note}", file=sys.stderr)
    return fit


def shot_of_files(
    motion: Path,
    recording: Path,
    fps: float | None,
    engine: str,
    size: tuple[int, int] | None,
    portrait: Path | None = None,
    fit: "Fit | None" = None,
    *,
    settings: dict[str, Any] | None = None,
    alive: bool = False,
    emotion: str | None = None,
) -> "Shot":
    """The shot that the files make; see `performance.shots.make_shot`.

    Raises:
        ChironomyError: a file cannot be used, or there is no such engine; one sentence.
    """
    from chironomy.motion.files import load_motion
    from chironomy.performance.shots import length_note, make_shot
    from chironomy.speech.decode import load_speech, silence_told
    from chironomy.speech.told_length import cut_told
    from chironomy.video.engines.registry import get_engine

    get_engine(engine)
    hands, speech = load_motion(motion), load_speech(recording)
    for note in (
        length_note(motion.name, hands, speech),
        silence_told(speech),
        cut_told(recording, speech.duration),
    ):
        if note:
            print(note, file=sys.stderr)
    return make_shot(
        hands, speech, recording, engine, size, fps, fit, portrait, settings=settings, alive=alive, emotion=emotion
    )
