# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between this project's motion and other programs' files."""

from chironomy.errors import ChironomyError


class ExchangeError(ChironomyError):
    """A file of another program cannot be read or written; the sentence says why."""
