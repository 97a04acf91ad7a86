# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts, captions and transcripts of other programs: read as they are, and refused in one sentence."""

import json

import pytest

from chironomy.speech import SpeechError
from chironomy.speech.words.transcripts import read_transcript

SRT = """\ufeff1
00:00:00,500 --> 00:00:02,000
<i>Hello</i> and {\\an8}welcome

2
00:00:02,000 --> 00:00:04,250 X1:10
to all
of you
3
00:01:04,250 --> 01:00:05,000
here
"""

VTT = """WEBVTT - a title

NOTE 00:00:00.000 --> nothing
in a note counts

STYLE
::cue { color: red }

intro
00:00.500 --> 00:02.000 align:start
<v Roger>Hello <00:00:01.000>and <00:00:01.500><c.loud>welcome</c>

00:00:02.000 --> 00:00:03.000
Tom &amp; I
"""


def said(path):
    return [(p.text, p.start, p.end) for p in read_transcript(path).passages]


def written(tmp_path, name, content):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_subrip(tmp_path):
    path = written(tmp_path, "a.srt", SRT.replace("\n", "\r\n"))
    assert said(path) == [
        ("Hello and welcome", 0.5, 2.0),
        ("to all\nof you", 2.0, 4.25),
        ("here", 64.25, 3605.0),
    ]
    assert [p.line for p in read_transcript(path).passages] == [3, 7, 11]


def test_webvtt_with_times_inside(tmp_path):
    assert said(written(tmp_path, "a.vtt", VTT)) == [
        ("Hello", 0.5, 1.0),
        ("and", 1.0, 1.5),
        ("welcome", 1.5, 2.0),
        ("Tom & I", 2.0, 3.0),
    ]


@pytest.mark.parametrize("form", ["Save as text file", "Save as short text file"])
def test_textgrids_of_praat(tmp_path, form):
    from parselmouth.praat import call

    grid = call("Create TextGrid", 0.0, 3.0, "phones words marks", "marks")
    for time in (0.5, 1.0, 2.0):
        call(grid, "Insert boundary", 2, time)
    call(grid, "Insert point", 3, 1.5, "a point")
    for number, text in enumerate(("sil", 'He said "hi"', "안녕", ""), 1):
        call(grid, "Set interval text", 2, number, text)
    call(grid, "Set interval text", 1, 1, "AH")
    path = tmp_path / "a.TextGrid"
    call(grid, form, str(path))
    assert said(path) == [('He said "hi"', 0.5, 1.0), ("안녕", 1.0, 2.0)]


def test_whispers_and_their_relatives(tmp_path):
    words = [{"word": " Wel", "start": 0.5, "end": 0.7}, {"word": "come", "start": 0.7, "end": 0.9}]
    words += [{"word": " all", "start": 1.0, "end": 1.2}, {"word": "!", "start": 1.2, "end": 1.2}]
    expected = [(" Welcome", 0.5, 0.9), (" all!", 1.0, 1.2)]
    segment = {"start": 0.5, "end": 1.2, "text": " Welcome all!"}
    path = written(tmp_path, "a.json", {"language": "en", "segments": [{**segment, "words": words}]})
    assert said(path) == expected
    assert read_transcript(path).language == "en"
    assert said(written(tmp_path, "b.json", {"language": "korean", "words": words})) == expected
    assert read_transcript(tmp_path / "b.json").language == "ko"
    assert said(written(tmp_path, "c.json", [segment])) == [(" Welcome all!", 0.5, 1.2)]
    cpp = {"result": {"language": "en"}, "transcription": [{"offsets": {"from": 500, "to": 1200}, "text": " Hi you"}]}
    assert said(written(tmp_path, "d.json", cpp)) == [(" Hi you", 0.5, 1.2)]
    assert read_transcript(tmp_path / "d.json").language == "en"
    # WhisperX leaves out the times of words it is not sure of: the sound tells them then.
    unsure = {**segment, "words": [{"word": "Welcome", "start": 0.5, "end": 0.9}, {"word": "2"}]}
    assert said(written(tmp_path, "e.json", {"segments": [unsure]})) == [(" Welcome all!", 0.5, 1.2)]


