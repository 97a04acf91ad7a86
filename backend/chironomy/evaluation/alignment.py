# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy.evaluation.alignment FOLDER --seeds 20`: do the hands follow the speech they are given?

For every recording of a folder and every seed, motion is made and its stroke apexes are scored by beat alignment (see
`chironomy.evaluation.beats`) against the speech beats of its own recording and, as a control, against those of each
other one, over the time that both have. Own and other scores of the same motion are compared by paired tests.
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
from chironomy.evaluation.beats import SIGMA_SECONDS, beat_alignment, librosa_onsets, stroke_apexes
from chironomy.gesture.errors import GestureError

if TYPE_CHECKING:
    from chironomy.gesture.pipeline import GesturePipeline
    from chironomy.speech.decode import Speech

_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}


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
        difference = self.own - self.other
        return float(difference.mean() / max(difference.std(ddof=1), 1e-12))

    def p_values(self) -> tuple[float, float]:
        """One-sided p of a paired t-test and of Wilcoxon's signed-rank test that own exceeds other."""
        from scipy import stats

        t_test: Any = stats.ttest_rel(self.own, self.other, alternative="greater")
        wilcoxon: Any = stats.wilcoxon(self.own, self.other, alternative="greater")
        return float(t_test.pvalue), float(wilcoxon.pvalue)


def align(
    apexes: Sequence[Sequence[NDArray[np.float64]]],
    beats: Sequence[NDArray[np.float64]],
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
    rows = []
    for clip, motions in enumerate(apexes):
        for motion_beats in motions:
            scores = []
            for control in range(len(beats)):
                until = min(durations[clip], durations[control])
                shared = motion_beats[motion_beats < until]
                own_beats, other_beats = beats[clip], beats[control]
                if control == clip or not (len(shared) and len(own_beats) and len(other_beats)):
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


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if own alignment exceeds other with p < 0.01."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.evaluation.alignment", description=__doc__)
    parser.add_argument("folder", type=Path, help="recordings of speech, two or more")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--model", type=Path, help="folder of a model; by default the embedded one")
    parser.add_argument("--style", default="neutral")
    parser.add_argument("--steps", type=int, help="denoising steps")
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    try:
        paths = sorted(path for path in options.folder.glob("*") if path.suffix.lower() in _SUFFIXES)
        if len(paths) < 2:
            raise GestureError(f"{options.folder} holds {len(paths)} recordings; two or more are needed to compare")
        return _report(paths, options)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 2


def _report(paths: list[Path], options: argparse.Namespace) -> int:
    import torch

    from chironomy.gesture.pipeline import GesturePipeline, embedded_weights
    from chironomy.speech.accents import onsets, pitch_accents
    from chironomy.speech.decode import load_speech

    torch.set_num_threads(options.threads)
    pipeline = GesturePipeline.from_pretrained(options.model or embedded_weights())
    recordings = [load_speech(path) for path in paths]
    apexes = _apexes(pipeline, recordings, options)
    durations = [speech.duration for speech in recordings]
    accents = align(apexes, [pitch_accents(speech)[0] for speech in recordings], durations)
    print(f"{'recording':24} {'own':>6} {'other':>6}   beat alignment with pitch accents, sigma {SIGMA_SECONDS} s")
    for clip, path in enumerate(paths):
        rows = accents.clip == clip
        print(f"{path.name:24} {accents.own[rows].mean():6.3f} {accents.other[rows].mean():6.3f}")
    passed = False
    for name, result in (
        ("pitch accents", accents),
        ("onsets", align(apexes, [onsets(speech) for speech in recordings], durations)),
        ("librosa onsets", align(apexes, [librosa_onsets(speech) for speech in recordings], durations)),
    ):
        t_test, wilcoxon = result.p_values()
        print(
            f"{name}: own {result.own.mean():.3f}, other {result.other.mean():.3f}, d {result.effect:.2f}, "
            f"own higher in {100 * np.mean(result.own > result.other):.0f} % of {len(result.own)} pairs, "
            f"p {t_test:.1e} (paired t), {wilcoxon:.1e} (Wilcoxon); median distance "
            f"{np.median(result.own_distance):.3f} s own, {np.median(result.other_distance):.3f} s other; "
            f"{result.strokes_per_minute.mean():.0f} strokes a minute"
        )
        passed = passed or (name == "pitch accents" and max(t_test, wilcoxon) < 0.01)
    return 0 if passed else 1


def _apexes(
    pipeline: "GesturePipeline", recordings: "list[Speech]", options: argparse.Namespace
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
