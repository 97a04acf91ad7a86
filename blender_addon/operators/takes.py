# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of a character: show, compare, keep, throw away, lay in the NLA, and take parts of another."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty
from bpy.types import Context, Event, Object, Operator, Scene

from chironomy.gesture.settings import RANGE_HANDS

from ..entries import ChironomyTake
from ..locale import OWN
from ..properties import character, settings
from ..scene import new_takes, takes
from ..scene.chosen import chosen_range
from ..scene.keeping import why_not_changed
from ..sliced import SlicedOperator
from ..slices import Slices
from ..target import Target
from ..tasks import with_window
from ..titles import title


class TakeOperator(SlicedOperator):
    """What operators on the chosen take have in common; a subclass gives `change`."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return why_not_changed(context.scene) or cls.reason(context)

    @classmethod
    def reason(cls, context: Context) -> str:
        """Return why a character that can be changed is not, likewise."""
        return "" if chosen_take(context) else "Generate or import a take first"

    def slices(self, context: Context, target: Target) -> str | Slices:
        return self.change(*target.find())

    def change(self, scene: Scene, item: Object) -> str | Slices:
        """Do it, at once or in slices; return what to tell the person."""
        raise NotImplementedError


class CHIRONOMY_OT_duplicate_take(TakeOperator, Operator):
    """Add a copy of the chosen take with all its keys, and show it"""

    bl_idname = "chironomy.duplicate_take"
    bl_label = "Duplicate Take"

    def change(self, scene: Scene, item: Object) -> str:
        return f"{takes.duplicate(scene, _take(scene)).name} is a copy"


class CHIRONOMY_OT_delete_take(TakeOperator, Operator):
    """Take the chosen take from the list, with its action where nothing else uses it; Undo brings it back"""

    bl_idname = "chironomy.delete_take"
    bl_label = "Delete Take"

    @classmethod
    def reason(cls, context: Context) -> str:
        take = chosen_take(context)
        if take is None:
            return "Generate or import a take first"
        return f"{take.name} is accepted: take its check mark away first" if take.accepted else ""

    def change(self, scene: Scene, item: Object) -> str:
        return f"deleted {takes.delete(scene, _take(scene))}"


class CHIRONOMY_OT_flip_take(TakeOperator, Operator):
    """Show the take that was shown before this one, and with the next press this one again: to compare the two"""

    bl_idname = "chironomy.flip_take"
    bl_label = "Flip Takes"

    @classmethod
    def reason(cls, context: Context) -> str:
        return "" if len(takes.takes_of(context.scene, character(context.scene))) > 1 else "There is one take at most"

    def change(self, scene: Scene, item: Object) -> str:
        return f"{takes.flip(scene, item).name} is shown"


class CHIRONOMY_OT_take_to_nla(TakeOperator, Operator):
    """Lay the chosen take as a strip on an NLA track of its own, where it plays instead of a take"""

    bl_idname = "chironomy.take_to_nla"
    bl_label = "Push to NLA"

    def change(self, scene: Scene, item: Object) -> str:
        return f"the NLA plays {takes.to_nla(scene, _take(scene))}"


class CHIRONOMY_OT_bring_in_take(TakeOperator, Operator):
    """Put hands of another take, in the frames of the selected keys or the preview range or in all, into this one"""

    bl_idname = "chironomy.bring_in_take"
    bl_label = "Bring In From Take"

    source: EnumProperty(
        name="From",
        translation_context=OWN,
        description="The take that is brought in",
        items=lambda self, context: _others(context),
    )
    hands: EnumProperty(
        name="Hands",
        description="Which hands are brought in",
        items=[(hands, title(hands), "") for hands in RANGE_HANDS],
    )

    weight: FloatProperty(
        name="Weight",
        description="Of the other take: 0 leaves this one as it is, 0.5 is half way between both",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    chosen: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    """Whether the take was chosen already."""

    _asked = False

    @classmethod
    def reason(cls, context: Context) -> str:
        item = character(context.scene)
        if item is None or takes.shown_take(context.scene, item) is None:
            return "Show a take first"
        return "" if len(takes.takes_of(context.scene, item)) > 1 else "There is no other take"

    def invoke(self, context: Context, event: Event) -> set[str]:
        if self.chosen:
            return super().invoke(context, event)
        self._asked = True
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: Context) -> set[str]:
        if self._asked and with_window():
            # The dialog is closed by what is done here; the work goes on beside what the person does, and is the step.
            given = {"source": self.source, "hands": self.hands, "weight": self.weight, "chosen": True}
            bpy.ops.chironomy.bring_in_take("INVOKE_DEFAULT", True, **given)
            return {"CANCELLED"}
        return super().execute(context)

    def change(self, scene: Scene, item: Object) -> Slices:
        listed = takes.takes_of(scene, item)
        source = listed[int(self.source)] if self.source else None
        if source is None or source == takes.shown_take(scene, item):
            raise takes.TakeError("choose the take to bring in")
        between = chosen_range(scene, item)
        return new_takes.bringing_in(scene, item, source.action.session_uid, self.hands, between, self.weight)


def chosen_take(context: Context) -> ChironomyTake | None:
    """Return the take that is chosen in the list, where it is one of the scene's character."""
    return chosen_take_of(context.scene)


def chosen_take_of(scene: Scene) -> ChironomyTake | None:
    """Likewise of a scene that may not be shown."""
    chosen = settings(scene)
    if not 0 <= chosen.take_index < len(chosen.takes):
        return None
    take = chosen.takes[chosen.take_index]
    return take if take.item == character(scene) and take.action is not None else None


def _take(scene: Scene) -> ChironomyTake:
    take = chosen_take_of(scene)
    if take is None:
        raise takes.TakeError("generate or import a take first")
    return take


_names: list[tuple[str, str, str]] = []
"""What Blender shows of names that are made as they are needed must live as long as it shows them."""


def _others(context: Context) -> list[tuple[str, str, str]]:
    item = character(context.scene)
    now = takes.shown_take(context.scene, item) if item else None
    _names[:] = [
        (str(number), f"{take.name} {take.label}".strip(), "")
        for number, take in enumerate(takes.takes_of(context.scene, item))
        if take != now
    ]
    return _names


CLASSES = (
    CHIRONOMY_OT_duplicate_take,
    CHIRONOMY_OT_delete_take,
    CHIRONOMY_OT_flip_take,
    CHIRONOMY_OT_take_to_nla,
    CHIRONOMY_OT_bring_in_take,
)
