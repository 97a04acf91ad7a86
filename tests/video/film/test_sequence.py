# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of pictures: whole or not there, kept when the disk is full, and taken up again."""

import errno
import json

import numpy as np
import pytest
from PIL import Image

from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film import sequence
from chironomy.video.film.provenance import told
from chironomy.video.render import render_video
from chironomy.work import Work


def pictures(folder):
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))}


def test_a_shot_becomes_numbered_pictures_with_alpha_and_their_sound(speaking_shot, tmp_path):
    take = speaking_shot.replaced(settings={"backdrop": "transparent"}, frame_start=2)
    assert render_video(take, tmp_path / "take") == 4
    found = pictures(tmp_path / "take")
    assert list(found) == [f"take.{frame:05d}.png" for frame in range(2, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(found.values(), PrevizEngine().render(take), strict=True))
    assert (tmp_path / "take" / "take.wav").is_file()
    about = json.loads((tmp_path / "take" / "about.json").read_text())
    assert (about["engine"], about["frames"]) == ("previz", [2, 6])
    with Image.open(tmp_path / "take" / "take.00002.png") as first:
        assert told(first.text["Comment"]) == about
    assert [path.name for path in tmp_path.iterdir()] == ["take"]


def test_a_full_disk_loses_nothing_and_the_render_goes_on(shot, tmp_path, monkeypatch):
    save, saved = sequence._save_png, []

    def full(path, picture, comment):
        if len(saved) == 3:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        saved.append(path)
        save(path, picture, comment)

    monkeypatch.setattr(sequence, "_save_png", full)
    with pytest.raises(VideoError) as raised:
        render_video(shot, tmp_path / "take")
    said = str(raised.value)
    assert "the disk is full; free some space and render again; its 3 finished frames are kept" in said
    assert "\n" not in said
    assert not (tmp_path / "take").exists()
    assert len(list((tmp_path / ".take-unfinished").glob("*.png"))) == 3
    monkeypatch.setattr(sequence, "_save_png", save)
    progress = []
    assert render_video(shot, tmp_path / "take", Work(lambda done, *_: progress.append(done))) == 3
    assert progress[0] > 0.5
    assert all(
        np.array_equal(a, b)
        for a, b in zip(pictures(tmp_path / "take").values(), PrevizEngine().render(shot), strict=True)
    )


def test_a_stopped_render_is_taken_up_again_only_for_the_same_shot(shot, tmp_path):
    asked = iter([False] * 6 + [True] * 100)
    with pytest.raises(RenderCancelled):
        render_video(shot.replaced(settings={"threads": 1}), tmp_path / "take", Work(cancelled=lambda: next(asked)))
    kept = len(list((tmp_path / ".take-unfinished").glob("*.png")))
    assert 0 < kept < 6
    other = shot.replaced(settings={"outfit": "navy", "threads": 1})
    assert render_video(other, tmp_path / "take") == 6


def test_a_folder_that_is_there_is_not_touched(shot, tmp_path):
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "notes.txt").write_text("mine")
    with pytest.raises(VideoError, match="is there already; give the name of a new folder"):
        render_video(shot, tmp_path / "take")
    assert [path.name for path in tmp_path.iterdir()] == ["take"]


def test_odd_sizes_are_no_trouble_for_pictures(shot, rig, tmp_path):
    from chironomy.shot.camera import portrait_camera

    odd = shot.replaced(camera=portrait_camera(rig, 65, 91), frame_stop=1)
    render_video(odd, tmp_path / "take")
    assert next(iter(pictures(tmp_path / "take").values())).shape == (91, 65, 3)


def test_open_exr_holds_light_with_alpha_multiplied_in(shot, tmp_path):
    exr = pytest.importorskip("OpenEXR", reason="the optional package OpenEXR is not installed")
    take = shot.replaced(settings={"backdrop": "transparent"}, frame_stop=1)
    render_video(take, tmp_path / "take", format_name="exr")
    with exr.File(str(tmp_path / "take" / "take.00000.exr")) as file:
        pixels, header = file.channels()["RGBA"].pixels.copy(), dict(file.header())
    light = next(PrevizEngine().render(take.replaced(settings={"backdrop": "transparent", "pixels": "linear"})))
    assert pixels.dtype == np.float16
    np.testing.assert_allclose(pixels, light, rtol=1e-3, atol=1e-4)
    assert told(header["comments"])["engine"] == "previz"


def test_without_open_exr_it_says_what_to_install(shot, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "OpenEXR", None)
    with pytest.raises(VideoError, match=r"pip install 'chironomy\[exr\]'"):
        render_video(shot, tmp_path / "take", format_name="exr")
    assert list(tmp_path.iterdir()) == []


def test_display_values_survive_the_way_to_light_and_back():
    values = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype=np.uint8)] * 2), axis=-1)
    picture = np.concatenate([values, values[..., :1], np.full((*values.shape[:2], 1), 255, np.uint8)], axis=-1)
    assert np.array_equal(sequence.displayed(sequence.linear(picture)), picture)
