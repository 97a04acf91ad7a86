# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that look at pictures are fetched once, whole, and only the published ones."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chironomy.shot.errors import VideoError
from chironomy.video.portrait import model_files
from chironomy.video.portrait.model_files import PublishedFile, fetch_models, find_models, models_folder
from chironomy.work import Work

CONTENT = {"pose/pose.tflite": bytes(range(256)) * 4000, "hand/hand.tflite": b"hand" * 50000}
LICENCE = "mediapipe-0.10.21.dist-info/LICENSE"


def wheel_of(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in content.items():
            packed.writestr(f"mediapipe/modules/{name}", data)
        packed.writestr(LICENCE, "Apache License")
    return stream.getvalue()


def published(name: str, data: bytes) -> PublishedFile:
    return PublishedFile(name, len(data), hashlib.sha256(data).hexdigest())


class Publisher:
    """A server of one file, which can break off, and what it was asked for."""

    def __init__(self) -> None:
        self.data = wheel_of(CONTENT)
        self.break_off_at: int | None = None
        self.status: int | None = None
        self.ranges: list[str | None] = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._page())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/models.whl"

    def _page(self) -> type[http.server.BaseHTTPRequestHandler]:
        publisher = self

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                publisher.ranges.append(asked)
                start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
                self.send_response(publisher.status or (206 if asked else 200))
                self.send_header("Content-Length", str(len(publisher.data) - start))
                self.end_headers()
                self.wfile.write(publisher.data[start : publisher.break_off_at])

            def log_message(self, *arguments: object) -> None:
                pass

        return Page


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    one = Publisher()
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("CHIRONOMY_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(model_files, "models_of_mediapipe", lambda: None)
    monkeypatch.setattr(model_files, "MODELS", tuple(published(*entry) for entry in CONTENT.items()))
    monkeypatch.setattr(model_files, "WHEEL", published(one.address, one.data))
    thread = threading.Thread(target=one.server.serve_forever)
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_first_use_says_so_and_fetches_and_the_second_does_not(
    publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    folder = find_models()
    assert folder == models_folder()
    assert "fetching the models that look at pictures, once" in caplog.text
    assert files_in(folder.parent) == [f"{folder.name}/{name}" for name in ("LICENSE", *sorted(CONTENT))]
    assert (folder / "pose/pose.tflite").read_bytes() == CONTENT["pose/pose.tflite"]
    assert find_models() == folder
    assert fetch_models() == folder
    assert publisher.ranges == [None]


def test_what_an_installed_mediapipe_brings_is_not_fetched(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path / "mediapipe" / "modules"
    for name, data in CONTENT.items():
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_bytes(data)
    monkeypatch.setattr(model_files, "models_of_mediapipe", lambda: modules)
    assert fetch_models() == find_models() == modules
    assert publisher.ranges == []


def test_a_lost_connection_is_a_sentence_and_the_next_attempt_goes_on(publisher: Publisher) -> None:
    publisher.break_off_at = 700_000
    with pytest.raises(
        VideoError, match=r"from 127\.0\.0\.1:\d+ \(the connection was lost\): .*weights fetch perception --wheel"
    ):
        fetch_models()
    assert not models_folder().exists()
    publisher.break_off_at = None
    told: list[float] = []
    fetch_models(work=Work(lambda fraction, message="": told.append(fraction)))
    first, again = publisher.ranges
    assert first is None
    assert again is not None
    assert 0 < int(again.removeprefix("bytes=").rstrip("-")) <= 700_000
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert files_in(models_folder()) == ["LICENSE", *sorted(CONTENT)]


def test_stopping_keeps_what_there_is(publisher: Publisher) -> None:
    stops = iter([False, False, True])
    with pytest.raises(VideoError, match="stopped; the next attempt goes on"):
        fetch_models(work=Work(cancelled=lambda: next(stops)))
    assert not models_folder().exists()
    fetch_models()
    assert publisher.ranges[1] not in (None, "bytes=0-")


def test_a_beginning_of_something_else_is_thrown_away(publisher: Publisher) -> None:
    part = models_folder().with_name(".mediapipe-0.10.21.whl.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"another file")
    fetch_models()
    assert publisher.ranges == ["bytes=12-", None]


def test_what_is_not_the_published_file_is_refused(publisher: Publisher) -> None:
    publisher.data = publisher.data[:-1] + b"?"
    with pytest.raises(VideoError, match="is not what was published"):
        fetch_models()
    assert files_in(models_folder().parent) == []


def test_a_server_that_refuses_is_quoted(publisher: Publisher) -> None:
    publisher.status = 403
    with pytest.raises(VideoError, match=r"\(it answers 403 Forbidden\): see that this machine is online"):
        fetch_models()


def test_without_a_server_the_sentence_is_short(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "WHEEL", PublishedFile("http://127.0.0.1:9/models.whl", 10, ""))
    with pytest.raises(
        VideoError, match=r"from 127\.0\.0\.1:9 \(Connection refused\): see that this machine is online"
    ):
        fetch_models()


@pytest.mark.parametrize("name", ["CHIRONOMY_OFFLINE", "HF_HUB_OFFLINE"])
def test_where_nothing_may_be_fetched_nothing_is(
    publisher: Publisher, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(VideoError, match="says that nothing may be fetched; fetch http"):
        find_models()
    assert publisher.ranges == []
    monkeypatch.setenv(name, "0")
    assert find_models() == models_folder()


def test_a_wheel_that_is_here_is_enough(publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRONOMY_OFFLINE", "1")
    wheel = tmp_path / "mediapipe-0.10.21-cp311-cp311-win_amd64.whl"
    wheel.write_bytes(wheel_of({**CONTENT, "other.tflite": b"of another platform"}))
    assert files_in(fetch_models(wheel)) == ["LICENSE", *sorted(CONTENT)]
    assert wheel.exists()
    assert publisher.ranges == []


def test_a_wheel_that_does_not_do_says_why_and_leaves_nothing(publisher: Publisher, tmp_path: Path) -> None:
    wheel = tmp_path / "some.whl"
    with pytest.raises(VideoError, match=r"some\.whl does not exist; fetch http"):
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


def test_a_folder_with_a_model_cut_short_is_made_anew(publisher: Publisher) -> None:
    folder = fetch_models()
    (folder / "hand/hand.tflite").write_bytes(b"han")
    assert find_models() == folder
    assert (folder / "hand/hand.tflite").read_bytes() == CONTENT["hand/hand.tflite"]


def test_a_folder_that_cannot_be_written_is_a_sentence(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHIRONOMY_WEIGHTS", str(tmp_path / "file"))
    with pytest.raises(VideoError, match=r"cannot be put into .*file \("):
        fetch_models()
