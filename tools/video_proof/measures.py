# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured in pictures of drawn people, whoever made them: colours, hands, lips and sharpness."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, laplace

from video_proof.scenes import REGIONS, Scene

NEAR = 2
"""Pixels within which a point is found: 2.5 % of the picture's height."""

_TOLD = 0.85

_LEAST_HAND = 20
"""Pixels of hands below which a frame asks for none."""

Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Interval:
    """A mean over people, and the interval that 95 % of the means of resampled people fall in."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float], seed: int = 0) -> "Interval":
        """Bootstrap over people (Efron 1979), 10,000 times."""
        sample = np.array([value for value in values if np.isfinite(value)])
        random = np.random.default_rng(seed)
        means = sample[random.integers(0, len(sample), (10_000, len(sample)))].mean(axis=1)
        return cls(float(sample.mean()), *(float(value) for value in np.quantile(means, [0.025, 0.975])))


def region_colours(pictures: Pictures, scene: Scene) -> NDArray[np.float64]:
    """(3, 3) mean colour of the skin of the face, the hair and the clothes, where the scene has them.

    Hands are left out: they are measured by themselves.
    """
    body = scene.regions.copy()
    body[hand_mask(scene)] = 0
    return np.array([pictures[body == place + 1].mean(axis=0) for place in range(len(REGIONS))])


def hand_mask(scene: Scene) -> NDArray[np.bool_]:
    """(T, height, width) where the MANO map shows a hand."""
    frames = len(scene.sharp)
    return scene.item.drawn[:frames, ..., :3].max(axis=3) > 64


def found_hands(pictures: Pictures, scene: Scene) -> NDArray[np.bool_]:
    """(T, height, width) pixels below the face that look like this person's hands.

    Each pixel has the name of the mean colour nearest to it: of the hands, the clothes or the backdrop in the drawn
    pictures.
    """
    hands = hand_mask(scene)
    clothes = (scene.regions == REGIONS.index("top") + 1) & ~hands
    near = np.asarray(binary_dilation(scene.regions > 0, np.ones((1, 3, 3))), bool)
    backdrop = (scene.regions == 0) & ~near
    shades = []
    for mask in (hands, clothes, backdrop):
        values = scene.sharp[mask].astype(np.float64)
        # Light and shade of each: a single mean would call every shadow something else.
        brightness = values.sum(axis=1)
        parts = np.quantile(brightness, [0.0, 0.25, 0.5, 0.75, 1.0])
        shades.append(
            np.array([values[(brightness >= low) & (brightness <= high)].mean(axis=0) for low, high in pairwise(parts)])
        )
    distance = np.stack(
        [np.square(pictures[..., None, :].astype(np.float64) - shade).sum(axis=-1).min(axis=-1) for shade in shades]
    )
    found = distance.argmin(axis=0) == 0
    chin = int(np.ceil(scene.item.face[: len(pictures), 3].max())) + 3
    found[:, :chin] = False
    return found


@dataclass(frozen=True)
class HandAgreement:
    """Whether hands are where they were asked for, over the frames that ask for one.

    Attributes:
        found: share of the hands' asked points, of those in the picture, with a hand's pixel within `NEAR` (PCK).
        right: share of the pixels that look like a hand within `NEAR` of an asked hand.
        distance: pixels between the middle of what looks like hands and the middle of the asked hands.
    """

    found: float
    right: float
    distance: float


def hand_agreement(pictures: Pictures, scene: Scene) -> HandAgreement | None:
    """Compare with the maps of the scene; None where no frame asks for a hand."""
    asked, seen = hand_mask(scene), found_hands(pictures, scene)
    height, width = asked.shape[1:]
    chin = int(np.ceil(scene.item.face[: len(pictures), 3].max())) + 3
    asked[:, :chin] = False
    around = np.ones((2 * NEAR + 1, 2 * NEAR + 1), bool)
    found, right, distance = [], [], []
    for frame in range(len(pictures)):
        if asked[frame].sum() < _LEAST_HAND:
            continue
        points = np.floor(scene.points[frame].reshape(-1, 2)).astype(int)
        inside = (points >= [0, chin]).all(axis=1) & (points < [width, height]).all(axis=1)
        points = points[inside]
        points = points[asked[frame][points[:, 1], points[:, 0]]]
        if not len(points):
            continue
        near_seen = binary_dilation(seen[frame], around)
        near_asked = binary_dilation(asked[frame], around)
        found.append(near_seen[points[:, 1], points[:, 0]].mean())
        if seen[frame].any():
            right.append(near_asked[seen[frame]].mean())
            middles = [np.argwhere(mask).mean(axis=0) for mask in (seen[frame], asked[frame])]
            distance.append(float(np.hypot(*(middles[0] - middles[1]))))
        else:
            right.append(0.0)
            distance.append(float(np.hypot(height, width)) / 2)
    if not found:
        return None
    return HandAgreement(float(np.mean(found)), float(np.mean(right)), float(np.mean(distance)))


def hands_can_be_told(scene: Scene) -> bool:
    """Whether the drawn pictures ask for hands, and nothing else in them looks like these hands.

    Some people wear the colour of their skin: what looks like a hand then says nothing.
    """
    agreed = hand_agreement(scene.sharp, scene)
    return agreed is not None and agreed.right > _TOLD


def lip_correlation(pictures: Pictures, scene: Scene) -> float:
    """Pearson's correlation of how dark the mouth is with how far the speech opens the lips, over the frames."""
    left, top, right, bottom = scene.mouth.mean(axis=0).round().astype(int)
    mouth = pictures[:, top : bottom + 1, left:right].astype(np.float64).mean(axis=(1, 2, 3))
    if mouth.std() < 1e-9 or scene.opening.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(-mouth, scene.opening[: len(pictures)])[0, 1])


def hand_sharpness(pictures: Pictures, scene: Scene) -> float:
    """Standard deviation of the Laplacian of brightness where hands are asked for, grey levels; NaN without any."""
    asked = np.asarray(binary_dilation(hand_mask(scene), np.ones((1, 3, 3))), bool)
    grey = pictures.astype(np.float64).mean(axis=3)
    edges = np.stack([laplace(frame) for frame in grey])
    return float(edges[asked].std()) if asked.sum() >= _LEAST_HAND else float("nan")
