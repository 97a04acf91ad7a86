# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up SMPL-X model file: the fields of the real one, and a box of eight vertices for each joint."""

import numpy as np

from chironomy.body.smplx_body import JOINT_NAMES

_BODY = {
    "pelvis": (0.0, 0.95, 0.0),
    "spine1": (0.0, 1.05, 0.0),
    "spine2": (0.0, 1.15, 0.0),
    "spine3": (0.0, 1.25, 0.0),
    "neck": (0.0, 1.48, 0.0),
    "head": (0.0, 1.59, 0.0),
    "jaw": (0.0, 1.60, 0.03),
}
_LEFT = {
    "hip": (0.09, 0.92, 0.0),
    "knee": (0.09, 0.50, 0.0),
    "ankle": (0.09, 0.08, 0.0),
    "foot": (0.09, 0.02, 0.12),
    "collar": (0.03, 1.42, 0.0),
    "shoulder": (0.17, 1.42, 0.0),
    "elbow": (0.43, 1.42, -0.01),
    "wrist": (0.68, 1.42, 0.0),
    "eye_smplhf": (0.03, 1.66, 0.08),
}
# Where each finger begins, as seen from the wrist, which way it goes, and how long its first bone is.
_FINGERS = {
    "index": ((0.095, 0.0, 0.025), (1.0, 0.0, 0.10), 0.040),
    "middle": ((0.097, 0.0, 0.003), (1.0, 0.0, 0.0), 0.043),
    "pinky": ((0.084, 0.0, -0.035), (1.0, 0.0, -0.22), 0.031),
    "ring": ((0.092, 0.0, -0.017), (1.0, 0.0, -0.10), 0.039),
    "thumb": ((0.021, -0.009, 0.019), (0.66, -0.30, 0.66), 0.040),
}
_PARENTS = (
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15,
    *(parent for wrist, first in ((20, 25), (21, 40)) for finger in range(5)
      for parent in (wrist, first + 3 * finger, first + 3 * finger + 1)),
)  # fmt: skip
_HALF = {
    "spine1": (0.15, 0.06, 0.11),
    "spine2": (0.15, 0.06, 0.11),
    "spine3": (0.16, 0.13, 0.11),
    "head": (0.08, 0.1, 0.1),
}
_SMALL = (0.01, 0.01, 0.01)


def joints() -> np.ndarray:
    """(55, 3) metres, y up, the person's left on +x, arms straight out and palms down."""
    places = dict(_BODY)
    for name, place in _LEFT.items():
        places[f"left_{name}"] = place
    for finger, (start, way, length) in _FINGERS.items():
        head, along = np.add(_LEFT["wrist"], start), np.array(way) / np.linalg.norm(way)
        for joint, part in enumerate((1.0, 0.62, 0.45), start=1):
            places[f"left_{finger}{joint}"] = tuple(head)
            head = head + length * part * along
    mirrored = {name.replace("left", "right"): (-x, y, z) for name, (x, y, z) in places.items() if "left" in name}
    return np.array([(places | mirrored)[name] for name in JOINT_NAMES])


def model_fields() -> dict[str, np.ndarray]:
    """The fields of the file that tell of a body."""
    heads, corners = joints(), np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    half = np.array([_HALF.get(name, _SMALL) for name in JOINT_NAMES])
    vertices = heads[:, None] + corners * half[:, None]
    box = np.array(
        [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
         (1, 5, 7), (1, 7, 3)]
    )  # fmt: skip
    own = np.repeat(np.eye(len(JOINT_NAMES)), 8, axis=1)
    return {
        "v_template": vertices.reshape(-1, 3),
        "J_regressor": own / 8,
        "weights": own.T,
        "f": np.concatenate([box + 8 * joint for joint in range(len(JOINT_NAMES))]).astype(np.uint32),
        "kintree_table": np.array([[2**32 - 1, *_PARENTS[1:]], range(len(JOINT_NAMES))], dtype=np.uint32),
    }
