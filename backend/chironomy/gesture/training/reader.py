# SPDX-License-Identifier: GPL-3.0-or-later
"""Training the reader of scores (`gesture.score.read`) on clips that come with their scores.

`python -m chironomy.gesture.training.reader --corpus FOLDER` writes the product's own.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from numpy.typing import NDArray
from torch import nn

from chironomy.errors import ChironomyError
from chironomy.gesture.clips import Clip, load_clips
from chironomy.gesture.corpus.timeline import play
from chironomy.gesture.encoding import decode
from chironomy.gesture.errors import GestureError
from chironomy.gesture.planning.planner import Planner
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST, Score
from chironomy.gesture.score.read import (
    BESIDE_KINDS,
    DILATIONS,
    FPS,
    STEP,
    Reader,
    hand_features,
    hand_poses,
    seen,
    with_velocity,
)
from chironomy.gesture.settings import HANDEDNESS, STYLES
from chironomy.gesture.training.trainer import split
from chironomy.motion.hand_motion import HANDS, HandMotion

CHANNELS = 128
"""Numbers between the layers."""

_SECONDS = 10.0  # of each window
_BATCH = 6  # windows, each of two hands
_RATE = 4e-3
_APEX_FRAMES = 1.5  # standard deviation of the bump at an apex
_EDGE_FRAMES = 2.5  # and at an edge
_LEARNED = 0.6  # part of the way from a reader that goes on learning to what it learned
_DISPLACED = 0.3  # spreads
_TEMPOS = (0.8, 1.25)
_FAR = 1e4  # frames


def motion_of(clip: Clip, fps: float) -> HandMotion:
    """The motion of a clip."""
    position, rotation = decode(clip.motion)
    return HandMotion(fps, position, rotation, np.ones((len(position), 2)))


def even_plans(count: int, seed: int = 0, seconds: float = 12.0) -> Iterator[tuple[HandMotion, Score]]:
    """Plans in which every kind is as frequent as any other, of one hand and of both.

    What is seldom done is to be read, too. They go by accents at random and are not kept clear of the body, which takes
    most of a corpus's time.
    """
    for number in range(count):
        random = np.random.default_rng([seed, 0xE7E, number])
        style, hands = STYLES[number % len(STYLES)], HANDEDNESS[random.integers(len(HANDEDNESS))]
        accents = np.cumsum(random.uniform(0.18, 0.75, round(seconds / 0.3)))
        accents = accents[accents < seconds - 1.0]
        planner = Planner(style, 1.0, 1.0, random, hands)
        both = hands == "both"
        shares = {name: kind.two_handed if both else 1 - kind.two_handed for name, kind in KINDS.items()}
        planner.kinds = {name: 1 / share for name, share in shares.items() if share > 0}
        phrases = [(0.2, 0.6 * seconds), (0.6 * seconds + random.uniform(0.5, 2.5), seconds - 0.5)]
        movement = planner.plan(accents, random.uniform(0, 1, len(accents)), phrases)
        manner = planner.manner
        motion = play(movement, round(seconds * FPS), FPS, manner.idle, random, manner.fingers, clear=False)
        yield motion, movement.score(seconds)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a reader should say of the frames of a motion, of each hand.

    Attributes:
        kind: (T, 2) the kind's number, 0 for none.
        together: (T, 2) whether the phrase is one of both hands.
        edge: (T, 2) frames to the nearest beginning or end of a phrase.
        apex: (T, 2) frames to the nearest apex of a stroke.
    """

    kind: NDArray[np.int64]
    together: NDArray[np.float32]
    edge: NDArray[np.float32]
    apex: NDArray[np.float32]


