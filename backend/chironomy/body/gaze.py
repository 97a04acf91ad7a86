# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that look: at the lens whatever the head does, with small jumps, as ARKit's `eyeLook` actions."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.listening import lens_at
from chironomy.body.pose import BodyPose
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS, FaceTrack

Array = NDArray[np.float64]

_APART_SECONDS = (0.35, 2.2)
_LARGEST_DEGREES, _AWAY_DEGREES, _AWAY_SHARE = 2.6, 7.0, 0.12
_ELSEWHERE_DEGREES = (6.0, 13.0)
_SIDES = ("Left", "Right")


def look(
    rig: Rig,
    face: FaceTrack,
    pose: BodyPose,
    lens: ArrayLike,
    seed: int = 0,
    begins: ArrayLike = (),
    aversion: float = 0.0,
    lowered: ArrayLike = 0.0,
) -> FaceTrack:
    """Turn the eyes of a face to the lens.

    Jumps away from the lens are drawn after Lee, Badler & Badler (2002, "Eyes alive"): the magnitude is
    -6.9 ln(P / 15.7) degrees with P even from 0 to 15.7, kept small because this person talks to the lens; a few are
    glances aside, which begin with a blink where there is one (Evinger et al. 1994 on blinks that go with shifts of
    gaze). A jump takes 25 ms and 2.4 ms a degree, less than two frames of film. Speakers look away as they begin and
    come back (Kendon 1967, "Some functions of gaze-direction in social interaction").

    Args:
        rig: the character.
        face: the face actions; what they say of where the eyes look is replaced, all else stays.
        pose: the body, which gives the turn of the head.
        lens: (3,) or (T, 3) metres in the frame of the body, where to look.
        seed: another seed looks otherwise.
        begins: seconds at which phrases begin.
        aversion: how often the eyes are elsewhere as one begins, 0 to 1.
        lowered: degrees, one number or (T,), by which the eyes are cast down, and further when they leave the lens.

    Raises:
        BodyError: face and pose have not the same number of frames, or the lens is no place.
    """
    lens = lens_at(lens, face.frame_count)
    if face.frame_count != pose.frame_count:
        raise BodyError(f"the face has {face.frame_count} frames, but the pose has {pose.frame_count}")
    values = face.values.copy()
    jumps = _jumps(face, seed)
    _avert(jumps, face, np.asarray(begins, np.float64).reshape(-1), aversion, np.random.default_rng([seed, 2]))
    down = np.radians(np.broadcast_to(np.asarray(lowered, np.float64), (face.frame_count,)))
    jumps[:, 1] -= down * (0.35 + np.minimum(np.linalg.norm(jumps, axis=1) / np.radians(4.0), 1.0))
    head = pose.joint_rotation[:, rig.index("head")]
    for side, name in zip(_SIDES, ("eye.L", "eye.R"), strict=True):
        away = quaternion.apply(quaternion.inverse(head), lens - pose.joint_position[:, rig.index(name)])
        yaw = np.arctan2(away[:, 0], away[:, 2]) + jumps[:, 0]
        pitch = np.arctan2(away[:, 1], np.hypot(away[:, 0], away[:, 2])) + jumps[:, 1]
        # +x is the person's left: the left eye looks out that way, the right eye in.
        outwards = yaw if side == "Left" else -yaw
        for action, angle in (
            (f"eyeLookOut{side}", outwards),
            (f"eyeLookIn{side}", -outwards),
            (f"eyeLookUp{side}", pitch),
            (f"eyeLookDown{side}", -pitch),
        ):
            values[:, FACE_ACTIONS.index(action)] = np.clip(angle / look_range(rig, action), 0.0, 1.0)
    return FaceTrack(face.fps, values)


def _avert(jumps: Array, face: FaceTrack, begins: Array, aversion: float, rng: np.random.Generator) -> None:
    """Lead some of (T, 2) jumps elsewhere as phrases begin, in place."""
    for begin in begins:
        chosen, side, up = rng.uniform() < aversion, 1.0 if rng.uniform() < 0.5 else -1.0, rng.uniform(-0.7, 0.5)
        away, before, after = rng.uniform(*_ELSEWHERE_DEGREES), rng.uniform(0.1, 0.45), rng.uniform(0.25, 0.9)
        first, stop = (max(0, round((begin + time) * face.fps)) for time in (-before, after))
        if chosen and first < len(jumps):
            jumps[first:stop] += np.radians(away) * np.array([side, up])


@lru_cache(maxsize=64)
def look_range(rig: Rig, action: str) -> float:
    """Radians that an `eyeLook` action turns its eye by at value 1, measured on the pupil."""
    eye = rig.joint_position[rig.index("eye.L" if action.endswith("Left") else "eye.R")]
    moved, offsets = rig.action_offsets(action)
    pupil = np.unique(rig.faces[rig.region_faces("pupil")])
    pupil = pupil[np.sign(rig.vertices[pupil, 0]) == np.sign(eye[0])]
    common, first, second = np.intersect1d(pupil, moved, return_indices=True)
    if not len(common):
        return np.radians(25.0)
    before = rig.vertices[pupil[first]].mean(axis=0) - eye
    after = before + offsets[second].mean(axis=0)
    cosine = before @ after / (np.linalg.norm(before) * np.linalg.norm(after))
    return max(float(np.arccos(np.clip(cosine, -1.0, 1.0))), np.radians(5.0))


def _jumps(face: FaceTrack, seed: int) -> Array:
    """(T, 2) radians of yaw and pitch away from the lens."""
    rng = np.random.default_rng(seed)
    frames, fps = face.frame_count, face.fps
    lids = face.action("eyeBlinkLeft")
    shut = np.flatnonzero((lids > 0.5) & (np.concatenate([[0.0], lids[:-1]]) <= 0.5)) / fps
    aims = np.zeros((frames, 2))
    time = float(rng.uniform(*_APART_SECONDS))
    aim = np.zeros(2)
    begin = 0
    while begin < frames:
        end = min(frames, max(begin + 1, round(time * fps)))
        aims[begin:end] = aim
        begin = end
        magnitude = min(-6.9 * np.log(max(float(rng.uniform(0, 15.7)), 1e-3) / 15.7), 15.0)
        largest = _LARGEST_DEGREES
        stay = float(rng.uniform(*_APART_SECONDS))
        if rng.uniform() < _AWAY_SHARE:
            largest, stay = _AWAY_DEGREES, float(rng.uniform(0.3, 0.8))
            blink = shut[(shut > time) & (shut < time + 1.0)]
            time = float(blink[0]) if len(blink) else time
        # Soft cut: many small ones and no heap of largest ones.
        size = np.radians(largest * np.tanh(magnitude / (2.0 * largest)))
        direction = rng.uniform(0, 2 * np.pi)
        aim = size * np.array([np.cos(direction), 0.6 * np.sin(direction)])
        time += stay
    # A jump that falls between two frames is seen half-way in one of them.
    aims[1:] = np.where(np.abs(np.diff(aims, axis=0)) > np.radians(3.0), 0.25 * aims[:-1] + 0.75 * aims[1:], aims[1:])
    return aims
