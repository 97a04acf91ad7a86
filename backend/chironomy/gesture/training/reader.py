# SPDX-License-Identifier: GPL-3.0-or-later
"""Training the reader of scores (`gesture.score.read`) on clips that come with their scores.

`python -m chironomy.gesture.training.reader --corpus FOLDER` writes the product's own.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, the field's name for it
from numpy.typing import NDArray
from torch import nn

from chironomy.errors import ChironomyError
from chironomy.gesture.clips import Clip, load_clips
from chironomy.gesture.encoding import decode
from chironomy.gesture.errors import GestureError
from chironomy.gesture.score import REST, Score, Stroke
from chironomy.gesture.score.read import FPS, OFFSETS, Reader, hand_features, rows_about
from chironomy.gesture.training.trainer import split
from chironomy.motion.hand_motion import HANDS, HandMotion

HIDDEN = (96, 64)
"""Numbers of the layers between."""

_APEX_FRAMES = 1.5  # standard deviation of the bump at an apex
_BATCH = 512
_RATE = 3e-3
_DISPLACED = 0.3  # spreads
_TEMPOS = (0.8, 1.0, 1.25)


def motion_of(clip: Clip, fps: float) -> HandMotion:
    """The motion of a clip."""
    position, rotation = decode(clip.motion)
    return HandMotion(fps, position, rotation, np.ones((len(position), 2)))


def wanted(score: Score, kinds: Sequence[str], frames: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of every frame and hand (T, 2): the kind's number, 0 for none, and a bump at each apex of a stroke."""
    kind, apex = np.zeros((frames, 2), np.int64), np.zeros((frames, 2), np.float32)
    times = np.arange(frames)
    for phrase in score.phrases:
        if phrase.kind is None or phrase.kind == REST:
            continue
        for hand in range(2):
            if phrase.hands in (HANDS[hand], "both"):
                kind[round(phrase.start * FPS) : round(phrase.end * FPS), hand] = 1 + kinds.index(phrase.kind)
                for stroke in phrase.strokes:
                    bump = np.exp(-0.5 * ((times - stroke.apex * FPS) / _APEX_FRAMES) ** 2)
                    apex[:, hand] = np.maximum(apex[:, hand], bump)
    return kind, apex


def train_reader(clips: Sequence[tuple[HandMotion, Score]], steps: int = 6000, seed: int = 0) -> Reader:
    """A reader that has learned from motions and their scores.

    Raises:
        GestureError: no score names a kind.
    """
    kinds = sorted({phrase.kind for _, score in clips for phrase in score.phrases if phrase.kind not in (None, REST)})
    if not kinds:
        raise GestureError("no clip has a score with kinds of gesture; give a corpus that was made with scores")
    features, about, kind, apex = [], [], [], []
    count = 0
    for motion, score in (again for clip in clips for again in _at_other_tempos(*clip)):
        made = hand_features(motion)
        kind_of, apex_of = wanted(score, [str(name) for name in kinds], len(made))
        for hand in range(2):
            features.append(made[:, hand])
            about.append(count + rows_about(len(made)))
            kind.append(kind_of[:, hand])
            apex.append(apex_of[:, hand])
            count += len(made)
    together = np.concatenate(features)
    mean, scale = together.mean(axis=0), together.std(axis=0) + 1e-3
    seen, rows_seen = torch.from_numpy((together - mean) / scale), torch.from_numpy(np.concatenate(about))
    kind_wanted, apex_wanted = torch.from_numpy(np.concatenate(kind)), torch.from_numpy(np.concatenate(apex))
    torch.manual_seed(seed)
    sizes = [len(mean) * len(OFFSETS), *HIDDEN, len(kinds) + 2]
    layers = nn.ModuleList([nn.Linear(here, there) for here, there in pairwise(sizes)])
    optimizer = torch.optim.AdamW(layers.parameters(), lr=_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(seen), (_BATCH,))
        # One displacement of everything that is seen: other people, other rooms, other trackers.
        x = (seen[rows_seen[rows]] + _DISPLACED * torch.randn(_BATCH, 1, len(mean))).flatten(1)
        for layer in layers[:-1]:
            x = F.dropout(F.relu(layer(x)), 0.2)
        made = layers[-1](x)
        loss = F.cross_entropy(made[:, :-1], kind_wanted[rows])
        loss = loss + 2 * F.binary_cross_entropy_with_logits(made[:, -1], apex_wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    learned = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in layers]
    return Reader(tuple(str(name) for name in kinds), mean, scale, tuple(learned))


def _at_other_tempos(motion: HandMotion, score: Score) -> Iterator[tuple[HandMotion, Score]]:
    """The motion at `FPS`, as it is and slower and faster, with its score."""
    for tempo in _TEMPOS:
        again = motion.resampled(FPS / tempo).replaced(fps=FPS)
        phrases = [
            replace(
                phrase,
                start=phrase.start / tempo,
                end=phrase.end / tempo,
                strokes=tuple(Stroke(stroke.apex / tempo, stroke.hold / tempo) for stroke in phrase.strokes),
            )
            for phrase in score.phrases
        ]
        yield again, Score(tuple(phrases), score.seconds / tempo)


def frames_right(reader: Reader, clips: Sequence[tuple[HandMotion, Score]]) -> float:
    """The part of all frames of hands whose likeliest kind is the right one."""
    right = total = 0
    for motion, score in clips:
        features = hand_features(motion.resampled(FPS))
        kind, _ = wanted(score, reader.kinds, len(features))
        for hand in range(2):
            right += int((reader(features[:, hand])[0].argmax(axis=1) == kind[:, hand]).sum())
            total += len(features)
    return right / max(total, 1)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.training.reader", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of clips with their scores")
    parser.add_argument("--out", type=Path, help="file to write (default: the product's own)")
    parser.add_argument("--steps", type=int, default=6000, help="optimiser steps (default: 6000)")
    parser.add_argument("--clips", type=int, default=600, help="clips to learn from, at most (default: 600)")
    options = parser.parse_args(arguments)
    try:
        clips, description = load_clips(options.corpus)
        pairs = [(motion_of(clip, description["fps"]), clip.score) for clip in clips if clip.score is not None]
        learned, judged = split(pairs) if len(pairs) > 1 else (pairs, pairs)
        reader = train_reader(learned[: options.clips], options.steps)
        reader.save(options.out or Path(__file__).parents[1] / "weights" / "score_reader.npz")
        print(f"{frames_right(reader, judged):.1%} of held-out frames are read as what they are")
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
