# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the performance room."""

from chironomy.errors import ChironomyError


class PerformanceError(ChironomyError):
    """A performance that was asked for in a way that cannot be made."""
