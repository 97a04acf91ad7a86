# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the models that look at pictures: where they lie, and how they are fetched once.

They are published in the wheels of mediapipe 0.10.21, which any Python can unpack though it cannot install them. Pip
downloads one of them; of it the models and the licence (Apache-2.0) are kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chironomy.files import FULL_DISK
from chironomy.installation.errors import FullDiskError, InstallationCancelled, InstallationError
from chironomy.installation.wheels import PublishedWheel, download_wheel
from chironomy.reading import Archive
from chironomy.shot.errors import VideoError
from chironomy.video.weights.folder import weights_folder
from chironomy.work import QUIET, Work

logger = logging.getLogger(__name__)

NAME = "mediapipe-0.10.21"
"""Of the folder among the weights."""

LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class PublishedFile:
    """A file that is published, and its SHA-256."""

    name: str
    bytes: int
    sha256: str


MODELS = tuple(
    PublishedFile(*entry)
    for entry in (
        (
            "face_detection/face_detection_full_range_sparse.tflite",
            676746,
            "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        ),
        (
            "face_detection/face_detection_short_range.tflite",
            229714,
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        ),
        (
            "face_landmark/face_landmark_with_attention.tflite",
            2495106,
            "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
        ),
        (
            "hand_landmark/hand_landmark_full.tflite",
            5478917,
            "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        ),
        (
            "palm_detection/palm_detection_full.tflite",
            2339846,
            "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
        ),
        (
            "pose_detection/pose_detection.tflite",
            2959046,
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        ),
        (
            "pose_landmark/pose_landmark_full.tflite",
            6440512,
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
        (
            "selfie_segmentation/selfie_segmentation.tflite",
            249505,
            "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        ),
    )
)
"""By their place in the wheel's folder `mediapipe/modules`; the same in the wheels of all platforms."""

WHEEL = PublishedWheel(
    "mediapipe",
    "0.10.21",
    "3.12",
    "manylinux_2_28_x86_64",
    35627340,
    "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5",
)
"""The one of its wheels that is downloaded, on any machine."""

_MODULES = "mediapipe/modules/"
_LICENCE_FILE = "mediapipe-0.10.21.dist-info/LICENSE"
_LARGEST_LICENCE = 1 << 20


def models_folder() -> Path:
    """Where fetched models lie, whether or not they are there."""
    return weights_folder() / NAME


def find_models(work: Work = QUIET) -> Path:
    """The folder of the models: fetched before, or of an installed mediapipe, or fetched now.

    Args:
        work: as of `fetch_models`.

    Raises:
        VideoError: they are not here, and cannot be fetched or may not be.
    """
    here = present_models()
    if here is not None:
        return here
    if may_fetch():
        logger.warning(
            "fetching the models that look at pictures, once: %s into %s",
            download_size(),
            models_folder(),
        )
    return fetch_models(work=work)


def present_models() -> Path | None:
    """The folder of the models where they are here and whole by their sizes, else None."""
    return next((folder for folder in (models_folder(), models_of_mediapipe()) if folder and whole(folder)), None)


def models_of_mediapipe() -> Path | None:
    """The folder of the models of an installed mediapipe; None where there is none, or a later one without them."""
    found = importlib.util.find_spec("mediapipe")
    for place in (found and found.submodule_search_locations) or ():
        modules = Path(place) / "modules"
        if (modules / "palm_detection" / "palm_detection_full.tflite").is_file():
            return modules
    return None


def may_fetch() -> bool:
    """Whether the network may be used: not where CHIRONOMY_OFFLINE or HF_HUB_OFFLINE says so."""
    said = (os.environ.get(name, "").strip().lower() for name in ("CHIRONOMY_OFFLINE", "HF_HUB_OFFLINE"))
    return not any(value not in ("", "0", "false", "no", "off") for value in said)


def fetch_models(source: Path | None = None, work: Work = QUIET) -> Path:
    """Fetch the models where they are not here yet.

    The folder appears when all models are in it and each is the published one by its SHA-256.

    Args:
        source: a wheel of mediapipe 0.10.21 of any platform that lies here already; pip downloads one when None.
        work: told how far it is, and asked whether to stop.

    Returns:
        the folder of the models.

    Raises:
        VideoError: no connection, a damaged or another file, or a folder that cannot be written.
    """
    folder = models_folder()
    here = present_models()
    if here is not None:
        return here
    with _writing(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        if source is not None:
            _unpack(source, folder)
            return folder
        if not may_fetch():
            raise VideoError(
                f"the models that look at pictures are not in {folder}, and CHIRONOMY_OFFLINE or HF_HUB_OFFLINE says "
                f"that nothing may be fetched; {_by_hand()}"
            )
        with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=folder.parent) as meanwhile:
            _unpack(_download(Path(meanwhile), work), folder)
    return folder


def download_size() -> str:
    """What is downloaded, for a person."""
    return f"{WHEEL.bytes / 1e6:.0f} MB"


def whole(folder: Path) -> bool:
    """Whether all models are in a folder, by their names and sizes."""
    return all((folder / one.name).is_file() and (folder / one.name).stat().st_size == one.bytes for one in MODELS)


def _by_hand() -> str:
    python = f"--only-binary :all: --python-version {WHEEL.python}"
    return (
        f"run pip download --no-deps {python} {WHEEL.package}=={WHEEL.version} elsewhere, and here "
        "chironomy weights fetch perception --wheel FILE"
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        room = "; free some space" if error.errno in FULL_DISK else ""
        raise VideoError(
            f"the models that look at pictures cannot be put into {folder} ({error.strerror or error}){room}"
        ) from error


def _download(folder: Path, work: Work) -> Path:
    try:
        return download_wheel(WHEEL, folder, work, "fetching the models that look at pictures")
    except InstallationCancelled as error:
        raise VideoError("fetching the models that look at pictures was stopped") from error
    except FullDiskError as error:
        raise VideoError(
            f"the models that look at pictures have no room in {folder.parent}; free some space"
        ) from error
    except InstallationError as error:
        raise VideoError(f"the models that look at pictures cannot be fetched: {error}; or {_by_hand()}") from error


def _unpack(wheel: Path, folder: Path) -> None:
    """Put the models of a wheel and its licence into a folder that appears when all is right."""
    new = folder.with_name(f".{NAME}-{secrets.token_hex(6)}")
    try:
        with Archive(wheel, VideoError, advice=_by_hand()) as packed:
            for one in MODELS:
                data = packed.read(_MODULES + one.name, one.bytes)
                if hashlib.sha256(data).hexdigest() != one.sha256:
                    packed.about.fail(f"holds another {one.name} than mediapipe 0.10.21")
                (new / one.name).parent.mkdir(parents=True, exist_ok=True)
                (new / one.name).write_bytes(data)
            (new / "LICENSE").write_bytes(packed.read(_LICENCE_FILE, _LARGEST_LICENCE))
        # Another process may have been quicker.
        if not whole(folder):
            if folder.exists():
                shutil.rmtree(folder)
            new.replace(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
