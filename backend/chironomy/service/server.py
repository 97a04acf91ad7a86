# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend's process: it listens, says where in a handshake file, and ends with its parent.

Nothing here computes (see `chironomy.service.workers`), and whatever was accepted is gone on with at the next start.
"""

import contextlib
import json
import logging
import os
import secrets
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import chironomy
from chironomy.client.announcements import announce
from chironomy.client.process import Handshake
from chironomy.client.protocol import FINAL
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path, data_folder, keep
from chironomy.service.blobs import BlobStore
from chironomy.service.errors import ServiceError
from chironomy.service.listening import REQUESTS_A_SECOND, Listening
from chironomy.service.lock import DataInUse, DataLock
from chironomy.service.log import kept_log
from chironomy.service.parent import Parent
from chironomy.service.users import OWNER, SHORTEST_TOKEN, digest, read_users
from chironomy.service.worker import load_kinds

if TYPE_CHECKING:
    from chironomy.service.jobs import Jobs
    from chironomy.service.workers import Patience

logger = logging.getLogger(__name__)

UPLOAD_LIMIT = 1 << 30
KEEP_BYTES = 4 << 30
KEEP_SECONDS = 7 * 24 * 3600.0
KINDS = "chironomy.service.kinds:KINDS"
_WATCH_SECONDS = 0.5
_PRUNE_SECONDS = 60.0


def serve(
    listening: Listening | None = None,
    *,
    token_file: Path | None = None,
    handshake: Path | None = None,
    data: Path | None = None,
    parent_pid: int | None = None,
    upload_limit: int = UPLOAD_LIMIT,
    keep_bytes: int = KEEP_BYTES,
    memory: int | None = None,
    kinds: str = KINDS,
    patience: "Patience | None" = None,
    on_listening: Callable[[str, Path], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run the backend until SIGTERM, SIGINT, `stop`, or the end of its parent.

    Where another backend works in the data folder and there is a `handshake` to write, it gets that one's address:
    whoever started this one uses the other.

    Args:
        listening: where; by default on a free port of 127.0.0.1.
        token_file: read when it exists, made (readable by its owner only) when not; by default `token` in `data`.
        handshake: file that gets `{"url", "token", "pid", "version"}` once the backend listens; removed at the end.
        data: folder of records and blobs; by default `data_folder()`.
        parent_pid: process to end with. A backend without one announces itself to this user's add-ons.
        upload_limit: largest upload, bytes.
        keep_bytes: how much is kept of what was sent and made; what waits or runs is kept whatever it takes.
        memory: bytes that one worker may take; by default a share of what there is.
        kinds: what can be asked for, as `module:NAME`.
        patience: how long workers are waited for.
        on_listening: called with the address and the token file once the backend listens.
        stop: ends the backend when set (for callers outside the main thread, where no signals arrive).

    Raises:
        DataInUse: another backend works in the data folder, and there is no handshake to write.
        ServiceError: the port is taken, or a file or folder cannot be used.
    """
    import uvicorn

    from chironomy.service.app import create_app
    from chironomy.service.events import Events
    from chironomy.service.jobs import Jobs
    from chironomy.service.store import Store
    from chironomy.service.workers import Workers, sweep

    listening = listening or Listening()
    parent = None if parent_pid is None else Parent(parent_pid)
    stop = stop or threading.Event()
    data = (data or data_folder()).absolute()
    with contextlib.ExitStack() as cleanup:
        try:
            lock = cleanup.enter_context(DataLock(data))
        except DataInUse as error:
            if handshake is None or error.holder is None:
                raise
            logger.info("%s", error)
            _write_handshake(handshake, replace(error.holder, joined=True))
            return
        cleanup.enter_context(kept_log(data))
        users = {} if listening.users is None else read_users(listening.users)
        listener = cleanup.enter_context(listening.open())
        port = listener.getsockname()[1]
        url = listening.url(port)
        token_file = token_file or data / "token"
        token = read_or_make_token(token_file)
        # It may have been called by another name then, by a link.
        mark = str(data.resolve())
        if left := sweep(mark):
            logger.warning("%d processes of an earlier backend were still running, and were ended", left)
        blobs = BlobStore(data / "blobs", upload_limit)
        blobs.sweep()
        store = Store(data / "jobs.sqlite")
        cleanup.callback(store.close)
        jobs = Jobs(store, blobs, load_kinds(kinds), data / "work")
        jobs.recover()
        jobs.prune(keep_bytes, KEEP_SECONDS)
        events = Events(jobs)
        limit = None if listening.local else REQUESTS_A_SECOND
        digests = users | {OWNER: digest(token)}
        app = create_app(jobs, digests, listening.hosts(port), events, listening.scheme, limit)
        config = listening.config(app)
        server = uvicorn.Server(config)
        # In the main thread uvicorn would take the signals, and raise them again at its end; here they are ours.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="chironomy-http", daemon=True)
        cleanup.enter_context(_signals(stop))
        workers = Workers(jobs, kinds, mark, memory, patience)
        thread.start()
        try:
            while not server.started and thread.is_alive():
                stop.wait(0.01)
            told = Handshake(url, token, os.getpid(), chironomy.__version__)
            _write_handshake(lock.address, told)
            if handshake is not None:
                _write_handshake(handshake, told)
                cleanup.callback(handshake.unlink, missing_ok=True)
            if parent is None:
                _announce(cleanup, url, token_file)
            if on_listening is not None:
                on_listening(url, token_file)
            _watch(jobs, stop, thread, parent, keep_bytes)
        finally:
            # Who starts another one now waits for the end of this one.
            with contextlib.suppress(OSError):
                lock.address.unlink()
            events.close()
            server.should_exit = True
            workers.close()
            thread.join(5.0)


