# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted character over the portrait, for a person to judge: outline, bones, hands, and what each point misses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.proportions import proportioned
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.files import atomic_path
from chironomy.motion.hand_motion import HANDS
from chironomy.shot.camera import Camera
from chironomy.shot.errors import VideoError
from chironomy.shot.fit import Fit
from chironomy.shot.placement import rest_pose
from chironomy.video.drawing.raster import rasterise
from chironomy.video.maps import HAND_EDGES, WRIST_COLOURS
from chironomy.video.portrait.anchors import fitted_hand_points, fitted_points
from chironomy.video.portrait.picture import read_picture

if TYPE_CHECKING:
    from chironomy.body.rig import Rig

LONGEST_SIDE = 1600
"""Pixels of the overlay at most; larger portraits are shown smaller."""

_OUTLINE, _BONE, _SEEN, _PAPER, _INK = (255, 220, 110), (120, 235, 140), (255, 255, 255), (20, 22, 26), (236, 238, 242)
_GOOD, _POOR = 0.02, 0.04
"""Parts of the picture's height: what a fit aims at, and where it is plainly off."""
_GOOD_INK, _FAIR_INK, _POOR_INK = (150, 230, 160), (255, 209, 102), (255, 120, 110)

_BONES = (
    ("neck", "head"), ("neck", "upper_arm.L"), ("neck", "upper_arm.R"),
    ("upper_arm.L", "forearm.L"), ("forearm.L", "wrist.L"), ("upper_arm.R", "forearm.R"), ("forearm.R", "wrist.R"),
    ("neck", "spine"), ("spine", "upper_leg.L"), ("spine", "upper_leg.R"),
)  # fmt: skip


def overlay(fit: Fit, picture: NDArray[np.uint8], rig: Rig | None = None) -> NDArray[np.uint8]:
    """Draw the fit over its portrait.

    What mediapipe sees is drawn in white circles, the fitted character in colour: its outline, its bones, its hands
    (left blue, right orange) and its points as crosses. Below stand the residuals, as parts of the picture's height.

    Args:
        fit: the fit.
        picture: (height, width, 3) uint8 RGB, the portrait as `read_picture` gives it.
        rig: the character, without proportions; the embedded one when None.

    Returns:
        (h, w, 3) uint8 RGB, `LONGEST_SIDE` at most and the list of residuals below.

    Raises:
        VideoError: the picture is not of the fit's size.
    """
    from PIL import Image, ImageDraw, ImageFont

    if picture.shape[:2] != (fit.height, fit.width):
        raise VideoError(
            f"the picture is {picture.shape[1]} × {picture.shape[0]} pixels, but the fit is of one of "
            f"{fit.width} × {fit.height}; give the portrait that was fitted"
        )
    rig = rig or load_rig()
    scale = min(1.0, LONGEST_SIDE / max(fit.width, fit.height))
    width, height = max(1, round(fit.width * scale)), max(1, round(fit.height * scale))
    camera = fit.camera.resized(width, height)
    portrait = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
    body = _silhouette(fit, rig, camera)
    shown = np.asarray(portrait, np.float32)
    shown = np.where(body[..., None], 0.82 * shown + 0.18 * np.array(_BONE, np.float32), shown)
    edge = _edge(body, max(1, round(height / 500)))
    shown[edge] = _OUTLINE
    image = Image.fromarray(shown.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    unit = height / 1000
    _draw_bones(draw, fit, rig, camera, unit)
    hands = fitted_hand_points(fit, rig) * scale
    for hand in range(len(HANDS)):
        if fit.hands_seen[hand]:
            colour = tuple(int(value) for value in WRIST_COLOURS[hand])
            for start, end in HAND_EDGES:
                draw.line([*hands[hand, start], *hands[hand, end]], fill=colour, width=max(1, round(3 * unit)))
    fitted = fitted_points(fit, rig)
    for name, point in fit.points.items():
        x, y = np.multiply(point, scale)
        reach = 8 * unit
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], outline=_SEEN, width=max(1, round(2 * unit)))
        x, y = np.multiply(fitted[name], scale)
        for line in ([x - reach, y, x + reach, y], [x, y - reach, x, y + reach]):
            draw.line(line, fill=_OUTLINE, width=max(1, round(2 * unit)))
    return np.concatenate([np.asarray(image), _list(fit, width, ImageFont.load_default(max(11, round(width / 62))))])


def _silhouette(fit: Fit, rig: Rig, camera: Camera) -> NDArray[np.bool_]:
    pose, own = rest_pose(fit, rig), proportioned(rig, fit.proportions)
    mesh = skin(own, pose.joint_rotation[0], pose.joint_position[0])
    return rasterise(camera, mesh, own.faces, 1).face[:, :, 0] >= 0


def _edge(body: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels within `width` of the body's edge, inside it."""
    inner = body.copy()
    for _ in range(width):
        padded = np.pad(inner, 1, constant_values=True)
        inner = inner & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return body & ~inner


def _draw_bones(draw: Any, fit: Fit, rig: Rig, camera: Camera, unit: float) -> None:
    position = rest_pose(fit, rig).joint_position[0]
    pixels, _ = camera.project(position)
    for start, end in _BONES:
        side = end.rpartition(".")[2]
        if side in ("L", "R") and end.startswith(("forearm", "wrist")) and not fit.hands_seen["LR".index(side)]:
            continue
        line = [*pixels[rig.index(start)], *pixels[rig.index(end)]]
        draw.line(line, fill=_BONE, width=max(1, round(3 * unit)))


def _list(fit: Fit, width: int, font: Any) -> NDArray[np.uint8]:
    """The residuals in columns, and the notes below."""
    from PIL import Image, ImageDraw

    line = round(1.5 * font.size)
    columns = 3
    rows = -(-len(fit.residuals) // columns)
    sizes = fit.proportions
    lines = [
        f"scales: head {sizes.head:.2f}, arms {sizes.arms:.2f}, hands {sizes.hands:.2f};   "
        f"focal length {fit.camera.focal / fit.height:.2f} of the height",
        *fit.notes,
    ]
    image = Image.new("RGB", (width, line * (rows + len(lines) + 1)), _PAPER)
    draw = ImageDraw.Draw(image)
    for index, (name, value) in enumerate(fit.residuals.items()):
        column, row = divmod(index, rows)
        x, y = line + column * (width - line) // columns, line // 2 + row * line
        ink = _GOOD_INK if value <= _GOOD else _FAIR_INK if value <= _POOR else _POOR_INK
        draw.text((x, y), f"{100 * value:5.2f} %  {name}", fill=ink, font=font)
    for row, text in enumerate(lines):
        draw.text((line, line // 2 + (rows + row) * line), text, fill=_INK, font=font)
    return np.asarray(image)


def save_overlay(fit: Fit, portrait: str | Path, path: str | Path) -> None:
    """Write the fit drawn over its portrait as a PNG.

    Raises:
        VideoError: the portrait cannot be read, or is not the one that was fitted.
        ChironomyError: `path` cannot be written.
    """
    from PIL import Image

    image = Image.fromarray(overlay(fit, read_picture(portrait)))
    with atomic_path(path) as partial:
        image.save(partial)
