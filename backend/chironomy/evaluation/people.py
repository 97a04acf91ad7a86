# SPDX-License-Identifier: GPL-3.0-or-later
"""How two people's hands and bodies move while they speak, and how far the model is to come.

Measured by the definitions of `chironomy.evaluation.vitality` on two recordings of single speakers, captured by markers
and gloves: A is lively, 63 s; B, 69 s, whose fingers were captured too coarsely to be compared. Only these aggregates
are kept: the recordings are licensed to researchers, and nothing is trained on them. Two people are not everyone: they
show a range, not targets to be met to the digit. Wrists are by nominal bone lengths, in the frame of the body.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

PERSON_A: Mapping[str, float] = {
    "wrist_speed": 0.52,
    "wrist_speed_median": 0.41,
    "wrist_speed_95": 1.37,
    "still": 0.11,
    "longest_still": 0.9,
    "motionless": 0.01,
    "both_moving": 0.70,
    "strokes_per_minute": 98,
    "stroke_speed": 1.02,
    "stroke_duration": 0.50,
    "stroke_interval": 0.54,
    "range_x": 0.28,
    "range_y": 0.51,
    "range_z": 0.32,
    "cells": 84,
    "densest": 0.03,
    "above_shoulder": 0.06,
    "strokes_down": 0.33,
    "strokes_up": 0.30,
    "strokes_sideways": 0.32,
    "path_correlation": 0.01,
    "straightness": 0.88,
    "orientation_speed": 151,
    "finger_speed": 44,
    "fingers_still": 0.00,
    "finger_speed_while_still": 27,
    "finger_components": 7.5,
    "jerk": 40,
    "velocity_below_half_hertz": 0.13,
    "velocity_to_1_5_hertz": 0.71,
    "velocity_to_3_hertz": 0.15,
    "velocity_to_6_hertz": 0.01,
    "torso_speed": 23,
    "head_speed": 27,
    "head_yaw_range": 21,
    "chest_yaw_range": 31,
    "seeds_apart": 27,
}
"""A's values, by the names of `Vitality`'s fields; what seeds are apart is A beside A at another time, in cm."""

PERSON_B: Mapping[str, float] = {
    "wrist_speed": 0.45,
    "wrist_speed_median": 0.28,
    "wrist_speed_95": 1.49,
    "still": 0.29,
    "longest_still": 1.6,
    "motionless": 0.07,
    "both_moving": 0.60,
    "strokes_per_minute": 78,
    "stroke_speed": 1.35,
    "stroke_duration": 0.38,
    "stroke_interval": 0.48,
    "range_x": 0.34,
    "range_y": 0.57,
    "range_z": 0.38,
    "cells": 87,
    "densest": 0.05,
    "above_shoulder": 0.19,
    "strokes_down": 0.27,
    "strokes_up": 0.31,
    "strokes_sideways": 0.29,
    "path_correlation": 0.00,
    "straightness": 0.86,
    "orientation_speed": 180,
    "jerk": 66,
    "velocity_below_half_hertz": 0.19,
    "velocity_to_1_5_hertz": 0.43,
    "velocity_to_3_hertz": 0.25,
    "velocity_to_6_hertz": 0.12,
    "torso_speed": 22,
    "head_speed": 31,
    "head_yaw_range": 42,
    "chest_yaw_range": 45,
}
"""B's values, but for the fingers."""


@dataclass(frozen=True)
class Target:
    """What a figure is to be, both ends included; an end that is open is None."""

    least: float | None = None
    most: float | None = None

    def met(self, value: float) -> bool:
        """Whether a value is within; one that is not known is not."""
        if math.isnan(value):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least is None or self.most is None:
            return f"≤ {self.most:g}" if self.least is None else f"≥ {self.least:g}"
        return f"{self.least:g} to {self.most:g}"


_ALL_STYLES: Mapping[str, Target] = {
    "stroke_duration": Target(0.33, 0.55),
    "strokes_down": Target(most=0.45),
    "path_correlation": Target(most=0.08),
    "straightness": Target(0.82, 0.93),
    "strokes_shared": Target(most=0.45),
}

TARGETS: Mapping[str, Mapping[str, Target]] = {
    "neutral": {
        **_ALL_STYLES,
        "wrist_speed": Target(0.27),
        "still": Target(most=0.45),
        "longest_still": Target(most=2.2),
        "strokes_per_minute": Target(40, 90),
        "cells": Target(40),
        "range_y": Target(0.33),
        "densest": Target(most=0.10),
        "orientation_speed": Target(90),
        "finger_speed": Target(25),
        "finger_components": Target(5),
        "fingers_still": Target(most=0.15),
        "torso_speed": Target(9),
        "head_speed": Target(15),
        "chest_yaw_range": Target(14),
        "seeds_apart": Target(15),
    },
    "lively": {
        **_ALL_STYLES,
        "wrist_speed": Target(0.40, 0.60),
        "still": Target(most=0.30),
        "longest_still": Target(most=1.6),
        "strokes_per_minute": Target(70, 110),
        "cells": Target(70),
        "range_y": Target(0.45),
        "densest": Target(most=0.06),
        "above_shoulder": Target(0.03, 0.20),
        "orientation_speed": Target(140, 190),
        "finger_speed": Target(35, 55),
        "finger_components": Target(6),
        "fingers_still": Target(most=0.05),
        "torso_speed": Target(18, 28),
        "head_speed": Target(22, 35),
        "chest_yaw_range": Target(25, 45),
        "seeds_apart": Target(18),
    },
}
"""Of each style that has any, by the names of `Vitality`'s fields: what a person who sees it takes for a calm and for a
lively speaker."""
