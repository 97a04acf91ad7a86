# SPDX-License-Identifier: GPL-3.0-or-later
"""Module paths are a file format: a saved pipeline's `model_index.json` names them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from chironomy.gesture import GesturePipeline, embedded_weights
from chironomy.video.talking import TalkingPipeline
from chironomy.video.talking.fresh import fresh_pipeline

OURS = {
    "denoiser": ("denoiser", "TalkingUNet"),
    "reference_net": ("reference_net", "ReferenceNet"),
    "pose_encoder": ("pose_encoder", "PoseEncoder"),
    "audio_projector": ("audio_projector", "AudioProjector"),
}
"""Each part of a talking pipeline, with the module that older versions named and its class."""


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> tuple[TalkingPipeline, Path]:
    torch.manual_seed(0)
    pipeline = fresh_pipeline("tiny")
    folder = tmp_path_factory.mktemp("talking")
    pipeline.save_pretrained(folder)
    return pipeline, folder


def test_a_saved_talking_pipeline_names_the_public_package(talking: tuple[TalkingPipeline, Path]) -> None:
    index = json.loads((talking[1] / "model_index.json").read_text(encoding="utf-8"))
    assert {part: index[part] for part in OURS} == {
        part: ["chironomy.video.talking", kind] for part, (_, kind) in OURS.items()
    }


@pytest.mark.parametrize("older", [False, True])
def test_a_talking_pipeline_of_this_and_of_an_older_version_loads(
    talking: tuple[TalkingPipeline, Path], older: bool
) -> None:
    pipeline, folder = talking
    path = folder / "model_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    if older:
        index |= {part: [f"chironomy.video.talking.{module}", kind] for part, (module, kind) in OURS.items()}
        path.write_text(json.dumps(index), encoding="utf-8")
    read = TalkingPipeline.from_pretrained(folder)
    for part in OURS:
        wanted, found = getattr(pipeline, part).state_dict(), getattr(read, part).state_dict()
        assert all(torch.equal(wanted[key], found[key]) for key in wanted)


def test_a_saved_gesture_pipeline_names_the_public_package_and_an_old_one_still_loads(tmp_path: Path) -> None:
    pipeline = GesturePipeline.from_pretrained(embedded_weights())
    pipeline.save_pretrained(tmp_path)
    path = tmp_path / "model_index.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["transformer"] == ["chironomy.gesture", "GestureTransformer"]
    # The first weights were saved when classes named the module that they stood in.
    saved["transformer"][0] = "chironomy.gesture.model"
    path.write_text(json.dumps(saved), encoding="utf-8")
    read = GesturePipeline.from_pretrained(tmp_path)
    for wanted, found in zip(pipeline.transformer.parameters(), read.transformer.parameters(), strict=True):
        assert np.array_equal(wanted.detach().numpy(), found.detach().numpy())
