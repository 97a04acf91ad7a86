# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sound is spoken when, and what happens where recognition fails."""

import json
import sys
import threading
from itertools import pairwise

import numpy as np
import pytest

from chironomy.speech import Phone, Speech, SpeechError, listeners, load_speech, recognise_phones, recogniser
from chironomy.speech import phones as phones_module
from chironomy.speech.acoustic import acoustic_phones
from chironomy.speech.contours import speech_contours
from chironomy.speech.errors import ListeningCancelled
from chironomy.speech.phone import VOWELS
from chironomy.speech.phones import METHODS
from chironomy.speech.recogniser import Heard
from chironomy.speech.visemes import VISEMES
from chironomy.work import Work

RATE = 16000
BILABIALS = {"P", "B", "M"}


def speech_of(*parts) -> Speech:
    return Speech.from_samples(np.concatenate(parts), RATE)


@pytest.fixture(scope="module")
def example(repository):
    return load_speech(repository / "examples" / "speech.flac")


@pytest.mark.parametrize("method", METHODS)
def test_phones_are_in_order_inside_the_recording_and_known(example, method):
    phones = recognise_phones(example, method)
    assert len(phones) > 5 * example.duration
    assert all(phone.start < phone.end for phone in phones)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(phones))
    assert phones[0].start >= 0
    assert phones[-1].end <= example.duration + 1e-9
    assert {phone.label for phone in phones} <= set(VISEMES) | {"AW", "AY", "EY", "OY"}


def test_silence_has_no_phones(silence):
    assert recognise_phones(speech_of(silence(1.0))) == []


def test_progress_ends_at_one(voice, silence):
    shares = []
    recognise_phones(
        speech_of(voice("a", 0.5), silence(0.6), voice("i", 0.5)),
        "acoustic",
        Work(lambda done, *_: shares.append(done)),
    )
    assert shares == [0.5, 1.0]


def test_an_unknown_method_is_refused(voice):
    with pytest.raises(SpeechError, match="choose one of words, phones, acoustic"):
        recognise_phones(speech_of(voice("a", 0.5)), "telepathy")


