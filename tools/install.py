# SPDX-License-Identifier: GPL-3.0-or-later
"""Install packages into this Python and tell in one line how far that is: `python tools/install.py ARGUMENT …`.

The arguments are those of `pip install`, whose words are in `install.log` in the environment. It needs pip alone.
"""

import os
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "backend"))

from chironomy.installation.commands import Commands, Told  # noqa: E402
from chironomy.installation.errors import InstallationError  # noqa: E402
from chironomy.installation.wheels import progress_here  # noqa: E402
from chironomy.work import Work  # noqa: E402

EVERY = 20.0
"""Seconds between lines where they do not go to a terminal."""

LOCALLY = ("--disable-pip-version-check", "--no-input")


class Line:
    """One line that changes; where it is no terminal's, another one now and then."""

    def __init__(self) -> None:
        self._said, self._at, self._terminal = "", 0.0, sys.stderr.isatty()

    def __call__(self, _fraction: float, message: str = "") -> None:
        """Say what is done now."""
        if message == self._said:
            return
        if self._terminal:
            print(f"\r{message:<{len(self._said)}}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._at < EVERY:
            return
        else:
            print(message, file=sys.stderr, flush=True)
        self._said, self._at = message, time.monotonic()

    def end(self) -> None:
        """Leave it."""
        if self._terminal and self._said:
            print(file=sys.stderr)


def main() -> int:
    """Install."""
    line, environment = Line(), Path(sys.prefix)
    commands = Commands(environment / "install.log", Work(line))
    commands.begin("Install")
    command = [sys.executable, "-m", "pip", "install", *LOCALLY, *progress_here(), *sys.argv[1:]]
    try:
        with Told("packages", environment, None, commands.work) as told:
            commands.run(command, told.line)
    except InstallationError as error:
        line.end()
        print(f"{error}; {os.path.relpath(commands.log)} tells more", file=sys.stderr)
        return 1
    line.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
