# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that every room's tests share."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

pytest_plugins = ["skips"]

# A busy machine fails no test by being slow.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parents[1]

# Nothing of the person's own is read, such as where a backend of theirs runs, and nothing is left there.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="chironomy-data-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Processes that compile at the same time number their cached functions alike, and one then runs the other's:
    # librosa, compiled for two types of number by two workers, has ended one of them. Each keeps a cache of its own.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(REPOSITORY / ".cache" / "numba" / worker))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def read_by_node(repository: Path) -> Callable[..., Any]:
    """Return what a reader in `tests/blender/fbx` says of a file: called with its name, the file and its arguments."""
    readers = repository / "tests" / "blender" / "fbx"
    # `make test` brings a Node.js beside the interpreter.
    beside = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    program = shutil.which("node", path=os.pathsep.join(beside))
    if program is None:
        pytest.skip("there is no Node.js to read the file with")
    if not (readers / "node_modules" / "three").is_dir():
        pytest.skip(f"three.js is not installed; run npm ci in {readers}")

    def read(name: str, *arguments: object) -> Any:
        command = [program, str(readers / name), *map(str, arguments)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return read


@pytest.fixture(scope="session")
def mediapipe() -> None:
    """mediapipe is installed; tests of it are skipped where it cannot be."""
    if sys.version_info >= (3, 13):
        pytest.skip("mediapipe has no wheel for Python 3.13 and later")


@pytest.fixture
def without_perception(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the libraries that look at pictures is installed."""
    for package in ("mediapipe", "ai_edge_litert"):
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)


@pytest.fixture(scope="session")
def shared_speech() -> Path:
    """A folder of real recordings beside the checkout; tests that need them are skipped without it."""
    folder = Path(os.environ.get("CHIRONOMY_SPEECH", REPOSITORY.parent / "shared" / "speech"))
    if not folder.is_dir():
        pytest.skip("no folder of real recordings beside the checkout")
    return folder


@pytest.fixture(scope="session")
def shared_portraits() -> Path:
    """A folder of portraits beside the checkout; tests that need them are skipped without it."""
    folder = Path(os.environ.get("CHIRONOMY_PORTRAITS", REPOSITORY.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip("no folder of portraits beside the checkout")
    return folder
