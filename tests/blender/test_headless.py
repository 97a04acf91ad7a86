# SPDX-License-Identifier: GPL-3.0-or-later
"""`headless.py`: the whole job in a Blender of its own, told line by line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS = 2.5


@pytest.fixture
def do(addon, repository, tmp_path):
    """Run a job; return its exit code and what it told."""

    def run(**job):
        path = tmp_path / "job.json"
        path.write_text(json.dumps(job))
        (tmp_path / "blender").mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, str(repository / "blender_addon" / "headless.py"), str(path)],
            env={**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "blender")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def job(extension_zip, tmp_path):
    """A job whose backend is not there."""
    (tmp_path / "out").mkdir()
    return {
        "format": "chironomy.job/1",
        "extension": str(extension_zip),
        "speech": str(_tone(tmp_path / "speech.wav")),
        "out": str(tmp_path / "out"),
        "backend": {"url": "http://127.0.0.1:9", "token": "none"},
        "settings": {
            "seed": 7,
            "style": "neutral",
            "speed": 1.0,
            "amplitude": 1.0,
            "fps": 23.976,
            "engine": "previz",
            "width": 128,
            "height": 176,
        },
        "edits": [{"hand": "right", "bone": "hand.R", "time": 1.0, "offset": [0.0, 0.02, 0.0], "radius": 0.5}],
        "write": {
            "blend": "scene.blend",
            "fbx": "hands.fbx",
            "motion": "motion.npz",
            "shot": "shot.zip",
            "video": "video.mp4",
        },
    }


@pytest.fixture
def backend(addon, tmp_path):
    """The real backend in a process of its own, with the weights that ship.

    CHIRONOMY_BACKEND_PYTHON names another environment's interpreter to run it, as a person's Blender does.
    """
    python = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)
    from chironomy.client import start_backend

    with start_backend(python, data=tmp_path / "data") as process:
        yield process


def test_the_whole_job(do, job, backend, repository):
    job["speech"] = str(_excerpt(repository / "examples" / "speech.flac", Path(job["out"]).parent / "excerpt.wav"))
    job["backend"] = {"url": backend.url, "token": backend.token}
    code, told = do(**job)
    assert code == 0, told[-1]
    end = told[-1]
    assert end["done"]
    assert [step["name"] for step in end["steps"]] == [
        "start", "speech", "character", "generate", "edit", "save", "fbx", "video",
    ]  # fmt: skip
    for step in end["steps"]:
        progress = [line["progress"] for line in told[:-1] if line["step"] == step["name"]]
        assert (progress[0], progress[-1]) == (0.0, 1.0)
        assert progress == sorted(progress)
    out = Path(job["out"])
    assert sorted(path.name for path in out.iterdir()) == sorted(job["write"].values())
    assert end["keys"]["total"] <= 0.2 * end["keys"]["dense"]
    _check_motion(out, end)
    _check_scene(out, job, end)


def test_pictures_come_as_a_folder_and_lie_in_the_sequencer(do, job, backend, repository):
    job["speech"] = str(_excerpt(repository / "examples" / "speech.flac", Path(job["out"]).parent / "excerpt.wav"))
    job["backend"] = {"url": backend.url, "token": backend.token}
    job["settings"] |= {"format": "png", "backdrop": "transparent", "width": 512, "height": 704}
    job["write"] = {"blend": "scene.blend", "video": "take"}
    job["edits"] = []
    code, told = do(**job)
    assert code == 0, told[-1]
    out, frames = Path(job["out"]), round(SECONDS * 23.976)
    names = sorted(path.name for path in (out / "take").iterdir())
    assert names == ["about.json", *(f"take.{frame:05d}.png" for frame in range(frames)), "take.wav"]
    assert sorted(path.name for path in out.iterdir()) == ["scene.blend", "take"]
    bpy.ops.wm.open_mainfile(filepath=str(out / "scene.blend"))
    assert bpy.context.scene.chironomy.shape == "portrait"
    editor = bpy.context.scene.sequence_editor
    strips = {strip.name: strip for strip in (editor.strips if hasattr(editor, "strips") else editor.sequences)}
    strip = strips["Chironomy Video"]
    assert strip.type == "IMAGE"
    assert strip.directory.rstrip("/") == "//take"
    assert [element.filename for element in strip.elements] == names[1:-1]
    # A second render does not write over the first.
    code, told = do(**job)
    assert code == 1
    assert told[-1]["error"].endswith("take is there already; give the name of a new folder, or remove it")


def _check_motion(out, end):
    """The motion file and the shot hold the edited tracks, as long as the speech."""
    from chironomy.motion import load_hands
    from chironomy.shot.shot import Shot

    hands, shot = load_hands(out / "motion.npz"), Shot.load(out / "shot.zip")
    assert hands.frame_count == shot.hands.frame_count == round(SECONDS * 23.976)
    assert hands.fps == pytest.approx(23.976, abs=1e-4)
    np.testing.assert_allclose(shot.hands.wrist_position, hands.wrist_position)
    assert hands.source["seed"] == 7
    assert (shot.width, shot.height, shot.engine) == (128, 176, "previz")
    assert shot.face.values.max() > 0.05
    assert 0 <= end["edits"][-1]["frame"] < hands.frame_count


def _check_scene(out, job, end):
    """The .blend opens with the character, the animator's keys, and a film that lies beside it."""
    bpy.ops.wm.open_mainfile(filepath=str(out / "scene.blend"))
    scene = bpy.context.scene
    editor = scene.sequence_editor
    strips = {strip.name: strip for strip in (editor.strips if hasattr(editor, "strips") else editor.sequences)}
    assert scene.chironomy.shape == "custom"
    assert strips["Chironomy Video"].filepath == "//video.mp4"
    if bpy.app.build_options.audaspace:
        assert bpy.path.abspath(strips["Speech"].sound.filepath) == job["speech"]
    path = 'pose.bones["hand.R"].location'
    actions = sys.modules["bl_ext.user_default.chironomy.rig.actions"]
    curves = [curve for curve in actions.all_curves(scene.chironomy.character) if curve.data_path == path]
    kinds = {point.type for curve in curves for point in curve.keyframe_points}
    assert kinds <= {"GENERATED", "KEYFRAME"}
    assert "KEYFRAME" in kinds
    assert len(curves[0].keyframe_points) == end["edits"][-1]["keys"]


