# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers over the take that is shown: applied, or taken away."""

from typing import TYPE_CHECKING

from bpy.types import Context, Operator

from chironomy.errors import ChironomyError

from ..properties import character, settings
from ..scene import layers
from ..scene.keeping import make_keepable, why_not_kept
from ..scene.retarget import shown_again
from ..words import tip, told

# Where it is mixed in, an operator is what it is.
_Operator = Operator if TYPE_CHECKING else object


class _LayerOperator(_Operator):
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = cls.disabled_reason(context)
        if reason:
            cls.poll_message_set(tip(reason))
        return not reason

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        """Return why the button is grey; empty where it is not."""
        chosen, item = settings(context.scene), character(context.scene)
        if item is None:
            return "Add a character first"
        data = item.animation_data
        if data is None or data.action is None or chosen.layers_of != data.action or not len(chosen.layers):
            return "Edit something on a new layer first"
        return why_not_kept(context.scene, item)

    def change(self, context: Context, index: int) -> str:
        """Do it; return what to tell the person."""
        raise NotImplementedError

    def execute(self, context: Context) -> set[str]:
        item = character(context.scene)
        assert item is not None
        try:
            make_keepable(context.scene, item)
            said = self.change(context, settings(context.scene).layer_index)
        except ChironomyError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        shown_again(context.scene, item)
        self.report({"INFO"}, told(said))
        return {"FINISHED"}


class CHIRONOMY_OT_apply_layer(_LayerOperator, Operator):
    """Let the chosen layer, and those below it, become the take's own keys"""

    bl_idname = "chironomy.apply_layer"
    bl_label = "Apply Layer"

    def change(self, context: Context, index: int) -> str:
        item = character(context.scene)
        assert item is not None
        count = layers.apply_layers(context.scene, item, index)
        return f"{count} {'layer is' if count == 1 else 'layers are'} in the take's own keys now"


class CHIRONOMY_OT_delete_layer(_LayerOperator, Operator):
    """Take the chosen layer away: the hands are as they were without it"""

    bl_idname = "chironomy.delete_layer"
    bl_label = "Delete Layer"

    def change(self, context: Context, index: int) -> str:
        item = character(context.scene)
        assert item is not None
        return f"deleted the layer {layers.delete_layer(context.scene, item, index)}"


CLASSES = (CHIRONOMY_OT_apply_layer, CHIRONOMY_OT_delete_layer)
