# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy gesture`: speech to hand motion, in this process."""

import argparse
from pathlib import Path
from typing import Any

from chironomy.commands.arguments import add_gesture_arguments, number
from chironomy.commands.output import output_file
from chironomy.commands.progress import Steps, file_size
from chironomy.service.kinds import KINDS, Work
from chironomy.service.settings import check_settings


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "gesture", help="speech to hand motion", description="Make hand motion that follows a recording of speech."
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="any sound or video file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the motion (chironomy.hands/1)")
    parser.add_argument("--fps", type=number(1.0, 240.0), default=24.0, help="frames a second (default: 24)")
    add_gesture_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the motion."""
    from chironomy.motion.files import load_hands

    steps, kind = Steps(), KINDS["gesture"]
    with steps.step("check"):
        check_speech(options.speech)
    with output_file(options.out, ".npz", (options.speech,)) as out:
        with steps.step("gesture"):
            names = ("seed", "style", "speed", "amplitude", "fps")
            settings = check_settings(kind.name, kind.settings, {name: getattr(options, name) for name in names})
            work = Work(lambda fraction, message="": steps.update("gesture", fraction, message), lambda: False)
            kind.run({"speech": options.speech}, settings, out, work)
        motion = load_hands(out)
        print(f"{out}  {motion.frame_count} frames at {motion.fps:g} a second, {file_size(out)}")
    return 0


def check_speech(path: Path) -> float:
    """Decode the whole recording once, so that one that cannot be used is known before anything else starts.

    Returns:
        Its length in seconds.

    Raises:
        SpeechError: by its sentence.
    """
    from chironomy.speech.decode import load_speech

    return load_speech(path).duration