def test_without_a_recogniser_the_sound_itself_is_used(voice, monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    assert [phone.label for phone in recognise_phones(speech_of(voice("a", 0.5)))] != []


def test_where_recognition_breaks_down_the_sound_itself_is_used(voice, monkeypatch):
    def broken(*_, words):
        raise RuntimeError("Failed to stop utterance processing")

    monkeypatch.setattr(phones_module.Recogniser, "hear", broken)
    speech = speech_of(voice("a", 0.5))
    assert recognise_phones(speech) == recognise_phones(speech, "acoustic")


def test_where_the_recogniser_hears_silence_the_sound_itself_is_used(voice, monkeypatch):
    monkeypatch.setattr(phones_module.Recogniser, "hear", lambda *_, words: Heard([("<sil>", 0, 50)], []))
    assert any(phone.label in VOWELS for phone in recognise_phones(speech_of(voice("a", 0.5))))


def test_words_that_do_not_fit_the_sounds_are_not_believed(example, monkeypatch):
    monkeypatch.setattr(listeners, "how_many", lambda *_: 0)
    monkeypatch.setattr(recogniser, "WORDS_FIT", 0.0)
    assert recognise_phones(example, "words") == recognise_phones(example, "phones")


class TestListeners:
    """Recognisers in processes of their own."""

    @pytest.fixture(autouse=True)
    def fresh(self):
        listeners.end_idle()
        yield
        listeners.end_idle()

    def test_hear_what_one_in_this_process_hears(self, example, monkeypatch):
        monkeypatch.setattr(listeners, "how_many", lambda *_: 2)
        apart = recognise_phones(example)
        assert len(listeners._idle) == 2
        monkeypatch.setattr(listeners, "how_many", lambda *_: 0)
        assert apart == recognise_phones(example)

    def test_are_kept_for_the_next_recording(self, example, monkeypatch):
        monkeypatch.setattr(listeners, "how_many", lambda *_: 1)
        recognise_phones(example, "phones")
        (first,) = listeners._idle
        recognise_phones(example, "phones")
        assert listeners._idle == [first]
        listeners.end_idle()
        assert not first.alive()

    def test_end_when_the_work_is_stopped(self, example, monkeypatch):
        started = []
        monkeypatch.setattr(listeners, "how_many", lambda *_: 1)
        taken = listeners._taken
        monkeypatch.setattr(listeners, "_taken", lambda count: started.extend(taken(count)) or started)
        with pytest.raises(ListeningCancelled):
            recognise_phones(example, work=Work(cancelled=lambda: bool(started)))
        assert not any(each.alive() for each in started)

    def test_are_done_without_where_they_end_by_themselves(self, example, monkeypatch):
        class Broken(listeners._Listener):
            def hear(self, sound, words):
                self.end()
                return super().hear(sound, words)

        monkeypatch.setattr(listeners, "how_many", lambda *_: 1)
        monkeypatch.setattr(listeners, "_Listener", Broken)
        apart = recognise_phones(example, "phones")
        assert not listeners._idle
        monkeypatch.setattr(listeners, "how_many", lambda *_: 0)
        assert apart == recognise_phones(example, "phones")

    def test_leave_this_process_to_go_on_meanwhile(self, example, monkeypatch):
        monkeypatch.setattr(listeners, "how_many", lambda *_: 1)
        done = threading.Event()
        thread = threading.Thread(target=lambda: (recognise_phones(example), done.set()))
        thread.start()
        ticks = 0
        while not done.wait(0.01):
            ticks += 1
        thread.join()
        assert ticks > 10


def test_long_phrases_are_cut_at_quiet_moments(voice, monkeypatch):
    monkeypatch.setattr(phones_module, "_LONGEST_SECONDS", 1.5)
    stretches = phones_module._stretches(speech_of(voice("a", 1.2), voice("m", 0.1), voice("i", 1.1)))
    assert len(stretches) == 2
    assert stretches[0][1] == stretches[1][0] == pytest.approx(1.25, abs=0.06)


def test_closures_heard_by_the_free_phones_replace_sounds_easily_confused_with_them():
    worded = [Phone("AA", 0.0, 0.2), Phone("N", 0.2, 0.3), Phone("IY", 0.3, 0.5), Phone("S", 0.5, 0.6)]
    free = [Phone("AA", 0.0, 0.21), Phone("M", 0.21, 0.3), Phone("IY", 0.3, 0.48), Phone("P", 0.5, 0.6)]
    labels = [phone.label for phone in phones_module._with_closures(worded, free)]
    assert labels == ["AA", "M", "IY", "S"]


class TestAcousticPhones:
    def test_open_spread_and_rounded_vowels_are_told_apart(self, voice):
        speech = speech_of(voice("a", 0.6), voice("i", 0.6), voice("u", 0.6))
        phones = acoustic_phones(speech_contours(speech), 0.0, speech.duration)

        def at(time):
            return next(phone.label for phone in phones if phone.start <= time < phone.end)

        assert (at(0.3), at(0.9), at(1.5)) == ("AA", "IY", "OW")

    def test_a_hum_between_vowels_closes_the_lips(self, voice):
        speech = speech_of(voice("a", 0.4), voice("m", 0.09), voice("a", 0.4))
        closures = [p for p in acoustic_phones(speech_contours(speech), 0.0, 0.89) if p.label in BILABIALS]
        assert [phone.middle for phone in closures] == [pytest.approx(0.445, abs=0.03)]

    def test_a_hiss_does_not(self, voice):
        hiss = np.random.default_rng(0).standard_normal(int(0.1 * RATE))
        hiss = np.diff(hiss, prepend=0.0) * 0.04
        speech = speech_of(voice("a", 0.4), hiss, voice("a", 0.4))
        labels = [phone.label for phone in acoustic_phones(speech_contours(speech), 0.0, 0.9)]
        assert "S" in labels
        assert not BILABIALS & set(labels)


def test_phones_of_read_speech_match_their_transcription(shared_speech):
    recordings = sorted(shared_speech.glob("austen-*.wav"))
    if not recordings:
        pytest.skip("no recordings with phones")
    vowels = agreed = 0
    for path in recordings:
        found = recognise_phones(load_speech(path))
        for word in json.loads(path.with_suffix(".phones.json").read_text())["w"]:
            for phone in word["w"]:
                if phone["t"] in VOWELS:
                    middle = phone["b"] + phone["d"] / 2
                    vowels += 1
                    agreed += any(p.label in VOWELS and p.start <= middle < p.end for p in found)
    assert agreed / vowels > 0.85
