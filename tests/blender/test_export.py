# SPDX-License-Identifier: GPL-3.0-or-later
"""What is exported for other programs, read by programs that are not Blender: three.js, three-vrm, usd-core, bvhio."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

SECONDS, FPS, START = 2.0, 24, 5
FRAMES = round(SECONDS * FPS)
MILLIMETRE = 1e-3
RATES = ((24, 1.001), (24, 1.0), (30, 1.001), (60, 1.0))


@pytest.fixture(scope="module")
def shown(addon, rig, character):
    """A character that gestures and talks from frame 5 on."""
    from blender_motions import gestures

    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene, write = bpy.context.scene, addon["rig.write"]
    scene.frame_start, scene.frame_end = START, START + FRAMES - 1
    write.write_motion(character, rig, gestures(rig, SECONDS, seed=1), scene, START)
    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.4 + 0.4 * np.sin(np.arange(FRAMES) / 3.0)
    addon["rig.write_body"].write_face(character, FaceTrack(float(FPS), values), scene, START)
    return character


@pytest.fixture
def rated(request, shown):
    """The scene at a frame rate: its frames a second."""
    render = bpy.context.scene.render
    render.fps, render.fps_base = request.param
    yield render.fps / render.fps_base
    render.fps, render.fps_base = FPS, 1.0


def places(addon, rig, shown, first=START, last=START + FRAMES - 1):
    """Where Blender shows the joints, (frames, joints, 3), metres, y up."""
    from chironomy.motion import rotation as quaternion

    body, _ = addon["rig.read"].read_pose(shown, rig, bpy.context.scene, first, last + 1)
    turn = quaternion.inverse(addon["rig.space"].TURN)
    return quaternion.apply(turn, addon["rig.space"].to_armature(rig, body.joint_position))


def export(path, **options):
    assert bpy.ops.chironomy.export_character(filepath=str(path), **options) == {"FINISHED"}
    return path


def held():
    """Return what the file holds."""
    return {name: sorted(getattr(bpy.data, name).keys()) for name in ("scenes", "objects", "meshes", "actions")}


@pytest.fixture(scope="module")
def glb(shown, read_by_node, tmp_path_factory):
    path = export(tmp_path_factory.mktemp("glb") / "hands.glb", format="glb")
    return read_by_node("read_gltf.mjs", path, FPS)


def test_gltf_has_one_animation_from_zero_of_the_exact_length(glb):
    (animation,) = glb["animations"]
    assert animation["first"] == 0.0
    assert animation["duration"] == pytest.approx((FRAMES - 1) / FPS, abs=1e-4)


def test_every_joint_of_gltf_is_in_its_place_in_every_frame(addon, rig, shown, glb):
    order = [glb["bones"].index(name) for name in rig.joint_names]
    seen, wanted = np.array(glb["frames"])[:, order], places(addon, rig, shown)
    assert seen.shape == wanted.shape
    assert np.linalg.norm(seen - wanted, axis=-1).max() < 0.1 * MILLIMETRE


def test_the_mesh_of_gltf_is_skinned_and_its_face_moves(addon, shown, glb):
    from chironomy.motion import FACE_ACTIONS

    # A mesh of several materials is several to glTF.
    assert all(mesh["skinned"] for mesh in glb["meshes"])
    assert {tuple(sorted(mesh["morphs"])) for mesh in glb["meshes"]} == {tuple(sorted(FACE_ACTIONS))}
    face = addon["rig.read"].read_face(shown, bpy.context.scene, START, START + FRAMES)
    jaw = [frame[0][glb["meshes"][0]["morphs"].index("jawOpen")] for frame in glb["morphs"]]
    np.testing.assert_allclose(jaw, face.action("jawOpen"), atol=1e-3)


def test_the_skin_of_gltf_lies_where_blenders_does(addon, shown, glb):
    scene, before = bpy.context.scene, bpy.context.scene.frame_current
    scene.frame_set(START + FRAMES - 1)
    body = addon["rig.build"].body_of(shown)
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    own = np.array([(body.matrix_world @ vertex.co).to_tuple() for vertex in evaluated.data.vertices])
    scene.frame_set(before)
    own = np.stack([own[:, 0], own[:, 2], -own[:, 1]], axis=-1)
    seen = np.array(glb["vertices"])
    assert len(seen) > 300
    nearest = [np.linalg.norm(own - vertex, axis=-1).min() for vertex in seen]
    assert max(nearest) < 0.1 * MILLIMETRE


@pytest.mark.parametrize("rated", RATES, indirect=True, ids=lambda rate: f"{rate[0] / rate[1]:.3f}")
@pytest.mark.parametrize("kind", ["glb", "fbx", "bvh", "vrma"])
def test_the_rate_and_the_ends_are_right(addon, rig, shown, read_by_node, tmp_path, rated, kind):
    from chironomy.exchange.names import HUMANOID, human_bone

    suffix = {"glb": "glb", "fbx": "fbx", "bvh": "bvh", "vrma": "vrma"}[kind]
    path = export(tmp_path / f"hands.{suffix}", format=kind, mesh=False)
    wanted = places(addon, rig, shown)
    names = {name: joint for joint, name in enumerate(rig.joint_names)}
    if kind == "vrma":
        from chironomy.exchange.glb import load_gltf_motion

        read = load_gltf_motion(path)
        assert read.fps == pytest.approx(rated, rel=1e-6)
        assert read.frame_count == FRAMES
        names = {human_bone(HUMANOID[name]): joint for name, joint in names.items() if name in HUMANOID}
        seen, bones, unit = read.position, list(read.names), 1.0
    else:
        reader = {"glb": "read_gltf.mjs", "fbx": "read_fbx.mjs", "bvh": "read_bvh.mjs"}[kind]
        played = read_by_node(reader, path, repr(rated))
        duration = played["duration"] if kind == "bvh" else played["animations"][0]["duration"]
        assert duration == pytest.approx((FRAMES - 1) / rated, abs=1e-4)
        seen, bones, unit = np.array(played["frames"]), played["bones"], 0.01 if kind == "bvh" else 1.0
        if kind == "fbx":
            # That reader gives Blender's axes.
            seen = np.stack([seen[..., 0], seen[..., 2], -seen[..., 1]], axis=-1)
            names = {name.replace(".", ""): joint for name, joint in names.items()}
        if kind == "bvh":
            names = {name.replace(".", "_"): joint for name, joint in names.items()}
    assert len(seen) == FRAMES
    for name, joint in names.items():
        if name in bones and (kind != "vrma" or not name.endswith("Eye")):
            miss = np.linalg.norm(seen[:, bones.index(name)] * unit - wanted[:, joint], axis=-1)
            assert miss[[0, -1]].max() < 0.1 * MILLIMETRE, name
            assert miss.max() < 0.1 * MILLIMETRE, name


def test_between_frames_gltf_turns_as_blender_does(addon, rig, shown, read_by_node, tmp_path):
    """A quarter of a frame apart, by a file of the scene's rate and by one of four times as many frames."""
    from chironomy.motion import rotation as quaternion

    scene, turn = bpy.context.scene, quaternion.inverse(addon["rig.space"].TURN)
    own = []
    for sample in range(4 * (FRAMES - 1) + 1):
        scene.frame_set(START + sample // 4, subframe=sample % 4 / 4.0)
        bones = shown.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        own.append([bones[name].matrix.to_quaternion() for name in rig.joint_names])
    scene.frame_set(START)
    own = quaternion.multiply(turn, np.array(own))
    for rate, dense, most in ((0.0, 4, 2.0), (4.0 * FPS, 1, 0.1)):
        path = export(tmp_path / "hands.glb", format="glb", mesh=False, rate=rate)
        played = read_by_node("read_gltf.mjs", path, rate or FPS, dense)
        order = [played["bones"].index(name) for name in rig.joint_names]
        seen = np.array(played["turns"])[:, order][..., [3, 0, 1, 2]]
        assert seen.shape == own.shape
        off = np.rad2deg(quaternion.angle(seen, own)).max()
        print(f"at {rate or FPS:g} frames a second off by {off:.3f} degrees, a quarter of the scene's frame apart")
        assert off < most
    # It is no slow motion: joints turn by many degrees from frame to frame.
    assert np.rad2deg(quaternion.angle(own[4:], own[:-4])).max() > 10.0


@pytest.mark.parametrize(("kind", "suffix"), [("fbx", ".fbx"), ("bvh", ".bvh"), ("hands", ".npz")])
def test_another_rate_than_the_scenes_is_the_same_motion(addon, rig, shown, read_by_node, tmp_path, kind, suffix):
    path = export(tmp_path / f"hands{suffix}", format=kind, mesh=False, rate=60.0)
    wanted = places(addon, rig, shown)[:, rig.index("wrist.L")]
    if kind == "hands":
        from chironomy.motion import load_hands

        _, own = addon["rig.read"].read_pose(shown, rig, bpy.context.scene, START, START + FRAMES)
        motion, wanted = load_hands(path), own.wrist_position[:, 0]
        seen, rate = motion.wrist_position[:, 0], motion.fps
        assert rate == 60.0
    else:
        played = read_by_node(f"read_{kind}.mjs", path, 60.0)
        name = "wristL" if kind == "fbx" else "wrist_L"
        seen = np.array(played["frames"])[:, played["bones"].index(name)]
        seen = np.stack([seen[:, 0], seen[:, 2], -seen[:, 1]], axis=-1) if kind == "fbx" else seen * 0.01
    # 24 and 60 frames a second meet at every second of the scene's frames.
    assert len(seen) == int((FRAMES - 1) * 60 / 24) + 1
    assert np.linalg.norm(seen[::5] - wanted[::2][: len(seen[::5])], axis=-1).max() < 0.1 * MILLIMETRE


@pytest.mark.parametrize(
    ("preset", "hips", "hand", "finger", "root"),
    [
        ("unreal", "pelvis", "hand_l", "index_01_l", "root"),
        ("unity", "Hips", "LeftHand", "LeftIndexProximal", "Character"),
        ("maya", "Hips", "LeftHand", "LeftHandIndex1", "Reference"),
        ("godot", "Hips", "LeftHand", "LeftIndexProximal", "Character"),
    ],
)
def test_a_preset_has_the_names_the_unit_and_the_one_root_that_its_program_expects(
    addon, rig, shown, read_by_node, tmp_path, preset, hips, hand, finger, root
):
    from chironomy.exchange.presets import NAMES, PRESETS

    wanted = PRESETS[preset]
    suffix = {"fbx": ".fbx", "glb": ".glb"}[wanted.format]
    before = held()
    path = export(tmp_path / f"for{suffix}", preset=preset)
    assert held() == before
    played = read_by_node("read_gltf.mjs" if suffix == ".glb" else "read_fbx.mjs", path, FPS)
    assert [name for name, parent in zip(played["bones"], played["parents"], strict=True) if parent is None] == [hips]
    assert {hand, finger} <= set(played["bones"])
    assert sorted(played["bones"]) == sorted(NAMES[wanted.names].get(name, name) for name in rig.joint_names)
    assert played["above"] == [root]
    # The skin follows the bones by their new names.
    assert all(mesh["skinned"] for mesh in played["meshes"])
    seen = np.array(played["frames"])[:, played["bones"].index(hand)]
    if suffix == ".fbx":
        seen = np.stack([seen[..., 0], seen[..., 2], -seen[..., 1]], axis=-1)
    own = places(addon, rig, shown)[:, rig.index("wrist.L")]
    assert np.linalg.norm(seen - own, axis=-1).max() < 0.1 * MILLIMETRE


def test_bvh_has_the_names_that_are_chosen_and_no_dots(shown, tmp_path):
    export(tmp_path / "own.bvh", format="bvh")
    export(tmp_path / "unreal.bvh", format="bvh", names="mannequin")
    assert "JOINT index1_L\n" in (tmp_path / "own.bvh").read_text()
    assert "JOINT index_01_l\n" in (tmp_path / "unreal.bvh").read_text()


def test_a_vrm_model_does_what_blender_shows(addon, rig, shown, read_by_node, tmp_path):
    from chironomy.exchange.names import HUMANOID, human_bone
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose

    pose, _ = addon["rig.read"].read_pose(shown, rig, bpy.context.scene, START, START + FRAMES)
    motion = in_t_pose(rig, skeleton_of_pose(rig, pose))
    kept = motion.only([name for name in HUMANOID if not name.startswith("eye")])
    model = [
        {
            "name": human_bone(HUMANOID[name]),
            "parent": human_bone(HUMANOID[kept.names[parent]]) if parent >= 0 else None,
            "position": kept.rest_position[joint].tolist(),
            "rotation": [0.0, 0.0, 0.0, 1.0],
        }
        for joint, (name, parent) in enumerate(zip(kept.names, kept.parents, strict=True))
    ]
    (tmp_path / "model.json").write_text(json.dumps(model))
    path = export(tmp_path / "hands.vrma", format="vrma")
    played = read_by_node("read_vrma.mjs", path, FPS, tmp_path / "model.json")
    wanted = places(addon, rig, shown)
    for name in ("wrist.L", "wrist.R", "index3.L", "pinky3.R", "head", "foot.L"):
        seen = np.array(played["frames"])[:, played["bones"].index(human_bone(HUMANOID[name]))]
        assert np.linalg.norm(seen - wanted[:, rig.index(name)], axis=-1).max() < 0.1 * MILLIMETRE, name
    face = addon["rig.read"].read_face(shown, bpy.context.scene, START, START + FRAMES)
    np.testing.assert_allclose([frame["jawOpen"] for frame in played["expressions"]], face.action("jawOpen"), atol=1e-4)


@pytest.mark.parametrize("kind", ["hands", "mano", "smplx", "amass", "smplh"])
def test_motion_files_hold_what_blender_shows(addon, rig, shown, tmp_path, kind):
    from chironomy.exchange.files import load_hand_motion
    from chironomy.motion import rotation as quaternion

    path = export(tmp_path / "hands.npz", format=kind)
    read = load_hand_motion(path)
    _, own = addon["rig.read"].read_pose(shown, rig, bpy.context.scene, START, START + FRAMES)
    assert read.fps == FPS
    assert np.rad2deg(quaternion.angle(read.rotation, own.rotation)).max() < 0.1
    if kind in ("hands", "mano"):
        np.testing.assert_allclose(read.wrist_position, own.wrist_position, atol=1e-6)


def test_a_place_a_scale_and_units_of_the_scene_are_in_files_of_joints(addon, rig, shown, tmp_path):
    from chironomy.exchange.bvh import load_bvh

    scene, wanted = bpy.context.scene, places(addon, rig, shown)
    shown.location, shown.scale = (1.0, -2.0, 0.5), (2.0, 2.0, 2.0)
    scene.unit_settings.scale_length = 0.1
    try:
        read = load_bvh(export(tmp_path / "moved.bvh", format="bvh"))
    finally:
        shown.location, shown.scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        scene.unit_settings.scale_length = 1.0
    joint = read.names.index("wrist_R")
    moved = (2.0 * wanted[:, rig.index("wrist.R")] + [1.0, 0.5, 2.0]) * 0.1
    assert np.linalg.norm(read.position[:, joint] - moved, axis=-1).max() < 0.1 * MILLIMETRE


def test_a_range_alone_is_written(addon, rig, shown, tmp_path):
    from chironomy.exchange.bvh import load_bvh

    wanted = places(addon, rig, shown, 10, 20)
    read = load_bvh(export(tmp_path / "part.bvh", format="bvh", span="frames", first=10, last=20))
    assert read.frame_count == 11
    seen = read.position[:, read.names.index("wrist_L")]
    assert np.linalg.norm(seen - wanted[:, rig.index("wrist.L")], axis=-1).max() < 0.1 * MILLIMETRE
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 12, 15
    try:
        assert load_bvh(export(tmp_path / "preview.bvh", format="bvh", span="preview")).frame_count == 4
    finally:
        scene.use_preview_range = False
    with pytest.raises(RuntimeError, match="frames"):
        export(tmp_path / "none.bvh", format="bvh", span="frames", first=20, last=10)
    assert not (tmp_path / "none.bvh").exists()


def test_another_format_than_the_files_ending_gets_the_formats_own(shown, tmp_path):
    export(tmp_path / "hands.blend", format="bvh")
    assert [path.name for path in tmp_path.iterdir()] == ["hands.blend.bvh"]


def test_without_a_mesh_there_is_none(shown, read_by_node, tmp_path):
    path = export(tmp_path / "bare.glb", format="glb", mesh=False)
    played = read_by_node("read_gltf.mjs", path, FPS)
    assert played["meshes"] == []
    assert len(played["bones"]) == 56


def test_usd_has_every_joint_in_its_place_at_the_right_time(addon, rig, shown, tmp_path):
    if not addon["scene.by_blender"].available("usd"):
        with pytest.raises(RuntimeError, match="built without USD"):
            export(tmp_path / "hands.usdc", format="usd")
        return
    path = export(tmp_path / "hands.usdc", format="usd")
    told = played_by_usd(path)
    assert (told["up"], told["unit"], told["skeletons"]) == ("Y", pytest.approx(1.0), 1)
    assert told["rate"] == pytest.approx(FPS)
    assert told["ends"] == [0.0, FRAMES - 1.0]
    # One root, and its joints by their paths below it.
    assert {joint.partition("/")[0] for joint in told["joints"]} == {"hips"}
    joints = [joint.rpartition("/")[2] for joint in told["joints"]]
    assert sorted(joints) == sorted(name.replace(".", "_") for name in rig.joint_names)
    order = [joints.index(name.replace(".", "_")) for name in rig.joint_names]
    miss = np.linalg.norm(np.array(told["frames"])[:, order] - places(addon, rig, shown), axis=-1)
    assert miss.max() < 0.1 * MILLIMETRE
    face = addon["rig.read"].read_face(shown, bpy.context.scene, START, START + FRAMES)
    jaw = np.array(told["weights"])[:, told["shapes"].index("jawOpen")]
    np.testing.assert_allclose(jaw, face.action("jawOpen"), atol=1e-3)
    assert told["skinned"]
    assert all(told["skinned"])


@pytest.mark.parametrize("rated", RATES, indirect=True, ids=lambda rate: f"{rate[0] / rate[1]:.3f}")
def test_the_rate_of_usd_is_right(addon, shown, tmp_path, rated):
    if not addon["scene.by_blender"].available("usd"):
        return
    told = played_by_usd(export(tmp_path / "hands.usdc", format="usd", mesh=False))
    assert told["rate"] == pytest.approx(rated, rel=1e-6)
    assert len(told["frames"]) == FRAMES


def played_by_usd(path):
    """What usd-core, in a process that has no Blender's USD in it, shows of a file."""
    reader = Path(__file__).parent / "fbx" / "read_usd.py"
    python = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)
    return json.loads(subprocess.run([python, reader, path], capture_output=True, text=True, check=True).stdout)


