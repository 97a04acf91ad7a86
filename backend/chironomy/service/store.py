# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of all jobs, in an SQLite file: what was accepted is there after any end of the process or the machine.

A record that is broken is set aside under another name, never deleted, and what can be read of it is taken over. Values
are numbers, text and JSON. One process uses the file at a time (`chironomy.service.lock`).
"""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from chironomy.client.protocol import DELETED, DONE, FINAL, QUEUED, RUNNING
from chironomy.service.errors import ServiceError
from chironomy.service.record import Event, Job

logger = logging.getLogger(__name__)

_MIGRATIONS = (
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        inputs TEXT NOT NULL,
        settings TEXT NOT NULL,
        names TEXT NOT NULL,
        work TEXT NOT NULL,
        lane TEXT NOT NULL,
        priority INTEGER NOT NULL,
        state TEXT NOT NULL,
        progress REAL NOT NULL,
        message TEXT NOT NULL,
        error TEXT,
        result TEXT,
        attempts INTEGER NOT NULL,
        stopping INTEGER NOT NULL,
        created REAL NOT NULL,
        started REAL,
        finished REAL
    );
    CREATE INDEX jobs_by_turn ON jobs (state, lane, priority DESC, attempts, number);
    CREATE INDEX jobs_by_work ON jobs (work);
    CREATE TABLE keys (
        key TEXT PRIMARY KEY,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE INDEX keys_by_job ON keys (job);
    """,
    """
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        record TEXT NOT NULL
    );
    """,
)
"""What makes each version of the file from the one before; `user_version` counts them."""

KEPT_EVENTS = 20_000
"""Changes of state that are kept for those who were away."""

_COLUMNS = tuple(Job.__dataclass_fields__)
_JSON = ("inputs", "settings", "names")
_STATES = (QUEUED, RUNNING, *sorted(FINAL))


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
        rows: list[dict[str, Any]] = []
        keys: list[tuple[str, str]] = []
        try:
            self._connection = _open(path)
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            aside = _set_aside(path)
            rows, keys = _readable(aside)
            self.notes.append(
                f"The record of jobs {path} was damaged ({error}): it was kept as {aside.name}, and {len(rows)} of its "
                "jobs could be read and go on"
            )
            logger.error(self.notes[-1])
            try:
                self._connection = _open(path)
            except sqlite3.Error as again:
                raise self._unusable(again) from again
        with self._writing() as database:
            for row in rows:
                with suppress(sqlite3.IntegrityError):
                    _insert(database, row)
            for key, job in keys:
                with suppress(sqlite3.IntegrityError):
                    database.execute("INSERT INTO keys VALUES (?, ?)", (key, job))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, job: Job, key: str | None = None) -> Event:
        """Keep a new record, and the key that its client knows it by."""
        with self._writing() as database:
            _insert(database, _row(job))
            if key is not None:
                database.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (key, job.id))
            return _note(database, job)

    def add_key(self, key: str, identifier: str) -> None:
        """Let a job be known by one more key."""
        with self._writing() as database:
            database.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (key, identifier))

    def find(self, identifier: str) -> Job | None:
        """The record of a job."""
        return self._one("SELECT * FROM jobs WHERE id = ?", identifier)

    def by_key(self, key: str) -> Job | None:
        """The record of the job that a client knows by a key."""
        return self._one("SELECT jobs.* FROM jobs JOIN keys ON keys.job = jobs.id WHERE keys.key = ?", key)

    def by_work(self, work: str, states: Collection[str]) -> Job | None:
        """The latest job that asks for this work and is in one of these states."""
        marks = ",".join("?" * len(states))
        query = f"SELECT * FROM jobs WHERE work = ? AND state IN ({marks}) ORDER BY number DESC LIMIT 1"
        return self._one(query, work, *states)

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
            job = _job(row)
            job.state, job.started, job.attempts = RUNNING, time.time(), job.attempts + 1
            _update(database, job)
            return _note(database, job)

    def save(self, job: Job) -> None:
        """Keep what has changed in a record, its state apart."""
        with self._writing() as database:
            _update(database, job)

    def change(self, job: Job) -> Event:
        """Keep a record that has changed its state."""
        with self._writing() as database:
            _update(database, job)
            return _note(database, job)

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

    def jobs(self, states: Collection[str] = _STATES, limit: int = 1 << 30) -> list[Job]:
        """The records of jobs in these states, the latest first."""
        marks = ",".join("?" * len(states))
        query = f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY number DESC LIMIT ?"
        return [_job(row) for row in self._all(query, *states, limit)]

    def count(self, state: str) -> int:
        """How many jobs are in a state."""
        return self._all("SELECT count(*) FROM jobs WHERE state = ?", state)[0][0]

    def delete(self, job: Job) -> Event:
        """Forget a job."""
        with self._writing() as database:
            database.execute("DELETE FROM jobs WHERE id = ?", (job.id,))
            return _note(database, replace(job, state=DELETED))

    def forget(self, maximum: int) -> None:
        """Forget the jobs that ended first, where more than so many have, and the changes of state of long ago."""
        marks = ",".join("?" * len(FINAL))
        with self._writing() as database:
            query = f"SELECT number FROM jobs WHERE state IN ({marks}) ORDER BY number DESC LIMIT 1 OFFSET ?"
            row = database.execute(query, (*FINAL, maximum)).fetchone()
            if row is not None:
                database.execute(f"DELETE FROM jobs WHERE state IN ({marks}) AND number <= ?", (*FINAL, row[0]))
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
        return _job(rows[0]) if rows else None

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
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> ServiceError:
        message = (
            f"The backend's record of jobs {self.path} cannot be used ({error}): make room and see that it may be "
            "written, or choose another folder with --data"
        )
        return ServiceError(message, status=507)


