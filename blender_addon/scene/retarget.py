# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on a person's own character.

Our character stays in the scene, hidden: takes, the score, locks and edits are its own, and its action is the truth.
What its keys say is *handed over* to the person's character as keys of that character's bones, in an action of the
project's; a person's own action is never written to, and plays below it in the NLA. What an animator keys on their
character is *taken up* as poses of ours before anything is written, so that it survives like any pose of theirs.
"""

import json
import uuid
import zlib
from collections.abc import Mapping, Sequence

import bpy
import numpy as np
from bpy.types import Action, Context, Object, Scene
from mathutils import Vector
from numpy.typing import NDArray

from chironomy.body.rig import Rig, load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import keys
from chironomy.motion import rotation as quaternion
from chironomy.retarget import BoneMap, Detection, RetargetError, carried, detect, judge

from ..entries import answers
from ..own import ChironomyOwn, ChironomyOwnBone, own_of
from ..rig import actions, owned
from ..rig.build import figure_of, hands_of, meshes_of
from ..rig.channels import RestPose, hand_joints, location_path, rotation_channel
from ..rig.modes import as_quaternions
from ..rig.owned import Span, Unit
from ..rig.read import scene_fps
from ..rig.replacing import channels_near, near_animators_signs, replacing_generated
from ..rig.space import ELBOW_CONTROLS, HAND_CONTROLS, to_armature, to_body
from ..rig.target import OwnCharacter, skeleton_of
from ..rig.target_keys import channels_of, paths_of, reading_our_keys, shortest, unit_of
from ..rig.target_read import Shown, reading_target
from ..slices import Slices, drained

NAME_PROPERTY = "chironomy_name"
"""A custom property of our character's actions, and of a person's character: a name that no other has."""

OF_PROPERTY = "chironomy_of"
"""A custom property of an action of a person's character: the name of our action whose keys it carries, and its own."""

STATE_PROPERTY = "chironomy_state"
"""Likewise: what its keys were made of, so that a take that is only shown again is not made anew."""

POSE_PROPERTY = "chironomy_pose"
"""Likewise of a person's character: how what the hands key was posed before, as JSON."""

TRACK = "Own Animation"
"""The NLA track on which a person's own action plays below the hands."""

NEAR_PLACE, NEAR_TURN = 0.002, float(np.radians(1.5))
"""Metres and radians within which a pose on both characters is one."""

HANDS_MEANT = {"BOTH": (0, 1), "LEFT": (0,), "RIGHT": (1,)}

Array = NDArray[np.float64]


def detected(item: Object) -> Detection:
    """Return what the bones of an armature object are likely to be.

    Raises:
        RetargetError: it is in edit mode.
    """
    return detect(skeleton_of(item))


def own_character(character: Object, rig: Rig | None = None) -> OwnCharacter | None:
    """Return the person's character that ours hands its motion to, measured; None where there is none.

    Raises:
        RetargetError: its bones do not suffice.
    """
    own = own_of(character)
    if own.item is None or own.item.type != "ARMATURE" or not own.bone_map:
        return None
    return OwnCharacter.of(own.item, map_of(own), rig or load_rig())


def map_of(own: ChironomyOwn) -> BoneMap:
    """Return the bone map that was chosen.

    Raises:
        RetargetError: it is damaged.
    """
    try:
        return BoneMap.from_dict(json.loads(own.bone_map))
    except ValueError:
        raise RetargetError("the bone map of this file is damaged; detect the character's bones again") from None


def connect(context: Context, character: Object, item: Object, detection: Detection) -> None:
    """Let our character hand its motion to a person's, and hide ours.

    Args:
        context: its scene has both.
        character: ours.
        item: the person's.
        detection: what its bones are.

    Raises:
        RetargetError: its bones do not suffice.
    """
    OwnCharacter.of(item, detection.bone_map, load_rig())
    own = own_of(character)
    if own.item not in (None, item):
        disconnect(character)
    own.item = item
    show_map(own, detection)
    theirs = own_character(character)
    assert theirs is not None
    _stand_in_place(character, theirs)
    for each in (character, *meshes_of(character)):
        each.hide_set(True)
        each.hide_render = True


