# SPDX-License-Identifier: GPL-3.0-or-later
"""When each word of a script is said."""

import re
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from spoken import errors, speak

from chironomy.performance.scripts import score_of_words
from chironomy.speech import Speech, SpeechError, load_speech
from chironomy.speech.words import Mark, heard_words, language_of, script_words
from chironomy.speech.words.spelling import guessed_sounds, spoken
from chironomy.speech.words.word import tokens_of
from chironomy.work import Work

ENGLISH = """Hello, and welcome to everybody. I want to tell you something about hands. They are never still.

In 1990, Dr. Szczepanek bought 21 apples for the well-known Kthulu family. On the left you see a huge tower, and on the
right a tiny house. Don't go left, they said; tomorrow we will see."""

EXAMPLE = """Good morning, and welcome. When you speak, your hands speak too. They rise before the word, they land
exactly on it, and then they rest. So, give me one sentence, and I will show you a big, wide gesture!"""

OTHER = """Take three of the boxes from the table near the window and carry them down to the boat before the evening.
Nobody knew where the old key was. The children had been looking for it all morning, behind the shed."""

KOREAN = """안녕하세요 여러분. 오늘은 손에 대해 말씀드리겠습니다. 첫째, 손은 쉬지 않습니다. 둘째, 손은 말보다 빠릅니다.
왼쪽에는 큰 건물이 있고, 오른쪽에는 작은 집이 있습니다. 저는 아무것도 모릅니다. 감사합니다."""


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    """A recording, its script, and when its words begin."""
    folder = tmp_path_factory.mktemp("english")
    begun = speak(ENGLISH, folder / "speech.wav")
    (folder / "script.txt").write_text(ENGLISH)
    return load_speech(folder / "speech.wav"), folder / "script.txt", begun


def test_a_script_is_aligned_to_the_sound(english):
    speech, script, begun = english
    words = script_words(speech, script)
    assert [word.text for word in words] == ENGLISH.split()
    late = errors(ENGLISH, words, begun)
    assert np.median(np.abs(late)) <= 0.08
    assert np.percentile(np.abs(late), 90) <= 0.2
    assert not any(word.rough for word in words)
    assert all(word.start < word.end <= speech.duration for word in words)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(words))


def test_a_long_script_is_aligned_stretch_by_stretch(tmp_path):
    text = "\n\n".join([ENGLISH] * 3)
    begun = speak(text, tmp_path / "speech.wav")
    (tmp_path / "script.txt").write_text(text)
    speech = load_speech(tmp_path / "speech.wav")
    assert speech.duration > 60
    told = []
    words = script_words(speech, tmp_path / "script.txt", work=Work(lambda done, *_: told.append(done)))
    assert np.median(np.abs(errors(text, words, begun))) <= 0.08
    assert np.abs(errors(text, words, begun)).max() < 1.0
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_script_that_is_not_what_is_said_does_not_fit(tmp_path):
    speech = load_speech(Path(__file__).parents[2] / "examples" / "speech.flac")
    for text, fits in ((EXAMPLE, True), (OTHER, False)):
        (tmp_path / "script.txt").write_text(text)
        assert {word.fits for word in script_words(speech, tmp_path / "script.txt")} == {fits}
        score = score_of_words(speech, tmp_path / "script.txt")
        assert score.source.get("script_unheard", False) is not fits


def test_a_language_without_a_dictionary_is_counted_out_and_called_rough(tmp_path):
    begun = speak(KOREAN, tmp_path / "speech.wav", "ko")
    (tmp_path / "script.txt").write_text(KOREAN)
    words = script_words(load_speech(tmp_path / "speech.wav"), tmp_path / "script.txt")
    assert [word.text for word in words] == KOREAN.split()
    assert all(word.rough for word in words)
    assert np.median(np.abs(errors(KOREAN, words, begun))) <= 0.25


def test_without_the_recogniser_english_is_counted_out(english, monkeypatch, caplog):
    speech, script, begun = english
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    words = script_words(speech, script)
    assert all(word.rough for word in words)
    assert np.median(np.abs(errors(ENGLISH, words, begun))) <= 0.4
    assert "pocketsphinx" in caplog.text


