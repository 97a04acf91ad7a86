# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend whose kinds of job are tiny, so that what is tested is the service."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chironomy.client import Client
from chironomy.client.protocol import FINAL
from chironomy.errors import ChironomyError
from chironomy.service.jobs import Job, Jobs
from chironomy.service.kinds import Kind
from chironomy.service.settings import Choice, Integer, Number
from chironomy.work import Work

TOKEN = "a-token-of-more-than-16-characters"
PATIENCE = 30.0


@dataclass
class Gate:
    """A kind of job that says when it has started, and goes on when it is let."""

    started: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def run(self, inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
        work.progress(0.5, "walking")
        work.progress(0.2, "at the gate")
        work.preview(b"a picture")
        self.started.set()
        while not self.open.wait(0.005):
            if work.cancelled():
                raise RuntimeError("stopped in the middle")
        result.write_bytes(b"through the gate")


def _copy(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    result.write_bytes(inputs["speech"].read_bytes() * settings["times"])


def _fail(inputs: Mapping[str, Path], settings: Mapping[str, Any], result: Path, work: Work) -> None:
    result.write_bytes(b"half")
    if settings["how"] == "sentence":
        raise ChironomyError(f"{inputs['speech']} has no sound;\nrecord it again")
    if settings["how"] == "memory":
        raise MemoryError
    if settings["how"] == "exit":
        raise SystemExit(3)
    raise KeyError("surprise")


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


def tiny_kinds(gate: Gate) -> dict[str, Kind]:
    """Kinds that copy their input, fail in several ways, and wait at the gate."""
    ways = Choice("sentence", lambda: ("sentence", "memory", "exit", "surprise"))
    settings = {"times": Integer(1, 1, 9), "speed": Number(1.0, 0.25, 4.0), "guidance": Number(None, 0.0, 9.0)}
    return {
        "copy": Kind("copy", _copy, ("speech",), optional_inputs=("pinned",), settings=settings, suffix=".bin"),
        "fail": Kind("fail", _fail, ("speech",), settings={"how": ways}),
        "gate": Kind("gate", gate.run, ()),
    }


@dataclass
class Backend:
    """A backend that really listens, in a thread."""

    url: str
    token: str
    data: Path

    def client(self) -> Client:
        return Client(self.url, self.token)
