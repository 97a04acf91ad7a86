# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that a backend is installed in: what each is for, its size, and the versions that everything has.

`lock/` is made by `make lock`: `versions.txt`, pip's constraints for every Python and platform, and `sizes.json`, the
megabytes that a part downloads: by platform, Python and part; null where a part has no wheels.
"""

import functools
import json
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).with_name("lock")

VERSIONS = LOCK / "versions.txt"
"""Pip's constraints, with markers for 3.11 to 3.14 on Linux, Windows and macOS."""

SIZES = LOCK / "sizes.json"

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Versions of Python that the lock is made for."""

CPU, NVIDIA, NONE = "CPU", "NVIDIA", "NONE"
"""Which PyTorch: the one that computes on the processor (on macOS on Apple's GPU, too), NVIDIA's, or none."""

SERVICE, NETWORKS = "service", "networks"

PYTORCH_INDEX = "https://download.pytorch.org/whl"
"""The only index with PyTorch's builds for the CPU on Linux and for NVIDIA on Windows; pip knows it by no name."""

UNPACKED = 3.5
"""How much more room an environment takes than what was downloaded, at most."""


@dataclass(frozen=True)
class Part:
    """A part of the backend.

    Attributes:
        extra: of the distribution, which brings it.
        name: as it stands in a sentence.
        purpose: what cannot be done without it.
        packages: names under which it is imported.
        tried_by: Python that runs where it works; where it is empty, the packages are imported.
    """

    extra: str
    name: str
    purpose: str
    packages: tuple[str, ...]
    tried_by: str = ""

    @property
    def trial(self) -> str:
        """Python that runs where the part works."""
        return self.tried_by or f"import {', '.join(self.packages)}"


PARTS = (
    Part(
        SERVICE,
        "the service",
        "the backend",
        ("fastapi", "imageio_ffmpeg", "numba", "PIL", "parselmouth", "scipy", "soundfile", "soxr", "tqdm", "uvicorn"),
    ),
    Part("phones", "the recogniser of phones", "lips by the sounds of English", ("pocketsphinx",)),
    Part("exr", "OpenEXR", "EXR pictures", ("OpenEXR",)),
    Part(
        "vision",
        "the perception of people",
        "portraits",
        ("mediapipe",) if sys.version_info < (3, 13) else ("ai_edge_litert",),
        "from chironomy.video.portrait.perception import Perceiver\nwith Perceiver(): pass",
    ),
    Part(
        NETWORKS,
        "PyTorch",
        "the engines emo2, vace and animate",
        ("diffusers", "librosa", "safetensors", "torch", "transformers"),
    ),
)
"""The service first, which all others need; the largest last."""


def chosen_parts(pytorch: str) -> tuple[Part, ...]:
    """The parts of a backend with or without PyTorch (`CPU`, `NVIDIA` or `NONE`)."""
    return tuple(part for part in PARTS if part.extra != NETWORKS or pytorch != NONE)


def system_here() -> str:
    """This machine's platform as the table of sizes calls it, which is Blender's name for it: linux-x64."""
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    return f"{system}-{machine}"


def megabytes(part: Part, pytorch: str, python: tuple[int, int], system: str | None = None) -> int | None:
    """What a part downloads; None where that is not known or there is nothing to download."""
    name = f"{part.extra}-{pytorch.lower()}" if part.extra == NETWORKS else part.extra
    table = _sizes().get(system or system_here(), {})
    return table.get("{}.{}".format(*python), {}).get(name)


def total_megabytes(pytorch: str, python: tuple[int, int], system: str | None = None) -> int | None:
    """What a backend downloads, of the parts that have wheels; None where that is not known."""
    parts = chosen_parts(pytorch)
    sizes = {part.extra: megabytes(part, pytorch, python, system) for part in parts}
    if sizes[SERVICE] is None or (pytorch == NVIDIA and sizes[NETWORKS] is None):
        return None
    return sum(size or 0 for size in sizes.values())


def locked_version(package: str) -> str:
    """The version that the lock has of a package, the first where it differs between platforms."""
    found = re.search(rf"^{re.escape(package)}==([^\s;]+)", VERSIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"the lock has no {package}; run make lock"
    return found[1]


def requirements(part: Part, pytorch: str, wheel: Path) -> list[str]:
    """What pip is asked for to install a part from the project's wheel.

    PyPI has one build of PyTorch a platform: NVIDIA's on Linux and the processor's on Windows and macOS. The other one
    is PyTorch's own index's, named by its version, so that pip never takes the wrong one where that index is not to be
    reached. None of these other builds could be tried where this was written, but for the one for Linux, from a file.
    """
    wanted = [f"{wheel}[{part.extra}]"]
    build = _build(pytorch)
    if from_another_index(part, pytorch):
        wanted += [f"torch=={locked_version('torch')}+{build}", "--extra-index-url", f"{PYTORCH_INDEX}/{build}"]
    return wanted


def from_another_index(part: Part, pytorch: str) -> bool:
    """Whether a part comes from PyTorch's own index."""
    return part.extra == NETWORKS and bool(_build(pytorch))


def _build(pytorch: str) -> str:
    if sys.platform == "linux" and pytorch == CPU:
        return "cpu"
    return "cu130" if sys.platform == "win32" and pytorch == NVIDIA else ""


@functools.cache
def _sizes() -> dict[str, dict[str, dict[str, int | None]]]:
    return json.loads(SIZES.read_text(encoding="utf-8"))
