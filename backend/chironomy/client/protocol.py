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
JOBS = "/v1/jobs"

REQUEST_FIELDS = ("kind", "inputs", "settings", "names")
"""Of POST `JOBS`: kind of job, {input: SHA-256}, settings, {input: the file name that a person knows it by}."""

ERROR = "error"
"""The one field of a refusal."""

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
FINAL = frozenset({DONE, FAILED, CANCELLED})
"""States in which a job stays."""


def blob(sha: str) -> str:
    """Path of the bytes with this SHA-256: PUT sends them, HEAD asks whether they are there."""
    return f"/v1/blobs/{sha}"


def job(identifier: str) -> str:
    """Path of a job's record (GET)."""
    return f"{JOBS}/{identifier}"


def cancel(identifier: str) -> str:
    """Path to ask a job to stop (POST)."""
    return f"{job(identifier)}/cancel"


def preview(identifier: str) -> str:
    """Path of a JPEG of what a job is making (GET); 204 where there is none yet."""
    return f"{job(identifier)}/preview"


def result(identifier: str) -> str:
    """Path of the bytes that a done job made (GET)."""
    return f"{job(identifier)}/result"
