# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands over a body take: the take's own curves stay to the bit, and the hands lie over it."""

import numpy as np
import pytest
from own_characters import built, detect

bpy = pytest.importorskip("bpy")

FRAMES = 96


@pytest.fixture
def walking(addon):
    """A Mixamo character with a take of its own: it turns, leans and swings its arms."""
    from characters import KINDS

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    item = built(KINDS[0])
    swings = {
        "mixamorig:Hips": ((1.0, 0.0, 0.0, 0.0), (0.9, 0.0, 0.43, 0.0)),
        "mixamorig:Spine": ((1.0, 0.0, 0.0, 0.0), (0.98, 0.2, 0.0, 0.0)),
        "mixamorig:LeftArm": ((0.9, 0.43, 0.0, 0.0), (0.8, 0.55, 0.1, 0.0)),
        "mixamorig:RightArm": ((0.8, 0.6, 0.0, 0.0), (0.9, 0.43, 0.0, 0.1)),
        "mixamorig:RightHand": ((0.98, 0.2, 0.0, 0.0), (0.98, 0.0, 0.2, 0.0)),
        "mixamorig:RightHandIndex1": ((0.9, 0.4, 0.0, 0.0), (0.8, 0.6, 0.0, 0.0)),
    }
    for name, turns in swings.items():
        bone = item.pose.bones[name]
        for frame, turn in ((1, turns[0]), (48, turns[1]), (96, turns[0])):
            bone.rotation_quaternion = turn
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    item.animation_data.action.name = "Walk"
    return scene, item


def take_of(item):
    """Every number of the person's own action."""
    from bl_ext.user_default.chironomy.rig import actions

    action = bpy.data.actions["Walk"]
    handle = action.slots[0].handle if hasattr(action, "slots") else 0
    found = []
    for curve in actions.curves_of(action, handle):
        columns = actions.key_columns(curve)
        found.append((curve.data_path, curve.array_index, *(columns[name].tobytes() for name in sorted(columns))))
    return found


def matrices(item, scene, names):
    """Return (T, N, 4, 4) of bones in armature space."""
    result = []
    for frame in range(1, FRAMES + 1):
        scene.frame_set(frame)
        result.append([np.array(item.pose.bones[name].matrix) for name in names])
    return np.array(result)


def gesture(addon, scene, ours):
    from chironomy.body.rig import load_rig
    from retarget_poses import MOTION

    addon["scene.put_on"].put_on(scene, ours, MOTION(load_rig(), 4.0), None)
    assert ours.chironomy_own.trouble == ""


BODY = ["mixamorig:Hips", "mixamorig:Spine2", "mixamorig:Head"]
ARMS = ["mixamorig:LeftArm", "mixamorig:RightForeArm", "mixamorig:RightHand"]
FINGER = ["mixamorig:RightHandIndex2"]


@pytest.mark.parametrize("part", ["FINGERS", "WRISTS", "ARMS"])
def test_the_take_stays_to_the_bit_and_what_is_not_asked_for_moves_as_before(addon, walking, part):
    scene, item = walking
    before = take_of(item)
    body, arms, finger = (matrices(item, scene, names) for names in (BODY, ARMS, FINGER))
    ours = detect(scene, item)
    ours.chironomy_own.part = part
    gesture(addon, scene, ours)
    assert take_of(item) == before
    assert np.abs(matrices(item, scene, BODY) - body).max() < 1e-4
    assert np.abs(matrices(item, scene, FINGER) - finger).max() > 0.1
    moved = np.abs(matrices(item, scene, ARMS) - arms)[..., :3, :3].max(axis=(0, 2, 3))
    kept = {"FINGERS": [True, True, True], "WRISTS": [True, True, False], "ARMS": [False, False, False]}[part]
    assert [bool(each < 1e-4) for each in moved] == kept


def test_a_hand_that_holds_something_stays_with_it(addon, walking):
    scene, item = walking
    right = ["mixamorig:RightArm", "mixamorig:RightHand", "mixamorig:RightHandIndex2"]
    before = matrices(item, scene, right)
    ours = detect(scene, item)
    ours.chironomy_own.hands = "LEFT"
    gesture(addon, scene, ours)
    assert np.abs(matrices(item, scene, right) - before).max() < 1e-4
    assert not any("Right" in curve.data_path for curve in addon["rig.actions"].all_curves(item))


def test_gestures_follow_the_body_and_lie_over_it_by_their_weight(addon, walking):
    scene, item = walking
    names = ["mixamorig:Spine2", "mixamorig:LeftHand"]
    take = matrices(item, scene, names)
    ours = detect(scene, item)
    gesture(addon, scene, ours)
    whole = matrices(item, scene, names)

    def seen_from_chest(found):
        return np.linalg.inv(found[:, 0]) @ found[:, 1]

    # As the chest leans and turns, the arms go along: seen from it, they do what they do on a body at rest.
    from chironomy.body.rig import load_rig
    from chironomy.retarget import posed

    own = addon["scene.retarget"].own_character(ours)
    mine = addon["rig.read"].read_pose(ours, load_rig(), scene, 1, FRAMES + 1)[1]
    rest = np.array(item.data.bones["mixamorig:Spine2"].matrix_local)
    wrist = posed(own.target, load_rig(), mine, anchors=own.anchors).wrist[:, 0]
    wanted = np.linalg.inv(rest) @ np.append(wrist, np.ones((FRAMES, 1)), axis=1)[..., None]
    off = np.linalg.norm(seen_from_chest(whole)[:, :3, 3] - wanted[:, :3, 0], axis=1)
    assert np.percentile(off, 97) < 0.01 * own.target.lengths[0].sum()
    ours.chironomy_own.weight = 0.5
    half = matrices(item, scene, names)[:, 1, :3, 3]
    line = whole[:, 1, :3, 3] - take[:, 1, :3, 3]
    along = np.sum((half - take[:, 1, :3, 3]) * line, axis=1) / np.sum(line * line, axis=1)
    assert 0.2 < np.median(along) < 0.8
    ours.chironomy_own.weight = 0.0
    assert np.abs(matrices(item, scene, names) - take).max() < 1e-3


def test_forgetting_it_leaves_the_take_as_it_was(addon, walking):
    scene, item = walking
    before, seen = take_of(item), matrices(item, scene, BODY + ARMS)
    ours = detect(scene, item)
    gesture(addon, scene, ours)
    assert bpy.ops.chironomy.forget_own_character() == {"FINISHED"}
    assert item.animation_data.action.name == "Walk"
    assert len(item.animation_data.nla_tracks) == 0
    assert take_of(item) == before
    assert np.abs(matrices(item, scene, BODY + ARMS) - seen).max() < 1e-6
