# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures to look at while a render runs."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

LONGEST_SIDE = 480


def preview_jpeg(frame: NDArray[np.uint8], longest: int = LONGEST_SIDE) -> bytes:
    """A frame, (height, width, 3) sRGB, as a JPEG whose longer side has at most `longest` pixels."""
    from PIL import Image

    picture = Image.fromarray(frame)
    picture.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return stream.getvalue()
