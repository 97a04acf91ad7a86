# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from chironomy.body.rig import Rig
from chironomy.cli import main
from chironomy.shot.camera import portrait_camera
from chironomy.shot.errors import VideoError
from chironomy.shot.shot import Shot
from chironomy.video import maps
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film.encode import encode_mp4
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.items import FolderItem
from chironomy.video.talking.training.prepare import hand_confidence, prepare_video, sharpness
from chironomy.video.talking.training.tracks import KeypointTracks

BOX = np.array([20.0, 20.0, 80.0, 80.0])


def checkerboard() -> Image.Image:
    rows, columns = np.indices((100, 100)) // 5
    return Image.fromarray((255 * ((rows + columns) % 2)).astype(np.uint8)).convert("RGB")


def test_a_blurred_hand_is_less_sharp() -> None:
    sharp = checkerboard()
    values = [sharpness(np.array(sharp.filter(ImageFilter.GaussianBlur(radius))), BOX) for radius in (0, 1, 3)]
    assert values[0] > 2 * values[1] > 4 * values[2]


def test_confidence_is_of_hands_that_are_found_beside_the_sharpest() -> None:
    scores = np.array([[0.9, 0.0], [0.9, 0.9], [0.9, 0.9]])
    sharp = np.array([[40.0, 0.0], [40.0, 20.0], [40.0, 40.0]])
    np.testing.assert_allclose(hand_confidence(scores, sharp), [[0.9, 0.0], [0.9, 0.45], [0.9, 0.9]])


def test_a_video_without_hands_has_none() -> None:
    assert not hand_confidence(np.zeros((3, 2)), np.zeros((3, 2))).any()


def test_a_soft_video_has_no_sure_hands() -> None:
    assert hand_confidence(np.ones((3, 2)), np.full((3, 2), 2.0)).max() == pytest.approx(0.25)


@pytest.fixture(scope="module")
def video(shot: Shot, rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn frames, 384 by 528."""
    larger = shot.replaced(camera=portrait_camera(rig, 384, 528), frame_stop=3)
    path = tmp_path_factory.mktemp("videos") / "talk.mp4"
    encode_mp4(PrevizEngine().render(larger), path, larger.fps, 384, 528)
    return path


def test_a_plain_video_becomes_an_item(
    tmp_path: Path, video: Path, shot: Shot, rig: Rig, pipeline: TalkingPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "prepare-video", str(video), "--out", str(tmp_path / "items"), "--height", "528"]
    assert main(command) == 0
    assert "3 frames" in capsys.readouterr().out
    tracks = KeypointTracks.load(tmp_path / "items" / "talk" / "keypoints.npz")
    assert (tracks.frame_count, tracks.fps, tracks.size) == (3, 24.0, (384, 528))

    larger = shot.replaced(camera=portrait_camera(rig, 384, 528))
    body, hands = maps.keypoints(larger, 0, rig)
    names = [maps.BODY_POINTS.index(name) for name in ("eye.L", "eye.R", "upper_arm.L", "upper_arm.R")]
    assert np.abs(tracks.body[0, names] - body[names]).max() < 0.05 * 528
    found = tracks.confidence[0] > 0
    assert found.any()
    for hand in np.flatnonzero(found):
        assert np.abs(tracks.hand_points[0, hand] - hands[hand]).mean() < 0.03 * 528

    item = FolderItem(tmp_path / "items" / "talk", (64, 88), pipeline, tmp_path / "cache")
    assert item.frame_count == 3
    assert not item.hears
    assert main(command) == 0
    assert "is there already" in capsys.readouterr().out


def test_a_video_without_a_person_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = tmp_path / "wall.mp4"
    encode_mp4(iter([np.full((96, 96, 3), 90, np.uint8)] * 2), video, 24.0, 96, 96)
    with pytest.raises(VideoError, match="shows a person's face and shoulders in 0 %"):
        prepare_video(video, tmp_path / "items" / "wall")
    assert not (tmp_path / "items" / "wall").exists()
    assert main(["train", "prepare-video", str(video), "--out", str(tmp_path / "items")]) == 1
    assert "face and shoulders" in capsys.readouterr().out
