# SPDX-License-Identifier: GPL-3.0-or-later
"""Driving the add-on in a Blender without a window.

The extension's zip carries `headless.py`, a script that reads a job (JSON) and uses the add-on's own operators. It runs
in a Python that has the `bpy` module, or in Blender itself, and tells its progress as one JSON object a line.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chironomy import processes
from chironomy.errors import ChironomyError
from chironomy.packages import install, lacking
from chironomy.reading import Archive

SCRIPT = "headless.py"
FORMAT = "chironomy.job/1"
"""Of the jobs that it reads."""


class BlenderError(ChironomyError):
    """Blender or the extension is missing, or the work in it failed."""


def find_extension(given: Path | None) -> Path:
    """The extension's zip: the one given, `CHIRONOMY_EXTENSION`, or the newest in the `dist` of a source checkout.

    Raises:
        BlenderError: there is none, or it is no such zip.
    """
    named = given or (Path(value) if (value := os.environ.get("CHIRONOMY_EXTENSION")) else None)
    if named is None:
        folder = Path(__file__).resolve().parents[3] / "dist"
        built = sorted(folder.glob("chironomy-*.zip"), key=lambda path: path.stat().st_mtime)
        if not built:
            message = (
                "the Blender extension was not found; name its zip with --extension or CHIRONOMY_EXTENSION, "
                "or make it by `make extension` in a checkout"
            )
            raise BlenderError(message)
        named = built[-1]
    if not named.is_file():
        raise BlenderError(f"{named} does not exist; name the extension's zip with --extension")
    _script(named)
    return named.absolute()


def _script(extension: Path) -> bytes:
    """The headless driver in the extension's zip."""
    advice = "name the zip of the Chironomy extension, which make extension makes"
    with Archive(extension, BlenderError, advice=advice) as archive:
        return archive.read(SCRIPT)


def find_blender(given: str | None) -> str | None:
    """The Blender to run: the one given, `CHIRONOMY_BLENDER`, None where this Python has bpy, or `blender`.

    Raises:
        BlenderError: there is none.
    """
    given = given or os.environ.get("CHIRONOMY_BLENDER") or None
    if given is not None:
        found = shutil.which(given)
        if found is None:
            raise BlenderError(f"{given} is not a program that can be run; give --blender the path of Blender")
        return found
    if not lacking(["bpy"]):
        return None
    found = shutil.which("blender")
    if found is None:
        message = f"Blender was not found; give its path with --blender, or {install('bpy')}"
        raise BlenderError(message)
    return found


@dataclass(frozen=True)
class Result:
    """What the script told at its end: seconds by step, and the whole of its last line."""

    seconds: dict[str, float]
    report: dict[str, Any]


def run_headless(
    blender: str | None,
    extension: Path,
    job: dict[str, Any],
    scratch: Path,
    on_progress: Callable[[str, float, str], None],
    verbose: bool = False,
) -> Result:
    """Run one job in Blender.

    Args:
        blender: the program, or None for this Python's bpy.
        extension: the zip.
        job: as `headless.py` reads it.
        scratch: an empty folder, for Blender's own settings and logs; the caller removes it.
        on_progress: called with (step, fraction 0..1, message).
        verbose: pass on what Blender itself says, to standard error.

    Raises:
        BlenderError: with the script's own sentence, or with Blender's last words where it ended early.
    """
    (scratch / SCRIPT).write_bytes(_script(extension))
    job_file, log = scratch / "job.json", scratch / "blender.log"
    job_file.write_text(json.dumps(job), encoding="utf-8")
    resources = scratch / "resources"
    resources.mkdir()
    # What Blender leaves in its folder for temporary files goes with the rest.
    temporary = scratch / "temporary"
    temporary.mkdir()
    if blender is None:
        command = [sys.executable, str(scratch / SCRIPT), str(job_file)]
    else:
        command = [blender, "--background", "--factory-startup", "--python-exit-code", "1"]
        command += ["--python", str(scratch / SCRIPT), "--", str(job_file)]
    environment = {
        **os.environ,
        "BLENDER_USER_RESOURCES": str(resources),
        **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
    with contextlib.ExitStack() as stack:
        errors = None if verbose else stack.enter_context(log.open("wb"))
        try:
            process = processes.start(command, cwd=scratch, env=environment, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise BlenderError(f"{command[0]} cannot be run ({error.strerror or error})") from error
        stack.callback(_end, process)
        end = _follow(process, on_progress)
        code = process.wait()
    if end is None:
        raise BlenderError(f"Blender ended before the work was done (exit code {code}): {_last_words(log)}")
    if "error" in end:
        raise BlenderError(str(end["error"]))
    seconds = {str(step["name"]): float(step["seconds"]) for step in end.get("steps") or []}
    return Result(seconds, end)


def _follow(
    process: "subprocess.Popen[bytes]", on_progress: Callable[[str, float, str], None]
) -> dict[str, Any] | None:
    """Read the script's lines until it ends; returns the last object, or None where there was no ending one."""
    assert process.stdout is not None
    end: dict[str, Any] | None = None
    for line in process.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict):
            continue
        if "error" in said or said.get("done") is True:
            end = said
        elif isinstance(said.get("step"), str):
            fraction = said.get("progress")
            on_progress(
                said["step"],
                float(fraction) if isinstance(fraction, int | float) else 0.0,
                str(said.get("message") or ""),
            )
    return end


def _end(process: "subprocess.Popen[bytes]") -> None:
    processes.end(process, 5.0)
    if process.stdout is not None:
        process.stdout.close()


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    # Where Python raised, its last unindented line names the reason.
    telling = [line.strip() for line in lines if re.match(r"\S+(Error|Exception)\b", line)] or [
        line.strip() for line in lines if line.strip()
    ]
    return telling[-1] if telling else "it said nothing; run again with --verbose to see all that it says"
