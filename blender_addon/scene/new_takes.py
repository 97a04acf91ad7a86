# SPDX-License-Identifier: GPL-3.0-or-later
"""New takes: whole performances, and parts of another motion or take in a copy of the take that is shown."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from bpy.types import Action, Object, Scene

from chironomy.body.performance import Performance
from chironomy.body.rig import load_rig
from chironomy.gesture.score.merge import merged
from chironomy.gesture.score.phrases import Score
from chironomy.motion import HANDS, HandMotion
from chironomy.motion.edit import mixed
from chironomy.motion.key_poses import DETAIL, Miss
from chironomy.work import Work

from ..rig import actions
from ..rig.drafts import CharacterDraft
from ..rig.owned import Only, hand_unit, reading_spans
from ..rig.read import last_key, reading_pose, scene_fps
from ..rig.seat import take_seat
from ..rig.seen import playing
from ..rig.write import writing_motion
from ..slices import Slices, drained
from .dense import Dense, KeptDense, keep_dense, kept_dense, packed_dense, with_parts
from .keeping import make_keepable
from .layers import forget_layers
from .put_on import Keyed, PutOn, kept_said, keying, settled
from .retarget import handing_over
from .score import keep_score, score_of
from .speech import speech_start
from .takes import MADE_PROPERTY, TakeError, add_entry, free_name, list_shown, shown_actions, shown_take, take_of_action

AROUND = 12
"""Frames around a part of another take that are read with it, for how it goes in and out."""

CHANGED_AGAIN = 5
"""How often keys are written anew because the person edits meanwhile what they depend on."""

_ALL_THE_TIME = "the character is edited all the time; try once more"


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
                    keep_dense(draft, kept)
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
    for action in [action for _, action, _ in shown_actions(item) if action is not None]:
        shown.append((action.session_uid, (yield from actions.fingerprinting(action))))
    return scene_fps(scene), speech_start(scene), shown


def _listed_draft(scene: Scene, item: Object, new: New, draft: CharacterDraft, keyed: Keyed, last: bool) -> PutOn:
    """Let a character show a draft as a take, and list it."""
    name = free_name(scene, item)
    action = _show_draft(draft, f"{item.name} {name}")
    done = settled(scene, item, keyed, show=last)
    keep_score(action, new.score)
    action[MADE_PROPERTY] = json.dumps(new.made)
    add_entry(scene, item, name, new.label, new.detail, done.miss)
    return done


def _show_draft(draft: CharacterDraft, name: str) -> Action:
    """Let a character be animated by a draft, whose actions get their names; return the character's."""
    draft.show()
    take_seat(draft.original)
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
        detail = DETAIL if take is None else take.keyed_detail
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
                parts = partial(with_parts, motion=motion, only=only, begin=begin)
                kept = yield lambda _, kept=kept, parts=parts: packed_dense(parts(kept.unpacked()))
                keep_dense(draft, kept)
            if (yield from _surroundings(scene, item)) != before:
                continue
            list_shown(scene, item)
            name = free_name(scene, item)
            wished = _wished(scene, item)
            action = _show_draft(draft, f"{item.name} {name}")
            keep_score(action, _with_scores(scene, score_of(action), score, only))
            action[MADE_PROPERTY] = json.dumps(made)
            add_entry(scene, item, name, label, detail, miss)
            scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
            yield from handing_over(scene, item)
            if wished is not None:
                take_of_action(scene, item, action.session_uid).detail = wished
            return f"{name} is as the take before but for {', and '.join(map(_said, only))}" + kept_said(theirs)
        finally:
            draft.discard()
    raise TakeError(_ALL_THE_TIME)


def _wished(scene: Scene, item: Object) -> float | None:
    """Return the detail that was asked for of the take that is shown, where its keys do not have it yet."""
    take = shown_take(scene, item)
    return None if take is None or take.detail == take.keyed_detail else take.detail


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
    motion = yield lambda _: _from(near if own is None else mixed(own, near, weight), start - begin)
    chosen = (0, 1) if hands == "both" else (HANDS.index(hands),)
    first, last = (-np.inf, np.inf) if between is None else map(float, between)
    # Phrases are those of the take of which there is more.
    score = score_of(take_of_action(scene, item, source).action if weight >= 0.5 else action)
    made = {"brought_in": name, "hands": hands, "weight": weight}
    label = f"with {name}" if weight == 1.0 else f"{round(100 * weight)} % of {name}"
    return (yield from putting_range(scene, item, motion, [Only(first, last, chosen)], label, made, score))


def _from(motion: HandMotion, frame: int) -> HandMotion:
    """Return a motion that begins later, after so many frames of its first pose."""
    held = np.clip(np.arange(motion.frame_count + frame) - frame, 0, None)
    fields = {name: getattr(motion, name)[held] for name in ("wrist_position", "rotation", "confidence")}
    return motion.replaced(**fields)


def _kept(_: Work, new: New) -> KeptDense:
    """Return the dense motion of a new take as its action is to carry it."""
    return packed_dense(Dense.of(new.motion)) if new.small is None else KeptDense(new.small, hands_alone=False)


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
