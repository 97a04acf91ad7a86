# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire, as types of an OpenAPI document: of every answer and every refusal."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Path as InPath
from pydantic import BaseModel, Field

from chironomy.client import protocol
from chironomy.service.jobs import LONGEST_MESSAGE
from chironomy.service.kinds import Kind
from chironomy.service.record import LONGEST_SENTENCE
from chironomy.service.requested import PRIORITIES

HASH = "^[0-9a-f]{64}$"
_MOST_LISTED = 1000

Sha = Annotated[str, InPath(description="SHA-256 of a file, hexadecimal", json_schema_extra={"pattern": HASH})]
Identifier = Annotated[str, InPath(description="Name of a job, as its record has it")]


class Refusal(BaseModel):
    """Why it was refused, and what to do about it, in one sentence."""

    error: str = Field(max_length=LONGEST_SENTENCE + 100)


class JobRecord(BaseModel):
    """One job."""

    id: str
    kind: str
    inputs: dict[str, str] = Field(description="SHA-256 of files, by name")
    settings: dict[str, Any]
    names: dict[str, str] = Field(description="what a person calls the inputs")
    priority: int = Field(ge=PRIORITIES[0], le=PRIORITIES[1])
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(ge=0.0, le=1.0)
    message: str = Field(max_length=LONGEST_MESSAGE + 10)
    error: str | None
    result: str | None = Field(description="SHA-256 of what a done job made")
    attempts: int
    created: float = Field(description="seconds since the epoch, UTC")
    started: float | None
    finished: float | None


class JobList(BaseModel):
    """The latest jobs, the latest first."""

    jobs: list[JobRecord] = Field(max_length=_MOST_LISTED)


class Health(BaseModel):
    """What the backend is."""

    version: str
    pid: int
    kinds: list[str]
    styles: list[str]
    missing: list[dict[str, str]] = Field(description="parts that are not installed: extra, purpose")
    notes: list[str] = Field(description="for whoever looks after the backend")


class Engine(BaseModel):
    """A video engine."""

    name: str
    available: bool
    reason: str = Field(description="why it cannot run here; empty where it can")
    licence: str


class Ready(BaseModel):
    """What takes a while to find out."""

    engines: list[Engine]


class Usage(BaseModel):
    """What the backend takes of the machine now, in bytes."""

    kept: int = Field(description="of files that were sent and made")
    free: int = Field(description="left on the disk on which they are kept")
    memory: int = Field(description="of the backend with all its workers")
    machine: int = Field(description="memory of the machine")
    listeners: int


class Stored(BaseModel):
    """A file that is there now."""

    sha256: str


class Nothing(BaseModel):
    """An empty object."""


_ALWAYS = (401, 403, 429, 500)
_TOLD = {
    400: "The request cannot be carried out",
    401: "The token is missing or wrong",
    403: "The request comes from a web page, or by another name than the backend's own",
    404: "There is no such thing",
    409: "That cannot be done in the state in which the job is",
    410: "The result is not kept any more",
    413: "It is larger than the backend accepts",
    422: "A field is wrong",
    429: "There were too many requests, or wrong tokens, from this address",
    500: "The backend broke; its log has the details",
    503: "Ask again after the seconds in Retry-After",
    507: "It cannot be kept on the backend's disk",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals that a path may give, beside those that every path may."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*_ALWAYS, *statuses}):
        found[status] = {"model": Refusal, "description": _TOLD[status]}
        if status in (429, 503):
            found[status]["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    return found


def headers_alone(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a path that is asked for its headers."""
    return {status: {"description": found["description"]} for status, found in answers(*statuses).items()}


def binary(*media_types: str, description: str) -> dict[str, Any]:
    """An answer of bytes."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"description": description, "content": dict.fromkeys(media_types, schema)}


def job_request(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The body of a request for a job: one form for each kind."""
    forms = []
    for kind in kinds.values():
        names = kind.inputs + kind.optional_inputs
        sha = {"type": "string", "pattern": HASH}
        forms.append(
            {
                "type": "object",
                "title": kind.name,
                "additionalProperties": False,
                "required": ["kind", "inputs"],
                "properties": {
                    "kind": {"const": kind.name},
                    "inputs": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": dict.fromkeys(names, sha),
                        "required": list(kind.inputs),
                    },
                    "settings": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {name: setting.schema() for name, setting in kind.settings.items()},
                    },
                    "names": {"type": "object", "additionalProperties": {"type": "string"}},
                    "priority": {"type": ["integer", "null"], "minimum": PRIORITIES[0], "maximum": PRIORITIES[1]},
                },
            }
        )
    return {"required": True, "content": {"application/json": {"schema": {"oneOf": forms}}}}


KEY = {
    "name": protocol.KEY_HEADER,
    "in": "header",
    "description": "asking twice with one key makes one job",
    "schema": {"type": "string", "maxLength": protocol.LONGEST_KEY},
}
STATE = {
    "name": "state",
    "in": "query",
    "schema": {"enum": [protocol.QUEUED, protocol.RUNNING, *sorted(protocol.FINAL)]},
}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": _MOST_LISTED}}
JOB = {
    "name": "job",
    "in": "query",
    "description": "name of the one whose events are wanted",
    "schema": {"type": "string"},
}
LAST = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "of the last event that was seen",
    "schema": {"type": "string"},
}
