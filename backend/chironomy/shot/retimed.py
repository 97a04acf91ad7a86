# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot at another rate, such as a video model's."""

import math

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import BodyPose
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import linear
from chironomy.shot.shot import Shot


def retimed(shot: Shot, rate: float) -> tuple[Shot, NDArray[np.intp]]:
    """The frame range of a shot at another rate.

    Args:
        shot: at its own rate.
        rate: frames a second.

    Returns:
        a shot that begins with the range's first frame and reaches its last; and for each frame of the range, which of
        its frames shows that time best.
    """
    start, stop = shot.frames.start, shot.frames.stop
    count = len(shot.frames)
    times = np.arange(count) / shot.fps
    if rate == shot.fps:
        return shot, np.arange(count)
    last = times[-1]
    new_times = np.arange(math.ceil(last * rate - 1e-6) + 1) / rate
    pose = BodyPose(
        rate,
        quaternion.resample(shot.pose.joint_rotation[start:stop], times, new_times),
        linear(shot.pose.joint_position[start:stop], times, new_times),
    )
    hands = shot.hands.sliced(start, stop).resampled(rate, len(new_times))
    values = linear(shot.face.values[start:stop], times, new_times)
    again = shot.replaced(
        hands=hands,
        pose=pose,
        face=shot.face.replaced(fps=rate, values=values),
        frame_start=0,
        frame_stop=None,
        speech_start=shot.seconds_into_speech(start),
    )
    return again, np.minimum(np.floor(times * rate + 0.5 + 1e-6), len(new_times) - 1).astype(np.intp)
