# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls: pins that hold without a jolt, and speed that does what it says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.beats import wrist_speed
from chironomy.evaluation.keypoints import FINGERTIPS, keypoints
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from gesture_benchmarks.bench import Bench, Figure, Table, joined

LEVELS = tuple(float(level) for level in np.geomspace(0.5, 1.8, 7))
_NEIGHBOURHOOD = 8  # frames to either side of a border, a third of a second
_LEAST_SPEED = 0.1  # m/s; beside hands that are still, any movement would be many times the neighbourhood's


@dataclass(frozen=True)
class _Held:
    """How well pins were held."""

    millimetres: float
    degrees: float
    ratios: NDArray[np.float64]


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
    return rows


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


def measure_speed_control(bench: Bench) -> list[Figure | Table | str]:
    """Asked speed against measured wrist speed."""
    from scipy.stats import spearmanr

    table = np.array(
        [
            [wrist_speed(bench.pipeline(speech, seed=seed, speed=level)).mean() for level in LEVELS]
            for speech in bench.recordings
            for seed in range(4)
        ]
    )
    means = table.mean(axis=0)
    rank = float(spearmanr(LEVELS, means).statistic)
    each = float(np.mean([spearmanr(LEVELS, row).statistic for row in table]))
    return [
        Figure(
            "speed: Spearman of asked and measured",
            f"{rank:.3f}",
            "≥ 0.95",
            rank >= 0.95,
            f"means over {len(table)} motions at each level; within one recording and seed {each:.2f} on average",
        ),
        Table(
            ["speed asked", *(f"{level:.2f}" for level in LEVELS)],
            [["mean wrist speed, m/s", *(f"{value:.3f}" for value in means)]],
        ),
    ]
