# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands of FBX and USD files, whose skeletons Blender itself reads: in another process, so that this one answers."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bpy

from chironomy import processes
from chironomy.body.rig import load_rig
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.hands import hands_of_skeleton
from chironomy.motion import HandMotion
from chironomy.reading import read_arrays
from chironomy.work import Work

from .joint_files import skeleton_of_matrices

BY_BLENDER = (".fbx", ".usd", ".usda", ".usdc", ".usdz")
"""Endings of the files that Blender reads."""

_LOOK = 0.1


def reader_command() -> list[str]:
    """Return the command that reads such a file, without its name."""
    script = str(Path(__file__).parents[1] / "motion_reader.py")
    if not bpy.app.binary_path:
        return [sys.executable, script]
    return [
        bpy.app.binary_path,
        "--background",
        "--factory-startup",
        "--python-exit-code",
        "1",
        "--python",
        script,
        "--",
    ]


def read_by_blender(path: Path, command: list[str], work: Work) -> HandMotion:
    """Return the hands of a file. Safe in a worker thread.

    Args:
        path: of the file.
        command: as `reader_command` gives it.
        work: asked whether to go on.

    Raises:
        JobCancelled: the work was to stop.
        ChironomyError: there is no such file, or no skeleton with hands in it.
    """
    if not path.is_file():
        raise ExchangeError(f"there is no file {path}; choose a file of motion")
    with tempfile.TemporaryDirectory(prefix="chironomy-", ignore_cleanup_errors=True) as name:
        out, log = Path(name, "motion.npz"), Path(name, "log.txt")
        with log.open("wb") as said:
            try:
                process = processes.start([*command, str(path), str(out)], stdout=said, stderr=subprocess.STDOUT)
            except OSError as error:
                raise ExchangeError(f"another Blender cannot be started ({error.strerror or error})") from error
            try:
                while process.poll() is None:
                    if work.cancelled():
                        raise JobCancelled
                    time.sleep(_LOOK)
            finally:
                processes.end(process, 1.0)
        if not out.is_file():
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            why = next((line.partition(": ")[2] for line in reversed(lines) if line.startswith("READER: ")), "")
            why = why or "Blender ended over it"
            raise ExchangeError(
                f"{path.name} cannot be read ({why}); import it by Blender's File menu, and use Hands From Armature"
            )
        fields = read_arrays(out, ExchangeError, advice="try once more")
    names = tuple(str(each) for each in fields["names"])
    parents, grown = tuple(int(each) for each in fields["parents"]), float(fields["grown"])
    rest, tail, world = (fields.numbers(each) for each in ("rest", "tail", "world"))
    skeleton = skeleton_of_matrices(float(fields["fps"]), names, parents, rest, tail, world, grown)
    try:
        return hands_of_skeleton(load_rig(), skeleton, {"file": path.name, "kind": path.suffix[1:].lower()})
    except ChironomyError as error:
        raise ExchangeError(f"{path.name}: {error}") from error
