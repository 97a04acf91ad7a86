# SPDX-License-Identifier: GPL-3.0-or-later
"""A network, its running average and its optimiser, at a step.

Every step is a function of the seed and its number, so that a run that was stopped goes on from its checkpoint as if it
had not been.
"""

import contextlib
import math
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from chironomy.errors import ChironomyError


@dataclass(frozen=True)
class TrainSettings:
    """What determines a training run, beside the data, the model's configuration and the number of devices.

    Attributes:
        steps: optimiser steps.
        batch_size: windows of a step, on each device and in each of its parts.
        accumulation: parts of a step whose gradients are added up, for batches that do not fit in memory.
        learning_rate: at its height; linear warm-up, then a cosine to a fiftieth.
        warmup: steps of it.
        weight_decay: of AdamW.
        average: decay of the running average of the weights, which is what is kept.
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
    seed: int = 0
    precision: str = "bf16"
    validate_every: int = 100
    validation_batches: int = 4
    patience: int = 0


class Trainer:
    """What is common to all trainers; each says what its batches are and what it loses on them.

    Args:
        model: to be trained, on the accelerator's device; parameters that need no gradient stay as they are.
        settings: see there.
        accelerator: the devices.
    """

    error: type[ChironomyError] = ChironomyError
    """What refusals are raised as."""

    changeable: tuple[str, ...] = ("steps", "patience")
    """Settings that may differ when a run goes on."""

    validation: Any
    """Data to be judged by, with `batch(size, seed, number, dropout)`."""

    everything_given: Any
    """Dropout of those data that leaves no condition out."""

    def __init__(self, model: nn.Module, settings: TrainSettings, accelerator: Accelerator):
        self.accelerator, self.device = accelerator, accelerator.device
        self.model, self.settings = model, settings
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(
            trained, lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.parallel, self.optimizer = accelerator.prepare(model, optimizer)
        self.average = {name: value.detach().clone() for name, value in _trained(model)}
        self.step = 0
        self.curve: list[tuple[int, float, float]] = []
        self.best: tuple[int, float] | None = None
        # On the processor a second thread would only take time from the first.
        self._ahead = ThreadPoolExecutor(1) if self.device.type != "cpu" else None
        self._next: tuple[int, Future[Any]] | None = None

    def training_batch(self, number: int) -> Any:
        """Batch `number` of the endless sequence to learn from."""
        raise ChironomyError(f"{type(self).__name__} does not say what its batches are")

    def validation_batch(self, number: int) -> Any:
        """Batch `number` to be judged by, with every condition, the same every time."""
        settings = self.settings
        return self.validation.batch(settings.batch_size, settings.seed + 1, number, self.everything_given)

    def loss(self, batch: Any) -> torch.Tensor:
        """What the network loses on a batch."""
        raise ChironomyError(f"{type(self).__name__} does not say what it loses")

    @property
    def network(self) -> Any:
        """The model as `loss` is to run it: only learning needs the devices to agree, they validate other batches."""
        return self.parallel if torch.is_grad_enabled() else self.model

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
                loss = self.loss(self._batch(self.step * settings.accumulation + part)) / settings.accumulation
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
            torch._foreach_add_(average, [value.detach() for _, value in _trained(self.model)], alpha=1 - decay)
        return total

    def validate(self) -> float:
        """Loss of the averaged weights on batches that are the same every time, shared out among the devices."""
        rank, count = self.accelerator.process_index, self.accelerator.num_processes
        total = torch.zeros(2, device=self.device)
        with torch.no_grad(), Averaged(self):
            self.model.eval()
            for number in range(rank, self.settings.validation_batches, count):
                loss = self.loss(self.validation_batch(number))
                total += torch.stack([loss, torch.ones((), device=self.device)])
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
            ChironomyError: of the trainer's type: it was made with other settings than these (`changeable` aside),
                another number of devices, or another model.
        """
        defaults = asdict(type(self.settings)())
        before = {**defaults, "number of devices": state.get("devices", 1), **state["settings"]}
        now = {**asdict(self.settings), "number of devices": self.accelerator.num_processes}
        changed = [name for name in now if name not in self.changeable and before[name] != now[name]]
        if changed:
            raise self.error(
                f"the checkpoint was made with another {changed[0]} ({before[changed[0]]}, not {now[changed[0]]}); "
                "give the same or another folder for checkpoints"
            )
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as cause:
            raise self.error("the checkpoint is of another model; give another folder for checkpoints") from cause
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

    def _batch(self, number: int) -> Any:
        """Batch `number` of this device; the one after it is made meanwhile."""
        ahead, expected = self._next or (None, None)
        batch = expected.result() if expected is not None and ahead == number else self._make(number)
        if self._ahead is not None:
            self._next = (number + 1, self._ahead.submit(self._make, number + 1))
        return batch

    def _make(self, number: int) -> Any:
        return self.training_batch(number * self.accelerator.num_processes + self.accelerator.process_index)

    def _schedule(self) -> float:
        """Linear warm-up, then a cosine to a fiftieth."""
        if self.step < self.settings.warmup:
            return (self.step + 1) / self.settings.warmup
        part = (self.step - self.settings.warmup) / max(self.settings.steps - self.settings.warmup, 1)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0)))


class Averaged:
    """Within this context the trainer's model has the averaged weights."""

    def __init__(self, trainer: Trainer):
        self.trainer = trainer

    def __enter__(self) -> None:
        self.kept = {name: value.detach().clone() for name, value in _trained(self.trainer.model)}
        self._set(self.trainer.average)

    def __exit__(self, *_: object) -> None:
        self._set(self.kept)

    def _set(self, values: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in _trained(self.trainer.model):
                parameter.copy_(values[name])


def _trained(model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
