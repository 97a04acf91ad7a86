# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what sounds like phrases is speech: hands rest over music, a hum or clapping.

A logistic regression of how the prosody of a stretch lies and varies; `chironomy.gesture.training.spoken` makes it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.gesture.errors import GestureError
from chironomy.reading import read_arrays
from chironomy.speech.accents import speech_phrases
from chironomy.speech.contours import once
from chironomy.speech.decode import Speech
from chironomy.speech.prosody import prosody_features

FPS = 24.0
"""Frames a second of the features."""

LEAST_SECONDS = 4.0
"""A stretch that is judged is as long as this, where the recording is."""

_AT_THE_EDGE = 0.05  # seconds outside a phrase that still count as in it


@dataclass(frozen=True, eq=False)
class Judge:
    """A logistic regression.

    Attributes:
        mean: (features,) of what it learned from.
        scale: (features,) its spread.
        weight: (features,) of each in units of its spread.
        bias: added to their sum; above 0 is speech.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N, features) to (N,) whether each is speech."""
        return (features - self.mean) / self.scale @ self.weight + self.bias > 0

    def save(self, path: Path) -> None:
        """Write the file; it appears when it is complete."""
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, mean=self.mean, scale=self.scale, weight=self.weight, bias=np.array([self.bias]))

    @classmethod
    def load(cls, path: Path) -> "Judge":
        """Read the file.

        Raises:
            GestureError: it is missing or damaged.
        """
        fields = read_arrays(path, GestureError, advice="install chironomy again", maximum_bytes=1 << 20)
        mean, scale, weight, bias = (fields.numbers(name) for name in ("mean", "scale", "weight", "bias"))
        return cls(mean, scale, weight, float(bias[0]))


@functools.cache
def embedded_judge() -> Judge:
    """The one that comes with the product."""
    return Judge.load(Path(__file__).parents[1] / "weights" / "spoken.npz")


def spoken_phrases(speech: Speech, judge: Judge | None = None) -> list[tuple[float, float]]:
    """Begin and end in seconds of every stretch of sound between pauses that is speech."""
    return list(_judged(speech)) if judge is None else _spoken(speech, judge)


@once
def _judged(speech: Speech) -> list[tuple[float, float]]:
    return _spoken(speech, embedded_judge())


def _spoken(speech: Speech, judge: Judge) -> list[tuple[float, float]]:
    phrases = speech_phrases(speech)
    if not phrases:
        return []
    prosody = prosody_features(speech, FPS)
    judged = judge(np.stack([stretch_features(prosody, *phrase) for phrase in phrases]))
    return [phrase for phrase, spoken in zip(phrases, judged, strict=True) if spoken]


def within(times: NDArray[np.float64], phrases: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """(N,) which of these moments (N,), in seconds, lie in one of the phrases."""
    inside = np.zeros(len(times), bool)
    for begin, end in phrases:
        inside |= (times >= begin - _AT_THE_EDGE) & (times <= end + _AT_THE_EDGE)
    return inside


def stretch_features(prosody: NDArray[np.float32], begin: float, end: float) -> NDArray[np.float64]:
    """(features,) of a stretch, with as much around it as makes it `LEAST_SECONDS` long.

    Args:
        prosody: (T, features) at `FPS`.
        begin: seconds.
        end: seconds.
    """
    around = max(LEAST_SECONDS - (end - begin), 0.0) / 2
    first, last = round((begin - around) * FPS), round((end + around) * FPS)
    size, count = min(last - first, len(prosody)), len(prosody)
    first = min(max(first, 0), count - size)
    part = prosody[first : first + max(size, 1)].astype(np.float64)
    change = np.abs(np.diff(part, axis=0)).mean(axis=0) if len(part) > 1 else np.zeros(part.shape[1])
    return np.concatenate([part.mean(axis=0), part.std(axis=0), change])
