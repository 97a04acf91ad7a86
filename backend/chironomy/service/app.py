# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP interface; its paths, headers and states are those of `chironomy.client.protocol`.

GET and HEAD change nothing. Nothing that computes is imported here: an answer takes milliseconds whatever is computed.
Each path says what it answers and what it may refuse; FastAPI makes the OpenAPI document of that.
"""

import functools
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

import chironomy
from chironomy.client import protocol
from chironomy.client.protocol import DONE, FINAL, LONGEST_KEY, UPLOAD_LIMIT_HEADER
from chironomy.errors import ChironomyError
from chironomy.files import NOT_WRITABLE
from chironomy.service import description as told
from chironomy.service.abilities import Abilities
from chironomy.service.blobs import BlobStore, too_large
from chironomy.service.description import Identifier, Sha, answers, binary, headers_alone
from chironomy.service.errors import ServiceError
from chironomy.service.events import Events
from chironomy.service.guard import Guard, answer_headers, refuse
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import missing_parts, styles
from chironomy.service.metrics import Metrics
from chironomy.service.page import page
from chironomy.service.usage import usage

logger = logging.getLogger(__name__)

_LARGEST_REQUEST = 1 << 20
_MOST_LISTED = 1000
_RETRY_SECONDS = 1


def create_app(
    jobs: Jobs,
    digests: Mapping[str, str],
    hosts: Iterable[str],
    events: Events | None = None,
    scheme: str = "http",
    limit: float | None = None,
) -> Guard:
    """The ASGI application.

    Args:
        jobs: the queue that it serves, with its blob store.
        digests: of the tokens that let somebody in, by name; see `chironomy.service.users`.
        hosts: the `Host` values that it answers to, such as `127.0.0.1:8123`.
        events: what listeners are told; made here where it is not given.
        scheme: of its address.
        limit: requests a second from one address; None for as many as come.
    """
    blobs = jobs.blobs
    abilities = Abilities()
    events = events or Events(jobs)
    metrics = Metrics(jobs, events)
    app = FastAPI(
        title="Chironomy",
        description="Speech becomes hand motion, and hand motion becomes video.",
        version=f"{protocol.CONTRACT}.0",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )

    async def service_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)
        headers = {"Retry-After": str(_RETRY_SECONDS)} if error.status == 503 else {}
        # An upload that is refused half-way leaves bytes on the wire that must not be read as the next request.
        headers |= {"Connection": "close"} if request.method == "PUT" else {}
        return refuse(error.status, str(error), request.scope, headers)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        where = request.url.path[:200]
        if error.status_code == 404:
            message = f"There is nothing at {where}: this backend speaks version {protocol.CONTRACT} of its interface"
            return refuse(404, message, request.scope)
        if error.status_code == 405:
            message = f"{request.method[:20]} is not possible at {where}"
            return refuse(405, message, request.scope, error.headers)
        return refuse(error.status_code, f"The request failed: {error.detail}", request.scope)

    async def unexpected(request: Request, error: Exception) -> Response:
        logger.exception("%s %s broke", request.method[:20], ascii(request.url.path[:200]), exc_info=error)
        where = f"{request.method[:20]} {request.url.path[:200]}"
        message = f"The backend broke at {where} ({type(error).__name__}): its log has the details"
        return refuse(500, message, request.scope)

    app.add_exception_handler(ServiceError, service_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)

    def answer(content: Any, status: int = 200) -> JSONResponse:
        return JSONResponse(content, status, answer_headers())

    @app.get(protocol.PAGE, include_in_schema=False)
    def show_page() -> Response:
        return page(answer_headers())

    @app.get(protocol.DESCRIPTION, include_in_schema=False)
    def describe() -> Response:
        return answer(app.openapi())

    @app.get(protocol.HEALTH, response_model=told.Health, responses=answers())
    def health() -> Response:
        """What the backend is; in milliseconds, whatever is computed."""
        found = {
            "version": chironomy.__version__,
            "pid": os.getpid(),
            "kinds": list(jobs.kinds),
            "styles": known_styles(),
            "missing": missing_parts(),
        }
        return answer(found | {"notes": jobs.store.notes})

    @app.get(protocol.READY, response_model=told.Ready, responses=answers(503))
    def ready() -> Response:
        """What the backend can do that takes a while to find out."""
        return answer({"engines": abilities.engines()})

    @app.get(protocol.USAGE, response_model=told.Usage, responses=answers(507))
    def get_usage() -> Response:
        """What the backend takes of the machine."""
        return answer(usage(jobs) | {"listeners": events.listeners})

    @app.get(
        protocol.METRICS,
        response_class=Response,
        responses=answers(507) | {200: binary("text/plain", description="Prometheus's text format")},
    )
    def get_metrics() -> Response:
        """Figures for a Prometheus server."""
        text, media_type = metrics.text()
        return Response(text, media_type=media_type, headers=answer_headers())

    @app.head(protocol.blob("{sha}"), responses={200: {"description": "It is there"}} | headers_alone(404, 422))
    def has_blob(sha: Sha) -> Response:
        """Whether a file is there."""
        headers = answer_headers() | {UPLOAD_LIMIT_HEADER: str(blobs.limit)}
        return Response(status_code=200 if blobs.has(sha) else 404, headers=headers)

    @app.put(
        protocol.blob("{sha}"),
        status_code=201,
        response_model=told.Stored,
        responses=answers(400, 413, 422, 507),
        openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {}}}}},
    )
    async def put_blob(sha: Sha, request: Request) -> Response:
        """Send a file, which must have that hash."""
        blobs.path(sha)
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > blobs.limit:
            raise too_large(blobs.limit)
        try:
            await _receive(request, blobs, sha)
        except ClientDisconnect as error:
            raise ServiceError("The upload broke off: send it again") from error
        return answer({"sha256": sha}, 201)

    @app.post(
        protocol.JOBS,
        status_code=201,
        response_model=told.JobRecord,
        responses=answers(400, 404, 409, 413, 422, 503, 507),
        openapi_extra={"parameters": [told.KEY], "requestBody": told.job_request(jobs.kinds)},
    )
    async def post_job(request: Request) -> Response:
        """Ask for a job; what is asked for already, or done, is answered by the job that there is."""
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

    @app.get(
        protocol.JOBS,
        response_model=told.JobList,
        responses=answers(422, 507),
        openapi_extra={"parameters": [told.STATE, told.LIMIT]},
    )
    def list_jobs(request: Request) -> Response:
        """The latest jobs."""
        asked = request.query_params.get("limit", "100")
        if not (asked.isascii() and asked.isdecimal()) or len(asked) > 9:
            raise ServiceError(f"The limit {asked[:80]!r} is not a whole number", status=422)
        listed = jobs.list(request.query_params.get("state"), min(int(asked), _MOST_LISTED))
        return answer({"jobs": [job.as_json() for job in listed]})

    @app.get(
        protocol.EVENTS,
        response_class=StreamingResponse,
        responses=answers(404, 503, 507) | {200: binary("text/event-stream", description="See `protocol.EVENTS`")},
        openapi_extra={"parameters": [told.JOB, told.LAST]},
    )
    async def get_events(request: Request) -> Response:
        """What happens to the jobs, as server-sent events."""
        job = request.query_params.get("job")
        if job is not None:
            await run_in_threadpool(jobs.get, job)
        stream = events.stream(request.headers.get("last-event-id"), job)
        headers = answer_headers() | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    @app.get(protocol.job("{identifier}"), response_model=told.JobRecord, responses=answers(404, 422, 507))
    def get_job(identifier: Identifier) -> Response:
        """A job's record now."""
        return answer(jobs.get(identifier).as_json())

    @app.post(protocol.cancel("{identifier}"), response_model=told.JobRecord, responses=answers(404, 422, 507))
    def cancel_job(identifier: Identifier) -> Response:
        """Ask a job to stop."""
        return answer(jobs.cancel(identifier).as_json())

    @app.post(protocol.retry("{identifier}"), response_model=told.JobRecord, responses=answers(404, 409, 422, 503, 507))
    def retry_job(identifier: Identifier) -> Response:
        """Let a job that failed or was cancelled wait again."""
        return answer(jobs.retry(identifier).as_json())

    @app.delete(protocol.job("{identifier}"), response_model=told.Nothing, responses=answers(404, 409, 422, 507))
    def delete_job(identifier: Identifier) -> Response:
        """Forget a job that has ended, with its result."""
        jobs.delete(identifier)
        return answer({})

    @app.get(
        protocol.preview("{identifier}"),
        response_class=Response,
        responses=answers(404, 422, 507)
        | {200: binary("image/jpeg", description="A picture"), 204: {"description": "There is none yet"}},
    )
    def get_preview(identifier: Identifier) -> Response:
        """A picture of what a running job makes."""
        picture = jobs.preview(identifier)
        headers = answer_headers() | {"Cache-Control": "no-store"}
        if not picture:
            return Response(status_code=204, headers=headers)
        return Response(picture, media_type="image/jpeg", headers=headers)

    @app.get(
        protocol.result("{identifier}"),
        response_class=FileResponse,
        responses=answers(404, 409, 410, 422, 507)
        | {
            200: binary(*_media_types(jobs), description="What the job made"),
            206: binary(*_media_types(jobs), "multipart/byteranges", description="The part of it that was asked for"),
            416: {"description": "It has no such part"},
        },
    )
    def get_result(identifier: Identifier) -> Response:
        """What a done job made."""
        job = jobs.get(identifier)
        if job.state != DONE or job.result is None:
            reason = f"ended {job.state}" if job.state in FINAL else f"is {job.state}"
            raise ServiceError(f"Job {job.id} has no result: it {reason}", status=409)
        gone = ServiceError(f"The result of job {job.id} has been pruned: ask for it again", status=410)
        if not blobs.has(job.result):
            raise gone
        return _Kept(
            gone,
            blobs.path(job.result),
            media_type=jobs.kinds[job.kind].media_type_of(job.settings),
            headers=answer_headers(),
        )

    return Guard(metrics.counted(app), digests, hosts, scheme, limit)


