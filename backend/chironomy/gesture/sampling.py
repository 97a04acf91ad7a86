# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoising one block of windows."""

from dataclasses import dataclass
from typing import Any

import torch

from chironomy.gesture.controls import Controls
from chironomy.gesture.errors import GestureCancelled, GestureError
from chironomy.gesture.model import GestureTransformer
from chironomy.gesture.noise_path import noise_path
from chironomy.gesture.windows import Blend, Layout
from chironomy.work import Work

_WINDOWS_AT_ONCE = 24
_NOISE_ROWS = 24
# Far from speech there is one thing to do, to rest, so sampling starts nearer to the middle of what may be: with 0.65
# none of 60 silences of 12 s has a stroke, with 0.8 one has, with 1 five have.
_REST_TEMPERATURE = 0.65


class Noise:
    """Noise of every frame of an endless timeline, a function of the seed and the frame.

    Rows are drawn in order and forgotten once a later frame is asked for.
    """

    def __init__(self, seed: int, channels: int):
        self.channels = channels
        # From the processor's generator, whatever computes the rest.
        self.generator = torch.Generator().manual_seed(int(seed) % 2**63)
        self.first = 0
        self.kept = torch.empty(0, channels)

    def rows(self, start: int, stop: int) -> torch.Tensor:
        """(stop - start, channels); `start` never decreases from call to call."""
        assert start >= self.first, "these rows of noise are forgotten"
        while self.first + len(self.kept) < stop:
            if self.first + len(self.kept) <= start:
                self.first, self.kept = self.first + len(self.kept), self.kept[:0]
            drawn = torch.randn(_NOISE_ROWS, self.channels, generator=self.generator)
            self.kept = torch.cat([self.kept, drawn])
        self.kept, self.first = self.kept[start - self.first :], start
        return self.kept[: stop - start].clone()


@dataclass
class Fixed:
    """Numbers of the motion that the caller pins, set at every step; what that changes is eased into those beside them.

    Attributes:
        values: (frames, motion_dim) motion, not normalised.
        mask: (frames, motion_dim) bool, which numbers are pinned.
        source: (2, frames, motion_dim) the pinned frame before each and the one after.
        part: (2, frames, motion_dim) the part of their corrections that each number gets.
    """

    values: torch.Tensor
    mask: torch.Tensor
    source: torch.Tensor
    part: torch.Tensor

    def to(self, device: torch.device) -> "Fixed":
        """The same on another device."""
        return Fixed(**{name: value.to(device) for name, value in vars(self).items()})

    def put_into(self, motion: torch.Tensor) -> torch.Tensor:
        """(frames, motion_dim) motion with what is pinned in place."""
        lack = self.values - motion
        for source, part in zip(self.source, self.part, strict=True):
            motion = motion + part * lack.gather(0, source)
        return torch.where(self.mask, self.values, motion)


@dataclass
class Conditions:
    """What a block is conditioned on; a row a frame.

    Attributes:
        audio: (frames, features).
        spoken: (frames, 1) 1 near speech, 0 far from it: where nothing is said there is nothing for guidance to
            exaggerate (exaggerated rest is a gesture), and hands rest.
        pinned: (frames, latent_dim) normalised motion that the network is given.
        pinned_mask: (frames, 2) 1 where it is given.
        held: (frames, latent_dim) normalised motion that the block before made.
        hold: (frames, 1) how much of it is kept, 0..1.
        fixed: what the caller pins, or None.
    """

    audio: torch.Tensor
    spoken: torch.Tensor
    pinned: torch.Tensor
    pinned_mask: torch.Tensor
    held: torch.Tensor
    hold: torch.Tensor
    fixed: Fixed | None = None

    def to(self, device: torch.device) -> "Conditions":
        """The same on another device."""
        moved: dict[str, Any] = {
            name: None if value is None else value.to(device) for name, value in vars(self).items()
        }
        return Conditions(**moved)


