# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gestures words ask for: what is meant, what is negated, what only looks like it, and what authors mark."""

from itertools import pairwise

import numpy as np
import pytest

from chironomy.gesture.errors import GestureError
from chironomy.gesture.meaning import MOST_A_MINUTE, TABLES, find, propose
from chironomy.gesture.meaning.marks import MARKS
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST, SCORE_KINDS, Score, check
from chironomy.speech.words import Word
from chironomy.speech.words.word import tokens_of


def said(text, each=0.4, name="script.txt"):
    """The words of a text, said one after the other."""
    return [
        Word(token.text, index * each, index * each + 0.9 * each, token.marks)
        for index, token in enumerate(tokens_of(text, name, strict=True))
    ]


def shown(text, language="en"):
    """The kinds that a sentence may be given, with the hands or fingers where these matter."""
    return [
        " ".join(part for part in (found.meaning.show.kind, found.meaning.show.hands, found.meaning.show.shape) if part)
        for found in find(said(text), TABLES[language])
        if found.meaning.show and (found.meaning.stands or not found.negated)
    ]


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Welcome!", ["welcome both"]),
        ("They are not welcome here.", ["refuse"]),
        ("On the left you see a tower.", ["point_out left"]),
        ("Turn right, please.", ["point_out right"]),
        ("It stands to the right of them.", ["point_out right"]),
        ("A huge tower and a tiny house.", ["big both", "small both"]),
        ("It is not big at all.", ["wag right"]),
        ("It isn't a big one, but a small one.", ["wag right", "small both"]),
        ("Don't go left.", ["wag right"]),
        ("Don't go left, go right.", ["wag right", "point_out right"]),
        ("No one came.", ["cut both"]),
        ("Nobody lives there.", ["cut both"]),
        ("First, they move. Second, they speak. Third, they rest.", ["count point", "count two", "count three"]),
        ("He asked three people and five dogs.", ["count three", "count spread"]),
        ("On the one hand, they ran.", ["present left"]),
        ("On the other hand, no.", ["present right", "wag right"]),
        ("What can we do? Who knows.", ["shrug both", "shrug both"]),
        ("They don't know.", ["shrug both"]),
        ("Well done!", ["thumb_up right"]),
        ("It was long ago, and tomorrow is new.", ["past right", "future right"]),
        ("It's all theirs, everything.", ["all both", "all both"]),
        ("It is not all theirs.", ["wag right"]),
        ("The kite rose up in the sky.", ["point_up", "point_up"]),
        ("Give it to me.", ["self"]),
        ("Not to me.", ["wag right", "self"]),
        ("Not only big but huge.", ["big both", "big both"]),
        ("No doubt it is big.", ["big both"]),
        ("Stop!", ["refuse"]),
        ("Don't stop.", ["wag right"]),
    ],
)  # fmt: skip
def test_what_is_meant_and_what_is_negated(sentence, kinds):
    assert shown(sentence) == kinds


@pytest.mark.parametrize(
    "sentence",
    [
        "I mean, that's right.",
        "You know, it happened right away.",
        "He left the house and had a right to.",
        "What is left of it?",
        "It is the right track, all right.",
        "One of them might win one day.",
        "One might say so.",
        "It was like this, this morning.",
        "There is a house.",
        "There were dogs.",
        "It took a second, then a third try.",
        "Two hundred dogs ran.",
        "After all, it was a big deal.",
        "At first it was a little odd.",
        "They like it very well.",
        "The band played second hand.",
        "He gave up and ran the bill up to ten.",
    ],
)
def test_words_that_only_look_like_it_show_nothing(sentence):
    assert shown(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("안녕하세요, 여러분. 환영합니다!", ["wave right", "point_you", "welcome both"]),
        ("왼쪽에 큰 집이 있습니다.", ["point_out left", "big both"]),
        ("왼쪽으로 가지 마세요.", ["wag right"]),
        ("왼쪽으로 가지 말고, 오른쪽으로 가세요.", ["wag right", "point_out right"]),
        ("그 집은 크지 않습니다.", ["wag right"]),
        ("크지는 않지만 작은 집입니다.", ["small both"]),
        ("첫째, 둘째, 셋째.", ["count point", "count two", "count three"]),
        ("세 가지를 말하겠습니다.", ["count three"]),
        ("저는 모릅니다.", ["self", "shrug both"]),
        ("아무도 없습니다.", ["cut both", "cut both"]),
        ("어제와 내일.", ["past right", "future right"]),
        ("저녁에 나무를 두고 갔다.", []),
        ("아니요, 안 큽니다.", ["wag right"]),
    ],
)
def test_korean(sentence, kinds):
    assert shown(sentence, "ko") == kinds


