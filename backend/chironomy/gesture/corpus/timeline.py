# SPDX-License-Identifier: GPL-3.0-or-later
"""From moves to motion: overlapping minimum-jerk movements, arcs, lag, idle sway, then joints."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import WRIST_LIMITS, wrist_of_angles
from chironomy.body.joint_limits import clamp_hand_rotation
from chironomy.body.rig import load_rig
from chironomy.gesture.corpus.movement import Move, Movement, Phase
from chironomy.gesture.repertoire.hand_shapes import fingers_of_shape
from chironomy.gesture.repertoire.kinds import POSE_SIZE
from chironomy.gesture.space import clear_of_body, neutral_of, shoulders, within_reach
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

# Seconds by which wrist angles and fingers follow the wrist's path.
WRIST_LAG, FINGER_LAG = 0.035, 0.06
# Degrees by which a moving hand trails: wrist and knuckles bend against the vertical speed (degrees per m/s).
WRIST_DRAG, KNUCKLE_DRAG = 16.0, 10.0
_OVERSAMPLING = 2
_WIDEST = 0.345  # metres from the midline that a wrist keeps to, so that hands stay in a half-body picture
_WRIST_LIMIT = WRIST_LIMITS - np.array([4.0, 4.0, 5.0])


def play(movement: Movement, frame_count: int, fps: float, idle: float, random: np.random.Generator) -> HandMotion:
    """Play a movement of both hands.

    Args:
        movement: what the hands do.
        frame_count: frames to make.
        fps: frames a second.
        idle: size of the sway that never stops; 1 is usual.
        random: the only source of chance.

    Returns:
        Motion of `frame_count` frames within the limits of the joints, clear of the body.
    """
    times = np.arange(-_OVERSAMPLING * 4, frame_count * _OVERSAMPLING) / (fps * _OVERSAMPLING)
    controls = np.stack([_play(movement.rest[side], movement.moves[side], times) for side in range(2)], axis=1)
    controls += _idle(times, idle, random)
    rate = fps * _OVERSAMPLING
    climb = np.gradient(controls[:, :, 1], axis=0) * rate
    controls[:, :, 4] += WRIST_DRAG * _delayed(climb, WRIST_LAG * rate)
    controls[:, :, 6:22:4] += (KNUCKLE_DRAG * _delayed(climb, FINGER_LAG * rate))[..., None]
    # Widely open wrists and fingers are approached softly, so that limits never show as corners.
    controls[:, :, 3:6] = _WRIST_LIMIT * np.tanh(controls[:, :, 3:6] / _WRIST_LIMIT * 1.05)
    controls = controls[_OVERSAMPLING * 4 :: _OVERSAMPLING]

    position = controls[:, :, :3] * np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    position[..., 1] = -_soft_least(-position[..., 1], 0.02, 0.015)
    position = _at_ease(before_torso(position))
    angles = np.radians(controls[:, :, 3:6])
    rotation = np.empty((*position.shape[:-1], 16, 4))
    rotation[:, :, 0] = _wrists(position, angles)
    rotation[:, :, 1:] = fingers_of_shape(controls[:, :, 6:])
    motion = HandMotion(fps, position, clamp_hand_rotation(rotation), np.ones((frame_count, 2)))
    cleared = clear_of_body(motion)
    if cleared is motion:
        return motion
    rotation = cleared.rotation.copy()
    rotation[:, :, 0] = _wrists(cleared.wrist_position, angles)
    cleared = clear_of_body(cleared.replaced(rotation=rotation))
    return cleared.replaced(wrist_position=within_reach(cleared.wrist_position))


def _at_ease(position: Array) -> Array:
    """Ease wrists (..., 2, 3) to where arms are neither straight nor folded, along the line from the shoulder."""
    line = position - shoulders()
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    length = load_rig().arm_lengths.sum(axis=-1, keepdims=True)
    part = _soft_least(distance / length, 0.5, 0.02)
    part = 0.94 - _soft_least(0.94 - part, 0.0, 0.02)
    return shoulders() + line * (part * length / np.maximum(distance, 1e-6))


def _wrists(position: Array, angles: Array) -> Array:
    """Wrist orientations (T, 2, 4) of anatomical angles; elbows follow the hands, so a few rounds find both."""
    wrist = np.tile([1.0, 0.0, 0.0, 0.0], (*position.shape[:-1], 1))
    for _ in range(3):
        wrist = wrist_of_angles(neutral_of(position, wrist), angles)
    return wrist


def before_torso(position: Array) -> Array:
    """Keep wrists (..., 2, 3) out of the body, behind a soft wall before belly and chest, each on its side."""
    position = position.copy()
    sign = np.array([1.0, -1.0])
    out = position[..., 0] * sign
    out = _WIDEST - _soft_least(_WIDEST - _soft_least(out, 0.05), 0.0, 0.02)
    position[..., 0] = out * sign
    # In front of the trunk (half-width 0.16 m, depth 0.13 m) the wrist keeps 5 cm off; beside it there is no wall.
    beside = 1 / (1 + np.exp(-(out - 0.215) / 0.015))
    position[..., 2] = np.where(
        beside < 0.999,
        _soft_least(position[..., 2], 0.165) * (1 - beside) + position[..., 2] * beside,
        position[..., 2],
    )
    return position


def _soft_least(x: Array, least: float, softness: float = 0.008) -> Array:
    """Smooth maximum of `x` and `least`."""
    return least + softness * np.logaddexp(0, (x - least) / softness)


def _play(rest: Array, moves: list[Move], times: Array) -> Array:
    """(T, 26) controls: the sum of movements; those that overlap blend into curves (Flash and Henis 1991)."""
    controls = np.tile(rest, (len(times), 1))
    pose = rest
    for move in moves:
        change = move.pose - pose
        pose = move.pose
        profile = _PROFILES[move.phase]
        # Fingers set off later, yet a hand shape is complete when the stroke begins.
        shape_seconds = 0.85 * move.duration if move.phase is Phase.PREPARATION else move.duration
        for group, delay, seconds in (
            (slice(0, 3), 0.0, move.duration),
            (slice(3, 6), WRIST_LAG, move.duration),
            (slice(6, POSE_SIZE), FINGER_LAG, shape_seconds),
        ):
            part = np.clip((times - move.start - delay) / seconds, 0, 1)
            controls[:, group] += change[group] * profile(part)[:, None]
            if group.start == 0 and move.arc:
                across = _arc_direction(change[:3])
                height = move.arc * float(np.linalg.norm(change[:3]))
                controls[:, :3] += across * (height * 16 * (part * (1 - part)) ** 2)[:, None]
    return controls


def _minimum_jerk(part: Array) -> Array:
    """Flash and Hogan 1985; the greatest speed is 1.875 times the mean."""
    return part**3 * (10 + part * (6 * part - 15))


def _even(part: Array) -> Array:
    """Smooth start and end with an even speed between, 1.43 times the mean."""
    ramp = 0.3

    def risen(x: Array) -> Array:  # integral of a minimum-jerk rise of speed
        return ramp * x**4 * (2.5 + x * (x - 3))

    first = risen(np.clip(part / ramp, 0, 1))
    last = risen(np.clip((1 - part) / ramp, 0, 1))
    middle = np.clip(part - ramp, 0, 1 - 2 * ramp)
    return (first + middle + 0.5 * ramp - last) / (1 - ramp)


def _gathering(part: Array) -> Array:
    """As `_even`, the speed rising towards the end."""
    return _even(part**1.6)


_PROFILES = {Phase.PREPARATION: _gathering, Phase.STROKE: _minimum_jerk, Phase.RELEASE: _even}


def _arc_direction(change: Array) -> Array:
    """Across the movement, as far forward and up as may be."""
    length = float(np.linalg.norm(change))
    if length < 1e-6:
        return np.zeros(3)
    along = change / length
    across = np.array([0.25, 0.4, 0.88])
    across = across - (across @ along) * along
    return across / max(float(np.linalg.norm(across)), 1e-6)


def _delayed(signal: Array, samples: float) -> Array:
    """(T, 2) smoothed and delayed by about `samples`."""
    from scipy.ndimage import gaussian_filter1d, shift

    smooth = gaussian_filter1d(signal, 0.6 * samples, axis=0, mode="nearest")
    return np.asarray(shift(smooth, (samples, 0), order=1, mode="nearest"))


def _idle(times: Array, idle: float, random: np.random.Generator) -> Array:
    """(T, 2, 26) sway, breath and the small life of fingers."""
    size = np.concatenate([[0.006, 0.005, 0.006], [3.0, 2.0, 1.5], np.full(16, 2.4), np.full(4, 1.8)]) * idle
    slow = np.concatenate([np.full(6, 0.22), np.full(20, 0.45)])
    sway = np.zeros((len(times), 2, POSE_SIZE))
    for _ in range(4):
        frequency = slow * np.exp(random.normal(0, 0.5, (2, POSE_SIZE)))
        phase = random.uniform(0, 2 * np.pi, (2, POSE_SIZE))
        sway += np.sin(2 * np.pi * frequency * times[:, None, None] + phase) * (0.7 * size / np.sqrt(2))
    # Neighbouring fingers move together more than apart.
    together = sway[:, :, 6:10].mean(axis=2, keepdims=True)
    sway[:, :, 6:22] = 0.6 * sway[:, :, 6:22] + 0.8 * together
    breath = 0.0018 * np.sin(2 * np.pi * random.uniform(0.2, 0.3) * times + random.uniform(0, 6.3))
    sway[:, :, 1] += breath[:, None]
    return sway
