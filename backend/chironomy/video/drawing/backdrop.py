# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind the character: the studio's wall, a plain colour or gradient, the portrait, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.outfits import parsed_colour
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.errors import VideoError
from chironomy.video.portrait.picture import read_picture

if TYPE_CHECKING:
    from chironomy.shot.shot import Media


def backdrop_plate(name: object, width: int, height: int, portrait: Media | None = None) -> NDArray[np.uint8] | None:
    """The picture behind the character, (height, width, 3) sRGB; None for the studio and for nothing.

    Args:
        name: one of `BACKDROPS`, "#rrggbb", or "#rrggbb:#rrggbb" for a gradient from top to bottom.
        width: pixels.
        height: pixels.
        portrait: for the backdrop "portrait": scaled so that it covers the picture, and cut evenly.

    Raises:
        VideoError: there is no such backdrop, or no portrait, or it cannot be read as a picture.
    """
    if not isinstance(name, str) or (name not in BACKDROPS and not name.startswith("#")):
        raise VideoError(
            f"backdrop is {name!r}, but must be one of {', '.join(BACKDROPS)}, a colour such as #3a5c70, or a gradient "
            "such as #3a5c70:#101820"
        )
    if name in ("studio", "transparent"):
        return None
    if name == "portrait":
        if portrait is None:
            raise VideoError("the backdrop is the portrait, but the shot has none; give it a portrait")
        return cover(read_picture(portrait.data, portrait.name), width, height)
    try:
        colours = [parsed_colour(text, "backdrop") for text in BACKDROPS.get(name) or name.split(":", 1)]
    except BodyError as error:
        raise VideoError(str(error)) from error
    return _gradient(colours[0], colours[-1], width, height)


def cover(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture scaled to cover (height, width), what is over cut away evenly on both sides."""
    from PIL import Image

    tall, wide = picture.shape[:2]
    scale = max(width / wide, height / tall)
    cut_wide, cut_tall = width / scale, height / scale
    box = ((wide - cut_wide) / 2, (tall - cut_tall) / 2, (wide + cut_wide) / 2, (tall + cut_tall) / 2)
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS, box=box))


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int], width: int, height: int) -> NDArray[np.uint8]:
    """From one colour to the other with soft ends; the steps between display values are hidden by a fixed dither."""
    part = (np.arange(height) + 0.5) / height
    part = (part * part * (3 - 2 * part))[:, None, None]
    colour = np.array(top, np.float64) + (np.array(bottom, np.float64) - np.array(top, np.float64)) * part
    if top == bottom:
        return np.broadcast_to(colour, (height, width, 3)).astype(np.uint8)
    from chironomy.video.drawing.shading import dither

    return np.clip(colour + dither(width, height)[..., None], 0, 255).astype(np.uint8)
