# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's cameras and the shot's: what an object of the scene sees, in pixels, and an object that sees like a shot.

A video is seen through the portrait's camera where the scene was fitted to one, else through the scene's own where that
was chosen, else by a half-body portrait of the character, wide enough for its hands, or a close-up of the hands alone.
"""

import bpy
import numpy as np
from bpy.types import Object, Scene
from mathutils import Matrix, Quaternion, Vector

from chironomy.body.pose import BodyPose
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import rotation as quaternion
from chironomy.shot.camera import Camera
from chironomy.shot.fit import Fit
from chironomy.shot.placement import own_camera, scene_camera

from ..properties import settings
from ..rig.read import reading_pose
from ..rig.seen import evaluated
from ..rig.space import TURN, to_armature, to_body
from ..slices import Slices

CAMERA = "Preview Camera"

SENSOR = 36.0
"""Millimetres, as Blender's new cameras have."""

_LOOKS = 25
"""How many frames of a shot are looked at, at most, for a camera that moves."""

_STILL = 0.5
"""Pixels by which what is seen may move in the picture, of a camera that counts as still."""


def adding_camera(scene: Scene, item: Object) -> Slices:
    """Add a camera that sees what the video shows, let the video be seen through it, and return it."""
    pose, _ = yield from reading_pose(item, load_rig(), scene, scene.frame_start, scene.frame_end + 1)
    chosen = settings(scene)
    seen = yield from usual_camera(scene, pose)
    camera = bpy.data.objects.new(CAMERA, bpy.data.cameras.new(CAMERA))
    scene.collection.objects.link(camera)
    aim(camera, item, seen)
    scene.camera = camera
    render = scene.render
    render.resolution_x, render.resolution_y = seen.width, seen.height
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    chosen.scene_camera = True
    return camera


def aim(camera: Object, item: Object, seen: Camera) -> None:
    """Put a camera object where a shot's camera is, relative to the character, with its lens and its frame."""
    turn = Quaternion(quaternion.multiply(TURN, seen.rotation))
    where = Vector(to_armature(load_rig(), seen.position))
    camera.matrix_world = item.matrix_world @ Matrix.LocRotScale(where, turn, None)
    lens = camera.data
    lens.type, lens.sensor_fit, lens.sensor_width = "PERSP", "HORIZONTAL", SENSOR
    lens.lens = seen.focal / seen.width * lens.sensor_width
    # Blender counts a shift in parts of the sensor's larger fit, here its width, and moves the frame, not the picture.
    offset = (np.array([seen.width, seen.height]) / 2 - seen.centre) / seen.width
    lens.shift_x, lens.shift_y = float(offset[0]), float(-offset[1])


def usual_camera(scene: Scene, pose: BodyPose) -> Slices:
    """Return in slices what the video of a body in motion is seen through, but for the scene's own camera."""
    chosen, fit, rig = settings(scene), _remembered(scene), load_rig()
    width, height, figure = chosen.width, chosen.height, chosen.figure
    if fit is not None:
        return scene_camera(fit, rig, width, height)
    return (yield lambda _: own_camera(rig, pose, width, height, figure))


def shot_camera(scene: Scene, item: Object | None, pose: BodyPose) -> Slices:
    """Return in slices what the video is seen through, a `Camera`.

    Args:
        scene: whose settings count.
        item: the character.
        pose: what it does in the video.

    Raises:
        ChironomyError: it is to be the scene's camera, and that is none, or not a still camera with a usual lens.
    """
    chosen, fit = settings(scene), _remembered(scene)
    if fit is None and chosen.scene_camera and item is not None:
        frames = np.unique(np.linspace(scene.frame_start, scene.frame_end, _LOOKS).round().astype(int))
        return _still(scene, item, frames.tolist())
    return (yield from usual_camera(scene, pose))


