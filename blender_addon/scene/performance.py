# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the backend make a performance for the scene's speech."""

import tempfile
from pathlib import Path

from bpy.types import Context

from chironomy.body.performance import Performance, load_performance
from chironomy.body.rig import load_rig
from chironomy.shot.placement import scene_camera
from chironomy.work import Work

from .. import backend
from ..properties import settings
from ..rig import read
from ..tasks import Job
from .portrait import remembered
from .speech import scene_speech


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

    def make(work: Work) -> Performance:
        client = backend.connect(where, work)
        inputs = {"speech": client.upload(speech.path)}
        if fit is not None:
            inputs["fit"] = client.upload(fit.to_json().encode())
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            made = client.run("perform", inputs, wanted, Path(folder, "performance.zip"), work)
            return load_performance(made)

    return make
