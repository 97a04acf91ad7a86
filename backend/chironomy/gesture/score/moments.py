# SPDX-License-Identifier: GPL-3.0-or-later
"""The moments of a performance that tell it from another one: what a contact sheet shows."""

from chironomy.gesture.score.phrases import REST, Score


def telling_moments(score: Score | None, seconds: float, count: int) -> list[float]:
    """Return moments in seconds, one of each of `count` equal parts, in order.

    Of each part it is where the largest stroke of a phrase in it arrives, or its middle where there is none.

    Args:
        score: of the performance; None where none is known.
        seconds: how long it is.
        count: how many.
    """
    part = seconds / count
    strokes = [
        (phrase.size or 0.0, stroke.apex)
        for phrase in (score.phrases if score is not None else ())
        if phrase.kind != REST
        for stroke in phrase.strokes
    ]
    found = []
    for number in range(count):
        inside = [each for each in strokes if number * part <= each[1] < (number + 1) * part]
        found.append(max(inside)[1] if inside else (number + 0.5) * part)
    return found
