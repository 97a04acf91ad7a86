# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons, as a script presses them: what they leave behind, and what they say when they cannot."""

import wave
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

HAS_SOUND = bpy.app.build_options.audaspace


@pytest.fixture
def scene(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    return scene


@pytest.fixture
def motion_file(rig, tmp_path):
    from blender_motions import gestures

    from chironomy.motion import save_hands

    save_hands(gestures(rig, 2.0, seed=1), tmp_path / "hands.npz")
    return tmp_path / "hands.npz"


def tone(path: Path, seconds: float) -> Path:
    samples = (8000 * np.sin(np.arange(round(seconds * 16000)) * 0.1)).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16000, len(samples), "NONE", ""))
        out.writeframes(samples.tobytes())
    return path


def sentence_of(operator, **options):
    """What an operator says when it gives up; one sentence on one line."""
    with pytest.raises(RuntimeError) as raised:
        operator(**options)
    said = str(raised.value).strip()
    assert "\n" not in said
    assert "Traceback" not in said
    return said


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
def test_speech_is_laid_at_the_first_frame_and_gives_the_scene_its_length(scene, tmp_path):
    path = tone(tmp_path / "speech.wav", 3.3)
    assert bpy.ops.chironomy.load_speech(filepath=str(path)) == {"FINISHED"}
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    assert [(strip.name, strip.type) for strip in strips] == [("Speech", "SOUND")]
    assert (scene.frame_start, scene.frame_end) == (1, round(3.3 * 24))
    assert scene.sync_mode == "AUDIO_SYNC"


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
def test_another_speech_replaces_the_first(scene, tmp_path):
    for name, seconds in (("one.wav", 3.0), ("two.wav", 2.0)):
        bpy.ops.chironomy.load_speech(filepath=str(tone(tmp_path / name, seconds)))
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    assert [Path(strip.sound.filepath).name for strip in strips] == ["two.wav"]
    assert scene.frame_end == 48


def test_a_scene_is_as_long_as_its_speech_where_blender_has_no_sound(addon, scene, tmp_path, monkeypatch):
    monkeypatch.setattr(addon["sequencer"], "listen", lambda path: None)
    scene.frame_end = scene.chironomy.given_end = 250
    bpy.ops.chironomy.load_speech(filepath=str(tone(tmp_path / "speech.wav", 3.3)))
    assert scene.frame_end == round(3.3 * 24)


def test_a_missing_file_is_named(scene, tmp_path):
    said = sentence_of(bpy.ops.chironomy.load_speech, filepath=str(tmp_path / "nowhere.wav"))
    assert f"There is no file {tmp_path / 'nowhere.wav'}" in said


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
def test_text_renamed_to_wav_is_refused(scene, tmp_path):
    path = tmp_path / "letter.wav"
    path.write_text("Dear reader")
    said = sentence_of(bpy.ops.chironomy.load_speech, filepath=str(path))
    assert "letter.wav has no sound that Blender can read" in said
    assert scene.chironomy.speech == ""


def test_what_needs_a_character_says_so(scene, motion_file, tmp_path):
    for operator in (
        bpy.ops.chironomy.import_motion,
        bpy.ops.chironomy.export_motion,
        bpy.ops.chironomy.export_fbx,
        bpy.ops.chironomy.render_video,
    ):
        assert not operator.poll()
        assert "Add a character first" in sentence_of(operator)


def test_generate_says_what_is_missing_in_order(scene):
    assert "Load a speech first" in sentence_of(bpy.ops.chironomy.generate)
    scene.chironomy.speech = "/somewhere/speech.wav"
    assert "Add a character first" in sentence_of(bpy.ops.chironomy.generate)


@pytest.fixture
def by_the_backend(addon):
    """Gestures are the backend's to make."""
    preferences = addon["preferences"].preferences(bpy.context)
    preferences.gestures = "BACKEND"
    yield preferences
    preferences.gestures = "BLENDER"


def test_gestures_by_a_backend_that_is_not_set_up_tell_how_to_get_one(by_the_backend, scene, tmp_path):
    bpy.ops.chironomy.add_character()
    scene.chironomy.speech = str(tone(tmp_path / "speech.wav", 1.0))
    assert "press Set Up Backend in the add-on's preferences" in sentence_of(bpy.ops.chironomy.generate)


