# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture phrases of the take that is shown: read, added, moved, changed, and done."""

from bpy.props import EnumProperty
from bpy.types import Action, Context, Event, Operator

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score.phrases import Score
from chironomy.gesture.settings import HANDEDNESS

from ..explained import Explained
from ..locale import OWN
from ..properties import character, settings
from ..rig import read
from ..scene import new_takes, score, takes
from ..scene.keeping import why_not_kept
from ..scene.performance import Again, doing_score, lanes_of
from ..scene.speech import speech_start
from ..scene.turns import why_no_speech
from ..slices import Slices
from ..target import Target
from ..tasks import JobOperator
from ..titles import title

MOSTLY = 0.5
"""How likely both hands do a kind of gesture that they usually do."""

PIXELS_A_FRAME = 8.0
"""How far the pointer goes for a frame where no timeline is shown."""


def shown_action(context: Context) -> Action | None:
    """Return the action of the take that the scene's character shows."""
    item = character(context.scene)
    take = takes.shown_take(context.scene, item) if item is not None else None
    return take.action if take is not None else None


def _no_score(context: Context) -> str:
    item = character(context.scene)
    if item is None:
        return "Add a character first"
    if shown_action(context) is None:
        return "Generate or import a take first"
    return "" if score.score_of(shown_action(context)) is not None else "Read the score first"


class CHIRONOMY_OT_read_score(JobOperator, Operator):
    """Find the gesture phrases in the motion that the character shows, with your own edits"""

    bl_idname = "chironomy.read_score"
    bl_label = "Read Score"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if character(context.scene) is None:
            return "Add a character first"
        return "" if shown_action(context) is not None else "Generate or import a take first"

    def work(self, context: Context) -> Slices:
        scene, item = context.scene, character(context.scene)
        assert item is not None
        shown = shown_action(context)
        assert shown is not None
        action = shown.session_uid
        begin = speech_start(scene)
        stop = max(round(min(read.last_key(item), scene.frame_end)), begin) + 1
        _, motion = yield from read.reading_pose(item, load_rig(), scene, begin, stop)

        def find(work: object) -> tuple[int, Score]:
            from chironomy.gesture.score.read import read_score

            return action, read_score(motion)

        return find

    def finish(self, context: Context, result: tuple[int, Score], target: Target) -> str:
        scene, item = target.find()
        action, found = result
        take = takes.take_of_action(scene, item, action)
        score.keep_score(take.action, found)
        if takes.shown_take(scene, item) != take:
            return f"the gesture phrases of {take.name} are kept with it"
        score.mirror(scene, take.action, edits=False)
        return f"{len(settings(scene).phrases)} gesture phrases are in the list"


