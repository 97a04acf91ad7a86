# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a backend takes to answer, and what waits in it."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import requests

from chironomy.client import protocol
from service_benchmark.service import (
    EXAMPLE,
    REPOSITORY,
    Counted,
    Row,
    Service,
    is_called,
    percentile,
    small_shot,
    times,
    until,
)


def measure_answers(options: argparse.Namespace) -> Iterator[Row]:
    """Latencies of single requests, one after another on one connection."""
    rows: dict[str, list[float]] = {}
    for name, checkout in (("this version", REPOSITORY), ("baseline", options.baseline)):
        if checkout is None:
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            service = Service(Path(folder) / "data", checkout)
            # Without our client, which does not talk to a backend that keeps an older contract.
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {service.process.token}"

                def health(session: requests.Session = session, url: str = service.process.url) -> None:
                    session.get(url + protocol.HEALTH, timeout=60).raise_for_status()

                health()
                rows[name] = times(health, 200)
                how = f"99 of 100 within {percentile(rows[name], 99):.1f} ms; one connection, nothing to do"
                yield f"GET health, {name}", f"{statistics.median(rows[name]):.1f} ms", how
            service.process.stop()
    if "baseline" in rows:
        ratio = statistics.median(rows["baseline"]) / statistics.median(rows["this version"])
        yield "ratio", f"{ratio:.0f}", "of the medians, in one run"


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
            (encoder,) = [one for one in service.below() if is_called(one, "ffmpeg")]
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
