# SPDX-License-Identifier: GPL-3.0-or-later
"""From the edited rig to a video, through the backend."""

import re
import tempfile
from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy.types import Context, Operator

from chironomy.body.outfits import OUTFITS
from chironomy.body.rig import load_rig
from chironomy.errors import ChironomyError
from chironomy.shot.backdrops import BACKDROPS
from chironomy.shot.camera import portrait_camera
from chironomy.shot.formats import FORMATS, format_of
from chironomy.shot.packed import check_folder, room_beside, unpack_pictures
from chironomy.shot.placement import in_portrait
from chironomy.shot.shot import Media, Shot
from chironomy.shot.take import LONGEST_TAKE

from .. import backend, sequencer
from ..preferences import preferences
from ..properties import character, settings
from ..rig import pose
from ..tasks import Cancelled, JobOperator, Report, Work
from .reference import remembered


class CHIRONOMY_OT_render_video(JobOperator, Operator):
    """Render the character's edited motion to a video and lay it in the sequencer"""

    bl_idname = "chironomy.render_video"
    bl_label = "Render Video"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="Video",
        description="The file to write, or the folder of pictures; empty, a new one in the folder for renders",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    shot: StringProperty(
        name="Shot",
        description="Where to keep the shot that the video is rendered from; empty, it is not kept",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, context: Context) -> str:
        return "" if character(context.scene) else "Add a character first"

    def work(self, context: Context) -> Work:
        where = backend.address(context)
        shot = make_shot(context)
        chosen = FORMATS[settings(context.scene).format]
        suffix = "" if chosen.sequence else chosen.suffix
        video = sequencer.absolute(self.filepath) if self.filepath else new_render(context, suffix)
        chosen = format_of(video, chosen.name)
        if chosen.sequence:
            check_folder(video)
        if shot.settings.get("burn_in"):
            shot = shot.replaced(
                settings={**shot.settings, "take": (video.name if chosen.sequence else video.stem)[:LONGEST_TAKE]}
            )
        kept = sequencer.absolute(self.shot) if self.shot else None

        def render(report: Report, cancelled: Cancelled) -> Path:
            client = backend.connect(where, report, cancelled)
            with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
                path = kept or Path(folder, "shot.zip")
                shot.save(path)
                inputs = {"shot": client.upload(path)}
            wanted = {"format": chosen.name}
            if not chosen.sequence:
                return client.run("video", inputs, wanted, video, report, cancelled, report.picture)
            with room_beside(video) as folder:
                packed = client.run(
                    "video", inputs, wanted, Path(folder, video.name), report, cancelled, report.picture
                )
                unpack_pictures(packed, video)
            return video

        return render

    def finish(self, context: Context, result: Any) -> str:
        sequencer.lay_video(context, result, context.scene.frame_start)
        return f"rendered {result}"


def make_shot(context: Context) -> Shot:
    """Return what the scene shows, frame by frame, with its speech: all that an engine needs.

    A scene that was fitted to a portrait is seen through the portrait's camera, on the person's body; the hands are
    where the rig has them.

    Raises:
        ChironomyError: there is nothing to render, or the speech cannot be read.
    """
    scene, rig = context.scene, load_rig()
    chosen, item = settings(scene), character(scene)
    first = min(sequencer.speech_start(scene), scene.frame_start)
    body, hands = pose.read_pose(item, rig, scene, first, scene.frame_end + 1)
    shot = Shot(
        hands=hands,
        pose=body,
        face=pose.read_face(item, scene, first, scene.frame_end + 1),
        camera=portrait_camera(rig, chosen.width, chosen.height),
        speech=Media.from_file(sequencer.absolute(chosen.speech)) if chosen.speech else None,
        frame_start=scene.frame_start - first,
        engine=chosen.engine,
        settings=engine_settings(chosen),
    )
    fit = remembered(scene)
    if fit is None:
        if shot.engine != "previz" or shot.settings.get("backdrop") == "portrait":
            raise ChironomyError("choose a portrait and press Fit to Picture first: this video shows it")
        return shot
    return in_portrait(fit, shot, Media.from_file(sequencer.absolute(chosen.portrait)), (chosen.width, chosen.height))


def engine_settings(chosen: Any) -> dict[str, Any]:
    """Return the shot's settings, without those that are as usual."""
    # Only the preview has clothes to choose and a wall behind it; the others take both from the portrait.
    names = ("outfit", "backdrop", "burn_in") if chosen.engine == "previz" else ("burn_in",)
    found = {name: getattr(chosen, name) for name in names}
    usual = {"outfit": next(iter(OUTFITS)), "backdrop": next(iter(BACKDROPS)), "burn_in": False}
    return {name: value for name, value in found.items() if value != usual[name]}


def new_render(context: Context, suffix: str = ".mp4") -> Path:
    """Return the path of a video that is not there yet, in the folder for renders, which is made.

    Without a suffix it is that of a folder of pictures.
    """
    folder = preferences(context).renders or "//renders"
    if folder.startswith("//") and not bpy.data.filepath:
        folder = str(Path(bpy.app.tempdir, folder[2:]))
    path = sequencer.absolute(folder)
    name = re.sub(r"\W+", "-", Path(bpy.data.filepath).stem or "untitled").strip("-")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise sequencer.SoundError(
            f"the folder for renders {path} cannot be made: {error.strerror or error}"
        ) from error
    numbers = [int(m[1]) for m in (re.fullmatch(rf"{name}-(\d+)(\.\w+)?", item.name) for item in path.iterdir()) if m]
    return path / f"{name}-{max(numbers, default=0) + 1:03d}{suffix}"


CLASSES = (CHIRONOMY_OT_render_video,)