def test_captions_say_roughly_when_and_the_sound_says_exactly(english, tmp_path):
    speech, script, _ = english
    words = script_words(speech, script)
    middle = ENGLISH.split().index("In")
    captions = tmp_path / "speech.srt"
    parts = [words[:middle], words[middle:]]
    blocks = [
        f"{number}\n00:00:{part[0].start:06.3f} --> 00:00:{part[-1].end:06.3f}\n{' '.join(w.text for w in part)}\n"
        for number, part in enumerate(parts, 1)
    ]
    captions.write_text("\n".join(blocks).replace(".", ".", 1))
    again = script_words(speech, captions)
    assert [word.text for word in again] == ENGLISH.split()
    assert np.median([abs(a.start - b.start) for a, b in zip(again, words, strict=True)]) <= 0.03


def test_a_silent_recording_and_a_short_one_still_give_every_word_a_place(tmp_path):
    import soundfile

    (tmp_path / "script.txt").write_text("Welcome to all of you, here and there.")
    for seconds in (0.3, 5.0):
        soundfile.write(tmp_path / "speech.wav", np.zeros(round(seconds * 16000)), 16000)
        words = script_words(load_speech(tmp_path / "speech.wav"), tmp_path / "script.txt")
        assert len(words) == 8
        assert all(0 <= word.start <= word.end <= seconds for word in words)


LATE = {
    "late.srt": (
        "1\n00:00:01,000 --> 00:00:02,000\nWelcome to all\n\n2\n00:01:07,000 --> 00:01:09,000\nand goodbye\n",
        "late.srt, line 7: it begins at 67 s, after the recording's end at 5.00 s, so it is left out",
    ),
    "edge.srt": (
        "1\n00:00:01,000 --> 00:00:02,000\nWelcome to all\n\n2\n00:00:05,000 --> 00:00:09,000\nand goodbye\n",
        "edge.srt, line 7: it begins at 5 s, after the recording's end at 5.00 s, so it is left out",
    ),
    "empty.srt": (
        "1\n00:00:01,000 --> 00:00:01,000\nand goodbye\n\n2\n00:00:01,000 --> 00:00:02,000\nWelcome to all\n",
        "empty.srt, line 3: it begins and ends at 1 s, so it is left out",
    ),
    "segments.json": (
        '{"segments": [{"text": " Welcome to all", "start": 1, "end": 2}, '
        '{"text": " bye bye", "start": 60, "end": 67}]}',
        "segments.json, segment 2: it begins at 60 s, after the recording's end at 5.00 s, so it is left out",
    ),
}


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.filterwarnings("error")
def test_captions_that_nobody_can_hear_are_left_out_and_that_is_told(tmp_path, name, language):
    import soundfile

    content, sentence = LATE[name]
    (tmp_path / name).write_text(content)
    noise = 0.1 * np.random.default_rng(0).standard_normal(80000)
    soundfile.write(tmp_path / "speech.wav", noise, 16000)
    said = []
    words = script_words(load_speech(tmp_path / "speech.wav"), tmp_path / name, language, name=name, remark=said.append)
    assert [word.text for word in words] == ["Welcome", "to", "all"]
    assert said == [sentence]


def test_captions_of_another_recording_are_refused_by_their_line(tmp_path):
    import soundfile

    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:20.000 --> 00:22.000\nand goodbye\n")
    soundfile.write(tmp_path / "speech.wav", np.zeros(16000), 16000)
    with pytest.raises(SpeechError, match=r"a.vtt, line 4: it begins at 20 s, and the recording lasts 1.00 s; check"):
        script_words(load_speech(tmp_path / "speech.wav"), tmp_path / "a.vtt", name="a.vtt")


def test_marks_stand_at_the_word_after_them():
    first, second = tokens_of("Go [point left] there [wave] !", "script.txt", strict=True)
    assert first.text == "Go"
    assert second.marks == (Mark("point left", "script.txt, line 1"), Mark("wave", "script.txt, line 1"))
    assert second.text == "there!"
    with pytest.raises(SpeechError, match=r"script.txt, line 1: nothing stands between the brackets; write"):
        tokens_of("Go [] there", "script.txt", strict=True)
    with pytest.raises(SpeechError, match=r"script.txt, line 2: '\[' has no counterpart"):
        tokens_of("Go\nto [point left", "script.txt", strict=True)
    assert [token.text for token in tokens_of("Go to [noise")] == ["Go", "to", "noise"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello,", "hello"),
        ("21st", "twenty first"),
        ("1990", "nineteen ninety"),
        ("1905.", "nineteen oh five"),
        ("2,500", "two thousand five hundred"),
        ("3.5%", "three point five percent"),
        ("$5", "five dollars"),
        ("20th", "twentieth"),
        ("don’t", "don't"),
        ("well-known", "well known"),
        ("&", "and"),
    ],
)
def test_numbers_and_signs_are_spelled_out(written, said):
    assert spoken(written) == said.split()


