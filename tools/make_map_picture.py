# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the manual's picture of every map of one frame, beside the preview of that frame."""

import argparse
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chironomy.body.rig import load_rig
from chironomy.commands.video import shot_of_files
from chironomy.shot.camera import Camera
from chironomy.shot.shot import Shot
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.maps import MAPS, skeleton

REPOSITORY = Path(__file__).resolve().parents[1]
SIZE = (512, 704)
CLOSER = 3.5


def main() -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motion", type=Path, default=REPOSITORY / "demo" / "motion.npz")
    parser.add_argument("--speech", type=Path, default=REPOSITORY / "examples" / "speech.flac")
    parser.add_argument("--time", type=float, help="seconds (default: a moment of raised hands and an open mouth)")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "pictures" / "maps.jpg")
    parser.add_argument("--width", type=int, default=1680)
    options = parser.parse_args()
    shot = shot_of_files(options.motion, options.speech, None, "previz", SIZE)
    frame = (
        telling_frame(shot) if options.time is None else min(round(options.time * shot.fps), shot.hands.frame_count - 1)
    )
    save_map_picture(shot, frame, options.out, options.width)
    return 0


def telling_frame(shot: Shot) -> int:
    """Of the fifth of the frames with both hands highest, the one with the widest open mouth."""
    height = shot.hands.wrist_position[:, :, 1].min(axis=1)
    raised = height >= np.quantile(height, 0.8)
    return int(np.where(raised, shot.face.action("jawOpen"), -1.0).argmax())


def save_map_picture(shot: Shot, frame: int, path: Path, width: int) -> None:
    """Write all maps of a frame as one JPEG; the face in a close-up.

    Args:
        shot: what to draw.
        frame: which frame of the tracks.
        path: the JPEG.
        width: its width, pixels.
    """
    preview = next(PrevizEngine().render(shot.replaced(frame_start=frame, frame_stop=frame + 1)))
    tiles = {"preview": preview}
    for name, kind in MAPS.items():
        seen = shot.replaced(camera=close_up(shot, frame)) if name == "face" else shot
        tiles["face, closer" if name == "face" else name] = kind.draw(seen, frame)
    columns = math.ceil(len(tiles) / 2)
    tile_width = width // columns
    tile_height = round(tile_width * shot.height / shot.width)
    sheet = Image.new("RGB", (tile_width * columns, 2 * tile_height))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for place, (name, tile) in enumerate(tiles.items()):
        corner = (place % columns * tile_width, place // columns * tile_height)
        small = Image.fromarray(tile).resize((tile_width - 2, tile_height - 2), Image.Resampling.LANCZOS)
        sheet.paste(small, (corner[0] + 1, corner[1] + 1))
        style = {"stroke_width": 2, "stroke_fill": (0, 0, 0)}
        draw.text((corner[0] + 8, corner[1] + 7), name, font=font, fill=(255, 255, 255), **style)
    sheet.save(path, quality=82, optimize=True, progressive=True)
    print(f"{path}: frame {frame}, {path.stat().st_size / 1e3:.0f} kB")


def close_up(shot: Shot, frame: int) -> Camera:
    """The same camera with a longer lens on the face."""
    camera = shot.camera
    face = skeleton(shot, frame, load_rig()).face
    middle = 0.5 * (face.min(axis=0) + face.max(axis=0))
    centre = np.array([camera.width, camera.height]) / 2 + CLOSER * (camera.centre - middle)
    return Camera(
        camera.width, camera.height, CLOSER * camera.focal, camera.position, camera.rotation, centre, camera.near
    )


if __name__ == "__main__":
    raise SystemExit(main())
