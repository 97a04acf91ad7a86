# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hands of a performance come to rest: at its end, and now and then before.

A plan follows the accents, of which fluent speech has no end, so that hands that once were raised would hover until the
recording stops and be cut off in the air. People let them sink where they have said something, and before they are
done. So a plan gives up a stroke or two where that costs least, above all at a pause, and its last ones where there
would be no time left to go to rest.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from chironomy.gesture.score.phrases import REST, Phrase, Score, Stroke, with_rests

LINGER = 0.18
"""Seconds from an apex until the hand sets out for its rest."""

PREPARE = 0.7
"""Seconds before an apex at which a hand that rested has set out, at the latest."""

AT_THE_END = (0.85, 1.4)
"""Seconds before the recording's end after which no stroke arrives, at least and at most: hands go to rest in them."""

_IDLE_AT_MOST = 1.9
"""Seconds at the end in which hands rest at most, where there is a stroke that they would still have the time for."""

_IN_HASTE = 0.6
"""Seconds before the end in which hands just come down."""

HELD = 0.6
"""Seconds for which a hand stays where its stroke has led before it sinks, at most."""

_REST = 1.2  # seconds of a rest at least, the way to it included
_SHORTEST_REST = 0.4  # seconds between phrases that are told as a rest
_PAUSE_COUNTS = 4.0  # strokes that a second of pause is worth
_LONGEST_PAUSE = 0.5  # seconds of it that count
_LONG, _LONG_COSTS = 1.6, 1.5  # seconds of a rest beyond which it is long, and strokes that a second more costs
_CHANCE = 0.5  # strokes by which one place is preferred to another for nothing


class _Gap(NamedTuple):
    """A rest to be: from the apex before it to the one after it, in seconds."""

    before: float
    after: float

    @property
    def begin(self) -> float:
        return self.before + LINGER

    @property
    def end(self) -> float:
        return self.after - PREPARE


def rested(
    score: Score, spoken: Sequence[tuple[float, float]], together: tuple[float, float], random: np.random.Generator
) -> Score:
    """A score whose hands go to rest at its end, and before that every so often.

    Args:
        score: a plan; its rests are laid anew.
        spoken: begin and end, in seconds, of stretches of speech.
        together: seconds of gesturing between two rests, at least and about at most.
        random: the only source of chance.
    """
    gestures = [phrase for phrase in score.phrases if phrase.kind != REST]
    moments = sorted({stroke.apex for phrase in gestures for stroke in phrase.strokes})
    moments = _until_the_end(moments, score.seconds, float(random.uniform(*AT_THE_END)))
    gaps = _gaps(moments, spoken, together, random)
    if moments:
        gaps.append(_Gap(moments[-1], np.inf))
    phrases = sorted((part for phrase in gestures for part in _parts(phrase, gaps)), key=lambda part: part.start)
    return with_rests(replace(score, phrases=tuple(phrases)), _SHORTEST_REST)


def _until_the_end(moments: list[float], seconds: float, before: float) -> list[float]:
    """The moments of a recording of some seconds that lie `before` its end: or nearer, if much would be said idly."""
    # Who gestures seldom need not do so in the last seconds.
    idle = max(_IDLE_AT_MOST, 1.5 * float(np.diff(moments).mean()) if len(moments) > 2 else 0.0)
    kept: list[float] = []
    for margin in (before, AT_THE_END[0], _IN_HASTE):
        kept = [moment for moment in moments if moment <= seconds - margin]
        if kept and kept[-1] >= seconds - idle:
            break
    return kept or moments[:1]


def _gaps(
    moments: Sequence[float],
    spoken: Sequence[tuple[float, float]],
    together: tuple[float, float],
    random: np.random.Generator,
) -> list[_Gap]:
    """The rests between strokes: those that are there anyhow, and those that strokes are given up for."""
    least, most = together
    gaps: list[_Gap] = []
    first = 0
    while first < len(moments):
        since = moments[first]
        longest = float(random.uniform(0.5 * (least + most), most))
        best, lowest = None, np.inf
        for number in range(first, len(moments)):
            then = int(np.searchsorted(moments, moments[number] + LINGER + _REST + PREPARE))
            if then >= len(moments) or (moments[number] - since > longest and best is not None):
                break
            gap, given_up = _Gap(moments[number], moments[then]), then - number - 1
            if moments[number] - since < least and given_up:
                continue
            cost = given_up - _PAUSE_COUNTS * min(_pause(spoken, gap), _LONGEST_PAUSE)
            cost += _LONG_COSTS * max(gap.end - gap.begin - _LONG, 0.0) + float(random.uniform(0.0, _CHANCE))
            if cost < lowest or not given_up:
                best, lowest = (gap, then), cost
            if not given_up:  # the hands rest here in any case
                break
        if best is None:
            break
        gaps.append(best[0])
        first = best[1]
    return gaps


def _pause(spoken: Sequence[tuple[float, float]], gap: _Gap) -> float:
    """Seconds of the longest silence between stretches of speech that begins in a gap."""
    silences = [begin - end for (_, end), (begin, _) in pairwise(spoken) if gap.before - 0.2 <= end <= gap.after]
    return max(silences, default=0.0)


def _parts(phrase: Phrase, gaps: Sequence[_Gap]) -> list[Phrase]:
    """What the rests leave of a phrase."""
    begins = [-np.inf, *(gap.after for gap in gaps)]
    ends = [*(gap.before for gap in gaps), np.inf]
    parts: list[Phrase] = []
    for number, (first, last) in enumerate(zip(begins, ends, strict=True)):
        strokes = [stroke for stroke in phrase.strokes if first <= stroke.apex <= last]
        if not strokes:
            continue
        start = max(phrase.start, gaps[number - 1].end) if number else phrase.start
        end = min(phrase.end, gaps[number].begin) if number < len(gaps) else phrase.end
        end = max(min(end, strokes[-1].apex + HELD), strokes[-1].apex)
        held = tuple(Stroke(each.apex, round(min(each.hold, end - each.apex), 3)) for each in strokes)
        parts.append(replace(phrase, start=round(min(start, strokes[0].apex), 3), end=round(end, 3), strokes=held))
    return parts
