# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire between client and service, version 1: paths, headers, fields and states, written once.

Every answer carries `CONTRACT_HEADER` and `VERSION_HEADER`; every refusal is `{"error": sentence}`. The wire carries
`.npz` without pickles, media and JSON.
"""

CONTRACT_HEADER = "Chironomy-Contract"
CONTRACT = 1
"""The number of this wire. What is added to it leaves the number as it is; a server of the same number is understood,
whatever its version."""

VERSION_HEADER = "Chironomy-Version"
UPLOAD_LIMIT_HEADER = "Chironomy-Upload-Limit"
"""Bytes that one upload may have; in the answer to HEAD of a blob."""

KEY_HEADER = "Idempotency-Key"
"""Of POST `JOBS`: asking twice with one key makes one job."""

LONGEST_KEY = 200

HEALTH = "/v1/health"
READY = "/v1/ready"
"""What the backend can do that takes a while to find out (GET): {"engines": […]}; 503 until it is known."""

JOBS = "/v1/jobs"
"""POST asks for a job; what is asked for already, or done, is answered by the job that there is. GET lists the latest
jobs, `?state=` those of one state, `?limit=` so many: {"jobs": [record]}."""

EVENTS = "/v1/events"
"""Server-sent events (GET), `?job=` of one job alone: `CHANGE` with the record after every change of a job's state, in
order and numbered; `PROGRESS` with {"id", "progress", "message"}, without a number. The header `Last-Event-ID` goes on
after that number; where it is not known any more, `RESET` says that the list has to be asked for anew."""

CHANGE, PROGRESS, RESET = "job", "progress", "reset"

USAGE = "/v1/usage"
"""What the backend takes of the disk and the memory (GET)."""

PAGE = "/"
"""A page for a browser that shows the jobs; it needs the token, which it takes from its address after the #."""

METRICS = "/v1/metrics"
"""Figures in Prometheus's text format (GET)."""

DESCRIPTION = "/v1/openapi.json"
"""This interface as an OpenAPI document (GET)."""

REQUEST_FIELDS = ("kind", "inputs", "settings", "names", "priority")
"""Of POST `JOBS`: kind of job, {input: SHA-256}, settings, {input: the file name that a person knows it by}, and a
whole number: of those that wait, the highest is done first."""

ERROR = "error"
"""The one field of a refusal."""

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINAL = frozenset({DONE, FAILED, CANCELLED})
"""States in which a job stays."""

DELETED = "deleted"
"""The state in the last event of a job that was forgotten; no record has it."""


def blob(sha: str) -> str:
    """Path of the bytes with this SHA-256: PUT sends them, HEAD asks whether they are there."""
    return f"/v1/blobs/{sha}"


def job(identifier: str) -> str:
    """Path of a job's record (GET); DELETE forgets one that has ended, with its result."""
    return f"{JOBS}/{identifier}"


def cancel(identifier: str) -> str:
    """Path to ask a job to stop (POST)."""
    return f"{job(identifier)}/cancel"


def retry(identifier: str) -> str:
    """Path to let a job that failed or was cancelled wait again (POST)."""
    return f"{job(identifier)}/retry"


def preview(identifier: str) -> str:
    """Path of a JPEG of what a job is making (GET); 204 where there is none yet."""
    return f"{job(identifier)}/preview"


def result(identifier: str) -> str:
    """Path of the bytes that a done job made (GET)."""
    return f"{job(identifier)}/result"
