# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes by their pictures."""

import numpy as np
import pytest
from desk import FPS, generate, shown

bpy = pytest.importorskip("bpy")


@pytest.fixture
def pictures(addon):
    addon["take_pictures"].forget()
    yield addon["take_pictures"]
    addon["take_pictures"].forget()


def test_a_picture_shows_the_hands_at_their_largest_strokes(addon, rig, desk, pictures):
    generate(desk, 1)
    take = desk.chironomy.takes[0]
    score = addon["scene.score"].score_of(take.action)
    hands = pictures.moments(desk, take)
    dense = shown(addon, rig, desk)
    from chironomy.gesture.score.moments import telling_moments

    times = telling_moments(score, score.seconds, pictures.MOMENTS)
    assert times == sorted(times)
    assert set(times) & {stroke.apex for phrase in score.phrases for stroke in phrase.strokes}
    for moment, time in enumerate(times):
        frame = round(time * FPS)
        apart = np.linalg.norm(hands.wrist_position[moment] - dense.wrist_position[frame], axis=-1)
        assert apart.max() < 0.03


def test_every_take_has_its_own_picture_and_an_edit_makes_it_anew(desk, pictures):
    for seed in (1, 2):
        generate(desk, seed)
    first, second = desk.chironomy.takes
    assert seen(pictures, first) is None
    assert pictures.ask(desk, first)
    assert pictures.ask(desk, second)
    pictures.wait(60)
    side = pictures.SIZE * pictures.COLUMNS
    sheets = [seen(pictures, take) for take in (first, second)]
    for take, sheet in zip((first, second), sheets, strict=True):
        assert sheet.shape == (side, side, 4)
        # As it was drawn, but that Blender counts rows from below.
        drawn = pictures.draw(pictures.moments(desk, take), "teal")
        assert np.abs(255 * sheet[::-1] - drawn).max() < 1.0
    assert np.abs(sheets[0] - sheets[1]).max() > 0.2
    # Nothing new, nothing drawn.
    assert not pictures.ask(desk, first)
    curve = next(each for each in curves(first.action) if each.data_path == 'pose.bones["hand.R"].location')
    for point in curve.keyframe_points:
        point.co.y += 0.1
    assert pictures.ask(desk, first)
    pictures.wait(60)
    assert np.abs(seen(pictures, first) - sheets[0]).max() > 0.2
    assert (seen(pictures, second) == sheets[1]).all()


def test_keys_in_another_detail_keep_the_picture_until_theirs_is_drawn(desk, pictures):
    generate(desk, 1)
    take = desk.chironomy.takes[0]
    pictures.ask(desk, take)
    pictures.wait(60)
    pictures.icon(desk, take)
    before, action = seen(pictures, take), take.action.session_uid
    take.detail = 0.1
    take = desk.chironomy.takes[0]
    assert take.action.session_uid != action
    pictures.icon(desk, take)
    assert (seen(pictures, take) == before).all()
    assert pictures.ask(desk, take)
    assert (seen(pictures, take) == before).all()
    pictures.wait(60)
    drawn = pictures.draw(pictures.moments(desk, take), "teal")
    assert np.abs(255 * seen(pictures, take)[::-1] - drawn).max() < 1.0
    assert len(pictures._Known.names) == 1


def seen(pictures, take):
    """The pixels that Blender has of a take's picture; without a window it gives no icon."""
    names = pictures._Known.names.get(take.action.session_uid)
    if names is None:
        return None
    preview = pictures._Known.previews[names[1]]
    width, height = preview.image_size
    return np.array(preview.image_pixels_float[:], np.float32).reshape(height, width, 4)


def test_a_take_is_chosen_by_its_picture(desk, pictures):
    for seed in (1, 2, 3):
        generate(desk, seed)
    assert [each[1].split("  ")[0] for each in pictures.items(desk)] == ["Take 1", "Take 2", "Take 3"]
    assert desk.chironomy.take_picture == "2"
    desk.chironomy.take_picture = "0"
    assert desk.chironomy.take_index == 0
    assert desk.chironomy.character.animation_data.action == desk.chironomy.takes[0].action


def test_pictures_of_takes_that_are_gone_go(desk, pictures):
    for seed in (1, 2):
        generate(desk, seed)
        pictures.ask(desk, desk.chironomy.takes[len(desk.chironomy.takes) - 1])
        pictures.look()
    pictures.wait(60)
    bpy.ops.chironomy.delete_take()
    generate(desk, 3)
    pictures.ask(desk, desk.chironomy.takes[1])
    pictures.wait(60)
    there = {action.session_uid for action in bpy.data.actions}
    assert set(pictures._Known.names) <= there
    pictures.forget()
    assert pictures._Known.previews is None


def curves(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves
    ]
