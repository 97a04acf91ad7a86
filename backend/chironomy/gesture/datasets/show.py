# SPDX-License-Identifier: GPL-3.0-or-later
"""SHOW, the dataset of TalkSHOW: `speaker/video/clip/clip.pkl` beside `clip.wav`, in any of its published layouts.

A clip lies below its speaker and its video, with or without a folder of its own and with or without a folder `train`,
`val` or `test` above or below. Its pickle holds `body_pose_axis` (T, 21, 3), `left_hand_pose` and `right_hand_pose`
(T, 12) coefficients of principal components relative to the model's mean hand (or (T, 45) rotation vectors), `betas`,
`global_orient`, `transl` and the camera, 30 frames a second (tools/datasets/README.md of yhw-yhw/SHOW). Those
components are in the SMPL-X model file alone.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.mano import ArrayUnpickler
from chironomy.body.smplx_model import SmplxModel
from chironomy.errors import ChironomyError
from chironomy.gesture.datasets.recording import Format, Poses, Recording, part_of
from chironomy.gesture.datasets.smplx_hands import hands_of_poses, seen_hands
from chironomy.gesture.errors import GestureError
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.reading import DAMAGE

Array = NDArray[np.float64]

_FPS = 30.0
_PARTS = {"train": "train", "val": "validation", "test": "test"}
_SPINE, _COLLARS, _SHOULDERS, _ELBOWS, _WRISTS = (3, 6, 9), (13, 14), (16, 17), (18, 19), (20, 21)
_HAND_LENGTH = 0.09  # metres from the wrist to the middle of the hand, which must be in the picture


def find(folder: Path) -> list[Recording]:
    """All clips that have both motion and speech.

    Raises:
        GestureError: there is none.
    """
    recordings = []
    for motion in sorted(folder.rglob("*.pkl")):
        speech = motion.with_suffix(".wav")
        inside = motion.relative_to(folder).parts[:-1]
        parts = [_PARTS[name] for name in inside if name in _PARTS]
        places = [name for name in inside if name not in _PARTS]
        if not speech.is_file() or not places:
            continue
        video = "/".join(places[:2])
        # Clips of one video are alike, so the whole video goes to one part.
        part = parts[0] if parts else part_of(video)
        name = "/".join([*dict.fromkeys([*places, motion.stem])])
        recordings.append(Recording(name, places[0], part, motion, speech))
    if not recordings:
        raise GestureError(
            f"{folder} has no .pkl beside a .wav of the same name below folders of speakers; give SHOW's own folder"
        )
    return recordings


def poses(recording: Recording, model: SmplxModel | None) -> Poses:
    """The rotations of a clip.

    Raises:
        GestureError: the file is not SHOW's, or holds hand coefficients and there is no model file to read them by.
    """
    fields = _fields(recording.motion)
    try:
        return _poses(recording, fields, model)
    except ChironomyError:
        raise
    except DAMAGE as error:
        raise GestureError(f"{recording.motion} holds arrays that are not SHOW's ({error}); copy it again") from error


def _poses(recording: Recording, fields: dict[str, Any], model: SmplxModel | None) -> Poses:
    body = _array(recording, fields, "body_pose_axis", "body_pose").reshape(-1, 63)
    frames = len(body)
    rotation = np.zeros((frames, 55, 3))
    orient = fields.get("global_orient")
    if orient is not None:
        rotation[:, 0] = np.broadcast_to(np.asarray(orient, np.float64).reshape(-1, 3), (frames, 3))
    rotation[:, 1:22] = body.reshape(frames, 21, 3)
    for hand, (name, first) in enumerate((("left_hand_pose", 25), ("right_hand_pose", 40))):
        fingers = _array(recording, fields, name).reshape(frames, -1)
        if fingers.shape[1] < 45:
            if model is None:
                raise GestureError(
                    f"{recording.motion} holds hands as {fingers.shape[1]} coefficients of SMPL-X's principal "
                    "components, which are in the model file alone; give it with --smplx"
                )
            fingers = fingers @ model.hand_components[hand, : fingers.shape[1]]
        rotation[:, first : first + 15] = fingers.reshape(frames, 15, 3)
    betas = np.asarray(fields.get("betas", ()), np.float64).reshape(-1)
    filled, confidence = seen_hands(rotation, _FPS)
    if model is not None:
        confidence = confidence * _in_picture(filled, betas, fields, model)
    return Poses(_FPS, filled, betas, confidence)


def read(recording: Recording, model: SmplxModel | None, relative: bool) -> HandMotion:
    """The hands of a clip, as of `hands_of_poses`."""
    return hands_of_poses(poses(recording, model), model, relative, {"file": recording.name, "dataset": "SHOW"})


class _ShowUnpickler(ArrayUnpickler):
    """Admits torch's tensors too, whose numbers go through torch's own loader of plain weights."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("torch._utils", "_rebuild_tensor_v2"), ("collections", "OrderedDict")):
            return pickle.Unpickler.find_class(self, module, name)
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return _storage
        return super().find_class(module, name)


