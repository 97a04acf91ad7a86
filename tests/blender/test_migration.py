# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend of an older version is opened as this version would have left it."""

import importlib
import wave

import pytest

bpy = pytest.importorskip("bpy")

pytestmark = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender was built without sound")


@pytest.fixture
def old_file(addon, tmp_path):
    """A file as version 0.1.0 left it: absolute paths, strips known by their names, no version."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    with wave.open(str(tmp_path / "speech.wav"), "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(bytes(2 * 16000 * 2))
    (tmp_path / "portrait.png").write_bytes(b"")
    (tmp_path / "music.wav").write_bytes((tmp_path / "speech.wav").read_bytes())
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for name, channel in (("Speech", 1), ("Music", 3)):
        path = tmp_path / f"{name.lower()}.wav"
        strips.new_sound(name=name, filepath=str(path), channel=channel, frame_start=1).name = name
    scene.frame_end = 48
    chosen = scene.chironomy
    chosen.speech, chosen.portrait = str(tmp_path / "speech.wav"), str(tmp_path / "portrait.png")
    chosen.fit = '{"format": "chironomy.fit/1"}'
    for name in ("version", "steps_taken", "given_end"):
        chosen.property_unset(name)
    handlers = bpy.app.handlers.save_pre
    ours = [handler for handler in handlers if handler.__module__.endswith("chironomy.migration")]
    for handler in ours:
        handlers.remove(handler)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "old.blend"), relative_remap=False)
    finally:
        handlers.extend(ours)
    assert (chosen.version, chosen.steps_taken) == ("", 0)
    return tmp_path / "old.blend"


def strips_of(scene):
    editor = scene.sequence_editor
    return {strip.name: strip for strip in (editor.strips if hasattr(editor, "strips") else editor.sequences)}


def test_paths_follow_the_file_and_the_fit_stays(old_file, tmp_path):
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    scene = bpy.context.scene
    chosen = scene.chironomy
    assert (chosen.speech, chosen.portrait) == ("//speech.wav", "//portrait.png")
    assert chosen.fit == '{"format": "chironomy.fit/1"}'
    strips = strips_of(scene)
    assert strips["Speech"].sound.filepath == "//speech.wav"
    assert strips["Music"].sound.filepath == str(tmp_path / "music.wav")


def test_strips_are_known_by_their_mark_and_the_scenes_end_is_nobodys_choice(addon, old_file):
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    scene = bpy.context.scene
    strips = strips_of(scene)
    strips["Speech"].name = "My voice"
    assert addon["sequencer"].laid_here(strips_of(scene)["My voice"])
    assert not addon["sequencer"].laid_here(strips["Music"])
    assert scene.chironomy.given_end == scene.frame_end == 48


def test_a_saved_file_carries_the_version_and_is_migrated_once(addon, old_file, monkeypatch):
    import chironomy

    migration = addon["migration"]
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    assert bpy.context.scene.chironomy.steps_taken == len(migration.STEPS)
    bpy.ops.wm.save_mainfile()
    taken = []
    monkeypatch.setattr(migration, "STEPS", (*migration.STEPS, lambda scene: taken.append(scene.name)))
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    assert bpy.context.scene.chironomy.version == chironomy.__version__
    assert taken == ["Scene"]
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    assert taken == ["Scene"]


def test_a_file_of_a_newer_version_keeps_its_number_and_says_so(addon, old_file):
    migration = addon["migration"]
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    chosen = bpy.context.scene.chironomy
    assert migration.newer_version(bpy.context.scene) == ""
    chosen.version, chosen.steps_taken = "9.0.0", 99
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(old_file))
    chosen = bpy.context.scene.chironomy
    assert (chosen.version, chosen.steps_taken) == ("9.0.0", 99)
    assert migration.newer_version(bpy.context.scene) == "9.0.0"


def test_the_handlers_go_with_the_add_on(addon):
    migration = importlib.import_module("bl_ext.user_default.chironomy.migration")
    migration.unregister()
    assert not [h for h in bpy.app.handlers.load_post if h.__module__ == migration.__name__]
    migration.register()
