# SPDX-License-Identifier: GPL-3.0-or-later
"""Many recordings at once: which there are, what lies beside each, and what the folders of what is made are called."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from chironomy.performance.errors import PerformanceError

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".aac", ".opus", ".mp4", ".mov", ".mkv", ".webm")
SCRIPTS = (".txt", ".srt", ".vtt", ".TextGrid", ".json")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class Wanted(NamedTuple):
    """One thing to be made: of a recording, in a style, with a seed; None is the usual one."""

    name: str
    speech: Path
    style: str | None
    seed: int | None


def recordings_in(paths: Sequence[Path]) -> list[Path]:
    """The recordings that are named: files, and folders of which all are taken, by name.

    Raises:
        PerformanceError: one is not there, or a folder has none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [each for each in sorted(path.iterdir()) if each.suffix.lower() in SOUNDS and each.is_file()]
            if not inside:
                raise PerformanceError(f"There is no recording in {path}: it takes {', '.join(SOUNDS)}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise PerformanceError(f"There is no recording {path}")
    return found


def each_of(recordings: Sequence[Path], styles: Sequence[str] = (), seeds: Sequence[int] = ()) -> Iterator[Wanted]:
    """Yield each recording in each style with each seed; their names tell apart what differs."""
    for path in recordings:
        for style in styles or (None,):
            for seed in seeds or (None,):
                parts = [safe_name(path.stem)]
                parts += [safe_name(str(style))] if len(styles) > 1 else []
                parts += [str(seed)] if len(seeds) > 1 else []
                yield Wanted("-".join(parts), path.absolute(), style, seed)


def beside(path: Path, suffixes: Sequence[str]) -> Path | None:
    """The first file beside another that has its name and one of these suffixes."""
    return next((other.absolute() for suffix in suffixes if (other := path.with_suffix(suffix)).is_file()), None)


def safe_name(text: str) -> str:
    """A text as it may stand in the name of a folder."""
    safe = "".join(letter if letter.isalnum() or letter in " .()+-_" else "_" for letter in text).strip(" ._-+")
    return safe[:80] or "recording"


def keep_previous(path: Path) -> None:
    """Move what is there into the first folder `previous-001`, `previous-002` … beside it that has no such file."""
    for number in range(1, 10**6):
        folder = path.parent / f"previous-{number:03d}"
        if not (folder / path.name).exists():
            folder.mkdir(exist_ok=True)
            path.replace(folder / path.name)
            return