@torch.no_grad()
def denoise(
    transformer: GestureTransformer,
    scheduler: Any,
    layout: Layout,
    noise: torch.Tensor,
    conditions: Conditions,
    controls: Controls,
    generator: torch.Generator,
    work: Work,
) -> torch.Tensor:
    """Denoise the windows of `layout` together.

    Args:
        transformer: predicts clean motion.
        scheduler: steps from noise to motion.
        layout: the windows.
        noise: (padded frames, latent_dim).
        conditions: padded as the layout is.
        controls: of the whole performance.
        generator: for schedulers that add noise on the way.
        work: told after every batch of windows, and asked before it.

    Returns:
        (padded frames, latent_dim) normalised clean motion.

    Raises:
        GestureCancelled: `work` said so.
        GestureError: the scheduler cannot be used, or the network's numbers are not finite.
    """
    device = transformer.motion_out.weight.device
    path = noise_path(scheduler, controls.steps, device, generator)
    conditions = conditions.to(device)
    keep = transformer.per_number(conditions.pinned_mask) > 0
    calm = _REST_TEMPERATURE + (1 - _REST_TEMPERATURE) * conditions.spoken
    state = noise.to(device) * calm * path.initial_scale
    for step, t in enumerate(path.timesteps):
        straight, level = path.straight(state, t)
        # Pinned frames are known, so they are shown as they are, without noise.
        shown = torch.where(keep, conditions.pinned, straight)
        blend = Blend(layout, transformer.latent_dim, device)
        for first in range(0, layout.count, _WINDOWS_AT_ONCE):
            if work.cancelled():
                raise GestureCancelled("making gestures was cancelled")
            last = min(first + _WINDOWS_AT_ONCE, layout.count)
            rows = layout.rows(first, last).to(device)
            blend.add(first, _predict(transformer, rows, shown, level, conditions, controls))
            work.progress((step + last / layout.count) / len(path.timesteps))
        clean = _kept(transformer, blend.timeline(), conditions)
        state = path.step(torch.where(keep, conditions.pinned, clean), t, state)
    if not torch.isfinite(state).all():
        raise GestureError(
            "the gesture model made numbers that are not finite; its weights or its scheduler are broken"
        )
    return state


def _kept(transformer: GestureTransformer, clean: torch.Tensor, conditions: Conditions) -> torch.Tensor:
    """Predicted clean motion with what is known of it in place, but for what the network itself was given."""
    clean = torch.lerp(clean, conditions.held, conditions.hold)
    if conditions.fixed is None:
        return clean
    return transformer.normalize(conditions.fixed.put_into(transformer.denormalize(clean)))


def _predict(
    transformer: GestureTransformer,
    rows: torch.Tensor,
    x: torch.Tensor,
    level: float,
    conditions: Conditions,
    controls: Controls,
) -> torch.Tensor:
    """Clean motion of windows, (windows, size, latent_dim), by classifier-free guidance (arXiv 2207.12598).

    Each guided condition costs one run without it: p + (g - 1) (p - p without speech) + (h - 1) (p - p without style),
    conditions composed as by Liu et al. 2022 (arXiv 2206.01714). Far from speech g is 1.
    """
    # Of every run: whether the speech and the style are given, and its part in the result, of every frame.
    spoken = conditions.spoken[rows] * (controls.guidance - 1)
    runs = [(1.0, 1.0, controls.style_guidance + spoken)]
    if controls.guidance != 1:
        runs.append((0.0, 1.0, -spoken))
    if controls.style_guidance != 1:
        runs.append((1.0, 0.0, (1 - controls.style_guidance) * torch.ones_like(spoken)))
    count = len(rows)

    def all_runs(value: torch.Tensor) -> torch.Tensor:
        return torch.cat([value] * len(runs))

    def of_each(index: int) -> torch.Tensor:
        return torch.tensor([run[index] for run in runs], device=x.device).repeat_interleave(count)

    ones = torch.ones(count * len(runs), device=x.device)
    handedness = controls.handedness
    sample = transformer(
        all_runs(x[rows]),
        ones * level,
        all_runs(conditions.audio[rows]),
        style=torch.tensor(controls.style, device=x.device) * of_each(1)[:, None],
        speed=ones * controls.speed,
        amplitude=ones * controls.amplitude,
        handedness=None if handedness is None else torch.tensor(handedness, device=x.device).expand(len(ones), -1),
        pinned=all_runs(conditions.pinned[rows]),
        pinned_mask=all_runs(conditions.pinned_mask[rows]),
        audio_given=of_each(0),
        return_dict=False,
    )[0]
    if len(runs) == 1:
        return sample
    parts = torch.cat([run[2] for run in runs]) * sample
    return torch.stack(parts.chunk(len(runs))).sum(dim=0)
