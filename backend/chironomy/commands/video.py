# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy video`: a motion file and its speech to a video, in this process and without Blender."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import VIDEO_SIZE, add_video_arguments, number
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size

if TYPE_CHECKING:
    from chironomy.video.fitting.fit import Fit
    from chironomy.video.shot import Shot


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "video",
        help="hand motion to video",
        description="Render hand motion on the character, its arms following the hands and its lips the speech.",
    )
    parser.add_argument("motion", type=Path, metavar="MOTION", help="chironomy.hands/1 or SMPL-X .npz")
    parser.add_argument("--speech", type=Path, required=True, help="the recording that the motion belongs to")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.mp4", help="the video")
    parser.add_argument("--fps", type=number(1.0, 240.0), help="frames a second (default: the motion's own)")
    add_video_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render the video."""
    from chironomy.video.encode import render_video
    from chironomy.video.fitting.placement import in_portrait
    from chironomy.video.shot import Media

    steps = Steps()
    inputs = [path for path in (options.motion, options.speech, options.portrait) if path is not None]
    with output_file(options.out, ".mp4", inputs) as out:
        fit = None
        if options.portrait is not None:
            with steps.step("fit"):
                fit = fitted(options.portrait)
        with steps.step("speech"):
            shot = make_shot(options.motion, options.speech, options.fps, options.engine, options.size, fit)
            if fit is not None:
                shot = in_portrait(fit, shot, Media.from_file(options.portrait), options.size)
        with steps.step("video"):
            render_video(shot, out, on_progress=lambda fraction: steps.update("video", fraction, "rendering"))
        print(f"{out}  {shot.hands.frame_count} frames at {shot.fps:g} a second, {file_size(out)}")
    return 0


def fitted(portrait: Path) -> "Fit":
    """The fit to a portrait; what could not be seen in it is said on standard error.

    Raises:
        ChironomyError: the picture cannot be read or fitted; one sentence.
    """
    from chironomy.video.fitting.solve import fit_picture

    fit = fit_picture(portrait)
    for note in fit.notes:
        print(f"{portrait.name}: {note}", file=sys.stderr)
    return fit


def make_shot(
    motion: Path,
    recording: Path,
    fps: float | None,
    engine: str,
    size: tuple[int, int] | None,
    fit: "Fit | None" = None,
) -> "Shot":
    """A shot of a motion as long as its speech: a shorter motion's last frame is held, a longer one is cut.

    Args:
        motion: file of the hands.
        recording: file of the speech.
        fps: frames a second, or None for the motion's own.
        engine: name of the engine.
        size: width and height in pixels; None for the usual one.
        fit: a portrait's, in which the hands are placed; the arms that follow them are then the person's.

    Raises:
        ChironomyError: a file cannot be used, or there is no such engine; one sentence.
    """
    from chironomy.body.pose import solve_pose
    from chironomy.body.proportions import proportioned
    from chironomy.body.rig import load_rig
    from chironomy.motion.files import load_motion
    from chironomy.speech.decode import load_speech
    from chironomy.speech.lips import lip_track
    from chironomy.video.camera import portrait_camera
    from chironomy.video.engines import get_engine
    from chironomy.video.fitting.placement import place
    from chironomy.video.shot import Media, Shot

    get_engine(engine)
    hands = load_motion(motion)
    speech = load_speech(recording)
    rate = hands.fps if fps is None else fps
    if abs(hands.duration - speech.duration) > 1.0:
        longer = "the rest of the motion is left out" if hands.duration > speech.duration else "its last frame is held"
        print(
            f"{motion.name} lasts {hands.duration:.1f} s and the speech {speech.duration:.1f} s: {longer}",
            file=sys.stderr,
        )
    frames = max(1, round(speech.duration * rate))
    if rate != hands.fps or frames != hands.frame_count:
        hands = hands.resampled(rate, frames)
    rig = load_rig()
    if fit is not None:
        hands = place(fit, hands, rig)
        rig = proportioned(rig, fit.proportions)
    return Shot(
        hands=hands,
        pose=solve_pose(rig, hands),
        face=lip_track(speech, rate).resampled(rate, frames),
        camera=portrait_camera(rig, *(size or VIDEO_SIZE)),
        speech=Media.from_file(recording),
        engine=engine,
    )
