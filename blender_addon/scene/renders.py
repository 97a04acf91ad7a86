# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos and folders of pictures that the backend draws: where they go, and the work itself."""

import re
import tempfile
from pathlib import Path

import bpy
from bpy.types import Context

from chironomy.shot.formats import FORMATS, format_of
from chironomy.shot.packed import check_folder, room_beside, unpack_pictures
from chironomy.shot.take import LONGEST_TAKE
from chironomy.work import Work

from .. import backend, sequencer
from ..preferences import preferences
from ..properties import settings
from ..slices import Slices
from .shot import making_shot


def rendering(context: Context, filepath: str, keep_shot: str) -> Slices:
    """Return in slices the work that renders the scene as it is now.

    Args:
        context: of the scene.
        filepath: the file to write, or the folder of pictures; empty, a new one in the folder for renders.
        keep_shot: where to keep the shot that is rendered; empty, it is not kept.

    Returns:
        What makes the path of the video or of the folder.

    Raises:
        ChironomyError: there is nothing to render, or the place cannot be written.
    """
    where, scene = backend.address(context), context.scene
    shot = yield from making_shot(context)
    chosen = FORMATS[settings(scene).format]
    suffix = "" if chosen.sequence else chosen.suffix
    video = sequencer.absolute(filepath) if filepath else new_render(context, suffix)
    chosen = format_of(video, chosen.name)
    if chosen.sequence:
        check_folder(video)
    if shot.settings.get("burn_in"):
        shot = shot.replaced(
            settings={**shot.settings, "take": (video.name if chosen.sequence else video.stem)[:LONGEST_TAKE]}
        )
    kept = sequencer.absolute(keep_shot) if keep_shot else None

    def render(work: Work) -> Path:
        client = backend.connect(where, work)
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            path = kept or Path(folder, "shot.zip")
            shot.save(path)
            inputs = {"shot": client.upload(path)}
        wanted = {"format": chosen.name}
        if not chosen.sequence:
            return client.run("video", inputs, wanted, video, work)
        with room_beside(video) as folder:
            packed = client.run("video", inputs, wanted, Path(folder, video.name), work)
            unpack_pictures(packed, video)
        return video

    return render


def new_render(context: Context, suffix: str = ".mp4") -> Path:
    """Return the path of a video that is not there yet, in the folder for renders, which is made.

    Without a suffix it is that of a folder of pictures.
    """
    folder = preferences(context).renders or "//renders"
    if folder.startswith("//") and not bpy.data.filepath:
        # Blender's temporary folder goes when Blender ends, and takes hours of drawing with it.
        folder = str(backend.folder() / folder[2:])
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
