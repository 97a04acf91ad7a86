# SPDX-License-Identifier: GPL-3.0-or-later
"""Do strokes fall where their own speech has its accents?"""

import numpy as np

from chironomy.evaluation.alignment import against_shifted, align
from chironomy.evaluation.beats import stroke_apexes
from chironomy.evaluation.lag import SPEECH_BEATS, stroke_lag
from chironomy.speech import Speech
from gesture_benchmarks.bench import Bench, Figure, Table, plan


def measure_alignment(bench: Bench) -> list[Figure | Table | str]:
    """Own speech against another recording's, over recordings and seeds."""
    apexes = [
        [stroke_apexes(bench.pipeline(speech, seed=seed)) for seed in range(bench.seeds)] for speech in bench.recordings
    ]
    durations = [speech.duration for speech in bench.recordings]
    rows: list[Figure | Table | str] = []
    how = f"{bench.recordings_are} × {bench.seeds} seeds; 95 % intervals by a two-level bootstrap"
    for name, find in SPEECH_BEATS.items():
        beats = [find(speech) for speech in bench.recordings]
        result = align(apexes, beats, durations)
        effect, share, ratio = result.intervals()
        shifted = against_shifted(apexes, beats, durations)
        # Strokes are to arrive as syllables begin; how near they come to their loudest moments is judged by distance.
        judged = name != "pitch accents"
        rows.append(
            Figure(
                f"{name}: effect size",
                f"{effect.format()}",
                "≥ 1" if judged else "",
                effect.value >= 1 if judged else None,
                f"Cohen's d of pairs; {how}",
            )
        )
        percent = f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"
        rows.append(
            Figure(
                f"{name}: own higher",
                percent,
                "≥ 90 %" if judged else "",
                share.value >= 0.9 if judged else None,
                f"{len(result.own)} pairs",
            )
        )
        distance = f"median {np.median(result.own_distance):.3f} s own, {np.median(result.other_distance):.3f} s other"
        target, passed = ("≤ 0.60", ratio.value <= 0.6) if "accent" in name else ("", None)
        rows.append(Figure(f"{name}: distance own / other", ratio.format(), target, passed, distance))
        rows.append(
            Figure(
                f"{name}: against own beats moved round",
                f"d {shifted.effect:.2f}, distance {shifted.distance_ratio:.2f}",
                how="a control with exactly as many beats",
            )
        )
    onsets = [SPEECH_BEATS["accent onsets"](speech) for speech in bench.recordings]
    lags = [stroke_lag(motion, beats) for motions, beats in zip(apexes, onsets, strict=True) for motion in motions]
    signed, absolute, early = np.nanmedian([(lag.signed, lag.absolute, lag.early) for lag in lags], axis=0)
    rows.append(
        Figure(
            "lag to the nearest accent onset",
            f"{1000 * signed:+.0f} ms signed, {1000 * absolute:.0f} ms absolute",
            how=f"medians; negative is early; {100 * early:.0f} % of strokes before or on it",
        )
    )
    rows.append(_counted(bench))
    return [*rows, *(_in_language(bench, code, name) for code, name in (("cmn", "Chinese"), ("ko", "Korean")))]


def _in_language(bench: Bench, code: str, name: str) -> Figure | str:
    """The same of synthetic speech in another language, whose sentences are the corpus's and whose voices are not."""
    from chironomy.gesture.corpus.voices import RATE, Voice, program

    if not program("espeak-ng"):
        return f"This machine has no voice for {name}; install espeak-ng."
    recordings = []
    for number in range(6):
        random = np.random.default_rng([20_111, number])
        voice = Voice(random)
        voice.program, voice.language, voice.name = "espeak-ng", code, code
        pause = np.zeros(round(0.4 * RATE), np.float32)
        parts = [part for _ in range(4) for part in (voice.speak(voice.sentence(random)), pause)]
        recordings.append(Speech.from_samples(np.concatenate(parts), RATE, f"{name} {number}"))
    seeds = min(bench.seeds, 10)
    apexes = [[stroke_apexes(bench.pipeline(speech, seed=seed)) for seed in range(seeds)] for speech in recordings]
    beats = [SPEECH_BEATS["accent onsets"](speech) for speech in recordings]
    result = align(apexes, beats, [speech.duration for speech in recordings])
    effect, share, _ = result.intervals()
    how = f"{len(recordings)} recordings by espeak-ng × {seeds} seeds; own higher in {100 * share.value:.0f} %"
    return Figure(f"accent onsets in {name}: effect size", effect.format(), "≥ 0.8", effect.value >= 0.8, how)


def _counted(bench: Bench) -> Figure:
    """How many of planned motion's strokes, which are known, the apexes are that all of this is measured by."""
    made = [plan(speech, "neutral", seed) for speech in bench.recordings for seed in range(4)]
    counted, meant = sum(len(stroke_apexes(motion)) for motion, _ in made), sum(len(apexes) for _, apexes in made)
    how = f"on planned motion, whose strokes are known: {counted} counted, {meant} planned"
    return Figure("strokes counted / strokes planned", f"{counted / max(meant, 1):.2f}", how=how)
