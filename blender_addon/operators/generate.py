# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the character, and let it gesture to the speech."""

import tempfile
from pathlib import Path
from typing import Any

from bpy.types import Context, Operator

import chironomy
from chironomy.body.accompaniment import Accompaniment, load_accompaniment
from chironomy.body.accompany import accompanied_pose
from chironomy.body.gaze import look
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import FaceTrack, HandMotion, load_face, load_hands, save_hands
from chironomy.shot.camera import portrait_camera
from chironomy.shot.placement import place

from .. import backend, sequencer
from ..properties import character, settings
from ..rig import build, pose
from ..tasks import Cancelled, JobOperator, Report, Work, part
from .reference import remembered

Performance = tuple[HandMotion, FaceTrack, Accompaniment | None]
"""What is generated: hands, face and, where it is wanted, what torso and head do."""


class CHIRONOMY_OT_add_character(Operator):
    """Add the character with its controls to the scene"""

    bl_idname = "chironomy.add_character"
    bl_label = "Add Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = "" if context.mode in ("OBJECT", "POSE") else "Switch to the object mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: Context) -> set[str]:
        try:
            rig = load_rig()
        except ChironomyError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        chosen = settings(context.scene)
        chosen.character = build.build_character(context, rig, chironomy.__version__)
        build.dress(chosen.character, chosen.outfit)
        return {"FINISHED"}


class CHIRONOMY_OT_generate(JobOperator, Operator):
    """Make hand and lip motion for the speech, as keys on the character; keys of your own stay as they are"""

    bl_idname = "chironomy.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        if not settings(context.scene).speech:
            return "Load a speech first"
        return "" if character(context.scene) else "Add a character first"

    def work(self, context: Context) -> Work:
        scene = context.scene
        chosen = settings(scene)
        where = backend.address(context)
        speech = sequencer.absolute(chosen.speech)
        fps = round(pose.scene_fps(scene), 6)
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
                body = client.run(
                    "accompany", inputs, lens, Path(folder, "body.npz"), part(report, 0.95, 1.0), cancelled
                )
                return motion, load_face(face), load_accompaniment(body)

        return make

    def finish(self, context: Context, result: Any) -> str:
        motion, face, body = result
        item = character(context.scene)
        if item is None:
            raise ChironomyError("the character was deleted meanwhile; add it again and generate once more")
        return put_on(context, motion, face, body)


def put_on(context: Context, motion: HandMotion, face: FaceTrack | None, body: Accompaniment | None = None) -> str:
    """Put motion on the scene's character from the start of the speech on, and return what to tell the person.

    With an accompaniment the eyes are turned to the lens, too.
    """
    scene, rig, item = context.scene, load_rig(), character(context.scene)
    first = sequencer.speech_start(scene)
    frames = pose.write_motion(item, rig, motion, scene, first)
    pose.write_accompaniment(item, body, scene, first)
    if face is not None and body is not None:
        chosen = settings(scene)
        lens = portrait_camera(rig, chosen.width, chosen.height).position
        face = face.resampled(motion.fps, motion.frame_count)
        face = look(rig, face, accompanied_pose(rig, motion, body), lens, chosen.seed)
    if face is not None:
        pose.write_face(item, face, scene, first)
    scene.frame_end = first + frames - 1
    scene.frame_set(scene.frame_current)
    count = pose.hand_key_count(item)
    dense = pose.HAND_CHANNELS * frames
    return f"{item.name} has {frames} frames of motion in {count} keys, {100 * count / dense:.0f} % of one key a frame"


CLASSES = (CHIRONOMY_OT_add_character, CHIRONOMY_OT_generate)
