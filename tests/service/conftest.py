# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiny backend as a queue, and as one that really listens."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_backend import PATIENCE, Backend, Gate, tiny_kinds

from chironomy.service.blobs import BlobStore
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import Kind
from chironomy.service.server import serve


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def kinds(gate: Gate) -> dict[str, Kind]:
    return tiny_kinds(gate)


@pytest.fixture
def jobs(tmp_path: Path, kinds: dict[str, Kind]) -> Iterator[Jobs]:
    queue = Jobs(BlobStore(tmp_path / "blobs", limit=100_000), kinds, maximum_waiting=3, maximum_records=5)
    yield queue
    assert queue.close(PATIENCE)


@pytest.fixture
def backend(tmp_path: Path, kinds: dict[str, Kind]) -> Iterator[Backend]:
    data, stop, listening, found = tmp_path / "data", threading.Event(), threading.Event(), []

    def told(url: str, token_file: Path) -> None:
        found.append(Backend(url, token_file.read_text(encoding="ascii").strip(), data))
        listening.set()

    options = {"data": data, "upload_limit": 100_000, "kinds": kinds, "on_listening": told, "stop": stop}
    thread = threading.Thread(target=serve, kwargs=options)
    thread.start()
    assert listening.wait(PATIENCE)
    yield found[0]
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
