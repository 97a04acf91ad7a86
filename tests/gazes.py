# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the eyes of a shot look, as they are seen in it."""

import numpy as np
from numpy.typing import NDArray

from chironomy.body.gaze import look_range
from chironomy.motion import rotation as quaternion
from chironomy.shot.shot import Shot


def gaze_misses(shot: Shot) -> NDArray[np.float64]:
    """Return (T, 2) degrees between each eye's line of sight and the line from it to the shot's camera."""
    rig, misses = shot.rig, []
    head = shot.pose.joint_rotation[:, rig.index("head")]
    for side, name in (("Left", "eye.L"), ("Right", "eye.R")):

        def turned(way: str, side: str = side) -> NDArray[np.float64]:
            action = f"eyeLook{way}{side}"
            return shot.face.action(action) * look_range(rig, action)

        out = turned("Out") - turned("In")
        yaw, pitch = (out if side == "Left" else -out), turned("Up") - turned("Down")
        local = np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=-1)
        sight = quaternion.apply(head, local)
        wanted = shot.camera.position - shot.pose.joint_position[:, rig.index(name)]
        wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
        misses.append(np.degrees(np.arccos(np.clip((sight * wanted).sum(axis=-1), -1, 1))))
    return np.stack(misses, axis=1)
