# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases, onsets, syllables and accents."""

import json

import numpy as np
import pytest

from chironomy.speech import Speech, load_speech, onsets, pitch_accents, speech_phrases
from chironomy.speech.accents import accent_onsets, syllables

RATE = 16000
VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}


def speech_of(*parts) -> Speech:
    return Speech.from_samples(np.concatenate(parts), RATE)


def test_phrases_are_what_lies_between_pauses(voice, silence):
    phrases = speech_phrases(speech_of(silence(0.5), voice("a", 1.0), silence(0.7), voice("i", 0.6), silence(0.4)))
    np.testing.assert_allclose(phrases, [(0.5, 1.5), (2.2, 2.8)], atol=0.07)


def test_the_closure_of_a_stop_does_not_end_a_phrase(voice, silence):
    assert len(speech_phrases(speech_of(voice("a", 0.5), silence(0.1), voice("a", 0.5)))) == 1


def test_a_click_is_not_a_phrase(silence):
    click = np.zeros(RATE)
    click[8000:8050] = 0.8
    assert speech_phrases(speech_of(click)) == []


def test_phrases_are_found_in_noise(voice, silence):
    clean = np.concatenate([silence(0.6), voice("a", 1.0), silence(0.8), voice("a", 0.6), silence(0.3)])
    noise = np.random.default_rng(0).standard_normal(len(clean)) * 0.01
    np.testing.assert_allclose(speech_phrases(speech_of(clean + noise)), [(0.6, 1.6), (2.4, 3.0)], atol=0.1)


def test_silence_has_no_events(silence):
    speech = speech_of(silence(1.0))
    assert speech_phrases(speech) == []
    assert len(onsets(speech)) == 0
    assert [len(part) for part in pitch_accents(speech)] == [0, 0]


def test_every_syllable_is_found_once(voice):
    parts = [part for _ in range(5) for part in (voice("m", 0.08), voice("a", 0.2))]
    nuclei = syllables(speech_of(*parts))
    np.testing.assert_allclose(nuclei.times, 0.18 + 0.28 * np.arange(5), atol=0.1)


def test_a_steady_tone_is_one_syllable():
    assert len(syllables(speech_of(0.3 * np.sin(np.arange(3 * RATE) * 0.0864))).times) == 1


@pytest.mark.parametrize(
    "stress",
    [{"level": 0.35}, {"seconds": 0.35}, {"hertz": 170.0}],
    ids=["louder", "longer", "higher"],
)
def test_the_syllable_that_stands_out_is_the_strongest_accent(voice, stress):
    plain = {"seconds": 0.16, "hertz": 115.0, "level": 0.2}
    parts, begin, middle = [], 0.0, 0.0
    for index in range(7):
        chosen = plain | stress if index == 3 else plain
        parts += [voice("m", 0.07), voice("a", **chosen)]
        if index == 3:
            middle = begin + 0.07 + chosen["seconds"] / 2
        begin += 0.07 + chosen["seconds"]
    times, strengths = pitch_accents(speech_of(*parts))
    assert times[strengths.argmax()] == pytest.approx(middle, abs=0.12)


def test_accents_are_ordered_apart_and_between_zero_and_one(babble):
    times, strengths = pitch_accents(speech_of(babble(12.0, 4)))
    assert len(times) > 5
    assert (np.diff(times) >= 0.22 - 1e-9).all()
    assert ((strengths > 0) & (strengths < 1)).all()


def test_onsets_precede_their_syllables(voice, silence):
    parts = [part for _ in range(4) for part in (silence(0.3), voice("a", 0.3))]
    np.testing.assert_allclose(onsets(speech_of(*parts)), 0.3 + 0.6 * np.arange(4), atol=0.05)


def test_accents_of_read_speech_fall_on_vowels_at_a_plausible_rate(shared_speech):
    recordings = sorted(shared_speech.glob("austen-*.wav"))
    if not recordings:
        pytest.skip("no recordings with phones")
    hits, count, seconds = 0, 0, 0.0
    for path in recordings:
        speech = load_speech(path)
        words = json.loads(path.with_suffix(".phones.json").read_text())["w"]
        phones = [phone for word in words for phone in word["w"]]
        times, _ = pitch_accents(speech)
        for time in times:
            label = next((p["t"] for p in phones if p["b"] <= time < p["b"] + p["d"]), "SIL")
            hits += label in VOWELS
        count += len(times)
        seconds += speech.duration
    assert hits / count > 0.85
    assert 55 < 60 * count / seconds < 140


def test_a_few_words_in_a_long_silence_are_found(voice, silence):
    phrases = speech_phrases(speech_of(silence(40.0), voice("a", 0.8), silence(20.0)))
    np.testing.assert_allclose(phrases, [(40.0, 40.8)], atol=0.07)


def test_an_accented_syllable_begins_to_sound_before_its_loudest_moment(voice, silence):
    speech = speech_of(silence(0.4), voice("a", 0.2), voice("m", 0.1), voice("a", 0.35, level=0.4), silence(0.4))
    times, _ = pitch_accents(speech)
    attacks = accent_onsets(speech)
    assert attacks.shape == times.shape
    assert np.all((times - attacks > -0.011) & (times - attacks <= 0.181))
    assert np.abs(attacks - 0.7).min() < 0.05


def test_silence_has_no_accented_onsets(silence):
    assert len(accent_onsets(speech_of(silence(1.0)))) == 0