def wanted(score: Score, kinds: Sequence[str], frames: int) -> Wanted:
    """What a reader should say; a phrase lasts until the next one of its hand begins."""
    number, kind = np.zeros((frames, 2), np.int64), np.zeros((frames, 2), np.int64)
    together, apex = np.zeros((frames, 2), np.float32), np.full((frames, 2), _FAR, np.float32)
    times = np.arange(frames)
    for index, phrase in enumerate(score.phrases):
        if phrase.kind is None or phrase.kind == REST:
            continue
        rows = slice(round(phrase.start * FPS), round(phrase.end * FPS))
        for hand in range(2):
            if phrase.hands in (HANDS[hand], "both"):
                number[rows, hand] = 1 + index
                kind[rows, hand] = 1 + kinds.index(phrase.kind)
                together[rows, hand] = phrase.hands == "both"
                for stroke in phrase.strokes:
                    apex[:, hand] = np.minimum(apex[:, hand], np.abs(times - stroke.apex * FPS))
    edge = np.full((frames, 2), _FAR, np.float32)
    for hand in range(2):
        for at in np.flatnonzero(np.diff(number[:, hand])) + 1:
            edge[:, hand] = np.minimum(edge[:, hand], np.abs(times - at))
    return Wanted(kind, together, edge, apex)


def train_reader(
    clips: Iterable[tuple[HandMotion, Score]], steps: int = 9000, seed: int = 0, onto: Reader | None = None
) -> Reader:
    """A reader that has learned from motions and their scores.

    Args:
        clips: to learn from.
        steps: of the optimiser.
        seed: the only source of chance.
        onto: a reader that goes on learning, at an eighth of the rate.

    Raises:
        GestureError: no score names a kind, or the reader to go on from tells other kinds apart.
    """
    return fit([(hand_poses(motion.resampled(FPS)), score) for motion, score in clips], steps, seed, onto)


def fit(
    clips: Sequence[tuple[NDArray[np.float32], Score]], steps: int, seed: int = 0, onto: Reader | None = None
) -> Reader:
    """A reader that has learned from poses of hands at `FPS` and their scores; see `train_reader`."""
    kinds = sorted({str(phrase.kind) for _, score in clips for phrase in score.phrases if phrase.kind} - {REST})
    if not kinds:
        raise GestureError("no clip has a score with kinds of gesture; give a corpus that was made with scores")
    if onto is not None:
        strange = sorted(set(kinds) - set(onto.kinds))
        if strange:
            raise GestureError(f"the reader does not know the kind {strange[0]!r}; train it from the beginning")
        kinds = list(onto.kinds)
    examples = [(poses, wanted(score, kinds, len(poses))) for poses, score in clips]
    together = np.concatenate([with_velocity(poses) for poses, _ in examples]).reshape(
        -1, len(examples[0][0][0, 0]) + 4
    )
    mean, scale = together.mean(axis=0), together.std(axis=0) + 1e-3
    if onto is not None:
        mean, scale = onto.mean, onto.scale
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    sizes = [(2 * STEP * len(mean), CHANNELS), *[(3 * CHANNELS, CHANNELS)] * len(DILATIONS)]
    layers = [nn.Linear(*size) for size in [*sizes, (CHANNELS, 1 + len(kinds) + BESIDE_KINDS)]]
    rate = _RATE
    if onto is not None:
        rate = _RATE / 8
        for layer, (weight, bias) in zip(layers, onto.layers, strict=True):
            layer.weight.data, layer.bias.data = torch.from_numpy(weight.T.copy()), torch.from_numpy(bias.copy())
    parameters = [each for layer in layers for each in layer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        chosen = [examples[int(index)] for index in random.integers(len(examples), size=_BATCH)]
        windows = [_window(poses, asked, mean, scale, random) for poses, asked in chosen]
        x, kind, both, edge, apex = (torch.from_numpy(np.concatenate(part)) for part in zip(*windows, strict=True))
        made = _made(layers, x)
        inside = (kind > 0).float()
        loss = F.cross_entropy(made[..., :-BESIDE_KINDS].flatten(0, 1), kind.flatten(), label_smoothing=0.03)
        said = F.binary_cross_entropy_with_logits(made[..., -BESIDE_KINDS], both, reduction="none")
        loss = loss + 0.5 * (said * inside).mean()
        loss = loss + F.binary_cross_entropy_with_logits(made[..., 1 - BESIDE_KINDS], edge)
        loss = loss + 2 * F.binary_cross_entropy_with_logits(made[..., -STEP:], apex)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    learned = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in layers]
    if onto is not None:
        # Between both it reads better than either (Wortsman et al. 2022, arXiv 2109.01903).
        learned = [
            (weight + _LEARNED * (new[0] - weight), bias + _LEARNED * (new[1] - bias))
            for (weight, bias), new in zip(onto.layers, learned, strict=True)
        ]
    return Reader(tuple(kinds), mean, scale, tuple(learned))


