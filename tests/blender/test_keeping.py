# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is written where it will be lost: linked data, overrides, and work whose scene or character is gone."""

import importlib

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FRAMES = 24


@pytest.fixture
def scene(addon):
    return new_scene()


@pytest.fixture
def performance(rig):
    from blender_motions import gestures

    from chironomy.body.performance import Performance
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    values = np.zeros((FRAMES, len(FACE_ACTIONS)))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.5 + 0.4 * np.sin(np.arange(FRAMES) * 0.35)
    return Performance(gestures(rig, 1.0, seed=4), FaceTrack(24.0, values), None)


@pytest.fixture
def library(addon, tmp_path):
    """A .blend with a character in a collection."""
    scene = new_scene()
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    body = module("rig.build").body_of(item)
    collection = bpy.data.collections.new("Speaker")
    scene.collection.children.link(collection)
    for part in (item, body):
        collection.objects.link(part)
        scene.collection.objects.unlink(part)
    for block in body.data.shape_keys.key_blocks[2:]:
        if block.name != "jawOpen":
            body.shape_key_remove(block)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    return tmp_path / "library.blend"


def new_scene():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    return scene


def module(name):
    return importlib.import_module(f"bl_ext.user_default.chironomy.{name}")


def link(library, times=1, *, override=True):
    """Link the library's character into a new scene; return the armature objects."""
    scene = new_scene()
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.collections = ["Speaker"]
    (collection,) = wanted.collections
    scene.collection.children.link(collection)
    for _ in range(times if override else 0):
        collection.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    items = [item for item in bpy.data.objects if item.type == "ARMATURE" and bool(item.override_library) == override]
    scene.chironomy.character = items[0]
    return items


def put_on(item, performance):
    scene = bpy.context.scene
    return module("scene.put_on").put_on(scene, item, performance.hands, performance.face, performance.body).said


def motion_of(item):
    """How far the right wrist moves, in metres, and the jaw at each frame."""
    scene, body, wrist, jaw = bpy.context.scene, module("rig.build").body_of(item), [], []
    for frame in range(1, FRAMES + 1):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        wrist.append(tuple(item.evaluated_get(graph).pose.bones["wrist.R"].head))
        jaw.append(body.evaluated_get(graph).data.shape_keys.key_blocks["jawOpen"].value)
    return np.array(wrist), np.array(jaw)


def save_and_open(path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))


def test_an_outfit_leaves_the_materials_of_a_library_alone(library):
    (item,) = link(library, override=False)
    build, chosen = module("rig.build"), bpy.context.scene.chironomy
    linked = {part.name: part for part in build.body_of(item).data.materials}
    assert all(part.library is not None for part in linked.values())
    before = {name: tuple(part.diffuse_color) for name, part in linked.items()}
    chosen.outfit = "burgundy"
    assert {name: tuple(part.diffuse_color) for name, part in linked.items()} == before
    # A character that is added beside it has materials of its own, which wear the outfit.
    bpy.ops.chironomy.add_character()
    own = {part.name: part for part in build.body_of(chosen.character).data.materials}
    assert all(part.library is None for part in own.values())
    top = next(part for name, part in own.items() if name.startswith("Chironomy top"))
    assert top.diffuse_color[0] > 3 * top.diffuse_color[1]
    assert {name: tuple(part.diffuse_color) for name, part in linked.items()} == before


def test_hands_and_lips_of_an_override_are_there_after_reopening(library, performance, tmp_path):
    (item,) = link(library)
    put_on(item, performance)
    wrist, jaw = motion_of(item)
    assert np.ptp(wrist, axis=0).max() > 0.05
    assert np.ptp(jaw) > 0.5
    save_and_open(tmp_path / "shot.blend")
    again = motion_of(bpy.context.scene.chironomy.character)
    np.testing.assert_allclose(again[0], wrist, atol=1e-5)
    np.testing.assert_allclose(again[1], jaw, atol=1e-5)


def test_two_overrides_of_one_character_speak_each_for_itself(library, performance, tmp_path):
    first, second = link(library, 2)
    put_on(first, performance)
    assert np.ptp(motion_of(second)[1]) == 0.0
    names = first.name, second.name
    jaw = motion_of(first)[1]
    save_and_open(tmp_path / "shot.blend")
    first, second = (bpy.data.objects[name] for name in names)
    np.testing.assert_allclose(motion_of(first)[1], jaw, atol=1e-5)
    assert np.ptp(motion_of(second)[1]) == 0.0


