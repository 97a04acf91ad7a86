# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves over time of which the body's movement is composed: glides, nods, breath, wandering. All are smooth."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_NOD_APART_SECONDS = 0.42
_NOD_DOWN_SECONDS, _NOD_UP_SECONDS = 0.13, 0.24

_BREATH_SECONDS, _INHALE_SECONDS = (3.2, 5.0), 0.75


def glides(now: Array, begins: ArrayLike, seconds: ArrayLike, goals: ArrayLike) -> Array:
    """Return (T, D) a curve that goes from each goal to the next on a path of minimum jerk (Flash & Hogan 1985).

    Args:
        now: (T,) seconds, evenly spaced.
        begins: (K,) seconds at which each change begins; changes that overlap add up.
        seconds: (K,) how long each takes.
        goals: (K + 1, D) the place before the first change, then that after each.
    """
    goals = np.asarray(goals, np.float64)
    curve = np.tile(goals[0], (len(now), 1))
    for begin, length, step in zip(np.asarray(begins), np.asarray(seconds), np.diff(goals, axis=0), strict=True):
        first, end = np.searchsorted(now, [begin, begin + length])
        part = (now[first:end] - begin) / length
        curve[first:end] += (part**3 * (10.0 + part * (6.0 * part - 15.0)))[:, None] * step
        curve[end:] += step
    return curve


def wander(rng: np.random.Generator, now: Array, size: ArrayLike, hertz: tuple[float, float]) -> Array:
    """Return (T, 3) slow curves of standard deviation `size`: sines of random phase, spread evenly over the band."""
    waves = 7
    frequency = hertz[0] * (hertz[1] / hertz[0]) ** ((np.arange(waves)[:, None] + rng.uniform(size=(waves, 3))) / waves)
    phase = rng.uniform(0, 2 * np.pi, (waves, 3))
    # Larger turns are slower ones.
    weight = frequency**-0.5
    weight /= np.sqrt(0.5 * np.sum(weight**2, axis=0))
    curve = np.zeros((len(now), 3))
    for row in range(waves):
        curve += weight[row] * np.sin(2 * np.pi * frequency[row] * now[:, None] + phase[row])
    return np.asarray(size) * curve


def apart(times: Array, strengths: Array, seconds: float = _NOD_APART_SECONDS) -> list[int]:
    """Return which of some events to take so that no two are nearer than this; of two that are, the stronger."""
    kept: list[int] = []
    cells: dict[int, list[float]] = {}
    for index in np.argsort(-strengths, kind="stable"):
        cell = int(times[index] // seconds)
        near = [time for other in (cell - 1, cell, cell + 1) for time in cells.get(other, [])]
        if all(abs(times[index] - time) >= seconds for time in near):
            kept.append(int(index))
            cells.setdefault(cell, []).append(float(times[index]))
    return sorted(kept)


def pulses(now: Array, times: ArrayLike, sizes: ArrayLike, slower: float = 1.0) -> Array:
    """Return (T, D) a curve that goes to each size at its time and back; those that are near add up.

    Args:
        now: (T,) seconds, evenly spaced.
        times: (K,) seconds of the extremes.
        sizes: (K, D).
        slower: factor of how long each takes.
    """
    sizes = np.asarray(sizes, np.float64)
    curve = np.zeros((len(now), sizes.shape[-1]))
    for time, size in zip(np.asarray(times), sizes, strict=True):
        first, end = np.searchsorted(now, [time - 1.2 * slower, time + 1.6 * slower])
        away = now[first:end] - time
        width = slower * np.where(away < 0, _NOD_DOWN_SECONDS, _NOD_UP_SECONDS)
        curve[first:end] += np.exp(-0.5 * (away / width) ** 2)[:, None] * size
    return curve


def breath(rng: np.random.Generator, now: Array, phrases: Sequence[tuple[float, float]]) -> Array:
    """Return (T,) 0 to 1: how full the lungs are; drawn in the pauses where these come in time."""
    end = float(now[-1]) + 1.0 if len(now) else 0.0
    pauses = np.array([stop for _, stop in phrases], np.float64)
    curve = np.zeros(len(now))
    time = float(rng.uniform(-2.0, 0.0))
    while time < end:
        length = float(rng.uniform(*_BREATH_SECONDS))
        near = pauses[(pauses > time + 0.6 * length) & (pauses < time + 1.5 * length)]
        if len(near):
            length = float(near[np.abs(near - (time + length)).argmin()]) - time
        first, stop = np.searchsorted(now, [time, time + length])
        since = (now[first:stop] - time) / length
        draw = min(_INHALE_SECONDS / length, 0.45)
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / draw, 0, 1))
        falling = 0.5 + 0.5 * np.cos(np.pi * np.clip((since - draw) / (1 - draw), 0, 1))
        curve[first:stop] += np.where(since < draw, rising, falling)
        time += length
    return curve


def smoothed(curve: Array, sigma: float) -> Array:
    """Return a Gaussian smoothing along the first axis, sigma in frames; the ends are held."""
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    kernel /= kernel.sum()
    flat = curve.reshape(len(curve), -1)
    padded = np.pad(flat, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(column, kernel, mode="valid") for column in padded.T]
    return np.stack(columns, axis=-1).reshape(curve.shape)


def delayed(curve: Array, now: Array, seconds: float) -> Array:
    """Return a curve (T, D) some seconds later; its beginning is held."""
    return np.stack([np.interp(now - seconds, now, column) for column in curve.T], axis=-1)


def softly_limited(curve: Array, limit: ArrayLike) -> Array:
    """Return a curve that nears its limits and never passes them."""
    limit = np.asarray(limit, np.float64)
    return limit * np.tanh(curve / limit)
