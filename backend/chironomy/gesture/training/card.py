# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card that goes with a folder of weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.files import atomic_path
from chironomy.gesture.encoding import MOTION_DIM
from chironomy.gesture.shipped import takes_rate

if TYPE_CHECKING:
    from chironomy.gesture.training.trainer import Trainer

_CARD = """# Gesture model, trained on synthetic motion

Stage 1 of Chironomy: a diffusion transformer that turns speech into the motion of two MANO hands. It was **trained on
synthetic motion**: hand motion made by rules from the literature on gesture, over synthesised speech. No person's
motion and no recorded voice went into it.

| | |
| --- | --- |
| blocks, width, heads | {num_layers}, {width}, {num_heads} |
| parameters | {parameters:.2f} million, stored as float16 |
| motion | {motion_dim} numbers a frame (2 hands x (position + 16 rotations in 6D)), {fps:g} frames a second |
| fingers | {components} principal components of each hand, in place of 90 numbers |
| tokens | {patch_size} frames each, windows of {window_frames} frames |
| speech | {audio_dim} prosody features a frame |
| styles | {styles} |
| objective | rectified flow, the network predicts clean motion; loss on values and on first differences |
| corpus | {items} recordings of about 15 s, {variants} motions each, seed {corpus_seed} |
| voices | {voices} |
| training | {steps} steps of {batch_size} windows, AdamW, learning rate {learning_rate:g}, seed {seed} |
| final loss | {loss:.4f} (validation on held-out clips {validation:.4f}); see loss.csv and loss.png |

Made by `make train-embedded`, that is `python -m chironomy.gesture.corpus` and `python -m chironomy.gesture.training`.

## What it does

It performs scores. Where it is given none, `gesture.planning` draws one from the speech: which gestures, when and where
are rules' and the seed's; how the hands move is the network's, which starts from the plainest movement that does what
the score says and adds the rest. Hands rest in contact (clasped, one holding the other, at the sides, on belly or
hip), prepare in arcs, stroke, spring back, drift and go back to rest; fingers never stop, each on its own. About half
of the strokes arrive as accented syllables begin to sound, the others where the speaker likes. Where nobody speaks,
hands rest. It can be asked for a style or a mixture, for speed, amplitude{rate} and handedness, to keep what is
pinned{score}.

{measured_heading}

{measured}

## What it cannot do

It hears prosody, not words: meaning comes by a score, from a script or from hand. Its gestures are those of rules, so
they are more regular than a person's, and it knows no gesture outside its repertoire: nothing is depicted. Nobody
sits in the corpus: hands are laid on a lap by rules (`chironomy.gesture.lap`). The trunk, head and face are no part of
it; rules make them follow the hands and the speech.
Voices far from synthesised speech of five languages (singing, children) were not in the corpus.

Three reviewers, told to judge as senior animators, saw sheets of 24 takes (six recordings, neutral and lively, two
seeds) mixed blind with eight of the second edition's: 6.5 of 10 on average (neutral 6.6, lively 6.5; reviewers 6.4, 6.7
and 6.5) where the second edition got 4.0; the worst take, 4.5, is above that. Three others gave a state of a few hours
before 6.3. What they mock: fingers that are clawed, splayed or limp and mean nothing, a worried stare, hands that are
held up too long (fists before the shoulders for seconds in the worst take), forearms that cross before the belly, an
arm that idles, a trunk that takes little part.

## Licence

GPL-3.0-or-later, like the project. The speech synthesisers that spoke the corpus (flite, espeak-ng) put no conditions
on their output, and none of it is stored here.
"""


MEASURED = "## Measured"
_NOT_YET = "Not measured yet: `make bench-gesture` fills this in."


def with_measured(card: str, measured: str) -> str:
    """A card's text with this text in its section of measured figures."""
    before, heading, after = card.partition(MEASURED)
    if not heading:
        return card
    rest = after[after.index("\n## ") :] if "\n## " in after else ""
    return f"{before}{MEASURED}\n\n{measured.strip()}\n{rest}"


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
        components=trainer.model.config["motion_components"],
        styles=", ".join(trainer.model.config["style_names"]),
        rate=", rate" if takes_rate(trainer.model.config) else "",
        score=", and to do what a score says" if trainer.model.config["score_kinds"] else "",
        measured_heading=MEASURED,
        measured=_NOT_YET,
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
