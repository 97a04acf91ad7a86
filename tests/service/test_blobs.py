# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs: whole or absent, named by their hash, bounded in size."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from chironomy.service.blobs import BlobStore
from chironomy.service.errors import ServiceError

DAY = 24 * 3600.0


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files(store: BlobStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def put(store: BlobStore, data: bytes, age: float = 0.0) -> str:
    """Put bytes there as an earlier backend did, which used them last some seconds ago."""
    with BlobStore(store.folder).writer() as writer:
        writer.write(data)
        sha = writer.commit()
    used = time.time() - age
    os.utime(store.path(sha), (used, used))
    return sha


def test_a_blob_lies_under_its_hash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    with store.writer() as writer:
        writer.write(b"spo")
        writer.write(b"ken")
        sha = writer.commit(sha256(b"spoken"))
    assert store.has(sha)
    assert store.path(sha).read_bytes() == b"spoken"


def test_a_wrong_hash_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    with store.writer() as writer:
        writer.write(b"other")
        with pytest.raises(ServiceError, match="announced as SHA-256") as refusal:
            writer.commit(sha256(b"spoken"))
    assert refusal.value.status == 422
    assert files(store) == []


def test_a_blob_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs", limit=10)
    with store.writer() as writer:
        writer.write(b"x" * 8)
        with pytest.raises(ServiceError, match="--upload-limit") as refusal:
            writer.write(b"x" * 8)
    assert refusal.value.status == 413
    assert files(store) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    with store.writer() as writer:
        writer.write(b"half of")
    assert files(store) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "f" * 63, "f" * 64 + "\n"])
def test_only_a_hash_names_a_blob(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServiceError, match="is not a SHA-256"):
        BlobStore(tmp_path).path(name)


def test_old_blobs_are_pruned_by_age(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    old, recent = put(store, b"old", age=8 * DAY), put(store, b"recent", age=2 * DAY)
    assert store.prune(maximum_bytes=1000, maximum_age=7 * DAY) == 3
    assert not store.has(old)
    assert store.has(recent)


def test_the_least_recently_used_are_pruned_by_size(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    first, second, third = (put(store, bytes([n]) * 100, age=(5 - n) * DAY) for n in range(3))
    store.prune(maximum_bytes=250, maximum_age=100 * DAY)
    assert [store.has(sha) for sha in (first, second, third)] == [False, True, True]


def test_what_a_killed_backend_left_is_pruned(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    for name in ("half-an-upload", "job-folder"):
        (store.incoming / name).mkdir() if name == "job-folder" else (store.incoming / name).write_bytes(b"half")
    store.sweep()
    assert list(store.incoming.iterdir()) == []


def test_what_was_used_just_now_is_never_pruned(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    sha = put(store, b"x" * 1000, age=2 * DAY)
    assert store.has(sha), "asking for it is a use"
    assert store.prune(maximum_bytes=0, maximum_age=0.0) == 0


def test_a_clock_that_is_set_back_keeps_the_size_within_its_bounds(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    first, second, third = (put(store, bytes([n]) * 100, age=-(30 + n) * DAY) for n in range(3))
    store.prune(maximum_bytes=1000, maximum_age=7 * DAY)
    assert len(files(store)) == 3, "none is too old"
    store.prune(maximum_bytes=250, maximum_age=7 * DAY)
    assert [store.has(sha) for sha in (first, second, third)] == [False, True, True]


def test_what_was_used_just_now_stays_when_the_clock_is_put_right(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with store.writer() as writer:
        writer.write(b"just now")
        sha = writer.commit()
    year = 365 * DAY
    os.utime(store.path(sha), (time.time() - year,) * 2)
    assert store.prune(maximum_bytes=0, maximum_age=7 * DAY) == 0


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match=r"data folder .* cannot be used .*--data"):
        BlobStore(tmp_path / "file" / "blobs")
