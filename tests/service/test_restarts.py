# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend that is killed, whatever of it and whenever: all that it accepted is done after the next start, once."""

import hashlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from server_process import PARTS, Server, expected
from tiny_backend import KINDS, PATIENCE, Gate, add_blob, ended, open_jobs, start_workers, wait_until

from chironomy.client import BackendMissing, Client, ClientError, start_backend
from chironomy.client.protocol import CANCELLED, DONE, QUEUED
from chironomy.service.blobs import BlobWriter
from chironomy.service.errors import ServiceError
from chironomy.service.finished import note_finished
from chironomy.service.jobs import Jobs
from chironomy.service.lock import DataInUse, DataLock
from chironomy.service.record import Job
from chironomy.service.server import read_or_make_token
from chironomy.service.workers import MARK
from chironomy.work import Work

JOBS = 12


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    with suppress(psutil.NoSuchProcess):
        made.kill("all")


@pytest.mark.parametrize("seed", range(3))
def test_all_that_was_accepted_is_done_after_kills_at_any_moment(server: Server, gate: Gate, seed: int) -> None:
    chance = random.Random(seed)
    with server.client() as client:
        copied = client.submit("copy", {"speech": client.upload(b"ha")}, {"times": 3})
        accepted = {number: client.submit("slow", {}, {"parts": PARTS, "seed": number}) for number in range(JOBS)}
    # A job may lose its worker twice, and its backend as often as that is killed.
    rounds = [*chance.sample(["server", "all", "workers"], 3, counts=[2, 2, 2]), "server", "all"]
    for whom in rounds:
        threading.Event().wait(chance.uniform(0.0, 1.2))
        server.kill(whom)
        if whom != "workers":
            server.start()
    with server.client() as client:
        for number, identifier in accepted.items():
            job = client.wait(identifier)
            assert (job.state, job.result) == (DONE, expected(number))
            again = client.submit("slow", {}, {"parts": PARTS, "seed": number})
            assert again == identifier, "what is done is not done again"
        assert client.wait(copied).result == hashlib.sha256(b"hahaha").hexdigest()
        assert len(client.jobs()) == JOBS + 1
    assert all(gate.count(f"made-{number}") <= PARTS for number in range(JOBS)), "what was finished was kept"
    wait_until(lambda: not list((server.data / "work").iterdir()))
    assert not list((server.data / "blobs" / "incoming").iterdir())


def test_who_waits_for_a_job_goes_on_waiting_when_the_backend_is_killed(tmp_path: Path, gate: Gate) -> None:
    told: list[str] = []
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    serve = tmp_path / "python"
    serve.write_text(
        f"#!{sys.executable}\n"
        "import sys; from pathlib import Path; from chironomy.service.server import serve\n"
        "given = dict(zip(sys.argv[4::2], sys.argv[5::2]))\n"
        "serve(data=Path(given['--data']), handshake=Path(given['--handshake']),"
        f" parent_pid=int(given['--parent-pid']), kinds={KINDS!r})\n"
    )
    serve.chmod(0o755)
    with start_backend(serve, data=tmp_path / "data", environment=environment) as process, process.client() as client:
        (tmp_path / "speech.wav").write_bytes(b"spoken")
        first = process.pid

        def progress(_: float, message: str = "") -> None:
            told.append(message)
            if message == "at the gate" and process.pid == first:
                os.kill(first, signal.SIGKILL)
                gate.open.set()

        result = client.run("gate", {}, None, tmp_path / "result", Work(progress))
        assert process.pid != first
        assert "starting the backend again" in told
        assert result.read_bytes() == b"through the gate"
    with pytest.raises(BackendMissing):
        client.health()


def test_a_job_that_ran_waits_again_and_is_not_charged_for_it(tmp_path: Path, gate: Gate) -> None:
    before = open_jobs(tmp_path / "data")
    ran, stopped = before.submit("gate", {}, {}), before.submit("slow", {}, {})
    assert before.claim("quick")
    assert before.claim("film")
    before.cancel(stopped.id)
    after = open_jobs(tmp_path / "data")
    after.recover()
    assert (after.get(ran.id).state, after.get(ran.id).attempts) == (QUEUED, 0)
    assert after.get(stopped.id).state == CANCELLED


