# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as an editor draws it along time: its wave, its accents, and what is said where that is written down."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.speech.accents import accent_onsets_of, accents_of
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech, waveform_envelope
from chironomy.speech.words.transcripts import read_transcript

RATE = 200
"""Stretches a second of which the lowest and the highest sample are kept."""

_LEAST_PEAK = 0.05
"""The level that fills the drawing, at least: noise in a pause is not to look like speech."""


@dataclass(frozen=True)
class Said:
    """A word, or several, that are said together.

    Attributes:
        text: as written.
        start, end: seconds.
    """

    text: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Outline:
    """What is drawn of a recording.

    Attributes:
        envelope: (N, 2) lowest and highest sample of each of `RATE` stretches a second; the loudest reaches -1 or 1.
        accents: (M,) seconds at which accented syllables begin to sound, where strokes arrive.
        strengths: (M,) of the accents, 0 to 1.
        said: what is said, in order; empty where no file tells when.
    """

    envelope: NDArray[np.float32]
    accents: NDArray[np.float64]
    strengths: NDArray[np.float64]
    said: tuple[Said, ...] = ()

    def columns(self, first: float, last: float, count: int) -> NDArray[np.float32]:
        """The wave from a second to another in equal stretches: (count, 2) lowest and highest; 0 outside of it."""
        edges = np.floor(np.linspace(first, last, count + 1) * RATE).astype(np.int64)
        found = np.zeros((count, 2), np.float32)
        inside = np.flatnonzero((edges[1:] > 0) & (edges[:-1] < len(self.envelope)))
        if len(inside) == 0:
            return found
        begins = np.clip(edges[inside], 0, len(self.envelope) - 1)
        # The last stretch of `reduceat` would reach to the end of all.
        end = min(max(int(edges[inside[-1] + 1]), int(begins[-1]) + 1), len(self.envelope))
        part = self.envelope[:end]
        found[inside, 0] = np.minimum.reduceat(part[:, 0], begins)
        found[inside, 1] = np.maximum.reduceat(part[:, 1], begins)
        return found


def outline_of(speech: Speech, script: Path | None = None) -> Outline:
    """Return what is drawn of a recording.

    Args:
        speech: the recording.
        script: captions or a transcript whose times are taken as they are written; of plain text there are none.

    Raises:
        SpeechError: the script cannot be used.
    """
    envelope = waveform_envelope(speech, max(round(speech.duration * RATE), 1))
    loudest = max(float(np.abs(envelope).max()), _LEAST_PEAK)
    contours = speech_contours(speech)
    times, strengths = accents_of(contours)
    said = timed_words(script) if script is not None else ()
    return Outline(envelope / np.float32(loudest), accent_onsets_of(contours, times), strengths, said)


def timed_words(script: Path) -> tuple[Said, ...]:
    """Return what captions or a transcript say, each with its times; nothing of plain text.

    Raises:
        SpeechError: the file cannot be used.
    """
    return tuple(
        Said(" ".join(passage.text.split()), passage.start, passage.end)
        for passage in read_transcript(script).passages
        if passage.start is not None and passage.end is not None and passage.text.strip()
    )
