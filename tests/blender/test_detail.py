# SPDX-License-Identifier: GPL-3.0-or-later
"""The detail of a take in a window: its keys are made anew while the person goes on, and nothing of theirs is lost."""

import pytest
from desk import FPS

bpy = pytest.importorskip("bpy")

SECONDS = 3.0


@pytest.fixture
def detail(addon):
    module = addon["scene.detail"]
    yield module
    module._wishes.forget()


@pytest.fixture
def take(addon, rig):
    """Return a function for the take that a character shows: a reference does not last."""
    from blender_motions import gestures

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    bpy.ops.chironomy.add_character()
    addon["scene.new_takes"].new_take(scene, scene.chironomy.character, gestures(rig, SECONDS, seed=2), "a", {})
    return lambda: bpy.context.scene.chironomy.takes[0]


def want(take, detail):
    take.quiet = True
    take.detail = detail
    take.quiet = False


def count(addon):
    return addon["rig.actions"].count(bpy.context.scene.chironomy.character)


def finish(detail):
    while detail.go_on() is not None:
        pass


def test_the_old_keys_are_shown_until_the_new_ones_are_all_there(addon, detail, take, monkeypatch):
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    monkeypatch.setattr(addon["slices"], "BUDGET", 0.0)
    before, name, actions = count(addon), take().action.name, len(bpy.data.actions)
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    assert detail.go_on() == detail.TICK
    assert count(addon) == before
    finish(detail)
    assert count(addon) > before
    assert take().action == bpy.context.scene.chironomy.character.animation_data.action
    assert take().action.name == name
    assert take().keyed_detail == take().detail == 1.0
    assert len(bpy.data.actions) == actions


def test_the_newest_wish_counts(addon, detail, take):
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    detail.go_on()
    want(take(), 0.0)
    before = count(addon)
    detail.wish(bpy.context.scene, take())
    finish(detail)
    assert count(addon) < before
    assert len(bpy.data.actions) == 1


def test_a_pose_that_is_edited_meanwhile_stays_as_it_was_edited(addon, detail, take, monkeypatch):
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    monkeypatch.setattr(addon["slices"], "BUDGET", 0.0)
    item = bpy.context.scene.chironomy.character
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    for _ in range(20):
        assert detail.go_on() == detail.TICK
    bone = item.pose.bones["hand.L"]
    bpy.context.scene.frame_set(20)
    bone.location.x += 0.1
    there = bone.location.x
    assert bone.keyframe_insert("location", frame=20)
    finish(detail)
    assert take().keyed_detail == 1.0
    bpy.context.scene.frame_set(1)
    bpy.context.scene.frame_set(20)
    assert bone.location.x == pytest.approx(there, abs=1e-5)


def test_a_copy_that_shares_the_action_keeps_it(addon, detail, take):
    item, old = bpy.context.scene.chironomy.character, take().action
    before = count(addon)
    copy = item.copy()
    bpy.context.scene.collection.objects.link(copy)
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    finish(detail)
    assert copy.animation_data.action == old
    assert addon["rig.actions"].count(copy) == before
    assert take().action == item.animation_data.action != old


def test_what_cannot_be_keyed_again_is_told_and_the_slider_goes_back(addon, detail, take):
    usual = take().detail
    for f_curve in addon["rig.actions"].all_curves(bpy.context.scene.chironomy.character):
        columns = addon["rig.actions"].key_columns(f_curve)
        for name in ("co", "handle_left", "handle_right"):
            columns[name][:, 0] += 50.0
        addon["rig.actions"].write_points(f_curve, columns)
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    finish(detail)
    assert "move its keys along" in take().trouble
    assert take().detail == usual


def test_a_take_that_is_deleted_meanwhile_is_left_alone(addon, detail, take):
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    assert detail.go_on() == detail.TICK
    bpy.context.scene.chironomy.takes.clear()
    finish(detail)
    assert len(bpy.data.actions) == 1


@pytest.fixture
def keying_of(addon, detail, monkeypatch):
    """Return a function for what a person does once, while keys are made and before they are shown."""

    def between(do):
        keying, done = detail.keying, []

        def disturbed(*arguments):
            written = yield from keying(*arguments)
            if not done:
                done.append(do())
            return written

        monkeypatch.setattr(detail, "keying", disturbed)

    return between


