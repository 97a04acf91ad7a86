# SPDX-License-Identifier: GPL-3.0-or-later
"""Training stage 1, on one processor or many devices (accelerate).

Every step is a function of the seed and its number, so that a run that was stopped goes on from its checkpoint as if it
had not been. Rectified flow: the network sees x = (1 - sigma) * motion + sigma * noise and predicts the clean motion.
The command is in `chironomy.gesture.training_run`.
"""

import contextlib
import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import torch
from accelerate import Accelerator

from chironomy.gesture.data import EVERYTHING_GIVEN, Batch, Windows
from chironomy.gesture.encoding import WRIST_DIM
from chironomy.gesture.errors import GestureError
from chironomy.gesture.model import GestureTransformer


@dataclass(frozen=True)
class TrainSettings:
    """What determines a training run, beside the corpus, the model's configuration and the number of devices.

    Attributes:
        steps: optimiser steps.
        batch_size: windows of a step, on each device and in each of its parts.
        accumulation: parts of a step whose gradients are added up, for batches that do not fit in memory.
        learning_rate: at its height; linear warm-up, then a cosine to a fiftieth.
        warmup: steps of it.
        weight_decay: of AdamW.
        average: decay of the running average of the weights, which is what is kept.
        velocity_weight: of the loss on first differences.
        seed: any number.
        precision: "bf16", "fp16" (on a GPU) or "no" for float32 throughout.
        validate_every: steps between validations, each with a checkpoint.
        validation_batches: batches of one.
        patience: validations without a better one after which training stops, keeping the best; 0 for never.
    """

    steps: int = 9000
    batch_size: int = 64
    accumulation: int = 1
    learning_rate: float = 8e-4
    warmup: int = 400
    weight_decay: float = 0.01
    average: float = 0.999
    velocity_weight: float = 6.0
    seed: int = 0
    precision: str = "bf16"
    validate_every: int = 100
    validation_batches: int = 4
    patience: int = 0


