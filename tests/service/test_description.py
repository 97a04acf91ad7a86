# SPDX-License-Identifier: GPL-3.0-or-later
"""What the OpenAPI document says is what is answered, whatever is asked: schemathesis asks.

CHIRONOMY_CASES is the number of requests to each path (12 by default, so that `make test` stays quick); the file that
CHIRONOMY_ASKED names gets their number in all.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tiny_backend import TOKEN, add_blob, open_jobs

from chironomy.client import protocol
from chironomy.service.app import create_app
from chironomy.service.users import OWNER, digest

HOST = "127.0.0.1:8000"
CASES = int(os.environ.get("CHIRONOMY_CASES", "12"))
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]


@pytest.fixture
def described(tmp_path: Path) -> Iterator[schemathesis.BaseSchema]:
    """The interface of a queue with jobs in every state, of which nobody does more."""
    jobs = open_jobs(tmp_path / "data", maximum_waiting=10_000)
    sha = add_blob(jobs, b"ha")
    for number, state in enumerate(("done", "failed", "cancelled")):
        job = jobs.submit("copy", {"speech": sha}, {"times": number + 1})
        jobs.claim("quick")
        jobs.end(job.id, state, "it failed" if state == "failed" else None, sha if state == "done" else None)
    app = create_app(jobs, {OWNER: digest(TOKEN)}, hosts=(HOST,))
    # schemathesis leaves the token out to see what happens, which a person who guesses does, too.
    app._wrong._burst = float("inf")
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": HOST}
    yield schemathesis.openapi.from_asgi(protocol.DESCRIPTION, app, headers=headers)
    jobs.store.close()


def test_what_is_answered_is_what_is_described(described: schemathesis.BaseSchema) -> None:
    asked = 0
    for operation in (result.ok() for result in described.get_all_operations()):
        # A stream of events has no end.
        if operation.path == protocol.EVENTS:
            continue

        @settings(
            max_examples=CASES,
            deadline=None,
            derandomize="CHIRONOMY_CASES" not in os.environ,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            answer = case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}", "Host": HOST}, checks=CHECKS)
            assert answer.status_code != 500

        ask()
    assert asked >= 12
    if told := os.environ.get("CHIRONOMY_ASKED"):
        Path(told).write_text(f"{asked}")
