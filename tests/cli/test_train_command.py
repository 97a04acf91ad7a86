# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chironomy import cli
from chironomy.motion.files import save_hands
from chironomy.motion.hand_motion import HandMotion


def recording(folder: Path, name: str) -> None:
    """Six seconds of noise and of hands that sway."""
    random = np.random.default_rng(len(name))
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", 0.1 * random.normal(size=6 * 16000), 16000)
    sway = 0.05 * np.sin(np.arange(180) / 10)[:, None, None]
    wrists = np.array([[0.15, -0.2, 0.3], [-0.15, -0.2, 0.3]]) + sway
    rotation = np.tile([1.0, 0, 0, 0], (180, 2, 16, 1))
    save_hands(HandMotion(30.0, wrists, rotation, np.ones((180, 2))), folder / f"{name}.npz")


def test_a_folder_of_hands_becomes_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording(tmp_path / "mine" / "train" / "anna", "a")
    recording(tmp_path / "mine" / "val" / "anna", "b")
    arguments = ["train", "prepare", str(tmp_path / "mine"), "--format", "hands", "--out", str(tmp_path / "clips")]
    assert cli.main([*arguments, "--workers", "1"]) == 0
    assert "2 recordings of 1 speakers" in capsys.readouterr().out
    assert (tmp_path / "clips" / "clips.json").is_file()


def test_a_wrong_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "prepare", str(tmp_path), "--format", "beat2", "--out", str(tmp_path / "clips")]
    assert cli.main(arguments) == cli.FAILED
    assert "smplxflame_30" in capsys.readouterr().err
    assert cli.main(["train", "gesture", "--corpus", str(tmp_path), "--out", str(tmp_path / "model")]) == cli.FAILED
    assert "holds no clips to learn from" in capsys.readouterr().err


def test_both_steps_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    for step, word in (("prepare", "BEAT2"), ("gesture", "accelerate launch")):
        with pytest.raises(SystemExit):
            cli.main(["train", step, "--help"])
        assert word in capsys.readouterr().out
