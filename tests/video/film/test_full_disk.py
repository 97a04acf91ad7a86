# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is really full: one sentence, and nothing is lost."""

import subprocess
import sys

import numpy as np
import pytest

from chironomy.errors import ChironomyError
from chironomy.shot.formats import FORMATS
from chironomy.video.film.encode import encode_film, probe
from chironomy.video.film.finished import FinishedParts
from chironomy.video.render import render_video

WIDTH, HEIGHT = 256, 192
FILMS = [entry for entry in FORMATS.values() if not entry.sequence]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux":
        pytest.skip("small file systems are made on Linux here")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("making a small file system needs rights that this account has not")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def noise(count):
    random = np.random.default_rng(0)
    for _ in range(count):
        yield random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize("chosen", FILMS, ids=[entry.name for entry in FILMS])
def test_a_film_that_does_not_fit_leaves_the_older_one(small_disk, chosen):
    path = small_disk / f"take{chosen.suffix}"
    encode_film((np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(2)), path, 24, WIDTH, HEIGHT, chosen=chosen)
    before = path.read_bytes()
    with pytest.raises(ChironomyError) as raised:
        encode_film(noise(24), path, 24, WIDTH, HEIGHT, chosen=chosen)
    assert "the disk is full; free some space" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == before
    assert [file.name for file in small_disk.iterdir()] == [path.name]
    assert probe(path).frame_count == 2


def test_pictures_that_do_not_fit_are_kept_up_to_there(shot, small_disk):
    with pytest.raises(ChironomyError) as raised:
        render_video(shot, small_disk / "take")
    assert "the disk is full" in str(raised.value)
    assert "finished frames are kept" in str(raised.value)
    kept = list((small_disk / ".take-unfinished").glob("take.*.png"))
    assert 0 < len(kept) < 6
    assert not (small_disk / "take").exists()


def test_a_part_of_a_render_that_does_not_fit_leaves_those_before(small_disk):
    finished = FinishedParts(small_disk / "unfinished", "0" * 64, ("frames",))
    frames = np.stack(list(noise(2)))
    finished.save(0, "first", {"frames": frames})
    with pytest.raises(ChironomyError, match="free some space, or set keep_finished to false") as raised:
        finished.save(1, "second", {"frames": frames})
    assert "\n" not in str(raised.value)
    assert np.array_equal(finished.load(0, "first")["frames"], frames)
    assert len(list(finished.folder.iterdir())) == 1
