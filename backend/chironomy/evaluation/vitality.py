# SPDX-License-Identifier: GPL-3.0-or-later
"""How alive hands and body are: how they move, by measures that compare with people's (`chironomy.evaluation.people`).

None of these says that a motion is good; each says how far it is from what people do. All are taken at 24 frames a
second (other motions are resampled), since speeds of rotations and jerk depend on it, and over all of the motions that
are given together. Wrist positions are low-passed by a Gaussian of 40 ms (standard deviation) where they are derived,
and strokes are those of `chironomy.evaluation.strokes`. Rotations are not low-passed: an angular speed is the angle
between neighbouring frames by the frame rate. How much room hands use grows with the time that is watched, so space is
measured over about 60 s (see `Vitality.cells`): give the takes of several recordings together rather than each alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.accompany import accompanied_pose
from chironomy.body.pose import BodyPose
from chironomy.body.rig import load_rig
from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.speaking import speaking_spans
from chironomy.evaluation.strokes import Stroke, find_strokes, smoothed_wrists, wrist_velocity
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.speech.decode import Speech

Array = NDArray[np.float64]
Body = Accompaniment | BodyPose

FPS = 24.0
STILL_SPEED, MOTIONLESS_SPEED = 0.2, 0.05
"""m/s below which a wrist is held, and below which it only sways."""

FINGERS_STILL_SPEED = 10.0
"""°/s below which a finger's joint is still."""

SPACE_SECONDS = 60.0

_CELL, _PLACE = 0.04, 0.05  # metres
_MOST = 0.9  # part of the time, or of the variance, that counts
_RESTING_SPEED = 0.1  # m/s of a wrist whose fingers are watched for themselves
_PATH_POINTS = 12
_BANDS = (0.0, 0.5, 1.5, 3.0, 6.0)  # Hz


