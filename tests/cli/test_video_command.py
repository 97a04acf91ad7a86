# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy video`: a motion and its speech go in, a film of the character comes out."""

import re
from pathlib import Path

import numpy as np
import pytest
from cli_recordings import BAD, speech
from command_line import Command, still_hands

from chironomy.body.outfits import OUTFITS
from chironomy.commands.arguments import ASPECTS
from chironomy.motion.files import save_hands, save_smplx
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.formats import FORMATS
from chironomy.video.film.encode import probe, read_video_frames
from chironomy.video.film.ffmpeg import read_comment
from chironomy.video.film.provenance import told


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    save_hands(still_hands(24), tmp_path / "motion.npz")
    return tmp_path / "motion.npz"


def test_it_renders_as_long_as_the_speech(chironomy_command: Command, tmp_path: Path, motion: Path) -> None:
    recording = speech(tmp_path / "speech.wav", 1.0)
    said = chironomy_command("video", motion, "--speech", recording, "--out", tmp_path / "v.mp4", "--size", "64x96")
    assert said.code == 0, said.err
    film = probe(tmp_path / "v.mp4")
    assert (film.frame_count, film.fps, film.width, film.height) == (24, 24.0, 64, 96)


def test_a_longer_motion_of_another_rate_is_fitted_and_it_says_so(chironomy_command: Command, tmp_path: Path) -> None:
    save_smplx(still_hands(90, fps=30.0), tmp_path / "motion.npz")
    recording = speech(tmp_path / "speech.wav", 0.5)
    options = ["--speech", recording, "--out", tmp_path / "v.mp4", "--size", "64x96", "--fps", 24]
    said = chironomy_command("video", tmp_path / "motion.npz", *options)
    assert said.code == 0, said.err
    assert said.err == "motion.npz lasts 3.0 s and the speech 0.5 s: the rest of the motion is left out\n"
    assert probe(tmp_path / "v.mp4").frame_count == 12


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_one_sentence_and_no_file(
    chironomy_command: Command, tmp_path: Path, motion: Path, name: str
) -> None:
    make, sentence = BAD[name]
    said = chironomy_command("video", motion, "--speech", make(tmp_path), "--out", tmp_path / "out" / "v.mp4")
    assert re.search(sentence, said.refuses())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "shape"), [("wrist_position", (24, 2, 4)), ("rotation", (24, 2, 15, 4)), ("confidence", (23, 2))]
)
def test_a_motion_field_of_the_wrong_shape_is_named(
    chironomy_command: Command, tmp_path: Path, motion: Path, field: str, shape: tuple[int, ...]
) -> None:
    with np.load(motion) as archive:
        fields = dict(archive)
    np.savez(motion, **{**fields, field: np.ones(shape)})
    recording = speech(tmp_path / "speech.wav")
    said = chironomy_command("video", motion, "--speech", recording, "--out", tmp_path / "out" / "v.mp4")
    assert field in said.refuses()
    assert str(shape) in said.refuses()
    assert not (tmp_path / "out").exists()


def test_a_motion_that_is_not_there_is_named(chironomy_command: Command, tmp_path: Path) -> None:
    recording = speech(tmp_path / "speech.wav")
    said = chironomy_command("video", tmp_path / "m.npz", "--speech", recording, "--out", tmp_path / "out" / "v.mp4")
    assert "m.npz" in said.refuses()
    assert not (tmp_path / "out").exists()


def test_an_unknown_engine_lists_those_there_are(chironomy_command: Command, tmp_path: Path, motion: Path) -> None:
    recording = speech(tmp_path / "speech.wav")
    options = ["--speech", recording, "--out", tmp_path / "v.mp4", "--engine", "dream"]
    assert "there is no engine 'dream'; choose one of previz" in chironomy_command("video", motion, *options).refuses()


def test_a_folder_that_cannot_be_written_is_found_out_first(
    chironomy_command: Command, tmp_path: Path, blocked: Path
) -> None:
    said = chironomy_command("video", tmp_path / "m.npz", "--speech", tmp_path / "s.wav", "--out", blocked / "v.mp4")
    assert "cannot be written (Not a directory)" in said.refuses()


@pytest.fixture
def tiny(tmp_path: Path, motion: Path) -> list[object]:
    """A render of half a second, small."""
    return ["video", motion, "--speech", speech(tmp_path / "speech.wav", 0.5), "--size", "64x96"]


