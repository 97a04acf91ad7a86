# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person has chosen to work on: frames in the timeline, and hands."""

import numpy as np
from bpy.types import Context, Object, Scene

from ..properties import settings
from ..rig import actions
from ..rig.owned import hand_unit

HANDS_MEANT = {"LEFT": (0,), "RIGHT": (1,), "BOTH": (0, 1)}
"""Hands by how the tab and the buttons call them."""


def chosen_range(scene: Scene, item: Object) -> tuple[int, int] | None:
    """Return the first and the last frame that are chosen; None where nothing is.

    They are those of the selected keys of the hands, where these lie on two frames or more but are not all there are;
    else those of the preview range.
    """
    paths = {path for hand in range(2) for path in hand_unit(item, hand).channels}
    frames, everything = set[float](), True
    for f_curve in actions.all_curves(item):
        if f_curve.data_path not in paths:
            continue
        points = f_curve.keyframe_points
        place, selected = np.empty((len(points), 2), np.float32), np.empty(len(points), np.bool_)
        points.foreach_get("co", place.reshape(-1))
        points.foreach_get("select_control_point", selected)
        frames |= set(place[selected, 0].tolist())
        everything &= bool(selected.all())
    if len(frames) > 1 and not everything:
        return round(min(frames)), round(max(frames))
    if scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    return None


def selected_hands(context: Context, item: Object) -> tuple[int, ...]:
    """Return the hands of which a bone is selected in pose mode, 0 left, 1 right."""
    bones = [bone.name for bone in context.selected_pose_bones or () if bone.id_data == item]
    return tuple(hand for hand, side in enumerate("LR") if any(name.endswith(f".{side}") for name in bones))


def chosen_hands(context: Context, item: Object) -> tuple[int, ...]:
    """Return the hands that are meant: those of which a bone is selected, or else those that the tab names."""
    return selected_hands(context, item) or HANDS_MEANT[settings(context.scene).edit_hands]
