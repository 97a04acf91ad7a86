# SPDX-License-Identifier: GPL-3.0-or-later
"""What mediapipe sees in the frames of a video: hands, their scores, and the face.

Every frame is looked at for itself (`chironomy.video.perception`), so that a figure does not depend on what was found
before it. Nobody tells the detector where the hands were asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.video.perception import FACE_POINTS, Perceiver


@dataclass(frozen=True, eq=False)
class PerceivedVideo:
    """Points of every frame, in pixels from the top left corner, x right and y down.

    Attributes:
        fps: frames a second.
        width, height: of the picture.
        hands: (T, 2, 21, 2) left, right; OpenPose's order; NaN where not found.
        hand_scores: (T, 2) 0..1, 0 where not found.
        face: (T, 478, 2) of mediapipe's face mesh; NaN where not found.
    """

    fps: float
    width: int
    height: int
    hands: NDArray[np.float64]
    hand_scores: NDArray[np.float64]
    face: NDArray[np.float64]

    @property
    def frame_count(self) -> int:
        """T."""
        return len(self.hands)


def perceive_video(
    perceiver: Perceiver,
    frames: Iterable[NDArray[np.uint8]],
    fps: float,
    on_frame: Callable[[int], None] | None = None,
) -> PerceivedVideo:
    """Look at the frames of a video, (height, width, 3) uint8 RGB each.

    Args:
        perceiver: one that does not track.
        frames: taken once and in order.
        fps: frames a second.
        on_frame: called with the number of frames that are done.

    Raises:
        EvaluationError: there are no frames.
    """
    hands, scores, faces = [], [], []
    width = height = 0
    for frame in frames:
        height, width = frame.shape[:2]
        seen = perceiver(frame)
        hands.append(seen.hands)
        scores.append(seen.hand_scores)
        faces.append(np.full((FACE_POINTS, 2), np.nan) if seen.face is None else seen.face)
        if on_frame:
            on_frame(len(hands))
    if not hands:
        raise EvaluationError("the video has no frames to look at; give one that has")
    return PerceivedVideo(fps, width, height, np.array(hands), np.array(scores), np.array(faces))
