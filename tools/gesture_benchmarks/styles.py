# SPDX-License-Identifier: GPL-3.0-or-later
"""Styles: whether a small classifier tells them apart."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import joint_angles
from chironomy.evaluation.speaking import speaking_seconds
from chironomy.evaluation.vitality import measure
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech import Speech
from gesture_benchmarks.bench import Bench, Figure, Table, joined, planned, styles_of

_SHRINKAGE = 0.1
_CLASSIFIED_SECONDS = 15.0


def measure_styles(bench: Bench) -> list[Figure | Table | str]:
    """A linear discriminant over summaries of 15 s of motion, tested on other speech and other seeds."""
    styles = styles_of(bench.pipeline)
    speeches = _speeches(bench)
    half = len(speeches) // 2
    parts = {"train": (speeches[:half], range(3)), "test": (speeches[half:], range(3, 6))}
    sampled = {
        name: _labelled([[bench.pipeline(s, seed=k, style=style) for s in given for k in seeds] for style in styles])
        for name, (given, seeds) in parts.items()
    }
    plans = {
        name: _labelled([[planned(s, style, k) for s in given for k in seeds] for style in styles])
        for name, (given, seeds) in parts.items()
    }
    own = Discriminant(*sampled["train"])
    corpus = Discriminant(*plans["train"])
    accuracy, table = _accuracy(own, *sampled["test"], styles)
    count = len(sampled["test"][1])
    how = f"trained on {len(sampled['train'][1])} motions, tested on {count} for other speech with other seeds"
    rows: list[Figure | Table | str] = [
        Figure("styles told apart", f"{100 * accuracy:.0f} %", "≥ 80 %", accuracy >= 0.8, f"{how}; model's own motion"),
        Figure(
            "recognised as the corpus's styles",
            f"{100 * _accuracy(corpus, *sampled['test'], styles)[0]:.0f} %",
            how="classifier trained on planned motion, tested on the model's",
        ),
        Figure(
            "the corpus's own styles told apart",
            f"{100 * _accuracy(corpus, *plans['test'], styles)[0]:.0f} %",
            how="what the planner allows",
        ),
        table,
    ]
    return rows


def _speeches(bench: Bench) -> list[Speech]:
    """Twelve stretches of 15 s of speech: synthetic ones that were held out, and the recordings in a row."""
    spoken = [item.speech for item in bench.held_out if speaking_seconds(item.speech) > 8]
    row = joined(bench.recordings, _CLASSIFIED_SECONDS)
    return [row, *(joined([speech], _CLASSIFIED_SECONDS) for speech in spoken[:11])]


def _labelled(motions: list[list[HandMotion]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    labels = [style for style, made in enumerate(motions) for _ in made]
    return np.array([summary(motion) for made in motions for motion in made]), np.array(labels)


def summary(motion: HandMotion) -> NDArray[np.float64]:
    """Numbers that say how a motion is done: where hands are, how fast, how far, how held; of each hand in turn."""
    position = motion.wrist_position * np.array([[[1.0, 1, 1]], [[-1.0, 1, 1]]]).transpose(1, 0, 2)
    velocity = np.gradient(position, axis=0) * motion.fps
    speed = np.linalg.norm(velocity, axis=-1)
    angles = joint_angles(motion.rotation)[:, :, 1:, :2]
    wrist = quaternion.to_6d(motion.rotation[:, :, 0])
    doing = measure(motion)
    parts = [
        position.mean(axis=0),
        position.std(axis=0),
        np.percentile(position[..., 1], [5, 95], axis=0),
        np.log(np.percentile(speed, [50, 75, 90, 97], axis=0) + 0.01),
        np.log(np.abs(velocity).mean(axis=0) + 0.01),
        angles.mean(axis=0).reshape(2, 5, 6).mean(axis=0) / 30,
        angles.std(axis=0).reshape(2, 5, 6).mean(axis=0) / 30,
        wrist.mean(axis=0).mean(axis=0),
        wrist.std(axis=0).mean(axis=0),
        [doing.strokes_per_minute / 60, doing.motionless, np.corrcoef(speed.T)[0, 1] if speed.std() > 0 else 0.0],
    ]
    return np.concatenate([np.ravel(part) for part in parts])


class Discriminant:
    """Linear discriminant analysis with a shrunken common covariance (Friedman 1989)."""

    def __init__(self, features: NDArray[np.float64], labels: NDArray[np.int64]):
        self.middle, self.spread = features.mean(axis=0), features.std(axis=0) + 1e-6
        scaled = (features - self.middle) / self.spread
        self.means = np.stack([scaled[labels == label].mean(axis=0) for label in np.unique(labels)])
        within = np.cov(scaled - self.means[labels], rowvar=False)
        within = (1 - _SHRINKAGE) * within + _SHRINKAGE * np.eye(len(within)) * np.trace(within) / len(within)
        self.weights = np.linalg.solve(within, self.means.T)

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.int64]:
        """The nearest class of each row."""
        scaled = (features - self.middle) / self.spread
        return (scaled @ self.weights - 0.5 * np.sum(self.means.T * self.weights, axis=0)).argmax(axis=1)


def _accuracy(
    classifier: Discriminant, features: NDArray[np.float64], labels: NDArray[np.int64], styles: tuple[str, ...]
) -> tuple[float, Table]:
    found = classifier.predict(features)
    confusion = [
        [asked, *(f"{100 * np.mean(found[labels == i] == j):.0f} %" for j in range(len(styles)))]
        for i, asked in enumerate(styles)
    ]
    return float(np.mean(found == labels)), Table(["asked ↓, taken for →", *styles], confusion)
