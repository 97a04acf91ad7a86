# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the models that look at pictures: where they lie, and how they are fetched once.

They are published in the wheels of mediapipe 0.10.21 on PyPI, which any Python can unpack though it cannot install
them. One wheel is fetched; of it the models and the licence (Apache-2.0) are kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chironomy.files import FULL_DISK
from chironomy.reading import Archive
from chironomy.shot.errors import VideoError
from chironomy.video.weights.folder import weights_folder
from chironomy.work import QUIET, Work

if TYPE_CHECKING:
    import requests

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

WHEEL = PublishedFile(
    "https://files.pythonhosted.org/packages/9f/99/5da7ae7f7e25847383bc2fe5a9adc7ce150dd371682f486c0666b407cad7/"
    "mediapipe-0.10.21-cp312-cp312-manylinux_2_28_x86_64.whl",
    35627340,
    "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5",
)
"""One of the wheels, by its address."""

_MODULES = "mediapipe/modules/"
_LICENCE_FILE = "mediapipe-0.10.21.dist-info/LICENSE"
_LARGEST_LICENCE = 1 << 20
_WAIT = 10, 60
"""Seconds until a server answers, and between two pieces of what it sends."""

_PIECE = 1 << 18


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
            "fetching the models that look at pictures, once: %.0f MB from PyPI into %s",
            WHEEL.bytes / 1e6,
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

    What has been fetched stays when it is stopped or the connection is lost, and the next attempt goes on from there.
    The folder appears when all models are in it and each is the published one by its SHA-256.

    Args:
        source: a wheel of mediapipe 0.10.21 of any platform that lies here already; fetched from PyPI when None.
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
        part = folder.with_name(f".{NAME}.whl.part")
        _download(part, work)
        _unpack(part, folder)
        part.unlink(missing_ok=True)
    return folder


def whole(folder: Path) -> bool:
    """Whether all models are in a folder, by their names and sizes."""
    return all((folder / one.name).is_file() and (folder / one.name).stat().st_size == one.bytes for one in MODELS)


def _by_hand() -> str:
    return f"fetch {WHEEL.name} elsewhere and run chironomy weights fetch perception --wheel FILE"


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        room = "; free some space" if error.errno in FULL_DISK else ""
        raise VideoError(
            f"the models that look at pictures cannot be put into {folder} ({error.strerror or error}){room}"
        ) from error


def _download(part: Path, work: Work) -> None:
    """Bring the wheel to `part`, from where an earlier attempt ended."""
    import requests

    try:
        for attempt in range(2):
            have = part.stat().st_size if part.exists() else 0
            if have < WHEEL.bytes:
                headers = {"Range": f"bytes={have}-"} if have else {}
                with requests.get(WHEEL.name, headers=headers, stream=True, timeout=_WAIT) as response:
                    response.raise_for_status()
                    _receive(
                        response, part, have if response.status_code == requests.codes.partial_content else 0, work
                    )
            with part.open("rb") as stream:
                right = hashlib.file_digest(stream, "sha256").hexdigest() == WHEEL.sha256
            if right:
                return
            # An earlier attempt's beginning may be what is wrong: once more, all of it.
            part.unlink()
            if not have or attempt:
                break
    except requests.RequestException as error:
        raise VideoError(
            f"the models that look at pictures cannot be fetched from {WHEEL.name.split('/')[2]} ({_reason(error)}): "
            f"see that this machine is online, and try again; or {_by_hand()}"
        ) from error
    raise VideoError(f"what {WHEEL.name} gives is not what was published; try again, or {_by_hand()}")


def _receive(response: requests.Response, part: Path, start: int, work: Work) -> None:
    with part.open("ab" if start else "wb") as stream:
        got = start
        for piece in response.iter_content(_PIECE):
            if work.cancelled():
                raise VideoError("fetching the models was stopped; the next attempt goes on from there")
            got += len(piece)
            if got > WHEEL.bytes:
                break
            stream.write(piece)
            work.progress(min(1.0, got / WHEEL.bytes), "fetching the models that look at pictures")


def _reason(error: requests.RequestException) -> str:
    """What went wrong, in a person's words."""
    import requests

    if error.response is not None:
        return f"it answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "it does not answer"
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return "the connection was lost"


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