def test_a_result_that_was_there_before_the_record_said_so_is_the_result(tmp_path: Path) -> None:
    before = open_jobs(tmp_path / "data")
    job = before.submit("gate", {}, {})
    claimed = before.claim("quick")
    assert claimed is not None
    before.work_folder(claimed).mkdir()
    note_finished(before.work_folder(claimed), add_blob(before, b"through the gate"))
    after = open_jobs(tmp_path / "data")
    after.recover()
    done = after.get(job.id)
    assert (done.state, done.result) == (DONE, hashlib.sha256(b"through the gate").hexdigest())


def test_a_job_of_a_kind_that_is_no_more_has_failed_by_a_sentence(tmp_path: Path) -> None:
    before = open_jobs(tmp_path / "data")
    job = before.submit("gate", {}, {})
    kinds = {name: kind for name, kind in before.kinds.items() if name != "gate"}
    after = Jobs(before.store, before.blobs, kinds, tmp_path / "data" / "work")
    after.recover()
    assert (after.get(job.id).error or "").startswith("There is no kind of job 'gate'")


def test_a_stop_puts_back_what_runs(tmp_path: Path, gate: Gate) -> None:
    jobs = open_jobs(tmp_path / "data")
    workers = start_workers(jobs)
    running = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    assert workers.close(PATIENCE)
    assert (jobs.get(running.id).state, jobs.get(running.id).attempts) == (QUEUED, 0)
    gate.open.set()
    workers = start_workers(jobs)
    assert ended(jobs, running).state == DONE
    assert workers.close(PATIENCE)


