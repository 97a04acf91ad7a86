# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand poses as an animator uses them: picked, blended, keyed, mirrored, kept, and in Blender's asset library."""

import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS = 4.0, 24
LAST = round(SECONDS * FPS)
REACH = round(0.5 * FPS)
LEFT, RIGHT = range(2)


@pytest.fixture
def scene(addon):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, LAST
    return scene


@pytest.fixture
def bare(scene, character):
    """The character without motion, every finger flat."""
    if character.animation_data and character.animation_data.action:
        bpy.data.actions.remove(character.animation_data.action)
    for bone in character.pose.bones:
        bone.matrix_basis.identity()
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        bone.lock_rotation = (False, False, False)
        (bone if hasattr(bone, "select") else bone.bone).select = False
    scene.frame_set(1)
    return character


@pytest.fixture
def keyed(addon, rig, scene, bare):
    """The character with a generated motion."""
    from blender_motions import gestures

    addon["scene.put_on"].put_on(scene, bare, gestures(rig, SECONDS, seed=2), None)
    return bare


@pytest.fixture
def own(addon):
    """The folder of own poses, empty before and after."""
    pictures = addon["hand_pictures"]
    folder = pictures.own_folder()
    for path in folder.glob("hand-*"):
        path.unlink()
    pictures.forget()
    yield folder
    for path in folder.glob("hand-*"):
        path.unlink()
    pictures.forget()


def fingers(addon, rig, character, frame):
    """(2, 15, 4) the finger joints' rotations at a frame, as the evaluated rig shows them."""
    return addon["rig.read"].read_pose(character, rig, bpy.context.scene, frame, frame + 1)[1].rotation[0, :, 1:]


def off(one, other):
    """Degrees between rotations, at most."""
    from chironomy.motion import rotation

    return float(np.degrees(rotation.angle(one, other)).max())


def pose(name):
    from chironomy.gesture.repertoire.hand_poses import HAND_POSES

    return HAND_POSES[name].fingers


def keys_of(addon, character):
    """Of every F-curve the frames, values and types of its keys."""
    actions = addon["rig.actions"]
    columns = {(c.data_path, c.array_index): actions.key_columns(c) for c in actions.all_curves(character)}
    return {
        place: {float(f): (float(v), int(kind)) for (f, v), kind in zip(found["co"], found["type"], strict=True)}
        for place, found in columns.items()
    }


def apply(name, side="RIGHT", frame=40, **options):
    bpy.context.scene.frame_set(frame)
    return bpy.ops.chironomy.apply_hand_pose(pose=name, side=side, **options)


def sentence_of(operator, **options):
    with pytest.raises(RuntimeError) as raised:
        operator(**options)
    said = str(raised.value).strip()
    assert "\n" not in said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("name", ["fist", "spread", "pen", "thumb_up"])
def test_the_evaluated_fingers_are_the_pose_and_the_other_hand_is_not_touched(addon, rig, keyed, name):
    before = fingers(addon, rig, keyed, 40)
    assert apply(name) == {"FINISHED"}
    after = fingers(addon, rig, keyed, 40)
    assert off(after[RIGHT], pose(name)[RIGHT]) < 0.1
    assert off(after[LEFT], before[LEFT]) == pytest.approx(0.0, abs=1e-3)


def test_every_finger_is_keyed_as_the_animators_and_no_key_beyond_the_fall_off_is_touched(addon, keyed):
    before = keys_of(addon, keyed)
    apply("fist")
    after = keys_of(addon, keyed)
    ours = set(addon["rig.channels"].hand_joints(RIGHT)[1:])
    assert before.keys() == after.keys()
    for place, found in after.items():
        bone = place[0].split('"')[1]
        if bone in ours:
            assert found[40.0][1] == 0  # of the type KEYFRAME
            outside = {frame: value for frame, value in before[place].items() if abs(frame - 40.0) > REACH}
            assert {frame: value for frame, value in found.items() if abs(frame - 40.0) > REACH} == outside
            assert {frame for frame in found if abs(frame - 40.0) < REACH} == {40.0}
        else:
            # A pose is a column: the control and the elbow have a key there, too.
            added = {40.0} if bone in ("hand.R", "elbow.R") else set()
            assert found.keys() - before[place].keys() == added
            assert {frame: value for frame, value in found.items() if frame not in added} == before[place]


