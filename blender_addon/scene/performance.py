# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the backend make a performance for the scene's speech."""

import tempfile
from pathlib import Path

from bpy.types import Context

from chironomy.body.accompaniment import Accompaniment, load_accompaniment
from chironomy.body.rig import load_rig
from chironomy.motion import FaceTrack, HandMotion, load_face, load_hands, save_hands
from chironomy.shot.camera import portrait_camera
from chironomy.shot.placement import place

from .. import backend, sequencer
from ..properties import settings
from ..rig import read
from ..tasks import Cancelled, Report, Work, part
from .portrait import remembered

Performance = tuple[HandMotion, FaceTrack, Accompaniment | None]
"""What is generated: hands, face and, where it is wanted, what torso and head do."""


def performing(context: Context) -> Work:
    """Return the work that makes a `Performance` for the scene's speech, with its settings of now."""
    scene = context.scene
    chosen = settings(scene)
    where = backend.address(context)
    speech = sequencer.absolute(chosen.speech)
    fps = round(read.scene_fps(scene), 6)
    gesture = {
        "seed": chosen.seed,
        "style": chosen.style,
        "speed": round(chosen.speed, 4),
        "amplitude": round(chosen.amplitude, 4),
        "fps": fps,
    }

    fit = remembered(scene)
    camera = portrait_camera(load_rig(), chosen.width, chosen.height) if fit is None else fit.camera
    x, y, z = camera.position.tolist()
    lens = {"seed": chosen.seed, "lens_x": x, "lens_y": y, "lens_z": z}
    accompanied = chosen.accompany

    def make(report: Report, cancelled: Cancelled) -> Performance:
        client = backend.connect(where, report, cancelled)
        inputs = {"speech": client.upload(speech)}
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            hands = client.run(
                "gesture", inputs, gesture, Path(folder, "hands.npz"), part(report, 0.0, 0.75), cancelled
            )
            face = client.run(
                "lips", inputs, {"fps": fps}, Path(folder, "face.npz"), part(report, 0.75, 0.95), cancelled
            )
            motion = load_hands(hands)
            if fit is not None:
                motion = place(fit, motion)
            if not accompanied:
                return motion, load_face(face), None
            placed = Path(folder, "placed.npz")
            save_hands(motion, placed)
            inputs["motion"] = client.upload(placed)
            body = client.run("accompany", inputs, lens, Path(folder, "body.npz"), part(report, 0.95, 1.0), cancelled)
            return motion, load_face(face), load_accompaniment(body)

    return make
