# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: every motion that is generated or imported is an action of its own, and nothing that was there before is lost.

A scene lists the takes of its characters. A take's action carries the dense performance that its keys were made of, so
that they can be made anew in more or less detail, and how it was made; so a copy of the action is a whole take, too.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np
from bpy.types import ID, Action, Object, Scene

from chironomy.body.accompaniment import Accompaniment
from chironomy.body.performance import Performance, packed, unpacked
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.score.merge import merged
from chironomy.gesture.score.phrases import Score
from chironomy.gesture.settings import SEED
from chironomy.motion import HANDS, FaceTrack, HandMotion, load_hands, save_hands
from chironomy.motion.edit import mixed
from chironomy.motion.key_poses import DETAIL, Miss
from chironomy.work import Work

from ..entries import ChironomyLayer, ChironomyTake, answers
from ..properties import settings
from ..rig import actions
from ..rig.build import body_of
from ..rig.drafts import CharacterDraft
from ..rig.owned import Only, hand_unit, reading_spans
from ..rig.read import last_key, reading_pose, scene_fps
from ..rig.seen import playing
from ..rig.write import writing_motion
from ..slices import GoneError, Slices, drained
from .keeping import make_keepable
from .layers import changing_layer, forget_layers, list_as_is
from .layers import mirror as list_layers
from .put_on import Keyed, PutOn, kept_said, keying, settled
from .retarget import hand_over, handing_over, shown_again
from .score import keep_score, mirror, score_of
from .speech import speech_start
from .wishes import Wishes

PERFORMANCE_PROPERTY = "chironomy_performance"
"""A custom property of an action: the dense performance of a take, as `body.performance.packed` gives it."""

HANDS_PROPERTY = "chironomy_hands"
"""Likewise, of a take of the hands alone: their dense motion, as `save_hands` writes it."""

MADE_PROPERTY = "chironomy_made"
"""A custom property of an action: how a take was made, as JSON."""


AROUND = 12
"""Frames around a part of another take that are read with it, for how it goes in and out."""


CHANGED_AGAIN = 5
"""How often keys are written anew because the person edits meanwhile what they depend on."""

_ALL_THE_TIME = "the character is edited all the time; try once more"


class TakeError(ChironomyError):
    """A take cannot be used so; the message says why."""


class Dense(NamedTuple):
    """The motion that a take's keys were made of: hands, and face and body where it has them."""

    hands: HandMotion
    face: FaceTrack | None = None
    body: Accompaniment | None = None

    @classmethod
    def of(cls, made: Performance | HandMotion) -> "Dense":
        """Return what was made as a take keeps it."""
        return cls(made) if isinstance(made, HandMotion) else cls(made.hands, made.face, made.body)


class New(NamedTuple):
    """A take to be added.

    Attributes:
        motion: what the character is to do; of a motion of the hands alone, the face stays as it is.
        label: what tells the take from others, such as its style and seed.
        made: how it was made, for JSON.
        detail: from 0, few key poses, to 1, exact.
        score: that was performed, where it is known.
        small: the performance as `packed` gives it, where that was made already: it takes time.
    """

    motion: Performance | HandMotion
    label: str
    made: dict[str, Any]
    detail: float = DETAIL
    score: Score | None = None
    small: bytes | None = None


def new_take(
    scene: Scene,
    item: Object,
    performance: Performance | HandMotion,
    label: str,
    made: dict[str, Any],
    detail: float = DETAIL,
    score: Score | None = None,
) -> PutOn:
    """Add one take at once, as `adding_takes` does in slices; see `New`."""
    return drained(adding_takes(scene, item, [New(performance, label, made, detail, score)]))[0]


def adding_takes(scene: Scene, item: Object, wanted: Sequence[New]) -> Slices:
    """Put motion on a character as new takes, with all that is the animator's in what the character shows.

    What it shows stays as it is, and is listed where it was not. The last of the takes is shown; before that nothing
    of them is to be seen, and where the work is stopped, nothing is left of them.

    Args:
        scene: whose speech and frame rate count.
        item: the character.
        wanted: the takes.

    Returns:
        Of each take what was put on, as `PutOn`.

    Raises:
        ChironomyError: the keys would be lost, or the motion cannot have the scene's frame rate; nothing has changed.
    """
    return (yield from adding_to_all(scene, [(item, wanted)]))[0]