def test_a_backend_that_is_not_there_and_a_wrong_token_are_told_apart(by_the_backend, scene, tmp_path):
    preferences = by_the_backend
    bpy.ops.chironomy.add_character()
    scene.chironomy.speech = str(tone(tmp_path / "speech.wav", 1.0))
    preferences.address = "http://127.0.0.1:9"
    try:
        assert "needs its token file" in sentence_of(bpy.ops.chironomy.generate)
        preferences.token_file = str(tmp_path / "token")
        assert "cannot be read" in sentence_of(bpy.ops.chironomy.generate)
        (tmp_path / "token").write_text("secret")
        assert "No backend answers at http://127.0.0.1:9" in sentence_of(bpy.ops.chironomy.generate)
    finally:
        preferences.address = preferences.token_file = ""


def test_setting_up_a_backend_needs_leave_to_go_online(scene):
    if bpy.app.online_access:
        pytest.skip("this Blender may go online")
    assert "Allow Online Access" in sentence_of(bpy.ops.chironomy.set_up_backend)


def test_a_backend_that_blender_starts_may_go_online_where_blender_may(addon):
    assert addon["backend"].address(bpy.context).online == bpy.app.online_access


def test_motion_goes_in_and_out_without_a_backend(rig, scene, motion_file, tmp_path):
    from chironomy.body.pose import fingertips, solve_pose
    from chironomy.motion import load_hands

    bpy.ops.chironomy.add_character()
    assert bpy.ops.chironomy.import_motion(filepath=str(motion_file)) == {"FINISHED"}
    assert bpy.ops.chironomy.export_motion(filepath=str(tmp_path / "out")) == {"FINISHED"}
    before, after = load_hands(motion_file), load_hands(tmp_path / "out.npz")
    assert after.frame_count == before.frame_count == scene.frame_end
    off = fingertips(rig, solve_pose(rig, after)) - fingertips(rig, solve_pose(rig, before))
    assert np.linalg.norm(off, axis=-1).max() <= 0.015
    assert after.source == before.source


def test_a_motion_file_is_led_into_a_pose_of_ones_own_and_that_is_said(addon, rig, scene, motion_file):
    from blender_motions import gestures

    bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.import_motion(filepath=str(motion_file))
    item = scene.chironomy.character
    scene.frame_set(20)
    control = item.pose.bones["hand.L"]
    control.location.z += 0.1
    control.keyframe_insert("location", frame=20)
    place = list(control.location)
    said = addon["scene.put_on"].put_on(scene, item, gestures(rig, 2.0, seed=4), None).said
    assert said.endswith("; hand.L keeps your pose at frame 20")
    scene.frame_set(20)
    assert list(control.location) == pytest.approx(place, abs=1e-6)


def test_a_motion_file_with_a_wrong_field_is_refused_by_its_name(scene, motion_file, tmp_path):
    with np.load(motion_file) as archive:
        fields = dict(archive)
    fields["rotation"] = fields["rotation"][:, :, :15]
    np.savez(tmp_path / "bad.npz", **fields)
    bpy.ops.chironomy.add_character()
    said = sentence_of(bpy.ops.chironomy.import_motion, filepath=str(tmp_path / "bad.npz"))
    assert "rotation" in said
    assert scene.chironomy.character.animation_data is None


def test_files_that_cannot_be_written_are_named_and_nothing_is_left(scene, motion_file, tmp_path):
    bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.import_motion(filepath=str(motion_file))
    nowhere = tmp_path / "no" / "folder"
    assert str(nowhere) in sentence_of(bpy.ops.chironomy.export_motion, filepath=str(nowhere / "out.npz"))
    assert str(nowhere) in sentence_of(bpy.ops.chironomy.export_fbx, filepath=str(nowhere / "out.fbx"))
    assert not nowhere.exists()
    assert [item.name for item in bpy.data.scenes] == [scene.name]


def test_a_deleted_character_counts_as_none(scene):
    bpy.ops.chironomy.add_character()
    bpy.data.objects.remove(scene.chironomy.character)
    assert not bpy.ops.chironomy.export_fbx.poll()


def test_two_characters_can_stand_in_one_scene(rig, scene, motion_file):
    bpy.ops.chironomy.add_character()
    bpy.ops.chironomy.import_motion(filepath=str(motion_file))
    first = scene.chironomy.character
    bpy.ops.chironomy.add_character()
    second = scene.chironomy.character
    assert (first.name, second.name) == ("Character", "Character.001")
    bpy.ops.chironomy.import_motion(filepath=str(motion_file))
    assert first.animation_data.action != second.animation_data.action


