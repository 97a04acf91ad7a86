# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a take, as reviews show it."""

from chironomy.shot.errors import VideoError

LONGEST_TAKE = 60
"""Characters of a take's name."""


def take_name(value: object) -> str:
    """A take's name as it can be shown.

    Raises:
        VideoError: it is no line of text, or too long.
    """
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TAKE:
        raise VideoError(f"take is {value!r}, but must be one line of at most {LONGEST_TAKE} characters")
    return value.strip()
