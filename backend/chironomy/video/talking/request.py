# SPDX-License-Identifier: GPL-3.0-or-later
"""What a render is asked for, checked and named before anything is computed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.windows import Block, blocks
from chironomy.shot.errors import VideoError
from chironomy.video.talking.sampling import Guidance, check_scheduler
from chironomy.video.weights.sizes import check_size


class Parts(Protocol):
    """What of a pipeline decides what it can be asked for; a `TalkingPipeline` has it."""

    scheduler: Any
    denoiser: Any
    pose_encoder: Any
    audio_projector: Any

    @property
    def config(self) -> Any:
        """The pipeline's configuration."""
        ...

    @property
    def scale(self) -> int:
        """Pixels on a side of a latent."""
        ...


class Maps(Protocol):
    """The maps of every frame: an array (frames, height, width, channels) uint8, or what gives parts of one."""

    def __len__(self) -> int:
        """How many frames."""
        ...

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        """(frames of the slice, height, width, channels) uint8."""
        ...


@dataclass(frozen=True)
class Settings:
    """How to render; None takes what the pipeline's configuration says.

    Attributes:
        seed: another number, other frames.
        num_inference_steps: denoising steps.
        guidance_scale: of all conditions together; 1 is none, and half the time.
        reference_guidance_scale: of the portrait, beside that; anything but 1 costs one more run a step.
        audio_guidance_scale: of the speech, likewise.
        pose_guidance_scale: of the maps, likewise.
        window_frames: frames that the network sees at once.
        window_overlap: frames that neighbouring windows share.
        block_windows: windows that are made together before the next are begun.
    """

    seed: int = 0
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    reference_guidance_scale: float = 1.0
    audio_guidance_scale: float = 1.0
    pose_guidance_scale: float = 1.0
    window_frames: int | None = None
    window_overlap: int | None = None
    block_windows: int | None = None


