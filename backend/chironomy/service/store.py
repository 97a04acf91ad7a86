# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of all jobs, in an SQLite file: what was accepted is there after any end of the process or the machine.

A record that is broken is set aside under another name, never deleted; what is known of it, by the journal beside it
and by what can still be read, is taken over. Values are numbers, text and JSON. One process uses the file at a time
(`chironomy.service.lock`).
"""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from chironomy.client.protocol import DELETED, DONE, FINAL, QUEUED, RUNNING
from chironomy.service.errors import ServiceError
from chironomy.service.journal import Journal, Kept
from chironomy.service.record import Event, Job
from chironomy.service.rows import ASKED, STATES, insert, job_of, open_database, row_of, update
from chironomy.service.salvage import altered, put_back, readable, set_aside

logger = logging.getLogger(__name__)

KEPT_EVENTS = 20_000
"""Changes of state that are kept for those who were away."""


class Store:
    """The file of records. Every method may be called by any thread; each change is on the disk when it returns.

    Args:
        path: the file; made when missing.

    Attributes:
        notes: sentences about what was found at the opening, for whoever looks after the backend.

    Raises:
        ServiceError: the file cannot be opened or made, or is of a later version. From every method: (507) it cannot
            be written, as where the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._lock = threading.RLock()
        self._lines: list[dict[str, Any]] = []
        self._journal = Journal(path.with_name(f"{path.stem}.journal"))
        kept = self._journal.read()
        try:
            self._connection = open_database(path)
            try:
                altered(self._connection, kept)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            kept = self._set_aside(error, kept)
        with self._writing() as database:
            lost = put_back(database, kept)
        if lost and not self.notes:
            self.notes.append(
                f"{lost} jobs were missing in the record of jobs {path}, and go on from its second account"
            )
            logger.warning(self.notes[-1])
        self._journal.rewrite(self._known())

    def _set_aside(self, error: sqlite3.DatabaseError, kept: Kept) -> Kept:
        """Begin a new file, and return what is known of the jobs."""
        try:
            aside = set_aside(self.path)
        except OSError as failure:
            message = (
                f"The record of jobs {self.path} is damaged, and cannot be set aside ({failure.strerror or failure}): "
                "see that its folder may be written"
            )
            raise ServiceError(message, status=507) from failure
        found = readable(aside)
        known = Kept(found.rows | kept.rows, found.keys | kept.keys, kept.event)
        self.notes.append(
            f"The record of jobs {self.path} was damaged ({one_line(error)}): it was kept as {aside.name}, and the "
            f"{len(known.rows)} jobs that are known go on"
        )
        logger.error(self.notes[-1])
        try:
            self._connection = open_database(self.path)
        except sqlite3.Error as again:
            raise self._unusable(again) from again
        return known

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, job: Job, key: str | None = None) -> Event:
        """Keep a new record, and the key that its client knows it by."""
        with self._writing() as database:
            row = row_of(job)
            row["number"] = insert(database, row)
            self._lines.append({"row": row})
            if key is not None:
                database.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (key, job.id))
                self._lines.append({"key": key, "id": job.id})
            return self._note(database, job)

    def add_key(self, key: str, identifier: str) -> None:
        """Let a job be known by one more key."""
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (key, identifier))
            self._lines.append({"key": key, "id": identifier})

    def find(self, identifier: str) -> Job | None:
        """The record of a job."""
        return self._one("SELECT * FROM jobs WHERE id = ?", identifier)

    def by_key(self, key: str) -> Job | None:
        """The record of the job that a client knows by a key."""
        return self._one("SELECT jobs.* FROM jobs JOIN keys ON keys.job = jobs.id WHERE keys.key = ?", key)

    def by_work(self, work: str, states: Collection[str]) -> Job | None:
        """The latest job that asks for this work and is in one of these states; one that is to stop comes last."""
        marks = ",".join("?" * len(states))
        query = f"SELECT * FROM jobs WHERE work = ? AND state IN ({marks}) ORDER BY stopping, number DESC LIMIT 1"
        return self._one(query, work, *states)

    def at_work(self, beginning: str) -> bool:
        """Whether a job waits or runs whose work's name begins so."""
        # No hexadecimal digit comes after "f".
        query = "SELECT 1 FROM jobs WHERE work >= ? AND work < ? AND state IN (?, ?) LIMIT 1"
        return bool(self._all(query, beginning, f"{beginning}g", QUEUED, RUNNING))

    def claim(self, lane: str) -> Event | None:
        """Take the next job of a lane: it is running from now on; None where none waits."""
        # With UPDATE … RETURNING this would be one statement, but some systems with Python 3.11 have SQLite 3.34.
        with self._writing() as database:
            # One that does the same work may be about to stop, and work in the same folder. What has cost a worker
            # waits behind what has not.
            query = (
                "SELECT * FROM jobs WHERE state = ? AND lane = ? AND work NOT IN "
                "(SELECT work FROM jobs WHERE state = ?) ORDER BY priority DESC, attempts, number LIMIT 1"
            )
            row = database.execute(query, (QUEUED, lane, RUNNING)).fetchone()
            if row is None:
                return None
            job = job_of(row)
            job.state, job.started, job.attempts = RUNNING, time.time(), job.attempts + 1
            self._update(database, job)
            return self._note(database, job)

    def save(self, job: Job) -> None:
        """Keep what has changed in a record, its state apart."""
        with self._writing() as database:
            update(database, job)
            self._lines.append({"id": job.id, "change": row_of(job)})

    def change(self, job: Job) -> Event:
        """Keep a record that has changed its state."""
        with self._writing() as database:
            self._update(database, job)
            return self._note(database, job)

    def events(self, after: int, limit: int) -> list[tuple[int, str]]:
        """The changes of state after one of them, the first first: number, and the record as JSON that it made."""
        rows = self._all("SELECT number, record FROM events WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        return [(row[0], row[1]) for row in rows]

    def numbers(self) -> tuple[int, int]:
        """The numbers of the first change of state that is kept and of the last.

        Where none is kept, of the next one and of the one before it.
        """
        first = self._all("SELECT min(number) FROM events")[0][0]
        last = self._all("SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'")[0][0] or 0
        return (last + 1 if first is None else first), last

    def jobs(self, states: Collection[str] = STATES, limit: int = 1 << 30) -> list[Job]:
        """The records of jobs in these states, the latest first."""
        marks = ",".join("?" * len(states))
        query = f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY number DESC LIMIT ?"
        return [job_of(row) for row in self._all(query, *states, limit)]

    def count(self, state: str) -> int:
        """How many jobs are in a state."""
        return self._all("SELECT count(*) FROM jobs WHERE state = ?", state)[0][0]

    def delete(self, job: Job) -> Event:
        """Forget a job."""
        with self._writing() as database:
            database.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
            self._lines.append({"gone": job.id})
            return self._note(database, replace(job, state=DELETED))

    def forget(self, maximum: int) -> None:
        """Forget the jobs that ended first, where more than so many have, and the changes of state of long ago."""
        marks = ",".join("?" * len(FINAL))
        with self._writing() as database:
            query = f"SELECT number FROM jobs WHERE state IN ({marks}) ORDER BY number DESC LIMIT 1 OFFSET ?"
            row = database.execute(query, (*FINAL, maximum)).fetchone()
            if row is not None:
                ended = f"FROM jobs WHERE state IN ({marks}) AND number <= ?"
                gone = database.execute(f"SELECT id {ended}", (*FINAL, row[0])).fetchall()
                database.execute(f"DELETE {ended}", (*FINAL, row[0]))
                self._lines += [{"gone": each["id"]} for each in gone]
            last = database.execute("SELECT max(number) FROM events").fetchone()[0] or 0
            database.execute("DELETE FROM events WHERE number <= ?", (last - KEPT_EVENTS,))

    def live_blobs(self) -> set[str]:
        """The SHA-256 of all that waiting and running jobs need."""
        rows = self._all("SELECT inputs FROM jobs WHERE state IN (?, ?)", QUEUED, RUNNING)
        return {sha for row in rows for sha in json.loads(row[0]).values()}

    def results(self) -> set[str]:
        """The SHA-256 of what done jobs made."""
        return {row[0] for row in self._all("SELECT result FROM jobs WHERE state = ? AND result IS NOT NULL", DONE)}

    def _one(self, query: str, *values: object) -> Job | None:
        rows = self._all(query, *values)
        return job_of(rows[0]) if rows else None

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all."""
        with self._lock:
            self._lines.clear()
            before = None
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    before = self._tell_journal()
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    if before is not None:
                        self._journal.cut(before)
                    raise
            except (sqlite3.Error, OSError) as error:
                raise self._unusable(error) from error
            if self._journal.behind or self._journal.grown:
                self._journal.rewrite(self._known())

    def _tell_journal(self) -> int | None:
        """Write the change down a second time.

        Raises:
            OSError: a job is added, and cannot be.
        """
        if not self._lines:
            return None
        new = any("row" in line for line in self._lines)
        try:
            return self._journal.append(self._lines, surely=new)
        except OSError:
            self._journal.behind = True
            if new:
                raise
        return None

    def _update(self, database: sqlite3.Connection, job: Job) -> None:
        update(database, job)
        changed = {name: value for name, value in row_of(job).items() if name not in (*ASKED, "id")}
        self._lines.append({"id": job.id, "change": changed})

    def _note(self, database: sqlite3.Connection, job: Job) -> Event:
        """Write down that a job has changed its state, in the transaction in which it does."""
        record = json.dumps(job.as_json(), separators=(",", ":"))
        number = database.execute("INSERT INTO events (record) VALUES (?)", (record,)).lastrowid
        assert number is not None
        self._lines.append({"event": number})
        return Event(number, replace(job), record)

    def _known(self) -> Kept:
        """All that the tables hold of jobs."""
        rows = {row["id"]: dict(row) for row in self._all("SELECT * FROM jobs ORDER BY number")}
        keys = {row["key"]: row["job"] for row in self._all("SELECT key, job FROM keys")}
        return Kept(rows, keys, self.numbers()[1])

    def _unusable(self, error: sqlite3.Error | OSError) -> ServiceError:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            message = (
                f"The backend's record of jobs {self.path} is damaged ({one_line(error)}): start the backend anew, "
                "which sets it aside and goes on with what it knows"
            )
            return ServiceError(message, status=507)
        reason = error.strerror or error if isinstance(error, OSError) else error
        message = (
            f"The backend's record of jobs {self.path} cannot be used ({reason}): make room and see that it may be "
            "written, or choose another folder with --data"
        )
        return ServiceError(message, status=507)


def one_line(error: Exception) -> str:
    """What SQLite says, without its own formatting."""
    return " ".join(str(error).replace("***", "").split())
