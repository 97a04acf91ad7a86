# SPDX-License-Identifier: GPL-3.0-or-later
"""Films of every format: colours, sound in step, and what they say of themselves."""

import gc
import io
import subprocess
import wave
import weakref

import numpy as np
import pytest
from PIL import Image

from chironomy.shot.errors import VideoError
from chironomy.shot.formats import FORMATS, format_of
from chironomy.shot.shot import Media
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film.encode import encode_film, probe, read_video_frames
from chironomy.video.film.ffmpeg import ffmpeg_program, read_comment
from chironomy.video.film.provenance import told
from chironomy.video.render import render_video
from chironomy.work import Work
from takes import FPS, write_tone

WIDTH, HEIGHT = 64, 48
FILMS = [entry for entry in FORMATS.values() if not entry.sequence]
by_name = pytest.mark.parametrize("chosen", FILMS, ids=[entry.name for entry in FILMS])


def flat(count, colour=(200, 80, 40), channels=3):
    for _ in range(count):
        yield np.full((HEIGHT, WIDTH, channels), colour, np.uint8)


def sound_of(path, rate=48000):
    """The samples of a film's sound, in time with its first frame."""
    command = [ffmpeg_program(), "-loglevel", "error", "-nostdin", "-i", str(path), "-map", "0:a:0", "-ac", "1"]
    command += ["-ar", str(rate), "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)


@by_name
def test_colours_and_their_tags_are_right(tmp_path, chosen):
    path = tmp_path / f"take{chosen.suffix}"
    for colour in ((200, 80, 40), (30, 160, 90)):
        assert encode_film(flat(3, colour), path, FPS, WIDTH, HEIGHT, chosen=chosen) == 3
        info = probe(path)
        assert (info.fps, info.frame_count, info.width, info.height) == (FPS, 3, WIDTH, HEIGHT)
        assert "tv" in info.colour
        assert "bt709" in info.colour
        np.testing.assert_allclose(list(read_video_frames(path))[1][24, 32], colour, atol=4)


@by_name
@pytest.mark.parametrize("fps", [24, 24000 / 1001, 30])
def test_a_click_is_heard_when_its_white_frame_is_seen(tmp_path, chosen, fps):
    white, count = 17, 30
    samples = np.zeros(round(count / fps * 48000), "<i2")
    click = round(white / fps * 48000)
    samples[click : click + 240] = 28000 * np.sign(np.sin(np.arange(240) * 0.4))
    with wave.open(str(tmp_path / "click.wav"), "wb") as stream:
        stream.setparams((1, 2, 48000, len(samples), "NONE", ""))
        stream.writeframes(samples.tobytes())
    frames = (np.full((HEIGHT, WIDTH, 3), 255 if frame == white else 0, np.uint8) for frame in range(count))
    path = tmp_path / f"take{chosen.suffix}"
    encode_film(frames, path, fps, WIDTH, HEIGHT, tmp_path / "click.wav", chosen=chosen)
    seen = int(np.argmax([frame.mean() for frame in read_video_frames(path)]))
    sound = np.abs(sound_of(path))
    heard = int(np.argmax(sound > 0.3 * sound.max())) / 48000
    assert seen == white
    assert abs(heard - seen / fps) < 0.5 / fps


@pytest.mark.parametrize(("name", "channels"), [("mp4", "mono"), ("webm", "mono"), ("prores", "mono")])
def test_sound_is_stored_as_the_format_wants_it(tmp_path, name, channels):
    path = tmp_path / f"take{FORMATS[name].suffix}"
    encode_film(flat(24), path, FPS, WIDTH, HEIGHT, write_tone(tmp_path / "tone.wav", 1.0), chosen=FORMATS[name])
    info = probe(path)
    codec = {"mp4": "aac", "webm": "opus", "prores": "pcm_s24le"}[name]
    assert (info.audio_codec, info.sample_rate, info.channels) == (codec, 48000, channels)
    assert info.duration == pytest.approx(1.0, abs=1 / FPS)


@pytest.mark.parametrize("name", ["webm", "prores4444"])
def test_transparency_is_kept(tmp_path, name):
    path = tmp_path / f"take{FORMATS[name].suffix}"
    encode_film(flat(3, (200, 80, 40, 128), 4), path, FPS, WIDTH, HEIGHT, chosen=FORMATS[name])
    # ffmpeg's own decoder of VP9 leaves alpha out; libvpx's does not.
    decoder = ["-c:v", "libvpx-vp9"] if name == "webm" else []
    command = [ffmpeg_program(), "-loglevel", "error", *decoder, "-i", str(path), "-frames:v", "1"]
    command += ["-vf", "scale=in_color_matrix=bt709", "-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    np.testing.assert_allclose(
        np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 4)[24, 32], (200, 80, 40, 128), atol=4
    )