def disconnect(character: Object) -> None:
    """Let the person's character be animated as it was before, and show ours again."""
    own = own_of(character)
    item = own.item
    own.item, own.bone_map = None, ""
    own.bones.clear()
    if item is not None:
        _give_back(item)
    alone = figure_of(character) == "hands"
    for each in (character, *meshes_of(character)):
        each.hide_set(False)
        each.hide_render = each != character and (each == hands_of(character)) != alone


def show_map(own: ChironomyOwn, detection: Detection) -> None:
    """Keep a bone map, and list its bones with what is known of each."""
    own.bone_map = json.dumps(detection.bone_map.to_dict())
    own.standard, own.confidence, own.reason = detection.title, detection.confidence, detection.reason
    own.quiet = True
    own.bones.clear()
    for status in detection.bones:
        row = own.bones.add()
        row.quiet = True
        row.name, row.bone, row.status, row.reason = status.role, status.bone, status.status.value, status.reason
        row.quiet = False
    own.quiet = False


def map_bone(character: Object, role: str, bone: str) -> None:
    """Give a role another bone, and look at all of the map again.

    Raises:
        RetargetError: there is no such role, or the map is damaged.
    """
    own = own_of(character)
    if own.item is None:
        return
    show_map(own, judge(skeleton_of(own.item), map_of(own).with_bone(role, bone)))


def hand_over(scene: Scene, character: Object | None) -> None:
    """Do at once what `handing_over` does in slices."""
    drained(handing_over(scene, character))


def handing_over(scene: Scene, character: Object | None) -> Slices:
    """Give the person's character the keys of what ours shows; do nothing where there is none.

    Keys of the animator's on it stay, but for those of poses that were changed on ours since they were taken up. Where
    it cannot be done, the panel says why.
    """
    own = own_of(character) if character is not None else None
    if character is None or own is None or own.item is None or not own.bone_map:
        return
    trouble = ""
    try:
        yield from _handing_over(scene, character, own)
    except ChironomyError as error:
        trouble = str(error)
    own_of(character).trouble = trouble
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)


def shown_again(scene: Scene, character: Object | None) -> None:
    """Show what was written to our character, and hand it over."""
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    hand_over(scene, character)


def _handing_over(scene: Scene, character: Object, own: ChironomyOwn) -> Slices:
    rig = load_rig()
    item, part, weight, meant = own.item, own.part, own.weight, HANDS_MEANT[own.hands]
    data = character.animation_data
    ours = data.action if data is not None else None
    if ours is None:
        _give_back(item)
        return
    reason = actions.refusal(item)
    if reason:
        raise RetargetError(reason)
    theirs = own_character(character, rig)
    assert theirs is not None
    reverse, placing, poles = theirs.reverse(), theirs.placing(), theirs.pole_counts()
    keyed = yield from actions.fingerprinting(ours)
    state = _state(scene, keyed, own_of(character), theirs)
    worn = _carrier(item, ours)
    if worn is not None and worn.get(STATE_PROPERTY) == state:
        _wear(item, ours)
        item.animation_data.action_influence = weight
        return
    found = yield from reading_our_keys(character, rig, scene_fps(scene))
    _keep_pose(item, theirs.bones)
    _wear(item, ours)
    if found is None:
        return
    given = tuple(keyed if hand in meant else None for hand, keyed in enumerate(found.hands))
    made = yield lambda _: carried(
        theirs.target, rig, given, found.motion, found.pole, reverse, placing, poles, part, theirs.anchors
    )
    by_hand = channels_of(item, made, found.first)
    units = [unit_of(hand, by_hand[hand]) for hand in range(2)]
    yield from _releasing_changed(scene, theirs, rig, character, units)
    kept = yield from owned.adopting(item, units, scene_fps(scene))
    every = [each if each.data_path in kept.spans else shortest(each) for hand in by_hand for each in hand]
    channels = near_animators_signs(item, every, kept)
    ours_there = {path for hand in range(2) for path in paths_of(theirs.bones, hand, "ARMS")}
    yield from replacing_generated(item, channels, ours_there.__contains__, kept)
    item.animation_data.action_influence = weight
    item.animation_data.action[STATE_PROPERTY] = state


