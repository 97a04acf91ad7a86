# SPDX-License-Identifier: GPL-3.0-or-later
"""From moves to motion: overlapping minimum-jerk movements, arcs, lag, idle sway, then joints."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.hand_anatomy import WRIST_LIMITS, wrist_of_angles
from chironomy.body.joint_limits import clamp_hand_rotation
from chironomy.body.rig import load_rig
from chironomy.gesture.planning.movement import Move, Movement, Phase
from chironomy.gesture.planning.places import HIGHEST, sides, soft_least
from chironomy.gesture.repertoire.hand_shapes import fingers_of_shape
from chironomy.gesture.repertoire.kinds import POSE_SIZE
from chironomy.gesture.space import clear_of_body, neutral_of, shoulders, within_reach
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

WRIST_LAG = 0.035
"""Seconds by which wrist angles follow the wrist's path."""

# Degrees by which a moving hand trails behind its wrist, and its fingers behind it (degrees per m/s), at most.
_WRIST_DRAG, _KNUCKLE_DRAG, _MOST_DRAG = 11.0, 9.0, 20.0
_DRAG_SECONDS, _FINGER_DRAG_SECONDS = 0.045, 0.075
_OVERSAMPLING = 2
_CLEARINGS = 3  # wrists that give way turn otherwise, and may then touch again
_WRIST_LIMIT = WRIST_LIMITS - np.array([4.0, 4.0, 5.0])


def play(
    movement: Movement,
    frame_count: int,
    fps: float,
    idle: float,
    random: np.random.Generator,
    fingers: float = 1.0,
    *,
    clear: bool = True,
) -> HandMotion:
    """Play a movement of both hands.

    Args:
        movement: what the hands do.
        frame_count: frames to make.
        fps: frames a second.
        idle: size of the sway that never stops; 1 is usual.
        random: the only source of chance.
        fingers: size of what fingers do on their own; 1 is usual.
        clear: whether it is kept out of the body.

    Returns:
        Motion of `frame_count` frames within the limits of the joints, clear of the body.
    """
    times = np.arange(-_OVERSAMPLING * 4, frame_count * _OVERSAMPLING) / (fps * _OVERSAMPLING)
    controls = np.stack([_play(movement.rest[side], movement.moves[side], times) for side in range(2)], axis=1)
    rate = fps * _OVERSAMPLING
    controls += _idle(controls, times, rate, idle, fingers, random)
    _drag(controls, rate)
    # Widely open wrists and fingers are approached softly, so that limits never show as corners.
    controls[:, :, 3:6] = _WRIST_LIMIT * np.tanh(controls[:, :, 3:6] / _WRIST_LIMIT * 1.05)
    controls = controls[_OVERSAMPLING * 4 :: _OVERSAMPLING]
    position = where(controls[:, :, :3])
    angles = np.radians(controls[:, :, 3:6])
    rotation = np.empty((*position.shape[:-1], 16, 4))
    rotation[:, :, 0] = _wrists(position, angles)
    rotation[:, :, 1:] = fingers_of_shape(controls[:, :, 6:])
    motion = HandMotion(fps, position, clamp_hand_rotation(rotation), np.ones((frame_count, 2)))
    for _ in range(_CLEARINGS if clear else 0):
        cleared = clear_of_body(motion)
        if cleared is motion:
            break
        position = within_reach(cleared.wrist_position)
        rotation = motion.rotation.copy()
        rotation[:, :, 0] = _wrists(position, angles)
        motion = cleared.replaced(wrist_position=position, rotation=rotation)
    return motion


def where(place: Array) -> Array:
    """Wrists (..., 2, 3), in metres in the frame of the body, of places out, up and forward that a person can take."""
    position = place * np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    position[..., 1] = HIGHEST - soft_least(HIGHEST - position[..., 1], 0.0, 0.02)
    return _at_ease(before_torso(position))


def _at_ease(position: Array) -> Array:
    """Ease wrists (..., 2, 3) to where arms are neither straight nor folded, along the line from the shoulder."""
    line = position - shoulders()
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    length = load_rig().arm_lengths.sum(axis=-1, keepdims=True)
    part = soft_least(distance / length, 0.56, 0.025)
    part = 0.94 - soft_least(0.94 - part, 0.0, 0.02)
    return shoulders() + line * (part * length / np.maximum(distance, 1e-6))


def _wrists(position: Array, angles: Array) -> Array:
    """Wrist orientations (T, 2, 4) of anatomical angles; elbows follow the hands, so a few rounds find both."""
    wrist = np.tile([1.0, 0.0, 0.0, 0.0], (*position.shape[:-1], 1))
    for _ in range(3):
        wrist = wrist_of_angles(neutral_of(position, wrist), angles)
    return wrist


def before_torso(position: Array) -> Array:
    """Keep wrists (..., 2, 3) out of the body, behind a soft wall before belly and chest, not far across."""
    position = position.copy()
    sign = np.array([1.0, -1.0])
    out = position[..., 0] * sign
    across, widest = sides(position[..., 1])
    out = soft_least(out, across, 0.03)
    out = widest - soft_least(widest - out, 0.0, 0.025)
    position[..., 0] = out * sign
    # In front of the trunk (half-width 0.16 m, depth 0.13 m) the wrist keeps 5 cm off; beside it there is no wall.
    beside = 1 / (1 + np.exp(-(out - 0.215) / 0.015))
    position[..., 2] = np.where(
        beside < 0.999,
        soft_least(position[..., 2], 0.165) * (1 - beside) + position[..., 2] * beside,
        position[..., 2],
    )
    return position


