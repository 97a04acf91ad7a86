# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the backend make a performance for the scene's speech."""

import tempfile
from pathlib import Path

import numpy as np
from bpy.types import Context
from numpy.typing import NDArray

from chironomy.body.performance import Performance, load_performance
from chironomy.body.rig import load_rig
from chironomy.client import Client
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
    """Return the work that makes a `Performance` for the scene's speech, with its settings of now."""
    scene = context.scene
    chosen = settings(scene)
    where = backend.address(context)
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
        "alive": chosen.accompany,
        "lens_x": x,
        "lens_y": y,
        "lens_z": z,
    }
    script = sequencer.absolute(chosen.script) if chosen.script else None
    item = character(scene)
    pinned = None if item is None else pins(item, load_rig(), scene, speech_start(scene))

    def make(work: Work) -> Performance:
        client = backend.connect(where, work)
        inputs = {"speech": client.upload(speech.path)}
        if script is not None:
            inputs["script"] = client.upload(script)
        if fit is not None:
            inputs["fit"] = client.upload(fit.to_json().encode())
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            inputs |= pinned_inputs(client, pinned, Path(folder))
            made = client.run("perform", inputs, wanted, Path(folder, "performance.zip"), work)
            return load_performance(made)

    return make


def pinned_inputs(client: Client, pinned: Pinned | None, folder: Path) -> dict[str, str]:
    """Upload what is the animator's, and return it as inputs of a job that makes gestures."""
    if pinned is None:
        return {}
    motion, mask = pinned
    save_hands(motion, folder / "pinned.npz")
    np.savez_compressed(folder / "mask.npz", mask=mask)
    return {"pinned": client.upload(folder / "pinned.npz"), "pinned_mask": client.upload(folder / "mask.npz")}