def _state(scene: Scene, keyed: object, own: ChironomyOwn, theirs: OwnCharacter) -> str:
    """Return what differs where a person's character would get other keys than it has."""
    bones = theirs.item.pose.bones
    names = {each for hand in range(2) for each in _key_bones(theirs.bones, hand)} & set(bones.keys())
    locks = [
        (name, *bones[name].lock_location, *bones[name].lock_rotation, bones[name].rotation_mode)
        for name in sorted(names)
    ]
    rest = theirs.target.skeleton.heads.tobytes() + theirs.target.skeleton.axes.tobytes()
    parts = (
        keyed,
        own.bone_map,
        own.part,
        own.hands,
        theirs.reverse(),
        theirs.pole_counts(),
        locks,
        round(scene_fps(scene), 4),
        zlib.crc32(rest),
    )
    return f"{zlib.crc32(repr(parts).encode()):08x}"


def _key_bones(bones: BoneMap, hand: int) -> set[str]:
    return {path.split('"')[1] for path in paths_of(bones, hand, "ARMS")}


def take_up(scene: Scene, character: Object | None) -> None:
    """Do at once what `taking_up` does in slices."""
    drained(taking_up(scene, character))


def taking_up(scene: Scene, character: Object | None) -> Slices:
    """Let poses that the animator keyed on their character be poses of theirs on ours.

    Raises:
        ChironomyError: its bones do not suffice.
    """
    own = own_of(character) if character is not None else None
    if character is None or own is None or own.item is None or not own.bone_map:
        return
    item = own.item
    data, mine = item.animation_data, character.animation_data
    if data is None or data.action is None or mine is None or mine.action is None:
        return
    if data.action.get(OF_PROPERTY) != _carries(item, mine.action):
        return
    theirs = own_character(character)
    assert theirs is not None
    spans = yield from owned.reading_spans(item, _units(theirs, item), scene_fps(scene))
    frames = {hand: _whole(spans.get(HAND_CONTROLS[hand])) for hand in range(2)}
    every = sorted({frame for each in frames.values() for frame in each})
    if not every:
        return
    rig = load_rig()
    shown = yield from reading_target(theirs, rig, scene, every)
    for hand, own_frames in frames.items():
        rows = [every.index(frame) for frame in own_frames]
        if rows:
            _pose(character, theirs, rig, shown, hand, own_frames, rows)


def release(character: Object, hands: Sequence[int], first: float, last: float) -> None:
    """Give the animator's poses on the person's character to the machine, as they were given on ours."""
    own = own_of(character)
    theirs = own_character(character)
    if own.item is None or theirs is None or actions.curves(own.item) is None:
        return
    units = _units(theirs, own.item)
    owned.release(own.item, [units[hand] for hand in hands], first, last)


def reading_own(scene: Scene, character: Object, start: int, stop: int) -> Slices:
    """Return what the person's character shows at the frames `start` to `stop - 1`, as `Shown`.

    Raises:
        ChironomyError: there is none, or its bones do not suffice.
    """
    rig = load_rig()
    theirs = own_character(character, rig)
    if theirs is None:
        raise RetargetError("no character of your own is chosen; pick one and press Detect")
    return (yield from reading_target(theirs, rig, scene, range(start, stop)))


