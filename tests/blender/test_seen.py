# SPDX-License-Identifier: GPL-3.0-or-later
"""What is exported is what is seen: FBX, video and motion files against Blender's own evaluation of the scene."""

import importlib
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = 16
MILLIMETRE = 1e-3


@pytest.fixture
def scene(addon):
    """An empty scene of a few frames from 101 on."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.frame_start, scene.frame_end = 101, 100 + FRAMES
    return scene


@pytest.fixture
def item(addon, rig, scene):
    """A character that gestures and speaks, and no more."""
    from blender_motions import gestures

    from chironomy.motion import FACE_ACTIONS, FaceTrack

    assert bpy.ops.chironomy.add_character() == {"FINISHED"}
    made = scene.chironomy.character
    addon["rig.write"].write_motion(made, rig, gestures(rig, FRAMES / 24, seed=4), scene, 101)
    give_small_body(made, addon["rig.build"].body_of(made))
    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.5 + 0.4 * np.sin(np.arange(FRAMES) * 0.35)
    addon["rig.write_body"].write_face(made, FaceTrack(24.0, values), scene, 101)
    return made


def give_small_body(item, body):
    """Give a character a body of few vertices in place of its own, which is quicker to write and to read back."""
    mesh = bpy.data.meshes.new("Small")
    mesh.from_pydata([(-0.8, 0.0, 1.4), (-0.8, 0.1, 1.4), (-0.7, 0.0, 1.4)], [], [(0, 1, 2)])
    small = bpy.data.objects.new("Small", mesh)
    bpy.context.scene.collection.objects.link(small)
    small.parent = item
    small.modifiers.new("Armature", "ARMATURE").object = item
    small.vertex_groups.new(name="wrist.R").add([0, 1, 2], 1.0, "ADD")
    for name in ("Basis", "jawOpen"):
        small.shape_key_add(name=name).data[0].co.z += 0.1 * (name == "jawOpen")
    bpy.data.objects.remove(body)
    small.name = mesh.name = "Character Body"


@pytest.fixture
def body(addon, item):
    return addon["rig.build"].body_of(item)


@pytest.fixture
def read(played_by_three, tmp_path):
    """Export, and return what three.js shows of it."""

    def run():
        path = tmp_path / "out.fbx"
        assert bpy.ops.chironomy.export_fbx(filepath=str(path)) == {"FINISHED"}
        render = bpy.context.scene.render
        return played_by_three(path, render.fps / render.fps_base)

    return run


def shown(item, body, unit=1.0):
    """What the viewport shows at each frame of the scene: every deform bone's head in metres, and the jaw."""
    scene, heads, jaw = bpy.context.scene, {}, []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = item.evaluated_get(graph)
        for bone in item.data.bones:
            if bone.use_deform:
                place = evaluated.matrix_world @ evaluated.pose.bones[bone.name].head
                heads.setdefault(bone.name, []).append([value * unit for value in place])
        block = body.evaluated_get(graph).data.shape_keys.key_blocks["jawOpen"]
        jaw.append(0.0 if block.mute else block.value)
    return {name: np.array(places) for name, places in heads.items()}, np.array(jaw)


def assert_played(played, heads, jaw):
    """An FBX shows the same at every frame."""
    places = np.array(played["frames"])
    assert len(places) == len(jaw)
    for name, wanted in heads.items():
        bone = played["bones"].index(name.replace(".", ""))
        assert np.abs(places[:, bone] - wanted).max() < 0.1 * MILLIMETRE, name
    (mesh,) = [mesh for mesh in enumerate(played["meshes"]) if "jawOpen" in mesh[1]["morphs"]]
    column = mesh[1]["morphs"].index("jawOpen")
    np.testing.assert_allclose([frame[mesh[0]][column] for frame in played["morphs"]], jaw, atol=1e-3)


def push_down(block, start=101):
    """Push a data-block's action down into an NLA strip, as Blender's button does; return the strip."""
    data = block.animation_data
    action, slot = data.action, getattr(data, "action_slot", None)
    strip = data.nla_tracks.new().strips.new("take", start, action)
    if slot is not None:
        strip.action_slot = slot
    data.action = None
    return strip


def wave_action(item):
    """Lay a short strip of another action over what there is: the right hand goes up."""
    keys = module("rig.actions")
    keys.new_action(item, "Wave")
    curve = keys.curves(item, create=True).new('pose.bones["hand.R"].location', index=2)
    for frame, value in ((101, 0.0), (108, 0.25), (116, 0.0)):
        curve.keyframe_points.insert(frame, value)
    return push_down(item, 101)


