# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done where a person chooses or changes something in the lists of takes and layers."""

import bpy
from bpy.types import Object, Scene

from chironomy.errors import ChironomyError

from ..entries import ChironomyLayer, ChironomyTake, answers
from ..properties import settings
from ..rig import actions
from ..slices import GoneError, Slices, drained
from .accepted import refuse_accepted
from .detail import key_again_if_wished
from .keeping import make_keepable
from .layers import changing_layer, list_as_is
from .retarget import handing_over
from .takes import list_what_belongs, show, shown_take
from .wishes import Wishes


def _show_chosen(scene: Scene, take: ChironomyTake) -> None:
    if take.item is None or shown_take(scene, take.item) != take:
        show(scene, take)
    key_again_if_wished(scene, take)


def _list_phrases(scene: Scene, item: Object) -> None:
    take = shown_take(scene, item)
    list_what_belongs(scene, take.action if take is not None else None)


def _change_layer(scene: Scene, layer: ChironomyLayer) -> None:
    """Answer a person's change of a layer in the list: at once, or with a window while Blender answers."""
    chosen, item = settings(scene), settings(scene).character
    data = item.animation_data if item is not None else None
    if data is None or data.action is None or chosen.layers_of != data.action:
        return
    index = next(number for number, other in enumerate(chosen.layers) if other == layer)
    _Layer.scene, _Layer.action, _Layer.index = scene.session_uid, data.action.session_uid, index
    chosen.layer_trouble = ""
    if not bpy.app.background:
        _layer_wishes.wish(_changing_layer)
        _layer_wishes.soon()
        return
    try:
        drained(_changing_layer())
    except ChironomyError as error:
        _set_layer_back(str(error))


class _Layer:
    """The layer that was changed last: its scene and its action, by their numbers in this session, and its place."""

    scene = 0
    action = 0
    index = 0


def _changing_layer() -> Slices:
    """Let the take have the layer as the list says.

    Raises:
        GoneError: the take is not shown any more.
        ChironomyError: it cannot be changed.
    """
    scene, item = _layer_owner()
    # The list that a person holds cannot be exchanged for that of a copy.
    refuse_accepted(shown_take(scene, item))
    make_keepable(scene, item)
    actions.own(item)
    said = settings(scene).layers[_Layer.index]
    yield from changing_layer(scene, item, _Layer.index, said.title, said.weight, said.muted)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    yield from handing_over(scene, item)
    return True


def _layer_owner() -> tuple[Scene, Object]:
    for scene in bpy.data.scenes:
        chosen = settings(scene) if scene.session_uid == _Layer.scene else None
        if chosen is None or chosen.character is None or chosen.layers_of is None:
            continue
        data = chosen.character.animation_data
        shown = data is not None and data.action == chosen.layers_of and data.action.session_uid == _Layer.action
        if shown and _Layer.index < len(chosen.layers):
            return scene, chosen.character
    raise GoneError("the layer is not shown any more")


def _set_layer_back(trouble: str) -> None:
    """Let the list say what the take has, and why."""
    try:
        scene, item = _layer_owner()
    except GoneError:
        return
    settings(scene).layer_trouble = trouble
    list_as_is(scene, item.animation_data.action, _Layer.index)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)


_layer_wishes = Wishes("Layer", _set_layer_back)


def register() -> None:
    """Answer a person's choice in the lists of takes and layers."""
    answers.update({"show": _show_chosen, "list": _list_phrases, "layer": _change_layer})


def unregister() -> None:
    """Answer no more: Blender 4.2 holds what properties call to its end."""
    answers.clear()
    _layer_wishes.end()