@pytest.mark.parametrize("how", ["exclude", "hide_viewport"])
def test_a_character_is_added_where_it_can_be_seen(scene, how):
    closed = bpy.data.collections.new("Closed")
    scene.collection.children.link(closed)
    layer = bpy.context.view_layer.layer_collection.children["Closed"]
    bpy.context.view_layer.active_layer_collection = layer
    setattr(layer, how, True)
    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    assert scene.chironomy.character.visible_get()


def test_undo_takes_back_a_character(scene):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.chironomy.add_character("EXEC_DEFAULT", True)
    assert "Character" in bpy.data.objects
    bpy.ops.ed.undo()
    assert "Character" not in bpy.data.objects


def test_every_engine_can_be_chosen_and_gets_settings_that_it_knows(scene, addon):
    from chironomy.video.engines.registry import engine_names

    chosen = scene.chironomy
    items = chosen.bl_rna.properties["engine"].enum_items
    assert tuple(item.identifier for item in items) == engine_names()
    chosen.outfit = "navy"
    assert addon["scene.shot"].engine_settings(chosen) == {"outfit": "navy"}
    chosen.engine = "emo2"
    assert addon["scene.shot"].engine_settings(chosen) == {}


def test_a_picture_of_running_work_reaches_the_panel(addon, tmp_path):
    class Layout:
        drawn = ()

        def template_icon(self, icon_value, scale):
            self.drawn += ((icon_value, scale),)

    image = bpy.data.images.new("made", 64, 80)
    image.filepath_raw, image.file_format = str(tmp_path / "made.jpg"), "JPEG"
    image.save()
    jpeg = (tmp_path / "made.jpg").read_bytes()
    task = addon["tasks"].Task("Draw", lambda work: work.preview(jpeg))
    while not task.ended(0.1):
        pass
    layout, thumbnail = Layout(), addon["thumbnail"]
    for picture in (b"", task.picture, task.picture, b"not a picture"):
        thumbnail.draw(layout, task.number, picture)
    # Icons have numbers only where there is a window; a picture that cannot be read is not drawn.
    assert len(layout.drawn) == 2
    thumbnail.forget_others()


@pytest.mark.parametrize("suffix", [".npz", ".zip"])
def test_a_damaged_motion_is_one_report(addon, character, tmp_path, suffix):
    from chironomy.body.performance import Performance, save_performance
    from chironomy.motion import FaceTrack, save_hands
    from damage import ARRAYS
    from takes import hands_before_the_chest

    path, rng, hands = tmp_path / f"damaged{suffix}", np.random.default_rng(2), hands_before_the_chest(6)
    if suffix == ".npz":
        save_hands(hands, path)
    else:
        save_performance(Performance(hands, FaceTrack(hands.fps, np.zeros((6, 52))), None), path)
    whole, said = path.read_bytes(), []
    for damage in ARRAYS * 2:
        path.write_bytes(damage(whole, rng))
        try:
            bpy.ops.chironomy.import_motion(filepath=str(path))
        except RuntimeError as error:
            said.append(str(error).strip())
    assert len(said) > len(ARRAYS)
    assert [text for text in said if len(text.splitlines()) > 1 or "Traceback" in text] == []


@pytest.mark.parametrize("operator", ["export_fbx", "export_motion"])
def test_a_folder_is_no_file_to_write(scene, tmp_path, operator):
    bpy.ops.chironomy.add_character()
    for path in ("", str(tmp_path)):
        with pytest.raises(RuntimeError, match="is a folder; give the name of a"):
            getattr(bpy.ops.chironomy, operator)(filepath=path)
    assert list(tmp_path.parent.glob(f"{tmp_path.name}.*")) == []


@pytest.mark.parametrize(("turn", "stays"), [(0.0, True), (30.0, True), (-40.0, True), (65.0, False), (180.0, False)])
def test_a_new_character_is_seen_from_before(addon, turn, stays):
    from math import radians

    from mathutils import Euler, Vector

    view = Euler((radians(65.0), 0.0, radians(turn))).to_quaternion()
    seen = addon["operators.generate"].from_before(view)
    assert (seen == view) is stays
    # The face looks along -y.
    assert (seen @ Vector((0.0, 0.0, 1.0))).y < -0.5
