# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of what draws the add-on's pictures: one for each name, in a folder that holds no others."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image


def write_pictures(
    about: str | None,
    folder: Path,
    draw: Callable[[], Mapping[str, Image.Image]],
    sheet: Callable[[Mapping[str, Image.Image]], Image.Image],
) -> int:
    """Write the pictures, take away those of names that are gone, and return the exit status.

    Args:
        about: what the command does.
        folder: where the pictures go, unless `--out` names another.
        draw: gives them by their names.
        sheet: lays them on one, to look at.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--out", type=Path, default=folder)
    parser.add_argument("--sheet", type=Path, help="also write all of them on one sheet, to look at")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = draw()
    for stale in options.out.glob("*.png"):
        if stale.stem not in pictures:
            stale.unlink()
    for name, picture in pictures.items():
        picture.save(options.out / f"{name}.png", optimize=True)
    size = sum(path.stat().st_size for path in options.out.glob("*.png"))
    print(f"{options.out}: {len(pictures)} pictures, {size / 1e3:.0f} kB")
    if options.sheet:
        sheet(pictures).save(options.sheet)
    return 0
