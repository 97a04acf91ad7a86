# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the backend as a service, and write docs/benchmarks-service.md: `make bench-service`.

A real backend with its real kinds of job is killed at random moments (`kill -9` of the server, of its workers, of all
of them, of an encoder), and what it had accepted is counted afterwards. The moments are drawn from a seed; where in the
work they fall depends on the machine. `--baseline` names an older checkout, whose answers are timed in the same run.
"""

import argparse
import asyncio
import hashlib
import io
import os
import platform
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "speech.flac"
SECONDS = 600.0
Row = tuple[str, str, str]


def main() -> int:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=24, help="how often something is killed")
    parser.add_argument("--jobs", type=int, default=120, help="how many jobs are asked for meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="of these sections alone: kills, answers, crowd, work")
    parser.add_argument("--baseline", type=Path, help="an older checkout")
    parser.add_argument("--write", type=Path, help="write the table to this file")
    options = parser.parse_args()
    lines = [
        "# Benchmarks of the service",
        "",
        "Written by `make bench-service`. Speeds are of the machine named here, whose other load is not known: compare",
        "ratios, not seconds between tables.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
    ]
    for name, section in _SECTIONS:
        if options.only and name.lower() not in options.only:
            continue
        lines += ["", f"## {name}", "", "| figure | value | how |", "|---|---|---|"]
        for row in section(options):
            print("   ", *row, file=sys.stderr, flush=True)
            lines.append("| " + " | ".join(row) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 0


class Service:
    """A backend of a checkout, which may be killed and started again."""

    def __init__(self, data: Path, checkout: Path = REPOSITORY) -> None:
        self.data = data
        self._environment = os.environ | {"PYTHONPATH": str(checkout / "backend")}
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        from chironomy.client import start_backend

        self.process = start_backend(sys.executable, data=self.data, environment=self._environment, timeout=SECONDS)

    def client(self) -> Any:
        """A client that starts nothing again."""
        from chironomy.client import Client

        return Client(self.process.url, self.process.token, timeout=SECONDS)

    def below(self) -> list[psutil.Process]:
        """The processes that it has started."""
        with suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def kill(self, whom: str) -> bool:
        """Kill the server, its workers, all, or an encoder; whether there was one."""
        below = self.below()
        victims = {
            "server": [],
            "all": below,
            "workers": [one for one in below if _is(one, "python")],
            "encoder": [one for one in below if _is(one, "ffmpeg")],
        }[whom]
        if whom in ("server", "all"):
            with suppress(psutil.Error):
                psutil.Process(self.process.pid).kill()
        for victim in victims:
            with suppress(psutil.Error):
                victim.kill()
        if whom in ("server", "all"):
            self.process.stop()
            gone, alive = psutil.wait_procs(below, 10.0)
            assert not alive, f"{len(alive)} of {len(gone) + len(alive)} processes outlived their server"
            self.start()
        return bool(victims) or whom == "server"


def _is(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        return name in process.name().lower()
    return False


def requests_of(count: int, folder: Path) -> list[tuple[str, dict[str, Path], dict[str, Any]]]:
    """Jobs of several kinds, each another one: kind, inputs and settings."""
    made: list[tuple[str, dict[str, Path], dict[str, Any]]] = []
    for number in range(count):
        if number % 4 == 0:
            shot = folder / f"shot-{number}.zip"
            small_shot(number).save(shot)
            made.append(("video", {"shot": shot}, {"format": "mp4" if number % 8 else "png"}))
        elif number % 4 == 1:
            made.append(("lips", {"speech": EXAMPLE}, {"fps": 12.0 + number / 10}))
        elif number % 4 == 2:
            made.append(("gesture", {"speech": EXAMPLE}, {"seed": number, "num_inference_steps": 2}))
        else:
            picture = folder / f"picture-{number}.png"
            picture.write_bytes(noise(number))
            made.append(("picture", {"picture": picture}, {"longest": 256}))
    return made


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


def noise(seed: int) -> bytes:
    """A picture that no other is like."""
    from PIL import Image

    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def ask(client: Any, request: tuple[str, dict[str, Path], dict[str, Any]]) -> str:
    """Upload and submit; the job's id."""
    kind, inputs, settings = request
    return client.submit(kind, {name: client.upload(path) for name, path in inputs.items()}, settings)