def test_every_gesture_in_the_tables_and_marks_is_in_the_repertoire():
    shows = [meaning.show for table in TABLES.values() for meaning in table.meanings if meaning.show]
    for show in [*shows, *MARKS.values()]:
        assert show.kind in (*KINDS, REST)
        assert show.hands in (None, "left", "right", "both")
        assert show.shape is None or show.shape in SHAPES


def test_no_saying_stands_twice_with_another_meaning():
    for table in TABLES.values():
        sayings = {}
        for parts, _, meaning in table.sayings:
            other = sayings.setdefault(" ".join(parts), meaning)
            assert other is meaning, f"{parts} means {other.show} and {meaning.show}"


LONG = """Hello and welcome to everybody. I want to tell you about three things. First, my house is huge. Second, it is
tiny. Third, nobody knows. On the left there is nothing, on the right you see a giant. Look at this one, over there.
Yesterday I was here. Tomorrow we will be up there, in the sky, all of us. What can we do? I don't know. Well done!
Stop it. No way. On the one hand it is big, on the other hand it is small. Thank you, goodbye. """


def test_gestures_are_sparing_apart_and_the_clearest_on_a_long_script():
    words = said(LONG * 4, 0.35)
    seconds = words[-1].end
    score = propose(words, seconds)
    apexes = np.array([phrase.strokes[0].apex for phrase in score.phrases])
    within = [np.sum((apexes >= at) & (apexes < at + 60)) for at in apexes]
    assert max(within) <= MOST_A_MINUTE
    assert len(apexes) >= 0.75 * MOST_A_MINUTE * seconds / 60
    assert np.diff(apexes).min() >= 1.2
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(score.phrases))
    assert len({phrase.kind for phrase in score.phrases}) >= 6
    assert all(phrase.state("kind") == "proposed" for phrase in score.phrases)


def test_the_stroke_falls_on_the_accent_of_the_stressed_word():
    words = said("It stands on the left.")
    left = words[-1]
    accents = [0.1, left.start + 0.12, left.start + 0.3], [0.9, 0.8, 0.4]
    (phrase,) = propose(words, 4.0, accents).phrases
    assert (phrase.kind, phrase.hands) == ("point_out", "left")
    assert phrase.strokes[0].apex == pytest.approx(left.start + 0.12, abs=1e-3)
    assert phrase.start < phrase.strokes[0].apex - 0.3
    assert phrase.word == "on the left."


def test_a_list_that_is_begun_on_the_fingers_goes_on_there():
    words = said("It goes so. First, they eat the bread. Second, they eat all of it. Third, they sleep a lot and rest.")
    assert [phrase.shape for phrase in propose(words, 18.0).phrases] == ["point", "two", "three"]


def test_the_more_stressed_word_is_taken_where_two_are_near():
    words = said("Give it to them, tiny or huge.")
    (tiny,), (huge,) = ([word for word in words if word.bare == name] for name in ("tiny", "huge"))
    for stressed, kind in ((tiny, "small"), (huge, "big")):
        phrases = propose(words, 4.0, ([stressed.start], [1.0])).phrases
        assert [phrase.kind for phrase in phrases] == [kind]


def test_a_hand_that_waves_or_wags_goes_to_and_fro_as_far_as_there_is_time():
    (wave,) = propose(said("Well, goodbye."), 4.0).phrases
    first, *others = (stroke.apex for stroke in wave.strokes)
    assert others == pytest.approx([first + 0.5, first + 1.0])
    assert wave.end > others[-1]
    (cut_short,) = propose(said("Well, goodbye."), first + 0.6).phrases
    assert len(cut_short.strokes) == 2
    (one,) = propose(said("It was huge."), 4.0).phrases
    assert len(one.strokes) == 1


def test_no_gesture_is_proposed_before_a_hand_can_be_there():
    (welcome,) = propose(said("Welcome to the hut."), 4.0).phrases
    assert welcome.strokes[0].apex == pytest.approx(0.6)
    assert propose(said("Welcome to the hut.", 0.2), 4.0).phrases == ()


def test_marks_win_and_are_locked():
    words = said("We saw [count 3] many of [point left] them. [none] Huge, [rest] and then they slept. [big] So.")
    score = propose(words, 12.0)
    assert [(p.kind, p.hands, p.shape, p.state("kind")) for p in score.phrases] == [
        ("count", None, "three", "locked"),
        ("point_out", "left", None, "locked"),
        ("rest", None, None, "locked"),
        ("big", None, None, "locked"),
    ]
    assert score.phrases[0].state("shape") == "locked"
    assert score.phrases[0].state("strokes") == "locked"
    assert score.phrases[1].state("hands") == "locked"
    assert score.phrases[0].strokes[0].apex >= words[2].start


