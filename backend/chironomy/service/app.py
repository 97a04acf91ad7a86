# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP interface; its paths, headers and states are those of `chironomy.client.protocol`.

GET and HEAD change nothing. Nothing that computes is imported here: an answer takes milliseconds whatever is computed.
"""

import functools
import hmac
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import chironomy
from chironomy.client import protocol
from chironomy.client.protocol import DONE, FINAL, LONGEST_KEY, UPLOAD_LIMIT_HEADER, VERSION_HEADER
from chironomy.errors import ChironomyError
from chironomy.service.abilities import Abilities
from chironomy.service.blobs import BlobStore, too_large
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import missing_parts, styles
from chironomy.service.record import shortened

logger = logging.getLogger(__name__)

_LARGEST_REQUEST = 1 << 20
_MOST_LISTED = 1000
_RETRY_SECONDS = 1

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Guard:
    """Stands before the application: who may speak to it at all.

    The `Host` header is looked at first: a web page that has rebound its name to 127.0.0.1 still sends that name. Then
    any `Origin` is refused, because no browser page is a client of this service; then the bearer token is compared in
    constant time.

    Args:
        app: the application behind.
        token: the secret that every request must bear.
        hosts: the exact `Host` values that are let in, lower case.
    """

    def __init__(self, app: Any, token: str, hosts: Iterable[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset(host.encode() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope["headers"])
            await (refusal or self._app)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Response | None:
        hosts, origins, authorizations = (
            [value for name, value in headers if name.lower() == wanted]
            for wanted in (b"host", b"origin", b"authorization")
        )
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return refuse(403, "This backend answers only to its own address: use the url that it printed at its start")
        if origins:
            return refuse(403, "This backend does not answer web pages: use the add-on or the command line")
        given = authorizations[0] if len(authorizations) == 1 else b""
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            message = "The token is missing or wrong: send the one in the backend's token file as a bearer token"
            return refuse(401, message, {"WWW-Authenticate": "Bearer"})
        return None


def refuse(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal as it goes over the wire."""
    return JSONResponse(
        {protocol.ERROR: shortened(sentence)}, status, {VERSION_HEADER: chironomy.__version__, **(headers or {})}
    )


