# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy export`: a motion as a file for another program."""

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.commands.arguments import FIGURES, number, seconds_range
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size
from chironomy.errors import ChironomyError

if TYPE_CHECKING:
    from chironomy.body.performance import Performance
    from chironomy.motion.hand_motion import HandMotion

# Written out here and not asked of chironomy.exchange, which brings numpy: this is read whichever command runs. A test
# holds the two together.
FORMATS = ("fbx", "glb", "usd", "bvh", "vrma", "smplx", "amass", "smplh", "mano", "hands")
PRESETS = ("unreal", "unity", "maya", "godot")
NAMES = ("own", "humanoid", "mannequin", "human_ik")


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export",
        help="a motion as BVH, VRM animation, glTF, FBX, USD, SMPL-X or MANO",
        description=(
            "Write a motion for another program. BVH, VRM animations and motion files are written here; FBX, glTF and "
            "USD with the character's mesh by Blender, which needs the bpy module or a Blender, and the extension."
        ),
    )
    parser.add_argument(
        "motion",
        type=Path,
        metavar="MOTION",
        help="a motion (.npz of any kind, .bvh, .vrma, .glb), or a performance (.zip) with its face and body",
    )
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--to", choices=FORMATS, metavar="FORMAT", help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    kind.add_argument(
        "--for",
        dest="preset",
        choices=PRESETS,
        metavar="PROGRAM",
        help=f"format and names for {', '.join(PRESETS[:-1])} or {PRESETS[-1]}",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--names", choices=NAMES, metavar="NAMES", help=f"what joints are called: {', '.join(NAMES)} (default: own)"
    )
    parser.add_argument(
        "--rate", type=number(1.0, 240.0), metavar="FPS", help="frames a second (default: the motion's)"
    )
    parser.add_argument("--range", type=seconds_range, metavar="START:END", help="in seconds (default: all of it)")
    mesh = parser.add_mutually_exclusive_group()
    mesh.add_argument("--no-mesh", action="store_true", help="the skeleton alone")
    mesh.add_argument(
        "--figure",
        choices=FIGURES,
        default=FIGURES[0],
        help="the mesh: the whole character (the default), or hands and half of the forearms alone",
    )
    parser.add_argument("--blender", metavar="PROGRAM", help="Blender to use (default: the bpy module, else blender)")
    parser.add_argument("--extension", type=Path, metavar="ZIP", help="the Chironomy extension")
    parser.add_argument("--verbose", action="store_true", help="show what Blender says")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file."""
    from chironomy.exchange.presets import FORMATS as KINDS
    from chironomy.exchange.presets import PRESETS as PROGRAMS

    preset = PROGRAMS.get(options.preset)
    if preset is not None and options.names is not None:
        raise ChironomyError(f"--for {options.preset} has names of its own: leave --names out, or give --to")
    kind = options.to if preset is None else preset.format
    steps = Steps()
    with output_file(options.out, KINDS[kind].suffix, [options.motion]) as out:
        with steps.step("read"):
            made = _part(_read(options.motion), options)
        if KINDS[kind].by_blender:
            _by_blender(options, made, kind, out, steps)
        else:
            with steps.step("write"):
                _write(made, kind, options.names or "own", out)
        steps.end()
        hands = made if _is_hands(made) else made.hands
        print(f"{options.out}  {hands.frame_count} frames at {hands.fps:.6g} a second  {file_size(out)}")
        if note := hands.source.get("note"):
            print(f"{options.motion.name}: {note}")
    return 0


def _read(path: Path) -> "Performance | HandMotion":
    if path.suffix.lower() == ".zip":
        from chironomy.body.performance import load_performance

        return load_performance(path)
    from chironomy.exchange.files import load_hand_motion

    return load_hand_motion(path)


def _is_hands(made: Any) -> bool:
    from chironomy.motion.hand_motion import HandMotion

    return isinstance(made, HandMotion)


def _part(made: Any, options: argparse.Namespace) -> Any:
    """The motion at the rate that is asked for, and its part."""
    from chironomy.motion.hand_motion import HandMotion

    if not isinstance(made, HandMotion):
        if options.rate is not None or options.range is not None:
            raise ChironomyError(
                f"{options.motion.name} is a performance, which is exported as a whole and at its own rate: leave "
                "--rate and --range out"
            )
        return made
    if options.rate is not None:
        made = made.resampled(options.rate)
    if options.range is not None:
        first, last = (round(second * made.fps) for second in options.range)
        if first >= made.frame_count:
            raise ChironomyError(
                f"the range begins at {options.range[0]:g} s, after the end of {options.motion.name}, which lasts "
                f"{made.duration:.1f} s; give an earlier one"
            )
        made = made.sliced(first, min(last + 1, made.frame_count))
    return made


def _write(made: Any, kind: str, names: str, out: Path) -> None:
    from chironomy.body.pose import solve_pose
    from chironomy.body.rig import load_rig
    from chironomy.exchange.joints import save_joints
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose

    rig = load_rig()
    hands, pose = (made, solve_pose(rig, made)) if _is_hands(made) else (made.hands, made.pose(rig))
    face = None if _is_hands(made) else made.face
    save_joints(kind, out, in_t_pose(rig, skeleton_of_pose(rig, pose)), hands, face, names)


def _by_blender(options: argparse.Namespace, made: Any, kind: str, out: Path, steps: Steps) -> None:
    from chironomy.body.performance import save_performance
    from chironomy.exchange.presets import PRESETS as PROGRAMS
    from chironomy.motion.files import save_hands
    from chironomy.service.blender import FORMAT, find_blender, find_extension, run_headless

    blender, extension = find_blender(options.blender), find_extension(options.extension)
    # Blender may still hold a file for a moment when it has been stopped.
    with contextlib.ExitStack() as folders:
        scratch = Path(
            folders.enter_context(tempfile.TemporaryDirectory(prefix="chironomy-export-", ignore_cleanup_errors=True))
        )
        motion = scratch / ("motion.npz" if _is_hands(made) else "motion.zip")
        (save_hands if _is_hands(made) else save_performance)(made, motion)
        work = scratch / "blender"
        work.mkdir()
        preset = PROGRAMS.get(options.preset)
        job = {
            "format": FORMAT,
            "extension": str(extension),
            "motion": str(motion),
            "figure": options.figure,
            "export": {
                "filepath": str(out),
                "format": kind,
                "names": options.names or (preset.names if preset is not None else "own"),
                "root": preset.root if preset is not None else "",
                "mesh": not options.no_mesh,
            },
        }
        run_headless(blender, extension, job, work, steps.update, options.verbose)
