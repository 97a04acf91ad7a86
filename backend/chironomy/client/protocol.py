# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire between client and service, version 1: paths, headers, fields and states, written once.

Every answer carries `VERSION_HEADER`; every refusal is `{"error": sentence}`. The wire carries `.npz` without pickles,
media and JSON.
"""

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

REQUEST_FIELDS = ("kind", "inputs", "settings", "names", "priority")
"""Of POST `JOBS`: kind of job, {input: SHA-256}, settings, {input: the file name that a person knows it by}, and a
whole number: of those that wait, the highest is done first."""

ERROR = "error"
"""The one field of a refusal."""

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINAL = frozenset({DONE, FAILED, CANCELLED})
"""States in which a job stays."""


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
