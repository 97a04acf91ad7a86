# SPDX-License-Identifier: GPL-3.0-or-later
"""Torso, head and shoulders in Blender: what is keyed is what the engines render, and the hands stay."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture(scope="module")
def take(addon, character, rig):
    """Two seconds of gestures with their accompaniment, keyed from frame 1 on."""
    from blender_motions import gestures

    from chironomy.body.accompany import accompany

    motion = gestures(rig, 2.0, seed=3)
    made = accompany(rig, motion, ([0.4, 1.1], [0.9, 0.7]), [(0.2, 1.8)], seed=5)
    read, write, scene = addon["rig.read"], addon["rig.write"], bpy.context.scene
    write.write_motion(character, rig, motion, scene, 1)
    still = read.read_pose(character, rig, scene, 1, 1 + motion.frame_count)
    addon["rig.write_body"].write_accompaniment(character, rig, made, scene, 1)
    moving = read.read_pose(character, rig, scene, 1, 1 + motion.frame_count)
    return motion, made, still, moving


def test_blender_shows_the_pose_that_is_rendered(rig, take):
    from chironomy.body.accompany import accompanied_pose
    from chironomy.motion import rotation

    motion, made, _, (shown, _) = take
    wanted = accompanied_pose(rig, motion, made)
    middle = [rig.index(n) for n in ("spine", "chest", "upper_chest", "neck", "head", "shoulder.L", "shoulder.R")]
    turned = rotation.angle(shown.joint_rotation[:, middle], wanted.joint_rotation[:, middle])
    assert np.degrees(turned).max() < 0.5
    assert np.degrees(rotation.angle(shown.joint_rotation[:, rig.index("head")], rotation.IDENTITY)).max() > 2
    elbows = [rig.index("forearm.L"), rig.index("forearm.R")]
    off = np.linalg.norm(shown.joint_position[:, elbows] - wanted.joint_position[:, elbows], axis=-1)
    # As near as key poses are to the motion.
    assert np.percentile(off, 95) < 0.01
    assert off.max() < 0.03


def test_the_weight_is_shifted_and_the_feet_stand(rig, take):
    from chironomy.body.accompany import accompanied_pose

    motion, made, _, (shown, _) = take
    wanted = accompanied_pose(rig, motion, made)
    hips = rig.index("hips")
    assert np.abs(made.hips_shift[:, 0]).max() > 0.005
    assert np.abs(shown.joint_position[:, hips] - wanted.joint_position[:, hips]).max() < 0.002
    for name in ("foot.L", "foot.R"):
        foot = shown.joint_position[:, rig.index(name)]
        assert np.linalg.norm(foot - rig.joint_position[rig.index(name)], axis=-1).max() < 0.003


def test_the_hands_stay_where_they_were(take):
    _, _, (_, before), (_, after) = take
    assert np.abs(after.wrist_position - before.wrist_position).max() < 1e-4


def test_the_keys_are_generated_and_an_animators_key_stays(addon, rig, character, take):
    _, made, _, _ = take
    actions, channels = addon["rig.actions"], addon["rig.channels"]
    path = channels.rotation_path("head_control")
    head = [curve for curve in actions.all_curves(character) if curve.data_path == path]
    assert len(head) == 4
    assert {point.type for curve in head for point in curve.keyframe_points} == {"GENERATED"}
    assert len(head[0].keyframe_points) < made.frame_count
    head[1].keyframe_points.insert(20, 0.2, keyframe_type="KEYFRAME")
    addon["rig.write_body"].write_accompaniment(character, rig, made, bpy.context.scene, 1)
    again = next(c for c in actions.all_curves(character) if c.data_path == path and c.array_index == 1)
    assert again.evaluate(20) == pytest.approx(0.2)


def test_motion_without_an_accompaniment_takes_the_old_one_away(addon, rig, character, take):
    actions, channels = addon["rig.actions"], addon["rig.channels"]
    addon["rig.write_body"].write_accompaniment(character, rig, None, bpy.context.scene, 1)
    left = [curve for curve in actions.all_curves(character) if curve.data_path == channels.rotation_path("torso")]
    assert left == []
    head = [
        curve for curve in actions.all_curves(character) if curve.data_path == channels.rotation_path("head_control")
    ]
    # What the animator keyed, and the neighbours whose handles that changed, are the animator's.
    assert "GENERATED" not in {point.type for curve in head for point in curve.keyframe_points}
    assert 20 in {round(point.co.x) for curve in head for point in curve.keyframe_points}


def test_an_outfit_is_seen_in_blender_too(addon, character):
    from chironomy.body.outfits import OUTFITS

    chosen = bpy.context.scene.chironomy
    body = addon["rig.build"].body_of(character)
    top = next(material for material in body.data.materials if material.name.startswith("Chironomy top"))
    before = tuple(top.diffuse_color)
    chosen.outfit = "burgundy"
    red, green, _ = top.diffuse_color[:3]
    assert tuple(top.diffuse_color) != before
    assert red > 3 * green
    assert OUTFITS["burgundy"]["top"][0] > OUTFITS["burgundy"]["top"][1]
    chosen.outfit = "teal"
    assert tuple(top.diffuse_color) == pytest.approx(before)


def test_a_shape_sets_the_size_and_the_shot_takes_the_look(addon, character, take):
    chosen = bpy.context.scene.chironomy
    chosen.shape, chosen.outfit, chosen.backdrop, chosen.burn_in = "16_9", "navy", "green", True
    bpy.context.scene.frame_end = 4
    try:
        shot = addon["scene.shot"].make_shot(bpy.context)
        assert (shot.width, shot.height) == (1280, 720)
        assert shot.settings == {"outfit": "navy", "backdrop": "green", "burn_in": True}
    finally:
        chosen.shape, chosen.outfit, chosen.backdrop, chosen.burn_in = "portrait", "teal", "studio", False
    assert (chosen.width, chosen.height) == (512, 704)
    assert addon["scene.shot"].engine_settings(chosen) == {}


def test_a_film_is_laid_over_the_speech_from_the_first_frame_on(addon, character, tmp_path):
    encode = pytest.importorskip("chironomy.video.film.encode")
    scene = bpy.context.scene
    if not bpy.app.build_options.codec_ffmpeg:
        pytest.skip("this Blender was built without films")
    scene.frame_start, scene.frame_end = 11, 34
    for suffix in (".mp4", ".webm", ".mov"):
        path = tmp_path / f"take{suffix}"
        encode.encode_film((np.full((48, 64, 3), 9 * i, np.uint8) for i in range(24)), path, 24, 64, 48)
        addon["sequencer"].lay_video(bpy.context, path, scene.frame_start)
        editor = scene.sequence_editor
        strips = list(editor.strips if hasattr(editor, "strips") else editor.sequences)
        films = [strip for strip in strips if strip.name == "Chironomy Video"]
        assert len(films) == 1
        film = films[0]
        start = film.left_handle if hasattr(film, "left_handle") else film.frame_final_start
        length = film.duration if hasattr(film, "duration") else film.frame_final_duration
        assert (film.type, int(start), int(length)) == ("MOVIE", 11, 24)
        assert film.channel > addon["sequencer"].SPEECH_CHANNEL


def test_pictures_are_laid_as_one_strip_as_long_as_the_film(addon, character, tmp_path):
    scene, folder = bpy.context.scene, tmp_path / "take"
    folder.mkdir()
    image = bpy.data.images.new("made", 8, 8)
    image.file_format = "PNG"
    for frame in range(24):
        image.filepath_raw = str(folder / f"take.{frame:05d}.png")
        image.save()
    (folder / "about.json").write_text("{}")
    scene.frame_start, scene.frame_end = 11, 34
    for _ in range(2):
        addon["sequencer"].lay_video(bpy.context, folder, scene.frame_start)
    strip = addon["sequencer"].video_strip(scene)
    start = strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start
    length = strip.duration if hasattr(strip, "duration") else strip.frame_final_duration
    assert (strip.type, int(start), int(length)) == ("IMAGE", 11, 24)
    assert [element.filename for element in strip.elements][::23] == ["take.00000.png", "take.00023.png"]
    addon["sequencer"].keep_beside(scene, tmp_path / "scene.blend")
    assert strip.directory.rstrip("/") == "//take"
    new = addon["scene.renders"].new_render(bpy.context, "")
    assert new.suffix == ""
    new.mkdir(parents=True)
    assert addon["scene.renders"].new_render(bpy.context, ".mp4").stem != new.name
    new.rmdir()
