# SPDX-License-Identifier: GPL-3.0-or-later
"""What `chironomy evaluate gesture` says of motions: every metric that what is at hand allows.

How alive the motion is stands beside two people's values (`chironomy.evaluation.people`). Speech allows lag, beat
alignment and beat consistency; several motions of one recording allow diversity; a reference allows FGD and, where it
has a motion of the same name, PCK.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chironomy.evaluation.beat_consistency import beat_consistency
from chironomy.evaluation.beats import SIGMA_SECONDS, beat_alignment, librosa_onsets, stroke_apexes
from chironomy.evaluation.behind import behind_body
from chironomy.evaluation.bootstrap import Interval, interval
from chironomy.evaluation.correct_keypoints import correct_keypoints
from chironomy.evaluation.diversity import diversity_l1, diversity_l2
from chironomy.evaluation.figures import Metric, figure_records, figure_rows, plain
from chironomy.evaluation.jerk import motion_jerk
from chironomy.evaluation.keypoints import keypoints
from chironomy.evaluation.lag import stroke_lag
from chironomy.evaluation.limits import limit_violations
from chironomy.evaluation.penetration import penetration
from chironomy.evaluation.people import beside_people, beside_people_records
from chironomy.evaluation.vitality import Body, figures_of_takes
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.accents import accent_onsets, pitch_accents
from chironomy.speech.decode import Speech
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.evaluation.extractor import Extractor


METRICS: dict[str, Metric] = {
    "wrist jerk, mean": Metric("m/s³", "as the data", 1),
    "wrist jerk, 95th percentile": Metric("m/s³", "as the data", 1),
    "fingertip jerk, mean": Metric("m/s³", "as the data", 1),
    "fingertip jerk, 95th percentile": Metric("m/s³", "as the data", 1),
    "joints beyond limits by over 2°": Metric("", "lower", 5),
    "worst joint beyond limits": Metric("°", "lower", 1),
    "frames clear to 5 mm": Metric("", "higher", 4),
    "deepest in the body": Metric("mm", "lower", 1),
    "hands deepest in each other": Metric("mm", "lower", 1),
    "frames with a hand behind the body": Metric("", "lower", 4),
    "lag to accent onsets": Metric("s", "0 or just below"),
    "absolute lag to accent onsets": Metric("s", "lower"),
    f"BA, accent onsets, σ {SIGMA_SECONDS} s": Metric("", "higher"),
    f"BA, pitch accents, σ {SIGMA_SECONDS} s": Metric("", "higher"),
    f"BA, librosa onsets, σ {SIGMA_SECONDS} s": Metric("", "higher"),
    "BC (BEAT2), librosa onsets, σ 0.3 s": Metric("", "as the data"),
    "PCK at 0.1 m": Metric("", "higher"),
    "DIV, L1": Metric("m", "higher", 4),
    "DIV, L2": Metric("m", "higher", 4),
    "FGD": Metric("", "lower", 2),
}
"""Every figure by name, in the order of the table."""


_LEAST_SECONDS = 30.0
"""Less motion than this shows too little of the space that hands use."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One motion to measure.

    Attributes:
        name: of the motion.
        motion: the hands.
        clip: what it was made for; motions of one clip are compared for diversity.
        speech: the recording, if it is there.
        truth: the reference's motion of the same clip, if there is one.
        body: what the rest of the body does, if it is known.
    """

    name: str
    motion: HandMotion
    clip: str
    speech: Speech | None = None
    truth: HandMotion | None = None
    body: Body | None = None


@dataclass(frozen=True)
class Report:
    """Figures of several motions.

    Attributes:
        motions: for each motion its name and figures.
        figures: over all of them, with 95 % intervals over clips and motions; NaN intervals where one figure is all.
        alive: measures of how alive they are together, by the names of `chironomy.evaluation.people.MEASURES`.
        notes: what was compared with what.
    """

    motions: list[dict[str, Any]]
    figures: dict[str, Interval]
    alive: dict[str, float]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not a number is null."""
        figures = figure_records(self.figures, METRICS)
        return plain(
            {
                "format": "chironomy.evaluation/1",
                "figures": figures,
                "beside_people": beside_people_records(self.alive),
                "motions": self.motions,
                "notes": self.notes,
            }
        )

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Cells of a table: metric, value, interval, unit, what is better; headings first."""
        return figure_rows(self.figures, METRICS, several=len(self.motions) > 1)

    def people_rows(self) -> list[tuple[str, ...]]:
        """Cells of a table: each measure of life beside two people's values and the targets; headings first."""
        return beside_people(self.alive)


def measure(sample: Sample) -> dict[str, float]:
    """The figures of one motion; those that cannot be told (no stroke, no accent, too short) are NaN."""
    motion, speech = sample.motion, sample.speech
    wrists, tips = motion_jerk(motion)
    limits, depth = limit_violations(motion), penetration(motion)
    figures = {
        "wrist jerk, mean": wrists.mean,
        "wrist jerk, 95th percentile": wrists.percentile_95,
        "fingertip jerk, mean": tips.mean,
        "fingertip jerk, 95th percentile": tips.percentile_95,
        "joints beyond limits by over 2°": limits.rate,
        "worst joint beyond limits": limits.worst,
        "frames clear to 5 mm": depth.clear,
        "deepest in the body": depth.body,
        "hands deepest in each other": depth.hands,
        "frames with a hand behind the body": behind_body(motion),
    }
    if speech is not None:
        apexes, onsets, heard = stroke_apexes(motion), accent_onsets(speech), librosa_onsets(speech)
        lag = stroke_lag(apexes, onsets)
        figures |= {
            "lag to accent onsets": lag.signed,
            "absolute lag to accent onsets": lag.absolute,
            f"BA, accent onsets, σ {SIGMA_SECONDS} s": beat_alignment(apexes, onsets),
            f"BA, pitch accents, σ {SIGMA_SECONDS} s": beat_alignment(apexes, pitch_accents(speech)[0]),
            f"BA, librosa onsets, σ {SIGMA_SECONDS} s": beat_alignment(apexes, heard),
            "BC (BEAT2), librosa onsets, σ 0.3 s": beat_consistency(motion, heard),
        }
    if sample.truth is not None:
        truth = sample.truth if sample.truth.fps == motion.fps else sample.truth.resampled(motion.fps)
        figures["PCK at 0.1 m"] = correct_keypoints(keypoints(motion), keypoints(truth))
    return figures


def evaluate(
    samples: Sequence[Sample],
    reference: Sequence[HandMotion] = (),
    extractor: "Extractor | None" = None,
    work: Work = QUIET,
) -> Report:
    """Measure motions.

    Args:
        samples: one at least.
        reference: motions whose distribution FGD compares with.
        extractor: FGD's auto-encoder; without it there is no FGD.
        work: told after every sample.

    Raises:
        EvaluationError: FGD is asked of motions of which none lasts 2 s.
    """
    rows = []
    for number, sample in enumerate(samples):
        rows.append(measure(sample))
        work.progress((number + 1) / len(samples))
    clips = np.array([sample.clip for sample in samples])
    figures: dict[str, Interval] = {}
    for name in METRICS:
        values = np.array([row.get(name, math.nan) for row in rows])
        known = ~np.isnan(values)
        if known.any():
            figures[name] = _extreme(name, values[known]) or interval(values[known], groups=clips[known])
    figures |= _diversity(samples)
    notes = []
    if extractor is not None and reference:
        from chironomy.evaluation.fgd import gesture_distance

        distance = gesture_distance(extractor, [sample.motion for sample in samples], reference)
        figures["FGD"] = Interval(distance.value, math.nan, math.nan)
        notes.append(
            f"FGD in the space of extractor {distance.extractor}, trained on {extractor.description['trained_on']}: "
            f"{distance.windows} windows against {distance.reference_windows}; compare it with FGDs of this one only"
        )
    motions = [
        {"name": sample.name, "clip": sample.clip, "seconds": sample.motion.duration, **row}
        for sample, row in zip(samples, rows, strict=True)
    ]
    alive = _alive(samples)
    if alive["seconds"] < _LEAST_SECONDS:
        notes.append(
            f"The measures beside people's are of {alive['seconds']:.0f} s. Hands use more space the longer they are "
            "watched, and people were watched for a minute: give recordings that last a minute together"
        )
    return Report(motions, figures, alive, notes)


def _extreme(name: str, values: np.ndarray) -> Interval | None:
    """The worst over all motions, for figures that are a worst one."""
    if "worst" in name or "deepest" in name:
        return Interval(float(values.max()), math.nan, math.nan)
    return None


def _alive(samples: Sequence[Sample]) -> dict[str, float]:
    """Measures of life of the samples, each clip's with its speech and body."""
    by_clip: dict[str, list[Sample]] = {}
    for sample in samples:
        by_clip.setdefault(sample.clip, []).append(sample)
    return figures_of_takes([[(each.motion, each.speech, each.body) for each in takes] for takes in by_clip.values()])


def _diversity(samples: Sequence[Sample]) -> dict[str, Interval]:
    """DIV of the clips that have two or more motions, over the frames that these share."""
    by_clip: dict[str, list[HandMotion]] = {}
    for sample in samples:
        by_clip.setdefault(sample.clip, []).append(sample.motion)
    values = []
    for motions in by_clip.values():
        same = [motion for motion in motions if motion.fps == motions[0].fps]
        if len(same) > 1:
            frames = min(motion.frame_count for motion in same)
            points = np.stack([keypoints(motion.sliced(0, frames)) for motion in same])
            values.append((diversity_l1(points), diversity_l2(points)))
    if not values:
        return {}
    first, second = np.array(values).T
    return {"DIV, L1": interval(first), "DIV, L2": interval(second)}
