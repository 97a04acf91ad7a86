# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a training run: steps, validations, checkpoints, and its end."""

import pickle
import time
from pathlib import Path
from typing import Any, Protocol

import torch

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.reading import DAMAGE
from chironomy.training.devices import agreed, say
from chironomy.training.trainer import Trainer


class RunLog(Protocol):
    """Where a run's numbers and pictures go."""

    def numbers(self, step: int, values: dict[str, float]) -> None:
        """Add a point to each curve."""
        ...

    def sheet(self, trainer: Any) -> None:
        """Add a picture of what has been learned."""
        ...


def run(trainer: Trainer, checkpoints: Path, minutes: float | None, log: RunLog) -> bool:
    """Train to the last step, until patience ends, or for `minutes`.

    Validates before the first step, so that what is wrong with that shows at once, and then at every checkpoint.

    Returns:
        Whether training is finished; otherwise the same call goes on.
    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    path, best = checkpoints / "checkpoint.pt", checkpoints / "best.pt"
    accelerator = trainer.accelerator
    if path.exists():
        trainer.resume(load(path))
        say(accelerator, f"goes on from step {trainer.step}")
    else:
        say(accelerator, f"validation {trainer.validate():.4f} before the first step")
    begin, losses, mark = time.monotonic(), [], time.monotonic()
    settings = trainer.settings
    while trainer.step < settings.steps and not trainer.exhausted():
        losses.append(trainer.advance())
        late = minutes is not None and time.monotonic() - begin > 60 * minutes
        late = agreed(accelerator, late) if minutes is not None else late
        if trainer.step % settings.validate_every and trainer.step != settings.steps and not late:
            continue
        loss = trainer.mean_over_devices(losses)
        seconds = (time.monotonic() - mark) / len(losses)
        improved = trainer.judged(loss, trainer.validate())
        if accelerator.is_main_process:
            if improved and settings.patience:
                save(trainer.average, best)
            save(trainer.state(), path)
            log.numbers(trainer.step, {"loss": loss, "validation": trainer.curve[-1][2], "seconds a step": seconds})
            log.sheet(trainer)
        step, loss, validation = trainer.curve[-1]
        say(accelerator, f"step {step} loss {loss:.4f} validation {validation:.4f}, {seconds:.3f} s a step")
        losses, mark = [], time.monotonic()
        if late:
            break
    accelerator.wait_for_everyone()
    finished = trainer.step >= settings.steps or trainer.exhausted()
    if finished and settings.patience and trainer.best is not None and best.exists():
        kept = load(best)
        trainer.average = {name: value.to(trainer.device) for name, value in kept.items()}
        say(accelerator, f"keeps the weights of step {trainer.best[0]}, validation {trainer.best[1]:.4f}")
    return finished


def save(value: Any, path: Path) -> None:
    """Write a checkpoint whole or not at all."""
    with atomic_path(path) as temporary:
        torch.save(value, temporary)


def load(path: Path) -> Any:
    """Read a checkpoint of `save`; nothing but tensors and plain values is unpickled.

    Raises:
        ChironomyError: it is damaged.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise ChironomyError(
            f"{path} is damaged or no checkpoint; remove it to train from the start, or copy it again"
        ) from error
