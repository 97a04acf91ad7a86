# SPDX-License-Identifier: GPL-3.0-or-later
"""The speech as it is drawn in the timeline: heard once, beside everything else."""

import time
import wave

import pytest
from desk import FPS

bpy = pytest.importorskip("bpy")


@pytest.fixture
def outline(addon):
    addon["heard_outline"].forget()
    yield addon["heard_outline"]
    addon["heard_outline"].forget()


def heard(outline, scene):
    """What is drawn once Blender's timer, which does not run here, had nothing more to do."""
    end = time.monotonic() + 60
    while outline.look() is not None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return outline.of_scene(scene)


def test_the_speech_is_drawn_where_it_is_heard(outline, desk, short_speech, tmp_path):
    from chironomy.speech.accents import accent_onsets
    from chironomy.speech.decode import load_speech

    captions = tmp_path / "said.srt"
    captions.write_text("1\n00:00:01,000 --> 00:00:01,500\nhello\n")
    desk.chironomy.script = str(captions)
    drawn = heard(outline, desk)
    assert drawn.frame == 1
    assert drawn.outline.accents == pytest.approx(accent_onsets(load_speech(short_speech)))
    assert outline.said_in(drawn, FPS) == [(1 + FPS, 1 + 1.5 * FPS, "hello")]
    # The strip is moved: the same, elsewhere.
    editor = desk.sequence_editor
    for strip in getattr(editor, "strips", None) or editor.sequences:
        strip.frame_start += 10
    if not bpy.app.build_options.audaspace:  # where the speech begins with the scene
        desk.frame_start += 10
    moved = heard(outline, desk)
    assert moved.frame == 11
    assert moved.outline is drawn.outline


def test_speech_without_a_strip_is_drawn_from_where_the_scene_begins(outline, desk):
    desk.sequence_editor_clear()
    drawn = heard(outline, desk)
    desk.frame_start = 20
    moved = heard(outline, desk)
    assert (drawn.frame, moved.frame) == (1, 20)
    assert moved.outline is drawn.outline


def test_a_script_that_cannot_be_read_leaves_the_wave(outline, desk, tmp_path):
    broken = tmp_path / "said.json"
    broken.write_text("{")
    desk.chironomy.script = str(broken)
    drawn = heard(outline, desk)
    assert drawn.outline.said == ()
    assert len(drawn.outline.envelope)


def test_nothing_is_drawn_where_nothing_is_heard(outline, desk):
    desk.chironomy.speech = "//nowhere.wav"
    desk.sequence_editor_clear()
    assert heard(outline, desk) is None
    desk.chironomy.speech = ""
    assert outline.of_scene(desk) is None


def test_a_recording_is_heard_once_until_its_file_changes(addon, short_speech, tmp_path):
    hear, copy = addon["hearing"].hear, tmp_path / "speech.wav"
    copy.write_bytes(short_speech.read_bytes())
    first = hear(copy)
    assert hear(copy) is first
    with wave.open(str(short_speech)) as said, wave.open(str(copy), "wb") as shorter:
        shorter.setparams(said.getparams())
        shorter.writeframes(said.readframes(said.getnframes() // 2))
    assert hear(copy).duration < first.duration


def test_what_is_loaded_is_listened_to_before_it_is_asked_for(addon, desk, short_speech, monkeypatch):
    from chironomy.performance.listening import listening

    assert bpy.ops.chironomy.load_speech(filepath=str(short_speech)) == {"FINISHED"}
    assert addon["ahead"].wait(60)

    def again(*_given, **_options):
        raise AssertionError("it was heard")

    monkeypatch.setattr("chironomy.performance.listening.recognise_phones", again)
    with listening(addon["hearing"].hear(short_speech)) as phones:
        assert phones()


def test_nothing_is_listened_to_ahead_where_the_animator_does_not_want_it(addon, desk, short_speech, monkeypatch):
    heard = []
    monkeypatch.setattr(addon["ahead"], "listen", heard.append)
    chosen = addon["preferences"].preferences(bpy.context)
    bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    assert heard == [short_speech]
    try:
        chosen.warm_up = False
        bpy.ops.chironomy.load_speech(filepath=str(short_speech))
    finally:
        chosen.warm_up = True
    assert heard == [short_speech]
