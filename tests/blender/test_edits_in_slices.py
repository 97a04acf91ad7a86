# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits are made while Blender answers: whatever a person does meanwhile stays, and nothing is left half done."""

from types import SimpleNamespace

import numpy as np
import pytest
from desk import FRAMES, generate, names

bpy = pytest.importorskip("bpy")


@pytest.fixture
def take(addon, desk, monkeypatch):
    """A scene with a take, in which every slice is one of its own."""
    generate(desk, 1)
    bpy.ops.ed.undo_push(message="a take")
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    return desk


def amplifying(addon, scene, layer="", factor=1.5):
    """The slices of an edit of the whole take."""

    def plan(place):
        return lambda: addon["scene.editing"].amplify(place, *place.keyed, factor, "LINE")

    return addon["scene.edit_place"].edit_hands(scene, scene.chironomy.character, (0, 1), layer, plan)


def numbers(addon, scene):
    """Every number of every key of the action that is shown."""
    read = addon["rig.actions"].key_columns
    return {
        (curve.data_path, curve.array_index, name): column.tolist()
        for curve in addon["rig.actions"].all_curves(scene.chironomy.character)
        for name, column in read(curve).items()
    }


def held():
    return {name: sorted(getattr(bpy.data, name).keys()) for name in ("scenes", "objects", "meshes", "actions")}


def slicing(addon, begin):
    work = addon["slices"].Slicing(begin)
    assert not work.go_on(0.0)
    return work


def on(work, slices):
    for _ in range(slices):
        assert not work.go_on(0.0)
        work.wait()


def test_an_edit_in_slices_is_what_a_script_makes(addon, take):
    before = numbers(addon, take)
    work = slicing(addon, lambda: amplifying(addon, take))
    assert numbers(addon, take) == before
    work.to_the_end()
    in_slices = numbers(addon, take)
    assert in_slices != before
    bpy.ops.ed.undo_push(message="edited")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert numbers(addon, scene) == before
    bpy.ops.chironomy.amplify(factor=1.5, hands="BOTH", frames="ALL")
    assert numbers(addon, scene) == in_slices


