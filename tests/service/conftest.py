# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiny backend as a queue, and as one that really listens."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_backend import GATE, KINDS, PATIENCE, Backend, Gate, open_jobs, start_workers

from chironomy.service.jobs import Jobs
from chironomy.service.server import serve


@pytest.fixture(autouse=True)
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    folder = tmp_path / "gate"
    folder.mkdir()
    monkeypatch.setenv(GATE, str(folder))
    return Gate(folder)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    queue = open_jobs(tmp_path / "data", maximum_waiting=3, maximum_records=5)
    workers = start_workers(queue)
    yield queue
    assert workers.close(PATIENCE)
    queue.store.close()


@pytest.fixture
def backend(tmp_path: Path, gate: Gate) -> Iterator[Backend]:
    data, stop, listening, found = tmp_path / "data", threading.Event(), threading.Event(), []

    def told(url: str, token_file: Path) -> None:
        found.append(Backend(url, token_file.read_text(encoding="ascii").strip(), data))
        listening.set()

    options = {"data": data, "upload_limit": 100_000, "kinds": KINDS, "on_listening": told, "stop": stop}
    thread = threading.Thread(target=serve, kwargs=options)
    thread.start()
    assert listening.wait(PATIENCE)
    yield found[0]
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