def adding_to_all(scene: Scene, wanted: Sequence[tuple[Object, Sequence[New]]]) -> Slices:
    """Put motion on several characters as new takes, all at once, as `adding_takes` does on one.

    Args:
        scene: whose speech and frame rate count.
        wanted: characters with their takes; the last one's are in the list of phrases in the end.

    Returns:
        Of each character, of each take what was put on, as `PutOn`.

    Raises:
        ChironomyError: as of `adding_takes`; nothing has changed on any of them.
    """
    count = sum(len(each) for _, each in wanted)
    for _ in range(CHANGED_AGAIN):
        before = []
        for item, _ in wanted:
            make_keepable(scene, item)
            before.append((yield from _surroundings(scene, item)))
        drafts: list[list[CharacterDraft]] = []
        keyed: list[list[Keyed]] = []
        try:
            for item, takes in wanted:
                drafts.append([])
                keyed.append([])
                for new in takes:
                    yield sum(map(len, keyed)) / count, "writing the keys"
                    draft = CharacterDraft(item)
                    drafts[-1].append(draft)
                    # Keys are made of the motion as the take keeps it: the same detail always has the same keys.
                    kept = yield partial(_kept, new=new)
                    dense: Dense = yield lambda _, kept=kept: kept.unpacked()
                    keyed[-1].append((yield from keying(scene, draft, *dense, new.detail)))
                    _keep_dense(draft, kept)
            now = []
            for item, _ in wanted:
                now.append((yield from _surroundings(scene, item)))
            if now != before:
                continue
            done = []
            for (item, takes), drawn, written in zip(wanted, drafts, keyed, strict=True):
                list_shown(scene, item)
                done.append(
                    [
                        _listed_draft(scene, item, new, draft, each, last=draft is drawn[-1])
                        for new, draft, each in zip(takes, drawn, written, strict=True)
                    ]
                )
            for item, _ in wanted:
                yield from handing_over(scene, item)
            return done
        finally:
            for draft in (draft for each in drafts for draft in each):
                draft.discard()
    raise TakeError(_ALL_THE_TIME)


def _surroundings(scene: Scene, item: Object) -> Slices:
    """Return in slices what new keys depend on: what the character shows, and where and how fast the scene plays it.

    What a person edits while keys are written is theirs in the new take, too: then they are written once more.
    """
    shown: list[tuple[int, int]] = []
    for action in [action for _, action, _ in _shown(item) if action is not None]:
        shown.append((action.session_uid, (yield from actions.fingerprinting(action))))
    return scene_fps(scene), speech_start(scene), shown


def _listed_draft(scene: Scene, item: Object, new: New, draft: CharacterDraft, keyed: Keyed, last: bool) -> PutOn:
    """Let a character show a draft as a take, and list it."""
    name = free_name(scene, item)
    action = _show_draft(draft, f"{item.name} {name}")
    done = settled(scene, item, keyed, show=last)
    keep_score(action, new.score)
    action[MADE_PROPERTY] = json.dumps(new.made)
    _add(scene, item, name, new.label, new.detail, done.miss)
    return done


def _show_draft(draft: CharacterDraft, name: str) -> Action:
    """Let a character be animated by a draft, whose actions get their names; return the character's."""
    draft.show()
    action = draft.animation_data.action
    assert action is not None
    # What layers do is in its keys.
    forget_layers(action)
    action.name = name
    face = draft.shapes.animation_data.action if draft.shapes is not None else None
    if face is not None and face != action:
        face.name = f"{name} Face"
    return action


def put_range(
    scene: Scene,
    item: Object,
    motion: HandMotion,
    only: Sequence[Only],
    label: str,
    made: dict[str, Any],
    score: Score | None = None,
) -> str:
    """Do at once what `putting_range` does in slices."""
    return drained(putting_range(scene, item, motion, only, label, made, score))


