# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy maps`: what a video model sees of a motion, as videos or pictures for any other tool."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import add_portrait_argument, number, size
from chironomy.commands.output import output_folder
from chironomy.commands.progress import Steps, file_size
from chironomy.commands.video import fitted, shot_of_files
from chironomy.errors import ChironomyError
from chironomy.gesture.settings import FPS

if TYPE_CHECKING:
    from chironomy.shot.shot import Shot

DEFAULT = "mano,keypoints,dwpose,depth"


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "maps",
        help="hand motion to control maps for other video tools",
        description=(
            "Draw what a video model sees of a motion: hands, skeletons, depth, normals, mask, face, from one camera. "
            "Writes a video or a folder of pictures a map, and maps.json, which says what they are."
        ),
    )
    parser.add_argument(
        "motion", type=Path, metavar="MOTION", help="chironomy.hands/1 or SMPL-X .npz, or a saved shot (.zip)"
    )
    parser.add_argument("--speech", type=Path, help="the recording that the motion belongs to (a shot has its own)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made when missing")
    parser.add_argument(
        "--maps",
        default=DEFAULT,
        metavar="NAME,...",
        help=(
            "mano, keypoints, echomimic, dwpose, vace_pose, vace_pose_hands, animate_pose, depth, normal, mask, face, "
            f"echomimic_pose, or all (default: {DEFAULT})"
        ),
    )
    parser.add_argument("--size", type=size, metavar="WxH", help="pixels (default: 512x704, or the shot's own)")
    add_portrait_argument(parser)
    parser.add_argument("--format", choices=("mp4", "png"), default="mp4", help="videos or pictures (default: mp4)")
    parser.add_argument("--fps", type=number(FPS.low, FPS.high), help="frames a second (default: the motion's own)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the maps."""
    from chironomy.video.maps.files import DESCRIPTION, check_names, file_name, output_names, write_maps

    steps = Steps()
    names = list(output_names()) if options.maps == "all" else [name.strip() for name in options.maps.split(",")]
    names = check_names([name for name in names if name])
    results = [file_name(name, options.format) for name in names]
    inputs = [path for path in (options.motion, options.speech, options.portrait) if path is not None]
    with output_folder(options.out, [*results, DESCRIPTION], inputs) as work:
        with steps.step("speech"):
            shot = shot_of(options)
        with steps.step("maps"):
            write_maps(
                shot,
                work,
                names,
                options.format,
                steps.work("maps"),
            )
    for result in (*results, DESCRIPTION):
        path = options.out.absolute() / result
        print(f"{path}  {f'{len(shot.frames)} files' if path.is_dir() else file_size(path)}")
    return 0


def shot_of(options: argparse.Namespace) -> "Shot":
    """The shot that the options name: a saved one, or one of a motion and its speech.

    Raises:
        ChironomyError: a file cannot be used, or the options do not go together; one sentence.
    """
    from chironomy.motion.files import load_motion
    from chironomy.shot.shot import Shot

    if options.motion.suffix.lower() != ".zip":
        if options.speech is None:
            load_motion(options.motion)  # of a file that is none, that is the first thing to say
            raise ChironomyError(f"{options.motion.name} is a motion: name its recording with --speech")
        fit = None if options.portrait is None else fitted(options.portrait)
        return shot_of_files(options.motion, options.speech, options.fps, "previz", options.size, options.portrait, fit)
    for option in ("speech", "fps", "portrait"):
        if getattr(options, option) is not None:
            raise ChironomyError(f"{options.motion.name} is a shot with its own {option}: leave --{option} out")
    shot = Shot.load(options.motion)
    return shot if options.size is None else shot.replaced(camera=shot.camera.resized(*options.size))
