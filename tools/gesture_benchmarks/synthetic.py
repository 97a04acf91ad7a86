# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out synthetic motion: distance, diversity and smoothness, which check training, and what steps buy."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.alignment import align
from chironomy.evaluation.beats import beat_alignment, stroke_apexes
from chironomy.evaluation.diversity import diversity_l1, diversity_l2
from chironomy.evaluation.fgd import gesture_distance
from chironomy.evaluation.jerk import Jerk, motion_jerk
from chironomy.evaluation.keypoints import keypoints
from chironomy.gesture.encoding import decode, encode
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech import Speech
from chironomy.speech.accents import accent_onsets
from gesture_benchmarks.bench import Bench, Figure, Table, planned, say, weights_identity

STEPS = (1, 2, 4, 8, 16, 32)
_DIVERSITY_SEEDS = 50
_STEPS_SEEDS = 16


def measure_distance(bench: Bench) -> list[Figure | Table | str]:
    """FGD of the model against those of motions that are nothing, and of other weights."""
    extractor, corpus = bench.extractor, bench.corpus_motions
    own = gesture_distance(extractor, bench.samples, corpus)
    others = {
        "mean pose": gesture_distance(extractor, [_mean_pose(corpus, motion) for motion in corpus], corpus),
        "shuffled frames": gesture_distance(extractor, _shuffled(corpus), corpus),
    }
    if bench.baseline is not None and bench.baseline_pipeline is not None:
        say("sampling the baseline")
        motions = bench.model_motions(bench.baseline_pipeline)
        others[f"baseline {weights_identity(bench.baseline)}"] = gesture_distance(extractor, motions, corpus)
    between = gesture_distance(extractor, bench.extractor_motions, corpus)
    how = (
        f"extractor {own.extractor}, trained on {extractor.description['trained_on']}, "
        f"{own.windows} windows against {own.reference_windows} of {len(bench.held_out)} held-out items"
    )
    rows: list[Figure | Table | str] = [Figure("FGD of the model", f"{own.value:.2f}", how=how)]
    for name, distance in others.items():
        ratio = own.ratio(distance)
        rows.append(
            Figure(
                f"as a part of {name}",
                f"{ratio:.3f}",
                "≤ 0.25",
                ratio <= 0.25,
                f"FGD of {name}: {distance.value:.2f}",
                of_training=True,
            )
        )
    rows.append(
        Figure("FGD between two parts of the corpus", f"{between.value:.2f}", how="what other speech and plans make")
    )
    return rows


def measure_diversity(bench: Bench) -> list[Figure | Table | str]:
    """DIV over seeds against DIV over plans of the same speech, style neutral."""
    found = []
    for item in _for_diversity(bench):
        model = _model_keypoints(bench, item.speech, _DIVERSITY_SEEDS)
        plans = _plan_keypoints(item.speech, _DIVERSITY_SEEDS)
        found.append((diversity_l1(model), diversity_l1(plans), diversity_l2(model), diversity_l2(plans)))
    ours, theirs, ours_l2, theirs_l2 = np.mean(found, axis=0)
    ratio = float(np.mean([row[0] / row[1] for row in found]))
    return [
        Figure(
            "DIV of the model as a part of the corpus's own",
            f"{ratio:.2f}",
            "≥ 0.8",
            ratio >= 0.8,
            f"L1 over keypoints, {ours:.4f} m against {theirs:.4f} m, {_DIVERSITY_SEEDS} seeds against as many plans "
            f"of {len(found)} held-out recordings, neutral; L2 {100 * ours_l2:.1f} against {100 * theirs_l2:.1f} cm",
            of_training=True,
        )
    ]


def _for_diversity(bench: Bench) -> list[Any]:
    """Two held-out items with enough to gesture about."""
    return [item for item in bench.held_out if len(accent_onsets(item.speech)) > 5][:2]


def _model_keypoints(bench: Bench, speech: Speech, seeds: int, **settings: Any) -> NDArray[np.float64]:
    return np.stack([keypoints(bench.pipeline(speech, seed=seed, **settings)) for seed in range(seeds)])


def _plan_keypoints(speech: Speech, seeds: int) -> NDArray[np.float64]:
    return np.stack([keypoints(planned(speech, "neutral", seed)) for seed in range(seeds)])


