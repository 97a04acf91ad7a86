# SPDX-License-Identifier: GPL-3.0-or-later
"""The note that a job's result lies in the blob store, for a backend that was killed before its record said so."""

import contextlib
import json
from pathlib import Path

from chironomy.files import atomic_path
from chironomy.service.blobs import is_sha256

_NOTE = "finished.json"


def note_finished(folder: Path, sha: str) -> None:
    """Write the note into the job's folder.

    Raises:
        ChironomyError: it cannot be written.
    """
    with atomic_path(folder / _NOTE) as partial:
        partial.write_text(json.dumps({"result": sha}), encoding="ascii")


def finished_result(folder: Path) -> str | None:
    """The SHA-256 of the result that the note names; None where there is none."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        sha = json.loads((folder / _NOTE).read_text(encoding="ascii"))["result"]
        return sha if is_sha256(sha) else None
    return None
