# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of this room."""

from chironomy.errors import ChironomyError


class RetargetError(ChironomyError):
    """A character's bones cannot carry hands; the message says which and what to do."""