@dataclass(frozen=True)
class Vitality:
    """How alive motion is. What cannot be told (no stroke, no speech, no body, too few frames) is NaN.

    Attributes:
        seconds: that were measured.
        wrist_speed: mean over frames and both wrists, m/s.
        wrist_speed_median: median over the same.
        wrist_speed_95: their 95th percentile.
        still: part of the time in which both wrists are below 0.2 m/s.
        longest_still: seconds of the longest such stretch; with speech, of its part within speech (phrases and the
            pauses shorter than 1 s between them).
        motionless: part of the time in which both wrists are below 0.05 m/s.
        both_moving: of the time in which one wrist at least is not below 0.2 m/s, the part in which neither is.
        strokes_per_minute: strokes of both hands in one train, whose peaks are above 0.5 m/s.
        stroke_speed: median of the strokes' peak speeds, m/s.
        stroke_duration: their median duration, seconds.
        stroke_interval: median seconds from a stroke's peak to the next one's.
        range_x: from the 5th to the 95th percentile of a wrist's position sideways, mean of both hands, metres.
        range_y: the same upward.
        range_z: the same forward.
        cells: how many 4 cm cubes of space, the fullest first, hold 90 % of a wrist's time; mean of both hands. Takes
            are joined and cut into equal parts as near to 60 s as can be, whose mean it is; less than that fills less.
        densest: part of a wrist's time in the one fullest 5 cm cube, of the same parts; mean of both hands.
        above_shoulder: part of the time in which a wrist, either, is higher than the shoulders at rest.
        strokes_down: share of strokes whose way from begin to end is, in the largest of its three components, down.
        strokes_up: share whose largest component is up.
        strokes_sideways: share whose largest component is to a side; the rest go forward or back.
        path_correlation: mean over all pairs of strokes of the correlation of their paths: 12 points evenly in time,
            less their mean, as one vector of unit length; the left hand's are mirrored to be the right hand's.
        straightness: mean over strokes of distance from begin to end by the length of the way.
        orientation_speed: mean angular speed of the hands' orientation, °/s.
        finger_speed: mean angular speed of the 15 finger joints of both hands, °/s.
        fingers_still: part of the time in which all 15 joints of a hand are below 10°/s; mean of both hands.
        finger_speed_while_still: mean angular speed of a hand's finger joints while its wrist is below 0.1 m/s, °/s.
        finger_components: principal components that hold 90 % of the variance of the 45 rotation vectors' coordinates
            of a hand's fingers; mean of both hands.
        jerk: mean over frames and wrists of the third difference of the low-passed position, m/s³.
        velocity_below_half_hertz: part of the power of the wrists' velocity (less its mean, in a Hann window) below
            0.5 Hz, of that below 6 Hz.
        velocity_to_1_5_hertz: from 0.5 to 1.5 Hz.
        velocity_to_3_hertz: from 1.5 to 3 Hz.
        velocity_to_6_hertz: from 3 to 6 Hz.
        torso_speed: mean angular speed of the upper chest, °/s.
        head_speed: the same of the head, in the frame of the body.
        head_yaw_range: degrees from the 5th to the 95th percentile of where the face points, left to right.
        chest_yaw_range: the same of the upper chest.
    """

    seconds: float
    wrist_speed: float
    wrist_speed_median: float
    wrist_speed_95: float
    still: float
    longest_still: float
    motionless: float
    both_moving: float
    strokes_per_minute: float
    stroke_speed: float
    stroke_duration: float
    stroke_interval: float
    range_x: float
    range_y: float
    range_z: float
    cells: float
    densest: float
    above_shoulder: float
    strokes_down: float
    strokes_up: float
    strokes_sideways: float
    path_correlation: float
    straightness: float
    orientation_speed: float
    finger_speed: float
    fingers_still: float
    finger_speed_while_still: float
    finger_components: float
    jerk: float
    velocity_below_half_hertz: float
    velocity_to_1_5_hertz: float
    velocity_to_3_hertz: float
    velocity_to_6_hertz: float
    torso_speed: float = math.nan
    head_speed: float = math.nan
    head_yaw_range: float = math.nan
    chest_yaw_range: float = math.nan

    def figures(self) -> dict[str, float]:
        """Every field by name, in this order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class SeedsApart:
    """How different takes of one recording are.

    Attributes:
        strokes_shared: share of a take's strokes that have a stroke of another take, of either hand, within 0.15 s of
            their peaks; mean over ordered pairs of takes of which both have strokes. Chance is what as many strokes
            anywhere would give: about a fifth.
        seeds_apart: mean distance of the same wrist in two takes at the same time, cm; mean over pairs.
    """

    strokes_shared: float
    seeds_apart: float


_SHARED_SECONDS = 0.15


def measure(
    motion: HandMotion | Sequence[HandMotion],
    speech: Speech | Sequence[Speech | None] | None = None,
    accompaniment: Body | Sequence[Body | None] | None = None,
) -> Vitality:
    """Measure one motion, or several together, as of one performer.

    Args:
        motion: one, or takes for different recordings.
        speech: of each motion; tells when there is speech.
        accompaniment: what the rest of each body does, at the frames of its hands, or every joint of it as evaluated
            (a `BodyPose` of the project's rig).

    Raises:
        EvaluationError: there is no motion, or not one speech or body for each.
        BodyError: an accompaniment has not the frames of its hands.
    """
    motions = [motion] if isinstance(motion, HandMotion) else list(motion)
    if not motions:
        raise EvaluationError("there is no motion to measure; give one at least")
    speeches = _for_each(speech, len(motions), "speech")
    bodies = _for_each(accompaniment, len(motions), "body")
    poses = [_evaluated(each, body) for each, body in zip(motions, bodies, strict=True) if body is not None]
    motions = [each if each.fps == FPS else each.resampled(FPS) for each in motions]
    velocities = [wrist_velocity(each) for each in motions]
    speeds = [np.linalg.norm(velocity, axis=-1) for velocity in velocities]
    seconds = sum(each.duration for each in motions)
    figures = {"seconds": seconds, **_of_speeds(np.concatenate(speeds))}
    figures["longest_still"] = max(_longest_still(speed, said) for speed, said in zip(speeds, speeches, strict=True))
    figures |= _of_strokes([find_strokes(each) for each in motions], seconds)
    figures |= _of_space(np.concatenate([each.wrist_position for each in motions]))
    figures |= _of_rotations(motions, speeds)
    figures |= _of_spectrum(velocities)
    jerk = np.concatenate([np.diff(smoothed_wrists(each), n=3, axis=0) for each in motions]) * FPS**3
    figures["jerk"] = _mean(np.linalg.norm(jerk, axis=-1))
    figures |= _of_bodies(poses)
    return Vitality(**figures)


def compare_takes(takes: Sequence[HandMotion]) -> SeedsApart:
    """How different takes of one recording are, over the time that they share; NaN for a single one."""
    takes = [take if take.fps == FPS else take.resampled(FPS) for take in takes]
    if len(takes) < 2:
        return SeedsApart(math.nan, math.nan)
    frames = min(take.frame_count for take in takes)
    takes = [take.sliced(0, frames) for take in takes]
    peaks = [np.array([stroke.peak for stroke in find_strokes(take)]) for take in takes]
    wrists = [take.wrist_position for take in takes]
    pairs = [(a, b) for a in range(len(takes)) for b in range(len(takes)) if a != b]
    shared = [
        np.mean(np.abs(peaks[a][:, None] - peaks[b]).min(axis=1) <= _SHARED_SECONDS)
        for a, b in pairs
        if len(peaks[a]) and len(peaks[b])
    ]
    apart = [np.linalg.norm(wrists[a] - wrists[b], axis=-1).mean() for a, b in pairs if a < b]
    return SeedsApart(_mean(np.array(shared)), 100 * float(np.mean(apart)))


Take = tuple[HandMotion, Speech | None, Body | None]
"""A motion with its speech and body, where they are known."""


def figures_of_takes(recordings: Sequence[Sequence[Take]]) -> dict[str, float]:
    """The figures of `Vitality` and of `SeedsApart` by name, for several takes of each of several recordings.

    First takes of all recordings are measured together, then second takes, and so on; of what comes out the mean is
    given, and of what takes are apart the mean over recordings. Recordings with fewer takes are in fewer of these.
    """
    performances = [
        measure(*zip(*(takes[number] for takes in recordings if number < len(takes)), strict=True))
        for number in range(max(map(len, recordings), default=0))
    ]
    apart = [compare_takes([motion for motion, _, _ in takes]) for takes in recordings]
    figures = {}
    for found in (performances, apart):
        for field in fields(found[0]) if found else ():
            figures[field.name] = _mean_of_known([getattr(each, field.name) for each in found])
    return figures


def _mean_of_known(values: Sequence[float]) -> float:
    return _mean(np.array([value for value in values if not math.isnan(value)]))


def _for_each(given: object, count: int, what: str) -> list:
    if given is None:
        return [None] * count
    each = list(given) if isinstance(given, Sequence) else [given]
    if len(each) != count:
        raise EvaluationError(f"there are {count} motions and {len(each)} for their {what}; give one for each")
    return each


def _of_speeds(speed: Array) -> dict[str, float]:
    moving = speed >= STILL_SPEED
    return {
        "wrist_speed": float(speed.mean()),
        "wrist_speed_median": float(np.median(speed)),
        "wrist_speed_95": float(np.percentile(speed, 95)),
        "still": float(np.mean((speed < STILL_SPEED).all(axis=1))),
        "motionless": float(np.mean((speed < MOTIONLESS_SPEED).all(axis=1))),
        "both_moving": _mean(moving.all(axis=1)[moving.any(axis=1)]),
    }


def _longest_still(speed: Array, speech: Speech | None) -> float:
    held = (speed < STILL_SPEED).all(axis=1)
    if speech is not None:
        now = np.arange(len(held)) / FPS
        held &= np.any([(now >= begin) & (now < end) for begin, end in speaking_spans(speech)] or [now < 0], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(int)))
    return float(np.diff(edges)[::2].max(initial=0)) / FPS


def _of_strokes(by_motion: list[list[Stroke]], seconds: float) -> dict[str, float]:
    strokes = [stroke for each in by_motion for stroke in each]
    intervals = np.concatenate([np.diff([stroke.peak for stroke in each]) for each in by_motion])
    way = np.array([stroke.displacement for stroke in strokes]).reshape(-1, 3)
    largest, up = np.abs(way).argmax(axis=1), way[:, 1] > 0
    return {
        "strokes_per_minute": 60 * len(strokes) / seconds,
        "stroke_speed": _median([stroke.speed for stroke in strokes]),
        "stroke_duration": _median([stroke.duration for stroke in strokes]),
        "stroke_interval": _median(intervals),
        "strokes_down": _mean((largest == 1) & ~up),
        "strokes_up": _mean((largest == 1) & up),
        "strokes_sideways": _mean(largest == 0),
        "path_correlation": _path_correlation(strokes),
        "straightness": _mean(np.array([stroke.straightness for stroke in strokes])),
    }


def _path_correlation(strokes: list[Stroke]) -> float:
    count = len(strokes)
    if count < 2:
        return math.nan
    paths = np.empty((count, _PATH_POINTS, 3))
    for path, stroke in zip(paths, strokes, strict=True):
        points = stroke.path if stroke.hand else stroke.path * (-1.0, 1.0, 1.0)
        at = np.linspace(0, len(points) - 1, _PATH_POINTS)
        for axis in range(3):
            path[:, axis] = np.interp(at, np.arange(len(points)), points[:, axis])
    paths = (paths - paths.mean(axis=1, keepdims=True)).reshape(count, -1)
    paths /= np.linalg.norm(paths, axis=1, keepdims=True)
    # The squared length of the sum holds every ordered pair, and each path with itself.
    return float((np.sum(paths.sum(axis=0) ** 2) - count) / (count * (count - 1)))


def _of_space(wrist: Array) -> dict[str, float]:
    ranges = np.subtract(*np.percentile(wrist, [95, 5], axis=0)).mean(axis=0)
    parts = np.array_split(wrist, max(1, round(len(wrist) / FPS / SPACE_SECONDS)))
    hands = [part[:, hand] for part in parts for hand in range(2)]
    return {
        **{f"range_{axis}": float(value) for axis, value in zip("xyz", ranges, strict=True)},
        "cells": float(np.mean([_enough(_shares(hand, _CELL)) for hand in hands])),
        "densest": float(np.mean([_shares(hand, _PLACE)[0] for hand in hands])),
        "above_shoulder": float(np.mean((wrist[..., 1] > 0).any(axis=1))),
    }


def _shares(position: Array, size: float) -> Array:
    """Parts of the time in the cubes of a grid, the fullest first."""
    cell = np.floor(position / size).astype(np.int64)
    _, count = np.unique(cell, axis=0, return_counts=True)
    return np.sort(count)[::-1] / len(position)


def _enough(shares: Array) -> int:
    """How many of the largest shares, which are in order, hold 90 %."""
    return int(np.searchsorted(np.cumsum(shares) / shares.sum(), _MOST - 1e-9)) + 1


def _of_rotations(motions: list[HandMotion], speeds: list[Array]) -> dict[str, float]:
    turns = np.concatenate([_angular_speed(each.rotation) for each in motions])
    still = np.concatenate([(speed[1:] + speed[:-1]) / 2 < _RESTING_SPEED for speed in speeds])
    fingers = turns[:, :, 1:]
    bent = np.concatenate([quaternion.to_rotation_vector(each.rotation[:, :, 1:]) for each in motions])
    return {
        "orientation_speed": _mean(turns[:, :, 0]),
        "finger_speed": _mean(fingers),
        "fingers_still": _mean((fingers < FINGERS_STILL_SPEED).all(axis=2)),
        "finger_speed_while_still": _mean(fingers[still]),
        "finger_components": float(np.mean([_components(bent[:, hand].reshape(-1, 45)) for hand in range(2)])),
    }


def _angular_speed(rotation: Array) -> Array:
    """(T - 1, ...) °/s between neighbouring frames."""
    return np.degrees(quaternion.angle(rotation[1:], rotation[:-1])) * FPS


def _components(values: Array) -> float:
    values = values - values.mean(axis=0)
    variance = np.linalg.eigvalsh(values.T @ values)[::-1]
    return float(_enough(np.maximum(variance, 0.0))) if variance[0] > 1e-9 * len(values) else 0.0


def _of_spectrum(velocities: list[Array]) -> dict[str, float]:
    power = np.zeros(len(_BANDS) - 1)
    for velocity in velocities:
        window = np.hanning(len(velocity))[:, None, None]
        spectrum = np.abs(np.fft.rfft((velocity - velocity.mean(axis=0)) * window, axis=0)) ** 2
        hertz = np.fft.rfftfreq(len(velocity), 1 / FPS)
        band = np.searchsorted(_BANDS, hertz, side="right") - 1
        inside = band < len(power)
        power += np.bincount(band[inside], spectrum.sum(axis=(1, 2))[inside], len(power))
    shares = power / power.sum() if power.sum() > 1e-12 else np.full(len(power), math.nan)
    names = ("below_half_hertz", "to_1_5_hertz", "to_3_hertz", "to_6_hertz")
    return {f"velocity_{name}": float(share) for name, share in zip(names, shares, strict=True)}


def _evaluated(motion: HandMotion, body: Body) -> BodyPose:
    return body if isinstance(body, BodyPose) else accompanied_pose(load_rig(), motion, body)


def _of_bodies(poses: list[BodyPose]) -> dict[str, float]:
    if not poses:
        return {}
    rig = load_rig()
    chest, head = ([_turned(pose, rig.index(name)) for pose in poses] for name in ("upper_chest", "head"))
    return {
        "torso_speed": _mean(np.concatenate([_angular_speed(turned) for turned in chest])),
        "head_speed": _mean(np.concatenate([_angular_speed(turned) for turned in head])),
        "head_yaw_range": _yaw_range(np.concatenate(head)),
        "chest_yaw_range": _yaw_range(np.concatenate(chest)),
    }


def _turned(pose: BodyPose, joint: int) -> Array:
    """(T, 4) rotations of a joint from the bind pose in the frame of the body, at 24 frames a second."""
    rotation = quaternion.make_continuous(pose.joint_rotation[:, joint])
    if pose.fps == FPS:
        return rotation
    times = np.arange(len(rotation)) / pose.fps
    return quaternion.resample(rotation, times, np.arange(max(1, round(len(rotation) / pose.fps * FPS))) / FPS)


def _yaw_range(rotation: Array) -> float:
    forward = quaternion.apply(rotation, np.array([0.0, 0.0, 1.0]))
    yaw = np.degrees(np.unwrap(np.arctan2(forward[:, 0], forward[:, 2])))
    return float(np.subtract(*np.percentile(yaw, [95, 5])))


def _mean(values: NDArray) -> float:
    return float(np.mean(values)) if np.size(values) else math.nan


def _median(values: Sequence[float] | Array) -> float:
    return float(np.median(values)) if len(values) else math.nan
