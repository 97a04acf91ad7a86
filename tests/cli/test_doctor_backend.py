# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy doctor` about a backend: each usual fault is found, with its cure."""

import argparse
import datetime
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from command_line import Command

from chironomy.client import read_handshake
from chironomy.commands import doctor_backend
from chironomy.errors import ChironomyError
from chironomy.service.lock import DataLock
from chironomy.service.server import read_or_make_token
from chironomy.service.store import Store


def looked(data: Path, **given: object) -> dict[str, str]:
    """What is told of each thing; what is wrong begins with an exclamation mark."""
    parser = argparse.ArgumentParser()
    doctor_backend.add_options(parser)
    options = parser.parse_args(["--data", str(data)])
    vars(options).update(given)
    found = {}
    for name, look in doctor_backend.looks(options):
        try:
            found[name] = look()
        except ChironomyError as error:
            found[name] = f"!{error}"
        assert "\n" not in found[name]
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which a backend has worked."""
    folder = tmp_path / "data"
    with DataLock(folder):
        read_or_make_token(folder / "token")
        Store(folder / "jobs.sqlite").close()
    return folder


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A backend that runs, as a process; a parameter gives the name that it is called by and that it proves."""
    command = [sys.executable, "-m", "chironomy", "serve", "--data", str(tmp_path / "data")]
    if name := getattr(request, "param", None):
        command += ["--name", name]
        for option, path in certificate(tmp_path, name).items():
            command += [f"--{option}", str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert "backend at" in process.stdout.readline()
        yield SimpleNamespace(process=process, data=tmp_path / "data")
        process.kill()


def test_a_folder_in_which_all_is_well(data: Path, chironomy_command: Command) -> None:
    assert not [told for told in looked(data).values() if told.startswith("!")]
    assert looked(data)["lock"] == "free"
    assert looked(data)["record"].startswith("0 jobs in ")


def test_a_fault_ends_the_command_with_1_and_its_cure(data: Path, chironomy_command: Command) -> None:
    (data / "token").write_text("")
    said = chironomy_command("doctor", "--data", data)
    assert said.code == 1
    assert f"wrong   token         {data / 'token'} is empty, as a full disk leaves it: delete it" in said.out
    assert said.out.endswith("the backend has a fault: see what is wrong\n")


def test_a_backend_that_works_there_is_told(served: SimpleNamespace) -> None:
    told = read_handshake(served.data / "server.json")
    assert told is not None
    found = looked(served.data, port=int(told.url.rpartition(":")[2]))
    assert found["lock"] == f"a backend works there, at {told.url} (process {told.pid})"
    assert found["port"].endswith("is that of the backend which works in the data folder")
    assert found["record"] == "looked after by the backend that works there"


def test_a_lock_of_a_dead_backend_is_free(served: SimpleNamespace) -> None:
    pid = served.process.pid
    served.process.kill()
    served.process.wait()
    assert looked(served.data)["lock"] == f"free; its backend (process {pid}) was killed, and the next goes on"


def test_a_lock_of_a_backend_that_hangs_names_the_process_to_end(
    served: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chironomy.client import Client

    monkeypatch.setattr("chironomy.client.Client", lambda url, token, **_: Client(url, token, timeout=0.5))
    served.process.send_signal(signal.SIGSTOP)
    try:
        found = looked(served.data)["lock"]
    finally:
        served.process.send_signal(signal.SIGCONT)
    assert found.startswith("!the backend at http://127.0.0.1:")
    assert f"(process {served.process.pid}) holds the data folder and does not answer" in found
    assert "end that process and start it anew" in found


@pytest.mark.parametrize("served", ["localhost"], indirect=True)
def test_a_backend_whose_authority_is_not_known_here_need_not_end(served: SimpleNamespace) -> None:
    found = looked(served.data)["lock"]
    assert found.startswith(f"!a backend works there (process {served.process.pid}), and this command cannot speak")
    assert "name the file of its authority (--ca" in found
    assert "end that process" not in found
    found = looked(served.data, ca=served.data.parent / "authority.pem")["lock"]
    assert found.startswith("a backend works there, at https://localhost:")


@pytest.mark.parametrize("served", ["farm.invalid"], indirect=True)
def test_a_backend_whose_name_is_not_known_here_need_not_end(served: SimpleNamespace) -> None:
    found = looked(served.data)["lock"]
    assert found.startswith("!a backend works there, at https://farm.invalid:")
    assert "this machine does not find the name farm.invalid" in found
    assert "end that process" not in found


def test_a_lock_of_somebody_who_does_not_say_where_they_are(data: Path) -> None:
    with DataLock(data):
        assert "holds" in looked(data)["lock"]
        assert "does not say where it listens" in looked(data)["lock"]


def test_a_port_that_is_taken_names_who_took_it(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        found = looked(data, port=number)["port"]
    assert found.startswith(f"!{number} is taken by another program")
    assert "choose another --port" in found
    assert looked(data, port=number)["port"] == f"{number} is free"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_the_port_is_looked_at_where_the_backend_will_listen(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert looked(data, port=number)["port"] == f"{number} is free"
        assert "is taken by another program" in looked(data, port=number, host="127.0.0.2")["port"]


@pytest.mark.parametrize("host", ["192.0.2.77", "farm.example"])
def test_a_host_that_is_none_of_this_machine(data: Path, host: str) -> None:
    assert looked(data, port=8123, host=host)["port"].startswith(f"!'{host}' is no address of this machine; give one")


def test_a_disk_without_room_and_a_folder_without_rights(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=5 << 20)
    with monkeypatch.context() as patch:
        patch.setattr(doctor_backend.shutil, "disk_usage", lambda _: usage)
        assert "has only 5 MiB free; make room there" in looked(data)["data folder"]
    for number, words in (
        (28, "No space left on device); make room there"),
        (30, "Read-only file system); see to its"),
    ):

        def refused(number: int = number, **_: object) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(doctor_backend.tempfile, "TemporaryFile", refused)
            assert f"!{data} cannot be written ({words}" in looked(data)["data folder"]
    (data.parent / "file").touch()
    assert "is no folder" in looked(data.parent / "file")["data folder"]


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("short", "holds no token of")])
def test_a_token_file_without_a_token(data: Path, content: str, words: str) -> None:
    (data / "token").write_text(content)
    assert words in looked(data)["token"]
    assert "delete it" in looked(data)["token"]


def test_a_token_that_others_can_read(data: Path) -> None:
    (data / "token").chmod(0o644)
    assert "can be read by others: run chmod 600" in looked(data)["token"]


def test_a_damaged_record_is_told_and_left_as_it_is(data: Path) -> None:
    record = data / "jobs.sqlite"
    record.write_bytes(record.read_bytes()[:4096] + b"\xa5" * (record.stat().st_size - 4096))
    before = record.read_bytes()
    found = looked(data)["record"]
    assert found.startswith(f"!{record} is damaged (")
    assert "start the backend anew, which sets it aside" in found
    assert record.read_bytes() == before
    Store(record).close()
    assert looked(data)["record"].endswith(".sqlite was damaged, and set aside")


def test_a_record_of_a_later_version(data: Path) -> None:
    with closing(sqlite3.connect(data / "jobs.sqlite")) as database:
        database.execute("PRAGMA user_version = 99")
    assert "made by a later version of chironomy: update this one" in looked(data)["record"]


def certificate(folder: Path, *names: str, ends: datetime.datetime | None = None) -> dict[str, Path]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    one = authority.issue_cert(*names, not_after=ends)
    found = {"certificate": folder / "certificate.pem", "key": folder / "key.pem"}
    one.private_key_pem.write_to_path(str(found["key"]))
    one.cert_chain_pems[0].write_to_path(str(found["certificate"]))
    return found


def test_certificates(data: Path, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    good = certificate(tmp_path, "farm.example", ends=now + datetime.timedelta(days=90))
    assert looked(data, **good, name=["farm.example"])["certificate"].startswith("good until ")
    assert "for farm.example" in looked(data, **good, name=["farm.example"])["certificate"]
    other = looked(data, **good, name=["other.example"])["certificate"]
    assert "is not for other.example; get one for that name" in other
    soon = certificate(tmp_path, "farm.example", ends=now + datetime.timedelta(days=3))
    assert looked(data, **soon)["certificate"].endswith("it ends soon, get a new one")
    old = certificate(tmp_path, "farm.example", ends=now - datetime.timedelta(days=1))
    assert "has expired; get a new one" in looked(data, **old, name=["farm.example"])["certificate"]
    (tmp_path / "key.pem").write_text("none")
    assert "give PEM files that belong together" in looked(data, **old)["certificate"]
    assert "give --key, too" in looked(data, certificate=old["certificate"])["certificate"]
    assert "There is no file" in looked(data, certificate=tmp_path / "none", key=old["key"])["certificate"]


def test_users(data: Path, tmp_path: Path) -> None:
    assert "cannot be read" in looked(data, users=tmp_path / "users.json")["users"]
    (tmp_path / "users.json").touch(0o600)
    (tmp_path / "users.json").write_text(json.dumps({"format": "chironomy.users/1", "users": {"ana": "0" * 64}}))
    assert looked(data, users=tmp_path / "users.json")["users"].startswith("ana in ")
