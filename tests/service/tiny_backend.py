# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend whose kinds of job are tiny, so that what is tested is the service.

Workers import this module by its name, as `KINDS` says; what they and a test tell each other lies in a folder.
"""

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chironomy.client import Client
from chironomy.client.protocol import FINAL
from chironomy.errors import ChironomyError
from chironomy.service.blobs import BlobStore
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import Kind
from chironomy.service.limits import check_memory
from chironomy.service.record import Job
from chironomy.service.settings import Choice, Integer, Number
from chironomy.service.store import Store
from chironomy.service.workers import Patience, Workers
from chironomy.shot.errors import ProgramKilled, VideoError
from chironomy.work import Work

TOKEN = "a-token-of-more-than-16-characters"
PATIENCE = 60.0
KINDS = "tiny_backend:TINY_KINDS"
GATE = "CHIRONOMY_TEST_GATE"
"""Variable that names the folder in which a test and its workers tell each other things."""


class Flag:
    """An event between processes: a file that is there or not."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def set(self) -> None:
        partial = self.path.with_suffix(f".{os.getpid()}")
        partial.write_text(str(os.getpid()))
        partial.replace(self.path)

    def is_set(self) -> bool:
        return self.path.exists()

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self.is_set():
            if time.monotonic() > deadline:
                return False
            threading.Event().wait(0.005)
        return True


@dataclass
class Gate:
    """Where jobs of the kind "gate" say that they have started, and go on when they are let."""

    folder: Path

    @property
    def started(self) -> Flag:
        return Flag(self.folder / "started")

    @property
    def open(self) -> Flag:
        return Flag(self.folder / "open")

    def count(self, what: str) -> int:
        """How often jobs have noted something."""
        path = self.folder / what
        return len(path.read_text().split()) if path.exists() else 0


def _noted(what: str) -> int:
    """Note something for the test; return how often that was done."""
    path = Path(os.environ[GATE]) / what
    with path.open("a") as stream:
        stream.write(f"{os.getpid()}\n")
    return len(path.read_text().split())


def _gate(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    gate = Gate(Path(os.environ[GATE]))
    work.progress(0.5, "walking")
    work.progress(0.2, "at the gate")
    work.preview(b"a picture")
    gate.started.set()
    while not gate.open.wait(0.01):
        if work.cancelled():
            raise RuntimeError("stopped in the middle")
    result.write_bytes(b"through the gate")


def _show(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Shows a picture, and waits at the gate."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (96, 54), (40, 120, 200)).save(buffer, "JPEG")
    work.progress(0.4, "frame 2 of 5")
    work.preview(buffer.getvalue())
    gate = Gate(Path(os.environ[GATE]))
    while not gate.open.wait(0.01):
        if work.cancelled():
            raise RuntimeError("stopped in the middle")
    result.write_bytes(inputs["speech"].read_bytes())


def _copy(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    print("what libraries print goes to the log")
    result.write_bytes(inputs["speech"].read_bytes() * settings["times"])


def _fail(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    result.write_bytes(b"half")
    if settings["how"] == "sentence":
        raise ChironomyError(f"{inputs['speech']} has no sound;\nrecord it again")
    if settings["how"] == "memory":
        raise MemoryError
    if settings["how"] == "much":
        check_memory(1 << 50, "This shot")
    if settings["how"] == "exit":
        raise SystemExit(3)
    if settings["how"] == "disk":
        raise OSError(28, "No space left on device")
    raise KeyError("surprise")


def _slow(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Makes parts one after another, each kept, and goes on with those that are there."""
    folder = result.parent / "parts"
    folder.mkdir(exist_ok=True)
    for number in range(settings["parts"]):
        part = folder / f"{number}"
        if not part.exists():
            threading.Event().wait(0.02)
            partial = part.with_suffix(".half")
            partial.write_bytes(hashlib.sha256(b"%d %d" % (settings["seed"], number)).digest())
            partial.replace(part)
            _noted(f"made-{settings['seed']}")
        work.progress((number + 1) / settings["parts"], f"part {number}")
    result.write_bytes(b"".join((folder / f"{number}").read_bytes() for number in range(settings["parts"])))


def _kill(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Ends its worker the first few times that it is tried, as a want of memory does."""
    if _noted("tried") <= settings["times"]:
        os.kill(os.getpid(), signal.SIGKILL)
    result.write_bytes(b"survived")


def _hang(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Waits for a program that never ends, and hears nothing, as an encoder that hangs."""
    _noted("tried")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as program:
        (Path(os.environ[GATE]) / "program").write_text(str(program.pid))
        program.wait()


def _encode(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Loses a program that it uses, as often as is asked for."""
    if (tried := _noted("tried")) <= settings["times"]:
        killed = ProgramKilled("the film could not be written: ffmpeg was ended by signal 9")
        if tried == 1:
            # As one who used it tells of it.
            raise VideoError(str(killed)) from killed
        raise killed
    result.write_bytes(b"encoded")


def _eat(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    """Takes memory without end."""
    _noted("tried")
    held = []
    while True:
        held.append(b"x" * (16 << 20))
        work.progress(0.0, "eating")


_WAYS = Choice("sentence", lambda: ("sentence", "memory", "much", "exit", "disk", "surprise"))
_COPY = {"times": Integer(1, 1, 9), "speed": Number(1.0, 0.25, 4.0), "guidance": Number(None, 0.0, 9.0)}

TINY_KINDS = {
    kind.name: kind
    for kind in (
        Kind("copy", _copy, ("speech",), optional_inputs=("pinned",), settings=_COPY, suffix=".bin"),
        Kind("fail", _fail, ("speech",), settings={"how": _WAYS}),
        Kind("gate", _gate, (), settings={"number": Integer(0, 0, 100)}),
        Kind("slow", _slow, (), settings={"parts": Integer(5, 1, 1000), "seed": Integer(0, 0, 1000)}, lane="film"),
        Kind("kill", _kill, (), settings={"times": Integer(1, 0, 9)}),
        Kind("hang", _hang, (), patience=0.6),
        Kind("wait", _hang, (), lane="film"),
        Kind("eat", _eat, ()),
        Kind("encode", _encode, (), settings={"times": Integer(1, 0, 9)}),
        Kind("show", _show, ("speech",)),
    )
}


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll until something is so; a test that waits in vain fails."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("waited in vain")


def ended(jobs: Jobs, job: Job) -> Job:
    """The job's record once it has ended."""
    wait_until(lambda: jobs.get(job.id).state in FINAL)
    return jobs.get(job.id)


def add_blob(jobs: Jobs, data: bytes) -> str:
    """Put bytes into the store as an upload would."""
    with jobs.blobs.writer() as writer:
        writer.write(data)
        return writer.commit(hashlib.sha256(data).hexdigest())


def open_jobs(data: Path, **options: Any) -> Jobs:
    """The queue of a data folder, as a backend opens it, without anybody who computes."""
    data.mkdir(exist_ok=True)
    return Jobs(
        Store(data / "jobs.sqlite"), BlobStore(data / "blobs", limit=100_000), TINY_KINDS, data / "work", **options
    )


def start_workers(jobs: Jobs, memory: int | None = None, patience: Patience | None = None) -> Workers:
    """Those who compute for a queue."""
    return Workers(jobs, KINDS, str(jobs.folder.parent), memory, patience)


@dataclass
class Backend:
    """A backend that really listens, in a thread."""

    url: str
    token: str
    data: Path

    def client(self) -> Client:
        return Client(self.url, self.token)
