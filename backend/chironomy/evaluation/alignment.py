# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy.evaluation.alignment FOLDER --seeds 20`: do the hands follow the speech they are given?

For every recording of a folder and every seed, motion is made and its stroke apexes are scored by beat alignment (see
`chironomy.evaluation.beats`) against the speech beats of its own recording and, as a control, against those of each
other one, over the time that both have. Own and other scores of the same motion are compared by paired tests:

    d = mean(own - other) / standard deviation(own - other)      (Cohen's d of pairs, higher is better),
    ratio = median |apex - nearest own beat| / median |apex - nearest beat of another|      (lower is better).

Another recording may have more beats or fewer, which helps or harms every motion; a second control that has exactly as
many is the own recording's beats moved round by a part of its length (`against_shifted`).
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.errors import ChironomyError
from chironomy.evaluation.beats import SIGMA_SECONDS, beat_alignment, stroke_apexes
from chironomy.evaluation.bootstrap import Interval, interval
from chironomy.evaluation.sources import SOUNDS
from chironomy.gesture.errors import GestureError

if TYPE_CHECKING:
    from chironomy.gesture.maker import GestureMaker
    from chironomy.speech.decode import Speech

_SHIFTS = 6  # own beats are moved round by 1/7, 2/7, … of the length

Beats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Own and other beat alignment of N motions.

    Attributes:
        clip: (N,) which recording.
        own: (N,) beat alignment with the recording's own beats.
        other: (N,) mean beat alignment with those of the other recordings.
        own_distance: (N,) median seconds from apexes to the nearest own beat.
        other_distance: (N,) likewise to others' beats.
        strokes_per_minute: (N,) apexes a minute of recording.
    """

    clip: NDArray[np.int64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]
    own_distance: NDArray[np.float64]
    other_distance: NDArray[np.float64]
    strokes_per_minute: NDArray[np.float64]

    @property
    def effect(self) -> float:
        """Cohen's d of the paired differences."""
        return _effect(self._table())

    @property
    def distance_ratio(self) -> float:
        """Median distance to own beats as a part of that to others'."""
        return _ratio(self._table())

    def intervals(self) -> tuple[Interval, Interval, Interval]:
        """Effect, share and ratio with 95 % intervals over recordings and seeds (`chironomy.evaluation.bootstrap`)."""
        effect, share, ratio = (interval(self._table(), figure, self.clip) for figure in (_effect, _share, _ratio))
        return effect, share, ratio

    def _table(self) -> NDArray[np.float64]:
        return np.stack([self.own, self.other, self.own_distance, self.other_distance], axis=1)

    def p_values(self) -> tuple[float, float]:
        """One-sided p of a paired t-test and of Wilcoxon's signed-rank test that own exceeds other."""
        from scipy import stats

        t_test: Any = stats.ttest_rel(self.own, self.other, alternative="greater")
        wilcoxon: Any = stats.wilcoxon(self.own, self.other, alternative="greater")
        return float(t_test.pvalue), float(wilcoxon.pvalue)


def align(
    apexes: Sequence[Sequence[Beats]],
    beats: Sequence[Beats],
    durations: Sequence[float],
    sigma: float = SIGMA_SECONDS,
) -> Alignment:
    """Compare motions with the speech beats of their own and of other recordings.

    Args:
        apexes: for every recording, the stroke apexes in seconds of each of its motions.
        beats: for every recording, its speech beats in seconds.
        durations: seconds of every recording.
        sigma: width of the alignment in seconds.

    Returns:
        One row a motion; motions without a stroke in the common time are left out.
    """
    controls = [
        [(beats[other], min(durations[clip], durations[other])) for other in range(len(beats)) if other != clip]
        for clip in range(len(beats))
    ]
    return _align(apexes, beats, durations, controls, sigma)


def against_shifted(
    apexes: Sequence[Sequence[Beats]],
    beats: Sequence[Beats],
    durations: Sequence[float],
    sigma: float = SIGMA_SECONDS,
) -> Alignment:
    """The same with each recording's own beats, moved round within its length, in the place of others'."""
    controls = [
        [(np.sort((own + duration * k / (_SHIFTS + 1)) % duration), duration) for k in range(1, _SHIFTS + 1)]
        for own, duration in zip(beats, durations, strict=True)
    ]
    return _align(apexes, beats, durations, controls, sigma)


def _align(
    apexes: Sequence[Sequence[Beats]],
    beats: Sequence[Beats],
    durations: Sequence[float],
    controls: Sequence[Sequence[tuple[Beats, float]]],
    sigma: float,
) -> Alignment:
    """Score against own beats and, for every recording, controls: beats and the seconds in which they compare."""
    rows = []
    for clip, motions in enumerate(apexes):
        for motion_beats in motions:
            scores = []
            for other_beats, until in controls[clip]:
                shared, own_beats = motion_beats[motion_beats < until], beats[clip]
                if not (len(shared) and len(own_beats) and len(other_beats)):
                    continue
                scores.append(
                    (
                        beat_alignment(shared, own_beats, sigma),
                        beat_alignment(shared, other_beats, sigma),
                        np.median(np.abs(shared[:, None] - own_beats).min(axis=1)),
                        np.median(np.abs(shared[:, None] - other_beats).min(axis=1)),
                    )
                )
            if scores:
                rows.append((clip, *np.mean(scores, axis=0), 60 * len(motion_beats) / durations[clip]))
    if not rows:
        raise GestureError("no motion has a stroke, so nothing can be compared; give recordings of speech")
    table = np.array(rows)
    return Alignment(table[:, 0].astype(int), *table[:, 1:].T)


def _effect(rows: NDArray[np.float64]) -> float:
    difference = rows[:, 0] - rows[:, 1]
    return float(difference.mean() / max(difference.std(ddof=1), 1e-12)) if len(rows) > 1 else float("nan")


def _share(rows: NDArray[np.float64]) -> float:
    return float(np.mean(rows[:, 0] > rows[:, 1]))


def _ratio(rows: NDArray[np.float64]) -> float:
    return float(np.median(rows[:, 2]) / max(np.median(rows[:, 3]), 1e-9))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if own alignment with accent onsets exceeds other with p < 0.01."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.evaluation.alignment", description=__doc__)
    parser.add_argument("folder", type=Path, help="recordings of speech, two or more")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--model", type=Path, help="folder of a model; by default the embedded one")
    parser.add_argument("--style", default="neutral")
    parser.add_argument("--steps", type=int, help="denoising steps")
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--threads", type=int, default=2, help="of torch, where the model needs it")
    options = parser.parse_args(arguments)
    try:
        paths = sorted(path for path in options.folder.glob("*") if path.suffix.lower() in SOUNDS)
        if len(paths) < 2:
            raise GestureError(f"{options.folder} holds {len(paths)} recordings; two or more are needed to compare")
        return _report(paths, options)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 2


