# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview engine: the character itself, lit as in a small studio, on the processor and without weights."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from chironomy.body.errors import BodyError
from chironomy.body.figures import FIGURES, figure
from chironomy.body.rig import Rig
from chironomy.body.skinning import skin
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.shot import Shot
from chironomy.video.drawing.studio import SAMPLES, SHADOW_SIZE, Buffers, Studio
from chironomy.video.engines.engine import Requirements
from chironomy.work import QUIET, Work

SETTINGS = ("outfit", "backdrop", "figure", "pixels", "threads")
"""Names of the settings that a shot may give."""

MAXIMUM_WORKERS = 8


class PrevizEngine:
    """Renders the character as the rig evaluates it: what the animator sees is what is drawn."""

    name = "previz"
    frames_independent = True
    makes_linear = True

    def __init__(self, rig: Rig | None = None):
        self._rig = rig

    def requirements(self, shot: Shot | None = None) -> Requirements:
        """Memory for one set of buffers a thread; no weights."""
        pixels = shot.width * shot.height if shot is not None else 512 * 704
        workers = worker_count(shot)
        bytes_per_pixel = SAMPLES * 8 + 12 + 1 + 10 + 3 * 4 + 4 * 4
        memory = 170 * 2**20 + (workers + 1) * (pixels * bytes_per_pixel + SHADOW_SIZE**2 * 8 + 8 * 2**20)
        licence = "the pictures are yours: code GPL-3.0-or-later, character CC0"
        return Requirements(memory, "cpu", (), licence)

    def check(self, wanted: str | None = None) -> str:
        """It needs no weights."""
        return f"the engine {self.name} needs no weights"

    def render(self, shot: Shot, work: Work = QUIET) -> Iterator[NDArray[Any]]:
        """Yield the shot's frames in order; see `Engine.render`.

        A few frames are drawn at a time, one a thread; no more are kept than are being drawn. The shot's settings may
        hold:

        - `figure`: one of `chironomy.body.figures.FIGURES`;
        - `outfit`: a name of `chironomy.body.outfits.OUTFITS`, or colours by region;
        - `backdrop`: a name of `chironomy.shot.backdrops.BACKDROPS`, a colour or a gradient. Before
          "transparent" the frames are (height, width, 4), RGBA;
        - `pixels`: "display", the default, or "linear" for float32 light as `Studio.draw_linear` gives it;
        - `threads`: how many frames are drawn at a time.

        Raises:
            VideoError: the shot's pose has other joints than the character, or a setting is unknown or wrong.
            RenderCancelled: `work` said so.
        """
        rig = self._rig or shot.rig
        joints = shot.pose.joint_rotation.shape[1]
        if joints != rig.joint_count:
            raise VideoError(f"the shot's pose has {joints} joints, but the character has {rig.joint_count}")
        return self._frames(shot, _studio(shot, rig), work)

    def _frames(self, shot: Shot, studio: Studio, work: Work) -> Iterator[NDArray[Any]]:
        workers = worker_count(shot)
        free = deque(Buffers(shot.camera) for _ in range(workers))
        look = studio.draw_linear if shot.settings.get("pixels") == "linear" else studio.draw

        def draw(frame: int) -> NDArray[Any]:
            buffers = free.pop()
            try:
                pose = shot.pose
                vertices = skin(
                    studio.rig, pose.joint_rotation[frame], pose.joint_position[frame], shot.face.values[frame]
                )
                return look(vertices, buffers)
            finally:
                free.append(buffers)

        waiting: deque[Future[NDArray[Any]]] = deque()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="previz")
        done = 0
        try:
            for frame in shot.frames:
                if work.cancelled():
                    raise RenderCancelled
                waiting.append(pool.submit(draw, frame))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
                    done += 1
                    work.progress(done / len(shot.frames))
            while waiting:
                if work.cancelled():
                    raise RenderCancelled
                yield waiting.popleft().result()
                done += 1
                work.progress(done / len(shot.frames))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _studio(shot: Shot, rig: Rig) -> Studio:
    """The studio that a shot's settings ask for.

    Raises:
        VideoError: a setting is unknown or wrong.
    """
    for name in shot.settings:
        if name not in SETTINGS:
            raise VideoError(f"the engine previz has no setting {name!r}; it has {', '.join(SETTINGS)}")
    pixels = shot.settings.get("pixels", "display")
    if pixels not in ("display", "linear"):
        raise VideoError(f"setting pixels is {pixels!r}, but must be display or linear")
    backdrop = shot.settings.get("backdrop", "studio")
    try:
        rig = figure(rig, shot.settings.get("figure", FIGURES[0]))
        return Studio(rig, shot.camera, shot.settings.get("outfit"), backdrop, shot.reference)
    except BodyError as error:
        raise VideoError(str(error)) from error


def worker_count(shot: Shot | None = None) -> int:
    """Threads to draw with: the setting `threads`, by default one a processor core, eight at most.

    Raises:
        VideoError: the setting is not a number from 1 to 8.
    """
    wanted = None if shot is None else shot.settings.get("threads")
    if wanted is None:
        return max(1, min(os.cpu_count() or 1, MAXIMUM_WORKERS))
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MAXIMUM_WORKERS:
        raise VideoError(f"setting threads is {wanted!r}, but must be a whole number from 1 to {MAXIMUM_WORKERS}")
    return wanted
