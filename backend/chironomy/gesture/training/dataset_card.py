# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of weights that learned from a person's own copy of a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chironomy.files import atomic_path

if TYPE_CHECKING:
    from chironomy.gesture.training.trainer import Trainer

_CARD = """# Gesture model, trained on {title}

Stage 1 of Chironomy: a diffusion transformer that turns speech into the motion of two MANO hands. These weights were
**trained on {trained_on}** and are no part of Chironomy. {licence}

| | |
| --- | --- |
| blocks, width, heads | {num_layers}, {width}, {num_heads} |
| parameters | {parameters:.2f} million, stored as float16 |
| motion | {fps:g} frames a second, tokens of {patch_size} frames, windows of {window_frames} |
| speech | {audio_features}, {audio_dim} numbers a frame |
| styles (speakers) | {styles} |
| recordings | {recordings}; {left_out} more could not be read |
| fingers in the data | relative to the {hand_mean} hand, bent by {finger_bend_degrees:g} degrees on average |
| training | {step} steps of {batch} windows, AdamW, learning rate {learning_rate:g}, seed {seed} |
| final loss | {loss:.4f} (validation {validation:.4f}); see loss.csv and loss.png |

`chironomy evaluate gesture` measures what these weights do.
"""


def write_card(folder: Path, trainer: "Trainer", corpus: dict[str, Any]) -> None:
    """Write `MODEL_CARD.md` beside the weights that `trainer` made of clips with the description `corpus`."""
    _, loss, validation = trainer.curve[-1]
    settings, config = trainer.settings, trainer.model.config
    terms = corpus.get("terms", "")
    names = ("num_layers", "width", "num_heads", "fps", "patch_size", "window_frames", "audio_features", "audio_dim")
    text = _CARD.format(
        **{name: config[name] for name in names},
        title=str(corpus["trained_on"]).partition(",")[0],
        trained_on=corpus["trained_on"],
        licence=f"What the data's licence allows is allowed with them: {terms}." if terms else "",
        parameters=sum(p.numel() for p in trainer.model.parameters()) / 1e6,
        styles=", ".join(corpus["style_names"]),
        recordings=corpus.get("recordings", "not counted"),
        left_out=corpus.get("left_out", 0),
        hand_mean=corpus.get("hand_mean", "flat"),
        finger_bend_degrees=corpus.get("finger_bend_degrees", 0.0),
        step=trainer.step,
        batch=settings.batch_size * settings.accumulation * trainer.accelerator.num_processes,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        loss=loss,
        validation=validation,
    )
    with atomic_path(folder / "MODEL_CARD.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
