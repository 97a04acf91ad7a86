# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls: pins that hold without a jolt, ranges that are another performance, numbers that do what they say."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.beats import wrist_speed
from chironomy.evaluation.keypoints import FINGERTIPS, keypoints
from chironomy.evaluation.strokes import find_strokes
from chironomy.gesture.settings import CONTROL_RANGE
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from gesture_benchmarks.bench import FPS, Bench, Figure, Table, joined

LEVELS = tuple(float(level) for level in np.geomspace(*CONTROL_RANGE, 7))
_NEIGHBOURHOOD = 8  # frames to either side of a border, a third of a second
_LEAST_SPEED = 0.1  # m/s; beside hands that are still, any movement would be many times the neighbourhood's


@dataclass(frozen=True)
class _Held:
    """How well pins were held."""

    millimetres: float
    degrees: float
    ratios: NDArray[np.float64]


_ANEW = 3  # seeds with which each range is made anew


def measure_pins(bench: Bench) -> list[Figure | Table | str]:
    """Pinned frames against what was given, and speed across the borders against the neighbourhood's."""
    from scipy.stats import percentileofscore

    cases: dict[str, list[_Held]] = {"a range made anew": [], "one hand kept": [], "keys moved by 5 cm": []}
    for number in range(4):
        speech = joined(bench.recordings[number % len(bench.recordings) :], 10.0)
        first = bench.pipeline(speech, seed=number)
        frames = first.frame_count
        outside = np.ones((frames, 2), bool)
        outside[frames * 2 // 5 : frames * 3 // 5] = False
        left = np.zeros((frames, 2), bool)
        left[:, 0] = True
        keys = np.zeros((frames, 2), bool)
        keys[18::36] = True  # one frame every 1.5 s
        moved = first.replaced(wrist_position=first.wrist_position + np.array([0.0, 0.05, 0.0]))
        for name, pinned, mask in (
            ("a range made anew", first, outside),
            ("one hand kept", first, left),
            ("keys moved by 5 cm", moved, keys),
        ):
            result = bench.pipeline(speech, seed=100 + number, pinned=pinned, pinned_mask=mask)
            cases[name].append(_held(result, pinned, mask))
    rows: list[Figure | Table | str] = []
    for name, held in cases.items():
        distance, angle = max(h.millimetres for h in held), max(h.degrees for h in held)
        rows.append(
            Figure(
                f"{name}: pins held",
                f"{distance:.3f} mm, {angle:.3f}°",
                "≤ 1 mm, ≤ 0.5°",
                distance <= 1 and angle <= 0.5,
                "largest differences of wrists and joints in pinned frames, 4 recordings of 10 s",
            )
        )
        ratios = np.concatenate([h.ratios for h in held])
        if len(ratios):
            rows.append(
                Figure(
                    f"{name}: speed across borders",
                    f"at most {ratios.max():.2f} × the neighbourhood's",
                    "≤ 1.5",
                    bool(ratios.max() <= 1.5),
                    f"wrists and fingertips, {len(ratios)} borders, {percentileofscore(ratios, 1.5):.0f} % within 1.5; "
                    "against the fastest step within a third of a second, at least 0.1 m/s",
                )
            )
    return [*rows, *_made_anew(bench)]


def _made_anew(bench: Bench) -> list[Figure]:
    """Whether a range made anew with another seed is another performance, and joins what is kept without a jolt."""
    differs, independent, harder = [], [], []
    for number in range(len(bench.recordings)):
        speech = joined(bench.recordings[number:] + bench.recordings[:number], 12.0)
        first = bench.pipeline(speech, seed=number)
        rows = slice(round(4.0 * FPS), round(8.0 * FPS))
        for k in range(_ANEW):
            again = bench.pipeline.regenerate(speech, first, 4.0, 8.0, seed=100 + 10 * number + k)
            differs.append(_apart(first, again, rows))
            independent.append(_apart(first, bench.pipeline(speech, seed=200 + 10 * number + k), rows))
            acceleration = np.linalg.norm(np.diff(again.wrist_position, n=2, axis=0), axis=-1)
            usual = np.percentile(acceleration, 95, axis=0)
            # The two second differences that have the border's step in them.
            harder += [acceleration[row - 2 : row].max(axis=0) / usual for row in (rows.start, rows.stop)]
    part = float(np.mean(differs) / np.mean(independent))
    seams = np.concatenate(harder)
    return [
        Figure(
            "a range made anew: differs, as a part of what takes do",
            f"{part:.2f}",
            "≥ 0.8",
            part >= 0.8,
            f"wrists {100 * np.mean(differs):.1f} and {100 * np.mean(independent):.1f} cm apart over 4 s",
        ),
        Figure(
            "a range made anew: acceleration at its borders",
            f"at most {seams.max():.2f} × the clip's 95th percentile",
            "≤ 1",
            bool(seams.max() <= 1),
            f"{100 * np.mean(seams <= 1):.0f} % of {len(seams)} within",
        ),
    ]


def _apart(one: HandMotion, other: HandMotion, rows: slice) -> float:
    """Metres between the wrists, on average."""
    return float(np.linalg.norm(one.wrist_position[rows] - other.wrist_position[rows], axis=-1).mean())


def _held(result: HandMotion, pinned: HandMotion, mask: NDArray[np.bool_]) -> _Held:
    distance = np.linalg.norm(result.wrist_position - pinned.wrist_position, axis=-1)[mask]
    angle = quaternion.angle(result.rotation, pinned.rotation)[mask]
    points = keypoints(result)
    points = np.concatenate([points[:, :, :1], points[:, :, FINGERTIPS]], axis=2)
    speed = np.linalg.norm(np.diff(points, axis=0), axis=-1) * result.fps
    ratios = []
    for hand in range(2):
        for step in np.flatnonzero(mask[1:, hand] != mask[:-1, hand]):
            around = np.arange(max(step - _NEIGHBOURHOOD, 0), min(step + _NEIGHBOURHOOD + 1, len(speed)))
            border = (mask[around + 1, hand] != mask[around, hand])[:, None]
            near = np.where(border, 0.0, speed[around, hand]).max(axis=0)
            ratios.append(float((speed[step, hand] / np.maximum(near, _LEAST_SPEED)).max()))
    return _Held(1000 * float(distance.max()), float(np.degrees(angle.max())), np.array(ratios))


def measure_controls(bench: Bench) -> list[Figure | Table | str]:
    """Speed, amplitude and rate over all that can be asked, against what they are to change."""
    made: list[Figure | Table | str] = []
    for name, (unit, digits, measure) in _CONTROLS.items():
        table = np.array(
            [
                [measure(bench.pipeline(speech, seed=seed, **{name: level})) for level in LEVELS]
                for speech in bench.recordings
                for seed in range(4)
            ]
        )
        means = table.mean(axis=0)
        falls = float(np.maximum(-np.diff(means), 0).max() / (means.max() - means.min()))
        made += [
            Figure(
                f"{name}: what it changes rises all the way",
                f"falls by at most {100 * falls:.0f} % of its range",
                "0 %",
                bool(falls == 0),
                f"means over {len(table)} motions at each level; {means[-1] / means[0]:.1f} times from end to end",
            ),
            Table(
                [f"{name} asked", *(f"{level:.2f}" for level in LEVELS)],
                [[unit, *(f"{value:.{digits}f}" for value in means)]],
            ),
        ]
    return made


def _spread(motion: HandMotion) -> float:
    """Metres of a wrist from where it is on average, root mean square."""
    return float(np.sqrt(motion.wrist_position.var(axis=0).sum(axis=-1).mean()))


def _strokes_a_minute(motion: HandMotion) -> float:
    return 60 * len(find_strokes(motion)) / motion.duration


_CONTROLS: dict[str, tuple[str, int, Callable[[HandMotion], float]]] = {
    "speed": ("wrist speed, m/s", 3, lambda motion: float(wrist_speed(motion).mean())),
    "amplitude": ("spread of wrists, m", 3, _spread),
    "rate": ("strokes a minute", 0, _strokes_a_minute),
}