def _storage(data: bytes) -> Any:
    import torch

    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _fields(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            fields = _ShowUnpickler(stream).load()
    except (pickle.UnpicklingError, *DAMAGE) as error:
        raise GestureError(f"{path} cannot be read as SHOW's motion ({error}); copy it again") from error
    if isinstance(fields, list | tuple) and len(fields) == 1:
        fields = fields[0]
    if not isinstance(fields, dict):
        raise GestureError(f"{path} is not SHOW's motion: it holds no dictionary")
    return fields


def _array(recording: Recording, fields: dict[str, Any], *names: str) -> Array:
    for name in names:
        if name in fields:
            return np.asarray(fields[name], np.float64)
    raise GestureError(f"{recording.motion} is not SHOW's motion: it has no {names[0]}")


def _in_picture(rotation: Array, betas: Array, fields: dict[str, Any], model: SmplxModel) -> Array:
    """(T, 2) 1 where a hand is in front of the camera and in its picture; 1 where the file tells no camera."""
    names = ("camera_transl", "focal_length", "center", "width", "height")
    frames = len(rotation)
    if any(fields.get(name) is None for name in names):
        return np.ones((frames, 2))
    translation, focal, center, width, height = (np.asarray(fields[name], np.float64).reshape(-1) for name in names)
    root = np.broadcast_to(translation.reshape(-1, 3), (frames, 3))
    if fields.get("transl") is not None:
        root = root + np.broadcast_to(np.asarray(fields["transl"], np.float64).reshape(-1, 3), (frames, 3))
    hands, up = _hand_places(rotation, model.shaped_joints(betas))
    place = hands + root[:, None]
    # Whether the camera's y points down, as OpenCV has it, or up with x to the left, as PyTorch3D has it: people who
    # talk are upright.
    sign = -1.0 if np.median(up[:, 1]) > 0 else 1.0
    depth = np.maximum(place[..., 2:], 1e-3)
    pixel = np.broadcast_to(center[:2], (2,)) + sign * np.broadcast_to(focal, (2,)) * place[..., :2] / depth
    inside = (pixel >= 0).all(axis=-1) & (pixel[..., 0] < width[0]) & (pixel[..., 1] < height[0])
    return (inside & (place[..., 2] > 0)).astype(np.float64)


def _hand_places(rotation: Array, joints: Array) -> tuple[Array, Array]:
    """Middles of the hands (T, 2, 3) as SMPL-X places them before `transl`, and which way the body's up points."""
    turn = quaternion.from_rotation_vector(rotation)
    chain, place = turn[:, 0], np.broadcast_to(joints[0], (len(rotation), 3))
    up = quaternion.apply(chain, np.array([0.0, 1.0, 0.0]))
    last = 0
    for joint in _SPINE:
        place = place + quaternion.apply(chain, joints[joint] - joints[last])
        chain, last = quaternion.multiply(chain, turn[:, joint]), joint
    places = []
    for hand in range(2):
        point, arm, before = place, chain, last
        for joint in (_COLLARS[hand], _SHOULDERS[hand], _ELBOWS[hand], _WRISTS[hand]):
            point = point + quaternion.apply(arm, joints[joint] - joints[before])
            arm, before = quaternion.multiply(arm, turn[:, joint]), joint
        outward = np.array([_HAND_LENGTH * (1.0, -1.0)[hand], 0.0, 0.0])
        places.append(point + quaternion.apply(arm, outward))
    return np.stack(places, axis=1), up


FORMAT = Format(
    title="SHOW (TalkSHOW)",
    terms="non-commercial research (the dataset's terms)",
    find=find,
    read=read,
    poses=poses,
)
