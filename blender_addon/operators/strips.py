# SPDX-License-Identifier: GPL-3.0-or-later
"""Clicks on the strips in the timeline and the dope sheet; everything that lies beside them is Blender's own."""

from typing import ClassVar

import bpy
from bpy.props import EnumProperty
from bpy.types import Context, Event, Operator

from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.phrases import REST
from chironomy.gesture.settings import HANDEDNESS

from .. import timeline
from ..explained import Explained
from ..locale import OWN
from ..properties import settings
from ..rig.read import scene_fps
from ..scene import score
from ..scene.speech import speech_start
from ..strips import dragged
from ..titles import title
from ..words import label
from .score import PhraseOperator, shown_action

LEAST = 0.3
"""Seconds that a phrase keeps when an end of it is dragged: a hand must get there and back."""


class _ClickOperator(Explained, Operator):
    """What a click on a strip starts."""

    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        area = context.area
        there = area is not None and area.type == "DOPESHEET_EDITOR" and bool(timeline.strips(context))
        return "" if there else "Press on a phrase in the timeline or the dope sheet"

    def strip(self, context: Context, event: Event) -> str:
        """Choose the phrase under the pointer; return what of it was hit, "" where there is none."""
        if context.region is None or context.region.type != "WINDOW":
            return ""
        found = timeline.under(context, context.region, event.mouse_region_x, event.mouse_region_y)
        if found is None:
            return ""
        if settings(context.scene).phrase_index != found.number:
            score.choose(context.scene, found.number)
        return found.part


class CHIRONOMY_OT_drag_phrase(_ClickOperator):
    """Choose the phrase that is clicked in the timeline; drag it to move it, or an end of it to give it more time"""

    bl_idname = "chironomy.drag_phrase"
    bl_label = "Drag Phrase"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO", "INTERNAL", "BLOCKING"}

    def invoke(self, context: Context, event: Event) -> set[str]:
        chosen = settings(context.scene)
        self._part = self.strip(context, event)
        if not self._part:
            return {"PASS_THROUGH"}
        self._number = chosen.phrase_index
        phrase = chosen.phrases[self._number]
        self._frames = self._now = (phrase.first, phrase.last)
        self._begun = event.mouse_region_x
        self._moving = False
        scene, fps, known = context.scene, scene_fps(context.scene), score.score_of(shown_action(context))
        self._earliest, self._least = speech_start(scene), max(round(LEAST * fps), 2)
        self._latest = self._earliest + round(known.seconds * fps) if known is not None else None
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        if event.type == "MOUSEMOVE":
            self._follow(context, event)
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            # A slow Blender may have told of no move before.
            self._follow(context, event)
            return self._let_go(context)
        elif event.type in ("ESC", "RIGHTMOUSE"):
            self._now = self._frames
            return self._let_go(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        """Blender ends the drag, as when another file is opened."""
        self._end(context)

    def _follow(self, context: Context, event: Event) -> None:
        pixels = event.mouse_region_x - self._begun
        inputs, scale = context.preferences.inputs, context.preferences.system.ui_scale
        if not self._moving:
            if abs(pixels) < inputs.drag_threshold_mouse * scale:
                return
            self._moving = True
            context.window.cursor_modal_set("SCROLL_X" if self._part == "whole" else "MOVE_X")
        view = context.region.view2d
        begun, here = (view.region_to_view(x, 0)[0] for x in (self._begun, self._begun + pixels))
        frames = round(here - begun)
        self._now = dragged(*self._frames, self._part, frames, self._least, self._earliest, self._latest)
        timeline.show_drag(self._number, *self._now)
        if context.area is not None:
            first, last = self._now
            context.area.header_text_set(label("Frames {first} to {last}", first=first, last=last))

    def _let_go(self, context: Context) -> set[str]:
        self._end(context)
        chosen = settings(context.scene)
        if self._now != self._frames and self._number < len(chosen.phrases):
            phrase = chosen.phrases[self._number]
            phrase.first, phrase.last = self._now
            return {"FINISHED"}
        # To choose is no step to undo: Blender would keep the whole scene for it at every click.
        return {"CANCELLED"}

    def _end(self, context: Context) -> None:
        timeline.end_drag()
        if self._moving:
            context.window.cursor_modal_restore()
        if context.area is not None:
            context.area.header_text_set(None)


class CHIRONOMY_OT_edit_phrase(_ClickOperator):
    """Choose the phrase that is clicked in the timeline, and change what it is"""

    bl_idname = "chironomy.edit_phrase"
    bl_label = "Edit Phrase"

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not self.strip(context, event):
            return {"PASS_THROUGH"}
        bpy.ops.wm.call_panel(name="CHIRONOMY_PT_phrase", keep_open=True)
        return {"FINISHED"}


class CHIRONOMY_OT_phrase_menu(_ClickOperator):
    """Choose the phrase that is clicked in the timeline, and open its menu"""

    bl_idname = "chironomy.phrase_menu"
    bl_label = "Phrase Menu"

    def invoke(self, context: Context, event: Event) -> set[str]:
        if not self.strip(context, event):
            return {"PASS_THROUGH"}
        bpy.ops.wm.call_menu(name="CHIRONOMY_MT_phrase")
        return {"FINISHED"}


class CHIRONOMY_OT_phrase_kind(PhraseOperator):
    """Let the chosen phrase be another kind of gesture; Apply Score makes it"""

    bl_idname = "chironomy.phrase_kind"
    bl_label = "Phrase Kind"

    kind: EnumProperty(
        name="Kind",
        description="What is gestured",
        items=[(kind, title(kind), "") for kind in (*KINDS, REST)],
        translation_context=OWN,
    )

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        chosen.phrases[chosen.phrase_index].kind = self.kind
        return {"FINISHED"}


class CHIRONOMY_OT_phrase_hands(PhraseOperator):
    """Let other hands do the chosen phrase; Apply Score makes it"""

    bl_idname = "chironomy.phrase_hands"
    bl_label = "Phrase Hands"

    hands: EnumProperty(
        name="Hands",
        description="Which hand does it",
        items=[(hands, title(hands), "") for hands in HANDEDNESS],
    )

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        chosen.phrases[chosen.phrase_index].hands = self.hands
        return {"FINISHED"}


class CHIRONOMY_OT_lock_phrase(PhraseOperator):
    """Lock the chosen phrase, so that it stays as it is when others are changed, or unlock it"""

    bl_idname = "chironomy.lock_phrase"
    bl_label = "Lock or Unlock Phrase"

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        phrase = chosen.phrases[chosen.phrase_index]
        phrase.locked = not phrase.locked
        return {"FINISHED"}


CLASSES = (
    CHIRONOMY_OT_drag_phrase,
    CHIRONOMY_OT_edit_phrase,
    CHIRONOMY_OT_phrase_menu,
    CHIRONOMY_OT_phrase_kind,
    CHIRONOMY_OT_phrase_hands,
    CHIRONOMY_OT_lock_phrase,
)
