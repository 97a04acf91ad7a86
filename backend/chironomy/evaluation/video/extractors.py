# SPDX-License-Identifier: GPL-3.0-or-later
"""In what space FID and FVD are measured: a network that a person brings as a TorchScript file, or a stand-in.

No weights come with this project. A file is known by its name and the start of its SHA-256, and distances of different
files have nothing to do with each other.

**Pictures (FID).** Two kinds of TorchScript files are understood, told apart by the arguments of their `forward`:

- with an argument `return_features`, as NVIDIA's conversion of the Inception network of Szegedy et al. 2015 that
  StyleGAN's authors publish (`inception-2015-12-05.pt`): called with uint8 (N, 3, height, width), 0..255, at the
  frames' own size; it resizes by itself. FIDs with it may be compared with papers that name the same file.
- any other: called with float32 (N, 3, 299, 299), 0..1, resized with antialiasing.

**Clips (FVD).** 16 frames, called with (N, 3, 16, height, width):

- with arguments `rescale`, `resize` and `return_features`, as the I3D network of Carreira and Zisserman 2017 that
  StyleGAN-V's authors publish (`i3d_torchscript.pt`): float32 0..255 and all three set;
- any other: float32 -1..1, resized to 224 by 224.

Either returns (N, D), or (N, D, 1, …).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.picture_statistics import clip_statistics, picture_statistics

if TYPE_CHECKING:
    import torch

CLIP_FRAMES = 16
"""Frames of a clip (Unterthiner et al. 2018, section 4, and the field since)."""

HOP_FRAMES = 8
"""From the beginning of one clip to that of the next."""

_BATCH_FRAMES = 16
_PICTURE_SIDE, _CLIP_SIDE = 299, 224


class FeatureExtractor(Protocol):
    """What turns the frames of a video into rows of numbers.

    Attributes:
        name: said wherever a distance is.
        stand_in: whether it takes the place of the field's network.
    """

    name: str
    stand_in: bool

    def features(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(N, D) of a video's frames, (height, width, 3) uint8 RGB each, taken once and in order."""
        ...


