# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole Generate in a process of its own, by this checkout's code or an older one's, timed part by part.

For every line that it reads it makes everything anew from the recording's file and prints the seconds as JSON. It knows
the library of today and, by what they lack, older ones.
"""

import chironomy  # noqa: F401, first, as in every process of the product: it chooses numpy's kernels. isort: skip

import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from chironomy.body.rig import load_rig
from chironomy.motion import files
from chironomy.service.kinds import KINDS
from chironomy.service.settings import check_settings

LENS = {"lens_x": 0.0, "lens_y": 0.0, "lens_z": 2.8}


class Silent:
    """A job's work that nobody watches, as every age of the library takes it."""

    preview = None

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell nobody."""

    def cancelled(self) -> bool:
        """Go on."""
        return False


def quiet() -> Any:
    """Return the work of this library."""
    try:
        from chironomy.work import QUIET
    except ImportError:
        return Silent()
    return QUIET


def processor() -> float:
    """Seconds of processor that this process and those that it started have taken so far."""
    me = psutil.Process()
    own = me.cpu_times()
    alive = []
    for child in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            alive.append(child.cpu_times())
    return own.children_user + own.children_system + sum(each.user + each.system for each in [own, *alive])


def job(kind: str, inputs: dict[str, Path], result: Path, **settings: Any) -> Path:
    """Run a kind of job as the service does."""
    known = KINDS[kind]
    known.run(inputs, check_settings(kind, known.settings, settings), result, quiet())
    return result


def made(speech: Path, folder: Path, told: Callable[[str], None]) -> tuple[Any, Any, Any]:
    """Make hands, face and body for a recording."""
    if "perform" in KINDS:
        from chironomy.body.performance import load_performance

        whole = load_performance(job("perform", {"speech": speech}, folder / "whole.zip", seed=0, **LENS))
        told("speech to performance")
        return whole.hands, whole.face, whole.body
    from chironomy.body.accompaniment import load_accompaniment
    from chironomy.body.accompany import accompanied_pose
    from chironomy.body.gaze import look

    hands = files.load_hands(job("gesture", {"speech": speech}, folder / "hands.npz", seed=0))
    face = files.load_face(job("lips", {"speech": speech}, folder / "face.npz", fps=hands.fps))
    inputs = {"speech": speech, "motion": folder / "hands.npz"}
    body = load_accompaniment(job("accompany", inputs, folder / "body.npz", seed=0, **LENS))
    rig = load_rig()
    face = face.resampled(hands.fps, hands.frame_count)
    face = look(rig, face, accompanied_pose(rig, hands, body), list(LENS.values()), 0)
    told("speech to performance")
    return hands, face, body


def keys(hands: Any, face: Any, body: Any) -> int:
    """Make everything the keys that the add-on writes, and return how many there are."""
    from chironomy.body.ik import elbow_pole

    poles = elbow_pole(load_rig(), hands.wrist_position, hands.rotation[:, :, 0])
    turns = (body.torso, body.head, body.shoulder[:, 0], body.shoulder[:, 1])
    moved = face.values[:, np.abs(face.values).max(axis=0) > 0.02]
    try:
        from chironomy.motion.key_poses import ELBOW, Part, hand_key_poses, key_poses
    except ImportError:
        return _keys_of_old(hands, poles, moved, turns)
    count = 0
    for hand in range(2):
        sparse, _ = hand_key_poses(hands, hand, beside=[Part(poles[:, hand], ELBOW)])
        count += sum(len(each.frames) for each in sparse)
    parts = [Part(column, 0.08) for column in moved.T[:, :, None]]
    count += sum(len(sparse.frames) for sparse in key_poses(parts, hands.fps))
    parts = [Part(turn, 0.03, rotation=True) for turn in turns]
    return count + sum(len(sparse.frames) for sparse in key_poses(parts, hands.fps))


def _keys_of_old(hands: Any, poles: Any, moved: Any, turns: Any) -> int:
    """Do the same with a baseline that reduces each bone alone."""
    import importlib

    reduce = importlib.import_module("chironomy.motion.reduce")  # of the baseline's checkout alone

    count = sum(len(bone.frames) for bone in reduce.reduce_hands(hands).values())
    count += sum(len(reduce.reduce_position(poles[:, hand], 0.002).frames) for hand in range(2))
    if hasattr(reduce, "reduce_columns"):
        count += sum(len(column.frames) for column in reduce.reduce_columns(moved, 0.02))
    else:
        count += sum(len(reduce.reduce_position(column[:, None], 0.02).frames) for column in moved.T)
    return count + sum(len(reduce.reduce_rotation(turn, 0.002).frames) for turn in turns)


@functools.cache
def maker() -> Any:
    """Return the gesture model of this library, loaded."""
    try:
        from chironomy.performance.gestures import gesture_pipeline
    except ImportError:
        from chironomy.gesture import GesturePipeline, embedded_weights

        return GesturePipeline.from_pretrained(embedded_weights())
    return gesture_pipeline()


def heard_ahead(speech: Path) -> Any:
    """Return the recording as it is when the add-on has listened to it since it was loaded; None of a baseline."""
    from chironomy.speech.decode import load_speech

    try:
        from chironomy.performance.listening import listen_ahead
    except ImportError:
        return None
    held = load_speech(speech)
    listen_ahead(held)
    return held


def made_of(speech: Path, held: Any) -> int:
    """Make a performance of a recording that is held, and its keys."""
    from chironomy.performance.perform import make_performance

    settings = check_settings("perform", KINDS["perform"].settings, {"seed": 0, **LENS})
    whole = make_performance({"speech": speech}, settings, hear=lambda _: held)
    return keys(whole.hands, whole.face, whole.body)


def first_keys(speech: Path, held: Any = None) -> None:
    """Make the keys of the hands for the first part of the motion that is finished."""
    from chironomy.speech.decode import load_speech

    hands = next(maker().stream(held or load_speech(speech), seed=0)).motion
    try:
        from chironomy.motion.key_poses import hand_key_poses
    except ImportError:
        import importlib

        importlib.import_module("chironomy.motion.reduce").reduce_hands(hands)  # of the baseline's checkout alone
        return
    for hand in range(2):
        hand_key_poses(hands, hand)


def parts(speech: Path) -> dict[str, Callable[[], Any]]:
    """Return parts that can be timed alone."""
    from chironomy.speech.contours import speech_contours
    from chironomy.speech.decode import load_speech
    from chironomy.speech.lips import lip_track

    def hands_alone(folder: str) -> None:
        job("gesture", {"speech": speech}, Path(folder, "alone.npz"), seed=0)

    def in_folder(action: Callable[[str], None]) -> None:
        with TemporaryDirectory() as folder:
            action(folder)

    return {
        "decoding and listening": lambda: speech_contours(load_speech(speech)),
        "gestures, with listening": lambda: in_folder(hands_alone),
        "lips, with listening": lambda: lip_track(load_speech(speech), 24.0),
        "first keys of the hands": lambda: first_keys(speech),
    }


def main() -> int:
    """Answer until there is nothing more to read."""
    speech = Path(sys.argv[1])
    for _ in sys.stdin:
        seconds: dict[str, float] = {}
        taken, begin = processor(), time.perf_counter()
        last = begin

        def told(name: str, seconds: dict[str, float] = seconds) -> None:
            nonlocal last
            now = time.perf_counter()
            seconds[name], last = now - last, now

        with TemporaryDirectory() as folder:
            whole = made(speech, Path(folder), told)
            count = keys(*whole)
            told("performance to keys")
        seconds["whole Generate"] = time.perf_counter() - begin
        seconds["whole Generate, of processor"] = processor() - taken
        for name, action in parts(speech).items():
            begin = time.perf_counter()
            action()
            seconds[name] = time.perf_counter() - begin
        held = heard_ahead(speech)
        ahead: dict[str, Callable[[], Any]] = {
            "whole Generate": lambda held=held: made_of(speech, held),
            "first keys of the hands": lambda held=held: first_keys(speech, held),
        }
        for name, action in ahead.items():
            begin = time.perf_counter()
            if held is not None:
                action()
            # A baseline that does not listen ahead takes as long as ever.
            taken = seconds[name] if held is None else time.perf_counter() - begin
            seconds[f"{name}, of what was listened to since it was loaded"] = taken
        print(json.dumps({"seconds": seconds, "keys": count}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
