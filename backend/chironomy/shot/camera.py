# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera of a shot: a pinhole that measures in pixels.

Axes are Blender's and OpenGL's: the camera looks along its own -z, +x is right in the picture and +y is up. Pixels
count from the top left corner of the picture, x to the right and y down; the first pixel's centre is at (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.motion import rotation
from chironomy.shot.errors import VideoError

if TYPE_CHECKING:
    from chironomy.body.rig import Rig

MAXIMUM_SIZE = 8192
"""The longest side of a picture, in pixels."""

PORTRAIT_DISTANCE = 2.8
"""Metres from the lens to the shoulders: near enough for a half-body portrait, far enough not to swell the hands."""

HEADROOM = 0.055
"""Empty space above the hair, as a part of the framed height."""

EDGE = 0.02
"""Part of the picture's shorter side between its edge and hands that the lens is chosen for."""

WIDEST, LENS_STEP = 1.6, 0.05
"""How many times as much a lens that is chosen for the hands shows at most, and by what steps it goes there."""

CLOSEST = 0.35
"""Metres that a close-up shows at least from side to side and from top to bottom."""

GESTURE_SPACE = 0.45
"""Half the width, in metres, that a speaker's hands need in front of the body."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in the frame of the body.

    Args:
        width: picture width, pixels.
        height: picture height, pixels.
        focal: focal length, pixels.
        position: (3,) metres, the centre of projection.
        rotation: (4,) unit quaternion, wxyz; takes the camera's axes to the body's. Identity looks along -z, which is
            at the person's face when the camera stands in front of them.
        principal_point: (2,) pixels where the optical axis meets the picture; the middle when None.
        near: metres; nothing nearer than this is drawn.

    Raises:
        VideoError: a field is out of range; the message names it.
    """

    width: int
    height: int
    focal: float
    position: NDArray[np.float64]
    rotation: NDArray[np.float64] = field(default_factory=lambda: np.array([1.0, 0.0, 0.0, 0.0]))
    principal_point: NDArray[np.float64] | None = None
    near: float = 0.05

    def __post_init__(self) -> None:
        """Check every field and settle it to its type."""
        for name in ("width", "height"):
            value = _number(name, getattr(self, name))
            if value != np.floor(value) or not 1 <= value <= MAXIMUM_SIZE:
                raise VideoError(
                    f"camera {name} is {value:g}, but must be a whole number from 1 to {MAXIMUM_SIZE} pixels"
                )
            object.__setattr__(self, name, int(value))
        centre = (self.width / 2, self.height / 2) if self.principal_point is None else self.principal_point
        for name, value, size in (
            ("position", self.position, 3),
            ("rotation", self.rotation, 4),
            ("principal_point", centre, 2),
        ):
            try:
                array = np.array(value, dtype=np.float64)
            except (TypeError, ValueError):
                array = np.empty(0)
            if array.shape != (size,) or not np.isfinite(array).all():
                raise VideoError(f"camera {name} is {value!r}, but must be {size} finite numbers")
            object.__setattr__(self, name, array)
        with np.errstate(over="ignore"):
            length = float(np.sqrt(np.square(self.rotation).sum()))
        if abs(length - 1) > 1e-3:
            raise VideoError(f"camera rotation has length {length:.4f}, but must be a unit quaternion (w, x, y, z)")
        object.__setattr__(self, "rotation", self.rotation / length)
        for name in ("focal", "near"):
            value = _number(name, getattr(self, name))
            if value <= 0:
                raise VideoError(f"camera {name} is {value:g}, but must be greater than zero")
            object.__setattr__(self, name, value)

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,) pixels: where the optical axis meets the picture."""
        assert self.principal_point is not None
        return self.principal_point

    def view(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points as the picture has them.

        Args:
            points: (..., 3) metres in the frame of the body.

        Returns:
            (..., 3) metres: right, down, and depth along the optical axis (positive in front of the lens).
        """
        # The camera's y and z are turned to "down" and "forward". Sums are written out, because a matrix product may
        # round otherwise on another machine.
        axes = rotation.to_matrix(self.rotation) * np.array([1.0, -1.0, -1.0])
        away = np.asarray(points, dtype=np.float64) - self.position
        return away[..., 0:1] * axes[0] + away[..., 1:2] * axes[1] + away[..., 2:3] * axes[2]

    def project(self, points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where points fall in the picture.

        Args:
            points: (..., 3) metres in the frame of the body.

        Returns:
            pixels (..., 2) and depth (...) in metres along the optical axis. Pixels of points that are not in front
            of the near plane are NaN.
        """
        seen = self.view(points)
        depth = seen[..., 2]
        visible = depth >= self.near
        safe = np.where(visible, depth, 1.0)
        pixels = seen[..., :2] / safe[..., None] * self.focal + self.centre
        return np.where(visible[..., None], pixels, np.nan), depth

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; `from_dict` reads them back exactly."""
        return {
            "width": self.width,
            "height": self.height,
            "focal": self.focal,
            "position": self.position.tolist(),
            "rotation": self.rotation.tolist(),
            "principal_point": self.centre.tolist(),
            "near": self.near,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Camera:
        """The camera that `to_dict` described.

        Raises:
            VideoError: a field is missing, unknown or out of range.
        """
        known = {"width", "height", "focal", "position", "rotation", "principal_point", "near"}
        if not isinstance(values, dict):
            raise VideoError("camera must be an object with the fields " + ", ".join(sorted(known)))
        for name in ("width", "height", "focal", "position"):
            if name not in values:
                raise VideoError(f"camera has no field {name}")
        for name in values:
            if name not in known:
                raise VideoError(f"camera has the unknown field {name!r:.60}")
        return cls(**values)

    def resized(self, width: int, height: int) -> Camera:
        """The same view in another size: the picture's height keeps its contents."""
        return self._scaled(width, height, height / self.height)

    def covering(self, width: int, height: int) -> Camera:
        """The middle of the view, as large as covers another size: what a picture cut to that size shows."""
        return self._scaled(width, height, max(width / self.width, height / self.height))

    def holding(self, points: ArrayLike) -> Camera:
        """The view with a lens so much shorter that points lie in the picture, not quite at its edge.

        A hand that reaches far to the side makes nobody else small: at most the picture shows `WIDEST` times as much.
        The lens goes by steps of `LENS_STEP`, so that takes of one speech are mostly seen alike.

        Args:
            points: (..., 3) metres in the frame of the body; those behind the lens count for nothing.
        """
        pixels, _ = self.project(points)
        pixels = pixels[np.isfinite(pixels).all(axis=-1)]
        size = np.array([self.width, self.height], np.float64)
        room = np.maximum(np.stack([self.centre, size - self.centre]) - EDGE * size.min(), 1.0)
        away = pixels - self.centre
        needed = float(np.maximum(-away / room[0], away / room[1]).max(initial=1.0))
        steps = int(np.ceil((min(needed, WIDEST) - 1.0) / LENS_STEP - 1e-6))
        wider = 1.0 + LENS_STEP * max(steps, 0)
        return replace(self, focal=self.focal / wider)

    def _scaled(self, width: int, height: int, scale: float) -> Camera:
        centre = (self.centre - [self.width / 2, self.height / 2]) * scale + [width / 2, height / 2]
        return Camera(width, height, self.focal * scale, self.position, self.rotation, centre, self.near)


def _number(name: str, value: Any) -> float:
    """A finite number, or the sentence that there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise VideoError(f"camera {name} is {value!r}, but must be a finite number")
    return float(value)


def portrait_camera(rig: Rig, width: int = 512, height: int = 704) -> Camera:
    """A half-body portrait: from the middle of the thighs to above the head, the hands' space in view.

    The camera stands in front of the person at the height of the chest and looks level at them, so the person's left
    hand is on the picture's right.

    Args:
        rig: the character; its bind pose gives the height of the head and of the thighs.
        width: pixels.
        height: pixels.
    """
    top = float(rig.vertices[:, 1].max())
    hip = float(rig.joint_position[rig.index("upper_leg.L"), 1])
    knee = float(rig.joint_position[rig.index("lower_leg.L"), 1])
    bottom = 0.5 * (hip + knee)
    tall = (top - bottom) / (1 - HEADROOM)
    framed = max(tall, 2 * GESTURE_SPACE * height / width)
    upper = top + HEADROOM * framed
    middle = upper - 0.5 * framed
    focal = height * PORTRAIT_DISTANCE / framed
    return Camera(width, height, focal, np.array([0.0, middle, PORTRAIT_DISTANCE]))


def close_up(points: ArrayLike, flesh: ArrayLike, width: int = 512, height: int = 704) -> Camera:
    """The hands alone: as near from the front as keeps them in the picture.

    The camera stands as far away as for a portrait, with a longer lens, so that hands are not swollen.

    Args:
        points: (n, 3) metres in the frame of the body: where joints and tips of hands and forearms are in the shot.
        flesh: (n,) metres of hand or sleeve around each.
        width: pixels.
        height: pixels.
    """
    points, size = np.asarray(points, dtype=np.float64), np.array([width, height], np.float64)
    around = np.asarray(flesh, dtype=np.float64)[:, None]
    away = np.maximum(PORTRAIT_DISTANCE - points[:, 2:], 0.5 * PORTRAIT_DISTANCE)
    place, low, high = np.zeros(2), np.zeros(2), np.zeros(2)
    # To the middle of what is seen; what is nearer than the rest makes it a matter of trying.
    for _ in range(8):
        beside = points[:, :2] - place
        low, high = ((beside - around) / away).min(axis=0), ((beside + around) / away).max(axis=0)
        place = place + 0.5 * (low + high) * PORTRAIT_DISTANCE
    half = np.maximum(np.maximum(-low, high), 0.5 * CLOSEST / PORTRAIT_DISTANCE)
    focal = float(((0.5 * size - EDGE * size.min()) / half).min())
    return Camera(width, height, focal, np.array([*place, PORTRAIT_DISTANCE]))


VIDEO_SIZE = (512, 704)
"""Width and height in pixels of a video without a portrait, where no size is asked for."""