def measure_kills(options: argparse.Namespace) -> Iterator[Row]:
    """What becomes of accepted jobs, against a backend that nobody kills."""
    from chironomy.client import ClientError

    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        requests = requests_of(options.jobs, folder)
        quiet = Service(folder / "quiet")
        with quiet.client() as client:
            truth = [client.wait(identifier).result for identifier in [ask(client, one) for one in requests]]
        quiet.process.stop()
        service, accepted, killed = Service(folder / "data"), dict[int, str](), dict[str, int]()
        left = list(range(len(requests)))
        for number in range(options.rounds):
            with service.client() as client:
                for index in left[: -(-len(left) // (options.rounds - number))]:
                    accepted[index] = ask(client, requests[index])
                    left.remove(index)
            time.sleep(chance.uniform(0.0, 3.0))
            whom = chance.choice(["server", "all", "workers", "encoder"])
            if service.kill(whom):
                killed[whom] = killed.get(whom, 0) + 1
        ended: dict[str, list[int]] = {"done": [], "failed": [], "lost": [], "differs": []}
        with service.client() as client:
            at_once = sum(client.job(identifier).ended for identifier in accepted.values())
            for index, identifier in accepted.items():
                try:
                    result = client.wait(identifier).result
                    ended["done" if result == truth[index] else "differs"].append(index)
                except ClientError as error:
                    ended["lost" if "There is no job" in str(error) else "failed"].append(index)
                    print(requests[index][0], error, file=sys.stderr)
            again = sum(ask(client, requests[index]) == accepted[index] for index in ended["done"])
            listed = len(client.jobs(limit=1000))
        blobs = [path for path in (folder / "data" / "blobs").glob("??/*") if path.is_file()]
        half = sum(hashlib.sha256(path.read_bytes()).hexdigest() != path.name for path in blobs)
        half += len(list((folder / "data" / "blobs" / "incoming").iterdir()))
        service.process.stop()
    told = ", ".join(f"{count} × {whom}" for whom, count in sorted(killed.items()))
    yield "kills", f"{sum(killed.values())}", f"{told}; seed {options.seed}"
    yield "accepted jobs", f"{len(accepted)}", "video, lips, gesture, picture in turn, each another one"
    yield "lost", f"{len(ended['lost'])}", "accepted, and unknown after the last start"
    yield "failed", f"{len(ended['failed'])}", "a job has failed whose worker was killed three times"
    yield "done", f"{len(ended['done'])}", f"{at_once} of all had ended at the last start"
    yield "done to another result", f"{len(ended['differs'])}", "than in a backend that nobody killed"
    yield "answered from the store", f"{again} of {len(ended['done'])}", "the same request after all was done"
    yield "records", f"{listed}", "one an accepted job, so nothing was done as two jobs"
    yield "half files", f"{half}", f"of {len(blobs)} blobs, by their hashes, and of uploads"


def measure_answers(options: argparse.Namespace) -> Iterator[Row]:
    """Latencies of single requests, one after another on one connection."""
    rows: dict[str, list[float]] = {}
    for name, checkout in (("this version", REPOSITORY), ("baseline", options.baseline)):
        if checkout is None:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            service = Service(Path(folder) / "data", checkout)
            with service.client() as client:
                client.health()
                rows[name] = times(client.health, 200)
                how = f"99 of 100 within {percentile(rows[name], 99):.1f} ms; one connection, nothing to do"
                yield f"GET health, {name}", f"{statistics.median(rows[name]):.1f} ms", how
            service.process.stop()
    if "baseline" in rows:
        ratio = statistics.median(rows["baseline"]) / statistics.median(rows["this version"])
        yield "ratio", f"{ratio:.0f}", "of the medians, in one run"


def measure_crowd(options: argparse.Namespace) -> Iterator[Row]:
    """Many jobs that wait, and many who listen; the listeners and who asks share the machine with the backend."""
    count, listeners = 1000, 200
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        service = Service(Path(folder) / "data")
        crowd = Crowd(service.process.url, service.process.token, listeners)
        with service.client() as client:
            sha = client.upload(EXAMPLE)
            crowd.start()
            jobs = []

            def submit(number: int) -> None:
                jobs.append(client.submit("gesture", {"speech": sha}, {"seed": number}))

            asked = [_seconds(lambda number=number: submit(number)) for number in range(count)]
            health = times(client.health, 50)
            stopped = [_seconds(lambda job=job: client.cancel(job)) for job in jobs]
            until(lambda: client.jobs("queued") == client.jobs("running") == [])
            until(lambda: len({len(numbers) for numbers in crowd.heard}) == 1 and len(crowd.heard[0]) >= 2 * count)
            last = len(crowd.heard[0])
            memory = psutil.Process(service.process.pid).memory_info().rss >> 20
        service.process.stop()
    whole = sum(numbers == list(range(1, last + 1)) for numbers in crowd.heard)
    yield "listeners who heard every change, in order", f"{whole} of {listeners}", f"{last} changes of {count} jobs"
    yield "asking for a job", _spread(asked), f"with {listeners} listeners; jobs that wait: up to {count}"
    yield "cancelling one", _spread(stopped), "likewise"
    yield "GET health", _spread(health), f"while {count} jobs wait"
    yield "memory of the process that answers", f"{memory} MiB", "after all of that"


def _seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return 1000.0 * (time.perf_counter() - began)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ms, 99 of 100 within {percentile(values, 99):.0f} ms"


class Crowd(threading.Thread):
    """Listens to the events of a backend by many connections; `heard` are the numbers that each was told."""

    def __init__(self, url: str, token: str, count: int) -> None:
        super().__init__(daemon=True)
        self.heard: list[list[int]] = [[] for _ in range(count)]
        self._host, self._token = url.removeprefix("http://"), token
        self._ready = threading.Event()

    def start(self) -> None:
        """Return when all listen."""
        super().start()
        if not self._ready.wait(SECONDS):
            raise SystemExit("the listeners were not let in")

    def run(self) -> None:
        """Listen until the backend ends."""
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        waiting = [asyncio.Event() for _ in self.heard]
        tasks = [asyncio.create_task(self._one(*each)) for each in zip(self.heard, waiting, strict=True)]
        for event in waiting:
            await event.wait()
        self._ready.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, numbers: list[int], begun: asyncio.Event) -> None:
        host, _, port = self._host.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /v1/events HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        writer.write(head.encode())
        number = None
        while line := await reader.readline():
            if line.startswith(b"id: "):
                number = int(line[4:])
                begun.set()
            elif line.startswith(b"event: job") and number is not None:
                numbers.append(number)


def measure_work(options: argparse.Namespace) -> Iterator[Row]:
    """How long what waits, and what the process takes."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shot = folder / "long.zip"
        small_shot(0, 2000, (512, 704)).save(shot)
        service = Service(folder / "data")
        server = psutil.Process(service.process.pid)
        with service.client() as client:
            empty = server.memory_info().rss
            film = client.submit("video", {"shot": client.upload(shot)}, {})
            until(lambda: client.job(film).progress > 0)
            begin = time.perf_counter()
            gesture = client.submit("gesture", {"speech": client.upload(EXAMPLE)}, {"seed": 1})
            until(lambda: client.job(gesture).state == "running")
            how = "from the request to its beginning, while a film is drawn"
            yield "a gesture behind a film begins", f"{time.perf_counter() - begin:.2f} s", how
            client.wait(gesture)
            behind = client.submit("video", {"shot": client.upload(shot)}, {"format": "webm"})
            (encoder,) = [one for one in service.below() if _is(one, "ffmpeg")]
            encoder.suspend()
            time.sleep(2.0)
            begin = time.perf_counter()
            client.cancel(film)
            until(lambda: client.job(film).ended)
            yield "an encoder that hangs is cancelled", f"{time.perf_counter() - begin:.1f} s", "stopped by SIGSTOP"
            until(lambda: client.job(behind).progress > 0)
            yield "and the next film is drawn", f"{time.perf_counter() - begin:.1f} s", "from the cancelling"
            sha = client.upload(EXAMPLE)
            submitted = times(Counted(lambda n: client.submit("lips", {"speech": sha}, {"fps": 10 + n / 100})), 300)
            value = f"{percentile(submitted, 50):.0f} ms, 99 of 100 within {percentile(submitted, 99):.0f} ms"
            yield "asking for a job", value, "300 in a row, while a film is drawn"
            for job in client.jobs("queued", 1000):
                client.cancel(job.id)
            client.cancel(behind)
            full = server.memory_info().rss
            how = f"{empty / 2**20:.0f} MiB at its start; workers are processes of their own"
            yield "memory of the process that answers", f"{full / 2**20:.0f} MiB", how
        service.process.stop()


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


_SECTIONS = (
    ("Kills", measure_kills),
    ("Answers", measure_answers),
    ("Crowd", measure_crowd),
    ("Work", measure_work),
)

if __name__ == "__main__":
    sys.exit(main())
