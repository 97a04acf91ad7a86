# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers: one that dies, hangs or takes too much costs its job an attempt, and nobody else anything."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tiny_backend import PATIENCE, TINY_KINDS, Gate, add_blob, ended, open_jobs, start_workers, wait_until

from chironomy.client.protocol import CANCELLED, DONE, FAILED, QUEUED, RUNNING
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.kinds import KINDS, gesture_weights
from chironomy.service.workers import MARK, Patience, Workers, sweep

Started = Callable[..., tuple[Jobs, Workers]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    """A queue and its workers, with what they may take."""
    made: list[tuple[Jobs, Workers]] = []

    def started(memory: int | None = None, patience: Patience | None = None) -> tuple[Jobs, Workers]:
        jobs = open_jobs(tmp_path / "data")
        made.append((jobs, start_workers(jobs, memory, patience)))
        return made[-1]

    yield started
    for jobs, workers in made:
        assert workers.close(PATIENCE)
        jobs.store.close()


def test_a_worker_that_is_killed_costs_its_job_one_attempt(jobs: Jobs, gate: Gate) -> None:
    running = jobs.submit("gate", {}, {})
    waiting = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})
    assert gate.started.wait(PATIENCE)
    worker = int(gate.started.path.read_text())
    gate.started.path.unlink()
    os.kill(worker, signal.SIGKILL)
    assert (ended(jobs, waiting).state, jobs.get(waiting.id).attempts) == (DONE, 1), "it waits for no other any more"
    assert gate.started.wait(PATIENCE), "another worker begins it again"
    assert (jobs.get(running.id).state, jobs.get(running.id).attempts) == (RUNNING, 2)
    assert int(gate.started.path.read_text()) != worker
    gate.open.set()
    assert ended(jobs, running).state == DONE


def test_after_three_attempts_a_job_has_failed_by_a_sentence_and_the_next_runs(jobs: Jobs, gate: Gate) -> None:
    bad = ended(jobs, jobs.submit("kill", {}, {"times": 9}))
    assert (bad.state, bad.attempts, gate.count("tried")) == (FAILED, 3, 3)
    assert bad.error == (
        "The kill job was tried 3 times: its worker ended by signal 9, perhaps for want of "
        "memory: try a shorter clip or a smaller size"
    )
    assert ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})).state == DONE


def test_a_job_whose_encoder_was_killed_is_tried_again(jobs: Jobs, gate: Gate) -> None:
    done = ended(jobs, jobs.submit("encode", {}, {"times": 2}))
    assert (done.state, done.attempts) == (DONE, 3)
    (gate.folder / "tried").unlink()
    failed = ended(jobs, jobs.submit("encode", {}, {"times": 3}))
    assert failed.error == (
        "The encode job was tried 3 times: the film could not be written: ffmpeg was ended by signal 9"
    )


def test_a_job_that_hangs_is_ended_with_all_that_it_started(jobs: Jobs, gate: Gate) -> None:
    hung = ended(jobs, jobs.submit("hang", {}, {}))
    assert (hung.state, gate.count("tried")) == (FAILED, 3)
    assert hung.error is not None
    assert hung.error.startswith("The hang job was tried 3 times: it made no progress for 0.6 s")
    wait_until(lambda: not psutil.pid_exists(int((gate.folder / "program").read_text())))
    assert ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})).state == DONE


def test_a_job_that_does_not_hear_is_cancelled_with_all_that_it_started(start: Started, gate: Gate) -> None:
    jobs, _ = start(patience=Patience(cancel=0.3))
    deaf = jobs.submit("wait", {}, {})
    wait_until((gate.folder / "program").exists)
    assert jobs.cancel(deaf.id).message == "cancelling"
    assert ended(jobs, deaf).state == CANCELLED
    wait_until(lambda: not psutil.pid_exists(int((gate.folder / "program").read_text())))
    assert gate.count("tried") == 1


def test_a_worker_that_gives_no_sign_of_life_is_ended(start: Started, gate: Gate) -> None:
    jobs, _ = start(patience=Patience(heartbeat=6.0))
    running = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    worker = int(gate.started.path.read_text())
    gate.started.path.unlink()
    os.kill(worker, signal.SIGSTOP)
    assert gate.started.wait(PATIENCE)
    wait_until(lambda: not psutil.pid_exists(worker))
    gate.open.set()
    assert (ended(jobs, running).state, jobs.get(running.id).attempts) == (DONE, 2)


