# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy maps`: a motion and its speech, or a saved shot, become control maps for other tools."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_recordings import speech
from command_line import Command, still_hands
from PIL import Image

from chironomy.commands.video import shot_of_files
from chironomy.motion.files import save_hands
from chironomy.video.film.encode import probe
from chironomy.video.maps import MAPS, get_map


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    save_hands(still_hands(6), tmp_path / "motion.npz")
    return tmp_path / "motion.npz"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return speech(tmp_path / "speech.wav", 0.25)


def test_it_writes_a_video_a_map_and_says_what_they_are(
    chironomy_command: Command, tmp_path: Path, motion: Path, recording: Path
) -> None:
    out = tmp_path / "maps"
    options = ["--speech", recording, "--out", out, "--size", "96x128", "--maps", "mano, depth,dwpose"]
    said = chironomy_command("maps", motion, *options)
    assert said.code == 0, said.err
    assert sorted(path.name for path in out.iterdir()) == ["depth.mp4", "dwpose.mp4", "mano.mp4", "maps.json"]
    film = probe(out / "dwpose.mp4")
    assert (film.frame_count, film.fps, film.width, film.height) == (6, 24.0, 96, 128)
    told = json.loads((out / "maps.json").read_text())
    assert (told["format"], told["frame_count"], told["fps"]) == ("chironomy.maps/1", 6, 24.0)
    assert (told["width"], told["height"], told["camera"]["width"]) == (96, 128, 96)
    assert list(told["maps"]) == ["mano", "depth", "dwpose"]
    assert told["maps"]["depth"]["white_at_metres"] < told["maps"]["depth"]["black_at_metres"]


def test_pictures_of_a_saved_shot_are_its_maps_to_the_bit(
    chironomy_command: Command, tmp_path: Path, motion: Path, recording: Path
) -> None:
    shot = shot_of_files(motion, recording, None, "previz", (96, 128)).replaced(frame_start=2)
    shot.save(tmp_path / "shot.zip")
    options = ["--out", tmp_path / "maps", "--format", "png", "--maps", "all"]
    said = chironomy_command("maps", tmp_path / "shot.zip", *options)
    assert said.code == 0, said.err
    for name in MAPS:
        pictures = sorted((tmp_path / "maps" / name).iterdir())
        assert [path.name for path in pictures] == ["00000.png", "00001.png", "00002.png", "00003.png"]
        np.testing.assert_array_equal(np.asarray(Image.open(pictures[1])), get_map(name).draw(shot, 3))
    assert len(list((tmp_path / "maps" / "echomimic_pose").iterdir())) == 4


def test_earlier_maps_are_kept_beside_the_new_ones(
    chironomy_command: Command, tmp_path: Path, motion: Path, recording: Path
) -> None:
    options = ["--speech", recording, "--out", tmp_path / "maps", "--size", "64x64", "--maps", "mask"]
    for _ in range(2):
        said = chironomy_command("maps", motion, *options, "--format", "png")
        assert said.code == 0, said.err
    kept = tmp_path / "maps" / "previous-001"
    assert sorted(path.name for path in kept.iterdir()) == ["maps.json", "mask"]
    assert len(list((tmp_path / "maps" / "mask").iterdir())) == 6


def test_another_size_of_a_shot_keeps_its_view(
    chironomy_command: Command, tmp_path: Path, motion: Path, recording: Path
) -> None:
    shot_of_files(motion, recording, None, "previz", (96, 128)).save(tmp_path / "shot.zip")
    options = ["--out", tmp_path / "maps", "--maps", "mask", "--size", "192x256"]
    said = chironomy_command("maps", tmp_path / "shot.zip", *options)
    assert said.code == 0, said.err
    assert probe(tmp_path / "maps" / "mask.mp4").width == 192


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--maps", "mano,dreams"], "there is no map 'dreams'; choose from mano, keypoints"),
        (["--maps", ","], "no map was asked for"),
        ([], "motion.npz is a motion: name its recording with --speech"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_folder(
    chironomy_command: Command, tmp_path: Path, motion: Path, options: list[str], sentence: str
) -> None:
    said = chironomy_command("maps", motion, "--out", tmp_path / "maps", *options)
    assert sentence in said.refuses()
    assert not (tmp_path / "maps").exists()


def test_a_damaged_motion_is_not_asked_for_its_speech(chironomy_command: Command, tmp_path: Path) -> None:
    (tmp_path / "motion.npz").write_bytes(b"PK\x03\x04 and no more")
    said = chironomy_command("maps", tmp_path / "motion.npz", "--out", tmp_path / "maps")
    assert "motion.npz" in said.refuses()
    assert "--speech" not in said.err


def test_a_shot_has_its_own_speech_and_rate(chironomy_command: Command, tmp_path: Path) -> None:
    said = chironomy_command("maps", tmp_path / "shot.zip", "--out", tmp_path / "maps", "--fps", 30)
    assert "shot.zip is a shot with its own fps" in said.refuses()
    assert not (tmp_path / "maps").exists()