def test_plain_text_in_other_encodings_of_unicode(tmp_path):
    assert said(written(tmp_path, "a.txt", "안녕".encode("utf-16"))) == [("안녕", None, None)]
    assert said(written(tmp_path, "a.txt", "\ufeffHi [wave]\r\nyou")) == [("Hi [wave]\nyou", None, None)]


@pytest.mark.parametrize(
    ("content", "count"), [(SRT, 3), (VTT, 4), ('{"words": [{"word": "a", "start": 1, "end": 2}]}', 1)]
)
def test_a_file_without_an_ending_is_told_by_how_it_begins(tmp_path, content, count):
    assert len(read_transcript(written(tmp_path, "0123abcd", content)).passages) == count
    assert said(written(tmp_path, "notes", "[wave] Hello")) == [("[wave] Hello", None, None)]


GRID = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n1\n"IntervalTier"\n"words"\n0\n3\n'


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.srt", "1\n00:00:01,000 -> 00:00:02,000\nhi\n", "a.srt has no captions"),
        ("a.srt", "1\n00:00:01,000 --> later\nhi\n", "a.srt, line 2: '00:00:01,000 --> later' is not when"),
        ("a.srt", "\n1\n00:00:03,000 --> 00:00:02,000\nhi\n", "a.srt, line 3: the caption ends at 2 s, before"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n\n", "a.srt has no captions"),
        ("a.vtt", SRT, "a.vtt, line 1: it is '1', not WEBVTT"),
        ("a.vtt", "WEBVTT\n\n00:61.000 --> 00:62.000\nhi", "a.vtt, line 3: '00:61.000 --> 00:62.000' is not when"),
        ("a.TextGrid", "hello", "a.TextGrid, line 1: this is no TextGrid as text"),
        ("a.TextGrid", GRID + '2\n0\n1\n"hi"\n1\nhm', "a.TextGrid, line 17: the file ends where a number belongs"),
        ("a.TextGrid", GRID + '1\n0\n1\n7\n"hi"', "a.TextGrid, line 15: a text in double quotes is missing here"),
        ("a.TextGrid", GRID + '1\n2\n1\n"hi"', "a.TextGrid, line 15: the interval ends at 1 s, before it begins at 2"),
        ("a.TextGrid", GRID + '1\n0\n1\n""', "a.TextGrid has no interval tier with text"),
        ("a.TextGrid", GRID + '1e300\n', "a.TextGrid, line 12: 1e+300 is no number"),
        ("a.TextGrid", GRID.replace("words", "phones") + '1\n0\n1\n"h"', "a.TextGrid has no tier of words: its only"),
        ("a.docx", "hello", "a.docx is a document, not plain text; save what is said as plain text"),
        ("a.json", {"segments": []}, "a.json is no transcript of Whisper"),
        ("a.json", {"segments": [3]}, "a.json, segment 1: it is 3, not an object"),
        ("a.json", [{"text": "hi", "start": 1}], "a.json, segment 1: a time is null, not a number of seconds"),
        ("a.json", [{"text": "hi", "start": 2, "end": 1}], "a.json, segment 1: it ends at 1 s, before"),
        ("a.json", [{"text": None, "start": 2, "end": 1}], "a.json, segment 1: its text is null"),
        ("a.json", [{"text": " ", "start": 1, "end": 2}], "a.json has no words in it"),
        ("a.json", b"{", "a.json is not JSON"),
        ("a.txt", " \n", "a.txt has no text"),
        ("a.txt", b"hi\nyou \xff", "a.txt, line 2: this is not text in UTF-8"),
        ("a.txt", b"hi\n\n\0", "a.txt, line 3: this is not text"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_in_one_sentence_with_its_place(tmp_path, name, content, sentence):
    path = written(tmp_path, name, content)
    with pytest.raises(SpeechError) as refused:
        read_transcript(path, name)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(SpeechError, match=r"none.txt does not exist"):
        read_transcript(tmp_path / "none.txt")
    with pytest.raises(SpeechError, match="is a folder"):
        read_transcript(tmp_path)
