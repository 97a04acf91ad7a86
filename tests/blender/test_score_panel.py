# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a take in Blender: read, listed, edited, and done."""

from types import SimpleNamespace
from unittest.mock import MagicMock

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
    assert len(first) >= 2
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


def test_edits_that_are_not_applied_stay_with_their_take(addon, desk):
    generate(desk, 1)
    phrase = desk.chironomy.phrases[1]
    phrase.kind = "refuse" if phrase.kind != "refuse" else "welcome"
    phrase.first, phrase.last = phrase.first + 4, phrase.last + 9
    phrase.locked = True
    desk.frame_set(40)
    bpy.ops.chironomy.add_phrase(kind="wave", hands="left")
    bpy.ops.chironomy.duplicate_take()
    first = phrases(desk)
    generate(desk, 2)
    assert phrases(desk) != first
    for index in (0, 1):
        desk.chironomy.take_index = index
        assert phrases(desk) == first
        assert desk.chironomy.phrases[1].locked
        assert bpy.ops.chironomy.apply_score.poll()
    # They are done in a new take, and the one that they were made in is as it was.
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    desk.chironomy.take_index = 1
    assert phrases(desk) != first
    assert not bpy.ops.chironomy.apply_score.poll()
    desk.chironomy.take_index = 0
    assert phrases(desk) == first


def test_edits_stay_with_their_take_in_the_file_and_in_another_frame_rate(addon, desk, tmp_path):
    generate(desk, 1)
    desk.chironomy.phrases[0].first += 6
    desk.chironomy.phrases[0].last += 6
    first = phrases(desk)
    generate(desk, 2)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "edited.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "edited.blend"))
    scene = bpy.context.scene
    scene.render.fps = 2 * FPS
    scene.chironomy.take_index = 0
    assert [(each[0], each[2] - 1) for each in phrases(scene)] == [(each[0], 2 * (each[2] - 1)) for each in first]


def test_reading_the_score_anew_lets_edits_go(addon, desk):
    generate(desk, 1)
    desk.chironomy.phrases[0].kind = "wave"
    generate(desk, 2)
    desk.chironomy.take_index = 0
    assert desk.chironomy.phrases[0].kind == "wave"
    bpy.ops.chironomy.read_score()
    read = phrases(desk)
    desk.chironomy.take_index = 1
    desk.chironomy.take_index = 0
    assert phrases(desk) == read


def test_a_phrase_is_changed_from_its_menu(addon, desk):
    generate(desk, 1)
    desk.chironomy.phrase_index = 1
    assert bpy.ops.chironomy.phrase_kind(kind="shrug") == {"FINISHED"}
    assert bpy.ops.chironomy.phrase_hands(hands="both") == {"FINISHED"}
    assert bpy.ops.chironomy.lock_phrase() == {"FINISHED"}
    phrase = desk.chironomy.phrases[1]
    assert (phrase.kind, phrase.hands, phrase.locked) == ("shrug", "both", True)
    assert bpy.ops.chironomy.lock_phrase() == {"FINISHED"}
    assert not desk.chironomy.phrases[1].locked
    # What is added is done by the hands that people do it with.
    for kind, hands in (("all", "both"), ("point_up", "right")):
        bpy.ops.chironomy.add_phrase(kind=kind)
        assert desk.chironomy.phrases[desk.chironomy.phrase_index].hands == hands


def test_the_strips_are_drawn_anew_whatever_is_changed_of_a_phrase(addon, desk, monkeypatch):
    generate(desk, 1)
    drawn = []
    monkeypatch.setattr(addon["heard_outline"], "redraw", lambda: drawn.append(True))
    phrase = desk.chironomy.phrases[0]
    phrase.kind = "shrug"
    assert addon["timeline"].strips(bpy.context)[0].name.startswith("Shrug")
    changes = {"hands": "both", "first": phrase.first + 1, "last": phrase.last + 1, "locked": True}
    for number, (name, value) in enumerate(changes.items(), 1):
        assert len(drawn) == number
        setattr(phrase, name, value)
    assert len(drawn) == 5
    assert bpy.ops.chironomy.phrase_kind(kind="point_out") == {"FINISHED"}
    assert len(drawn) == 6


def test_the_phrases_of_a_character_that_is_deleted_go_and_come_back_with_it(addon, desk):
    generate(desk, 1)
    before, item = phrases(desk), desk.chironomy.character
    assert before
    layout = MagicMock()
    score_panel = addon["panels"].CHIRONOMY_PT_score
    listed = layout.row.return_value.template_list
    score_panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    assert listed.call_count == 1
    places = list(item.users_collection)
    for place in places:
        place.objects.unlink(item)
    score_panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    assert listed.call_count == 1
    for operator in (
        bpy.ops.chironomy.phrase_kind,
        bpy.ops.chironomy.delete_phrase,
        bpy.ops.chironomy.phrases_to_markers,
    ):
        assert not operator.poll()
    places[0].objects.link(item)
    score_panel.draw(SimpleNamespace(body=lambda: layout), bpy.context)
    assert listed.call_count == 2
    assert phrases(desk) == before