def _report(paths: list[Path], options: argparse.Namespace) -> int:
    from chironomy.evaluation.lag import SPEECH_BEATS
    from chironomy.performance.gestures import gesture_pipeline
    from chironomy.speech.decode import load_speech

    pipeline = gesture_pipeline(options.model)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(options.threads)
    recordings = [load_speech(path) for path in paths]
    apexes = _apexes(pipeline, recordings, options)
    durations = [speech.duration for speech in recordings]
    beats = {name: [find(speech) for speech in recordings] for name, find in SPEECH_BEATS.items()}
    accents = align(apexes, beats["accent onsets"], durations)
    print(f"{'recording':24} {'own':>6} {'other':>6}   beat alignment with accent onsets, sigma {SIGMA_SECONDS} s")
    for clip, path in enumerate(paths):
        rows = accents.clip == clip
        print(f"{path.name:24} {accents.own[rows].mean():6.3f} {accents.other[rows].mean():6.3f}")
    for name, found in beats.items():
        print(f"{name}: {sentence(align(apexes, found, durations))}")
        shifted = against_shifted(apexes, found, durations)
        print(f"  against the same, moved round: d {shifted.effect:.2f}, ratio {shifted.distance_ratio:.2f}")
    return 0 if max(accents.p_values()) < 0.01 else 1


def sentence(result: Alignment) -> str:
    """What an alignment says, on one line."""
    effect, share, ratio = result.intervals()
    t_test, wilcoxon = result.p_values()
    return (
        f"own {result.own.mean():.3f}, other {result.other.mean():.3f}, d {effect.format()}, own higher in "
        f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f}) of {len(result.own)} pairs, "
        f"p {t_test:.1e} (paired t), {wilcoxon:.1e} (Wilcoxon); median distance {np.median(result.own_distance):.3f} s "
        f"own, {np.median(result.other_distance):.3f} s other, ratio {ratio.format()}; "
        f"{result.strokes_per_minute.mean():.0f} strokes a minute of recording"
    )


def _apexes(
    pipeline: "GestureMaker", recordings: "list[Speech]", options: argparse.Namespace
) -> list[list[NDArray[np.float64]]]:
    from tqdm import tqdm

    apexes: list[list[NDArray[np.float64]]] = [[] for _ in recordings]
    jobs = [(clip, seed) for clip in range(len(recordings)) for seed in range(options.seeds)]
    for clip, seed in tqdm(jobs, desc="motions", unit="motion"):
        motion = pipeline(
            recordings[clip],
            seed=seed,
            style=options.style,
            num_inference_steps=options.steps,
            guidance_scale=options.guidance,
        )
        apexes[clip].append(stroke_apexes(motion))
    return apexes


if __name__ == "__main__":
    sys.exit(main())
