# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of the video model one after the other, on drawn pictures beside points."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chironomy.cli import main
from chironomy.video.maps import BODY_POINTS

pytest.importorskip("accelerate", reason="accelerate is not installed (extra train)")

from accelerate.state import AcceleratorState

from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.stages import part_of
from chironomy.video.talking.training.tracks import KeypointTracks


@pytest.fixture(autouse=True)
def own_precision() -> Iterator[None]:
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def items(folder: Path, count: int = 2, frames: int = 9) -> Path:
    random = np.random.default_rng(0)
    for number in range(count):
        item = folder / f"person-{number}"
        (item / "frames").mkdir(parents=True)
        for frame in range(frames):
            picture = random.integers(0, 255, (48, 40, 3), dtype=np.uint8)
            Image.fromarray(picture).save(item / "frames" / f"{frame:03d}.png")
        KeypointTracks(
            item / "keypoints.npz",
            24.0,
            (40, 48),
            random.uniform(0, 40, (frames, len(BODY_POINTS), 2)),
            random.uniform(0, 40, (frames, 2, 21, 2)),
            np.ones((frames, 2)),
            np.tile([10.0, 4.0, 30.0, 20.0], (frames, 1)),
        ).save()
    return folder


def command(folder: Path, stage: str, *more: str) -> list[str]:
    return [
        "train", "video", "--stage", stage, "--items", str(folder / "items"), "--out", str(folder / stage),
        "--config", "tiny", "--size", "32x40", "--steps", "2", "--batch-size", "1", "--validate-every", "1",
        "--validation-batches", "1", "--precision", "no", "--cpu", "--threads", "1", "--cache", str(folder / "cache"),
        *more,
    ]  # fmt: skip


def test_one_stage_begins_with_what_the_other_has_learned(tmp_path: Path) -> None:
    items(tmp_path / "items")
    assert main(command(tmp_path, "image")) == 0
    assert main(command(tmp_path, "video", "--start", str(tmp_path / "image"), "--frames", "4")) == 0
    first, second = (TalkingPipeline.from_pretrained(tmp_path / stage) for stage in ("image", "video"))
    moved = set()
    for (name, before), (_, after) in zip(
        first.network.named_parameters(), second.network.named_parameters(), strict=True
    ):
        if not torch.equal(before, after):
            moved.add(part_of(name))
    # Without sound the network was never given speech: its projector stays, and the attention to nothing may move.
    assert {"temporal"} <= moved <= {"temporal", "audio", "motion_frames"}
    assert second.config["trained_on"] == "1 video of items (image); 1 video of items (video)"
    assert (tmp_path / "video" / "loss.csv").is_file()
    assert list((tmp_path / "image" / "checkpoints" / "image" / "log").iterdir())


def test_what_cannot_be_trained_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*more: str) -> str:
        assert main(command(tmp_path, "image", *more)) == 2
        return capsys.readouterr().err

    (tmp_path / "items").mkdir()
    assert "holds no items" in refused()
    items(tmp_path / "items", count=1)
    assert "holds one item" in refused()
    assert "sizes are multiples of 8" in refused("--size", "33x40")
    assert "give either --start or --sd15" in refused("--start", str(tmp_path), "--sd15", str(tmp_path))
    assert "holds no diffusion_pytorch_model.safetensors" in refused("--sd15", str(tmp_path))
