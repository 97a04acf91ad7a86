# SPDX-License-Identifier: GPL-3.0-or-later
"""Another Blender, without a window, that runs one script of ours to its end; the person goes on in this one."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import bpy

from chironomy import processes
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.work import Work

_LOOK = 0.1
"""Seconds between looks at it."""

_FAULT = "FAULT: "
"""What a script says before the sentence that tells why it failed."""


class AnotherBlenderError(ChironomyError):
    """The script did not do its work; the message says why, as a clause."""


def program(own_preferences: bool = True) -> list[str]:
    """Return the command that runs a script in another Blender, without the script; empty where there is no program.

    Args:
        own_preferences: it has Blender's own preferences and add-ons, not the person's.
    """
    if not bpy.app.binary_path:
        return []
    factory = ["--factory-startup"] if own_preferences else []
    return [bpy.app.binary_path, "--background", *factory, "--python-exit-code", "1", "--python"]


def run(command: Sequence[str], log: Path, work: Work) -> None:
    """Run a script in another Blender to its end. Safe in a worker thread.

    Args:
        command: of `program`, the script, `--` and what the script is given.
        log: the file for what it says.
        work: asked whether to go on.

    Raises:
        JobCancelled: the work was to stop.
        AnotherBlenderError: it cannot be started, or it failed.
    """
    with log.open("wb") as said:
        try:
            process = processes.start(command, stdout=said, stderr=subprocess.STDOUT)
        except OSError as error:
            raise AnotherBlenderError(f"no other Blender can be started ({error.strerror or error})") from error
        try:
            while process.poll() is None:
                if work.cancelled():
                    raise JobCancelled
                time.sleep(_LOOK)
        finally:
            processes.end(process, 1.0)
    if process.returncode != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        why = next((line.removeprefix(_FAULT) for line in reversed(lines) if line.startswith(_FAULT)), "")
        raise AnotherBlenderError(why.strip() or "Blender ended over it")
