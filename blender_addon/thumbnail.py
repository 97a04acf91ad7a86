# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in a panel: the last one that running work made."""

import tempfile
from pathlib import Path

import bpy.utils.previews
from bpy.types import ImagePreview, UILayout

_SCALE = 10.0
"""Of the picture, in heights of a button."""


class _Shown:
    pictures: bpy.utils.previews.ImagePreviewCollection | None = None
    picture: ImagePreview | None = None
    jpeg = b""


def draw(layout: UILayout, jpeg: bytes) -> None:
    """Draw a JPEG; nothing where there is none."""
    if jpeg and jpeg != _Shown.jpeg:
        _load(jpeg)
    if jpeg and _Shown.picture is not None:
        layout.template_icon(icon_value=_Shown.picture.icon_id, scale=_SCALE)


def forget() -> None:
    """Let go of the picture."""
    if _Shown.pictures is not None:
        bpy.utils.previews.remove(_Shown.pictures)
    _Shown.pictures, _Shown.picture, _Shown.jpeg = None, None, b""


def _load(jpeg: bytes) -> None:
    forget()
    _Shown.pictures = pictures = bpy.utils.previews.new()
    _Shown.jpeg = jpeg
    # Blender reads the picture at once when its size is asked for; then the file is not needed any more.
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "preview.jpg")
        path.write_bytes(jpeg)
        picture = pictures.load("preview", str(path), "IMAGE")
        if min(picture.image_size) > 0:
            _Shown.picture = picture
