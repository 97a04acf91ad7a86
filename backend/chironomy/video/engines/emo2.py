# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of stage 2's own network: the portrait speaks, its hands where the animator left them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.shot.heard import heard_speech
from chironomy.shot.shot import Shot
from chironomy.video.engines.engine import Requirements
from chironomy.video.engines.portrait import portrait
from chironomy.video.engines.running import (
    check_names,
    checked_device,
    checked_dtype,
    checked_offload,
    checked_switch,
)
from chironomy.video.engines.saved import SavedEngine
from chironomy.video.film.finished import forget_old
from chironomy.video.weights.published import published_for
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.video.talking.memory import MemoryEstimate
    from chironomy.video.talking.pipeline import TalkingPipeline
    from chironomy.video.talking.request import Sampling, Settings

LICENCE = "that of the weights: EchoMimicV2's are for academic research, those you train have the terms of your data"

# A full-size network in half precision, when there are no weights to ask.
_USUAL_BYTES = 11 * 2**30

_SAMPLING = (
    "seed", "num_inference_steps", "guidance_scale", "reference_guidance_scale", "audio_guidance_scale",
    "pose_guidance_scale", "window_frames", "window_overlap", "block_windows",
)  # fmt: skip
_RUNNING = ("weights", "device", "dtype", "offload", "vae_tiling", "vae_slicing", "attention_slicing", "keep_finished")

_SMALL_NETWORK = 50_000_000  # parameters that a processor runs in reasonable time


@dataclass(frozen=True)
class Running:
    """How the network runs, checked.

    Attributes:
        device: "cuda", "mps" or "cpu".
        dtype: "float32", "float16" or "bfloat16".
        offload: see `memory.OFFLOADS`.
        vae_tiling: whether the VAE works tile by tile.
        vae_slicing: whether it works picture by picture.
        attention_slicing: "auto", "max", heads at a time, or None.
        keep_finished: whether finished parts are kept for a week, so that a stopped render can go on.
    """

    device: str
    dtype: str
    offload: str
    vae_tiling: bool
    vae_slicing: bool
    attention_slicing: str | int | None
    keep_finished: bool


class Emo2Engine(SavedEngine):
    """Renders with a `TalkingPipeline`.

    Settings of a shot are those of `talking.request.Settings`, and: `weights`, the name of a folder among the weights;
    `device` and `dtype`; `offload` none, model or sequential; `vae_tiling`, `vae_slicing`; `attention_slicing` auto,
    max or a number of heads; `keep_finished`, false to keep no finished parts.

    Args:
        weights: folder of a saved pipeline; looked for by the shot's setting when None.
        finished: folder for the parts of renders that were stopped; in the user's data folder when None.
    """

    name = "emo2"
    frames_independent = False
    makes_linear = False

    def requirements(self, shot: Shot | None = None) -> Requirements:
        """Memory for this shot with these weights; for a usual one, or without weights, what a full network takes.

        Raises:
            VideoError: a setting of the shot is wrong.
        """
        if shot is None:
            try:
                folder = self._folder(None)
            except VideoError:
                return Requirements(_USUAL_BYTES, "cuda", (published_for(self.name)[0].folder,), LICENCE)
            device = "cpu" if _weights_bytes(folder) < 4 * _SMALL_NETWORK else "cuda"
            return Requirements(_USUAL_BYTES, device, (folder.name,), LICENCE)
        from chironomy.video.talking.request import checked_sampling
        from chironomy.video.talking.saved import saved_index

        folder = self._folder(shot)
        running = checked_running(shot.settings)
        sampling = checked_sampling(sampling_settings(shot.settings), saved_index(folder), _positions(folder))
        estimate = self._estimate(shot, folder, running, sampling)
        device = "cuda" if running.device == "cuda" else "cpu"
        return Requirements(estimate.total, device, (folder.name,), LICENCE)

    def render(self, shot: Shot, work: Work = QUIET) -> Iterator[NDArray[np.uint8]]:
        """Yield the shot's frames in order, as blocks of windows are finished; see `Engine.render`.

        A render that was stopped goes on from the blocks that it had finished, when the same shot is rendered again.

        Raises:
            VideoError: the shot has no portrait, weights are missing or another model's, a setting is out of range, or
                there is too little memory: all found out before weights are read.
            RenderCancelled: `work` said so.
        """
        from chironomy.video.talking.request import checked_sampling
        from chironomy.video.talking.saved import check_saved, saved_index
        from chironomy.video.weights.memory import check_memory
        from chironomy.video.weights.sizes import check_size

        picture = portrait(shot)
        settings = sampling_settings(shot.settings)
        folder = self._folder(shot)
        running = checked_running(shot.settings)
        index = saved_index(folder)
        sampling = checked_sampling(settings, index, _positions(folder))
        check_saved(folder)
        check_size(shot.width, shot.height, _scale(folder))
        check_memory(self._estimate(shot, folder, running, sampling).total, running.device)
        return self._frames(shot, folder, index, running, settings, picture, work)

    def check(self, wanted: str | None = None) -> str:
        """See that weights are whole and of the right kind; only configurations and headers are read.

        Args:
            wanted: the name of a folder among the weights; the first that is there when None.

        Returns:
            where they are and what was found, for people.

        Raises:
            VideoError: they are not; the sentence says what is missing.
        """
        from chironomy.video.talking.saved import check_saved

        folder = self._named(wanted)
        index = check_saved(folder)
        return f"{folder}  {index['_class_name']}, maps {index['maps']}, hears {index['audio_features']}, all there"

    def _estimate(self, shot: Shot, folder: Path, running: Running, sampling: Sampling) -> MemoryEstimate:
        from chironomy.video.talking.memory import memory_estimate

        frames = len(shot.frames)
        return memory_estimate(
            folder,
            (shot.width, shot.height),
            min(sampling.window[0], frames),
            running.dtype,
            running.offload,
            running.vae_tiling,
            min(sampling.block_frames, frames),
        )

    def _frames(
        self,
        shot: Shot,
        folder: Path,
        index: dict[str, Any],
        running: Running,
        settings: Settings,
        picture: NDArray[np.uint8],
        work: Work,
    ) -> Iterator[NDArray[np.uint8]]:
        from chironomy.video.talking.control_maps import ShotMaps

        if running.keep_finished:
            forget_old(self._finished)
        pipeline = load_pipeline(folder, running)
        frames = len(shot.frames)
        heard = pipeline.hear(heard_speech(shot), shot.fps, shot.frames.stop)[shot.frames.start :]
        parts = pipeline.stream(
            picture,
            ShotMaps(shot, str(index["maps"])),
            heard,
            shot.hands.confidence[shot.frames.start : shot.frames.stop],
            settings,
            work=work,
            finished=self._finished if running.keep_finished else None,
        )
        made = 0
        for part in parts:
            for frame in part:
                made += 1
                yield frame
        assert made == frames