def _open(path: Path) -> sqlite3.Connection:
    """Open, check and bring up to date.

    Raises:
        sqlite3.OperationalError: it cannot be opened or written.
        sqlite3.DatabaseError: it is damaged.
        ServiceError: it is of a later version.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    try:
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            message = (
                f"The record of jobs {path} was made by a later version of chironomy: update this one, or choose "
                "another folder with --data"
            )
            raise ServiceError(message)
        _check(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        for number, migration in enumerate(_MIGRATIONS[version:], version + 1):
            connection.executescript(f"BEGIN; {migration} PRAGMA user_version = {number}; COMMIT;")
        if version < len(_MIGRATIONS):
            _check(connection)
        for row in connection.execute("SELECT * FROM jobs"):
            _job(row)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _set_aside(path: Path) -> Path:
    """Give a damaged file and its companions another name, which is returned."""
    stem = f"{path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    aside, number = path.with_name(f"{stem}{path.suffix}"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}{path.suffix}")
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    return aside


def _readable(path: Path) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The records and keys of a damaged file that can still be read: from both ends up to the damage."""
    rows: dict[str, dict[str, Any]] = {}
    keys: dict[str, str] = {}
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error):
                for row in connection.execute(f"SELECT * FROM jobs ORDER BY number {order}"):
                    with suppress(sqlite3.DatabaseError):
                        job = _job(row)
                        rows.setdefault(job.id, {"number": row["number"], **_row(job)})
            with suppress(sqlite3.Error):
                for key, job in connection.execute(f"SELECT key, job FROM keys ORDER BY key {order}"):
                    keys.setdefault(key, job)
    return sorted(rows.values(), key=lambda row: row["number"]), list(keys.items())


def _note(database: sqlite3.Connection, job: Job) -> Event:
    """Write down that a job has changed its state, in the transaction in which it does."""
    record = json.dumps(job.as_json(), separators=(",", ":"))
    number = database.execute("INSERT INTO events (record) VALUES (?)", (record,)).lastrowid
    assert number is not None
    return Event(number, replace(job), record)


def _row(job: Job) -> dict[str, Any]:
    values = {name: getattr(job, name) for name in _COLUMNS}
    return values | {name: json.dumps(values[name], separators=(",", ":")) for name in _JSON}


def _insert(database: sqlite3.Connection, row: dict[str, Any]) -> None:
    names = ",".join(row)
    marks = ",".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", row)


def _update(database: sqlite3.Connection, job: Job) -> None:
    changes = ",".join(f"{name} = :{name}" for name in _COLUMNS if name != "id")
    database.execute(f"UPDATE jobs SET {changes} WHERE id = :id", _row(job))


def _job(row: Any) -> Job:
    """A record from its row.

    Raises:
        sqlite3.DatabaseError: the row holds something else.
    """
    try:
        values = {name: row[name] for name in _COLUMNS}
        values |= {name: json.loads(values[name]) for name in _JSON}
        values["stopping"] = bool(values["stopping"])
        whole = all(isinstance(values[name], dict) for name in _JSON) and values["state"] in _STATES
    except (LookupError, TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a row cannot be read: {error}") from error
    if not whole:
        message = "a row holds no job"
        raise sqlite3.DatabaseError(message)
    return Job(**values)
