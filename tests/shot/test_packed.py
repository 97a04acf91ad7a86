# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures through one file."""

import errno
import os
import zipfile
from pathlib import Path

import pytest

from chironomy.shot.errors import VideoError
from chironomy.shot.packed import check_folder, pack_pictures, room_beside, unpack_pictures


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for frame in (7, 8):
        (folder / f"pictures.{frame:05d}.png").write_bytes(b"picture %d" % frame)
    (folder / "pictures.wav").write_bytes(b"sound")
    (folder / "about.json").write_bytes(b"{}")
    pack_pictures(folder, tmp_path / "packed.zip")
    return tmp_path / "packed.zip"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_are_named_after_the_new_folder(archive: Path, tmp_path: Path) -> None:
    unpack_pictures(archive, tmp_path / "take 3")
    assert contents(tmp_path / "take 3") == {
        "take 3.00007.png": b"picture 7",
        "take 3.00008.png": b"picture 8",
        "take 3.wav": b"sound",
        "about.json": b"{}",
    }


def test_the_same_pictures_give_the_same_zip(archive: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "pictures").iterdir():
        os.utime(path, (1e9, 1e9))
    pack_pictures(tmp_path / "pictures", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_an_empty_folder_is_taken_and_a_full_one_is_kept(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    unpack_pictures(archive, tmp_path / "empty")
    assert len(contents(tmp_path / "empty")) == 4
    before = contents(tmp_path / "empty")
    with pytest.raises(VideoError, match="empty is there already; give the name of a new folder, or remove it"):
        unpack_pictures(archive, tmp_path / "empty")
    assert contents(tmp_path / "empty") == before
    with pytest.raises(VideoError, match="empty is there already"):
        check_folder(tmp_path / "empty")
    check_folder(tmp_path / "new")


@pytest.mark.parametrize("name", ["../escaped.png", "/escaped.png", ".1.png", "script.py", ".00001.png/x", "..wav"])
def test_nothing_but_pictures_is_unpacked(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as packed:
        packed.writestr(".00000.png", b"picture")
        packed.writestr(name, b"harm")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(VideoError, match=r"strange.zip is no folder of pictures: it has '"):
        unpack_pictures(tmp_path / "strange.zip", tmp_path / "take")
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_file_leaves_nothing_behind(archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[data.index(b"picture 8")] ^= 1
    archive.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(VideoError, match=r"packed.zip is damaged: '.00008.png' is not .*; render again"):
        unpack_pictures(archive, tmp_path / "take")
    archive.write_bytes(b"nonsense")
    with pytest.raises(VideoError, match=r"packed.zip is no whole zip file: .*; render again"):
        unpack_pictures(archive, tmp_path / "take")
    assert sorted(tmp_path.iterdir()) == before


def test_packing_leaves_the_files_and_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "about"
    folder.mkdir()
    (folder / "about.00000.exr").write_bytes(b"light")
    (folder / "about.json").write_bytes(b"{}")
    pack_pictures(folder, tmp_path / "packed.zip")
    assert set(contents(folder)) == {"about.00000.exr", "about.json"}
    unpack_pictures(tmp_path / "packed.zip", tmp_path / "take")
    assert contents(tmp_path / "take") == {"take.00000.exr": b"light", "about.json": b"{}"}


def test_a_full_disk_is_said_in_a_sentence(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("chironomy.shot.packed.Archive.copy", full)
    with pytest.raises(VideoError, match=r"take could not be written \(No space left on device\); free some space"):
        unpack_pictures(archive, tmp_path / "take")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "more.00000.png").write_bytes(b"picture")
    monkeypatch.setattr("chironomy.shot.packed.shutil.copyfileobj", full)
    with pytest.raises(VideoError, match=r"the pictures could not be packed \(No space left on device\); free some"):
        pack_pictures(tmp_path / "more", tmp_path / "more.zip")
    monkeypatch.setattr("chironomy.shot.packed.tempfile.TemporaryDirectory", full)
    with (
        pytest.raises(VideoError, match=r"other cannot be made \(No space left on device\); choose a folder"),
        room_beside(tmp_path / "other"),
    ):
        pass


def test_the_room_beside_is_gone_afterwards(tmp_path: Path) -> None:
    with (
        pytest.raises(VideoError, match=r"take cannot be made .*; choose a folder that you may write to"),
        room_beside(tmp_path / "nowhere" / "take"),
    ):
        pass
    with room_beside(tmp_path / "take") as room:
        (room / "file").write_bytes(b"x")
        assert room.parent == tmp_path
    assert not list(tmp_path.iterdir())