def test_all_takes_are_written_each_to_a_file_of_its_own(addon, rig, shown, tmp_path):
    from blender_motions import gestures

    from chironomy.motion import load_hands

    scene, takes = bpy.context.scene, addon["scene.takes"]
    before = held()["scenes"]
    for seed in (3, 4):
        addon["scene.new_takes"].new_take(scene, shown, gestures(rig, SECONDS, seed=seed), f"seed {seed}", {})
    last = takes.shown_take(scene, shown).name
    for kind, suffix in (("hands", ".npz"), ("bvh", ".bvh")):
        export(tmp_path / f"hands{suffix}", format=kind, takes="all")
    assert takes.shown_take(scene, shown).name == last
    assert held()["scenes"] == before
    listed = takes.takes_of(scene, shown)
    names = [bpy.path.clean_name(take.name) for take in listed]
    assert len(names) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"hands-{name}{suffix}" for name in names for suffix in (".npz", ".bvh")
    )
    for take, name in zip(list(listed), names, strict=True):
        takes.show(scene, take)
        _, own = addon["rig.read"].read_pose(shown, rig, scene, START, START + FRAMES)
        read = load_hands(tmp_path / f"hands-{name}.npz")
        np.testing.assert_allclose(read.wrist_position, own.wrist_position, atol=1e-6)