def _units(theirs: OwnCharacter, item: Object) -> list[Unit]:
    """Return of each hand what is keyed of it on a person's character now."""
    units = []
    for hand in range(2):
        paths = paths_of(theirs.bones, hand, "ARMS")
        sizes: dict[str, int] = {}
        for curve in actions.all_curves(item):
            if curve.data_path in paths:
                sizes[curve.data_path] = max(sizes.get(curve.data_path, 0), curve.array_index + 1)
        units.append(Unit(HAND_CONTROLS[hand], sizes))
    return units


def _whole(span: Span | None) -> list[int]:
    """Return the whole frames at which a hand is posed by the animator; none where it is locked as a whole."""
    if span is None or span.whole:
        return []
    return sorted({round(frame) for frame in span.frames})


def _releasing_changed(
    scene: Scene, theirs: OwnCharacter, rig: Rig, character: Object, units: Sequence[Unit]
) -> Slices:
    """Give back to the machine the animator's poses that were changed on our character since they were taken up."""
    item = theirs.item
    spans = yield from owned.reading_spans(item, units, scene_fps(scene))
    frames = {hand: _whole(spans.get(HAND_CONTROLS[hand])) for hand in range(2)}
    every = sorted({frame for each in frames.values() for frame in each})
    if not every:
        return
    shown = yield from reading_target(theirs, rig, scene, every)
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    rest = RestPose(character)
    for hand, own_frames in frames.items():
        for frame in own_frames:
            row = every.index(frame)
            place, turns = _our_pose(character, rest, rig, curves, hand, frame)
            known = [joint for joint in range(16) if theirs.target.bone_of(hand, joint) is not None]
            off = np.linalg.norm(shown.motion.wrist_position[row, hand] - place)
            turned = quaternion.angle(shown.motion.rotation[row, hand, known], turns[known])
            if off > NEAR_PLACE or turned.max() > NEAR_TURN:
                owned.release(item, [units[hand]], frame, frame)


def _our_pose(
    character: Object, rest: RestPose, rig: Rig, curves: Mapping, hand: int, frame: float
) -> tuple[Array, Array]:
    """Return where a wrist of ours is keyed, (3,) metres, and how its joints are turned, (16, 4)."""

    def values(path: str, size: int) -> Array:
        usual = np.ravel(character.path_resolve(path))
        own = [curves.get((path, index)) for index in range(size)]
        return np.array([usual[index] if curve is None else curve.evaluate(frame) for index, curve in enumerate(own)])

    control = HAND_CONTROLS[hand]
    place = to_body(rig, values(location_path(control), 3) + rest.heads[control])
    turns = np.zeros((16, 4))
    for joint, name in enumerate(hand_joints(hand)):
        bone = character.pose.bones[name]
        own = as_quaternions(bone, values(*rotation_channel(bone))[None])[0]
        turns[joint] = rest.joint_turn(rig, hand, joint).undone(own)
    return place, turns


def _pose(
    character: Object, theirs: OwnCharacter, rig: Rig, shown: Shown, hand: int, frames: Sequence[int], rows: list[int]
) -> None:
    """Key our hand as the person's character has it at some frames, as the animator's own."""
    rest = RestPose(character)
    curves = {(curve.data_path, curve.array_index): curve for curve in actions.all_curves(character)}
    control, elbow = HAND_CONTROLS[hand], ELBOW_CONTROLS[hand]
    for frame, row in zip(frames, rows, strict=True):
        place, turns = _our_pose(character, rest, rig, curves, hand, frame)
        wrist, turned = shown.motion.wrist_position[row, hand], shown.motion.rotation[row, hand].copy()
        for joint in range(16):
            if theirs.target.bone_of(hand, joint) is None:
                turned[joint] = turns[joint]
        near = np.linalg.norm(wrist - place) < NEAR_PLACE and quaternion.angle(turned, turns).max() < NEAR_TURN
        if near and _is_theirs(curves, control, frame):
            continue
        values = {
            location_path(control): (control, to_armature(rig, wrist) - rest.heads[control]),
            location_path(elbow): (elbow, to_armature(rig, shown.pole[row, hand]) - rest.heads[elbow]),
        }
        for joint, name in enumerate(hand_joints(hand)):
            bone = character.pose.bones[name]
            path, size = rotation_channel(bone)
            turn = rest.joint_turn(rig, hand, joint).done(turned[joint])
            before = np.array([_value(character, curves, path, index, frame) for index in range(size)])
            values[path] = (name, _near(bone, turn, before))
        for path, (group, wanted) in values.items():
            for index, value in enumerate(wanted):
                _set_key(character, path, index, group, frame, float(value))


