# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a person can do, in Blender's own menus, where F3 finds it."""

from collections.abc import Callable

import bpy
from bpy.types import Context, Menu, UILayout

from .explained import as_set
from .locale import OWN
from .operators.edit import draw_buttons
from .properties import settings

SEPARATOR = ""

CHOICES = {
    "chironomy.apply_preset": "preset",
    "chironomy.add_phrase": "kind",
    "chironomy.phrase_kind": "kind",
    "chironomy.phrase_hands": "hands",
    "chironomy.export_character": "preset",
    "chironomy.add_body": "build",
}
"""Operators that are a menu of what they do, by the property that says it."""


class _Menu(Menu):
    """A menu of operators and further menus, in this order."""

    bl_translation_context = OWN
    entries: tuple[str, ...] = ()

    def draw(self, context: Context) -> None:
        draw_entries(self.layout, self.entries)


class CHIRONOMY_MT_edit(_Menu):
    bl_idname = "CHIRONOMY_MT_edit"
    bl_label = "Edit"

    def draw(self, context: Context) -> None:
        draw_buttons(self.layout, in_rows=False)
        self.layout.separator()
        draw_entries(self.layout, ("chironomy.apply_layer", "chironomy.delete_layer"))


class CHIRONOMY_MT_takes(_Menu):
    bl_idname = "CHIRONOMY_MT_takes"
    bl_label = "Takes"
    entries = (
        "chironomy.flip_take",
        "chironomy.duplicate_take",
        "chironomy.bring_in_take",
        "chironomy.take_to_nla",
        SEPARATOR,
        "chironomy.delete_take",
    )


class CHIRONOMY_MT_score(_Menu):
    bl_idname = "CHIRONOMY_MT_score"
    bl_label = "Score"
    entries = (
        "chironomy.read_score",
        "chironomy.apply_score",
        SEPARATOR,
        "chironomy.add_phrase",
        "chironomy.slide_phrase",
        "chironomy.phrase_kind",
        "chironomy.phrase_hands",
        "chironomy.lock_phrase",
        "chironomy.delete_phrase",
        SEPARATOR,
        "chironomy.phrases_to_markers",
        "chironomy.accents_to_markers",
        "chironomy.remove_markers",
    )


class CHIRONOMY_MT_hand_poses(_Menu):
    bl_idname = "CHIRONOMY_MT_hand_poses"
    bl_label = "Hand Poses"

    def draw(self, context: Context) -> None:
        chosen = settings(context.scene)
        for context_name, text in (("EXEC_DEFAULT", "Apply Hand Pose"), ("INVOKE_DEFAULT", "Blend Hand Pose")):
            column = self.layout.column()
            column.operator_context = context_name
            applied = column.operator("chironomy.apply_hand_pose", text=text)
            if chosen.hand_pose:
                applied.pose = chosen.hand_pose
            applied.side = chosen.hand_pose_side
        self.layout.separator()
        self.layout.operator("chironomy.save_hand_pose").side = chosen.hand_pose_side
        draw_entries(self.layout, ("chironomy.delete_hand_pose", "chironomy.add_pose_library"))


class CHIRONOMY_MT_own(_Menu):
    bl_idname = "CHIRONOMY_MT_own"
    bl_label = "Own Character"
    entries = (
        "chironomy.detect_bones",
        "chironomy.add_body",
        "chironomy.add_smplx_body",
        "chironomy.save_bone_map",
        "chironomy.load_bone_map",
        SEPARATOR,
        "chironomy.forget_own_character",
    )


class CHIRONOMY_MT_video(_Menu):
    bl_idname = "CHIRONOMY_MT_video"
    bl_label = "Picture and Video"
    entries = (
        "chironomy.fit_to_picture",
        "chironomy.forget_picture",
        "chironomy.add_camera",
        "chironomy.light_view",
        "chironomy.render_video",
        "chironomy.fetch_render",
        "chironomy.play_render",
        "chironomy.open_renders",
        SEPARATOR,
        "chironomy.set_up_backend",
        "chironomy.start_backend",
        "chironomy.stop_backend",
        SEPARATOR,
        "chironomy.stop_work",
        "chironomy.take_over",
        "chironomy.dismiss_result",
    )


