# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos and folders of pictures that the backend draws: where they go, and the work itself."""

import dataclasses
import itertools
import re
import tempfile
import weakref
from pathlib import Path

import bpy
from bpy.types import Context, Scene

from chironomy.client import BackendMissing, Client, ClientError
from chironomy.shot.formats import FORMATS, Format, format_of
from chironomy.shot.packed import check_folder, room_beside, unpack_pictures
from chironomy.shot.take import LONGEST_TAKE
from chironomy.work import Work

from .. import backend, sequencer
from ..asked import Asked, forget, left, remembered
from ..line import Job
from ..preferences import preferences
from ..properties import settings
from ..slices import Slices
from .shot import making_shot

MOST_LISTED = 5
"""Renders that a scene lists."""

DRAWING = "rendering"
"""What the backend says while it draws frames."""


class _Name:
    """A name that a render has for itself, from when it is asked for until its work is let go of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _names.add(self)


_names: "weakref.WeakSet[_Name]" = weakref.WeakSet()


def rendering(context: Context, filepath: str, keep_shot: str, *, replace: bool = False) -> Slices:
    """Return in slices the work that renders the scene as it is now.

    Args:
        context: of the scene.
        filepath: the file to write, or the folder of pictures; empty, a new one in the folder for renders.
        keep_shot: where to keep the shot that is rendered; empty, it is not kept.
        replace: write over the file that is there, if not over a folder; else the new one has a number.

    Returns:
        What makes the path of the video or of the folder.

    Raises:
        ChironomyError: there is nothing to render, or the place cannot be written.
    """
    where, scene, chosen_address = backend.address(context), context.scene, preferences(context).address
    shot = yield from making_shot(context)
    chosen = FORMATS[settings(scene).format]
    suffix = "" if chosen.sequence else chosen.suffix
    video = sequencer.absolute(filepath) if filepath else new_render(context, suffix)
    chosen = format_of(video, chosen.name)
    name = _Name(video if replace else free_name(video))
    video = name.path
    if chosen.sequence:
        check_folder(video)
    total = shot.hands.frame_count
    opened = (bpy.data.filepath, scene.name)
    if shot.settings.get("burn_in"):
        shot = shot.replaced(
            settings={**shot.settings, "take": (video.name if chosen.sequence else video.stem)[:LONGEST_TAKE]}
        )
    kept = sequencer.absolute(keep_shot) if keep_shot else None

    def render(work: Work) -> Path:
        def progress(fraction: float, message: str = "") -> None:
            if message == DRAWING and fraction:
                message = f"rendering frame {max(round(fraction * total), 1)} of {total}"
            work.progress(fraction, message)

        counted = dataclasses.replace(work, progress=progress)
        client = backend.connect(where, work)
        if not filepath:
            _make_folder(video.parent)
        with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
            path = kept or Path(folder, "shot.zip")
            shot.save(path)
            inputs = {"shot": client.upload(path)}
        wanted = {"format": chosen.name}
        job = client.submit("video", inputs, wanted)
        with remembered(Asked(job, chosen_address, str(video), chosen.name, *opened), remembered_in()):
            return _fetch(client, job, name, chosen, counted, replace=replace)

    return render


def fetching(context: Context, asked: Asked) -> Job:
    """Return the work that waits for a render which an earlier Blender asked for, and fetches it.

    It makes what was asked for and the path of the video or of the folder.

    Raises:
        ChironomyError: it cannot be asked for, or the place is not there any more.
    """
    where, chosen = backend.address(context), format_of(asked.video, asked.format)
    name = _Name(free_name(Path(asked.video)))

    def fetch(work: Work) -> tuple[Asked, Path]:
        client = backend.connect(where, work)
        try:
            client.job(asked.job)
        except BackendMissing:
            raise
        except ClientError:
            # The backend knows nothing of it, and never will again.
            forget(asked.job, remembered_in())
            raise
        with remembered(asked, remembered_in()):
            return asked, _fetch(client, asked.job, name, chosen, work)

    return fetch


def left_at_backend(context: Context) -> tuple[Asked, ...]:
    """Return the renders that the backend of the preferences was asked for by an earlier Blender.

    One that ends with Blender goes on with them when it is started again.
    """
    return left(preferences(context).address, remembered_in())


def remembered_in() -> Path:
    """Return the file in which renders are remembered that a backend was asked for."""
    return backend.folder() / "renders-asked-for.json"


def _fetch(client: Client, job: str, name: _Name, chosen: Format, work: Work, *, replace: bool = False) -> Path:
    """Wait for a render, and put it under the name that it was promised, or the next free one."""
    with room_beside(name.path) as folder:
        client.wait(job, work)
        made = client.download(job, folder / name.path.name)
        # Another program may have come first.
        written = name.path if replace else free_name(name.path, name)
        if chosen.sequence:
            unpack_pictures(made, written)
        else:
            made.replace(written)
    return written


def new_render(context: Context, suffix: str = ".mp4") -> Path:
    """Return the path of a video that is not there yet, in the folder for renders; nothing is made.

    Without a suffix it is that of a folder of pictures.
    """
    folder = preferences(context).renders or "//renders"
    if folder.startswith("//") and not bpy.data.filepath:
        # Blender's temporary folder goes when Blender ends, and takes hours of drawing with it.
        folder = str(backend.folder() / folder[2:])
    path = sequencer.absolute(folder)
    name = re.sub(r"\W+", "-", Path(bpy.data.filepath).stem or "untitled").strip("-")
    there = [item.name for item in path.iterdir()] if path.is_dir() else []
    names = there + [each.path.name for each in _names if each.path.parent == path]
    numbers = [int(m[1]) for m in (re.fullmatch(rf"{name}-(\d+)(\.\w+)?", each) for each in names) if m]
    return path / f"{name}-{max(numbers, default=0) + 1:03d}{suffix}"


def _make_folder(path: Path) -> None:
    """Make the folder that a render goes into."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise sequencer.SoundError(
            f"the folder for renders {path} cannot be made: {error.strerror or error}"
        ) from error


def free_name(path: Path, own: _Name | None = None) -> Path:
    """Return a path, or with a number the next that no file has and no render but one's own was promised."""
    stem, number = path.stem, 1
    if (counted := re.fullmatch(r"(.*)-(\d{3,})", stem)) is not None:
        stem, number = counted[1], int(counted[2])
    promised = {each.path for each in _names if each is not own}
    numbered = (path.with_name(f"{stem}-{n:03d}{path.suffix}") for n in itertools.count(number + 1))
    return next(each for each in itertools.chain([path], numbered) if not _there(each) and each not in promised)


def _there(path: Path) -> bool:
    # An empty folder is as good as none.
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def list_render(scene: Scene, path: Path) -> None:
    """List a render with its scene, the newest first."""
    rendered = settings(scene).rendered
    rendered.add().path = sequencer.relative(path)
    rendered.move(len(rendered) - 1, 0)
    while len(rendered) > MOST_LISTED:
        rendered.remove(len(rendered) - 1)


def last_render(scene: Scene) -> str:
    """Return the newest render of a scene as Blender stores its path; empty where there is none."""
    rendered = settings(scene).rendered
    return rendered[0].path if len(rendered) else ""
