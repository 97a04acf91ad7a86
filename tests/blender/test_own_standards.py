# SPDX-License-Identifier: GPL-3.0-or-later
"""Every standard as an armature of Blender's: what Blender shows of its joints when our keys play on it."""

import numpy as np
import pytest
from own_characters import apart, built, detect, shown

bpy = pytest.importorskip("bpy")


@pytest.fixture(scope="module")
def motion(addon):
    from chironomy.body.rig import load_rig
    from retarget_poses import MOTION

    return MOTION(load_rig())


@pytest.fixture(scope="module")
def moving(addon, character, motion):
    """Our character with some motion, as the scene's."""
    addon["scene.put_on"].put_on(bpy.context.scene, character, motion, None)
    return character


def _kinds():
    from characters import KINDS

    return KINDS


def _heads(item, frames):
    heads = []
    for frame in range(1, frames + 1):
        bpy.context.scene.frame_set(frame)
        heads.append([tuple(bone.head) for bone in item.pose.bones])
    order = [item.pose.bones.find(bone.name) for bone in item.data.bones]
    return np.array(heads)[:, order]


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.standard)
def test_wrists_palms_and_fingers_arrive(addon, rig, moving, motion, kind):
    from retarget_poses import resting_directions

    scene = bpy.context.scene
    item = built(kind)
    # It stands elsewhere, faces elsewhere, and is posed at the start.
    item.location, item.rotation_euler.z = (1.0, -2.0, 0.3), 0.7
    for bone in list(item.pose.bones)[5:]:
        bone.rotation_quaternion = (0.97, 0.1, 0.15, -0.1)
    for bone in item.pose.bones[:5]:
        bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    spare = list(item.pose.bones)
    ours = detect(scene, item)
    try:
        own = ours.chironomy_own
        assert own.trouble == ""
        assert own.confidence >= 0.9
        mapped = {row.bone for row in own.bones}
        for bone in spare:
            if bone.name not in mapped and "wist" not in bone.name and "lowerarm02" not in bone.name:
                bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        for role in ("shoulder.L", "shoulder.R"):
            row = next(row for row in own.bones if row.name == role)
            item.pose.bones[row.bone].rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        target = addon["scene.retarget"].own_character(ours, rig).target
        mine = addon["rig.read"].read_pose(ours, rig, scene, 1, motion.frame_count + 1)[1]
        wrist, palm, finger = resting_directions(rig, target, mine, _heads(item, motion.frame_count))
        assert np.percentile(wrist, 97) < 0.01
        assert wrist.max() < 0.015
        assert np.degrees(palm.max()) < 3.0
        assert np.degrees(finger.max()) < 2.0
        count, own_count = addon["rig.actions"].count(item), addon["rig.read"].hand_key_count(ours)
        assert count <= 1.2 * own_count
        theirs, again = shown(addon, scene, ours, motion.frame_count)
        assert apart(theirs, again)[0] < 0.008
        assert np.degrees(apart(theirs, again)[1]) < 3.0
    finally:
        bpy.ops.chironomy.forget_own_character()
        bpy.data.objects.remove(item)
