# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPL-X joint rotations of a dataset as hand motion of this project's character.

Which hand a file's fingers are relative to is measured over all of a dataset's recordings, by
`chironomy.motion.smplx.finger_bend`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import load_rig
from chironomy.body.smplx_model import SmplxModel
from chironomy.gesture.datasets.recording import Poses
from chironomy.gesture.errors import GestureError
from chironomy.motion import smplx
from chironomy.motion.arm import ArmBones
from chironomy.motion.hand_motion import HandMotion

Array = NDArray[np.float64]

_HELD_SECONDS = 1.0


def character_bones() -> ArmBones:
    """The arms of this project's character, straight out sideways."""
    rig = load_rig()
    collar, shoulder = (rig.joint_position[rig.arm_joints(0)[number]] for number in (0, 1))
    upper, fore = (float(length) for length in rig.arm_lengths[0])
    x, y, z = (float(value) for value in shoulder - collar)
    return ArmBones(
        (float(collar[0]), float(collar[1]), float(collar[2])), (x, y, z), (upper, 0.0, 0.0), (fore, 0.0, 0.0)
    )


def hands_of_poses(poses: Poses, model: SmplxModel | None, relative: bool, source: dict[str, object]) -> HandMotion:
    """Place a recording's hands.

    With the person's SMPL-X model file, wrists are where that body's bones put them, and the space of the hands is then
    scaled by the ratio of the character's arms to that body's, so that reach means the same for all speakers and hands
    that touch still do, nearly. Without it the joint angles are given the character's own arms.

    Args:
        poses: of the recording.
        model: the person's SMPL-X model, if they have it.
        relative: whether fingers are relative to the model's mean hand.
        source: for the motion.

    Raises:
        GestureError: the mean hand is needed, and there is no model file.
    """
    if relative and model is None:
        raise GestureError(
            "these fingers are relative to SMPL-X's mean hand, which is in the model file alone; give it with --smplx"
        )
    mean = model.hand_mean if relative and model is not None else None
    bones, ours = character_bones() if model is None else model.arm_bones(poses.betas), character_bones()
    motion = smplx.motion_of_smplx(poses.rotation, poses.fps, bones, mean, poses.confidence, source)
    scale = _length(ours) / _length(bones)
    return motion if model is None else motion.replaced(wrist_position=motion.wrist_position * scale)


def seen_hands(rotation: Array, fps: float) -> tuple[Array, Array]:
    """Find where hands are missing from (T, 55, 3) rotation vectors.

    A hand is missing where a number of it or of its arm is not finite, where its fingers are all exactly zero, and
    where they do not change at all for a second, as trackers leave them when they lose a hand.

    Returns:
        The rotations with gaps filled from the nearest frames, and a confidence (T, 2) of 0 or 1.
    """
    frames = len(rotation)
    confidence = np.ones((frames, 2))
    finite = np.isfinite(rotation).all(axis=-1)
    for hand, first in enumerate(smplx.HAND_STARTS):
        fingers = np.nan_to_num(rotation[:, first : first + 15]).reshape(frames, -1)
        arm = [13 + hand, 16 + hand, 18 + hand, 20 + hand, *range(first, first + 15)]
        confidence[~finite[:, arm].all(axis=1) | ~fingers.any(axis=1), hand] = 0
        confidence[_held(fingers, max(2, round(_HELD_SECONDS * fps))), hand] = 0
    filled = rotation.copy()
    numbers = np.arange(frames)
    for joint in np.flatnonzero(~finite.all(axis=0)):
        good = np.flatnonzero(finite[:, joint])
        nearest = good[np.abs(numbers[:, None] - good[None]).argmin(axis=1)] if len(good) else None
        filled[:, joint] = 0.0 if nearest is None else rotation[nearest, joint]
    return filled, confidence


def finger_bend(poses: Poses) -> tuple[float, int]:
    """Mean bend of the middle joints of the four fingers where hands are seen, radians, and how many frames that is."""
    return smplx.finger_bend(poses.rotation, poses.confidence > 0)


def relative_to_mean(bends: Iterable[tuple[float, int]]) -> tuple[bool, float]:
    """Whether fingers are relative to the mean hand, by the mean bend (radians) over recordings, which is returned."""
    values = list(bends)
    frames = sum(count for _, count in values)
    mean = sum(bend * count for bend, count in values) / frames if frames else 0.0
    return frames > 0 and mean < smplx.RELATIVE_BELOW, mean


def _held(fingers: Array, frames: int) -> NDArray[np.bool_]:
    """(T,) where fingers are the same for at least so many frames."""
    same = np.concatenate([[False], ~np.diff(fingers, axis=0).any(axis=1)]) if len(fingers) > 1 else np.zeros(1, bool)
    held = np.zeros(len(fingers), bool)
    start = 0
    for frame in range(1, len(fingers) + 1):
        if frame == len(fingers) or not same[frame]:
            if frame - start >= frames:
                held[start:frame] = True
            start = frame
    return held


def _length(bones: ArmBones) -> float:
    return float(np.linalg.norm(bones.elbow) + np.linalg.norm(bones.wrist))
