# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: what was asked, how far it is, and what came of it.

One worker thread computes, one job at a time, in the order of asking: two models on one device would only slow each
other down. Records live in memory; results live in the blob store.
"""

import logging
import os
import queue
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from chironomy.client.protocol import CANCELLED, DONE, FAILED, FINAL, QUEUED, RUNNING
from chironomy.errors import ChironomyError
from chironomy.packages import explained
from chironomy.service.blobs import BlobStore
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import Kind
from chironomy.service.settings import check_settings
from chironomy.work import Work

logger = logging.getLogger(__name__)


@dataclass
class Job:
    """One job's record, as it goes over the wire.

    `state` is queued, running, done, failed or cancelled; `progress` is 0..1 and never falls; `error` is a sentence
    when failed; `result` is the SHA-256 of the result when done. Times are seconds since the epoch, UTC.
    """

    id: str
    kind: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    names: dict[str, str] = field(default_factory=dict)
    state: str = QUEUED
    progress: float = 0.0
    message: str = ""
    error: str | None = None
    result: str | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The record as JSON types."""
        return asdict(self)


class Jobs:
    """The queue, its worker and the records.

    Args:
        blobs: inputs are read from it, results go into it.
        kinds: what can be asked for, by name.
        maximum_waiting: how many jobs may wait before more are refused.
        maximum_records: how many records are kept; the oldest finished ones are forgotten first.
    """

    def __init__(
        self, blobs: BlobStore, kinds: Mapping[str, Kind], maximum_waiting: int = 100, maximum_records: int = 1000
    ) -> None:
        self.blobs = blobs
        self.kinds = kinds
        self._maximum_waiting = maximum_waiting
        self._maximum_records = maximum_records
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._cancel: dict[str, threading.Event] = {}
        self._by_key: dict[str, str] = {}
        self._preview: dict[str, bytes] = {}
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._work, name="chironomy-worker", daemon=True)
        self._worker.start()

    def submit(
        self, kind: object, inputs: object, settings: object, names: object = None, key: str | None = None
    ) -> Job:
        """Check a request and queue it; the same `key` with the same request gives the job that there already is.

        Args:
            kind: name of a kind of job.
            inputs: mapping from the kind's input names to SHA-256 of blobs.
            settings: mapping from the kind's setting names to values.
            names: optional mapping from input names to the file names that a person knows them by, for sentences.
            key: the client's idempotency key.

        Raises:
            ServiceError: one sentence naming the field that is wrong (404 unknown blob, 409 a key used for another
                request, 422 a wrong field, 503 too many jobs waiting).
        """
        chosen = self._kind(kind)
        checked_inputs = self._inputs(chosen, inputs)
        job = Job(
            id=secrets.token_hex(8),
            kind=chosen.name,
            inputs=checked_inputs,
            settings=check_settings(chosen.name, chosen.settings, {} if settings is None else settings),
            names=_names(chosen, names),
            created=time.time(),
        )
        with self._lock:
            if key is not None and (known := self._jobs.get(self._by_key.get(key, ""))) is not None:
                if (known.kind, known.inputs, known.settings) != (job.kind, job.inputs, job.settings):
                    message = (
                        f"The idempotency key {key[:80]!r} belongs to another request: use a new key for a new job"
                    )
                    raise ServiceError(message, status=409)
                return replace(known)
            if sum(other.state == QUEUED for other in self._jobs.values()) >= self._maximum_waiting:
                message = f"{self._maximum_waiting} jobs are waiting already: wait for some to end, or cancel them"
                raise ServiceError(message, status=503)
            self._jobs[job.id] = job
            self._cancel[job.id] = threading.Event()
            if key is not None:
                self._by_key[key] = job.id
            self._forget()
            snapshot = replace(job)
        self._waiting.put(job.id)
        return snapshot

    def get(self, identifier: str) -> Job:
        """A copy of the record.

        Raises:
            ServiceError: (404) no such job.
        """
        with self._lock:
            return replace(self._find(identifier))

    def preview(self, identifier: str) -> bytes:
        """The latest JPEG of what a running job makes; empty before there is one, and once the job has ended.

        Raises:
            ServiceError: (404) no such job.
        """
        with self._lock:
            self._find(identifier)
            return self._preview.get(identifier, b"")

    def cancel(self, identifier: str) -> Job:
        """Ask a job to stop: a waiting one is cancelled at once, a running one at its next step; an ended one stays."""
        with self._lock:
            job = self._find(identifier)
            if job.state == QUEUED:
                self._end(job, CANCELLED)
            elif job.state == RUNNING:
                job.message = "cancelling"
            self._cancel[identifier].set()
            return replace(job)

    def close(self, timeout: float = 5.0) -> bool:
        """Cancel everything and end the worker; True when it ended within `timeout` seconds."""
        with self._lock:
            for event in self._cancel.values():
                event.set()
        self._waiting.put(None)
        self._worker.join(timeout)
        return not self._worker.is_alive()

    def _kind(self, name: object) -> Kind:
        chosen = self.kinds.get(name) if isinstance(name, str) else None
        if chosen is None:
            message = f"There is no kind of job {str(name)[:80]!r}: ask for one of {', '.join(self.kinds)}"
            raise ServiceError(message, status=422)
        return chosen

    def _inputs(self, kind: Kind, inputs: object) -> dict[str, str]:
        if not isinstance(inputs, Mapping):
            message = f"The inputs of a job must be a JSON object from name to SHA-256, not {type(inputs).__name__}"
            raise ServiceError(message, status=422)
        for name in inputs:
            if name not in kind.inputs and name not in kind.optional_inputs:
                known = ", ".join(kind.inputs + kind.optional_inputs)
                raise ServiceError(f"A {kind.name} job has no input {str(name)[:80]!r}: it takes {known}", status=422)
        for name in kind.inputs:
            if name not in inputs:
                message = f"A {kind.name} job needs the input {name!r}: upload it and give its SHA-256"
                raise ServiceError(message, status=422)
        for name, sha in inputs.items():
            if not self.blobs.has(sha):
                message = f"The input {name!r} names the blob {sha}, which is not here: upload it first"
                raise ServiceError(message, status=404)
        return dict(inputs)

    def _find(self, identifier: str) -> Job:
        job = self._jobs.get(identifier)
        if job is None:
            message = f"There is no job {identifier[:80]!r}: the backend may have been restarted since; ask again"
            raise ServiceError(message, status=404)
        return job

    def _forget(self) -> None:
        ended = (job.id for job in list(self._jobs.values()) if job.state in FINAL)
        while len(self._jobs) > self._maximum_records and (oldest := next(ended, None)) is not None:
            del self._jobs[oldest]
            del self._cancel[oldest]
        self._by_key = {key: job for key, job in self._by_key.items() if job in self._jobs}

    @staticmethod
    def _end(job: Job, state: str, error: str | None = None, result: str | None = None) -> None:
        job.state, job.error, job.result, job.message, job.finished = state, error, result, "", time.time()
        if state == DONE:
            job.progress = 1.0

    def _work(self) -> None:
        while (identifier := self._waiting.get()) is not None:
            with self._lock:
                job = self._jobs.get(identifier)
                if job is None or job.state != QUEUED:
                    continue
                cancelled = self._cancel[identifier]
                if cancelled.is_set():
                    self._end(job, CANCELLED)
                    continue
                job.state, job.started = RUNNING, time.time()
            logger.info("job %s (%s) started", job.id, job.kind)
            state, error, result = self._run(job, cancelled)
            with self._lock:
                self._preview.pop(job.id, None)
                self._end(job, state, error, result)
            logger.info("job %s (%s) %s%s", job.id, job.kind, state, f": {error}" if error else "")

    def _run(self, job: Job, cancelled: threading.Event) -> tuple[str, str | None, str | None]:
        """Compute one job in a folder of its own; returns state, error and result."""

        def progress(fraction: float, message: str = "") -> None:
            with self._lock:
                job.progress = min(1.0, max(job.progress, float(fraction)))
                if not cancelled.is_set():
                    job.message = message

        def preview(picture: bytes) -> None:
            with self._lock:
                self._preview[job.id] = picture

        kind = self.kinds[job.kind]
        folder: Path | None = None
        try:
            folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.blobs.incoming))
            inputs = {name: self._place(folder, name, sha, job.names.get(name, "")) for name, sha in job.inputs.items()}
            result = folder / f"result{kind.suffix}"
            kind.run(inputs, job.settings, result, Work(progress, cancelled.is_set, preview))
            if cancelled.is_set():
                return CANCELLED, None, None
            return DONE, None, self.blobs.add_file(result)
        except BaseException as error:
            # A kind that is told to stop may end by any exception of its own; none may end the worker.
            if cancelled.is_set():
                return CANCELLED, None, None
            return FAILED, _sentence(error, job, folder), None
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def _place(self, folder: Path, name: str, sha: str, file_name: str) -> Path:
        """The blob under the name that a person knows it by, so that sentences about it can be understood."""
        place = folder / name / (file_name or name)
        place.parent.mkdir()
        try:
            os.link(self.blobs.path(sha), place)
        except OSError:
            shutil.copyfile(self.blobs.path(sha), place)
        return place


