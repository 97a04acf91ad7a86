# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of an item, each of which may be done by another process on another machine that shares the folder.

A stage's result has a name in the folder of its item, and beside it, in `made.json`, the hash of what it was made from:
who comes again finds it done, and makes it anew only where something changed. What is replaced is kept. A video goes on
after the frames that an earlier attempt finished.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import chironomy
from chironomy.files import atomic_path, keep, keep_names, remove_left
from chironomy.performance.recordings import keep_previous
from chironomy.service.blobs import file_sha256
from chironomy.service.errors import ServiceError
from chironomy.service.farm.plan import Item
from chironomy.service.kinds import gesture_weights, video_weights
from chironomy.work import QUIET, Work

GESTURE, FIT, VIDEO = "gesture", "fit", "video"
PERFORMANCE, SCENE, FBX = "performance", "scene", "fbx"
MOTION = "motion.npz"
_FILES = {
    GESTURE: MOTION,
    FIT: "fit.json",
    PERFORMANCE: "performance.zip",
    SCENE: "scene.blend",
    FBX: "hands.fbx",
}
_MADE = "made.json"
_UNFINISHED = ".unfinished"

THREADS: Mapping[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Variables of every process that does stages: sums of several threads are others in their last bits, and several
processes are faster with one each."""

AFTER = {
    GESTURE: (),
    FIT: (),
    VIDEO: (GESTURE, FIT),
    PERFORMANCE: (GESTURE,),
    SCENE: (PERFORMANCE,),
    FBX: (PERFORMANCE,),
}
"""What must be done before each stage."""


def stages(item: Item) -> tuple[str, ...]:
    """The stages of an item, in an order in which they can be done."""
    film = () if item.video is None else (VIDEO,) if item.portrait is None else (FIT, VIDEO)
    in_blender = (PERFORMANCE, *item.blender) if item.blender else ()
    return (GESTURE, *film, *in_blender)


def result(item: Item, stage: str, out: Path) -> Path:
    """Where a stage's result lies."""
    if stage == VIDEO:
        from chironomy.shot.formats import FORMATS

        assert item.video is not None
        return out / item.name / f"video{FORMATS[item.video['format']].suffix}"
    return out / item.name / _FILES[stage]


def is_done(item: Item, stage: str, out: Path) -> bool:
    """Whether a stage's result is there, made from what the item says now."""
    path = result(item, stage, out)
    if not path.is_file() or any(not is_done(item, before, out) for before in _before(item, stage)):
        return False
    name = work_of(item, stage, out)
    if _made(path.parent).get(path.name) != name:
        return False
    # Who was killed at the very end has left it.
    _clear(out, name)
    return True


def do(item: Item, stage: str, out: Path, work: Work = QUIET) -> Path:
    """Do a stage, unless that was done; return its result.

    Raises:
        ServiceError: what it needs is not done, or the folder cannot be written.
        ChironomyError: a file cannot be used; one sentence.
    """
    path = result(item, stage, out)
    for before in _before(item, stage):
        if not is_done(item, before, out):
            raise ServiceError(f"The {stage} of {item.name} needs its {before}, which is not done in {out}")
    name = work_of(item, stage, out)
    if is_done(item, stage, out):
        work.progress(1.0, "done before")
        return path
    scratch = out / _UNFINISHED / name[:32]
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(exist_ok=True)
        # Another machine may do the same because this one was thought lost: each writes a file of its own.
        made = scratch / f"{os.getpid()}{path.suffix}"
        _DO[stage](item, out, made, scratch / "frames", work)
        keep(made)
        # Who was killed before it was noted has left the same.
        if path.is_file() and file_sha256(path) != file_sha256(made):
            keep_previous(path)
        made.replace(path)
        keep_names(path.parent)
        _note(path, name)
        _clear(out, name)
    except OSError as error:
        raise ServiceError(f"{error.filename or out} cannot be written ({error.strerror or error})") from error
    work.progress(1.0, "done")
    return path


def work_of(item: Item, stage: str, out: Path) -> str:
    """The SHA-256 of what determines a stage's result, hexadecimal."""
    told: list[Any] = [stage, chironomy.__version__]
    if stage == GESTURE:
        told += [_hash(item.speech), _hash(item.script), dict(item.gesture), gesture_weights()]
    elif stage == FIT:
        told += [_hash(item.portrait)]
    elif stage == PERFORMANCE:
        told += [_hash(item.speech), _hash(result(item, GESTURE, out))]
    elif stage in (SCENE, FBX):
        told += [_hash(item.speech), _hash(result(item, PERFORMANCE, out))]
    else:
        assert item.video is not None
        # The motion as it is now, with what somebody may have changed in it.
        told += [_hash(item.speech), _hash(item.portrait), _hash(result(item, GESTURE, out)), dict(item.video)]
        told += [video_weights()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _clear(out: Path, name: str) -> None:
    """Remove what is left of work that is done."""
    scratch = out / _UNFINISHED / name[:32]
    if scratch.is_dir():
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            scratch.parent.rmdir()


def _before(item: Item, stage: str) -> list[str]:
    return [before for before in AFTER[stage] if before in stages(item)]


def _gesture(item: Item, out: Path, made: Path, _frames: Path, work: Work) -> None:
    from chironomy.motion.files import save_hands
    from chironomy.performance.gestures import make_gestures

    inputs = {name: path for name, path in item.files().items() if name != "portrait"}
    save_hands(next(make_gestures(inputs, item.gesture, work=work)), made)


def _fit(item: Item, out: Path, made: Path, _frames: Path, work: Work) -> None:
    from chironomy.video.portrait.solve import fit_picture

    assert item.portrait is not None
    fit_picture(item.portrait, work=work).save(made)


def _video(item: Item, out: Path, made: Path, frames: Path, work: Work) -> None:
    from chironomy.motion.files import load_motion
    from chironomy.performance.shots import make_shot
    from chironomy.shot.fit import Fit
    from chironomy.speech.decode import load_speech
    from chironomy.video.render import render_video

    assert item.video is not None
    size = None if item.video["width"] is None else (item.video["width"], item.video["height"])
    shot = make_shot(
        load_motion(result(item, GESTURE, out)),
        load_speech(item.speech),
        item.speech,
        item.video["engine"],
        size,
        fit=None if item.portrait is None else Fit.load(result(item, FIT, out)),
        portrait=item.portrait,
        alive=item.video["alive"],
        work=work.part(0.0, 0.1, "listening to the speech"),
    )
    render_video(shot, made, work.part(0.1, 1.0, "rendering"), format_name=item.video["format"], kept=frames)


def _performance(item: Item, out: Path, made: Path, _frames: Path, work: Work) -> None:
    from chironomy.body.performance import save_performance
    from chironomy.motion.files import load_motion
    from chironomy.performance.shots import make_performance_of
    from chironomy.speech.decode import load_speech

    hands = load_motion(result(item, GESTURE, out))
    save_performance(make_performance_of(hands, load_speech(item.speech), work), made)


def _scene(item: Item, out: Path, made: Path, _frames: Path, work: Work) -> None:
    motion = str(result(item, PERFORMANCE, out))
    _in_blender({"speech": str(item.speech), "motion": motion, "write": {"blend": str(made)}}, made, work)


def _fbx(item: Item, out: Path, made: Path, _frames: Path, work: Work) -> None:
    motion = str(result(item, PERFORMANCE, out))
    wishes = {"filepath": str(made), "format": "fbx", "names": "own", "root": "", "mesh": True}
    _in_blender({"motion": motion, "export": wishes}, made, work)


def _in_blender(job: dict[str, Any], made: Path, work: Work) -> None:
    """Let a Blender without a window do a job of `headless.py`'s."""
    from chironomy.service.blender import FORMAT, find_blender, find_extension, run_headless

    extension = find_extension(None)
    with tempfile.TemporaryDirectory(prefix="chironomy-", ignore_cleanup_errors=True) as scratch:
        told = {"format": FORMAT, "extension": str(extension), **job}
        run_headless(
            find_blender(None), extension, told, Path(scratch), lambda step, part, _: work.progress(part, step)
        )
    if not made.is_file():
        raise ServiceError(f"Blender did not write {made.name}")


_DO: dict[str, Callable[[Item, Path, Path, Path, Work], None]] = {
    GESTURE: _gesture,
    FIT: _fit,
    VIDEO: _video,
    PERFORMANCE: _performance,
    SCENE: _scene,
    FBX: _fbx,
}

_hashes: dict[tuple[Path, int, int], str] = {}


def _hash(path: Path | None) -> str | None:
    if path is None:
        return None
    told = path.stat()
    key = (path, told.st_size, told.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = file_sha256(path)
    return _hashes[key]


def _made(folder: Path) -> dict[str, str]:
    """The hashes of what the results in a folder were made from, by their names."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((folder / _MADE).read_text(encoding="utf-8"))
        if isinstance(told, dict):
            return {name: value for name, value in told.items() if isinstance(value, str)}
    return {}


def _note(path: Path, name: str) -> None:
    for file in (path, path.parent / _MADE):
        remove_left(file)
    with atomic_path(path.parent / _MADE) as partial:
        partial.write_text(json.dumps(_made(path.parent) | {path.name: name}, indent=1), encoding="utf-8")
