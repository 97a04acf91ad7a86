# SPDX-License-Identifier: GPL-3.0-or-later
"""Single wheels from the packages' index, where there is no pip to fetch them: pip itself, and uv."""

import hashlib
import os
import platform
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from chironomy.files import atomic_path
from chironomy.installation.errors import InstallationError, NoWheelError, Unreachable

INDEX = "https://pypi.org/simple"
"""Unless the variable PIP_INDEX_URL names another."""

_JSON = "application/vnd.pypi.simple.v1+json"
_SECONDS = 30


def fetch_wheel(package: str, version: str, folder: Path, on_bytes: Callable[[int, int], None]) -> Path:
    """Fetch the wheel of a package for this system, whatever the Python, checked by the index's SHA-256.

    Args:
        package: its name.
        version: exactly.
        folder: where to; one that is there already is not fetched again.
        on_bytes: told how many bytes have come, of how many; may raise to stop.

    Raises:
        NoWheelError: the index has none.
        Unreachable: it does not answer.
        InstallationError: what came is damaged.
    """
    import requests

    page = f"{os.environ.get('PIP_INDEX_URL', INDEX).rstrip('/')}/{package}/"
    try:
        answer = requests.get(page, headers={"Accept": _JSON}, timeout=_SECONDS)
        answer.raise_for_status()
        listed = _listed(answer.json(), package, version)
        path = folder / listed["filename"]
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == listed["hashes"]["sha256"]:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        digest, come = hashlib.sha256(), 0
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            with requests.get(urljoin(page, listed["url"]), stream=True, timeout=_SECONDS) as response:
                response.raise_for_status()
                for block in response.iter_content(1 << 18):
                    come += len(block)
                    digest.update(block)
                    stream.write(block)
                    on_bytes(come, int(listed.get("size") or 0))
            if digest.hexdigest() != listed["hashes"]["sha256"]:
                raise InstallationError(f"{path.name} arrived damaged; try again")
    except InstallationError:
        raise
    except (requests.RequestException, KeyError, TypeError, ValueError) as error:
        raise Unreachable(
            f"{page} does not answer with packages ({type(error).__name__}); see to the network"
        ) from error
    return path


def program_of(wheel: Path, name: str, folder: Path) -> Path:
    """Unpack a program from a wheel into a folder and return its path.

    Raises:
        InstallationError: the wheel has none.
    """
    file = f"{name}.exe" if os.name == "nt" else name
    with zipfile.ZipFile(wheel) as archive:
        inside = next((entry for entry in archive.namelist() if entry.endswith(f".data/scripts/{file}")), None)
        if inside is None:
            raise InstallationError(f"{wheel.name} holds no program {file}")
        with atomic_path(folder / file) as temporary:
            temporary.write_bytes(archive.read(inside))
            temporary.chmod(0o755)
    return folder / file


def _listed(page: dict[str, Any], package: str, version: str) -> dict[str, Any]:
    for entry in page["files"]:
        parts = entry["filename"].removesuffix(".whl").split("-")
        # No build number, and a wheel for any Python 3.
        if len(parts) == 5 and parts[1] == version and parts[2] in ("py3", "py2.py3") and _runs_here(parts[4]):
            return entry
    raise NoWheelError(f"there is no wheel of {package} {version} for this system")


def _runs_here(tags: str) -> bool:
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    kind, processors = {
        "linux": (r"manylinux\w+", {"x86_64": "x86_64", "aarch64": "aarch64"}),
        "darwin": (r"macosx_\w+", {"x86_64": "x86_64|universal2", "aarch64": "arm64|universal2"}),
        "win32": ("win", {"x86_64": "amd64", "aarch64": "arm64"}),
    }.get(sys.platform, ("none", {}))
    here = re.compile(rf"any|{kind}_({processors.get(machine, 'none')})")
    return any(here.fullmatch(tag) for tag in tags.split("."))
