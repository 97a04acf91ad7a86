# SPDX-License-Identifier: GPL-3.0-or-later
"""How each style gestures: what it chooses, how often, how large and how fast, and where its hands rest."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.repertoire.kinds import Pose


@dataclass(frozen=True)
class Manner:
    """How a style gestures.

    Attributes:
        kinds: relative frequency of kinds of gesture.
        shapes: relative frequency of hand shapes where the kind has none of its own.
        rest: where the hands rest before the body.
        strokes_per_minute: of continuous speech.
        amplitude: relative size of strokes.
        tempo: relative speed of movements.
        both_hands: probability that both hands gesture.
        height: metres added to every gesture, likewise `width` (outwards) and `reach` (forward).
        width: see above.
        reach: see above.
        supination: degrees by which palms are turned up beyond the kind's own.
        repeats: mean number of strokes in a gesture phrase.
        hold: seconds for which a stroke is held before the hand sinks.
        idle: size of the movement that never stops.
    """

    kinds: dict[str, float]
    shapes: dict[str, float]
    rest: Pose
    strokes_per_minute: float
    amplitude: float
    tempo: float
    both_hands: float
    height: float
    width: float
    reach: float
    supination: float
    repeats: float
    hold: float
    idle: float


MANNERS: dict[str, Manner] = {
    "neutral": Manner(
        {"beat": 4, "open_beat": 3, "present": 2.5, "container": 2, "ring": 0.7, "bunch": 0.5, "sweep": 0.7}
        | {"chop": 0.6, "point_out": 0.4, "point_you": 0.4, "self": 0.5, "refuse": 0.4, "count": 0.5, "wag": 0.2},
        {"relaxed": 3, "soft": 1, "loose_fist": 0.6},
        Pose(0.15, -0.305, 0.225, 30.0, 12.0, -4.0, "relaxed"),
        *(39, 1.0, 1.0, 0.5),
        *(0.0, 0.0, 0.0, 0.0),
        *(2.2, 1.0, 1.0),
    ),
    "calm": Manner(
        {"beat": 4, "open_beat": 2.5, "present": 2.5, "container": 2.5, "self": 0.8, "sweep": 0.5},
        {"soft": 3, "relaxed": 1},
        Pose(0.115, -0.345, 0.235, -20.0, 6.0, -2.0, "soft"),
        *(27, 0.75, 0.72, 0.6),
        *(-0.055, -0.01, 0.0, 14.0),
        *(1.6, 1.7, 0.7),
    ),
    "lively": Manner(
        {"beat": 2, "open_beat": 3, "present": 3, "container": 1.2, "sweep": 2, "point_out": 1, "self": 0.9}
        | {"refuse": 1, "wag": 0.8, "count": 0.5, "ring": 0.3, "chop": 0.4},
        {"spread": 2, "relaxed": 1},
        Pose(0.19, -0.275, 0.235, 38.0, 8.0, 0.0, "relaxed"),
        *(54, 1.4, 1.2, 0.6),
        *(0.05, 0.03, 0.02, 0.0),
        *(2.6, 0.6, 1.6),
    ),
    "emphatic": Manner(
        {"chop": 3.5, "fist": 3.5, "beat": 1, "point_you": 2, "point_out": 0.8, "refuse": 0.8, "container": 0.6},
        {"fist": 2, "loose_fist": 2},
        Pose(0.165, -0.295, 0.225, 52.0, 4.0, -6.0, "loose_fist"),
        *(52, 1.2, 1.15, 0.35),
        *(0.02, 0.0, 0.03, -12.0),
        *(3.0, 0.8, 0.7),
    ),
    "precise": Manner(
        {"ring": 5, "bunch": 2.5, "count": 1.8, "chop": 0.8, "beat": 1, "point_out": 0.5, "container": 0.5},
        {"ring": 2, "bunch": 1},
        Pose(0.145, -0.275, 0.255, 12.0, 8.0, 0.0, "cupped"),
        *(44, 0.9, 1.05, 0.25),
        *(0.0, -0.03, 0.0, 0.0),
        *(2.8, 1.2, 0.6),
    ),
    "open": Manner(
        {"present": 5, "open_beat": 4, "container": 1, "sweep": 1, "refuse": 0.3, "self": 0.6},
        {"open": 3, "spread": 1},
        Pose(0.215, -0.305, 0.235, -14.0, 4.0, 2.0, "open"),
        *(38, 1.15, 0.9, 0.88),
        *(-0.01, 0.055, 0.02, 16.0),
        *(2.0, 1.5, 1.0),
    ),
    "reserved": Manner(
        {"beat": 6, "open_beat": 1.5, "container": 0.7, "self": 0.7, "count": 0.5, "ring": 0.3},
        {"relaxed": 2, "soft": 2, "loose_fist": 0.5},
        Pose(0.14, -0.375, 0.185, 45.0, 14.0, -6.0, "soft"),
        *(27, 0.5, 0.9, 0.2),
        *(-0.075, -0.035, -0.03, 0.0),
        *(1.5, 0.8, 0.4),
    ),
}

_WEIGHTED = ("kinds", "shapes")


def rest_vector(weights: dict[str, float]) -> NDArray[np.float64]:
    """(26,) the resting pose of one style or between several, whose weights sum to 1."""
    return np.sum([weight * MANNERS[name].rest.vector() for name, weight in weights.items()], axis=0)


def manner_of(weights: dict[str, float]) -> Manner:
    """The manner of one style, or one between several: numbers are averaged, choices have the mean frequencies.

    Args:
        weights: of styles by name, summing to 1. `rest` is that of the heaviest style; `rest_vector` lies between.
    """
    heaviest = MANNERS[max(weights, key=lambda name: weights[name])]
    mixed: dict[str, object] = {"rest": heaviest.rest}
    for entry in fields(Manner):
        values = [(getattr(MANNERS[name], entry.name), weight) for name, weight in weights.items()]
        if entry.name in _WEIGHTED:
            shares = [({k: v / sum(table.values()) for k, v in table.items()}, weight) for table, weight in values]
            keys = dict.fromkeys(key for table, _ in shares for key in table)
            mixed[entry.name] = {key: sum(table.get(key, 0.0) * weight for table, weight in shares) for key in keys}
        elif entry.name != "rest":
            mixed[entry.name] = sum(value * weight for value, weight in values)
    return Manner(**mixed)  # type: ignore[arg-type]
