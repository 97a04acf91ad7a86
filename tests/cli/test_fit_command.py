# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy fit`, and videos in a portrait: the portrait is a picture of the character."""

from pathlib import Path

import numpy as np
import pytest
from cli_recordings import speech
from command_line import Command, still_hands
from PIL import Image

from chironomy.motion.files import save_hands
from chironomy.service.kinds import KINDS
from chironomy.shot.fit import Fit
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.work import Work


def test_a_portrait_becomes_a_fit_and_an_overlay(chironomy_command: Command, portrait: Path, tmp_path: Path) -> None:
    out, overlay = tmp_path / "new" / "fit.json", tmp_path / "fit.png"
    said = chironomy_command("fit", portrait, "--out", out, "--overlay", overlay)
    assert said.code == 0, said.err
    assert said.err == ""
    fit = Fit.load(out)
    assert (fit.width, fit.height, fit.picture) == (384, 528, "sitter.png")
    assert f"{out}  {len(fit.residuals)} measures, the worst {fit.worst[0]} by" in said.out
    with Image.open(overlay) as drawn:
        assert drawn.width == 384
        assert drawn.height > 528


@pytest.mark.usefixtures("without_perception")
def test_without_what_looks_at_pictures_one_sentence_says_what_to_run(
    chironomy_command: Command, portrait: Path, tmp_path: Path
) -> None:
    said = chironomy_command("fit", portrait, "--out", tmp_path / "fit.json").refuses()
    assert said == (
        "looking at pictures needs the Python package mediapipe or ai-edge-litert: pip install 'chironomy[vision]'"
    )
    assert not (tmp_path / "fit.json").exists()


def test_the_camera_can_be_made_for_a_size(chironomy_command: Command, portrait: Path, tmp_path: Path) -> None:
    said = chironomy_command("fit", portrait, "--out", tmp_path / "fit.json", "--size", "512x704")
    assert said.code == 0, said.err
    fit = Fit.load(tmp_path / "fit.json")
    assert (fit.camera.width, fit.camera.height) == (512, 704)


def test_what_is_no_portrait_is_one_sentence_and_no_file(chironomy_command: Command, tmp_path: Path) -> None:
    grey = tmp_path / "wall.png"
    Image.new("RGB", (200, 200), (120, 130, 140)).save(grey)
    said = chironomy_command("fit", grey, "--out", tmp_path / "out" / "fit.json")
    assert "wall.png shows no face that can be found" in said.refuses()
    assert not (tmp_path / "out").exists()


def test_the_portrait_is_not_written_over(chironomy_command: Command, portrait: Path, tmp_path: Path) -> None:
    before = portrait.read_bytes()
    said = chironomy_command("fit", portrait, "--out", tmp_path / "f.json", "--overlay", portrait)
    assert "is what the work starts from" in said.refuses()
    assert portrait.read_bytes() == before


def test_a_video_in_a_portrait_has_its_shape_and_its_camera(
    chironomy_command: Command, portrait: Path, tmp_path: Path
) -> None:
    save_hands(still_hands(6), tmp_path / "motion.npz")
    recording = speech(tmp_path / "speech.wav", 0.25)
    inputs = [tmp_path / "motion.npz", "--speech", recording, "--portrait", portrait]
    said = chironomy_command("video", *inputs, "--still", "--out", tmp_path / "v.mp4")
    assert said.code == 0, said.err
    film = probe(tmp_path / "v.mp4")
    assert (film.width, film.height) == (384, 528)
    # The head, which does not move where nothing is to, is where the portrait has it.
    with Image.open(portrait) as opened:
        picture = np.asarray(opened).astype(float)
    frame = next(iter(read_video_frames(tmp_path / "v.mp4"))).astype(float)
    head = np.s_[40:140, 150:234]
    assert np.abs(frame[head] - picture[head]).mean() < 0.5 * np.abs(frame[head] - picture[60:160, 190:274]).mean()


def test_the_services_job_makes_the_same_fit(chironomy_command: Command, portrait: Path, tmp_path: Path) -> None:
    told = []
    work = Work(lambda fraction, message="": told.append(message), lambda: False)
    KINDS["fit"].run({"picture": portrait}, {}, tmp_path / "job.json", work)
    chironomy_command("fit", portrait, "--out", tmp_path / "command.json")
    job, command = (Fit.load(tmp_path / name).to_dict() for name in ("job.json", "command.json"))
    assert job.pop("picture") == "the picture"
    assert command.pop("picture") == "sitter.png"
    assert job == command
    assert told == ["looking at the picture"]
