# SPDX-License-Identifier: GPL-3.0-or-later
"""The room's own exception."""

from chironomy.errors import ChironomyError


class MotionError(ChironomyError):
    """A motion, a face track or one of their files is not what it must be."""