def _near(bone: object, turn: Array, before: Array) -> Array:
    """Return a turn (4,) as channels of a bone's mode, near those it has."""
    if getattr(bone, "rotation_mode", "") == "QUATERNION":
        return turn if turn @ before >= 0.0 else -turn
    return channels_near(bone, turn, before)


def _value(character: Object, curves: Mapping, path: str, index: int, frame: float) -> float:
    curve = curves.get((path, index))
    return float(np.ravel(character.path_resolve(path))[index]) if curve is None else curve.evaluate(frame)


def _is_theirs(curves: Mapping, control: str, frame: float) -> bool:
    curve = curves.get((location_path(control), 0))
    if curve is None:
        return False
    columns = actions.key_columns(curve)
    at = np.abs(columns["co"][:, 0] - frame) < keys.SAME_FRAME
    return bool((at & ~keys.is_generated(columns)).any())


def _set_key(character: Object, path: str, index: int, group: str, frame: float, value: float) -> None:
    """Give a curve a key of the animator's; its handles go along."""
    curve = actions.curve(character, path, index, group)
    columns = actions.key_columns(curve)
    if len(columns["co"]) == 0:
        columns = keys.constant(value, [frame])
    columns = keys.with_value(columns, frame, value)
    at = np.abs(columns["co"][:, 0] - frame) < keys.SAME_FRAME
    columns["type"][at] = keys.KeyType.KEYFRAME
    actions.write_points(curve, columns)


def _wear(item: Object, ours: Action) -> None:
    """Let a person's character be animated by the action that carries one of ours; made where it is missing.

    A new one has the animator's keys of the one that is played now. The person's own action goes on playing below.
    """
    data = item.animation_data or item.animation_data_create()
    now, carries = data.action, _carries(item, ours)
    if now is not None and now.get(OF_PROPERTY) == carries:
        return
    handle = actions.slot_handle(item)
    mine = now is not None and OF_PROPERTY in now
    if now is not None and not mine:
        _lay_below(item, now, handle)
    worn = _carrier(item, ours)
    if worn is not None:
        actions.assign(item, worn, _first_handle(worn))
    elif now is not None and mine:
        worn = now.copy()
        worn.name = f"{item.name} {ours.name}"
        actions.assign(item, worn, handle)
    else:
        worn = actions.new_action(item, f"{item.name} {ours.name}")
    worn[OF_PROPERTY] = carries
    worn.use_fake_user = True
    _clear_away(item)


def _carrier(item: Object, ours: Action) -> Action | None:
    """Return the action of a person's character that carries one of ours; None where it has none yet."""
    carries = _carries(item, ours)
    return next((action for action in bpy.data.actions if action.get(OF_PROPERTY) == carries), None)


def _carries(item: Object, ours: Action) -> str:
    """Return what tells the action of a person's character that carries one of ours from all others."""
    known = ours.get(NAME_PROPERTY)
    if known is None or sum(action.get(NAME_PROPERTY) == known for action in bpy.data.actions) > 1:
        # A copy is a take of its own.
        ours[NAME_PROPERTY] = uuid.uuid4().hex
    if NAME_PROPERTY not in item:
        item[NAME_PROPERTY] = uuid.uuid4().hex
    return f"{ours[NAME_PROPERTY]} {item[NAME_PROPERTY]}"


