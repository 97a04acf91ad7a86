# SPDX-License-Identifier: GPL-3.0-or-later
"""What `chironomy doctor` looks at before a backend is started, or where one does not do as it should."""

import argparse
import contextlib
import errno
import ipaddress
import os
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from chironomy.commands.arguments import port
from chironomy.errors import ChironomyError
from chironomy.files import data_folder

_LEAST_FREE = 1 << 30
_SOON = 14 * 24 * 3600.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is given as it would be to `chironomy serve`."""
    group = parser.add_argument_group("of a backend", "as they are given to chironomy serve")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="its data folder (default: the usual one)")
    group.add_argument("--port", type=port, help="to listen on")
    group.add_argument("--host", metavar="ADDRESS", default="127.0.0.1", help="of this machine, to listen on")
    group.add_argument("--token-file", type=Path, metavar="FILE", help="default: in DATA")
    group.add_argument("--certificate", type=Path, metavar="FILE")
    group.add_argument("--key", type=Path, metavar="FILE")
    group.add_argument("--name", action="append", default=[], help="by which others call this machine")
    group.add_argument("--users", type=Path, metavar="FILE")
    group.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="PEM of the authority that vouches for the certificate (default: CHIRONOMY_CA, else the system's)",
    )


def looks(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], str]]]:
    """What there is to look at: a name, and what tells how it is or raises ChironomyError."""
    data = (options.data or data_folder()).absolute()
    yield "data folder", lambda: _data(data)
    yield "lock", lambda: _lock(data, options.ca)
    yield "token", lambda: _token(options.token_file or data / "token")
    yield "record", lambda: _record(data)
    if options.port:
        yield "port", lambda: _port(options.host, options.port, data)
    if options.certificate is not None:
        yield "certificate", lambda: _certificate(options.certificate, options.key, tuple(options.name))
    if options.users is not None:
        yield "users", lambda: _users(options.users)


def _data(folder: Path) -> str:
    if folder.exists() and not folder.is_dir():
        raise ChironomyError(f"{folder} is no folder; start the backend with --data elsewhere")
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    places = [existing, *(place for name in ("blobs", "blobs/incoming", "work") if (place := folder / name).is_dir())]
    for place in places:
        try:
            with tempfile.TemporaryFile(dir=place) as stream:
                stream.write(bytes(1 << 16))
                stream.flush()
        except OSError as error:
            cure = "make room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "see to its rights"
            reason = error.strerror or error
            message = f"{place} cannot be written ({reason}); {cure}, or start the backend with --data elsewhere"
            raise ChironomyError(message) from error
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE:
        raise ChironomyError(
            f"{folder} has only {free / 2**20:.0f} MiB free; make room there, or start the backend with --data "
            "elsewhere"
        )
    return f"{folder}, {free / 2**30:.0f} GiB free"


def _lock(folder: Path, ca: Path | None) -> str:
    from chironomy.client import Client, ClientError, NotProven, read_handshake
    from chironomy.service.lock import ADDRESS_FILE

    if not (folder / "lock").exists():
        return "no backend has worked in the data folder yet"
    try:
        told = read_handshake(folder / ADDRESS_FILE)
    except ClientError:
        told = None
    if not _held(folder):
        return "free" if told is None else f"free; its backend (process {told.pid}) was killed, and the next goes on"
    if told is None:
        raise ChironomyError(
            f"a process holds {folder / 'lock'} and does not say where it listens: wait a moment, or end it "
            "(a backend that is just starting, or hangs)"
        )
    try:
        with Client(told.url, told.token, timeout=5.0, ca=ca) as client:
            notes = client.health()["notes"]
    except NotProven as error:
        raise ChironomyError(
            f"a backend works there (process {told.pid}), and this command cannot speak to it: {error}"
        ) from error
    except ClientError as error:
        name = urlsplit(told.url).hostname
        if not _known(name):
            raise ChironomyError(
                f"a backend works there, at {told.url} (process {told.pid}), and this machine does not find the name "
                f"{name}: write it into the name server or the file of hosts"
            ) from error
        raise ChironomyError(
            f"the backend at {told.url} (process {told.pid}) holds the data folder and does not answer ({error}); end "
            "that process and start it anew: nothing that it accepted is lost"
        ) from error
    return f"a backend works there, at {told.url} (process {told.pid})" + "".join(f"; {note}" for note in notes)


def _known(name: str | None) -> bool:
    """Whether this machine finds an address by the name."""
    try:
        return bool(socket.getaddrinfo(name, None))
    except (OSError, UnicodeError):
        return False


def _held(folder: Path) -> bool:
    """Whether a process works in the folder."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "lock", mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _token(path: Path) -> str:
    from chironomy.service.server import read_token

    try:
        if not path.exists():
            return f"{path} is made at the first start"
        if path.stat().st_size == 0:
            raise ChironomyError(
                f"{path} is empty, as a full disk leaves it: delete it, and the next start makes a new one"
            )
    except OSError as error:
        raise ChironomyError(f"{path} cannot be looked at ({error.strerror or error}); see to its rights") from error
    read_token(path)
    return f"in {path}"


