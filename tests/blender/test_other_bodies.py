# SPDX-License-Identifier: GPL-3.0-or-later
"""*Add Other Body*: another build gets the hands at its own reach, touches where ours does, talks and looks."""

import numpy as np
import pytest
from own_characters import apart, shown, wrists_off

bpy = pytest.importorskip("bpy")

CENTIMETRE = 1e-2


@pytest.fixture(params=["child", "heavy"])
def added(request, addon):
    """The scene, our character and the body that was added."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.0
    assert bpy.ops.chironomy.add_body(build=request.param) == {"FINISHED"}
    chosen = bpy.context.scene.chironomy
    return bpy.context.scene, chosen.character, chosen.own_character


def put_on(addon, scene, ours, motion):
    addon["scene.put_on"].put_on(scene, ours, motion, None)
    addon["scene.retarget"].hand_over(scene, ours)
    assert ours.chironomy_own.trouble == ""


def still(motion, frames=13):
    return motion.replaced(
        wrist_position=np.repeat(motion.wrist_position, frames, axis=0),
        rotation=np.repeat(motion.rotation, frames, axis=0),
        confidence=np.ones((frames, 2)),
    )


def test_wrists_arrive_at_its_own_reach_and_fingers_as_they_are(addon, rig, added):
    from retarget_poses import MOTION

    scene, ours, body = added
    own = ours.chironomy_own
    assert own.item == body
    assert own.confidence >= 0.9
    assert ours.hide_get()
    assert not body.hide_get()
    motion = MOTION(rig, 3.0)
    put_on(addon, scene, ours, motion)
    theirs, mine = shown(addon, scene, ours, motion.frame_count)
    assert np.percentile(wrists_off(theirs, mine), 97) < 0.01
    assert wrists_off(theirs, mine).max() < 0.03
    assert np.degrees(apart(theirs, mine)[1]) < 2.0


def test_hands_that_meet_meet_on_it(addon, rig, added):
    from chironomy.body.builds import built
    from chironomy.body.pose import hand_keypoints, solve_pose
    from retarget_poses import clasped

    scene, ours, body = added
    motion = clasped(rig)
    put_on(addon, scene, ours, still(motion))
    keypoints = hand_keypoints(rig, solve_pose(rig, motion))[0]
    gap = np.linalg.norm(keypoints[0, :, None] - keypoints[1], axis=-1)
    left, right = np.unravel_index(gap[:16, :16].argmin(), (16, 16))
    names = [rig.joint_names[rig.hand_joints(hand)[joint]] for hand, joint in ((0, left), (1, right))]
    scene.frame_set(7)
    bones = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    seen = (bones[names[0]].head - bones[names[1]].head).length
    kind = built(rig, body["chironomy_build"])
    palm = [
        each.joint_position[each.index("middle1.L")] - each.joint_position[each.index("wrist.L")]
        for each in (rig, kind)
    ]
    assert seen == pytest.approx(gap[left, right] * np.linalg.norm(palm[1]) / np.linalg.norm(palm[0]), abs=CENTIMETRE)


def test_a_finger_on_the_chest_is_on_its_chest_and_not_in_it(addon, rig, added):
    from retarget_poses import touching

    scene, ours, body = added
    theirs = addon["scene.retarget"].own_character(ours, rig)
    motion, anchor = touching(rig, theirs.anchors, "chest")
    put_on(addon, scene, ours, still(motion))
    scene.frame_set(7)
    bones = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    beside = np.array(bones["middle3.R"].tail) - theirs.anchors.theirs[anchor]
    assert np.linalg.norm(beside) < CENTIMETRE
    # The character faces -y.
    assert -beside[1] > -0.5 * CENTIMETRE


def test_its_mouth_talks_and_its_head_turns_as_ours(addon, rig, added):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene, ours, body = added
    values = np.zeros((24, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.0, 0.8, 24)
    addon["rig.write_body"].write_face(ours, FaceTrack(24.0, values), scene, 1)
    control = ours.pose.bones["head_control"]
    control.rotation_quaternion = (0.97, 0.05, 0.2, 0.0)
    control.keyframe_insert("rotation_quaternion", frame=1)
    mesh = addon["rig.build"].body_of(body)
    jaw = list(mesh.data.shape_keys.key_blocks.keys()).index("jawOpen")
    for frame, wanted in ((1, 0.0), (24, 0.8)):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        assert addon["rig.seen"].shape_values(mesh, graph)[jaw] == pytest.approx(wanted, abs=0.02)
    heads = [item.evaluated_get(graph).pose.bones["head"].matrix.to_quaternion() for item in (ours, body)]
    assert np.degrees(heads[0].rotation_difference(heads[1]).angle) < 3.0
    rest = body.data.bones["head"].matrix_local.to_quaternion()
    assert np.degrees(rest.rotation_difference(heads[1]).angle) > 10.0