def _clear_away(item: Object) -> None:
    """Remove actions of a person's character whose takes are gone."""
    known = {action.get(NAME_PROPERTY) for action in bpy.data.actions}
    for action in list(bpy.data.actions):
        take, _, on = str(action.get(OF_PROPERTY, "")).partition(" ")
        if on == item.get(NAME_PROPERTY) and take not in known and not actions.is_played(action):
            bpy.data.actions.remove(action)


def _first_handle(action: Action) -> int:
    return action.slots[0].handle if hasattr(action, "slots") and len(action.slots) else 0


def _lay_below(item: Object, action: Action, handle: int) -> None:
    """Let a person's own action play on an NLA track of its own, under what is written."""
    data = item.animation_data
    first = action.frame_range[0]
    actions.assign(item, None)
    track = data.nla_tracks.new()
    track.name = TRACK
    strip = track.strips.new(action.name, round(first), action)
    if hasattr(strip, "action_slot") and hasattr(action, "slots"):
        strip.action_slot = next((slot for slot in action.slots if slot.handle == handle), None)
    strip.influence, strip.extrapolation = 1.0, "HOLD"


def _keep_pose(item: Object, bones: BoneMap) -> None:
    """Remember how all that the hands may key is posed, once."""
    if POSE_PROPERTY in item:
        return
    pose: dict[str, list[float]] = {}
    for path in sorted(path for hand in range(2) for path in paths_of(bones, hand, "ARMS")):
        try:
            pose[path] = [float(value) for value in item.path_resolve(path)]
        except ValueError:  # a bone that was deleted since it was mapped
            continue
    item[POSE_PROPERTY] = json.dumps(pose)


def _pose_as_before(item: Object) -> None:
    try:
        pose = json.loads(item.get(POSE_PROPERTY, "{}"))
    except ValueError:
        pose = {}
    for path, values in pose.items():
        owner, _, name = path.rpartition(".")
        try:
            setattr(item.path_resolve(owner), name, values)
        except ValueError:
            continue
    if POSE_PROPERTY in item:
        del item[POSE_PROPERTY]


def _give_back(item: Object) -> None:
    """Let a person's character play its own action as before, and no hands."""
    data = item.animation_data
    if data is None:
        return
    if data.action is not None and OF_PROPERTY in data.action:
        actions.assign(item, None)
        _pose_as_before(item)
    data.action_influence = 1.0
    track = next((each for each in data.nla_tracks if each.name == TRACK), None)
    if track is None or len(track.strips) != 1:
        return
    strip = track.strips[0]
    action = strip.action
    slot = getattr(strip, "action_slot", None)
    data.nla_tracks.remove(track)
    if action is not None:
        actions.assign(item, action, 0 if slot is None else slot.handle)


def _stand_in_place(character: Object, theirs: OwnCharacter) -> None:
    """Let our character stand where the person's does and face the same way, so that it looks at the same lens."""
    item = theirs.item
    character.location = item.matrix_world.translation
    ahead = quaternion.apply(theirs.target.frame, np.array([0.0, 0.0, 1.0]))
    facing = item.matrix_world.to_3x3() @ Vector(ahead)
    character.rotation_mode = "XYZ"
    character.rotation_euler = (0.0, 0.0, float(np.arctan2(facing.x, -facing.y)))


def _map_row(_scene: Scene, row: ChironomyOwnBone) -> None:
    """Answer a person's choice of a bone in the list."""
    character = row.id_data
    map_bone(character, row.name, row.bone)
    hand_over(bpy.context.scene, character)


def _again(_scene: Scene, own: ChironomyOwn) -> None:
    hand_over(bpy.context.scene, own.id_data)


def register() -> None:
    """Answer what is chosen in the panel."""
    answers.update({"map bone": _map_row, "hand over": _again})
