# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoising one block of windows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.controls import Controls
from chironomy.gesture.encoding import WRIST_DIM
from chironomy.gesture.errors import GestureCancelled, GestureError
from chironomy.gesture.latent import Latent
from chironomy.gesture.leading import Led, led
from chironomy.gesture.network import Given, Network, NoisePath, Run
from chironomy.gesture.pins import Ease
from chironomy.gesture.timing import on_time, unhurried
from chironomy.gesture.windows import Blend, Layout
from chironomy.work import Work

Array = NDArray[np.float32]

_WINDOWS_AT_ONCE = 24
_NOISE_ROWS = 24
_BEYOND = 2**40  # the number of a stretch that no timeline reaches
# The last steps, in which it shows when a stroke arrives and the network still smooths what is changed.
_TIMED_STEPS = 3
# Far from speech there is one thing to do, to rest, so sampling starts nearer to the middle of what may be: with 0.65
# none of 60 silences of 12 s has a stroke, with 0.8 one has, with 1 five have. Where a plan says so, less will do; but
# then each window chooses for itself one of the rests around the middle, and hands wander between them. Noise that is
# the same all the time chooses for all windows, and so for the seed.
_REST_TEMPERATURE, _PLANNED_REST_TEMPERATURE, _LASTING = 0.65, 0.2, 0.25
# The few steps in which a plan is performed lose spread, so they start with more: of what fingers do each on its own
# most of all, and none of opening and closing the hand, their first components, which the plan says.
_PLANNED_TEMPERATURE, _PLANNED_FINGER_TEMPERATURE = 1.28, 2.3
_WHOLE_HAND = slice(WRIST_DIM, WRIST_DIM + 3)