@pytest.mark.parametrize(("name", "codec"), [("v.webm", "vp9"), ("v.mov", "prores")])
def test_the_suffix_chooses_the_format(
    chironomy_command: Command, tmp_path: Path, tiny: list[object], name: str, codec: str
) -> None:
    said = chironomy_command(*tiny, "--out", tmp_path / name)
    assert said.code == 0, said.err
    assert probe(tmp_path / name).video_codec == codec


def test_a_name_without_a_suffix_is_a_folder_of_pictures(
    chironomy_command: Command, tmp_path: Path, tiny: list[object]
) -> None:
    said = chironomy_command(*tiny, "--out", tmp_path / "take", "--backdrop", "transparent")
    assert said.code == 0, said.err
    assert len(list((tmp_path / "take").glob("take.*.png"))) == 12
    again = chironomy_command(*tiny, "--out", tmp_path / "take")
    assert "is there already; give --out the name of a new folder" in again.refuses()


def test_the_look_reaches_the_film(chironomy_command: Command, tmp_path: Path, tiny: list[object]) -> None:
    look = ["--outfit", "top=#803020", "--backdrop", "green", "--take", "One"]
    assert chironomy_command(*tiny, *look, "--out", tmp_path / "v.mp4").code == 0
    settings = told(read_comment(tmp_path / "v.mp4"))["settings"]
    assert settings == {"outfit": {"top": "#803020"}, "backdrop": "green", "burn_in": True, "take": "One"}
    frame = next(read_video_frames(tmp_path / "v.mp4"))
    np.testing.assert_allclose(frame[4, 4], (0, 177, 64), atol=8)


def test_the_body_accompanies_unless_it_is_to_be_still(
    chironomy_command: Command, tmp_path: Path, tiny: list[object]
) -> None:
    for name, options in (("moving.mp4", []), ("still.mp4", ["--still"])):
        assert chironomy_command(*tiny, *options, "--out", tmp_path / name).code == 0
    moving, still = (told(read_comment(tmp_path / name))["tracks"] for name in ("moving.mp4", "still.mp4"))
    assert moving != still


def test_hands_alone_fill_the_picture(chironomy_command: Command, tmp_path: Path, tiny: list[object]) -> None:
    asked = ["--figure", "hands", "--backdrop", "green"]
    assert chironomy_command(*tiny, *asked, "--out", tmp_path / "v.mp4").code == 0
    assert told(read_comment(tmp_path / "v.mp4"))["settings"] == {"figure": "hands", "backdrop": "green"}
    seen = np.zeros((96, 64), bool)
    for frame in read_video_frames(tmp_path / "v.mp4"):
        red, green, blue = np.moveaxis(frame.astype(int), -1, 0)
        here = (green < red + 60) | (green < blue + 40)
        # Between the hands, where the whole character has its chest, there is the wall.
        assert 0.02 < here.mean() < 0.6
        seen |= here
    columns = np.flatnonzero(seen.any(axis=0))
    assert np.ptp(columns) > 0.7 * 64
    assert not seen[:, [0, -1]].any()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--aspect", "16:9"], "not allowed with argument --size"),
        (["--figure", "feet"], "invalid choice: 'feet'"),
        (["--outfit", "tuxedo"], "there is no outfit 'tuxedo'; choose one of teal, "),
        (["--backdrop", "beach"], "backdrop is 'beach', but must be one of studio, "),
        (["--backdrop", "portrait"], "the shot has none; give it a portrait"),
        (["--format", "webm"], "must end in .webm for the format webm"),
        (["--take", "x" * 61], "at most 60 characters"),
    ],
)
def test_a_look_that_cannot_be_taken_is_one_sentence(
    chironomy_command: Command, tmp_path: Path, tiny: list[object], options: list[str], sentence: str
) -> None:
    said = chironomy_command(*tiny, *options, "--out", tmp_path / "v.mp4")
    assert said.code != 0
    assert sentence in said.err
    assert not (tmp_path / "v.mp4").exists()


def test_the_help_names_every_outfit_and_backdrop(chironomy_command: Command) -> None:
    shown = " ".join(chironomy_command("video", "--help").out.split())
    for name in (*OUTFITS, *BACKDROPS, *FORMATS, *ASPECTS):
        assert name in shown


def test_every_usual_shape_is_of_its_shape() -> None:
    for name, (width, height) in ASPECTS.items():
        across, down = map(int, name.split(":"))
        assert width * down == height * across