class _Kept(FileResponse):
    """A file that may be deleted at any moment.

    Args:
        gone: what is said then; where the answer has begun, it breaks off.
        given, options: of `FileResponse`.
    """

    def __init__(self, gone: ServiceError, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._gone = gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await super().__call__(scope, receive, note)
        except (RuntimeError, FileNotFoundError):
            # Starlette tells of a file that is not there by the former.
            if Path(self.path).exists():
                raise
            if not begun:
                await refuse(self._gone.status, str(self._gone), scope)(scope, receive, send)


def _media_types(jobs: Jobs) -> list[str]:
    """What results can be."""
    found = {kind.media_type for kind in jobs.kinds.values()}
    found |= {media_type for kind in jobs.kinds.values() for media_type in kind.media_types().values()}
    return sorted(found)


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
        advice = "see that it may be written" if failure.errno in NOT_WRITABLE else "make room there"
        message = f"The backend cannot store the upload in {blobs.folder} ({reason}): {advice}"
        raise ServiceError(message, status=507) from failure


@functools.cache
def known_styles() -> list[str]:
    """The styles that the embedded gesture model knows; none where it is missing."""
    try:
        return list(styles())
    except (ImportError, ChironomyError) as error:
        logger.warning("no gesture model here: %s", error)
        return []
