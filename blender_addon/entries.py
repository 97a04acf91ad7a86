# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene lists: its takes, the phrases and the layers of the one that is shown, and its renders."""

# Not `import bpy`, as in `properties`.
from collections.abc import Callable
from typing import Any

from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty
from bpy.types import Action, Context, Object, Property, PropertyGroup, Scene

from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.phrases import REST
from chironomy.gesture.settings import HANDEDNESS
from chironomy.motion.key_poses import DETAIL

from .locale import OWN
from .titles import title

_KNOWS_RELATIVE = "is_path_supports_blend_relative" in Property.bl_rna.properties
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if _KNOWS_RELATIVE else set()
"""Says of a path that it may begin with //; Blender asks since 4.5."""

answers: dict[str, Callable[[Scene, Any], None]] = {}
"""What is done where a person chooses a take or its detail; `scene.takes` knows how, and says so while it is in use."""


listed: dict[str, Callable[[Scene], list[tuple[str, str, str, int, int]]]] = {}
"""What lists that depend on the scene hold; `take_pictures` knows it while it is in use."""


def take_items(chosen: Any, _context: Context | None) -> list[tuple[str, str, str, int, int]]:
    """List the takes of the character with their pictures."""
    return listed["takes"](chosen.id_data) if "takes" in listed else []


def _key_again(take: "ChironomyTake", _context: Context) -> None:
    """Make a take's keys anew in the detail that was set; where that cannot be, the slider goes back."""
    if take.quiet:
        return
    answer("key again", take)
    if take.trouble:
        take.quiet = True
        take.detail = take.keyed_detail
        take.quiet = False


def answer(wish: str, take: "ChironomyTake") -> None:
    """Do something for a take; where it cannot be done, the panel says why."""
    try:
        answers[wish](take.id_data, take)
    except ChironomyError as error:
        take.trouble = str(error)


def _renamed(take: "ChironomyTake", _context: Context) -> None:
    """Name the actions of a take that was renamed after it, but for those that a person named."""
    action, face, item = take.action, take.face_action, take.item
    if action is None or item is None or not take.called or action.name != take.called or action.library is not None:
        return
    before = action.name
    action.name = f"{item.name} {take.name}"
    take.called = action.name
    if face is not None and face != action and face.library is None and face.name == f"{before} Face":
        face.name = f"{action.name} Face"


class ChironomyTake(PropertyGroup):
    """A motion of a character."""

    name: StringProperty(name="Name", description="What the take is called, and its action with it", update=_renamed)
    called: StringProperty(options={"HIDDEN"})
    """How its action was named after it; empty where the action is a person's own."""

    label: StringProperty(name="Label", description="Style and seed, or the file that it came from")
    item: PointerProperty(name="Character", type=Object, options={"HIDDEN"})
    action: PointerProperty(name="Action", type=Action, options={"HIDDEN"})
    slot: IntProperty(options={"HIDDEN"})
    face_action: PointerProperty(name="Face's Action", type=Action, options={"HIDDEN"})
    face_slot: IntProperty(options={"HIDDEN"})
    accepted: BoolProperty(
        name="Accepted",
        description="This take is good: it is not deleted or keyed anew, and what edits it goes into a copy of it",
    )
    detail: FloatProperty(
        name="Detail",
        description="From few key poses, for blocking, to keys that hold the motion exactly; your own poses stay",
        default=DETAIL,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_key_again,
    )
    wrist_miss: FloatProperty(
        name="Wrists Off",
        description="By the keys, in 95 % of frames",
        subtype="DISTANCE",
        options={"HIDDEN"},
    )
    joint_miss: FloatProperty(
        name="Joints Off",
        description="By the keys, in 95 % of frames",
        subtype="ANGLE",
        options={"HIDDEN"},
    )
    keyed_detail: FloatProperty(default=DETAIL, options={"HIDDEN"})
    trouble: StringProperty(options={"HIDDEN"})
    quiet: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})


def _draw_again(phrase: "ChironomyPhrase", _context: Context) -> None:
    """Draw the strips of the score as they are now."""
    if "strip" in answers:
        answers["strip"](phrase.id_data, phrase)


class ChironomyPhrase(PropertyGroup):
    """A gesture phrase of the take that is shown, to be edited."""

    number: IntProperty(default=-1, options={"HIDDEN"})
    kind: EnumProperty(
        name="Kind",
        description="What is gestured",
        items=[(kind, title(kind), "") for kind in (*KINDS, REST)],
        translation_context=OWN,
        update=_draw_again,
    )
    hands: EnumProperty(
        name="Hands",
        description="Which hand does it",
        items=[(hands, title(hands), "") for hands in HANDEDNESS],
        default="right",
        update=_draw_again,
    )
    first: IntProperty(
        name="First Frame",
        description="Where the hand sets out for it; its strokes move along",
        subtype="TIME",
        update=_draw_again,
    )
    last: IntProperty(
        name="Last Frame",
        description="Where the hand lets go",
        subtype="TIME",
        update=_draw_again,
    )
    size: FloatProperty(
        name="Size",
        description="How long its strokes are; 0 lets the model choose",
        min=0.0,
        max=1.0,
        subtype="DISTANCE",
        update=_draw_again,
    )
    locked: BoolProperty(
        name="Locked",
        description="It stays as it is when other phrases are changed",
        update=_draw_again,
    )
    word: StringProperty(name="Word", options={"HIDDEN"})
    stroke: FloatProperty(options={"HIDDEN"})
    apexes: StringProperty(options={"HIDDEN"})
    was_first: IntProperty(options={"HIDDEN"})
    was_last: IntProperty(options={"HIDDEN"})
    was_size: FloatProperty(options={"HIDDEN"})
    was_kind: StringProperty(options={"HIDDEN"})
    was_hands: StringProperty(options={"HIDDEN"})
    was_locked: BoolProperty(options={"HIDDEN"})


class ChironomyRender(PropertyGroup):
    """A video, or a folder of pictures, that was rendered of the scene."""

    path: StringProperty(name="Path", subtype="FILE_PATH", options={"HIDDEN"} | BLEND_RELATIVE)


def _change_layer(layer: "ChironomyLayer", _context: Context) -> None:
    """Write the keys anew with a layer that was renamed, muted or given another weight."""
    if not layer.quiet and "layer" in answers:
        answers["layer"](layer.id_data, layer)


class ChironomyLayer(PropertyGroup):
    """A layer of the take that is shown."""

    title: StringProperty(name="Name", description="What the layer is called", update=_change_layer)
    weight: FloatProperty(
        name="Weight",
        description="How much of the layer there is",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_change_layer,
    )
    muted: BoolProperty(name="Mute", description="Leave the layer out", update=_change_layer)
    quiet: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