class PictureStatistics:
    """FID's stand-in: `picture_statistics` of every frame."""

    name = "27 statistics of a picture"
    stand_in = True

    def features(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(T, 27)."""
        return np.array([picture_statistics(frame) for frame in frames]).reshape(-1, 27)


class ClipStatistics:
    """FVD's stand-in: `clip_statistics` of 16 frames, every 8 frames."""

    name = "54 statistics of 16 frames"
    stand_in = True

    def features(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(clips, 54)."""
        pictures = np.array([picture_statistics(frame) for frame in frames]).reshape(-1, 27)
        starts = range(0, len(pictures) - CLIP_FRAMES + 1, HOP_FRAMES)
        return np.array([clip_statistics(pictures[start : start + CLIP_FRAMES]) for start in starts]).reshape(-1, 54)


@dataclass(frozen=True, eq=False)
class PictureNetwork:
    """A TorchScript network over pictures.

    Attributes:
        network: the module.
        name: of its file, with the start of its hash.
        stand_in: false.
    """

    network: Any
    name: str
    stand_in: bool = False

    def features(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(T, D)."""
        import torch

        own_size = "return_features" in _arguments(self.network)
        rows = []
        for batch in _batches(frames, _BATCH_FRAMES):
            pictures = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).contiguous()
            if own_size:
                rows.append(_called(self, pictures, return_features=True))
            else:
                rows.append(_called(self, _resized(pictures, _PICTURE_SIDE) / 255))
        return np.concatenate(rows) if rows else np.zeros((0, 1))


@dataclass(frozen=True, eq=False)
class ClipNetwork:
    """A TorchScript network over clips of 16 frames.

    Attributes:
        network: the module.
        name: of its file, with the start of its hash.
        stand_in: false.
    """

    network: Any
    name: str
    stand_in: bool = False

    def features(self, frames: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """(clips, D), one clip every 8 frames."""
        import torch

        settings = {"rescale", "resize", "return_features"}
        own_size = settings <= _arguments(self.network)
        rows = []
        for clip in _clips(frames):
            pictures = torch.from_numpy(np.stack(clip)).permute(0, 3, 1, 2)
            if own_size:
                rows.append(_called(self, _as_clip(pictures.float()), **dict.fromkeys(settings, True)))
            else:
                rows.append(_called(self, _as_clip(_resized(pictures, _CLIP_SIDE) / 127.5 - 1)))
        return np.concatenate(rows) if rows else np.zeros((0, 1))


def load_picture_network(path: Path) -> PictureNetwork:
    """FID's network from a TorchScript file.

    Raises:
        EvaluationError: there is none, or it cannot be loaded.
    """
    return PictureNetwork(load_script(path, "--fid-extractor"), file_identity(path))


def load_clip_network(path: Path) -> ClipNetwork:
    """FVD's network from a TorchScript file.

    Raises:
        EvaluationError: there is none, or it cannot be loaded.
    """
    return ClipNetwork(load_script(path, "--fvd-extractor"), file_identity(path))


def load_script(path: Path, option: str) -> Any:
    """A TorchScript module, on the processor and in evaluation mode.

    Args:
        path: what `torch.jit.save` wrote. It holds code as well as numbers: take it from people you trust.
        option: that named it, for the message.

    Raises:
        EvaluationError: there is none, or it cannot be loaded.
    """
    import torch

    if not path.is_file():
        raise EvaluationError(f"{path} does not exist; give {option} a TorchScript file")
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise EvaluationError(
            f"{path.name} is no TorchScript file that can be loaded ({reason}); give {option} what torch.jit.save wrote"
        ) from error


def file_identity(path: Path) -> str:
    """The file's name and the first twelve digits of its SHA-256."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{path.name} {digest[:12]}"


def script_errors() -> tuple[type[Exception], ...]:
    """What a TorchScript module raises that does not take its input."""
    import torch

    return (RuntimeError, ValueError, TypeError, torch.jit.Error)


def last_line(error: Exception) -> str:
    """The end of a message that may be a whole traceback, where its cause is."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__


def _arguments(network: Any) -> set[str]:
    return {argument.name for argument in network.forward.schema.arguments}


def _called(extractor: "PictureNetwork | ClipNetwork", inputs: "torch.Tensor", **settings: bool) -> NDArray[np.float64]:
    import torch

    try:
        with torch.no_grad():
            result = extractor.network(inputs, **settings)
    except script_errors() as error:
        raise EvaluationError(
            f"{extractor.name} did not take {tuple(inputs.shape)} ({last_line(error)}); docs/video-metrics.md has what "
            "it is given"
        ) from error
    if not isinstance(result, torch.Tensor) or result.shape[0] != inputs.shape[0]:
        raise EvaluationError(f"{extractor.name} did not return one row of features a sample; give a network that does")
    rows = result.double().flatten(1).numpy()
    if not np.isfinite(rows).all():
        raise EvaluationError(f"{extractor.name} returned values that are not numbers; give whole weights")
    return rows


def _resized(pictures: "torch.Tensor", side: int) -> "torch.Tensor":
    """(N, 3, side, side) float32, 0..255."""
    import torch

    return torch.nn.functional.interpolate(
        pictures.float(), (side, side), mode="bilinear", antialias=True, align_corners=False
    )


def _as_clip(pictures: "torch.Tensor") -> "torch.Tensor":
    """(1, 3, T, H, W) of (T, 3, H, W)."""
    return pictures.transpose(0, 1)[None].contiguous()


def _batches(frames: Iterable[NDArray[np.uint8]], size: int) -> Iterator[list[NDArray[np.uint8]]]:
    batch: list[NDArray[np.uint8]] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _clips(frames: Iterable[NDArray[np.uint8]]) -> Iterator[list[NDArray[np.uint8]]]:
    clip: list[NDArray[np.uint8]] = []
    for frame in frames:
        clip.append(frame)
        if len(clip) == CLIP_FRAMES:
            yield clip
            clip = clip[HOP_FRAMES:]
