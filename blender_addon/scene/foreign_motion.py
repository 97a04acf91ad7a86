# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands of FBX and USD files, whose skeletons Blender itself reads: in another process, so that this one answers."""

import sys
import tempfile
from pathlib import Path

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.hands import hands_of_skeleton
from chironomy.motion import HandMotion
from chironomy.reading import read_arrays
from chironomy.work import Work

from . import another_blender
from .another_blender import AnotherBlenderError
from .joint_files import skeleton_of_matrices

BY_BLENDER = (".fbx", ".usd", ".usda", ".usdc", ".usdz")
"""Endings of the files that Blender reads."""


def reader_command() -> list[str]:
    """Return the command that reads such a file, without its name."""
    return [*(another_blender.program() or [sys.executable]), str(Path(__file__).parents[1] / "motion_reader.py"), "--"]


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
        out = Path(name, "motion.npz")
        try:
            another_blender.run([*command, str(path), str(out)], Path(name, "log.txt"), work)
        except AnotherBlenderError as error:
            raise ExchangeError(
                f"{path.name} cannot be read ({error}); import it by Blender's File menu, and use Hands From Armature"
            ) from error
        fields = read_arrays(out, ExchangeError, advice="try once more")
    names = tuple(str(each) for each in fields["names"])
    parents, grown = tuple(int(each) for each in fields["parents"]), float(fields["grown"])
    rest, tail, world = (fields.numbers(each) for each in ("rest", "tail", "world"))
    skeleton = skeleton_of_matrices(float(fields["fps"]), names, parents, rest, tail, world, grown)
    try:
        return hands_of_skeleton(load_rig(), skeleton, {"file": path.name, "kind": path.suffix[1:].lower()})
    except ChironomyError as error:
        raise ExchangeError(f"{path.name}: {error}") from error
