# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of hands and body in an item's video: a shot, or points that were seen in the picture."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chironomy.files import atomic_path
from chironomy.schema import Schema
from chironomy.shot.errors import VideoError
from chironomy.shot.heard import heard_speech
from chironomy.shot.shot import Media, Shot
from chironomy.speech.decode import Speech
from chironomy.video.maps.keypoints import BODY_POINTS, draw_keypoints, keypoints
from chironomy.video.talking.training.framing import Framing

KEYPOINTS_FILE = Schema("chironomy.keypoints", "keypoints of a video", VideoError, "prepare the video again")

HAND_MARGIN = 0.25
"""Part of a hand's size by which its box is wider than its points, which lie inside the skin."""

Draw = Callable[[int], NDArray[np.uint8]]


class Tracks(Protocol):
    """Tracks of T frames, in pixels of the item's pictures.

    Attributes:
        path: their file.
        fps: frames a second.
        size: width and height of the pictures.
        confidence: (T, 2).
        face: (T, 4) left, top, right, bottom; NaN where it is not known.
        hands: (T, 2, 4) likewise.
        speech: the sound that comes with them, if any; its second 0 is the first frame's.
        portrait: the picture, likewise.
    """

    path: Path
    fps: float
    size: tuple[int, int]
    confidence: NDArray[np.float64]

    @property
    def frame_count(self) -> int:
        """T."""
        ...

    @property
    def face(self) -> NDArray[np.float64]:
        """(T, 4)."""
        ...

    @property
    def hands(self) -> NDArray[np.float64]:
        """(T, 2, 4)."""
        ...

    @property
    def speech(self) -> Speech | None:
        """The sound that comes with them, if any: its second 0 is the first frame's."""
        ...

    @property
    def portrait(self) -> Media | None:
        """The portrait that comes with them, if any."""
        ...

    def maps(self, framing: Framing) -> Draw:
        """What draws the maps of a frame, (height, width, 6) uint8, in a cut of the picture."""
        ...


class ShotTracks:
    """A shot's hands, seen by its camera; see `Tracks`. Its frames are the video's, from the first to be rendered.

    Raises:
        VideoError: it is no shot.
    """

    def __init__(self, path: Path):
        self.path, self.shot = path, Shot.load(path)
        self.fps, self.size = self.shot.fps, (self.shot.width, self.shot.height)
        self.confidence = self.shot.hands.confidence[self.shot.frames.start : self.shot.frames.stop]
        self.portrait = self.shot.reference

    @property
    def frame_count(self) -> int:
        """How many frames."""
        return len(self.shot.frames)

    @property
    def speech(self) -> Speech | None:
        """As heard from the first frame to be rendered on."""
        return heard_speech(self.shot, self.shot.frames.start)

    @cached_property
    def _points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from chironomy.body.rig import load_rig

        rig = load_rig()
        seen = [keypoints(self.shot, frame, rig) for frame in self.shot.frames]
        return np.stack([body for body, _ in seen]), np.stack([hands for _, hands in seen])

    @property
    def face(self) -> NDArray[np.float64]:
        """(T, 4)."""
        return face_boxes(self._points[0])

    @property
    def hands(self) -> NDArray[np.float64]:
        """(T, 2, 4)."""
        return hand_boxes(self._points[1])

    def maps(self, framing: Framing) -> Draw:
        """MANO map and keypoint map."""
        from chironomy.video.talking.control_maps import ShotMaps

        drawn = ShotMaps(self.shot.replaced(camera=framing.camera(self.shot.camera)), "mano_keypoints")
        return lambda frame: drawn[frame : frame + 1][0]


