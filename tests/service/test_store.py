# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of jobs: on the disk at once, set aside when it is damaged, never deleted."""

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
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


def filled(path: Path, count: int = 60) -> None:
    """A record of so many jobs, of which the first is done."""
    store = Store(path)
    for number in range(count):
        store.add(job(number, settings={"text": f"{number} " * 100}), key=f"key{number}")
    claimed = store.claim("quick")
    assert claimed is not None
    claimed.job.state, claimed.job.result = DONE, "5" * 64
    store.change(claimed.job)
    store.close()


def test_a_damaged_page_costs_nothing_and_the_file_is_kept(path: Path) -> None:
    filled(path)
    damage(path, table_only=True)
    damaged = path.read_bytes()
    opened = Store(path)
    (note,) = opened.notes
    assert "was damaged" in note
    assert "\n" not in note
    (aside,) = path.parent.glob("jobs-damaged-*.sqlite")
    assert aside.name in note
    assert aside.read_bytes() == damaged
    assert [one.id for one in reversed(opened.jobs())] == [f"job{number}" for number in range(60)]
    assert all(one.settings == {"text": f"{int(one.id[3:])} " * 100} for one in opened.jobs())
    first = opened.by_key("key0")
    assert first is not None
    assert (first.state, first.result) == (DONE, "5" * 64)
    opened.add(job(1000))
    assert Store(path).notes == []


@pytest.mark.parametrize("seed", range(12))
def test_no_page_is_so_important_that_its_damage_costs_a_job(path: Path, seed: int) -> None:
    filled(path)
    chance = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    start = 4096 * int(chance.integers(len(data) // 4096))
    data[start : start + 4096] = [bytes(4096), chance.bytes(4096), data[:4096]][seed % 3]
    path.write_bytes(data)
    opened = Store(path)
    assert [one.id for one in reversed(opened.jobs())] == [f"job{number}" for number in range(60)]
    assert all(one.settings == {"text": f"{int(one.id[3:])} " * 100} for one in opened.jobs())
    assert [one.id for one in opened.jobs((DONE,))] == ["job0"]


@pytest.mark.parametrize("gone", ["jobs.sqlite", "jobs.sqlite-wal", "jobs.journal"])
def test_one_of_the_two_accounts_is_enough(path: Path, gone: str) -> None:
    store = Store(path)
    for number in range(5):
        store.add(job(number))
    # As a process that is killed: nothing is closed.
    shutil.copytree(path.parent, path.parent / "after")
    (path.parent / "after" / gone).unlink()
    opened = Store(path.parent / "after" / path.name)
    assert [one.id for one in opened.jobs()] == [f"job{number}" for number in reversed(range(5))]
    assert len(opened.notes) == (gone != "jobs.journal")


def test_damaged_lines_of_the_second_account_cost_themselves_alone(path: Path) -> None:
    filled(path, 20)
    journal = path.with_name("jobs.journal")
    lines = journal.read_bytes().splitlines(keepends=True)
    rows = [number for number, line in enumerate(lines) if b'"row"' in line]
    lines[rows[3]] = lines[rows[3]].replace(b"text", b"test")
    lines[rows[9]] = lines[rows[9]][:40]
    lines.append(b"1234 no line")
    journal.write_bytes(b"".join(lines))
    path.unlink()
    assert 16 <= len(Store(path).jobs()) < 20


def test_who_listened_before_the_damage_is_told_nothing_twice(path: Path) -> None:
    filled(path)
    last = Store(path).numbers()[1]
    path.write_bytes(b"no record any more" * 1000)
    first, now = Store(path).numbers()
    assert first > last + 1
    assert now >= last


def test_the_second_account_does_not_grow_with_what_has_changed(path: Path) -> None:
    store = Store(path)
    store.add(job(1, settings={"text": "x" * 10_000}))
    for number in range(2, 400):
        added = job(number, state=FAILED, settings={"text": "x" * 10_000})
        store.add(added)
        store.delete(added)
    assert path.with_name("jobs.journal").stat().st_size < 2 << 20
    path.unlink()
    assert [one.id for one in Store(path).jobs()] == ["job1"]


def test_a_job_that_the_second_account_has_no_room_for_is_not_accepted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(path)
    store.add(job(1))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("chironomy.service.journal.os.fsync", full)
        with pytest.raises(ServiceError, match=r"cannot be used \(No space left on device\): make room") as refusal:
            store.add(job(2))
        assert refusal.value.status == 507
    assert [one.id for one in store.jobs()] == ["job1"]
    store.add(job(3))
    path.unlink()
    assert [one.id for one in Store(path).jobs()] == ["job3", "job1"]


def test_damage_under_a_running_backend_is_a_sentence_and_mended_by_the_next_start(path: Path) -> None:
    filled(path)
    store = Store(path)
    with path.open("r+b") as stream:
        stream.write(b"\xa5" * path.stat().st_size)
    store._connection.execute("PRAGMA shrink_memory")
    with pytest.raises(ServiceError, match=r"is damaged .*: start the backend anew"):
        store.jobs()
    assert len(Store(path).jobs()) == 60


def test_a_file_that_is_no_record_at_all_is_set_aside(path: Path) -> None:
    path.write_bytes(b"something else entirely, and long enough to be read as a head of a file" * 20)
    store = Store(path)
    assert "and the 0 jobs that are known go on" in store.notes[0]
    store.add(job(1))
    assert len(list(path.parent.glob("jobs-damaged-*.sqlite"))) == 1


def test_a_row_that_holds_no_job_is_damage(path: Path) -> None:
    store = Store(path)
    store.add(job(1))
    store.add(job(2))
    store.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET settings = '[' WHERE id = 'job1'")
    left = Store(path)
    assert [one.id for one in left.jobs()] == ["job2", "job1"]
    assert left.notes


def test_settings_that_a_later_version_reads_otherwise_are_no_damage(path: Path) -> None:
    store = Store(path)
    store.add(job(1))
    found = store.find("job1")
    assert found is not None
    found.settings, found.lane = {"times": 1, "added": 2.5}, "film"
    store.save(found)
    # As a process that is killed: nothing is closed.
    opened = Store(path)
    assert opened.notes == []
    assert opened.find("job1") == found


def test_a_row_that_asks_for_something_else_is_damage(path: Path) -> None:
    store = Store(path)
    store.add(job(1))
    store.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE jobs SET settings = '{\"times\":7}' WHERE id = 'job1'")
    (left,) = Store(path).jobs()
    assert left.settings == {"times": 1}


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
