# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who compute: processes of their own, one for each lane of jobs and each device, watched from here.

Nothing that computes is imported into this process. A worker that dies, hangs or takes too much memory costs its job
one attempt and nobody else anything; whatever it has started is ended with it.
"""

import base64
import contextlib
import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from chironomy import processes
from chironomy.client.protocol import CANCELLED
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import FILM, Kind
from chironomy.service.limits import memory_of, usual_limit
from chironomy.service.record import Job
from chironomy.service.worker import AGAIN

logger = logging.getLogger(__name__)

MARK = "CHIRONOMY_WORKER_OF"
"""Variable in the environment of workers and of all that they start: the data folder that they belong to."""

_TICK = 0.2
_MEMORY_SECONDS = 1.0
# Who is not called for so long was asleep with the whole machine, and has heard nothing meanwhile.
_ASLEEP_SECONDS = 10.0
_SAVE_SECONDS = 1.0
_SWEEP_SECONDS = 5.0


@dataclass(frozen=True)
class Patience:
    """How long what may be waited for, in seconds.

    Attributes:
        heartbeat: between two signs of life; a process that computes gives one a second.
        cancel: until a job that was asked to stop does so.
        idle: for which a worker keeps its models without work.
    """

    heartbeat: float = 60.0
    cancel: float = 5.0
    idle: float = 600.0


class Workers:
    """The processes and their watchers.

    Args:
        jobs: the queue that they work off.
        kinds: where the kinds of job are found in a worker's process, as `module:NAME`.
        mark: of this backend; see `MARK`.
        memory: bytes that one worker may take; by default a share of what there is.
        patience: how long what may be waited for.
    """

    def __init__(
        self, jobs: Jobs, kinds: str, mark: str, memory: int | None = None, patience: Patience | None = None
    ) -> None:
        self.ending = threading.Event()
        # Nothing is imported from the folder in which the backend happens to be started.
        command = [sys.executable, "-P", "-m", "chironomy.service.worker", "--kinds", kinds]
        memory = memory or usual_limit()
        command += ["--blobs", str(jobs.blobs.folder), "--memory", str(memory)]
        # A worker finds what this process finds, wherever it was started.
        environment = os.environ | {MARK: mark, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        self._watchers: list[_Watcher] = []
        for lane in dict.fromkeys(kind.lane for kind in jobs.kinds.values()):
            for device in devices() if lane == FILM else ("",):
                chosen = environment | ({"CUDA_VISIBLE_DEVICES": device} if device else {})

                def start(environment: Mapping[str, str] = chosen) -> "_Process":
                    return _Process(command, environment)

                self._watchers.append(_Watcher(self, jobs, lane, start, memory, patience or Patience()))
        for watcher in self._watchers:
            watcher.start()

    def pids(self) -> list[int]:
        """The numbers of the processes that live."""
        return [watcher.process.pid for watcher in self._watchers if watcher.process is not None]

    def close(self, timeout: float = 10.0) -> bool:
        """End all processes; what they computed waits again. True when all ended within some seconds."""
        self.ending.set()
        deadline = time.monotonic() + timeout
        for watcher in self._watchers:
            watcher.join(max(0.0, deadline - time.monotonic()))
        return not any(watcher.is_alive() for watcher in self._watchers)


class _Process:
    """A worker's process, its messages in a queue; None is the last of them."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = processes.start(
            command, apart=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment)
        )
        self.pid = self._process.pid
        self.told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with contextlib.suppress(psutil.Error):
            self.seen = psutil.Process(self.pid)
        self._reader = threading.Thread(target=self._read, name=f"worker {self.pid}", daemon=True)
        self._reader.start()

    def ask(self, **fields: Any) -> None:
        """Tell the worker something; one that has died is told nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(fields).encode() + b"\n")
            self._process.stdin.flush()

    def memory(self) -> int:
        """Bytes that it takes with all that it started."""
        return memory_of(self.seen)

    def end(self) -> int:
        """End it with all that it started; return its exit status."""
        processes.end_all(self._process)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._reader.join(5.0)
        return self._process.returncode

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdout as stream:
            for line in stream:
                self.told.put(json.loads(line))
        self.told.put(None)


class _Watcher(threading.Thread):
    """Works off one lane with one process at a time."""

    def __init__(
        self,
        workers: Workers,
        jobs: Jobs,
        lane: str,
        start: Callable[[], _Process],
        memory: int,
        patience: Patience,
    ) -> None:
        super().__init__(name=f"watcher {lane}", daemon=True)
        self.process: _Process | None = None
        self._ending = workers.ending
        self._jobs = jobs
        self._lane = lane
        self._start_process = start
        self._memory = memory
        self._patience = patience

    def run(self) -> None:
        idle_since = time.monotonic()
        try:
            while not self._ending.is_set():
                try:
                    job = self._jobs.claim(self._lane, _TICK)
                except ServiceError as error:
                    logger.error("%s", error)
                    self._ending.wait(_SAVE_SECONDS)
                    continue
                if job is not None:
                    self._do_surely(job)
                    idle_since = time.monotonic()
                elif self.process is not None and time.monotonic() - idle_since > self._patience.idle:
                    self._end_process()
        finally:
            self._end_process()

    def _do_surely(self, job: Job) -> None:
        """See to it that a fault of ours costs one job an attempt, and not all others their worker."""
        try:
            self._do(job)
        except Exception as error:
            logger.exception("watching job %s broke", job.id)
            self._end_process()
            reason = f"watching it broke by {type(error).__name__}: the backend's log has the details"
            self._insist(lambda: self._jobs.again(job.id, reason))

    def _do(self, job: Job) -> None:
        """Have a job computed, and say how it ended."""
        try:
            if self.process is None:
                self.process = self._start_process()
        except OSError as error:
            reason = f"no worker could be started ({error.strerror or error}): make room on the machine and ask again"
            self._insist(lambda: self._jobs.again(job.id, reason))
            return
        try:
            ended = self._watch(self.process, job, self._jobs.kinds[job.kind])
        except _Lost as lost:
            reason = str(lost)
            self._insist(lambda: self._jobs.again(job.id, reason))
            return
        if ended is None:
            self._insist(lambda: self._jobs.put_back(job.id))
            return
        state, error, result = ended["state"], ended.get("error"), ended.get("result")
        if result is not None:
            self._jobs.blobs.trust(result)
        if state == AGAIN:
            self._insist(lambda: self._jobs.again(job.id, str(error)))
        else:
            self._insist(lambda: self._jobs.end(job.id, state, error, result))

    def _watch(self, process: _Process, job: Job, kind: Kind) -> dict[str, Any] | None:
        """See a job through; return how the worker says that it ended, None where the backend ends before.

        Raises:
            _Lost: the worker is gone.
        """
        folder = str(self._jobs.work_folder(job))
        process.ask(
            do="run", id=job.id, kind=job.kind, inputs=job.inputs, names=job.names, settings=job.settings, folder=folder
        )
        heard = measured = turned = time.monotonic()
        # A process that has just been started needs a while to begin.
        news: float | None = None
        asked: float | None = None
        while True:
            try:
                told = process.told.get(timeout=_TICK)
            except queue.Empty:
                told = {}
            now = time.monotonic()
            if now - turned > _ASLEEP_SECONDS:
                heard, news = now, None if news is None else now
            turned = now
            if self._ending.is_set():
                self._end_process()
                return None
            if told is None:
                status = self._end_process()
                how = f"signal {-status}" if status < 0 else f"exit status {status}"
                advice = "perhaps for want of memory: try a shorter clip or a smaller size"
                raise _Lost(f"its worker ended by {how}, {advice}")
            if told:
                heard = now
            what = told.get("tell")
            if what == "ended":
                return told
            if what == "begun":
                news = now
            elif what == "progress":
                news = now
                self._jobs.progress(job.id, told["fraction"], told["message"])
            elif what == "preview":
                news = now
                self._jobs.show(job.id, base64.b64decode(told["jpeg"]))
            if asked is None and self._jobs.stopping(job.id):
                asked = now
                process.ask(do="cancel")
            if asked is not None and now - asked > self._patience.cancel:
                self._end_process()
                return {"state": CANCELLED}
            if now - heard > self._patience.heartbeat:
                self._end_process()
                raise _Lost(f"its worker gave no sign of life for {self._patience.heartbeat:g} s")
            if news is not None and now - news > kind.patience:
                self._end_process()
                raise _Lost(f"it made no progress for {kind.patience:g} s: see the backend's log for what it did last")
            if now - measured > _MEMORY_SECONDS:
                measured = now
                if (taken := process.memory()) > self._memory:
                    self._end_process()
                    message = (
                        f"it took {taken / 2**30:.1f} GiB of memory where it may take {self._memory / 2**30:.1f}: try "
                        "a shorter clip or a smaller size"
                    )
                    raise _Lost(message)

    def _end_process(self) -> int:
        process, self.process = self.process, None
        return 0 if process is None else process.end()

    def _insist(self, change: Callable[[], None]) -> None:
        """Keep how a job ended, and try that again where it cannot be kept now: nothing that is done is forgotten."""
        while True:
            try:
                change()
            except ServiceError as error:
                logger.error("%s", error)
                if error.status == 507 and not self._ending.wait(_SAVE_SECONDS):
                    continue
            return


class _Lost(Exception):  # noqa: N818 - named for what happened
    """A worker is gone; the message says how, as the end of a sentence."""


def devices() -> tuple[str, ...]:
    """The numbers of the GPUs that video engines may use, as their driver's program tells; one empty name without."""
    if named := os.environ.get("CUDA_VISIBLE_DEVICES"):
        return tuple(number.strip() for number in named.split(",") if number.strip()) or ("",)
    if (program := shutil.which("nvidia-smi")) is None:
        return ("",)
    command = [program, "--query-gpu=index", "--format=csv,noheader"]
    try:
        said = processes.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ("",)
    found: list[str] = [line.strip() for line in said.stdout.splitlines() if line.strip().isdigit()]
    # One needs no name, and keeps whatever else the environment says of it.
    return tuple(found) if len(found) > 1 else ("",)


def sweep(mark: str) -> int:
    """End what an earlier backend of the same data folder left running; return how many processes.

    They are known by a variable in their environment, which no other program has, whatever became of their parents and
    numbers.
    """
    ended: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                process.kill()
                ended.append(process)
    psutil.wait_procs(ended, _SWEEP_SECONDS)
    return len(ended)
