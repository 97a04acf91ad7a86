# SPDX-License-Identifier: GPL-3.0-or-later
"""What held-out people look like with every condition right, and with one of them another's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.video.talking.pipeline import TalkingPipeline
from video_proof.measures import (
    Interval,
    Pictures,
    hand_agreement,
    hand_sharpness,
    hands_can_be_told,
    lip_correlation,
    region_colours,
)
from video_proof.rendering import ASKED, made_pictures, shortened
from video_proof.scenes import Scene

CLIPS = 3
"""Clips of each held-out person that are made."""


@dataclass(frozen=True)
class Findings:
    """What was measured, a mean over people with its interval each.

    Attributes:
        colours: by whose portrait was given, the distance of clothes, hair and face to one's own, and for another's
            portrait also to the other's; mean difference of channels, 0 to 255.
        hands: by whose maps, (found, right, distance); "drawn" for the drawn pictures.
        lips: by whose speech, correlation.
        sharpness: by what confidence, grey levels.
        gains: of each condition, by measure, how much better its own is than another's, person by person: differences
            of which the interval is taken, because the same people are made with the same noise.
        people: how many.
        told_hands: of how many hands are measured, see `measures.hands_can_be_told`.
        frames: of each.
    """

    colours: dict[str, Interval]
    hands: dict[str, tuple[Interval, Interval, Interval]]
    lips: dict[str, Interval]
    sharpness: dict[str, Interval]
    gains: dict[str, dict[str, Interval]]
    people: int
    told_hands: int
    frames: int


def ablate(
    pipeline: TalkingPipeline, scenes: Sequence[Scene], clip: int, on_made: Callable[[str], None] | None = None
) -> tuple[Findings, dict[str, list[Pictures]]]:
    """Make the pictures of every ablation and measure them.

    Args:
        pipeline: trained.
        scenes: held-out people.
        clip: frames that are made at once.
        on_made: told the name of each ablation that is done.

    Returns:
        what was found, and the pictures by ablation, those of "drawn" too.
    """
    frames = clip * CLIPS
    people = [shortened(scene, frames) for scene in scenes]
    made: dict[str, list[Pictures]] = {"drawn": [scene.sharp for scene in people]}
    for name, asked in ASKED.items():
        made[name] = made_pictures(pipeline, people, asked, clip, CLIPS)
        if on_made is not None:
            on_made(name)
    return measured(people, made, frames), made


def measured(people: Sequence[Scene], made: dict[str, list[Pictures]], frames: int) -> Findings:
    """Measure the pictures of every ablation."""
    own = [region_colours(scene.sharp, scene) for scene in people]
    following = own[1:] + own[:1]

    def distances(name: str, wanted: list[NDArray[np.float64]]) -> list[float]:
        """To colours that are wanted; what is not in the picture, such as no hair, counts not."""
        found = [region_colours(pictures, scene) for pictures, scene in zip(made[name], people, strict=True)]
        return [float(np.nanmean(np.abs(a - b))) for a, b in zip(found, wanted, strict=True)]

    def hands(name: str) -> list[list[float]]:
        agreed = [hand_agreement(pictures, scene) for pictures, scene in zip(made[name], people, strict=True)]
        seen = [one for one, scene in zip(agreed, people, strict=True) if one is not None and hands_can_be_told(scene)]
        return [[one.found for one in seen], [one.right for one in seen], [one.distance for one in seen]]

    def all_of(name: str, measure: Callable[[Pictures, Scene], float]) -> list[float]:
        return [measure(pictures, scene) for pictures, scene in zip(made[name], people, strict=True)]

    colours = {
        "right": distances("right", own),
        "another's portrait": distances("another's portrait", own),
        "another's portrait, to the other": distances("another's portrait", following),
        # How far apart the colours of two people are, to read the others against.
        "between the people": [float(np.nanmean(np.abs(a - b))) for a, b in zip(own, following, strict=True)],
    }
    agreed = {name: hands(name) for name in ("drawn", "right", "another's maps")}
    lips = {name: all_of(name, lip_correlation) for name in ("drawn", "right", "another's speech")}
    sharpness = {name: all_of(name, hand_sharpness) for name in ("drawn", "right", "low confidence")}
    right, wrong = agreed["right"], agreed["another's maps"]
    return Findings(
        colours={name: Interval.of(values) for name, values in colours.items()},
        hands={name: (Interval.of(a), Interval.of(b), Interval.of(c)) for name, (a, b, c) in agreed.items()},
        lips={name: Interval.of(values) for name, values in lips.items()},
        sharpness={name: Interval.of(values) for name, values in sharpness.items()},
        gains={
            "reference": {"colour": _gain(colours["another's portrait"], colours["right"])},
            "maps": {
                "found": _gain(right[0], wrong[0]),
                "right": _gain(right[1], wrong[1]),
                "distance": _gain(wrong[2], right[2]),
            },
            "speech": {"correlation": _gain(lips["right"], lips["another's speech"])},
            "confidence": {"sharpness": _gain(sharpness["right"], sharpness["low confidence"])},
        },
        people=len(people),
        told_hands=sum(hands_can_be_told(scene) for scene in people),
        frames=frames,
    )


def _gain(better: list[float], worse: list[float]) -> Interval:
    return Interval.of([a - b for a, b in zip(better, worse, strict=True)])
