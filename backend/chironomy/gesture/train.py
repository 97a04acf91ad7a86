# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m chironomy.gesture.train --corpus FOLDER --checkpoints FOLDER --out FOLDER`: train stage 1.

Every step is a function of the seed and its number, so that a run that was stopped goes on from its checkpoint as if it
had not been. `--embedded` writes the product's own weights. Rectified flow: the network sees
x = (1 - sigma) * motion + sigma * noise and predicts the clean motion.
"""

import argparse
import csv
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from chironomy.errors import ChironomyError
from chironomy.gesture.clips import load_clips
from chironomy.gesture.data import Batch, Dropout, Windows
from chironomy.gesture.encoding import WRIST_DIM
from chironomy.gesture.errors import GestureError
from chironomy.gesture.model import CONFIGS, GestureTransformer
from chironomy.motion.files import atomic_path


@dataclass(frozen=True)
class TrainSettings:
    """What determines a training run, beside the corpus and the model's configuration."""

    steps: int = 3200
    batch_size: int = 64
    learning_rate: float = 8e-4
    warmup: int = 200
    weight_decay: float = 0.01
    average: float = 0.998
    velocity_weight: float = 6.0
    seed: int = 0
    bf16: bool = True
    validate_every: int = 100
    validation_batches: int = 4