def lens_position(scene: Scene, item: Object | None) -> list[float]:
    """Return where the eyes look that look into the lens: (3,) metres in the frame of the body.

    Raises:
        ChironomyError: as `shot_camera` does, but for a camera that moves: its first place counts.
    """
    chosen, fit = settings(scene), _remembered(scene)
    if fit is None and chosen.scene_camera and item is not None:
        return _still(scene, item, [scene.frame_start]).position.tolist()
    return scene_camera(fit, load_rig(), chosen.width, chosen.height).position.tolist()


def seen_through(camera: Object, item: Object, scene: Scene, size: tuple[int, int]) -> Camera:
    """Return what a camera object sees of a character.

    Args:
        camera: evaluated or not.
        item: the character, likewise.
        scene: its resolution is the camera's frame.
        size: of the video, pixels, which the frame covers.

    Raises:
        ChironomyError: it has no usual lens.
    """
    lens = camera.data
    if lens.type != "PERSP":
        raise ChironomyError(f"the camera {camera.name} is not of the type Perspective; a video is seen through that")
    render = scene.render
    wide = np.array(
        [render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y], np.float64
    )
    across = lens.sensor_fit == "HORIZONTAL" or (lens.sensor_fit == "AUTO" and wide[0] >= wide[1])
    fitted = wide[0] if across else wide[1]
    sensor = lens.sensor_height if lens.sensor_fit == "VERTICAL" else lens.sensor_width
    scale = float((np.array(size) / wide).max())
    focal = lens.lens / sensor * fitted * scale
    centre = np.array(size) / 2 + np.array([-lens.shift_x, lens.shift_y]) * fitted * scale
    place = item.matrix_world.inverted() @ camera.matrix_world.translation
    turn = item.matrix_world.to_quaternion().inverted() @ camera.matrix_world.to_quaternion()
    return Camera(
        *size,
        focal=float(focal),
        position=to_body(load_rig(), np.array(place)),
        rotation=quaternion.multiply(quaternion.inverse(TURN), np.array(turn.normalized())),
        principal_point=centre,
    )


def _still(scene: Scene, item: Object, frames: list[int]) -> Camera:
    """Return what the scene's camera sees at some frames.

    Raises:
        ChironomyError: there is none, it moves, or it changes.
    """
    camera, size = scene.camera, (settings(scene).width, settings(scene).height)
    if camera is None or camera.type != "CAMERA":
        raise ChironomyError("the scene has no camera to see the video through; add one, or switch Scene's Camera off")
    # Of one alone Blender makes the scene's camera.
    bound = {marker.camera for marker in scene.timeline_markers if marker.camera is not None}
    if len(frames) > 1 and len(bound) > 1:
        raise ChironomyError(
            "markers switch from camera to camera, and a video has one; take them off, or switch Scene's Camera off"
        )
    with evaluated(scene, [camera, item]) as evaluation:
        found = [_seen_at(evaluation.at(frame), camera, item, scene, size) for frame in frames]
    first = found[0]
    # What lies around the hands, at the picture's edges, tells every turn, step and zoom.
    points = load_rig().vertices[:: max(len(load_rig().vertices) // 50, 1)].astype(np.float64)
    here = first.project(points)[0]
    for frame, each in zip(frames, found, strict=True):
        apart = np.abs(each.project(points)[0] - here)
        if np.isfinite(apart).any() and np.nanmax(apart) > _STILL:
            raise ChironomyError(
                f"the camera {camera.name} moves by frame {frame}, and a video has one view; still it, or switch "
                "Scene's Camera off"
            )
    return first


def _seen_at(graph: bpy.types.Depsgraph, camera: Object, item: Object, scene: Scene, size: tuple[int, int]) -> Camera:
    return seen_through(camera.evaluated_get(graph), item.evaluated_get(graph), scene, size)


def _remembered(scene: Scene) -> Fit | None:
    text = settings(scene).fit
    return Fit.from_json(text) if text else None
