# SPDX-License-Identifier: GPL-3.0-or-later
"""MP4 files: what is in them, how long they are, how loud, and what happens when they cannot be written."""

import os
import re
import subprocess
import wave

import numpy as np
import pytest

from chironomy.shot.errors import ProgramKilled, RenderCancelled, VideoError
from chironomy.shot.shot import Media
from chironomy.video.film import ffmpeg
from chironomy.video.film.encode import encode_mp4, ffmpeg_program, probe, read_video_frames
from chironomy.video.film.ffmpeg import read_comment
from chironomy.video.render import render_video
from chironomy.work import Work
from takes import FPS, write_tone

WIDTH, HEIGHT = 64, 48


def flat_frames(count, colour=(200, 80, 40)):
    for _ in range(count):
        yield np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def sound_of(path):
    """Loudness in LUFS (EBU R 128), mean level in dB and length in seconds of a file's sound, by ffmpeg's meters."""
    command = [ffmpeg_program(), "-hide_banner", "-nostdin", "-i", str(path), "-map", "0:a:0"]
    command += ["-af", "ebur128,volumedetect", "-f", "null", "-"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    loudness = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", report)[-1])
    level = float(re.findall(r"mean_volume: (-?[\d.]+) dB", report)[-1])
    hours, minutes, seconds = re.findall(r"time=(\d+):(\d+):([\d.]+)", report)[-1]
    return loudness, level, int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_the_file_plays_everywhere(tmp_path):
    sound = write_tone(tmp_path / "tone.wav", 2.0)
    path = tmp_path / "take.mp4"
    assert encode_mp4(flat_frames(48), path, FPS, WIDTH, HEIGHT, sound) == 48
    info = probe(path)
    assert (info.video_codec, info.pixel_format, info.width, info.height) == ("h264", "yuv420p", WIDTH, HEIGHT)
    assert (info.fps, info.frame_count) == (FPS, 48)
    assert (info.audio_codec, info.sample_rate, info.channels) == ("aac", 48000, "mono")
    assert "bt709" in info.colour
    assert "tv" in info.colour
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_colours_come_back(tmp_path):
    path = tmp_path / "take.mp4"
    for colour in ((200, 80, 40), (30, 160, 90), (20, 40, 200)):
        encode_mp4(flat_frames(3, colour), path, FPS, WIDTH, HEIGHT)
        frames = list(read_video_frames(path))
        assert len(frames) == 3
        np.testing.assert_allclose(frames[1][24, 32], colour, atol=4)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (44100, 2), (96000, 2)])
def test_sound_keeps_its_loudness_length_and_channels(tmp_path, rate, channels):
    sound = write_tone(tmp_path / "tone.wav", 3.0, rate, channels)
    path = tmp_path / "take.mp4"
    encode_mp4(flat_frames(72), path, FPS, WIDTH, HEIGHT, sound)
    before, after = sound_of(sound), sound_of(path)
    assert after[0] == pytest.approx(before[0], abs=1)
    assert after[1] == pytest.approx(before[1], abs=1)
    assert after[2] == pytest.approx(3.0, abs=1 / FPS)
    assert probe(path).channels == {1: "mono", 2: "stereo"}[channels]
    assert probe(path).duration == pytest.approx(3.0, abs=1 / FPS)


def test_surround_sound_is_kept(tmp_path):
    sound = write_tone(tmp_path / "tone.wav", 1.0, 48000, 6)
    path = tmp_path / "take.mp4"
    encode_mp4(flat_frames(24), path, FPS, WIDTH, HEIGHT, sound)
    assert probe(path).channels.startswith("5.1")
    assert sound_of(path)[0] == pytest.approx(sound_of(sound)[0], abs=1)


def test_part_of_the_speech_can_be_taken(tmp_path):
    sound = write_tone(tmp_path / "tone.wav", 3.0)
    path = tmp_path / "take.mp4"
    encode_mp4(flat_frames(24), path, FPS, WIDTH, HEIGHT, sound, speech_start=1.0, speech_duration=1.0)
    assert probe(path).duration == pytest.approx(1.0, abs=1 / FPS)


def test_speech_in_memory_is_a_sound_track_too(tmp_path):
    from chironomy.speech.decode import load_speech

    speech = load_speech(write_tone(tmp_path / "tone.wav", 1.0))
    encode_mp4(flat_frames(24), tmp_path / "take.mp4", FPS, WIDTH, HEIGHT, speech)
    assert probe(tmp_path / "take.mp4").audio_codec == "aac"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"width": 63}, "63x48 cannot be encoded; give an even width"),
        ({"fps": 0}, "0 frames a second"),
        ({"name": "take.avi"}, "must end in .mp4"),
        ({"frames": []}, "no frames"),
        ({"frames": [np.zeros((HEIGHT, WIDTH), np.uint8)]}, "frame 0 is uint8"),
        ({"frames": [np.zeros((HEIGHT, WIDTH, 3))]}, "frame 0 is float64"),
        ({"speech": "missing.wav"}, "missing.wav does not exist"),
    ],
)
def test_what_cannot_be_encoded_is_said_and_nothing_is_left(tmp_path, arguments, said):
    values = {"frames": flat_frames(3), "name": "take.mp4", "fps": FPS, "width": WIDTH, "speech": None} | arguments
    with pytest.raises(VideoError, match=said):
        encode_mp4(
            values["frames"], tmp_path / values["name"], values["fps"], values["width"], HEIGHT, values["speech"]
        )
    assert list(tmp_path.iterdir()) == []


