# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's record, and the name of the work that it asks for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import chironomy
from chironomy.client.protocol import QUEUED

LONGEST_SENTENCE = 1000
"""Letters of a sentence that goes over the wire in a record."""


@dataclass
class Job:
    """One job's record.

    Attributes:
        id: its name.
        kind, inputs, settings, names: what was asked for; inputs by SHA-256, names by which a person knows them.
        work: the hash of what determines the result; see `work_name`.
        lane: which workers do it.
        priority: of those that wait, the highest is done first; of equal ones the one that has cost the fewest workers,
            and of those the one that was asked for first.
        state: queued, running, done, failed or cancelled.
        progress: 0..1; it never falls while the job runs.
        message: what is done now, for a person.
        error: a sentence when failed.
        result: the SHA-256 of the result when done.
        attempts: how often it was begun, those not counted that ended with the backend itself.
        stopping: somebody asked that it be cancelled.
        created, started, finished: seconds since the epoch, UTC.
    """

    id: str
    kind: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    names: dict[str, str] = field(default_factory=dict)
    work: str = ""
    lane: str = ""
    priority: int = 0
    state: str = QUEUED
    progress: float = 0.0
    message: str = ""
    error: str | None = None
    result: str | None = None
    attempts: int = 0
    stopping: bool = False
    created: float = 0.0
    started: float | None = None
    finished: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The record as it goes over the wire."""
        told = dict(vars(self))
        del told["work"], told["lane"], told["stopping"]
        return told


@dataclass(frozen=True)
class Event:
    """A job has changed its state.

    Attributes:
        number: of the change; each later one has a higher number, after a restart, too.
        job: the record as the change left it.
        record: that as JSON, as it goes over the wire.
    """

    number: int
    job: Job
    record: str


def work_name(kind: str, inputs: Mapping[str, str], settings: Mapping[str, Any], surroundings: str) -> str:
    """The SHA-256 of what determines a result, in hexadecimal; the same work has the same name.

    Args:
        kind: of the job.
        inputs: SHA-256 by name.
        settings: checked and complete.
        surroundings: what else of this machine the result depends on, such as its weights.
    """
    told = [kind, dict(inputs), dict(settings), chironomy.__version__, surroundings]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shortened(sentence: str, longest: int = LONGEST_SENTENCE) -> str:
    """A sentence on one line, without its middle where it is very long."""
    sentence = " ".join(sentence.split())
    half = (longest - 3) // 2
    return sentence if len(sentence) <= longest else f"{sentence[:half]} … {sentence[-half:]}"
