# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of recordings to scenes, by Blenders without a window: each is made, a kill costs nothing, edits stay."""

import csv
import json
import re
import shutil
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FPS = 24
NAMES = ("anna", "ben", "cleo")
SECONDS = 1.5


@pytest.fixture(scope="module")
def recordings(repository, tmp_path_factory):
    """Three short recordings and what is none."""
    import soundfile

    folder = tmp_path_factory.mktemp("recordings")
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    for number, name in enumerate(NAMES):
        begin = 2.0 * number
        soundfile.write(folder / f"{name}.wav", samples[round(begin * rate) : round((begin + SECONDS) * rate)], rate)
    (folder / "notes.md").write_text("no recording")
    return folder


@pytest.fixture
def asked(addon, recordings, tmp_path):
    """The panel, filled in: a scene with a character of another name, a camera, and a frame rate of its own."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    bpy.ops.chironomy.add_character()
    scene.chironomy.character.name = "Anna"
    scene.collection.objects.link(bpy.data.objects.new("Key Light", None))
    batch = scene.chironomy.batch
    batch.recordings, batch.out, batch.processes = str(recordings), str(tmp_path / "scenes"), 1
    return batch


def rows(out):
    with (out / "summary.csv").open(encoding="utf-8") as stream:
        return {row["item"]: row for row in csv.DictReader(stream)}


def opened(addon, path):
    """What Blender shows of the scene in a file: the character, its hands, and the seconds that are heard."""
    from chironomy.body.rig import load_rig

    bpy.ops.wm.open_mainfile(filepath=str(path))
    scene = bpy.context.scene
    item = scene.chironomy.character
    return item, addon["rig.read"].read_pose(item, load_rig(), scene, 1, scene.frame_end + 1)[1]


def test_what_blender_says_itself_is_no_answer(addon, asked, tmp_path, monkeypatch):
    """A Blender tells its version on standard output before any script runs."""
    batch = addon["scene.batch"]
    says = 'echo "Blender 4.3.2"; echo; exec "$@"'
    command = ["sh", "-c", says, "sh", *batch.worker_command()]
    monkeypatch.setattr(batch, "worker_command", lambda: command)
    asked.fbx = False
    assert bpy.ops.chironomy.batch() == {"FINISHED"}
    assert [row["state"] for row in rows(tmp_path / "scenes").values()] == ["done"] * 3


def test_every_recording_becomes_a_scene_of_this_file(addon, asked, tmp_path, capfd):
    out = tmp_path / "scenes"
    assert bpy.ops.chironomy.batch() == {"FINISHED"}
    assert "3 of 3 scenes are made" in "".join(capfd.readouterr())
    assert sorted(path.name for path in out.iterdir()) == [*NAMES, "summary.csv"]
    table = rows(out)
    assert [table[name]["state"] for name in NAMES] == ["done"] * 3
    for name in NAMES:
        assert sorted(path.name for path in (out / name).iterdir()) == ["hands.fbx", "made.json", "scene.blend"]
    shown = []
    for name in NAMES[:2]:
        item, hands = opened(addon, out / name / "scene.blend")
        assert item.name == "Anna"
        assert "Key Light" in bpy.context.scene.objects
        assert bpy.context.scene.frame_end == round(SECONDS * FPS)
        assert all(sound.packed_file for sound in bpy.data.sounds)
        assert addon["rig.read"].hand_key_count(item) > 0
        shown.append(hands.wrist_position)
    assert np.abs(shown[0] - shown[1]).max() > 0.02


def test_a_batch_that_is_stopped_goes_on_and_leaves_what_is_done_alone(addon, asked, tmp_path, capfd):
    out, tasks = tmp_path / "scenes", addon["tasks"]

    def stop(fraction, message):
        if (out / NAMES[0] / "scene.blend").exists():
            tasks.running().cancel()

    tasks.listeners.append(stop)
    try:
        assert bpy.ops.chironomy.batch() == {"CANCELLED"}
    finally:
        tasks.listeners.remove(stop)
    assert rows(out)[NAMES[2]]["state"] == "left"
    # Somebody worked on the first one meanwhile.
    edited = out / NAMES[0] / "scene.blend"
    edited.write_bytes(b"edited")
    # What a Blender that was killed has left.
    (out / ".unfinished").mkdir(exist_ok=True)
    (out / ".unfinished" / "template-1.blend").write_bytes(b"")
    (out / NAMES[0] / ".1-0-hands.fbx").write_bytes(b"")
    assert bpy.ops.chironomy.batch() == {"FINISHED"}
    assert "3 of 3 scenes are made" in "".join(capfd.readouterr())
    assert edited.read_bytes() == b"edited"
    assert rows(out)[NAMES[0]]["seconds"] == "0.0"
    assert all((out / name / "scene.blend").is_file() and (out / name / "hands.fbx").is_file() for name in NAMES)
    assert not list(out.rglob(".*"))


def test_a_blender_that_is_killed_costs_an_attempt_and_its_scene_is_made(addon, asked, recordings, tmp_path):
    batch_of, chosen = addon["scene.batch"], asked
    chosen.fbx = False
    only = tmp_path / "one"
    only.mkdir()
    shutil.copy(recordings / "ben.wav", only)
    chosen.recordings = str(only)
    batch, answers = batch_of.planned(bpy.context), []
    answer = batch_of._Maker._answer

    def killed_once(maker, process):
        answers.append(process.pid)
        if len(answers) == 2:
            process.kill()
        return answer(maker, process)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_of._Maker, "_answer", killed_once)
        from chironomy.work import QUIET

        (outcome,) = batch_of.run(batch, QUIET)
    assert not outcome.error
    assert len(set(answers)) == 2
    assert (tmp_path / "scenes" / "ben" / "scene.blend").is_file()


def test_what_cannot_be_made_is_told_and_keeps_nothing_else_from_being_made(addon, asked, recordings, tmp_path, capfd):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    shutil.copy(recordings / "anna.wav", mixed)
    (mixed / "broken.wav").write_bytes(b"RIFF")
    asked.recordings, asked.fbx = str(mixed), False
    assert bpy.ops.chironomy.batch() == {"FINISHED"}
    said = "".join(capfd.readouterr())
    assert "1 of 2 scenes are made" in said
    assert re.search(r"broken failed: .*broken\.wav", said)
    assert rows(tmp_path / "scenes")["broken"]["state"] == "failed"
    assert (tmp_path / "scenes" / "anna" / "scene.blend").is_file()


def test_each_style_and_seed_has_a_scene_of_its_own(addon, asked):
    asked.styles, asked.seeds = {"calm", "lively"}, 2
    bpy.context.scene.chironomy.seed = 5
    batch = addon["scene.batch"].planned(bpy.context)
    assert [item.name for item in batch.items][:4] == ["anna-calm-5", "anna-calm-6", "anna-lively-5", "anna-lively-6"]
    assert len(batch.items) == 12
    assert dict(batch.items[2].settings) == {"style": "lively", "seed": 5}


def test_what_is_asked_for_otherwise_is_made_anew_and_the_older_one_is_kept(addon, asked, tmp_path):
    made = addon["scene.batch"]
    folder = tmp_path / "scenes" / "anna"
    folder.mkdir(parents=True)
    batch = made.planned(bpy.context)
    item = batch.items[0]
    for part in item.parts:
        path = folder / f".new-{part}"
        path.write_text("first")
        made._put(path, folder / made.FILES[part], item.told(batch.common))
    assert made.is_done(batch, item)
    bpy.context.scene.chironomy.amplitude = 1.5
    again = made.planned(bpy.context)
    assert not made.is_done(again, item)
    (folder / ".new").write_text("second")
    made._put(folder / ".new", folder / "scene.blend", item.told(again.common))
    assert (folder / "previous-001" / "scene.blend").read_text() == "first"
    assert json.loads((folder / "made.json").read_text())["scene.blend"] == item.told(again.common)


@pytest.mark.parametrize(
    ("recordings_folder", "out", "sentence"),
    [
        ("", "scenes", "Choose the folders|poll"),
        ("nowhere", "scenes", "There is no recording .*nowhere"),
        ("empty", "scenes", "There is no recording in"),
        ("mine", "file", "cannot be written"),
    ],
)
def test_folders_that_do_not_do_are_one_sentence(addon, asked, recordings, tmp_path, recordings_folder, out, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    given = {"": "", "mine": str(recordings)}.get(recordings_folder, str(tmp_path / recordings_folder))
    asked.recordings, asked.out = given, str(tmp_path / out)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.chironomy.batch()


def test_a_worker_ends_with_who_started_it(addon, asked):
    import subprocess

    command = addon["scene.batch"].worker_command()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        told = process.stdout.readline().decode()
        assert json.loads(told.removeprefix(addon["batch_worker"].TELLS)) == {"ready": True}
        process.stdin.close()
        assert process.wait(60.0) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_panel_asks_for_what_a_batch_needs(addon, asked):
    panel, layout = addon["batch_panel"].CHIRONOMY_PT_batch, MagicMock()
    panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    assert [call.args[1] for call in layout.prop.call_args_list] == ["recordings", "out", "seeds", "processes"]
    assert [call.args[0] for call in layout.operator.call_args_list] == ["chironomy.batch", "chironomy.open_batch"]
