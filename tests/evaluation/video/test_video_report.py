# SPDX-License-Identifier: GPL-3.0-or-later
"""`chironomy evaluate video`: videos go in, a table and a file come out, and what is left out is said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scenes import drifting, video

from chironomy.body.pose import solve_pose
from chironomy.body.rig import load_rig
from chironomy.cli import main
from chironomy.evaluation.video.asked_hands import asked_hands
from chironomy.evaluation.video.hand_confidence import hand_keypoint_confidence, hands_found
from chironomy.evaluation.video.hand_distance import hand_keypoint_distance
from chironomy.evaluation.video.perceived_video import perceive_video
from chironomy.motion.face import FACE_ACTIONS, FaceTrack
from chironomy.motion.hand_motion import HandMotion
from chironomy.motion.rotation import IDENTITY, from_rotation_vector, multiply
from chironomy.shot.camera import portrait_camera
from chironomy.shot.shot import Shot
from chironomy.video.engines.registry import get_engine


def measured(folder: Path, *arguments: object) -> dict[str, Any]:
    """What the command writes."""
    assert main(["evaluate", "video", *map(str, arguments), "--json", str(folder / "figures.json")]) == 0
    record = json.loads((folder / "figures.json").read_text())
    assert record["format"] == "chironomy.evaluation.video/1"
    return record


@pytest.mark.usefixtures("without_perception")
class TestWithoutPerception:
    """Looking at pictures is slow; these tests are of what does without."""

    def test_a_video_against_itself(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        take = video(tmp_path / "take.mp4", drifting(80, 1.0))
        record = measured(tmp_path, take, "--reference", take)
        figures = {name: figure["value"] for name, figure in record["figures"].items()}
        assert figures == pytest.approx(
            {"SSIM": 1.0, "PSNR": 100.0, "FID, stand-in": 0.0, "FVD, stand-in": 0.0}, abs=1e-4
        )
        said = capsys.readouterr().out
        assert "1 videos, 1 references" in said
        assert "never to be compared with any paper's" in said
        assert "pip install 'chironomy[vision]'" in said
        assert "fewer samples than the 54 features" in said

    def test_references_are_found_by_name_and_intervals_are_over_videos(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        frames = drifting(40, 1.0)
        paths = []
        for name, error in (("a", 2), ("b", 20)):
            video(tmp_path / "real" / f"{name}.mp4", frames)
            changed = [np.clip(frame.astype(int) + error, 0, 255).astype(np.uint8) for frame in frames]
            paths.append(video(tmp_path / f"{name}.mp4", changed))
        record = measured(tmp_path, *paths, "--reference", tmp_path / "real")
        near, far = (one["PSNR"] for one in record["videos"])
        assert near > far + 5
        figure = record["figures"]["PSNR"]
        assert far <= figure["low"] <= figure["value"] <= figure["high"] <= near
        assert figure["value"] == pytest.approx((near + far) / 2)
        assert figure["unit"] == "dB"

    def test_other_sizes_are_left_out_of_the_comparison_by_pixel(self, tmp_path: Path) -> None:
        take = video(tmp_path / "take.mp4", drifting(40, 1.0))
        large = video(tmp_path / "large.mp4", drifting(40, 1.0, 96, 128))
        record = measured(tmp_path, take, "--reference", large)
        assert "SSIM" not in record["figures"]
        assert "FID, stand-in" in record["figures"]
        assert any("one is 64x48 and the other 128x96" in note for note in record["notes"])

    def test_short_videos_have_no_distance_of_looks(self, tmp_path: Path) -> None:
        take = video(tmp_path / "take.mp4", drifting(20, 1.0))
        record = measured(tmp_path, take, "--reference", take)
        assert set(record["figures"]) == {"SSIM", "PSNR"}
        assert any("FID, stand-in is left out: the videos hold 20 frames" in note for note in record["notes"])

    def test_what_is_missing_is_named(self, tmp_path: Path) -> None:
        notes = "\n".join(measured(tmp_path, video(tmp_path / "take.mp4", drifting(20, 1.0)))["notes"])
        for needed in ("--reference", "--portrait and --face-extractor", "give --speech", "--sync-extractor", "--shot"):
            assert needed in notes

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["absent.mp4"], "absent.mp4 does not exist"),
            (["take.mp4", "--reference", "empty"], "holds no videos"),
            (["take.mp4", "--shot", "absent.zip"], "absent.zip does not exist; give a shot or a folder of them"),
            (["take.mp4", "--motion", "empty"], "holds no motion named take"),
            (["take.mp4", "--shot", "take.mp4"], "take.mp4 is no whole zip file"),
            (["take.mp4", "--json", "figures.txt"], "does not end in .json"),
            (["take.mp4", "--fid-extractor", "take.mp4"], "is no TorchScript file"),
        ],
    )
    def test_what_cannot_be_used_is_one_sentence(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        sentence: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        video(tmp_path / "take.mp4", drifting(4, 1.0))
        (tmp_path / "empty").mkdir()
        assert main(["evaluate", "video", *arguments]) == 2
        said = capsys.readouterr().err
        assert sentence in said
        assert said.count("\n") == 1


def swaying(frames: int = 8) -> HandMotion:
    """Palms towards the body, fingers a little bent, both hands rising and sinking before the chest."""
    position = np.tile([[0.18, -0.22, 0.32], [-0.20, -0.16, 0.32]], (frames, 1, 1))
    position[:, :, 1] += 0.06 * np.sin(2 * np.pi * np.arange(frames) / frames)[:, None]
    rotation = np.tile(IDENTITY, (frames, 2, 16, 1))
    for hand, side in enumerate((1, -1)):
        forward, palm_in = from_rotation_vector([0, -side * 1.9, 0]), from_rotation_vector([-1.2, 0, 0])
        rotation[:, hand, 0] = multiply(forward, palm_in)
        rotation[:, hand, 1:13] = from_rotation_vector([0, 0, -side * 0.3])
    return HandMotion(24.0, position, rotation, np.ones((frames, 2)))


@pytest.fixture(scope="module")
def shot() -> Shot:
    """A third of a second of the embedded character."""
    rig, hands = load_rig(), swaying()
    face = FaceTrack(24.0, np.zeros((hands.frame_count, len(FACE_ACTIONS))))
    return Shot(hands, solve_pose(rig, hands), face, portrait_camera(rig, 512, 704))


@pytest.fixture(scope="module")
def perceiver() -> Iterator[Any]:
    from chironomy.video.portrait.perception import Perceiver

    with Perceiver(mask=False) as opened:
        yield opened


def damaged(frame: np.ndarray, points: np.ndarray, pixels: float) -> np.ndarray:
    """The frame with what is around the points (21, 2) warped by waves of that many pixels."""
    (left, top), (right, bottom) = points.min(axis=0).astype(int) - 14, points.max(axis=0).astype(int) + 14
    y, x = np.mgrid[top:bottom, left:right]
    across, down = pixels * np.sin(y / 4.0), pixels * np.sin(x / 3.0)
    result = frame.copy()
    result[top:bottom, left:right] = frame[(y + down).round().astype(int), (x + across).round().astype(int)]
    return result


@pytest.fixture(scope="module")
def frames(shot: Shot) -> list[np.ndarray]:
    return list(get_engine("previz").render(shot))


def asked_of(shot: Shot) -> np.ndarray:
    return asked_hands(shot.pose, shot.camera, shot.hands.confidence, 0, shot.hands.frame_count, 24.0)


def test_a_hand_whose_shape_breaks_up_is_not_found(shot: Shot, frames: list[np.ndarray], perceiver: Any) -> None:
    broken = [damaged(frame, points[0], 9.0) for frame, points in zip(frames[:4], asked_of(shot), strict=False)]
    seen = perceive_video(perceiver, broken, 24.0)
    assert hands_found(seen.hand_scores[:, 1]) == 1.0
    assert hands_found(seen.hand_scores[:, 0]) <= 0.25
    assert hand_keypoint_confidence(seen.hand_scores) < 0.65


def test_hands_that_were_asked_elsewhere_are_far(shot: Shot, frames: list[np.ndarray], perceiver: Any) -> None:
    lower = shot.hands.replaced(wrist_position=shot.hands.wrist_position - [0.0, 0.08, 0.0])
    edited = shot.replaced(hands=lower, pose=solve_pose(load_rig(), lower))
    seen = perceive_video(perceiver, frames[:2], 24.0)
    near, far = (hand_keypoint_distance(seen.hands, asked_of(one)[:2], 512, 704) for one in (shot, edited))
    assert near < 1.5
    # The picture is 1.08 m high where the hands are, 0.35 m before the body.
    assert far == pytest.approx(100 * 0.08 / 1.08, abs=1.0)


def test_an_empty_scene_has_no_hands_and_no_face(perceiver: Any) -> None:
    seen = perceive_video(perceiver, drifting(3, 5.0, 240, 320), 24.0)
    assert hand_keypoint_confidence(seen.hand_scores) == 0.0
    assert np.isnan(seen.hands).all()
    assert np.isnan(seen.face).all()


class Layout(torch.nn.Module):
    """Embeds a face as its brightness in 64 places: no recognition, but the same picture is the same."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(x, 8).flatten(1)


@pytest.mark.usefixtures("perceiver")
def test_the_command_finds_hands_where_the_shot_asked_and_the_portraits_face(
    shot: Shot, frames: list[np.ndarray], tmp_path: Path
) -> None:
    video(tmp_path / "take.mp4", frames)
    shot.save(tmp_path / "take.zip")
    Image.fromarray(frames[0]).save(tmp_path / "portrait.png")
    torch.jit.script(Layout()).save(str(tmp_path / "layout.pt"))
    face = ["--portrait", tmp_path / "portrait.png", "--face-extractor", tmp_path / "layout.pt"]
    record = measured(tmp_path, tmp_path / "take.mp4", "--shot", tmp_path / "take.zip", *face)
    figures = record["figures"]
    assert figures["hands found"]["value"] == 1.0
    assert figures["HKC"]["value"] >= 0.8
    assert figures["HKV, part of the asked"]["value"] == pytest.approx(1.0, abs=0.2)
    assert figures["hand AKD"]["value"] <= 1.5
    assert figures["CSIM"]["value"] > 0.98
    assert any(note.startswith("CSIM by layout.pt ") for note in record["notes"])
    assert not any("CSIM is left out" in note for note in record["notes"])
