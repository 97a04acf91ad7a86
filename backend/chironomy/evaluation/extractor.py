# SPDX-License-Identifier: GPL-3.0-or-later
"""The auto-encoder in whose latent space FGD is measured.

A window is 48 frames at 24 a second of both hands: wrists in the frame of the body, the other 20 keypoints of each hand
relative to its wrist, and how fast each of these points moves. The four groups (wrists, fingers, speeds of either)
weigh the same, so that twenty points of a hand do not outweigh its place; within a group metres stay metres. Speeds are
given because an auto-encoder smooths: without them, motion whose frames were shuffled looks like motion to it.
Convolutions over time reduce a window to 32 numbers and back; FGD uses the 32 (after Yoon et al. 2020, arXiv
2009.02119, whose auto-encoder works on 34 frames of upper-body poses).

Its weights come from a seed and the motion they learned from, and are known by a hash: distances in the spaces of
different extractors have nothing to do with each other.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.keypoints import keypoints
from chironomy.files import atomic_path
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import DAMAGE
from chironomy.schema import Schema

FGD_FILE = Schema("chironomy.fgd", "an extractor for FGD", EvaluationError, "train it again")
FPS = 24.0
WINDOW_FRAMES = 48
LATENT_DIM = 32
HOP_FRAMES = 12

_POINTS = 2 * 21 * 3
CHANNELS = _POINTS + _POINTS // 3  # positions and speeds
_BATCH = 64
_LEARNING_RATE = 2e-3
_MOST_FRAMES = 60_000  # of the training motion, 42 minutes: more does not fit the network better in a minute
_TOO_SHORT = f"no motion has the {WINDOW_FRAMES / FPS:g} s of a window; give longer ones"


class Autoencoder(nn.Module):
    """Windows (N, channels, 48) to latents (N, 32) and back."""

    def __init__(self, latent_dim: int = LATENT_DIM):
        super().__init__()
        widths = (64, 64, 96)
        steps = WINDOW_FRAMES // 2 ** len(widths)
        # Points move together, so few numbers a frame say nearly all, and the rest is cheap.
        narrow = 48
        down: list[nn.Module] = [nn.Conv1d(CHANNELS, narrow, 1)]
        for before, after in zip((narrow, *widths), widths, strict=False):
            down += [nn.Conv1d(before, after, 4, stride=2, padding=1), nn.GELU()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(widths[-1] * steps, latent_dim))
        up: list[nn.Module] = []
        reverse = widths[::-1]
        for before, after in zip(reverse, (*reverse[1:], narrow), strict=True):
            up += [nn.GELU(), nn.ConvTranspose1d(before, after, 4, stride=2, padding=1)]
        up.append(nn.Conv1d(narrow, CHANNELS, 1))
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, widths[-1] * steps), nn.Unflatten(1, (widths[-1], steps)), *up
        )

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Reconstruct windows."""
        return self.decoder(self.encoder(windows))


@dataclass(frozen=True)
class Extractor:
    """A trained auto-encoder.

    Attributes:
        network: the weights.
        spread: (4,) what the groups are divided by: wrists (m), fingers (m), their speeds (m/s).
        mean: (168,) taken off before.
        description: what it was trained on and how; JSON values.
    """

    network: Autoencoder
    spread: NDArray[np.float64]
    mean: NDArray[np.float64]
    description: dict[str, Any]

    @property
    def identity(self) -> str:
        """Twelve hexadecimal digits that change with any weight."""
        digest = hashlib.sha256(json.dumps(self.description, sort_keys=True).encode())
        for name, tensor in sorted(self._tensors().items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
        return digest.hexdigest()[:12]

    def features(self, motions: Sequence[HandMotion]) -> NDArray[np.float64]:
        """(N, 32) latents of the motions' windows, one every half second.

        Raises:
            EvaluationError: no motion is as long as a window.
        """
        rows = []
        for motion in motions:
            channels = (channels_of(motion) - self.mean) / _by_channel(self.spread)
            starts = window_starts([len(channels)], HOP_FRAMES)
            if len(starts):
                rows.append(self._encoded(torch.from_numpy(channels.astype(np.float32)), torch.from_numpy(starts)))
        if not rows:
            raise EvaluationError(_TOO_SHORT)
        return np.concatenate(rows)

    @torch.no_grad()
    def _encoded(self, channels: torch.Tensor, starts: torch.Tensor) -> NDArray[np.float64]:
        return np.concatenate(
            [self.network.encoder(_gather(channels, part)).double().numpy() for part in starts.split(512)]
        )

    def save(self, folder: Path) -> None:
        """Write `extractor.safetensors` and `extractor.json`.

        Raises:
            ChironomyError: the folder cannot be written.
        """
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / "extractor.safetensors") as temporary:
            save_file(self._tensors(), temporary)
        with atomic_path(folder / "extractor.json") as temporary:
            record = {"format": FGD_FILE.format, "identity": self.identity, **self.description}
            temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    def _tensors(self) -> dict[str, torch.Tensor]:
        return {name: tensor.detach().contiguous() for name, tensor in self.network.state_dict().items()} | {
            "spread": torch.from_numpy(self.spread),
            "mean": torch.from_numpy(self.mean),
        }


