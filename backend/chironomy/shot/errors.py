# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the video room."""

from chironomy.errors import ChironomyError


class VideoError(ChironomyError):
    """A shot that cannot be rendered, read or written."""


class RenderCancelled(VideoError):  # noqa: N818 - it is no error of anybody's
    """The person stopped the render; nothing was left behind."""

    def __init__(self, message: str = "the render was cancelled"):
        super().__init__(message)


class ProgramKilled(VideoError):  # noqa: N818 - named for what happened
    """Another program was ended from outside while it worked for us."""

    passing = True
