# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy doctor`: what is here, what is missing, and what to do about it."""

import argparse
import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chironomy
from chironomy import processes
from chironomy.commands import doctor_backend
from chironomy.errors import ChironomyError
from chironomy.packages import explained, ffmpeg_program, install, require
from chironomy.service.blender import find_blender, find_extension

BACKEND_PACKAGES = (
    "fastapi",
    "imageio-ffmpeg",
    "numba",
    "pillow",
    "praat-parselmouth",
    "prometheus-client",
    "scipy",
    "soundfile",
    "soxr",
    "tqdm",
    "uvicorn",
)


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is in order, and its version or what to do.

    `needed` is False for what the main job can do without.
    """

    name: str
    ok: bool
    detail: str
    needed: bool = True


def add_to(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "doctor",
        help="what is installed and what is missing",
        description=(
            "Look at everything that the main job and a backend need; the exit code is 0 where all is in order. What "
            "is wrong is told with its cure."
        ),
    )
    doctor_backend.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look and tell."""
    can_run = sound = True
    for finding in examine():
        state = "ok" if finding.ok else "missing" if finding.needed else "absent"
        print(f"{state:<8}{finding.name:<14}{finding.detail}", flush=True)
        can_run = can_run and (finding.ok or not finding.needed)
    print("\nA backend:")
    for name, look in doctor_backend.looks(options):
        finding = _finding(name, look, True)
        print(f"{'ok' if finding.ok else 'wrong':<8}{name:<14}{finding.detail}", flush=True)
        sound = sound and finding.ok
    print(
        "\nchironomy animate can run here"
        if can_run
        else "\nchironomy animate cannot run here yet: see what is missing"
    )
    if not sound:
        print("the backend has a fault: see what is wrong")
    return 0 if can_run and sound else 1


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; no finding raises."""
    for name, look, needed in (
        ("chironomy", lambda: f"{chironomy.__version__} in {Path(chironomy.__file__).parent}", True),
        ("Python", _python, True),
        ("packages", _packages, True),
        ("ffmpeg", _ffmpeg, True),
        ("weights", _weights, True),
        ("rig", _rig, True),
        ("engines", _engines, True),
        ("Blender", _blender, True),
        ("extension", lambda: str(find_extension(None)), True),
        ("torch", _torch, False),
        ("GPU", _gpu, False),
        ("phones", _phones, False),
        ("video weights", _video_weights, False),
        ("portraits", _portraits, False),
    ):
        yield _finding(name, look, needed)


def _finding(name: str, look: Callable[[], str], needed: bool) -> Finding:
    try:
        return Finding(name, True, look(), needed)
    except ChironomyError as error:
        detail = str(error)
    except ImportError as error:
        detail = explained(error)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
    return Finding(name, False, " ".join(detail.split()), needed)


def _python() -> str:
    return f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"


def _packages() -> str:
    missing = []
    for package in BACKEND_PACKAGES:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        raise ChironomyError(f"{', '.join(missing)}; {install('fastapi')}")
    return f"{len(BACKEND_PACKAGES)} installed"


def _torch() -> str:
    import torch

    return f"{torch.__version__}, {torch.get_num_threads()} threads"


def _phones() -> str:
    require("pocketsphinx", "lips by the sounds of English", instead="lips follow loudness and spectrum without")
    return f"pocketsphinx {importlib.metadata.version('pocketsphinx')}"


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    if torch.backends.mps.is_available():
        return "Apple GPU (mps)"
    raise ChironomyError("none that torch can use; the embedded model and the previz engine need none")


def _video_weights() -> str:
    from chironomy.video.engines.registry import get_engine
    from chironomy.video.engines.running import require_packages
    from chironomy.video.weights.folder import weights_folder
    from chironomy.video.weights.published import PUBLISHED

    found = [entry for entry in PUBLISHED if (weights_folder() / entry.folder).is_dir()]
    here = [f"{entry.folder} ({entry.engine})" for entry in found]
    if not here:
        raise ChironomyError(f"none in {weights_folder()}; previz needs none: see chironomy weights list")
    for engine in sorted({entry.engine for entry in found}):
        require_packages(engine, get_engine(engine).requirements().packages)
    return f"{', '.join(here)} in {weights_folder()}"


def _portraits() -> str:
    from chironomy.video.portrait.library import installed
    from chironomy.video.portrait.model_files import present_models
    from chironomy.video.portrait.perception import Perceiver

    package = {"mediapipe": "mediapipe", "litert": "ai-edge-litert"}[installed()]
    if package != "mediapipe" and present_models() is None:
        raise ChironomyError("the models that look at them are not here yet: chironomy weights fetch perception")
    with Perceiver():
        return f"{package} {importlib.metadata.version(package)} finds people in them"


def _ffmpeg() -> str:
    program = ffmpeg_program()
    # Starting it shows that it runs on this machine, not only that the file is there.
    said = processes.run([program, "-hide_banner", "-version"], capture_output=True, text=True, timeout=30, check=True)
    return f"{said.stdout.split(' Copyright')[0].splitlines()[0]} at {program}"


def _weights() -> str:
    from chironomy.gesture import embedded_weights
    from chironomy.performance.gestures import gesture_pipeline

    folder = Path(embedded_weights())
    data = gesture_pipeline().loaded_network().config["trained_on"]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"trained on {data}, {size / 2**20:.1f} MiB in {folder}"


def _rig() -> str:
    from chironomy.body.rig import load_rig

    rig = load_rig()
    return f"{len(rig.joint_names)} joints, {len(rig.vertices)} vertices"


def _engines() -> str:
    from chironomy.service.kinds import engines

    found = engines()
    if not any(engine["available"] for engine in found):
        raise ChironomyError("; ".join(f"{engine['name']}: {engine['reason']}" for engine in found) or "there are none")
    return ", ".join(
        engine["name"] if engine["available"] else f"{engine['name']} (not here: {engine['reason']})"
        for engine in found
    )


def _blender() -> str:
    program = find_blender(None)
    if program is None:
        return f"bpy {importlib.metadata.version('bpy')} in this Python"
    said = processes.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    return f"{said.stdout.splitlines()[0]} at {program}"
