# SPDX-License-Identifier: GPL-3.0-or-later
"""How a speaker who feels nothing in particular looks at what is said: another face for each stretch of speech."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.face import FACE_ACTIONS, both_sides

Array = NDArray[np.float64]


# Keen, warm, intent, concerned, wry and plain: how often each is, by how much more often where accents are strong, and
# its actions, all by eye. The faces of talk are signs of what is said more than of what is felt (Chovil 1991,
# "Discourse-oriented facial displays in conversation").
_ATTITUDES: tuple[tuple[float, float, Mapping[str, float]], ...] = (
    (0.26, 1.0, both_sides(browOuterUp=0.7, eyeWide=0.12) | {"browInnerUp": 0.65}),
    (0.20, 0.0, both_sides(mouthSmile=0.34, cheekSquint=0.4, eyeSquint=0.12, browOuterUp=0.2)),
    (0.24, 0.6, both_sides(browDown=0.65, eyeSquint=0.35, mouthPress=0.1)),
    (0.12, -1.0, both_sides(browDown=0.25, mouthFrown=0.2) | {"browInnerUp": 0.75}),
    (0.06, 0.0, {"browOuterUpLeft": 0.55, "browDownRight": 0.25, "mouthSmileRight": 0.3, "mouthDimpleRight": 0.25}),
    (0.12, -0.6, {}),
)
_LONGEST_SECONDS = 3.2
_LEAD_SECONDS, _COMES_SECONDS, _STAYS_SECONDS, _GOES_SECONDS = 0.05, 0.5, 0.3, 0.9


def attitudes(
    random: np.random.Generator, now: Array, times: Array, strengths: Array, phrases: Sequence[tuple[float, float]]
) -> Array:
    """What a face shows of how its speaker takes what is said.

    Args:
        random: draws what each stretch is said with, never twice the same in a row.
        now: (T,) seconds of the frames.
        times: (N,) seconds of the accents; long stretches change at the strongest of them.
        strengths: (N,) 0 to 1.
        phrases: begin and end in seconds of stretches of speech.

    Returns:
        (T, 52) values to add to `FACE_ACTIONS`; nothing where nobody speaks.
    """
    faces = np.array([[face.get(name, 0.0) for name in FACE_ACTIONS] for _, _, face in _ATTITUDES])
    shares, roused = (np.array(column) for column in list(zip(*_ATTITUDES, strict=True))[:2])
    total, values, last = np.zeros(len(now)), np.zeros((len(now), len(FACE_ACTIONS))), -1
    for begin, end in _stretches(times, strengths, phrases):
        inside = strengths[(times >= begin) & (times < end)]
        much = float(inside.mean()) - 0.5 if len(inside) else 0.0
        weights = shares * np.maximum(1.0 + 1.5 * much * roused, 0.1)
        if last >= 0:
            weights[last] = 0.0
        last = int(random.choice(len(shares), p=weights / weights.sum()))
        there, away = begin - _LEAD_SECONDS, end + _STAYS_SECONDS
        outside = np.maximum((there - now) / _COMES_SECONDS, (now - away) / _GOES_SECONDS)
        shown = 0.5 + 0.5 * np.cos(np.pi * np.clip(outside, 0.0, 1.0))
        total += shown
        values += (float(random.uniform(0.75, 1.15)) * shown)[:, None] * faces[last]
    return values / np.maximum(total, 1.0)[:, None]


def _stretches(times: Array, strengths: Array, phrases: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The phrases, the long ones cut at the strongest accents in their middle."""
    pending, done = [(float(begin), float(end)) for begin, end in phrases][::-1], []
    while pending:
        begin, end = pending.pop()
        third = (end - begin) / 3
        middle = np.flatnonzero((times > begin + third) & (times < end - third))
        if end - begin <= _LONGEST_SECONDS or not len(middle):
            done.append((begin, end))
            continue
        cut = float(times[middle[strengths[middle].argmax()]])
        pending += [(cut, end), (begin, cut)]
    return done
