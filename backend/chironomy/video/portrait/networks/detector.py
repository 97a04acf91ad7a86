# SPDX-License-Identifier: GPL-3.0-or-later
"""A detector of the single-shot kind (SSD; Liu et al., arXiv 1512.02325): boxes and a few points of each thing found.

The networks tell, for each of a fixed set of anchors, how far a box and its points are from the anchor and how surely
there is one. Boxes of one thing are averaged by their scores (BlazeFace; Bazarevsky et al., arXiv 1907.05047, section
"post-processing").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chironomy.video.portrait.networks.crops import Floats, overlap, whole
from chironomy.video.portrait.networks.network import Network

_SAME = 0.3
"""Intersection over union above which two boxes are of one thing."""


@dataclass(frozen=True)
class DetectorSettings:
    """What a detector was trained with.

    Attributes:
        side: pixels of the square that it is shown.
        layers: of anchors: the pixels from one to the next, and how many lie in each place.
        lowest: what black is to it; white is 1.
    """

    side: int
    layers: tuple[tuple[int, int], ...]
    lowest: float


PALMS = DetectorSettings(192, ((8, 2), (16, 6)), 0.0)
NEAR_FACES = DetectorSettings(128, ((8, 2), (16, 6)), -1.0)
FAR_FACES = DetectorSettings(192, ((4, 1),), -1.0)
PEOPLE = DetectorSettings(224, ((8, 2), (16, 2), (32, 6)), -1.0)


@dataclass(frozen=True, eq=False)
class Detection:
    """One thing that was found, in pixels.

    Attributes:
        box: (4,) left, top, right, bottom.
        points: (n, 2) the detector's points of it.
        score: how surely, 0 to 1.
    """

    box: Floats
    points: Floats
    score: float


def anchors(settings: DetectorSettings) -> Floats:
    """The middles of all anchors, (n, 2), as parts of the side: a row after the other, those of a place together."""
    parts = []
    for step, count in settings.layers:
        cells = -(-settings.side // step)
        rows, columns = np.mgrid[0:cells, 0:cells]
        middles = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) / cells
        parts.append(np.repeat(middles, count, axis=0))
    return np.concatenate(parts)


class Detector:
    """A detector, loaded once.

    Args:
        model: its file.
        settings: what it was trained with.
    """

    def __init__(self, model: Path, settings: DetectorSettings):
        self._network = Network(model)
        self._settings = settings
        self._anchors = anchors(settings)

    def __call__(self, picture: NDArray[np.uint8], least: float) -> list[Detection]:
        """What is found in a picture with at least a score, the surest first."""
        side, lowest = self._settings.side, self._settings.lowest
        crop = whole(picture)
        shown = lowest + crop.cut(picture, side, side, blank=True) * ((1 - lowest) / 255)
        told, logits = self._network(shown[None])
        logit = logits.reshape(-1).astype(np.float64)
        score = 1 / (1 + np.exp(-np.clip(logit, -100, 100)))
        sure = np.flatnonzero(score >= least)
        sure = sure[np.argsort(-score[sure], kind="stable")]
        pairs = told.reshape(len(self._anchors), -1, 2)[sure].astype(np.float64) / side
        middle = pairs[:, 0] + self._anchors[sure]
        corners = np.concatenate([middle - pairs[:, 1] / 2, middle + pairs[:, 1] / 2], axis=1)
        points = pairs[:, 2:] + self._anchors[sure, None]
        return [
            Detection(crop.points(box.reshape(2, 2)).reshape(4), crop.points(places), best)
            for box, places, best in averaged(corners, points, score[sure])
        ]


def averaged(boxes: Floats, points: Floats, scores: Floats) -> list[tuple[Floats, Floats, float]]:
    """One box for each thing: the average of those that overlap the surest, weighed by their scores.

    Args:
        boxes: (n, 4) left, top, right, bottom, the surest first.
        points: (n, k, 2).
        scores: (n,), falling.

    Returns:
        box, points and the best score of each thing, the surest first.
    """
    found = []
    left = np.arange(len(boxes))
    while len(left):
        same = overlap(boxes[left[0]], boxes[left]) > _SAME
        same[0] = True
        group = left[same]
        weights = scores[group] / scores[group].sum()
        found.append((weights @ boxes[group], np.tensordot(weights, points[group], 1), float(scores[left[0]])))
        left = left[~same]
    return found