# What a run of the configuration of that name starts from.
SETTINGS: dict[str, dict[str, Any]] = {
    "embedded": {},
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
    try:
        return Accelerator(mixed_precision=precision, cpu=cpu)
    except ValueError as error:
        if "already initialized" in str(error):
            raise GestureError(
                f"this process trains in another precision already; train in {precision} in its own"
            ) from error
        raise GestureError(f"{precision} cannot be computed with on this device; give bf16 or no") from error


class Trainer:
    """A model, its running average and its optimiser, at a step.

    Args:
        model: to be trained; it is moved to the accelerator's device, and its statistics are set from the windows.
        train: windows to learn from, not normalised; they are normalised for good.
        validation: windows to be judged by, likewise.
        settings: see there.
        accelerator: the devices; by default the processor alone.
    """

    def __init__(
        self,
        model: GestureTransformer,
        train: Windows,
        validation: Windows,
        settings: TrainSettings,
        accelerator: Accelerator | None = None,
    ):
        self.accelerator = accelerator or make_accelerator(settings.precision, cpu=True)
        self.device = self.accelerator.device
        self.model, self.train, self.validation, self.settings = model, train, validation, settings
        self.model.to(self.device)  # pyright: ignore[reportArgumentType]
        model.set_statistics(train.seen_motion())
        train.normalize(model)
        validation.normalize(model)
        self.weights = loss_weights(model).to(self.device)
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.parallel, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.average = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.step = 0
        self.curve: list[tuple[int, float, float]] = []
        self.best: tuple[int, float] | None = None
        # On the processor a second thread would only take time from the first.
        self._ahead = ThreadPoolExecutor(1) if self.device.type != "cpu" else None
        self._next: tuple[int, Future[Batch]] | None = None

    def advance(self) -> torch.Tensor:
        """Make one step; returns its loss on this device, not yet waited for."""
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._schedule()
        self.model.train()
        total = torch.zeros((), device=self.device)
        for part in range(settings.accumulation):
            last = part == settings.accumulation - 1
            with contextlib.nullcontext() if last else self.accelerator.no_sync(self.parallel):
                loss = self._loss(self._batch(self.step * settings.accumulation + part)) / settings.accumulation
                self.accelerator.backward(loss)
            total += loss.detach()
        self.accelerator.clip_grad_norm_(self.parallel.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            average = list(self.average.values())
            torch._foreach_mul_(average, decay)
            torch._foreach_add_(average, [p.detach() for p in self.model.parameters()], alpha=1 - decay)
        return total

    def validate(self) -> float:
        """Loss of the averaged weights on batches that are the same every time, shared out among the devices."""
        settings, rank, count = self.settings, self.accelerator.process_index, self.accelerator.num_processes
        total = torch.zeros(2, device=self.device)
        with torch.no_grad(), Averaged(self):
            self.model.eval()
            for number in range(rank, settings.validation_batches, count):
                batch = self.validation.batch(settings.batch_size, settings.seed + 1, number, EVERYTHING_GIVEN)
                total += torch.stack([self._loss(batch), torch.ones((), device=self.device)])
        total = self._summed(total)
        return float(total[0] / total[1])

    def mean_over_devices(self, losses: list[torch.Tensor]) -> float:
        """Mean of what `advance` returned, over steps and devices."""
        total = torch.stack(losses).mean()
        return float(self._summed(total)) / self.accelerator.num_processes

    def state(self) -> dict[str, Any]:
        """Everything that going on needs."""
        scaler = self.accelerator.scaler
        return {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
            "step": self.step,
            "curve": self.curve,
            "best": self.best,
            "devices": self.accelerator.num_processes,
            "settings": asdict(self.settings),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from `state`.

        Raises:
            GestureError: it was made with other settings than these (the number of steps and patience aside), another
                number of devices, or another model.
        """
        before = {**asdict(TrainSettings()), "number of devices": state.get("devices", 1), **state["settings"]}
        now = {**asdict(self.settings), "number of devices": self.accelerator.num_processes}
        changed = [name for name in now if name not in ("steps", "patience") and before[name] != now[name]]
        if changed:
            raise GestureError(
                f"the checkpoint was made with another {changed[0]} ({before[changed[0]]}, not {now[changed[0]]}); "
                "give the same or another folder for checkpoints"
            )
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise GestureError("the checkpoint is of another model; give another folder for checkpoints") from error
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        if self.accelerator.scaler is not None and state.get("scaler"):
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.step, self.curve, self.best = state["step"], list(state["curve"]), state.get("best")

    def judged(self, loss: float, validation: float) -> bool:
        """Note a validation; returns whether it is the best so far."""
        self.curve.append((self.step, loss, validation))
        if self.best is None or validation < self.best[1]:
            self.best = (self.step, validation)
            return True
        return False

    def exhausted(self) -> bool:
        """Whether no validation was better for as long as patience lasts."""
        if not self.settings.patience or self.best is None:
            return False
        return sum(step > self.best[0] for step, _, _ in self.curve) >= self.settings.patience

    def _summed(self, value: torch.Tensor) -> torch.Tensor:
        total = self.accelerator.reduce(value, "sum")
        assert isinstance(total, torch.Tensor)
        return total

    def _batch(self, number: int) -> Batch:
        """Batch `number` of this device; the one after it is made meanwhile."""
        ahead, expected = self._next or (None, None)
        batch = expected.result() if expected is not None and ahead == number else self._make(number)
        if self._ahead is not None:
            self._next = (number + 1, self._ahead.submit(self._make, number + 1))
        return batch

    def _make(self, number: int) -> Batch:
        own = number * self.accelerator.num_processes + self.accelerator.process_index
        return self.train.batch(self.settings.batch_size, self.settings.seed, own)

    def _schedule(self) -> float:
        """Linear warm-up, then a cosine to a fiftieth."""
        if self.step < self.settings.warmup:
            return (self.step + 1) / self.settings.warmup
        part = (self.step - self.settings.warmup) / max(self.settings.steps - self.settings.warmup, 1)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0)))

    def _loss(self, batch: Batch) -> torch.Tensor:
        batch = Batch(**{name: value.to(self.device).float() for name, value in vars(batch).items()})
        sigma = batch.sigma[:, None, None]
        pinned = self.model.per_number(batch.pinned_mask)
        seen = self.model.per_number(batch.confidence)
        # What is pinned is known, so it carries no noise; what is not seen is nothing at all.
        noisy = (1 - sigma) * batch.motion + sigma * batch.noise
        noisy = torch.where(pinned > 0, batch.motion, noisy) * seen
        # Only learning needs the devices to agree; they validate different batches.
        network = self.parallel if torch.is_grad_enabled() else self.model
        predicted = network(
            noisy,
            batch.sigma,
            batch.audio,
            style=batch.style,
            speed=batch.speed,
            amplitude=batch.amplitude,
            handedness=batch.handedness,
            pinned=batch.motion * pinned * seen,
            pinned_mask=batch.pinned_mask,
            confidence=batch.confidence,
            audio_given=batch.audio_given,
            return_dict=False,
        )[0]
        wanted = seen * (1 - 0.9 * pinned)  # pinned frames are put back anyway
        error = predicted.float() - batch.motion
        change = torch.diff(error, dim=1)
        # Between the plain loss on clean motion and that on the velocity, whose weight is 1 / sigma^2.
        importance = 1 / (batch.sigma**2 + 0.1)
        value = (error**2 * wanted * self.weights).mean(dim=(1, 2))
        # A change is only what it is where the hand is seen before and after.
        velocity = (change**2 * wanted[:, 1:] * seen[:, :-1] * self.weights).mean(dim=(1, 2))
        return ((value + self.settings.velocity_weight * velocity) * importance).mean()


class Averaged:
    """Within this context the trainer's model has the averaged weights."""

    def __init__(self, trainer: Trainer):
        self.trainer = trainer

    def __enter__(self) -> None:
        self.kept = {name: value.detach().clone() for name, value in self.trainer.model.named_parameters()}
        self._set(self.trainer.average)

    def __exit__(self, *_: object) -> None:
        self._set(self.kept)

    def _set(self, values: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.trainer.model.named_parameters():
                parameter.copy_(values[name])


def loss_weights(model: GestureTransformer) -> torch.Tensor:
    """(latent_dim,) wrists first: positions weigh 12, orientations 3, fingers 54 together by spread; mean 1."""
    spread = model.component_spread().reshape(2, -1)
    weights = torch.empty_like(spread)
    weights[:, :3], weights[:, 3:WRIST_DIM] = 12.0, 3.0
    fingers = spread[:, WRIST_DIM:]
    weights[:, WRIST_DIM:] = 54.0 * fingers / fingers.sum(dim=1, keepdim=True)
    return (weights / weights.mean()).flatten()


def split(clips: list[Any], held_out: float = 0.04) -> tuple[list[Any], list[Any]]:
    """Clips to learn from and the last few to be judged by."""
    count = max(1, round(len(clips) * held_out))
    return clips[:-count], clips[-count:]


if __name__ == "__main__":
    import sys

    from chironomy.gesture.training_run import main

    sys.exit(main())