def _record(folder: Path) -> str:
    """The record of a backend that does not run, looked at in a copy."""
    import sqlite3

    from chironomy.service.journal import Journal
    from chironomy.service.rows import open_database
    from chironomy.service.salvage import altered
    from chironomy.service.store import one_line

    path = folder / "jobs.sqlite"
    aside = sorted(found.name for found in folder.glob("jobs-damaged-*.sqlite"))
    kept = f"; {aside[-1]} was damaged, and set aside" if aside else ""
    if not path.exists():
        return "made at the first start" + kept
    if _held(folder):
        return "looked after by the backend that works there" + kept
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.name
        try:
            for end in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(folder / (path.name + end), Path(scratch) / (path.name + end))
        except OSError as error:
            raise ChironomyError(f"{path} cannot be read ({error.strerror or error}); see to its rights") from error
        try:
            with contextlib.closing(open_database(copy)) as database:
                altered(database, Journal(folder / "jobs.journal").read())
                count = database.execute("SELECT count(*) FROM jobs").fetchone()[0]
        except sqlite3.Error as error:
            raise ChironomyError(
                f"{path} is damaged ({one_line(error)}): start the backend anew, which sets it aside and goes on by "
                "its second account of the jobs"
            ) from error
    return f"{count} jobs in {path}{kept}"


def _port(host: str, number: int, folder: Path) -> str:
    from chironomy.client import ClientError, read_handshake
    from chironomy.service.lock import ADDRESS_FILE

    wrong = f"{host!r} is no address of this machine; give one of its own, such as 192.168.1.20, with --host"
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise ChironomyError(wrong) from error
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise ChironomyError(wrong) from error
            if error.errno != errno.EADDRINUSE:
                raise ChironomyError(
                    f"{number} cannot be listened on ({error.strerror or error}); choose one above 1023 with --port"
                ) from error
        else:
            return f"{number} is free"
    with contextlib.suppress(ClientError):
        told = read_handshake(folder / ADDRESS_FILE)
        if told is not None and told.url.endswith(f":{number}"):
            return f"{number} is that of the backend which works in the data folder"
    raise ChironomyError(
        f"{number} is taken by another program{_taker(number)}; end that one, or choose another --port"
    )


def _taker(number: int) -> str:
    """Who listens on a port, where the system tells."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp"):
            if found.laddr and found.laddr[1] == number and found.status == psutil.CONN_LISTEN and found.pid:
                return f" ({psutil.Process(found.pid).name()}, process {found.pid})"
    return ""


def _users(path: Path) -> str:
    from chironomy.service.users import read_users

    return f"{', '.join(sorted(read_users(path)))} in {path}"


def _certificate(certificate: Path, key: Path | None, names: tuple[str, ...]) -> str:
    """Let the certificate prove each name to a client that takes its word, in memory."""
    from chironomy.service.listening import proof

    if key is None:
        raise ChironomyError("a certificate and its key belong together; give --key, too")
    server = proof(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    until = ""
    for name in names or ("",):
        client.check_hostname = bool(name)
        try:
            until = _shaken(server, client, name)
        except ssl.SSLCertVerificationError as error:
            told = error.verify_message
            if "expired" in told:
                raise ChironomyError(f"{certificate} has expired; get a new one, and start the backend anew") from error
            if "mismatch" in told:
                raise ChironomyError(
                    f"{certificate} is not for {name}; get one for that name, or give another --name"
                ) from error
            raise ChironomyError(
                f"{certificate} does not prove {name or 'anything'} ({told}); get a new one"
            ) from error
    left = ssl.cert_time_to_seconds(until) - time.time() if until else float("inf")
    soon = "; it ends soon, get a new one" if left < _SOON else ""
    return f"good until {until}" + (f", for {', '.join(names)}" if names else "") + soon


def _shaken(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """Let the two speak to each other; return when the certificate ends."""
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(one, other, server_hostname=name or None)
    there = server.wrap_bio(other, one, server_side=True)
    for _ in range(10):
        done = 0
        for side in (here, there):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass
        if done == 2:
            break
    found = here.getpeercert() or {}
    return str(found.get("notAfter", ""))