@pytest.mark.parametrize("kind", ["glb", "usd"])
def test_another_blender_writes_the_same_file(addon, shown, monkeypatch, tmp_path, kind):
    suffix = {"glb": ".glb", "usd": ".usdc"}[kind]
    if not addon["scene.by_blender"].available(kind):
        return
    export(tmp_path / f"here{suffix}", format=kind, mesh=False, span="frames", first=START, last=START + 3)
    monkeypatch.setattr(addon["scene.another_blender"], "program", lambda: [sys.executable])
    export(tmp_path / f"there{suffix}", format=kind, mesh=False, span="frames", first=START, last=START + 3)
    if kind == "glb":
        from chironomy.exchange.glb import load_gltf_motion

        here, there = (load_gltf_motion(tmp_path / f"{name}.glb") for name in ("here", "there"))
        assert here.names == there.names
        assert there.frame_count == 4
        np.testing.assert_allclose(here.position, there.position, atol=1e-6)
    assert (tmp_path / f"there{suffix}").stat().st_size == pytest.approx(
        (tmp_path / f"here{suffix}").stat().st_size, rel=0.02
    )


class Drawn:
    """A layout that notes which options are drawn."""

    def __init__(self):
        self.options, self.labels = [], []

    def prop(self, operator, name):
        assert name in type(operator).__mro__[0].options
        self.options.append(name)

    def label(self, text, icon):
        self.labels.append(text)

    def column(self, align):
        return self


