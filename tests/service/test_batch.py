# SPDX-License-Identifier: GPL-3.0-or-later
"""Many recordings at once: planned, made by several processes, gone on with after a kill, and on a farm."""

import csv
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_backend import PATIENCE, wait_until

from chironomy.body.performance import load_performance
from chironomy.body.rig import load_rig
from chironomy.motion.files import load_hands, save_hands
from chironomy.service.errors import ServiceError
from chironomy.service.farm import local, stages
from chironomy.service.farm.cluster import run_on_cluster
from chironomy.service.farm.plan import Item, checked, items_of, read_plan, write_plan

LONG = 10 * PATIENCE


@pytest.fixture
def recordings(repository: Path, tmp_path: Path) -> Path:
    """Three short recordings, one with its script."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    samples, rate = soundfile.read(repository / "examples" / "speech.flac")
    for number, name in enumerate(("anna", "ben", "cleo")):
        soundfile.write(folder / f"{name}.wav", samples[number * rate : (number + 2) * rate], rate)
    (folder / "ben.txt").write_text("Hello there.")
    (folder / "notes.md").write_text("not a recording")
    return folder


def chironomy(*arguments: object, check: bool = True) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "chironomy", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=LONG)


def contents(folder: Path) -> dict[str, str]:
    """The results in a folder, by name, with the hashes of what they hold."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in ("summary.csv", "made.json"):
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_each_recording_is_made_in_each_style_with_each_seed(recordings: Path) -> None:
    items = items_of([recordings], ["calm", "lively"], [1, 2])
    assert [item.name for item in items][:5] == [
        "anna-calm-1", "anna-calm-2", "anna-lively-1", "anna-lively-2", "ben-calm-1",
    ]  # fmt: skip
    assert len(items) == 12
    assert items[4].script == recordings / "ben.txt"
    assert items[0].script is None
    assert (items[3].gesture["style"], items[3].gesture["seed"]) == ("lively", 2)


def test_a_plan_says_the_same_when_it_is_read_again(recordings: Path, tmp_path: Path) -> None:
    items = items_of([recordings], seeds=[3], video={"width": 256, "height": 256})
    write_plan(tmp_path / "plan.json", items)
    assert read_plan(tmp_path / "plan.json") == items


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "is not a plan of a batch"),
        ('{"format": "chironomy.batch/3"}', "was made by a newer Chironomy"),
        ('{"format": "chironomy.hands/1"}', "is not a plan of a batch"),
        ('{"format": "chironomy.batch/1"}', "has no list of items"),
        ('{"format": "chironomy.batch/1", "items": []}', "has no items"),
        ('{"format": "chironomy.batch/1", "items": [1]}', "Item 1 of .* is no object"),
        ('{"format": "chironomy.batch/1", "items": [{"name": "a"}]}', "needs a name and a speech"),
        ('{"format": "chironomy.batch/1", "items": [{"name": "a", "speech": "x.wav"}]}', "is not there"),
        ('{"format": "chironomy.batch/1", "items": [{"name": "../a", "speech": "x.wav"}]}', "cannot be the name"),
    ],
)
def test_a_plan_that_is_none_is_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ServiceError, match=sentence):
        read_plan(tmp_path / "plan.json")


def test_what_cannot_be_made_is_said_before_anything_is(recordings: Path) -> None:
    with pytest.raises(ServiceError, match=r"anna: The setting 'style' is 'wild': choose one of"):
        items_of([recordings], ["wild"])
    with pytest.raises(ServiceError, match="anna: The setting 'engine' is 'none'"):
        items_of([recordings], video={"engine": "none"})
    with pytest.raises(ServiceError, match="Two items are called anna"):
        items_of([recordings / "anna.wav", recordings / "anna.wav"])
    with pytest.raises(ServiceError, match="There is no recording in"):
        items_of([recordings.parent])
    with pytest.raises(ServiceError, match="a width and a height belong together"):
        checked([Item("a", recordings / "anna.wav", video={"width": 256})])


