# SPDX-License-Identifier: GPL-3.0-or-later
"""A portrait in the scene: its fit, its camera, and its picture behind the character."""

import tempfile
from pathlib import Path

import bpy
from bpy.types import Context, Image, Object, Scene

from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.shot.fit import Fit
from chironomy.shot.placement import scene_camera
from chironomy.work import Work

from .. import backend
from ..line import Job
from ..properties import settings, shape_of
from ..view import given, keep
from .lens import aim

CAMERA = "Portrait Camera"
_OURS = "chironomy_portrait"


def fitting(context: Context, portrait: Path) -> Job:
    """Return the work that finds the person in a portrait.

    It makes the portrait's path, its `Fit`, and the upright picture that was fitted, a PNG's bytes: Blender passes over
    how a camera was held (EXIF) and cannot show every kind of file.
    """
    where = backend.address(context)

    def fit(work: Work) -> tuple[Path, Fit, bytes]:
        client = backend.connect(where, work)
        inputs = {"picture": client.upload(portrait)}
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            found = client.run("fit", inputs, {}, Path(folder, "fit.json"), work.part(0.0, 0.9))
            upright = client.run("picture", inputs, {}, Path(folder, "picture.png"), work.part(0.9, 1.0))
            return portrait, Fit.load(found), upright.read_bytes()

    return fit


def remember(scene: Scene, portrait: Path, fit: Fit, *, keep_size: bool = False) -> None:
    """Keep a fit with the scene, so that what is generated and rendered from now on uses it."""
    chosen = settings(scene)
    # The portrait first: choosing another one forgets the fit of the last.
    chosen.portrait = str(portrait)
    keep(scene, chosen)
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


def look_through(scene: Scene, item: Object, fit: Fit, upright: bytes, name: str) -> Object:
    """Give the scene the portrait's camera, with the portrait behind the character; return the camera.

    Args:
        scene: of the character.
        item: the character.
        fit: the portrait's.
        upright: the picture that was fitted, a PNG; it is packed into the .blend.
        name: of the portrait's file.

    Raises:
        ChironomyError: Blender cannot show the picture.
    """
    picture = _packed(upright, name)  # before anything is changed
    camera = scene.objects.get(CAMERA)
    if camera is None or camera.type != "CAMERA" or camera.library or camera.data.library:
        camera = bpy.data.objects.new(CAMERA, bpy.data.cameras.new(CAMERA))
        scene.collection.objects.link(camera)
    place_camera(camera, item, fit)
    lens = camera.data
    lens.show_background_images = True
    for background in lens.background_images:
        # Clearing the list alone would leave the picture its user. Another picture is the person's own, and stays.
        shown, background.image = background.image, None
        if shown is not None and shown.get(_OURS) and not shown.users:
            bpy.data.images.remove(shown)
    lens.background_images.clear()
    background = lens.background_images.new()
    background.image = picture
    picture.name, picture[_OURS] = name, True
    background.alpha, background.display_depth, background.frame_method = 1.0, "BACK", "FIT"
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = settings(scene).width, settings(scene).height
    given(scene, settings(scene))
    return camera


def _packed(data: bytes, name: str) -> Image:
    """The picture of a PNG's bytes, in the .blend itself.

    Raises:
        ChironomyError: Blender cannot show it; it does not raise by itself then, but gives a picture without pixels.
    """
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder, "portrait.png")
        path.write_bytes(data)
        try:
            image = bpy.data.images.load(str(path))
        except RuntimeError as error:
            raise ChironomyError(f"Blender cannot show {name}: {str(error).strip()}") from error
        if 0 in image.size:
            bpy.data.images.remove(image)
            raise ChironomyError(f"Blender cannot show {name}; export it as PNG and fit once more")
        image.pack()
    image.filepath_raw = ""
    return image


def place_camera(camera: Object, item: Object, fit: Fit) -> None:
    """Put a camera object where the portrait was taken from, relative to the character."""
    chosen = settings(camera.users_scene[0])
    seen = scene_camera(fit, load_rig(), chosen.width, chosen.height)
    aim(camera, item, seen)