class Noise:
    """Noise of every frame of an endless timeline, a function of the seed and the frame.

    The bits are those of Philox (Salmon et al. 2011), a counter that is scrambled: the same in every version of numpy
    and on every machine, and every stretch can be had without those before it. Box and Muller (1958) make normal
    numbers of them.
    """

    def __init__(self, seed: int, channels: int):
        self.seed, self.channels = int(seed) % 2**63, channels

    def rows(self, start: int, stop: int) -> Array:
        """(stop - start, channels)."""
        first = start // _NOISE_ROWS
        drawn = [self._stretch(number) for number in range(first, -(-stop // _NOISE_ROWS))]
        begin = start - first * _NOISE_ROWS
        return np.concatenate(drawn)[begin : begin + stop - start]

    def lasting(self) -> Array:
        """(1, channels) that are the same for the whole timeline."""
        return self._stretch(_BEYOND)[:1]

    def _stretch(self, number: int) -> Array:
        """(_NOISE_ROWS, channels)."""
        bits = np.random.Philox(key=[self.seed, number]).random_raw(_NOISE_ROWS * self.channels)
        # Two halves of 32 bits, each to the middle of its part of 0..1, so that no logarithm is of 0.
        first, second = (((half & 0xFFFFFFFF) + 0.5) * 2.0**-32 for half in (bits >> np.uint64(32), bits))
        normal = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
        return normal.astype(np.float32).reshape(_NOISE_ROWS, self.channels)


@dataclass(frozen=True, eq=False)
class Fixed:
    """Numbers of the motion that the caller pins, set at every step; what that changes is eased into those beside them.

    Attributes:
        values: (frames, motion_dim) motion, not normalised.
        mask: (frames, motion_dim) bool, which numbers are pinned.
        eases: of each number, from the pinned frame before each and from the one after.
    """

    values: Array
    mask: NDArray[np.bool_]
    eases: tuple[Ease, ...]

    def put_into(self, motion: Array) -> Array:
        """(frames, motion_dim) motion with what is pinned in place."""
        lack = (self.values - motion)[..., None]
        for ease in self.eases:
            motion = motion + ease.of(lack)[..., 0].astype(np.float32)
        return np.where(self.mask, self.values, motion)


@dataclass(eq=False)
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
        score: (frames, score_dim) what is to be gestured, for a network that takes it, or None.
        lasting: (1, latent_dim) noise by which hands choose how they rest.
        asked: (frames, 1) 1 where of that something was asked for, 0 where it is planned.
        led: hands of phrases that were asked for, in seconds from the first frame.
        apexes: seconds from the first frame at which strokes of the left and of the right hand are to arrive, or None.
        planned: those of them that nobody asked for: a hand may take its time for these.
        accents: seconds from the first frame at which accented syllables begin to sound, where a plan is performed.
        beginning: seconds in the recording of the first frame.
    """

    audio: Array
    spoken: Array
    pinned: Array
    pinned_mask: Array
    held: Array
    hold: Array
    lasting: Array
    fixed: Fixed | None = None
    score: Array | None = None
    asked: Array | None = None
    led: Sequence[Led] = ()
    apexes: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    planned: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    accents: NDArray[np.float64] | None = None
    beginning: float = 0.0

    def of(self, rows: NDArray[np.intp]) -> Given:
        """What is given of the frames (windows, size)."""
        score = None if self.score is None else self.score[rows]
        return Given(self.audio[rows], self.pinned[rows], self.pinned_mask[rows], score)


def denoise(
    network: Network,
    path: NoisePath,
    layout: Layout,
    noise: Array,
    conditions: Conditions,
    controls: Controls,
    work: Work,
) -> Array:
    """Denoise the windows of `layout` together.

    Args:
        network: predicts clean motion.
        path: steps from noise to motion.
        layout: the windows.
        noise: (padded frames, latent_dim).
        conditions: padded as the layout is.
        controls: of the whole performance.
        work: told after every batch of windows, and asked before it.

    Returns:
        (padded frames, latent_dim) normalised clean motion.

    Raises:
        GestureCancelled: `work` said so.
        GestureError: the network's numbers are not finite.
    """
    latent, pinned = network.latent, conditions.pinned
    keep = latent.per_number(conditions.pinned_mask) > 0
    state = _begun(network, noise, conditions) * path.initial_scale
    runs, shares = zip(
        *guided_runs(conditions.spoken, controls, _strictness(network, conditions, controls)), strict=True
    )
    # What does not change from step to step is computed by the first, batch by batch, so that it can be stopped.
    encoded = {}
    # Where size and tempo change, each window has its own.
    at_once = _WINDOWS_AT_ONCE if controls.course is None else 1
    timesteps = list(path.timesteps)
    for step, t in enumerate(timesteps):
        straight, level = path.straight(state, t)
        # Pinned frames are known, so they are shown as they are, without noise.
        shown = np.where(keep, pinned, straight)
        blend = Blend(layout, latent.channels)
        for first in range(0, layout.count, at_once):
            if work.cancelled():
                raise GestureCancelled("making gestures was cancelled")
            last = min(first + at_once, layout.count)
            rows = layout.rows(first, last)
            if first not in encoded:
                encoded[first] = network.encode(conditions.of(rows), _then(network, controls, conditions, rows), runs)
            made = network.predict(shown[rows], level, encoded[first])
            blend.add(first, made[0] if len(runs) == 1 else _combined(made, [share[rows] for share in shares]))
            work.progress((step + last / layout.count) / len(timesteps))
        clean = blend.timeline()
        if step >= len(timesteps) - _TIMED_STEPS:
            clean = _as_asked(network, clean, conditions, controls)
        clean = _kept(latent, clean, conditions)
        state = path.step(np.where(keep, pinned, clean), t, state)
    if not np.isfinite(state).all():
        raise GestureError(
            "the gesture model made numbers that are not finite; its weights or its scheduler are broken"
        )
    return state


def _then(network: Network, controls: Controls, conditions: Conditions, rows: NDArray[np.intp]) -> Controls:
    """The controls of these frames, which differ where size and tempo change."""
    if controls.course is None:
        return controls
    start, end = conditions.beginning + np.array([rows[0, 0], rows[-1, -1] + 1]) / float(network.config["fps"])
    return controls.during(start, end)


def _begun(network: Network, noise: Array, conditions: Conditions) -> Array:
    """(frames, latent_dim) noise that sampling starts from: all of it near speech, less of it where hands rest."""
    spoken = conditions.spoken
    if not network.config.get("plans"):
        return noise * (_REST_TEMPERATURE + (1 - _REST_TEMPERATURE) * spoken)
    near = np.ones(network.latent.channels, np.float32)
    near.reshape(2, -1)[:, :WRIST_DIM] = _PLANNED_TEMPERATURE
    near.reshape(2, -1)[:, WRIST_DIM:] = _PLANNED_FINGER_TEMPERATURE
    near.reshape(2, -1)[:, _WHOLE_HAND] = 1.0
    rest = _PLANNED_REST_TEMPERATURE * noise + _LASTING * conditions.lasting
    return rest + spoken * (near * noise - rest)


def _strictness(network: Network, conditions: Conditions, controls: Controls) -> Array:
    """(frames, 1) by how much more than as learned the score is followed: the plan near speech alone."""
    if controls.score is None:
        return np.zeros_like(conditions.spoken)
    near = conditions.spoken if network.config.get("plans") else np.ones_like(conditions.spoken)
    strict = near * (controls.score_guidance - 1)
    if conditions.asked is None:
        return strict
    return strict + conditions.asked * (controls.given_guidance - 1 - strict)


def guided_runs(spoken: Array, controls: Controls, strict: Array) -> list[tuple[Run, Array]]:
    """The runs of classifier-free guidance (arXiv 2207.12598), each with its part in the result, (frames, 1).

    Each guided condition costs one run without it: p + (g - 1) (p - p without speech) + (h - 1) (p - p without style)
    + (s - 1) (p - p without score), conditions composed as by Liu et al. 2022 (arXiv 2206.01714). Far from speech, g
    is 1; `strict`, (frames, 1), is s - 1.
    """
    exaggerated = spoken * (controls.guidance - 1)
    runs = [(Run(), controls.style_guidance + strict + exaggerated)]
    if controls.guidance != 1:
        runs.append((Run(speech=False), -exaggerated))
    if controls.style_guidance != 1:
        runs.append((Run(style=False), np.full_like(spoken, 1 - controls.style_guidance)))
    if strict.any():
        runs.append((Run(score=False), -strict))
    return runs


def _combined(made: Array, shares: list[Array]) -> Array:
    """The runs' predictions (runs, windows, size, latent_dim), added in their parts (windows, size, 1)."""
    result = made[0] * shares[0]
    for sample, share in zip(made[1:], shares[1:], strict=True):
        result += sample * share
    return result


def _as_asked(network: Network, clean: Array, conditions: Conditions, controls: Controls) -> Array:
    """Predicted clean motion whose strokes arrive when the score says so, and are those that were asked for."""
    if conditions.apexes is None:
        return clean
    motion, fps = network.latent.denormalize(clean), float(network.config["fps"])
    made = on_time(motion, conditions.apexes, fps, conditions.accents)
    if conditions.planned is not None:
        made = unhurried(made, conditions.planned, fps, conditions.accents)
    made = led(made, conditions.led, fps, controls.leading).astype(np.float32)
    return clean + (network.latent.normalize(made) - network.latent.normalize(motion))


def _kept(latent: Latent, clean: Array, conditions: Conditions) -> Array:
    """Predicted clean motion with what is known of it in place, but for what the network itself was given."""
    clean = clean + conditions.hold * (conditions.held - clean)
    if conditions.fixed is None:
        return clean
    return latent.normalize(conditions.fixed.put_into(latent.denormalize(clean)))
