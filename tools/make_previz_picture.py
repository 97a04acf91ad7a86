# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the picture of docs/previz.md: `python tools/make_previz_picture.py` (part of `make docs`).

Four looks of the example recording with its gestures, then one moment in close-up without and with the body's
accompaniment.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
TALL = 560
LOOKS = (
    ((512, 704), 30, {}),
    ((512, 704), 80, {"outfit": "burgundy", "backdrop": "dusk", "burn_in": True, "take": "Speech, take 3"}),
    ((720, 720), 150, {"outfit": "charcoal", "backdrop": "white"}),
    ((720, 1280), 215, {"outfit": "oat", "backdrop": "green"}),
)


def main() -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "pictures" / "previz.jpg")
    options = parser.parse_args()
    from chironomy.commands.video import shot_of_files
    from chironomy.gesture import GesturePipeline, embedded_weights
    from chironomy.motion import save_hands
    from chironomy.speech import load_speech

    tiles = []
    with tempfile.TemporaryDirectory() as folder:
        motion = Path(folder) / "m.npz"
        save_hands(GesturePipeline.from_pretrained(embedded_weights())(load_speech(EXAMPLE), seed=0), motion)
        for size, frame, look in LOOKS:
            shot = shot_of_files(motion, EXAMPLE, None, "previz", size, settings=look, alive=True)
            tiles.append(picture_of(shot, frame))
        for alive in (False, True):
            shot = shot_of_files(motion, EXAMPLE, None, "previz", (400, 440), alive=alive)
            tiles.append(picture_of(shot.replaced(camera=face_camera(shot.camera)), 110))
    half = [tile.resize((round(tile.width * TALL / 2 / tile.height), TALL // 2)) for tile in tiles[-2:]]
    whole = [
        tile.resize((round(tile.width * TALL / tile.height), TALL), Image.Resampling.LANCZOS) for tile in tiles[:-2]
    ]
    sheet = Image.new("RGB", (sum(tile.width for tile in whole) + half[0].width, TALL))
    left = 0
    for tile in whole:
        sheet.paste(tile, (left, 0))
        left += tile.width
    for index, tile in enumerate(half):
        sheet.paste(tile, (left, index * TALL // 2))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.out, quality=82, optimize=True, progressive=True)
    print(f"{options.out}: {sheet.width}x{sheet.height}, {options.out.stat().st_size / 1e3:.0f} kB")
    return 0


def picture_of(shot, frame: int) -> Image.Image:
    """One frame, with what is burnt in."""
    from chironomy.video.engines.registry import get_engine
    from chironomy.video.film.burn_in import burned_in

    settings = {name: value for name, value in shot.settings.items() if name not in ("burn_in", "take")}
    part = shot.replaced(frame_start=frame, frame_stop=frame + 1, settings=settings)
    frames = get_engine(shot.engine).render(part)
    if shot.settings.get("burn_in"):
        frames = burned_in(frames, frame, shot.fps, shot.settings.get("take", ""))
    return Image.fromarray(next(iter(frames)))


def face_camera(camera):
    """The same camera with a longer lens, shifted up to the face."""
    from chironomy.shot.camera import Camera

    return Camera(400, 440, 3600.0, camera.position, camera.rotation, np.array([200.0, 750.0]))


if __name__ == "__main__":
    raise SystemExit(main())
