# SPDX-License-Identifier: GPL-3.0-or-later
"""A score as data: what it may say, and its file."""

import json

import pytest

from chironomy.gesture.errors import GestureError
from chironomy.gesture.score import Phrase, Score, Stroke

PRESENT = Phrase(
    0.5,
    2.0,
    (Stroke(1.1, 0.3), Stroke(1.7)),
    "present",
    "right",
    "open",
    (-0.2, -0.25, 0.3),
    0.12,
    {"kind": "locked", "size": "free"},
    "welcome",
)


def test_a_score_is_read_as_it_was_written(tmp_path):
    score = Score((PRESENT, Phrase(3.0, 4.0, kind="rest"), Phrase(5.0, 6.0)), 8.0, {"seed": 3})
    score.save(tmp_path / "take.json")
    assert Score.load(tmp_path / "take.json") == score
    assert json.loads((tmp_path / "take.json").read_text())["format"] == "chironomy.score/1"


def test_a_field_with_a_value_is_proposed_unless_it_says_otherwise():
    assert [PRESENT.state(name) for name in ("kind", "hands", "size", "strokes")] == [
        *("locked", "proposed", "free", "proposed")
    ]
    assert Phrase(0, 1).state("kind") == "free"
    assert Phrase(0, 1, states={"kind": "locked"}).state("kind") == "free"
    assert Phrase(0, 1, kind="rest", states={"strokes": "locked"}).state("strokes") == "locked"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"start": 1, "end": 0.5}, "end is 0.5; give a number from 1 to"),
        ({"start": 0, "end": 1, "kind": "dance"}, "kind is 'dance'; choose one of beat,"),
        ({"start": 0, "end": 1, "hands": "feet"}, "hands is 'feet'; choose one of left, right, both"),
        ({"start": 0, "end": 1, "strokes": [{"apex": 2}]}, "apex is 2; give a number from 0 to 1"),
        ({"start": 0, "end": 1, "strokes": [2]}, "strokes is [2]; give a list"),
        ({"start": 0, "end": 1, "strokes": [{"h\x7fld": 2}]}, r'strokes is [{"h\u007fld": 2}]; give a list'),
        ({"start": 0, "end": 1, "kind": "rest", "strokes": [{"apex": 1}]}, "has strokes; give it another kind"),
        ({"start": 0, "end": 1, "place": [0, 1]}, "place has 2 numbers; give 3"),
        ({"start": 0, "end": 1, "place": [0, 1, "up"]}, "place is 'up'; give a number"),
        ({"start": 0, "end": 1, "states": {"kind": "mine"}}, "states says 'kind': 'mine'"),
        ({"start": 0, "end": 1, "colour": "red"}, "has a field 'colour'"),
        ({"end": 1}, "it has no start; give seconds"),
        ({"start": None, "end": 1}, "start is null; give a number"),
        ({"start": 0, "end": True}, "end is true; give a number"),
        (7, "it is 7, not an object"),
    ],
)
def test_what_cannot_be_is_named_with_its_phrase(said, sentence):
    good = {"start": 0, "end": 1}
    with pytest.raises(GestureError) as caught:
        Score.from_dict({"seconds": 9, "phrases": [good, said]}, "take.json")
    assert str(caught.value).startswith("take.json, phrase 2: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"seconds": 9}, "take.json has no list of phrases; give"),
        ({"seconds": 9, "phrases": [], "source": "hi"}, "take.json: source is 'hi'; give an object, or leave it out"),
        ({"seconds": 9, "phrases": [], "tempo": 2}, "take.json has a field 'tempo'; known are format, phrases"),
        ({"phrases": []}, "take.json has no seconds; give the length"),
        ({"seconds": 2, "phrases": [{"start": 3, "end": 4}]}, "a phrase starts at 3 s, after the score's end at 2 s"),
        ({"seconds": 9, "phrases": [{"start": 3, "end": 4}, {"start": 1, "end": 2}]}, "not in the order"),
    ],
)
def test_what_cannot_be_of_a_whole_score_is_named(values, sentence):
    with pytest.raises(GestureError, match=sentence.replace("(", r"\(")):
        Score.from_dict(values, "take.json")


HEAD = '{"format": "chironomy.score/1", "seconds": 9,\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEAD + '"phrases": [\n{"start": 1, "end": 2},\n]}',
            "line 3, column 23: a comma stands before the end of a list",
        ),
        (HEAD + '"phrases": [],\n}', "line 2, column 14: a comma stands before the end of a list or object"),
        (HEAD + '// mine\n"phrases": []}', "line 2, column 1: a comment stands here, and JSON has none"),
        (HEAD + "'phrases': []}", "line 2, column 1: a text stands in single quotes"),
    ],
)
def test_a_slip_of_the_hand_is_told_with_its_place_and_what_to_mend(tmp_path, text, sentence):
    (tmp_path / "take.json").write_text(text)
    with pytest.raises(GestureError) as caught:
        Score.load(tmp_path / "take.json")
    assert sentence in str(caught.value)
    assert str(caught.value).endswith("; mend it, or write another by chironomy score")


def test_a_score_that_is_not_there_is_looked_for_and_not_written_anew(tmp_path):
    with pytest.raises(GestureError, match=r"none.json does not exist; check the path of the score"):
        Score.load(tmp_path / "none.json")
