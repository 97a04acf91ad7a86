# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker: a process that computes one job after another, and keeps its models between them.

It is told what to do on its standard input and tells of it on its standard output, one JSON object a line. It says that
it lives every second, whatever it computes. When its input ends, so has the backend: it ends then, at once, with all
that it has started.
"""

import argparse
import base64
import contextlib
import importlib
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from chironomy import processes
from chironomy.client.protocol import CANCELLED, DONE, FAILED
from chironomy.errors import ChironomyError
from chironomy.files import FULL_DISK, NOT_WRITABLE
from chironomy.packages import explained
from chironomy.service.blobs import BlobStore, file_sha256
from chironomy.service.errors import ServiceError
from chironomy.service.finished import note_finished
from chironomy.service.kinds import Kind
from chironomy.service.limits import set_limit
from chironomy.work import Work

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
AGAIN = "again"
"""How a job ended that may succeed when it is tried again."""


def load_kinds(reference: str) -> Mapping[str, Kind]:
    """The kinds of job that `module:NAME` names.

    Raises:
        ServiceError: there are none.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ServiceError(f"{reference!r} names no kinds of job: {error}") from error


class Worker:
    """What this process does.

    Args:
        kinds: what it can be asked for, as `module:NAME`.
        blobs: inputs are read from it, results go into it.
        ears: where it is told what to do.
        mouth: where it tells of it.
    """

    def __init__(self, kinds: str, blobs: BlobStore, ears: IO[str], mouth: IO[str]) -> None:
        self._reference = kinds
        self._kinds: Mapping[str, Kind] = {}
        self._blobs = blobs
        self._ears = ears
        self._mouth = mouth
        self._speaking = threading.Lock()
        self._cancelled = threading.Event()
        self._asked: list[dict[str, Any]] = []
        self._something = threading.Semaphore(0)

    def work(self) -> None:
        """Compute what is asked for until the process ends."""
        threading.Thread(target=self._listen, name="ears", daemon=True).start()
        threading.Thread(target=self._beat, name="heart", daemon=True).start()
        # It takes a while on a busy machine, and is to end with its backend meanwhile, too.
        self._kinds = load_kinds(self._reference)
        while True:
            self._something.acquire()
            self._do(self._asked.pop(0))

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._ears:
                told = json.loads(line)
                if told["do"] == "cancel":
                    self._cancelled.set()
                else:
                    self._cancelled.clear()
                    self._asked.append(told)
                    self._something.release()
        processes.end_myself()

    def _beat(self) -> None:
        while True:
            self._tell(tell="beat")
            threading.Event().wait(BEAT_SECONDS)

    def _tell(self, **fields: Any) -> None:
        try:
            with self._speaking:
                self._mouth.write(json.dumps(fields) + "\n")
                self._mouth.flush()
        except (OSError, ValueError):
            processes.end_myself()

    def _do(self, task: Mapping[str, Any]) -> None:
        state, error, result = self._run(task)
        self._tell(tell="ended", state=state, error=error, result=result)

    def _run(self, task: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
        """Compute one job in its folder; returns state, error and result."""

        def progress(fraction: float, message: str = "") -> None:
            self._tell(tell="progress", fraction=float(fraction), message=message)

        def preview(picture: bytes) -> None:
            self._tell(tell="preview", jpeg=base64.b64encode(picture).decode("ascii"))

        kind, folder = self._kinds[task["kind"]], Path(task["folder"])
        placed = folder / "inputs"
        result = folder / f"result{kind.suffix}"
        self._tell(tell="begun")
        try:
            shutil.rmtree(placed, ignore_errors=True)
            placed.mkdir(parents=True)
            inputs = {
                name: self._place(placed, name, sha, task["names"].get(name, ""))
                for name, sha in task["inputs"].items()
            }
            kind.run(inputs, task["settings"], result, Work(progress, self._cancelled.is_set, preview))
            if self._cancelled.is_set():
                return CANCELLED, None, None
            sha = self._blobs.add_file(result)
            note_finished(folder, sha)
            return DONE, None, sha
        except BaseException as error:
            # A kind that is told to stop may end by any exception of its own; none may end the worker.
            if self._cancelled.is_set():
                return CANCELLED, None, None
            sentence = _sentence(error, task, placed, folder)
            return (AGAIN if _passes(error) else FAILED), sentence, None
        finally:
            shutil.rmtree(placed, ignore_errors=True)
            with contextlib.suppress(OSError):
                result.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                # Only an empty one goes: what is finished stays for the next attempt.
                folder.rmdir()

    def _place(self, placed: Path, name: str, sha: str, file_name: str) -> Path:
        """The blob under the name that a person knows it by, so that sentences about it can be understood.

        Raises:
            ServiceError: it is gone or damaged.
        """
        place = placed / name / (file_name or name)
        place.parent.mkdir()
        try:
            os.link(self._blobs.path(sha), place)
        except FileNotFoundError as error:
            message = f"{file_name or f'The input {name!r}'} is not in the backend's store any more: ask again"
            raise ServiceError(message) from error
        except OSError:
            shutil.copyfile(self._blobs.path(sha), place)
        if file_sha256(place) != sha:
            self._blobs.drop_damaged(sha)
            message = f"{file_name or f'The input {name!r}'} was damaged on the backend's disk: send it again"
            raise ServiceError(message)
        return place


def _passes(error: BaseException | None) -> bool:
    """Whether the same may succeed when it is tried again, by the error or by one that it was made of."""
    while error is not None:
        if getattr(error, "passing", False):
            return True
        error = error.__cause__
    return False


def _sentence(error: BaseException, task: Mapping[str, Any], placed: Path, folder: Path) -> str:
    """What is told of an error; only those meant for people speak for themselves, the rest goes to the log."""
    kind = task["kind"]
    if isinstance(error, ChironomyError):
        sentence = str(error)
    elif isinstance(error, MemoryError):
        sentence = f"There was not enough memory for this {kind} job: try a shorter clip or a smaller size"
    elif isinstance(error, ImportError):
        sentence = f"The backend cannot do this: {explained(error)}"
    elif isinstance(error, OSError) and error.errno in FULL_DISK:
        sentence = f"The disk of the backend's folder {folder} is full: make room there and ask again"
    elif isinstance(error, OSError) and error.errno in NOT_WRITABLE:
        sentence = (
            f"The backend may not write in its folder {folder.parents[1]} ({error.strerror}): see to the rights of all "
            "in it, and ask again"
        )
    else:
        logger.exception("job %s (%s) broke", task["id"], kind, exc_info=error)
        sentence = f"The {kind} job broke by {type(error).__name__}: {error} (the backend's log has the details)"
    for name in task["inputs"]:
        sentence = sentence.replace(f"{placed / name}{os.sep}", "")
    return " ".join(sentence.replace(f"{folder}{os.sep}", "").split())


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kinds", required=True)
    parser.add_argument("--blobs", type=Path, required=True)
    parser.add_argument("--memory", type=int, required=True)
    options = parser.parse_args()
    # What libraries print goes to the log: the output is for the backend alone.
    mouth = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    ears = os.fdopen(os.dup(0), encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    logging.basicConfig(level=logging.WARNING, format="chironomy: %(message)s", stream=sys.stderr)
    set_limit(options.memory)
    Worker(options.kinds, BlobStore(options.blobs), ears, mouth).work()


if __name__ == "__main__":
    main()
