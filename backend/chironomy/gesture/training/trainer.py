# SPDX-License-Identifier: GPL-3.0-or-later
"""Training stage 1, on one processor or many devices (accelerate).

Every step is a function of the seed and its number, so that a run that was stopped goes on from its checkpoint as if it
had not been. Rectified flow: the network sees x = (1 - sigma) * motion + sigma * noise and predicts the clean motion.
The command is in `chironomy.gesture.training.run`.
"""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator

from chironomy.gesture.encoding import WRIST_DIM
from chironomy.gesture.errors import GestureError
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.training.windows import EVERYTHING_GIVEN, Batch, Windows
from chironomy.training import devices, trainer
from chironomy.training.trainer import Averaged

__all__ = ["SETTINGS", "Averaged", "TrainSettings", "Trainer", "loss_weights", "make_accelerator", "split"]


@dataclass(frozen=True)
class TrainSettings(trainer.TrainSettings):
    """What determines a training run of stage 1.

    Attributes:
        velocity_weight: of the loss on first differences.
    """

    velocity_weight: float = 6.0


# What a run of the configuration of that name starts from.
SETTINGS: dict[str, dict[str, Any]] = {
    # Without bfloat16, which processors that lack its instructions emulate: six times as slow there.
    "embedded": {"steps": 13_000, "batch_size": 32, "learning_rate": 8e-4, "precision": "no"},
    "emo2": {
        "steps": 200_000,
        "learning_rate": 1e-4,
        "warmup": 2000,
        "average": 0.9999,
        "validate_every": 2000,
        "validation_batches": 16,
    },
}


def make_accelerator(precision: str = "bf16", *, cpu: bool = False) -> Accelerator:
    """The devices that the process was started for (`accelerate launch` starts several).

    Raises:
        GestureError: the device cannot compute in that precision.
    """
    return devices.make_accelerator(precision, GestureError, cpu=cpu)


class Trainer(trainer.Trainer):
    """A model, its running average and its optimiser, at a step.

    Args:
        model: to be trained; it is moved to the accelerator's device, and its statistics are set from the windows.
        train: windows to learn from, not normalised; they are normalised for good.
        validation: windows to be judged by, likewise.
        settings: see there.
        accelerator: the devices; by default the processor alone.
    """

    error = GestureError
    everything_given = EVERYTHING_GIVEN

    def __init__(
        self,
        model: GestureTransformer,
        train: Windows,
        validation: Windows,
        settings: TrainSettings,
        accelerator: Accelerator | None = None,
    ):
        accelerator = accelerator or make_accelerator(settings.precision, cpu=True)
        self.train, self.validation = train, validation
        model.to(accelerator.device)  # pyright: ignore[reportArgumentType]
        model.set_statistics(train.seen_motion())
        train.normalize(model)
        validation.normalize(model)
        score, motion = (part.to(accelerator.device) for part in train.told(settings.seed))
        if model.score_out is not None:
            said = score.abs().amax(dim=-1) > 0
            model.set_score_course(score[said], motion[said])
        model.set_spectrum(score, motion)
        self.weights = loss_weights(model).to(accelerator.device)
        super().__init__(model, settings, accelerator)
        self.model: GestureTransformer
        self.settings: TrainSettings

    def training_batch(self, number: int) -> Batch:
        """Windows to learn from."""
        return self.train.batch(self.settings.batch_size, self.settings.seed, number)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Mean squared error of the motion and of its changes, weighted by kind of number and by noise level."""
        batch = Batch(**{name: value.to(self.device).float() for name, value in vars(batch).items()})
        sigma = batch.sigma[:, None, None]
        pinned = self.model.per_number(batch.pinned_mask)
        seen = self.model.per_number(batch.confidence)
        # What is pinned is known, so it carries no noise; what is not seen is nothing at all.
        noisy = (1 - sigma) * batch.motion + sigma * batch.noise
        noisy = torch.where(pinned > 0, batch.motion, noisy) * seen
        predicted = self.network(
            noisy,
            batch.sigma,
            batch.audio,
            style=batch.style,
            speed=batch.speed,
            amplitude=batch.amplitude,
            rate=batch.rate,
            handedness=batch.handedness,
            pinned=batch.motion * pinned * seen,
            pinned_mask=batch.pinned_mask,
            confidence=batch.confidence,
            audio_given=batch.audio_given,
            score=batch.score,
            return_dict=False,
        )[0]
        # Pinned frames are put back anyway.
        error = torch.where(pinned > 0, 0.0, predicted.float() - batch.motion)
        change = torch.diff(error, dim=1)
        # Between the plain loss on clean motion and that on the velocity, whose weight is 1 / sigma^2.
        importance = 1 / (batch.sigma**2 + (0.03 if self.model.config["skip"] else 0.1))
        value = (error**2 * seen * self.weights).mean(dim=(1, 2))
        # A change is only what it is where the hand is seen before and after.
        velocity = (change**2 * seen[:, 1:] * seen[:, :-1] * self.weights).mean(dim=(1, 2))
        return ((value + self.settings.velocity_weight * velocity) * importance).mean()


def loss_weights(model: GestureTransformer) -> torch.Tensor:
    """(latent_dim,) wrists first: positions weigh 12, orientations 3, fingers 54 together by the root of spread."""
    spread = model.component_spread().reshape(2, -1)
    weights = torch.empty_like(spread)
    weights[:, :3], weights[:, 3:WRIST_DIM] = 12.0, 3.0
    fingers = spread[:, WRIST_DIM:].sqrt()  # a person's fingers move in many small ways at once
    weights[:, WRIST_DIM:] = 54.0 * fingers / fingers.sum(dim=1, keepdim=True)
    return (weights / weights.mean()).flatten()


def split(clips: list[Any], held_out: float = 0.04) -> tuple[list[Any], list[Any]]:
    """Clips to learn from and the last few to be judged by."""
    count = max(1, round(len(clips) * held_out))
    return clips[:-count], clips[-count:]
