# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading recordings: every container, every kind of bad file, bounded memory."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.speech import Speech, SpeechError, load_speech, waveform_envelope, write_wav
from chironomy.speech.decode import _float_blocks

RATE = 16000


def ffmpeg(*arguments: object) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    count = min(len(a), len(b))
    return float(np.corrcoef(a[:count], b[:count])[0, 1])


@pytest.fixture
def spoken(babble, tmp_path) -> Path:
    path = tmp_path / "speech.wav"
    soundfile.write(path, babble(1.5, 0), RATE)
    return path


def test_a_wav_is_read_as_mono_floats(spoken):
    speech = load_speech(spoken)
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape == (int(1.5 * RATE),)
    assert speech.sample_rate == RATE
    assert speech.duration == 1.5
    assert speech.name == "speech.wav"


def test_speech_carries_the_hash_of_its_file(spoken):
    assert load_speech(spoken).sha256 == hashlib.sha256(spoken.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "m4a", "mp4", "mkv"])
def test_common_containers_give_the_same_sound_at_the_same_time(spoken, tmp_path, suffix):
    path = tmp_path / f"speech.{suffix}"
    ffmpeg("-i", spoken, path)
    original, decoded = load_speech(spoken), load_speech(path)
    assert decoded.duration == pytest.approx(original.duration, abs=0.01)
    assert similarity(original.samples, decoded.samples) > 0.95


def test_sound_that_begins_late_in_a_video_keeps_its_place(spoken, tmp_path):
    path = tmp_path / "late.mp4"
    picture = ["-f", "lavfi", "-i", "color=s=32x32:d=2"]
    ffmpeg(*picture, "-itsoffset", "0.4", "-i", spoken, "-map", "0:v", "-map", "1:a", path)
    decoded = load_speech(path)
    shift = int(0.4 * RATE)
    assert np.abs(decoded.samples[: shift - 400]).max() < 0.02
    assert similarity(decoded.samples[shift:], load_speech(spoken).samples) > 0.95


def test_the_rate_can_be_chosen(spoken):
    assert load_speech(spoken, sample_rate=24000).samples.shape == (36000,)


def test_telephone_sound_is_brought_to_the_working_rate(voice, tmp_path):
    path = tmp_path / "telephone.wav"
    soundfile.write(path, voice("a", 1.0)[::2], 8000)
    assert load_speech(path).samples.shape == (RATE,)


def test_surround_sound_is_mixed_down_with_the_dialogue_in_front(voice, tmp_path):
    path = tmp_path / "film.wav"
    channels = np.zeros((96000, 6))
    dialogue = np.repeat(voice("a", 1.0), 6)
    channels[:, 2] = dialogue
    channels[:, 3] = 0.9  # the low-frequency channel is not speech
    soundfile.write(path, channels, 96000, subtype="PCM_24")
    speech = load_speech(path)
    assert speech.samples.shape == (RATE,)
    assert similarity(speech.samples, voice("a", 1.0)) > 0.9


