# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene knows of its speech, its character and how motion and video are made."""

# Not `import bpy`: Blender 4.2 keeps the functions that properties call to the end, and its Python module, held by what
# they know of, would never be freed and end the program by a crash.
from typing import Any

from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import Action, Context, Object, PropertyGroup, Scene

from chironomy.body.emotion import EMOTIONS
from chironomy.body.figures import FIGURES
from chironomy.body.outfits import OUTFITS
from chironomy.gesture.settings import AMPLITUDE, HANDEDNESS, RATE, SEED, SPEED, STYLES
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.formats import FORMATS

from .batch import ChironomyBatch
from .entries import (
    BLEND_RELATIVE,
    ChironomyLayer,
    ChironomyPhrase,
    ChironomyRender,
    ChironomyTake,
    answer,
    answers,
    take_items,
)
from .live import ChironomyLive
from .locale import OWN
from .rig.build import dress, figure_of, is_character, show_figure
from .titles import title
from .view import give_back

ENGINES = (
    ("previz", "Preview", "The character itself, drawn on the processor without any model"),
    ("emo2", "EMO2", "The person of the portrait, by stage 2's own network; needs its weights and mostly a GPU"),
    ("vace", "Wan VACE", "The person of the portrait, by Wan2.1-VACE; needs its weights and a GPU"),
    ("animate", "Wan Animate", "The person of the portrait, by Wan2.2-Animate; needs its weights and a GPU"),
)

SHAPES = {"portrait": (512, 704), "9_16": (720, 1280), "1_1": (720, 720), "16_9": (1280, 720)}


def shape_of(width: int, height: int) -> str:
    """Return the name of the shape that has this size."""
    return next((name for name, size in SHAPES.items() if size == (width, height)), "custom")


_BACKDROPS = {
    "portrait": "The portrait, where the character is fitted to one",
    "transparent": "Nothing, in the formats that keep transparency",
}
"""What needs to be said of a backdrop."""


def _take_shape(chosen: "ChironomySettings", _context: Context) -> None:
    """Give width and height the shape that was picked."""
    if chosen.shape in SHAPES:
        chosen.width, chosen.height = SHAPES[chosen.shape]


def _take_outfit(chosen: "ChironomySettings", _context: Context) -> None:
    """Let the character wear what was picked."""
    if is_character(chosen.character):
        dress(chosen.character, chosen.outfit)


def _get_figure(chosen: "ChironomySettings") -> int:
    """Return the number of the character's figure, or of the one that is added next where there is none."""
    return FIGURES.index(figure_of(chosen.character)) if is_character(chosen.character) else chosen.next_figure


def _set_figure(chosen: "ChironomySettings", number: int) -> None:
    """Show as much of the character as was picked."""
    chosen.next_figure = number
    if is_character(chosen.character):
        show_figure(chosen.character, FIGURES[number])


def _forget_fit(chosen: PropertyGroup, _context: Context) -> None:
    """A fit belongs to the portrait that it was made from."""
    forget_fit(chosen)


def _list_phrases(chosen: "ChironomySettings", _context: Context) -> None:
    """List the phrases of what the character that was picked shows."""
    if "list" in answers and chosen.character is not None:
        answers["list"](chosen.id_data, chosen.character)


def _show_take(chosen: "ChironomySettings", _context: Context) -> None:
    """Show the take that was picked in the list."""
    if 0 <= chosen.take_index < len(chosen.takes):
        answer("show", chosen.takes[chosen.take_index])


def _show_phrase(chosen: "ChironomySettings", _context: Context) -> None:
    """Go to the middle of the phrase that was picked in the list."""
    if not chosen.phrases_quiet and 0 <= chosen.phrase_index < len(chosen.phrases):
        phrase = chosen.phrases[chosen.phrase_index]
        chosen.id_data.frame_current = (phrase.first + phrase.last) // 2


FALL_OFF: dict[str, Any] = {
    "name": "Fall-Off",
    "translation_context": OWN,
    "description": "Seconds before and after the current frame to where nothing changes",
    "default": 0.5,
    "min": 0.0,
    "soft_max": 3.0,
    "max": 60.0,
    "step": 10,
    "subtype": "TIME_ABSOLUTE",
    "unit": "TIME_ABSOLUTE",
}
"""The option of edits at the current frame that says how far they reach."""

