# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's lines as a timeline file."""

import json

import pytest

bpy = pytest.importorskip("bpy")


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender was built without sound")
def test_strips_and_takes_are_clips_where_they_are_in_the_scene(addon, desk, rig, short_speech, tmp_path):
    from blender_motions import gestures

    scene = desk
    character = scene.chironomy.character
    addon["scene.new_takes"].new_take(scene, character, gestures(rig, 2.0, seed=1), "seed 1", {"seed": 1})
    path = tmp_path / "scene.otio"
    assert bpy.ops.chironomy.export_timeline(filepath=str(path)) == {"FINISHED"}
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["global_start_time"]["value"] == scene.frame_start
    tracks = {track["name"]: track for track in told["tracks"]["children"]}
    assert set(tracks) == {"Speech", character.name}
    (take,) = tracks[character.name]["children"]
    assert take["name"] == addon["scene.takes"].shown_take(scene, character).name
    assert take["source_range"]["duration"]["value"] == 48.0
    assert take["metadata"]["chironomy"]["made"] == {"seed": 1}
    played = addon["sequencer"].sounds(scene)
    clips = [child for child in tracks["Speech"]["children"] if child["OTIO_SCHEMA"] == "Clip.2"]
    assert len(clips) == len(played) == 1
    assert clips[0]["media_references"]["DEFAULT_MEDIA"]["target_url"] == short_speech.as_uri()
    assert clips[0]["source_range"]["duration"]["value"] == played[0].right - played[0].left


def test_a_folder_is_refused(addon, desk, tmp_path):
    with pytest.raises(RuntimeError, match="is a folder"):
        bpy.ops.chironomy.export_timeline(filepath=str(tmp_path))
