# SPDX-License-Identifier: GPL-3.0-or-later
"""`Fit`: what was solved from one portrait, in memory and as a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.proportions import Proportions
from chironomy.files import atomic_path
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS
from chironomy.schema import Schema
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError

FIT_FILE = Schema("chironomy.fit", "a fit", VideoError, "make it anew by chironomy fit")

LARGEST_FILE = 1 << 20
"""Bytes that a fit's file may have; one takes a few thousand."""

VIDEO_SIDE = 1024
"""Pixels of the longer side of a video that is made of a portrait, where no size is asked for."""

_FIELDS = (
    "camera", "proportions", "wrist_position", "hand_rotation", "hands_seen", "head_rotation", "points", "residuals",
    "notes", "picture", "picture_sha256",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fit:
    """The character laid over a portrait.

    With the character of `proportions` (`chironomy.body.proportions.proportioned`) in the rest pose given here,
    `camera` sees its joints where the person's are in the picture.

    Attributes:
        camera: of the portrait, at the portrait's size, in the frame of the body.
        proportions: the person's, against the character's.
        wrist_position: (2, 3) metres in the frame of the body: where the person's wrists rest, left and right.
        hand_rotation: (2, 16, 4) unit quaternions as of `HandMotion.rotation`: how the person's hands rest.
        hands_seen: (2,) whether each wrist was seen; where not, its rest is the character's own.
        head_rotation: (4,) unit quaternion, how the person's head is turned from the character's.
        points: name to (x, y) in pixels of the portrait: where mediapipe sees shoulders, wrists, eyes, nose and mouth.
        residuals: name to the distance of the character's projected point from it, as a part of the picture's height;
            `hand_size.*` is the difference in size and `hand_points.*` the mean distance of the 21 points.
        notes: sentences on what could not be seen.
        picture: name of the portrait's file.
        picture_sha256: hash of the portrait's file, in hexadecimal; "" where it came from no file.

    Raises:
        VideoError: a field is out of range; the message names it.
    """

    camera: Camera
    proportions: Proportions
    wrist_position: NDArray[np.float64]
    hand_rotation: NDArray[np.float64]
    hands_seen: NDArray[np.bool_]
    head_rotation: NDArray[np.float64]
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    residuals: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture: str = ""
    picture_sha256: str = ""

    def __post_init__(self) -> None:
        """Check every array and settle it to its type."""
        for name, shape in (
            ("wrist_position", (2, 3)),
            ("hand_rotation", (2, len(MANO_JOINTS), 4)),
            ("head_rotation", (4,)),
        ):
            array = _array(name, getattr(self, name), shape)
            if name.endswith("rotation"):
                with np.errstate(over="ignore"):
                    length = np.linalg.norm(array, axis=-1, keepdims=True)
                if np.abs(length - 1).max() > 1e-3:
                    raise VideoError(f"fit {name} must hold unit quaternions (w, x, y, z)")
                array = np.where(np.abs(length - 1) > 1e-15, array / length, array)
            elif np.abs(array).max() > 2.0:
                raise VideoError(f"fit {name} is {array.tolist()}, but wrists are within 2 metres of the shoulders")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        seen = np.asarray(self.hands_seen)
        if seen.shape != (2,) or seen.dtype != np.bool_:
            raise VideoError(f"fit hands_seen is {self.hands_seen!r:.60}, but must be two of true and false")
        object.__setattr__(self, "hands_seen", seen)
        object.__setattr__(self, "notes", tuple(self.notes))

    @property
    def width(self) -> int:
        """Of the portrait, pixels."""
        return self.camera.width

    @property
    def height(self) -> int:
        """Of the portrait, pixels."""
        return self.camera.height

    @property
    def worst(self) -> tuple[str, float]:
        """The point that fits worst, and by how much: a part of the picture's height."""
        return max(self.residuals.items(), key=lambda item: item[1], default=("", 0.0))

    def video_size(self, longest: int = VIDEO_SIDE) -> tuple[int, int]:
        """Width and height of a video of the portrait's shape, pixels: even, and `longest` a side at most."""
        scale = min(1.0, longest / max(self.width, self.height))
        width, height = (max(64, 2 * round(0.5 * side * scale)) for side in (self.width, self.height))
        return width, height

    def resized(self, width: int, height: int) -> Fit:
        """The same fit for a picture of another size, whose whole height the portrait's fills.

        A wider picture sees beyond the portrait's sides, a narrower one its middle.
        """
        scale = height / self.height
        shift = np.array([width, height]) / 2 - scale * np.array([self.width, self.height]) / 2
        points = {name: scale * np.array(point) + shift for name, point in self.points.items()}
        return replace(
            self,
            camera=self.camera.resized(width, height),
            points={name: (float(x), float(y)) for name, (x, y) in points.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back exactly."""
        return {
            "format": FIT_FILE.format,
            "camera": self.camera.to_dict(),
            "proportions": self.proportions.to_dict(),
            "wrist_position": self.wrist_position.tolist(),
            "hand_rotation": self.hand_rotation.tolist(),
            "hands_seen": self.hands_seen.tolist(),
            "head_rotation": self.head_rotation.tolist(),
            "points": {name: [float(x), float(y)] for name, (x, y) in self.points.items()},
            "residuals": {name: float(value) for name, value in self.residuals.items()},
            "notes": list(self.notes),
            "picture": self.picture,
            "picture_sha256": self.picture_sha256,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Fit:
        """The fit that `to_dict` described.

        Raises:
            VideoError: it is of another format, or a field is missing, unknown or out of range.
        """
        values = FIT_FILE.newest(values, "this")
        for name in _FIELDS:
            if name not in values:
                raise VideoError(f"the fit has no field {name}; make it anew by chironomy fit")
        for name in values:
            if name not in (*_FIELDS, "format"):
                raise VideoError(f"the fit has the unknown field {name!r:.60}; make it anew by chironomy fit")
        notes = values["notes"]
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise VideoError("fit notes must be a list of sentences")
        for name in ("picture", "picture_sha256"):
            if not isinstance(values[name], str):
                raise VideoError(f"fit {name} is {values[name]!r:.60}, but must be text")
        seen = values["hands_seen"]
        if not isinstance(seen, list) or not all(isinstance(hand, bool) for hand in seen):
            raise VideoError(f"fit hands_seen is {seen!r:.60}, but must be two of true and false")
        try:
            proportions = Proportions.from_dict(values["proportions"])
        except BodyError as error:
            raise VideoError(f"fit {error}") from error
        return cls(
            camera=Camera.from_dict(values["camera"]),
            proportions=proportions,
            wrist_position=values["wrist_position"],
            hand_rotation=values["hand_rotation"],
            hands_seen=np.array(seen, dtype=np.bool_),
            head_rotation=values["head_rotation"],
            points={name: (point[0], point[1]) for name, point in _numbers("points", values["points"], (2,)).items()},
            residuals={name: value.item() for name, value in _numbers("residuals", values["residuals"], ()).items()},
            notes=tuple(notes),
            picture=values["picture"],
            picture_sha256=values["picture_sha256"],
        )

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Fit:
        """The fit of a file's text.

        Raises:
            VideoError: it is no JSON or no fit.
        """
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return cls.from_dict(FIT_FILE.read_json(data, name="the fit", maximum_bytes=LARGEST_FILE))

    def save(self, path: str | Path) -> None:
        """Write it as JSON; whole or not at all."""
        with atomic_path(path) as partial:
            partial.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Fit:
        """Read a fit that `save` wrote.

        Raises:
            VideoError: the file is missing or no fit; the sentence names the file and the field.
        """
        name = Path(path).name
        values = FIT_FILE.read_json(path, name=name, maximum_bytes=LARGEST_FILE)
        try:
            return cls.from_dict(values)
        except VideoError as error:
            raise VideoError(f"{name}: {error}") from error


def hand_names(name: str) -> tuple[str, str]:
    """`name.left` and `name.right`, as in `Fit.points`."""
    left, right = HANDS
    return f"{name}.{left}", f"{name}.{right}"


def _array(name: str, value: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != shape or not np.isfinite(array).all():
        raise VideoError(f"fit {name} must be finite numbers of shape {shape}, but is {value!r:.60}")
    return array


def _numbers(name: str, values: Any, shape: tuple[int, ...]) -> dict[str, NDArray[np.float64]]:
    if not isinstance(values, dict) or len(values) > 1000:
        raise VideoError(f"fit {name} must be an object of named numbers")
    return {key: _array(f"{name} {key}", value, shape) for key, value in values.items()}
