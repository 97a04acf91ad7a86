# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a function: its exit code and what it said."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import Command, Said, still_hands
from PIL import Image

from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.body.skinning import skin
from chironomy.cli import main
from chironomy.gesture.score import SCORE_KINDS
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HandMotion
from chironomy.shot.camera import portrait_camera
from chironomy.video.engines.previz import Studio
from chironomy.work import Work


@pytest.fixture
def chironomy_command(capfd: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: object) -> Said:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def still_model(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """A gesture model that keeps the hands still, and the settings of each call to it."""
    calls: list[Mapping[str, Any]] = []

    def pipeline(speech: Any, *, fps: float, work: Work, **settings: Any) -> HandMotion:
        calls.append({"fps": fps, **settings})
        work.progress(0.5)
        return still_hands(max(1, round(speech.duration * fps)), fps)

    pipeline.loaded_network = lambda: SimpleNamespace(config={"score_kinds": list(SCORE_KINDS)})
    monkeypatch.setattr("chironomy.performance.gestures.gesture_pipeline", lambda: pipeline)
    return calls


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The character with its palms towards the body."""
    rig, motion = load_rig(), still_hands(1)
    rotation = motion.rotation.copy()
    for hand, side in enumerate((1, -1)):
        forward = quaternion.from_rotation_vector([0, -side * 1.9, 0])
        rotation[:, hand, 0] = quaternion.multiply(forward, quaternion.from_rotation_vector([-1.2, 0, 0]))
    position = np.array([[[0.18, -0.22, 0.32], [-0.2, -0.16, 0.32]]])
    pose = solve_pose(rig, motion.replaced(wrist_position=position, rotation=rotation))
    mesh = skin(rig, pose.joint_rotation[0], pose.joint_position[0])
    path = tmp_path_factory.mktemp("portrait") / "sitter.png"
    Image.fromarray(Studio(rig, portrait_camera(rig, 384, 528)).draw(mesh)).save(path)
    return path


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that nobody can make, whoever runs the tests: its parent is a file."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "folder"