def test_a_batch_that_is_killed_goes_on_and_makes_the_same(recordings: Path, tmp_path: Path) -> None:
    asked = ["batch", recordings, "--video", "--size", "128x160", "--fps", 12, "--processes", 2, "--out"]
    whole = chironomy(*asked, tmp_path / "whole")
    assert "6/6" in whole.stdout
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "chironomy", *map(str, asked), str(killed)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        # Two at a time: the third is begun when one of the others is told as done.
        wait_until(lambda: len([*killed.glob("*/motion.npz")]) == 3)
        os.kill(process.pid, signal.SIGKILL)
    # Its workers end with it.
    wait_until(lambda: not [line for line in _commands() if str(killed) in line])
    again = chironomy(*asked, killed)
    assert "was done before" in again.stdout
    assert contents(killed) == contents(tmp_path / "whole")
    assert sorted(contents(killed)) == sorted(
        f"{name}/{made}" for name in ("anna", "ben", "cleo") for made in ("motion.npz", "video.mp4")
    )
    told = (killed / "summary.csv").read_text(encoding="utf-8")
    third = chironomy(*asked, killed)
    assert third.stdout.count("was done before") == 6
    assert (killed / "summary.csv").read_text(encoding="utf-8") == told
    with (killed / "summary.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["item"], row["stage"], row["state"]) for row in rows][:2] == [
        ("anna", "gesture", "done"), ("anna", "video", "done"),
    ]  # fmt: skip
    assert (killed / rows[1]["file"]).is_file()
    assert max(float(row["seconds"]) for row in rows) > 0.0


def _commands() -> list[str]:
    import psutil

    found = []
    for process in psutil.process_iter(["cmdline"]):
        found.append(" ".join(process.info["cmdline"] or []))
    return found


def test_a_recording_that_cannot_be_used_keeps_no_other_from_being_made(recordings: Path, tmp_path: Path) -> None:
    (recordings / "ben.wav").write_bytes(b"RIFF")
    done = chironomy("batch", recordings, "--fps", 12, "--out", tmp_path / "out", check=False)
    assert done.returncode == 1
    assert "ben" in done.stderr
    assert (tmp_path / "out" / "cleo" / "motion.npz").is_file()
    assert not (tmp_path / "out" / "ben" / "motion.npz").exists()
    assert "failed" in (tmp_path / "out" / "summary.csv").read_text()


def test_a_motion_that_somebody_changed_is_filmed_as_it_is_and_never_lost(recordings: Path, tmp_path: Path) -> None:
    video = {"width": 128, "height": 160}
    (item,) = items_of([recordings / "anna.wav"], gesture={"fps": 12}, video=video)
    out = tmp_path / "out"
    out.mkdir()
    path = stages.do(item, "gesture", out)
    film = stages.do(item, "video", out)
    before = film.read_bytes()
    hands = load_hands(path)
    save_hands(replace(hands, wrist_position=hands.wrist_position + np.array([0.0, 0.1, 0.0])), path)
    assert stages.is_done(item, "gesture", out), "it is the person's now"
    assert not stages.is_done(item, "video", out)
    stages.do(item, "video", out)
    assert film.read_bytes() != before
    assert (film.parent / "previous-001" / "video.mp4").read_bytes() == before
    (other,) = items_of([recordings / "anna.wav"], seeds=[5], gesture={"fps": 12}, video=video)
    changed = path.read_bytes()
    stages.do(other, "gesture", out)
    assert (path.parent / "previous-001" / "motion.npz").read_bytes() == changed


def test_who_was_killed_at_the_very_end_leaves_nothing_twice(recordings: Path, tmp_path: Path) -> None:
    (item,) = items_of([recordings / "anna.wav"], gesture={"fps": 12})
    path = stages.do(item, "gesture", tmp_path)
    left = tmp_path / ".unfinished" / stages.work_of(item, "gesture", tmp_path)[:32]
    # After the result was noted …
    left.mkdir(parents=True)
    (left / "1.npz").write_bytes(b"half")
    assert stages.is_done(item, "gesture", tmp_path)
    assert not left.parent.exists()
    # … and before.
    (path.parent / "made.json").unlink()
    stages.do(item, "gesture", tmp_path)
    assert sorted(made.name for made in path.parent.iterdir()) == ["made.json", "motion.npz"]


