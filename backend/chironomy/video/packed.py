# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures as one file, so that a service can send it.

A zip without compression, which the pictures have of their own. What a folder's files are named after, its own name, is
left out of them in the zip: the folder may be given another where it is unpacked.
"""

from __future__ import annotations

import errno
import re
import secrets
import shutil
import zipfile
from pathlib import Path

from chironomy.video.errors import VideoError

MEDIA_TYPE = "application/zip"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ENTRY = re.compile(r"\.\d{5,9}\.(png|exr)|\.wav|about\.json")


def pack_pictures(folder: Path, archive: Path) -> None:
    """Write what `chironomy.video.sequence.Sequence` left in a folder to a zip.

    Raises:
        OSError: the disk is full or cannot be written to.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name.removeprefix(folder.name))


def check_folder(folder: Path) -> None:
    """Check that pictures may be unpacked as a folder, before they are made.

    Raises:
        VideoError: it is there already, and not empty, or there is no place for it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise VideoError(f"{folder} is there already; give the name of a new folder, or remove it")
    if not folder.parent.is_dir():
        raise VideoError(f"{folder} cannot be made: there is no folder {folder.parent}; make it or choose another")


def unpack_pictures(archive: Path, folder: Path) -> None:
    """Make the folder that `pack_pictures` packed, under a name of its own, whole or not at all.

    Raises:
        VideoError: the zip is no such folder or damaged, or the folder cannot be written.
    """
    check_folder(folder)
    arriving = folder.with_name(f".{folder.name[:60]}-{secrets.token_hex(6)}")
    try:
        with zipfile.ZipFile(archive) as packed:
            names = packed.namelist()
            strange = [name for name in names if not _ENTRY.fullmatch(name)]
            if strange or not names:
                raise VideoError(
                    f"{archive.name} is no folder of pictures" + (f": it has {strange[0]!r:.60}" if strange else "")
                )
            arriving.mkdir()
            for name in names:
                target = arriving / (folder.name + name if name.startswith(".") else name)
                with packed.open(name) as source, target.open("wb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)
        if folder.is_dir():
            folder.rmdir()
        arriving.replace(folder)
    except zipfile.BadZipFile as error:
        raise VideoError(f"{archive.name} is damaged: render again") from error
    except OSError as error:
        help_ = "free some space" if error.errno in _FULL else "choose a folder that you may write to"
        raise VideoError(f"{folder} could not be written ({error.strerror or error}); {help_}") from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
