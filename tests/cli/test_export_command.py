# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy export`: what is written here; what Blender writes is tested with the add-on."""

from pathlib import Path

import numpy as np
import pytest
from command_line import Command, still_hands

from chironomy.body.figures import FIGURES
from chironomy.commands import arguments, export
from chironomy.exchange.bvh import load_bvh
from chironomy.exchange.files import load_hand_motion
from chironomy.exchange.glb import load_gltf_motion
from chironomy.exchange.presets import FORMATS, NAMES, PRESETS
from chironomy.motion import load_hands, save_hands


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    path = tmp_path / "motion.npz"
    hands = still_hands(48, 30000 / 1001)
    place = hands.wrist_position.copy()
    place[:, 0, 1] += 0.05 * np.sin(np.arange(48) / 5.0)
    save_hands(hands.replaced(wrist_position=place), path)
    return path


def test_the_command_knows_what_the_library_knows() -> None:
    assert tuple(FORMATS) == export.FORMATS
    assert tuple(PRESETS) == export.PRESETS
    assert tuple(NAMES) == export.NAMES
    assert FIGURES == arguments.FIGURES


@pytest.mark.parametrize("kind", [name for name, each in FORMATS.items() if not each.by_blender])
def test_the_hands_come_back_from_what_is_written(chironomy_command: Command, motion: Path, kind: str) -> None:
    out = motion.with_name(f"out{FORMATS[kind].suffix}")
    said = chironomy_command("export", motion, "--to", kind, "--out", out)
    assert said.code == 0, said.err
    assert "48 frames at 29.97" in said.out
    read, own = load_hand_motion(out), load_hands(motion)
    assert read.fps == pytest.approx(own.fps, rel=1e-6)
    assert read.frame_count == 48
    if kind not in ("smplx", "amass", "smplh"):
        assert np.abs(read.wrist_position - own.wrist_position).max() < 1e-4


def test_names_a_rate_and_a_range_are_as_they_are_asked_for(chironomy_command: Command, motion: Path) -> None:
    out = motion.with_name("out.bvh")
    asked = ("--to", "bvh", "--names", "mannequin", "--rate", "60", "--range", "0.5:1")
    assert chironomy_command("export", motion, *asked, "--out", out).code == 0
    read = load_bvh(out)
    assert read.fps == 60.0
    assert read.frame_count == 31
    assert {"pelvis", "hand_l", "index_01_r"} <= set(read.names)


def test_a_performance_brings_its_body_and_its_face(chironomy_command: Command, motion: Path) -> None:
    from chironomy.body.performance import Performance, save_performance
    from chironomy.body.rig import load_rig
    from chironomy.exchange.skeleton import in_t_pose, skeleton_of_pose
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    rig, hands = load_rig(), load_hands(motion)
    values = np.zeros((48, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = np.linspace(0.0, 1.0, 48)
    made = Performance(hands, FaceTrack(hands.fps, values), None)
    save_performance(made, motion.with_suffix(".zip"))
    out = motion.with_name("out.vrma")
    assert chironomy_command("export", motion.with_suffix(".zip"), "--to", "vrma", "--out", out).code == 0
    read, wanted = load_gltf_motion(out), in_t_pose(rig, skeleton_of_pose(rig, made.pose(rig)))
    jaw = read.position[:, read.names.index("jawOpen"), 0]
    np.testing.assert_allclose(jaw, np.linspace(0.0, 1.0, 48), atol=1e-6)
    head = read.position[:, read.names.index("head")]
    np.testing.assert_allclose(head, wanted.position[:, wanted.names.index("head")], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--to", "bvh", "--out", "out.fbx"), "must be a .bvh file"),
        (("--to", "abc", "--out", "out.abc"), "invalid choice: 'abc'"),
        (("--to", "bvh", "--range", "9:10", "--out", "out.bvh"), "after the end of motion.npz"),
        (("--for", "unreal", "--names", "own", "--out", "out.fbx"), "has names of its own"),
        (("--to", "glb", "--blender", "no-such-blender", "--out", "out.glb"), "is not a program that can be run"),
        (("--out", "out.bvh"), "one of the arguments --to --for is required"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    chironomy_command: Command, motion: Path, options: tuple[str, ...], sentence: str
) -> None:
    *others, out = options
    before = sorted(motion.parent.iterdir())
    assert sentence in chironomy_command("export", motion, *others, motion.parent / out).refuses()
    assert sorted(motion.parent.iterdir()) == before


def test_what_a_file_lacks_is_said(chironomy_command: Command, motion: Path) -> None:
    bare = motion.with_name("bare.bvh")
    assert chironomy_command("export", motion, "--to", "bvh", "--out", bare).code == 0
    from chironomy.exchange.bvh import save_bvh

    skeleton = load_bvh(bare)
    fingers = ("index", "middle", "ring", "pinky", "thumb")
    save_bvh(skeleton.only([name for name in skeleton.names if not name.startswith(fingers)]), bare)
    said = chironomy_command("export", bare, "--to", "mano", "--out", motion.with_name("hands.npz"))
    assert "bare.bvh: its skeleton has no fingers, so they are at ease" in said.out
