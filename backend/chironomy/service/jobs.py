# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: what was asked, how far it is, and what came of it.

One state machine: a change of state is checked, kept in the store and told to the listeners, in that order. Whoever
computes (`chironomy.service.workers`) claims jobs here and says how they ended. The same work is done once: who asks
for it again is given the job that there is.
"""

import json
import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from chironomy.client.protocol import CANCELLED, DONE, FAILED, FINAL, QUEUED, RUNNING
from chironomy.service.blobs import BlobStore
from chironomy.service.errors import ServiceError
from chironomy.service.finished import finished_result
from chironomy.service.kinds import Kind
from chironomy.service.record import Event, Job, shortened, work_name
from chironomy.service.requested import checked_inputs, checked_priority, chosen_kind, safe_names
from chironomy.service.settings import check_settings
from chironomy.service.store import Store

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a job may be begun that ends its worker."""

LONGEST_MESSAGE = 300
_ASIDE = ".gone-"
LARGEST_SETTINGS = 1 << 16
"""Bytes of a job's settings as JSON: they go over the wire with its record."""

_NEXT: Mapping[str, Collection[str]] = {
    QUEUED: (RUNNING, CANCELLED, FAILED),
    RUNNING: (QUEUED, DONE, CANCELLED, FAILED),
    DONE: (),
    FAILED: (QUEUED,),
    CANCELLED: (QUEUED,),
}

Listener = Callable[[Event], None]
"""Told of every change of a job's state, in their order; it must return at once."""

Watcher = Callable[[str, float, str], None]
"""Told the id of a running job, how far it is (0..1) and what it does; it must return at once."""


@dataclass
class _Live:
    """What is known of a running job and need not outlive it."""

    progress: float = 0.0
    message: str = ""
    preview: bytes = b""
    stopping: bool = False


