# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of a shot as a pipeline takes them: drawn when they are asked for, frame by frame."""

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.video import maps

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

LAYOUTS = {"mano_keypoints": 6, "echomimic_v2": 3}
"""Channels of each layout: the MANO map and the keypoint map, or EchoMimicV2's hand map."""

_KEPT_FRAMES = 64


class ShotMaps:
    """The maps of a shot's frames, in order from its first; see `request.Maps`.

    Args:
        shot: the edited hands and the camera.
        layout: one of `LAYOUTS`.
        rig: the character; the shot's when None.

    Raises:
        VideoError: there is no such layout.
    """

    def __init__(self, shot: "Shot", layout: str, rig: "Rig | None" = None):
        if layout not in LAYOUTS:
            raise VideoError(f"there are no maps {layout!r}; choose one of {', '.join(LAYOUTS)}")
        self.shot, self.layout, self.rig = shot, layout, rig or shot.rig
        # Neighbouring blocks ask for some frames twice.
        self._kept: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.shot.frames)

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        return np.stack([self._frame(row) for row in range(*rows.indices(len(self)))])

    def _frame(self, row: int) -> NDArray[np.uint8]:
        if row not in self._kept:
            frame = self.shot.frames[row]
            if self.layout == "echomimic_v2":
                drawn = maps.echomimic_map(self.shot, frame, self.rig)
            else:
                surfaces = maps.mano_map(self.shot, frame, self.rig)
                drawn = np.concatenate([surfaces, maps.keypoint_map(self.shot, frame, self.rig)], axis=2)
            self._kept[row] = drawn
            while len(self._kept) > _KEPT_FRAMES:
                self._kept.popitem(last=False)
        return self._kept[row]
