# SPDX-License-Identifier: GPL-3.0-or-later
"""What mediapipe's models see in the frames of a video: hands, their scores, and the face.

Every frame is looked at for itself (`chironomy.video.portrait.perception`), so that a figure does not depend on what
was found before it. Nobody tells the detector where the hands were asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.shot.errors import VideoError
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.portrait.perception import FACE_POINTS, Perceiver
from chironomy.work import QUIET, Work


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


class Watcher:
    """Looks at each of several videos once, with one set of models; a context manager.

    Args:
        paths: all videos that will be looked at.
        work: told how many of the frames of all of them are looked at.

    Attributes:
        perceiver: None where the models cannot be loaded; then no video is looked at.
        missing: the sentence of why; else empty.

    Raises:
        VideoError: one of them is no video.
    """

    def __init__(self, paths: Iterable[Path], work: Work = QUIET):
        self._total = max(1, sum(probe(path).frame_count for path in set(paths)))
        self._done = 0
        self._work = work
        self._kept: dict[Path, PerceivedVideo] = {}
        self.perceiver: Perceiver | None = None
        self.missing = ""
        try:
            self.perceiver = Perceiver(mask=False)
        except VideoError as error:
            self.missing = str(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.perceiver is not None:
            self.perceiver.close()

    def __call__(self, path: Path) -> PerceivedVideo | None:
        """What is seen in a video; None where the models cannot be loaded."""
        if self.perceiver is None:
            return None
        if path not in self._kept:

            def tell(frames: int) -> None:
                self._work.progress(min((self._done + frames) / self._total, 1.0))

            fps = probe(path).fps
            self._kept[path] = perceive_video(self.perceiver, read_video_frames(path), fps, tell)
            self._done += self._kept[path].frame_count
        return self._kept[path]
