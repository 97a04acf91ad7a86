# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: checked when asked for, done once, cancelled, repeated, and failing by a sentence."""

from pathlib import Path

import pytest
from tiny_backend import PATIENCE, Gate, add_blob, ended, open_jobs, wait_until

from chironomy.client.protocol import CANCELLED, DONE, FAILED, QUEUED
from chironomy.service.errors import ServiceError
from chironomy.service.jobs import Jobs
from chironomy.service.record import Event


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
    wait_until(lambda: (jobs.get(job.id).progress, jobs.get(job.id).message) == (0.5, "at the gate"))
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
    with pytest.raises(ServiceError, match="'how' is 'gently': choose one of sentence, memory, much, exit"):
        jobs.submit("fail", {"speech": add_blob(jobs, b"ha")}, {"how": "gently"})


@pytest.mark.parametrize(
    ("kind", "inputs", "sentence"),
    [
        ("dance", {}, "There is no kind of job 'dance': ask for one of copy, fail, gate, slow"),
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
        ("much", "This shot needs about 1048576.0 GiB of memory and the backend may take"),
        ("disk", "The disk of the backend's folder"),
    ],
)
def test_a_failure_is_one_sentence_that_names_the_users_own_file(jobs: Jobs, how: str, sentence: str) -> None:
    names = {"speech": "/home/someone/interview 1.wav"}
    job = ended(jobs, jobs.submit("fail", {"speech": add_blob(jobs, b"ha")}, {"how": how}, names))
    assert job.state == FAILED
    assert job.error is not None
    assert job.error.startswith(sentence)
    assert job.result is None


def test_a_failed_job_leaves_no_files(jobs: Jobs) -> None:
    sha = add_blob(jobs, b"ha")
    ended(jobs, jobs.submit("fail", {"speech": sha}, {}))
    after = ended(jobs, jobs.submit("copy", {"speech": sha}, {}))
    assert after.state == DONE, "the worker goes on"
    assert [path for path in jobs.blobs.folder.rglob("*") if path.is_file()] == [jobs.blobs.path(sha)]
    wait_until(lambda: list(jobs.folder.iterdir()) == [])


@pytest.mark.parametrize("name", ["../../out.wav", "..\\..\\out.wav", "C:\\out.wav", "/", "..", "a\0b", "x" * 300])
def test_a_file_name_never_leads_out_of_the_jobs_folder(jobs: Jobs, tmp_path: Path, name: str) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {}, {"speech": name}))
    assert job.state == DONE
    assert not list(tmp_path.glob("*.wav"))


def test_a_long_name_in_any_script_is_no_fault(jobs: Jobs) -> None:
    speech = add_blob(jobs, b"ha")
    for name in ("\N{HANGUL SYLLABLE HAN}" * 250 + ".wav", "x" * 300 + ".wav", "\N{MUSICAL SYMBOL G CLEF}" * 99):
        job = ended(jobs, jobs.submit("copy", {"speech": speech}, {"times": 2}, names={"speech": name}))
        assert (job.state, job.error) == (DONE, None)
        jobs.delete(job.id)


def test_a_running_job_is_cancelled_at_its_next_step(jobs: Jobs, gate: Gate) -> None:
    job = jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    jobs.cancel(job.id)
    stopped = ended(jobs, job)
    assert stopped.state == CANCELLED
    assert stopped.error is None


def test_a_waiting_job_is_cancelled_at_once(jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    waiting = jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {})
    assert jobs.cancel(waiting.id).state == CANCELLED
    gate.open.set()


def test_a_job_that_has_ended_stays_as_it_ended(jobs: Jobs) -> None:
    job = ended(jobs, jobs.submit("copy", {"speech": add_blob(jobs, b"ha")}, {}))
    assert jobs.cancel(job.id) == job


