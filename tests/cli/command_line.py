# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command said, and motion for it to work on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chironomy.motion.hand_motion import HandMotion


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    def refuses(self) -> str:
        """The one sentence of a command that failed."""
        assert self.code == 2, self
        assert self.err.startswith("chironomy: ")
        assert self.err.count("\n") == 1, f"not one line: {self.err}"
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        return self.err.removeprefix("chironomy: ").strip()


Command = Callable[..., Said]


def still_hands(frames: int, fps: float = 24.0) -> HandMotion:
    """Both hands before the belly, flat and at rest."""
    position = np.tile([[0.15, -0.35, 0.3], [-0.15, -0.35, 0.3]], (frames, 1, 1))
    rotation = np.tile([1.0, 0.0, 0.0, 0.0], (frames, 2, 16, 1))
    return HandMotion(
        fps=fps, wrist_position=position, rotation=rotation, confidence=np.ones((frames, 2)), source={"seed": 0}
    )
