# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of a whole shot as files that other tools take: a video or a folder of pictures a map, and `maps.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy import __version__
from chironomy.files import atomic_path
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.formats import EXACT
from chironomy.video.film.encode import encode_film
from chironomy.video.maps.echomimic_pose import draw_pose_params, write_pose_folder
from chironomy.video.maps.registry import MAPS, Map, get_map
from chironomy.video.maps.surface import depth_range
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    from chironomy.body.rig import Rig
    from chironomy.shot.shot import Shot

FORMAT = "chironomy.maps/1"

FILE_FORMATS = ("mp4", "png")
"""`mp4`: a video a map, lossless H.264 of RGB. `png`: a folder of pictures a map. Both give back every bit."""

POSE_FOLDER = "echomimic_pose"
"""The name under which EchoMimicV2's pose folder is asked for beside the maps."""

DESCRIPTION = "maps.json"

_POSE_CONVENTION = (
    "a pickled dict a frame with hands, hands_score, bodies, faces, faces_score, num and draw_pose_params; "
    "points as parts of width and height"
)
_VIDEO_CONVENTION = "H.264 High 4:4:4 Predictive of RGB (gbrp), lossless: ffmpeg and OpenCV read back every bit"


def output_names() -> tuple[str, ...]:
    """All that can be asked for: the maps and EchoMimicV2's pose folder."""
    return (*MAPS, POSE_FOLDER)


def file_name(name: str, file_format: str) -> str:
    """What the file or folder of a map is called."""
    return f"{name}.mp4" if file_format == "mp4" and name != POSE_FOLDER else name


def write_maps(
    shot: Shot,
    folder: str | Path,
    names: Sequence[str],
    file_format: str = "mp4",
    work: Work = QUIET,
    rig: Rig | None = None,
) -> list[Path]:
    """Write the maps of the shot's frame range, one after another, and `maps.json`, which says what they are.

    The same shot gives the same files. Videos have no sound.

    Args:
        shot: what to draw.
        folder: where to; none of the files must be there yet.
        names: of the maps, from `output_names`.
        file_format: one of `FILE_FORMATS`.
        work: told after every frame, with the name of the map, and asked before it.
        rig: the character; the shot's when None.

    Returns:
        the files and folders, `maps.json` last.

    Raises:
        VideoError: a name or the format is unknown, a file is there already, or one cannot be written.
        RenderCancelled: `work` said so.
    """
    folder = Path(folder)
    chosen = check_names(names)
    if file_format not in FILE_FORMATS:
        raise VideoError(f"maps cannot be written as {file_format!r}; choose from {', '.join(FILE_FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / file_name(name, file_format) for name in chosen]
    for target in (*targets, folder / DESCRIPTION):
        if target.exists():
            raise VideoError(f"{target} is there already; choose another folder")
    for done, (name, target) in enumerate(zip(chosen, targets, strict=True)):
        part = work.part(done / len(chosen), (done + 1) / len(chosen), name)
        part.progress(0.0)
        if name == POSE_FOLDER:
            write_pose_folder(shot, target, rig, work=part)
        elif file_format == "mp4":
            frames = _drawn(shot, get_map(name), rig, part)
            encode_film(frames, target, shot.fps, shot.width, shot.height, work=part, chosen=EXACT)
        else:
            _write_pictures(_drawn(shot, get_map(name), rig, part), target)
    with atomic_path(folder / DESCRIPTION) as partial:
        partial.write_text(json.dumps(describe(shot, chosen, file_format), indent=1) + "\n", encoding="utf-8")
    return [*targets, folder / DESCRIPTION]


def check_names(names: Sequence[str]) -> list[str]:
    """The names, each once, in the order asked for.

    Raises:
        VideoError: there is no map of one of them, or no name at all.
    """
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in output_names():
            raise VideoError(f"there is no map {name!r}; choose from {', '.join(output_names())}")
    if not chosen:
        raise VideoError(f"no map was asked for; choose from {', '.join(output_names())}")
    return chosen


def describe(shot: Shot, names: Sequence[str], file_format: str) -> dict[str, Any]:
    """What `maps.json` says: size, rate, frames, camera, and of each map its file and convention."""
    near, far = depth_range(shot.camera)
    entries: dict[str, Any] = {}
    for name in names:
        entry: dict[str, Any] = {"file": file_name(name, file_format)}
        if name == POSE_FOLDER:
            entry["description"] = "EchoMimicV2's pose folder"
            entry["convention"] = _POSE_CONVENTION
            entry["draw_pose_params"] = draw_pose_params(shot.width, shot.height)
        else:
            entry["description"], entry["convention"] = get_map(name).description, get_map(name).convention
        if name == "depth":
            entry["white_at_metres"], entry["black_at_metres"] = near, far
        entries[name] = entry
    return {
        "format": FORMAT,
        "version": __version__,
        "width": shot.width,
        "height": shot.height,
        "fps": shot.fps,
        "frame_count": len(shot.frames),
        "frame_start": shot.frames.start,
        "seconds_into_speech": None if shot.speech is None else shot.seconds_into_speech(shot.frames.start),
        "files": file_format,
        "encoding": _VIDEO_CONVENTION if file_format == "mp4" else "PNG, 8 bits a channel, named by frame from 00000",
        "camera": {
            **shot.camera.to_dict(),
            "frame": "metres; x the person's left, y up, z forward from between the shoulders; looks along its own -z",
        },
        "maps": entries,
    }


def _drawn(shot: Shot, kind: Map, rig: Rig | None, work: Work) -> Iterator[NDArray[np.uint8]]:
    for done, frame in enumerate(shot.frames):
        if work.cancelled():
            raise RenderCancelled
        yield kind.draw(shot, frame, rig)
        work.progress((done + 1) / len(shot.frames))


def _write_pictures(frames: Iterator[NDArray[np.uint8]], folder: Path) -> None:
    from PIL import Image

    folder.mkdir()
    for number, frame in enumerate(frames):
        with atomic_path(folder / f"{number:05d}.png") as partial:
            Image.fromarray(frame).save(partial, "PNG")
