# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a backend that listens: what it does, and what it says when it cannot."""

import hashlib
import http.server
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tiny_backend import PATIENCE, Backend, Gate, wait_until

import chironomy
from chironomy.client import (
    BackendMissing,
    Client,
    ClientError,
    JobCancelled,
    JobFailed,
    VersionMismatch,
    WrongToken,
    read_handshake,
)
from chironomy.work import Work


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def stranger() -> Iterator[http.server.HTTPServer]:
    """Another program's web server."""

    class Page(http.server.BaseHTTPRequestHandler):
        headers_sent: dict[str, str] = {}

        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in self.headers_sent.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(server: http.server.HTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_health(backend: Backend) -> None:
    with backend.client() as client:
        assert client.health()["version"] == chironomy.__version__


def test_engines_are_told_when_they_are_known(backend: Backend) -> None:
    with backend.client() as client:
        engines = {engine["name"]: engine for engine in client.engines()}
    assert engines["previz"]["available"]
    assert all(engine["available"] or engine["reason"] for engine in engines.values())


def test_jobs_are_listed_and_deleted(backend: Backend) -> None:
    with backend.client() as client:
        done = client.wait(client.submit("slow", {}, {"parts": 2}, priority=3))
        assert [job.id for job in client.jobs("done")] == [done.id]
        assert client.retry(done.id) == done
        client.delete(done.id)
        assert client.jobs() == []


def test_a_job_goes_from_file_to_file(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(b"ha")
    told: list[tuple[float, str]] = []
    with backend.client() as client:
        sha = client.upload(tmp_path / "speech.wav")
        result = client.run(
            "copy", {"speech": sha}, {"times": 2}, tmp_path / "result.bin", Work(lambda *news: told.append(news))
        )
    assert result.read_bytes() == b"haha"
    assert told[-1][0] == 1.0


def test_bytes_can_be_uploaded_and_twice_is_once(backend: Backend) -> None:
    with backend.client() as client:
        assert client.upload(b"") == client.upload(b"")
        assert client.upload(b"spoken") == client.upload(b"spoken")


def test_a_failed_job_raises_the_backends_sentence_about_the_users_file(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "my speech.wav").write_bytes(b"ha")
    with backend.client() as client, pytest.raises(JobFailed, match=r"^my speech.wav has no sound; record it again$"):
        client.run("fail", {"speech": client.upload(tmp_path / "my speech.wav")}, None, tmp_path / "result")
    assert not (tmp_path / "result").exists()


def test_a_job_is_cancelled_by_the_one_who_waits(backend: Backend, gate: Gate) -> None:
    with backend.client() as client, pytest.raises(JobCancelled, match="The gate job was cancelled"):
        client.wait(client.submit("gate", {}), Work(cancelled=gate.started.is_set))


def test_a_preview_can_be_looked_at_while_a_job_runs(backend: Backend, gate: Gate) -> None:
    with backend.client() as client:
        waiting = client.submit("gate", {})
        assert gate.started.wait(PATIENCE)
        wait_until(lambda: client.preview(waiting) == b"a picture")
        gate.open.set()
        client.wait(waiting)
        assert client.preview(waiting) == b""


def test_whoever_waits_is_shown_each_preview_once(backend: Backend, gate: Gate) -> None:
    seen: list[bytes] = []

    def look(picture: bytes) -> None:
        seen.append(picture)
        gate.open.set()

    with backend.client() as client:
        client.wait(client.submit("gate", {}), Work(preview=look))
    assert seen == [b"a picture"]


def test_a_refusal_is_the_backends_sentence(backend: Backend) -> None:
    with backend.client() as client, pytest.raises(ClientError, match="There is no kind of job 'dance'"):
        client.submit("dance", {})


def test_a_file_that_is_not_there_is_named(backend: Backend, tmp_path: Path) -> None:
    with backend.client() as client, pytest.raises(ClientError, match=r"speech\.wav cannot be read: No such file"):
        client.upload(tmp_path / "speech.wav")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(b"x" * 100_001)
    with backend.client() as client, pytest.raises(ClientError, match=r"long\.wav has .* MiB and the backend accepts"):
        client.upload(tmp_path / "long.wav")


def test_a_damaged_result_leaves_no_file_and_is_made_again(backend: Backend, tmp_path: Path) -> None:
    with backend.client() as client:
        job = client.wait(client.submit("copy", {"speech": client.upload(b"ha")}, {"times": 2}))
        assert job.result is not None
        (backend.data / "blobs" / job.result[:2] / job.result).write_bytes(b"hahe")
        with pytest.raises(ClientError, match="ask for it again"):
            client.download(job.id, tmp_path / "result")
        assert list(tmp_path.glob("*result*")) == []
        made = client.run("copy", {"speech": client.upload(b"ha")}, {"times": 2}, tmp_path / "result")
    assert made.read_bytes() == b"haha"


def test_no_backend_names_the_address_and_how_to_start_one(free_port: int) -> None:
    with pytest.raises(BackendMissing) as refusal:
        Client(f"http://127.0.0.1:{free_port}", "token").health()
    assert str(refusal.value) == (
        f"No backend answers at http://127.0.0.1:{free_port}: start one with `chironomy serve --port {free_port}`, "
        "or with Start Backend in the add-on"
    )


def test_a_wrong_token_says_where_the_right_one_is(backend: Backend) -> None:
    with pytest.raises(WrongToken, match=r"refuses the token: use the one in its token file"):
        Client(backend.url, "not-the-token").health()


@pytest.mark.parametrize("token", ["", "   ", "two\nlines", "fünf"])
def test_a_garbled_token_is_not_sent(token: str) -> None:
    with pytest.raises(WrongToken, match="empty or garbled"):
        Client("http://127.0.0.1:1", token)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ClientError, match=r"it looks like http://127\.0\.0\.1:8123"):
        Client(url, "token")


def test_another_programs_server_is_not_taken_for_a_backend(stranger: http.server.HTTPServer) -> None:
    with pytest.raises(BackendMissing, match=f"What answers at {address(stranger)} is not a Chironomy backend"):
        Client(address(stranger), "token").health()


@contextmanager
def scripted(*answers: bytes) -> Iterator[str]:
    """A backend that gives these answers, one a connection, and hangs up after each."""

    def answer() -> None:
        for said in answers:
            with server.accept()[0] as connection:
                if said:
                    connection.recv(65536)
                    connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(PATIENCE)
        assert not thread.is_alive(), "all was asked for"


def said(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nChironomy-Contract: 1\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    with scripted(b"", said(b"{}")) as url:
        assert Client(url, "token").health() == {}


def test_who_asked_too_often_asks_again_when_told_to() -> None:
    busy = said(b'{"error": "There are too many requests"}', "429 Too Many Requests", "Retry-After: 1\r\n")
    with scripted(busy, said(b"{}")) as url:
        assert Client(url, "token").health() == {}
    with scripted(busy, busy, busy, busy) as url, pytest.raises(ClientError, match="There are too many requests"):
        Client(url, "token").health()


def test_who_fetches_a_result_waits_for_a_backend_that_is_away(tmp_path: Path) -> None:
    record = {"id": "a", "kind": "copy", "state": "done", "progress": 1.0, "message": "", "error": None}
    found = said(json.dumps(record | {"result": hashlib.sha256(b"haha").hexdigest()}).encode())
    with scripted(found, said(b"haha")[:-2], b"", b"", found, said(b"haha")) as url:
        assert Client(url, "token").download("a", tmp_path / "result").read_bytes() == b"haha"
    assert [path.name for path in tmp_path.glob("*result*")] == ["result"]


def test_another_version_of_the_same_contract_is_understood(stranger: http.server.HTTPServer) -> None:
    sent = {"Chironomy-Version": "9.9.9", "Chironomy-Contract": "1", "Content-Length": "5"}
    stranger.RequestHandlerClass.headers_sent = sent  # type: ignore[attr-defined]
    with pytest.raises(ClientError, match="something that is not JSON"):
        Client(address(stranger), "token").health()


@pytest.mark.parametrize("sent", [{}, {"Chironomy-Contract": "2"}])
def test_another_contract_is_refused(stranger: http.server.HTTPServer, sent: dict[str, str]) -> None:
    stranger.RequestHandlerClass.headers_sent = {"Chironomy-Version": "0.0.9", **sent}  # type: ignore[attr-defined]
    with pytest.raises(VersionMismatch, match=rf"is version 0\.0\.9 and this is version {chironomy.__version__}"):
        Client(address(stranger), "token").health()


def test_an_answer_that_is_no_json_is_one_sentence(stranger: http.server.HTTPServer) -> None:
    stranger.RequestHandlerClass.headers_sent = {"Chironomy-Contract": "1"}  # type: ignore[attr-defined]
    with pytest.raises(ClientError, match="answered GET /v1/health with something that is not JSON"):
        Client(address(stranger), "token").health()


def test_proxies_of_the_environment_are_not_used(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with backend.client() as client:
        assert client.health()["version"] == chironomy.__version__


def test_a_handshake_file_that_is_not_one_is_named(tmp_path: Path) -> None:
    assert read_handshake(tmp_path / "none.json") is None
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ClientError, match=r"other\.json is not a backend's handshake file"):
        read_handshake(tmp_path / "other.json")


def test_the_client_needs_nothing_that_blender_lacks() -> None:
    heavy = ["torch", "fastapi", "uvicorn", "scipy", "tqdm", "librosa", "soundfile", "numba", "PIL", "bpy"]
    program = f"import sys, chironomy.client; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
