# SPDX-License-Identifier: GPL-3.0-or-later
"""What stage 1 hears: shape, range, independence of level and register, behaviour in silence."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chironomy.speech import PROSODY_NAMES, PROSODY_VERSION, Speech, SpeechError, prosody_features
from chironomy.speech import contours as contours_module

RATE = 16000


def column(features, name):
    return features[:, PROSODY_NAMES.index(name)]


def features_of(*parts, fps=24, frame_count=None):
    return prosody_features(Speech.from_samples(np.concatenate(parts), RATE), fps, frame_count)


def test_one_row_a_frame_one_column_a_name(babble):
    features = features_of(babble(2.0, 0))
    assert features.shape == (48, len(PROSODY_NAMES))
    assert features.dtype == np.float32
    assert len(set(PROSODY_NAMES)) == len(PROSODY_NAMES) == 34


@settings(max_examples=20, deadline=None)
@given(
    seconds=st.floats(0.2, 1.5),
    fps=st.sampled_from([12.0, 23.976, 24.0, 30.0, 60.0, 120.0]),
    kind=st.sampled_from(["noise", "tone", "clicks", "silence", "steps"]),
    level=st.floats(1e-5, 1.0),
    seed=st.integers(0, 100),
)
def test_any_sound_gives_finite_bounded_features(seconds, fps, kind, level, seed):
    count = round(seconds * RATE) + 1
    rng = np.random.default_rng(seed)
    signal = {
        "noise": rng.standard_normal(count),
        "tone": np.sin(np.arange(count) * 0.08),
        "clicks": (rng.random(count) < 0.001).astype(float),
        "silence": np.zeros(count),
        "steps": np.sign(np.sin(np.arange(count) * 0.001)),
    }[kind]
    features = features_of(signal * level, fps=fps)
    assert len(features) == max(1, round(count / RATE * fps))
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 3


def test_silence_is_one_constant_row(silence):
    features = features_of(silence(1.0))
    assert (features == features[0]).all()
    assert column(features, "loudness")[0] == -3
    assert column(features, "mel_05")[0] == -3
    assert column(features, "speech")[0] == 0


def test_steady_noise_is_silence_too():
    noise = np.random.default_rng(0).standard_normal(RATE) * 0.01
    assert (column(features_of(noise), "speech") == 0).all()


def test_frames_past_the_end_are_silence(voice, silence):
    longer = features_of(voice("a", 1.0), frame_count=72)
    padded = features_of(voice("a", 1.0), silence(2.0))
    assert longer.shape[0] == 72
    assert column(longer, "speech")[60] == 0
    assert column(longer, "loudness")[60] == -3
    np.testing.assert_allclose(column(longer, "pause_elapsed")[30:], column(padded, "pause_elapsed")[30:], atol=0.08)


def test_level_does_not_matter(babble):
    signal = babble(3.0, 1)
    np.testing.assert_allclose(features_of(signal), features_of(signal * 0.01), atol=0.02)


def test_register_does_not_matter(voice, silence):
    def melody(base):
        return [part for step in (0, 4, 2, 7, 0) for part in (voice("a", 0.25, base * 2 ** (step / 12)), silence(0.1))]

    low, high = features_of(*melody(100)), features_of(*melody(180))
    np.testing.assert_allclose(column(low, "pitch"), column(high, "pitch"), atol=0.35)


def test_pitch_follows_the_voice(voice):
    features = features_of(voice("a", 1.0, 100), voice("a", 1.0, 140))
    assert column(features, "pitch")[36] > column(features, "pitch")[12] + 1
    assert column(features, "pitch_slope").argmax() == pytest.approx(24, abs=2)


def test_voicing_tells_voice_from_breath(voice):
    breath = np.random.default_rng(0).standard_normal(RATE) * 0.05
    features = features_of(voice("a", 1.0), breath)
    assert column(features, "voicing")[6:18].mean() > 0.9
    assert column(features, "voicing")[30:42].mean() < 0.2


def test_onsets_are_where_the_sound_begins(voice, silence):
    features = features_of(silence(0.5), voice("a", 0.4), silence(0.6), voice("i", 0.4))
    onset = column(features, "onset")
    assert onset[:24].argmax() / 24 == pytest.approx(0.5, abs=0.06)
    assert 1 + onset[24:].argmax() / 24 == pytest.approx(1.5, abs=0.06)


def test_phrase_columns_count_from_and_to_the_pauses(voice, silence):
    features = features_of(silence(0.5), voice("a", 1.0), silence(1.0), voice("a", 0.5))
    speaking = column(features, "speech")
    assert speaking[18] == pytest.approx(1, abs=0.01)
    assert speaking[48] == pytest.approx(0, abs=0.01)
    assert column(features, "phrase_elapsed")[15] > column(features, "phrase_elapsed")[30]
    assert column(features, "phrase_remaining")[15] < column(features, "phrase_remaining")[30]
    assert column(features, "pause_elapsed")[40] > column(features, "pause_elapsed")[55]
    assert column(features, "pause_remaining")[40] < column(features, "pause_remaining")[55]
    assert column(features, "pause_elapsed")[4] == 0


def test_the_spectrum_tells_vowels_apart(voice):
    features = features_of(voice("i", 0.6), voice("u", 0.6), voice("a", 0.6))
    mel = features[:, PROSODY_NAMES.index("mel_00") :][:, :16]
    high = mel[:, 10:].mean(axis=1)
    assert high[4:10].mean() > high[18:26].mean() + 0.5


def test_features_at_another_frame_rate_are_the_same_curves(babble):
    signal = babble(4.0, 2)
    slow, fast = features_of(signal, fps=24), features_of(signal, fps=48)
    for name in ("loudness_slow", "speech", "pitch", "accent_elapsed"):
        assert np.corrcoef(column(slow, name), column(fast, name)[::2])[0, 1] > 0.97


def test_a_long_recording_is_analysed_in_stretches_without_seams(babble, monkeypatch):
    signal = babble(8.0, 3)
    whole = features_of(signal)
    monkeypatch.setattr(contours_module, "_CHUNK_FRAMES", 130)
    monkeypatch.setattr(contours_module, "_PITCH_CHUNK_SECONDS", 3)
    parts = features_of(signal)
    mel = PROSODY_NAMES.index("mel_00")
    np.testing.assert_allclose(parts[:, mel : mel + 16], whole[:, mel : mel + 16], atol=1e-3)
    assert np.abs(parts - whole).mean() < 0.02


def test_the_same_speech_gives_the_same_features(babble):
    np.testing.assert_array_equal(features_of(babble(2.0, 0)), features_of(babble(2.0, 0)))


@pytest.mark.parametrize(("fps", "frame_count"), [(0, None), (-24, None), (float("nan"), None), (24, 0)])
def test_impossible_frame_rates_and_counts_are_refused(voice, fps, frame_count):
    with pytest.raises(SpeechError, match="give"):
        features_of(voice("a", 0.5), fps=fps, frame_count=frame_count)


def test_version_1_means_these_numbers(babble):
    """Weights are trained on them: a change of definition needs a new version, and new weights."""
    golden = [
        -0.972,
        0.097,
        0.671,
        0.209,
        0.075,
        0.6,
        0.207,
        0.123,
        0.212,
        0.263,
        0.002,
        0.718,
        0.26,
        0.252,
        0.143,
        0.195,
    ]
    golden += [-1.055, -0.911, -1.261, -0.996, -0.806, -0.703, -0.619, -0.706]
    golden += [-0.436, -0.265, -0.167, -0.28, -0.541, -0.843, -0.843, -0.843]
    golden += [0.063, 0.186]
    assert PROSODY_VERSION == 1
    np.testing.assert_allclose(features_of(babble(4.0, 7)).mean(axis=0), golden, atol=0.03)


class Heard:
    """What something is found out about."""


def test_what_two_threads_ask_for_is_found_out_once() -> None:
    begun, may, found = threading.Event(), threading.Event(), []

    @contours_module.once
    def slowly(of: Heard) -> list[Heard]:
        begun.set()
        assert may.wait(10)
        return [of]

    heard = Heard()
    threads = [threading.Thread(target=lambda: found.append(slowly(heard))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    may.set()
    for thread in threads:
        thread.join(10)
    assert found[0] is found[1]
    assert slowly(heard) is found[0]
