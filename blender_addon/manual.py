# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual that came with the extension: where its pages are, and which one tells of a button.

Blender offers it at every button and setting of the add-on, by *Online Manual* of the right mouse button's menu.
"""

from pathlib import Path

import bpy

FOLDER = Path(__file__).with_name("manual")
"""Made of the project's documents by `tools/make_manual.py`, when the zip is built."""

BEGIN = "tutorial"

_PAGES = (
    ("editing", "move_pose curl_* spread_* mirror_* swap_* shift_* stretch_* hold_* ease_* amplify smooth"),
    ("editing", "*_layer"),
    ("takes", "*_take take_* flip_* regenerate_* *_poses *_score *_phrase phrase_* *_markers"),
    ("hand-poses", "*_hand_pose add_pose_library"),
    ("scenes", "generate_scene"),
    ("gestures", "generate new_seed *_preset"),
    ("retarget", "*_bones *_bone_map *_own_character *_body"),
    ("live", "live"),
    ("batch", "batch *_batch"),
    ("export", "export_* import_* read_armature"),
    ("fit", "*_picture"),
    ("previz", "*_camera light_view *_render *_renders"),
    ("engines", "render_video"),
    ("backend", "*_backend"),
)
"""Pages by the names of the operators that they tell of, as patterns; all others are in the tutorial."""


def page_file(page: str) -> Path:
    """Return the file of a page; it may be missing where the add-on was not installed from its zip."""
    return FOLDER / f"{page}.html"


def pages() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what Blender asks for: the beginning of all addresses, and their ends by what they tell of."""
    found = [(f"bpy.ops.chironomy.{name}", f"{page}.html") for page, names in _PAGES for name in names.split()]
    rest = ("bpy.ops.chironomy.*", "bpy.types.chironomy*")
    return f"{FOLDER.as_uri()}/", (*found, *((each, f"{BEGIN}.html") for each in rest))


def register() -> None:
    """Let Blender know of the manual."""
    if page_file(BEGIN).is_file():
        bpy.utils.register_manual_map(pages)


def unregister() -> None:
    """Let Blender know of it no more."""
    bpy.utils.unregister_manual_map(pages)
