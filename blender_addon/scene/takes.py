# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: every motion that is generated or imported is an action of its own, and nothing that was there before is lost.

A scene lists the takes of its characters. A take's action carries the dense performance that its keys were made of, so
that they can be made anew in more or less detail, and how it was made; so a copy of the action is a whole take, too.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import bpy
from bpy.types import ID, Action, Object, Scene

from chironomy.errors import ChironomyError
from chironomy.gesture.settings import SEED
from chironomy.motion import HandMotion
from chironomy.motion.key_poses import Miss

from ..entries import ChironomyTake
from ..properties import settings
from ..rig import actions
from ..rig.build import body_of
from ..rig.seat import take_seat
from .dense import Dense, kept_dense
from .layers import forget_layers
from .layers import mirror as list_layers
from .retarget import hand_over, shown_again
from .score import mirror

MADE_PROPERTY = "chironomy_made"
"""A custom property of an action: how a take was made, as JSON."""


class TakeError(ChironomyError):
    """A take cannot be used so; the message says why."""


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
    take_seat(item)
    _choose(scene, take)
    list_what_belongs(scene, take.action)
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
    show_copy(item, f"{item.name} {name}", layers=True)
    hand_over(scene, item)
    return add_entry(scene, item, name, label, detail, miss)


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
            take_seat(item)
            list_what_belongs(scene, None)
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
    for block, action, handle in list(shown_actions(item)):
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
    list_what_belongs(scene, None)
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    return name


def list_what_belongs(scene: Scene, action: Action | None) -> None:
    """List what belongs to the take that is shown."""
    mirror(scene, action)
    list_layers(scene, action)


def dense_of(take: ChironomyTake) -> Dense | None:
    """Return the dense motion of a take; None where it has none, as the person's own action.

    Raises:
        ChironomyError: it is damaged.
    """
    kept = None if take.action is None else kept_dense(take.action)
    return None if kept is None else kept.unpacked()


def made_of(action: Action) -> dict[str, Any]:
    """Return how a take was made; empty where nothing tells."""
    try:
        found = json.loads(action.get(MADE_PROPERTY, "{}"))
    except (ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def remarked(made: dict[str, Any], motion: HandMotion) -> dict[str, Any]:
    """Return how a take was made, with the sentences about what was not done as it was asked for."""
    remarks = motion.source.get("remarks")
    return made | {"remarks": list(remarks)} if remarks else made


def told_of(motion: HandMotion) -> str:
    """Return these sentences as clauses after others."""
    return "".join(f"; {remark}" for remark in motion.source.get("remarks", []))


def remarks_of(action: Action) -> list[str]:
    """Return what is told of a take that was not done as it was asked for."""
    remarks = made_of(action).get("remarks")
    return [str(remark) for remark in remarks] if isinstance(remarks, list) else []


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


def file_stem(scene: Scene, item: Object | None) -> str:
    """Return what a file is called at first in which the take that a character shows is written."""
    take = shown_take(scene, item) if item is not None else None
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "-", take.name).strip(" .-") if take is not None else ""
    return stem or "hands"


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


def add_entry(scene: Scene, item: Object, name: str, label: str, detail: float, miss: Miss) -> ChironomyTake:
    """List what a character shows as a take that was just made."""
    take = _listed(scene, item, name, label)
    take.called = take.action.name
    take.quiet = True
    take.detail = detail
    take.quiet = False
    note(take, miss)
    list_what_belongs(scene, take.action)
    return take


def note(take: ChironomyTake, miss: Miss) -> None:
    """Note how far a take's keys are off, now that they were made in its detail."""
    take.wrist_miss, take.joint_miss, take.trouble = miss.wrist, miss.joint, ""
    take.keyed_detail = take.detail


def _blocks(item: Object) -> Iterator[ID]:
    yield item
    body = body_of(item)
    if body is not None:
        yield body.data.shape_keys


def shown_actions(item: Object) -> list[tuple[ID, Action | None, int]]:
    """Return of the armature and of its mesh's shape keys the action and its slot."""
    return [
        (block, block.animation_data.action if block.animation_data else None, actions.slot_handle(block))
        for block in _blocks(item)
    ]


def show_copy(item: Object, name: str, layers: bool = False) -> None:
    """Let a character be animated by copies of its actions; what layers do is in their keys, if they have none."""
    copies: dict[Action, Action] = {}
    for block, action, handle in shown_actions(item):
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