def test_motion_beyond_the_fall_off_is_as_it_was(addon, rig, scene, keyed):
    reader = addon["rig.read"]
    at = 40
    _, before = reader.read_pose(keyed, rig, scene, 1, LAST + 1)
    apply("spread", frame=at)
    _, after = reader.read_pose(keyed, rig, scene, 1, LAST + 1)
    beyond = np.abs(np.arange(1, LAST + 1) - at) >= REACH
    assert off(before.rotation[beyond, RIGHT, 1], after.rotation[beyond, RIGHT, 1]) < 1e-3
    np.testing.assert_allclose(after.wrist_position, before.wrist_position, atol=1e-6)
    assert off(after.rotation[:, :, 0], before.rotation[:, :, 0]) < 1e-3


def test_the_row_of_the_control_has_the_key_of_the_pose_and_the_wrist_goes_as_it_went(addon, rig, scene, keyed):
    def rows():
        return {
            curve.data_path.split('"')[1]: [p.type for p in curve.keyframe_points if p.co[0] == 33.0]
            for curve in addon["rig.actions"].all_curves(keyed)
            if '.R"]' in curve.data_path
        }

    curves = addon["rig.hand_curves"].HandCurves(keyed, rig, RIGHT)
    assert 33.0 not in curves.frames
    before, at = curves.poses(np.arange(1, LAST + 1)), np.arange(1, LAST + 1)
    scene.frame_set(33)
    assert bpy.ops.chironomy.apply_hand_pose(pose="ring", side="RIGHT") == {"FINISHED"}
    found = rows()
    assert {"hand.R", "elbow.R", "index1.R"} <= found.keys()
    assert set(map(tuple, found.values())) == {("KEYFRAME",)}
    after = addon["rig.hand_curves"].HandCurves(keyed, rig, RIGHT).poses(at)
    np.testing.assert_allclose(after.wrist_position, before.wrist_position, atol=1e-5)
    np.testing.assert_allclose(after.elbow, before.elbow, atol=1e-5)
    np.testing.assert_allclose(after.rotation[:, 0], before.rotation[:, 0], atol=1e-5)


@pytest.mark.parametrize("name", ["fist", "spread", "ring"])
def test_the_fingers_come_and_go_without_turning_back(addon, rig, scene, keyed, name):
    from chironomy.motion import rotation

    reader, around = addon["rig.read"], np.arange(-REACH, REACH + 1)
    apply(name, frame=40)
    _, after = reader.read_pose(keyed, rig, scene, 40 - REACH, 40 + REACH + 1)
    away = np.degrees(rotation.angle(after.rotation[:, RIGHT, 1:], pose(name)[RIGHT])).max(axis=1)
    assert away[REACH] < 0.1
    third = FPS // 3
    assert (np.diff(away)[around[1:] <= 0][-third:] <= 0.2).all()
    assert (np.diff(away)[around[:-1] >= 0][:third] >= -0.2).all()


def test_own_keys_of_the_fingers_end_the_fall_off(addon, rig, keyed):
    apply("fist", frame=40)
    apply("spread", frame=46)
    assert off(fingers(addon, rig, keyed, 40)[RIGHT], pose("fist")[RIGHT]) < 0.1
    assert off(fingers(addon, rig, keyed, 46)[RIGHT], pose("spread")[RIGHT]) < 0.1


def test_without_a_fall_off_no_other_key_goes(addon, keyed):
    before = keys_of(addon, keyed)
    apply("fist", frame=40, radius=0.0)
    for place, found in keys_of(addon, keyed).items():
        others = [{frame: key for frame, key in keys.items() if frame != 40.0} for keys in (before[place], found)]
        assert others[0] == others[1]


def test_the_pose_stays_when_motion_is_generated_again(addon, rig, scene, keyed):
    from blender_motions import gestures

    apply("two", side="BOTH")
    told = addon["scene.put_on"].put_on(scene, keyed, gestures(rig, SECONDS, seed=7), None)
    assert f"hand.R keeps your frames {40 - REACH} to {40 + REACH}" in str(told)
    assert off(fingers(addon, rig, keyed, 40), pose("two")) < 0.1


@pytest.mark.parametrize("name", ["shaka", "ring", "three"])
def test_both_hands_are_each_others_mirror_images(addon, rig, bare, name):
    from chironomy.gesture.repertoire.hand_poses import mirrored

    apply(name, side="BOTH", frame=1)
    left, right = fingers(addon, rig, bare, 1)
    assert off(mirrored(left), right) < 1e-3
    assert off(left, pose(name)[LEFT]) < 0.01


def test_half_of_a_pose_is_halfway(addon, rig, keyed):
    from chironomy.motion import rotation

    before = fingers(addon, rig, keyed, 40)[RIGHT]
    apply("fist", blend=0.5)
    half = fingers(addon, rig, keyed, 40)[RIGHT]
    assert off(half, rotation.slerp(before, pose("fist")[RIGHT], 0.5)) < 0.1
    assert off(rotation.slerp(half, pose("fist")[RIGHT], 0.0), before) > 10.0