def load_extractor(folder: Path) -> Extractor:
    """Read what `Extractor.save` wrote.

    Raises:
        EvaluationError: there is none, or its weights are not those its identity was taken of.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    record_file, weights = folder / "extractor.json", folder / "extractor.safetensors"
    if not (record_file.is_file() and weights.is_file()):
        raise EvaluationError(
            f"{folder} holds no extractor; train one with: python -m chironomy.evaluation.fgd train --clips CLIPS "
            f"--out {folder}"
        )
    try:
        record = FGD_FILE.read_json(record_file)
        del record["format"]
        identity = record.pop("identity")
        tensors = load_file(weights)
        extractor = Extractor(
            Autoencoder(record["latent_dim"]).eval(),
            tensors.pop("spread").numpy(),
            tensors.pop("mean").numpy(),
            record,
        )
        extractor.network.load_state_dict(tensors)
    except EvaluationError:
        raise
    except (*DAMAGE, SafetensorError) as error:
        raise EvaluationError(f"{folder} holds a damaged extractor ({error}); train it again") from None
    if extractor.identity != identity:
        raise EvaluationError(
            f"{folder} holds weights of extractor {extractor.identity} under the name {identity}; train it again"
        )
    return extractor


def train_extractor(
    motions: Sequence[HandMotion],
    trained_on: str,
    seed: int = 0,
    steps: int = 1200,
    latent_dim: int = LATENT_DIM,
    show_progress: bool = False,
) -> Extractor:
    """Train on the motions' windows, within a minute; the same seed gives the same weights on one machine.

    Args:
        motions: at least one of 2 s.
        trained_on: said in the description.
        seed: of the weights and of the order.
        steps: of 64 windows each.
        latent_dim: numbers that a window is reduced to.
        show_progress: draw a bar.

    Raises:
        EvaluationError: no motion is as long as a window.
    """
    from tqdm import tqdm

    order = np.random.default_rng(seed).permutation(len(motions))
    timelines: list[NDArray[np.float64]] = []
    for index in order:
        timelines.append(channels_of(motions[index]))
        if sum(map(len, timelines)) > _MOST_FRAMES:
            break
    starts = torch.from_numpy(window_starts([len(timeline) for timeline in timelines], 1))
    if len(starts) == 0:
        raise EvaluationError(_TOO_SHORT)
    channels = np.concatenate(timelines)
    mean = channels.mean(axis=0)
    # Dividing a group by the root of its summed variance makes the groups equal, whatever their numbers of channels.
    share = CHANNELS / len(_groups())
    spread = np.array(
        [np.sqrt(((channels[:, group] - mean[group]) ** 2).sum(axis=1).mean() / share) for group in _groups()]
    )
    data = torch.from_numpy(((channels - mean) / _by_channel(spread)).astype(np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Autoencoder(latent_dim)
        optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        losses = []
        for _ in tqdm(range(steps), desc="extractor", unit="step", disable=not show_progress):
            batch = _gather(data, starts[torch.randint(len(starts), (_BATCH,))])
            loss = nn.functional.mse_loss(network(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
    description = {
        "trained_on": trained_on,
        "frames": len(data),
        "window_frames": WINDOW_FRAMES,
        "fps": FPS,
        "latent_dim": latent_dim,
        "seed": seed,
        "steps": steps,
        "unexplained": round(float(np.mean(losses[-50:])), 4),  # share of the variance that reconstruction misses
    }
    return Extractor(network.eval(), spread, mean, description)


def channels_of(motion: HandMotion) -> NDArray[np.float64]:
    """(T, 168) what a window is cut from: wrists, the other points relative to them, in metres, then speeds in m/s."""
    motion = motion if motion.fps == FPS else motion.resampled(FPS)
    points = keypoints(motion)
    points = np.concatenate([points[:, :, :1], points[:, :, 1:] - points[:, :, :1]], axis=2)
    speed = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=-1) * FPS
    return np.concatenate([points.reshape(len(points), -1), speed.reshape(len(points), -1)], axis=1)


def window_starts(lengths: Sequence[int], hop: int) -> NDArray[np.int64]:
    """First frames of windows, one every `hop` frames, in timelines of these lengths laid end to end; none crosses."""
    ends = np.cumsum(lengths)
    begins = ends - lengths
    starts = [
        np.arange(begin, end - WINDOW_FRAMES + 1, hop) for begin, end in zip(begins, ends, strict=True) if end > begin
    ]
    return np.concatenate([np.zeros(0, np.int64), *starts]).astype(np.int64)


def _gather(channels: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """(N, 168, 48) windows of a timeline (T, 168)."""
    return channels[starts[:, None] + torch.arange(WINDOW_FRAMES)].transpose(1, 2)


def _groups() -> list[NDArray[np.int64]]:
    """The channels of wrists, fingers, and the speeds of either."""
    place = np.arange(_POINTS).reshape(2, 21, 3)
    speed = _POINTS + np.arange(_POINTS // 3).reshape(2, 21)
    return [place[:, 0].ravel(), place[:, 1:].ravel(), speed[:, 0].ravel(), speed[:, 1:].ravel()]


def _by_channel(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """(168,) the divisor of each channel; what never moved is left as it is."""
    result = np.empty(CHANNELS)
    for group, value in zip(_groups(), spread, strict=True):
        result[group] = value if value > 1e-9 else 1.0
    return result