def nla_strips(item, body):
    push_down(item)
    push_down(body.data.shape_keys)


def nla_moved_and_stretched(item, body):
    strip = push_down(item)
    strip.frame_start, strip.scale = 104, 1.5
    face = push_down(body.data.shape_keys)
    face.frame_start = 104


def nla_layers(item, body):
    push_down(item)
    wave_action(item).blend_type = "ADD"


def solo_track(item, body):
    push_down(item)
    wave_action(item)
    item.animation_data.nla_tracks[0].is_solo = True


def f_modifier(item, body):
    for curve in curves_of(item):
        if curve.data_path == 'pose.bones["hand.L"].location':
            noise = curve.modifiers.new("NOISE")
            noise.scale, noise.strength = 3.0, 0.1


def moving_parent(item, body):
    cart = empty("Cart")
    item.parent = cart
    for frame, place in ((101, 0.0), (116, 2.0)):
        cart.location = (place, -place, 0.5 * place)
        cart.rotation_euler.z = place
        cart.keyframe_insert("location", frame=frame)
        cart.keyframe_insert("rotation_euler", frame=frame)


def constraint_to_an_object(item, body):
    """The head looks at something that passes, in the world."""
    ball = empty("Ball")
    for frame, place in ((101, -2.0), (116, 2.0)):
        ball.location = (place, -2.0, 1.5)
        ball.keyframe_insert("location", frame=frame)
    track = item.pose.bones["head"].constraints.new("DAMPED_TRACK")
    track.target, track.track_axis = ball, "TRACK_Z"


def a_bone_torn_from_its_parent(item, body):
    ball = empty("Ball")
    ball.location = (0.4, -0.5, 1.3)
    copy = item.pose.bones["forearm.L"].constraints.new("COPY_LOCATION")
    copy.target, copy.influence = ball, 0.5


def drivers(item, body):
    """A driver of the scene's own property, of the frame, and one that moves the jaw by a control."""
    scene = bpy.context.scene
    scene["energy"] = 0.0
    for frame, value in ((101, 0.0), (116, 0.3)):
        scene["energy"] = value
        scene.keyframe_insert('["energy"]', frame=frame)
    driver = item.pose.bones["elbow.R"].driver_add("location", 2).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.type = "CONTEXT_PROP"
    variable.targets[0].context_property, variable.targets[0].data_path = "ACTIVE_SCENE", '["energy"]'
    jaw = empty("Jaw")
    for frame, value in ((101, 0.0), (116, 1.0)):
        jaw.location.z = value
        jaw.keyframe_insert("location", frame=frame)
    block = body.data.shape_keys.key_blocks["jawOpen"]
    body.data.shape_keys.animation_data.action = None
    driver = block.driver_add("value").driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.type, variable.targets[0].id, variable.targets[0].transform_type = "TRANSFORMS", jaw, "LOC_Z"


def muted_shape_key(item, body):
    body.data.shape_keys.key_blocks["jawOpen"].mute = True


def time_stretching(item, body):
    bpy.context.scene.render.frame_map_new = 150


def a_larger_character(item, body):
    item.scale = (1.5, 1.5, 1.5)
    item.location, item.rotation_euler = (0.3, 0.2, 0.1), (0.0, 0.1, 0.7)


def an_unkeyed_offset(item, body):
    item.delta_location = (0.5, 0.0, 0.0)


def empty(name):
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    return made


def curves_of(item):
    return list(module("rig.actions").all_curves(item))


def module(name):
    return importlib.import_module(f"bl_ext.user_default.chironomy.{name}")


