# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can reach the backend: this machine alone, or others by a certificate and tokens of their own."""

import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from tiny_backend import KINDS, PATIENCE

from chironomy.cli import main
from chironomy.client import Client, ClientError, WrongToken
from chironomy.service.errors import ServiceError
from chironomy.service.listening import Listening, most_connections
from chironomy.service.server import serve
from chironomy.service.users import add_user, digest, read_users

posix = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


@contextmanager
def served(listening: Listening, data: Path) -> Iterator[str]:
    stop, ready, found = threading.Event(), threading.Event(), []

    def told(url: str, token_file: Path) -> None:
        found.append(url)
        ready.set()

    options = {"data": data, "kinds": KINDS, "on_listening": told, "stop": stop}
    thread = threading.Thread(target=serve, args=(listening,), kwargs=options)
    thread.start()
    assert ready.wait(PATIENCE)
    yield found[0]
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def authority(tmp_path: Path) -> dict[str, Path]:
    """An authority, and a certificate of its for the name `farm.test`, which is this machine."""
    found = {name: tmp_path / f"{name}.pem" for name in ("ca", "certificate", "key")}
    ca = trustme.CA()
    one = ca.issue_cert("localhost", "127.0.0.1")
    ca.cert_pem.write_to_path(str(found["ca"]))
    one.private_key_pem.write_to_path(str(found["key"]))
    for number, blob in enumerate(one.cert_chain_pems):
        blob.write_to_path(str(found["certificate"]), append=number > 0)
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::"])
def test_others_reach_it_only_by_a_certificate_and_with_users(host: str, authority: dict[str, Path]) -> None:
    given = {"certificate": authority["certificate"], "key": authority["key"]}
    for lacking in ({}, given, {"users": authority["ca"]}):
        with pytest.raises(ServiceError, match="others can reach the backend, which needs"):
            Listening(host, **lacking)
    Listening(host, names=("farm.test",), users=authority["ca"], **given)
    if host != "192.168.1.20":
        with pytest.raises(ServiceError, match=r"every address of this machine.*--name"):
            Listening(host, users=authority["ca"], **given)


def test_what_is_no_address_or_half_a_certificate_is_a_sentence(authority: dict[str, Path]) -> None:
    with pytest.raises(ServiceError, match="is no address to listen on"):
        Listening("farm.example")
    with pytest.raises(ServiceError, match="belong together"):
        Listening(certificate=authority["certificate"])


@pytest.mark.parametrize(("broken", "sentence"), [("key", "has a passphrase"), ("certificate", "no certificate with")])
def test_what_proves_no_name_is_a_sentence_and_asks_nobody(
    authority: dict[str, Path], broken: str, sentence: str
) -> None:
    key = serialization.load_pem_private_key(authority["key"].read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    authority["key"].write_bytes(key.private_bytes(*form, secret if broken == "key" else serialization.NoEncryption()))
    if broken == "certificate":
        authority["certificate"].write_text("nothing")
    with pytest.raises(ServiceError, match=sentence):
        Listening(certificate=authority["certificate"], key=authority["key"]).config(None)


def test_everyone_has_a_token_of_their_own_and_is_named_in_the_log(
    authority: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = tmp_path / "users.json"
    ana, ben = add_user(users, "ana"), add_user(users, "ben")
    listening = Listening(
        port=0, names=("localhost",), certificate=authority["certificate"], key=authority["key"], users=users
    )
    with served(listening, tmp_path / "data") as url:
        assert url.startswith("https://localhost:")
        for token in (ana, ben):
            with Client(url, token, ca=authority["ca"]) as client:
                done = client.wait(client.submit("slow", {}, {"parts": 1}))
                with pytest.raises(ClientError, match="There is no job"):
                    client.job("none")
        with Client(url, ana + "x", ca=authority["ca"]) as client, pytest.raises(WrongToken):
            client.health()
        with Client(url, ana) as client, pytest.raises(ClientError, match="does not prove its name"):
            client.health()
        assert done.state == "done"
    log = (tmp_path / "data" / "backend.log").read_text()
    for name in ("ana", "ben"):
        assert f"refused GET /v1/jobs/none of {name}: 404 There is no job" in log
    assert "of nobody: 401 The token is missing" in log
    assert all(line[:2] == "20" for line in log.splitlines()), "each line begins with its time"


def test_nobody_else_is_called_as_the_owner_is(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="take another name"):
        add_user(tmp_path / "users.json", "owner")


@posix
def test_the_users_file_keeps_no_token_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    token = add_user(path, "ana")
    assert token not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = read_users(path)
    add_user(path, "ben")
    assert read_users(path)["ana"] == first["ana"]
    assert add_user(path, "ana") != token
    assert read_users(path)["ana"] != first["ana"], "a new token replaces the old one"
    path.chmod(0o640)
    with pytest.raises(ServiceError, match="chmod 600"):
        read_users(path)


@posix
def test_who_is_written_by_the_command_is_told_from_when_the_token_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "users.json"
    assert main(["serve", "--users", str(path), "--add-user", "ana"]) == 0
    said = capsys.readouterr()
    assert read_users(path) == {"ana": digest(said.out.strip())}, "a script reads the token alone"
    assert "ana has this token and no other" in said.err
    assert "once it is started anew" in said.err


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": "chironomy.users/2", "users": {}}',
        '{"format": "chironomy.users/1", "users": {"a": 1}}',
    ],
)
def test_a_file_that_holds_no_users_is_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "users.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(ServiceError, match="users"):
        read_users(path)
    with pytest.raises(ServiceError, match="users"):
        add_user(path, "ana")
    assert path.read_text() == content, "what is there is not lost"


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "a\nb"])
def test_a_name_goes_into_one_line_of_the_log(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="cannot be a user's name"):
        add_user(tmp_path / "users.json", name)


