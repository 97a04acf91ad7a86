# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the sound lies in what was rendered, measured from the files."""

import subprocess

import numpy as np
import pytest
import soundfile

from chironomy.body.pose import solve_pose
from chironomy.motion import FaceTrack
from chironomy.motion.face import FACE_ACTIONS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.shot import Media, Shot
from chironomy.speech.decode import load_speech
from chironomy.video.film.ffmpeg import ffmpeg_program
from chironomy.video.render import render_video
from takes import FPS, hands_before_the_chest

FRAMES = 30
CLICK = 0.7
"""Seconds into the recording at which its one sound begins."""

FILES = {
    "wav": [],
    "mp3": ["-b:a", "64k"],
    "m4a": ["-c:a", "aac"],
    "opus": ["-c:a", "libopus"],
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """The same recording in several containers: what each plays, from its first sample on."""
    folder = tmp_path_factory.mktemp("recordings")
    time = np.arange(32000) / 16000
    tone = 0.5 * np.sin(2 * np.pi * 440 * time) * ((time >= CLICK) & (time < CLICK + 0.3))
    soundfile.write(folder / "speech.wav", tone, 16000)

    def ffmpeg(*arguments):
        command = [ffmpeg_program(), "-v", "error", "-y", "-nostdin", *map(str, arguments)]
        subprocess.run(command, check=True)

    for suffix, options in FILES.items():
        ffmpeg("-i", folder / "speech.wav", *options, folder / f"same.{suffix}")
    picture = ["-f", "lavfi", "-i", f"color=s=32x32:r={FPS}:d=3"]
    # FLAC in Matroska begins with its first sample; only the film's clock says that it comes later.
    late = ["-itsoffset", 0.8, "-i", folder / "speech.wav", "-map", "0:v", "-map", "1:a", "-c:a", "flac"]
    ffmpeg(*picture, *late, folder / "late.mkv")
    both = (folder / "same.mp3").read_bytes()
    (folder / "joined.mp3").write_bytes(both + both)
    return folder


@pytest.fixture(scope="module")
def silent(rig):
    hands = hands_before_the_chest(FRAMES)
    face = FaceTrack(FPS, np.zeros((FRAMES, len(FACE_ACTIONS))))
    return Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 64, 64))


def onset(path) -> float:
    """Seconds into a film, or a sound, at which something is heard first."""
    heard = load_speech(path, film_time=True)
    return float(np.argmax(np.abs(heard.samples) > 0.1)) / heard.sample_rate


def rendered(shot, folder, kind):
    """Where the sound is of a film, or beside pictures."""
    name = "take" if kind == "pictures" else f"take.{kind}"
    render_video(shot, folder / name)
    return folder / "take" / "take.wav" if kind == "pictures" else folder / name


@pytest.mark.parametrize("kind", ["mp4", "webm", "mov", "pictures"])
@pytest.mark.parametrize(("start", "first"), [(0.0, 0), (0.4, 0), (-0.3, 0), (-0.3, 6), (0.25, 6)])
def test_the_sound_lies_where_the_shot_says(silent, recordings, tmp_path, kind, start, first):
    shot = silent.replaced(
        speech=Media.from_file(recordings / "speech.wav"), speech_start=start, frame_start=first, frame_stop=FRAMES - 1
    )
    wanted = CLICK - start - first / FPS
    assert onset(rendered(shot, tmp_path, kind)) == pytest.approx(wanted, abs=0.5 / FPS)


@pytest.mark.parametrize("kind", ["mp4", "pictures"])
@pytest.mark.parametrize("name", [*(f"same.{suffix}" for suffix in FILES), "late.mkv", "joined.mp3"])
def test_film_pictures_and_what_is_heard_agree_for_every_container(silent, recordings, tmp_path, name, kind):
    heard = load_speech(recordings / name)
    wanted = float(np.argmax(np.abs(heard.samples) > 0.1)) / heard.sample_rate
    assert wanted == pytest.approx(CLICK, abs=0.8 / FPS)
    shot = silent.replaced(speech=Media.from_file(recordings / name), speech_start=0.1)
    assert onset(rendered(shot, tmp_path, kind)) == pytest.approx(wanted - 0.1, abs=0.5 / FPS)


def test_a_film_that_ends_before_the_sound_begins_is_silent(silent, recordings, tmp_path):
    shot = silent.replaced(speech=Media.from_file(recordings / "speech.wav"), speech_start=-60.0)
    heard = load_speech(rendered(shot, tmp_path, "mp4"))
    assert heard.silent
    assert heard.duration == pytest.approx(FRAMES / FPS, abs=2 / FPS)


def test_a_film_after_the_sound_is_silent(silent, recordings, tmp_path):
    shot = silent.replaced(speech=Media.from_file(recordings / "speech.wav"), speech_start=60.0)
    assert load_speech(rendered(shot, tmp_path, "pictures")).silent
