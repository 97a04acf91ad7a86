# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit in the scene: Blender's camera sees what the portrait's does, and rendering takes the person's body."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture
def fit():
    from chironomy.body.proportions import Proportions
    from chironomy.motion import rotation as quaternion
    from chironomy.shot.camera import Camera
    from chironomy.shot.fit import Fit

    turn = quaternion.from_rotation_vector([0.02, -0.05, 0.08])
    camera = Camera(600, 800, 2400.0, np.array([0.1, -0.05, 2.8]), turn, np.array([290.0, 420.0]))
    return Fit(
        camera=camera,
        proportions=Proportions(head=0.9, arms=1.04, hands=0.9, head_offset=(0.0, 0.02, 0.0)),
        wrist_position=np.array([[0.2, -0.25, 0.25], [-0.22, -0.2, 0.25]]),
        hand_rotation=np.tile(quaternion.IDENTITY, (2, 16, 1)),
        hands_seen=np.array([True, True]),
        head_rotation=quaternion.from_rotation_vector([0.0, 0.0, 0.1]),
        picture="portrait.png",
    )


@pytest.fixture
def portrait(tmp_path):
    path = tmp_path / "face.png"
    image = bpy.data.images.new("portrait", 600, 800)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


@pytest.fixture
def fitted(addon, character, fit, portrait):
    scene = bpy.context.scene
    for name in ("engine", "backdrop"):
        scene.chironomy.property_unset(name)
    reference = addon["scene.portrait"]
    reference.remember(scene, portrait, fit)
    reference.look_through(scene, character, fit, portrait.read_bytes(), portrait.name)
    return scene


def test_the_scenes_camera_sees_each_joint_where_the_portraits_does(addon, rig, fitted, character, fit):
    from bpy_extras.object_utils import world_to_camera_view

    character.location = (0.4, -0.3, 0.1)
    bpy.context.view_layer.update()
    addon["scene.portrait"].place_camera(fitted.camera, character, fit)
    bpy.context.view_layer.update()
    points = rig.joint_position[[rig.index(name) for name in ("head", "upper_arm.L", "wrist.R", "hips")]]
    wanted, _ = fit.camera.covering(*fit.video_size()).project(points)
    places = addon["rig.space"].to_armature(rig, points)
    for place, pixel in zip(places, wanted, strict=True):
        from mathutils import Vector

        x, y, _ = world_to_camera_view(fitted, fitted.camera, character.matrix_world @ Vector(place))
        seen = np.array([x * fitted.render.resolution_x, (1 - y) * fitted.render.resolution_y])
        assert np.abs(seen - pixel).max() < 0.05
    character.location = (0, 0, 0)


def test_the_video_takes_the_portraits_shape(addon, fitted, fit):
    chosen = fitted.chironomy
    assert (chosen.width, chosen.height) == fit.video_size()
    assert chosen.shape == addon["properties"].shape_of(*fit.video_size())
    assert [addon["properties"].shape_of(*size) for size in ((512, 704), (512, 706))] == ["portrait", "custom"]


def test_the_portrait_stands_behind_the_character(fitted, portrait):
    background = fitted.camera.data.background_images[0]
    assert background.image.name == portrait.name
    assert tuple(background.image.size) == (600, 800)
    assert background.image.packed_file is not None
    assert fitted.camera.data.show_background_images
    assert (fitted.render.resolution_x, fitted.render.resolution_y) == (600, 800)


def test_a_shot_has_the_portraits_camera_the_persons_body_and_the_hands_of_the_rig(addon, rig, fitted, fit, portrait):
    shot = addon["scene.shot"].make_shot(bpy.context)
    assert shot.camera.to_dict() == fit.camera.to_dict()
    assert shot.proportions == fit.proportions
    assert shot.reference.sha256 == hashlib.sha256(portrait.read_bytes()).hexdigest()
    wrists = shot.pose.joint_position[:, [rig.index("wrist.L"), rig.index("wrist.R")]]
    assert np.abs(wrists - shot.hands.wrist_position).max() < 1e-3


def test_the_portrait_can_stand_behind_the_rendered_character(addon, fitted, portrait):
    fitted.chironomy.backdrop = "portrait"
    shot = addon["scene.shot"].make_shot(bpy.context)
    assert shot.settings["backdrop"] == "portrait"
    assert shot.reference.data == portrait.read_bytes()


def test_what_shows_a_portrait_is_not_rendered_before_one_is_fitted(addon, fitted):
    bpy.ops.chironomy.forget_picture()
    for engine, backdrop in (("emo2", "studio"), ("vace", "studio"), ("animate", "studio"), ("previz", "portrait")):
        fitted.chironomy.engine, fitted.chironomy.backdrop = engine, backdrop
        with pytest.raises(Exception, match="press Fit to Picture first"):
            addon["scene.shot"].make_shot(bpy.context)


