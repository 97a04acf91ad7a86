# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders that a backend was asked for, remembered in a file: they go on when Blender ends, or at its next start."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from chironomy.client import ClientError, JobCancelled, JobFailed
from chironomy.files import atomic_path

MOST = 20
"""What is remembered before the oldest goes."""


@dataclass(frozen=True)
class Asked:
    """A render that a backend draws.

    Attributes:
        job: its name there.
        url: of the backend, as the preferences have it; empty for the one that Blender finds or starts.
        video: path of the film, or of the folder of pictures.
        format: of the video.
        file: path of the .blend; empty where it was never saved.
        scene: name of the scene.
    """

    job: str
    url: str
    video: str
    format: str
    file: str = ""
    scene: str = ""


class _Known:
    """What is remembered, as it was read last, and what this Blender waits for itself."""

    entries: tuple[Asked, ...] | None = None
    waited_for: frozenset[str] = frozenset()


_writing = threading.Lock()


@contextmanager
def remembered(asked: Asked, path: Path) -> Iterator[None]:
    """Remember a render while the block waits for it, and after it where the backend may still draw it.

    Args:
        asked: the render.
        path: the file that it is remembered in.
    """
    with _writing:
        _Known.waited_for |= {asked.job}
        _write(path, (*(entry for entry in _read(path) if entry.job != asked.job), asked))
    lost = False
    try:
        yield
    except (JobFailed, JobCancelled):
        raise
    except ClientError:
        lost = True
        raise
    finally:
        with _writing:
            _Known.waited_for -= {asked.job}
            if not lost:
                _write(path, tuple(entry for entry in _read(path) if entry.job != asked.job))


def forget(job: str, path: Path) -> None:
    """Remember a render no more."""
    with _writing:
        _write(path, tuple(entry for entry in _read(path) if entry.job != job))


def left(url: str, path: Path) -> tuple[Asked, ...]:
    """Return the renders of a backend that nobody waits for any more, the newest first."""
    if _Known.entries is None:
        with _writing:
            _Known.entries = _read(path)
    found = (entry for entry in _Known.entries if entry.url == url and entry.job not in _Known.waited_for)
    return tuple(found)[::-1]


def _read(path: Path) -> tuple[Asked, ...]:
    # What cannot be read is as good as none: the renders are the backend's all the same.
    with suppress(OSError, ValueError, TypeError):
        return tuple(Asked(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    return ()


def _write(path: Path, entries: tuple[Asked, ...]) -> None:
    _Known.entries = entries[-MOST:]
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps([asdict(entry) for entry in _Known.entries]), encoding="utf-8")