@dataclass
class KeypointTracks:
    """Points that were seen in the picture; see `Tracks`.

    Attributes:
        body: (T, 12, 2) in the order of `maps.keypoints.BODY_POINTS`; NaN where not seen.
        hand_points: (T, 2, 21, 2) in OpenPose's order, likewise.
        face: (T, 4) likewise.
    """

    path: Path
    fps: float
    size: tuple[int, int]
    body: NDArray[np.float64]
    hand_points: NDArray[np.float64]
    confidence: NDArray[np.float64]
    face: NDArray[np.float64]
    speech: Speech | None = None
    portrait: Media | None = None

    @property
    def frame_count(self) -> int:
        """How many frames."""
        return len(self.body)

    @property
    def hands(self) -> NDArray[np.float64]:
        """(T, 2, 4)."""
        return hand_boxes(self.hand_points)

    def maps(self, framing: Framing) -> Draw:
        """A black MANO map, because hand surfaces are not known, and the keypoint map."""
        width, height = framing.size

        def draw(frame: int) -> NDArray[np.uint8]:
            body, hands = framing.points(self.body[frame]), framing.points(self.hand_points[frame])
            drawn = draw_keypoints(body, hands, self.confidence[frame], width, height)
            return np.concatenate([np.zeros_like(drawn), drawn], axis=2)

        return draw

    def save(self) -> None:
        """Write them to their file, whole or not at all."""
        with atomic_path(self.path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                format=np.array(KEYPOINTS_FILE.format),
                fps=np.float64(self.fps),
                size=np.array(self.size, np.int64),
                body=self.body.astype(np.float32),
                hands=self.hand_points.astype(np.float32),
                confidence=self.confidence.astype(np.float32),
                face=self.face.astype(np.float32),
            )

    @classmethod
    def load(cls, path: Path) -> "KeypointTracks":
        """Read and check them.

        Raises:
            VideoError: the file is damaged or a field is wrong; the sentence names it.
        """
        found = KEYPOINTS_FILE.read_arrays(path)
        count = len(found["body"]) if found["body"].ndim else 0
        shapes = {
            "fps": (), "size": (2,), "body": (count, len(BODY_POINTS), 2), "hands": (count, 2, 21, 2),
            "confidence": (count, 2), "face": (count, 4),
        }  # fmt: skip
        for name, shape in shapes.items():
            if found[name].shape != shape or found[name].dtype.kind not in "fiu" or not count:
                raise VideoError(f"{path} field {name} is {found[name].dtype} {found[name].shape}, but must be {shape}")
        sure = found["confidence"]
        if not ((sure >= 0) & (sure <= 1)).all():
            raise VideoError(f"{path} field confidence has numbers outside 0 to 1")
        fps, size = float(found["fps"]), tuple(int(side) for side in found["size"])
        if not (np.isfinite(fps) and 1 <= fps <= 240) or min(size) < 1:
            raise VideoError(f"{path} says {fps:g} frames a second of {size[0]}x{size[1]}; prepare the video again")
        body, hands, face = (found[name].astype(np.float64) for name in ("body", "hands", "face"))
        return cls(path, fps, (size[0], size[1]), body, hands, sure.astype(np.float64), face)


def hand_boxes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 4) left, top, right, bottom around the points of hands (..., 21, 2), with `HAND_MARGIN`; NaN without."""
    known = np.isfinite(points).all(axis=(-1, -2))
    filled = np.where(known[..., None, None], points, 0.0)
    low, high = filled.min(axis=-2), filled.max(axis=-2)
    margin = HAND_MARGIN * (high - low).max(axis=-1, keepdims=True)
    boxes = np.concatenate([low - margin, high + margin], axis=-1)
    return np.where(known[..., None], boxes, np.nan)


def face_boxes(body: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 4) left, top, right, bottom of the face, from the eyes in (..., 12, 2); NaN where they are not known.

    In distances between the eyes, as the embedded character has them: a face is 2.5 wide from ear to ear, and reaches
    from 1 above the eyes to 1.9 below.
    """
    left, right = (body[..., BODY_POINTS.index(name), :] for name in ("eye.L", "eye.R"))
    middle, apart = 0.5 * (left + right), np.linalg.norm(left - right, axis=-1, keepdims=True)
    return np.concatenate([middle - apart * [1.25, 1.0], middle + apart * [1.25, 1.9]], axis=-1)