def test_stereo_is_averaged(tmp_path):
    path = tmp_path / "stereo.wav"
    time = np.arange(RATE) / RATE
    left = 0.4 * np.sin(2 * np.pi * 200 * time)
    soundfile.write(path, np.stack([left, 0 * left], axis=1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(load_speech(path).samples, left / 2, atol=1e-5)


def test_a_constant_offset_is_removed(tmp_path, voice):
    path = tmp_path / "offset.wav"
    soundfile.write(path, voice("a", 0.5) * 0.5 + 0.3, RATE, subtype="FLOAT")
    assert abs(load_speech(path).samples.mean()) < 1e-6


def test_a_file_over_full_scale_is_brought_down_to_it(tmp_path, voice):
    path = tmp_path / "hot.wav"
    soundfile.write(path, voice("a", 0.5) * 1e4, RATE, subtype="FLOAT")
    assert np.abs(load_speech(path).samples).max() == pytest.approx(1.0)


def test_silence_is_speech_in_which_nobody_speaks(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    assert not load_speech(path).samples.any()


def test_a_fifth_of_a_second_is_enough(tmp_path, voice):
    path = tmp_path / "short.wav"
    soundfile.write(path, voice("a", 0.2), RATE)
    assert load_speech(path).duration == pytest.approx(0.2)


class TestWhatCannotBeRead:
    def test_a_missing_file(self, tmp_path):
        with pytest.raises(SpeechError, match=r"nowhere\.wav does not exist"):
            load_speech(tmp_path / "nowhere.wav")

    def test_a_folder(self, tmp_path):
        with pytest.raises(SpeechError, match="is a folder"):
            load_speech(tmp_path)

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "empty.wav").touch()
        with pytest.raises(SpeechError, match="is an empty file"):
            load_speech(tmp_path / "empty.wav")

    def test_text_renamed_to_wav(self, tmp_path):
        (tmp_path / "text.wav").write_text("These are words, not sounds.\n" * 50)
        with pytest.raises(SpeechError, match=r"text\.wav is not a sound file"):
            load_speech(tmp_path / "text.wav")

    def test_a_video_without_sound(self, tmp_path):
        path = tmp_path / "mute.mp4"
        ffmpeg("-f", "lavfi", "-i", "color=s=32x32:d=0.5", path)
        with pytest.raises(SpeechError, match=r"mute\.mp4 has no sound stream"):
            load_speech(path)

    def test_a_picture(self, tmp_path):
        path = tmp_path / "portrait.png"
        ffmpeg("-f", "lavfi", "-i", "color=s=32x32:d=0.1", "-frames:v", 1, path)
        with pytest.raises(SpeechError, match="has no sound stream"):
            load_speech(path)

    def test_a_file_without_samples(self, tmp_path):
        path = tmp_path / "nothing.wav"
        soundfile.write(path, np.zeros(0), RATE)
        with pytest.raises(SpeechError, match="holds no samples"):
            load_speech(path)

    def test_less_than_a_fifth_of_a_second(self, tmp_path, voice):
        path = tmp_path / "blip.wav"
        soundfile.write(path, voice("a", 0.1), RATE)
        with pytest.raises(SpeechError, match=r"lasts 0\.100 s, too short"):
            load_speech(path)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_not_numbers(self, tmp_path, voice, bad):
        samples = voice("a", 1.0)
        samples[RATE // 2 :] = bad
        path = tmp_path / "broken.wav"
        soundfile.write(path, samples, RATE, subtype="FLOAT")
        with pytest.raises(SpeechError, match=r"not numbers.*first at 0\.500 s.*export it again"):
            load_speech(path)

    def test_a_recording_that_is_too_long_is_refused_before_it_is_decoded(self, spoken, monkeypatch):
        monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_a, **_k: pytest.fail("it was decoded"))
        with pytest.raises(SpeechError, match=r"longer than the 0\.01 minutes accepted; cut it into parts"):
            load_speech(spoken, maximum_seconds=0.6)

    def test_a_video_that_is_too_long_is_refused_before_it_is_decoded(self, spoken, tmp_path, monkeypatch):
        path = tmp_path / "long.m4a"
        ffmpeg("-i", spoken, path)
        monkeypatch.setattr("chironomy.speech.decode._float_blocks", lambda *_: pytest.fail("it was decoded"))
        with pytest.raises(SpeechError, match=r"longer than the 0\.01 minutes accepted"):
            load_speech(path, maximum_seconds=0.6)

    def test_a_stream_that_hides_its_length_is_cut_off_at_the_limit(self, spoken, tmp_path):
        path = tmp_path / "live.aac.ts"
        ffmpeg("-i", spoken, "-f", "adts", path)
        with pytest.raises(SpeechError, match="longer than"):
            load_speech(path, maximum_seconds=0.6)

    @pytest.mark.parametrize(
        ("samples", "rate", "message"),
        [
            (np.zeros((2, 3, 4)), RATE, r"shape \(2, 3, 4\)"),
            (np.zeros(RATE, np.int16), RATE, "int16"),
            (np.zeros(RATE), 100, "100 Hz is too low"),
            (np.full(RATE, np.nan), RATE, "not numbers"),
            (np.zeros(100), RATE, "too short"),
        ],
    )
    def test_samples_in_memory(self, samples, rate, message):
        with pytest.raises(SpeechError, match=message):
            Speech.from_samples(samples, rate)


def test_a_long_surround_file_is_read_in_small_blocks(tmp_path, monkeypatch):
    path = tmp_path / "film.flac"
    soundfile.write(path, np.zeros((96000 * 20, 6)), 96000)
    read = soundfile.SoundFile.read
    sizes = []

    def watched(self, frames, **options):
        sizes.append(frames)
        return read(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", watched)
    assert load_speech(path).duration == pytest.approx(20.0)
    assert max(sizes) <= 96000 * 4


def test_blocks_from_a_pipe_keep_every_sample(tmp_path):
    samples = np.arange(700_000, dtype="<f4")
    path = tmp_path / "raw"
    path.write_bytes(samples.tobytes())
    with path.open("rb") as stream:
        np.testing.assert_array_equal(np.concatenate(list(_float_blocks(stream))), samples)


def test_written_wav_reads_back(tmp_path, babble):
    speech = Speech.from_samples(babble(0.5, 0), RATE)
    written = load_speech(write_wav(speech, tmp_path / "copy.wav"))
    np.testing.assert_allclose(written.samples, speech.samples, atol=1e-4)


def test_equal_samples_have_equal_hashes():
    tone = np.sin(np.arange(RATE) * 0.1)
    assert Speech.from_samples(tone, RATE).sha256 == Speech.from_samples(tone.copy(), RATE).sha256
    assert Speech.from_samples(tone, RATE).sha256 != Speech.from_samples(tone * 0.5, RATE).sha256


def test_frame_count_rounds_the_duration_and_is_at_least_one():
    assert Speech.from_samples(np.zeros(RATE), RATE).frame_count(24) == 24
    assert Speech.from_samples(np.zeros(3200), RATE).frame_count(1) == 1


@settings(max_examples=30, deadline=None)
@given(columns=st.integers(1, 5000), seed=st.integers(0, 5))
def test_the_drawn_envelope_holds_the_extremes(columns, seed):
    samples = np.random.default_rng(seed).uniform(-0.9, 0.9, 4000)
    speech = Speech.from_samples(samples - samples.mean(), RATE)
    envelope = waveform_envelope(speech, columns)
    assert envelope.shape == (columns, 2)
    assert (envelope[:, 0] <= envelope[:, 1]).all()
    assert envelope[:, 0].min() == speech.samples.min()
    assert envelope[:, 1].max() == speech.samples.max()
