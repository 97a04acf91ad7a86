# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of this room."""

from chironomy.errors import ChironomyError


class GestureError(ChironomyError):
    """Hand motion cannot be made as asked; the message says why and what to do."""


class GestureCancelled(GestureError):  # noqa: N818, not an error but an answer
    """Hand motion was not made because the caller no longer wants it."""
