# SPDX-License-Identifier: GPL-3.0-or-later
"""The score: what is asked for is done, what is locked stays, and what was planned is read."""

from dataclasses import replace

import numpy as np

from chironomy.evaluation.score import ReadBack, explained_strokes, read_back
from chironomy.evaluation.sources import motion_of_clip
from chironomy.gesture.change import change, with_phrase
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.gesture.score.read import read_score
from chironomy.motion import rotation as quaternion
from gesture_benchmarks.bench import FPS, Bench, Figure, Table, joined

_SECONDS = 20.0
_EVERY = 2.5  # seconds from one asked phrase to the next


def measure_score(bench: Bench) -> list[Figure | Table | str]:
    """Read-back of held-out plans; strokes of default takes explained; asked phrases done; locked ones left alone."""
    made: list[Figure | Table | str] = []
    pairs = [
        (motion, clip.score)
        for item in bench.held_out
        for clip in item.clips
        for motion in [motion_of_clip(clip, FPS)]
        if clip.score is not None
    ]
    if pairs:
        read = read_back(pairs)
        how = f"{read.wanted} phrases of held-out plans; half of the time in common, same kind, a hand in common"
        made.append(Figure("read-back F1 of phrases", f"{read.f1:.2f}", "≥ 0.9", read.f1 >= 0.9, how))
        made.append(Figure("the same whatever the kind", f"{read.f1_any_kind:.2f}"))
    counts = [
        explained_strokes(motion, read_score(motion))
        for number, speech in enumerate(bench.recordings)
        for motion in [bench.pipeline(joined([speech], _SECONDS), seed=number)]
    ]
    share = sum(inside for inside, _ in counts) / max(sum(total for _, total in counts), 1)
    made.append(Figure("strokes explained by the read score", f"{share:.0%}", "≥ 80 %", share >= 0.8, "default takes"))
    if not bench.pipeline.transformer.score_dim:
        return [*made, "These weights take no score: what is asked for and what is locked cannot be measured."]
    return [*made, *_asked(bench), *_left_alone(bench)]


def asked_score(kinds: list[str], seconds: float, seed: int) -> Score:
    """Phrases of chosen kinds, moments and hands that do these kinds, nothing else of them said."""
    random = np.random.default_rng(seed)
    phrases = []
    for start in np.arange(0.8, seconds - _EVERY, _EVERY):
        apex = float(start + random.uniform(0.6, 0.9))
        kind = str(random.choice([kind for kind in kinds if kind != REST]))
        together = KINDS[kind].two_handed
        hands = "both" if together == 1 else str(random.choice(["left", "right", "both"][: 2 if together == 0 else 3]))
        phrases.append(Phrase(float(start), apex + 0.7, (Stroke(apex, 0.2),), kind, hands))
    return Score(tuple(phrases), seconds)


def _asked(bench: Bench) -> list[Figure | Table | str]:
    pairs = []
    for number, speech in enumerate(bench.recordings):
        own = joined([speech], _SECONDS)
        score = asked_score(list(bench.pipeline.transformer.config["score_kinds"]), own.duration, number)
        pairs.append((bench.pipeline(own, seed=number, score=score), score))
    read: ReadBack = read_back(pairs)
    share = read.found / max(read.wanted, 1)
    errors = 1000 * np.abs(read.apex_errors) if len(read.apex_errors) else np.array([np.inf])
    middle, most = float(np.median(errors)), float(np.percentile(errors, 95))
    return [
        Figure("asked kind recognised", f"{share:.0%}", "≥ 90 %", share >= 0.9, f"{read.wanted} asked phrases"),
        Figure("asked apex missed by, median", f"{middle:.0f} ms", "≤ 40 ms", middle <= 40),
        Figure("asked apex missed by, 95 %", f"{most:.0f} ms", "≤ 100 ms", most <= 100),
    ]


def _left_alone(bench: Bench) -> list[Figure | Table | str]:
    metres = degrees = 0.0
    for number, speech in enumerate(bench.recordings[:4]):
        own = joined([speech], _SECONDS)
        kinds = list(bench.pipeline.transformer.config["score_kinds"])
        score = asked_score(kinds, own.duration, number)
        score = replace(score, phrases=tuple(replace(each, states={"kind": "locked"}) for each in score.phrases))
        motion = bench.pipeline(own, seed=number, score=score)
        middle = len(score.phrases) // 2
        other = next(kind for kind in kinds if kind not in (REST, score.phrases[middle].kind))
        again = change(
            bench.pipeline,
            own,
            motion,
            with_phrase(score, replace(score.phrases[middle], kind=other), middle),
            score,
            seed=number,
        )
        for phrase in (*score.phrases[:middle], *score.phrases[middle + 1 :]):
            rows = slice(round(phrase.start * motion.fps), round(phrase.end * motion.fps))
            moved = np.linalg.norm(again.wrist_position[rows] - motion.wrist_position[rows], axis=-1)
            turned = quaternion.angle(again.rotation[rows], motion.rotation[rows])
            metres, degrees = max(metres, float(moved.max())), max(degrees, float(np.degrees(turned.max())))
    how = "all locked phrases where one between them is changed"
    return [
        Figure("locked phrases moved by", f"{1000 * metres:.1f} mm", "≤ 10 mm", metres <= 0.01, how),
        Figure("locked phrases turned by", f"{degrees:.1f}°", "≤ 3°", degrees <= 3, how),
    ]