def measure_smoothness(bench: Bench) -> list[Figure | Table | str]:
    """Jerk against the corpus's, each motion asked for what the corpus's was planned as."""
    rows: list[Figure | Table | str] = []
    for kind, (ours, theirs) in zip(
        ("wrists", "fingertips"), zip(_jerk(bench.samples), _jerk(bench.corpus_motions), strict=True), strict=True
    ):
        ratio = ours.mean / theirs.mean
        rows.append(
            Figure(
                f"jerk of {kind}, model / corpus",
                f"{ratio:.2f}",
                "0.85 to 1.15",
                0.85 <= ratio <= 1.15,
                f"means {ours.mean:.1f} and {theirs.mean:.1f} m/s³; 95th percentiles {ours.percentile_95:.0f} and "
                f"{theirs.percentile_95:.0f}",
                of_training=True,
            )
        )
    return rows


def measure_steps(bench: Bench) -> list[Figure | Table | str]:
    """What more denoising steps buy, and what they cost."""
    extractor, corpus = bench.extractor, bench.corpus_motions
    corpus_jerk = _jerk(corpus)[0].mean
    onsets = [accent_onsets(speech) for speech in bench.recordings]
    durations = [speech.duration for speech in bench.recordings]
    seconds = sum(item.speech.duration for item in bench.held_out)
    rows, distances, diversities = [], {}, {}
    chosen = _for_diversity(bench)
    plan_diversity = [diversity_l1(_plan_keypoints(item.speech, _STEPS_SEEDS)) for item in chosen]
    bench.pipeline(bench.held_out[0].speech, seed=0, num_inference_steps=1)  # warm
    for steps in STEPS:
        say(f"{steps} steps")
        begin = time.perf_counter()
        motions = bench.model_motions(bench.pipeline, variants=1, num_inference_steps=steps)
        cost = (time.perf_counter() - begin) / seconds
        apexes = [
            [stroke_apexes(bench.pipeline(speech, seed=seed, num_inference_steps=steps)) for seed in range(4)]
            for speech in bench.recordings
        ]
        aligned = align(apexes, onsets, durations)
        ba = [beat_alignment(a, o) for many, o in zip(apexes, onsets, strict=True) for a in many]
        distances[steps] = gesture_distance(extractor, motions, corpus).value
        jerk = _jerk(motions)[0].mean / corpus_jerk
        varied = [
            diversity_l1(_model_keypoints(bench, item.speech, _STEPS_SEEDS, num_inference_steps=steps)) / plans
            for item, plans in zip(chosen, plan_diversity, strict=True)
        ]
        diversities[steps] = float(np.mean(varied))
        name = f"**{steps}** (default)" if steps == bench.default_steps else str(steps)
        rows.append(
            [
                name,
                f"{distances[steps]:.2f}",
                f"{diversities[steps]:.2f}",
                f"{np.nanmean(ba):.3f}",
                f"{aligned.effect:.2f}",
                f"{jerk:.2f}",
                f"{cost:.4f}",
            ]
        )
    enough = next((steps for steps in STEPS if diversities[steps] >= 0.8), STEPS[-1])
    headings = [
        "steps",
        "FGD",
        "DIV / corpus",
        "BA (accent onsets)",
        "d own / other",
        "wrist jerk / corpus",
        "s a second of speech",
    ]
    return [
        Table(headings, rows),
        "With few steps every performance is nearly the mean one, which FGD rewards: the fewest steps with DIV of 0.8 "
        f"of the corpus's or more are {enough}; the default is {bench.default_steps}. FGD by extractor "
        f"{extractor.identity}; the default's own figure above has more samples.",
    ]


def _jerk(motions: list[HandMotion]) -> tuple[Jerk, Jerk]:
    """Means over motions, of wrists and fingertips."""
    found = [motion_jerk(motion) for motion in motions]
    return tuple(  # type: ignore[return-value]
        Jerk(*np.mean([[j.mean, j.median, j.percentile_95, j.percentile_99] for j in kind], axis=0))
        for kind in zip(*found, strict=True)
    )


def _mean_pose(corpus: list[HandMotion], like: HandMotion) -> HandMotion:
    mean = np.mean([encode(motion.wrist_position, motion.rotation).mean(axis=0) for motion in corpus], axis=0)
    position, rotation = decode(np.tile(mean, (like.frame_count, 1)))
    return like.replaced(wrist_position=position, rotation=rotation)


def _shuffled(corpus: list[HandMotion]) -> list[HandMotion]:
    random = np.random.default_rng(0)
    orders = [random.permutation(motion.frame_count) for motion in corpus]
    return [
        motion.replaced(wrist_position=motion.wrist_position[order], rotation=motion.rotation[order])
        for motion, order in zip(corpus, orders, strict=True)
    ]