def test_speech_that_is_no_sound_is_said(tmp_path):
    text, silent = tmp_path / "words.wav", tmp_path / "silent.mp4"
    text.write_text("these are words")
    encode_mp4(flat_frames(3), silent, FPS, WIDTH, HEIGHT)
    for speech, said in ((text, "not a sound file that can be read"), (silent, "has no sound stream")):
        with pytest.raises(VideoError, match=said):
            encode_mp4(flat_frames(3), tmp_path / "take.mp4", FPS, WIDTH, HEIGHT, speech)
    assert not (tmp_path / "take.mp4").exists()


def test_an_encoder_that_is_killed_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    started = []
    real = subprocess.Popen

    def remember(*arguments, **keywords):
        started.append(real(*arguments, **keywords))
        return started[-1]

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", remember)

    def frames():
        for count, frame in enumerate(flat_frames(500)):
            if count == 5:
                started[0].kill()
                started[0].wait()
            yield frame

    with pytest.raises(VideoError, match=r"take\.mp4 could not be written"):
        encode_mp4(frames(), tmp_path / "take.mp4", FPS, WIDTH, HEIGHT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("read", [probe, read_comment, lambda path: list(read_video_frames(path))])
def test_a_decoder_that_is_killed_is_no_fault_of_the_film(tmp_path, monkeypatch, read):
    path = tmp_path / "take.mp4"
    encode_mp4(flat_frames(24), path, FPS, WIDTH, HEIGHT)
    info = probe(path)
    killed = tmp_path / "ffmpeg"
    killed.write_text(f'#!/bin/sh\n"{ffmpeg_program()}" "$@" 2>/dev/null | head -c 20000\nkill -9 $$\n')
    killed.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: str(killed))
    if read is not probe:
        monkeypatch.setattr(ffmpeg, "probe", lambda _: info)
    with pytest.raises(
        ProgramKilled, match=r"take\.mp4 was not read to its end: ffmpeg was ended by signal 9; try again"
    ):
        read(path)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("av_interleaved_write_frame(): No space left on device", "the disk is full"),
        ("take.mp4: Permission denied", "permission denied"),
        ("something else", "something else"),
    ],
)
def test_ffmpegs_complaints_become_one_sentence(tmp_path, message, said):
    assert said in ffmpeg.explain(1, message, tmp_path / "take.mp4")


def test_a_full_disk_is_said(shot):
    import pathlib

    full = pathlib.Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    command = [ffmpeg_program(), "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-r", "24", "-i", "pipe:0", "-f", "matroska", str(full)]
    with pytest.raises(VideoError, match="the disk is full"):
        ffmpeg.feed(command, flat_frames(5), (HEIGHT, WIDTH, 3), full)


def test_a_cancelled_encoding_leaves_nothing(tmp_path):
    asked = iter([False] * 5 + [True] * 100)
    with pytest.raises(RenderCancelled):
        encode_mp4(flat_frames(50), tmp_path / "take.mp4", FPS, WIDTH, HEIGHT, work=Work(cancelled=lambda: next(asked)))
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_when_a_new_one_fails(tmp_path):
    path = tmp_path / "take.mp4"
    encode_mp4(flat_frames(3), path, FPS, WIDTH, HEIGHT)
    before = path.read_bytes()
    with pytest.raises(VideoError):
        encode_mp4([], path, FPS, WIDTH, HEIGHT)
    assert path.read_bytes() == before


def test_a_shot_becomes_a_video_with_its_speech(speaking_shot, tmp_path):
    path = tmp_path / "take.mp4"
    progress = []
    assert render_video(speaking_shot, path, Work(lambda done, *_: progress.append(done))) == 6
    assert progress == sorted(progress)
    assert progress[-1] == 1
    info = probe(path)
    assert (info.frame_count, info.width, info.height, info.audio_codec) == (6, 256, 352, "aac")
    assert info.duration == pytest.approx(0.25, abs=1 / FPS)
    for frame in read_video_frames(path):
        assert frame.mean() > 40
        assert frame.std() > 15


def test_speech_that_runs_on_is_cut_to_the_frames(shot, tmp_path):
    sound = Media.from_file(write_tone(tmp_path / "tone.wav", 2.0))
    path = tmp_path / "take.mp4"
    render_video(shot.replaced(speech=sound), path)
    assert probe(path).duration == pytest.approx(6 / FPS, abs=1.5 / FPS)


def test_speech_as_long_as_its_tracks_is_kept_whole(shot, tmp_path):
    # 6.4 frames of sound are 6 frames of tracks; the last 17 ms are heard.
    sound = write_tone(tmp_path / "tone.wav", 6.4 / FPS)
    path = tmp_path / "take.mp4"
    render_video(shot.replaced(speech=Media.from_file(sound)), path)
    assert sound_of(path)[2] == pytest.approx(sound_of(sound)[2], abs=0.011)


def test_a_range_of_a_shot_takes_its_part_of_the_speech(speaking_shot, tmp_path):
    path = tmp_path / "take.mp4"
    assert render_video(speaking_shot.replaced(frame_start=1, frame_stop=4), path) == 3
    assert probe(path).duration == pytest.approx(3 / FPS, abs=1 / FPS)


def test_a_cancelled_render_leaves_nothing(speaking_shot, tmp_path):
    with pytest.raises(RenderCancelled):
        render_video(speaking_shot, tmp_path / "take.mp4", Work(cancelled=lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_video_is_said(tmp_path):
    sound = write_tone(tmp_path / "tone.wav", 0.3)
    with pytest.raises(VideoError, match="not a video"):
        probe(sound)
    with pytest.raises(VideoError, match="does not exist"):
        list(read_video_frames(tmp_path / "none.mp4"))


def test_the_test_tone_is_what_it_says(tmp_path):
    with wave.open(str(write_tone(tmp_path / "tone.wav", 1.0, 8000, 2))) as stream:
        assert (stream.getnframes(), stream.getnchannels()) == (8000, 2)