HAND_POSE_SIDES = (
    ("LEFT", "Left", "The character's left hand"),
    ("RIGHT", "Right", "The character's right hand"),
    ("BOTH", "Both", "Both hands, the one the mirror image of the other"),
    ("SELECTED", "Selected", "The hand, or both, of the bones that are selected in pose mode"),
)


def hand_pose_items(_chosen: object, _context: Context | None) -> list[tuple[str, str, str, int, int]]:
    """List the hand poses with their pictures."""
    from . import hand_pictures

    return hand_pictures.items()


def _picked_take(chosen: Any) -> int:
    return chosen.take_index


def _pick_take(chosen: Any, number: int) -> None:
    chosen.take_index = number


class ChironomySettings(PropertyGroup):
    version: StringProperty(
        name="Version",
        description="Of the add-on that saved the scene",
        options={"HIDDEN"},
    )
    steps_taken: IntProperty(
        name="Steps Taken",
        description="How many steps of migration the scene has behind it",
        options={"HIDDEN"},
    )
    speech: StringProperty(
        name="Speech",
        translation_context=OWN,
        description="The recording that the hands follow",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    several: BoolProperty(
        name="Several Speakers",
        description="The scene's characters talk in turns, each in sound strips of their own; who listens looks at who "
        "speaks, nods in the pauses and rests the hands",
    )
    batch: PointerProperty(name="Batch", type=ChironomyBatch, options={"HIDDEN"})
    live: PointerProperty(name="Live", type=ChironomyLive, options={"HIDDEN"})
    turn_index: IntProperty(name="Strip", description="The strip that is looked at")
    script: StringProperty(
        name="Script",
        translation_context=OWN,
        description="What is said, if it is written down: plain text, .srt, .vtt, .TextGrid or Whisper's .json, or the "
        "words themselves. Gestures then answer the words, and those in brackets are done: [point left], [count 3], "
        "[none]",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
    )
    given_end: IntProperty(
        name="Given End",
        description="The scene's last frame as it came or was given to it here, not chosen by anybody",
        default=250,
        options={"HIDDEN"},
    )
    character: PointerProperty(
        name="Character",
        translation_context=OWN,
        description="The character that gets the motion",
        type=Object,
        poll=lambda _self, item: is_character(item),
        update=_list_phrases,
    )
    own_character: PointerProperty(
        name="Own Character",
        description="An armature of your own that gets the hands' motion, with bones for arms and fingers",
        type=Object,
        poll=lambda _self, item: item.type == "ARMATURE" and not is_character(item),
    )
    style: EnumProperty(
        name="Style",
        description="Manner of the gestures",
        items=[(style, title(style), "") for style in STYLES],
        translation_context=OWN,
    )
    speed: FloatProperty(
        name="Speed",
        translation_context=OWN,
        description="How fast the hands move, 1 being usual",
        default=SPEED.default,
        min=SPEED.low,
        max=SPEED.high,
        soft_min=0.5,
        soft_max=2.0,
    )
    amplitude: FloatProperty(
        name="Amplitude",
        translation_context=OWN,
        description="How large the gestures are, 1 being usual",
        default=AMPLITUDE.default,
        min=AMPLITUDE.low,
        max=AMPLITUDE.high,
        soft_min=0.25,
        soft_max=2.0,
    )
    rate: FloatProperty(
        name="Rate",
        translation_context=OWN,
        description="How many strokes the hands make, 1 being usual: fewer leave them at rest for longer",
        default=RATE.default,
        min=RATE.low,
        max=RATE.high,
        soft_min=0.5,
        soft_max=2.0,
    )
    seated: BoolProperty(
        name="Seated",
        description="The character sits, its feet on the floor, and rests its hands on its lap",
    )
    emotion: EnumProperty(
        name="Emotion",
        description="How the speaker feels: it colours face, posture, and the size and tempo of the hands",
        items=[(emotion, title(emotion), "") for emotion in EMOTIONS],
        translation_context=OWN,
    )
    emotion_strength: FloatProperty(
        name="Strength",
        description="How much of the emotion there is",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    emotion_mixture: StringProperty(
        name="Mixture",
        description=(
            "Several emotions with their weights, as in happy:0.6,surprised:0.4, or changing at moments in seconds, as "
            "in 0=neutral;4.5=happy:0.8; where it is given, the emotion above does not count"
        ),
    )
    seed: IntProperty(
        name="Seed",
        description="Another seed gives other gestures, the same seed the same",
        default=SEED.default,
        min=SEED.low,
        max=SEED.high,
    )
    variants: IntProperty(
        name="Takes",
        description="How many takes Generate makes in one go, each with the next seed",
        default=1,
        min=1,
        max=8,
    )
    takes: CollectionProperty(type=ChironomyTake)
    take_index: IntProperty(name="Take", description="The take that the character shows", update=_show_take)
    take_picture: EnumProperty(
        name="Take",
        description="The take that the character shows, by its picture",
        items=take_items,
        get=_picked_take,
        set=_pick_take,
    )
    take_before: PointerProperty(name="Take Before", type=Action, options={"HIDDEN"})
    trails: BoolProperty(
        name="Trails",
        description="Show where the hands go around the current frame, with a dot a frame and a larger one a key",
        default=True,
    )
    ghost: StringProperty(
        name="Ghost",
        description="Show the trails of this take, too, in grey",
    )
    phrases: CollectionProperty(type=ChironomyPhrase)
    phrases_of: PointerProperty(name="Phrases Of", type=Action, options={"HIDDEN"})
    markers: StringProperty(
        name="Markers",
        description="Which markers were laid for phrases and accents",
        options={"HIDDEN"},
    )
    phrases_quiet: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})
    phrase_index: IntProperty(name="Phrase", description="The gesture phrase to edit", update=_show_phrase)
    add_hands: EnumProperty(
        name="Hands",
        description="Which hand does what is added",
        items=[
            ("usual", "As Usual", "Both where people mostly use both for it, else the right hand"),
            *((hands, title(hands), "") for hands in HANDEDNESS),
        ],
    )
    strips: BoolProperty(
        name="Score",
        translation_context=OWN,
        description="Draw the phrases in the timeline, to be clicked and dragged, and as lines in dope sheets. "
        "A low timeline has lines as well: make it higher",
        default=True,
    )
    strips_channels: BoolProperty(
        name="Over Channels",
        translation_context=OWN,
        description="Draw the phrases in dope sheets as large as in the timeline: there they take the clicks, and not "
        "the keys below them",
        default=False,
    )
    strips_speech: BoolProperty(
        name="Speech",
        translation_context=OWN,
        description="Draw the speech's wave, its accents and its words under the phrases",
        default=True,
    )
    layers: CollectionProperty(type=ChironomyLayer)
    layers_of: PointerProperty(name="Layers Of", type=Action, options={"HIDDEN"})
    layer_index: IntProperty(name="Layer", description="The layer to apply or to delete")
    layer_trouble: StringProperty(options={"HIDDEN"})
    on_layer: BoolProperty(
        name="On a New Layer",
        description="Lay the next edits of poses over the take, each with a weight, instead of into its keys",
    )
    portrait: StringProperty(
        name="Portrait",
        description="A half-body picture of the person whom the video is to show",
        subtype="FILE_PATH",
        options=BLEND_RELATIVE,
        update=_forget_fit,
    )
    fit: StringProperty(
        name="Fit",
        description="Where the character is in the portrait (chironomy.fit/1)",
        options={"HIDDEN"},
    )
    camera_before: PointerProperty(
        name="Camera Before",
        description="The scene's camera before the fit, which Forget Picture gives back",
        type=Object,
        options={"HIDDEN"},
    )
    camera_given: PointerProperty(
        name="Camera Given",
        description="The camera that the fit gave the scene",
        type=Object,
        options={"HIDDEN"},
    )
    sizes_before: IntVectorProperty(
        name="Sizes Before",
        description="Resolution and the video's width and height before the fit",
        size=4,
        options={"HIDDEN"},
    )
    sizes_given: IntVectorProperty(
        name="Sizes Given",
        description="Resolution and the video's width and height as the fit gave them",
        size=4,
        options={"HIDDEN"},
    )
    edit_hands: EnumProperty(
        name="Hands",
        description="Which hands are edited, locked or made anew where no bone of one is selected in the pose mode",
        items=(
            ("BOTH", "Both", "Both hands"),
            ("LEFT", "Left", "The person's left hand"),
            ("RIGHT", "Right", "The person's right hand"),
        ),
    )
    accompany: BoolProperty(
        name="Body Accompanies",
        description="Generate keys for torso, head, shoulders and eyes, too: they go with the hands and the voice",
        default=True,
    )
    engine: EnumProperty(
        name="Engine",
        translation_context=OWN,
        description="What draws the video",
        items=ENGINES,
    )
    rendered: CollectionProperty(type=ChironomyRender)
    width: IntProperty(
        name="Width",
        description="Of the video, in pixels",
        default=512,
        min=64,
        max=4096,
        step=2,
        subtype="PIXEL",
    )
    height: IntProperty(
        name="Height",
        description="Of the video, in pixels",
        default=704,
        min=64,
        max=4096,
        step=2,
        subtype="PIXEL",
    )
    shape: EnumProperty(
        name="Shape",
        translation_context=OWN,
        description="Usual shapes of pictures; each sets width and height",
        items=(
            ("portrait", "Portrait", "512 by 704 pixels"),
            ("9_16", "9:16", "Upright, for telephones"),
            ("1_1", "1:1", "Square"),
            ("16_9", "16:9", "Wide"),
            ("custom", "Custom", "Width and height as they are"),
        ),
        update=_take_shape,
    )
    scene_camera: BoolProperty(
        name="Scene's Camera",
        description="See the video through the scene's camera, which must stand still, instead of a half-body portrait "
        "that is wide enough for the hands",
    )
    figure: EnumProperty(
        name="Figure",
        translation_context=OWN,
        description="How much of the character there is to see, in Blender, in exported files and in the video of the "
        "preview. Its bones, takes and keys are the same",
        items=(
            ("whole", "Whole Body", "The whole character"),
            ("hands", "Hands Only", "Hands and half of the forearms, for close-ups; the video is seen from near"),
        ),
        get=_get_figure,
        set=_set_figure,
    )
    next_figure: IntProperty(options={"HIDDEN"})
    outfit: EnumProperty(
        name="Outfit",
        description="What the character wears",
        items=[(name, title(name), "") for name in OUTFITS],
        translation_context=OWN,
        update=_take_outfit,
    )
    backdrop: EnumProperty(
        name="Backdrop",
        description="What is behind the character in the video",
        items=[(name, title(name), _BACKDROPS.get(name, "")) for name in BACKDROPS],
        translation_context=OWN,
    )
    burn_in: BoolProperty(
        name="Burn In Timecode",
        description="Timecode, frame number and the file's name in the picture, for reviews",
    )
    format: EnumProperty(
        name="Format",
        description="Kind of video file, or of pictures in a folder",
        items=[(item.name, item.name.upper(), item.title) for item in FORMATS.values()],
    )
    hand_pose: EnumProperty(
        name="Hand Pose",
        description="What Apply poses the fingers to",
        items=hand_pose_items,
        translation_context=OWN,
    )
    hand_pose_side: EnumProperty(
        name="Hand",
        description="Whose fingers are posed",
        items=HAND_POSE_SIDES,
        default="SELECTED",
    )


def forget_fit(chosen: "ChironomySettings") -> None:
    """Render with the usual camera and the character's own body again."""
    if chosen.fit:
        give_back(chosen.id_data, chosen)
        chosen.shape = shape_of(chosen.width, chosen.height)
    chosen.fit = ""


def settings(scene: Scene) -> ChironomySettings:
    """Return the scene's settings."""
    return scene.chironomy


def character(scene: Scene) -> Object | None:
    """Return the scene's character, or None where it was deleted or never added."""
    item = settings(scene).character
    return item if is_character(item) and item.name in scene.objects else None
