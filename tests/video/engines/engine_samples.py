# SPDX-License-Identifier: GPL-3.0-or-later
"""A portrait, edits of shots, and a look at what reaches a pipeline."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chironomy.body.pose import solve_pose
from chironomy.body.rig import Rig
from chironomy.motion.edit import offset_wrist
from chironomy.shot.shot import Shot
from chironomy.video.maps import skeleton


def portrait_bytes(width: int = 96, height: int = 128) -> bytes:
    """Red grows downwards and green to the right, so that a swap of colours or axes shows."""
    rows, columns = np.mgrid[0:height, 0:width]
    colours = np.stack([rows * 2 % 256, columns * 2 % 256, np.full_like(rows, 30)], axis=2).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(colours).save(stream, "PNG")
    return stream.getvalue()


def edited(shot: Shot, rig: Rig, frame: int) -> Shot:
    """The right wrist 12 cm higher in one frame."""
    hands = offset_wrist(shot.hands, "right", frame / shot.fps, 1 / shot.fps, [0.0, 0.12, 0.0])
    return shot.replaced(hands=hands, pose=solve_pose(rig, hands))


def longer(shot: Shot, rig: Rig, frames: int) -> Shot:
    """The same with its last frame held, or cut."""
    order = np.minimum(np.arange(frames), shot.hands.frame_count - 1)
    hands = shot.hands.replaced(
        wrist_position=shot.hands.wrist_position[order],
        rotation=shot.hands.rotation[order],
        confidence=shot.hands.confidence[order],
    )
    return shot.replaced(
        hands=hands, pose=solve_pose(rig, hands), face=shot.face.replaced(values=shot.face.values[order]),
        frame_stop=None,
    )  # fmt: skip


class Fed:
    """Every call of a pipeline's class while it is watched: the pipeline, and what it was fed with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pipeline_class: Any):
        self.calls: list[dict[str, Any]] = []
        self.pipelines: list[Any] = []
        original = pipeline_class.__call__

        def watched(pipeline: Any, **arguments: Any) -> Any:
            self.calls.append(arguments)
            self.pipelines.append(pipeline)
            return original(pipeline, **arguments)

        monkeypatch.setattr(pipeline_class, "__call__", watched)


def neck_colour(drawn: np.ndarray, shot: Shot) -> list[int]:
    """The brightest value of each channel around the middle of the limb from the neck to the nose."""
    points = skeleton(shot, shot.frames.start).body
    column, row = np.floor((points[0] + points[1]) / 2).astype(int)
    return drawn[row : row + 2, column - 1 : column + 2].reshape(-1, 3).max(axis=0).astype(int).tolist()


def as_array(pictures: Any) -> np.ndarray:
    """Pictures of any of the forms that pipelines take as (frames, height, width, channels) uint8."""
    if isinstance(pictures, np.ndarray):
        return np.floor(pictures[0] * 255 + 0.5).astype(np.uint8)
    return np.stack([np.asarray(picture) for picture in pictures])