def test_a_character_that_is_only_linked_is_refused_before_anything_is_written(library, performance, tmp_path):
    (item,) = link(library, override=False)
    from chironomy.motion import save_hands

    save_hands(performance.hands, tmp_path / "a.npz")
    sentence = "Character is linked from library.blend, where nothing is kept; make a library override of it first"
    assert not bpy.ops.chironomy.import_motion.poll()
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.chironomy.import_motion(filepath=str(tmp_path / "a.npz"))
    bpy.context.scene.chironomy.speech = str(tmp_path / "a.wav")
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.chironomy.generate()
    with pytest.raises(Exception, match=sentence):
        put_on(item, performance)
    assert item.animation_data is None


def test_keys_go_into_a_copy_of_a_linked_action_that_keeps_all_its_keys(addon, performance, tmp_path):
    scene = new_scene()
    action = bpy.data.actions.new("Blink")
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    item.animation_data_create().action = action
    item.pose.bones["neck"].rotation_quaternion = (0.9, 0.3, 0.0, 0.0)
    item.pose.bones["neck"].keyframe_insert("rotation_quaternion", frame=5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "actions.blend"))
    scene = new_scene()
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    with bpy.data.libraries.load(str(tmp_path / "actions.blend"), link=True) as (_, wanted):
        wanted.actions = ["Blink"]
    data = item.animation_data_create()
    data.action = wanted.actions[0]
    if hasattr(data, "action_slot"):
        data.action_slot = data.action.slots[0]
    put_on(item, performance)
    wrist, _ = motion_of(item)
    save_and_open(tmp_path / "shot.blend")
    item = bpy.context.scene.chironomy.character
    np.testing.assert_allclose(motion_of(item)[0], wrist, atol=1e-5)
    assert np.ptp(wrist, axis=0).max() > 0.05
    bpy.context.scene.frame_set(5)
    assert item.pose.bones["neck"].rotation_quaternion[1] == pytest.approx(0.3, abs=1e-6)


def test_a_strip_that_is_tweaked_is_left_first(scene, performance):
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    put_on(item, performance)
    data = item.animation_data
    action, slot = data.action, getattr(data, "action_slot", None)
    track = data.nla_tracks.new()
    strip = track.strips.new("take", 10, action)
    if slot is not None:
        strip.action_slot = slot
    data.action = None
    data.nla_tracks.active = track
    track.select = strip.select = True
    data.use_tweak_mode = True
    with pytest.raises(RuntimeError, match="is in the NLA's tweak mode; press Tab"):
        bpy.ops.chironomy.import_motion(filepath="nowhere.npz")


def test_a_face_without_a_mesh_is_said(scene, performance):
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    bpy.data.objects.remove(module("rig.build").body_of(item))
    assert put_on(item, performance).endswith("its mesh was deleted, so nothing shows what the face does")


def test_a_portraits_camera_is_not_put_into_a_linked_one(scene, tmp_path):
    portrait = module("scene.portrait")
    camera = bpy.data.objects.new(portrait.CAMERA, bpy.data.cameras.new(portrait.CAMERA))
    scene.collection.objects.link(camera)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "cameras.blend"))
    scene = new_scene()
    bpy.ops.chironomy.add_character()
    with bpy.data.libraries.load(str(tmp_path / "cameras.blend"), link=True) as (_, wanted):
        wanted.objects = [portrait.CAMERA]
    scene.collection.objects.link(wanted.objects[0])
    image = bpy.data.images.new("portrait", 60, 80)
    image.filepath_raw, image.file_format = str(tmp_path / "portrait.png"), "PNG"
    image.save()
    picture = (tmp_path / "portrait.png").read_bytes()
    made = portrait.look_through(scene, scene.chironomy.character, _fit(), picture, "portrait.png")
    assert made.library is None
    assert made.data.library is None
    assert scene.camera == made


def test_a_render_of_an_unsaved_file_outlives_blender(scene):
    path = module("scene.renders").new_render(bpy.context)
    assert not path.is_relative_to(bpy.app.tempdir)
    assert path.is_relative_to(module("backend").folder())


