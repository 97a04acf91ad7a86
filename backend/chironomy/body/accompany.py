# SPDX-License-Identifier: GPL-3.0-or-later
"""What hips, torso, head and shoulders do while the hands speak.

The hands stay where they are in the frame of the body: wrists are targets in space, so the arms are solved anew from
the moved shoulders, the elbows in the planes of the same poles; and the feet stay, so the legs are.

The trunk is composed of a stance, which changes now and then as a phrase begins, with the weight on one foot or the
other; of turns as phrases begin and at strong accents in long ones; of following the hands' middle, which leads it; and
of slow sway and breath. The head looks back to the listener against the trunk, turns and tilts a moment before it, and
nods on accents. How far is a matter of style (`chironomy.body.manner`) and of emotion (`chironomy.body.emotion`).

Everything is a sum of smooth curves and is low-passed, so nothing twitches: head movement in speech lies mostly below
4 Hz (Hadar, Steiner, Grant & Rose 1983, "Kinematics of head movements accompanying speech during conversation", classes
of 0.2 to 1.8 and 1.8 to 3.7 Hz), and shifts of posture go with new topics (Cassell, Nakano, Bickmore, Sidner & Rich
2001, "Non-verbal cues for discourse structure"). Heads nod with pitch and loudness (Munhall et al. 2004, "Visual
prosody and speech intelligibility"; Busso et al. 2007, "Rigid head motion in expressive speech animation"). Breath is
drawn quickly, in pauses, and given slowly while speaking (Rochet-Capellan & Fuchs 2013, "Changes in breathing while
listening to read speech", and their earlier work on spoken turns).
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.accompaniment import FIELDS, Accompaniment
from chironomy.body.collision import arm_penetration
from chironomy.body.emotion import Emotion, EmotionTrack, emotion_track
from chironomy.body.errors import BodyError
from chironomy.body.ik import FARTHEST, NEAREST, arms_of_swivel, clamp_reach, elbow_pole
from chironomy.body.listening import answers, turned_to
from chironomy.body.manner import STYLE, Manner, manner_of
from chironomy.body.pose import BodyPose, hand_positions, hand_rotations
from chironomy.body.rhythm import apart, breath, delayed, glides, pulses, smoothed, softly_limited, wander
from chironomy.body.rig import Rig
from chironomy.body.sitting import is_seated
from chironomy.body.standing import lowering, middle, shoulders
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

# Turns are pitch (forward), yaw (to the person's left) and roll (the left side up), in degrees unless said otherwise.

_LOW_PASS_SECONDS = 0.05
"""Sigma of the Gaussian over all curves: at 4 Hz a half is left, at 8 Hz less than a twentieth."""

_TRUNK_LIMIT, _HEAD_LIMIT = np.array([11.0, 26.0, 8.0]), np.array([16.0, 24.0, 12.0])
"""Turns of the chest and of the head in the frame of the body that are never passed."""

# Turns as phrases begin: their standard deviation, how long they take, and how long it is from one to the next.
_TURN, _TURN_SECONDS, _TURN_APART = np.array([1.6, 4.8, 1.5]), (0.6, 1.1), (1.3, 3.2)
_HEAD_TURN, _HEAD_TURN_SECONDS = np.array([2.2, 4.2, 3.0]), (0.38, 0.62)
_HEAD_LEADS = 0.12

# Swings from accent to accent, on which the trunk takes part in the strokes: likewise.
_SWING, _SWING_SECONDS = np.array([2.4, 3.5, 1.8]), (0.5, 0.8)
_HEAD_SWING, _HEAD_SWING_SECONDS = np.array([3.6, 4.5, 3.1]), (0.36, 0.55)
_SWING_LATE, _SWING_FARTHEST = 0.08, 1.2

# A stance: yaw of the hips, how far the weight goes to the side (metres), how far the standing hip rises, and the part
# of that which the chest takes back beyond upright.
_STANCE_YAW, _STANCE_SHIFT, _STANCE_ROLL, _STANCE_BACK = 3.4, 0.026, 1.6, 1.7
_STANCE_SECONDS = (0.9, 1.5)
_HIPS_PART = 0.22
"""Part of the trunk's yaw that the hips make."""

