# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading recordings: every container, every kind of bad file, bounded memory."""

import hashlib
import os
import struct
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.packages import ffmpeg_program
from chironomy.speech import Speech, SpeechError, load_speech, waveform_envelope, write_wav
from chironomy.speech.decode import silence_told
from chironomy.speech.errors import DecoderKilled
from chironomy.speech.joined import played_short
from chironomy.speech.sound import _float_blocks, write_excerpt

RATE = 16000


def ffmpeg(*arguments: object) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def piped(*arguments: object) -> bytes:
    """What ffmpeg writes where it cannot go back and correct a header."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", *map(str, arguments), "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def centred(samples: np.ndarray) -> np.ndarray:
    return samples - samples.mean()


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


@pytest.fixture
def late(spoken, tmp_path) -> Path:
    """A film whose sound begins 0.4 s after its pictures."""
    path = tmp_path / "late.mp4"
    picture = ["-f", "lavfi", "-i", "color=s=32x32:d=2"]
    ffmpeg(*picture, "-itsoffset", "0.4", "-i", spoken, "-map", "0:v", "-map", "1:a", path)
    return path


def test_a_films_sound_is_its_samples_one_after_another_as_blender_plays_them(spoken, late):
    decoded = load_speech(late).samples
    priming = 1024  # AAC's first frame, which this file has no note of
    assert similarity(decoded[priming:], load_speech(spoken).samples) > 0.95


def test_sound_that_begins_late_has_its_place_beside_the_pictures_where_that_is_wanted(spoken, late):
    decoded = load_speech(late, film_time=True)
    shift = int(0.4 * RATE)
    assert np.abs(decoded.samples[: shift - 400]).max() < 0.02
    assert similarity(decoded.samples[shift:], load_speech(spoken).samples) > 0.95


class TestHeardToItsEnd:
    """A length that a header tells is not believed."""

    @pytest.mark.parametrize(
        ("suffix", "options"),
        [
            ("mp3", ["-b:a", "64k"]), ("wav", []), ("flac", []), ("ogg", ["-c:a", "libvorbis"]), ("aiff", []),
            ("opus", ["-c:a", "libopus"]), ("aac", []), ("m4a", []), ("webm", ["-c:a", "libopus"]), ("ts", []),
        ],
    )  # fmt: skip
    def test_chunks_that_were_joined(self, spoken, tmp_path, suffix, options):
        path = tmp_path / f"chunk.{suffix}"
        ffmpeg("-i", spoken, *options, path)
        joined = tmp_path / f"joined.{suffix}"
        joined.write_bytes(path.read_bytes() * 3)
        heard, one = load_speech(joined), load_speech(path).samples
        assert heard.duration == pytest.approx(4.5, abs=0.35)
        assert heard.samples[-len(one) :].std() == pytest.approx(one.std(), rel=0.15)

    def test_chunks_of_another_rate_and_with_another_number_of_channels(self, spoken, tmp_path):
        for suffix in ("wav", "mp3"):
            ffmpeg("-i", spoken, "-ar", 24000, tmp_path / f"one.{suffix}")
            ffmpeg("-i", spoken, "-ar", 44100, "-ac", 2, tmp_path / f"two.{suffix}")
            joined = tmp_path / f"joined.{suffix}"
            joined.write_bytes((tmp_path / f"one.{suffix}").read_bytes() + (tmp_path / f"two.{suffix}").read_bytes())
            assert load_speech(joined).duration == pytest.approx(3.0, abs=0.15)

    def test_an_mp3_of_changing_bit_rate_from_a_pipe(self, spoken, tmp_path):
        path = tmp_path / "piped.mp3"
        options = ["-af", "apad=pad_dur=8", "-ar", 44100, "-ac", 2, "-q:a", 2, "-f", "mp3"]
        path.write_bytes(piped("-i", spoken, *options))
        assert load_speech(path).duration == pytest.approx(9.5, abs=0.1)

    @pytest.mark.parametrize(
        "options",
        [
            ["-f", "flac"], ["-f", "wav"], ["-c:a", "libopus", "-f", "webm"], ["-f", "matroska", "-live", 1],
            ["-c:a", "aac", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", 300000],
            ["-f", "adts"], ["-f", "ogg"],
        ],
    )  # fmt: skip
    def test_a_stream_from_a_pipe(self, spoken, tmp_path, options):
        path = tmp_path / "piped"
        path.write_bytes(piped("-i", spoken, *options))
        assert load_speech(path).duration == pytest.approx(1.5, abs=0.12)

    @pytest.mark.parametrize("told", [0, 8000, 0x7FFFFFFF, 0xFFFFFFFF])
    def test_a_wav_whose_data_have_another_length_than_its_header_tells(self, spoken, tmp_path, told):
        data = bytearray(spoken.read_bytes())
        data[40:44] = told.to_bytes(4, "little")
        path = tmp_path / "recorder.wav"
        path.write_bytes(data)
        np.testing.assert_array_equal(load_speech(path).samples, load_speech(spoken).samples)

    @pytest.mark.parametrize("told", [0, 8000, 16000 * 100000])
    def test_a_flac_whose_header_tells_another_length(self, spoken, tmp_path, told):
        path = tmp_path / "speech.flac"
        ffmpeg("-i", spoken, path)
        data = bytearray(path.read_bytes())
        info = int.from_bytes(data[18:26], "big")  # the last 36 bits of it count the samples
        data[18:26] = (info >> 36 << 36 | told).to_bytes(8, "big")
        path.write_bytes(data)
        np.testing.assert_array_equal(load_speech(path).samples, load_speech(spoken).samples)

    def test_notes_after_the_sound_are_no_sound(self, spoken, tmp_path):
        path = tmp_path / "noted.wav"
        ffmpeg("-i", spoken, "-c:a", "pcm_s16le", "-metadata", "title=A talk", path)
        path.write_bytes(path.read_bytes() + b"LIST" + (12).to_bytes(4, "little") + b"INFOICMT\0\0\0\0")
        assert load_speech(path).duration == 1.5
        assert not played_short(path)

    def test_it_is_known_where_players_stop_before_the_end(self, spoken, tmp_path):
        joined = tmp_path / "joined.wav"
        joined.write_bytes(spoken.read_bytes() * 2)
        assert played_short(joined)
        assert not played_short(spoken)


class TestWhereTheSpeechIs:
    @pytest.mark.parametrize("other", [-1.0, -0.8])
    def test_channels_that_cancel_each_other(self, tmp_path, voice, other):
        path = tmp_path / "swapped.wav"
        left = centred(voice("a", 1.0))
        soundfile.write(path, np.stack([left, other * left], axis=1), RATE, subtype="FLOAT")
        assert similarity(load_speech(path).samples, left) > 0.999
        assert np.abs(load_speech(path).samples).max() == pytest.approx(np.abs(left).max(), rel=0.05)

    def test_channels_that_cancel_each_other_in_memory(self, voice):
        left = centred(voice("a", 1.0))
        speech = Speech.from_samples(np.stack([0.5 * left, -left], axis=1), RATE)
        assert similarity(speech.samples, -left) > 0.999
        swapped = Speech.from_samples(np.stack([left, -left], axis=1), RATE)
        assert np.abs(swapped.samples).max() == pytest.approx(np.abs(left).max(), rel=0.05)

    def test_a_constant_offset_hides_no_cancelling(self, tmp_path, voice):
        path = tmp_path / "offset.wav"
        left = 0.3 * voice("a", 1.0)
        soundfile.write(path, np.stack([left + 0.3, 0.3 - left], axis=1), RATE, subtype="FLOAT")
        assert np.abs(load_speech(path).samples).max() > 0.1

    def test_speech_in_one_channel_alone_is_averaged_as_ever(self, tmp_path, voice):
        path = tmp_path / "left.wav"
        left = centred(voice("a", 1.0))
        soundfile.write(path, np.stack([left, 0 * left], axis=1), RATE, subtype="FLOAT")
        np.testing.assert_allclose(load_speech(path).samples, left / 2, atol=1e-4)

    def film_of_two_tracks(self, path: Path, first: object, second: object) -> Path:
        sources = ["-f", "lavfi", "-i", "color=s=32x32:d=1.5", *first, *second]
        ffmpeg(*sources, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:a", "flac", "-shortest", path)
        return path

    def test_the_second_track_where_the_first_is_silent(self, tmp_path, spoken):
        quiet, loud = ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono"], ["-i", spoken]
        path = self.film_of_two_tracks(tmp_path / "film.mkv", quiet, loud)
        assert similarity(load_speech(path).samples, load_speech(spoken).samples) > 0.999

    def test_the_first_track_where_it_can_be_heard(self, tmp_path, spoken):
        path = self.film_of_two_tracks(tmp_path / "film.mkv", ["-i", spoken], ["-f", "lavfi", "-i", "sine"])
        assert similarity(load_speech(path).samples, load_speech(spoken).samples) > 0.999

    def test_silence_everywhere_is_told(self, tmp_path, voice):
        path = tmp_path / "silence.wav"
        soundfile.write(path, np.zeros(RATE), RATE)
        assert silence_told(load_speech(path)).startswith("nothing is heard in silence.wav")
        assert silence_told(Speech.from_samples(voice("a", 1.0), RATE)) == ""


class TestExcerpts:
    """The part of a sound that goes with a film."""

    def excerpt(self, source: Path, start: float, seconds: float) -> np.ndarray:
        path = source.with_name("excerpt.wav")
        write_excerpt(source, path, start, seconds)
        samples, rate = soundfile.read(path, always_2d=True)
        assert rate == RATE
        return samples

    def test_it_is_cut_to_the_sample_and_led_in_by_silence(self, spoken):
        whole, _ = soundfile.read(spoken)
        np.testing.assert_array_equal(self.excerpt(spoken, 0.5, 0.25)[:, 0], whole[8000:12000])
        np.testing.assert_array_equal(self.excerpt(spoken, -0.5, 1.0)[:, 0], [*np.zeros(8000), *whole[:8000]])
        np.testing.assert_array_equal(self.excerpt(spoken, 1.0, 1.0)[:, 0], whole[16000:])
        np.testing.assert_array_equal(self.excerpt(spoken, 1.0, None)[:, 0], whole[16000:])
        assert not self.excerpt(spoken, 5.0, 0.5).any()
        assert len(self.excerpt(spoken, 5.0, 0.5)) == 8000
        assert not self.excerpt(spoken, -2.0, 0.5).any()

    def test_it_keeps_its_channels(self, tmp_path, voice):
        path = tmp_path / "stereo.wav"
        both = np.stack([voice("a", 1.0), voice("u", 1.0)], axis=1).astype(np.float32)
        soundfile.write(path, both, RATE, subtype="FLOAT")
        np.testing.assert_array_equal(self.excerpt(path, 0.25, 0.5), both[4000:12000])

    def test_it_reaches_over_joined_chunks(self, spoken, tmp_path):
        whole, _ = soundfile.read(spoken)
        path = tmp_path / "joined.wav"
        path.write_bytes(spoken.read_bytes() * 3)
        np.testing.assert_array_equal(self.excerpt(path, 0.0, 4.5)[:, 0], np.tile(whole, 3))
        np.testing.assert_array_equal(self.excerpt(path, 3.5, 0.5)[:, 0], whole[8000:16000])

    def test_it_is_of_the_track_that_is_heard(self, spoken, tmp_path):
        path = TestWhereTheSpeechIs().film_of_two_tracks(
            tmp_path / "film.mkv", ["-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono"], ["-i", spoken]
        )
        whole, _ = soundfile.read(spoken)
        np.testing.assert_array_equal(self.excerpt(path, 0.5, 0.5)[:, 0], whole[8000:16000])


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
        with pytest.raises(SpeechError, match=r"portrait\.png is not a sound file"):
            load_speech(path)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1.5,\n{other}\n#EXT-X-ENDLIST\n"),
            ("list.wav", "ffconcat version 1.0\nfile '{other}'\n"),
            ("list.mp3", "[playlist]\nFile1={other}\nNumberOfEntries=1\n"),
        ],
    )
    def test_a_playlist_opens_no_other_file(self, spoken, tmp_path, name, text):
        path = tmp_path / name
        path.write_text(text.format(other=spoken))
        with pytest.raises(SpeechError, match=f"{name} is a playlist.*give the recording itself"):
            load_speech(path)
        with pytest.raises(SpeechError, match="is a playlist"):
            write_excerpt(path, tmp_path / "excerpt.wav", 0.0, 1.0)
        assert not (tmp_path / "excerpt.wav").exists()

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

    @pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
    @pytest.mark.parametrize("given", [0, 20, 40_000])
    def test_a_decoder_that_is_killed_is_told_and_nothing_is_cut_short(self, spoken, tmp_path, monkeypatch, given):
        path = tmp_path / "speech.flac"
        path.write_bytes(piped("-i", spoken, "-f", "flac"))
        killed = tmp_path / "ffmpeg"
        killed.write_text(f'#!/bin/sh\n"{ffmpeg_program()}" "$@" | head -c {given}\nkill -9 $$\n')
        killed.chmod(0o755)
        monkeypatch.setattr("chironomy.speech.sound.ffmpeg_program", lambda _: str(killed))
        with pytest.raises(
            DecoderKilled, match=r"speech\.flac was not decoded to its end: .* signal 9; try again"
        ) as told:
            load_speech(path)
        assert told.value.passing

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_not_numbers(self, tmp_path, voice, bad):
        samples = voice("a", 1.0)
        samples[RATE // 2 :] = bad
        path = tmp_path / "broken.wav"
        soundfile.write(path, samples, RATE, subtype="FLOAT")
        with pytest.raises(SpeechError, match=r"not numbers.*first at 0\.500 s.*export it again"):
            load_speech(path)

    @pytest.mark.parametrize("options", [["-f", "wav"], ["-f", "adts"], ["-c:a", "flac", "-f", "matroska"]])
    def test_a_recording_that_is_too_long_is_cut_off_at_the_limit(self, spoken, tmp_path, options):
        path = tmp_path / "long"
        path.write_bytes(piped("-i", spoken, *options))
        with pytest.raises(SpeechError, match=r"longer than the 0\.01 minutes accepted; cut it into parts"):
            load_speech(path, maximum_seconds=0.6)

    def test_chunks_are_too_long_together(self, spoken, tmp_path):
        path = tmp_path / "joined.wav"
        path.write_bytes(spoken.read_bytes() * 3)
        with pytest.raises(SpeechError, match="longer than"):
            load_speech(path, maximum_seconds=3.0)
        assert load_speech(path, maximum_seconds=4.5).duration == 4.5

    @pytest.mark.parametrize("told", [None, 0, 8000])
    def test_hours_of_silence_in_a_small_file_are_refused_before_they_are_held(self, tmp_path, told):
        path = tmp_path / "silence.flac"
        with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format="FLAC") as sound:
            for _ in range(70):
                sound.write(np.zeros(60 * 8000, np.int16))
        if told is not None:
            data = bytearray(path.read_bytes())
            # The lowest 32 of 36 bits of the number of samples in all (RFC 9639, section 8.2), 0 where it is not known.
            data[22:26] = told.to_bytes(4, "big")
            path.write_bytes(data)
        tracemalloc.start()
        try:
            with pytest.raises(SpeechError, match="longer than the 60 minutes"):
                load_speech(path)
            assert tracemalloc.get_traced_memory()[1] < 64 << 20
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("channels", [1, 2])
    @pytest.mark.parametrize("suffix", [".flac", ".wav"])
    def test_what_was_counted_is_what_is_read_at_once(self, tmp_path, voice, monkeypatch, channels, suffix):
        path = tmp_path / f"long{suffix}"
        one = voice("a", 2.0)
        soundfile.write(path, one if channels == 1 else np.stack([one, -one], axis=1), RATE)
        at_once = load_speech(path)
        monkeypatch.setattr("chironomy.speech.decode._UNCOUNTED_SECONDS", 0.5)
        assert np.array_equal(load_speech(path).samples, at_once.samples)

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


def test_blocks_from_a_pipe_are_small_and_keep_every_sample(tmp_path):
    samples = np.arange(3 * 400_000, dtype="<f4")
    path = tmp_path / "raw"
    path.write_bytes(samples.tobytes())
    with path.open("rb") as stream:
        blocks = list(_float_blocks(stream, 3))
    assert max(block.nbytes for block in blocks) <= 1 << 20
    np.testing.assert_array_equal(np.concatenate(blocks), samples.reshape(-1, 3))


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


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31, 2**32 - 1])
def test_a_rate_that_no_recording_has_is_a_sentence_and_takes_no_memory(tmp_path: Path, rate: int) -> None:
    """Of the samples of one second or so, as the header lies."""
    samples = bytes(32_000)
    head = struct.pack("<HHIIHH", 1, 1, rate, min(2 * rate, 2**32 - 1), 2, 16)
    data = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(samples)) + samples
    path = tmp_path / "lying.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(data) + 4) + b"WAVE" + data)
    with pytest.raises(SpeechError, match=rf"lying\.wav says that it has {rate} samples a second; from 1000 to 768000"):
        load_speech(path)
