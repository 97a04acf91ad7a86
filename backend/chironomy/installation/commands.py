# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that take minutes: logged, told about in megabytes, and stopped when asked to."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chironomy import processes
from chironomy.installation.errors import (
    FullDiskError,
    InstallationCancelled,
    InstallationError,
    NoWheelError,
    Unreachable,
)
from chironomy.work import Work

MEGABYTE = 1e6

_LOOK_SECONDS, _MEASURE_SECONDS = 0.2, 2.0
_RAW = re.compile(r"Progress (\d+) of (\d+)")
_SIZED = re.compile(r"(?:Downloading|Using cached) \S+ \(([\d.]+) (bytes|kB|MB|GB)\)")
_UNITS = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError"
)


@dataclass
class Download:
    """How far a pip is, by what it prints.

    Attributes:
        done: bytes of what was downloaded or found in pip's cache.
        unpacking: whether all is there and is being installed.
    """

    done: float = 0.0
    unpacking: bool = False
    _begun: float = 0.0
    _coming: float = 0.0

    def read(self, line: str) -> None:
        """Take in a line."""
        if found := _RAW.fullmatch(line):
            part, whole = float(found[1]), float(found[2])
            self._coming = max(self._coming, whole)
            self.done = self._begun + part
        elif found := _SIZED.search(line):
            # What was announced and told no progress has come all the same.
            self.done = self._begun = self._begun + self._coming
            self._coming = float(found[1]) * _UNITS[found[2]]
            if line.lstrip().startswith("Using"):
                self.done = self._begun + self._coming
        elif line.startswith("Installing collected packages"):
            self.done = self._begun = self._begun + self._coming
            self._coming, self.unpacking = 0.0, True


@dataclass
class Commands:
    """Runs commands, with one log for all of them.

    Attributes:
        log: the file; written anew by `begin`.
        work: asked while a command runs whether to stop it.
        variables: more of the environment.
    """

    log: Path
    work: Work
    variables: dict[str, str] = field(default_factory=dict)

    def begin(self, title: str) -> None:
        """Begin the log."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_text(title + "\n", encoding="utf-8")
        except OSError as error:
            raise InstallationError(
                f"{self.log} cannot be written ({error.strerror or error}); free some space or choose another folder"
            ) from error

    def note(self, line: str) -> None:
        """Write a line to the log."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def run(self, command: list[str], on_line: Callable[[str], None] = lambda _line: None) -> str:
        """Run a command to its end and return the last line that it printed.

        Raises:
            NoWheelError: it is a pip that found no wheel.
            Unreachable: it is a pip that does not reach its index.
            InstallationError: it failed; the sentence ends with the last line that it printed.
            InstallationCancelled: it was stopped.
        """
        self.note(f"$ {subprocess.list2cmdline(command)}")
        # Blender's Python is not the environment's.
        variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
        try:
            process = processes.start(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**variables, "PYTHONUNBUFFERED": "1", **self.variables},
            )
        except OSError as error:
            raise InstallationError(f"{command[0]} cannot be run: {error.strerror or error}") from error
        # A download may print nothing for minutes, and is to be stopped all the same.
        threading.Thread(target=self._end_when_cancelled, args=(process,), daemon=True).start()
        last, said = "it said nothing", ""
        assert process.stdout is not None
        with process, self.log.open("a", encoding="utf-8") as stream:
            for raw in process.stdout:
                line = raw.strip()
                if _RAW.fullmatch(line) is None and line:
                    stream.write(line + "\n")
                    stream.flush()
                    last, said = line, f"{said}\n{line}"[-8000:]
                on_line(line)
        self.stop_if_cancelled()
        if process.returncode:
            raise _failed(last, said)
        return last

    def stop_if_cancelled(self) -> None:
        """Stop where the person has asked for it.

        Raises:
            InstallationCancelled: so it is.
        """
        if self.work.cancelled():
            raise InstallationCancelled("setting up the backend was stopped; it goes on from there the next time")

    def _end_when_cancelled(self, process: "subprocess.Popen[str]") -> None:
        while process.poll() is None:
            if self.work.cancelled():
                process.terminate()
                return
            time.sleep(_LOOK_SECONDS)


def no_wheel(package: str) -> NoWheelError:
    """A sentence for a package that cannot be had."""
    return NoWheelError(f"there is no wheel of {package} for this Python and system")


def _failed(last: str, said: str) -> InstallationError:
    if _UNREACHABLE.search(said):
        return Unreachable("the packages' index does not answer: see to the network, or to the proxy in pip's settings")
    # An older pip calls it a conflict with the constraint that there is nothing for.
    wheel = re.search(r"No matching distribution found for (\S+)", said) or (
        re.search(r"\(constraint\) (\S+)", said) if "ResolutionImpossible" in last else None
    )
    if wheel is not None:
        package = re.split("[=;<>]", wheel[1])[0]
        return no_wheel(package)
    if "DO NOT MATCH THE HASHES" in said:
        return InstallationError("what the packages' index gives is not what was published")
    if "requires a different Python" in said:
        return NoWheelError("this version does not run on this Python")
    if "No space left" in said or "not enough space" in said:
        return FullDiskError("the disk is full; free some space and press Set Up Backend again, which goes on")
    return InstallationError(last.removeprefix("ERROR: "))


class Told:
    """Tells a person in megabytes how far a pip is, while it downloads and while it unpacks.

    Args:
        name: of what is installed, as it stands in a sentence.
        environment: the folder that grows.
        expected: megabytes; None where they are not known.
        work: told; its 0 to 1 is this one part.
    """

    def __init__(self, name: str, environment: Path, expected: int | None, work: Work) -> None:
        self._name, self._environment, self._expected, self._work = name, environment, expected, work
        self._download = Download()
        self._ended = threading.Event()
        self._most = 0.0

    def line(self, line: str) -> None:
        """Take in what pip prints."""
        self._download.read(line)
        done = self._download.done / MEGABYTE
        if self._download.unpacking:
            return
        if self._expected:
            # What is not known to the table, such as a newer pip, is not told of as more than all.
            part = min(done / self._expected, 1.0)
            self._tell(0.7 * part, f"downloading {self._name}, {min(done, self._expected):.0f} of {self._expected} MB")
        else:
            self._tell(0.0, f"downloading {self._name}, {done:.0f} MB")

    def __enter__(self) -> "Told":
        self._tell(0.0, f"looking for {self._name}")
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(_MEASURE_SECONDS):
            if self._download.unpacking:
                size = _size(self._environment) / MEGABYTE
                if not self._ended.is_set():
                    self._tell(0.8, f"unpacking {self._name}, {size:.0f} MB on the disk")

    def _tell(self, fraction: float, message: str) -> None:
        self._most = max(self._most, fraction)
        self._work.progress(self._most, message)


def _size(folder: Path) -> int:
    """Bytes in a folder, as far as it can be read while it changes."""
    total, pending = 0, [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
