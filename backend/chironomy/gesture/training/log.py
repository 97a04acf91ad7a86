# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training run shows of itself: the loss curve, TensorBoard, and drawings of sampled motion."""

import csv
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from chironomy.body.pose import hand_keypoints, solve_pose
from chironomy.body.rig import Rig, load_rig
from chironomy.files import atomic_path
from chironomy.gesture.encoding import decode
from chironomy.gesture.noise_path import NOISE_SHIFT
from chironomy.gesture.training.trainer import Averaged, Trainer
from chironomy.gesture.training.windows import EVERYTHING_GIVEN
from chironomy.motion.hand_motion import HandMotion
from chironomy.packages import install, lacking

_STEPS = 8
_WINDOWS, _FRAMES, _CELL = 3, 8, 128
_METRES = 1.3  # of a cell
# Wrist to tip, in the order of `hand_keypoints`: index, middle, little, ring, thumb.
_FINGERS = ((0, 1, 2, 3, 17), (0, 4, 5, 6, 18), (0, 7, 8, 9, 20), (0, 10, 11, 12, 19), (0, 13, 14, 15, 16))
_COLOURS = ("steelblue", "darkorange")


class Log:
    """TensorBoard's files in a folder, or nothing where it is not installed or not wanted."""

    def __init__(self, folder: Path | None):
        self.writer: Any = None
        if folder is None:
            return
        if lacking(["tensorboard"]):
            print(f"no log is kept: TensorBoard is not installed ({install('tensorboard')})", flush=True)
            return
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def numbers(self, step: int, values: dict[str, float]) -> None:
        """Add a point to each curve."""
        if self.writer is not None:
            for name, value in values.items():
                self.writer.add_scalar(name, value, step)
            self.writer.flush()

    def sheet(self, trainer: Trainer) -> None:
        """Add a drawing of what the averaged weights sample for validation windows."""
        if self.writer is not None:
            self.writer.add_image("sampled under recorded", sampled_sheet(trainer), trainer.step, dataformats="HWC")
            self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()


def sample_windows(trainer: Trainer, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clean motion (count, frames, latent_dim) of validation windows, and what the model samples for their speech."""
    model, device = trainer.model, trainer.device
    batch = trainer.validation.batch(count, trainer.settings.seed + 2, 0, EVERYTHING_GIVEN)
    even = torch.linspace(1, 0, _STEPS + 1)
    levels = (NOISE_SHIFT * even / (1 + (NOISE_SHIFT - 1) * even)).tolist()
    x = batch.noise.to(device)
    with torch.no_grad(), Averaged(trainer):
        model.eval()
        for level, below in pairwise(levels):
            clean = model(
                x,
                torch.full((count,), level, device=device),
                batch.audio.to(device).float(),
                style=batch.style.to(device),
                speed=batch.speed.to(device),
                amplitude=batch.amplitude.to(device),
                rate=batch.rate.to(device),
                handedness=batch.handedness.to(device),
                return_dict=False,
            )[0].float()
            x = clean + (x - clean) * (below / level)
    return batch.motion, x.cpu()


def sampled_sheet(trainer: Trainer) -> NDArray[np.uint8]:
    """(height, width, 3): frames of validation windows as recorded, and under each row as sampled for its speech."""
    recorded, sampled = sample_windows(trainer, _WINDOWS)
    rig, fps = load_rig(), float(trainer.model.config["fps"])
    image = Image.new("RGB", (_FRAMES * _CELL, 2 * _WINDOWS * _CELL), "white")
    draw = ImageDraw.Draw(image)
    rows = [windows[number] for number in range(_WINDOWS) for windows in (recorded, sampled)]
    for row, window in enumerate(rows):
        frames = np.linspace(0, len(window) - 1, _FRAMES).round().astype(int)
        motion = trainer.model.denormalize(window[frames].to(trainer.device)).cpu().numpy()
        position, rotation = decode(motion.astype(np.float64))
        _draw_row(draw, rig, HandMotion(fps, position, rotation, np.ones((_FRAMES, 2))), row, _COLOURS[row % 2])
    return np.asarray(image)


def _draw_row(draw: ImageDraw.ImageDraw, rig: Rig, motion: HandMotion, row: int, colour: str) -> None:
    """Arms and hands from the front, a frame a cell."""
    pose = solve_pose(rig, motion)
    keypoints = hand_keypoints(rig, pose)

    def place(point: NDArray[np.float64], frame: int) -> tuple[float, float]:
        x, y = point[0] / _METRES + 0.5, 0.3 - point[1] / _METRES
        return (frame + float(x)) * _CELL, (row + float(y)) * _CELL

    for frame in range(motion.frame_count):
        for hand in range(2):
            arm = [pose.joint_position[frame, joint] for joint in rig.arm_joints(hand)[[1, 2, 4]]]
            draw.line([place(point, frame) for point in arm], fill="lightgray", width=3)
            for finger in _FINGERS:
                draw.line([place(keypoints[frame, hand, k], frame) for k in finger], fill=colour, width=1)


def write_curve(curve: list[tuple[int, float, float]], folder: Path) -> None:
    """The loss curve as `loss.csv` and `loss.png`."""
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
    for values, colour in zip(logs, _COLOURS, strict=True):
        draw.line([place(row[0], value) for row, value in zip(curve, values, strict=True)], fill=colour, width=2)
    draw.text((margin, 8), f"loss (blue) and validation loss (orange), {10**high:.3g} to {10**low:.3g}, log", "black")
    draw.text((margin, height - 24), f"steps 0 to {last}", "black")
    with atomic_path(folder / "loss.png") as temporary:
        image.save(temporary, optimize=True)