class CHIRONOMY_OT_apply_score(JobOperator, Operator):
    """Do the phrases as they are in the list: what differs, and its surroundings, is made anew as a new take"""

    bl_idname = "chironomy.apply_score"
    bl_label = "Apply Score"
    bl_options = {"UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if reason := why_no_speech(context.scene):
            return reason
        if reason := _no_score(context):
            return reason
        item = character(context.scene)
        assert item is not None
        if reason := why_not_kept(context.scene, item):
            return reason
        try:
            return "" if score.differing(context.scene, shown_action(context)) else "Change a phrase first"
        except ChironomyError as error:
            return str(error)

    @classmethod
    def lanes(cls, context: Context) -> frozenset[str]:
        return lanes_of(context)

    def work(self, context: Context) -> Slices:
        scene, item, action = context.scene, character(context.scene), shown_action(context)
        before = score.score_of(action)
        assert item is not None
        assert action is not None
        assert before is not None
        return doing_score(context, item, before, score.edited(scene, before), takes.made_of(action))

    def finish(self, context: Context, result: Again, target: Target) -> Slices:
        scene, item = target.find()
        takes.show_action(scene, item, result.action)
        source = takes.take_of_action(scene, item, result.action).action
        asked = score.score_of(source)
        done = asked is not None and score.edited(scene, asked) == result.asked
        said = yield from new_takes.putting_range(
            scene,
            item,
            result.motion,
            result.only,
            "score changed",
            takes.remarked(result.settings, result.motion),
            result.score,
        )
        if done:
            # They are the new take's now; what was edited while this was made stays with the take before.
            score.forget_edits(source)
        take = takes.shown_take(scene, item)
        if take is not None:
            score.keep_score(take.action, result.score)
            score.mirror(scene, take.action, edits=False)
        return said + takes.told_of(result.motion)


class CHIRONOMY_OT_add_phrase(Explained, Operator):
    """Add a gesture phrase whose stroke arrives at the current frame; Apply Score makes it"""

    bl_idname = "chironomy.add_phrase"
    bl_label = "Add Phrase"
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(
        name="Kind",
        description="What is gestured",
        items=[(kind, title(kind), "") for kind in KINDS],
        translation_context=OWN,
    )
    hands: EnumProperty(
        name="Hands",
        description="Which hand does it",
        items=[
            ("usual", "As Usual", "Both where people mostly use both for it, else the right hand"),
            *((hands, title(hands), "") for hands in HANDEDNESS),
        ],
        default="usual",
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return _no_score(context)

    def execute(self, context: Context) -> set[str]:
        hands = self.hands
        if hands == "usual":
            hands = "both" if KINDS[self.kind].two_handed > MOSTLY else "right"
        score.add_phrase(context.scene, context.scene.frame_current, self.kind, hands)
        return {"FINISHED"}


class PhraseOperator(Explained, Operator):
    """What operators on the chosen phrase have in common."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if character(context.scene) is None:
            return "Add a character first"
        chosen = settings(context.scene)
        chosen_one = 0 <= chosen.phrase_index < len(chosen.phrases)
        return "" if chosen_one else "Choose a phrase in the list first"


class CHIRONOMY_OT_delete_phrase(PhraseOperator):
    """Take the chosen phrase out; Apply Score lets the hands rest there"""

    bl_idname = "chironomy.delete_phrase"
    bl_label = "Delete Phrase"

    def execute(self, context: Context) -> set[str]:
        chosen = settings(context.scene)
        chosen.phrases.remove(chosen.phrase_index)
        score.choose(context.scene, min(chosen.phrase_index, max(len(chosen.phrases) - 1, 0)))
        return {"FINISHED"}


class CHIRONOMY_OT_slide_phrase(PhraseOperator):
    """Move the chosen phrase in time with the pointer; click to leave it there, Esc to put it back"""

    bl_idname = "chironomy.slide_phrase"
    bl_label = "Slide Phrase"
    bl_options = {"REGISTER", "UNDO", "BLOCKING"}

    def invoke(self, context: Context, event: Event) -> set[str]:
        chosen = settings(context.scene)
        phrase = chosen.phrases[chosen.phrase_index]
        self._begun, self._frames = event.mouse_x, (phrase.first, phrase.last)
        self._scale = _frames_a_pixel(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> set[str]:
        chosen = settings(context.scene)
        phrase = chosen.phrases[chosen.phrase_index]
        if event.type == "MOUSEMOVE":
            shift = round((event.mouse_x - self._begun) * self._scale)
            phrase.first, phrase.last = (frame + shift for frame in self._frames)
            for area in context.screen.areas:
                area.tag_redraw()
        elif event.type in ("LEFTMOUSE", "RET") and event.value == "PRESS":
            return {"FINISHED"}
        elif event.type in ("ESC", "RIGHTMOUSE"):
            phrase.first, phrase.last = self._frames
            return {"CANCELLED"}
        return {"RUNNING_MODAL"}


def _frames_a_pixel(context: Context) -> float:
    for area in context.screen.areas:
        if area.type == "DOPESHEET_EDITOR":
            region = next(region for region in area.regions if region.type == "WINDOW")
            left, right = (region.view2d.region_to_view(x, 0)[0] for x in (0, 100))
            return (right - left) / 100.0
    return 1.0 / PIXELS_A_FRAME


CLASSES = (
    CHIRONOMY_OT_read_score,
    CHIRONOMY_OT_apply_score,
    CHIRONOMY_OT_add_phrase,
    CHIRONOMY_OT_delete_phrase,
    CHIRONOMY_OT_slide_phrase,
)
