# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card that goes with a folder of weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.gesture.encoding import MOTION_DIM
from chironomy.gesture.styles import STYLES
from chironomy.motion.files import atomic_path

if TYPE_CHECKING:
    from chironomy.gesture.train import Trainer

_CARD = """# Gesture model, trained on synthetic motion

Stage 1 of Chironomy: a diffusion transformer that turns speech into the motion of two MANO hands. It was **trained on
synthetic motion**: hand motion made by rules from the literature on gesture, over synthesised speech. No person's
motion and no recorded voice went into it.

| | |
| --- | --- |
| blocks, width, heads | {num_layers}, {width}, {num_heads} |
| parameters | {parameters:.2f} million, stored as float16 |
| motion | {motion_dim} numbers a frame (2 hands x (position + 16 rotations in 6D)), {fps:g} frames a second |
| tokens | {patch_size} frames each, windows of {window_frames} frames |
| speech | {audio_dim} prosody features a frame |
| styles | {styles} |
| objective | rectified flow, the network predicts clean motion; loss on values and on first differences |
| corpus | {items} recordings of about 15 s, {variants} motions each, seed {corpus_seed} |
| voices | {voices} |
| training | {steps} steps of {batch_size} windows, AdamW, learning rate {learning_rate:g}, seed {seed} |
| final loss | {loss:.4f} (validation on held-out clips {validation:.4f}); see loss.csv and loss.png |

Made by `make train-embedded`, that is `python -m chironomy.gesture.corpus` and `python -m chironomy.gesture.train`.

## What it does

Hands rest, prepare, stroke, hold and retract; strokes arrive on the pitch accents of the speech or just before them.
`python -m chironomy.evaluation.alignment FOLDER` measures how well, on recordings of one's own.

## What it cannot do

It does not know what is said: it hears prosody, not words, so a pointing hand points at nothing in particular and no
gesture depicts anything. Its corpus holds beats, palm-up presenting, containers, precision grips, sweeps, chops,
pointing and refusal, but it learned their paths better than their hand shapes: fingers move about a half-open hand, and
a pointing index, a closed grip or a fist hardly ever comes out. Hands stay on their own side of the body, do not touch
each other and do not go above the shoulders; a forearm may graze the torso by up to about a centimetre. Voices far from
adult English speech (singing, children, whispering) were not in the corpus, and music draws strokes as speech does.

## Licence

GPL-3.0-or-later, like the project. The speech synthesisers that spoke the corpus (flite, espeak-ng) put no conditions
on their output, and none of it is stored here.
"""


def write_card(folder: Path, trainer: "Trainer", corpus: dict[str, Any]) -> None:
    """Write `MODEL_CARD.md` beside the weights that `trainer` made of `corpus`."""
    _, loss, validation = trainer.curve[-1]
    settings = trainer.settings
    text = _CARD.format(
        **{name: trainer.model.config[name] for name in ("num_layers", "width", "num_heads", "fps", "patch_size")},
        window_frames=trainer.model.config["window_frames"],
        audio_dim=trainer.model.config["audio_dim"],
        parameters=sum(p.numel() for p in trainer.model.parameters()) / 1e6,
        motion_dim=MOTION_DIM,
        styles=", ".join(STYLES),
        items=corpus["items"],
        variants=corpus["variants"],
        corpus_seed=corpus["seed"],
        voices=", ".join(corpus["voices"]),
        steps=trainer.step,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        loss=loss,
        validation=validation,
    )
    with atomic_path(folder / "MODEL_CARD.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