def _names(kind: Kind, names: object) -> dict[str, str]:
    """File names of inputs, reduced to what is safe as one path component on every platform."""
    if not isinstance(names, Mapping):
        return {}
    cleaned: dict[str, str] = {}
    for name in kind.inputs + kind.optional_inputs:
        given = names.get(name)
        if isinstance(given, str):
            last = given.replace("\\", "/").rsplit("/", 1)[-1]
            safe = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in last)[-100:].strip(" .")
            if safe:
                cleaned[name] = safe
    return cleaned


def _sentence(error: BaseException, job: Job, folder: Path | None) -> str:
    """What is told of an error; only those meant for people speak for themselves, the rest goes to the log."""
    if isinstance(error, ChironomyError):
        sentence = str(error)
    elif isinstance(error, MemoryError):
        sentence = f"There was not enough memory for this {job.kind} job: try a shorter clip or a smaller size"
    elif isinstance(error, ImportError):
        sentence = f"The backend cannot do this: {explained(error)}"
    else:
        logger.exception("job %s (%s) broke", job.id, job.kind, exc_info=error)
        sentence = f"The {job.kind} job broke by {type(error).__name__}: {error} (the backend's log has the details)"
    if folder is not None:
        for name in job.inputs:
            sentence = sentence.replace(f"{folder / name}{os.sep}", "")
        sentence = sentence.replace(f"{folder}{os.sep}", "")
    return " ".join(sentence.split())