def test_nothing_of_a_pose_keys_the_fingers_as_they_are(addon, rig, keyed):
    before = fingers(addon, rig, keyed, 40)
    apply("fist", blend=0.0)
    assert off(fingers(addon, rig, keyed, 40), before) < 1e-3
    assert all(found[40.0][1] == 0 for (path, _), found in keys_of(addon, keyed).items() if '"index1.R"' in path)


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "AXIS_ANGLE"])
def test_bones_of_another_rotation_mode_get_the_pose(addon, rig, bare, mode):
    for bone in bare.pose.bones:
        if bone.name in addon["rig.channels"].hand_joints(LEFT)[1:]:
            bone.rotation_mode = mode
    apply("claw", side="LEFT", frame=5)
    assert off(fingers(addon, rig, bare, 5)[LEFT], pose("claw")[LEFT]) < 0.1


def test_a_second_pose_is_reached_the_short_way(addon, rig, bare):
    apply("spread", frame=1)
    apply("fist", frame=11)
    between = np.stack([fingers(addon, rig, bare, frame)[RIGHT] for frame in range(1, 12)])
    steps = [off(one, other) for one, other in itertools.pairwise(between)]
    assert max(steps) < 25.0
    assert off(between[0], pose("spread")[RIGHT]) < 0.1


def test_the_selected_bones_tell_the_hand(addon, rig, bare):
    bpy.context.view_layer.objects.active = bare
    bpy.ops.object.mode_set(mode="POSE")
    try:
        bpy.ops.pose.select_all(action="DESELECT")
        bare.data.bones.active = None
        assert "Select a bone of a hand" in sentence_of(bpy.ops.chironomy.apply_hand_pose, pose="fist", side="SELECTED")
        bare.data.bones.active = bare.data.bones["middle2.L"]
        assert apply("fist", side="SELECTED", frame=3) == {"FINISHED"}
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    left, right = fingers(addon, rig, bare, 3)
    assert off(left, pose("fist")[LEFT]) < 0.1
    assert off(right, pose("fist")[RIGHT]) > 10.0


def test_the_hand_is_the_selected_one_unless_another_is_chosen(addon, rig, scene, bare):
    assert addon["properties"].settings(scene).hand_pose_side == "SELECTED"
    bpy.context.view_layer.objects.active = bare
    bpy.ops.object.mode_set(mode="POSE")
    try:
        bpy.ops.pose.select_all(action="DESELECT")
        bare.data.bones.active = bare.data.bones["middle2.R"]
        for name, selected in (("middle2.R", False), ("hand.L", True)):
            bone = bare.pose.bones[name]
            (bone if hasattr(bone, "select") else bone.bone).select = selected
        scene.frame_set(3)
        assert bpy.ops.chironomy.apply_hand_pose(pose="fist") == {"FINISHED"}
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    left, right = fingers(addon, rig, bare, 3)
    assert off(left, pose("fist")[LEFT]) < 0.1
    assert off(right, pose("fist")[RIGHT]) > 10.0


def test_a_locked_finger_is_named(addon, bare):
    bare.pose.bones["ring2.R"].lock_rotation[0] = True
    assert "ring2.R is locked, muted or driven" in sentence_of(
        bpy.ops.chironomy.apply_hand_pose, pose="fist", side="RIGHT"
    )
    assert bare.animation_data is None or bare.animation_data.action is None


def test_what_is_shown_while_dragging_is_not_keyed_and_esc_puts_it_back(addon, rig, scene, keyed):
    from chironomy.gesture.repertoire.hand_poses import HAND_POSES

    functions = addon["scene.hand_poses"]
    scene.frame_set(40)
    bones = [keyed.pose.bones[name] for name in addon["rig.channels"].hand_joints(RIGHT)[1:]]
    before, keys = [tuple(bone.rotation_quaternion) for bone in bones], keys_of(addon, keyed)
    held = functions.fingers_of(keyed, [RIGHT])
    functions.show(held, HAND_POSES["fist"], 0.7)
    assert [tuple(bone.rotation_quaternion) for bone in bones] != before
    for hand in held:
        hand.show(hand.shown)
    np.testing.assert_allclose([tuple(bone.rotation_quaternion) for bone in bones], before, atol=1e-7)
    assert keys_of(addon, keyed) == keys


