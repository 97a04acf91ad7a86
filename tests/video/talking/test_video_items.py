# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chironomy.body.rig import Rig
from chironomy.shot.errors import VideoError
from chironomy.shot.shot import Media, Shot
from chironomy.video import maps
from chironomy.video.engines.previz import PrevizEngine
from chironomy.video.film.encode import encode_mp4
from chironomy.video.talking.pipeline import TalkingPipeline
from chironomy.video.talking.training.batches import Clips
from chironomy.video.talking.training.framing import Framing
from chironomy.video.talking.training.items import FolderItem, load_items
from chironomy.video.talking.training.shapes import shape_of
from chironomy.video.talking.training.tracks import KeypointTracks

SIZE = (64, 88)


def frames_of(shot: Shot) -> list[np.ndarray]:
    return list(PrevizEngine().render(shot.replaced(settings={"threads": 1})))


@pytest.fixture(scope="module")
def frames(speaking_shot: Shot) -> list[np.ndarray]:
    return frames_of(speaking_shot)


def write_frames(folder: Path, frames: list[np.ndarray]) -> None:
    (folder / "frames").mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / "frames" / f"{number:03d}.png")


def shot_item(folder: Path, shot: Shot, frames: list[np.ndarray]) -> Path:
    write_frames(folder, frames)
    shot.save(folder / "shot.zip")
    return folder


def points_item(folder: Path, shot: Shot, rig: Rig, frames: list[np.ndarray]) -> KeypointTracks:
    """The shot's own points, as a detector would give them, and no speech."""
    write_frames(folder, frames)
    points = [maps.keypoints(shot, frame, rig) for frame in shot.frames]
    body, hands = (np.stack([one[part] for one in points]) for part in (0, 1))
    face = np.tile([100.0, 30.0, 150.0, 90.0], (len(frames), 1))
    confidence = np.full((len(frames), 2), 0.5)
    size = (shot.width, shot.height)
    tracks = KeypointTracks(folder / "keypoints.npz", shot.fps, size, body, hands, confidence, face)
    tracks.save()
    return tracks


def test_a_shot_beside_its_pictures_gives_maps_that_lie_on_them(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray], rig: Rig
) -> None:
    item = FolderItem(shot_item(tmp_path / "a", speaking_shot, frames), SIZE, pipeline, tmp_path / "cache")
    rows = np.arange(6)
    pictures, drawn = item.pictures(rows), item.maps(rows)
    assert pictures.shape == (6, 88, 64, 3)
    assert drawn.shape == (6, 88, 64, 6)
    assert item.hears
    assert item.audio.shape[0] == 6
    # Where the MANO map shows a hand, the picture shows skin: redder than blue, unlike the backdrop and the clothes.
    hand = drawn[0, ..., :3].max(axis=2) > 200
    colour = pictures[0][hand].astype(float).mean(axis=0)
    assert hand.sum() > 20
    assert colour[0] > colour[2] + 20
    assert (item.face[:, 0] > 20).all()
    assert (item.face[:, 2] < 44).all()


def test_points_beside_pictures_give_a_keypoint_map_and_no_mano_map(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray], rig: Rig
) -> None:
    points_item(tmp_path / "a", speaking_shot, rig, frames)
    item = FolderItem(tmp_path / "a", SIZE, pipeline, tmp_path / "cache")
    drawn = item.maps(np.array([2]))[0]
    assert not drawn[..., :3].any()
    assert drawn[..., 3:].any()
    assert not item.hears
    assert (item.confidence == 0.5).all()


def test_a_video_is_unpacked_once(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray]
) -> None:
    folder = tmp_path / "items" / "a"
    folder.mkdir(parents=True)
    speaking_shot.save(folder / "shot.zip")
    encode_mp4(iter(frames), folder / "video.mp4", speaking_shot.fps, 256, 352)
    item = FolderItem(folder, SIZE, pipeline, tmp_path / "cache")
    first = item.pictures(np.array([0]))[0].astype(float)
    wanted = Framing.fitting((256, 352), SIZE).picture(frames[0]).astype(float)
    assert np.abs(first - wanted).mean() < 6
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.jpg")}
    assert len(before) == 6
    FolderItem(folder, SIZE, pipeline, tmp_path / "cache")
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.jpg")}