def create_app(jobs: Jobs, token: str, hosts: Iterable[str]) -> Guard:
    """The ASGI application.

    Args:
        jobs: the queue that it serves, with its blob store.
        token: what clients must bear.
        hosts: the `Host` values that it answers to, such as `127.0.0.1:8123`.
    """
    if not token:
        raise ServiceError("The backend needs a token: an empty one would let anyone in")
    blobs = jobs.blobs
    abilities = Abilities()
    app = FastAPI(title="Chironomy", version=chironomy.__version__, docs_url=None, redoc_url=None, openapi_url=None)

    async def service_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)
        headers = {"Retry-After": str(_RETRY_SECONDS)} if error.status == 503 else {}
        # An upload that is refused half-way leaves bytes on the wire that must not be read as the next request.
        headers |= {"Connection": "close"} if request.method == "PUT" else {}
        return refuse(error.status, str(error), headers)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return refuse(
                404, f"There is nothing at {request.url.path[:200]}: this backend speaks version 1 of its interface"
            )
        if error.status_code == 405:
            return refuse(
                405, f"{request.method} is not possible at {request.url.path[:200]}", dict(error.headers or {})
            )
        return refuse(error.status_code, f"The request failed: {error.detail}")

    async def unexpected(request: Request, error: Exception) -> Response:
        logger.exception("%s %s broke", request.method, request.url.path, exc_info=error)
        where = f"{request.method} {request.url.path[:200]}"
        return refuse(500, f"The backend broke at {where} ({type(error).__name__}): its log has the details")

    app.add_exception_handler(ServiceError, service_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)

    def answer(content: Any, status: int = 200) -> JSONResponse:
        return JSONResponse(content, status, {VERSION_HEADER: chironomy.__version__})

    @app.get(protocol.HEALTH)
    def health() -> Response:
        told = {
            "version": chironomy.__version__,
            "pid": os.getpid(),
            "kinds": list(jobs.kinds),
            "styles": known_styles(),
            "missing": missing_parts(),
        }
        return answer(told | {"notes": jobs.store.notes})

    @app.get(protocol.READY)
    def ready() -> Response:
        return answer({"engines": abilities.engines()})

    @app.head(protocol.blob("{sha}"))
    def has_blob(sha: str) -> Response:
        headers = {VERSION_HEADER: chironomy.__version__, UPLOAD_LIMIT_HEADER: str(blobs.limit)}
        return Response(status_code=200 if blobs.has(sha) else 404, headers=headers)

    @app.put(protocol.blob("{sha}"))
    async def put_blob(sha: str, request: Request) -> Response:
        blobs.path(sha)
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > blobs.limit:
            raise too_large(blobs.limit)
        try:
            await _receive(request, blobs, sha)
        except ClientDisconnect as error:
            raise ServiceError("The upload broke off: send it again") from error
        return answer({"sha256": sha}, 201)

    @app.post(protocol.JOBS)
    async def post_job(request: Request) -> Response:
        body = await _json_object(request)
        if unknown := set(body) - set(protocol.REQUEST_FIELDS):
            message = f"A job has no field {min(unknown)[:80]!r}: it takes {', '.join(protocol.REQUEST_FIELDS)}"
            raise ServiceError(message, status=422)
        key = request.headers.get(protocol.KEY_HEADER)
        if key is not None and len(key) > LONGEST_KEY:
            raise ServiceError(f"The idempotency key is longer than {LONGEST_KEY} characters", status=422)
        asked = {name: body.get(name) for name in protocol.REQUEST_FIELDS}
        job = await run_in_threadpool(jobs.submit, **asked, key=key)
        return answer(job.as_json(), 201)

    @app.get(protocol.JOBS)
    def list_jobs(request: Request) -> Response:
        limit = request.query_params.get("limit", "100")
        if not limit.isdecimal() or len(limit) > 9:
            raise ServiceError(f"The limit {limit[:80]!r} is not a whole number", status=422)
        listed = jobs.list(request.query_params.get("state"), min(int(limit), _MOST_LISTED))
        return answer({"jobs": [job.as_json() for job in listed]})

    @app.get(protocol.job("{identifier}"))
    def get_job(identifier: str) -> Response:
        return answer(jobs.get(identifier).as_json())

    @app.post(protocol.cancel("{identifier}"))
    def cancel_job(identifier: str) -> Response:
        return answer(jobs.cancel(identifier).as_json())

    @app.post(protocol.retry("{identifier}"))
    def retry_job(identifier: str) -> Response:
        return answer(jobs.retry(identifier).as_json())

    @app.delete(protocol.job("{identifier}"))
    def delete_job(identifier: str) -> Response:
        jobs.delete(identifier)
        return answer({})

    @app.get(protocol.preview("{identifier}"))
    def get_preview(identifier: str) -> Response:
        picture = jobs.preview(identifier)
        headers = {VERSION_HEADER: chironomy.__version__, "Cache-Control": "no-store"}
        if not picture:
            return Response(status_code=204, headers=headers)
        return Response(picture, media_type="image/jpeg", headers=headers)

    @app.get(protocol.result("{identifier}"))
    def get_result(identifier: str) -> Response:
        job = jobs.get(identifier)
        if job.state != DONE or job.result is None:
            reason = f"ended {job.state}" if job.state in FINAL else f"is {job.state}"
            raise ServiceError(f"Job {job.id} has no result: it {reason}", status=409)
        if not blobs.has(job.result):
            raise ServiceError(f"The result of job {job.id} has been pruned: ask for it again", status=410)
        return FileResponse(
            blobs.path(job.result),
            media_type=jobs.kinds[job.kind].media_type_of(job.settings),
            headers={VERSION_HEADER: chironomy.__version__},
        )

    return Guard(app, token, hosts)


async def _json_object(request: Request) -> dict[str, Any]:
    from chironomy.reading import read_object

    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_REQUEST:
            raise ServiceError("The request is larger than 1 MiB: upload files as blobs", status=413)
    return read_object(
        bytes(body), functools.partial(ServiceError, status=422), name="The request", advice="send a JSON object"
    )


async def _receive(request: Request, blobs: BlobStore, sha: str) -> None:
    """Take an upload in.

    Raises:
        ServiceError: (507) it cannot be stored. All of it has been read then: who is still sending hears no answer.
    """
    failure: OSError | None = None
    chunks = request.stream()
    try:
        with blobs.writer() as writer:
            async for chunk in chunks:
                writer.write(chunk)
            await run_in_threadpool(writer.commit, sha)
    except OSError as error:
        failure = error
    if failure is not None:
        async for _ in chunks:
            pass
        reason = failure.strerror or failure
        message = f"The backend cannot store the upload in {blobs.folder} ({reason}): make room there"
        raise ServiceError(message, status=507) from failure


@functools.cache
def known_styles() -> list[str]:
    """The styles that the embedded gesture model knows; none where it is missing."""
    try:
        return list(styles())
    except (ImportError, ChironomyError) as error:
        logger.warning("no gesture model here: %s", error)
        return []
