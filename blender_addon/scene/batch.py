# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes for many recordings, made by Blenders without a window; what is done stays done, and the rest is gone on with.

Every item has a folder: `scene.blend` and what else was asked for, and `made.json`, the hashes of what each file was
made from. A file that is there with the same hash is done, whatever somebody did to it since; what is made anew moves
the older one to `previous-001`.
"""

import contextlib
import csv
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import bpy
from bpy.types import Context

import chironomy
from chironomy import processes
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path, keep
from chironomy.performance.recordings import SCRIPTS, beside, each_of, keep_previous, recordings_in
from chironomy.work import Work

from .. import sequencer
from ..batch_worker import TELLS
from ..properties import settings
from . import another_blender
from .performance import manner_of

SUMMARY = "summary.csv"
_MADE = "made.json"
_UNFINISHED = ".unfinished"

ATTEMPTS = 2
"""How often an item is tried whose Blender ends before its time."""

_LOOK = 0.2
"""Seconds between looks at whether the work is to stop."""

FILES = {"blend": "scene.blend", "fbx": "hands.fbx", "motion": "motion.npz", "video": "video.mp4"}


@dataclass(frozen=True)
class Item:
    """What is to be made of one recording in one way.

    Attributes:
        name: of its folder.
        speech: the recording.
        script: what is said, where it is known.
        settings: of the scene, by name.
        parts: names of `FILES` that are wanted.
    """

    name: str
    speech: Path
    script: Path | None
    settings: Mapping[str, Any]
    parts: Sequence[str]

    def told(self, common: Mapping[str, Any]) -> str:
        """Return the hash of what it is made from."""
        files = [None if path is None else _hash(path) for path in (self.speech, self.script)]
        said = [chironomy.__version__, files, dict(self.settings), dict(common)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class Outcome(NamedTuple):
    """How an item ended: the seconds it took, 0 where it was done before, and why it failed."""

    item: Item
    seconds: float = 0.0
    error: str = ""


@dataclass
class Batch:
    """What is to be made, and how.

    Attributes:
        items: each in a folder of its own.
        out: of these folders.
        template: the .blend that every scene begins as.
        common: what else the scenes are made from.
        command: that starts a Blender without a window.
        count: how many of them.
    """

    items: list[Item]
    out: Path
    template: Path
    common: dict[str, Any]
    command: list[str]
    count: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)


def planned(context: Context) -> Batch:
    """Return what the panel asks for, with the open file kept as the template of every scene.

    Raises:
        ChironomyError: there are no recordings, two would have one name, or the folder cannot be written.
    """
    scene = context.scene
    chosen = settings(scene)
    asked = chosen.batch
    if not asked.recordings:
        raise ChironomyError("choose the folder with the recordings first")
    if not asked.out:
        raise ChironomyError("choose the folder for the scenes first")
    found = recordings_in([sequencer.absolute(asked.recordings)])
    styles = sorted(asked.styles) or [chosen.style]
    seeds = [chosen.seed + number for number in range(asked.seeds)]
    parts = ["blend", *(name for name in ("fbx", "motion", "video") if getattr(asked, name))]
    items = [
        Item(each.name, each.speech, beside(each.speech, SCRIPTS), {"style": each.style, "seed": each.seed}, parts)
        for each in each_of(found, styles, seeds)
    ]
    names: dict[str, Path] = {}
    for item in items:
        other = names.setdefault(item.name.casefold(), item.speech)
        if other != item.speech:
            raise ChironomyError(f"{other.name} and {item.speech.name} would have one folder; rename one of them")
    out = sequencer.absolute(asked.out).absolute()
    folder = out / _UNFINISHED
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ChironomyError(f"{out} cannot be written ({error.strerror}); choose another folder") from error
    # Another Blender may go on with the same batch.
    template = folder / f"template-{os.getpid()}.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(template), copy=True, compress=True)
    same = {name: value for name, value in manner_of(chosen).items() if name not in ("style", "seed")}
    rate = round(scene.render.fps / scene.render.fps_base, 6)
    common = same | {"fps": rate, "accompany": chosen.accompany, "file": Path(bpy.data.filepath).name}
    return Batch(items, out, template, common, worker_command(), asked.processes)


def worker_command() -> list[str]:
    """Return the command that starts a Blender without a window, which makes scenes."""
    script = str(Path(__file__).parents[1] / "batch_worker.py")
    module = __name__.rpartition(".scene.")[0]
    return [*(another_blender.program(own_preferences=False) or [sys.executable]), script, "--", module]


def run(batch: Batch, work: Work, told: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
    """Make what is not made, by several Blenders; return how each item ended. Safe in a worker thread.

    Raises:
        JobCancelled: the work was to stop; what is done stays.
    """
    lock, left = threading.Lock(), queue.SimpleQueue()
    waiting = [item for item in batch.items if not is_done(batch, item)]

    def end(outcome: Outcome) -> None:
        with lock:
            batch.outcomes[outcome.item.name] = outcome
            done = len(batch.outcomes)
        told(outcome)
        work.progress(done / len(batch.items), f"{done} of {len(batch.items)} scenes are made")

    for item in batch.items:
        if item not in waiting:
            end(Outcome(item))
    for item in waiting:
        left.put((item, 0))
    makers = [_Maker(batch, left, end, number) for number in range(min(batch.count, len(waiting)))]
    threads = [threading.Thread(target=maker.work, name=f"chironomy batch {maker.number}") for maker in makers]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            if work.cancelled():
                raise JobCancelled
            time.sleep(_LOOK)
    finally:
        for maker in makers:
            maker.stop()
        for thread in threads:
            thread.join()
        _clear(batch)
        _summarise(batch)
    return [batch.outcomes[item.name] for item in batch.items]


def is_done(batch: Batch, item: Item) -> bool:
    """Whether all of an item's files are there, made from what it says now."""
    folder = batch.out / item.name
    made, told = _made(folder), item.told(batch.common)
    return all((folder / FILES[part]).is_file() and made.get(FILES[part]) == told for part in item.parts)