class CHIRONOMY_MT_main(_Menu):
    # In the 3D view, for the object mode and the pose mode. No docstring: Blender would show it.
    bl_idname = "CHIRONOMY_MT_main"
    bl_label = "Chironomy"
    entries = (
        "chironomy.load_speech",
        "chironomy.add_character",
        "CHIRONOMY_MT_own",
        SEPARATOR,
        "chironomy.apply_preset",
        "chironomy.generate",
        "chironomy.generate_scene",
        "chironomy.new_seed",
        "chironomy.regenerate_range",
        "chironomy.lock_poses",
        "chironomy.release_poses",
        SEPARATOR,
        "CHIRONOMY_MT_takes",
        "CHIRONOMY_MT_score",
        "CHIRONOMY_MT_hand_poses",
        "CHIRONOMY_MT_edit",
        "CHIRONOMY_MT_video",
        SEPARATOR,
        "chironomy.import_motion",
        "chironomy.read_armature",
        "chironomy.export_motion",
        "chironomy.export_fbx",
        "chironomy.export_character",
        "chironomy.export_timeline",
        SEPARATOR,
        "chironomy.batch",
        "chironomy.open_batch",
        "chironomy.live",
        SEPARATOR,
        "chironomy.open_manual",
    )


class CHIRONOMY_MT_keys(_Menu):
    # Over keys: in the dope sheet and the timeline.
    bl_idname = "CHIRONOMY_MT_keys"
    bl_label = "Chironomy"
    entries = (
        "chironomy.regenerate_range",
        "chironomy.lock_poses",
        "chironomy.release_poses",
        SEPARATOR,
        "chironomy.read_score",
        "chironomy.apply_score",
        SEPARATOR,
        "CHIRONOMY_MT_edit",
    )


def draw_entries(layout: UILayout, entries: tuple[str, ...]) -> None:
    """Draw operators, menus and separators one below the other."""
    as_set(layout, bpy.context)
    for entry in entries:
        if entry == SEPARATOR:
            layout.separator()
        elif "_MT_" in entry:
            layout.menu(entry)
        elif entry in CHOICES:
            layout.operator_menu_enum(entry, CHOICES[entry])
        else:
            layout.operator(entry)


def draw_main(menu: Menu, _context: Context) -> None:
    """Draw in the menus of the 3D view."""
    menu.layout.separator()
    menu.layout.menu(CHIRONOMY_MT_main.bl_idname)


def draw_keys(menu: Menu, _context: Context) -> None:
    """Draw in the menus of keys."""
    menu.layout.separator()
    menu.layout.menu(CHIRONOMY_MT_keys.bl_idname)


def draw_import(menu: Menu, _context: Context) -> None:
    """Draw in File > Import."""
    menu.layout.operator("chironomy.import_motion", text="Chironomy Motion (.npz, .zip, .bvh, .vrma, .glb)")


def draw_export(menu: Menu, _context: Context) -> None:
    """Draw in File > Export."""
    menu.layout.operator("chironomy.export_motion", text="Chironomy Motion (.npz)")
    menu.layout.operator("chironomy.export_fbx", text="Chironomy Character (.fbx)")
    menu.layout.operator("chironomy.export_character", text="Chironomy Character (.glb, .usdc, .bvh, .vrma …)")
    menu.layout.operator("chironomy.export_timeline", text="Chironomy Timeline (.otio)")


PLACES: tuple[tuple[str, Callable[[Menu, Context], None]], ...] = (
    ("VIEW3D_MT_object", draw_main),
    ("VIEW3D_MT_pose", draw_main),
    ("DOPESHEET_MT_key", draw_keys),
    # The timeline has no menu for keys but this one, which the right mouse button opens.
    ("DOPESHEET_MT_context_menu", draw_keys),
    ("TOPBAR_MT_file_import", draw_import),
    ("TOPBAR_MT_file_export", draw_export),
)
"""Blender's menus, and what is drawn at their ends."""

CLASSES = (
    CHIRONOMY_MT_edit,
    CHIRONOMY_MT_takes,
    CHIRONOMY_MT_score,
    CHIRONOMY_MT_hand_poses,
    CHIRONOMY_MT_own,
    CHIRONOMY_MT_video,
    CHIRONOMY_MT_main,
    CHIRONOMY_MT_keys,
)


def register() -> None:
    """Be in Blender's menus from now on."""
    for name, draw in PLACES:
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    """Be in them no more."""
    for name, draw in reversed(PLACES):
        getattr(bpy.types, name).remove(draw)