# How far the torso goes after the hands' middle (forward, aside) and their difference (forward, up), and how late.
_FOLLOW, _FOLLOW_SECONDS, _FOLLOW_LATE = np.array([2.6, 4.8, 1.8]), 0.14, 0.12
_FOLLOW_PLACE, _FOLLOW_LEAST = 0.08, 0.02

# Bows on strong accents, slow sway, and the head's own wandering.
_BOW, _BOW_SLOWER = np.array([1.1, 0.0, 0.0]), 1.6
_SWAY, _SWAY_HERTZ = np.array([0.5, 0.9, 0.6]), (0.06, 0.3)
_WANDER, _WANDER_HERTZ = np.array([0.9, 1.6, 1.2]), (0.12, 0.7)

_HEAD_GOES_ALONG = np.array([0.35, 0.30, 0.25])
"""The head keeps facing the lens when the trunk turns, all but this part."""

_NOD = 6.8
_STILL = 0.3
"""What is left of turning after the voice while nobody speaks."""

_BREATH_CHEST, _BREATH_SHOULDER = 0.55, 2.2

# The collar rises with a hand above the breast: a part of the scapula's share in raising the arm (Inman, Saunders &
# Abbott 1944, one degree for two of the arm's), most of which the bind pose of this character already has. It goes
# forward with a hand that reaches.
_SHRUG, _SHRUG_FROM, _SHRUG_TO = 7.0, -0.25, 0.15
_PROTRACT, _PROTRACT_FROM, _PROTRACT_TO = 7.0, 0.25, 0.55
_COLLAR_SECONDS = 0.2

# Parts of the arm's length: a trunk that moves away stretches no arm further than this, or than it was.
_STRETCH = 0.97

_SKIN = 0.004
"""Metres that a trunk which moves comes at most into hands and forearms: skin and cloth give way by more."""


