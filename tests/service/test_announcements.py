# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends that say that they run, and are found without their port."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from tiny_backend import PATIENCE, Backend

from chironomy.client import announced, running_backend, start_backend
from chironomy.client.announcements import announce
from chironomy.files import announcements_folder
from chironomy.service.server import serve


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Announcements of this test alone."""
    monkeypatch.setattr("chironomy.client.announcements.announcements_folder", lambda: tmp_path / "backends")
    return tmp_path / "backends"


def test_a_backend_at_an_address_is_found_and_its_secret_stays_in_its_file(folder: Path, backend: Backend) -> None:
    found = running_backend()
    assert found is not None
    assert (found.url, found.token(), found.pid) == (backend.url, backend.token, os.getpid())
    (file,) = folder.iterdir()
    assert backend.token not in file.read_text(encoding="utf-8")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_is_not_found_once_it_has_ended(folder: Path, tmp_path: Path) -> None:
    stop, listening = threading.Event(), threading.Event()
    options = {"data": tmp_path / "data", "stop": stop, "on_listening": lambda *_: listening.set()}
    thread = threading.Thread(target=serve, kwargs=options)
    thread.start()
    assert listening.wait(PATIENCE)
    assert len(announced()) == 1
    stop.set()
    thread.join(PATIENCE)
    assert announced() == []


def test_one_that_a_blender_started_for_itself_is_not_announced(tmp_path: Path) -> None:
    import sys

    before = set(announcements_folder().glob("*"))
    with start_backend(sys.executable, data=tmp_path / "data"):
        assert set(announcements_folder().glob("*")) == before


def test_one_that_was_killed_is_forgotten_and_is_not_sent_the_secret(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-of-more-than-16-characters", encoding="ascii")
    with announce("http://127.0.0.1:9", tmp_path / "token"):
        (file,) = folder.iterdir()
        fields = json.loads(file.read_text(encoding="utf-8"))
        assert running_backend() is None
    fields["pid"] = 2**22 + 1
    dead = folder / file.name.replace(str(os.getpid()), str(fields["pid"]))
    dead.write_text(json.dumps(fields), encoding="utf-8")
    dead.chmod(0o600)
    assert running_backend() is None
    assert not dead.exists() or os.name != "posix"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", 0o600),
        ("[]", 0o600),
        ('{"url": "http://127.0.0.1:9", "token_file": "t", "pid": "x", "version": "1"}', 0o600),
        ('{"url": "http://elsewhere:9", "token_file": "t", "pid": 1, "version": "1"}', 0o600),
        ('{"url": "http://127.0.0.1:9", "token_file": "t", "pid": 1, "version": "1"}', 0o622),
    ],
)
def test_what_is_no_announcement_of_this_user_is_not_believed(
    folder: Path, text: str, mode: int, tmp_path: Path
) -> None:
    with announce("http://127.0.0.1:9", tmp_path / "token"):
        (file,) = folder.iterdir()
        assert len(announced()) == 1
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        assert announced() == [] or os.name != "posix"
