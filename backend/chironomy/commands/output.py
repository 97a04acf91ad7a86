# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a command's results go: found out to be writable before the work starts, and whole or absent after it."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chironomy.errors import ChironomyError


class OutputError(ChironomyError):
    """Results cannot be put where they were asked for."""


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[Path]:
    """Make `folder` with its parents and see that files can be written there; what was made goes when the block fails.

    Raises:
        OutputError: it cannot be made or written to.
    """
    made: list[Path] = []
    try:
        for parent in reversed([folder, *folder.parents]):
            if not parent.exists():
                parent.mkdir()
                made.append(parent)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _remove(made)
        message = f"{folder} cannot be written ({error.strerror or error}); choose a folder that you may write to"
        raise OutputError(message) from error
    try:
        yield folder
    except BaseException:
        _remove(made)
        raise


@contextlib.contextmanager
def output_file(path: Path, suffix: str) -> Iterator[Path]:
    """The absolute path of a result, in a folder that is there and can be written.

    Raises:
        OutputError: its name does not end with `suffix`, it is a folder, or the folder cannot be written to.
    """
    path = path.absolute()
    if path.suffix.lower() != suffix:
        raise OutputError(f"{path} must be a {suffix} file; give --out a name that ends with {suffix}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give --out the name of a file in it")
    with made_folder(path.parent):
        yield path


@contextlib.contextmanager
def output_folder(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """A temporary folder inside `folder`; its files `names` are moved up when the block ends well, else all of it goes.

    Raises:
        OutputError: the folder cannot be written to, or one of the files is missing at the end or cannot be replaced.
    """
    folder = folder.absolute()
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give --out the name of a folder")
    with made_folder(folder):
        work = Path(tempfile.mkdtemp(prefix=".chironomy-", dir=folder))
        try:
            yield work
            if missing := [name for name in names if not (work / name).is_file()]:
                raise OutputError(f"{', '.join(missing)} did not come out of the work; nothing was written to {folder}")
            for name in names:
                try:
                    (work / name).replace(folder / name)
                except OSError as error:
                    message = (
                        f"{folder / name} cannot be replaced ({error.strerror or error}); close what holds it open"
                    )
                    raise OutputError(message) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _remove(folders: Sequence[Path]) -> None:
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()
