# SPDX-License-Identifier: GPL-3.0-or-later
"""From a dataset to gestures through the paper's configuration, cut down: every part as at full size."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from accelerate.state import AcceleratorState
from gesture_samples import babble
from transformers import Wav2Vec2Config, Wav2Vec2Model

from chironomy.gesture import GesturePipeline
from chironomy.gesture.datasets.prepare import PrepareSettings, prepare
from chironomy.gesture.model import CONFIGS
from chironomy.gesture.training.run import main
from chironomy.motion.files import save_hands
from chironomy.motion.hand_motion import HandMotion


@pytest.fixture(autouse=True)
def own_precision() -> Iterator[None]:
    """Accelerate keeps the precision for the whole process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def dataset(folder: Path) -> Path:
    for number, place in enumerate(("train/anna/a", "train/ben/b", "val/anna/c")):
        path = folder / f"{place}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path.with_suffix(".wav"), babble(6.0, number).samples, 16000)
        sway = 0.05 * np.sin(np.arange(180) / 10)[:, None, None]
        wrists = np.array([[0.15, -0.2, 0.3], [-0.15, -0.2, 0.3]]) + sway
        rotation = np.tile([1.0, 0, 0, 0], (180, 2, 16, 1))
        save_hands(HandMotion(30.0, wrists, rotation, np.ones((180, 2))), path)
    return folder


def encoder(folder: Path) -> Path:
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    return folder


def test_one_command_prepares_and_one_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    smaller = {"num_layers": 2, "width": 32, "num_heads": 2, "window_frames": 48}
    monkeypatch.setitem(CONFIGS, "emo2", CONFIGS["emo2"] | smaller)
    hears = encoder(tmp_path / "encoder")
    settings = PrepareSettings("hands", audio_features="wav2vec2", encoder=str(hears))
    prepare(dataset(tmp_path / "data"), tmp_path / "clips", settings, workers=1)
    arguments = ["--corpus", str(tmp_path / "clips"), "--out", str(tmp_path / "model"), "--config", "emo2", "--no-log"]
    arguments += ["--steps", "2", "--batch-size", "2", "--validation-batches", "1", "--precision", "no", "--cpu"]
    assert main([*arguments, "--threads", "1"]) == 1
    assert "give --audio-encoder" in capsys.readouterr().err
    assert main([*arguments, "--threads", "1", "--audio-encoder", str(hears), "--scheduler", "ddim"]) == 0

    pipeline = GesturePipeline.from_pretrained(tmp_path / "model")
    assert pipeline.transformer.config["audio_features"] == "wav2vec2"
    motion = pipeline(babble(2.0), style="ben")
    assert motion.frame_count == 48
    assert np.isfinite(motion.wrist_position).all()
