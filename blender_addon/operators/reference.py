# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the character over a portrait: its camera, its picture behind the character, and what rendering takes from it."""

import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.props import BoolProperty, StringProperty
from bpy.types import Context, Object, Operator, Scene
from mathutils import Matrix, Quaternion, Vector

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import rotation as quaternion
from chironomy.shot.fit import Fit

from .. import backend, sequencer
from ..properties import character, settings, shape_of
from ..rig.space import TURN, to_armature
from ..tasks import Cancelled, JobOperator, Report, Work

CAMERA = "Portrait Camera"


class CHIRONOMY_OT_fit_to_picture(JobOperator, Operator):
    """Find the person in the portrait, and look at the character through the portrait's camera"""

    bl_idname = "chironomy.fit_to_picture"
    bl_label = "Fit to Picture"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Portrait",
        description="The picture to fit to; empty, the scene's",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    keep_size: BoolProperty(
        name="Keep Size",
        description="Leave the video's size as it is, instead of giving it the portrait's shape",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if character(context.scene) else "Add a character first"

    def work(self, context: Context) -> Work:
        chosen = settings(context.scene)
        if not (self.filepath or chosen.portrait):
            raise ChironomyError("choose a portrait first")
        portrait = sequencer.absolute(self.filepath or chosen.portrait)
        if not portrait.is_file():
            raise ChironomyError(f"there is no file {portrait}; choose a portrait")
        where = backend.address(context)

        def fit(report: Report, cancelled: Cancelled) -> tuple[Path, Fit]:
            client = backend.connect(where, report, cancelled)
            inputs = {"picture": client.upload(portrait)}
            with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
                found = client.run("fit", inputs, {}, Path(folder, "fit.json"), report, cancelled)
                return portrait, Fit.load(found)

        return fit

    def finish(self, context: Context, result: Any) -> str:
        portrait, fit = result
        scene = context.scene
        item = character(scene)
        if item is None:
            raise ChironomyError("the character was deleted meanwhile; add it again and fit once more")
        remember(scene, portrait, fit, keep_size=self.keep_size)
        look_through(scene, item, fit, portrait)
        point, miss = fit.worst
        notes = "".join(f"; {note}" for note in fit.notes)
        return f"{portrait.name} is fitted, {point} worst by {100 * miss:.1f} % of the picture's height{notes}"


class CHIRONOMY_OT_forget_picture(Operator):
    """Render with the usual camera and the character's own body again"""

    bl_idname = "chironomy.forget_picture"
    bl_label = "Forget Picture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        return bool(settings(context.scene).fit)

    def execute(self, context: Context) -> set[str]:
        settings(context.scene).fit = ""
        return {"FINISHED"}


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
    seen = fit.camera.resized(chosen.width, chosen.height)
    turn = Quaternion(quaternion.multiply(TURN, seen.rotation))
    where = Vector(to_armature(load_rig(), seen.position))
    camera.matrix_world = item.matrix_world @ Matrix.LocRotScale(where, turn, None)
    lens = camera.data
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", 36.0
    lens.lens = seen.focal / seen.width * lens.sensor_width
    # Blender counts a shift in parts of the sensor's larger fit, here its width, and moves the frame, not the picture.
    offset = (np.array([seen.width, seen.height]) / 2 - seen.centre) / seen.width
    lens.shift_x, lens.shift_y = float(offset[0]), float(-offset[1])


CLASSES = (CHIRONOMY_OT_fit_to_picture, CHIRONOMY_OT_forget_picture)
