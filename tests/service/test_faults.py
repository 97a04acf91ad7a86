# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend whose machine fails it: what it had accepted is done once all is well; until then it says what is wrong."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from server_process import PARTS, Server, expected
from tiny_backend import Gate, add_blob, open_jobs

from chironomy.client import ClientError, JobFailed
from chironomy.client.protocol import DONE

# Who is root may write everywhere; this gives that up.
_PYTHON = """#!{python}
import ctypes, os, sys
if sys.platform == "linux":
    for right in (1, 2):
        ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
_CLOCK = """import pathlib, time
_true, _told = time.time, pathlib.Path({told!r})
time.time = lambda: _true() + float(_told.read_text())
"""


@pytest.fixture
def servers(gate: Gate) -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for server in made:
        with suppress(psutil.NoSuchProcess):
            server.kill("all")


@pytest.fixture
def server(servers: list[Server], tmp_path: Path) -> Server:
    """A backend that may not write where the mode of a folder forbids it, whoever runs the tests."""
    python = tmp_path / "python"
    python.write_text(_PYTHON.format(python=sys.executable))
    python.chmod(0o755)
    servers.append(Server(tmp_path, python))
    return servers[0]


@pytest.mark.parametrize("closed", ["blobs", "work"])
def test_a_folder_that_may_not_be_written_is_told_and_costs_nothing(server: Server, closed: str) -> None:
    with server.client() as client:
        before = client.submit("slow", {}, {"parts": PARTS, "seed": 1})
        client.wait(before)
        for folder in (server.data / closed, *(server.data / closed).glob("*/")):
            folder.chmod(0o555)
        if closed == "blobs":
            with pytest.raises(ClientError, match=r"cannot store the upload in .*blobs \(Permission denied\): see"):
                client.upload(b"more")
        job = client.submit("slow", {}, {"parts": PARTS, "seed": 2})
        with pytest.raises(JobFailed, match=r"may not write in its folder .*data \(Permission denied\): see to"):
            client.wait(job)
        assert client.job(before).state == DONE
        for folder in (server.data / closed, *(server.data / closed).glob("*/")):
            folder.chmod(0o755)
        assert client.wait(client.retry(job).id).result == expected(2)
        assert client.submit("slow", {}, {"parts": PARTS, "seed": 1}) == before
    assert "Traceback" not in server.log.read_text()


def test_a_start_in_a_folder_that_may_not_be_written_is_one_sentence(server: Server) -> None:
    with server.client() as client:
        job = client.submit("slow", {}, {"parts": 200, "seed": 3})
    server.kill("all")
    server.data.chmod(0o555)
    (server.data / "jobs.sqlite").chmod(0o400)
    command = [str(server.log.parent / "python"), "-m", "chironomy", "serve", "--data", str(server.data)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=server.environment)
    assert said.returncode != 0
    assert "Traceback" not in said.stderr
    assert str(server.data) in said.stderr
    server.data.chmod(0o755)
    (server.data / "jobs.sqlite").chmod(0o600)
    server.start()
    with server.client() as client:
        assert client.wait(job).result == expected(3, 200)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_record_costs_no_job(servers: list[Server], tmp_path: Path, seed: int) -> None:
    server, chance = Server(tmp_path), random.Random(seed)
    servers.append(server)
    with server.client() as client:
        first = client.submit("slow", {}, {"parts": 1, "seed": 100})
        client.wait(first)
        accepted = {number: client.submit("slow", {}, {"parts": PARTS, "seed": number}) for number in range(8)}
    server.kill("all")
    record = server.data / "jobs.sqlite"
    wal = server.data / "jobs.sqlite-wal"
    path = chance.choice([found for found in (record, wal) if found.exists() and found.stat().st_size])
    with path.open("rb+") as stream:
        stream.seek(4096 * chance.randrange(-(-path.stat().st_size // 4096)))
        stream.write(chance.randbytes(4096))
    server.start()
    with server.client() as client:
        for number, identifier in accepted.items():
            assert client.wait(identifier).result == expected(number)
        assert client.job(first).result == expected(100, 1)
        assert len(client.jobs()) == 9


def test_a_clock_that_is_set_back_and_forth_disturbs_no_job(servers: list[Server], tmp_path: Path) -> None:
    told = tmp_path / "clock" / "told"
    told.parent.mkdir()
    told.write_text("0")
    (told.parent / "sitecustomize.py").write_text(_CLOCK.format(told=str(told)))
    server = Server(tmp_path, path=told.parent)
    servers.append(server)
    accepted: list[str] = []
    year = 365 * 24 * 3600
    for number, ahead in enumerate((0, -year, -60, 0, -2 * year)):
        partial = told.with_suffix(".new")
        partial.write_text(str(ahead))
        partial.replace(told)
        with server.client() as client:
            accepted.append(client.submit("slow", {}, {"parts": PARTS, "seed": number}))
        if number % 2:
            server.kill("all")
            server.start()
    with server.client() as client:
        results = [client.wait(identifier).result for identifier in accepted]
        assert results == [expected(number) for number in range(5)]
        assert [job.id for job in client.jobs()] == accepted[::-1], "in their order, whatever the clock said"
        assert client.submit("slow", {}, {"parts": PARTS, "seed": 0}) == accepted[0]


def test_what_was_made_before_the_clock_was_set_back_is_kept_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = open_jobs(tmp_path / "data")
    sha = add_blob(jobs, b"ha" * 1000)
    true = time.time
    jobs = open_jobs(tmp_path / "data")
    monkeypatch.setattr(time, "time", lambda: true() - 365 * 24 * 3600.0)
    jobs.prune(maximum_bytes=10_000, maximum_age=7 * 24 * 3600.0)
    assert jobs.blobs.size() == 2000
    jobs.prune(maximum_bytes=1000, maximum_age=7 * 24 * 3600.0)
    assert not jobs.blobs.has(sha)
