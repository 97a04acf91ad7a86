# SPDX-License-Identifier: GPL-3.0-or-later
"""How two people's hands and bodies move while they speak, and how near to people the model is to come.

Measured by the definitions of `chironomy.evaluation.vitality` on two recordings of single speakers, captured by markers
and gloves: A, who is lively, for 63 s; B for 69 s, whose fingers were captured too coarsely to be compared. Only these
aggregates are kept: the recordings are licensed to researchers, and nothing is trained on them. Two people are not
everyone: they show a range, not targets to be met to the digit. Wrists are by nominal bone lengths.

The people were measured by other code. What it left open (the low-pass, what bounds a stroke, grids) is set so that the
second edition of the embedded weights comes out as by that code, over six recordings, five seeds and three styles:
speeds and durations to about a tenth, ranges and intervals to a fifth, shares and correlations to 0.1, straightness
0.01 to 0.02 higher, and cells 13, 26 and 19 for 11, 19 and 11.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True)
class Measure:
    """One measure beside people's values and targets.

    Attributes:
        name: as tables call it.
        unit: "" for shares and counts.
        digits: after the point.
        person_a: A's value; None where it is not known.
        person_b: B's value.
        neutral: target of the default style.
        lively: target of the lively style.
    """

    name: str
    unit: str
    digits: int
    person_a: float | None = None
    person_b: float | None = None
    neutral: Target | None = None
    lively: Target | None = None

    def format(self, value: float | None) -> str:
        """A value with the measure's digits; nothing where it is not known."""
        return "" if value is None or math.isnan(value) else f"{value:.{self.digits}f}"

    def target(self, style: str) -> Target | None:
        """The target of `neutral` or `lively`; other styles have none."""
        return {"neutral": self.neutral, "lively": self.lively}.get(style)


def _least(value: float) -> Target:
    return Target(least=value)


def _most(value: float) -> Target:
    return Target(most=value)


_DURATION, _DOWN, _PATHS, _STRAIGHT, _SHARED = (
    Target(0.33, 0.55),
    _most(0.45),
    _most(0.08),
    Target(0.82, 0.93),
    _most(0.45),
)

