# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of keys as an animator makes them: what they move becomes the animator's own."""

from dataclasses import dataclass

import numpy as np
from bpy.types import Object, Scene
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import MotionError

from . import keys
from .keys import Columns
from .pose import confidence_path, location_path
from .space import HAND_CONTROLS, turned

NEAR_SECONDS = 1.0
"""A key within this of the time asked for is taken instead of a new one."""

ACTIVE_CONFIDENCE = 0.5
"""A hand that is wanted more surely than this is active."""


@dataclass(frozen=True)
class HandEdit:
    """What `offset_hand` did.

    Attributes:
        bone: the hand control.
        frame: scene frame of the key that moved by the whole offset.
        keys: how many frames of the bone's location have a key now.
    """

    bone: str
    frame: int
    keys: int


def offset_hand(
    character: Object, hand: int, scene: Scene, offset: ArrayLike, radius: float, time: float | None = None
) -> HandEdit:
    """Move a hand control at one key, with a smooth fall-off over the keys around it.

    The keys inside the radius move by the offset times a raised cosine, and keys at the radius hold the rest of the
    curve exactly where it was. Every key from one end to the other becomes the animator's.

    Args:
        character: the armature object.
        hand: 0 left, 1 right.
        scene: gives the frame rate and the frame of time 0.
        offset: (3,) metres in the frame of the body.
        radius: seconds from the key to where nothing moves; 0 moves that key alone.
        time: seconds from the scene's first frame: the key nearest to it is taken or, where there is none within a
            second, a new one. None takes the key nearest to the middle of the time in which the hand is active.

    Raises:
        MotionError: the hand control has no keys, or the time is outside the scene's frames.
    """
    bone = HAND_CONTROLS[hand]
    curves = [curve for curve in keys.all_curves(character) if curve.data_path == location_path(bone)]
    frames = np.unique(np.concatenate([[], *(keys.key_columns(curve)["co"][:, 0] for curve in curves)]))
    if len(frames) == 0:
        raise MotionError(f"{bone} of {character.name} has no location keys; generate or import a motion first")
    fps = scene.render.fps / scene.render.fps_base
    frame = _chosen_frame(character, bone, scene, frames, time, fps)
    reach = round(radius * fps)
    amount = turned(np.asarray(offset, dtype=np.float64).reshape(3))
    for curve in curves:
        columns = offset_columns(keys.key_columns(curve), frame, reach, float(amount[curve.array_index]))
        keys.write_points(curve, columns)
    frames = np.unique(np.concatenate([keys.key_columns(curve)["co"][:, 0] for curve in curves]))
    return HandEdit(bone, frame, len(frames))


def offset_columns(columns: Columns, frame: int, reach: int, amount: float) -> Columns:
    """Return an F-curve's keys with a smooth bump of height `amount` at `frame`, and nothing changed beyond `reach`.

    Args:
        columns: as `keys.key_columns` returns them.
        frame: of the top; a key is inserted there where none is.
        reach: frames to either side.
        amount: in the curve's own unit.
    """
    columns = with_key(columns, frame)
    first, last = columns["co"][0, 0], columns["co"][-1, 0]
    for end in (frame - reach, frame + reach):
        if first < end < last:
            columns = with_key(columns, end)
    columns = {name: column.copy() for name, column in columns.items()}
    times = columns["co"][:, 0].copy()
    inside = np.abs(times - frame) <= max(reach, 0.5)
    phase = (times - frame) / max(reach, 1)
    bump = np.where(inside, 0.5 + 0.5 * np.cos(np.pi * phase), 0.0)
    slope = np.where(inside, -0.5 * np.pi / max(reach, 1) * np.sin(np.pi * phase), 0.0)
    for name in ("co", "handle_left", "handle_right"):
        column = columns[name]
        # Handles follow the bump's tangent, so that smooth keys stay smooth.
        column[inside, 1] += amount * (bump + slope * (column[:, 0] - times))[inside]
    # A recalculated handle would change the curve beyond the reach.
    for name in ("handle_left_type", "handle_right_type"):
        automatic = np.isin(columns[name], [keys.choice(name, kind) for kind in ("AUTO", "AUTO_CLAMPED", "VECTOR")])
        columns[name][automatic] = keys.choice(name, "FREE")
    columns["type"][inside] = keys.choice("type", keys.KEYFRAME)
    return columns


