# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy weights list`, `path` and `check`: what a person sees who has no weights yet, and some later."""

import json
import sys
from pathlib import Path

import pytest
from command_line import Command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_the_list_has_every_engine_its_licence_and_the_way_to_its_weights(
    chironomy_command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (folder / "wan2.1-vace-1.3b").mkdir(parents=True)
    said = chironomy_command("weights", "list")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == f"weights in {folder}"
    assert any(line.startswith("previz   needs no weights") for line in lines)
    assert any(line.startswith("vace     wan2.1-vace-14b     absent  46.6 GB") for line in lines)
    assert any(line.startswith("vace     wan2.1-vace-1.3b    here") for line in lines)
    assert "licence: Apache-2.0; from Wan-AI/Wan2.2-Animate-14B-Diffusers" in said.out
    assert f"hf download Wan-AI/Wan2.1-VACE-14B-diffusers --local-dir {folder}/wan2.1-vace-14b" in said.out
    assert f"--local-dir {folder}/wan2.1-vace-1.3b" not in said.out
    assert "there is no GPU here that torch can use" in said.out


def test_a_gpu_is_compared_with_what_is_needed(
    chironomy_command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (10**9, 12_400_000_000))
    said = chironomy_command("weights", "list").out
    assert "from 13 GB of GPU memory on: does not fit the 12 GB here" in said
    assert "from 12 GB of GPU memory on: fits the 12 GB here" in said


def test_paths_are_plain_lines_for_scripts(chironomy_command: Command, folder: Path) -> None:
    assert chironomy_command("weights", "path").out == f"{folder}\n"
    assert chironomy_command("weights", "path", "vace").out.splitlines() == [
        f"{folder}/wan2.1-vace-14b",
        f"{folder}/wan2.1-vace-1.3b",
    ]
    (folder / "wan2.1-vace-1.3b").mkdir(parents=True)
    assert chironomy_command("weights", "path", "vace").out == f"{folder}/wan2.1-vace-1.3b\n"
    assert chironomy_command("weights", "path", "previz").refuses() == "the engine previz needs no weights"
    assert "choose one of previz, emo2, vace, animate" in chironomy_command("weights", "path", "sora").refuses()


def test_a_check_says_what_is_missing(chironomy_command: Command, folder: Path) -> None:
    assert "Wan-AI/Wan2.1-VACE-1.3B-diffusers (Apache-2.0, 16.2 GB) belongs there" in (
        chironomy_command("weights", "check", "vace").refuses()
    )
    other = folder / "wan2.1-vace-14b"
    other.mkdir(parents=True)
    (other / "model_index.json").write_text(json.dumps({"_class_name": "WanPipeline"}))
    said = chironomy_command("weights", "check", "vace").refuses()
    assert said == f"{other} holds a model of another kind, WanPipeline; this engine reads WanVACEPipeline"
    assert "is not there" in chironomy_command("weights", "check", "vace", "--weights", "wan2.1-vace-1.3b").refuses()
    assert chironomy_command("weights", "check", "previz").out == "the engine previz needs no weights\n"
    assert "the engine emo2 needs weights in" in chironomy_command("weights", "check", "emo2").refuses()


def test_a_prompt_needs_an_engine_that_reads_one(chironomy_command: Command, folder: Path) -> None:
    assert chironomy_command("weights", "prompt", "previz", "a", "b").refuses() == "the engine previz reads no prompt"


def test_the_models_that_look_at_portraits_are_listed_with_their_licence(
    chironomy_command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    said = chironomy_command("weights", "list").out.splitlines()[-3:]
    assert said[0] == "fit      mediapipe-0.10.21   absent  36 MB    find people in portraits and videos"
    assert said[1] == "         licence: Apache-2.0; from mediapipe 0.10.21"
    assert said[2] == "         chironomy weights fetch perception    # downloads 36 MB, keeps 21 MB"


def test_fetching_what_is_not_to_be_fetched_is_one_sentence(
    chironomy_command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    monkeypatch.setenv("CHIRONOMY_OFFLINE", "1")
    said = chironomy_command("weights", "fetch", "perception").refuses()
    assert f"the models that look at pictures are not in {folder / 'mediapipe-0.10.21'}" in said
    assert "invalid choice: 'gestures'" in chironomy_command("weights", "fetch", "gestures").refuses()
