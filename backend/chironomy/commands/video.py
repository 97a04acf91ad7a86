# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy video`: a motion file and its speech to a video, in this process and without Blender."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import add_video_arguments, number, video_settings
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
    add_video_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render the video."""
    from chironomy.shot.formats import format_of
    from chironomy.shot.placement import in_portrait
    from chironomy.shot.shot import Media
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
            shot = make_shot(
                options.motion,
                options.speech,
                options.fps,
                options.engine,
                options.size,
                fit,
                settings=video_settings(options, options.motion.stem),
                alive=not options.still,
            )
            if fit is not None:
                shot = in_portrait(fit, shot, Media.from_file(options.portrait), options.size)
        if plan := get_engine(shot.engine).requirements(shot).plan:
            print(plan, file=sys.stderr)
        with steps.step("video"):
            render_video(
                shot,
                out,
                on_progress=lambda fraction: steps.update("video", fraction, "rendering"),
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


def make_shot(
    motion: Path,
    recording: Path,
    fps: float | None,
    engine: str,
    size: tuple[int, int] | None,
    fit: "Fit | None" = None,
    *,
    settings: dict[str, Any] | None = None,
    alive: bool = False,
) -> "Shot":
    """A shot of a motion as long as its speech: a shorter motion's last frame is held, a longer one is cut.

    Args:
        motion: file of the hands.
        recording: file of the speech.
        fps: frames a second, or None for the motion's own.
        engine: name of the engine.
        size: width and height in pixels; None for the usual one.
        fit: a portrait's, in which the hands are placed; the arms that follow them are then the person's.
        settings: of the shot.
        alive: torso, head, shoulders and eyes accompany the hands and the voice; otherwise only the arms and the face
            move.

    Raises:
        ChironomyError: a file cannot be used, or there is no such engine; one sentence.
    """
    from chironomy.body.accompany import accompanied_pose, accompany
    from chironomy.body.gaze import look
    from chironomy.body.pose import solve_pose
    from chironomy.body.proportions import proportioned
    from chironomy.body.rig import load_rig
    from chironomy.motion.files import load_motion
    from chironomy.shot.camera import VIDEO_SIZE, portrait_camera
    from chironomy.shot.placement import place
    from chironomy.shot.shot import Media, Shot
    from chironomy.speech.accents import pitch_accents, speech_phrases
    from chironomy.speech.decode import load_speech
    from chironomy.speech.lips import lip_track
    from chironomy.video.engines.registry import get_engine

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
    camera = portrait_camera(rig, *(size or VIDEO_SIZE))
    lens = camera.position if fit is None else fit.camera.position
    face = lip_track(speech, rate).resampled(rate, frames)
    pose = solve_pose(rig, hands)
    if alive:
        seed = int(speech.sha256[:8], 16)
        moved = accompany(rig, hands, pitch_accents(speech), speech_phrases(speech), lens, seed)
        pose = accompanied_pose(rig, hands, moved)
        face = look(rig, face, pose, lens, seed)
    return Shot(
        hands=hands,
        pose=pose,
        face=face,
        camera=camera,
        speech=Media.from_file(recording),
        engine=engine,
        settings=settings or {},
    )