class Trainer:
    """A model, its running average and its optimiser, at a step.

    Args:
        model: to be trained, on the device it is to be trained on; its statistics are set from the windows.
        train: windows to learn from, not normalised; they are normalised for good.
        validation: windows to be judged by, likewise.
        settings: see there.
    """

    def __init__(self, model: GestureTransformer, train: Windows, validation: Windows, settings: TrainSettings):
        self.model, self.train, self.validation, self.settings = model, train, validation, settings
        self.device = model.motion_out.weight.device
        model.set_statistics(train.motion)
        train.normalize(model)
        validation.normalize(model)
        self.weights = loss_weights(model).to(self.device)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.average = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.step = 0
        self.curve: list[tuple[int, float, float]] = []

    def advance(self) -> float:
        """Make one step; returns its loss."""
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._schedule()
        self.model.train()
        loss = self._loss(self.train.batch(settings.batch_size, settings.seed, self.step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        decay = min(settings.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            average = list(self.average.values())
            torch._foreach_mul_(average, decay)
            torch._foreach_add_(average, [p.detach() for p in self.model.parameters()], alpha=1 - decay)
        return float(loss.detach())

    def validate(self) -> float:
        """Loss of the averaged weights on batches that are the same every time."""
        settings = self.settings
        with torch.no_grad(), Averaged(self):
            self.model.eval()
            losses = [
                self._loss(
                    self.validation.batch(settings.batch_size, settings.seed + 1, number, Dropout(0, 0, 0, 0, 0))
                )
                for number in range(settings.validation_batches)
            ]
        return float(torch.stack(losses).mean())

    def state(self) -> dict[str, Any]:
        """Everything that going on needs."""
        return {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "curve": self.curve,
            "settings": asdict(self.settings),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from `state`.

        Raises:
            GestureError: it was made with other settings than these (the number of steps aside).
        """
        before, now = dict(state["settings"]), asdict(self.settings)
        changed = [name for name in now if name != "steps" and before.get(name) != now[name]]
        if changed:
            raise GestureError(
                f"the checkpoint was made with another {changed[0]} ({before.get(changed[0])}, not {now[changed[0]]}); "
                "give the same or another folder for checkpoints"
            )
        self.model.load_state_dict(state["model"])
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.curve = state["step"], list(state["curve"])

    def _schedule(self) -> float:
        """Linear warm-up, then a cosine to a fiftieth."""
        if self.step < self.settings.warmup:
            return (self.step + 1) / self.settings.warmup
        part = (self.step - self.settings.warmup) / max(self.settings.steps - self.settings.warmup, 1)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0)))

    def _loss(self, batch: Batch) -> torch.Tensor:
        batch = Batch(**{name: value.to(self.device) for name, value in vars(batch).items()})
        sigma = batch.sigma[:, None, None]
        pinned = self.model.per_number(batch.pinned_mask)
        seen = self.model.per_number(batch.confidence)
        # What is pinned is known, so it carries no noise; what is not seen is nothing at all.
        noisy = (1 - sigma) * batch.motion + sigma * batch.noise
        noisy = torch.where(pinned > 0, batch.motion, noisy) * seen
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bf16):
            predicted = self.model(
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
        velocity = (change**2 * wanted[:, 1:] * self.weights).mean(dim=(1, 2))
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


def run(trainer: Trainer, checkpoints: Path, minutes: float | None = None) -> None:
    """Train to the last step, or for `minutes`, with a checkpoint every validation and a line in the log."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    path = checkpoints / "checkpoint.pt"
    if path.exists():
        trainer.resume(torch.load(path, map_location="cpu", weights_only=True))
        print(f"goes on from step {trainer.step}", flush=True)
    begin, losses, mark = time.monotonic(), [], time.monotonic()
    while trainer.step < trainer.settings.steps:
        losses.append(trainer.advance())
        late = minutes is not None and time.monotonic() - begin > 60 * minutes
        if trainer.step % trainer.settings.validate_every == 0 or trainer.step == trainer.settings.steps or late:
            seconds = (time.monotonic() - mark) / len(losses)
            trainer.curve.append((trainer.step, sum(losses) / len(losses), trainer.validate()))
            with atomic_path(path) as temporary:
                torch.save(trainer.state(), temporary)
            step, loss, validation = trainer.curve[-1]
            print(f"step {step} loss {loss:.4f} validation {validation:.4f}, {seconds:.3f} s a step", flush=True)
            losses, mark = [], time.monotonic()
        if late:
            break


def write_curve(curve: list[tuple[int, float, float]], folder: Path) -> None:
    """The loss curve as `loss.csv` and `loss.png`."""
    from PIL import Image, ImageDraw

    with atomic_path(folder / "loss.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", "loss", "validation"])
        writer.writerows((step, f"{loss:.5f}", f"{validation:.5f}") for step, loss, validation in curve)
    width, height, margin = 640, 320, 36
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    logs = [[math.log10(max(row[column], 1e-6)) for row in curve] for column in (1, 2)]
    low, high = min(map(min, logs)), max(map(max, logs)) + 1e-6
    last = max(row[0] for row in curve)

    def place(step: int, value: float) -> tuple[float, float]:
        x = margin + (width - 2 * margin) * step / last
        return x, height - margin - (height - 2 * margin) * (value - low) / (high - low)

    draw.rectangle((margin, margin, width - margin, height - margin), outline="gray")
    for values, colour in zip(logs, ("steelblue", "darkorange"), strict=True):
        draw.line([place(row[0], value) for row, value in zip(curve, values, strict=True)], fill=colour, width=2)
    draw.text((margin, 8), f"loss (blue) and validation loss (orange), {10**high:.3g} to {10**low:.3g}, log", "black")
    draw.text((margin, height - 24), f"steps 0 to {last}", "black")
    with atomic_path(folder / "loss.png") as temporary:
        image.save(temporary, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the weights are written."""
    default = TrainSettings()
    parser = argparse.ArgumentParser(prog="python -m chironomy.gesture.train", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="from python -m chironomy.gesture.corpus")
    parser.add_argument("--checkpoints", type=Path, required=True, help="where to stop and go on")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--embedded", action="store_true", help="write the product's own weights")
    target.add_argument("--out", type=Path, help="write the pipeline to this folder")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="embedded")
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--batch-size", type=int, default=default.batch_size)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, help="stop for now after so many, keeping the checkpoint")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    try:
        settings = TrainSettings(steps=options.steps, batch_size=options.batch_size, seed=options.seed)
        clips, description = load_clips(options.corpus)
        config = {**CONFIGS[options.config], "audio_dim": clips[0].audio.shape[1], "styles": len(clips[0].style)}
        config |= {"trained_on": description["trained_on"], "style_names": description["style_names"]}
        model = GestureTransformer(**config).to(options.device)
        train, validation = (Windows(part, config["window_frames"]) for part in split(clips))
        del clips
        trainer = Trainer(model, train, validation, settings)
        run(trainer, options.checkpoints, options.minutes)
        if trainer.step < settings.steps:
            print(f"stopped at step {trainer.step} of {settings.steps}; the same command goes on")
            return 0
        from chironomy.gesture.card import write_card
        from chironomy.gesture.pipeline import GesturePipeline, default_scheduler, embedded_weights

        folder = embedded_weights() if options.embedded else options.out
        with Averaged(trainer):
            GesturePipeline(model, default_scheduler()).save_compact(folder)
        write_curve(trainer.curve, folder)
        write_card(folder, trainer, description)
    except ChironomyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