def test_what_is_changed_of_the_action_meanwhile_stays(addon, detail, take, keying_of):
    scene = bpy.context.scene
    scene.frame_set(30)
    scene.chironomy.on_layer = True
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.1), hands="LEFT", radius=0.5) == {"FINISHED"}

    def change():
        scene.chironomy.layers[0].title = "Higher"
        take().action["mine"] = 3
        take().action.pose_markers.new("here").frame = 7

    keying_of(change)
    want(take(), 1.0)
    detail.wish(scene, take())
    finish(detail)
    assert take().keyed_detail == 1.0
    assert [layer.title for layer in scene.chironomy.layers] == ["Higher"]
    assert take().action["mine"] == 3
    assert [(marker.name, marker.frame) for marker in take().action.pose_markers] == [("here", 7)]


def test_a_take_that_is_accepted_meanwhile_stays_as_it_is(addon, detail, take, keying_of):
    before, detailed = count(addon), take().keyed_detail

    def accept():
        take().accepted = True

    keying_of(accept)
    want(take(), 1.0)
    detail.wish(bpy.context.scene, take())
    finish(detail)
    assert "is accepted" in take().trouble
    assert count(addon) == before
    assert take().detail == take().keyed_detail == detailed


def test_where_another_take_is_shown_meanwhile_the_wish_waits_until_this_one_is_shown_again(
    addon, detail, take, keying_of
):
    scene, before, detailed = bpy.context.scene, count(addon), take().keyed_detail
    keying_of(bpy.ops.chironomy.duplicate_take)
    want(take(), 1.0)
    detail.wish(scene, take())
    finish(detail)
    assert count(addon) == before
    wanted = [(1.0, detailed), (detailed, detailed)]
    assert [(each.detail, each.keyed_detail) for each in scene.chironomy.takes] == wanted
    assert take().trouble == ""
    scene.chironomy.take_index = 0
    assert count(addon) > before
    assert [(each.detail, each.keyed_detail) for each in scene.chironomy.takes] == [(1.0, 1.0), wanted[1]]
    # The other one is as it was.
    scene.chironomy.take_index = 1
    assert count(addon) == before


def test_a_detail_that_was_typed_goes_along_into_what_is_made_of_the_take_meanwhile(addon, detail, rig, take):
    from blender_motions import gestures

    scene, before = bpy.context.scene, count(addon)
    only = addon["rig.owned"].Only(20.0, 40.0, (0,))
    # Typed while a score is applied: the keys are not there yet when the new take lands.
    want(take(), 0.2)
    detail.wish(scene, take())
    new_takes = addon["scene.new_takes"]
    new_takes.put_range(scene, scene.chironomy.character, gestures(rig, SECONDS, seed=3), [only], "score changed", {})
    finish(detail)
    first, second = scene.chironomy.takes
    assert (second.detail, second.keyed_detail) == pytest.approx((0.2, 0.2))
    assert first.detail == pytest.approx(0.2)
    assert count(addon) < before
    scene.chironomy.take_index = 0
    assert scene.chironomy.takes[0].keyed_detail == pytest.approx(0.2)
    assert count(addon) < before


def test_one_step_back_brings_the_slider_back_with_the_keys(addon, detail, take):
    before, detailed = count(addon), take().keyed_detail
    bpy.ops.ed.undo_push(message="a take")
    # As in a window: Blender keeps that the slider was moved, and the keys are a step of their own.
    want(take(), 1.0)
    bpy.ops.ed.undo_push(message="the slider")
    detail.wish(bpy.context.scene, take())
    finish(detail)
    bpy.ops.ed.undo()
    assert count(addon) == before
    assert take().detail == take().keyed_detail == detailed
    bpy.ops.ed.undo()
    bpy.ops.ed.redo()
    assert take().detail == take().keyed_detail == detailed
    bpy.ops.ed.redo()
    assert count(addon) > before
    assert take().detail == take().keyed_detail == 1.0


def test_a_step_in_history_leaves_the_slider_of_a_wish_that_is_under_way_or_waits(addon, detail, take):
    detailed = take().keyed_detail
    want(take(), 1.0)
    bpy.ops.ed.undo_push(message="the slider")
    detail.wish(bpy.context.scene, take())
    bpy.ops.ed.undo_push(message="something else")
    bpy.ops.ed.undo()
    assert (take().detail, take().keyed_detail) == (1.0, detailed)
    detail._wishes.forget()
    bpy.ops.chironomy.duplicate_take()
    bpy.ops.ed.undo_push(message="another take")
    bpy.ops.ed.undo_push(message="something else")
    bpy.ops.ed.undo()
    assert (take().detail, take().keyed_detail) == (1.0, detailed)


def test_an_asset_in_another_detail_is_an_asset(addon, detail, take):
    action = take().action
    action.asset_mark()
    action.asset_data.description = "a greeting"
    action.asset_data.tags.new("wave")
    take().detail = 1.0
    marked = take().action.asset_data
    assert marked.description == "a greeting"
    assert [tag.name for tag in marked.tags] == ["wave"]
