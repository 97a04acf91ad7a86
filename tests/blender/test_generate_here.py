# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate with nothing but the zip: hands, lips and body, made in this Blender, as the backend makes them."""

import os
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import MagicMock

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

HAS_SOUND = bpy.app.build_options.audaspace
SECONDS = 4.0
BACKEND_PYTHON = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)


@pytest.fixture(scope="module")
def recording(repository, tmp_path_factory):
    """Four seconds of a synthesised English voice."""
    import soundfile

    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    soundfile.write(path, samples[: round(SECONDS * rate)], rate)
    return path


@pytest.fixture
def scene(addon, recording):
    return new_scene(recording)


def new_scene(recording):
    """A character in a scene that has the speech."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    bpy.ops.chironomy.load_speech(filepath=str(recording))
    bpy.ops.chironomy.add_character()
    scene.chironomy.seed = 4
    return scene


class Made(NamedTuple):
    """What was seen of a Generate without a network or a backend, and of a second one after an edit."""

    brought: set
    threads: list
    told: list
    keys: int
    shown: tuple
    span: slice
    edited: tuple
    again: tuple


@pytest.fixture(scope="module")
def made(addon, rig, recording):
    from chironomy.performance import perform

    def refuse(*_, **__):
        raise AssertionError("Generate needs nothing but Blender")

    def noted(*arguments, **options):
        threads.append(threading.current_thread())
        return make(*arguments, **options)

    def note(fraction, message):
        told.append((fraction, message))

    scene, make, threads, told = new_scene(recording), perform.make_performance, [], []
    item, owned, before = scene.chironomy.character, addon["rig.owned"], set(sys.modules)
    addon["tasks"].listeners.append(note)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(addon["backend"], "connect", refuse)
        patch.setattr(perform, "make_performance", noted)
        assert bpy.ops.chironomy.generate() == {"FINISHED"}
        addon["tasks"].listeners.remove(note)
        keys, first = addon["rig.read"].hand_key_count(item), shown(addon, rig, scene)
        addon["rig.edit"].offset_hand(item, 1, scene, [0.0, 0.1, 0.0], 0.4)
        (span,) = owned.spans(item, [owned.hand_unit(item, 1)], 24.0).values()
        edited = shown(addon, rig, scene)
        scene.chironomy.seed = 5
        assert bpy.ops.chironomy.generate() == {"FINISHED"}
    return Made(
        set(sys.modules) - before,
        threads,
        told,
        keys,
        first,
        slice(round(span.first) - 1, round(span.last)),
        edited,
        shown(addon, rig, scene),
    )


def performance(addon):
    """What Generate puts on the character."""
    from chironomy.work import QUIET

    (made,) = addon["slices"].drained(addon["scene.performance"].performing(bpy.context))(QUIET)
    return made.performance


def shown(addon, rig, scene):
    from chironomy.motion import FACE_ACTIONS

    read, item, end = addon["rig.read"], scene.chironomy.character, round(SECONDS * 24) + 1
    pose, hands = read.read_pose(item, rig, scene, 1, end)
    face = read.read_face(item, scene, 1, end).values
    return pose, hands, {name: face[:, index] for index, name in enumerate(FACE_ACTIONS)}


def test_generate_gives_hands_lips_and_body_with_nothing_set_up(addon, rig, made):
    from chironomy.motion import rotation

    assert not addon["backend"].running()
    pose, hands, face = made.shown
    assert np.ptp(hands.wrist_position, axis=0).max(axis=1).min() > 0.05  # of each hand
    assert face["jawOpen"].max() > 0.15
    assert face["mouthClose"].max() > 0.02
    assert face["eyeBlinkLeft"].max() > 0.5
    turned = rotation.angle(pose.joint_rotation[:, rig.index("head")], rotation.IDENTITY)
    assert np.degrees(np.ptp(turned)) > 1
    assert 0 < made.keys < 0.3 * 134 * hands.frame_count


def test_nothing_is_imported_that_blender_and_the_zip_lack(made):
    assert not {"torch", "scipy", "librosa", "soxr", "soundfile", "imageio_ffmpeg"} & made.brought


def test_the_work_is_not_done_on_blenders_main_thread(made):
    assert len(made.threads) == 2
    assert threading.main_thread() not in made.threads


def test_progress_rises_to_the_end_and_says_what_is_done(made):
    fractions = [fraction for fraction, _ in made.told]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 5
    assert {"making gestures", "listening for phones"} <= {message for _, message in made.told}


def test_poses_of_ones_own_are_heeded_here_too(made):
    (_, before, _), (_, after, _) = made.edited, made.again
    moved = np.linalg.norm(after.wrist_position - before.wrist_position, axis=-1)
    assert moved[made.span, 1].max() < 1e-4
    assert moved[:, 0].max() > 0.03


CAPTIONS = """1
00:00:00,500 --> 00:00:01,000
Welcome
"""


class Model:
    """Keeps the hands still; takes a score of these kinds, or none."""

    def __init__(self, score_kinds):
        self.network, self.told = SimpleNamespace(config={"score_kinds": score_kinds}), {}

    def loaded_network(self):
        return self.network

    def __call__(self, speech, *, fps, **settings):
        from chironomy.motion import HandMotion
        from chironomy.motion import rotation as quaternion

        self.told = settings
        frames = speech.frame_count(fps)
        position = np.tile([[0.2, -0.2, 0.3], [-0.2, -0.2, 0.3]], (frames, 1, 1))
        return HandMotion(fps, position, np.tile(quaternion.IDENTITY, (frames, 2, 16, 1)), np.ones((frames, 2)))


@pytest.mark.parametrize("score_kinds", [None, ["welcome"]])
def test_a_script_is_followed_by_a_model_that_can_and_else_that_is_said(
    scene, tmp_path, monkeypatch, capfd, score_kinds
):
    model = Model(score_kinds)
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: model)
    (tmp_path / "script.srt").write_text(CAPTIONS)
    scene.chironomy.script = str(tmp_path / "script.srt")
    assert bpy.ops.chironomy.generate() == {"FINISHED"}
    told = "the script changed nothing: this gesture model has not learned to follow words"
    assert (told in "".join(capfd.readouterr())) == (score_kinds is None)
    if score_kinds is None:
        assert "score" not in model.told
    else:
        assert [(phrase.kind, phrase.word) for phrase in model.told["score"].phrases] == [("welcome", "Welcome")]


def test_a_script_that_is_nowhere_is_one_report(scene, tmp_path, monkeypatch):
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: Model(None))
    scene.chironomy.script = str(tmp_path / "nowhere.txt")
    with pytest.raises(RuntimeError, match=r"nowhere\.txt"):
        bpy.ops.chironomy.generate()


def korean(path):
    """A few seconds of a synthesised Korean voice."""
    voice = [BACKEND_PYTHON, "-m", "chironomy.gesture.corpus.espeak", "-v", "ko", "-w", str(path)]
    subprocess.run([*voice, "안녕하세요, 저는 세 가지를 말하고 싶습니다. 먼저 하늘을 보세요."], check=True)
    return path


@pytest.mark.parametrize("language", ["English", "Korean"])
def test_what_is_made_here_is_what_the_backend_makes(addon, recording, tmp_path, language):
    from chironomy.client import start_backend
    from chironomy.motion import rotation

    new_scene(recording if language == "English" else korean(tmp_path / "korean.wav"))
    here = performance(addon)
    preferences = addon["preferences"].preferences(bpy.context)
    with start_backend(BACKEND_PYTHON, data=tmp_path / "data") as process:
        (tmp_path / "token").write_text(process.token)
        preferences.address, preferences.token_file = process.url, str(tmp_path / "token")
        preferences.gestures = "BACKEND"
        try:
            there = performance(addon)
        finally:
            preferences.address = preferences.token_file = ""
            preferences.gestures = "BLENDER"
    assert np.abs(here.hands.wrist_position - there.hands.wrist_position).max() < 0.001
    assert np.degrees(rotation.angle(here.hands.rotation, there.hands.rotation)).max() < 0.1
    assert np.abs(here.face.values - there.face.values).max() < 0.01
    assert here.hands.source == there.hands.source
    for name, part in vars(here.body).items():
        assert np.asarray(part) == pytest.approx(np.asarray(getattr(there.body, name)), abs=1e-3), name


@pytest.mark.parametrize("where", ["BLENDER", "BACKEND"])
def test_a_take_of_a_script_lists_its_phrases_and_keeps_those_that_are_locked(addon, scene, tmp_path, where):
    from chironomy.client import start_backend

    def phrases():
        return [(phrase.kind, phrase.hands, phrase.first, phrase.last) for phrase in chosen.phrases]

    chosen, preferences = scene.chironomy, addon["preferences"].preferences(bpy.context)
    chosen.style = "lively"
    (tmp_path / "script.srt").write_text(CAPTIONS)
    chosen.script = str(tmp_path / "script.srt")
    with start_backend(BACKEND_PYTHON, data=tmp_path / "data") as process:
        (tmp_path / "token").write_text(process.token)
        preferences.address, preferences.token_file = process.url, str(tmp_path / "token")
        preferences.gestures = where
        try:
            assert bpy.ops.chironomy.generate() == {"FINISHED"}
            first = phrases()
            assert first[0][0] == "welcome"
            assert len(first) > 1
            chosen.phrases[1].locked = True
            chosen.seed = 9
            assert bpy.ops.chironomy.generate() == {"FINISHED"}
        finally:
            preferences.address = preferences.token_file = ""
            preferences.gestures = "BLENDER"
    assert len(chosen.takes) == 2
    # The word's gesture is where it was, and so is the one that was locked.
    assert phrases()[0] == first[0]
    assert first[1] in phrases()


def test_a_rate_is_asked_for_where_it_is_not_the_usual_one(addon, scene, monkeypatch):
    asked = []

    def made(inputs, wanted, work):
        asked.append(wanted)
        return SimpleNamespace(hands=SimpleNamespace(source={}))

    monkeypatch.setattr(addon["scene.performance"], "_made_here", made)
    monkeypatch.setattr(addon["scene.performance"], "packed", lambda _: b"")
    for rate in (1.0, 0.5):
        scene.chironomy.rate = rate
        performance(addon)
    assert "rate" not in asked[0]
    assert asked[1] == asked[0] | {"rate": 0.5}


@pytest.mark.parametrize(
    ("learned", "rate", "enabled", "label"),
    [
        (True, 1.0, True, "Rate"),
        (False, 1.0, False, "Rate (Not Learned)"),
        (False, 0.5, True, "Rate (Not Learned)"),  # it can be taken back
    ],
)
def test_the_panel_offers_a_rate_that_the_model_has_learned(addon, scene, monkeypatch, learned, rate, enabled, label):
    panels, layout, chosen = addon["panels"], MagicMock(), scene.chironomy
    monkeypatch.setattr(panels, "embedded_takes_rate", lambda: learned)
    chosen.rate = rate
    panels.CHIRONOMY_PT_generate.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    row = layout.row.return_value
    row.prop.assert_any_call(chosen, "rate", text=label, text_ctxt="Chironomy")
    assert row.enabled is enabled


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
@pytest.mark.parametrize("name", ["silent.wav", "silent.flac", "silent.ogg"])
def test_a_recording_in_which_nothing_is_heard_is_heard_to_its_end(addon, tmp_path, name):
    import soundfile

    soundfile.write(tmp_path / name, np.zeros(32000, np.float32), 16000)
    speech = addon["hearing"].hear(tmp_path / name)
    assert speech.silent
    assert speech.duration == pytest.approx(2.0, abs=0.1)


def test_generate_can_be_stopped_and_leaves_the_character_as_it_was(addon, scene):
    tasks = addon["tasks"]

    def stop(fraction, message):
        tasks.running().cancel()

    tasks.listeners.append(stop)
    try:
        assert bpy.ops.chironomy.generate() == {"CANCELLED"}
    finally:
        tasks.listeners.remove(stop)
    assert tasks.running() is None
    assert addon["rig.read"].hand_key_count(scene.chironomy.character) == 0


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
@pytest.mark.parametrize("name", ["speech.flac", "speech.ogg", "speech.mp3", "speech.m4a"])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_blender_hears_what_the_backend_hears(addon, recording, tmp_path, name, rate):
    import imageio_ffmpeg

    from chironomy.speech.decode import load_speech

    path = tmp_path / name
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", recording, "-ar", rate, "-ac", 2, path]
    subprocess.run([str(part) for part in command], check=True)
    mine, theirs = addon["hearing"].hear(path), load_speech(path)
    assert (mine.sha256, mine.name) == (theirs.sha256, theirs.name)
    assert len(mine.samples) == len(theirs.samples)
    assert np.abs(mine.samples - theirs.samples).max() < 1e-4


@pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
def test_of_channels_that_cancel_each_other_one_is_heard(addon, recording, tmp_path):
    import soundfile

    samples, rate = soundfile.read(recording)
    soundfile.write(tmp_path / "swapped.flac", np.stack([samples, -samples], axis=1), rate)
    assert np.ptp(addon["hearing"].hear(tmp_path / "swapped.flac").samples) > 0.2


def test_a_recording_that_cannot_be_heard_is_one_sentence(addon, scene, tmp_path):
    (tmp_path / "letter.mp3").write_text("Dear reader")
    scene.chironomy.speech = str(tmp_path / "letter.mp3")
    for name in [strip.name for strip in _strips(scene)]:
        _strips(scene).remove(_strips(scene)[name])
    with pytest.raises(RuntimeError, match=r"letter\.mp3") as raised:
        bpy.ops.chironomy.generate()
    assert "\n" not in str(raised.value).strip()


def test_a_zip_for_another_system_says_so(addon, scene, monkeypatch):
    monkeypatch.setattr(addon["hearing"], "lacking", list)
    with pytest.raises(RuntimeError, match="zip is for another system"):
        bpy.ops.chironomy.generate()


def _strips(scene):
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences
