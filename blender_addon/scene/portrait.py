# SPDX-License-Identifier: GPL-3.0-or-later
"""A portrait in the scene: its fit, its camera, and its picture behind the character."""

import tempfile
from pathlib import Path

import bpy
import numpy as np
from bpy.types import Context, Object, Scene
from mathutils import Matrix, Quaternion, Vector

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import rotation as quaternion
from chironomy.shot.fit import Fit
from chironomy.shot.placement import scene_camera

from .. import backend
from ..properties import settings, shape_of
from ..rig.space import TURN, to_armature
from ..tasks import Cancelled, Report, Work

CAMERA = "Portrait Camera"


def fitting(context: Context, portrait: Path) -> Work:
    """Return the work that finds the person in a portrait: it makes the portrait's path and its `Fit`."""
    where = backend.address(context)

    def fit(report: Report, cancelled: Cancelled) -> tuple[Path, Fit]:
        client = backend.connect(where, report, cancelled)
        inputs = {"picture": client.upload(portrait)}
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            found = client.run("fit", inputs, {}, Path(folder, "fit.json"), report, cancelled)
            return portrait, Fit.load(found)

    return fit


def remember(scene: Scene, portrait: Path, fit: Fit, *, keep_size: bool = False) -> None:
    """Keep a fit with the scene, so that what is generated and rendered from now on uses it."""
    chosen = settings(scene)
    # The portrait first: choosing another one forgets the fit of the last.
    chosen.portrait = str(portrait)
    chosen.fit = fit.to_json()
    if not keep_size:
        chosen.width, chosen.height = fit.video_size()
        chosen.shape = shape_of(chosen.width, chosen.height)


def remembered(scene: Scene) -> Fit | None:
    """Return the scene's fit, or None.

    Raises:
        ChironomyError: it was damaged.
    """
    text = settings(scene).fit
    return Fit.from_json(text) if text else None


def look_through(scene: Scene, item: Object, fit: Fit, portrait: Path) -> Object:
    """Give the scene the portrait's camera, with the portrait behind the character; return the camera."""
    camera = scene.objects.get(CAMERA)
    if camera is None or camera.type != "CAMERA":
        camera = bpy.data.objects.new(CAMERA, bpy.data.cameras.new(CAMERA))
        scene.collection.objects.link(camera)
    place_camera(camera, item, fit)
    lens = camera.data
    lens.show_background_images = True
    lens.background_images.clear()
    background = lens.background_images.new()
    try:
        background.image = bpy.data.images.load(str(portrait), check_existing=True)
    except RuntimeError as error:
        raise ChironomyError(f"Blender cannot show {portrait.name}: {str(error).strip()}") from error
    background.alpha, background.display_depth, background.frame_method = 1.0, "BACK", "FIT"
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = settings(scene).width, settings(scene).height
    return camera


def place_camera(camera: Object, item: Object, fit: Fit) -> None:
    """Put a camera object where the portrait was taken from, relative to the character."""
    chosen = settings(camera.users_scene[0])
    seen = scene_camera(fit, load_rig(), chosen.width, chosen.height)
    turn = Quaternion(quaternion.multiply(TURN, seen.rotation))
    where = Vector(to_armature(load_rig(), seen.position))
    camera.matrix_world = item.matrix_world @ Matrix.LocRotScale(where, turn, None)
    lens = camera.data
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", 36.0
    lens.lens = seen.focal / seen.width * lens.sensor_width
    # Blender counts a shift in parts of the sensor's larger fit, here its width, and moves the frame, not the picture.
    offset = (np.array([seen.width, seen.height]) / 2 - seen.centre) / seen.width
    lens.shift_x, lens.shift_y = float(offset[0]), float(-offset[1])