def test_another_portrait_forgets_the_fit(addon, fitted):
    fitted.chironomy.portrait = "/somewhere/else.png"
    assert addon["scene.portrait"].remembered(fitted) is None
    assert not bpy.ops.chironomy.forget_picture.poll()
    assert addon["scene.shot"].make_shot(bpy.context).reference is None


def test_fitting_without_a_portrait_says_so(addon, fitted):
    fitted.chironomy.portrait = ""
    with pytest.raises(RuntimeError, match="Choose a portrait first"):
        bpy.ops.chironomy.fit_to_picture()


@pytest.mark.parametrize(("kind", "orientation"), [("JPEG", 6), ("AVIF", 8), ("GIF", None), ("PNG", 3)])
def test_blender_shows_the_pixels_that_are_fitted(addon, character, fit, tmp_path, kind, orientation):
    image = pytest.importorskip("PIL.Image")
    from chironomy.service.kinds import KINDS
    from chironomy.video.portrait.picture import read_picture
    from chironomy.work import Work

    corner = np.full((300, 400, 3), 40, np.uint8)
    corner[:100, :150] = (230, 60, 20)
    exif = image.Exif()
    if orientation:
        exif[0x0112] = orientation
    path = tmp_path / f"phone.{kind.lower()}"
    image.fromarray(corner).save(path, kind, **({"exif": exif.tobytes()} if orientation else {}))
    KINDS["picture"].run({"picture": path}, {"longest": 2048}, tmp_path / "upright.png", Work())
    scene = bpy.context.scene
    reference = addon["scene.portrait"]
    reference.remember(scene, path, fit)
    camera = reference.look_through(scene, character, fit, (tmp_path / "upright.png").read_bytes(), path.name)
    shown = camera.data.background_images[0].image
    width, height = shown.size
    pixels = np.array(shown.pixels[:]).reshape(height, width, -1)[::-1, :, :3]
    assert np.abs(255 * pixels - read_picture(path)).max() <= 1
    assert len([one for one in bpy.data.images if one.name.startswith("phone.")]) == 1


def test_what_blender_cannot_show_is_one_sentence(addon, character, fit):
    with pytest.raises(ValueError, match=r"Blender cannot show face\.png; export it as PNG and fit once more"):
        addon["scene.portrait"].look_through(bpy.context.scene, character, fit, b"no picture", "face.png")


def fit_once(addon, scene, character, fit, portrait):
    addon["scene.portrait"].remember(scene, portrait, fit)
    addon["scene.portrait"].look_through(scene, character, fit, portrait.read_bytes(), portrait.name)


