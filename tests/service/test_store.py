# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of jobs: on the disk at once, set aside when it is damaged, never deleted."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chironomy.client.protocol import DONE, FAILED, QUEUED, RUNNING
from chironomy.service.errors import ServiceError
from chironomy.service.record import Job
from chironomy.service.store import Store


def job(number: int, **fields: object) -> Job:
    given = {
        "id": f"job{number}",
        "kind": "copy",
        "inputs": {"speech": f"{number:064x}"},
        "settings": {"times": number},
    }
    return Job(**(given | {"work": f"work{number}", "lane": "quick"} | fields))  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


def test_what_was_added_is_there_in_the_next_process(path: Path) -> None:
    first = Store(path)
    first.add(job(1, priority=3, names={"speech": "Zoë.wav"}), key="once")
    # As a process that is killed: nothing is closed.
    second = Store(path)
    assert second.find("job1") == job(1, priority=3, names={"speech": "Zoë.wav"})
    assert second.by_key("once") == second.find("job1")
    assert second.notes == []


def test_each_job_is_claimed_once_and_the_most_urgent_first(path: Path) -> None:
    store = Store(path)
    for number, priority in enumerate((0, 1, 0, 1)):
        store.add(job(number, priority=priority))
    store.add(job(9, lane="film"))
    claimed = [event and event.job for event in (store.claim("quick") for _ in range(5))]
    assert [one and one.id for one in claimed] == ["job1", "job3", "job0", "job2", None]
    assert all(one is None or (one.state, one.attempts) == (RUNNING, 1) for one in claimed)
    assert store.live_blobs() == {f"{number:064x}" for number in (0, 1, 2, 3, 9)}


def test_the_same_work_is_not_begun_twice_at_a_time(path: Path) -> None:
    store = Store(path)
    store.add(job(1, work="same"))
    store.add(job(2, work="same"))
    first = store.claim("quick")
    assert first is not None
    assert store.claim("quick") is None
    first.job.state = DONE
    store.save(first.job)
    assert store.claim("quick") is not None


def test_the_jobs_that_ended_first_are_forgotten(path: Path) -> None:
    store = Store(path)
    for number in range(5):
        store.add(job(number, state=FAILED if number < 4 else QUEUED), key=f"key{number}")
    store.forget(2)
    assert [one.id for one in store.jobs()] == ["job4", "job3", "job2"]
    assert store.by_key("key0") is None


def damage(path: Path, table_only: bool) -> None:
    """Overwrite a page of the records, or the head of the file."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as stream:
        stream.seek(size * (pages // 2) if table_only else 0)
        stream.write(b"\xa5" * size)


def test_a_damaged_page_costs_its_own_jobs_at_most_and_the_file_is_kept(path: Path) -> None:
    store = Store(path)
    for number in range(200):
        store.add(job(number, settings={"text": f"{number} " * 100}))
    store.close()
    damage(path, table_only=True)
    damaged = path.read_bytes()
    opened = Store(path)
    (note,) = opened.notes
    assert "was damaged" in note
    (aside,) = path.parent.glob("jobs-damaged-*.sqlite")
    assert aside.name in note
    assert aside.read_bytes() == damaged
    left = opened.jobs()
    assert 150 <= len(left) < 200
    assert all(one.settings == {"text": f"{int(one.id[3:])} " * 100} for one in left)
    opened.add(job(1000))
    assert Store(path).notes == []


def test_a_file_that_is_no_record_at_all_is_set_aside(path: Path) -> None:
    path.write_bytes(b"something else entirely, and long enough to be read as a head of a file" * 20)
    store = Store(path)
    assert "0 of its jobs could be read" in store.notes[0]
    store.add(job(1))
    assert len(list(path.parent.glob("jobs-damaged-*.sqlite"))) == 1


def test_a_row_that_holds_no_job_is_damage(path: Path) -> None:
    store = Store(path)
    store.add(job(1))
    store.add(job(2))
    store.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET settings = '[' WHERE id = 'job1'")
    assert [one.id for one in Store(path).jobs()] == ["job2"]


def test_a_record_of_a_later_version_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(ServiceError, match=r"made by a later version of chironomy: update this one"):
        Store(path)
    assert path.read_bytes() == before


def test_a_record_that_cannot_be_written_is_one_sentence(path: Path) -> None:
    store = Store(path)
    store.add(job(1))
    with closing(sqlite3.connect(path)) as other, other:
        size = other.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {size}")
    with pytest.raises(ServiceError, match=r"cannot be used \(database or disk is full\): make room") as refusal:
        store.add(job(2, settings={"text": "x" * 100_000}))
    assert refusal.value.status == 507
    assert [one.id for one in store.jobs()] == ["job1"], "nothing of it is left, and what was there is"
    store.add(job(3))
