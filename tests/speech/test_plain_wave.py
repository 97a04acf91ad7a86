# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual WAV is read as ffmpeg reads it; what is not usual is left to ffmpeg."""

import numpy as np
import pytest
import soundfile

from chironomy.speech import sound
from chironomy.speech.plain_wave import plain_wave

SUBTYPES = ("PCM_16", "PCM_24", "PCM_32", "FLOAT")


def samples_of(path):
    with sound.open_sound(path) as opened:
        return opened.rate, np.concatenate(list(opened.blocks()))


@pytest.fixture
def noise():
    return np.random.default_rng(4).uniform(-1, 1, (30011, 2))


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_samples_are_those_that_ffmpeg_decodes(tmp_path, monkeypatch, noise, subtype, kind, channels):
    path = tmp_path / "speech.wav"
    soundfile.write(path, noise[:, :channels], 22050, subtype=subtype, format=kind)
    assert plain_wave(path) is not None
    rate, mine = samples_of(path)
    monkeypatch.setattr(sound, "plain_wave", lambda path: None)
    assert (rate, mine.dtype, mine.shape) == (22050, np.float32, (30011, channels))
    assert np.array_equal(mine, samples_of(path)[1])


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_U8"), ("WAV", "ULAW"), ("WAV", "DOUBLE"), ("FLAC", None)])
def test_what_is_not_usual_is_left_to_a_decoder(tmp_path, noise, kind, subtype):
    path = tmp_path / "speech.wav"
    soundfile.write(path, noise, 16000, subtype=subtype, format=kind)
    assert plain_wave(path) is None
    assert len(samples_of(path)[1]) == 30011


@pytest.mark.parametrize("change", ["cut", "grown", "nothing but a head"])
def test_a_header_that_tells_another_length_is_not_believed(tmp_path, noise, change):
    path = tmp_path / "speech.wav"
    soundfile.write(path, noise, 16000, subtype="PCM_16")
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-4000], "grown": content + bytes(4000)}.get(change, content[:12]))
    assert plain_wave(path) is None


def test_chunks_around_the_samples_are_no_sound(tmp_path, noise):
    path = tmp_path / "speech.wav"
    soundfile.write(path, noise[:, 0], 16000, subtype="PCM_16")
    content = path.read_bytes()
    note = b"LIST\x05\0\0\0hello\0"
    longer = content[:4] + (len(content) - 8 + 2 * len(note)).to_bytes(4, "little") + content[8:12]
    path.write_bytes(longer + note + content[12:] + note)
    assert plain_wave(path) is not None
    assert len(samples_of(path)[1]) == 30011
