# SPDX-License-Identifier: GPL-3.0-or-later
"""`GesturePipeline`: speech in, hand motion out."""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.utils import logging
from numpy.typing import NDArray

from chironomy.gesture.data import NOISE_SHIFT
from chironomy.gesture.encoding import decode, encode
from chironomy.gesture.errors import GestureCancelled, GestureError
from chironomy.gesture.finish import from_standstill, possible, put_back, smooth
from chironomy.gesture.hearing import heard
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.styles import STYLES
from chironomy.gesture.windows import Blend, Layout
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

DEFAULT_STEPS = 8
DEFAULT_GUIDANCE = 1.5

_LEAD_FRAMES = 18  # silence before the recording, in which hands rest and prepare
_OVERLAP_FRAMES = 24
_WINDOWS_AT_ONCE = 24
_CONTROL_RANGE = (0.25, 2.5)


def embedded_weights() -> Path:
    """The folder of the weights that come with the product; they were trained on synthetic motion."""
    return Path(__file__).with_name("weights") / "embedded"


def default_scheduler() -> Any:
    """Rectified flow: straight paths from noise to motion."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=NOISE_SHIFT)


class GesturePipeline(DiffusionPipeline):
    """Samples the motion of two hands for a recording of speech.

    Args:
        transformer: predicts clean motion.
        scheduler: any of diffusers' that steps from noise to data: rectified flow by default, DDIM as well.
    """

    transformer: GestureTransformer
    scheduler: Any

    def __init__(self, transformer: GestureTransformer, scheduler: Any):
        super().__init__()
        self.register_modules(transformer=transformer, scheduler=scheduler)
        self.set_progress_bar_config(disable=True)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **options: Any
    ) -> "GesturePipeline":
        """Load a folder written by `save_pretrained` or `save_compact`; weights are computed with in float32.

        Raises:
            GestureError: the folder holds no pipeline.
        """
        folder = Path(pretrained_model_name_or_path)
        if not (folder / "model_index.json").is_file():
            raise GestureError(f"{folder} holds no gesture model; the embedded one is made by: make train-embedded")
        options.setdefault("low_cpu_mem_usage", False)
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            pipeline = super().from_pretrained(str(folder), **options)
        finally:
            if shown:
                logging.enable_progress_bar()
        assert isinstance(pipeline, GesturePipeline)
        pipeline.transformer.float()
        return pipeline

    def save_compact(self, folder: str | Path) -> None:
        """Save with weights as float16, half the size; the motion's statistics stay as they are."""
        copy = GestureTransformer(**{k: v for k, v in self.transformer.config.items() if not k.startswith("_")})
        copy.load_state_dict(self.transformer.state_dict())
        for parameter in copy.parameters():
            parameter.data = parameter.data.half()
        GesturePipeline(copy, self.scheduler).save_pretrained(str(folder))
        for path in Path(folder).rglob("*.safetensors"):
            path.chmod(0o644)  # the library leaves them readable by their owner alone

    @torch.no_grad()
    def __call__(
        self,
        speech: Speech,
        *,
        fps: float = 24.0,
        seed: int = 0,
        style: str | Mapping[str, float] = "neutral",
        speed: float = 1.0,
        amplitude: float = 1.0,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        pinned: HandMotion | None = None,
        pinned_mask: NDArray[np.bool_] | None = None,
        on_progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> HandMotion:
        """Make hand motion for `speech`.

        Args:
            speech: the recording, of any length.
            fps: frames a second of the result; the model's own rate is resampled.
            seed: the same seed gives the same motion.
            style: a name of `STYLES`, or weights of several.
            speed: relative speed, 1 is the style's own, 0.25 to 2.5 (learned between 0.6 and 1.6).
            amplitude: relative size, likewise.
            num_inference_steps: denoising steps; more are slower and finer.
            guidance_scale: how much the speech is exaggerated; 1 is not at all, and twice as fast.
            pinned: motion at `fps` with as many frames as the result, part of which is to be kept exactly.
            pinned_mask: (T, 2) bool, which frames of which hand are kept; by default those of confidence above 0.
            on_progress: called with 0..1.
            cancelled: asked between steps.

        Returns:
            Motion of `speech.frame_count(fps)` frames, within the limits of joints and arms, clear of the body; pinned
            frames as given.

        Raises:
            GestureError: a setting is out of range; the sentence names it.
            GestureCancelled: `cancelled` said so.
        """
        config = self.transformer.config
        model_fps = float(config["fps"])
        frames = speech.frame_count(fps)
        weights = _style_weights(style, int(config["styles"]))
        for name, value in (("speed", speed), ("amplitude", amplitude)):
            if not _CONTROL_RANGE[0] <= value <= _CONTROL_RANGE[1]:
                raise GestureError(f"{name} is {value}; give {_CONTROL_RANGE[0]} to {_CONTROL_RANGE[1]}, 1 is usual")
        steps = DEFAULT_STEPS if num_inference_steps is None else num_inference_steps
        guidance = DEFAULT_GUIDANCE if guidance_scale is None else guidance_scale
        if steps < 1:
            raise GestureError(f"num_inference_steps is {steps}; give 1 or more")
        mask = _checked_pins(pinned, pinned_mask, fps, frames)

        # One model frame more than the result spans, so that its last frame lies between two.
        wanted = frames if fps == model_fps else math.ceil((frames - 1) / fps * model_fps) + 2
        layout = Layout(_LEAD_FRAMES + wanted, int(config["window_frames"]), _OVERLAP_FRAMES)
        audio = heard(speech, model_fps, _LEAD_FRAMES, layout.padded_frames, int(config["audio_dim"]))
        given, given_mask = self._pins(pinned, mask, layout.padded_frames, wanted, model_fps)
        conditions = _Conditions(
            audio=torch.from_numpy(audio),
            style=torch.tensor(weights, dtype=torch.float32),
            speed=float(speed),
            amplitude=float(amplitude),
            pinned=given,
            pinned_mask=given_mask,
        )
        sample = self._denoise(layout, conditions, seed, steps, guidance, on_progress, cancelled)
        raw = self.transformer.denormalize(sample)[_LEAD_FRAMES : _LEAD_FRAMES + wanted].cpu().numpy()
        position, rotation = decode(from_standstill(smooth(raw.astype(np.float64), model_fps), model_fps))
        source = {
            "speech": speech.sha256,
            "model": Path(str(self.name_or_path)).name,
            "trained_on": config["trained_on"],
            "seed": int(seed),
            "style": style if isinstance(style, str) else dict(style),
            "speed": float(speed),
            "amplitude": float(amplitude),
            "num_inference_steps": steps,
            "guidance_scale": float(guidance),
        }
        motion = HandMotion(model_fps, position, rotation, np.ones((wanted, 2)), source)
        motion = possible(motion)
        if fps != model_fps:
            motion = motion.resampled(fps, frames)
        if pinned is not None and mask is not None:
            motion = put_back(motion, pinned, mask)
        if on_progress:
            on_progress(1.0)
        return motion

    def _denoise(
        self,
        layout: Layout,
        conditions: "_Conditions",
        seed: int,
        steps: int,
        guidance: float,
        on_progress: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> torch.Tensor:
        """(frames, motion_dim) normalised clean motion."""
        transformer, scheduler = self.transformer, self.scheduler
        flow = isinstance(scheduler, FlowMatchEulerDiscreteScheduler)
        device = transformer.motion_out.weight.device
        # Noise comes from the processor's generator, whatever computes the rest.
        generator = torch.Generator().manual_seed(int(seed) % 2**63)
        noise = torch.randn(layout.padded_frames, transformer.latent_dim, generator=generator)
        if flow:
            # Even steps that end at data; the scheduler's own would spend the last one on a thousandth of the way.
            scheduler.set_timesteps(sigmas=np.linspace(1.0, 1.0 / steps, steps).tolist(), device=device)
        else:
            scheduler.set_timesteps(steps, device=device)
        x = noise.to(device) * float(getattr(scheduler, "init_noise_sigma", 1.0))
        conditions = conditions.to(device)
        keep = transformer.per_number(conditions.pinned_mask) > 0
        for number, t in enumerate(scheduler.timesteps):
            level = float(t) / scheduler.config["num_train_timesteps"]
            # Pinned frames are known, so they are shown as they are, without noise.
            shown = torch.where(keep, conditions.pinned, x)
            blend = Blend(layout, transformer.latent_dim, device)
            for first in range(0, layout.count, _WINDOWS_AT_ONCE):
                if cancelled and cancelled():
                    raise GestureCancelled("making gestures was cancelled")
                last = min(first + _WINDOWS_AT_ONCE, layout.count)
                blend.add(first, self._predict(layout.rows(first, last).to(device), shown, level, conditions, guidance))
                if on_progress:
                    on_progress(0.95 * (number + last / layout.count) / steps)
            clean = torch.where(keep, conditions.pinned, blend.timeline())
            # The network predicts clean motion; a flow's velocity points from it to the noise.
            output = (x - clean) / max(level, 1e-3) if flow else clean
            x = scheduler.step(output, t, x, return_dict=False)[0]
        return x

    def _predict(
        self, rows: torch.Tensor, x: torch.Tensor, level: float, conditions: "_Conditions", guidance: float
    ) -> torch.Tensor:
        """Clean motion of windows, (windows, size, motion_dim)."""
        count = len(rows)
        runs = [1.0] if guidance == 1 else [1.0, 0.0]  # with speech and, for guidance, without

        def twice(value: torch.Tensor) -> torch.Tensor:
            return torch.cat([value] * len(runs))

        ones = torch.ones(count * len(runs), device=x.device)
        given = torch.cat([torch.full((count,), run, device=x.device) for run in runs])
        sample = self.transformer(
            twice(x[rows]),
            ones * level,
            twice(conditions.audio[rows]),
            style=conditions.style.expand(len(ones), -1),
            speed=ones * conditions.speed,
            amplitude=ones * conditions.amplitude,
            pinned=twice(conditions.pinned[rows]),
            pinned_mask=twice(conditions.pinned_mask[rows]),
            audio_given=given,
            return_dict=False,
        )[0]
        if len(runs) == 1:
            return sample
        with_speech, without = sample.chunk(2)
        return without + guidance * (with_speech - without)

    def _pins(
        self,
        pinned: HandMotion | None,
        mask: NDArray[np.bool_] | None,
        padded_frames: int,
        wanted: int,
        model_fps: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pinned motion (frames, motion_dim), normalised, and its mask (frames, 2) on the model's timeline."""
        values = torch.zeros(padded_frames, self.transformer.latent_dim)
        flags = torch.zeros(padded_frames, 2)
        if pinned is None or mask is None:
            return values, flags
        inside = slice(_LEAD_FRAMES, _LEAD_FRAMES + wanted)
        if pinned.fps == model_fps:
            flags[inside] = torch.from_numpy(mask.astype(np.float32))
        else:
            # A model frame is given where the frames on both sides of it are.
            position = np.arange(wanted) / model_fps * pinned.fps
            below = np.clip(np.floor(position + 1e-6).astype(int), 0, len(mask) - 1)
            above = np.clip(np.ceil(position - 1e-6).astype(int), 0, len(mask) - 1)
            flags[inside] = torch.from_numpy((mask[below] & mask[above]).astype(np.float32))
            pinned = pinned.resampled(model_fps, wanted)
        encoded = torch.from_numpy(encode(pinned.wrist_position, pinned.rotation))
        values[inside] = self.transformer.normalize(encoded.to(self.transformer.motion_out.weight.device)).cpu()
        return values * self.transformer.per_number(flags), flags


class _Conditions:
    """What sampling is conditioned on, on the model's timeline."""

    def __init__(
        self,
        audio: torch.Tensor,
        style: torch.Tensor,
        speed: float,
        amplitude: float,
        pinned: torch.Tensor,
        pinned_mask: torch.Tensor,
    ):
        self.audio, self.style, self.pinned, self.pinned_mask = audio, style, pinned, pinned_mask
        self.speed, self.amplitude = speed, amplitude

    def to(self, device: torch.device) -> "_Conditions":
        tensors = (value.to(device) for value in (self.audio, self.style, self.pinned, self.pinned_mask))
        audio, style, pinned, pinned_mask = tensors
        return _Conditions(audio, style, self.speed, self.amplitude, pinned, pinned_mask)


def _style_weights(style: str | Mapping[str, float], count: int) -> list[float]:
    weights = {style: 1.0} if isinstance(style, str) else dict(style)
    unknown = [name for name in weights if name not in STYLES[:count]]
    if unknown:
        raise GestureError(f"there is no style {unknown[0]!r}; the styles are {', '.join(STYLES[:count])}")
    return [float(weights.get(name, 0.0)) for name in STYLES[:count]]


def _checked_pins(
    pinned: HandMotion | None, mask: NDArray[np.bool_] | None, fps: float, frames: int
) -> NDArray[np.bool_] | None:
    if pinned is None:
        if mask is not None:
            raise GestureError("pinned_mask is given without pinned; give the motion that is to be kept")
        return None
    if pinned.fps != fps or pinned.frame_count != frames:
        raise GestureError(
            f"pinned has {pinned.frame_count} frames at {pinned.fps:g} a second, and the motion will have {frames} at "
            f"{fps:g}; resample it first"
        )
    if mask is None:
        return pinned.confidence > 0
    mask = np.asarray(mask)
    if mask.shape != (frames, 2):
        raise GestureError(f"pinned_mask has shape {mask.shape}; it must be {(frames, 2)}: frames, hands")
    return mask.astype(bool)