def _play(rest: Array, moves: list[Move], times: Array) -> Array:
    """(T, 26) controls: the sum of movements; those that overlap blend into curves (Flash and Henis 1991)."""
    controls = np.tile(rest, (len(times), 1))
    pose = rest
    for move in moves:
        change = move.pose - pose
        pose = move.pose
        profile = _PROFILES[move.phase]
        # Fingers set off on their own, yet a hand shape is nearly complete when the stroke begins.
        shape_seconds = 0.85 * move.duration if move.phase is Phase.PREPARATION else move.duration
        delays = np.concatenate([np.zeros(3), np.full(3, WRIST_LAG), np.repeat(move.lags, 4)])
        seconds = np.concatenate([np.full(6, move.duration), np.full(POSE_SIZE - 6, shape_seconds)])
        first = np.searchsorted(times, move.start + delays.min())
        last = np.searchsorted(times, move.start + (delays + seconds).max())
        part = np.clip((times[first:last, None] - move.start - delays) / seconds, 0, 1)
        controls[first:last] += change * profile(part)
        controls[last:] += change
        part = part[:, :1]
        controls[first:last, :3] += move.bow * (16 * (part * (1 - part)) ** 2)
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


def _drag(controls: Array, rate: float) -> None:
    """Let hands (T, 2, 26) trail behind their wrists, and fingers behind hands, in place: nothing that moves is stiff.

    Which way a hand gives way depends on how it is held: up and down where the palm is level, in and out where it is
    upright, and then up and down towards thumb or little finger.
    """
    velocity = np.gradient(controls[:, :, :3], axis=0) * rate
    turned = np.radians(np.clip(controls[:, :, 3], -90, 90))
    along = velocity[..., 1] * np.sin(turned) + velocity[..., 0] * np.cos(turned)
    across = -velocity[..., 1] * np.cos(turned)

    def trailing(signal: Array, degrees: float, seconds: float) -> Array:
        return _MOST_DRAG * np.tanh(degrees * _delayed(signal, seconds * rate) / _MOST_DRAG)

    controls[:, :, 4] += trailing(along, _WRIST_DRAG, _DRAG_SECONDS)
    controls[:, :, 5] += trailing(across, 0.5 * _WRIST_DRAG, _DRAG_SECONDS)
    controls[:, :, 6:22:4] += trailing(along, _KNUCKLE_DRAG, _FINGER_DRAG_SECONDS)[..., None]


def _delayed(signal: Array, samples: float) -> Array:
    """(T, 2) smoothed and delayed by about `samples`."""
    from scipy.ndimage import gaussian_filter1d, shift

    smooth = gaussian_filter1d(signal, 0.6 * samples, axis=0, mode="nearest")
    return np.asarray(shift(smooth, (samples, 0), order=1, mode="nearest"))


_RESTING_LIFE = 0.3  # how much of it is left in hands that rest
_LIFE_SECONDS = 0.5  # in which it comes and goes


def _idle(
    controls: Array, times: Array, rate: float, idle: float, fingers: float, random: np.random.Generator
) -> Array:
    """(T, 2, 26) sway, breath and the life of fingers: less in hands that rest, and of both alike where they touch."""
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    size = np.concatenate([np.array([0.011, 0.011, 0.010, 7.0, 5.0, 3.0]) * idle, np.zeros(POSE_SIZE - 6)])
    finger = np.concatenate([np.tile([4.5, 5.5, 0.0, 2.2], 4), [3.5, 3.5, 3.5, 4.5]])
    size[6:] = finger * fingers
    slow = np.concatenate([np.full(3, 0.35), np.full(3, 0.5), np.full(20, 0.75)])
    sway = np.zeros((len(times), 2, POSE_SIZE))
    for _ in range(4):
        frequency = slow * np.exp(random.normal(0, 0.5, (2, POSE_SIZE)))
        phase = random.uniform(0, 2 * np.pi, (2, POSE_SIZE))
        sway += np.sin(2 * np.pi * frequency * times[:, None, None] + phase) * (size / np.sqrt(2))
    # Neighbouring fingers go along with each other to some degree, and end joints with middle ones.
    knuckles = sway[:, :, 6:22:4]
    sway[:, :, 6:22:4] = 0.8 * knuckles + 0.35 * np.roll(knuckles, 1, axis=2)
    sway[:, :, 8:22:4] = 0.62 * sway[:, :, 7:22:4]
    speed = np.linalg.norm(np.gradient(controls[:, :, :3], axis=0), axis=-1) * rate
    moving = maximum_filter1d(speed, round(2 * _LIFE_SECONDS * rate) + 1, axis=0, mode="nearest")
    alive = gaussian_filter1d(np.clip(moving / 0.15, 0, 1), 0.4 * _LIFE_SECONDS * rate, axis=0, mode="nearest")
    sway *= (_RESTING_LIFE + (1 - _RESTING_LIFE) * alive)[..., None]
    # Hands that touch sway as one.
    apart = np.linalg.norm(
        controls[:, 0, :3] * [1.0, 1.0, 1.0] - controls[:, 1, :3] * [-1.0, 1.0, 1.0], axis=-1, keepdims=True
    )
    touching = np.clip((0.2 - apart) / 0.06, 0, 1)[..., None]
    shared = sway[:, :1, :3] * [[[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]]] * 0.5
    sway[..., :3] = touching * shared + (1 - touching) * sway[..., :3]
    sway[..., 3:] *= 1 - 0.8 * touching
    breath = 0.0018 * np.sin(2 * np.pi * random.uniform(0.2, 0.3) * times + random.uniform(0, 6.3))
    sway[:, :, 1] += breath[:, None]
    return sway
