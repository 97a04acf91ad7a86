# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on the character mediapipe's points are, and where they fall in the picture once it is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import hand_keypoints
from chironomy.body.proportions import proportioned
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.shot.fit import Fit, hand_names
from chironomy.shot.placement import rest_pose
from chironomy.video.portrait.hand_pose import MANO_ORDER

if TYPE_CHECKING:
    from chironomy.body.rig import Rig

Array = NDArray[np.float64]

FACE_LANDMARKS = {"eye.left": (473,), "eye.right": (468,), "nose": (1, 4), "mouth.left": (291,), "mouth.right": (61,)}
"""Points of mediapipe's face mesh that the head is fitted to, the mean where several: the irises, the nose's tip, which
lies between two points, and the corners of the mouth."""


def face_anchors(rig: Rig) -> dict[str, int | tuple[int, ...]]:
    """The vertices of the character that lie where mediapipe's `FACE_LANDMARKS` are; the mean counts where several.

    On pictures of the character mediapipe finds them within 0.4 % of the picture's height (`tools/bench_fit.py`).
    """
    vertices = rig.vertices

    def of(region: str) -> NDArray[np.int64]:
        return np.unique(rig.faces[rig.region_faces(region)]).astype(np.int64)

    pupils, lips, skin = of("pupil"), of("lips"), of("skin")
    eyes = vertices[pupils, 1].mean()
    mouth = vertices[lips, 1].mean()
    bridge = skin[(np.abs(vertices[skin, 0]) < 0.004) & (vertices[skin, 1] > mouth) & (vertices[skin, 1] < eyes)]
    return {
        "eye.left": tuple(int(i) for i in pupils[vertices[pupils, 0] > 0]),
        "eye.right": tuple(int(i) for i in pupils[vertices[pupils, 0] < 0]),
        "nose": int(bridge[np.argmax(vertices[bridge, 2])]),
        "mouth.left": int(lips[np.argmax(vertices[lips, 0])]),
        "mouth.right": int(lips[np.argmin(vertices[lips, 0])]),
    }


def face_points(rig: Rig) -> Array:
    """Return (5, 3) metres: the anchors in the bind pose, in the order of `FACE_LANDMARKS`."""
    anchors = face_anchors(rig)
    return np.array([rig.vertices[np.atleast_1d(anchors[name])].mean(axis=0) for name in FACE_LANDMARKS], np.float64)


def fitted_points(fit: Fit, rig: Rig | None = None) -> dict[str, tuple[float, float]]:
    """Where shoulders, wrists and the face's points of the fitted character fall in the portrait, in pixels."""
    rig = rig or load_rig()
    pose = rest_pose(fit, rig)
    own = proportioned(rig, fit.proportions)
    names, places = [], []
    for name, joint in (("shoulder", "upper_arm"), ("wrist", "wrist")):
        for hand, side in zip(hand_names(name), "LR", strict=True):
            names.append(hand)
            places.append(pose.joint_position[0, rig.index(f"{joint}.{side}")])
    mesh = skin(own, pose.joint_rotation[0], pose.joint_position[0])
    for name, anchor in face_anchors(rig).items():
        names.append(name)
        places.append(mesh[np.atleast_1d(anchor)].mean(axis=0))
    pixels, _ = fit.camera.project(np.array(places))
    return {name: (float(x), float(y)) for name, (x, y) in zip(names, pixels, strict=True)}


def fitted_hand_points(fit: Fit, rig: Rig | None = None) -> Array:
    """Return (2, 21, 2) pixels of the portrait: the hands of the fitted character at rest, in mediapipe's order."""
    pose = rest_pose(fit, rig)
    rig = proportioned(rig or load_rig(), fit.proportions)
    order = np.argsort(MANO_ORDER)
    pixels, _ = fit.camera.project(hand_keypoints(rig, pose)[0][:, order])
    return pixels


def hand_size(points: Array) -> float:
    """A hand's size in a picture, in pixels: twice the root-mean-square distance of its points from their middle."""
    return 2 * float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=-1).mean()))
