# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever package is missing, one sentence says what to run."""

import logging
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chironomy import packages
from chironomy.errors import ChironomyError
from chironomy.speech import Speech
from chironomy.speech.decode import load_speech

REPOSITORY = Path(__file__).resolve().parents[1]
TONE = (0.3 * np.sin(2 * np.pi * 160 * np.arange(16000) / 16000)).astype(np.float32)

DISTRIBUTIONS = {
    "ai_edge_litert": "ai-edge-litert",
    "cv2": "opencv-python-headless",  # with mediapipe it comes of itself
    "faster_whisper": "faster-whisper",
}


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make imports of a package fail as where it is not installed."""

    def hide(package: str) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)

    return hide


def test_every_extra_that_is_named_brings_the_package() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for package, extra in packages.EXTRAS.items():
        names = [re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in extras[extra]]
        assert DISTRIBUTIONS.get(package, package) in names


def test_a_package_that_is_there_is_no_matter() -> None:
    packages.require("numpy", "arithmetic")
    assert packages.lacking(["numpy", "no_such_package"]) == ["no_such_package"]


@pytest.mark.parametrize("package", sorted(packages.EXTRAS))
def test_a_missing_package_is_named_with_what_brings_it(without: Callable[[str], None], package: str) -> None:
    without(package)
    wanted = rf"^this needs the Python package {package}: pip install 'chironomy\[{packages.EXTRAS[package]}\]'"
    with pytest.raises(ChironomyError, match=wanted):
        packages.require(package, "this")


def test_an_import_that_fails_is_put_into_words() -> None:
    missing = ModuleNotFoundError("No module named 'parselmouth'", name="parselmouth")
    assert packages.explained(missing) == (
        "the Python package 'parselmouth' is missing: install it with pip install 'chironomy[backend]'"
    )
    broken = ImportError("libGL.so.1: cannot open shared object file", name="cv2")
    assert packages.explained(broken) == (
        "the Python package 'cv2' is installed and cannot be loaded (libGL.so.1: cannot open shared object file): "
        "pip install 'chironomy[vision]' again"
    )


def _pitch(_folder: Path) -> Any:
    from chironomy.speech.contours import speech_contours

    return speech_contours(Speech.from_samples(TONE, 16000))


def _read_mp4(folder: Path) -> Any:
    from chironomy.video.film.ffmpeg import probe

    path = folder / "video.mp4"
    path.write_bytes(b"0" * 100)
    return probe(path)


def _write_exr(_folder: Path) -> Any:
    from chironomy.video.film.sequence import _open_exr

    return _open_exr()


def _hear(folder: Path) -> Any:
    import soundfile

    soundfile.write(folder / "speech.flac", TONE, 16000)
    return load_speech(folder / "speech.flac")


@pytest.mark.parametrize(
    ("package", "work", "install"),
    [
        ("parselmouth", _pitch, "pip install 'chironomy[backend]'"),
        ("imageio_ffmpeg", _read_mp4, "pip install 'chironomy[backend]'"),
        ("imageio_ffmpeg", _hear, "pip install 'chironomy[backend]'"),
        ("OpenEXR", _write_exr, "pip install 'chironomy[exr]'"),
    ],
)
def test_work_that_lacks_a_package_says_what_brings_it(
    without: Callable[[str], None], tmp_path: Path, package: str, work: Callable[[Path], Any], install: str
) -> None:
    without(package)
    with pytest.raises((ChironomyError, ModuleNotFoundError)) as caught:
        work(tmp_path)
    error = caught.value
    sentence = packages.explained(error) if isinstance(error, ImportError) else str(error)
    assert install in sentence
    assert package.replace("_", "-") in sentence.replace("_", "-")


def test_without_the_recogniser_lips_still_move_and_a_line_says_why(
    without: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    from chironomy.speech.phones import recognise_phones

    without("pocketsphinx")
    with caplog.at_level(logging.WARNING):
        assert recognise_phones(load_speech(REPOSITORY / "examples" / "speech.flac"))
    assert "the Python package 'pocketsphinx' is missing: install it with pip install 'chironomy[phones]'" in (
        caplog.text
    )


def test_ffmpeg_is_found_although_its_first_try_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    import imageio_ffmpeg

    from chironomy.packages import ffmpeg_program

    def killed() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    whole = ffmpeg_program()
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", killed)
    assert ffmpeg_program() == whole