def putting_range(
    scene: Scene,
    item: Object,
    motion: HandMotion,
    only: Sequence[Only],
    label: str,
    made: dict[str, Any],
    score: Score | None = None,
) -> Slices:
    """Put parts of a motion on a character as a new take; everything else is as in the take that it shows.

    Args:
        scene: whose speech and frame rate count.
        item: the character.
        motion: from the speech's start on.
        only: the parts.
        label: what tells the take from others.
        made: how it was made, for JSON.
        score: that is performed in the parts, where it is known.

    Returns:
        What to tell the person.

    Raises:
        ChironomyError: the keys would be lost, or the motion cannot have the scene's frame rate; nothing has changed.
    """
    for _ in range(CHANGED_AGAIN):
        make_keepable(scene, item)
        before = yield from _surroundings(scene, item)
        take = shown_take(scene, item)
        detail = DETAIL if take is None else take.detail
        miss = Miss() if take is None else Miss(take.wrist_miss, take.joint_miss)
        kept, begin = None if take is None else kept_dense(take.action), speech_start(scene)
        draft = CharacterDraft(item)
        try:
            for part in only:
                yield 0.0, "writing the keys"
                written = yield from writing_motion(draft, load_rig(), motion, scene, begin, detail, part)
                miss = miss.or_worse(written.miss)
            hands = [hand_unit(draft, hand) for hand in range(2)]
            theirs = yield from reading_spans(draft, hands, scene_fps(scene))
            if kept is not None:
                parts = partial(_with_parts, motion=motion, only=only, begin=begin)
                kept = yield lambda _, kept=kept, parts=parts: _packed(parts(kept.unpacked()))
                _keep_dense(draft, kept)
            if (yield from _surroundings(scene, item)) != before:
                continue
            list_shown(scene, item)
            name = free_name(scene, item)
            action = _show_draft(draft, f"{item.name} {name}")
            keep_score(action, _with_scores(scene, score_of(action), score, only))
            action[MADE_PROPERTY] = json.dumps(made)
            _add(scene, item, name, label, detail, miss)
            scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
            yield from handing_over(scene, item)
            return f"{name} is as the take before but for {', and '.join(map(_said, only))}" + kept_said(theirs)
        finally:
            draft.discard()
    raise TakeError(_ALL_THE_TIME)


def bringing_in(
    scene: Scene,
    item: Object,
    source: int,
    hands: str,
    between: tuple[int, int] | None,
    weight: float = 1.0,
) -> Slices:
    """Put hands of another take, as Blender shows it, into a copy of the take that a character shows.

    Args:
        scene: whose frame rate counts.
        item: the character.
        source: the other take's action, by its number in this session.
        hands: "left", "right" or "both".
        between: scene frames; all where None.
        weight: of the other take; what is left to 1 is this one's.

    Returns:
        What to tell the person.

    Raises:
        ChironomyError: as `putting_range` does.
    """
    shown, other = shown_take(scene, item), take_of_action(scene, item, source)
    if shown is None:
        raise TakeError("show the take that is to have it first")
    action, begin, name = shown.action, speech_start(scene), other.name
    end = max(scene.frame_end, round(last_key(item)), begin + 1)
    start, stop = (begin, end) if between is None else (max(between[0] - AROUND, begin), between[1] + AROUND)
    rig, own = load_rig(), None
    if weight != 1.0:
        _, own = yield from reading_pose(item, rig, scene, start, stop + 1)
        other = take_of_action(scene, item, source)
    with playing(item, other.action, other.slot) as twin:
        _, near = yield from reading_pose(twin, rig, scene, start, stop + 1)
    if own is not None:
        near = mixed(own, near, weight)
    held = np.clip(np.arange(begin, stop + 1) - start, 0, None)
    fields = {name: getattr(near, name)[held] for name in ("wrist_position", "rotation", "confidence")}
    chosen = (0, 1) if hands == "both" else (HANDS.index(hands),)
    first, last = (-np.inf, np.inf) if between is None else map(float, between)
    # Phrases are those of the take of which there is more.
    score = score_of(take_of_action(scene, item, source).action if weight >= 0.5 else action)
    made = {"brought_in": name, "hands": hands, "weight": weight}
    label = f"with {name}" if weight == 1.0 else f"{round(100 * weight)} % of {name}"
    motion = near.replaced(**fields)
    return (yield from putting_range(scene, item, motion, [Only(first, last, chosen)], label, made, score))


def prune(scene: Scene) -> None:
    """Take from the list what has lost its action or its character."""
    listed = settings(scene).takes
    for index in reversed(range(len(listed))):
        if listed[index].action is None or listed[index].item is None:
            listed.remove(index)


def list_shown(scene: Scene, item: Object) -> None:
    """List what a character shows, where it is animated and that is no take yet: it may be the person's own work."""
    prune(scene)
    data = item.animation_data
    if data is None or data.action is None or shown_take(scene, item) is not None:
        return
    known = data.action.get(MADE_PROPERTY)
    _listed(scene, item, data.action.name, "" if known else "your own")


