# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases and accents as Blender's markers."""

import pytest
from desk import FPS, generate

bpy = pytest.importorskip("bpy")


def found(scene):
    return sorted((marker.frame, marker.name) for marker in scene.timeline_markers)


def test_markers_lie_at_the_strokes_and_only_ours_are_replaced(addon, desk):
    generate(desk, 1)
    desk.timeline_markers.new("act two", frame=33)
    assert bpy.ops.chironomy.phrases_to_markers() == {"FINISHED"}
    known = addon["scene.score"].score_of(desk.chironomy.character.animation_data.action)
    wanted = [
        (1 + stroke.apex * FPS, phrase.kind.replace("_", " ").title())
        for phrase in known.phrases
        for stroke in phrase.strokes
        if phrase.kind != "rest"
    ]
    laid = [each for each in found(desk) if each != (33, "act two")]
    assert len(laid) == len(wanted) >= 3
    assert [frame for frame, _ in laid] == pytest.approx(sorted(frame for frame, _ in wanted), abs=1.0)
    assert sorted(name for _, name in laid) == sorted(name for _, name in wanted)
    bpy.ops.chironomy.phrases_to_markers()
    assert found(desk) == sorted([*laid, (33, "act two")])
    # What a person has taken over is theirs.
    mine = next(marker for marker in desk.timeline_markers if marker.name != "act two")
    mine.name = "look here"
    assert bpy.ops.chironomy.remove_markers() == {"FINISHED"}
    assert sorted(name for _, name in found(desk)) == ["act two", "look here"]
    assert not bpy.ops.chironomy.remove_markers.poll()


def test_accents_are_markers_of_their_own(addon, desk, short_speech):
    from chironomy.speech.accents import accent_onsets
    from chironomy.speech.decode import load_speech

    assert bpy.ops.chironomy.accents_to_markers() == {"FINISHED"}
    accents = accent_onsets(load_speech(short_speech))
    assert [frame for frame, _ in found(desk)] == [round(1 + time * FPS) for time in accents]
    generate(desk, 1)
    bpy.ops.chironomy.phrases_to_markers()
    count = len(desk.timeline_markers)
    bpy.ops.chironomy.accents_to_markers()
    assert len(desk.timeline_markers) == count
    bpy.ops.chironomy.remove_markers()
    assert found(desk) == []
