# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: checked when asked for, one at a time, cancelled, repeated, and failing by a sentence."""

from pathlib import Path

import pytest
from tiny_backend import PATIENCE, Gate, add_blob, ended

from chironomy.client.protocol import CANCELLED, DONE, FAILED, QUEUED
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs


def test_a_job_makes_a_blob(jobs: Jobs) -> None:
    job = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {"times": 2})
    assert job.state in (QUEUED, "running")
    done = ended(jobs, job)
    assert done.state == DONE
    assert done.progress == 1.0
    assert done.result is not None
    assert jobs.blobs.path(done.result).read_bytes() == b"haha"


def test_progress_never_falls(jobs: Jobs, gate: Gate) -> None:
    job = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    assert (jobs.get(job.id).progress, jobs.get(job.id).message) == (0.5, "at the gate")
    gate.open.set()
    assert ended(jobs, job).progress == 1.0


def test_settings_that_are_left_out_have_their_defaults(jobs: Jobs) -> None:
    job = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, None)
    assert job.settings == {"times": 1, "speed": 1.0, "guidance": None}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"times": 10}, "The setting 'times' is 10: give a whole number from 1 to 9"),
        ({"times": 1.5}, "The setting 'times' is 1.5: give a whole number"),
        ({"times": True}, "The setting 'times' is True"),
        ({"speed": "fast"}, "The setting 'speed' is 'fast': give a number from 0.25 to 4"),
        ({"speed": float("nan")}, "The setting 'speed' is nan"),
        ({"speed": 10**400}, "The setting 'speed' is 1000"),
        ({"times": float("inf")}, "The setting 'times' is inf"),
        ({"sped": 1.0}, "A copy job has no setting 'sped': did you mean 'speed'"),
        ({"colour": 1.0}, "A copy job has no setting 'colour': it knows times, speed, guidance"),
        ([1], "The settings of a job must be a JSON object, not list"),
    ],
)
def test_a_wrong_setting_is_named(jobs: Jobs, settings: object, sentence: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, settings)
    assert str(refusal.value).startswith(sentence)


def test_a_choice_lists_its_names(jobs: Jobs) -> None:
    with pytest.raises(ServiceError, match="'how' is 'gently': choose one of sentence, memory, exit, surprise"):
        jobs.submit("fail", {"speech": add_blob(jobs, b"ha")}, {"how": "gently"})


@pytest.mark.parametrize(
    ("kind", "inputs", "sentence"),
    [
        ("dance", {}, "There is no kind of job 'dance': ask for one of copy, fail, gate"),
        (None, {}, "There is no kind of job 'None'"),
        ("copy", {}, "A copy job needs the input 'speech'"),
        ("copy", [], "The inputs of a job must be a JSON object"),
        ("copy", {"speech": "0" * 64}, f"The input 'speech' names the blob {'0' * 64}, which is not here"),
        ("copy", {"speech": "/etc/passwd"}, "'/etc/passwd' is not a SHA-256"),
        ("copy", {"spech": "0" * 64}, "A copy job has no input 'spech': it takes speech, pinned"),
    ],
)
def test_a_wrong_kind_or_input_is_named(jobs: Jobs, kind: object, inputs: object, sentence: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        jobs.submit(kind, inputs, {})
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("sentence", "interview 1.wav has no sound; record it again"),
        ("memory", "There was not enough memory for this fail job: try a shorter clip or a smaller size"),
        ("surprise", "The fail job broke by KeyError: 'surprise' (the backend's log has the details)"),
        ("exit", "The fail job broke by SystemExit: 3 (the backend's log has the details)"),
    ],
)
def test_a_failure_is_one_sentence_that_names_the_users_own_file(jobs: Jobs, how: str, sentence: str) -> None:
    names = {"speech": "/home/someone/interview 1.wav"}
    job = ended(jobs, jobs.submit("fail", {"speech": add_blob(jobs, b"ha")}, {"how": how}, names))
    assert job.state == FAILED
    assert job.error == sentence
    assert job.result is None


def test_a_failed_job_leaves_no_files(jobs: Jobs) -> None:
    sha = add_blob(jobs, b"ha")
    ended(jobs, jobs.submit("fail", {"speech": sha}, {}))
    after = ended(jobs, jobs.submit("copy", {"speech": sha}, {}))
    assert after.state == DONE, "the worker goes on"
    assert [path for path in jobs.blobs.folder.rglob("*") if path.is_file()] == [jobs.blobs.path(sha)]


@pytest.mark.parametrize("name", ["../../out.wav", "..\\..\\out.wav", "C:\\out.wav", "/", "..", "a\0b", "x" * 300])
def test_a_file_name_never_leads_out_of_the_jobs_folder(jobs: Jobs, tmp_path: Path, name: str) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {}, {"speech": name}))
    assert job.state == DONE
    assert not list(tmp_path.glob("*.wav"))


def test_a_running_job_is_cancelled_at_its_next_step(jobs: Jobs, gate: Gate) -> None:
    job = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    jobs.cancel(job.id)
    stopped = ended(jobs, job)
    assert stopped.state == CANCELLED
    assert stopped.error is None


def test_a_waiting_job_is_cancelled_at_once(jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    waiting = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})
    assert jobs.cancel(waiting.id).state == CANCELLED
    gate.open.set()


def test_a_job_that_has_ended_stays_as_it_ended(jobs: Jobs) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {}))
    assert jobs.cancel(job.id) == job


def test_one_key_makes_one_job(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    first = jobs.submit("copy", inputs, {"times": 2}, key="once")
    again = jobs.submit("copy", inputs, {"times": 2}, key="once")
    other = jobs.submit("copy", inputs, {"times": 2}, key="twice")
    assert first.id == again.id
    assert other.id != first.id


def test_one_key_for_two_requests_is_refused(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    jobs.submit("copy", inputs, {"times": 2}, key="once")
    with pytest.raises(ServiceError, match="'once' belongs to another request") as refusal:
        jobs.submit("copy", inputs, {"times": 3}, key="once")
    assert refusal.value.status == 409


def test_the_queue_is_bounded(jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    for _ in range(3):
        jobs.submit("gate", {}, {})
    with pytest.raises(ServiceError, match="3 jobs are waiting already") as refusal:
        jobs.submit("gate", {}, {})
    assert refusal.value.status == 503


def test_the_oldest_ended_records_are_forgotten(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    made = [ended(jobs, jobs.submit("copy", inputs, {})) for _ in range(7)]
    with pytest.raises(ServiceError, match="There is no job"):
        jobs.get(made[0].id)
    assert jobs.get(made[-1].id).state == DONE
