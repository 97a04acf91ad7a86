# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error that is meant for a person."""


class ChironomyError(ValueError):
    """Something a person can act on; its message is one sentence that says what was wrong and what to do.

    Attributes:
        passing: the same may succeed when it is tried again, though nobody has changed anything.
    """

    passing = False
