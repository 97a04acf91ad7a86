# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished motion at the model's frame rate becomes parts of the result: resampled, pinned, with confidence."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.pins import EASE_SECONDS, Pins, put_back
from chironomy.gesture.visibility import REACH_SECONDS, Visibility
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion, linear

Array = NDArray[np.float64]


class Delivery:
    """Makes the frames `first` to `last - 1` of the result as soon as what they depend on is there.

    Args:
        model_fps: frames a second of the motion that arrives.
        model_first: its first frame.
        fps: frames a second of the result.
        first: the first frame to deliver.
        last: the frame after the last one.
        pins: of the whole result, or None.
        hide_below: see `Settings`.
        source: of the result.
    """

    def __init__(
        self,
        model_fps: float,
        model_first: int,
        fps: float,
        first: int,
        last: int,
        pins: Pins | None,
        hide_below: float | None,
        source: dict[str, Any],
    ):
        self.model_fps, self.fps, self.last, self.pins, self.source = model_fps, fps, last, pins, source
        self.visibility = None if hide_below is None else Visibility(hide_below)
        ease = math.ceil(EASE_SECONDS * fps) + 2 if pins else 0
        seen = math.ceil(REACH_SECONDS * fps) + 2 if self.visibility else 0
        self.margin = ease + seen
        # Pins after the last frame are eased into it.
        self.limit = min(last + self.margin, pins.motion.frame_count) if pins else last
        self.model_first = model_first
        self.position, self.rotation = np.empty((0, 2, 3)), np.empty((0, 2, 16, 4))
        self.done = first
        # Frames at the result's rate, before pins, from `free_first` on.
        earliest = math.ceil(model_first / model_fps * fps - 1e-6)
        self.free_first = max(first - self.margin, earliest)
        self.free_position, self.free_rotation = self.position, self.rotation
        self.sign: Array | None = None

    def add(self, position: Array, rotation: Array, final: bool) -> HandMotion | None:
        """Take the next finished frames, wrists (n, 2, 3) and rotations (n, 2, 16, 4), and deliver what is due."""
        self._resample(position, rotation, final)
        end = self.free_first + len(self.free_position)
        stop = min(end if final else end - self.margin, self.last)
        if stop <= self.done:
            return None
        shape = (len(self.free_position), 2)
        window = HandMotion(self.fps, self.free_position, self.free_rotation, np.ones(shape), self.source)
        begin, count = self.done - self.free_first, stop - self.done
        if self.pins:
            window = put_back(window, self.pins.sliced(self.free_first, end))
        part = window.sliced(begin, begin + count)
        if self.visibility:
            part = part.replaced(confidence=self._confidence(window, begin, begin + count))
        # Quaternions go on with the sign they had, as they would in one piece.
        rotation = part.rotation
        if self.sign is not None:
            rotation = rotation * np.where(np.sum(rotation[0] * self.sign, axis=-1, keepdims=True) < 0, -1.0, 1.0)
        part = part.replaced(rotation=rotation)
        self.sign, self.done = part.rotation[-1], stop
        kept = max(stop - self.margin - self.free_first, 0)
        self.free_first += kept
        self.free_position, self.free_rotation = self.free_position[kept:], self.free_rotation[kept:]
        return part

    def _resample(self, position: Array, rotation: Array, final: bool) -> None:
        """Add to the frames at the result's rate."""
        self.position = np.concatenate([self.position, position])
        self.rotation = np.concatenate([self.rotation, rotation])
        begin, end = self.free_first + len(self.free_position), self.limit
        if not final:
            covered = (self.model_first + len(self.position) - 1) / self.model_fps * self.fps
            end = min(end, math.floor(covered + 1e-6) + 1)
        if end <= begin:
            return
        if self.fps == self.model_fps:
            rows = np.arange(begin, end) - self.model_first
            new_position, new_rotation = self.position[rows], self.rotation[rows]
        else:
            times = (self.model_first + np.arange(len(self.position))) / self.model_fps
            new_times = np.arange(begin, end) / self.fps
            new_position = linear(self.position, times, new_times)
            new_rotation = quaternion.resample(self.rotation, times, new_times)
        self.free_position = np.concatenate([self.free_position, new_position])
        self.free_rotation = np.concatenate([self.free_rotation, new_rotation])
        # One frame before the next that is due is still needed, to go from.
        kept = max(math.floor(end / self.fps * self.model_fps) - 1 - self.model_first, 0)
        kept = min(kept, len(self.position) - 1)
        self.position, self.rotation = self.position[kept:], self.rotation[kept:]
        self.model_first += kept

    def _confidence(self, window: HandMotion, start: int, stop: int) -> Array:
        """1 and 0 by `Visibility`; pinned hands keep the confidence that they were given with."""
        assert self.visibility is not None
        seen = self.visibility.confidence(window, start, stop)
        if self.pins is None:
            return seen
        given = self.pins.sliced(self.free_first + start, self.free_first + stop)
        return np.where(given.mask[:, :, 0], given.motion.confidence, seen)