def test_strokes_are_drawn_where_the_hands_will_make_them(addon, desk):
    generate(desk, 1)
    strips, score = addon["timeline"].strips, addon["scene.score"]
    item = desk.chironomy.phrases[1]
    known = score_of(addon, desk).phrases[item.number]
    assert strips(bpy.context)[1].apexes == pytest.approx([1 + each.apex * FPS for each in known.strokes], abs=0.6)
    assert not strips(bpy.context)[1].changed
    item.first, item.last = item.first + 5, item.last + 12
    made = score.edited(desk, score_of(addon, desk))
    new = next(each for each in made.phrases if each.start == pytest.approx((item.first - 1) / FPS))
    assert strips(bpy.context)[1].apexes == pytest.approx([1 + each.apex * FPS for each in new.strokes], abs=0.6)
    assert strips(bpy.context)[1].changed
    assert all(item.first <= apex <= item.last for apex in strips(bpy.context)[1].apexes)
    desk.chironomy.strips = False
    assert strips(bpy.context) == []


def test_what_a_person_chose_is_kept_by_the_next_generations(addon, rig, desk):
    from chironomy.motion import rotation

    def bent(number):
        """How far the index finger is bent, degrees, at a stroke of a phrase."""
        at = round(addon["timeline"].strips(bpy.context)[number].apexes[0]) - 1
        return np.degrees(rotation.angle(shown(addon, rig, desk).rotation[at, 1, 1:4], [1.0, 0.0, 0.0, 0.0])).sum()

    generate(desk, 1)
    number = len(desk.chironomy.phrases) // 2
    phrase, size = desk.chironomy.phrases[number], desk.chironomy.phrases[number].size
    phrase.kind, phrase.hands = "fist", "right"
    assert phrase.size == size
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    chosen = next(each for each in desk.chironomy.phrases if each.locked)
    wanted = (chosen.kind, chosen.hands, chosen.first, chosen.last)
    assert wanted[:2] == ("fist", "right")
    assert chosen.size > 0.05
    assert [each.locked for each in desk.chironomy.phrases].count(True) == 1
    assert addon["scene.score"].edit_count(desk) == 0
    before = phrases(desk)
    for seed in (2, 3):
        generate(desk, seed)
        kept = [n for n, each in enumerate(desk.chironomy.phrases) if each.locked]
        assert [phrases(desk)[n] for n in kept] == [wanted]
        assert addon["timeline"].strips(bpy.context)[kept[0]].name == "Fist *"
        assert phrases(desk) != before
        assert bent(kept[0]) > 120
    # What is let go goes with the next one.
    desk.chironomy.phrases[kept[0]].locked = False
    generate(desk, 4)
    assert not any(each.locked for each in desk.chironomy.phrases)


def test_a_phrase_that_is_only_locked_is_as_the_hands_do_it_and_is_kept(addon, desk):
    generate(desk, 1)
    desk.chironomy.phrases[1].locked = True
    assert not any(strip.changed for strip in addon["timeline"].strips(bpy.context))
    locked = phrases(desk)[1]
    generate(desk, 2)
    assert [each for each, item in zip(phrases(desk), desk.chironomy.phrases, strict=True) if item.locked] == [locked]
    desk.chironomy.take_index = 0
    assert desk.chironomy.phrases[1].locked


@pytest.mark.parametrize("name", ["kind", "hands", "size"])
def test_a_strip_says_that_it_is_not_applied(addon, desk, name):
    generate(desk, 1)
    strips, phrase = addon["timeline"].strips, desk.chironomy.phrases[1]
    assert not any(strip.changed or "not applied" in strip.name for strip in strips(bpy.context))
    others = {"kind": "refuse" if phrase.kind != "refuse" else "welcome", "size": phrase.size + 0.05}
    others["hands"] = "left" if phrase.hands != "left" else "right"
    before = getattr(phrase, name)
    setattr(phrase, name, others[name])
    assert [strip.changed for strip in strips(bpy.context)] == [n == 1 for n in range(len(desk.chironomy.phrases))]
    assert strips(bpy.context)[1].name.endswith("– not applied")
    assert addon["scene.score"].edit_count(desk) == 1
    setattr(phrase, name, before)
    assert not strips(bpy.context)[1].changed


def test_every_kind_has_its_picture(addon):
    from chironomy.gesture.repertoire.kinds import KINDS

    folder = addon["kind_pictures"].PICTURES
    assert {path.stem for path in folder.glob("*.png")} == set(KINDS)
    assert addon["kind_pictures"].icon("rest") == 0
