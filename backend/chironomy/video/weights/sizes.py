# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of pictures that a model can make."""

from chironomy.shot.errors import VideoError


def check_size(width: int, height: int, scale: int) -> None:
    """See that a picture has a size that a pipeline can make.

    Raises:
        VideoError: it has not; the sentence names one near it.
    """
    if width % scale or height % scale:
        near = "x".join(str(max(scale, scale * round(size / scale))) for size in (width, height))
        raise VideoError(
            f"the picture is {width}x{height}; this video model's sizes are multiples of {scale}, such as {near}"
        )