@pytest.mark.parametrize(
    ("chosen", "drawn"),
    [
        ({"preset": "unreal"}, ["preset", "mesh", "takes", "span", "rate"]),
        ({"preset": "custom", "format": "bvh"}, ["preset", "format", "names", "takes", "span", "rate"]),
        ({"preset": "custom", "format": "mano"}, ["preset", "format", "takes", "span", "rate"]),
        (
            {"preset": "custom", "format": "glb", "span": "frames"},
            ["preset", "format", "names", "mesh", "takes", "span", "first", "last", "rate"],
        ),
    ],
)
def test_the_dialog_asks_for_what_the_format_has(addon, chosen, drawn):
    operator = addon["operators.export"].CHIRONOMY_OT_export_character
    usual = {"format": "glb", "names": "own", "mesh": True, "takes": "shown", "span": "scene", "first": 1, "last": 2}
    methods = {name: getattr(operator, name) for name in ("draw", "draw_format", "wishes", "suffix", "check")}
    options = {**usual, "rate": 0.0, **chosen}
    asked = type("Asked", (), {**methods, **options, "options": options, "layout": Drawn()})()
    asked.draw(bpy.context)
    assert asked.layout.options == drawn
    assert [text.partition(":")[0] for text in asked.layout.labels] == ["0 is the scene's rate"]
    asked.rate, asked.layout = 30.0, Drawn()
    asked.draw(bpy.context)
    assert asked.layout.labels == []
    asked.filepath = "//hands.fbx"
    suffix = asked.suffix()
    assert asked.check(bpy.context) == (suffix != ".fbx")
    assert asked.filepath == f"//hands{suffix}"
    asked.filepath = "//take.01"
    assert asked.check(bpy.context)
    assert asked.filepath == f"//take.01{suffix}"


def test_a_file_is_called_as_the_take_that_it_has_and_follows_the_choice_of_the_takes(addon):
    following = addon["operators.export"].following
    stems = {"shown": "hero", "all": "takes"}
    assert following("/tmp/hero.fbx", stems, "all") == "/tmp/takes.fbx"
    assert following("//takes.glb", stems, "shown") == "//hero.glb"
    assert following("C:\\films\\hero", stems, "all") == "C:\\films\\takes"
    # What a person wrote stays.
    assert following("/tmp/mine.fbx", stems, "all") == "/tmp/mine.fbx"
    assert following("", stems, "all") == ""
