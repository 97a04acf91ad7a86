# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands before the application: who may speak to it at all, and how often."""

import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

import chironomy
from chironomy.client import protocol
from chironomy.service.record import shortened

logger = logging.getLogger(__name__)

OPEN = frozenset({protocol.PAGE})
"""Paths that need no token: they hold nothing of anybody's."""

WRONG_TOKENS = 20
"""Different wrong tokens from one address within `WINDOW_SECONDS`, after which none from there is looked at.

No token is no guess, nor is one that was wrong before: else a page that shows the backend's pictures, or a client that
was left with an old token, could lock out all others of the machine.
"""

WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 10_000
_MOST_GUESSES = 10_000

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Guard:
    """An ASGI application before another.

    The `Host` header is looked at first: a web page that has rebound its name to 127.0.0.1 still sends that name. Then
    any `Origin` but the backend's own is refused; then the bearer token is compared, in the same time for all. Every
    refusal is one line in the log, with the name of who asked where it is known.

    Args:
        app: the application behind.
        digests: SHA-256, hexadecimal, of the secrets that let somebody in, by name.
        hosts: the exact `Host` values that are let in, lower case.
        scheme: of the backend's own address.
        limit: requests a second from one address, on average; None for as many as come.
        clock: seconds.
    """

    def __init__(
        self,
        app: Any,
        digests: Mapping[str, str],
        hosts: Iterable[str],
        scheme: str = "http",
        limit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._digests = {name: digest.encode() for name, digest in digests.items()}
        self._hosts = frozenset(host.encode() for host in hosts)
        self._origins = frozenset(f"{scheme}://{host}".encode() for host in hosts)
        self._wrong = _Meter(WRONG_TOKENS / WINDOW_SECONDS, WRONG_TOKENS, clock)
        self._guessed: dict[tuple[str, bytes], None] = {}
        self._asked = None if limit is None else _Meter(limit, 10 * limit, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await (self._refusal(scope) or self._app)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Response | None:
        hosts, origins, authorizations = (
            [value for name, value in scope["headers"] if name.lower() == wanted]
            for wanted in (b"host", b"origin", b"authorization")
        )
        address = (scope.get("client") or ("",))[0]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            message = "This backend answers only to its own address: use the url that it printed at its start"
            return refuse(403, message, scope)
        if origins and (len(origins) > 1 or origins[0].lower() not in self._origins):
            message = "This backend does not answer other web pages: use its own, the add-on or the command line"
            return refuse(403, message, scope)
        if self._asked is not None and (wait := self._asked.wait(address)):
            return _later(wait, "There are too many requests from this address", scope)
        if scope["method"] in ("GET", "HEAD") and scope["path"] in OPEN:
            return None
        given = b"\n".join(authorizations)
        if given and (wait := self._wrong.wait(address, 0.0)):
            return _later(wait, "There were too many wrong tokens from this address", scope)
        name = self._known(given)
        if name is None:
            if given:
                self._note_guess(address, given)
            message = "The token is missing or wrong: send the one in the backend's token file as a bearer token"
            return refuse(401, message, scope, {"WWW-Authenticate": "Bearer"})
        scope.setdefault("state", {})["user"] = name
        return None

    def _note_guess(self, address: str, given: bytes) -> None:
        guess = (address, hashlib.sha256(given).digest())
        if guess in self._guessed:
            return
        self._wrong.wait(address)
        if len(self._guessed) >= _MOST_GUESSES:
            del self._guessed[next(iter(self._guessed))]
        self._guessed[guess] = None

    def _known(self, given: bytes) -> str | None:
        kind, _, token = given.partition(b" ")
        digest, found = hashlib.sha256(token).hexdigest().encode(), None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known) and kind == b"Bearer":
                found = name
        return found


class _Meter:
    """How often each address does something: so much at once, and so much a second."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, address: str, cost: float = 1.0) -> float:
        """Seconds until that may be done once more, which is noted where it may be now: 0."""
        now = self._clock()
        left, before = self._left.get(address, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._rate)
        if left < 1.0:
            return (1.0 - left) / self._rate
        if cost:
            if len(self._left) >= _MOST_ADDRESSES:
                # Who was here first has most likely been quiet for longest.
                del self._left[next(iter(self._left))]
            self._left.pop(address, None)
            self._left[address] = (left - cost, now)
        return 0.0


def _later(wait: float, what: str, scope: Scope) -> JSONResponse:
    seconds = max(1, round(wait + 0.5))
    return refuse(429, f"{what}: ask again in {seconds} s", scope, {"Retry-After": str(seconds)})


def refuse(status: int, sentence: str, scope: Scope, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal as it goes over the wire, with its line in the log."""
    sentence = shortened(sentence)
    user = scope.get("state", {}).get("user", "nobody")
    # What is asked for may hold anything, and a line of the log stays one.
    where = ascii(scope["path"][:200])[1:-1]
    logger.log(
        logging.ERROR if status in (500, 507) else logging.INFO,
        "refused %s %s of %s: %d %s",
        scope["method"][:20], where, user, status, sentence,
    )  # fmt: skip
    return JSONResponse({protocol.ERROR: sentence}, status, answer_headers() | dict(headers or {}))


def answer_headers() -> dict[str, str]:
    """What every answer bears."""
    return {protocol.CONTRACT_HEADER: str(protocol.CONTRACT), protocol.VERSION_HEADER: chironomy.__version__}
