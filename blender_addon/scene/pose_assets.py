# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand poses as Blender's own pose assets, in a library that its asset shelf and asset browser show."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.types import Action, Context, Object

from chironomy.body.rig import SIDES, Rig, load_rig
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.gesture.repertoire.hand_poses import HAND_POSES, HandPose

from .. import hand_pictures
from ..rig import actions
from ..rig.fingers import pose_channels
from .hand_poses import library_folder

NAME = "Chironomy"
"""Of the asset library in the preferences."""

BLEND, CATALOGS = "hand_poses.blend", "blender_assets.cats.txt"

HANDS_CATALOG = ("6f0a1c2e-5a0b-4d0e-9a53-0c1f4e8b7d21", "Chironomy/Hands")
OWN_CATALOG = ("b9d7e5a4-3c61-4f7f-8d0a-2e6b9c4f1a38", "Chironomy/Hands/Own")
"""The identity and the path of the catalogs of the library's poses and of the person's own."""

_CATALOG_HEAD = "# This is an Asset Catalog Definition file for Blender.\n\nVERSION 1\n"


def write_library(item: Object) -> int:
    """Write every hand pose as two pose assets, left and right, and return how many there are.

    The file that is open is left alone. Only bones of fingers are keyed, so that nothing else is blended.

    Args:
        item: a character, whose bones' axes count.

    Raises:
        ChironomyError: the folder or its files cannot be written.
    """
    folder, rig, poses = library_folder(), load_rig(), hand_pictures.poses().values()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_catalogs(folder / CATALOGS)
        with bpy.data.temp_data() as data:
            made = {_asset(data, item, rig, pose, hand) for pose in poses for hand in range(len(SIDES))}
            with atomic_path(folder / BLEND) as partial:
                data.libraries.write(str(partial), made, fake_user=True, compress=True)
    except (OSError, RuntimeError) as error:
        raise ChironomyError(f"{folder} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return len(made)


def is_written() -> bool:
    """Whether there is a library that new poses belong into."""
    return (library_folder() / BLEND).is_file()


def register_library(context: Context) -> bool:
    """Add the library to the preferences' asset libraries, once; return whether it was not there before."""
    libraries, folder = context.preferences.filepaths.asset_libraries, library_folder()
    if any(_same(library.path, folder) for library in libraries):
        return False
    libraries.new(name=NAME, directory=str(folder))
    context.preferences.is_dirty = True
    return True


def refresh_shelves(context: Context) -> None:
    """Let open asset browsers and shelves read the library anew."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                # Blender asks for the place where assets are shown, and refuses every other.
                with suppress(RuntimeError, TypeError), context.temp_override(window=window, area=area, region=region):
                    if bpy.ops.asset.library_refresh.poll():
                        bpy.ops.asset.library_refresh()


def _asset(data: Any, item: Object, rig: Rig, pose: HandPose, hand: int) -> Action:
    """Make the pose asset of one hand in a `BlendData`."""
    channels = pose_channels(item, rig, hand, pose.fingers[hand])
    action = actions.new_pose(data, f"{pose.label} {SIDES[hand]}", channels)
    action.asset_mark()
    about = action.asset_data
    own = pose.name not in HAND_POSES
    about.catalog_id = (OWN_CATALOG if own else HANDS_CATALOG)[0]
    about.description, about.author = pose.description, NAME
    for tag in ("hand", ("left", "right")[hand], *pose.tags):
        about.tags.new(tag, skip_if_exists=True)
    path = hand_pictures.picture_file(pose)
    if path is not None:
        _give_picture(action, data.images.load(str(path)), flipped=hand == 0)
    return action


def _give_picture(action: Action, image: Any, flipped: bool) -> None:
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    rows = pixels.reshape(height, width, 4)
    preview = action.preview_ensure()
    preview.image_size = (width, height)
    preview.image_pixels_float.foreach_set(np.ascontiguousarray(rows[:, ::-1] if flipped else rows).reshape(-1))


def _write_catalogs(path: Path) -> None:
    """Write the file of catalogs; those that somebody added stay."""
    text = path.read_text(encoding="utf-8") if path.is_file() else _CATALOG_HEAD
    missing = [_line(catalog) for catalog in (HANDS_CATALOG, OWN_CATALOG) if catalog[0] not in text]
    if missing or not path.is_file():
        with atomic_path(path) as partial:
            partial.write_text("\n".join([text.rstrip("\n"), "", *missing, ""]), encoding="utf-8")


def _line(catalog: tuple[str, str]) -> str:
    identity, path = catalog
    return f"{identity}:{path}:{path.replace('/', '-')}"


def _same(path: str, folder: Path) -> bool:
    return Path(bpy.path.abspath(path)).resolve() == folder.resolve()
