# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of small weights of every published kind, and a shot of the size that they make."""

from pathlib import Path

import numpy as np
import pytest
import torch
from engine_samples import portrait_bytes
from tiny_pipelines import save, tiny_animate, tiny_vace

from chironomy.body.pose import solve_pose
from chironomy.body.rig import Rig
from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.shot import Media, Shot
from takes import FPS, hands_before_the_chest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of finished segments, instead of the user's."""
    folder = tmp_path / "unfinished"
    monkeypatch.setattr("chironomy.video.engines.saved.unfinished_folder", lambda: folder)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    save(tiny_vace(), root / "wan2.1-vace-1.3b")
    save(tiny_animate(), root / "wan2.2-animate-14b")
    return root


@pytest.fixture
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that engines look into."""
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(models))
    return models


@pytest.fixture(scope="session")
def silent_shot(rig: Rig) -> Shot:
    """Seven frames of 48 by 64 pixels with a portrait; two steps."""
    hands = hands_before_the_chest(7)
    return Shot(
        hands,
        solve_pose(rig, hands),
        FaceTrack(FPS, np.zeros((7, len(FACE_ACTIONS)))),
        portrait_camera(rig, 48, 64),
        reference=Media("portrait.png", portrait_bytes()),
        settings={"num_inference_steps": 2, "guidance_scale": 1},
    )
