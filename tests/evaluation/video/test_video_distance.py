# SPDX-License-Identifier: GPL-3.0-or-later
"""FID and FVD: the stand-ins see what they should, a person's networks are called as documented."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scenes import drifting, picture

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.extractors import (
    ClipStatistics,
    PictureStatistics,
    load_clip_network,
    load_picture_network,
)
from chironomy.evaluation.video.picture_statistics import NUMBERS, picture_statistics
from chironomy.evaluation.video.video_distance import video_distance


def blurred(frame: np.ndarray, times: int) -> np.ndarray:
    result = frame.astype(float)
    for _ in range(times):
        for axis in (0, 1):
            result = (np.roll(result, 1, axis) + 2 * result + np.roll(result, -1, axis)) / 4
    return result.astype(np.uint8)


def test_a_flat_grey_has_its_level_and_nothing_else() -> None:
    numbers = picture_statistics(np.full((64, 64, 3), 51, np.uint8))
    assert len(numbers) == NUMBERS
    assert numbers[0] == pytest.approx(20.0, abs=1e-3)  # 51 of 255
    assert numbers[6:15] == pytest.approx(np.full(9, 20.0), abs=1e-3)
    assert np.delete(numbers, [0, *range(6, 15)]) == pytest.approx(np.zeros(17), abs=1e-3)


def test_the_same_videos_are_no_distance_apart() -> None:
    rows = PictureStatistics().features(drifting(60, 1.0))
    found = video_distance([rows], [rows], 32, "frames")
    assert found.value == pytest.approx(0.0, abs=1e-5)
    assert (found.samples, found.reference_samples, found.numbers) == (60, 60, 27)
    assert found.full_rank


def test_the_stand_in_grows_with_blur_and_with_a_cast() -> None:
    frames = [picture(seed) for seed in range(40)]
    wanted = [PictureStatistics().features(frames)]

    def distance(changed: list[np.ndarray]) -> float:
        return video_distance([PictureStatistics().features(changed)], wanted, 32, "frames").value

    little, much = (distance([blurred(frame, times) for frame in frames]) for times in (1, 4))
    assert 0 < little < much
    cast = [np.clip(frame.astype(int) + np.array([20, 0, -20]), 0, 255).astype(np.uint8) for frame in frames]
    assert distance(cast) > distance([np.clip(frame.astype(int) + 2, 0, 255).astype(np.uint8) for frame in frames]) > 0


def test_clips_tell_motion_that_single_frames_cannot() -> None:
    moving = drifting(96, 1.0)
    order = np.random.default_rng(0).permutation(96)
    shuffled = [moving[index] for index in order]
    pictures, clips = PictureStatistics(), ClipStatistics()
    by_picture = video_distance([pictures.features(shuffled)], [pictures.features(moving)], 8, "frames")
    by_clip = video_distance([clips.features(shuffled)], [clips.features(moving)], 8, "clips")
    assert by_picture.value == pytest.approx(0.0, abs=1e-5)
    assert by_clip.value > 1.0
    assert by_clip.samples == (96 - 16) // 8 + 1
    assert not by_clip.full_rank


def test_the_floor_is_the_references_own() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 400, 4))
    found = video_distance([one + 3.0], [other], 32, "frames")
    assert found.value == pytest.approx(4 * 9.0, rel=0.1)
    assert 0 < found.floor < 0.3


def test_too_few_frames_are_refused() -> None:
    rows = np.zeros((31, 27))
    with pytest.raises(EvaluationError, match="the videos hold 31 frames and 32 are needed"):
        video_distance([rows], [np.zeros((64, 27))], 32, "frames")
    with pytest.raises(EvaluationError, match="the reference holds 0 clips"):
        video_distance([rows], [np.zeros((0, 27))], 8, "clips")


class OwnSize(torch.nn.Module):
    """Takes 8-bit pictures of any size, as the published Inception file does."""

    def forward(self, img: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        assert return_features
        assert img.dtype == torch.uint8
        return img.float().mean(dim=(2, 3))


class Pictures(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[2] == 299
        assert x.shape[3] == 299
        return x.mean(dim=(2, 3))[:, :, None, None]


class Clips(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert list(x.shape) == [1, 3, 16, 224, 224]
        return x.mean(dim=(3, 4)).flatten(1)


class OwnClips(torch.nn.Module):
    """Takes clips of any size in 0..255, as the published I3D file does."""

    def forward(
        self, x: torch.Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> torch.Tensor:
        assert rescale
        assert resize
        assert return_features
        return x.mean(dim=(2, 3, 4))


def saved(network: torch.nn.Module, path: Path) -> Path:
    torch.jit.script(network).save(str(path))
    return path


def test_a_network_for_any_size_gets_the_frames_as_they_are(tmp_path: Path) -> None:
    network = load_picture_network(saved(OwnSize(), tmp_path / "own.pt"))
    frames = [picture(seed) for seed in range(20)]
    assert network.features(frames) == pytest.approx(np.array([frame.mean(axis=(0, 1)) for frame in frames]), rel=1e-5)
    assert not network.stand_in
    assert network.name.startswith("own.pt ")
    assert len(network.name.split()[1]) == 12


def test_other_networks_get_299_pixels_from_0_to_1(tmp_path: Path) -> None:
    network = load_picture_network(saved(Pictures(), tmp_path / "plain.pt"))
    rows = network.features([np.full((48, 64, 3), 51, np.uint8)])
    assert rows == pytest.approx(np.full((1, 3), 0.2), abs=1e-5)


def test_clip_networks_get_16_frames_every_8(tmp_path: Path) -> None:
    frames = [np.full((32, 32, 3), level, np.uint8) for level in range(0, 250, 10)]
    rows = load_clip_network(saved(Clips(), tmp_path / "clips.pt")).features(frames)
    assert rows.shape == (2, 48)
    assert rows[0, :16] == pytest.approx(np.arange(0, 160, 10) / 127.5 - 1, abs=1e-4)
    assert rows[1, 0] == pytest.approx(80 / 127.5 - 1, abs=1e-4)
    own = load_clip_network(saved(OwnClips(), tmp_path / "own.pt")).features(frames)
    assert own[:, 0] == pytest.approx([75.0, 155.0])


def test_what_is_no_network_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.pt").write_text("no network")
    with pytest.raises(EvaluationError, match=r"notes\.pt is no TorchScript file"):
        load_picture_network(tmp_path / "notes.pt")
    with pytest.raises(EvaluationError, match="does not exist; give --fvd-extractor"):
        load_clip_network(tmp_path / "absent.pt")
    with pytest.raises(EvaluationError, match="did not take"):
        load_picture_network(saved(Clips(), tmp_path / "clips.pt")).features([picture()])
