# SPDX-License-Identifier: GPL-3.0-or-later
"""A film that was stopped goes on after the frames that it had, and is the same film."""

import errno

import numpy as np
import pytest

from chironomy.shot.errors import RenderCancelled
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film import kept
from chironomy.video.film.encode import read_video_frames
from chironomy.video.render import render_video
from chironomy.work import Work


@pytest.fixture
def stopped(shot, tmp_path):
    """A film that was stopped after some of its six frames; its folder of kept frames."""
    asked = iter([False] * 8 + [True] * 100)
    take = shot.replaced(settings={"threads": 1})
    with pytest.raises(RenderCancelled):
        render_video(take, tmp_path / "take.mp4", Work(cancelled=lambda: next(asked)), kept=tmp_path / "frames")
    assert 0 < len(list((tmp_path / "frames").glob("*.png"))) < 6
    assert not (tmp_path / "take.mp4").exists()
    return take


def drawn(monkeypatch):
    """Which frames are drawn from now on."""
    frames, render = [], PrevizEngine.render

    def counted(self, shot, work):
        frames.extend(shot.frames)
        return render(self, shot, work)

    monkeypatch.setattr(PrevizEngine, "render", counted)
    return frames


def test_a_stopped_film_goes_on_to_the_same_film(stopped, tmp_path, monkeypatch):
    made = len(list((tmp_path / "frames").glob("*.png")))
    frames, progress = drawn(monkeypatch), []
    told = Work(lambda done, *_: progress.append(done))
    assert render_video(stopped, tmp_path / "take.mp4", told, kept=tmp_path / "frames") == 6
    assert frames == list(range(made, 6))
    assert progress[0] == pytest.approx(made / 6)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert not (tmp_path / "frames").exists()
    render_video(stopped, tmp_path / "anew.mp4")
    for one, other in zip(
        read_video_frames(tmp_path / "take.mp4"), read_video_frames(tmp_path / "anew.mp4"), strict=True
    ):
        assert np.array_equal(one, other)


def test_a_kept_frame_that_cannot_be_read_is_drawn_again(stopped, tmp_path, monkeypatch):
    first = tmp_path / "frames" / "000000.png"
    first.write_bytes(first.read_bytes()[:100])
    frames = drawn(monkeypatch)
    assert render_video(stopped, tmp_path / "take.mp4", kept=tmp_path / "frames") == 6
    assert frames == list(range(6))


def test_another_shot_begins_anew(stopped, tmp_path, monkeypatch):
    frames = drawn(monkeypatch)
    other = stopped.replaced(settings={"threads": 1, "outfit": "navy"})
    assert render_video(other, tmp_path / "take.mp4", kept=tmp_path / "frames") == 6
    assert frames == list(range(6))


def test_a_film_is_made_where_there_is_no_room_to_keep_frames(shot, tmp_path, monkeypatch):
    def full(self, frame, picture):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kept.KeptFrames, "_save", full)
    assert render_video(shot, tmp_path / "take.mp4", kept=tmp_path / "frames") == 6
    assert not (tmp_path / "frames").exists()