def test_without_a_character_the_buttons_say_so(scene, character):
    scene.chironomy.character = None
    try:
        assert not bpy.ops.chironomy.apply_hand_pose.poll()
        assert not bpy.ops.chironomy.add_pose_library.poll()
    finally:
        scene.chironomy.character = character


def test_the_picker_shows_every_pose_with_a_picture_of_its_own(addon, own):
    from chironomy.gesture.repertoire.hand_poses import HAND_POSES

    pictures = addon["hand_pictures"]
    listed = pictures.items()
    assert [item[0] for item in listed] == list(HAND_POSES)
    assert len({item[4] for item in listed}) == len(listed)
    assert len({pictures.picture_file(item).read_bytes() for item in HAND_POSES.values()}) == len(listed)
    if not bpy.app.background:  # where nothing is drawn, Blender gives pictures no numbers
        assert len({item[3] for item in listed}) == len(listed)


def test_the_zip_holds_the_pictures_and_they_are_light(extension_zip):
    from chironomy.gesture.repertoire.hand_poses import HAND_POSES

    with zipfile.ZipFile(extension_zip) as archive:
        sizes = {Path(item.filename).stem: item.file_size for item in archive.infolist() if "poses/" in item.filename}
    assert sizes.keys() == HAND_POSES.keys()
    assert sum(sizes.values()) < 400_000


def test_an_own_pose_is_picked_like_any_other_and_for_either_hand(addon, rig, bare, own):
    from chironomy.gesture.repertoire.hand_poses import mirrored

    apply("claw", frame=1, blend=0.4)
    kept = fingers(addon, rig, bare, 1)[RIGHT]
    assert bpy.ops.chironomy.save_hand_pose(label="Half a Claw", side="RIGHT") == {"FINISHED"}
    assert bpy.context.scene.chironomy.hand_pose == "own Half a Claw"
    assert addon["hand_pictures"].items()[-1][1] == "Half a Claw"
    apply("fist", side="BOTH", frame=20)
    apply("own Half a Claw", side="BOTH", frame=30)
    left, right = fingers(addon, rig, bare, 30)
    assert off(right, kept) < 0.1
    assert off(left, mirrored(kept)) < 0.1


def test_a_taken_name_is_refused_and_a_damaged_file_breaks_nothing(addon, bare, own):
    assert bpy.ops.chironomy.save_hand_pose(label="Tea", side="LEFT") == {"FINISHED"}
    said = sentence_of(bpy.ops.chironomy.save_hand_pose, label="tea", side="LEFT")
    assert "There is a pose 'tea' already; give another name, or choose Overwrite" in said
    assert bpy.ops.chironomy.save_hand_pose(label="tea", side="LEFT", overwrite=True) == {"FINISHED"}
    assert "choose Left or Right" in sentence_of(bpy.ops.chironomy.save_hand_pose, label="x", side="BOTH")
    (own / "hand-broken.json").write_text('{"format": "chironomy.hand_pose/1", ')
    pictures = addon["hand_pictures"]
    assert [item[0] for item in pictures.items()[-1:]] == ["own tea"]
    (fault,) = pictures.faults()
    assert fault.startswith("hand-broken.json")
    assert bpy.ops.chironomy.delete_hand_pose() == {"FINISHED"}
    assert "own tea" not in [item[0] for item in pictures.items()]


def test_an_own_pose_has_a_picture_that_goes_with_it(addon, rig, bare, own):
    pictures = addon["hand_pictures"]
    bpy.ops.chironomy.save_hand_pose(label="Tea", side="RIGHT")
    flat = pictures.picture_file(pictures.poses()["own Tea"]).read_bytes()
    assert flat.startswith(b"\x89PNG")
    apply("fist", frame=1)
    bpy.ops.chironomy.save_hand_pose(label="Tea", side="RIGHT", overwrite=True)
    assert pictures.picture_file(pictures.poses()["own Tea"]).read_bytes() != flat
    bpy.ops.chironomy.delete_hand_pose()
    assert not list(own.glob("hand-*"))


def test_another_own_pose_does_not_change_what_is_picked(addon, bare, own):
    bpy.ops.chironomy.save_hand_pose(label="M", side="LEFT")
    for label in ("A", "Z"):
        bpy.ops.chironomy.save_hand_pose(label=label, side="LEFT")
        bpy.context.scene.chironomy.hand_pose = "own M"
    (own / "hand-a.json").unlink()
    assert bpy.context.scene.chironomy.hand_pose == "own M"


@pytest.fixture
def library(addon, bare, own):
    """The folder of the asset library, written with an own pose in it."""
    apply("shaka", frame=1, blend=0.5)
    bpy.ops.chironomy.save_hand_pose(label="Mine", side="RIGHT")
    assert bpy.ops.chironomy.add_pose_library() == {"FINISHED"}
    return addon["scene.hand_poses"].library_folder()