def accompany(
    rig: Rig,
    motion: HandMotion,
    accents: tuple[ArrayLike, ArrayLike] = ((), ()),
    phrases: Sequence[tuple[float, float]] = (),
    lens: ArrayLike | None = None,
    seed: int = 0,
    style: str | Mapping[str, float] | None = None,
    emotion: Emotion | EmotionTrack | None = None,
    heard: Sequence[tuple[float, float]] = (),
) -> Accompaniment:
    """Let hips, torso, head and shoulders go with the hands and the voice.

    Args:
        rig: the character; where a wrist would come out of reach, or the body into an arm, the turns are taken back.
        motion: the hands. Of whoever sits (`chironomy.body.sitting.is_seated`) the hips stay where they are.
        accents: seconds of the accented syllables and their strengths, 0 to 1 (`chironomy.speech.pitch_accents`).
        phrases: begin and end in seconds of stretches of speech: breath is drawn between them.
        lens: (3,) or (T, 3) metres in the frame of the body, whom the person looks at; the head turns half of the way
            there, farther to what is far aside, and the eyes the rest (`chironomy.body.gaze`). None is straight ahead.
        seed: another seed turns, wanders and breathes otherwise; the same one gives the same numbers.
        style: name or weights, as of gestures; see `chironomy.body.manner`.
        emotion: see `chironomy.body.emotion.emotion_track`.
        heard: begin and end in seconds of what others say: the head nods as they pause (`chironomy.body.listening`).

    Raises:
        BodyError: accents are not two lists of one length, the lens is no place, or there is no such emotion.
    """
    times, strengths = (np.asarray(part, np.float64).reshape(-1) for part in accents)
    if len(times) != len(strengths):
        raise BodyError(f"there are {len(times)} accents with {len(strengths)} strengths; give one strength each")
    frames, fps = motion.frame_count, motion.fps
    now = np.arange(frames) / fps
    felt = emotion if isinstance(emotion, EmotionTrack) else emotion_track(emotion)
    manner = manner_of(style)
    # Two styles are two performances, of one seed, too.
    rng = np.random.default_rng([seed, zlib.crc32(repr(style or STYLE).encode())])
    # Each part has its own numbers, so that one accent more changes nothing of the rest.
    moments, standing, going, to_and_fro, nodding, lungs_own, own, answering = rng.spawn(8)
    score = _Score(moments, now, times, strengths, phrases, manner, felt)

    size = manner.trunk * felt.mixed("movement", now)[:, None]
    stance, shift = _stance(standing, score)
    turning, head_turning = _turns(going, score)
    swinging, head_swinging = _swings(to_and_fro, score)
    following = _follow(motion, now)
    bows = pulses(now, times[score.strong], strengths[score.strong, None] * _BOW * manner.nods, _BOW_SLOWER)
    trunk = size * (score.speaking * (turning + swinging + bows) + following) + stance
    trunk += wander(own, now, _SWAY * manner.trunk, _SWAY_HERTZ)
    lungs = breath(lungs_own, now, phrases)
    towards = None if lens is None else turned_to(rig, lens, frames, fps)
    if towards is not None:
        trunk += towards.trunk
    trunk[:, 0] += manner.lean + felt.mixed("chest", now) - _BREATH_CHEST * lungs
    trunk = softly_limited(trunk, _TRUNK_LIMIT)

    head_size = manner.head * np.sqrt(felt.mixed("movement", now))[:, None]
    head = _HEAD_GOES_ALONG * trunk
    head += head_size * score.speaking * (head_turning + head_swinging + _nods(nodding, score))
    head += wander(own, now, _WANDER * manner.head, _WANDER_HERTZ)
    head[:, 0] += (1.0 - _HEAD_GOES_ALONG[0]) * felt.mixed("chest", now) + felt.mixed("head", now)
    head[:, 2] += (1.0 if own.uniform() < 0.5 else -1.0) * felt.mixed("tilt", now)
    head = softly_limited(head, _HEAD_LIMIT)
    if heard:
        head = head + manner.nods * answers(answering, now, heard, phrases)
    if towards is not None:
        head = head + towards.head

    shoulder = _collars(rig, motion, now)
    shoulder[..., 0] += (felt.mixed("shoulders", now) + _BREATH_SHOULDER * lungs)[:, None]
    shoulder[..., 1] += felt.mixed("forward", now)[:, None]

    sigma = _LOW_PASS_SECONDS * fps
    trunk, head, shoulder, shift = (smoothed(curve, sigma) for curve in (trunk, head, shoulder, shift))
    hips = np.zeros_like(trunk)
    seated = is_seated(motion)
    if seated:  # nobody steps from foot to foot: the hips bear the weight where they are
        shift = np.zeros(frames)
    else:
        hips[:, 1] = _HIPS_PART * trunk[:, 1] + 0.5 * smoothed(stance[:, 1], sigma)
        hips[:, 2] = -smoothed(stance[:, 2], sigma) / _STANCE_BACK
    hips_turn, chest, face = (quaternion.from_rotation_vector(np.radians(turn)) for turn in (hips, trunk, head))
    place = np.stack([shift, np.zeros(frames), np.zeros(frames)], axis=-1)
    if not seated:
        place[:, 1] = -lowering(rig, hips_turn, place)
    # +z is forward: the left collar rises by a positive turn about it and goes forward by a negative one about y.
    collar = np.zeros((frames, 2, 3))
    collar[:, 0, 1], collar[:, 1, 1] = -shoulder[:, 0, 1], shoulder[:, 1, 1]
    collar[:, 0, 2], collar[:, 1, 2] = shoulder[:, 0, 0], -shoulder[:, 1, 0]
    made = Accompaniment(
        fps,
        quaternion.multiply(quaternion.inverse(hips_turn), chest),
        face,
        quaternion.from_rotation_vector(np.radians(collar)),
        hips_turn,
        place,
        seated,
    )
    made = made.scaled(_eased(rig, motion, made))
    # The head is where it wants to be, however much of the trunk's turn is left.
    chest = quaternion.multiply(made.hips, made.torso)
    return replace(made, head=quaternion.multiply(quaternion.inverse(chest), face))


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
    rotation, position = middle(rig, accompaniment)
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