def test_an_unknown_word_has_sounds_of_about_its_length():
    assert guessed_sounds("Chironomy").split() == ["CH", "ER", "AA", "N", "AA", "M", "IY"]
    assert guessed_sounds("한") == "AH"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Welcome to the house of my father", "en"),
        ("Welcome!", "en"),
        ("안녕하세요 Tom", "ko"),
        ("大家好", "zh"),
        ("これは手です", "ja"),
        ("Das ist nicht ein Haus und wir sind hier", "de"),
        ("El hombre y la mujer con los niños", "es"),
    ],
)
def test_the_language_is_told_by_letters_and_common_words(text, language):
    assert language_of(text.split()) == language


def test_what_is_missing_for_hearing_is_said(english, tmp_path, monkeypatch):
    speech, _, _ = english
    monkeypatch.setattr("chironomy.packages.find_spec", lambda name: None)
    with pytest.raises(SpeechError, match=r"needs the Python package faster_whisper: pip install 'chironomy\[words\]'"):
        heard_words(speech, tmp_path)
    monkeypatch.setattr("chironomy.packages.find_spec", lambda name: name)
    with pytest.raises(SpeechError, match=r"holds no model of faster-whisper \(no model.bin\)"):
        heard_words(speech, tmp_path)


def test_what_is_heard_becomes_words(english, tmp_path, monkeypatch):
    speech, _, _ = english

    class Model:
        def __init__(self, folder, **_):
            assert folder == str(tmp_path)

        def transcribe(self, samples, language, word_timestamps):
            assert len(samples) == len(speech.samples)
            assert (language, word_timestamps) == ("en", True)
            words = [SimpleNamespace(word=" Hello,", start=0.1, end=0.5)]
            words += [SimpleNamespace(word=" all", start=0.5, end=1e9)]
            return iter([SimpleNamespace(end=1.0, words=words)]), None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
    monkeypatch.setattr("chironomy.packages.find_spec", lambda name: name)
    (tmp_path / "model.bin").touch()
    words = heard_words(speech, tmp_path, "en")
    assert [(word.text, word.start, word.end) for word in words] == [
        ("Hello,", 0.1, 0.5),
        ("all", 0.5, speech.duration),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("word " * 50_000, "has 50000 words, and the recording lasts 1.0 s; give what is said in it"),
        ("a" * 50_000, "has 50000 letters, and the recording lasts 1.0 s; give what is said in it"),
    ],
)
def test_what_nobody_can_say_is_a_sentence_at_once(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "script.txt").write_text(text)
    speech = Speech.from_samples(np.zeros(16_000, np.float32), 16_000)
    with pytest.raises(SpeechError, match=re.escape(sentence)):
        script_words(speech, tmp_path / "script.txt")


def test_words_are_counted_out_where_the_recogniser_cannot_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_beam: float) -> None:
        raise RuntimeError("Failed to initialize PocketSphinx")

    monkeypatch.setattr("chironomy.speech.words.alignment._decoder", fails)
    (tmp_path / "script.txt").write_text("all of it")
    speech = Speech.from_samples(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 16_000)
    words = script_words(speech, tmp_path / "script.txt")
    assert [word.text for word in words] == ["all", "of", "it"]
    assert all(earlier.end <= later.start + 1e-6 for earlier, later in pairwise(words))
    assert "counted out instead of heard: pocketsphinx fails" in caplog.text


@pytest.mark.parametrize("at_once", [True, False])
def test_what_the_recogniser_fails_with_is_remarked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    class Fails:
        def lookup_word(self, _word: str) -> str:
            raise RuntimeError("it has ended")

    def decoder(_beam: float) -> Fails:
        if at_once:
            raise RuntimeError("it has ended")
        return Fails()

    monkeypatch.setattr("chironomy.speech.words.alignment._decoder", decoder)
    (tmp_path / "script.txt").write_text("all of it")
    speech = Speech.from_samples(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 16_000)
    remarks: list[str] = []
    words = script_words(speech, tmp_path / "script.txt", remark=remarks.append)
    assert [word.text for word in words] == ["all", "of", "it"]
    assert remarks == ["the words of the script are counted out instead of heard: pocketsphinx fails (it has ended)"]
