# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a performance for the scene's speech: in this Blender, or by the backend where the preferences say so."""

import tempfile
from pathlib import Path

import numpy as np
from bpy.types import Context
from numpy.typing import NDArray

from chironomy.body.performance import Performance, load_performance
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.gesture.settings import RATE
from chironomy.motion import HandMotion, save_hands
from chironomy.shot.placement import scene_camera
from chironomy.work import Work

from .. import backend, sequencer
from ..properties import character, settings
from ..rig import read
from ..rig.owned import pins
from ..tasks import Job
from .portrait import remembered
from .speech import scene_speech, speech_start

Pinned = tuple[HandMotion, NDArray[np.bool_]]
"""Motion from the speech's start on, and (T, 2) which frames of which hand are to stay."""


def performing(context: Context) -> Job:
    """Return the work that makes a `Performance` for the scene's speech, with its settings of now.

    Raises:
        ChironomyError: it cannot be made there.
    """
    scene = context.scene
    chosen = settings(scene)
    where = backend.gestures_from(context)
    if where is None:
        # Imported when they are needed: the add-on's registration waits for nothing of the room of speech.
        from ..hearing import why_deaf

        if reason := why_deaf():
            raise ChironomyError(reason)
    speech = scene_speech(scene)
    assert speech is not None
    fit = remembered(scene)
    x, y, z = scene_camera(fit, load_rig(), chosen.width, chosen.height).position.tolist()
    wanted = {
        "seed": chosen.seed,
        "style": chosen.style,
        "speed": round(chosen.speed, 4),
        "amplitude": round(chosen.amplitude, 4),
        "fps": round(read.scene_fps(scene), 6),
        "emotion": chosen.emotion_mixture or {chosen.emotion: round(chosen.emotion_strength, 4)},
        "alive": chosen.accompany,
        "lens_x": x,
        "lens_y": y,
        "lens_z": z,
    }
    if chosen.rate != RATE.default:
        # Backends and weights of old know nothing of it, and need not.
        wanted["rate"] = round(chosen.rate, 4)
    script = sequencer.absolute(chosen.script) if chosen.script else None
    item = character(scene)
    pinned = None if item is None else pins(item, load_rig(), scene, speech_start(scene))

    def make(work: Work) -> Performance:
        with tempfile.TemporaryDirectory(prefix="chironomy-") as name:
            folder = Path(name)
            inputs = {"speech": speech.path} | _pinned_files(pinned, folder)
            if script is not None:
                inputs["script"] = script
            if fit is not None:
                inputs["fit"] = folder / "fit.json"
                fit.save(inputs["fit"])
            if where is None:
                return _made_here(inputs, wanted, work)
            client = backend.connect(where, work)
            uploaded = {name: client.upload(path) for name, path in inputs.items()}
            return load_performance(client.run("perform", uploaded, wanted, folder / "performance.zip", work))

    return make


def _made_here(inputs: dict[str, Path], wanted: dict[str, object], work: Work) -> Performance:
    work.progress(0.0, "getting ready")
    from chironomy.performance.perform import make_performance

    from ..hearing import hear

    return make_performance(inputs, wanted, work, hear=hear)


def _pinned_files(pinned: Pinned | None, folder: Path) -> dict[str, Path]:
    """Write what is the animator's, and return it as inputs of what makes gestures."""
    if pinned is None:
        return {}
    motion, mask = pinned
    files = {"pinned": folder / "pinned.npz", "pinned_mask": folder / "mask.npz"}
    save_hands(motion, files["pinned"])
    np.savez_compressed(files["pinned_mask"], mask=mask)
    return files
