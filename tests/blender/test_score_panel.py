# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a take in Blender: read, listed, edited, and done."""

import numpy as np
import pytest
from desk import FPS, FRAMES, apart, generate, names, shown

bpy = pytest.importorskip("bpy")


def phrases(scene):
    return [(each.kind, each.hands, each.first, each.last) for each in scene.chironomy.phrases]


def score_of(addon, scene):
    return addon["scene.score"].score_of(scene.chironomy.character.animation_data.action)


def test_a_take_carries_the_score_that_was_performed(addon, desk):
    desk.frame_set(17)
    generate(desk, 1)
    assert desk.frame_current == 17
    first, score = phrases(desk), score_of(addon, desk)
    assert len(first) >= 3
    assert score.seconds == pytest.approx(FRAMES / FPS, abs=0.1)
    gestures = [phrase for phrase in score.phrases if phrase.kind != "rest"]
    assert [each[0] for each in first] == [phrase.kind for phrase in gestures]
    assert [each[2] for each in first] == [round(1 + phrase.start * FPS) for phrase in gestures]
    generate(desk, 2)
    assert phrases(desk) != first
    desk.chironomy.take_index = 0
    assert phrases(desk) == first
    # What is drawn in the timeline.
    drawn = addon["timeline"].strips(bpy.context)
    assert [(each[0], each[1], each[3]) for each in drawn] == [(a, b, hands) for _, hands, a, b in first]
    desk.chironomy.phrase_index = 1
    assert [each[4] for each in addon["timeline"].strips(bpy.context)] == [n == 1 for n in range(len(drawn))]
    assert first[1][2] <= desk.frame_current <= first[1][3]


def test_another_kind_makes_its_surroundings_anew_and_nothing_else(addon, rig, desk):
    generate(desk, 1)
    before = shown(addon, rig, desk)
    assert not bpy.ops.chironomy.apply_score.poll()
    number = len(desk.chironomy.phrases) // 2
    desk.chironomy.phrase_index = number
    phrase = desk.chironomy.phrases[number]
    phrase.kind = "refuse" if phrase.kind != "refuse" else "welcome"
    kind, first, last = phrase.kind, phrase.first, phrase.last
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    assert names(desk) == ["Take 1", "Take 2"]
    after = shown(addon, rig, desk)
    near = slice(max(first - 12, 0), last + 12)
    outside = np.r_[0 : max(first - 14, 0), min(last + 12, FRAMES) : FRAMES]
    place, turn = apart(after, before, frames=outside)
    assert place < 1e-6
    assert turn < 1e-4
    assert apart(after, before, frames=near)[0] > 0.03
    assert kind in [each[0] for each in phrases(desk)]
    assert not bpy.ops.chironomy.apply_score.poll()
    # The take before still has its own.
    desk.chironomy.take_index = 0
    assert apart(shown(addon, rig, desk), before) == (0.0, 0.0)


def test_a_phrase_is_moved_taken_out_and_added(addon, rig, desk):
    generate(desk, 1)
    score = addon["scene.score"]
    listed = desk.chironomy.phrases
    action = desk.chironomy.character.animation_data.action
    assert score.differing(desk, action) == []
    listed[0].first += 6
    listed[0].last += 6
    moved = score.edited(desk, score_of(addon, desk))
    old = next(phrase for phrase in score_of(addon, desk).phrases if phrase.kind != "rest")
    new = next(phrase for phrase in moved.phrases if phrase.strokes and phrase.kind == old.kind)
    assert new.strokes[0].apex == pytest.approx(old.strokes[0].apex + 6 / FPS, abs=1 / FPS)
    desk.chironomy.phrase_index = len(listed) - 1
    assert bpy.ops.chironomy.delete_phrase() == {"FINISHED"}
    desk.frame_set(60)
    assert bpy.ops.chironomy.add_phrase(kind="welcome", hands="both") == {"FINISHED"}
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    kept = score_of(addon, desk)
    assert any(phrase.kind == "welcome" and phrase.hands == "both" for phrase in kept.phrases)


def test_a_phrase_that_ends_before_it_begins_is_told(addon, desk):
    generate(desk, 1)
    phrase = desk.chironomy.phrases[0]
    phrase.last = phrase.first - 3
    button = addon["operators.score"].CHIRONOMY_OT_apply_score
    assert "ends before it begins" in button.disabled_reason(bpy.context)


def test_what_a_person_has_edited_is_read_anew(addon, rig, desk):
    generate(desk, 1)
    desk.chironomy.phrases[0].kind = "refuse"
    assert bpy.ops.chironomy.read_score() == {"FINISHED"}
    assert len(desk.chironomy.phrases) >= 2
    assert score_of(addon, desk).source["read"]


def test_the_list_is_that_of_the_character_that_is_chosen(addon, desk):
    generate(desk, 1)
    first, one = phrases(desk), desk.chironomy.character
    bpy.ops.chironomy.add_character()
    assert phrases(desk) == []
    generate(desk, 3)
    second = phrases(desk)
    desk.chironomy.character = one
    assert phrases(desk) == first != second
    assert not bpy.ops.chironomy.apply_score.poll()


@pytest.mark.parametrize("seed", [1, 5])
def test_all_phrases_may_be_taken_out_and_ends_lie_at_the_end(addon, desk, seed):
    generate(desk, seed)
    desk.chironomy.phrases[len(desk.chironomy.phrases) - 1].last = FRAMES + 2
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    while len(desk.chironomy.phrases):
        assert bpy.ops.chironomy.delete_phrase() == {"FINISHED"}
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    assert phrases(desk) == []
