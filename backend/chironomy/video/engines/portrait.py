# SPDX-License-Identifier: GPL-3.0-or-later
"""The portrait of a shot, as the engines take it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.shot.shot import Shot
from chironomy.video.portrait.picture import read_picture


def portrait(shot: Shot) -> NDArray[np.uint8]:
    """The shot's reference picture in the shot's size: (height, width, 3) uint8 RGB.

    Raises:
        VideoError: the shot has none, or it is no picture.
    """
    if shot.reference is None:
        raise VideoError("this engine needs a portrait to make speak; give the shot a reference picture")
    return fitted(read_picture(shot.reference.data, shot.reference.name), shot.width, shot.height)


def fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The middle of a picture in another size: as much of it as the size's proportions hold."""
    from PIL import Image, ImageOps

    fit = ImageOps.fit(Image.fromarray(picture), (width, height), Image.Resampling.LANCZOS)
    return np.array(fit)
