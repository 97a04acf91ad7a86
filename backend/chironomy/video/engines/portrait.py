# SPDX-License-Identifier: GPL-3.0-or-later
"""The portrait of a shot, as the engines take it."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from chironomy.video.errors import VideoError
from chironomy.video.shot import Media, Shot


def portrait(shot: Shot) -> NDArray[np.uint8]:
    """The shot's reference picture in the shot's size: (height, width, 3) uint8 RGB.

    Raises:
        VideoError: the shot has none, or it is no picture.
    """
    if shot.reference is None:
        raise VideoError("this engine needs a portrait to make speak; give the shot a reference picture")
    return fitted(read_reference(shot.reference), shot.width, shot.height)


def read_reference(media: Media) -> NDArray[np.uint8]:
    """The portrait as it stands upright, (height, width, 3) uint8 RGB.

    Raises:
        VideoError: it is no picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(media.data)) as picture:
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise VideoError(f"{media.name} cannot be read as a picture ({error}); give a JPEG or PNG") from error


def fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The middle of a picture in another size: as much of it as the size's proportions hold."""
    from PIL import Image, ImageOps

    fit = ImageOps.fit(Image.fromarray(picture), (width, height), Image.Resampling.LANCZOS)
    return np.array(fit)