def takes_of(scene: Scene, item: Object | None) -> list[ChironomyTake]:
    """Return the takes of a character, in the order in which they were made."""
    return [take for take in settings(scene).takes if take.item == item and take.action is not None]


def shown_take(scene: Scene, item: Object) -> ChironomyTake | None:
    """Return the take that a character shows."""
    data = item.animation_data
    action = data.action if data else None
    return next((take for take in takes_of(scene, item) if take.action == action), None)


def take_of_action(scene: Scene, item: Object, action: int) -> ChironomyTake:
    """Return the take of a character that has an action, by its number in this session.

    Raises:
        TakeError: it was deleted.
    """
    for take in takes_of(scene, item):
        if take.action.session_uid == action:
            return take
    raise TakeError("the take that this was made for was deleted meanwhile")


def show_action(scene: Scene, item: Object, action: int) -> None:
    """Let a character show the take that something was made for, where another one is shown by now.

    Raises:
        TakeError: it was deleted, or cannot be shown.
    """
    data = item.animation_data
    if data is None or data.action is None or data.action.session_uid != action:
        show(scene, take_of_action(scene, item, action))


def show(scene: Scene, take: ChironomyTake) -> None:
    """Let a take's character show it.

    Raises:
        TakeError: the character cannot be animated now, or its action was deleted.
    """
    item = take.item
    if item is None or take.action is None:
        raise TakeError(f"the take {take.name} has lost its character or its action, and goes with the next take")
    for block in _blocks(item):
        if reason := actions.refusal(block):
            raise TakeError(reason)
    chosen = settings(scene)
    now = shown_take(scene, item)
    if now is not None and now != take:
        chosen.take_before = now.action
    actions.assign(item, take.action, take.slot)
    body = body_of(item)
    if body is not None:
        if take.face_action is not None:
            actions.assign(body.data.shape_keys, take.face_action, take.face_slot)
        elif body.data.shape_keys.animation_data is not None:
            actions.assign(body.data.shape_keys, None)
    _choose(scene, take)
    _mirror(scene, take.action)
    shown_again(scene, item)


def flip(scene: Scene, item: Object) -> ChironomyTake:
    """Show the take that was shown before this one, and return it.

    Raises:
        TakeError: there is none.
    """
    chosen, takes = settings(scene), takes_of(scene, item)
    now = shown_take(scene, item)
    before = next((take for take in takes if take.action == chosen.take_before and take != now), None)
    if before is None:
        # Where nothing was shown before, the one beside it in the list.
        others = [take for take in takes if take != now]
        if not others:
            raise TakeError("there is no other take to compare with; generate one more")
        before = others[-1]
    show(scene, before)
    return before


def duplicate(scene: Scene, take: ChironomyTake) -> ChironomyTake:
    """Add a copy of a take with all its keys, and show it."""
    # Keys in another detail may not be there yet.
    item, label, detail, miss = take.item, take.label, take.keyed_detail, Miss(take.wrist_miss, take.joint_miss)
    show(scene, take)
    name = free_name(scene, item)
    _show_copy(item, f"{item.name} {name}", layers=True)
    hand_over(scene, item)
    return _add(scene, item, name, label, detail, miss)


def delete(scene: Scene, take: ChironomyTake) -> str:
    """Take a take from the list, with its action where nothing else uses it; return its name.

    Raises:
        TakeError: it is accepted.
    """
    if take.accepted:
        raise TakeError(f"{take.name} is accepted; take its check mark away first")
    chosen, item, name = settings(scene), take.item, take.name
    index = next(number for number, other in enumerate(chosen.takes) if other == take)
    gone = {take.action, take.face_action} - {None}
    if item is not None and shown_take(scene, item) == take:
        others = [other for other in takes_of(scene, item) if other != take]
        place = takes_of(scene, item).index(take)
        if others:
            show(scene, others[min(place, len(others) - 1)])
        else:
            for block in _blocks(item):
                if block.animation_data is not None:
                    actions.assign(block, None)
            _mirror(scene, None)
            hand_over(scene, item)
    if chosen.take_before in gone:
        chosen.take_before = None
    chosen.takes.remove(index)
    for action in gone:
        # What is the person's own work, or marked to be kept, is theirs to delete.
        if MADE_PROPERTY in action and not action.use_fake_user and action.users == 0:
            bpy.data.actions.remove(action)
    now = shown_take(scene, item) if item is not None else None
    if now is not None:
        _choose(scene, now)
    return name


