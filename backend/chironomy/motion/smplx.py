# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPL-X and SMPL+H joint rotations as hand motion, and back.

Files come in three layouts, which are read alike: `poses` of SMPL-X (165 numbers a frame: BEAT2, EMAGE, TalkSHOW) or of
SMPL+H (156: AMASS); one field a part of the body as AMASS names them (`root_orient`, `pose_body`, `pose_hand`); or as
the Python package smplx does (`global_orient`, `body_pose`, `left_hand_pose`, `right_hand_pose`).

Which hand the fingers are relative to is a convention that files rarely name: the flat hand (MoSh++ and AMASS store
so), or the model's mean hand (smplx's `flat_hand_mean=False`; all of EMAGE's code evaluates BEAT2 so). It is measured:
talking people's middle finger joints are bent by 30 to 45 degrees, those of the mean hand by 30 to 43, so that numbers
relative to the mean hand lie about zero.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation as quaternion
from chironomy.motion.arm import NOMINAL_ARM, ArmBones, arms_of_wrists, wrists_of_arms
from chironomy.motion.errors import MotionError
from chironomy.motion.hand_motion import HandMotion, checked_array, checked_fps
from chironomy.reading import Arrays

Array = NDArray[np.float64]

JOINTS = 55
"""Of SMPL-X: pelvis and 21 of the body, jaw, two eyes, 15 of the left hand, 15 of the right."""

HAND_STARTS = (25, 40)
"""Where each hand's 15 joints begin."""

RELATIVE_BELOW = float(np.deg2rad(15.0))
"""Mean bend of the middle finger joints below which fingers are taken to be relative to the model's mean hand."""

STANDS_IN = "its fingers are relative to SMPL-X's mean hand, for which a relaxed hand stands in"
"""What a motion says of itself in `source["note"]` where that is so and the model file was not given."""

_HAND_JOINTS = 15
_BODY_JOINTS = 22
# Collar, shoulder, elbow and wrist of the left and the right arm.
_ARMS = [[13, 16, 18, 20], [14, 17, 19, 21]]
FRAME_RATES = ("mocap_frame_rate", "mocap_framerate", "fps", "frame_rate", "framerate")
"""What files call their frames a second."""
# The middle joints of the four fingers among a hand's 15, in MANO's order, and the way a hand's fingers bend: about z.
_MIDDLE_JOINTS = (1, 4, 7, 10)
_BEND = np.array([-1.0, 1.0])
# Where SMPL-X has jaw and eyes, SMPL+H has nothing.
_OF_SMPLH = [*range(_BODY_JOINTS), *range(HAND_STARTS[0], JOINTS)]
# Each layout's fields: name, its first joint, how many joints; the first must be there.
_PARTS = (
    (("pose_body", 1, 21), ("root_orient", 0, 1), ("pose_hand", HAND_STARTS[0], 30)),
    (
        ("body_pose", 1, 21),
        ("global_orient", 0, 1),
        ("left_hand_pose", HAND_STARTS[0], _HAND_JOINTS),
        ("right_hand_pose", HAND_STARTS[1], _HAND_JOINTS),
    ),
)
_LARGEST_ANGLE = 1e3  # radians: trackers add turns up, but not hundreds of them
# Degrees by which the joints of a relaxed finger are bent, knuckle first: the middle of where the mean hand's are.
_RELAXED = (15.0, 35.0, 20.0)


def motion_of_smplx(
    poses: ArrayLike,
    fps: float,
    bones: ArmBones = NOMINAL_ARM,
    hand_mean: ArrayLike | None = None,
    confidence: ArrayLike | None = None,
    source: dict[str, Any] | None = None,
) -> HandMotion:
    """Return the hands of joint rotations.

    Args:
        poses: (T, 165) or (T, 55, 3) rotation vectors in SMPL-X's order, or (T, 156) or (T, 52, 3) in SMPL+H's.
        fps: frames a second.
        bones: the arm's bones.
        hand_mean: (2, 45) rotation vectors to add to the fingers, as of `load_smplx`.
        confidence: (T, 2); 1 where it is not given.
        source: what the motion was made from.

    Raises:
        MotionError: a field is not what it must be; the sentence says which.
    """
    vectors = _vectors(np.asarray(poses))
    frames = len(vectors)
    fingers = np.stack([vectors[:, start : start + _HAND_JOINTS] for start in HAND_STARTS], axis=1)
    if hand_mean is not None:
        fingers = fingers + checked_array("hand_mean", hand_mean, (2, 45)).reshape(2, _HAND_JOINTS, 3)
    arms = quaternion.from_rotation_vector(vectors[:, np.array(_ARMS)])
    position, orientation = wrists_of_arms(arms, bones)
    rotation = np.concatenate([orientation[:, :, None], quaternion.from_rotation_vector(fingers)], axis=2)
    return HandMotion(
        fps=checked_fps(fps),
        wrist_position=position,
        rotation=rotation,
        confidence=np.ones((frames, 2)) if confidence is None else np.asarray(confidence),
        source=source or {},
    )


