# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs: the one place that starts them and ends them.

On Windows a program for the console opens one of its own where its parent has none, as Blender has: it flashes over the
person's work. Every program of ours is started here, without.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


def run(command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[Any]":
    """Run a program to its end, without a console window and with nothing to read unless it is given.

    Args:
        command: the program and its arguments.
        options: of `subprocess.run`.
    """
    return subprocess.run(command, check=options.pop("check", False), **_hidden(options))


def start(command: Sequence[str], *, apart: bool = False, **options: Any) -> "subprocess.Popen[Any]":
    """Start a program, without a console window and with nothing to read unless it is given.

    Args:
        command: the program and its arguments.
        apart: a Ctrl+C that is meant for this process does not reach it; whoever starts it must end it.
        options: of `subprocess.Popen`.
    """
    options = _hidden(options)
    if apart and sys.platform == "win32":
        options["creationflags"] |= subprocess.CREATE_NEW_PROCESS_GROUP
    elif apart:
        options["start_new_session"] = True
    return subprocess.Popen(command, **options)


def end(process: "subprocess.Popen[Any]", timeout: float) -> None:
    """End a program kindly, and after `timeout` seconds not; one that has ended is left alone."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_all(process: "subprocess.Popen[Any]") -> None:
    """End a program that was started `apart`, and all that it started, at once; what has ended is left alone.

    A program that was ended by others may have left children: they are ended, too.
    """
    if sys.platform == "win32":
        # The tree is found by the parents' numbers, so it must be ended before its root.
        run(["taskkill", "/F", "/T", "/PID", str(process.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(OSError):
            process.kill()
    else:
        # Until it is waited for, its number, which is its group's, is given to no other.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_myself() -> None:
    """End this program, which was started `apart`, and all that it started, at once."""
    if sys.platform == "win32":
        pid = str(os.getpid())
        run(["taskkill", "/F", "/T", "/PID", pid], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elif os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _hidden(options: dict[str, Any]) -> dict[str, Any]:
    options = dict(options)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    if sys.platform == "win32":
        options["creationflags"] = options.get("creationflags", 0) | subprocess.CREATE_NO_WINDOW
    return options