def _window(
    poses: NDArray[np.float32],
    asked: Wanted,
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
    random: np.random.Generator,
) -> tuple[NDArray[Any], ...]:
    """Of a stretch somewhere in a motion, a little slower or faster, of each hand: inputs and what is wanted.

    Returns:
        (2, S, inputs); (2, S) kinds, together and edges; (2, S, STEP) apexes.
    """
    count, tempo = STEP * round(_SECONDS * FPS / STEP), random.uniform(*_TEMPOS)
    times = random.uniform(0, max(len(poses) - 1 - tempo * count, 1)) + tempo * np.arange(count)
    times = np.minimum(times, len(poses) - 1.001)
    rows = times.astype(int)
    part = (times - rows)[:, None, None].astype(np.float32)
    features = (with_velocity(poses[rows] * (1 - part) + poses[rows + 1] * part) - mean) / scale
    # One displacement of every pose that is seen: other people, other rooms, other trackers.
    features[..., :-4] += _DISPLACED * random.standard_normal((1, 2, len(mean) - 4), np.float32)
    middle, nearest = rows[STEP // 2 :: STEP], np.rint(times).astype(int)
    edge = np.exp(-0.5 * (asked.edge[middle] / tempo / _EDGE_FRAMES) ** 2)
    apex = np.exp(-0.5 * (asked.apex[nearest] / tempo / _APEX_FRAMES) ** 2).reshape(-1, STEP, 2)
    return (
        seen(features),
        asked.kind[middle].T,
        asked.together[middle].T,
        edge.T,
        apex.transpose(2, 0, 1),
    )


def _made(layers: Sequence[nn.Linear], x: torch.Tensor) -> torch.Tensor:
    """(hands, S, outputs) of inputs (hands, S, inputs), as `Reader` has them."""
    first, *between, last = layers
    x = F.relu(first(x))
    for dilation, layer in zip(DILATIONS, between, strict=True):
        steps = torch.arange(x.shape[1])
        before, after = (steps - dilation).clamp_min(0), (steps + dilation).clamp_max(x.shape[1] - 1)
        gathered = torch.cat([x[:, before], x, x[:, after]], dim=-1)
        x = x + F.dropout(F.relu(layer(gathered)), 0.1)
    return last(x)


def frames_right(reader: Reader, clips: Sequence[tuple[HandMotion, Score]]) -> float:
    """The part of all frames of hands whose likeliest kind is the right one."""
    right = total = 0
    for motion, score in clips:
        features = hand_features(motion.resampled(FPS))
        said = reader(features).kinds.argmax(axis=-1).repeat(STEP, axis=0)[: len(features)]
        kind = wanted(score, reader.kinds, len(features)).kind
        right, total = right + int((said == kind).sum()), total + kind.size
    return right / max(total, 1)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.training.reader", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of clips with their scores")
    parser.add_argument("--out", type=Path, help="file to write (default: the product's own)")
    parser.add_argument("--steps", type=int, default=9000, help="optimiser steps (default: 9000)")
    parser.add_argument("--clips", type=int, default=4000, help="clips to learn from, at most (default: 4000)")
    parser.add_argument("--even", type=int, default=400, help="plans of all kinds alike beside them (default: 400)")
    parser.add_argument("--onto", type=Path, help="a reader that goes on learning (default: from the beginning)")
    options = parser.parse_args(arguments)
    try:
        clips, description = load_clips(options.corpus)
        pairs = [(motion_of(clip, description["fps"]), clip.score) for clip in clips if clip.score is not None]
        learned, judged = split(pairs) if len(pairs) > 1 else (pairs, pairs)
        onto = None if options.onto is None else Reader.load(options.onto)
        reader = train_reader([*learned[: options.clips], *even_plans(options.even)], options.steps, onto=onto)
        reader.save(options.out or Path(__file__).parents[1] / "weights" / "score_reader.npz")
        print(f"{frames_right(reader, judged):.1%} of held-out frames are read as what they are")
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