def to_nla(scene: Scene, take: ChironomyTake) -> str:
    """Lay a take in the NLA as a strip on a track of its own, where it plays; return the track's name.

    The character shows what its tracks play then, and no take.
    """
    show(scene, take)
    item, name = take.item, f"{take.name} {take.label}".strip()
    for block, action, handle in list(_shown(item)):
        if action is None:
            continue
        data = block.animation_data
        first = action.frame_range[0]
        actions.assign(block, None)
        track = data.nla_tracks.new()
        track.name = name
        strip = track.strips.new(take.name, round(first), action)
        strip.extrapolation = "HOLD_FORWARD"
        if hasattr(strip, "action_slot"):
            strip.action_slot = next(slot for slot in action.slots if slot.handle == handle)
        strip.influence = 1.0
    _mirror(scene, None)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    return name


def _show_chosen(scene: Scene, take: ChironomyTake) -> None:
    if take.item is None or shown_take(scene, take.item) != take:
        show(scene, take)


def _list_phrases(scene: Scene, item: Object) -> None:
    take = shown_take(scene, item)
    _mirror(scene, take.action if take is not None else None)


def _mirror(scene: Scene, action: Action | None) -> None:
    """List what belongs to the take that is shown."""
    mirror(scene, action)
    list_layers(scene, action)


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
    """Answer a person's choice in the list of takes."""
    answers.update({"show": _show_chosen, "list": _list_phrases, "layer": _change_layer})


def unregister() -> None:
    """Answer no more: Blender 4.2 holds what properties call to its end."""
    answers.clear()
    _layer_wishes.end()


def dense_of(take: ChironomyTake) -> Dense | None:
    """Return the dense motion of a take; None where it has none, as the person's own action.

    Raises:
        ChironomyError: it is damaged.
    """
    kept = None if take.action is None else kept_dense(take.action)
    return None if kept is None else kept.unpacked()


class KeptDense(NamedTuple):
    """Dense motion as an action carries it."""

    numbers: bytes
    hands_alone: bool

    def unpacked(self) -> Dense:
        """Return the motion.

        Raises:
            ChironomyError: it is damaged.
        """
        if not self.hands_alone:
            return Dense.of(unpacked(self.numbers))
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            path = Path(folder, "hands.npz")
            path.write_bytes(self.numbers)
            return Dense(load_hands(path))


def kept_dense(action: Action) -> KeptDense | None:
    """Return the dense motion that an action carries; None where it carries none."""
    for name in (HANDS_PROPERTY, PERFORMANCE_PROPERTY):
        if name in action:
            return KeptDense(bytes(action[name]), name == HANDS_PROPERTY)
    return None


