# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a record of jobs that is damaged."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from chironomy.client.protocol import DONE
from chironomy.service.journal import Kept
from chironomy.service.rows import ASKED, insert, job_of, row_of

_GAP = 1000


def set_aside(path: Path) -> Path:
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


def readable(path: Path) -> Kept:
    """What can still be read of a damaged file: from both ends up to the damage."""
    found = Kept()
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error):
                for row in connection.execute(f"SELECT * FROM jobs ORDER BY number {order}"):
                    with suppress(sqlite3.DatabaseError):
                        job = job_of(row)
                        found.rows.setdefault(job.id, {"number": row["number"], **row_of(job)})
            with suppress(sqlite3.Error):
                for key, identifier in connection.execute(f"SELECT key, job FROM keys ORDER BY key {order}"):
                    found.keys.setdefault(key, identifier)
    return found


def altered(connection: sqlite3.Connection, kept: Kept) -> None:
    """Compare the rows of a file that looks whole with what the journal knows of them.

    Raises:
        sqlite3.DatabaseError: one asks for something else than was asked for.
    """
    for row in connection.execute("SELECT * FROM jobs"):
        known = kept.rows.get(row["id"])
        if known is not None and any(known[name] != row[name] for name in ASKED):
            raise sqlite3.DatabaseError(f"the row of job {row['id']} is not what was written")


def put_back(database: sqlite3.Connection, kept: Kept) -> int:
    """Write what is known into the tables that have less of it; returns how many jobs that were.

    A job that is done is not begun again, whatever the tables say of it.
    """
    changed = 0
    for row in sorted(kept.rows.values(), key=lambda row: row["number"]):
        here = database.execute("SELECT state FROM jobs WHERE id = ?", (row["id"],)).fetchone()
        if here is None:
            taken = database.execute("SELECT 1 FROM jobs WHERE number = ?", (row["number"],)).fetchone()
            insert(database, {name: value for name, value in row.items() if name != "number" or not taken})
            changed += 1
        elif row["state"] == DONE and here["state"] != DONE:
            database.execute("DELETE FROM jobs WHERE id = ?", (row["id"],))
            insert(database, row)
            changed += 1
    for key, identifier in kept.keys.items():
        with suppress(sqlite3.IntegrityError):
            database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, identifier))
    # Who listened before must not take a new change for one that was told already.
    last = database.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'").fetchone()[0] or 0
    if kept.event > last:
        database.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
        database.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (kept.event + _GAP,))
    return changed
