# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures as one file, so that a service can send it.

A zip without compression, which the pictures have of their own. What a folder's files are named after, its own name, is
left out of them in the zip: the folder may be given another where it is unpacked.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chironomy.files import FULL_DISK
from chironomy.reading import Archive
from chironomy.shot.errors import VideoError

MEDIA_TYPE = "application/zip"

ABOUT = "about.json"
"""The one file of a folder of pictures that is not named after it."""

LARGEST_ARCHIVE = 1 << 40
"""Bytes that pictures may unpack to: those of a long take in OpenEXR have hundreds of gigabytes."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)

_ENTRY = re.compile(r"\.\d{5,9}\.(png|exr)|\.wav|about\.json")


def pack_pictures(folder: Path, archive: Path) -> None:
    """Copy what `chironomy.video.film.sequence.Sequence` left in a folder to a zip.

    The same pictures give the same zip.

    Raises:
        VideoError: the disk is full or cannot be written to.
    """
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for path in sorted(folder.iterdir()):
                name = path.name if path.name == ABOUT else path.name.removeprefix(folder.name)
                entry = zipfile.ZipInfo(name, _FIXED_TIME)
                entry.file_size = path.stat().st_size
                with path.open("rb") as source, packed.open(entry, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except OSError as error:
        raise VideoError(f"the pictures could not be packed ({error.strerror or error}); free some space") from error


def check_folder(folder: Path) -> None:
    """Check that a folder of pictures would not come upon another one's files, before they are made.

    Raises:
        VideoError: it is there already, and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise VideoError(f"{folder} is there already; give the name of a new folder, or remove it")


@contextmanager
def room_beside(folder: Path) -> Iterator[Path]:
    """Give a temporary folder on the disk where pictures are wanted, which may be larger than that of other ones.

    Raises:
        VideoError: there is none to be had.
    """
    try:
        room = tempfile.TemporaryDirectory(prefix=".chironomy-", dir=folder.parent)
    except OSError as error:
        raise VideoError(
            f"{folder} cannot be made ({error.strerror or error}); choose a folder that you may write to"
        ) from error
    with room as name:
        yield Path(name)


def unpack_pictures(archive: Path, folder: Path) -> None:
    """Make the folder that `pack_pictures` packed, under a name of its own, whole or not at all.

    Raises:
        VideoError: the zip is no such folder or damaged, or the folder cannot be written.
    """
    check_folder(folder)
    arriving = folder.with_name(f".{folder.name[:60]}-{secrets.token_hex(6)}")
    try:
        with Archive(
            archive, VideoError, name=archive.name, advice="render again", maximum_bytes=LARGEST_ARCHIVE
        ) as packed:
            strange = [name for name in packed.names if not _ENTRY.fullmatch(name)]
            if strange or not packed.names:
                raise VideoError(
                    f"{archive.name} is no folder of pictures" + (f": it has {strange[0]!r:.60}" if strange else "")
                )
            arriving.mkdir()
            for name in packed.names:
                target = arriving / (folder.name + name if name.startswith(".") else name)
                with target.open("wb") as stream:
                    packed.copy(name, stream, LARGEST_ARCHIVE)
        if folder.is_dir():
            folder.rmdir()
        arriving.replace(folder)
    except OSError as error:
        help_ = "free some space" if error.errno in FULL_DISK else "choose a folder that you may write to"
        raise VideoError(f"{folder} could not be written ({error.strerror or error}); {help_}") from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