def test_a_second_backend_says_where_the_first_is(server: Server) -> None:
    url = server.client().url
    with pytest.raises(
        DataInUse, match=rf"is in use by the backend at {url} \(process {server.process.pid}\): use that"
    ):
        DataLock(server.data)
    said = subprocess.run(
        [sys.executable, "-m", "chironomy", "serve", "--data", str(server.data)],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert said.returncode != 0
    assert "is in use by the backend at" in said.stderr
    address = json.loads((server.data / "server.json").read_text())
    assert (address["url"], address["pid"]) == (url, server.process.pid)
    assert stat.S_IMODE((server.data / "server.json").stat().st_mode) == 0o600


def test_who_starts_a_second_backend_uses_the_first(server: Server) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with start_backend(sys.executable, data=server.data, environment=environment) as joined:
        assert joined.pid == server.process.pid
        assert joined.running()
        with joined.client() as client:
            assert "slow" in client.health()["kinds"]
    assert server.process.poll() is None, "it belongs to others"


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_what_a_kill_left_running_is_ended_by_whatever_name_the_folder_has(tmp_path: Path) -> None:
    (tmp_path / "real" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env=os.environ | {MARK: str(tmp_path / "real" / "data")},
        start_new_session=True,
    )
    try:
        server = Server(tmp_path / "link")
        server.kill("all")
        assert left.wait(PATIENCE) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()


def test_a_lock_goes_with_its_process(server: Server) -> None:
    server.kill("all")
    with DataLock(server.data):
        assert not (server.data / "server.json").exists()


def fail_to_write(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the disk be full after some bytes of an upload."""
    write = BlobWriter.write
    written = 0

    def full(self: BlobWriter, chunk: bytes) -> None:
        nonlocal written
        written += len(chunk)
        if written > after:
            raise OSError(28, "No space left on device")
        write(self, chunk)

    monkeypatch.setattr(BlobWriter, "write", full)


@pytest.mark.parametrize("size", [10, 90_000, 8 << 20])
def test_an_upload_to_a_full_disk_is_one_sentence_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    from chironomy.service.server import serve

    stop, listening, found = threading.Event(), threading.Event(), []

    def told(url: str, token_file: Path) -> None:
        found.append(Client(url, token_file.read_text().strip()))
        listening.set()

    options = {"data": tmp_path / "data", "kinds": KINDS, "on_listening": told, "stop": stop}
    thread = threading.Thread(target=serve, kwargs=options)
    thread.start()
    assert listening.wait(PATIENCE)
    with monkeypatch.context() as patch:
        fail_to_write(patch, size // 2)
        with found[0] as client, pytest.raises(ClientError, match=r"cannot store the upload in .*No space left .*room"):
            client.upload(b"x" * size)
        assert not list((tmp_path / "data" / "blobs" / "incoming").iterdir())
    sha = found[0].upload(b"x" * size)
    assert (tmp_path / "data" / "blobs" / sha[:2] / sha).stat().st_size == size
    stop.set()
    thread.join(PATIENCE)


def test_an_input_that_was_lost_or_damaged_is_sent_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(b"ha")
    with server.client() as client:
        sha = client.upload(tmp_path / "speech.wav")
        (server.data / "blobs" / sha[:2] / sha).write_bytes(b"hu")
        made = client.run("copy", {"speech": sha}, {"times": 2}, tmp_path / "result")
        assert made.read_bytes() == b"haha"


def test_a_first_start_on_a_full_disk_leaves_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chironomy.service import server as module

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "keep", full)
        with pytest.raises(ServiceError, match=r"token .* cannot be used \(No space left on device\)"):
            read_or_make_token(tmp_path / "token")
    assert list(tmp_path.glob("*token*")) == []
    (tmp_path / "token").touch(0o600)
    assert len(read_or_make_token(tmp_path / "token")) >= 32, "an empty file is one that an older version left"


def test_the_data_keeps_within_its_bounds_and_no_waiting_job_loses_its_input(tmp_path: Path) -> None:
    jobs = open_jobs(tmp_path / "data")
    needed, unneeded = add_blob(jobs, b"needed" * 1000), add_blob(jobs, b"unneeded" * 1000)
    waiting = jobs.submit("copy", {"speech": needed}, {})
    left, waits = jobs.folder / "left", jobs.work_folder(waiting)
    for folder in (left, waits):
        folder.mkdir()
        (folder / "part").write_bytes(b"x" * 1000)
    day = 24 * 3600.0
    for path in (jobs.blobs.path(needed), jobs.blobs.path(unneeded), left, waits):
        os.utime(path, (path.stat().st_mtime - day,) * 2)
    jobs = open_jobs(tmp_path / "data")
    jobs.prune(maximum_bytes=0, maximum_age=7 * day)
    assert jobs.blobs.has(needed)
    assert not jobs.blobs.has(unneeded)
    assert waits.is_dir()
    assert not left.exists()


def test_a_job_that_is_asked_for_meanwhile_keeps_what_it_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = open_jobs(tmp_path / "data")
    job = jobs.submit("slow", {}, {})
    jobs.cancel(job.id)
    part = jobs.work_folder(job) / "part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    known = jobs.store.jobs

    def then_asked_for(*states: tuple[str, ...]) -> list[Job]:
        found = known(*states)
        monkeypatch.undo()
        jobs.retry(job.id)
        return found

    monkeypatch.setattr(jobs.store, "jobs", then_asked_for)
    day = 24 * 3600.0
    jobs.prune(maximum_bytes=0, maximum_age=day, now=part.stat().st_mtime + 2 * day)
    assert part.exists()
    jobs.cancel(job.id)
    jobs.prune(maximum_bytes=0, maximum_age=day, now=part.stat().st_mtime + 2 * day)
    assert list(jobs.folder.iterdir()) == []


def test_what_a_kill_left_of_a_job_that_is_done_is_cleared_away(tmp_path: Path) -> None:
    jobs = open_jobs(tmp_path / "data")
    job = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})
    workers = start_workers(jobs)
    assert ended(jobs, job).state == DONE
    assert workers.close(PATIENCE)
    left = jobs.work_folder(job)
    left.mkdir(exist_ok=True)
    (left / "part").write_bytes(b"x")
    jobs.prune(maximum_bytes=1 << 30, maximum_age=24 * 3600.0)
    assert not left.exists()
