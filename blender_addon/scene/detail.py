# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a take in another detail: made anew beside the old ones while Blender answers, the newest wish alone."""

import bpy
from bpy.app.handlers import persistent
from bpy.types import Action, Object, Scene

from ..entries import ChironomyTake, answer, answers
from ..properties import settings
from ..rig import actions
from ..rig.drafts import CharacterDraft
from ..rig.read import first_generated, scene_fps
from ..slices import GoneError, Slices, drained
from .accepted import refuse_accepted
from .dense import Dense, kept_dense
from .keeping import make_keepable
from .layers import LAYERS_PROPERTY, laying_again, lifting
from .layers import mirror as list_layers
from .put_on import keying, settled
from .retarget import handing_over
from .score import SCORE_PROPERTY
from .speech import speech_start
from .takes import TakeError, note, show, shown_take
from .wishes import TICK, Wishes

__all__ = [
    "TICK",
    "go_on",
    "key_again",
    "key_again_if_wished",
    "key_again_soon",
    "keying_again",
    "register",
    "unregister",
    "wish",
]

CHANGED_AGAIN = 5
"""How often keys are made anew because the person edits the old ones meanwhile."""


class _For:
    """The scene and the action that a detail was wished for last, by their numbers in this session.

    Attributes:
        showing: whether the take is shown for that just now.
    """

    scene = 0
    action = 0
    showing = False


def register() -> None:
    """Answer a person's choice of a detail, and their steps in history."""
    answers["key again"] = key_again_soon
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_stepped)


def unregister() -> None:
    """Answer no more, and end what is under way."""
    answers.pop("key again", None)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.remove(_stepped)
    _wishes.end()


def key_again_soon(scene: Scene, take: ChironomyTake) -> None:
    """Make the keys of a take anew in its detail, while Blender answers where it has a window.

    Raises:
        ChironomyError: as `key_again` does.
    """
    if bpy.app.background:
        key_again(scene, take)
        return
    wish(scene, take)
    _wishes.soon()


def wish(scene: Scene, take: ChironomyTake) -> None:
    """Let the keys of a take be made anew by the next calls of `go_on`; what was wished for before is forgotten."""
    _For.scene, _For.action = scene.session_uid, take.action.session_uid if take.action is not None else 0
    _wishes.wish(_wished)


def key_again_if_wished(scene: Scene, take: ChironomyTake) -> None:
    """Make the keys of a take that is shown anew where another detail was wished for, and another take came between."""
    if take.detail != take.keyed_detail and not take.accepted and not take.quiet and not _For.showing:
        answer("key again", take)


def key_again(scene: Scene, take: ChironomyTake) -> None:
    """Do at once what `keying_again` does in slices."""
    drained(keying_again(scene, take))


def keying_again(scene: Scene, take: ChironomyTake) -> Slices:
    """Make the keys of a take anew in its detail; what is the animator's stays.

    They are put in place of the old ones when all of them are there; where the person edited these meanwhile, they are
    made once more.

    Returns:
        True.

    Raises:
        ChironomyError: the take has no dense motion, or the keys cannot be written; nothing has changed.
    """
    refuse_accepted(take)
    kept = None if take.action is None else kept_dense(take.action)
    if kept is None:
        raise TakeError(f"{take.name} has no dense motion to make keys of; only generated and imported takes do")
    if shown_take(scene, take.item) != take:
        _For.showing = True
        try:
            show(scene, take)
        finally:
            _For.showing = False
    item, action = take.item, take.action
    dense: Dense = yield lambda _: kept.unpacked()
    take = _take_of(scene, action)
    fps, made = scene_fps(scene), dense.hands.fps
    if dense.body is not None and abs(made - fps) > 1e-4:
        raise TakeError(
            f"{take.name} has {made:g} frames a second, and the scene {fps:g}; set it back, or generate once more"
        )
    begin, keyed = speech_start(scene), first_generated(item)
    if keyed is not None and abs(keyed - begin) > 1.0:
        raise TakeError(
            f"{take.name} begins at frame {keyed:g}, the speech at {begin}; move its keys along or generate once more"
        )
    for _ in range(CHANGED_AGAIN):
        make_keepable(scene, item)
        before, detail = (yield from _state(action)), _take_of(scene, action).detail
        draft = CharacterDraft(item)
        try:
            layers = yield from lifting(draft)
            written = yield from keying(scene, draft, *dense, detail)
            yield from laying_again(draft, layers)
            same = (yield from _state(action)) == before
            shown = shown_take(scene, item)
            if shown is None or shown.action != action:
                raise GoneError("another take is shown now")
            refuse_accepted(_take_of(scene, action))
            if same:
                _replace(scene, item, action, draft)
                list_layers(scene, item.animation_data.action)
                note(_take_of(scene, item.animation_data.action), settled(scene, item, written).miss)
                yield from handing_over(scene, item)
                return True
        finally:
            draft.discard()
    raise TakeError("the keys are edited all the time; set the detail once more")