LAYOUTS = ("beat2", "amass", "smplh", "smplx")
"""In which files are written: BEAT2's, AMASS's of SMPL-X and of SMPL+H, and the parameters of the package smplx."""


def smplx_of_motion(motion: HandMotion, bones: ArmBones = NOMINAL_ARM, layout: str = LAYOUTS[0]) -> dict[str, Any]:
    """Return the fields of a file; see `save_smplx`.

    Raises:
        MotionError: there is no such layout.
    """
    frames = motion.frame_count
    poses = np.zeros((frames, JOINTS, 3))
    arms = arms_of_wrists(motion.wrist_position, motion.rotation[:, :, 0], bones)
    for hand, start in enumerate(HAND_STARTS):
        poses[:, _ARMS[hand]] = quaternion.to_rotation_vector(arms[:, hand])
        poses[:, start : start + _HAND_JOINTS] = quaternion.to_rotation_vector(motion.rotation[:, hand, 1:])
    still = np.zeros((frames, 3))
    told: dict[str, Any] = {"gender": "neutral", "flat_hand_mean": True, "confidence": motion.confidence}
    if layout == "beat2":
        return {
            "poses": poses.reshape(frames, -1),
            "trans": still,
            "betas": np.zeros(300),
            "expressions": np.zeros((frames, 100)),
            "mocap_frame_rate": motion.fps,
        } | told
    if layout == "smplx":
        parts = {"global_orient": (0, 1), "body_pose": (1, 21), "jaw_pose": (22, 1), "leye_pose": (23, 1)}
        parts |= {"reye_pose": (24, 1), "left_hand_pose": (HAND_STARTS[0], 15), "right_hand_pose": (HAND_STARTS[1], 15)}
        return {
            **{name: poses[:, first : first + count].reshape(frames, -1) for name, (first, count) in parts.items()},
            "transl": still,
            "betas": np.zeros((1, 10)),
            "expression": np.zeros((frames, 10)),
            "mocap_frame_rate": motion.fps,
        } | told
    # AMASS has z up: the person is turned about x to stand.
    poses[:, 0, 0] = np.pi / 2.0
    if layout == "smplh":
        return {
            "poses": poses[:, _OF_SMPLH].reshape(frames, -1),
            "trans": still,
            "betas": np.zeros(16),
            "dmpls": np.zeros((frames, 8)),
            "mocap_framerate": motion.fps,
        } | told
    if layout == "amass":
        parts = {"root_orient": (0, 1), "pose_body": (1, 21), "pose_jaw": (22, 1), "pose_eye": (23, 2)}
        parts |= {"pose_hand": (HAND_STARTS[0], 30)}
        return {
            **{name: poses[:, first : first + count].reshape(frames, -1) for name, (first, count) in parts.items()},
            "poses": poses.reshape(frames, -1),
            "trans": still,
            "betas": np.zeros(16),
            "num_betas": 16,
            "surface_model_type": "smplx",
            "mocap_frame_rate": motion.fps,
            "mocap_time_length": motion.duration,
        } | told
    raise MotionError(f"there is no layout {layout!r}; choose one of {', '.join(LAYOUTS)}")


def is_smplx(fields: Arrays) -> bool:
    """Whether the fields of a file are of one of the layouts."""
    return "poses" in fields or any(layout[0][0] in fields for layout in _PARTS)


def motion_of_fields(
    fields: Arrays, name: str, bones: ArmBones = NOMINAL_ARM, hand_mean: ArrayLike | None = None
) -> HandMotion:
    """Return the hands of a file's fields, of any of the layouts.

    Args:
        fields: of the file.
        name: of the file, for the motion's source.
        bones: the arm's bones.
        hand_mean: as of `load_smplx`.

    Raises:
        MotionError: a field is missing or not what it must be; the sentence says which.
    """
    poses = fields.numbers("poses") if "poses" in fields else _joined(fields)
    rates = [rate for rate in FRAME_RATES if rate in fields]
    if not rates:
        raise MotionError(
            f"{fields.about.name} has no field {' or '.join(FRAME_RATES[:2])}, so its frame rate is unknown; add the "
            "field"
        )
    rate = checked_fps(fields.number(rates[0]))
    source: dict[str, Any] = {"file": name, "kind": "smplx"}
    if "source" in fields:
        source = fields.json("source")
    if hand_mean is None and is_relative(fields, vectors := _vectors(poses), rate):
        source = {**source, "note": STANDS_IN} if isinstance(source, dict) else source
        return motion_of_smplx(vectors, rate, bones, relaxed_hands(), _confidence(fields), source)
    return motion_of_smplx(poses, rate, bones, hand_mean, _confidence(fields), source)


