# SPDX-License-Identifier: GPL-3.0-or-later
"""`Client`: the service's interface as methods.

What was accepted outlives the backend's process and the client's: the same request finds its job again, and who waits
for one goes on waiting where the backend is started anew.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import requests

from chironomy.client import protocol
from chironomy.client.connection import LONGEST_PAUSE, Connection, json_object, untold
from chironomy.client.errors import BackendMissing, ClientError, JobCancelled, JobFailed
from chironomy.client.events import read_events
from chironomy.files import atomic_path
from chironomy.work import QUIET, Work

PREVIEW_SECONDS = 1.0
AWAY_SECONDS = 30.0
"""How long who waits for a job waits for a backend that does not answer."""

READY_SECONDS = 120.0
_CHUNK = 1 << 20

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Job:
    """A job's record: `state` is queued, running, done, failed or cancelled; `progress` is 0..1.

    `error` is a sentence when failed, `result` the SHA-256 of the result when done.
    """

    id: str
    kind: str
    state: str
    progress: float
    message: str
    error: str | None
    result: str | None

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in protocol.FINAL


@dataclass(frozen=True)
class Told:
    """What `Client.events` tells.

    Attributes:
        job: the record of a job that has changed its state ("deleted" where it was forgotten); None for mere progress.
        number: of the change, to go on after it another time.
        id, progress, message: of a running job, where `job` is None.
    """

    job: Job | None
    number: int | None
    id: str = ""
    progress: float = 0.0
    message: str = ""


class Client:
    """One backend.

    Args:
        url: its address, such as `http://127.0.0.1:8123`.
        token: the secret from its token file.
        timeout: seconds to wait for any one answer (connecting has 2 s of its own).
        revive: called where nothing answers; starts the backend again and returns its address and token, or raises
            ClientError.
        ca: file (PEM) of the authorities whose word is taken for a backend's name; by default the one that the variable
            CHIRONOMY_CA names, and without it the usual ones.

    Raises:
        ClientError: `url` is not an http address, the token cannot be sent, or there is no file `ca`.
    """

    def __init__(
        self,
        url: str,
        token: str,
        timeout: float = 30.0,
        revive: Callable[[], tuple[str, str]] | None = None,
        ca: Path | str | None = None,
    ) -> None:
        self._names: dict[str, str] = {}
        self._sources: dict[str, Path | bytes] = {}
        self._connection = Connection(url, token, timeout, revive, ca)

    @property
    def url(self) -> str:
        """The backend's address; another one after it was started again."""
        return self._connection.url

    @property
    def token(self) -> str:
        """The backend's secret."""
        return self._connection.token

    def health(self) -> dict[str, Any]:
        """What the backend is: version, pid, kinds, styles, and notes for whoever looks after it.

        Raises:
            ClientError: it is not there, refuses the token or runs another version.
        """
        return self._connection.json("GET", protocol.HEALTH)

    def engines(self, work: Work = QUIET) -> list[dict[str, Any]]:
        """The video engines: name, whether they can run there, the reason where not, and licence.

        The backend takes some seconds to find that out after its start.

        Raises:
            ClientError: it does not know after two minutes, or `health` would fail.
            JobCancelled: `work` said so.
        """
        deadline = time.monotonic() + READY_SECONDS
        while True:
            response = self._connection.request("GET", protocol.READY, allowed=(503,))
            if response.status_code != 503:
                return list((json_object(response) or {}).get("engines", ()))
            if work.cancelled():
                raise JobCancelled("Looking for video engines was cancelled")
            if time.monotonic() > deadline:
                raise ClientError(f"The backend at {self.url} has not found out what it can do: see its log")
            time.sleep(0.2)

    def upload(self, data: Path | str | bytes) -> str:
        """Send a file, or bytes, unless the backend has them already; returns the SHA-256 to name them by.

        Raises:
            ClientError: the file cannot be read or is larger than the backend accepts.
        """
        if isinstance(data, bytes):
            sha, size = hashlib.sha256(data).hexdigest(), len(data)
            self._sources[sha] = data
            return self._upload(sha, size, data)
        path = Path(data)
        try:
            with path.open("rb") as stream:
                digest = hashlib.sha256()
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                sha, size = digest.hexdigest(), stream.tell()
                stream.seek(0)
                self._names[sha] = path.name
                self._sources[sha] = path
                return self._upload(sha, size, stream)
        except OSError as error:
            raise ClientError(f"{path} cannot be read: {error.strerror or error}") from error

    def submit(
        self,
        kind: str,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any] | None = None,
        key: str | None = None,
        priority: int = 0,
    ) -> str:
        """Ask for a job; returns its id. What was asked for already, and waits, runs or is done, is that job.

        An input that the backend has lost since it was uploaded here is sent again.

        Args:
            kind: of those that `health` names, such as "perform" or "video".
            inputs: from input name to the SHA-256 that `upload` gave.
            settings: of the job; what is left out has the backend's default.
            key: idempotency key; asking twice with one key makes one job, however that ends.
            priority: of jobs that wait, the highest is done first.

        Raises:
            ClientError: the backend refuses, by its own sentence.
        """
        body = {
            "kind": kind,
            "inputs": dict(inputs),
            "settings": dict(settings or {}),
            "names": {name: self._names[sha] for name, sha in inputs.items() if sha in self._names},
        }
        if priority:
            body["priority"] = priority
        headers = {protocol.KEY_HEADER: key or uuid.uuid4().hex}
        try:
            return str(self._connection.json("POST", protocol.JOBS, json=body, headers=headers)["id"])
        except ClientError:
            if not self._sent_again(inputs):
                raise
        return str(self._connection.json("POST", protocol.JOBS, json=body, headers=headers)["id"])

    def jobs(self, state: str | None = None, limit: int = 100) -> list[Job]:
        """The records of the latest jobs, those of one state alone where one is given."""
        query = {"limit": limit} | ({"state": state} if state else {})
        return [_job(record) for record in self._connection.json("GET", protocol.JOBS, params=query)["jobs"]]

    def job(self, identifier: str) -> Job:
        """The job's record now."""
        return _job(self._connection.json("GET", protocol.job(identifier)))

    def cancel(self, identifier: str) -> Job:
        """Ask the job to stop; it does at its next step."""
        return _job(self._connection.json("POST", protocol.cancel(identifier)))

    def retry(self, identifier: str) -> Job:
        """Let a job that failed or was cancelled wait again."""
        return _job(self._connection.json("POST", protocol.retry(identifier)))

    def delete(self, identifier: str) -> None:
        """Let the backend forget a job that has ended, with its result."""
        self._connection.request("DELETE", protocol.job(identifier))

    def wait(
        self,
        identifier: str,
        work: Work = QUIET,
        poll: float = 0.1,
    ) -> Job:
        """Wait until the job is done; a backend that is away for a while is waited for.

        Args:
            identifier: of the job.
            work: told how far the job is whenever that changes, and shown each other preview, at most one in
                `PREVIEW_SECONDS`; asked between polls, and once it says so the job is cancelled.
            poll: seconds between looks.

        Raises:
            JobFailed: with the backend's sentence.
            JobCancelled: by `work` or by anyone else.
            ClientError: the backend went away and did not come back.
        """
        told: tuple[float, str] | None = None
        asked = False
        seen, seen_at = b"", 0.0

        def tell(message: str) -> None:
            work.progress(told[0] if told else 0.0, message)

        while True:
            self._connection.tell = tell
            try:
                job = self._patiently(lambda: self.job(identifier), work)
            finally:
                self._connection.tell = untold
            if (job.progress, job.message) != told:
                told = (job.progress, job.message)
                work.progress(*told)
            if job.state == protocol.DONE:
                return job
            if job.state == protocol.FAILED:
                raise JobFailed(job.error or f"The {job.kind} job failed without saying why: see the backend's log")
            if job.state == protocol.CANCELLED:
                raise JobCancelled(f"The {job.kind} job was cancelled")
            if work.preview is not None and time.monotonic() - seen_at >= PREVIEW_SECONDS:
                picture, seen_at = self.preview(identifier), time.monotonic()
                if picture and picture != seen:
                    seen = picture
                    work.preview(picture)
            if not asked and work.cancelled():
                self.cancel(identifier)
                asked = True
            time.sleep(poll)

    def events(
        self, identifier: str | None = None, last: int | None = None, cancelled: Callable[[], bool] = bool
    ) -> Iterator[Told]:
        """What happens to the jobs, as it happens; a backend that is away for a while is waited for.

        Every change of a job's state comes once and in order. Where the backend does not know any more what came after
        the last one, all its latest jobs are told as they are.

        Args:
            identifier: of the one job that is wanted; None for all.
            last: the number of the last change that is known already; None for what comes from now on.
            cancelled: asked now and then; ends it.

        Raises:
            ClientError: there is no such job, or the backend went away and did not come back.
        """
        query = {} if identifier is None else {"job": identifier}
        deadline, pause = time.monotonic() + AWAY_SECONDS, 0.1
        while not cancelled():
            headers = {} if last is None else {"Last-Event-ID": str(last)}
            try:
                options: dict[str, Any] = {"params": query, "headers": headers, "stream": True}
                with self._connection.request("GET", protocol.EVENTS, **options) as response:
                    for name, number, told in read_events(response):
                        deadline, pause = time.monotonic() + AWAY_SECONDS, 0.1
                        last = last if number is None else number
                        if name == protocol.RESET:
                            for job in reversed(self.jobs()):
                                yield Told(job, last)
                        elif name == protocol.CHANGE:
                            yield Told(_job(told), number)
                        elif name == protocol.PROGRESS:
                            yield Told(None, None, str(told["id"]), float(told["progress"]), str(told["message"]))
                        if cancelled():
                            return
            except (BackendMissing, requests.RequestException):
                if time.monotonic() > deadline:
                    raise self._connection.missing() from None
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def preview(self, identifier: str) -> bytes:
        """A JPEG of what a running job is making; empty where there is none yet.

        Raises:
            ClientError: there is no such job, or the backend went away.
        """
        return self._connection.request("GET", protocol.preview(identifier)).content

    def download(self, identifier: str, path: Path | str, work: Work = QUIET) -> Path:
        """Fetch a done job's result into a file, whole and with the right hash or not at all.

        A backend that is away for a while is waited for.

        Args:
            identifier: of the job.
            path: of the file.
            work: asked while waiting whether to give up.

        Raises:
            ClientError: there is no result, it arrived damaged, or the file cannot be written.
        """
        return self._patiently(lambda: self._download(identifier, Path(path)), work)

    def _download(self, identifier: str, path: Path) -> Path:
        expected = self.job(identifier).result
        with self._connection.request("GET", protocol.result(identifier), stream=True) as response:
            digest = hashlib.sha256()
            try:
                with atomic_path(path) as temporary:
                    with temporary.open("wb") as stream:
                        for chunk in response.iter_content(_CHUNK):
                            digest.update(chunk)
                            stream.write(chunk)
                    if digest.hexdigest() != expected:
                        raise ClientError(f"The result of job {identifier} arrived damaged: fetch it again")
            except requests.RequestException as error:
                message = f"The backend at {self.url} broke off while sending the result: try again"
                raise BackendMissing(message) from error
            except OSError as error:
                raise ClientError(f"{path} cannot be written: {error.strerror or error}") from error
        return path

    def run(
        self,
        kind: str,
        inputs: Mapping[str, str],
        settings: Mapping[str, Any] | None,
        path: Path | str,
        work: Work = QUIET,
    ) -> Path:
        """`submit`, `wait` and `download` in one; an input that the backend finds damaged is sent again."""
        try:
            identifier = self.submit(kind, inputs, settings)
            self.wait(identifier, work)
        except JobFailed:
            if not self._sent_again(inputs):
                raise
            identifier = self.submit(kind, inputs, settings)
            self.wait(identifier, work)
        return self.download(identifier, path, work)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _patiently(self, ask: Callable[[], Answer], work: Work) -> Answer:
        """What a backend is asked for that may be away for a while."""
        deadline, pause = time.monotonic() + AWAY_SECONDS, 0.1
        while True:
            try:
                return ask()
            except BackendMissing:
                if time.monotonic() > deadline or work.cancelled():
                    raise
            self._connection.tell("waiting for the backend, which does not answer")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _sent_again(self, inputs: Mapping[str, str]) -> bool:
        """Send what the backend has lost of what was uploaded here; whether there was such a thing."""
        lost = [sha for sha in dict.fromkeys(inputs.values()) if sha in self._sources and not self._holds(sha)]
        try:
            return bool(lost) and all(self.upload(self._sources[sha]) == sha for sha in lost)
        except ClientError:
            # A file that has gone since tells nothing about why the job failed.
            return False

    def _holds(self, sha: str) -> bool:
        return self._connection.request("HEAD", protocol.blob(sha), allowed=(404,)).status_code != 404

    def _upload(self, sha: str, size: int, data: bytes | IO[bytes]) -> str:
        here = self._connection.request("HEAD", protocol.blob(sha), allowed=(404,))
        limit = int(here.headers.get(protocol.UPLOAD_LIMIT_HEADER, size))
        if here.status_code == 404:
            if size > limit:
                message = (
                    f"{self._names.get(sha, 'The upload')} has {size / 2**20:.0f} MiB and the backend accepts "
                    f"{limit / 2**20:.0f}: use a shorter or compressed file"
                )
                raise ClientError(message)
            # An empty stream would be sent without a length.
            self._connection.request("PUT", protocol.blob(sha), data=data if size else b"")
        return sha


def _job(record: Mapping[str, Any]) -> Job:
    try:
        return Job(
            id=str(record["id"]),
            kind=str(record["kind"]),
            state=str(record["state"]),
            progress=float(record["progress"]),
            message=str(record["message"]),
            error=record.get("error"),
            result=record.get("result"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ClientError(f"The backend sent a job record that cannot be read ({error!r}): update it") from error
