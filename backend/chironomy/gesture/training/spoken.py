# SPDX-License-Identifier: GPL-3.0-or-later
"""Training the judge that tells speech from other sounds (`gesture.planning.spoken`) on synthetic recordings.

`python -m chironomy.gesture.training.spoken` writes the product's own; it needs no corpus.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.errors import ChironomyError
from chironomy.gesture.corpus.recording import recorded
from chironomy.gesture.corpus.sounds import sound
from chironomy.gesture.corpus.voices import RATE, Voice
from chironomy.gesture.planning.spoken import FPS, Judge, stretch_features
from chironomy.speech.accents import speech_phrases
from chironomy.speech.decode import Speech
from chironomy.speech.prosody import prosody_features

_SECONDS = (3.0, 9.0)
_RIDGE = 0.02
_ROUNDS = 30


def stretches(random: np.random.Generator, spoken: bool) -> list[NDArray[np.float64]]:
    """Features of the stretches of one recording of speech, or of some other sound."""
    if spoken:
        voice = Voice(random)
        samples = voice.speak(" ".join(voice.sentence(random) for _ in range(int(random.integers(1, 4)))))
        samples = np.pad(samples, round(random.uniform(0.2, 0.8) * RATE))
    else:
        samples = sound(random, random.uniform(*_SECONDS))
    speech = Speech.from_samples(recorded(np.asarray(samples, np.float32), random), RATE)
    prosody = prosody_features(speech, FPS)
    return [stretch_features(prosody, begin, end) for begin, end in speech_phrases(speech)]


def train_judge(features: NDArray[np.float64], spoken: NDArray[np.bool_]) -> Judge:
    """Fit a logistic regression by Newton's method; both classes weigh the same.

    Args:
        features: (N, features).
        spoken: (N,) which are speech.
    """
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    rows = np.concatenate([(features - mean) / scale, np.ones((len(features), 1))], axis=1)
    weight = np.where(spoken, 0.5 / max(spoken.sum(), 1), 0.5 / max((~spoken).sum(), 1))
    found = np.zeros(rows.shape[1])
    ridge = _RIDGE * np.eye(len(found))
    ridge[-1, -1] = 1e-6
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (weight * (likely - spoken)) + ridge @ found
        curve = (rows * (weight * likely * (1 - likely))[:, None]).T @ rows + ridge
        found -= np.linalg.solve(curve, slope)
    return Judge(mean, scale, found[:-1], float(found[-1]))


def gathered(seed: int, recordings: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features of stretches and whether they are speech, of so many recordings of either sort."""
    features, spoken = [], []
    for number in range(recordings):
        for speech in (True, False):
            found = stretches(np.random.default_rng([seed, number, speech]), speech)
            features += found
            spoken += [speech] * len(found)
    return np.stack(features), np.array(spoken)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.training.spoken", description=__doc__)
    parser.add_argument("--out", type=Path, help="file to write (default: the product's own)")
    parser.add_argument("--recordings", type=int, default=400, help="of speech, and of other sounds (default: 400)")
    options = parser.parse_args(arguments)
    try:
        judge = train_judge(*gathered(1, options.recordings))
        judge.save(options.out or Path(__file__).parents[1] / "weights" / "spoken.npz")
        features, spoken = gathered(2, max(options.recordings // 8, 1))
        right = judge(features) == spoken
        print(f"{right[spoken].mean():.1%} of new stretches of speech and {right[~spoken].mean():.1%} of others")
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
