# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of one hand at some frames, and what an animator does to them.

An edit says what the poses would be with all of it; `blended` gives each frame its part, by a `Falloff`. Turns are
composed and gone along as rotations, never component by component.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.edit import MIRROR_POSITION, MIRROR_ROTATION

Array = NDArray[np.float64]

_MOST_TURNED = np.radians(170.0)
"""What is strengthened turns no farther than this from the middle, short of where the shorter way would change."""

_SMOOTHING = 0.15
"""Seconds of the standard deviation of the bell over which full smoothing averages."""

STILL_SPEED = 0.06
"""Metres a second below which a wrist is held; strokes are ten times as fast."""

_LOW, _SLOW = 0.3, 0.5
"""A hand rests in the lowest 0.3 of the frames in which it is among the slower half."""


@dataclass(frozen=True, eq=False)
class HandPoses:
    """Poses of one hand, in the frame of the body.

    Attributes:
        wrist_position: (N, 3) metres.
        rotation: (N, 16, 4) unit quaternions as in `HandMotion`.
        elbow: (N, 3) metres, what the elbow points at.
        confidence: (N,).
    """

    wrist_position: Array
    rotation: Array
    elbow: Array
    confidence: Array

    def __len__(self) -> int:
        return len(self.confidence)

    def at(self, which: ArrayLike) -> Self:
        """Return some of the poses, by indices or a mask."""
        index = np.asarray(which)
        return type(self)(self.wrist_position[index], self.rotation[index], self.elbow[index], self.confidence[index])


def blended(old: HandPoses, new: HandPoses, weight: ArrayLike) -> HandPoses:
    """Go from old poses to new ones, of which either may be one alone, by weights (N,); at 0 all is as it was."""
    w = np.asarray(weight, np.float64)
    column = w[:, None]
    before, after = np.broadcast_arrays(old.rotation, new.rotation)
    rotation = quaternion.slerp(before, after, column)
    return HandPoses(
        old.wrist_position + column * (new.wrist_position - old.wrist_position),
        np.where(column[..., None] > 0.0, rotation, old.rotation),
        old.elbow + column * (new.elbow - old.elbow),
        old.confidence + w * (new.confidence - old.confidence),
    )


def followed(poses: HandPoses, before: HandPoses, after: HandPoses, weight: ArrayLike) -> HandPoses:
    """Let poses follow as one pose becomes another: by what was moved and turned there, each by its weight (N,).

    Args:
        poses: N poses.
        before: one pose, as it was.
        after: the same one, as it is to be.
        weight: (N,).
    """
    w = np.asarray(weight, np.float64)
    turn = quaternion.multiply(after.rotation, quaternion.inverse(before.rotation))
    part = quaternion.slerp(np.broadcast_to(quaternion.IDENTITY, (len(w), 16, 4)), turn, w[:, None])
    column = w[:, None]
    return HandPoses(
        poses.wrist_position + column * (after.wrist_position - before.wrist_position),
        np.where(column[..., None] > 0.0, quaternion.multiply(part, poses.rotation), poses.rotation),
        poses.elbow + column * (after.elbow - before.elbow),
        np.clip(poses.confidence + w * (after.confidence - before.confidence), 0.0, 1.0),
    )


def displacement(before: HandPoses, after: HandPoses) -> tuple[float, float]:
    """Return the most by which poses differ in place, in metres, and in a turn, in radians."""
    apart = max(
        float(np.linalg.norm(getattr(after, name) - getattr(before, name), axis=-1).max())
        for name in ("wrist_position", "elbow")
    )
    return apart, float(quaternion.angle(after.rotation, before.rotation).max())


def mirrored(poses: HandPoses) -> HandPoses:
    """Return the poses of the other hand that a mirror shows. Twice, it changes nothing."""
    return HandPoses(
        poses.wrist_position * MIRROR_POSITION,
        poses.rotation * MIRROR_ROTATION,
        poses.elbow * MIRROR_POSITION,
        poses.confidence,
    )


def line(first: HandPoses, last: HandPoses, part: ArrayLike) -> HandPoses:
    """Return poses on the way from one pose to another, at parts (N,) from 0 to 1 of the way in time, eased."""
    s = np.clip(np.asarray(part, np.float64), 0.0, 1.0)
    eased = s * s * (3.0 - 2.0 * s)
    ones = np.zeros(len(s), np.int64)
    return blended(first.at(ones), last.at(ones), eased)