SITUATIONS = (
    nla_strips,
    nla_moved_and_stretched,
    nla_layers,
    solo_track,
    f_modifier,
    moving_parent,
    constraint_to_an_object,
    a_bone_torn_from_its_parent,
    drivers,
    muted_shape_key,
    time_stretching,
    a_larger_character,
    an_unkeyed_offset,
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_fbx_and_video_have_what_the_viewport_shows(addon, rig, scene, item, body, read, situation):
    situation(item, body)
    heads, jaw = shown(item, body)
    assert_played(read(), heads, jaw)
    shot = addon["scene.shot"].make_shot(bpy.context)
    np.testing.assert_allclose(shot.face.action("jawOpen"), jaw, atol=1e-5)
    # The shot has the joints in the character's own space.
    wrist = addon["rig.space"].to_armature(rig, shot.pose.joint_position[:, rig.index("wrist.R")])
    places = []
    for frame, place in zip(range(101, 101 + FRAMES), wrist, strict=True):
        scene.frame_set(frame)
        world = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world
        places.append((np.array(world) @ [*place, 1.0])[:3])
    assert np.abs(np.array(places) - heads["wrist.R"]).max() < 0.1 * MILLIMETRE


@pytest.mark.parametrize(
    ("fps", "base", "start", "unit"),
    [(30, 1.001, 1, 1.0), (25, 1.0, 17, 0.01), (60, 1.0, 0, 0.01), (24, 1.0, 0, 2.54)],
)
def test_fbx_has_every_frame_rate_start_and_unit(scene, item, body, read, fps, base, start, unit):
    scene.render.fps, scene.render.fps_base = fps, base
    scene.frame_start, scene.frame_end = start, start + FRAMES - 1
    # A character is added as tall as a person, whatever a unit of the scene is.
    scene.unit_settings.scale_length = unit
    bpy.ops.chironomy.add_character()
    added = scene.chironomy.character
    bpy.context.view_layer.update()
    assert 1.5 < module("rig.build").body_of(added).dimensions.z * unit < 2.0
    item.scale = added.scale
    for curve in (*curves_of(item), *curves_of(body.data.shape_keys)):
        for point in curve.keyframe_points:
            point.co_ui[0] += start - 101
    scene.chironomy.character = item
    heads, jaw = shown(item, body, unit)
    assert 1.5 < np.ptp([places[:, 2] for places in heads.values()]) < 2.0
    played = read()
    assert_played(played, heads, jaw)
    assert played["animations"][0]["duration"] == pytest.approx((FRAMES - 1) * base / fps, abs=1e-4)


@pytest.mark.parametrize("how", ["objects", "animated", "collection", "layer", "edit_of_another"])
def test_a_character_that_is_switched_off_moves_all_the_same(addon, rig, scene, item, body, read, how):
    heads, jaw = shown(item, body)
    if how == "objects":
        item.hide_viewport = body.hide_viewport = body.hide_render = True
    elif how == "animated":
        for part in (item, body):
            part.hide_viewport = True
            part.keyframe_insert("hide_viewport", frame=101)
    elif how == "edit_of_another":
        other = bpy.data.objects.new("Other", bpy.data.armatures.new("Other"))
        scene.collection.objects.link(other)
        item.select_set(False)
        bpy.context.view_layer.objects.active = other
        bpy.ops.object.mode_set(mode="EDIT")
    else:
        closed = bpy.data.collections.new("Closed")
        scene.collection.children.link(closed)
        for part in (item, body):
            closed.objects.link(part)
            scene.collection.objects.unlink(part)
        if how == "collection":
            closed.hide_viewport = True
        else:
            bpy.context.view_layer.layer_collection.children["Closed"].exclude = True
    shot = addon["scene.shot"].make_shot(bpy.context)
    assert np.ptp(shot.hands.wrist_position[:, 1], axis=0).max() == pytest.approx(
        np.ptp(heads["wrist.R"], axis=0).max(), abs=MILLIMETRE
    )
    np.testing.assert_allclose(shot.face.action("jawOpen"), jaw, atol=1e-5)
    assert_played(read(), heads, jaw)


def test_an_armature_in_edit_mode_is_refused_in_a_sentence(scene, item, tmp_path):
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for operator, name in ((bpy.ops.chironomy.export_fbx, "a.fbx"), (bpy.ops.chironomy.export_motion, "a.npz")):
        with pytest.raises(
            RuntimeError, match=r"^Error: Character is in edit mode, [^\n]*; leave the edit mode first\s*$"
        ):
            operator(filepath=str(tmp_path / name))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert list(tmp_path.iterdir()) == []


def test_a_strip_that_is_tweaked_is_exported(item, body, read):
    push_down(item, 104)
    data = item.animation_data
    track = data.nla_tracks[0]
    data.nla_tracks.active = track
    track.select = track.strips[0].select = True
    data.use_tweak_mode = True
    heads, jaw = shown(item, body)
    assert_played(read(), heads, jaw)
    assert data.use_tweak_mode


def test_every_node_over_the_hips_has_a_scale_of_one(scene, item, read, tmp_path):
    item.scale = (2.0, 2.0, 2.0)
    read()
    document = fbx_of(tmp_path / "out.fbx")
    scales = {}
    for element in next(part for part in document.elems if part.id == b"Objects").elems:
        if element.id == b"Model":
            properties = next(part for part in element.elems if part.id == b"Properties70").elems
            found = [part.props[4:] for part in properties if part.props[0] == b"Lcl Scaling"]
            scales[element.props[1].partition(b"\x00")[0].decode()] = found[0] if found else [1.0, 1.0, 1.0]
    assert {"Character", "Character Body", "hips", "wrist.R"} <= scales.keys()
    for name, scale in scales.items():
        np.testing.assert_allclose(scale, 1.0, atol=1e-5, err_msg=name)


def test_what_hangs_on_a_bone_goes_with_it_and_modifiers_are_applied(scene, item, body, read):
    mesh = bpy.data.meshes.new("Cup")
    mesh.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    cup = bpy.data.objects.new("Cup", mesh)
    scene.collection.objects.link(cup)
    cup.parent, cup.parent_type, cup.parent_bone = item, "BONE", "wrist.R"
    solid = cup.modifiers.new("Solid", "SOLIDIFY")
    solid.thickness, solid.offset = 0.05, -1.0
    heads, jaw = shown(item, body)
    played = read()
    assert_played(played, heads, jaw)
    # three.js reads the vertices of each corner: 2 triangles and 3 quadrilaterals.
    assert {mesh["name"]: mesh["vertices"] for mesh in played["meshes"]}["Cup"] == 24


def test_what_the_file_lacks_is_said(scene, item, body, tmp_path):
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    scene.collection.objects.link(lamp)
    lamp.parent = item
    body.modifiers.new("Subdivision", "SUBSURF")
    (written,) = module("scene.export").export(bpy.context, item, tmp_path / "out.fbx")
    assert written.left_out == "Lamp, Subdivision of Character Body"


@pytest.mark.parametrize("scaled", ["a parent", "a bone"])
def test_what_a_joint_of_fbx_cannot_do_is_said(scene, item, tmp_path, scaled):
    def left_out():
        return module("scene.export").export(bpy.context, item, tmp_path / "out.fbx")[0].left_out

    item.scale = (1.0, 1.0, 1.2)
    assert "shear" not in left_out()
    item.scale = (1.0, 1.0, 1.0)
    if scaled == "a parent":
        cart = bpy.data.objects.new("Cart", None)
        scene.collection.objects.link(cart)
        cart.scale = (1.0, 2.0, 0.5)
        item.parent, item.rotation_euler = cart, (0.3, 0.2, 0.9)
    else:
        item.pose.bones["spine"].scale = (1.3, 1.0, 0.8)
    assert "the shear of unevenly scaled bones or parents" in left_out()


def test_nothing_of_the_persons_is_touched(scene, item, body, read):
    second = bpy.data.objects.new("Character.001", None)
    scene.collection.objects.link(second)
    scene.frame_set(105)
    item.pose.bones["torso"].rotation_quaternion = (0.9, 0.1, 0.0, 0.0)
    item.pose.bones["hand.R"].location = (1.0, 2.0, 3.0)
    item["wish"] = 0.25
    item.keyframe_insert('["wish"]', frame=101)
    item["wish"] = 0.5
    before = state()
    read()
    module("scene.shot").make_shot(bpy.context)
    assert state() == before
    assert item["wish"] == 0.5
    assert tuple(item.pose.bones["hand.R"].location) == (1.0, 2.0, 3.0)
    assert scene.frame_current == 105


def state():
    """Every data-block's name, and how the first character is animated."""
    names = {
        kind: sorted(getattr(bpy.data, kind).keys())
        for kind in ("objects", "meshes", "armatures", "actions", "scenes", "shape_keys")
    }
    item = bpy.context.scene.chironomy.character
    data = item.animation_data
    slot = getattr(data, "action_slot", None)
    named = (item.name, item.data.name, data.action.name, [child.name for child in item.children])
    return names, named, slot and slot.identifier, data.action.get("chironomy_written").to_dict()


def fbx_of(path):
    """Return an FBX as Blender's own parser reads it."""
    import sys

    sys.path.insert(0, str(Path(bpy.utils.resource_path("LOCAL"), "scripts", "addons_core")))
    try:
        from io_scene_fbx import parse_fbx
    finally:
        sys.path.pop(0)
    return parse_fbx.parse(str(path))[0]
