# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom people look at who talk in turns: the others at who speaks, and who speaks at who spoke last."""

from collections.abc import Sequence
from typing import NamedTuple

NOTICED = 0.2
"""Seconds after which the others look at who begins to speak: about the least that people take to look at a thing."""


class Spoken(NamedTuple):
    """A stretch in which one of several speaks: their number, and from when to when in seconds."""

    who: int
    begin: float
    end: float


class Glance(NamedTuple):
    """From when on, in seconds, which of the others is looked at."""

    seconds: float
    who: int


def glances(me: int, turns: Sequence[Spoken], others: Sequence[int]) -> list[Glance]:
    """Return whom one of several looks at, from the beginning on; nothing where there is nobody else.

    Args:
        me: who looks.
        turns: what everybody says.
        others: everybody else, the nearest first.
    """
    if not others:
        return []
    theirs = sorted((turn for turn in turns if turn.who in others), key=lambda turn: turn.begin)
    found = [Glance(0.0, theirs[0].who if theirs else others[0])]
    for turn in theirs:
        if turn.who == found[-1].who:
            continue
        seconds = max(turn.begin + NOTICED, 0.0)
        found.append(Glance(seconds, turn.who))
    return found
