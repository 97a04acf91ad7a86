# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand poses that a person can pick, each with its picture."""

import zlib
from pathlib import Path

import bpy.utils
import bpy.utils.previews

from chironomy.gesture.repertoire.hand_poses import HAND_POSES, HandPose
from chironomy.gesture.repertoire.own_hand_poses import load_own_poses

PICTURES = Path(__file__).with_name("poses")
"""Of the library's poses, drawn by `make pose-thumbnails`: right hands; a left one is the mirror image."""

_NUMBER_OF_OWN = 1 << 16
"""Blender keeps the number of what is picked: own poses have numbers from here on that stay when others come or go."""

Item = tuple[str, str, str, int, int]


class _Known:
    """What was read, until something changes."""

    seen: tuple[int, ...] | None = None
    own: dict[str, HandPose] = {}
    faults: list[str] = []
    items: list[Item] = []
    pictures: bpy.utils.previews.ImagePreviewCollection | None = None


def own_folder() -> Path:
    """Return the folder of the person's own poses; it may not be there yet."""
    return Path(bpy.utils.extension_path_user(__package__, path="hand_poses"))


def poses() -> dict[str, HandPose]:
    """Return every pose by name: the library's, then the person's own."""
    _refresh()
    return {**HAND_POSES, **_Known.own}


def faults() -> list[str]:
    """Return a sentence for each file of an own pose that cannot be read."""
    _refresh()
    return _Known.faults


def items() -> list[Item]:
    """Return what an enumeration property lists; Blender needs the same texts to live as long as it shows them."""
    _refresh()
    return _Known.items


def picture_file(pose: HandPose) -> Path | None:
    """Return a pose's picture, or None where there is none."""
    path = PICTURES / f"{pose.name}.png"
    return path if path.is_file() else None


def forget() -> None:
    """Let go of the pictures, and read own poses anew when they are asked for."""
    if _Known.pictures is not None:
        bpy.utils.previews.remove(_Known.pictures)
    _Known.pictures, _Known.seen, _Known.items = None, None, []


def _refresh() -> None:
    folder = own_folder()
    try:
        seen = (folder.stat().st_mtime_ns, *sorted(path.stat().st_mtime_ns for path in folder.glob("hand-*.json")))
    except OSError:
        seen = ()
    if seen == _Known.seen:
        return
    _Known.own, _Known.faults = load_own_poses(folder)
    _Known.seen = seen
    pictures = _pictures()
    listed: list[Item] = []
    for number, pose in enumerate([*HAND_POSES.values(), *_Known.own.values()]):
        picture = pictures.get(pose.name)
        own = pose.name in _Known.own
        icon = picture.icon_id if picture is not None else 0
        listed.append((pose.name, pose.label, pose.description, icon, _number(pose.name) if own else number))
    _Known.items = listed


def _pictures() -> bpy.utils.previews.ImagePreviewCollection:
    if _Known.pictures is None:
        _Known.pictures = loaded = bpy.utils.previews.new()
        for pose in HAND_POSES.values():
            path = picture_file(pose)
            if path is not None:
                loaded.load(pose.name, str(path), "IMAGE")
    return _Known.pictures


def _number(name: str) -> int:
    return _NUMBER_OF_OWN + (zlib.crc32(name.encode()) & 0x0FFFFFFF)