class _Maker:
    """One Blender without a window, and the thread that gives it items."""

    def __init__(
        self,
        batch: Batch,
        left: "queue.SimpleQueue[tuple[Item, int]]",
        end: Callable[[Outcome], None],
        number: int,
    ) -> None:
        self.number = number
        self._batch, self._left, self._end = batch, left, end
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the Blender."""
        self._stopped = True
        if self._process is not None:
            processes.end(self._process, 1.0)

    def work(self) -> None:
        """Make items as long as there are any."""
        with contextlib.suppress(queue.Empty):
            while not self._stopped:
                item, tried = self._left.get_nowait()
                began = time.monotonic()
                try:
                    error = self._make(item)
                except (OSError, ValueError, ChironomyError) as fault:
                    self._finish()
                    if self._stopped:
                        return
                    if tried + 1 < ATTEMPTS:
                        self._left.put((item, tried + 1))
                        continue
                    error = str(fault)
                self._end(Outcome(item, time.monotonic() - began, error))
        self._finish()

    def _make(self, item: Item) -> str:
        """Make an item; return why it cannot be made, or "".

        Raises:
            OSError, ValueError: the Blender ended before its time.
            ChironomyError: the same, or a file cannot be put in its place.
        """
        folder = self._batch.out / item.name
        folder.mkdir(exist_ok=True)
        # Beside where they are to be, as what they refer to is seen from there.
        write = {part: folder / f".{os.getpid()}-{self.number}-{FILES[part]}" for part in item.parts}
        job = {
            "template": str(self._batch.template),
            "speech": str(item.speech),
            "script": None if item.script is None else str(item.script),
            "settings": dict(item.settings),
            "write": {part: str(path) for part, path in write.items()},
        }
        try:
            said = self._ask(job)
            if "error" in said:
                return str(said["error"])
            for part, path in write.items():
                _put(path, folder / FILES[part], item.told(self._batch.common))
        finally:
            for path in write.values():
                path.unlink(missing_ok=True)
        return ""

    def _ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write((json.dumps(job) + "\n").encode())
        process.stdin.flush()
        return self._answer(process)

    def _start(self) -> "subprocess.Popen[bytes]":
        log = self._batch.out / _UNFINISHED / f"blender-{os.getpid()}-{self.number}.log"
        # Sums of several threads differ in their last bits, and several processes are faster with one each.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with log.open("ab") as errors:
            self._process = processes.start(
                self._batch.command,
                env={**os.environ, **threads},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._answer(self._process)
        return self._process

    def _answer(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        assert process.stdout is not None
        for line in process.stdout:
            told = line.decode(errors="replace").partition(TELLS)
            # Blender says its version there, and what it likes.
            if told[0] == "" and told[1]:
                return json.loads(told[2])
        raise ChironomyError(f"its Blender ended before the scene was made (exit code {process.wait()})")

    def _finish(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            processes.end(process, 1.0)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def _put(made: Path, path: Path, told: str) -> None:
    """Put a file that was made in its place, and note what it was made from; what was there before is kept."""
    keep(made)
    if path.is_file():
        keep_previous(path)
    made.replace(path)
    with atomic_path(path.parent / _MADE) as partial:
        partial.write_text(json.dumps(_made(path.parent) | {path.name: told}, indent=1), encoding="utf-8")


def _made(folder: Path) -> dict[str, str]:
    """The hashes of what the files in a folder were made from, by their names."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((folder / _MADE).read_text(encoding="utf-8"))
        if isinstance(told, dict):
            return {name: value for name, value in told.items() if isinstance(value, str)}
    return {}


def _clear(batch: Batch) -> None:
    """Remove what is of no use any more; what Blender said of a failure is."""
    folder = batch.template.parent
    batch.template.unlink(missing_ok=True)
    failed = any(outcome.error for outcome in batch.outcomes.values())
    if not failed and len(batch.outcomes) == len(batch.items):
        # What Blenders left that were killed goes, too: nobody has anything left to make.
        left = [*folder.glob("template-*.blend"), *folder.glob("blender-*.log")]
        for item in batch.items:
            left += [path for part in item.parts for path in (batch.out / item.name).glob(f".*-{FILES[part]}")]
        for path in left:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _summarise(batch: Batch) -> None:
    """Write the table of what was made."""
    with atomic_path(batch.out / SUMMARY) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("item", "state", "seconds", "files", "error"))
        for item in batch.items:
            outcome = batch.outcomes.get(item.name)
            state = "left" if outcome is None else "failed" if outcome.error else "done"
            files = " ".join(f"{item.name}/{FILES[part]}" for part in item.parts) if state == "done" else ""
            seconds, error = ("", "") if outcome is None else (f"{outcome.seconds:.1f}", outcome.error)
            writer.writerow((item.name, state, seconds, files, error))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