class Jobs:
    """The queue and its records.

    Args:
        store: keeps the records.
        blobs: inputs lie there, and results.
        kinds: what can be asked for, by name.
        folder: of the folders in which jobs are computed; made when missing.
        maximum_waiting: how many jobs may wait before more are refused.
        maximum_records: how many records of ended jobs are kept; the oldest are forgotten first.
    """

    def __init__(
        self,
        store: Store,
        blobs: BlobStore,
        kinds: Mapping[str, Kind],
        folder: Path,
        maximum_waiting: int = 1000,
        maximum_records: int = 1000,
    ) -> None:
        self.store = store
        self.blobs = blobs
        self.kinds = kinds
        self.folder = folder
        self.listeners: list[Listener] = []
        self.watchers: list[Watcher] = []
        self._maximum_waiting = maximum_waiting
        self._maximum_records = maximum_records
        self._changed = threading.Condition(threading.RLock())
        self._live: dict[str, _Live] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ServiceError(
                f"The folder {folder} cannot be made ({error.strerror}): choose another --data"
            ) from error

    def recover(self) -> None:
        """Take up what an earlier backend left; to be called once, before anybody computes.

        A job that ran waits again, or is done where its result is there already; one that was to stop is cancelled.
        """
        with self._changed:
            for job in reversed(self.store.jobs((RUNNING,))):
                result = finished_result(self.work_folder(job))
                if result is not None and self.blobs.has(result):
                    self._end(job, DONE, result=result)
                elif job.stopping:
                    self._end(job, CANCELLED)
                else:
                    # That the backend ended is no fault of the job's.
                    job.attempts = max(0, job.attempts - 1)
                    self._change(job, QUEUED)
            for job in reversed(self.store.jobs((QUEUED,))):
                try:
                    kind = chosen_kind(self.kinds, job.kind)
                    settings = check_settings(job.kind, kind.settings, job.settings)
                except ServiceError as error:
                    self._end(job, FAILED, error=str(error))
                    continue
                if (settings, kind.lane) != (job.settings, job.lane):
                    job.settings, job.lane = settings, kind.lane
                    self.store.save(job)

    def submit(
        self,
        kind: object,
        inputs: object,
        settings: object,
        names: object = None,
        key: str | None = None,
        priority: object = None,
    ) -> Job:
        """Check a request and queue it; what is asked for already, or done, is given as it is.

        Args:
            kind: name of a kind of job.
            inputs: mapping from the kind's input names to SHA-256 of blobs.
            settings: mapping from the kind's setting names to values.
            names: optional mapping from input names to the file names that a person knows them by, for sentences.
            key: the client's idempotency key; it names one job, however that ended.
            priority: whole number, 0 when None.

        Raises:
            ServiceError: one sentence naming the field that is wrong (404 unknown blob, 409 a key used for another
                request, 422 a wrong field, 503 too many jobs waiting, 507 the record cannot be written).
        """
        chosen = chosen_kind(self.kinds, kind)
        given = checked_inputs(chosen, inputs, self.blobs)
        checked = check_settings(chosen.name, chosen.settings, {} if settings is None else settings)
        if len(json.dumps(checked)) > LARGEST_SETTINGS:
            raise ServiceError(f"The settings of a job may have {LARGEST_SETTINGS >> 10} KiB as JSON", status=413)
        job = Job(
            id=secrets.token_hex(8),
            kind=chosen.name,
            inputs=given,
            settings=checked,
            names=safe_names(chosen, names),
            work=work_name(chosen.name, given, checked, chosen.surroundings()),
            lane=chosen.lane,
            priority=checked_priority(priority),
            created=time.time(),
        )
        with self._changed:
            if key is not None and (known := self.store.by_key(key)) is not None:
                if (known.kind, known.inputs, known.settings) != (job.kind, job.inputs, job.settings):
                    message = (
                        f"The idempotency key {key[:80]!r} belongs to another request: use a new key for a new job"
                    )
                    raise ServiceError(message, status=409)
                return self._seen(known)
            if (same := self._same(job.work)) is not None:
                if key is not None:
                    self._add_key(key, same)
                if same.state == QUEUED and same.priority < job.priority:
                    same.priority = job.priority
                    self.store.save(same)
                return self._seen(same)
            self._refuse_too_many()
            self._tell(self.store.add(job, key))
            self.store.forget(self._maximum_records)
            return replace(job)

    def get(self, identifier: str) -> Job:
        """The record now.

        Raises:
            ServiceError: (404) no such job.
        """
        with self._changed:
            return self._seen(self._find(identifier))

    def list(self, state: str | None = None, limit: int = 100) -> list[Job]:
        """The records of the latest jobs, those of one state alone where one is given.

        Raises:
            ServiceError: (422) there is no such state.
        """
        if state is not None and state not in _NEXT:
            raise ServiceError(f"There is no state {state[:80]!r}: ask for one of {', '.join(_NEXT)}", status=422)
        with self._changed:
            return [self._seen(job) for job in self.store.jobs(tuple(_NEXT) if state is None else (state,), limit)]

    def preview(self, identifier: str) -> bytes:
        """The latest JPEG of what a running job makes; empty before there is one, and once the job has ended.

        Raises:
            ServiceError: (404) no such job.
        """
        with self._changed:
            if (live := self._live.get(identifier)) is None:
                self._find(identifier)
                return b""
            return live.preview

    def cancel(self, identifier: str) -> Job:
        """Ask a job to stop: a waiting one is cancelled at once, a running one at its next step; an ended one stays."""
        with self._changed:
            job = self._find(identifier)
            if job.state == QUEUED:
                self._end(job, CANCELLED)
            elif job.state == RUNNING and not job.stopping:
                job.stopping = True
                self.store.save(job)
                if (live := self._live.get(identifier)) is not None:
                    live.message, live.stopping = "cancelling", True
            return self._seen(job)

    def retry(self, identifier: str) -> Job:
        """Let a job that failed or was cancelled wait again, or give the one that does its work already.

        Raises:
            ServiceError: (404) no such job, or an input of it is gone.
        """
        with self._changed:
            job = self._find(identifier)
            if job.state not in (FAILED, CANCELLED):
                return self._seen(job)
            if (same := self._same(job.work)) is not None:
                return self._seen(same)
            checked_inputs(chosen_kind(self.kinds, job.kind), job.inputs, self.blobs)
            self._refuse_too_many()
            job.attempts, job.progress, job.error, job.finished, job.stopping = 0, 0.0, None, None, False
            self._change(job, QUEUED)
            return self._seen(job)

    def delete(self, identifier: str) -> None:
        """Forget a job that has ended, its result and what it left to go on with.

        Raises:
            ServiceError: (404) no such job; (409) it has not ended.
        """
        with self._changed:
            job = self._find(identifier)
            if job.state not in FINAL:
                raise ServiceError(f"Job {job.id} is {job.state}: cancel it before it is deleted", status=409)
            self._tell(self.store.delete(job))
            if job.result is not None and job.result not in self.store.results() | self.store.live_blobs():
                with suppress(OSError):
                    self.blobs.path(job.result).unlink()
        self._clear(self.work_folder(job))

    def prune(self, maximum_bytes: int, maximum_age: float, now: float | None = None) -> None:
        """Keep the data within bounds: blobs and what stopped jobs left, the least recently used going first.

        Nothing goes that a waiting or running job needs.
        """
        now = time.time() if now is None else now
        with self._changed:
            live = self.store.live_blobs()
            # A backend that was killed between the end of a job and this leaves what nobody needs any more.
            over = {self.work_folder(job).name for job in self.store.jobs((DONE,))}
        left = []
        for folder in self.folder.iterdir():
            if (folder.name in over or folder.name.startswith(_ASIDE)) and self._clear(folder):
                continue
            with suppress(OSError):
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                left.append((folder.stat().st_mtime, size, folder))
        kept = 0
        for used, size, folder in sorted(left, reverse=True):
            kept += size
            if (now - used > maximum_age or kept > maximum_bytes // 2) and self._clear(folder):
                kept -= size
        self.blobs.prune(max(0, maximum_bytes - kept), maximum_age, now, live)

    def work_folder(self, job: Job) -> Path:
        """Where a job is computed; the same for the same work, so that what an attempt left is there for the next."""
        return self.folder / job.work[:32]

    def claim(self, lane: str, seconds: float = 0.0) -> Job | None:
        """Take the next job of a lane, which is running from now on; None where none comes within some seconds."""
        with self._changed:
            job = self._claimed(lane)
            if job is None and seconds:
                self._changed.wait(seconds)
                job = self._claimed(lane)
            return job

    def progress(self, identifier: str, fraction: float, message: str) -> None:
        """Note how far a running job is."""
        with self._changed:
            if (live := self._live.get(identifier)) is not None:
                live.progress = min(1.0, max(live.progress, fraction))
                live.message = "cancelling" if live.stopping else shortened(message, LONGEST_MESSAGE)
                for watcher in self.watchers:
                    watcher(identifier, live.progress, live.message)

    def show(self, identifier: str, picture: bytes) -> None:
        """Keep a JPEG of what a running job makes."""
        with self._changed:
            if (live := self._live.get(identifier)) is not None:
                live.preview = picture

    def stopping(self, identifier: str) -> bool:
        """Whether a running job was asked to stop."""
        with self._changed:
            live = self._live.get(identifier)
            return live is None or live.stopping

    def end(self, identifier: str, state: str, error: str | None = None, result: str | None = None) -> None:
        """Note how a running job ended, and clear away what it needs no more.

        Raises:
            ServiceError: (507) it cannot be kept; the job is as it was.
        """
        with self._changed:
            job = self._find(identifier)
            self._end(job, state, error, result)
        if state == DONE:
            self._clear(self.work_folder(job))

    def again(self, identifier: str, reason: str) -> None:
        """A running job has lost its worker: it waits for another, or has failed after some attempts.

        Args:
            identifier: of the job.
            reason: how the worker was lost and what to do about it, as the end of a sentence.

        Raises:
            ServiceError: (507) it cannot be kept; the job is as it was.
        """
        with self._changed:
            job = self._find(identifier)
            if job.stopping:
                self._end(job, CANCELLED)
            elif job.attempts >= ATTEMPTS:
                self._end(job, FAILED, f"The {job.kind} job was tried {job.attempts} times: {reason}")
            else:
                logger.warning("job %s (%s) is tried again: %s", job.id, job.kind, reason)
                self._change(job, QUEUED)

    def put_back(self, identifier: str) -> None:
        """A running job waits again, as if it had not been begun: the backend ends."""
        with self._changed:
            job = self._find(identifier)
            job.attempts = max(0, job.attempts - 1)
            if job.stopping:
                self._end(job, CANCELLED)
            else:
                self._change(job, QUEUED)

    def _clear(self, folder: Path) -> bool:
        """Remove a folder in which jobs are computed, unless one needs it; whether it is gone.

        Its work may be asked for at any moment, so it has another name before what is in it goes.
        """
        aside = folder.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
        try:
            with self._changed:
                if self.store.at_work(folder.name):
                    return False
                folder.rename(aside)
        except (OSError, ServiceError):
            return not folder.exists()
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def _add_key(self, key: str, job: Job) -> None:
        """Let a job be known by one more key; what is done is told where that cannot be kept, too."""
        try:
            self.store.add_key(key, job.id)
        except ServiceError as error:
            if job.state != DONE:
                raise
            logger.warning("%s", error)

    def _claimed(self, lane: str) -> Job | None:
        event = self.store.claim(lane)
        if event is None:
            return None
        self._live[event.job.id] = _Live()
        self._tell(event)
        return replace(event.job)

    def _same(self, work: str) -> Job | None:
        """The job that does this work already, or has done it, with its result."""
        job = self.store.by_work(work, (QUEUED, RUNNING))
        if job is None and (job := self.store.by_work(work, (DONE,))) is not None:
            return job if job.result is not None and self.blobs.has(job.result) else None
        return None if job is None or job.stopping else job

    def _seen(self, job: Job) -> Job:
        live = self._live.get(job.id)
        return job if live is None else replace(job, progress=live.progress, message=live.message)

    def _end(self, job: Job, state: str, error: str | None = None, result: str | None = None) -> None:
        job.result, job.message, job.finished = result, "", time.time()
        job.error = None if error is None else shortened(error)
        job.progress = 1.0 if state == DONE else self._seen(job).progress
        self._change(job, state)

    def _change(self, job: Job, state: str) -> None:
        """The one place where a job changes its state, but for `Store.claim`."""
        if state not in _NEXT[job.state]:
            raise AssertionError(f"a job cannot become {state} that is {job.state}")
        job.state = state
        event = self.store.change(job)
        self._live.pop(job.id, None)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        job = event.job
        logger.info("job %s (%s) %s%s", job.id, job.kind, job.state, f": {job.error}" if job.error else "")
        for listener in self.listeners:
            listener(event)
        self._changed.notify_all()

    def _refuse_too_many(self) -> None:
        if self.store.count(QUEUED) >= self._maximum_waiting:
            message = f"{self._maximum_waiting} jobs are waiting already: wait for some to end, or cancel them"
            raise ServiceError(message, status=503)

    def _find(self, identifier: str) -> Job:
        job = self.store.find(identifier)
        if job is None:
            message = f"There is no job {identifier[:80]!r}: it may have been forgotten since; ask again"
            raise ServiceError(message, status=404)
        return job