def test_the_asset_library_holds_every_pose_for_both_hands(addon, library):
    from chironomy.gesture.repertoire.hand_poses import HAND_POSES

    before = {action.name for action in bpy.data.actions}
    with bpy.data.libraries.load(str(library / "hand_poses.blend"), assets_only=True) as (found, wanted):
        labels = [*(pose.label for pose in HAND_POSES.values()), "Mine"]
        assert sorted(found.actions) == sorted(f"{label} {side}" for label in labels for side in "LR")
        wanted.actions = ["Fist L", "Fist R", "Mine R"]
    try:
        catalogs = (library / "blender_assets.cats.txt").read_text(encoding="utf-8")
        assert "\nVERSION 1\n" in catalogs
        paths = ("Chironomy/Hands", "Chironomy/Hands", "Chironomy/Hands/Own")
        for action, path in zip(wanted.actions, paths, strict=True):
            about = action.asset_data
            assert f"\n{about.catalog_id}:{path}:" in catalogs
            assert about.description
            assert "hand" in [tag.name for tag in about.tags]
            assert dict(about.items())["is_single_frame"] == 1
        shown = [np.array(action.preview.image_pixels_float).reshape(128, 128, 4) for action in wanted.actions]
        np.testing.assert_allclose(shown[0], shown[1][:, ::-1], atol=1e-6)
        assert min(np.ptp(picture[..., 0]) for picture in shown) > 0.5
    finally:
        for action in wanted.actions:
            bpy.data.actions.remove(action)
    assert {action.name for action in bpy.data.actions} == before


@pytest.mark.parametrize(("asset", "hand", "name"), [("Fist L", LEFT, "fist"), ("OK Ring R", RIGHT, "ring")])
def test_a_pose_asset_poses_the_fingers_of_its_hand_and_nothing_else(addon, rig, library, bare, asset, hand, name):
    with bpy.data.libraries.load(str(library / "hand_poses.blend"), assets_only=True) as (_, wanted):
        wanted.actions = [asset]
    (action,) = wanted.actions
    bare.animation_data.action = action
    if hasattr(action, "slots"):
        bare.animation_data.action_slot = action.slots[0]
    try:
        paths = {curve.data_path for curve in addon["rig.actions"].all_curves(bare)}
        channels = addon["rig.channels"]
        assert paths == {channels.rotation_path(bone) for bone in channels.hand_joints(hand)[1:]}
        assert off(fingers(addon, rig, bare, 1)[hand], pose(name)[hand]) < 0.1
    finally:
        bpy.data.actions.remove(action)


def test_blenders_own_pose_library_applies_an_asset(addon, rig, scene, library, bare):
    with bpy.data.libraries.load(str(library / "hand_poses.blend"), assets_only=True) as (_, wanted):
        wanted.actions = ["Victory (Two) R"]
    (action,) = wanted.actions
    try:
        bare.pose.apply_pose_from_action(action, evaluation_time=1.0)
        assert off(addon["rig.fingers"].Fingers.of(bare, rig, RIGHT).rotations(), pose("two")[RIGHT]) < 0.1
    finally:
        bpy.data.actions.remove(action)


def test_the_library_is_added_to_the_preferences_once(addon, library):
    libraries = bpy.context.preferences.filepaths.asset_libraries
    assert bpy.ops.chironomy.add_pose_library() == {"FINISHED"}
    assert [Path(item.path) for item in libraries if item.name.startswith("Chironomy")] == [library]


def test_catalogs_that_somebody_added_stay(addon, library):
    path = library / "blender_assets.cats.txt"
    mine = "00000000-0000-4000-8000-000000000001:Mine:Mine\n"
    path.write_text(path.read_text(encoding="utf-8") + mine, encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    bpy.ops.chironomy.add_pose_library()
    assert path.read_text(encoding="utf-8") == text


def test_a_saved_pose_goes_into_a_library_that_is_there(addon, library):
    bpy.ops.chironomy.save_hand_pose(label="Later", side="LEFT")
    with bpy.data.libraries.load(str(library / "hand_poses.blend"), assets_only=True) as (found, _):
        assert {"Later L", "Later R"} <= set(found.actions)


def test_own_poses_are_files_with_a_number(own, bare):
    bpy.ops.chironomy.save_hand_pose(label="Tea", side="LEFT")
    values = json.loads((own / "hand-tea.json").read_text(encoding="utf-8"))
    assert (values["format"], values["label"]) == ("chironomy.hand_pose/1", "Tea")