@pytest.mark.parametrize("name", ["mp4", "prores"])
def test_a_format_without_alpha_says_so_before_rendering(shot, tmp_path, name):
    path = tmp_path / f"take{FORMATS[name].suffix}"
    transparent = shot.replaced(settings={"backdrop": "transparent"})
    with pytest.raises(VideoError, match=f"the format {name} cannot hold a transparent backdrop; choose one of webm"):
        render_video(transparent, path, format_name=name)
    with pytest.raises(VideoError, match="cannot hold a transparent"):
        encode_film(flat(3, (0, 0, 0, 0), 4), path, FPS, WIDTH, HEIGHT, chosen=FORMATS[name])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mp4", "webm", "prores"])
def test_a_film_says_what_made_it_and_nothing_of_where_the_speech_is_from(shot, tmp_path, name):
    tagged = tmp_path / "speech.mp3"
    command = [ffmpeg_program(), "-loglevel", "error", "-i", str(write_tone(tmp_path / "tone.wav", 0.25))]
    command += ["-metadata", "title=Private notes", "-metadata", "comment=at home", str(tagged)]
    subprocess.run(command, check=True)
    settings = {"outfit": "navy", "burn_in": True, "take": "One; two = 3 #4"}
    take = shot.replaced(speech=Media.from_file(tagged), settings=settings)
    path = tmp_path / f"take{FORMATS[name].suffix}"
    render_video(take, path, format_name=name)
    comment = read_comment(path)
    assert comment.startswith("This video is machine-generated: Chironomy ")
    found = told(comment)
    assert found["engine"] == "previz"
    assert found["settings"] == settings
    assert found["frames"] == [0, 6]
    assert found["tracks"] == take.tracks_sha256
    assert found["speech"] == take.speech.sha256
    assert "trainedAlgorithmicMedia" in found["digital_source_type"]
    report = subprocess.run([ffmpeg_program(), "-i", str(path)], capture_output=True, text=True, check=False).stderr
    assert "machine-generated" in report
    assert "Private notes" not in report
    assert "at home" not in report


def test_frames_pass_through_and_none_is_kept(tmp_path):
    alive = []
    most = 0

    def frames():
        nonlocal most
        for count in range(200):
            frame = np.full((HEIGHT, WIDTH, 3), count, np.uint8)
            alive.append(weakref.ref(frame))
            if count % 20 == 0:
                gc.collect()
            most = max(most, sum(ref() is not None for ref in alive))
            yield frame
            del frame

    encode_film(frames(), tmp_path / "take.mp4", FPS, WIDTH, HEIGHT)
    assert most <= 3


def test_the_engine_keeps_no_more_frames_than_it_draws_at_a_time(shot):
    alive = []
    for frame in PrevizEngine().render(shot.replaced(settings={"threads": 2})):
        alive.append(weakref.ref(frame))
        del frame
        assert sum(ref() is not None for ref in alive) <= 1


def test_previews_come_while_it_renders(speaking_shot, tmp_path):
    seen, rarely = [], []
    render_video(speaking_shot, tmp_path / "a.mp4", Work(preview=seen.append), preview_seconds=0.0)
    render_video(speaking_shot, tmp_path / "b.mp4", Work(preview=rarely.append), preview_seconds=3600.0)
    assert [Image.open(io.BytesIO(jpeg)).size for jpeg in seen] == [(256, 352)] * 6
    assert len(rarely) == 1


def test_burning_in_works_whatever_the_engine_knows(speaking_shot, tmp_path):
    render_video(speaking_shot, tmp_path / "plain.mp4")
    render_video(speaking_shot.replaced(settings={"burn_in": True, "take": "A"}), tmp_path / "burnt.mp4")
    plain, burnt = (next(read_video_frames(tmp_path / name)).astype(int) for name in ("plain.mp4", "burnt.mp4"))
    assert np.abs(burnt - plain)[-25:].max() > 80
    # The codec spends its bits otherwise, here and there.
    assert np.quantile(np.abs(burnt - plain)[:300], 0.99) < 8
    assert np.abs(burnt - plain)[:300].max() < 50
    with pytest.raises(VideoError, match="burn_in is 'yes', but must be true or false"):
        render_video(speaking_shot.replaced(settings={"burn_in": "yes"}), tmp_path / "x.mp4")


@pytest.mark.parametrize(
    ("name", "asked", "found"),
    [("a.mp4", None, "mp4"), ("a.WEBM", None, "webm"), ("a.mov", None, "prores"), ("a.mov", "prores4444", "prores4444"),
     ("folder", None, "png"), ("folder", "exr", "exr")],
)  # fmt: skip
def test_the_suffix_or_the_name_chooses_the_format(name, asked, found):
    assert format_of(name, asked).name == found


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("a.avi", None, "a.avi must end in .mov, .mp4 or .webm"),
        ("a.mp4", "webm", "must end in .webm for the format webm"),
        ("a.mp4", "exr", "must be a folder's name for exr files"),
        ("a.mp4", "gif", "there is no format 'gif'; choose one of mp4"),
    ],
)
def test_a_format_that_does_not_fit_is_said(name, asked, said):
    with pytest.raises(VideoError, match=said):
        format_of(name, asked)
