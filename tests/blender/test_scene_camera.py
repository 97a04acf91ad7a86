# SPDX-License-Identifier: GPL-3.0-or-later
"""The video's camera as an object of the scene, and the scene's camera as the video's: the same pixels in both."""

import numpy as np
import pytest
from desk import generate

bpy = pytest.importorskip("bpy")

HALF_PIXEL = 0.5
FRAME = 40


@pytest.fixture
def filmed(desk):
    generate(desk, 1)
    return desk


def in_blender(scene, frame):
    """(2, 2) pixels of the wrists in the picture that Blender renders, from its upper left corner."""
    from bpy_extras.object_utils import world_to_camera_view

    scene.frame_set(frame)
    item = scene.chironomy.character.evaluated_get(bpy.context.evaluated_depsgraph_get())
    places = [item.matrix_world @ item.pose.bones[name].head for name in ("wrist.L", "wrist.R")]
    seen = np.array([world_to_camera_view(scene, scene.camera, place)[:2] for place in places])
    size = np.array([scene.render.resolution_x, scene.render.resolution_y])
    return np.stack([seen[:, 0], 1.0 - seen[:, 1]], axis=1) * size


def in_video(addon, rig, scene, frame):
    """(2, 2) pixels of the wrists in the video."""
    shot = addon["scene.shot"].make_shot(bpy.context)
    wrists = [rig.index(name) for name in ("wrist.L", "wrist.R")]
    return shot.camera.project(shot.pose.joint_position[frame - scene.frame_start, wrists])[0]


def test_the_camera_that_is_added_sees_what_the_video_shows(addon, rig, filmed):
    before = in_video(addon, rig, filmed, FRAME)
    assert not filmed.chironomy.scene_camera
    assert bpy.ops.chironomy.add_camera() == {"FINISHED"}
    assert filmed.camera.name == "Preview Camera"
    assert (filmed.render.resolution_x, filmed.render.resolution_y) == (512, 704)
    assert np.abs(in_blender(filmed, FRAME) - before).max() < HALF_PIXEL
    # It is the video's own from now on, and where it is moved the video is seen from there.
    assert np.abs(in_video(addon, rig, filmed, FRAME) - before).max() < HALF_PIXEL
    filmed.camera.location.x += 0.4
    filmed.camera.rotation_euler.z += 0.15
    moved = in_video(addon, rig, filmed, FRAME)
    assert np.abs(moved - before).max() > 2
    assert np.abs(in_blender(filmed, FRAME) - moved).max() < HALF_PIXEL
    filmed.chironomy.scene_camera = False
    assert np.abs(in_video(addon, rig, filmed, FRAME) - before).max() < 1e-6


def test_no_hand_is_cut_by_the_frame(addon, rig, filmed):
    from chironomy.body.pose import hand_keypoints

    hand = filmed.chironomy.character.pose.bones["hand.L"]
    filmed.frame_set(FRAME)
    hand.location.x += 0.25
    hand.keyframe_insert("location", frame=FRAME)
    shot = addon["scene.shot"].make_shot(bpy.context)
    pixels, _ = shot.camera.project(hand_keypoints(rig, shot.pose))
    assert (pixels >= 0.0).all()
    assert (pixels <= [512, 704]).all()
    assert bpy.ops.chironomy.add_camera() == {"FINISHED"}
    assert np.abs(in_blender(filmed, FRAME) - in_video(addon, rig, filmed, FRAME)).max() < HALF_PIXEL


@pytest.mark.parametrize("shape", [(1280, 720), (720, 1280), (600, 600)])
@pytest.mark.parametrize("fit", ["AUTO", "HORIZONTAL", "VERTICAL"])
def test_any_still_camera_is_the_videos(addon, rig, filmed, fit, shape):
    bpy.ops.object.camera_add(location=(0.6, -2.5, 1.6), rotation=(1.45, 0.05, 0.2))
    filmed.camera = camera = bpy.context.object
    lens, chosen = camera.data, filmed.chironomy
    lens.lens, lens.sensor_width, lens.sensor_height, lens.sensor_fit = 41.0, 30.0, 21.0, fit
    lens.shift_x, lens.shift_y = 0.06, -0.04
    filmed.render.resolution_x, filmed.render.resolution_y = shape
    chosen.shape, chosen.scene_camera = "custom", True
    chosen.width, chosen.height = shape
    # The character may be anywhere, and of any size.
    chosen.character.location = (0.2, 0.1, 0.05)
    chosen.character.rotation_euler = (0.0, 0.0, 0.3)
    chosen.character.scale = (1.2, 1.2, 1.2)
    assert np.abs(in_video(addon, rig, filmed, FRAME) - in_blender(filmed, FRAME)).max() < HALF_PIXEL
    # A smaller video of the same shape shows the same.
    chosen.width, chosen.height = shape[0] // 2, shape[1] // 2
    assert np.abs(2 * in_video(addon, rig, filmed, FRAME) - in_blender(filmed, FRAME)).max() < HALF_PIXEL


def test_pixels_that_are_not_square_are_seen_square(addon, rig, filmed):
    bpy.ops.chironomy.add_camera()
    before = in_video(addon, rig, filmed, FRAME)
    filmed.render.resolution_x, filmed.render.pixel_aspect_x = 256, 2.0
    assert np.abs(in_video(addon, rig, filmed, FRAME) - before).max() < HALF_PIXEL


def test_a_camera_that_moves_or_has_no_usual_lens_is_told(addon, filmed):
    shot = addon["scene.shot"].make_shot
    from chironomy.errors import ChironomyError

    bpy.ops.chironomy.add_camera()
    camera = filmed.camera
    camera.data.type = "ORTHO"
    with pytest.raises(ChironomyError, match="not of the type Perspective"):
        shot(bpy.context)
    camera.data.type = "PERSP"
    camera.data.keyframe_insert("lens", frame=1)
    camera.data.lens *= 1.1
    camera.data.keyframe_insert("lens", frame=60)
    with pytest.raises(ChironomyError, match="Preview Camera moves by frame"):
        shot(bpy.context)
    camera.data.animation_data_clear()
    # A camera that goes along with the character stands still before it.
    camera.parent = filmed.chironomy.character
    camera.matrix_parent_inverse = camera.parent.matrix_world.inverted()
    camera.parent.keyframe_insert("location", frame=1)
    shot(bpy.context)
    for frame in (1, 30):
        other = bpy.data.objects.new("Other", bpy.data.cameras.new("Other"))
        filmed.timeline_markers.new("cut", frame=frame).camera = other
    with pytest.raises(ChironomyError, match="markers switch from camera to camera"):
        shot(bpy.context)
    filmed.camera = None
    with pytest.raises(ChironomyError, match="the scene has no camera"):
        shot(bpy.context)


def test_eyes_look_into_the_lens_that_films_them(addon, filmed):
    place = addon["scene.lens"].lens_position
    usual = place(filmed, filmed.chironomy.character)
    bpy.ops.chironomy.add_camera()
    assert place(filmed, filmed.chironomy.character) == pytest.approx(usual, abs=1e-4)
    filmed.camera.location.x += 1.0
    assert place(filmed, filmed.chironomy.character) == pytest.approx([usual[0] + 1.0, *usual[1:]], abs=1e-4)
