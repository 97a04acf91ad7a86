# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of this room."""

from chironomy.errors import ChironomyError


class SpeechError(ChironomyError):
    """A recording that cannot be used; the message names the file and says what to do."""


class DecoderKilled(SpeechError):  # noqa: N818 - named for what happened
    """Another program was ended from outside while it decoded for us."""

    passing = True


class ListeningCancelled(SpeechError):  # noqa: N818 - it is no error of anybody's
    """The person stopped the listening; nothing came of it."""