def test_what_a_person_keys_meanwhile_is_edited_too(addon, take):
    work = slicing(addon, lambda: amplifying(addon, take, factor=1.0))
    on(work, 3)
    item = take.chironomy.character
    (curve,) = [
        curve
        for curve in addon["rig.actions"].all_curves(item)
        if curve.data_path.endswith('"hand.L"].location') and curve.array_index == 2
    ]
    point = curve.keyframe_points[len(curve.keyframe_points) // 2]
    frame, value = point.co
    point.co = frame, value + 0.3
    for handle in (point.handle_left, point.handle_right):
        handle.y += 0.3
    curve.update()
    work.to_the_end()
    (curve,) = [
        curve
        for curve in addon["rig.actions"].all_curves(item)
        if curve.data_path.endswith('"hand.L"].location') and curve.array_index == 2
    ]
    assert curve.evaluate(frame) == pytest.approx(value + 0.3, abs=1e-4)


def test_a_pose_without_keys_is_kept_at_its_frame_wherever_the_person_goes_meanwhile(addon, rig, take):
    item, editing = take.chironomy.character, addon["scene.editing"]
    take.frame_set(70)
    item.pose.bones["hand.R"].location.z += 0.1
    wanted = item.pose.bones["hand.R"].location.copy()

    def plan(place):
        posed = editing.posed(place)
        return lambda: editing.move_pose(place, 0.5, posed)

    work = slicing(addon, lambda: addon["scene.edit_place"].edit_hands(take, item, (1,), "", plan))
    take.frame_set(20)
    work.to_the_end()
    assert take.frame_current == 20
    take.frame_set(70)
    assert (item.pose.bones["hand.R"].location - wanted).length < 1e-5


def test_an_edit_that_is_stopped_changes_nothing(addon, take):
    before, blocks = numbers(addon, take), held()
    for layer in ("", "A Layer"):
        work = slicing(addon, lambda layer=layer: amplifying(addon, take, layer))
        on(work, 4)
        work.stop()
        assert numbers(addon, take) == before
        assert held() == blocks
        assert not len(take.chironomy.layers)


def test_an_edit_of_a_take_that_is_no_longer_shown_ends_with_a_sentence(addon, take):
    work = slicing(addon, lambda: amplifying(addon, take))
    on(work, 3)
    take.chironomy.character.animation_data.action = None
    with pytest.raises(addon["slices"].GoneError, match=r"another take is shown now|were deleted meanwhile"):
        work.to_the_end()


def test_a_step_back_in_history_begins_an_edit_again(addon, take):
    target = addon["target"].Target.of(take)
    bpy.context.scene["step"] = 1
    bpy.ops.ed.undo_push(message="meanwhile")
    work = slicing(addon, lambda: amplifying(addon, target.find()[0]))
    on(work, 4)
    bpy.ops.ed.undo()
    before = numbers(addon, bpy.context.scene)
    work.to_the_end()
    assert numbers(addon, bpy.context.scene) != before


def test_a_button_with_a_window_goes_on_with_each_tick_and_ends_as_one_step(addon, take, monkeypatch):
    sliced = addon["sliced"]
    monkeypatch.setattr(sliced, "with_window", lambda: True)
    monkeypatch.setattr(addon["slices"], "BUDGET", 0.0)
    windows = SimpleNamespace(
        event_timer_add=lambda tick, window: tick,
        event_timer_remove=lambda timer: None,
        modal_handler_add=lambda operator: None,
    )
    context = SimpleNamespace(scene=take, window=None, workspace=None, window_manager=windows)
    said = []

    class Button(sliced.SlicedOperator):
        bl_idname, bl_label = "chironomy.try_out", "Try Out"

        def slices(self, context, target):
            outcome = yield from amplifying(addon, target.find_scene())
            return sliced.Said(outcome.message, outcome.short)

        def report(self, kind, message):
            said.append((*kind, message))

    before, button = numbers(addon, take), Button()
    ended = button.invoke(context, None)
    assert ended == {"RUNNING_MODAL"}
    assert numbers(addon, take) == before
    assert button.modal(context, SimpleNamespace(type="MOUSEMOVE")) == {"PASS_THROUGH"}
    for _ in range(10000):
        button._slicing.wait()
        ended = button.modal(context, SimpleNamespace(type="TIMER"))
        if ended != {"PASS_THROUGH"}:
            break
    assert ended == {"FINISHED"}
    assert numbers(addon, take) != before
    assert said == [("INFO", f"Strengthened hand.L and hand.R from frame 1 to {FRAMES}")]
    # What a person holds is not changed under their hand.
    monkeypatch.setattr(sliced, "in_the_way", lambda: True)
    assert Button().modal(context, SimpleNamespace(type="TIMER")) == {"PASS_THROUGH"}


def test_the_weight_of_a_layer_goes_along_in_slices(addon, rig, take, monkeypatch):
    take.chironomy.on_layer = True
    before = numbers(addon, take)
    assert bpy.ops.chironomy.amplify(factor=1.5, hands="BOTH") == {"FINISHED"}
    whole, answers = numbers(addon, take), addon["scene.answers"]
    layer = take.chironomy.layers[0]
    layer.quiet = True
    layer.weight = 0.0
    layer.quiet = False
    answers._Layer.scene, answers._Layer.index = take.session_uid, 0
    answers._Layer.action = take.chironomy.character.animation_data.action.session_uid
    answers._layer_wishes.wish(answers._changing_layer)
    assert answers._layer_wishes.go_on() is not None
    assert numbers(addon, take) == whole
    while answers._layer_wishes.go_on() is not None:
        pass
    assert numbers(addon, take) == before


def test_a_character_that_is_begun_and_stopped_leaves_nothing(addon, desk, monkeypatch):
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    from chironomy.body.rig import load_rig

    before, build = held(), addon["rig.build"]
    work = slicing(addon, lambda: build.building_character(bpy.context, load_rig(), "1"))
    on(work, 20)
    assert held() != before
    assert set(desk.objects) == {item for item in desk.objects if item.name in before["objects"]}
    work.stop()
    assert held() == before


def test_a_character_of_a_scene_that_is_left_meanwhile_is_told_of(addon, desk, monkeypatch):
    monkeypatch.setattr(addon["slices"], "SLICE", 0.0)
    from chironomy.body.rig import load_rig
    from chironomy.errors import ChironomyError

    objects = sorted(bpy.data.objects.keys())
    work = slicing(addon, lambda: addon["rig.build"].building_character(bpy.context, load_rig(), "1"))
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    with pytest.raises(ChironomyError, match="add the character once more"):
        work.to_the_end()
    assert sorted(bpy.data.objects.keys()) == objects
    bpy.context.window.scene = desk
    bpy.data.scenes.remove(other)


@pytest.fixture
def laying(addon, take):
    """A take that is being laid, its first keys written."""
    takes = addon["scene.takes"]
    dense = takes.dense_of(take.chironomy.takes[0])
    from chironomy.body.performance import Performance

    new = addon["scene.new_takes"].New(Performance(*dense), "again", {"seed": 2})
    item = take.chironomy.character
    work = slicing(addon, lambda: addon["scene.new_takes"].adding_takes(take, item, [new]))
    on(work, 60)
    return work


def test_a_pose_that_is_keyed_while_a_take_is_laid_is_in_the_new_take_too(addon, rig, take, laying):
    item = take.chironomy.character
    take.frame_set(70)
    item.pose.bones["hand.L"].location.z += 0.2
    wanted = item.pose.bones["hand.L"].location.copy()
    item.keyframe_insert('pose.bones["hand.L"].location', frame=70)
    laying.to_the_end()
    assert names(take)[-1] == "Take 2"
    take.frame_set(71)
    take.frame_set(70)
    assert (item.pose.bones["hand.L"].location - wanted).length < 1e-4


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender was built without sound")
def test_keys_are_written_where_the_speech_is_by_then(addon, take, laying):
    from chironomy.motion.keys import is_generated

    strips = take.sequence_editor.strips if hasattr(take.sequence_editor, "strips") else take.sequence_editor.sequences
    strip = next(iter(strips))
    if hasattr(strip, "content_start"):
        strip.content_start += 24
    else:
        strip.frame_start += 24
    laying.to_the_end()
    first = [
        addon["rig.actions"].key_columns(curve)["co"][:, 0].min()
        for curve in addon["rig.actions"].all_curves(take.chironomy.character)
        if is_generated(addon["rig.actions"].key_columns(curve)).any()
    ]
    assert min(first) == 25.0


def test_a_frame_rate_that_is_changed_while_keys_are_written_is_told_of(addon, take, laying):
    from chironomy.errors import ChironomyError

    take.render.fps = 30
    with pytest.raises(ChironomyError, match="but the scene has 30"):
        laying.to_the_end()
    assert names(take) == ["Take 1"]


def test_a_take_in_the_nla_has_no_layers_listed(addon, take):
    take.chironomy.on_layer = True
    assert bpy.ops.chironomy.curl_fingers(hands="LEFT") == {"FINISHED"}
    assert len(take.chironomy.layers) == 1
    assert bpy.ops.chironomy.take_to_nla() == {"FINISHED"}
    assert not len(take.chironomy.layers)
    assert take.chironomy.layers_of is None


def test_poses_on_a_layer_are_not_released_before_it_is_applied(addon, rig, take):
    take.frame_set(70)
    take.chironomy.on_layer = True
    assert bpy.ops.chironomy.move_pose(offset=(0.0, 0.0, 0.1), hands="LEFT", radius=0.5) == {"FINISHED"}
    take.chironomy.edit_hands = "LEFT"
    with pytest.raises(RuntimeError, match="lie on the layer Move With Fall-Off; apply or delete it first"):
        bpy.ops.chironomy.release_poses(first=65, last=75)
    assert bpy.ops.chironomy.apply_layer() == {"FINISHED"}
    assert bpy.ops.chironomy.release_poses(first=50, last=90) == {"FINISHED"}
    unit = addon["rig.owned"].hand_unit(take.chironomy.character, 0)
    assert not addon["rig.owned"].spans(take.chironomy.character, [unit], 24.0)


def test_bringing_in_leaves_nothing_but_the_take(addon, rig, take):
    generate(take, 2)
    blocks = held()
    item, first = take.chironomy.character, take.chironomy.takes[0]
    shown = item.animation_data.action
    source = first.action.session_uid
    work = slicing(addon, lambda: addon["scene.new_takes"].bringing_in(take, item, source, "left", None, 0.5))
    on(work, 10)
    assert item.animation_data.action == shown
    work.stop()
    assert held() == blocks
    assert bpy.ops.chironomy.bring_in_take(source="0", hands="left") == {"FINISHED"}
    assert {name: held()[name] for name in ("scenes", "objects", "meshes")} == {
        name: blocks[name] for name in ("scenes", "objects", "meshes")
    }
    now = addon["rig.hand_curves"].HandCurves(item, rig, 0).poses(np.arange(2, FRAMES))
    actions = addon["rig.actions"]
    actions.assign(item, first.action, first.slot)
    before = addon["rig.hand_curves"].HandCurves(item, rig, 0).poses(np.arange(2, FRAMES))
    assert np.abs(now.wrist_position - before.wrist_position).max() < 0.02