@pytest.fixture
def filmed(addon, character):
    """A scene with a camera and sizes of the person's own, and no fit."""
    scene = bpy.context.scene
    scene.chironomy.portrait = ""
    camera = bpy.data.objects.new("Mine", bpy.data.cameras.new("Mine"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    scene.chironomy.width, scene.chironomy.height, scene.chironomy.shape = 720, 1280, "9_16"
    yield scene
    bpy.data.objects.remove(camera)


def test_forgetting_the_picture_gives_back_camera_and_resolution(addon, filmed, character, fit, portrait):
    for _ in range(2):  # fitted twice: what was there before the first counts
        fit_once(addon, filmed, character, fit, portrait)
    assert filmed.camera.name == "Portrait Camera"
    assert bpy.ops.chironomy.forget_picture() == {"FINISHED"}
    assert filmed.camera.name == "Mine"
    assert (filmed.render.resolution_x, filmed.render.resolution_y) == (1920, 1080)
    chosen = filmed.chironomy
    assert (chosen.width, chosen.height, chosen.shape) == (720, 1280, "9_16")


def test_another_portrait_gives_them_back_too(addon, filmed, character, fit, portrait):
    fit_once(addon, filmed, character, fit, portrait)
    filmed.chironomy.portrait = "/somewhere/else.png"
    assert filmed.camera.name == "Mine"
    assert filmed.render.resolution_x == 1920


def test_what_was_chosen_since_the_fit_stays(addon, filmed, character, fit, portrait):
    fit_once(addon, filmed, character, fit, portrait)
    filmed.render.resolution_x, filmed.chironomy.width = 640, 512
    other = bpy.data.objects.new("Other", bpy.data.cameras.new("Other"))
    filmed.collection.objects.link(other)
    filmed.camera = other
    bpy.ops.chironomy.forget_picture()
    assert filmed.camera == other
    assert (filmed.render.resolution_x, filmed.chironomy.width) == (640, 512)
    bpy.data.objects.remove(other)


def test_a_camera_that_was_deleted_meanwhile_is_not_missed(addon, filmed, character, fit, portrait):
    own = bpy.data.objects.new("Gone", bpy.data.cameras.new("Gone"))
    filmed.collection.objects.link(own)
    filmed.camera = own
    fit_once(addon, filmed, character, fit, portrait)
    bpy.data.objects.remove(own)
    bpy.ops.chironomy.forget_picture()
    assert filmed.camera is None


COMMAND_AND_JOB = """
import sys
from pathlib import Path

from chironomy.body.performance import save_performance
from chironomy.body.rig import load_rig
from chironomy.motion import load_hands
from chironomy.performance.perform import perform
from chironomy.performance.shots import make_shot
from chironomy.shot.fit import Fit
from chironomy.shot.placement import place, scene_camera
from chironomy.speech.decode import load_speech

folder = Path(sys.argv[1])
fit, hands = Fit.load(folder / "fit.json"), load_hands(folder / "hands.npz")
recording = folder / "tone.wav"
speech = load_speech(recording)
make_shot(hands, speech, recording, "previz", fit=fit, alive=True).save(folder / "shot.zip")
lens = scene_camera(fit, load_rig(), int(sys.argv[2]), int(sys.argv[3])).position
made = perform(speech, place(fit, hands), lens, int(speech.sha256[:8], 16), fit=fit)
save_performance(made, folder / "performance.zip")
"""


@pytest.mark.parametrize(
    ("place", "turn"), [((0.9, 0.2, 2.6), (0.05, 0.2, 0.1)), ((-0.6, -0.4, 2.4), (0.0, -0.15, 0.0))]
)
def test_the_eyes_look_into_the_fitted_camera_as_they_do_in_the_command(
    addon, character, fit, portrait, tmp_path, place, turn
):
    from chironomy.body.performance import load_performance
    from chironomy.motion import rotation as quaternion
    from chironomy.motion import save_hands
    from chironomy.shot.camera import Camera
    from chironomy.shot.shot import Shot
    from gazes import gaze_misses
    from takes import hands_before_the_chest, write_tone

    camera = Camera(600, 800, 2400.0, np.array(place), quaternion.IDENTITY, np.array([290.0, 420.0]))
    fit = replace(fit, camera=camera, head_rotation=quaternion.from_rotation_vector(turn))
    write_tone(tmp_path / "tone.wav", 1.0)
    save_hands(hands_before_the_chest(24), tmp_path / "hands.npz")
    (tmp_path / "fit.json").write_text(fit.to_json(), encoding="utf-8")
    scene = bpy.context.scene
    scene.frame_start, scene.chironomy.engine, scene.chironomy.backdrop = 1, "previz", "studio"
    fit_once(addon, scene, character, fit, portrait)
    # The command and the job run where the backend does: Blender has nothing that listens to speech.
    size = [str(scene.chironomy.width), str(scene.chironomy.height)]
    python = os.environ.get("CHIRONOMY_BACKEND_PYTHON", sys.executable)
    subprocess.run([python, "-c", COMMAND_AND_JOB, str(tmp_path), *size], check=True)
    command = gaze_misses(Shot.load(tmp_path / "shot.zip"))
    made = load_performance(tmp_path / "performance.zip")
    addon["scene.put_on"].put_on(scene, character, made.hands, made.face, made.body)
    scene.frame_end = 24
    shown = gaze_misses(addon["scene.shot"].make_shot(bpy.context))

    assert command.mean() < 4.0  # what remains are the eyes' own small jumps
    assert shown.mean() < 4.0
    assert np.abs(shown - command).max() < 1.0


def test_what_only_the_last_take_moved_is_at_rest_in_the_next(addon, character):
    from chironomy.motion import FACE_ACTIONS, FaceTrack

    scene = bpy.context.scene
    values = np.zeros((24, 52))
    values[:, FACE_ACTIONS.index("eyeLookInLeft")] = 0.7
    addon["rig.write_body"].write_face(character, FaceTrack(24.0, values), scene, 1)
    scene.frame_set(12)
    values = np.zeros((24, 52))
    values[:, FACE_ACTIONS.index("jawOpen")] = 0.5
    addon["rig.write_body"].write_face(character, FaceTrack(24.0, values), scene, 1)
    scene.frame_set(13)
    shown = addon["rig.read"].read_face(character, scene, 1, 25).values
    assert np.abs(shown - values).max() < 0.02
