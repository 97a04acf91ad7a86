# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy video`: a motion file and its speech to a video, in this process and without Blender."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import add_engine_arguments, add_video_arguments, number
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size

if TYPE_CHECKING:
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
    add_engine_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render the video."""
    from chironomy.video.encode import render_video
    from chironomy.video.engines import get_engine

    steps = Steps()
    inputs = [path for path in (options.motion, options.speech, options.portrait) if path is not None]
    with output_file(options.out, ".mp4", inputs) as out:
        with steps.step("speech"):
            shot = make_shot(
                options.motion,
                options.speech,
                options.fps,
                options.engine,
                options.size,
                settings=dict(options.set),
                portrait=options.portrait,
            )
        if plan := get_engine(shot.engine).requirements(shot).plan:
            print(plan, file=sys.stderr)
        with steps.step("video"):
            render_video(shot, out, on_progress=lambda fraction: steps.update("video", fraction, "rendering"))
        print(f"{out}  {shot.hands.frame_count} frames at {shot.fps:g} a second, {file_size(out)}")
    return 0


def make_shot(
    motion: Path,
    recording: Path,
    fps: float | None,
    engine: str,
    size: tuple[int, int],
    *,
    settings: dict[str, Any] | None = None,
    portrait: Path | None = None,
) -> "Shot":
    """A shot of a motion as long as its speech: a shorter motion's last frame is held, a longer one is cut.

    Args:
        motion: file of the hands.
        recording: file of the speech.
        fps: frames a second, or None for the motion's own.
        engine: name of the engine.
        size: width and height in pixels.
        settings: of the shot.
        portrait: file of the reference picture.

    Raises:
        ChironomyError: a file cannot be used, or there is no such engine; one sentence.
    """
    from chironomy.body.pose import solve_pose
    from chironomy.body.rig import load_rig
    from chironomy.motion.files import load_motion
    from chironomy.speech.decode import load_speech
    from chironomy.speech.lips import lip_track
    from chironomy.video.camera import portrait_camera
    from chironomy.video.engines import get_engine
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
    return Shot(
        hands=hands,
        pose=solve_pose(rig, hands),
        face=lip_track(speech, rate).resampled(rate, frames),
        camera=portrait_camera(rig, *size),
        speech=Media.from_file(recording),
        reference=None if portrait is None else Media.from_file(portrait),
        engine=engine,
        settings=settings or {},
    )