MEASURES: Mapping[str, Measure] = {
    "wrist_speed": Measure("wrist speed, mean", "m/s", 2, 0.52, 0.45, _least(0.27), Target(0.40, 0.60)),
    "wrist_speed_median": Measure("wrist speed, median", "m/s", 2, 0.41, 0.28),
    "wrist_speed_95": Measure("wrist speed, 95 %", "m/s", 2, 1.37, 1.49),
    "still": Measure("both wrists below 0.2 m/s", "", 2, 0.11, 0.29, _most(0.45), _most(0.30)),
    "longest_still": Measure("longest such stretch in speech", "s", 1, 0.9, 1.6, _most(2.2), _most(1.6)),
    "motionless": Measure("both wrists below 0.05 m/s", "", 2, 0.01, 0.07),
    "both_moving": Measure("both hands move when one does", "", 2, 0.70, 0.60),
    "strokes_per_minute": Measure("strokes a minute", "", 0, 98, 78, Target(40, 90), Target(70, 110)),
    "stroke_speed": Measure("stroke's peak speed, median", "m/s", 2, 1.02, 1.35),
    "stroke_duration": Measure("stroke's duration, median", "s", 2, 0.50, 0.38, _DURATION, _DURATION),
    "stroke_interval": Measure("from stroke to stroke, median", "s", 2, 0.54, 0.48),
    "range_x": Measure("90 % range of a wrist, sideways", "m", 2, 0.28, 0.34),
    "range_y": Measure("90 % range of a wrist, vertical", "m", 2, 0.51, 0.57, _least(0.33), _least(0.45)),
    "range_z": Measure("90 % range of a wrist, forward", "m", 2, 0.32, 0.38),
    "cells": Measure("4 cm cells that hold 90 % of the time", "", 0, 84, 87, _least(40), _least(70)),
    "densest": Measure("time in the densest 5 cm place", "", 2, 0.03, 0.05, _most(0.10), _most(0.06)),
    "above_shoulder": Measure("time a wrist is above the shoulder", "", 2, 0.06, 0.19, None, Target(0.03, 0.20)),
    "strokes_down": Measure("strokes that go down", "", 2, 0.33, 0.27, _DOWN, _DOWN),
    "strokes_up": Measure("strokes that go up", "", 2, 0.30, 0.31),
    "strokes_sideways": Measure("strokes that go sideways", "", 2, 0.32, 0.29),
    "path_correlation": Measure("correlation of strokes' paths", "", 2, 0.01, 0.00, _PATHS, _PATHS),
    "straightness": Measure("straightness of strokes", "", 2, 0.88, 0.86, _STRAIGHT, _STRAIGHT),
    "orientation_speed": Measure("speed of hand orientation", "°/s", 0, 151, 180, _least(90), Target(140, 190)),
    "finger_speed": Measure("finger joints' speed", "°/s", 1, 44, None, _least(25), Target(35, 55)),
    "fingers_still": Measure("all fingers below 10°/s", "", 2, 0.00, None, _most(0.15), _most(0.05)),
    "finger_speed_while_still": Measure("finger speed while the wrist is still", "°/s", 1, 27),
    "finger_components": Measure("components of finger motion, 90 %", "", 1, 7.5, None, _least(5), _least(6)),
    "jerk": Measure("jerk of wrists, low-passed", "m/s³", 0, 40, 66),
    "velocity_below_half_hertz": Measure("velocity below 0.5 Hz", "", 2, 0.13, 0.19),
    "velocity_to_1_5_hertz": Measure("velocity from 0.5 to 1.5 Hz", "", 2, 0.71, 0.43),
    "velocity_to_3_hertz": Measure("velocity from 1.5 to 3 Hz", "", 2, 0.15, 0.25),
    "velocity_to_6_hertz": Measure("velocity from 3 to 6 Hz", "", 2, 0.01, 0.12),
    "torso_speed": Measure("torso's turning speed", "°/s", 1, 23, 22, _least(9), Target(18, 28)),
    "head_speed": Measure("head's turning speed", "°/s", 1, 27, 31, _least(15), Target(22, 35)),
    "head_yaw_range": Measure("head's yaw, 90 % range", "°", 1, 21, 42),
    "chest_yaw_range": Measure("chest's yaw, 90 % range", "°", 1, 31, 45, _least(14), Target(25, 45)),
    "strokes_shared": Measure("strokes shared by two seeds", "", 2, None, None, _SHARED, _SHARED),
    "seeds_apart": Measure("seeds apart", "cm", 1, 27, None, _least(15), _least(18)),
}
"""By the names of the fields of `Vitality` and `SeedsApart`. What A's seeds are apart is A beside A at another time."""


def beside_people(figures: Mapping[str, float]) -> list[tuple[str, ...]]:
    """Cells of a table: figures beside both people's and both targets, each with its verdict; headings first.

    Args:
        figures: by the names of `MEASURES`; those that are not known or NaN are left out.
    """
    rows: list[tuple[str, ...]] = [("measure", "measured", "unit", "person A", "person B", "neutral", "", "lively", "")]
    for field, measure in MEASURES.items():
        value = figures.get(field, math.nan)
        if not math.isnan(value):
            people = (measure.format(measure.person_a), measure.format(measure.person_b))
            judged = (cell for style in ("neutral", "lively") for cell in _judged(measure.target(style), value))
            rows.append((measure.name, measure.format(value), measure.unit, *people, *judged))
    return rows


def beside_people_records(figures: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """The same as plain values by field: `value`, `unit`, `person_a`, `person_b` and of each style with a target it."""
    records: dict[str, dict[str, Any]] = {}
    for field, measure in MEASURES.items():
        if field in figures:
            value = figures[field]
            record = {"value": value, "unit": measure.unit, "person_a": measure.person_a, "person_b": measure.person_b}
            for style in ("neutral", "lively"):
                target = measure.target(style)
                if target is not None:
                    record[style] = {"least": target.least, "most": target.most, "met": target.met(value)}
            records[field] = record
    return records


def _judged(target: Target | None, value: float) -> tuple[str, str]:
    return ("", "") if target is None else (str(target), "PASS" if target.met(value) else "short")