class _Score:
    """When there is something to move for.

    Attributes:
        now: (T,) seconds.
        times, strengths: (N,) the accents that stand apart.
        strong: indices of the stronger of all accents, for the trunk.
        begins: seconds at which phrases begin.
        moments: seconds at which the body turns: as phrases begin, and on accents within long ones.
        speaking: (T, 1) `_STILL` in silence to 1 in speech.
        manner, felt: how.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        now: Array,
        times: Array,
        strengths: Array,
        phrases: Sequence[tuple[float, float]],
        manner: Manner,
        felt: EmotionTrack,
    ) -> None:
        self.now, self.manner, self.felt = now, manner, felt
        nods = apart(times, strengths)
        self.times, self.strengths = times[nods], strengths[nods]
        self.strong = np.array(apart(times, strengths, 1.1), np.intp)
        self.phrases = phrases
        self.begins = np.array([begin for begin, _ in phrases], np.float64)
        speaking = np.zeros(len(now))
        for begin, end in phrases:
            speaking[np.searchsorted(now, begin - 0.3) : np.searchsorted(now, end)] = 1.0
        fps = 1.0 / (now[1] - now[0]) if len(now) > 1 else 24.0
        self.speaking = _STILL + (1.0 - _STILL) * smoothed(speaking, 0.22 * fps)[:, None]
        self.moments = np.array(self._moments(rng), np.float64)

    def tempo(self, time: float) -> float:
        """How fast things are done at a time, 1 being usual."""
        return float(self.manner.tempo * self.felt.mixed("tempo", [time])[0])

    def _moments(self, rng: np.random.Generator) -> list[float]:
        moments: list[float] = []
        low, high = _TURN_APART
        for begin, end in self.phrases:
            if not moments or begin - moments[-1] > 0.6 * low:
                moments.append(begin)
            inside = self.times[(self.times > begin) & (self.times < end - 0.4)]
            gap = float(rng.uniform(low, high)) / self.tempo(begin)
            for time in inside:
                if time - moments[-1] > gap:
                    moments.append(float(time))
                    gap = float(rng.uniform(low, high)) / self.tempo(float(time))
        return moments


def _stance(rng: np.random.Generator, score: _Score) -> tuple[Array, Array]:
    """(T, 3) degrees of the chest and (T,) metres of the hips to the left: weight on one foot or the other."""
    manner = score.manner
    side = 1.0 if rng.uniform() < 0.5 else -1.0
    goals, begins, lengths = [], [], []

    def stance() -> list[float]:
        weight = side * float(rng.uniform(0.45, 1.0)) * manner.weight
        yaw = float(np.clip(rng.normal(), -1.8, 1.8)) * _STANCE_YAW * manner.trunk
        # Now and then the turn goes with the weight, now and then against it, rarely twice the same way.
        if goals and yaw * goals[-1][0] > 0.0 and rng.uniform() < 0.75:
            yaw = -yaw
        return [yaw, weight]

    goals.append(stance())
    last = 0.0
    wait = float(rng.uniform(0.4, 1.3)) * manner.shift_seconds
    end = float(score.now[-1]) if len(score.now) else 0.0
    while True:
        wanted = last + wait / score.tempo(last)
        near = score.begins[(score.begins > last + 0.5 * (wanted - last)) & (score.begins < wanted + 2.5)]
        time = float(near[np.abs(near - wanted).argmin()]) if len(near) else wanted
        if time > end:
            break
        side = -side if rng.uniform() < 0.8 else side
        length = float(rng.uniform(*_STANCE_SECONDS)) / score.tempo(time)
        begins.append(time - 0.45 * length)
        lengths.append(length)
        goals.append(stance())
        last, wait = time, float(rng.uniform(0.6, 1.4)) * manner.shift_seconds
    curve = glides(score.now, begins, lengths, goals)
    chest = np.zeros((len(score.now), 3))
    chest[:, 1] = curve[:, 0]
    chest[:, 2] = -(_STANCE_BACK - 1.0) * _STANCE_ROLL * curve[:, 1]
    return chest, _STANCE_SHIFT * curve[:, 1]


def _turns(rng: np.random.Generator, score: _Score) -> tuple[Array, Array]:
    """(T, 3) degrees of trunk and of head that go somewhere else at every moment of the score, the head first."""
    trunk = (_TURN, _TURN_SECONDS, 0.0)
    return _together(rng, score, score.moments, trunk, (_HEAD_TURN, _HEAD_TURN_SECONDS, -_HEAD_LEADS))


def _swings(rng: np.random.Generator, score: _Score) -> tuple[Array, Array]:
    """(T, 3) degrees of trunk and of head that go to and fro from accent to accent."""
    times = []
    for begin, end in score.phrases:
        inside = [begin, *score.times[(score.times > begin) & (score.times < end)].tolist(), end]
        for first, second in pairwise(inside):
            # Where accents are far apart there are swings between them.
            steps = max(1, round((second - first) / _SWING_FARTHEST))
            times += [first + (second - first) * step / steps for step in range(steps)]
    trunk = (_SWING, _SWING_SECONDS, _SWING_LATE)
    return _together(rng, score, np.array(times), trunk, (_HEAD_SWING, _HEAD_SWING_SECONDS, 0.0))


def _together(
    rng: np.random.Generator,
    score: _Score,
    moments: Array,
    trunk: tuple[Array, tuple[float, float], float],
    head: tuple[Array, tuple[float, float], float],
) -> tuple[Array, Array]:
    """(T, 3) degrees of trunk and of head, each of a size, seconds and lateness; the head goes partly its own way."""
    shared, *owned = rng.spawn(3)
    draws = _somewhere_else(shared, len(moments) + 1)
    tempo = np.array([score.tempo(time) for time in moments])
    made = []
    for (size, seconds, late), own, numbers in zip((trunk, head), (0.0, 0.75), owned, strict=True):
        goals = (np.sqrt(1.0 - own**2) * draws + own * _somewhere_else(numbers, len(moments) + 1)) * size
        lengths = numbers.uniform(*seconds, len(moments)) / tempo
        made.append(glides(score.now, moments - 0.5 * lengths + late, lengths, goals))
    return made[0], made[1]


def _somewhere_else(rng: np.random.Generator, count: int) -> Array:
    """(count, 3) numbers of standard deviation near 1, in yaw mostly on the other side of the one before."""
    places, sides = rng.spawn(2)
    draws = np.clip(places.normal(size=(count, 3)), -1.9, 1.9)
    draws += 0.25 * np.sign(draws)
    for row in range(1, count):
        if draws[row, 1] * draws[row - 1, 1] > 0.0 and sides.uniform() < 0.6:
            draws[row, 1] = -draws[row, 1]
    return draws


def _nods(rng: np.random.Generator, score: _Score) -> Array:
    """(T, 3) degrees: on accents the head goes down, seldom up, with a little turn and tilt of its own."""
    count = len(score.times)
    size = _NOD * score.manner.nods * score.strengths * rng.uniform(0.65, 1.15, count)
    way = np.stack([np.ones(count), rng.normal(0.0, 0.3, count), rng.normal(0.0, 0.35, count)], axis=-1)
    way[rng.uniform(size=count) < 0.12, 0] = -0.7
    return pulses(score.now, score.times, size[:, None] * way)


def _follow(motion: HandMotion, now: Array) -> Array:
    """(T, 3) degrees of pitch, yaw and roll of a torso that goes after its hands.

    Small movements of the hands move it less than in proportion, and large ones, too: it takes part, and stays upright.
    """
    hands = smoothed(motion.wrist_position, _FOLLOW_SECONDS * motion.fps)
    mean, apart_by = hands.mean(axis=1), hands[:, 0] - hands[:, 1]
    aim = np.stack([mean[:, 2], mean[:, 0] - 0.35 * apart_by[:, 2], apart_by[:, 1]], axis=-1)
    aim -= np.median(aim, axis=0)
    spread = np.maximum(aim.std(axis=0), _FOLLOW_LEAST) if len(aim) else np.ones(3)
    turned = _FOLLOW * np.tanh(aim / np.sqrt(spread * _FOLLOW_PLACE))
    return delayed(turned, now, _FOLLOW_LATE) if len(now) else turned


def _collars(rig: Rig, motion: HandMotion, now: Array) -> Array:
    """(T, 2, 2) degrees by which the collars are raised and drawn forward by their hands."""
    wrist = motion.wrist_position
    reach = wrist[..., 2] - rig.joint_position[[rig.arm_joints(hand)[1] for hand in range(2)], 2]
    parts = np.stack(
        [
            (wrist[..., 1] - _SHRUG_FROM) / (_SHRUG_TO - _SHRUG_FROM),
            (reach - _PROTRACT_FROM) / (_PROTRACT_TO - _PROTRACT_FROM),
        ],
        axis=-1,
    )
    parts = np.clip(parts, 0.0, 1.0)
    parts = parts * parts * (3.0 - 2.0 * parts)
    return smoothed(parts * np.array([_SHRUG, _PROTRACT]), _COLLAR_SECONDS * motion.fps)


def _eased(rig: Rig, motion: HandMotion, made: Accompaniment) -> Array:
    """(T,) how much of the turns leaves the wrists in reach and the arms out of the body, changing slowly."""
    part = np.minimum(_within_reach(rig, motion, made), _clear_of_arms(rig, motion, made))
    if part.min(initial=1.0) == 1.0:
        return part
    width = max(1, round(0.3 * motion.fps))
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(part, 2 * width, mode="edge"), 2 * width + 1).min(axis=1)
    # A mean over the window of a minimum over the same window is never above the value in its middle.
    weight = np.hanning(2 * width + 3)[1:-1]
    return np.lib.stride_tricks.sliding_window_view(lowest, 2 * width + 1) @ (weight / weight.sum())


def _largest(out: NDArray[np.bool_], held: Callable[[float], NDArray[np.bool_]]) -> Array:
    """(T,) 1, or where it is out the largest eighth of the turns up to which all are held."""
    part = np.ones(len(out))
    if not out.any():
        return part
    free = out.copy()
    part[out] = 0.0
    for level in np.arange(1, 8) / 8.0:
        free &= held(level)
        part[free] = level
    return part


def _within_reach(rig: Rig, motion: HandMotion, made: Accompaniment) -> Array:
    """(T,) how much of the turns leaves both wrists in reach without overstretching an arm."""
    wrist = clamp_reach(rig, motion.wrist_position)
    bind = rig.joint_position[[rig.arm_joints(hand)[1] for hand in range(2)]]
    reach = rig.arm_lengths.sum(axis=1)
    before = np.linalg.norm(wrist - bind, axis=-1)
    farthest = np.minimum(np.maximum(before, _STRETCH * reach), FARTHEST * reach) + 1e-9
    nearest = np.minimum(before, 1.02 * NEAREST * reach) - 1e-9

    def held(part: float) -> NDArray[np.bool_]:
        distance = np.linalg.norm(wrist - shoulders(rig, made.scaled(part)), axis=-1)
        return ((distance <= farthest) & (distance >= nearest)).all(axis=1)

    return _largest(~held(1.0), held)


def _clear_of_arms(rig: Rig, motion: HandMotion, made: Accompaniment) -> Array:
    """(T,) how much of the turns brings the body no deeper into hands and forearms than skin gives way."""
    # The trunk goes slowly: it is looked at some twelve times a second.
    step = max(1, round(motion.fps / 12.0))

    def depth(rows: NDArray[np.intp], part: float) -> Array:
        hands = motion.replaced(
            wrist_position=motion.wrist_position[rows],
            rotation=motion.rotation[rows],
            confidence=motion.confidence[rows],
        )
        body = replace(made, **{field: getattr(made, field)[rows] for field in FIELDS}).scaled(part)
        return arm_penetration(rig, accompanied_pose(rig, hands, body)).max(axis=1)

    looked_at = np.arange(0, made.frame_count, step)
    into = looked_at[depth(looked_at, 1.0) > _SKIN] if len(looked_at) else looked_at
    if not len(into):
        return np.ones(made.frame_count)
    # What the hands do by themselves is not the trunk's to mend.
    allowed = np.maximum(depth(into, 0.0) + 1e-4, _SKIN)
    part = np.ones(made.frame_count)
    eased = _largest(np.ones(len(into), np.bool_), lambda level: depth(into, level) <= allowed)
    for beside in range(step):
        rows = np.minimum(into + beside, made.frame_count - 1)
        part[rows] = np.minimum(part[rows], eased)
    return part
