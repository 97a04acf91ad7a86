# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers over the take that is shown: applied, or taken away."""

from bpy.types import Context, Object, Operator, Scene

from ..properties import character, settings
from ..scene import layers
from ..scene.accepted import sparing
from ..scene.keeping import make_keepable, why_not_kept
from ..scene.retarget import handing_over
from ..sliced import SlicedOperator
from ..slices import Slices
from ..target import Target


class _LayerOperator(SlicedOperator):
    bl_options = {"REGISTER", "UNDO"}

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

    def slices(self, context: Context, target: Target) -> Slices:
        scene, item = target.find()
        make_keepable(scene, item)
        with sparing(scene, item) as spared:
            said = yield from self.change(scene, item, settings(scene).layer_index)
        scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
        yield from handing_over(scene, item)
        return said + spared

    def change(self, scene: Scene, item: Object, index: int) -> Slices:
        """Do it in slices; return what to tell the person."""
        raise NotImplementedError


class CHIRONOMY_OT_apply_layer(_LayerOperator, Operator):
    """Let the chosen layer, and those below it, become the take's own keys"""

    bl_idname = "chironomy.apply_layer"
    bl_label = "Apply Layer"

    def change(self, scene: Scene, item: Object, index: int) -> Slices:
        count = yield from layers.applying_layers(scene, item, index)
        return f"{count} {'layer is' if count == 1 else 'layers are'} in the take's own keys now"


class CHIRONOMY_OT_delete_layer(_LayerOperator, Operator):
    """Take the chosen layer away: the hands are as they were without it"""

    bl_idname = "chironomy.delete_layer"
    bl_label = "Delete Layer"

    def change(self, scene: Scene, item: Object, index: int) -> Slices:
        return f"deleted the layer {(yield from layers.deleting_layer(scene, item, index))}"


CLASSES = (CHIRONOMY_OT_apply_layer, CHIRONOMY_OT_delete_layer)
