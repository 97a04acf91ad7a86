# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend that may be killed, the jobs that it is asked for, and a stop watch."""

import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
SECONDS = 600.0
KINDS = ("video", "lips", "gesture", "picture", "perform", "fit")
Row = tuple[str, str, str]


class Service:
    """A backend of a checkout, which may be killed and started again."""

    def __init__(
        self, data: Path, checkout: Path = REPOSITORY, python: Path | str = sys.executable, path: str = ""
    ) -> None:
        self.data = data
        self._python = python
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, (path, str(checkout / "backend"))))
        }
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        from chironomy.client import start_backend

        self.process = start_backend(self._python, data=self.data, environment=self._environment, timeout=SECONDS)

    def client(self) -> Any:
        """A client that starts nothing again."""
        from chironomy.client import Client

        return Client(self.process.url, self.process.token, timeout=SECONDS)

    def below(self) -> list[psutil.Process]:
        """The processes that it has started."""
        with suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def kill(self, whom: str, again: bool = True) -> bool:
        """Kill the server, its workers, all, or an encoder; whether there was one. A server is started again."""
        below = self.below()
        victims = {
            "server": [],
            "all": below,
            "workers": [one for one in below if is_called(one, "python")],
            "encoder": [one for one in below if is_called(one, "ffmpeg")],
        }[whom]
        if whom in ("server", "all"):
            with suppress(psutil.Error):
                psutil.Process(self.process.pid).kill()
        for victim in victims:
            with suppress(psutil.Error):
                victim.kill()
        if whom in ("server", "all"):
            self.process.stop()
            gone, alive = psutil.wait_procs(below, SECONDS / 10)
            assert not alive, f"{len(alive)} of {len(gone) + len(alive)} processes outlived their server"
            if again:
                self.start()
        return bool(victims) or whom == "server"


def is_called(process: psutil.Process, name: str) -> bool:
    """Whether a process that lives has such a name."""
    with suppress(psutil.Error):
        return name in process.name().lower()
    return False


def requests_of(count: int, folder: Path) -> list[tuple[str, dict[str, Path], dict[str, Any]]]:
    """Jobs of all kinds in turn, each another one: kind, inputs and settings."""
    speech = folder / "speech.wav"
    speech.write_bytes(beginning(4.0))
    face = portrait()
    made: list[tuple[str, dict[str, Path], dict[str, Any]]] = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        if kind == "video":
            shot = folder / f"shot-{number}.zip"
            small_shot(number).save(shot)
            made.append((kind, {"shot": shot}, {"format": "png" if number % 4 else "mp4"}))
        elif kind == "lips":
            made.append((kind, {"speech": speech}, {"fps": 12.0 + number / 10}))
        elif kind in ("gesture", "perform"):
            made.append((kind, {"speech": speech}, {"seed": number, "num_inference_steps": 2}))
        else:
            picture = folder / f"picture-{number}.png"
            picture.write_bytes(as_png(noise(number) if kind == "picture" else touched(face, number)))
            made.append((kind, {"picture": picture}, {"longest": 256} if kind == "picture" else {}))
    return made


def beginning(seconds: float) -> bytes:
    """Of the example, as WAV."""
    import soundfile

    samples, rate = soundfile.read(EXAMPLE)
    stream = io.BytesIO()
    soundfile.write(stream, samples[: round(seconds * rate)], rate, format="WAV")
    return stream.getvalue()


def small_shot(seed: int, frames: int = 36, size: tuple[int, int] = (128, 176)) -> Any:
    """A short shot that takes a while: hands that stay where a seed says."""
    from chironomy.body.pose import solve_pose
    from chironomy.body.rig import load_rig
    from chironomy.motion import FaceTrack, HandMotion
    from chironomy.motion import rotation as quaternion
    from chironomy.motion.face import FACE_ACTIONS
    from chironomy.shot.camera import portrait_camera
    from chironomy.shot.shot import Shot

    rig = load_rig()
    up = np.random.default_rng(seed).uniform(-0.3, -0.2)
    position = np.tile([[0.2, up, 0.3], [-0.2, up, 0.3]], (frames, 1, 1))
    hands = HandMotion(24.0, position, np.tile(quaternion.IDENTITY, (frames, 2, 16, 1)), np.ones((frames, 2)))
    face = FaceTrack(24.0, np.zeros((frames, len(FACE_ACTIONS))))
    return Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, *size), settings={"threads": 1})


def portrait() -> NDArray[np.uint8]:
    """The character, photographed by the preview's studio."""
    from chironomy.body.rig import load_rig
    from chironomy.body.skinning import skin
    from chironomy.motion.face import FACE_ACTIONS
    from chironomy.video.engines.previz import Studio

    rig, shot = load_rig(), small_shot(0, 1, (512, 704))
    mesh = skin(rig, shot.pose.joint_rotation[0], shot.pose.joint_position[0], np.zeros(len(FACE_ACTIONS)))
    return Studio(rig, shot.camera).draw(mesh)


def touched(picture: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """A picture that differs in one corner."""
    other = picture.copy()
    other[:8, :8] = noise(seed)[:8, :8]
    return other


def noise(seed: int) -> NDArray[np.uint8]:
    """A picture that no other is like."""
    return np.random.default_rng(seed).integers(0, 255, (300, 300, 3), np.uint8)


def as_png(picture: NDArray[np.uint8]) -> bytes:
    """A picture's file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def ask(client: Any, request: tuple[str, dict[str, Path], dict[str, Any]]) -> str:
    """Upload and submit; the job's id."""
    kind, inputs, settings = request
    return client.submit(kind, {name: client.upload(path) for name, path in inputs.items()}, settings)


class Counted:
    """Calls an action with 0, 1, 2 and so on."""

    def __init__(self, action: Callable[[int], Any]) -> None:
        self._action = action
        self._number = 0

    def __call__(self) -> None:
        """Once more."""
        self._action(self._number)
        self._number += 1


def times(action: Callable[[], Any], runs: int) -> list[float]:
    """Milliseconds of each run."""
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - begin))
    return taken


def percentile(values: list[float], part: int) -> float:
    """Of some values."""
    return float(np.percentile(values, part))


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def milliseconds(action: Callable[[], Any]) -> float:
    """Milliseconds of one run."""
    began = time.perf_counter()
    action()
    return 1000.0 * (time.perf_counter() - began)


def spread(values: list[float]) -> str:
    """The middle of some milliseconds and the end of 99 in 100."""
    return f"{statistics.median(values):.0f} ms, 99 of 100 within {percentile(values, 99):.0f} ms"