def test_a_stage_that_ends_its_process_is_tried_again_and_costs_no_other(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_one", _dying)
    out = tmp_path / "out"
    out.mkdir()
    told: list[local.Outcome] = []
    outcomes = local.run_here(items_of([recordings]), out, 2, told.append)
    assert [(outcome.item, bool(outcome.error)) for outcome in outcomes] == [
        ("anna", False), ("ben", True), ("cleo", False),
    ]  # fmt: skip
    assert "tried 3 times" in str(outcomes[1].error)
    assert len((out / "ben").read_text()) == 3
    assert len(told) == 3


def _dying(item: Item, stage: str, out: Path) -> local.Outcome:
    if item.name == "ben":
        with (out / "ben").open("a") as stream:
            stream.write("x")
            stream.flush()
            os._exit(9)
    return local.Outcome(item.name, stage, 0.1)


def test_eight_shots_are_done_by_openjd_as_they_are_done_here(recordings: Path, tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        samples, rate = soundfile.read(recordings / f"{name}.wav")
        soundfile.write(recordings / f"{name}.wav", samples[: rate // 2], rate)
    asked = [recordings / "anna.wav", recordings / "ben.wav", "--seed", 1, 2, 3, 4]
    asked += ["--video", "--size", "128x160", "--fps", 12]
    chironomy("batch", *asked, "--out", tmp_path / "here")
    bundle = tmp_path / "bundle"
    program = tmp_path / "chironomy"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chironomy "$@"\n')
    program.chmod(0o755)
    chironomy("farm", "bundle", *asked, "--out", bundle, "--program", program)
    # Nothing of where it was made is needed.
    shutil.rmtree(recordings)
    openjd = shutil.which("openjd", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert openjd is not None
    template = bundle / "template.json"
    subprocess.run([openjd, "check", str(template)], check=True, capture_output=True)
    for step in ("Gesture", "Video"):
        command = [openjd, "run", str(template), "--step", step, "-p", f"Out={tmp_path / 'farm'}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LONG)
        assert done.returncode == 0, done.stdout[-3000:]
        assert "Progress: 100" in done.stdout or "openjd_progress: 100" in done.stdout
    assert contents(tmp_path / "farm") == contents(tmp_path / "here")
    assert len(list((tmp_path / "farm").rglob("*.mp4"))) == 8


def test_a_bundle_holds_each_file_once_by_its_content(recordings: Path, tmp_path: Path) -> None:
    shutil.copy(recordings / "anna.wav", recordings / "same.wav")
    chironomy("farm", "bundle", recordings, "--out", tmp_path / "bundle")
    media = sorted((tmp_path / "bundle" / "media").iterdir())
    assert len(media) == 4
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in media)
    told = json.loads((tmp_path / "bundle" / "plan.json").read_text())
    assert {item["speech"] for item in told["items"] if item["name"] in ("anna", "same")} == {
        f"media/{hashlib.sha256((recordings / 'anna.wav').read_bytes()).hexdigest()}.wav"
    }
    again = chironomy("farm", "bundle", recordings, "--out", tmp_path / "bundle", check=False)
    assert again.returncode == 2
    assert "give the name of a new folder" in again.stderr


def test_a_task_that_fails_tells_the_farm_why(recordings: Path, tmp_path: Path) -> None:
    (recordings / "anna.wav").write_bytes(b"RIFF")
    write_plan(tmp_path / "plan.json", items_of([recordings / "anna.wav"]))
    asked = ["farm", "task", "--plan", tmp_path / "plan.json", "--out", tmp_path / "out", "--stage", "gesture"]
    done = chironomy(*asked, "--item", "anna", check=False)
    assert done.returncode == 2
    (why,) = [line for line in done.stdout.splitlines() if line.startswith("openjd_fail: ")]
    assert "anna.wav" in why
    done = chironomy(*asked, "--item", "nobody", check=False)
    assert "has no gesture of 'nobody'" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="Ray's clusters of several nodes on one machine are Linux's")
def test_two_nodes_make_the_same_eight_shots_although_one_is_killed(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    video = {"width": 128, "height": 160}
    items = items_of([recordings], ["calm", "lively"], [1, 2], gesture={"fps": 12}, video=video)[:8]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    local.run_here(items, here, 1, lambda _: None)
    node = {"num_cpus": 1, "object_store_memory": 100 << 20}
    nodes = Cluster(initialize_head=True, head_node_args=node)
    try:
        lost = nodes.add_node(**node)
        told: list[local.Outcome] = []

        def tell(outcome: local.Outcome) -> None:
            told.append(outcome)
            if len(told) == 2:
                nodes.remove_node(lost, allow_graceful=False)

        outcomes = run_on_cluster(items, there, nodes.address, tell)
    finally:
        nodes.shutdown()
    assert [outcome.error for outcome in outcomes] == [None] * 16
    assert contents(there) == contents(here)


def test_a_cluster_that_is_not_there_is_a_sentence(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"There is no Ray cluster at auto: start one by `ray start --head`"):
        run_on_cluster(items_of([recordings]), tmp_path, "auto", lambda _: None)


OPENED = """
import json, os, sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
scene, (sound,) = bpy.context.scene, bpy.data.sounds
item = next(item for item in scene.objects if item.type == "ARMATURE")
heads = {}
for frame in (1, 12, 24):
    scene.frame_set(frame)
    heads[frame] = [list(item.pose.bones[name].head) for name in ("wrist.L", "wrist.R")]
print(json.dumps({"heads": heads, "end": scene.frame_end, "packed": bool(sound.packed_file)}), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def extension(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip, as it is now."""
    spec = importlib.util.spec_from_file_location("build_extension", repository / "tools" / "build_extension.py")
    assert spec is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return builder.build_extension(tmp_path_factory.mktemp("extension") / "chironomy.zip")


def test_blender_writes_the_scene_and_the_fbx_of_a_recording(
    recordings: Path, tmp_path: Path, extension: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bpy")
    monkeypatch.setenv("CHIRONOMY_EXTENSION", str(extension))
    out = tmp_path / "out"
    asked = ["batch", recordings / "anna.wav", "--scene", "--fbx", "--fps", 12, "--processes", 1, "--out", out]
    done = chironomy(*asked)
    assert "4/4" in done.stdout
    assert (out / "anna" / "hands.fbx").read_bytes()[:18] == b"Kaydara FBX Binary"
    script = [sys.executable, "-c", OPENED, str(out / "anna" / "scene.blend")]
    ran = subprocess.run(script, capture_output=True, text=True, check=True, timeout=LONG)
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["packed"]
    assert seen["end"] == 24
    # Where the motion has its wrists, Blender shows them: x to the left, z up from the soles.
    rig, made = load_rig(), load_performance(out / "anna" / "performance.zip")
    for frame, heads in seen["heads"].items():
        for hand, head in enumerate(heads):
            x, y, z = made.hands.wrist_position[int(frame) - 1, hand]
            assert head == pytest.approx([x, -z, y - rig.floor], abs=0.02)
    assert chironomy(*asked).stdout.count("was done before") == 4


def test_a_batch_without_blender_is_told_before_anything_is_made(recordings: Path, tmp_path: Path) -> None:
    asked = ["batch", recordings, "--scene", "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "chironomy", *map(str, asked)]
    nowhere = {**os.environ, "CHIRONOMY_EXTENSION": str(tmp_path / "no.zip")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG, env=nowhere)
    assert done.returncode == 2
    assert "no.zip does not exist" in done.stderr
    assert not list((tmp_path / "out").glob("*"))


def test_a_plan_of_the_first_version_is_read(recordings: Path, tmp_path: Path) -> None:
    items = items_of([recordings / "anna.wav"])
    write_plan(tmp_path / "plan.json", items)
    told = json.loads((tmp_path / "plan.json").read_text())
    told["format"] = "chironomy.batch/1"
    del told["items"][0]["blender"]
    (tmp_path / "plan.json").write_text(json.dumps(told))
    assert read_plan(tmp_path / "plan.json") == items