def made_of(action: Action) -> dict[str, Any]:
    """Return how a take was made; empty where nothing tells."""
    try:
        found = json.loads(action.get(MADE_PROPERTY, "{}"))
    except (ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def next_seed(scene: Scene, item: Object | None, seed: int) -> int:
    """Return the first seed after one with which no take of a character was made."""
    used = {made_of(take.action).get("seed") for take in takes_of(scene, item)}
    found = (seed + 1) % SEED.high
    while found in used:
        found = (found + 1) % SEED.high
    return found


def free_name(scene: Scene, item: Object) -> str:
    """Return the name of the next take of a character."""
    names = {take.name for take in takes_of(scene, item)}
    number = len(names) + 1
    while f"Take {number}" in names:
        number += 1
    return f"Take {number}"


def _listed(scene: Scene, item: Object, name: str, label: str) -> ChironomyTake:
    take = settings(scene).takes.add()
    take.name, take.label, take.item = name, label, item
    take.action, take.slot = item.animation_data.action, actions.slot_handle(item)
    body = body_of(item)
    shapes = body.data.shape_keys if body is not None else None
    if shapes is not None and shapes.animation_data is not None and shapes.animation_data.action is not None:
        take.face_action, take.face_slot = shapes.animation_data.action, actions.slot_handle(shapes)
    _choose(scene, take)
    return take


def _choose(scene: Scene, take: ChironomyTake) -> None:
    """Mark a take in the list without showing it again."""
    chosen = settings(scene)
    index = next(number for number, other in enumerate(chosen.takes) if other == take)
    if chosen.take_index != index:
        chosen.take_index = index


def _add(scene: Scene, item: Object, name: str, label: str, detail: float, miss: Miss) -> ChironomyTake:
    """List what a character shows as a take that was just made."""
    take = _listed(scene, item, name, label)
    take.quiet = True
    take.detail = detail
    take.quiet = False
    note(take, miss)
    _mirror(scene, take.action)
    return take


def _with_parts(dense: Dense, motion: HandMotion, only: Sequence[Only], begin: int) -> Dense:
    """Return a dense motion with parts of another one."""
    for part in only:
        dense = _with_part(dense, motion, part, begin)
    return dense


def _with_part(dense: Dense, motion: HandMotion, only: Only, begin: int) -> Dense:
    """Return a dense motion with a part of another one."""
    hands = dense.hands
    if abs(hands.fps - motion.fps) > 1e-4:
        hands = hands.resampled(motion.fps)
    count = min(hands.frame_count, motion.frame_count)
    frames = np.arange(count) + begin
    new = np.flatnonzero((frames > only.first) & (frames < only.last))
    fields = {name: getattr(hands, name).copy() for name in ("wrist_position", "rotation", "confidence")}
    for name, values in fields.items():
        for hand in only.hands:
            values[new, hand] = getattr(motion, name)[new, hand]
    hands = hands.replaced(**fields)
    if abs(hands.fps - dense.hands.fps) > 1e-4:
        hands = hands.resampled(dense.hands.fps, dense.hands.frame_count)
    return dense._replace(hands=hands)


def _keep_dense(draft: CharacterDraft, kept: KeptDense) -> None:
    """Let the action of a draft carry dense motion."""
    action = draft.animation_data.action
    assert action is not None
    for name in (PERFORMANCE_PROPERTY, HANDS_PROPERTY):
        if name in action:
            del action[name]
    action[HANDS_PROPERTY if kept.hands_alone else PERFORMANCE_PROPERTY] = kept.numbers


def _kept(_: Work, new: New) -> KeptDense:
    """Return the dense motion of a new take as its action is to carry it."""
    return _packed(Dense.of(new.motion)) if new.small is None else KeptDense(new.small, hands_alone=False)


def _packed(dense: Dense) -> KeptDense:
    if dense.face is not None:
        return KeptDense(packed(Performance(dense.hands, dense.face, dense.body)), hands_alone=False)
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "hands.npz")
        save_hands(dense.hands, path)
        return KeptDense(path.read_bytes(), hands_alone=True)


def _with_scores(scene: Scene, score: Score | None, other: Score | None, only: Sequence[Only]) -> Score | None:
    """Return a take's score with that of parts of another; None where either is unknown."""
    if score is None or other is None:
        return None
    begin, fps = speech_start(scene), scene_fps(scene)
    for part in only:
        start, end = (part.first - begin) / fps, (part.last - begin) / fps
        score = merged(score, other, start, end, [HANDS[hand] for hand in part.hands])
    return score


def _said(only: Only) -> str:
    names = " and ".join(HANDS[hand] for hand in only.hands)
    hands = f"the {names} hand" if len(only.hands) == 1 else "both hands"
    if np.isinf(only.first) and np.isinf(only.last):
        return hands
    if np.isinf(only.first):
        return f"{hands} up to frame {only.last:g}"
    if np.isinf(only.last):
        return f"{hands} from frame {only.first:g} on"
    return f"{hands} from frame {only.first:g} to {only.last:g}"


def note(take: ChironomyTake, miss: Miss) -> None:
    """Note how far a take's keys are off, now that they were made in its detail."""
    take.wrist_miss, take.joint_miss, take.trouble = miss.wrist, miss.joint, ""
    take.keyed_detail = take.detail


def _blocks(item: Object) -> Iterator[ID]:
    yield item
    body = body_of(item)
    if body is not None:
        yield body.data.shape_keys


def _shown(item: Object) -> list[tuple[ID, Action | None, int]]:
    """Return of the armature and of its mesh's shape keys the action and its slot."""
    return [
        (block, block.animation_data.action if block.animation_data else None, actions.slot_handle(block))
        for block in _blocks(item)
    ]


def _show_copy(item: Object, name: str, layers: bool = False) -> None:
    """Let a character be animated by copies of its actions; what layers do is in their keys, if they have none."""
    copies: dict[Action, Action] = {}
    for block, action, handle in _shown(item):
        if action is None:
            continue
        copy = copies.get(action)
        if copy is None:
            copy = copies[action] = action.copy()
            copy.name = name if block == item else f"{name} Face"
            copy.use_fake_user = False
            if not layers:
                forget_layers(copy)
        actions.assign(block, copy, handle)