def test_marks_of_either_hand_point_to_the_speakers_own_side():
    cases = {"point left": ("point_out", "left"), "point left right hand": ("point_across", "right")}
    cases |= {
        "point_right": ("point_out", "right"),
        "wave left hand": ("wave", "left"),
        "all both hands": ("all", "both"),
    }
    for mark, expected in cases.items():
        (phrase,) = propose(said(f"So [{mark}] it goes."), 2.0).phrases
        assert (phrase.kind, phrase.hands) == expected


def test_an_unknown_mark_is_named_with_its_line_and_in_captions_it_is_left_alone():
    with pytest.raises(GestureError, match=r"line 2: \[piont left\] is no gesture; did you mean \[point left\]"):
        propose(said("So\nit [piont left] goes."), 2.0)
    words = [Word(t.text, 0, 1, t.marks) for t in tokens_of("It [music] goes on.")]
    assert propose(words, 2.0).phrases == ()


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        ("count 6", "of count there are [count 1], [count 2],"),
        ("point sideways", "of point there are [point left], [point right],"),
        ("waev", "did you mean [wave]?"),
    ],
)
def test_an_unknown_mark_is_told_what_there_is(mark, hint):
    with pytest.raises(GestureError) as caught:
        propose(said(f"So it [{mark}] goes."), 2.0)
    assert hint in str(caught.value)


def test_numbers_count_in_words_as_well():
    (phrase,) = propose(said("So it [count three] goes."), 2.0).phrases
    assert (phrase.kind, phrase.shape) == ("count", "three")


def test_a_gesture_is_seen_before_the_hand_sets_out_for_the_next_mark():
    score = propose(said("So [point left] there it is [big] so huge.", 0.25), 4.0)
    point, big = score.phrases
    assert point.end >= point.strokes[0].apex + 0.3
    assert big.strokes[0].apex - big.start >= 0.25
    assert "remarks" not in score.source


def test_marks_that_stand_too_close_to_be_seen_are_both_named():
    score = propose(said("So [point left] there [big] so huge.", 0.3), 4.0)
    (remark,) = score.source["remarks"]
    assert remark.endswith(
        "line 1: [point left] and [big] are 0.3 s apart, so that the first is hardly seen; leave 0.55 s or more "
        "between them"
    )


def test_what_is_proposed_can_be_done():
    words = said(
        "So [count 1] one, [count 2] two, [count 3] three. We go to the [point left] left, and it is [big] big."
    )
    score = propose(words, words[-1].end + 0.00025)
    assert len(score.phrases) == 5
    assert check.remarks(score, {"score_kinds": list(SCORE_KINDS)}) == []


def test_fingers_that_count_stay_up_until_the_next_count():
    one, two, three = propose(said("So [count 1] one thing, [count 2] two things, [count 3] three."), 6.0).phrases
    for before, after in ((one, two), (two, three)):
        assert before.end == pytest.approx(after.start, abs=1e-3)
        assert before.strokes[0].apex + before.strokes[0].hold == pytest.approx(before.end, abs=1e-3)


def test_of_two_marks_before_one_word_one_is_left_out_and_that_is_told():
    score = propose(said("So [rest] [rest] hello to you all of here."), 4.0)
    assert [phrase.kind for phrase in score.phrases] == ["rest"]
    assert score.phrases[0].end - score.phrases[0].start > 1.0
    score = propose(said("So it [point left] [big] goes."), 3.0)
    assert [phrase.kind for phrase in score.phrases] == ["big"]
    (remark,) = score.source["remarks"]
    assert "line 1: [point left] and [big] stand before the same word, 'goes.': the first is left out" in remark


def test_a_rest_after_a_mark_follows_it():
    score = propose(said("So it goes [point left] there [rest]"), 4.0)
    assert [phrase.kind for phrase in score.phrases] == ["point_out", "rest"]


def test_a_language_without_a_table_has_its_marks_alone():
    words = said("Das ist nicht groß und [wave] links ist ein Haus.")
    score = propose(words, 5.0)
    assert [phrase.kind for phrase in score.phrases] == ["wave"]
    assert "the language 'de', which has no table of meanings (there are en, ko)" in score.source["remarks"][0]


def test_nothing_said_is_nothing_proposed_and_what_is_proposed_can_be_written(tmp_path):
    assert propose([], 3.0).phrases == ()
    score = propose(said(LONG, 0.05), 4.0)  # far too fast
    score.save(tmp_path / "score.json")
    assert Score.load(tmp_path / "score.json") == score
    crowded = "".join(f"[{mark}] so " for mark in MARKS)
    score = propose(said(crowded, 0.1), 3.0)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(score.phrases))