def _state(action: Action) -> Slices:
    """Return in slices what differs where a person changed keys, layers, markers or custom properties of an action."""
    fingerprint = yield from actions.fingerprinting(action)
    names = sorted(action.keys())
    carried = [(name, bytes(action[LAYERS_PROPERTY]) if name == LAYERS_PROPERTY else b"") for name in names]
    markers = [(marker.name, marker.frame) for marker in action.pose_markers]
    return fingerprint, carried, markers


def _set_back(trouble: str) -> None:
    """Let the slider of the take say what its keys have, and why, where it is still there.

    Where another take is shown by now, nothing went wrong: the wish is kept until this one is shown again.
    """
    try:
        scene, take = _found()
    except GoneError:
        return
    if not trouble and take.item is not None and shown_take(scene, take.item) != take:
        return
    take.trouble = trouble
    _say_keyed(take)


def _say_keyed(take: ChironomyTake) -> None:
    """Let the slider of a take say what its keys have."""
    take.quiet = True
    take.detail = take.keyed_detail
    take.quiet = False


@persistent
def _stepped(*_: object) -> None:
    """Let one step back bring the slider back with the keys: that it was moved is a step of Blender's before theirs."""
    if _wishes.under_way:
        return
    for scene in bpy.data.scenes:
        chosen = settings(scene) if scene.library is None else None
        for take in chosen.takes if chosen is not None else ():
            if take.detail != take.keyed_detail and take.item is not None and shown_take(scene, take.item) == take:
                _say_keyed(take)


def _replace(scene: Scene, item: Object, action: Action, draft: CharacterDraft) -> None:
    """Let the action of a draft take the place of a take's."""
    take = _take_of(scene, action)
    face, score = take.face_action, action.get(SCORE_PROPERTY)
    draft.show()
    new = item.animation_data.action
    if score is not None:
        new[SCORE_PROPERTY] = score
    take.action, take.slot = new, actions.slot_handle(item)
    _take_place(action, new)
    shapes = draft.shapes
    made = shapes.animation_data.action if shapes is not None else None
    if shapes is not None and made is not None:
        take.face_action, take.face_slot = made, actions.slot_handle(shapes.original)
        if face is not None and made != new:
            _take_place(face, made)


def _take_place(old: Action, new: Action) -> None:
    """Let an action be what another one was, which goes; but where a copy of the character plays that, it stays."""
    name, kept = old.name, old.use_fake_user
    if not actions.is_played(old):
        if old.asset_data is not None:
            _mark_like(old, new)
        new.use_fake_user = kept
        old.user_remap(new)
        bpy.data.actions.remove(old)
    new.name = name


def _mark_like(old: Action, new: Action) -> None:
    """Let an action be an asset as another one is: a copy is none."""
    new.asset_mark()
    given, has = old.asset_data, new.asset_data
    for name in ("author", "catalog_id", "copyright", "description", "license"):
        if hasattr(given, name):
            setattr(has, name, getattr(given, name))
    for tag in given.tags:
        has.tags.new(tag.name, skip_if_exists=True)


def _wished() -> object:
    """Return the slices of what was wished for; False where that is so already."""
    scene, take = _found()
    return False if take.detail == take.keyed_detail else keying_again(scene, take)


def _found() -> tuple[Scene, ChironomyTake]:
    for scene in bpy.data.scenes:
        if scene.session_uid == _For.scene:
            for take in settings(scene).takes:
                if take.action is not None and take.action.session_uid == _For.action:
                    return scene, take
    raise GoneError("the take is not there any more")


def _take_of(scene: Scene, action: Action) -> ChironomyTake:
    """Return the take of an action: what a list holds is another thing once something was added to it."""
    for take in settings(scene).takes:
        if take.action == action:
            return take
    raise GoneError("the take is not there any more")


_wishes = Wishes("Detail", _set_back)
go_on = _wishes.go_on
