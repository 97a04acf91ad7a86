# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens over the timeline and beside the list of phrases: the kinds of gesture by their pictures, and a phrase."""

from bpy.types import Context, Menu, Panel, UILayout

from chironomy.gesture.repertoire.kinds import KINDS

from . import kind_pictures
from .entries import ChironomyPhrase
from .locale import OWN
from .properties import settings
from .titles import title
from .words import word

COLUMNS, PICTURE = 7, 3.6
"""Pictures in a row, and how large one is, in heights of a button."""


class _Popover(Panel):
    # Of a header, where it is drawn nowhere by itself.
    bl_space_type = "DOPESHEET_EDITOR"
    bl_region_type = "HEADER"
    bl_translation_context = OWN
    bl_ui_units_x = 27


class CHIRONOMY_PT_add_phrase(_Popover):
    # No docstring: Blender would show it.
    bl_idname = "CHIRONOMY_PT_add_phrase"
    bl_label = "Add Phrase at Current Frame"

    def draw(self, context: Context) -> None:
        layout, chosen = self.layout, settings(context.scene)
        layout.label(text="Add Phrase at Current Frame", text_ctxt=OWN)
        layout.row(align=True).prop(chosen, "add_hands", expand=True)
        for kind, cell in _cells(layout):
            button = cell.operator("chironomy.add_phrase", text=_name(kind), translate=False)
            button.kind, button.hands = kind, chosen.add_hands


class CHIRONOMY_PT_phrase(_Popover):
    bl_idname = "CHIRONOMY_PT_phrase"
    bl_label = "Phrase"

    def draw(self, context: Context) -> None:
        layout, phrase = self.layout, chosen_phrase(context)
        if phrase is None:
            layout.label(text="Choose a phrase in the list first")
            return
        row = layout.row(align=True)
        row.label(text=_name(phrase.kind) + (f" – {phrase.word}" if phrase.word else ""), translate=False)
        row.prop(phrase, "locked", text="", icon="LOCKED" if phrase.locked else "UNLOCKED")
        row.operator("chironomy.delete_phrase", text="", icon="TRASH")
        row = layout.row(align=True)
        row.prop(phrase, "hands", expand=True)
        row = layout.row(align=True)
        for name in ("first", "last", "size"):
            row.prop(phrase, name)
        for kind, cell in _cells(layout):
            cell.operator(
                "chironomy.phrase_kind", text=_name(kind), translate=False, depress=kind == phrase.kind
            ).kind = kind


class CHIRONOMY_MT_phrase_kind(Menu):
    bl_idname = "CHIRONOMY_MT_phrase_kind"
    bl_label = "Kind"
    bl_translation_context = OWN

    def draw(self, context: Context) -> None:
        columns = self.layout.column_flow(columns=2)
        for kind in KINDS:
            columns.operator(
                "chironomy.phrase_kind", text=_name(kind), translate=False, icon_value=kind_pictures.icon(kind)
            ).kind = kind


class CHIRONOMY_MT_phrase(Menu):
    bl_idname = "CHIRONOMY_MT_phrase"
    bl_label = "Phrase"
    bl_translation_context = OWN

    def draw(self, context: Context) -> None:
        layout, phrase = self.layout, chosen_phrase(context)
        if phrase is None:
            return
        layout.operator_context = "EXEC_DEFAULT"
        layout.menu("CHIRONOMY_MT_phrase_kind")
        layout.operator_menu_enum("chironomy.phrase_hands", "hands", text="Hands")
        layout.prop(phrase, "size")
        layout.operator("chironomy.lock_phrase", icon="LOCKED" if phrase.locked else "UNLOCKED")
        layout.separator()
        layout.operator("chironomy.delete_phrase", icon="TRASH")
        layout.separator()
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("wm.call_panel", text="Add Phrase", icon="ADD").name = CHIRONOMY_PT_add_phrase.bl_idname
        layout.operator("chironomy.apply_score", icon="CHECKMARK")


def chosen_phrase(context: Context) -> ChironomyPhrase | None:
    """Return the phrase that is chosen in the list, or None."""
    chosen = settings(context.scene)
    return chosen.phrases[chosen.phrase_index] if 0 <= chosen.phrase_index < len(chosen.phrases) else None


def _cells(layout: UILayout) -> list[tuple[str, UILayout]]:
    """Draw the kinds' pictures; return of each what its button goes into."""
    grid = layout.grid_flow(row_major=True, columns=COLUMNS, even_columns=True, even_rows=True)
    cells = []
    for kind in KINDS:
        cell = grid.column(align=True)
        cell.template_icon(icon_value=kind_pictures.icon(kind), scale=PICTURE)
        cells.append((kind, cell))
    return cells


def _name(kind: str) -> str:
    return word(title(kind))


CLASSES = (
    CHIRONOMY_PT_add_phrase,
    CHIRONOMY_PT_phrase,
    CHIRONOMY_MT_phrase_kind,
    CHIRONOMY_MT_phrase,
)
