# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line.

`chironomy COMMAND`, each command in a file of `chironomy.commands`.

A command that fails says one sentence on standard error, ends with exit code 2 and leaves nothing half-written.
"""

import argparse
import contextlib
import logging
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import chironomy
from chironomy.errors import ChironomyError
from chironomy.packages import explained

FAILED = 2
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence, like all others."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        # What begins like a number is a value, such as the range -1:2, which its own check refuses better.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(FAILED, f"chironomy: {' '.join(message.split())} (see {self.prog} --help)\n")


def make_parser() -> Parser:
    """The parser of all commands."""
    from chironomy.commands import (
        animate,
        batch,
        doctor,
        evaluate,
        export,
        farm,
        fit,
        gesture,
        maps,
        score,
        serve,
        train,
        video,
        weights,
    )

    parser = Parser(
        prog="chironomy", description="Speech becomes editable hand animation, and the edited hands become video."
    )
    parser.add_argument("--version", action="version", version=f"chironomy {chironomy.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (
        animate, gesture, score, fit, maps, video, export, batch, farm, train, evaluate, weights, serve, doctor,
    ):  # fmt: skip
        command.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        options = make_parser().parse_args(arguments)
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        with _termination_as_interrupt():
            return options.run(options)
    except KeyboardInterrupt:
        return _say("stopped before it was done", INTERRUPTED)
    except ChironomyError as error:
        return _say(str(error))
    except ImportError as error:
        if interrupted(error):
            return _say("stopped before it was done", INTERRUPTED)
        return _say(explained(error))
    except MemoryError:
        return _say("there was not enough memory: try a shorter clip or a smaller size")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}")


def interrupted(error: BaseException | None) -> bool:
    """Whether what failed did so because the person stopped it: packages turn that into errors of their own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or "KeyboardInterrupt" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say(sentence: str, code: int = FAILED) -> int:
    print(f"chironomy: {' '.join(sentence.split())}", file=sys.stderr)
    return code


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """While inside, SIGTERM unwinds like Ctrl+C, so that temporary files and child processes go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
