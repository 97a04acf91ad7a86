# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the hands do: strokes a minute, wrist speed, and how long they keep still.

Strokes a minute are counted over the time in which there is speech: phrases (stretches between pauses of 0.2 s or more)
with the pauses shorter than 1 s between them. Lively recorded talk has about 67 strokes a minute and calm talk a third
of that; 20 to 70 is the range that is aimed at. Stillness is the share of frames in which both wrists are slower than
0.05 m/s, which only idle sway is. None of these has a best value but that of the data.
"""

from dataclasses import dataclass

import numpy as np

from chironomy.evaluation.beats import stroke_apexes, wrist_speed
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.accents import speech_phrases
from chironomy.speech.decode import Speech

STILL_SPEED = 0.05  # m/s
_LONGEST_PAUSE = 1.0  # seconds that continuous speech may pause


@dataclass(frozen=True)
class Rhythm:
    """How much the hands of a motion do.

    Attributes:
        strokes: how many strokes there are.
        strokes_per_minute: of speech, or of the motion's length where no speech is given; NaN without speech in it.
        wrist_speed: mean of both wrists, m/s.
        still: share of frames in which both wrists are slower than 0.05 m/s, 0..1.
    """

    strokes: int
    strokes_per_minute: float
    wrist_speed: float
    still: float


def speaking_spans(speech: Speech) -> list[tuple[float, float]]:
    """Begin and end in seconds of stretches of speech, pauses shorter than 1 s included."""
    spans: list[tuple[float, float]] = []
    for begin, end in speech_phrases(speech):
        if spans and begin - spans[-1][1] < _LONGEST_PAUSE:
            spans[-1] = (spans[-1][0], float(end))
        else:
            spans.append((float(begin), float(end)))
    return spans


def speaking_seconds(speech: Speech) -> float:
    """Seconds of speech, pauses shorter than 1 s included."""
    return float(sum(end - begin for begin, end in speaking_spans(speech)))


def rhythm(motion: HandMotion, speech: Speech | None = None) -> Rhythm:
    """Strokes, speed and stillness of a motion."""
    speed = wrist_speed(motion)
    strokes = len(stroke_apexes(motion))
    seconds = motion.duration if speech is None else speaking_seconds(speech)
    return Rhythm(
        strokes=strokes,
        strokes_per_minute=60 * strokes / seconds if seconds > 0 else float("nan"),
        wrist_speed=float(speed.mean()),
        still=float(np.mean((speed < STILL_SPEED).all(axis=1))),
    )
