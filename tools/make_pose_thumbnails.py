# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the pictures of the hand poses: `python tools/make_pose_thumbnails.py` (`make pose-thumbnails`).

Each is the character's own right hand before nothing, in the preview's studio: the hand turns and the light stays. What
is drawn is made small, in steps of colour that nobody sees, so that all pictures together are light.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from chironomy.body.rig import Rig, load_rig
from chironomy.gesture.repertoire.hand_picture import PICTURE_SIZE, seen_hand
from chironomy.gesture.repertoire.hand_poses import HAND_POSES, HandPose
from chironomy.video.drawing.studio import Studio
from thumbnails import write_pictures

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "blender_addon" / "poses"

DRAWN, COARSE = 4 * PICTURE_SIZE, 4
"""Pixels of what is drawn for a picture, and the steps of its colours, of 256."""

COLUMNS, LINE = 8, 14
"""Pictures in a row of the sheet, and pixels of a name below one."""


def draw(rig: Rig, pose: HandPose) -> Image.Image:
    """One picture, with transparency."""
    seen = seen_hand(rig, pose, DRAWN)
    studio = Studio(seen.rig, seen.camera, backdrop="transparent")
    picture = Image.fromarray(studio.draw(seen.vertices.astype(np.float32)), "RGBA")
    small = picture.convert("RGBa").resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.LANCZOS).convert("RGBA")
    pixels = np.asarray(small) // COARSE * COARSE
    pixels[pixels[..., 3] == 0] = 0  # what is not seen need not be kept
    return Image.fromarray(pixels, "RGBA")


def sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All pictures on the grey of Blender's panels, with their names."""
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * PICTURE_SIZE, rows * (PICTURE_SIZE + LINE)), (48, 48, 48))
    write = ImageDraw.Draw(whole)
    for number, (name, picture) in enumerate(pictures.items()):
        left, top = number % COLUMNS * PICTURE_SIZE, number // COLUMNS * (PICTURE_SIZE + LINE)
        whole.paste(picture, (left, top), picture)
        write.text((left + 4, top + PICTURE_SIZE), name, fill=(220, 220, 220))
    return whole


def main() -> int:
    """Write the pictures."""
    rig = load_rig()
    return write_pictures(
        __doc__,
        FOLDER,
        lambda: {name: draw(rig, pose) for name, pose in HAND_POSES.items()},
        lambda pictures: sheet({HAND_POSES[name].label: picture for name, picture in pictures.items()}),
    )


if __name__ == "__main__":
    raise SystemExit(main())