def test_clips_are_cut_from_folders(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray], rig: Rig
) -> None:
    shot_item(tmp_path / "items" / "a", speaking_shot, frames)
    points_item(tmp_path / "items" / "b", speaking_shot, rig, frames)
    (tmp_path / "items" / "notes").mkdir()
    found = load_items(tmp_path / "items", SIZE, pipeline, tmp_path / "cache")
    assert [item.name for item in found] == ["a", "b"]
    batch = Clips(found, shape_of(pipeline, 3)).batch(4, 0, 0)
    assert batch.pictures.shape == (4, 3, 88, 64, 3)
    assert batch.hands.max() > 0.5


def test_a_portrait_of_another_shape_is_fitted(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray]
) -> None:
    folder = shot_item(tmp_path / "a", speaking_shot, frames)
    Image.new("RGB", (300, 200), "red").save(folder / "portrait.png")
    portrait = FolderItem(folder, SIZE, pipeline, tmp_path / "cache").portrait()
    assert portrait is not None
    assert portrait.shape == (88, 64, 3)


def test_the_same_part_is_cut_from_pictures_points_and_camera(shot: Shot, rig: Rig) -> None:
    framing = Framing.fitting((256, 352), (64, 64))
    before, _ = maps.keypoints(shot, 0, rig)
    after, _ = maps.keypoints(shot.replaced(camera=framing.camera(shot.camera)), 0, rig)
    np.testing.assert_allclose(framing.points(before), after, atol=1e-9)
    mark = np.zeros((352, 256, 3), np.uint8)
    mark[176 - 40 : 176 - 36, 100:104] = 255
    seen = np.argwhere(framing.picture(mark)[..., 0] > 100).mean(axis=0) + 0.5
    np.testing.assert_allclose(seen[::-1], framing.points(np.array([102.0, 138.0])), atol=0.5)


def test_what_is_wrong_with_an_item_is_said(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray], rig: Rig
) -> None:
    def refused(folder: Path, match: str) -> None:
        with pytest.raises(VideoError, match=match):
            FolderItem(folder, SIZE, pipeline, tmp_path / "cache")

    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, r"empty has neither shot\.zip nor keypoints\.npz")
    speaking_shot.save(empty / "shot.zip")
    refused(empty, r"neither pictures in frames nor a file video\.mp4")

    few = shot_item(tmp_path / "few", speaking_shot, frames[:4])
    refused(few, r"frames has 4 frames, but shot\.zip has 6")

    small = shot_item(tmp_path / "small", speaking_shot, [frame[:, :128] for frame in frames])
    refused(small, r"is 128x352, but shot\.zip is for 256x352")

    slow = tmp_path / "slow"
    tracks = points_item(slow, speaking_shot, rig, frames)
    tracks.fps = 25.0
    tracks.save()
    refused(slow, r"keypoints\.npz has 25 frames a second, but this video model learns at 24")

    (slow / "keypoints.npz").write_bytes(b"no archive")
    refused(slow, r"keypoints\.npz is no whole zip file")

    np.savez(slow / "keypoints.npz", format=np.array("chironomy.keypoints/1"), fps=24.0, size=[256, 352])
    refused(slow, "has no field body")

    with pytest.raises(VideoError, match="holds no items"):
        load_items(empty.parent / "few" / "frames", SIZE, pipeline, tmp_path)


def test_points_of_a_wrong_shape_are_named(tmp_path: Path, speaking_shot: Shot, rig: Rig) -> None:
    tracks = points_item(tmp_path / "a", speaking_shot, rig, [])
    tracks.confidence = np.full((6, 2), 1.5)
    tracks.face = np.zeros((6, 4))
    tracks.save()
    with pytest.raises(VideoError, match="confidence has numbers outside 0 to 1"):
        KeypointTracks.load(tracks.path)
    tracks.confidence = np.ones((5, 2))
    tracks.save()
    with pytest.raises(VideoError, match=r"field confidence is float32 \(5, 2\), but must be \(6, 2\)"):
        KeypointTracks.load(tracks.path)


def test_the_portrait_and_the_speech_of_a_shot_are_taken(
    tmp_path: Path, pipeline: TalkingPipeline, speaking_shot: Shot, frames: list[np.ndarray]
) -> None:
    path = tmp_path / "face.png"
    Image.new("RGB", (128, 176), "blue").save(path)
    shot = speaking_shot.replaced(reference=Media.from_file(path))
    item = FolderItem(shot_item(tmp_path / "a", shot, frames), SIZE, pipeline, tmp_path / "cache")
    portrait = item.portrait()
    assert portrait is not None
    assert (portrait[..., 2] > 250).all()