def load_pipeline(folder: Path, running: Running) -> TalkingPipeline:
    """A saved pipeline, ready to run."""
    import torch

    from chironomy.video.talking.pipeline import TalkingPipeline
    from chironomy.video.weights.memory import dtype_named

    pipeline = TalkingPipeline.from_pretrained(folder, torch_dtype=dtype_named(running.dtype))
    if pipeline.audio_encoder is not None:
        # Small beside the rest, and its states are the worse for half precision.
        pipeline.audio_encoder.float()
    if running.vae_tiling:
        pipeline.enable_vae_tiling()
    if running.vae_slicing:
        pipeline.enable_vae_slicing()
    if running.attention_slicing is not None:
        pipeline.enable_attention_slicing(running.attention_slicing)
    if running.offload == "model":
        pipeline.enable_model_cpu_offload(device=torch.device(running.device))
    elif running.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=torch.device(running.device))
    else:
        pipeline.to(running.device)
    return pipeline


def sampling_settings(settings: dict[str, Any]) -> Settings:
    """The settings of sampling; the pipeline checks their values.

    Raises:
        VideoError: there is no such setting.
    """
    from chironomy.video.talking.request import Settings

    check_names("emo2", settings, (*_SAMPLING, *_RUNNING))
    return Settings(**{name: settings[name] for name in _SAMPLING if settings.get(name) is not None})


def checked_running(settings: dict[str, Any]) -> Running:
    """How the network is to run.

    Raises:
        VideoError: a setting is out of range or cannot be had here; the sentence names it.
    """
    device = checked_device(settings)
    dtype = checked_dtype(settings, "float16" if device == "cuda" else "float32")
    offload = checked_offload(settings, device, ("none", "model", "sequential"))
    slicing = settings.get("attention_slicing")
    if slicing not in (None, "auto", "max") and (
        isinstance(slicing, bool) or not isinstance(slicing, int) or slicing < 1
    ):
        raise VideoError(f"setting attention_slicing is {slicing!r:.40}; choose auto, max or a number of heads")
    switches = {
        name: checked_switch(settings, name, default)
        for name, default in (("vae_tiling", False), ("vae_slicing", False), ("keep_finished", True))
    }
    return Running(device=device, dtype=dtype, offload=offload, attention_slicing=slicing, **switches)


def _scale(folder: Path) -> int:
    """Pixels on a side of a latent of a saved pipeline."""
    from chironomy.video.talking.memory import saved_configuration

    return 2 ** (len(saved_configuration(folder)["pose_encoder"]["block_out_channels"]) - 1)


def _positions(folder: Path) -> int:
    """Frames that the denoiser of a saved pipeline can tell apart."""
    from chironomy.video.talking.memory import saved_configuration

    return int(saved_configuration(folder)["denoiser"].get("motion_max_seq_length", 32))


def _weights_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
