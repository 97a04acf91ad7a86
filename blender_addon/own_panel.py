# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the tab Chironomy in which a character of one's own gets the hands."""

from bpy.types import Context, UILayout, UIList

from chironomy.retarget.detect import SURE
from chironomy.retarget.roles import parts

from .own import ChironomyOwn, ChironomyOwnBone, own_of
from .properties import character, settings
from .section import Section
from .words import label, sentence, word

_ICONS = {"found": "CHECKMARK", "doubtful": "ERROR", "missing": "X"}


class CHIRONOMY_UL_own_bones(UIList):
    """The bones of a character of one's own by what they are."""

    bl_idname = "CHIRONOMY_UL_own_bones"

    def draw_item(
        self,
        context: Context,
        layout: UILayout,
        _data: object,
        item: ChironomyOwnBone,
        _icon: int,
        _active: object,
        _active_property: str,
    ) -> None:
        row = layout.split(factor=0.42, align=True)
        row.label(text=_title(item.name), icon=_ICONS.get(item.status, "QUESTION"))
        row.label(text=item.bone, translate=False)


class CHIRONOMY_PT_own_character(Section):
    bl_idname = "CHIRONOMY_PT_own_character"
    bl_label = "Own Character"
    bl_parent_id = "CHIRONOMY_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout = self.body()
        chosen, ours = settings(context.scene), character(context.scene)
        layout.prop(chosen, "own_character", text="")
        layout.operator("chironomy.detect_bones", icon="VIEWZOOM")
        layout.operator_menu_enum("chironomy.add_body", "build", icon="ARMATURE_DATA")
        layout.operator("chironomy.add_smplx_body", icon="FILE_FOLDER")
        own = own_of(ours) if ours is not None else None
        if own is None or own.item is None:
            return
        _draw_found(layout, own)
        _draw_bones(layout, own)
        for name in ("part", "hands", "weight"):
            layout.prop(own, name)
        if own.trouble:
            layout.label(text=sentence(own.trouble), icon="ERROR")
        row = layout.row(align=True)
        row.operator("chironomy.save_bone_map", text="Save Map", icon="EXPORT")
        row.operator("chironomy.load_bone_map", text="Load Map", icon="IMPORT")
        layout.operator("chironomy.forget_own_character", icon="UNLINKED")


def _title(role: str) -> str:
    """Return a role in Blender's language."""
    name, joint, side = parts(role)
    name = f"{word(name)} {joint}".strip()
    if side == "L":
        return label("Left {part}", part=name)
    return label("Right {part}", part=name) if side == "R" else name


def _draw_found(layout: UILayout, own: ChironomyOwn) -> None:
    icon = "CHECKMARK" if own.confidence >= SURE else "ERROR"
    text = label("{name}: {kind}, {sure:.0f} % sure", name=own.item.name, kind=own.standard, sure=100 * own.confidence)
    layout.label(text=text, icon=icon)
    if own.reason:
        layout.label(text=sentence(own.reason))


def _draw_bones(layout: UILayout, own: ChironomyOwn) -> None:
    layout.template_list("CHIRONOMY_UL_own_bones", "", own, "bones", own, "bone_index", rows=5)
    if 0 <= own.bone_index < len(own.bones):
        row = own.bones[own.bone_index]
        layout.prop_search(row, "bone", own.item.data, "bones")
        if row.reason:
            layout.label(text=sentence(row.reason), icon="INFO")


CLASSES = (CHIRONOMY_UL_own_bones, CHIRONOMY_PT_own_character)
