# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend as a process of its own: started, found, stopped, and ending with its parent."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_backend import PATIENCE, wait_until

import chironomy
from chironomy.client import BackendProcess, Client, ClientError, read_handshake, start_backend
from chironomy.files import data_folder
from chironomy.service.errors import ServiceError
from chironomy.service.listening import Listening
from chironomy.service.parent import Parent
from chironomy.service.server import read_or_make_token, serve
from chironomy.work import Work

posix = pytest.mark.skipif(os.name != "posix", reason="modes and signals of POSIX")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[BackendProcess]:
    with start_backend(sys.executable, data=tmp_path / "data") as started:
        yield started


def alive(pid: int) -> bool:
    try:
        return Parent(pid).alive()
    except ServiceError:
        return False


def test_a_backend_is_started_used_and_stopped(tmp_path: Path) -> None:
    with start_backend(sys.executable, data=tmp_path / "data") as started:
        with started.client() as client:
            assert client.health()["pid"] == started.pid
            assert {"gesture", "lips", "video"} <= set(client.health()["kinds"])
        assert started.running()
    assert not started.running()
    with pytest.raises(ClientError, match="No backend answers"):
        Client(started.url, started.token).health()


def test_it_listens_on_the_loopback_address_alone(process: BackendProcess) -> None:
    assert process.url.startswith("http://127.0.0.1:")
    port = int(process.url.rpartition(":")[2])
    # Every address of 127.0.0.0/8 is this machine; only one of them is bound.
    with socket.socket() as probe:
        probe.settimeout(5.0)
        assert probe.connect_ex(("127.0.0.2", port)) != 0


@posix
def test_sigterm_ends_it_cleanly_and_removes_the_handshake(tmp_path: Path) -> None:
    handshake = tmp_path / "handshake.json"
    command = [
        sys.executable,
        "-m",
        "chironomy",
        "serve",
        "--data",
        str(tmp_path / "data"),
        "--handshake",
        str(handshake),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as served:
        wait_until(lambda: read_handshake(handshake) is not None)
        found = read_handshake(handshake)
        assert found is not None
        assert (found.pid, found.version) == (served.pid, chironomy.__version__)
        assert stat.S_IMODE(handshake.stat().st_mode) == 0o600
        served.send_signal(signal.SIGTERM)
        said, _ = served.communicate(timeout=PATIENCE)
    assert served.returncode == 0
    assert not handshake.exists()
    assert found.token not in said, "the token is not printed"
    assert found.url in said


@posix
def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from chironomy.client import start_backend\n"
        f"backend = start_backend(sys.executable, data={str(tmp_path / 'data')!r})\n"
        "print(backend.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        backend = int(parent.stdout.readline())
        assert alive(backend)
        parent.kill()
    wait_until(lambda: not alive(backend))


def test_a_parent_that_is_not_there_is_refused() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    with pytest.raises(ServiceError, match=f"There is no process {gone.pid}"):
        Parent(gone.pid)


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"Port {port} of 127\.0\.0\.1 cannot be used .* choose another --port"):
            serve(Listening(port=port), data=tmp_path)


@posix
def test_a_new_token_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    token = read_or_make_token(tmp_path / "token")
    assert len(token) >= 32
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert read_or_make_token(tmp_path / "token") == token, "a restart keeps it"


@posix
def test_what_it_keeps_is_for_its_owner_alone_in_a_folder_that_others_can_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    (data / "jobs.sqlite").touch(mode=0o644)
    (data / "jobs.sqlite").chmod(0o644)
    with start_backend(sys.executable, data=data, environment=os.environ) as started, started.client() as client:
        client.upload(b"anybody's speech")
        open_to_others = [path.name for path in data.iterdir() if path.stat().st_mode & 0o077]
    assert open_to_others == []


@posix
def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    read_or_make_token(tmp_path / "token")
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(ServiceError, match="can be read by others"):
        read_or_make_token(tmp_path / "token")


@pytest.mark.parametrize("content", ["short", "ünïcode-of-more-than-16-characters"])
def test_a_file_without_a_token_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content, encoding="utf-8")
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(ServiceError, match="holds no token"):
        read_or_make_token(tmp_path / "token")


def test_a_backend_that_ends_at_its_start_tells_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClientError, match=r"ended at its start \(exit code 2\): The backend's data folder .* --data"):
        start_backend(sys.executable, data=tmp_path / "file" / "data")


@posix
def test_a_python_without_chironomy_is_told(tmp_path: Path) -> None:
    bare = [str(tmp_path / "bare"), sys.executable]
    Path(bare[0]).write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    Path(bare[0]).chmod(0o755)
    with pytest.raises(ClientError, match=r"ended at its start .* No module named"):
        start_backend(bare[0])


@posix
@pytest.mark.parametrize(("online", "told"), [(False, "offline: 1"), (True, "offline: no")])
def test_a_backend_that_may_not_use_the_network_is_told(
    tmp_path: Path, online: bool, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHIRONOMY_OFFLINE", raising=False)
    teller = tmp_path / "python"
    teller.write_text('#!/bin/sh\necho "offline: ${CHIRONOMY_OFFLINE:-no}"\nexit 3\n')
    teller.chmod(0o755)
    with pytest.raises(ClientError, match=rf"\(exit code 3\): {told}"):
        start_backend(teller, online=online)


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"could not be started with .*python .*set it up again"):
        start_backend(tmp_path / "python")


def test_starting_can_be_cancelled() -> None:
    with pytest.raises(ClientError, match="Starting the backend was cancelled"):
        start_backend(sys.executable, work=Work(cancelled=lambda: True))


@posix
def test_the_data_folder_is_the_platforms_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "chironomy"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data_folder() == Path.home() / ".cache" / "chironomy"