def test_a_job_that_takes_too_much_memory_ends_alone(start: Started, gate: Gate) -> None:
    jobs, _ = start(memory=600 << 20)
    greedy = ended(jobs, jobs.submit("eat", {}, {}))
    assert greedy.state == FAILED
    assert greedy.error is not None
    assert "memory" in greedy.error
    assert ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})).state == DONE


def test_what_is_quick_does_not_wait_behind_a_film(jobs: Jobs, gate: Gate) -> None:
    film = jobs.submit("wait", {}, {})
    wait_until((gate.folder / "program").exists)
    behind = jobs.submit("slow", {}, {})
    assert ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})).state == DONE
    assert (jobs.get(film.id).state, jobs.get(behind.id).state) == (RUNNING, QUEUED)
    lanes = {name: kind.lane for name, kind in KINDS.items()}
    assert all(lanes[name] != lanes["video"] for name in ("lips", "fit", "picture", "gesture", "perform"))
    assert lanes["lips"] != lanes["gesture"]


def test_a_worker_is_kept_warm_and_let_go_when_it_is_idle(start: Started) -> None:
    jobs, workers = start(patience=Patience(idle=1.0))
    sha = add_blob(jobs, b"ha")
    assert workers.pids() == []
    ended(jobs, jobs.submit("copy", {"speech": sha}, {}))
    (worker,) = workers.pids()
    ended(jobs, jobs.submit("copy", {"speech": sha}, {"times": 2}))
    assert workers.pids() == [worker]
    wait_until(lambda: workers.pids() == [] and not psutil.pid_exists(worker))


def test_an_input_that_was_damaged_on_the_disk_is_noticed(jobs: Jobs, gate: Gate) -> None:
    sha = add_blob(jobs, b"spoken")
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    waiting = jobs.submit("copy", {"speech": sha}, {}, {"speech": "take 1.wav"})
    jobs.blobs.path(sha).write_bytes(b"spakan")
    gate.open.set()
    assert ended(jobs, waiting).error == "take 1.wav was damaged on the backend's disk: send it again"
    assert not jobs.blobs.has(sha)


def test_the_end_of_a_job_is_kept_when_the_disk_has_room_again(
    jobs: Jobs, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    refused: list[str] = []
    change = jobs.store.change

    def full(job: object) -> None:
        refused.append("full")
        raise ServiceError("The backend's record of jobs cannot be used: make room", status=507)

    monkeypatch.setattr(jobs.store, "change", full)
    gate.open.set()
    wait_until(lambda: len(refused) >= 2)
    assert jobs.get(running.id).state == RUNNING
    monkeypatch.setattr(jobs.store, "change", change)
    assert ended(jobs, running).state == DONE


def test_what_an_earlier_backend_left_running_is_ended(tmp_path: Path) -> None:
    ours = {MARK: str(tmp_path / "data")}
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        subprocess.Popen(sleeping, env=os.environ | ours, start_new_session=True) as left,
        subprocess.Popen(sleeping, env=os.environ | {MARK: str(tmp_path / "other")}) as another,
    ):
        try:
            wait_until(lambda: sweep(str(tmp_path / "data")) == 1)
            assert not psutil.pid_exists(left.pid)
            assert another.poll() is None
        finally:
            left.kill()
            another.kill()


def test_the_process_that_answers_imports_nothing_that_computes() -> None:
    heavy = ["torch", "numba", "scipy", "librosa", "diffusers", "transformers", "PIL", "mediapipe"]
    program = (
        "import sys, chironomy.service.app, chironomy.service.server, chironomy.service.workers\n"
        "from chironomy.service.kinds import KINDS; from chironomy.service.settings import check_settings\n"
        "[(check_settings(kind.name, kind.settings, {}), kind.surroundings()) for kind in KINDS.values()]\n"
        "chironomy.service.app.known_styles()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_other_weights_are_other_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path))
    kind = KINDS["video"]
    before = kind.surroundings()
    (tmp_path / "emo2").mkdir()
    (tmp_path / "emo2" / "weights.safetensors").write_bytes(b"weights")
    assert kind.surroundings() != before
    assert gesture_weights() == gesture_weights()
    assert {kind.lane for kind in TINY_KINDS.values()} == {"quick", "film"}
