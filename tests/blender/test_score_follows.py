# SPDX-License-Identifier: GPL-3.0-or-later
"""The score keeps to what the hands do and what a person wanted: it follows edits, and unapplied ones are not lost."""

from itertools import pairwise

import numpy as np
import pytest
from desk import FPS, apart, generate, names, shown
from test_score_panel import phrases, score_of

bpy = pytest.importorskip("bpy")


@pytest.fixture
def generated(addon, desk):
    generate(desk, 4)
    return desk


def of_hand(scene, hand):
    return sorted((first, last, kind) for kind, hands, first, last in phrases(scene) if hands in (hand, "both"))


def test_unapplied_edits_stay_with_their_take(addon, rig, generated, tmp_path):
    scene = generated
    before, first = shown(addon, rig, scene), phrases(scene)
    listed = scene.chironomy.phrases
    listed[0].last += 3
    listed[1].kind = "wag" if listed[1].kind != "wag" else "chop"
    scene.chironomy.phrase_index = 2
    assert bpy.ops.chironomy.delete_phrase() == {"FINISHED"}
    scene.frame_set(100)
    assert bpy.ops.chironomy.add_phrase(kind="welcome", hands="left") == {"FINISHED"}
    edited, count = phrases(scene), addon["scene.score"].edit_count
    assert count(scene) == 4
    generate(scene, 2)
    other = phrases(scene)
    assert count(scene) == 0
    has_edits = addon["scene.score"].has_edits
    assert [has_edits(scene, take.action) for take in scene.chironomy.takes] == [True, False]
    # Through a file, and back and forth.
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "edits.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "edits.blend"))
    scene = bpy.context.scene
    scene.chironomy.take_index = 0
    assert phrases(scene) == edited != first
    assert count(scene) == 4
    scene.chironomy.take_index = 1
    assert phrases(scene) == other
    scene.chironomy.take_index = 0
    # Nothing was done yet; applied, they are the new take's, and the old one is as it was.
    assert apart(shown(addon, rig, scene), before) == (0.0, 0.0)
    assert bpy.ops.chironomy.apply_score() == {"FINISHED"}
    assert names(scene) == ["Take 1", "Take 2", "Take 3"]
    assert count(scene) == 0
    assert ("welcome", "left") in [each[:2] for each in phrases(scene)]
    scene.chironomy.take_index = 0
    assert phrases(scene) == first


def test_hands_that_are_swapped_swap_their_phrases(addon, generated):
    left, right = of_hand(generated, "left"), of_hand(generated, "right")
    assert left != right
    assert bpy.ops.chironomy.swap_hands(frames="ALL") == {"FINISHED"}
    assert of_hand(generated, "left") == right
    assert of_hand(generated, "right") == left
    # Twice is as before.
    assert bpy.ops.chironomy.swap_hands(frames="ALL") == {"FINISHED"}
    assert (of_hand(generated, "left"), of_hand(generated, "right")) == (left, right)


def test_a_mirrored_hand_has_the_other_ones_phrases(addon, generated):
    left = of_hand(generated, "left")
    assert bpy.ops.chironomy.mirror_motion(hands="RIGHT", frames="ALL") == {"FINISHED"}
    assert of_hand(generated, "right") == of_hand(generated, "left") == left


def test_a_phrase_goes_along_when_its_frames_are_shifted(addon, rig, generated):
    score = score_of(addon, generated)
    gesture = next(phrase for phrase in score.phrases if phrase.strokes and phrase.start > 1.5)
    apex = 1 + gesture.strokes[0].apex * FPS
    generated.use_preview_range = True
    generated.frame_preview_start, generated.frame_preview_end = round(apex) - 8, round(apex) + 8
    assert bpy.ops.chironomy.shift_time(shift=4, hands="BOTH") == {"FINISHED"}
    found = [phrase for phrase in score_of(addon, generated).phrases if phrase.kind == gesture.kind and phrase.strokes]
    times = [1 + stroke.apex * FPS for phrase in found for stroke in phrase.strokes]
    assert np.abs(np.array(times) - apex - 4).min() < 0.6
    assert len(phrases(generated)) == len([phrase for phrase in score.phrases if phrase.kind != "rest"])


def test_edits_that_are_not_applied_follow_too(addon, generated):
    listed = generated.chironomy.phrases
    number = next(n for n, each in enumerate(listed) if each.hands != "both")
    listed[number].kind = "wag" if listed[number].kind != "wag" else "chop"
    kind, hands, first, last = phrases(generated)[number]
    assert bpy.ops.chironomy.swap_hands(frames="ALL") == {"FINISHED"}
    other = {"left": "right", "right": "left"}[hands]
    assert (kind, other, first, last) in phrases(generated)
    assert addon["scene.score"].edit_count(generated) == 1


def test_hands_at_rest_have_no_phrases(addon, generated):
    generated.frame_set(60)
    assert bpy.ops.chironomy.ease_to_rest(hands="BOTH", frames="ALL") == {"FINISHED"}
    assert all(last <= 60 for _, _, _, last in phrases(generated))
    assert score_of(addon, generated).phrases[-1].kind == "rest"


def test_what_is_calmed_is_smaller_in_the_score(addon, generated):
    sizes = [each.size for each in generated.chironomy.phrases]
    assert bpy.ops.chironomy.amplify(factor=0.8, hands="BOTH", frames="ALL") == {"FINISHED"}
    assert [each.size for each in generated.chironomy.phrases] == pytest.approx([0.8 * size for size in sizes])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_hand_has_two_phrases_at_once_after_a_range_was_made_anew(addon, desk, seed):
    generate(desk, seed)
    for hands, first, last in (("RIGHT", 30, 80), ("LEFT", 60, 120)):
        desk.chironomy.edit_hands = hands
        assert bpy.ops.chironomy.regenerate_range(first=first, last=last) == {"FINISHED"}
        for hand in ("left", "right"):
            own = of_hand(desk, hand)
            assert all(before[1] <= after[0] for before, after in pairwise(own)), own