# The one that the job names is spoken to on any computer.
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid:9"])
def test_a_backend_that_is_not_there_ends_the_job_with_one_sentence(do, job, url):
    job["backend"]["url"] = url
    code, told = do(**job)
    assert code == 1
    assert list(told[-1]) == ["error"]
    assert told[-1]["error"].startswith(f"No backend answers at {url}")
    assert not list(Path(job["out"]).iterdir())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"style": "baroque"}, "the setting style is 'baroque'; choose one of neutral, "),
        ({"speed": 40.0}, "the setting speed is 40.0, outside what is possible; the nearest is 2.5"),
        ({"rate": 0.1}, "the setting rate is 0.1, outside what is possible; the nearest is 0.25"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_named(do, job, settings, sentence):
    job["settings"] |= settings
    code, told = do(**job)
    assert code == 1
    assert told[-1]["error"].startswith(sentence)


def test_a_file_that_is_no_job_is_refused(do):
    code, told = do(format="something else")
    assert code == 1
    assert "is not a job of the format chironomy.job/1" in told[-1]["error"]


def test_an_extension_that_is_not_there_is_named(do, job):
    job["extension"] = "/nowhere/chironomy.zip"
    _, told = do(**job)
    assert told[-1]["error"].startswith("there is no extension /nowhere/chironomy.zip")


def _excerpt(recording, path):
    import soundfile

    samples, rate = soundfile.read(recording)
    soundfile.write(path, samples[rate : rate + round(SECONDS * rate)], rate)
    return path


def _tone(path):
    import wave

    samples = (8000 * np.sin(np.arange(32000) * 0.1)).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16000, len(samples), "NONE", ""))
        out.writeframes(samples.tobytes())
    return path


def test_a_performance_is_written_for_another_program_exactly(do, rig, extension_zip, read_by_node, tmp_path):
    from blender_motions import gestures

    from chironomy.body import hands_of_pose, solve_pose
    from chironomy.body.performance import Performance, save_performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    fps = 24000 / 1001
    pose = solve_pose(rig, gestures(rig, 2.0, seed=5, fps=fps))
    values = np.zeros((pose.frame_count, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.0, 0.8, pose.frame_count)
    save_performance(Performance(hands_of_pose(rig, pose), FaceTrack(fps, values), None), tmp_path / "motion.zip")
    export = {"filepath": str(tmp_path / "hands.glb"), "format": "glb", "names": "humanoid", "root": "Speaker"}
    code, told = do(
        format="chironomy.job/1",
        extension=str(extension_zip),
        motion=str(tmp_path / "motion.zip"),
        export=export,
    )
    assert code == 0, told[-1]
    assert told[-1]["done"]
    played = read_by_node("read_gltf.mjs", tmp_path / "hands.glb", repr(fps))
    assert played["above"] == ["Speaker"]
    assert played["animations"][0]["duration"] == pytest.approx((pose.frame_count - 1) / fps, abs=1e-4)
    for name, own in (("LeftHand", "wrist.L"), ("RightIndexDistal", "index3.R"), ("Head", "head")):
        seen = np.array(played["frames"])[:, played["bones"].index(name)]
        wanted = pose.joint_position[:, rig.index(own)] - [0.0, rig.floor, 0.0]
        assert np.linalg.norm(seen - wanted, axis=-1).max() < 1e-4
    jaw = [frame[0][played["meshes"][0]["morphs"].index("jawOpen")] for frame in played["morphs"]]
    np.testing.assert_allclose(jaw, np.linspace(0.0, 0.8, pose.frame_count), atol=1e-4)


def test_hands_alone_are_written_where_they_are_asked_for(do, rig, extension_zip, read_by_node, tmp_path):
    from blender_motions import gestures

    from chironomy.body import solve_pose
    from chironomy.body.figures import hands_only
    from chironomy.body.skinning import skin
    from chironomy.motion import save_hands

    hands = gestures(rig, 1.0, seed=6)
    save_hands(hands, tmp_path / "motion.npz")
    code, told = do(
        format="chironomy.job/1",
        extension=str(extension_zip),
        motion=str(tmp_path / "motion.npz"),
        figure="hands",
        export={"filepath": str(tmp_path / "hands.glb"), "format": "glb"},
    )
    assert code == 0, told[-1]
    played = read_by_node("read_gltf.mjs", tmp_path / "hands.glb", "24")
    assert not any(mesh["morphs"] for mesh in played["meshes"])
    assert len(played["bones"]) == rig.joint_count
    pose = solve_pose(rig, hands)
    own = skin(hands_only(rig), pose.joint_rotation[-1], pose.joint_position[-1]) - [0.0, rig.floor, 0.0]
    seen = np.array(played["vertices"])
    assert len(seen) > 50
    assert max(np.linalg.norm(own - vertex, axis=-1).min() for vertex in seen) < 1e-4


def test_an_export_without_its_motion_is_refused(do, extension_zip):
    code, told = do(format="chironomy.job/1", extension=str(extension_zip), export={})
    assert code == 1
    assert "has no field motion" in told[-1]["error"]
