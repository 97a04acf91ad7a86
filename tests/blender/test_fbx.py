# SPDX-License-Identifier: GPL-3.0-or-later
"""The exported FBX, played by three.js: what another program sees is what Blender shows."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS = 4.0, 24
FRAMES = round(SECONDS * FPS)
MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def node(played_by_three):
    """Run the reader on an FBX."""
    return lambda path, fps=FPS: played_by_three(path, fps)


@pytest.fixture(scope="module")
def shown(addon, rig, character):
    """A character with hands, a talking mouth and another take beside, and what Blender shows of it."""
    from blender_motions import gestures

    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene, read, write = bpy.context.scene, addon["rig.read"], addon["rig.write"]
    scene.frame_start, scene.frame_end = 5, 5 + FRAMES - 1
    write.write_motion(character, rig, gestures(rig, SECONDS, seed=1), scene, 5)
    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.4 + 0.4 * np.sin(np.arange(FRAMES) / 3.0)
    addon["rig.write_body"].write_face(character, FaceTrack(float(FPS), values), scene, 5)
    other = character.animation_data.action.copy()
    other.use_fake_user = True
    body, _ = read.read_pose(character, rig, scene, 5, 5 + FRAMES)
    return addon["rig.space"].to_armature(rig, body.joint_position)


@pytest.fixture(scope="module")
def exported(shown, tmp_path_factory):
    path = tmp_path_factory.mktemp("fbx") / "hands.fbx"
    assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
    return path


@pytest.fixture(scope="module")
def played(node, exported):
    return node(exported)


def test_there_is_one_animation_of_the_exact_length(played):
    (animation,) = played["animations"]
    assert animation["duration"] == pytest.approx((FRAMES - 1) / FPS, abs=1e-4)


def test_the_bones_are_the_deform_joints_without_controls_or_leaves(rig, played):
    assert sorted(played["bones"]) == sorted(name.replace(".", "") for name in rig.joint_names)


def test_the_bones_hang_together_from_one_root(rig, played):
    parents = dict(zip(played["bones"], played["parents"], strict=True))
    for name, parent in zip(rig.joint_names, rig.parents, strict=True):
        wanted = rig.joint_names[parent].replace(".", "") if parent >= 0 else None
        assert parents[name.replace(".", "")] == wanted


def test_every_joint_is_in_its_place_in_every_frame(rig, shown, played):
    order = [played["bones"].index(name.replace(".", "")) for name in rig.joint_names]
    places = np.array(played["frames"])[:, order]
    assert places.shape == shown.shape
    assert np.linalg.norm(places - shown, axis=-1).max() < 0.1 * MILLIMETRE


def test_the_mesh_is_skinned_and_its_face_moves(addon, character, played):
    from chironomy.motion import FACE_ACTIONS

    (mesh,) = played["meshes"]
    assert mesh["skinned"]
    assert sorted(mesh["morphs"]) == sorted(FACE_ACTIONS)
    face = addon["rig.read"].read_face(character, bpy.context.scene, 5, 5 + FRAMES)
    jaw = np.array(played["morphs"])[:, 0, mesh["morphs"].index("jawOpen")]
    np.testing.assert_allclose(jaw, face.action("jawOpen"), atol=1e-3)


def test_the_scene_is_left_as_it_was(character, exported):
    scene = bpy.context.scene
    assert [item.name for item in bpy.data.scenes] == [scene.name]
    assert scene.frame_start == 5
    assert character.animation_data.action.name == "Character Motion"
    assert min(point.co[0] for curve in _curves(character) for point in curve.keyframe_points) == 5.0


def test_an_edit_raises_the_wrist_ten_centimetres_there_and_nowhere_far(addon, rig, character, shown, node, tmp_path):
    before = node(_export(tmp_path / "before.fbx"))
    edit = addon["rig.edit"].offset_hand(character, 1, bpy.context.scene, (0.0, 0.1, 0.0), 0.5, 2.0)
    after = node(_export(tmp_path / "after.fbx"))
    wrist = after["bones"].index("wristR")
    moved = np.array(after["frames"])[:, wrist] - np.array(before["frames"])[:, wrist]
    frame = edit.frame - 5
    np.testing.assert_allclose(moved[frame], [0.0, 0.0, 0.1], atol=0.002)
    far = np.abs(np.arange(FRAMES) - frame) >= round(0.5 * FPS)
    assert np.abs(moved[far]).max() < 0.01 * MILLIMETRE
    left = after["bones"].index("wristL")
    np.testing.assert_allclose(
        np.array(after["frames"])[:, left], np.array(before["frames"])[:, left], atol=0.01 * MILLIMETRE
    )


def _export(path):
    assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
    return path


def _curves(character):
    from importlib import import_module

    return import_module("bl_ext.user_default.chironomy.rig.actions").all_curves(character)


@pytest.fixture
def another_blender(addon, monkeypatch):
    """Let a process of its own write the file, as it does where Blender is a program."""
    import sys

    monkeypatch.setattr(addon["scene.another_blender"], "program", lambda: [sys.executable])


def held():
    """Return what the file holds."""
    return {name: sorted(getattr(bpy.data, name).keys()) for name in ("scenes", "objects", "meshes", "actions")}


def test_another_blender_writes_the_same_file(addon, character, shown, node, another_blender, tmp_path):
    path, before = tmp_path / "apart.fbx", held()
    addon["scene.export"].export(bpy.context, character, tmp_path / "here.fbx")
    played = node(tmp_path / "here.fbx")
    assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
    apart = node(path)
    assert held() == before
    assert apart.keys() == played.keys()
    # The exporter orders bones by chance.
    one, other = (dict(zip(each["bones"], each["parents"], strict=True)) for each in (apart, played))
    assert one == other
    order = [apart["bones"].index(name) for name in played["bones"]]
    np.testing.assert_allclose(np.array(apart["frames"])[:, order], played["frames"], atol=1e-6)
    for name in played.keys() - {"frames", "bones", "parents"}:
        assert repr(apart[name]) == repr(played[name]), name


def test_stopping_another_blender_leaves_no_file(addon, shown, another_blender, tmp_path):
    tasks, path, before = addon["tasks"], tmp_path / "stopped.fbx", held()

    def stop(fraction, message):
        if message == "another Blender writes the file":
            tasks.running().cancel()

    tasks.listeners.append(stop)
    try:
        assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"CANCELLED"}
    finally:
        tasks.listeners.remove(stop)
    assert list(tmp_path.iterdir()) == []
    assert held() == before


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (
            ["/nowhere/blender"],
            "another Blender could not write the file, so this one did: no other Blender can be started (No such file",
        ),
        (["false"], "another Blender could not write the file, so this one did: Blender ended over it"),
    ],
)
def test_where_another_blender_fails_this_one_writes_the_file(
    addon, shown, monkeypatch, tmp_path, capfd, command, sentence
):
    path, before = tmp_path / "here.fbx", held()
    monkeypatch.setattr(addon["scene.another_blender"], "program", lambda: command)
    assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
    assert f"Wrote {path}; {sentence}" in capfd.readouterr().out
    assert path.read_bytes().startswith(b"Kaydara FBX")
    assert list(tmp_path.iterdir()) == [path]
    assert held() == before
