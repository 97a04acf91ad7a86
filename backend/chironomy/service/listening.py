# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the backend listens, and how long it waits for who has connected."""

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from chironomy.service.errors import ServiceError

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 1000
REQUESTS_A_SECOND = 50.0
"""Of one address elsewhere, on average."""

_MOST_FILES = 1 << 14
_HEAD_BYTES = 32 << 10
_HEAD_SECONDS = 15.0


@dataclass(frozen=True)
class Listening:
    """Where to listen.

    Attributes:
        host: address of this machine.
        port: 0 takes a free one.
        names: by which others call this machine, such as `farm.example`.
        certificate, key: files (PEM) by which it proves its name; None speaks plainly, to this machine alone.
        users: the file of `chironomy.service.users`; None lets in whoever has the token in the backend's own file.

    Raises:
        ServiceError: others could reach it, and it lacks what makes that safe.
    """

    host: str = LOOPBACK
    port: int = 0
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    users: Path | None = None

    def __post_init__(self) -> None:
        try:
            local = ipaddress.ip_address(self.host).is_loopback
        except ValueError as error:
            message = f"{self.host!r} is no address to listen on: give one of this machine's, such as 192.168.1.20"
            raise ServiceError(message) from error
        if (self.certificate is None) != (self.key is None):
            raise ServiceError("A certificate and its key belong together: give --certificate and --key")
        if not local and (self.certificate is None or self.users is None):
            message = (
                f"On {self.host} others can reach the backend, which needs --certificate and --key (what is sent is "
                "read by nobody else) and --users (everyone has a token that can be taken away)"
            )
            raise ServiceError(message)

        if ipaddress.ip_address(self.host).is_unspecified and not self.names:
            message = (
                f"{self.host} is every address of this machine, by none of which the backend would answer: say by "
                "--name how others call it, a name or an address"
            )
            raise ServiceError(message)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def scheme(self) -> str:
        """Of its address."""
        return "http" if self.certificate is None else "https"

    def hosts(self, port: int) -> tuple[str, ...]:
        """The `Host` values that it answers to."""
        names = [
            f"[{self.host}]" if ":" in self.host else self.host,
            *self.names,
            *(("localhost",) if self.local else ()),
        ]
        return tuple(f"{name.lower()}:{port}" for name in names) + (
            tuple(name.lower() for name in names) if port == 443 and self.certificate is not None else ()
        )

    def url(self, port: int) -> str:
        """Its address."""
        return f"{self.scheme}://{next(iter(self.names), self.hosts(port)[0].rsplit(':', 1)[0])}:{port}"

    def open(self) -> socket.socket:
        """Listen.

        Raises:
            ServiceError: the port or the address cannot be had.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # Without its protocol asyncio does not know that it may send small answers at once.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":
                # Elsewhere this would let a second backend take the port of a running one.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            listener.close()
            reason = getattr(error, "strerror", None) or str(error)
            message = (
                f"Port {self.port} of {self.host} cannot be used ({reason}): another program, perhaps another backend, "
                "holds it; stop that or choose another --port (0 takes a free one)"
            )
            raise ServiceError(message) from error
        return listener

    def config(self, app: Any) -> uvicorn.Config:
        """How uvicorn serves an application there.

        Raises:
            ServiceError: the certificate or its key cannot be used.
        """
        if self.certificate is not None and self.key is not None:
            proof(self.certificate, self.key)
        config = uvicorn.Config(
            app,
            http=_Impatient,
            log_level="warning",
            access_log=False,
            ws="none",
            server_header=False,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            # Those who are connected are answered; who comes on top of them is hung up on by `_Impatient`.
            limit_concurrency=most_connections() + 1,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
            ssl_certfile=None if self.certificate is None else str(self.certificate),
            ssl_keyfile=None if self.key is None else str(self.key),
        )
        config.load()
        return config


def most_connections() -> int:
    """How many connections are held at once, so that jobs can open their files whoever connects.

    This process may open as many files as the system lets it from now on; half of them are for connections.
    """
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    import resource

    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(_MOST_FILES, most)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    if files < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            files = wanted
    return min(MOST_CONNECTIONS, files // 2)


def proof(certificate: Path, key: Path) -> ssl.SSLContext:
    """What proves a name by a certificate and its key (PEM).

    Raises:
        ServiceError: they cannot be read or do not belong together, or the key has a passphrase, for which nobody is
            there to ask.
    """

    def refuse() -> str:
        message = f"The key {key} has a passphrase: give one without, which its owner alone can read"
        raise ServiceError(message)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (certificate, key):
        if not path.is_file():
            raise ServiceError(f"There is no file {path}: see to its path")
    try:
        context.load_cert_chain(certificate, key, password=refuse)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        message = (
            f"{certificate} and {key} are no certificate with its key ({reason}): give PEM files that belong together"
        )
        raise ServiceError(message) from error
    return context


class _Impatient(H11Protocol):
    """Ends a connection on which no whole request comes; an open one would hold its place for ever.

    Who was answered before all was sent, as where a token is wrong, has as long for the rest as for a head.
    """

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            transport.abort()
        else:
            self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE and not self._answered_early():
            self._stop()
        elif self._waiting is None:
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._answered_early():
            self._stop()
            self._wait()

    def _answered_early(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if (self.conn.their_state is h11.IDLE or self._answered_early()) and not self.transport.is_closing():
            self.transport.close()
