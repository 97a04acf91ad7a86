# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the manual's pictures: `make docs`.

The contact sheet and the picture of all maps come from the demo's folder; those of the window are `make
tutorial-pictures`.
"""

import argparse
from pathlib import Path

from PIL import Image

from chironomy.commands.video import shot_of_files
from make_map_picture import SIZE, save_map_picture, telling_frame

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "pictures"


def main() -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=REPOSITORY / "demo", help="folder that make demo wrote")
    options = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    compress(options.demo / "sheet.png", PICTURES / "sheet.jpg", 1600)
    shot = shot_of_files(options.demo / "motion.npz", REPOSITORY / "examples" / "speech.flac", None, "previz", SIZE)
    save_map_picture(shot, telling_frame(shot), PICTURES / "maps.jpg", 1680)
    return 0


def compress(source: Path, target: Path, width: int) -> None:
    """Write `source` as JPEG of at most `width` pixels."""
    picture = Image.open(source).convert("RGB")
    picture.thumbnail((width, width * 4), Image.Resampling.LANCZOS)
    picture.save(target, quality=85, optimize=True, progressive=True)
    print(f"{target}: {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    raise SystemExit(main())
