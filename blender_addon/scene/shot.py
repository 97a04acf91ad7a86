# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scene shows, as all that a video engine needs."""

from typing import Any

from bpy.types import Context

from chironomy.body.figures import FIGURES
from chironomy.body.outfits import OUTFITS
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.placement import in_portrait
from chironomy.shot.shot import Media, Shot

from .. import sequencer
from ..properties import character, settings
from ..rig import read
from ..slices import Slices, drained
from .lens import shot_camera
from .portrait import remembered
from .retarget import taking_up
from .speech import scene_speech


def make_shot(context: Context) -> Shot:
    """Do at once what `making_shot` does in slices."""
    return drained(making_shot(context))


def making_shot(context: Context) -> Slices:
    """Return what the scene shows, frame by frame, with its speech: all that an engine needs.

    A scene that was fitted to a portrait is seen through the portrait's camera, on the person's body; the hands are
    where the rig has them.

    Raises:
        ChironomyError: there is nothing to render, or the speech cannot be read.
    """
    scene, rig = context.scene, load_rig()
    chosen, item = settings(scene), character(scene)
    first, speech = scene.frame_start, scene_speech(scene)
    yield from taking_up(scene, item)
    body, hands = yield from read.reading_pose(item, rig, scene, first, scene.frame_end + 1)
    face = yield from read.reading_face(item, scene, first, scene.frame_end + 1)
    camera = yield from shot_camera(scene, item, body)
    shot = Shot(
        hands=hands,
        pose=body,
        face=face,
        camera=camera,
        speech=None if speech is None else Media.from_file(speech.path),
        speech_start=0.0 if speech is None else (first - speech.frame) / read.scene_fps(scene),
        engine=chosen.engine,
        settings=engine_settings(chosen),
    )
    fit = remembered(scene)
    if fit is None:
        if shows_portrait(chosen):
            raise ChironomyError("choose a portrait and press Fit to Picture first: this video shows it")
        return shot
    return in_portrait(fit, shot, Media.from_file(sequencer.absolute(chosen.portrait)), (chosen.width, chosen.height))


def shows_portrait(chosen: Any) -> bool:
    """Whether the video that is set shows the portrait, which the scene must have been fitted to."""
    return chosen.engine != "previz" or chosen.backdrop == "portrait"


def engine_settings(chosen: Any) -> dict[str, Any]:
    """Return the shot's settings, without those that are as usual."""
    # Only the preview has clothes to choose and a wall behind it; the others take both from the portrait.
    names = ("figure", "outfit", "backdrop", "burn_in") if chosen.engine == "previz" else ("burn_in",)
    found = {name: getattr(chosen, name) for name in names}
    usual = {"figure": FIGURES[0], "outfit": next(iter(OUTFITS)), "backdrop": next(iter(BACKDROPS)), "burn_in": False}
    return {name: value for name, value in found.items() if value != usual[name]}
