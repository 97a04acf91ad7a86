# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend that is killed, whose disk is full, folders read-only, record damaged, or whose clock jumps."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from service_benchmark.service import Row, Service
from service_benchmark.trial import Trial

_DISK = 192 << 20
_WITHOUT_RIGHTS = """#!{python}
import ctypes, os, sys
if sys.platform == "linux":
    for right in (1, 2):  # to write, and to read, what the mode forbids
        ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
_CLOCK = """import pathlib, time
_true, _told = time.time, pathlib.Path({told!r})
def _time():
    try:
        return _true() + float(_told.read_text())
    except (OSError, ValueError):
        return _true()
time.time = _time
"""


def measure_kills(options: argparse.Namespace) -> Iterator[Row]:
    """What becomes of accepted jobs, against a backend that nobody kills."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        service = Service(Path(name) / "data")
        trial = Trial(service, options.jobs, options.seed)
        for number in range(options.rounds):
            trial.ask(options.rounds - number)
            trial.sleep(3.0)
            trial.kill()
        yield from trial.rows()
        service.process.stop()


def measure_full_disk(options: argparse.Namespace) -> Iterator[Row]:
    """A small disk that is full now and then."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as cleanup:
        disk = Path(name)
        command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", name]
        if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
            yield "rounds", "none", "no small disk can be made here: it takes Linux and its root"
            return
        cleanup.callback(subprocess.run, ["umount", "-l", name], check=False)
        service = Service(disk / "data")
        cleanup.callback(service.process.stop)
        trial = Trial(service, options.fault_jobs, options.seed)

        def fill() -> Callable[[], None]:
            left = trial.chance.choice([0, 0, 4096, 65536, 1 << 20])
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as stream, suppress(OSError):
                while True:
                    stream.write(bytes(1 << 16))
            with filler.open("rb+") as stream:
                stream.truncate(max(0, filler.stat().st_size - left))
            return filler.unlink

        yield from _rounds(trial, options.fault_rounds, fill)


def measure_read_only(options: argparse.Namespace) -> Iterator[Row]:
    """Folders that may not be written now and then."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as cleanup:
        python = Path(name) / "python"
        python.write_text(_WITHOUT_RIGHTS.format(python=sys.executable))
        python.chmod(0o755)
        service = Service(Path(name) / "data", python=python)
        cleanup.callback(service.process.stop)
        trial = Trial(service, options.fault_jobs, options.seed)

        def close() -> Callable[[], None]:
            folders = ["", "blobs", "blobs/incoming", "work"]
            chosen = [service.data / folder for folder in trial.chance.sample(folders, trial.chance.randint(1, 4))]
            if trial.chance.random() < 0.3:
                chosen += [path for path in service.data.iterdir() if path.is_file()]
            before = [(path, path.stat().st_mode) for path in chosen]
            for path, mode in before:
                path.chmod(mode & 0o555)

            def open_again() -> None:
                for path, mode in before:
                    with suppress(FileNotFoundError):
                        path.chmod(mode)

            return open_again

        yield from _rounds(trial, options.fault_rounds, close)


def measure_damage(options: argparse.Namespace) -> Iterator[Row]:
    """Pages of the record that hold something else after a crash."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as cleanup:
        service = Service(Path(name) / "data")
        cleanup.callback(service.process.stop)
        trial = Trial(service, options.fault_jobs, options.seed)
        found = 0
        for number in range(options.fault_rounds):
            trial.ask(options.fault_rounds - number)
            trial.sleep(2.0)
            service.kill("all", again=False)
            trial.killed["all"] += 1
            files = [path for end in ("", "-wal") if (path := service.data / f"jobs.sqlite{end}").exists()]
            path = trial.chance.choice([path for path in files if path.stat().st_size])
            page = 4096 * trial.chance.randrange(-(-path.stat().st_size // 4096))
            with path.open("rb+") as stream:
                stream.seek(page)
                stream.write(trial.chance.choice([bytes(4096), trial.chance.randbytes(4096)]))
            service.start()
            with service.client() as client:
                found += bool(client.health()["notes"])
        yield "damaged pages", f"{options.fault_rounds}", "one a round, of the record or what is not in it yet"
        yield "damage that was noticed and told", f"{found}", "the other pages held nothing that was needed"
        yield from trial.rows()


def measure_clock(options: argparse.Namespace) -> Iterator[Row]:
    """A clock that is set back, and forth, while jobs run."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as cleanup:
        folder = Path(name) / "clock"
        folder.mkdir()
        told = folder / "told"
        told.write_text("0")
        (folder / "sitecustomize.py").write_text(_CLOCK.format(told=str(told)))
        service = Service(Path(name) / "data", path=str(folder))
        cleanup.callback(service.process.stop)
        trial = Trial(service, options.fault_jobs, options.seed)

        def turn() -> Callable[[], None]:
            hour = 3600.0
            partial = told.with_suffix(".new")
            partial.write_text(str(trial.chance.choice([-8760, -24, -1, -0.01, 24, 0]) * hour))
            partial.replace(told)
            return lambda: None

        yield from _rounds(trial, options.fault_rounds, turn)


def _rounds(trial: Trial, rounds: int, begin: Callable[[], Callable[[], None]]) -> Iterator[Row]:
    """Something is wrong for a while in each round, and somebody is killed meanwhile in every second one."""
    from chironomy.client import ClientError

    service = trial.service
    for number in range(rounds):
        with _wrong(begin) as end:
            trial.ask(rounds - number)
            trial.sleep(1.5)
            if number % 2 and trial.kill(again=False) in ("server", "all"):
                try:
                    service.start()
                except ClientError as error:
                    trial.tell(str(error))
                    end()
                    service.start()
            trial.sleep(0.5)
        time.sleep(0.2)
        if not service.process.running():
            raise SystemExit(f"the backend has ended by itself in round {number}")
        trial.sleep(1.5)
    yield "rounds", f"{rounds}", "in each of them it is so for up to two seconds and more"
    yield from trial.rows()


@contextmanager
def _wrong(begin: Callable[[], Callable[[], None]]) -> Iterator[Callable[[], None]]:
    ends = [begin()]

    def end() -> None:
        while ends:
            ends.pop()()

    try:
        yield end
    finally:
        end()