def with_key(columns: Columns, frame: float) -> Columns:
    """Return an F-curve's keys with one at `frame`; the curve's shape stays as it is (de Casteljau's subdivision)."""
    times = columns["co"][:, 0]
    if np.any(np.abs(times - frame) < 1e-3):
        return columns
    after = int(np.searchsorted(times, frame))
    columns = {name: column.copy() for name, column in columns.items()}
    template = min(max(after - 1, 0), len(times) - 1)
    new = {name: column[template].copy() for name, column in columns.items()}
    if after in (0, len(times)):
        # Outside its keys a curve holds the value of the nearest.
        neighbour = 0 if after == 0 else -1
        value = columns["co"][neighbour, 1]
        span = (times[neighbour] - frame) / 3.0
        inner, outer = ("handle_right", "handle_left") if after == 0 else ("handle_left", "handle_right")
        new["co"][:] = frame, value
        new[inner][:] = frame + span, value
        new[outer][:] = frame - span, value
        columns[outer][neighbour] = times[neighbour] - span, value
        columns[f"{outer}_type"][neighbour] = keys.choice("handle_left_type", "FREE")
        columns[f"{inner}_type"][neighbour] = keys.choice("handle_left_type", "FREE")
    else:
        start, end = after - 1, after
        points = _segment(columns, start, end)
        if columns["interpolation"][start] == keys.choice("interpolation", "BEZIER"):
            t = _parameter(points[:, 0], frame)
        else:
            # A straight or constant piece has no handles to divide; both halves are again such pieces.
            t = (frame - times[start]) / (times[end] - times[start])
            constant = columns["interpolation"][start] == keys.choice("interpolation", "CONSTANT")
            ends = columns["co"][[start, start if constant else end]]
            points[:, 0] = np.linspace(times[start], times[end], 4)
            points[:, 1] = np.linspace(ends[0, 1], ends[1, 1], 4)
        (leaving, _, arriving), (left, right) = _halves(points, t)
        columns["handle_right"][start], columns["handle_left"][end] = leaving, arriving
        new["co"][:] = frame, (left + t * (right - left))[1]
        new["handle_left"][:], new["handle_right"][:] = left, right
    new["handle_left_type"] = new["handle_right_type"] = np.int32(keys.choice("handle_left_type", "ALIGNED"))
    return {name: np.insert(column, after, new[name], axis=0) for name, column in columns.items()}


def _chosen_frame(
    character: Object, bone: str, scene: Scene, frames: NDArray[np.float64], time: float | None, fps: float
) -> int:
    if time is None:
        middle = _middle_of_activity(character, bone, scene)
        return round(float(frames[np.argmin(np.abs(frames - middle))]))
    wanted = scene.frame_start + time * fps
    if not scene.frame_start - 0.5 <= wanted <= scene.frame_end + 0.5:
        seconds = (scene.frame_end - scene.frame_start) / fps
        raise MotionError(f"the edit's time is {time:g} s; it must lie in the clip of {seconds:g} s")
    nearest = float(frames[np.argmin(np.abs(frames - wanted))])
    return round(nearest if abs(nearest - wanted) <= NEAR_SECONDS * fps else wanted)


def _middle_of_activity(character: Object, bone: str, scene: Scene) -> float:
    """Return the frame halfway through those in which the hand is active, or halfway through the scene."""
    frames = np.arange(scene.frame_start, scene.frame_end + 1)
    for curve in keys.all_curves(character):
        if curve.data_path == confidence_path(bone):
            active = frames[np.array([curve.evaluate(frame) for frame in frames]) > ACTIVE_CONFIDENCE]
            if len(active):
                return float(np.median(active))
    return float(np.median(frames))


def _segment(columns: Columns, start: int, end: int) -> NDArray[np.float64]:
    """Return the four points (frame, value) of a Bezier piece, shortened as Blender does where handles overlap."""
    first, last = columns["co"][start].astype(np.float64), columns["co"][end].astype(np.float64)
    leaving = columns["handle_right"][start].astype(np.float64) - first
    arriving = columns["handle_left"][end].astype(np.float64) - last
    long, span = abs(leaving[0]) + abs(arriving[0]), last[0] - first[0]
    if long > span:
        leaving, arriving = leaving * span / long, arriving * span / long
    return np.stack([first, first + leaving, last + arriving, last])


def _parameter(times: NDArray[np.float64], frame: float) -> float:
    """Return t at which a Bezier piece, whose times never fall, reaches `frame`."""
    low, high = 0.0, 1.0
    for _ in range(60):
        t = 0.5 * (low + high)
        s = 1.0 - t
        reached = s**3 * times[0] + 3 * s * s * t * times[1] + 3 * s * t * t * times[2] + t**3 * times[3]
        low, high = (t, high) if reached < frame else (low, t)
    return 0.5 * (low + high)


def _halves(points: NDArray[np.float64], t: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return de Casteljau's three points of the first step and two of the second, at `t`."""
    first = points[:-1] + t * (points[1:] - points[:-1])
    return first, first[:-1] + t * (first[1:] - first[:-1])
