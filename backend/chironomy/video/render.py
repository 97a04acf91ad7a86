# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot to a film or a folder of pictures, by the engine that it names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.shot.formats import Format, format_of
from chironomy.shot.heard import speech_file
from chironomy.shot.shot import Shot
from chironomy.shot.take import take_name
from chironomy.video.engines.engine import Engine
from chironomy.video.engines.registry import get_engine
from chironomy.video.film.burn_in import burned_in
from chironomy.video.film.encode import check_format, encode_film, no_alpha, write_sound
from chironomy.video.film.kept import KeptFrames
from chironomy.video.film.preview import preview_jpeg
from chironomy.video.film.provenance import note, provenance
from chironomy.video.film.sequence import Sequence, displayed
from chironomy.work import QUIET, Work

REVIEW_SETTINGS = ("burn_in", "take")
"""Settings of a shot that are no engine's: whether timecode is burnt in, and the take's name beside it."""


def render_video(
    shot: Shot,
    path: str | Path,
    work: Work = QUIET,
    *,
    format_name: str | None = None,
    preview_seconds: float = 2.0,
    kept: Path | None = None,
) -> int:
    """Render a shot with its engine into a film with its speech, or into a folder of pictures.

    The sound lies where the shot says, and is cut to the frames that are rendered. At the end of the tracks a frame of
    time is added, because their length is rounded to whole frames: speech as long as its tracks is kept to its last
    sample. The file says that it is machine-generated and with what (`chironomy.video.film.provenance`).

    Frames are made one after another and none is kept: a long shot takes no more memory than a short one.

    Args:
        shot: what to render. Its settings `burn_in` (timecode and frame number in the picture) and `take` (a name
            beside them) work with every engine; the rest is the engine's.
        path: the film's file, or the folder of a sequence; there is none unless the render succeeds.
        work: told after every frame, asked between frames, and shown one now and then.
        format_name: one of `chironomy.shot.formats.FORMATS`; by default what the suffix of `path` asks for.
        preview_seconds: how often a frame is shown, at most.
        kept: a folder for the finished frames of a film while it is rendered, where the engine's frames are
            independent: the same call after one that ended early goes on after them. A sequence goes on with its
            pictures in any case.

    Returns:
        how many frames were written; of a sequence that was taken up again, those that were still missing.

    Raises:
        VideoError: the engine or the encoder cannot do it.
        RenderCancelled: `work` said so.
    """
    path = Path(path)
    chosen = format_of(path, format_name)
    check_format(chosen, shot.fps, shot.width, shot.height)
    if shot.settings.get("backdrop") == "transparent" and not chosen.alpha:
        raise no_alpha(chosen)
    engine = get_engine(shot.engine)
    told = provenance(shot, chosen, tuple(engine.requirements(shot).weights))
    asked = _for_engine(shot, chosen, engine)

    def frames(part: Shot, work: Work) -> Iterator[NDArray[Any]]:
        made = engine.render(part, work)
        made = _burned(made, shot, part.frames.start)
        return made if work.preview is None else _shown(made, work.preview, preview_seconds)

    rounding = 1 if shot.frames.stop == shot.hands.frame_count else 0
    start, duration = shot.seconds_into_speech(shot.frames.start), (len(shot.frames) + rounding) / shot.fps
    with speech_file(shot) as speech:
        if not chosen.sequence:
            before = KeptFrames(kept, told) if kept is not None and engine.frames_independent else None
            pictures = frames(asked, work) if before is None else _going_on(before, asked, frames, work)
            count = encode_film(
                pictures, path, shot.fps, shot.width, shot.height, speech,
                speech_start=start, speech_duration=duration, work=work, chosen=chosen, comment=note(told),
            )  # fmt: skip
            if before is not None:
                before.remove()
            return count
        sequence = Sequence(path, chosen, told, engine.frames_independent)
        count, first = 0, sequence.first_missing(shot.frames)
        if first < shot.frames.stop:
            done = (first - shot.frames.start) / len(shot.frames)
            pictures = frames(asked.replaced(frame_start=first), work.part(done, 1.0))
            count = sequence.write(pictures, first, work, note(told))
        if speech is not None:
            write_sound(speech, sequence.unfinished / f"{path.name}.wav", start, duration)
        sequence.finish()
        return count


def _going_on(
    kept: KeptFrames, shot: Shot, frames: Callable[[Shot, Work], Iterator[NDArray[Any]]], work: Work
) -> Iterator[NDArray[Any]]:
    """The frames of an earlier try, then those that it had not made, which are kept as they pass."""
    first = shot.frames.start
    for picture in kept.load(range(first, first + kept.count(shot.frames))):
        first += 1
        yield picture
    if first < shot.frames.stop:
        done = (first - shot.frames.start) / len(shot.frames)
        work.progress(done)
        yield from kept.passing(frames(shot.replaced(frame_start=first), work.part(done, 1.0)), first)


def _for_engine(shot: Shot, chosen: Format, engine: Engine) -> Shot:
    """The shot with the engine's settings alone, and light rather than display values where the file holds light."""
    settings = {name: value for name, value in shot.settings.items() if name not in REVIEW_SETTINGS}
    if not isinstance(shot.settings.get("burn_in", False), bool):
        raise VideoError(f"setting burn_in is {shot.settings['burn_in']!r}, but must be true or false")
    take_name(shot.settings.get("take", ""))
    if chosen.name == "exr" and engine.makes_linear:
        settings["pixels"] = "linear"
    return shot.replaced(settings=settings)


def _burned(frames: Iterator[NDArray[Any]], shot: Shot, first: int) -> Iterator[NDArray[Any]]:
    if not shot.settings.get("burn_in", False):
        return frames
    return burned_in(frames, first, shot.fps, take_name(shot.settings.get("take", "")))


def _shown(frames: Iterator[NDArray[Any]], preview: Callable[[bytes], None], seconds: float) -> Iterator[NDArray[Any]]:
    """The same frames; some are shown as they pass."""
    last = -np.inf
    for frame in frames:
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            display = frame if frame.dtype == np.uint8 else displayed(frame)
            preview(preview_jpeg(np.ascontiguousarray(display[..., :3])))
        yield frame
