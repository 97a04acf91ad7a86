# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of job that make films and bodies, run for real on small takes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.motion import FaceTrack, HandMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS
from chironomy.service import kinds, limits
from chironomy.service.errors import ServiceError
from chironomy.service.kinds import KINDS
from chironomy.service.settings import check_settings
from chironomy.shot.camera import portrait_camera
from chironomy.shot.errors import RenderCancelled, VideoError
from chironomy.shot.packed import unpack_pictures
from chironomy.shot.shot import Shot
from chironomy.video.film.encode import probe
from chironomy.work import Work


@pytest.fixture
def hands() -> HandMotion:
    position = np.tile([[0.2, -0.25, 0.3], [-0.2, -0.25, 0.3]], (6, 1, 1))
    return HandMotion(24.0, position, np.tile(quaternion.IDENTITY, (6, 2, 16, 1)), np.ones((6, 2)))


def settings_of(kind: str, given: dict) -> dict:
    return check_settings(kind, KINDS[kind].settings, given)


def test_a_shot_becomes_a_film_of_the_asked_format_with_previews(hands: HandMotion, tmp_path: Path) -> None:
    from PIL import Image

    rig, seen = load_rig(), []
    face = FaceTrack(24.0, np.zeros((6, len(FACE_ACTIONS))))
    Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 64, 96)).save(tmp_path / "shot.zip")
    kind = KINDS["video"]
    settings = settings_of("video", {"format": "webm"})
    work = Work(lambda *_: None, lambda: False, seen.append)
    kind.run({"shot": tmp_path / "shot.zip"}, settings, tmp_path / "result.mp4", work)
    assert probe(tmp_path / "result.mp4").video_codec == "vp9"
    assert kind.media_type_of(settings) == "video/webm"
    assert kind.media_type_of(settings_of("video", {})) == "video/mp4"
    assert Image.open(io.BytesIO(seen[0])).size == (64, 96)


def test_a_shot_becomes_a_zip_of_pictures_that_unpacks_as_a_folder(hands: HandMotion, tmp_path: Path) -> None:
    from PIL import Image

    rig = load_rig()
    face = FaceTrack(24.0, np.zeros((6, len(FACE_ACTIONS))))
    settings = settings_of("video", {"format": "png"})
    shot = Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 64, 96), settings={"backdrop": "transparent"})
    shot.save(tmp_path / "shot.zip")
    result = tmp_path / "result.mp4"
    KINDS["video"].run({"shot": tmp_path / "shot.zip"}, settings, result, Work(lambda *_: None, lambda: False))
    assert KINDS["video"].media_type_of(settings) == "application/zip"
    unpack_pictures(result, tmp_path / "take")
    names = sorted(path.name for path in (tmp_path / "take").iterdir())
    assert names == ["about.json", *(f"take.{frame:05d}.png" for frame in range(6))]
    with Image.open(tmp_path / "take" / "take.00005.png") as picture:
        assert (picture.mode, picture.size) == ("RGBA", (64, 96))


@pytest.mark.parametrize("name", ["mp4", "png"])
def test_a_job_that_is_tried_again_goes_on_to_the_same_result(
    hands: HandMotion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    rig = load_rig()
    face = FaceTrack(24.0, np.zeros((6, len(FACE_ACTIONS))))
    shot = Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 64, 96), settings={"threads": 1})
    shot.save(tmp_path / "shot.zip")
    settings, results = settings_of("video", {"format": name}), []
    for folder, stops in ((tmp_path / "whole", False), (tmp_path / "stopped", True)):
        folder.mkdir()
        asked = iter([False] * 7 + [True] * 99)
        if stops:
            work = Work(cancelled=lambda asked=asked: next(asked))
            with pytest.raises(RenderCancelled):
                KINDS["video"].run({"shot": tmp_path / "shot.zip"}, settings, folder / "result.mp4", work)
            assert [path for path in folder.rglob("*.png") if path.stat().st_size]
        told: list[float] = []
        work = Work(lambda done, *_, told=told: told.append(done))
        KINDS["video"].run({"shot": tmp_path / "shot.zip"}, settings, folder / "result.mp4", work)
        results.append((folder / "result.mp4").read_bytes())
        assert (next(done for done in told if done > 0) > 1 / 6 + 1e-9) == stops
    assert results[0] == results[1]


def test_a_shot_that_needs_more_memory_than_there_is_says_so_before_it_is_drawn(
    hands: HandMotion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "usual_limit", lambda: 1 << 30)
    rig = load_rig()
    face = FaceTrack(24.0, np.zeros((6, len(FACE_ACTIONS))))
    Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 8192, 8192)).save(tmp_path / "shot.zip")
    run = KINDS["video"].run
    with pytest.raises(ServiceError, match=r"This shot of 8192 by 8192 pixels needs about .* GiB .* may take 1\.0"):
        run({"shot": tmp_path / "shot.zip"}, settings_of("video", {}), tmp_path / "result.mp4", Work())
    assert not (tmp_path / "result.mp4").exists()


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(ServiceError, match="choose one of mp4, webm, prores, prores4444, png, exr"):
        settings_of("video", {"format": "gif"})


def test_a_worker_looks_at_all_portraits_with_the_same_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chironomy.video.portrait import perception

    made = []
    real = perception.Perceiver.__init__
    monkeypatch.setattr(
        perception.Perceiver, "__init__", lambda self, **asked: made.append(self) or real(self, **asked)
    )
    monkeypatch.setattr(kinds, "_perceivers", [])
    for number in range(2):
        picture = tmp_path / f"{number}.png"
        Image.new("RGB", (300, 300), (number, 0, 0)).save(picture)
        with pytest.raises(VideoError, match="shows no face that can be found"):
            kinds.run_fit({"picture": picture}, {}, tmp_path / "fit.json", Work())
    (own,) = made
    own.close()
