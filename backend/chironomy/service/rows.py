# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the record of jobs, and its rows."""

import contextlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from chironomy.client.protocol import FINAL, QUEUED, RUNNING
from chironomy.service.errors import ServiceError
from chironomy.service.record import Job

MIGRATIONS = (
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

COLUMNS = tuple(Job.__dataclass_fields__)
_JSON = ("inputs", "settings", "names")
ASKED = ("kind", "inputs", "settings", "names", "work", "created")
"""What a job was asked for, which never changes."""

STATES = (QUEUED, RUNNING, *sorted(FINAL))


def open_database(path: Path) -> sqlite3.Connection:
    """Open, check and bring up to date; what is made can be read by its owner alone.

    Raises:
        sqlite3.OperationalError: it cannot be opened or written.
        sqlite3.DatabaseError: it is damaged.
        ServiceError: it is of a later version.
    """
    # What SQLite lays beside the file has the file's own rights. Where that cannot be, it says so itself.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if (mode := path.stat().st_mode) & 0o077:
            path.chmod(mode & 0o700)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    try:
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            message = (
                f"The record of jobs {path} was made by a later version of chironomy: update this one, or choose "
                "another folder with --data"
            )
            raise ServiceError(message)
        _check(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            connection.executescript(f"BEGIN; {migration} PRAGMA user_version = {number}; COMMIT;")
        if version < len(MIGRATIONS):
            _check(connection)
        for found in connection.execute("SELECT * FROM jobs"):
            job_of(found)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def row_of(job: Job) -> dict[str, Any]:
    """The values of a job's row, by column."""
    values = {name: getattr(job, name) for name in COLUMNS}
    return values | {name: json.dumps(values[name], separators=(",", ":")) for name in _JSON}


def insert(database: sqlite3.Connection, row: dict[str, Any]) -> int:
    """Write a new row; returns its number.

    Raises:
        sqlite3.IntegrityError: there is one of that job.
    """
    names = ",".join(row)
    marks = ",".join(f":{name}" for name in row)
    number = database.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", row).lastrowid
    assert number is not None
    return number


def update(database: sqlite3.Connection, job: Job) -> None:
    """Write what a job's row says now."""
    changes = ",".join(f"{name} = :{name}" for name in COLUMNS if name != "id")
    database.execute(f"UPDATE jobs SET {changes} WHERE id = :id", row_of(job))


def job_of(row: Any) -> Job:
    """A record from its row, or from the same values by name.

    Raises:
        sqlite3.DatabaseError: the row holds something else.
    """
    try:
        values = {name: row[name] for name in COLUMNS}
        values |= {name: json.loads(values[name]) for name in _JSON}
        values["stopping"] = bool(values["stopping"])
        whole = all(isinstance(values[name], dict) for name in _JSON) and values["state"] in STATES
    except (LookupError, TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a row cannot be read: {error}") from error
    if not whole:
        message = "a row holds no job"
        raise sqlite3.DatabaseError(message)
    return Job(**values)
