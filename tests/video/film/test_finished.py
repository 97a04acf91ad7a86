# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished parts of renders: kept whole or not at all, for a week."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from chironomy.shot.errors import VideoError
from chironomy.video.film.finished import KEPT_SECONDS, FinishedParts, digest, forget_old

SHOT, KEY = digest("shot"), digest("part")
ARRAYS = {"frames": np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3), "tail": np.zeros((0, 2), np.float32)}


@pytest.fixture
def finished(tmp_path) -> FinishedParts:
    return FinishedParts(tmp_path, SHOT, tuple(ARRAYS))


def test_a_part_comes_back_as_it_was(finished) -> None:
    finished.save(3, KEY, ARRAYS)
    found = finished.load(3, KEY)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert finished.load(2, KEY) is None
    assert finished.load(3, digest("other")) is None


def test_any_damaged_byte_is_noticed(finished) -> None:
    finished.save(0, KEY, ARRAYS)
    (path,) = finished.folder.iterdir()
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        found = finished.load(0, KEY)
        assert found is None or all(np.array_equal(found[name], array) for name, array in ARRAYS.items())
        path.write_bytes(content[:place])
        assert finished.load(0, KEY) is None


def test_what_was_not_used_for_a_week_is_forgotten(finished, tmp_path) -> None:
    long_ago = time.time() - KEPT_SECONDS - 60
    other = FinishedParts(tmp_path, digest("other"), tuple(ARRAYS))
    for parts in (finished, other):
        parts.save(0, KEY, ARRAYS)
        parts.save(1, KEY, ARRAYS)
        for path in parts.folder.iterdir():
            os.utime(path, (long_ago, long_ago))
    assert finished.load(1, KEY) is not None
    forget_old(tmp_path)
    assert [path.name[:9] for path in tmp_path.rglob("part-*")] == ["part-0001"]
    assert not other.folder.exists()


def test_of_too_many_those_go_that_were_not_used_for_longest(tmp_path) -> None:
    first, second = (FinishedParts(tmp_path, digest(name), tuple(ARRAYS)) for name in ("first", "second"))
    for number in range(3):
        for parts in (first, second):
            parts.save(number, KEY, ARRAYS)
    now = time.time()
    for age, path in enumerate(sorted(tmp_path.rglob("part-*"), key=lambda path: (path.parent != first.folder, path))):
        os.utime(path, (now - 10 * age, now - 10 * age))
    forget_old(tmp_path, size=0)
    assert len(list(tmp_path.rglob("part-*"))) == 6
    for path in tmp_path.rglob("part-*"):
        os.utime(path, (path.stat().st_mtime - 25 * 3600,) * 2)
    forget_old(tmp_path, size=4 * next(tmp_path.rglob("part-*")).stat().st_size)
    assert [first.load(number, KEY) is not None for number in range(3)] == [True, True, True]
    assert [second.load(number, KEY) is not None for number in range(3)] == [True, False, False]
    forget_old(tmp_path, size=0)
    # What was looked for and found counts as used.
    assert len(list(tmp_path.rglob("part-*"))) == 4


def test_it_is_known_without_the_libraries_of_networks() -> None:
    code = "import sys, chironomy.video.film.finished; sys.exit(any(n in sys.modules for n in ('torch', 'diffusers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VideoError, match=r"cannot be written .*; see to that, or set keep_finished to false"):
        FinishedParts(tmp_path / "file", SHOT, tuple(ARRAYS)).save(0, KEY, ARRAYS)
