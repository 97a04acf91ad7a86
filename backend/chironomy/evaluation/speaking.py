# SPDX-License-Identifier: GPL-3.0-or-later
"""When there is speech: phrases (between pauses of 0.2 s or more), and the pauses shorter than 1 s between them."""

from chironomy.speech.accents import speech_phrases
from chironomy.speech.decode import Speech

_LONGEST_PAUSE = 1.0  # seconds that continuous speech may pause


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
