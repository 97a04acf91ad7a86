# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of every room: written whole or not at all, in the folders that the platform has for them.

Nothing is ever half-written: files appear under their name when they are whole and on the disk.
"""

import errno
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chironomy.errors import ChironomyError

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a write to a disk without room, over a quota, or to a file that may not grow so large fails with."""

NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What a write fails with where it is forbidden."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, with its suffix, and move it to `path` when the block ends well.

    The temporary file does not exist yet; the block writes it. Where the block fails, it is removed and whatever was
    at `path` stays.

    Raises:
        ChironomyError: the folder does not exist, cannot be written or is full, or the file cannot be put there.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ChironomyError(f"{path} cannot be written: there is no folder {path.parent}; make it or choose another")
    if path.is_dir():
        raise ChironomyError(f"{path} is a folder; give the name of a file to write")
    temporary = path.with_name(f".{path.stem[:60]}-{secrets.token_hex(6)}{path.suffix}")
    try:
        temporary.touch(exist_ok=False)
        temporary.unlink()
    except OSError as error:
        raise ChironomyError(
            f"{path} cannot be written ({error.strerror}); choose a folder that you may write to"
        ) from error
    try:
        yield temporary
        if temporary.is_file():
            keep(temporary)
        try:
            temporary.replace(path)
        except OSError as error:
            raise ChironomyError(
                f"{path} cannot be replaced ({error.strerror}); close whatever holds it open, or choose another name"
            ) from error
    except OSError as error:
        if error.errno in FULL_DISK:
            raise ChironomyError(f"{path} cannot be written ({error.strerror}); free some space") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def remove_left(path: Path) -> None:
    """Remove what killed processes left of `atomic_path` beside `path`, which nobody may be writing now."""
    name = re.compile(re.escape(f".{path.stem[:60]}-") + "[0-9a-f]{12}" + re.escape(path.suffix))
    for left in path.parent.glob(".*"):
        if name.fullmatch(left.name):
            left.unlink(missing_ok=True)


def keep(path: Path) -> None:
    """See that a file's bytes are on the disk: what is renamed before that may be empty after a loss of power.

    Raises:
        OSError: they cannot be written, as where the disk is full.
    """
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def keep_names(folder: Path) -> None:
    """See that the names in a folder are on the disk, on systems that keep them apart."""
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def user_folder() -> Path:
    """The platform's folder for a user's data."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "chironomy"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "chironomy"
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share") / "chironomy"


def announcements_folder() -> Path:
    """Where backends at a fixed address say that they run: of this user alone."""
    return user_folder() / "backends"


def data_folder() -> Path:
    """Where the backend keeps its blobs unless told otherwise: the platform's folder for a user's caches."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "chironomy" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "chironomy"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache") / "chironomy"
