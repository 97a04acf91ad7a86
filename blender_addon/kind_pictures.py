# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the kinds of gesture, drawn by `make kind-thumbnails`."""

from pathlib import Path

import bpy.utils.previews

PICTURES = Path(__file__).with_name("kinds")


class _Known:
    pictures: bpy.utils.previews.ImagePreviewCollection | None = None


def icon(kind: str) -> int:
    """Return the number of a kind's picture, which layouts take; 0 where there is none."""
    pictures = _Known.pictures
    if pictures is None:
        _Known.pictures = pictures = bpy.utils.previews.new()
        for path in sorted(PICTURES.glob("*.png")):
            pictures.load(path.stem, str(path), "IMAGE")
    return pictures[kind].icon_id if kind in pictures else 0


def forget() -> None:
    """Let go of the pictures."""
    if _Known.pictures is not None:
        bpy.utils.previews.remove(_Known.pictures)
    _Known.pictures = None
