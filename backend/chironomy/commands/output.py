# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a command's results go: found out to be writable before the work starts, and whole or absent after it."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from chironomy.errors import ChironomyError

MOST_REMARKS = 12
"""Sentences that a command says of its result at the most."""


class OutputError(ChironomyError):
    """Results cannot be put where they were asked for."""


def say_remarks(sentences: Sequence[str]) -> None:
    """Say on standard error what was not done as it was asked for: the first of many, and how many more there are."""
    for sentence in sentences[:MOST_REMARKS]:
        print(sentence, file=sys.stderr)
    if (more := len(sentences) - MOST_REMARKS) > 0:
        print(f"and {more} more of the kind", file=sys.stderr)


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
def output_file(path: Path, suffix: str, inputs: Sequence[Path], option: str = "--out") -> Iterator[Path]:
    """The absolute path of a result, in a folder that is there and can be written.

    Args:
        path: of the result.
        suffix: that it must have; "" for a folder that is not there yet.
        inputs: files that the result must not replace.
        option: of the command, which the path was given with.

    Raises:
        OutputError: its name does not end with `suffix`, it is a folder or an input, or its folder cannot be written
            to.
    """
    path = path.absolute()
    if suffix and path.suffix.lower() != suffix:
        raise OutputError(f"{path} must be a {suffix} file; give {option} a name that ends with {suffix}")
    if suffix and path.is_dir():
        raise OutputError(f"{path} is a folder; give {option} the name of a file in it")
    if not suffix and path.exists() and (path.is_file() or any(path.iterdir())):
        raise OutputError(f"{path} is there already; give {option} the name of a new folder")
    if any(_same(path, given) for given in inputs):
        raise OutputError(f"{path} is what the work starts from; give {option} another name")
    with made_folder(path.parent):
        yield path


@contextlib.contextmanager
def output_folder(
    folder: Path, names: Sequence[str], inputs: Sequence[Path], others: Sequence[str] = ()
) -> Iterator[Path]:
    """A temporary folder inside `folder`; its results `names` move up when the block ends well, else all of it goes.

    Files and folders of those names that are there already, which a person may have worked on, are kept in a folder
    `previous-001`, `previous-002`, ... beside the new ones.

    Args:
        folder: for the results.
        names: of the results.
        inputs: files that no result must replace.
        others: names that another run's results have and this one's do not: they would stand beside what they are not
            of, and are kept with the rest.

    Raises:
        OutputError: a result would replace an input, the folder cannot be written to, or one of the results is missing
            at the end or cannot be replaced.
    """
    folder = folder.absolute()
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give --out the name of a folder")
    for name in names:
        if any(_same(folder / name, given) for given in inputs):
            raise OutputError(f"{folder / name} is what the work starts from; give --out another folder")
    with made_folder(folder):
        work = Path(tempfile.mkdtemp(prefix=".chironomy-", dir=folder))
        try:
            yield work
            if missing := [name for name in names if not (work / name).exists()]:
                raise OutputError(f"{', '.join(missing)} did not come out of the work; nothing was written to {folder}")
            stale = [name for name in others if not any(_same(folder / name, given) for given in inputs)]
            earlier = [name for name in (*names, *stale) if (folder / name).exists()]
            kept = _free_folder(folder) if earlier else folder
            for name in dict.fromkeys((*names, *stale)):
                try:
                    if name in earlier:
                        kept.mkdir(exist_ok=True)
                        (folder / name).replace(kept / name)
                    if name in names:
                        (work / name).replace(folder / name)
                except OSError as error:
                    message = (
                        f"{folder / name} cannot be replaced ({error.strerror or error}); close what holds it open"
                    )
                    raise OutputError(message) from error
            if earlier:
                print(f"kept the earlier {', '.join(earlier)} in {kept}", file=sys.stderr)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _free_folder(folder: Path) -> Path:
    """The first of `previous-001`, `previous-002`, ... in `folder` that is not there."""
    return next(path for number in range(1, 10**6) if not (path := folder / f"previous-{number:03d}").exists())


def _same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve()


def _remove(folders: Sequence[Path]) -> None:
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()
