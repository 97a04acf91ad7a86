# SPDX-License-Identifier: GPL-3.0-or-later
"""The tiny backend as a process of its own."""

import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from tiny_backend import KINDS, PATIENCE, wait_until

from chironomy.client import Client, read_handshake

PARTS = 12


class Server:
    """The tiny backend as a process, which may be killed and started again.

    Args:
        folder: of its data, handshake and log.
        python: the interpreter.
        path: a folder in which that finds modules first.
    """

    def __init__(self, folder: Path, python: Path | str = sys.executable, path: Path | None = None) -> None:
        self.data = folder / "data"
        self._python = python
        self._path = [] if path is None else [str(path)]
        self._handshake = folder / "handshake.json"
        self.log = folder / "log"
        self.start()

    def start(self) -> None:
        self._handshake.unlink(missing_ok=True)
        program = (
            "import logging; from pathlib import Path; from chironomy.service.server import serve\n"
            "logging.basicConfig()\n"
            f"serve(data=Path({str(self.data)!r}), handshake=Path({str(self._handshake)!r}), kinds={KINDS!r})"
        )
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(self._path + [entry for entry in sys.path if entry])
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(self._python), "-c", program], env=self.environment, stderr=log)
        wait_until(lambda: self._handshake.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def client(self) -> Client:
        told = read_handshake(self._handshake)
        assert told is not None
        return Client(told.url, told.token)

    def kill(self, whom: str) -> None:
        """Kill the server, its workers, or all of them, as by `kill -9`."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        if whom != "workers":
            self.process.kill()
            self.process.wait()
        for victim in workers if whom != "server" else ():
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        if whom == "server":
            psutil.wait_procs(workers, PATIENCE)
            assert not any(worker.is_running() for worker in workers), "workers end with their server"


def expected(seed: int, parts: int = PARTS) -> str:
    """The hash of what a job of the kind "slow" makes."""
    made = b"".join(hashlib.sha256(b"%d %d" % (seed, number)).digest() for number in range(parts))
    return hashlib.sha256(made).hexdigest()