def mean(poses: HandPoses) -> HandPoses:
    """Return the one pose in the middle of poses; of rotations, the one whose squared distance as a matrix is least."""
    q = poses.rotation
    _, vectors = np.linalg.eigh(np.einsum("njk,njl->jkl", q, q))
    middle = np.asarray(vectors[..., -1], np.float64)
    return HandPoses(
        poses.wrist_position.mean(axis=0, keepdims=True),
        quaternion.facing(middle, q[0])[None],
        poses.elbow.mean(axis=0, keepdims=True),
        poses.confidence.mean(keepdims=True),
    )


def amplified(poses: HandPoses, middle: HandPoses, factor: float) -> HandPoses:
    """Return poses whose place and turns are `factor` times as far from their middle: 1 changes nothing, 0 leaves it.

    Args:
        poses: N poses.
        middle: as many, or one.
        factor: at least 0.
    """
    if factor == 1.0:
        return poses
    away = quaternion.to_rotation_vector(quaternion.multiply(poses.rotation, quaternion.inverse(middle.rotation)))
    angle = np.linalg.norm(away, axis=-1, keepdims=True)
    most = np.maximum(angle, _MOST_TURNED)
    away = away * np.minimum(factor, most / np.maximum(angle, 1e-9))
    place = middle.wrist_position + factor * (poses.wrist_position - middle.wrist_position)
    turned = quaternion.multiply(quaternion.from_rotation_vector(away), middle.rotation)
    return HandPoses(place, quaternion.facing(turned, poses.rotation), poses.elbow, poses.confidence)


def smoothed(sample: Callable[[Array], HandPoses], frames: ArrayLike, factor: float, fps: float) -> HandPoses:
    """Return the means of poses about frames, weighted by a bell.

    Args:
        sample: gives the poses at any frames (N,).
        frames: (N,).
        factor: 0 to 1, how wide the bell is.
        fps: frames a second.
    """
    at = np.asarray(frames, np.float64)
    poses = sample(at)
    away = np.linspace(-2.5, 2.5, 11)
    weight = np.exp(-0.5 * away * away)
    weight /= weight.sum()
    around = sample((at[:, None] + factor * _SMOOTHING * fps * away).reshape(-1))

    def averaged(values: Array, old: Array | None = None) -> Array:
        taps = values.reshape(len(at), len(away), *values.shape[1:])
        if old is not None:
            taps = quaternion.facing(taps, old[:, None])
        return np.einsum("t,nt...->n...", weight, taps)

    return HandPoses(
        averaged(around.wrist_position),
        quaternion.normalize(averaged(around.rotation, poses.rotation)),
        averaged(around.elbow),
        averaged(around.confidence),
    )


def resting(poses: HandPoses) -> int:
    """Return which of the poses, one a frame, shows the hand as it rests between its gestures.

    It is the one nearest to the middle of where the hand is both slow and low.
    """
    place = poses.wrist_position
    if len(place) < 2:
        return 0
    speed = np.linalg.norm(np.gradient(place, axis=0), axis=-1)
    slow = speed <= np.quantile(speed, _SLOW)
    low = slow & (place[:, 1] <= np.quantile(place[slow, 1], _LOW))
    away = np.linalg.norm(place - np.median(place[low], axis=0), axis=-1)
    return int(np.argmin(np.where(low, away, np.inf)))


def coasting(pose: HandPoses, after: HandPoses, step: float, frames: ArrayLike, reach: float) -> HandPoses:
    """Return the poses of a hand that leaves a pose at its speed, and is back there after some frames.

    Args:
        pose: one.
        after: the one a little later.
        step: by how many frames.
        frames: (N,) since the pose.
        reach: after which the hand is back.
    """
    s = np.clip(np.asarray(frames, np.float64) / reach, 0.0, 1.0)
    bump = (reach / step * s * (1.0 - s) ** 2)[:, None]
    speed = quaternion.to_rotation_vector(quaternion.multiply(after.rotation, quaternion.inverse(pose.rotation)))
    turn = quaternion.from_rotation_vector(bump[..., None] * speed)
    return HandPoses(
        pose.wrist_position + bump * (after.wrist_position - pose.wrist_position),
        quaternion.multiply(turn, pose.rotation),
        pose.elbow + bump * (after.elbow - pose.elbow),
        np.repeat(pose.confidence, len(s)),
    )


def still(poses: HandPoses, fps: float) -> NDArray[np.bool_]:
    """Return in which of the poses (N,), one a frame, a hand is held: its wrist slower than 6 cm/s."""
    if len(poses) < 2:
        return np.ones(len(poses), bool)
    return np.linalg.norm(np.gradient(poses.wrist_position, axis=0), axis=-1) * fps < STILL_SPEED