@dataclass(frozen=True)
class Sampling:
    """Settings, checked, with what the pipeline's configuration says in place.

    Attributes:
        seed: of the noise.
        steps: denoising steps.
        guidance: of the conditions.
        window: frames of a window, and frames that neighbours share; neighbouring blocks share as many.
        block_windows: windows that are made together.
    """

    seed: int
    steps: int
    guidance: Guidance
    window: tuple[int, int]
    block_windows: int

    @property
    def block_frames(self) -> int:
        """Frames that are made together, at most: the last block takes up half as many windows more."""
        size, overlap = self.window
        return size + (self.block_windows + self.block_windows // 2 - 1) * (size - overlap)


@dataclass(frozen=True)
class Request:
    """One render, checked.

    Attributes:
        reference: (height, width, 3) uint8.
        maps: of every frame.
        audio: what is heard in every frame.
        confidence: (frames, 2) float32, or None.
        sampling: how.
        plan: the blocks.
    """

    reference: NDArray[np.uint8]
    maps: Maps
    audio: NDArray[np.float32]
    confidence: NDArray[np.float32] | None
    sampling: Sampling
    plan: list[Block]


def checked_sampling(settings: Settings, config: Mapping[str, Any], positions: int) -> Sampling:
    """Check settings against a pipeline's configuration.

    Args:
        settings: what was asked for.
        config: of the pipeline.
        positions: frames that the denoiser can tell apart, its `motion_max_seq_length`.

    Raises:
        VideoError: a setting is out of range; the sentence names it.
    """
    size = _whole("window_frames", settings.window_frames, config["window_frames"], 2, positions)
    overlap = _whole("window_overlap", settings.window_overlap, config["window_overlap"], 1, size - 1)
    if overlap + int(config["motion_frames"]) > size:
        raise VideoError(
            f"windows of {size} frames cannot share {overlap} and leave {config['motion_frames']} motion frames; give "
            "a smaller window_overlap"
        )
    return Sampling(
        seed=_whole("seed", settings.seed, 0, 0, 2**63 - 1),
        steps=_whole("num_inference_steps", settings.num_inference_steps, config["num_inference_steps"], 1, 1000),
        guidance=Guidance(
            _scale("guidance_scale", settings.guidance_scale, config["guidance_scale"]),
            _scale("reference_guidance_scale", settings.reference_guidance_scale, 1.0),
            _scale("audio_guidance_scale", settings.audio_guidance_scale, 1.0),
            _scale("pose_guidance_scale", settings.pose_guidance_scale, 1.0),
        ),
        window=(size, overlap),
        block_windows=_whole("block_windows", settings.block_windows, config["block_windows"], 1, 10**6),
    )


def checked_request(
    pipeline: Parts,
    reference: NDArray[np.uint8],
    maps: Maps,
    audio: NDArray[np.float32],
    confidence: NDArray[np.floating] | None,
    settings: Settings,
) -> Request:
    """Check inputs and settings against what a pipeline takes.

    Raises:
        VideoError: inputs do not fit together or a setting is out of range; the sentence names it.
    """
    config = pipeline.config
    check_scheduler(pipeline.scheduler)
    reference = np.ascontiguousarray(reference)
    if reference.ndim != 3 or reference.shape[2] != 3 or reference.dtype != np.uint8:
        raise VideoError(f"the portrait is {reference.dtype} of shape {reference.shape}; give uint8 RGB")
    check_size(reference.shape[1], reference.shape[0], pipeline.scale)
    _check_maps(maps, (*reference.shape[:2], int(pipeline.pose_encoder.config["map_channels"])))
    frames = len(maps)
    audio = _checked_audio(audio, (frames, *_heard_shape(pipeline)))
    if confidence is not None:
        confidence = np.asarray(confidence, np.float32)
        if confidence.shape != (frames, 2) or not ((confidence >= 0) & (confidence <= 1)).all():
            raise VideoError(f"confidence of shape {confidence.shape} must be {(frames, 2)} numbers from 0 to 1")
    sampling = checked_sampling(settings, config, int(pipeline.denoiser.config["motion_max_seq_length"]))
    size, overlap = sampling.window
    plan = list(blocks(frames, size, overlap, overlap, sampling.block_windows, sampling.block_windows))
    return Request(reference, maps, audio, confidence, sampling, plan)


def _check_maps(maps: Maps, wanted: tuple[int, ...]) -> None:
    shown = maps[0:1]
    if not len(maps) or shown.shape[1:] != wanted or shown.dtype != np.uint8:
        raise VideoError(
            f"maps are {shown.dtype} of shape {(len(maps), *shown.shape[1:])}; this video model and portrait need "
            f"uint8 of shape (frames, {', '.join(map(str, wanted))})"
        )


def _heard_shape(pipeline: Parts) -> tuple[int | None, ...]:
    """What is heard in a frame; None for any number of tokens."""
    if pipeline.audio_projector is None:
        return (None, int(pipeline.denoiser.config["cross_attention_dim"]))
    return (int(pipeline.audio_projector.config["feature_dim"]),)


def _checked_audio(audio: NDArray[Any], wanted: tuple[int | None, ...]) -> NDArray[np.float32]:
    audio = np.asarray(audio, np.float32)
    fits = audio.ndim == len(wanted) and all(
        size in (None, found) for size, found in zip(wanted, audio.shape, strict=True)
    )
    if not fits:
        said = ", ".join("tokens" if size is None else str(size) for size in wanted)
        raise VideoError(f"audio has the shape {audio.shape}; this video model needs ({said})")
    if not np.isfinite(audio).all():
        raise VideoError("audio holds numbers that are not finite; export the recording again")
    return audio


def _whole(name: str, value: Any, default: Any, least: int, most: int) -> int:
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise VideoError(f"{name} is {value!r:.40}; give a whole number from {least} to {most}")
    return int(value)


def _scale(name: str, value: Any, default: Any) -> float:
    value = default if value is None else value
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 20:
        raise VideoError(f"{name} is {value!r:.40}; give a number from 0 to 20, where 1 is no guidance")
    return float(value)