def test_who_connects_and_says_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.service.listening._HEAD_SECONDS", 2.0)
    with served(Listening(), tmp_path / "data") as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        for said in (b"", b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(address, timeout=PATIENCE) as quiet:
                quiet.sendall(said)
                assert quiet.recv(1000) == b""
        # One that asks goes on asking by the same connection, however long it thinks in between.
        token = (tmp_path / "data" / "token").read_text().strip()
        asked = (
            f"GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        with socket.create_connection(address, timeout=PATIENCE) as talking:
            for _ in range(2):
                talking.sendall(asked)
                said = b""
                while not said.endswith(b"}"):
                    said += talking.recv(1000)
                assert said.startswith(b"HTTP/1.1 200")
                threading.Event().wait(2.5)


def test_who_was_refused_and_goes_on_sending_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.service.listening._HEAD_SECONDS", 1.0)
    with served(Listening(), tmp_path / "data") as url:
        port = int(url.rpartition(":")[2])
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 1000000\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", port), timeout=0.1) as slow:
            slow.sendall(head)
            heard, ended = b"", False
            for _ in range(100):
                try:
                    slow.sendall(b"x")
                    said = slow.recv(1000)
                    heard, ended = heard + said, not said
                except TimeoutError:
                    continue
                except ConnectionError:
                    ended = True
                if ended:
                    break
        assert heard.startswith(b"HTTP/1.1 401")
        assert ended


def test_who_opens_many_connections_leaves_files_for_the_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.service.listening.MOST_CONNECTIONS", 5)
    with served(Listening(), tmp_path / "data") as url:
        held = [socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=0.5) for _ in range(8)]
        ended = 0
        for one in held:
            with one, suppress(TimeoutError):
                try:
                    ended += one.recv(1) == b""
                except ConnectionResetError:
                    ended += 1
    assert ended == 3


@posix
def test_half_of_the_files_are_for_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for limits, most in (((200, 200), 100), ((256, 1024), 512), ((1024, 1 << 20), 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        assert most_connections() == most
    assert asked == [(1024, 1024), (1 << 14, 1 << 20)]


def test_a_request_of_headers_without_end_is_refused(tmp_path: Path) -> None:
    with (
        served(Listening(), tmp_path / "data") as url,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE) as greedy,
    ):
        greedy.sendall(b"GET /v1/health HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert b"400" in greedy.recv(1000).partition(b"\r\n")[0]


def test_the_log_is_kept_with_times_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chironomy.service.log import kept_log

    monkeypatch.setattr("chironomy.service.log._BYTES", 2000)
    with kept_log(tmp_path):
        for number in range(200):
            logging.getLogger("chironomy.service").warning("line %d", number)
    logging.getLogger("chironomy.service").warning("after the end")
    files = sorted(tmp_path.glob("backend.log*"))
    assert len(files) == 4
    assert sum(path.stat().st_size for path in files) <= 4 * 2100
    assert "line 199" in (tmp_path / "backend.log").read_text()
    assert "after the end" not in (tmp_path / "backend.log").read_text()


def test_the_whole_interface_is_described(tmp_path: Path) -> None:
    with served(Listening(), tmp_path / "data") as url:
        token = (tmp_path / "data" / "token").read_text().strip()
        with Client(url, token) as client:
            document = client._connection.json("GET", "/v1/openapi.json")
            assert client.health()["kinds"] == [
                form["title"] for form in document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]
                ["application/json"]["schema"]["oneOf"]
            ]  # fmt: skip
    assert set(document["paths"]) == {
        "/v1/health", "/v1/ready", "/v1/usage", "/v1/metrics", "/v1/events", "/v1/blobs/{sha}", "/v1/jobs",
        "/v1/jobs/{identifier}", "/v1/jobs/{identifier}/cancel", "/v1/jobs/{identifier}/retry",
        "/v1/jobs/{identifier}/preview", "/v1/jobs/{identifier}/result",
    }  # fmt: skip
    for path in document["paths"].values():
        for operation in path.values():
            assert {"401", "403", "429", "500"} <= set(operation["responses"])
            assert operation["description"]
    assert json.dumps(document).count("HTTPValidationError") == 0
