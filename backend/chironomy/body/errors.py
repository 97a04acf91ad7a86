# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with the body."""

from chironomy.errors import ChironomyError


class BodyError(ChironomyError):
    """A rig file, a pose or a hand model cannot be used; the sentence says which part and what to do."""