def test_one_key_makes_one_job(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    first = jobs.submit("copy", inputs, {"times": 2}, key="once")
    assert ended(jobs, first).state == DONE
    again = jobs.submit("copy", inputs, {"times": 2}, key="once")
    assert first.id == again.id


def test_a_key_stands_for_its_job_however_that_ended(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    failed = ended(jobs, jobs.submit("fail", inputs, {}, key="once"))
    assert jobs.submit("fail", inputs, {}, key="once").id == failed.id
    assert jobs.submit("fail", inputs, {}, key="twice").id != failed.id, "who asks anew is not told an old failure"


def test_what_is_asked_for_already_is_done_once(jobs: Jobs, gate: Gate) -> None:
    first = jobs.submit("gate", {}, {})
    assert jobs.submit("gate", {}, None, key="another").id == first.id
    gate.open.set()
    done = ended(jobs, first)
    again = jobs.submit("gate", {}, {})
    assert (again.id, again.state, again.result) == (first.id, DONE, done.result)
    assert jobs.submit("gate", {}, {"number": 1}).id != first.id


def test_what_is_done_is_told_on_a_full_disk(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    done = ended(jobs, jobs.submit("copy", inputs, {}))

    def full(*_: object) -> None:
        raise ServiceError("there is no room", status=507)

    monkeypatch.setattr(jobs.store, "add_key", full)
    assert jobs.submit("copy", inputs, {}, key="another").id == done.id


def test_who_asks_while_one_is_about_to_stop_is_given_the_one_that_waits(tmp_path: Path) -> None:
    jobs = open_jobs(tmp_path / "data")
    first = jobs.submit("slow", {}, {})
    jobs.cancel(first.id)
    second = jobs.submit("slow", {}, {})
    assert jobs.claim("film") is not None
    jobs.cancel(second.id)
    assert jobs.retry(first.id).state == QUEUED
    assert jobs.submit("slow", {}, {}).id == first.id


def test_what_was_done_is_done_again_where_its_result_is_gone(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    first = ended(jobs, jobs.submit("copy", inputs, {"times": 2}))
    assert first.result is not None
    jobs.blobs.path(first.result).write_bytes(b"hu")
    again = ended(jobs, jobs.submit("copy", inputs, {"times": 2}))
    assert again.id != first.id
    assert jobs.blobs.path(first.result).read_bytes() == b"haha"


def test_the_most_urgent_job_is_done_first(jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    inputs = {"speech": add_blob(jobs, b"ha")}
    waiting = [jobs.submit("copy", inputs, {"times": 1 + n}, priority=n % 2) for n in range(3)]
    gate.open.set()
    started = [ended(jobs, job).started for job in waiting]
    assert sorted(range(3), key=lambda n: started[n] or 0.0) == [1, 0, 2]
    with pytest.raises(ServiceError, match="The priority of a job is high: give a whole number"):
        jobs.submit("copy", inputs, {}, priority="high")


def test_jobs_are_listed_the_latest_first(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    made = [ended(jobs, jobs.submit("copy", inputs, {"times": 1 + n})) for n in range(2)]
    failed = ended(jobs, jobs.submit("fail", inputs, {}))
    assert [job.id for job in jobs.list()] == [failed.id, made[1].id, made[0].id]
    assert [job.id for job in jobs.list("failed")] == [failed.id]
    assert [job.id for job in jobs.list("done", limit=1)] == [made[1].id]
    with pytest.raises(ServiceError, match="There is no state 'lost': ask for one of queued, running"):
        jobs.list("lost")


def test_a_failed_job_may_be_tried_again(jobs: Jobs, gate: Gate) -> None:
    failed = ended(jobs, jobs.submit("kill", {}, {"times": 3}))
    assert failed.state == FAILED
    assert jobs.retry(failed.id).state == QUEUED
    again = ended(jobs, failed)
    assert (again.state, again.error) == (DONE, None)
    assert jobs.retry(failed.id) == again, "what is done stays so"


def test_a_job_that_has_ended_may_be_deleted_with_its_result(jobs: Jobs, gate: Gate) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    done = ended(jobs, jobs.submit("copy", inputs, {"times": 2}))
    assert done.result is not None
    jobs.delete(done.id)
    assert not jobs.blobs.has(done.result)
    with pytest.raises(ServiceError, match="There is no job"):
        jobs.get(done.id)
    running = jobs.submit("gate", {}, {})
    with pytest.raises(ServiceError, match="cancel it before it is deleted"):
        jobs.delete(running.id)


def test_listeners_are_told_of_every_state_in_order_and_after_it_was_kept(jobs: Jobs) -> None:
    told: list[tuple[str, str]] = []

    def listen(event: Event) -> None:
        kept = jobs.store.find(event.job.id)
        told.append((event.job.state, kept.state if kept else "none"))

    jobs.listeners.append(listen)
    ended(jobs, jobs.submit("kill", {}, {"times": 1}))
    wait_until(lambda: told[-1:] == [(DONE, DONE)])
    assert [state for state, _ in told] == ["queued", "running", "queued", "running", "done"]
    assert all(state == kept for state, kept in told)


def test_one_key_for_two_requests_is_refused(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    jobs.submit("copy", inputs, {"times": 2}, key="once")
    with pytest.raises(ServiceError, match="'once' belongs to another request") as refusal:
        jobs.submit("copy", inputs, {"times": 3}, key="once")
    assert refusal.value.status == 409


def test_the_queue_is_bounded(jobs: Jobs, gate: Gate) -> None:
    jobs.submit("gate", {}, {})
    assert gate.started.wait(PATIENCE)
    for number in range(1, 4):
        jobs.submit("gate", {}, {"number": number})
    with pytest.raises(ServiceError, match="3 jobs are waiting already") as refusal:
        jobs.submit("gate", {}, {"number": 4})
    assert refusal.value.status == 503
    assert jobs.submit("gate", {}, {"number": 3}).state == QUEUED, "what waits already is no more"


def test_the_oldest_ended_records_are_forgotten(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    made = [ended(jobs, jobs.submit("copy", inputs, {"times": 1 + n})) for n in range(7)]
    with pytest.raises(ServiceError, match="There is no job"):
        jobs.get(made[0].id)
    assert jobs.get(made[-1].id).state == DONE
