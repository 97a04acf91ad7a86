# SPDX-License-Identifier: GPL-3.0-or-later
"""Python packages that not every installation has: what needs one says so in one sentence, with what brings it.

Whoever uses such a package asks `require` before the work begins; one that is missing all the same is put into words at
the edge, by `explained`.
"""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from chironomy.errors import ChironomyError

EXTRAS = {
    "OpenEXR": "exr",
    "accelerate": "train",
    "ai_edge_litert": "vision",
    "anny": "body",
    "bpy": "blender",
    "cv2": "vision",
    "faster_whisper": "words",
    "ftfy": "diffusion",
    "gguf": "diffusion",
    "mediapipe": "vision",
    "pocketsphinx": "phones",
    "smplx": "mano",
    "tensorboard": "train",
}
"""The extra of the distribution that brings a package, by the name that is imported; of all others it is `backend`."""


def install(package: str, extra: str | None = None) -> str:
    """Return what to run to have a package: pip install 'chironomy[vision]'.

    Args:
        package: the name that is imported.
        extra: of the distribution, where several bring the package; that of `EXTRAS` when None.
    """
    extra = extra or EXTRAS.get(package, "backend")
    return f"pip install 'chironomy[{extra}]'"


def lacking(packages: Iterable[str]) -> list[str]:
    """Return those of some packages that are not installed; none is imported."""
    return [package for package in packages if find_spec(package) is None]


def require(
    package: str,
    purpose: str,
    error: type[ChironomyError] = ChironomyError,
    extra: str | None = None,
    instead: str = "",
) -> None:
    """See that a package is installed, without importing it.

    Args:
        package: the name that is imported.
        purpose: what needs it, the beginning of a sentence: "a prompt".
        error: what is raised.
        extra: of the distribution, where several bring the package.
        instead: what else can be done, the end of the sentence.

    Raises:
        ChironomyError: of the type `error`: it is not.
    """
    if lacking([package]):
        end = f"; {instead}" if instead else ""
        raise error(f"{purpose} needs the Python package {package}: {install(package, extra)}{end}")


def explained(error: ImportError) -> str:
    """Return a sentence for an import that failed: what is missing or broken, and what to run."""
    package = (error.name or "").partition(".")[0]
    if not package:
        return f"a Python package cannot be loaded ({error}); chironomy doctor tells which"
    if isinstance(error, ModuleNotFoundError) and (error.name == package or lacking([package])):
        return f"the Python package {package!r} is missing: install it with {install(package)}"
    return f"the Python package {package!r} is installed and cannot be loaded ({error}): {install(package)} again"


def ffmpeg_program(error: type[ChironomyError] = ChironomyError) -> str:
    """Return the path of the ffmpeg program.

    Raises:
        ChironomyError: of the type `error`: there is none.
    """
    try:
        import imageio_ffmpeg

        try:
            return imageio_ffmpeg.get_ffmpeg_exe()
        except RuntimeError:
            # It tries the program once, and never again where that was ended from outside, as for want of memory.
            brought = next(Path(imageio_ffmpeg.__file__).with_name("binaries").glob("ffmpeg-*"), None)
            if brought is None or not os.access(brought, os.X_OK):
                raise
            return str(brought)
    except (ImportError, RuntimeError) as reason:
        raise error(
            "no ffmpeg program was found; install the package imageio-ffmpeg, which brings one "
            f"({install('imageio_ffmpeg')}), or name one in the variable IMAGEIO_FFMPEG_EXE"
        ) from reason