def finger_bend(vectors: Array, seen: NDArray[np.bool_]) -> tuple[float, int]:
    """Mean bend of the middle joints of the four fingers where hands are seen, radians, and how many frames that is.

    Args:
        vectors: (T, 55, 3) rotation vectors.
        seen: (T, 2).
    """
    total, count = 0.0, 0
    for hand, first in enumerate(HAND_STARTS):
        joints = [first + joint for joint in _MIDDLE_JOINTS]
        total += float((vectors[seen[:, hand]][:, joints, 2] * _BEND[hand]).mean(axis=1).sum())
        count += int(seen[:, hand].sum())
    return (total / count if count else 0.0), count


def relaxed_hands() -> Array:
    """Return (2, 45) rotation vectors of hands that hang at ease, which stand in for the model's mean hands."""
    bent = np.zeros((2, 5, 3, 3))
    # The thumb, last of the five, lies beside the palm as it is.
    bent[:, :4, :, 2] = _BEND[:, None, None] * np.deg2rad(_RELAXED)
    return bent.reshape(2, 45)


def _vectors(poses: NDArray[Any]) -> Array:
    """(T, 55, 3) of rotation vectors in SMPL-X's order or SMPL+H's."""
    counts = (JOINTS, len(_OF_SMPLH))
    if poses.ndim == 3 and poses.shape[1:] in [(count, 3) for count in counts]:
        poses = poses.reshape(len(poses), -1)
    if poses.shape[1:] in ((72,), (24, 3), (69,), (23, 3), (66,), (22, 3)):
        raise MotionError(
            f"poses has shape {poses.shape}: a body of SMPL, which has no fingers; choose a file of SMPL+H or SMPL-X"
        )
    frames = len(poses) if poses.ndim else 0
    joints = counts[1] if poses.shape[1:] == (3 * counts[1],) else counts[0]
    found = checked_array("poses", poses, (frames, 3 * joints)).reshape(frames, joints, 3)
    if np.abs(found).max() > _LARGEST_ANGLE:
        raise MotionError(f"poses holds {np.abs(found).max():g}; it must hold rotation vectors, in radians")
    if joints == JOINTS:
        return found
    vectors = np.zeros((frames, JOINTS, 3))
    vectors[:, _OF_SMPLH] = found
    return vectors


def _joined(fields: Arrays) -> Array:
    """(T, 165) of a file with one field a part of the body; parts that are not there are at rest."""
    layout = next(layout for layout in _PARTS if layout[0][0] in fields)
    frames, vectors = 0, np.zeros((0, JOINTS, 3))
    for name, first, joints in layout:
        if name not in fields and name not in (layout[0][0], *_hand_fields(layout)):
            continue
        part = fields.numbers(name)
        if name == layout[0][0]:
            frames = len(part) if part.ndim else 0
            vectors = np.zeros((frames, JOINTS, 3))
        if part.ndim < 2 or part.shape[0] != frames or part.size != frames * joints * 3:
            raise MotionError(
                f"{fields.about.name}: {name} has shape {part.shape}; it must be (frames, {3 * joints}), the rotation "
                f"vectors of {joints} joints, with the frames of {layout[0][0]}"
            )
        vectors[:, first : first + joints] = part.reshape(frames, joints, 3)
    return vectors.reshape(frames, -1)


def _hand_fields(layout: tuple[tuple[str, int, int], ...]) -> list[str]:
    return [name for name, first, _ in layout if first in HAND_STARTS]


def is_relative(fields: Arrays, vectors: Array, fps: float) -> bool:
    """Whether fingers are relative to the model's mean hand: as the file says, or else as is measured.

    Args:
        fields: of the file.
        vectors: (T, 55, 3) rotation vectors of its joints.
        fps: frames a second.

    Only fingers that move tell anything, and those of a second at least: a body without tracked hands has them all at
    zero, or held.
    """
    if "flat_hand_mean" in fields:
        return not fields.number("flat_hand_mean")
    seen = np.zeros((len(vectors), 2), bool)
    for hand, first in enumerate(HAND_STARTS):
        fingers = vectors[:, first : first + _HAND_JOINTS].reshape(len(vectors), -1)
        seen[1:, hand] = np.diff(fingers, axis=0).any(axis=1)
    bend, frames = finger_bend(vectors, seen)
    return frames >= fps and bend < RELATIVE_BELOW


def _confidence(fields: Arrays) -> NDArray[Any] | None:
    return fields.numbers("confidence") if "confidence" in fields else None
