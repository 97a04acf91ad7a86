# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in a panel: the last one that each running job made."""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import bpy.utils.previews
from bpy.types import ImagePreview, UILayout

_SCALE = 10.0
"""Of a picture, in heights of a button."""


class _Shown(NamedTuple):
    pictures: bpy.utils.previews.ImagePreviewCollection
    picture: ImagePreview | None
    jpeg: bytes


_shown: dict[int, _Shown] = {}
"""By the jobs' numbers."""


def draw(layout: UILayout, number: int, jpeg: bytes) -> None:
    """Draw the JPEG of a job, known by its number; nothing where there is none."""
    if not jpeg:
        return
    shown = _shown.get(number)
    if shown is None or shown.jpeg != jpeg:
        forget(number)
        shown = _shown[number] = _load(jpeg)
    if shown.picture is not None:
        layout.template_icon(icon_value=shown.picture.icon_id, scale=_SCALE)


def forget(number: int) -> None:
    """Let go of the picture of a job."""
    shown = _shown.pop(number, None)
    if shown is not None:
        bpy.utils.previews.remove(shown.pictures)


def forget_others(numbers: Collection[int] = ()) -> None:
    """Let go of the pictures of all jobs but these."""
    for number in _shown.keys() - set(numbers):
        forget(number)


def _load(jpeg: bytes) -> _Shown:
    pictures = bpy.utils.previews.new()
    # Blender reads the picture at once when its size is asked for; then the file is not needed any more.
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "preview.jpg")
        path.write_bytes(jpeg)
        picture = pictures.load("preview", str(path), "IMAGE")
        return _Shown(pictures, picture if min(picture.image_size) > 0 else None, jpeg)
