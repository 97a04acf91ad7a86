# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand poses that a person can pick, each with its picture."""

import zlib
from contextlib import suppress
from pathlib import Path

import bpy.utils
import bpy.utils.previews
import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.gesture.repertoire.hand_picture import draw_hand
from chironomy.gesture.repertoire.hand_poses import HAND_POSES, HandPose
from chironomy.gesture.repertoire.own_hand_poses import delete_own_pose, load_own_poses, own_pose_file, save_own_pose
from chironomy.shot.small_picture import png

PICTURES = Path(__file__).with_name("poses")
"""Of the library's poses, drawn by `make pose-thumbnails`: right hands; a left one is the mirror image. Those of own
poses are drawn here, beside their files."""

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
    path = PICTURES / f"{pose.name}.png" if pose.name in HAND_POSES else _own_picture(pose)
    return path if path.is_file() else None


def save(label: str, left: NDArray[np.float64], overwrite: bool) -> HandPose:
    """Keep a pose (15, 4) of the left hand as the person's own.

    Raises:
        ChironomyError: the label is empty or taken, or the file cannot be written.
    """
    pose = save_own_pose(own_folder(), label, left, overwrite)
    forget()
    return pose


def delete(pose: HandPose) -> None:
    """Delete a pose of the person's own, and its picture.

    Raises:
        ChironomyError: its file cannot be deleted.
    """
    delete_own_pose(own_folder(), pose.label)
    with suppress(OSError):
        _own_picture(pose).unlink(missing_ok=True)
    forget()


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
    forget()
    _Known.own, _Known.faults = load_own_poses(folder)
    _Known.seen = seen
    _Known.pictures = pictures = bpy.utils.previews.new()
    listed: list[Item] = []
    for number, pose in enumerate([*HAND_POSES.values(), *_Known.own.values()]):
        own = pose.name in _Known.own
        if own:
            _draw(pose)
        path = picture_file(pose)
        icon = pictures.load(pose.name, str(path), "IMAGE").icon_id if path is not None else 0
        listed.append((pose.name, pose.label, pose.description, icon, _number(pose.name) if own else number))
    _Known.items = listed


def _own_picture(pose: HandPose) -> Path:
    return own_pose_file(own_folder(), pose.label).with_suffix(".png")


def _draw(pose: HandPose) -> None:
    """Draw the picture of an own pose where it is missing or older than the pose."""
    path = _own_picture(pose)
    # A pose without a picture is still a pose; a file that somebody renamed is not beside its picture.
    with suppress(OSError, ChironomyError):
        if not path.is_file() or path.stat().st_mtime_ns < path.with_suffix(".json").stat().st_mtime_ns:
            drawn = png(draw_hand(load_rig(), pose))
            with atomic_path(path) as partial:
                partial.write_bytes(drawn)


def _number(name: str) -> int:
    return _NUMBER_OF_OWN + (zlib.crc32(name.encode()) & 0x0FFFFFFF)
