# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the tutorial's pictures from those of the walk through a window: `make tutorial-pictures`.

`make test-window` takes a picture of the whole window at every step. The tutorial shows the 3D view with the sidebar
and the timeline, as JPEG of 150 kB at the most; README shows one of them as a whole.
"""

import argparse
import io
import sys
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]

BOX = (0, 27, 1324, 1180)
"""Pixels of the walk's window that are shown: without the outliner, the properties and the bars above and below."""

WIDTH, LARGEST = 1100, 150_000
"""Pixels and bytes of a picture."""

SHOWN = (
    "01-speech",
    "02-character",
    "03-generate",
    "04-takes",
    "06-detail",
    "07-move-pose",
    "08-range",
    "09-phrase",
    "10-hand-poses",
    "11-mirror",
    "12-rendering",
)
"""Names of the walk's pictures that the tutorial has."""

WINDOW = "09-phrase"
"""The one that README has."""


def main() -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description="Make the tutorial's pictures from those of the walk.")
    parser.add_argument("--walk", type=Path, default=REPOSITORY / ".cache" / "window" / "pictures", help="its pictures")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "pictures" / "tutorial", help="to be written")
    options = parser.parse_args()
    missing = [name for name in SHOWN if not (options.walk / f"{name}.png").exists()]
    if missing:
        print(f"{options.walk} has no {missing[0]}.png: run make test-window first", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for name in SHOWN:
        picture = Image.open(options.walk / f"{name}.png").convert("RGB")
        write(picture.crop(BOX), options.out / f"{name}.jpg")
        if name == WINDOW:
            write(picture, options.out.parent / "window.jpg")
    return 0


def write(picture: Image.Image, path: Path) -> None:
    """Write a picture, no larger than it may be."""
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    data = next(data for quality in range(85, 0, -5) if len(data := as_jpeg(picture, quality)) <= LARGEST)
    path.write_bytes(data)
    print(f"{path}: {len(data) / 1e3:.0f} kB")


def as_jpeg(picture: Image.Image, quality: int) -> bytes:
    """Return a picture as JPEG."""
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality, optimize=True, progressive=True)
    return written.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
