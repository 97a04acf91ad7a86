# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of this room."""

from chironomy.errors import ChironomyError


class SpeechError(ChironomyError):
    """A recording that cannot be used; the message names the file and says what to do."""
