# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of the tab Chironomy: what a row of takes, of phrases and of layers shows."""

from bpy.types import Context, UILayout, UIList

from . import take_pictures
from .entries import ChironomyLayer, ChironomyPhrase, ChironomyTake
from .properties import ChironomySettings, character
from .scene import takes
from .scene.score import has_edits
from .scene.turns import turns
from .turns import STRIP, turn_of
from .words import told, word


class CHIRONOMY_UL_takes(UIList):
    """The takes of the scene's character."""

    bl_idname = "CHIRONOMY_UL_takes"

    def draw_item(
        self,
        context: Context,
        layout: UILayout,
        _data: object,
        item: ChironomyTake,
        _icon: int,
        _active: object,
        _active_property: str,
    ) -> None:
        shown = character(context.scene)
        playing = shown is not None and takes.shown_take(context.scene, shown) == item
        # What tells takes apart, as the seed, is at the end of how they were made.
        row = layout.split(factor=0.42, align=True)
        left, right = row.row(align=True), row.row(align=True)
        picture = take_pictures.icon(context.scene, item) if item.action is not None else 0
        # The one that is shown has its picture below, and larger.
        pictured = picture and not playing
        icon = {"icon_value": picture} if pictured else {"icon": "HIDE_OFF" if playing else "BLANK1"}
        left.prop(item, "name", text="", emboss=False, **icon)
        right.label(text=told(item.label))
        if has_edits(context.scene, item.action):
            right.label(text="", icon="GREASEPENCIL")
        right.prop(item, "accepted", text="", icon="CHECKBOX_HLT" if item.accepted else "CHECKBOX_DEHLT", emboss=False)

    def filter_items(self, context: Context, data: ChironomySettings, _property: str) -> tuple[list[int], list[int]]:
        item = character(context.scene)
        own = [take.item == item and take.action is not None for take in data.takes]
        return [self.bitflag_filter_item if each else 0 for each in own], []


class CHIRONOMY_UL_phrases(UIList):
    """The gesture phrases of the take that is shown."""

    bl_idname = "CHIRONOMY_UL_phrases"

    def draw_item(
        self,
        context: Context,
        layout: UILayout,
        _data: object,
        item: ChironomyPhrase,
        _icon: int,
        _active: object,
        _active_property: str,
    ) -> None:
        # What is gestured has the most room, in a sidebar as wide as it comes, too.
        row = layout.row(align=True)
        first = row.split(factor=0.17, align=True)
        first.label(text=f"{item.first}")
        kind = first.split(factor=0.52 if item.word else 0.65, align=True)
        kind.prop(item, "kind", text="", emboss=False)
        rest = kind.row(align=True)
        rest.prop(item, "hands", text="", emboss=False)
        if item.word:
            rest.label(text=item.word)
        row.prop(item, "locked", text="", icon="LOCKED" if item.locked else "UNLOCKED", emboss=False)


class CHIRONOMY_UL_layers(UIList):
    """The layers of the take that is shown."""

    bl_idname = "CHIRONOMY_UL_layers"

    def draw_item(
        self,
        context: Context,
        layout: UILayout,
        _data: object,
        item: ChironomyLayer,
        _icon: int,
        _active: object,
        _active_property: str,
    ) -> None:
        row = layout.split(factor=0.55, align=True)
        row.prop(item, "title", text="", emboss=False)
        rest = row.row(align=True)
        weight = rest.row(align=True)
        weight.enabled = not item.muted
        weight.prop(item, "weight", text="", slider=True)
        rest.prop(item, "muted", text="", icon="HIDE_ON" if item.muted else "HIDE_OFF", emboss=False)


class CHIRONOMY_UL_turns(UIList):
    """The sound strips of a scene, with who speaks in each."""

    bl_idname = "CHIRONOMY_UL_turns"

    def draw_item(
        self,
        context: Context,
        layout: UILayout,
        _data: object,
        item: STRIP,
        _icon: int,
        _active: object,
        _active_property: str,
    ) -> None:
        row, turn = layout.split(factor=0.3, align=True), turn_of(item)
        row.label(text=item.name)
        right = row.row(align=True)
        whose = right.row(align=True)
        whose.enabled = not turn.nobody
        if turn.who is None and not turn.nobody:
            found = (each.who for each in turns(context.scene) if each.played.strip == item)
            who = next(found, None)
            whose.label(text=who.name if who is not None else word("nobody"))
        whose.prop(turn, "who", text="")
        right.prop(turn, "nobody", text="", icon="SOUND", emboss=turn.nobody)

    def filter_items(self, _context: Context, data: object, name: str) -> tuple[list[int], list[int]]:
        return [self.bitflag_filter_item if strip.type == "SOUND" else 0 for strip in getattr(data, name)], []


CLASSES = (CHIRONOMY_UL_takes, CHIRONOMY_UL_turns, CHIRONOMY_UL_phrases, CHIRONOMY_UL_layers)