def _watch(
    jobs: "Jobs", stop: threading.Event, thread: threading.Thread, parent: Parent | None, keep_bytes: int
) -> None:
    """Wait for what ends the backend, and keep its data within bounds meanwhile."""
    ended = threading.Event()
    jobs.listeners.append(lambda event: ended.set() if event.job.state in FINAL else None)
    pruned = time.monotonic()
    while not stop.wait(_WATCH_SECONDS) and thread.is_alive():
        if parent is not None and not parent.alive():
            logger.info("the parent process %d has ended, so this backend ends", parent.pid)
            return
        if ended.is_set() or time.monotonic() - pruned > _PRUNE_SECONDS:
            ended.clear()
            pruned = time.monotonic()
            try:
                jobs.prune(keep_bytes, KEEP_SECONDS)
            except (ServiceError, OSError) as error:
                logger.error("%s", error)


def _announce(cleanup: contextlib.ExitStack, url: str, token_file: Path) -> None:
    """Let the add-on find a backend that nobody started for itself; it works without, too."""
    try:
        cleanup.enter_context(announce(url, token_file))
    except (ChironomyError, OSError) as error:
        logger.warning("the add-on must be told of this address, as it could not be announced: %s", error)


@contextlib.contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop` while inside; nothing changes outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [signal.SIGTERM, signal.SIGINT]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def read_or_make_token(path: Path) -> str:
    """The token in the file, or a new one written to it with mode 0600.

    A file that is empty, as a full disk left it, is made anew.

    Raises:
        ServiceError: others may read the file, it holds no usable token, or it cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists() or path.stat().st_size == 0:
            _make_token(path)
    except OSError as error:
        message = f"The token file {path} cannot be used ({error.strerror or error}): choose another with --token-file"
        raise ServiceError(message) from error
    return read_token(path)


def read_token(path: Path) -> str:
    """The token in the file.

    Raises:
        ServiceError: as of `read_or_make_token`.
    """
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ServiceError(f"The token file {path} can be read by others: run chmod 600 on it, or delete it")
        token = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise ServiceError(f"The token file {path} holds no token: delete it, and a new one is made") from error
    except OSError as error:
        message = f"The token file {path} cannot be used ({error.strerror or error}): choose another with --token-file"
        raise ServiceError(message) from error
    if len(token) < SHORTEST_TOKEN or not token.isprintable():
        message = (
            f"The token file {path} holds no token of {SHORTEST_TOKEN} characters or more: delete it to have one made"
        )
        raise ServiceError(message)
    return token


def _make_token(path: Path) -> None:
    """Put a new token into the file, whole or not at all."""
    partial = path.with_name(f".{path.name[:60]}-{secrets.token_hex(6)}")
    try:
        with _open_private(partial) as stream:
            stream.write(secrets.token_urlsafe(32) + "\n")
        keep(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _open_private(path: Path) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="ascii")


def _write_handshake(path: Path, told: Handshake) -> None:
    try:
        with atomic_path(path) as temporary, _open_private(temporary) as stream:
            json.dump(vars(told), stream)
    except OSError as error:
        reason = error.strerror or error
        message = f"The file {path} cannot be written ({reason}): see to its folder, or choose another"
        raise ServiceError(message) from error
