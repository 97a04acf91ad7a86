# SPDX-License-Identifier: GPL-3.0-or-later
"""What torso, head and shoulders do while the hands speak: they lean after the strokes, nod on accents, and breathe.

The hands stay where they are in the frame of the body: wrists are targets in space, so the arms are solved anew from
the moved shoulders, the elbows in the planes of the same poles.

Everything is a sum of smooth curves and is low-passed, so nothing twitches: head movement in speech lies mostly below
4 Hz (Hadar, Steiner, Grant & Rose 1983, "Kinematics of head movements accompanying speech during conversation", classes
of 0.2 to 1.8 and 1.8 to 3.7 Hz). Turns of a few degrees are what speakers' heads make (Busso, Deng, Grimm, Neumann &
Narayanan 2007, "Rigid head motion in expressive speech animation"; Munhall et al. 2004, "Visual prosody and speech
intelligibility", on nods with pitch and loudness). Breath is drawn quickly, in pauses, and given slowly while speaking
(Rochet-Capellan & Fuchs 2013, "Changes in breathing while listening to read speech", and their earlier work on spoken
turns). How far the torso follows the hands is no published figure: it was set by eye, and small.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.errors import BodyError
from chironomy.body.ik import FARTHEST, NEAREST, arms_of_swivel, clamp_reach, elbow_pole
from chironomy.body.pose import BodyPose, hand_positions, hand_rotations, solve_pose
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

SPINE, NECK = ("spine", "chest", "upper_chest"), ("neck", "head")
"""Joints that share the torso's and the head's turn evenly, from below."""

_LOW_PASS_SECONDS = 0.05
"""Sigma of the Gaussian over all curves: at 4 Hz a half is left, at 8 Hz less than a twentieth."""

# Radians of torso a metre of the hands' middle aside (yaw) and forward (pitch), and of one hand above the other (roll);
# and the degrees that they never pass.
_FOLLOW = np.array([0.25, 0.42, 0.12])
_FOLLOW_LIMIT: Array = np.radians(np.array([2.5, 5.0, 2.0]))
_FOLLOW_SECONDS = 0.28

# Degrees of slow wandering: pitch, yaw and roll.
_SWAY, _SWAY_HERTZ = np.array([0.35, 0.7, 0.5]), (0.07, 0.28)
_WANDER, _WANDER_HERTZ = np.array([1.0, 1.7, 1.2]), (0.12, 0.6)

# The head keeps facing the lens when the torso turns, all but this part.
_HEAD_GOES_ALONG = 0.35

_HEAD_SHARE_OF_GAZE = 0.5

_NOD_DEGREES, _NOD_APART_SECONDS = 3.4, 0.42
_NOD_DOWN_SECONDS, _NOD_UP_SECONDS = 0.10, 0.20

_BREATH_SECONDS, _INHALE_SECONDS = (3.2, 5.0), 0.75
_BREATH_CHEST_DEGREES, _BREATH_SHOULDER_DEGREES = 0.55, 2.2

# The collar rises with a hand above the breast: a part of the scapula's share in raising the arm (Inman, Saunders &
# Abbott 1944, one degree for two of the arm's), most of which the bind pose of this character already has.
_SHRUG_DEGREES, _SHRUG_FROM, _SHRUG_TO = 7.0, -0.25, 0.15


def accompany(
    rig: Rig,
    motion: HandMotion,
    accents: tuple[ArrayLike, ArrayLike] = ((), ()),
    phrases: Sequence[tuple[float, float]] = (),
    lens: ArrayLike | None = None,
    seed: int = 0,
) -> Accompaniment:
    """Let torso, head and shoulders go with the hands and the voice.

    Args:
        rig: the character; where a wrist would come out of reach the turns are taken back.
        motion: the hands.
        accents: seconds of the accented syllables and their strengths, 0 to 1 (`chironomy.speech.pitch_accents`).
        phrases: begin and end in seconds of stretches of speech: breath is drawn between them.
        lens: (3,) metres in the frame of the body, whom the person speaks to; the head turns half of the way there and
            the eyes the rest (`chironomy.body.gaze`). None is straight ahead.
        seed: another seed wanders and breathes otherwise; the same one gives the same numbers.

    Raises:
        BodyError: accents are not two lists of one length, or the lens is no place.
    """
    times, strengths = (np.asarray(part, np.float64).reshape(-1) for part in accents)
    if len(times) != len(strengths):
        raise BodyError(f"there are {len(times)} accents with {len(strengths)} strengths; give one strength each")
    frames, fps = motion.frame_count, motion.fps
    now = np.arange(frames) / fps
    rng = np.random.default_rng(seed)

    follow = _follow(motion)
    torso = follow + np.radians(_wander(rng, now, _SWAY, _SWAY_HERTZ))
    breath = _breath(rng, now, phrases)
    torso[:, 0] -= np.radians(_BREATH_CHEST_DEGREES) * breath
    head = -(1.0 - _HEAD_GOES_ALONG) * follow + np.radians(_wander(rng, now, _WANDER, _WANDER_HERTZ))
    head[:, 0] += np.radians(_NOD_DEGREES) * _nods(now, times, strengths)
    if lens is not None:
        head += _HEAD_SHARE_OF_GAZE * _towards(rig, lens)
    raised = np.clip((motion.wrist_position[:, :, 1] - _SHRUG_FROM) / (_SHRUG_TO - _SHRUG_FROM), 0.0, 1.0)
    raised = raised * raised * (3 - 2 * raised)
    lift = np.radians(_SHRUG_DEGREES) * _smooth(raised, _FOLLOW_SECONDS * fps)
    lift += np.radians(_BREATH_SHOULDER_DEGREES) * breath[:, None]
    sigma = _LOW_PASS_SECONDS * fps
    torso, head, lift = (_smooth(curve, sigma) for curve in (torso, head, lift))
    # +z is forward: the left collar rises by a positive turn about it, the right by a negative one.
    shoulder = np.zeros((frames, 2, 3))
    shoulder[:, 0, 2], shoulder[:, 1, 2] = lift[:, 0], -lift[:, 1]
    made = Accompaniment(fps, *(quaternion.from_rotation_vector(turn) for turn in (torso, head, shoulder)))
    return made.scaled(_within_reach(rig, motion, made))


def accompanied_pose(rig: Rig, motion: HandMotion, accompaniment: Accompaniment) -> BodyPose:
    """The whole body for the motion of the hands on a torso that moves; see `chironomy.body.pose.solve_pose`.

    Wrists and fingers are those of `solve_pose`. Wrists beyond the reach of the moved shoulders are brought within it;
    `accompany` leaves none.

    Raises:
        BodyError: motion and accompaniment have not the same frames.
    """
    if accompaniment.frame_count != motion.frame_count or abs(accompaniment.fps - motion.fps) > 1e-6:
        raise BodyError(
            f"the accompaniment has {accompaniment.frame_count} frames at {accompaniment.fps:g} a second, but the "
            f"hands have {motion.frame_count} at {motion.fps:g}; make it from these hands"
        )
    pose = solve_pose(rig, motion)
    rotation, position = _middle(rig, accompaniment)
    still = [rig.index(name) for side in "LR" for name in (f"upper_leg.{side}", f"lower_leg.{side}", f"foot.{side}")]
    still += [rig.index(f"toes.{side}") for side in "LR"]
    rotation[:, still], position[:, still] = pose.joint_rotation[:, still], pose.joint_position[:, still]

    wrist = clamp_reach(rig, motion.wrist_position)
    pole = elbow_pole(rig, wrist, motion.rotation[:, :, 0])
    uppers = [rig.arm_joints(hand)[1] for hand in range(2)]
    shoulder = position[:, uppers]
    moved = shoulder - rig.joint_position[uppers]
    line = wrist - shoulder
    line /= np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-9)
    swivel = pole - shoulder
    swivel -= np.sum(swivel * line, axis=-1, keepdims=True) * line
    swivel /= np.maximum(np.linalg.norm(swivel, axis=-1, keepdims=True), 1e-9)
    arms = arms_of_swivel(rig, clamp_reach(rig, wrist - moved), motion.rotation[:, :, 0], swivel)
    for hand in range(2):
        _, upper, fore, twist, end = rig.arm_joints(hand)
        rotation[:, upper] = arms.upper_arm[:, hand]
        rotation[:, fore] = arms.forearm[:, hand]
        rotation[:, twist] = arms.forearm_twist[:, hand]
        position[:, fore] = arms.elbow[:, hand] + moved[:, hand]
        position[:, end] = arms.wrist_position[:, hand] + moved[:, hand]
        position[:, twist] = position[:, fore] + quaternion.apply(
            rotation[:, fore], rig.joint_position[twist] - rig.joint_position[fore]
        )
        joints = rig.hand_joints(hand)
        rotation[:, joints] = hand_rotations(rig, hand, motion.rotation[:, hand])
        position[:, joints] = hand_positions(rig, hand, rotation[:, joints], position[:, end])
    return BodyPose(motion.fps, rotation, position)


def _middle(rig: Rig, accompaniment: Accompaniment) -> tuple[Array, Array]:
    """World rotations and heads of all joints where only torso, head and collars are turned."""
    turns = {rig.index(name): _part(accompaniment.torso, len(SPINE)) for name in SPINE}
    turns |= {rig.index(name): _part(accompaniment.head, len(NECK)) for name in NECK}
    turns |= {rig.arm_joints(hand)[0]: accompaniment.shoulder[:, hand] for hand in range(2)}
    frames = accompaniment.frame_count
    rotation = np.tile(quaternion.IDENTITY, (frames, rig.joint_count, 1))
    position = np.tile(rig.joint_position, (frames, 1, 1))
    for joint, parent in enumerate(rig.parents):
        if parent >= 0:
            rotation[:, joint] = rotation[:, parent]
            away = rig.joint_position[joint] - rig.joint_position[parent]
            position[:, joint] = position[:, parent] + quaternion.apply(rotation[:, parent], away)
        if joint in turns:
            rotation[:, joint] = quaternion.multiply(rotation[:, joint], turns[joint])
    return rotation, position


def _towards(rig: Rig, lens: ArrayLike) -> Array:
    """(3,) radians of pitch (down), yaw and roll from straight ahead to the lens, as the eyes see it."""
    away = np.asarray(lens, np.float64)
    if away.shape != (3,) or not np.isfinite(away).all():
        raise BodyError(f"the lens is at {lens}; give three finite numbers, in metres")
    x, y, z = away - rig.joint_position[[rig.index("eye.L"), rig.index("eye.R")]].mean(axis=0)
    return np.array([-np.arctan2(y, np.hypot(x, z)), np.arctan2(x, z), 0.0])


def _part(turn: Array, sharers: int) -> Array:
    return quaternion.slerp(quaternion.IDENTITY, turn, np.full(len(turn), 1.0 / sharers))


def _within_reach(rig: Rig, motion: HandMotion, made: Accompaniment) -> Array:
    """(T,) how much of the turns leaves both wrists in reach, changing slowly."""
    wrist = clamp_reach(rig, motion.wrist_position)
    uppers = [rig.arm_joints(hand)[1] for hand in range(2)]
    reach = rig.arm_lengths.sum(axis=1)
    part = np.zeros(made.frame_count)
    for level in (0.25, 0.5, 0.75, 1.0):
        shoulder = _middle(rig, made.scaled(level))[1][:, uppers]
        distance = np.linalg.norm(wrist - shoulder, axis=-1)
        inside = ((distance > NEAREST * reach) & (distance < FARTHEST * reach)).all(axis=1)
        part = np.where(inside & (part == level - 0.25), level, part)
    if float(part.min()) == 1.0:
        return part
    width = max(1, round(0.3 * motion.fps))
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(part, 2 * width, mode="edge"), 2 * width + 1).min(axis=1)
    # A mean over the window of a minimum over the same window is never above the value in its middle.
    return np.lib.stride_tricks.sliding_window_view(lowest, 2 * width + 1).mean(axis=1)


def _follow(motion: HandMotion) -> Array:
    """(T, 3) radians of pitch, yaw and roll of a torso that goes after its hands."""
    sigma = _FOLLOW_SECONDS * motion.fps
    hands = _smooth(motion.wrist_position, sigma)
    middle = hands.mean(axis=1)
    usual = np.median(middle, axis=0)
    aim = np.stack(
        [
            _FOLLOW[0] * (middle[:, 2] - usual[2]),
            _FOLLOW[1] * middle[:, 0],
            _FOLLOW[2] * (hands[:, 0, 1] - hands[:, 1, 1]),
        ],
        axis=-1,
    )
    return _FOLLOW_LIMIT * np.tanh(aim / _FOLLOW_LIMIT)


def _wander(rng: np.random.Generator, now: Array, size: Array, hertz: tuple[float, float]) -> Array:
    """(T, 3) slow curves of standard deviation `size`: sines of random phase, spread evenly over the band."""
    waves = 7
    frequency = hertz[0] * (hertz[1] / hertz[0]) ** ((np.arange(waves)[:, None] + rng.uniform(size=(waves, 3))) / waves)
    phase = rng.uniform(0, 2 * np.pi, (waves, 3))
    # Larger turns are slower ones.
    weight = frequency**-0.5
    weight /= np.sqrt(0.5 * np.sum(weight**2, axis=0))
    return size * np.sum(weight * np.sin(2 * np.pi * frequency * now[:, None, None] + phase), axis=1)


def _nods(now: Array, times: Array, strengths: Array) -> Array:
    """(T,) 0 to 1: down to each accent that stands apart, and up again; of two that are near, the stronger."""
    kept: list[int] = []
    for index in np.argsort(-strengths, kind="stable"):
        if all(abs(times[index] - times[other]) >= _NOD_APART_SECONDS for other in kept):
            kept.append(int(index))
    curve = np.zeros(len(now))
    for index in sorted(kept):
        away = now - times[index]
        width = np.where(away < 0, _NOD_DOWN_SECONDS, _NOD_UP_SECONDS)
        curve = np.maximum(curve, strengths[index] * np.exp(-0.5 * (away / width) ** 2))
    return curve


def _breath(rng: np.random.Generator, now: Array, phrases: Sequence[tuple[float, float]]) -> Array:
    """(T,) 0 to 1: how full the lungs are; drawn in the pauses where these come in time."""
    end = float(now[-1]) + 1.0 if len(now) else 0.0
    pauses = np.array([stop for _, stop in phrases], np.float64)
    curve = np.zeros(len(now))
    time = float(rng.uniform(-2.0, 0.0))
    while time < end:
        length = float(rng.uniform(*_BREATH_SECONDS))
        near = pauses[(pauses > time + 0.6 * length) & (pauses < time + 1.5 * length)]
        if len(near):
            length = float(near[np.abs(near - (time + length)).argmin()]) - time
        since = (now - time) / length
        draw = min(_INHALE_SECONDS / length, 0.45)
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / draw, 0, 1))
        falling = 0.5 + 0.5 * np.cos(np.pi * np.clip((since - draw) / (1 - draw), 0, 1))
        curve += np.where((since >= 0) & (since < 1), np.where(since < draw, rising, falling), 0.0)
        time += length
    return curve


def _smooth(curve: Array, sigma: float) -> Array:
    """Gaussian smoothing along the first axis, sigma in frames; the ends are held."""
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    kernel /= kernel.sum()
    flat = curve.reshape(len(curve), -1)
    padded = np.pad(flat, ((reach, reach), (0, 0)), mode="edge")
    smoothed = np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=-1)
    return smoothed.reshape(curve.shape)