def _fit():
    from chironomy.body.proportions import Proportions
    from chironomy.motion import rotation as quaternion
    from chironomy.shot.camera import Camera
    from chironomy.shot.fit import Fit

    return Fit(
        camera=Camera(60, 80, 240.0, np.array([0.1, -0.05, 2.8]), quaternion.IDENTITY, np.array([29.0, 42.0])),
        proportions=Proportions(),
        wrist_position=np.array([[0.2, -0.25, 0.25], [-0.22, -0.2, 0.25]]),
        hand_rotation=np.tile(quaternion.IDENTITY, (2, 16, 1)),
        hands_seen=np.array([True, True]),
        head_rotation=quaternion.IDENTITY,
        picture="portrait.png",
    )


def made_of(performance):
    """What Generate's work gives."""
    return module("scene.performance").Made(performance, {"style": "neutral", "seed": 0})


@pytest.fixture
def meanwhile(performance, monkeypatch):
    """Let Generate make the performance at once, after something was done in Blender."""

    def run(happens):
        def performing(_context):
            happens()
            return lambda _work: [made_of(performance)]

        monkeypatch.setattr(module("operators.generate"), "performing", performing)
        bpy.context.scene.chironomy.speech = "speech.wav"
        return bpy.ops.chironomy.generate()

    return run


def test_a_result_goes_to_its_own_scene_and_character_whatever_is_shown(scene, meanwhile):
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    other = bpy.data.scenes.new("Other")
    bpy.ops.chironomy.add_character()
    second = scene.chironomy.character
    scene.chironomy.character = item

    def happens():
        scene.chironomy.character = second
        item.name, scene.name = "Renamed", "Shot 2"
        bpy.context.window.scene = other

    assert meanwhile(happens) == {"FINISHED"}
    assert bpy.context.scene == other
    assert second.animation_data is None
    bpy.context.window.scene = scene
    assert np.ptp(motion_of(item)[0], axis=0).max() > 0.05


def test_what_was_made_for_a_deleted_character_is_kept_and_goes_onto_another(scene, meanwhile):
    bpy.ops.chironomy.add_character()
    item = scene.chironomy.character
    with pytest.raises(RuntimeError) as raised:
        meanwhile(lambda: bpy.data.objects.remove(item))
    said = str(raised.value).strip()
    assert said.startswith("Error: the character Character was deleted meanwhile; its motion is kept in ")
    path = module("scene.keeping").offered()
    assert str(path) in said
    bpy.ops.chironomy.add_character()
    assert bpy.ops.chironomy.import_motion(filepath=str(path)) == {"FINISHED"}
    wrist, jaw = motion_of(scene.chironomy.character)
    assert np.ptp(wrist, axis=0).max() > 0.05
    assert np.ptp(jaw) > 0.5
    assert module("scene.keeping").offered() is None
    assert path.is_file()


def test_a_video_is_laid_in_its_own_scene_and_stays_on_disk_without_it(scene, monkeypatch, tmp_path):
    bpy.ops.chironomy.add_character()
    other = bpy.data.scenes.new("Other")
    folder = tmp_path / "take"
    folder.mkdir()
    image = bpy.data.images.new("made", 8, 8)
    image.filepath_raw, image.file_format = str(folder / "take.00000.png"), "PNG"
    image.save()

    def render(happens):
        def rendering(_context, _filepath, _shot, replace):
            happens()
            return lambda _work: folder

        monkeypatch.setattr(module("operators.render"), "rendering", rendering)
        return bpy.ops.chironomy.render_video()

    def show_another():
        bpy.context.window.scene = other

    assert render(show_another) == {"FINISHED"}
    assert module("sequencer").video_strip(scene).elements[0].filename == "take.00000.png"
    assert module("sequencer").video_strip(other) is None
    bpy.context.window.scene = scene

    def delete():
        bpy.context.window.scene = other
        bpy.data.scenes.remove(scene)

    with pytest.raises(RuntimeError, match=f"The scene Scene is not open any more; the video is {folder}"):
        render(delete)
    assert (folder / "take.00000.png").is_file()


def test_a_target_is_found_after_an_undo(scene):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.chironomy.add_character()
    target = module("target").Target.of(scene)
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene.chironomy.character.location.x = 2.0
    bpy.ops.ed.undo_push(message="moved")
    bpy.ops.ed.undo()
    found, item = target.find()
    assert found == bpy.context.scene
    assert item == found.chironomy.character
    assert item.location.x == 0.0
