# SPDX-License-Identifier: GPL-3.0-or-later
"""`FaceTrack`: what the face does over time, as the 52 ARKit actions."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chironomy.motion.hand_motion import checked_fps, checked_range, linear, resampled_times


def both_sides(**values: float) -> dict[str, float]:
    """Values of the actions of both sides, by their names without the side."""
    return {name + side: value for name, value in values.items() for side in ("Left", "Right")}


def _both(*names: str) -> tuple[str, ...]:
    return tuple(name + side for name in names for side in ("Left", "Right"))


FACE_ACTIONS: tuple[str, ...] = tuple(
    sorted(
        (
            *_both("browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut"),
            *_both("eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress"),
            *_both("mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer", "jaw", "mouth"),
            *("browInnerUp", "cheekPuff", "jawForward", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker"),
            *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "tongueOut"),
        )
    )
)
"""The names of ARKit's 52 face actions (blend shapes), in alphabetical order."""


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """Face actions over time; frame `i` is at `i / fps` seconds.

    Attributes:
        fps: frames a second, 1 to 240.
        values: (T, 52), 0 to 1, one column for each of `FACE_ACTIONS`; copied to float64 and made read-only.

    Raises:
        MotionError: a field has the wrong shape, is not finite or is out of range; the sentence names the field.
    """

    fps: float
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = np.shape(self.values)
        values = checked_range("values", self.values, (shape[0] if shape else 0, len(FACE_ACTIONS)))
        values.setflags(write=False)
        object.__setattr__(self, "fps", checked_fps(self.fps))
        object.__setattr__(self, "values", values)

    @property
    def frame_count(self) -> int:
        """How many frames there are, T."""
        return len(self.values)

    @property
    def duration(self) -> float:
        """Seconds that the frames fill: `frame_count / fps`."""
        return self.frame_count / self.fps

    @property
    def times(self) -> NDArray[np.float64]:
        """The (T,) seconds of the frames."""
        return np.arange(self.frame_count) / self.fps

    def action(self, name: str) -> NDArray[np.float64]:
        """Return the (T,) values of one action by its ARKit name."""
        return self.values[:, FACE_ACTIONS.index(name)]

    def replaced(self, **fields: Any) -> Self:
        """Return a copy with some fields replaced, and checked again."""
        return replace(self, **fields)

    def resampled(self, fps: float, frame_count: int | None = None) -> Self:
        """Return the same track at another frame rate, linearly; the last frame is held where more are asked for.

        Args:
            fps: the new frame rate.
            frame_count: the new number of frames; by default as many as fill the same time, and at least one.

        Raises:
            MotionError: `fps` or `frame_count` is out of range.
        """
        fps = checked_fps(fps)
        new_times = resampled_times(self.duration, fps, frame_count)
        return self.replaced(fps=fps, values=linear(self.values, self.times, new_times))
