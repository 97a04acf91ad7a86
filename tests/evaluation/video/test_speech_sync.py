# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync-C and Sync-D with a network whose embeddings are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scenes import FACE

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.mel_cepstrum import mel_cepstrum
from chironomy.evaluation.video.speech_sync import load_sync_network, speech_sync, sync_distances
from chironomy.speech import Speech


def test_distances_are_least_at_the_offset() -> None:
    random = np.random.default_rng(0)
    heard = random.normal(size=(80, 16))
    seen = np.roll(heard, -4, axis=0)  # the mouth at t is that of the sound at t + 4
    distance = sync_distances(seen, heard)
    assert distance.argmin() == 15 + 4
    assert distance[15 + 4] == pytest.approx(np.linalg.norm(seen[76:], axis=1).sum() / 80, rel=0.4)
    assert np.median(distance) > 4.0


def test_the_cepstrum_of_silence_and_of_a_tone() -> None:
    assert mel_cepstrum(np.zeros(16000, np.float32)).shape == (99, 13)
    times = np.arange(16000) / 16000
    soft, loud = (mel_cepstrum((level * np.sin(2 * np.pi * 440 * times)).astype(np.float32)) for level in (0.1, 0.4))
    # The first number is the logarithm of the energy; the shape of the spectrum does not depend on the level.
    assert (loud - soft)[5:-5, 0] == pytest.approx(np.full(89, 2 * np.log(4)), abs=1e-3)
    assert (loud - soft)[5:-5, 1:] == pytest.approx(np.zeros((89, 12)), abs=1e-2)


class BrightAndLoud(torch.nn.Module):
    """The mouth is as open as the crop is bright, the sound as its energy."""

    @torch.jit.export
    def forward_lip(self, x: torch.Tensor) -> torch.Tensor:
        assert list(x.shape[1:]) == [3, 5, 224, 224]
        return x[:, :, :, 60:150, 60:150].mean(dim=(1, 3, 4)) / 20

    @torch.jit.export
    def forward_aud(self, x: torch.Tensor) -> torch.Tensor:
        assert list(x.shape[1:]) == [1, 13, 20]
        return (x[:, 0, 0].reshape(-1, 5, 4).mean(dim=2) - 13) / 1.2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    torch.jit.script(BrightAndLoud()).save(str(tmp_path / "sync.pt"))
    return tmp_path / "sync.pt"


@pytest.mark.parametrize("late", [0, 4])
def test_a_mouth_that_is_late_is_found_late(network_file: Path, late: int) -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    random = np.random.default_rng(2)
    level = np.repeat(random.uniform(0.02, 0.6, 25), 2)  # 50 frames at 25 a second
    samples = np.repeat(level, 640) * np.sin(np.arange(32000) * 0.3)
    speech = Speech.from_samples(samples.astype(np.float32), 16000)
    energy = mel_cepstrum(speech.samples)[:200, 0]
    energy = np.append(energy, energy[-1:].repeat(200 - len(energy))).reshape(50, 4).mean(axis=1)
    bright = np.clip((np.roll(energy, late) - 13) / 1.2 * 20, 0, 255)
    frames = [np.full((60, 60, 3), round(value), np.uint8) for value in bright]
    found = speech_sync(load_sync_network(network_file), frames, np.tile(FACE + 30, (50, 1, 1)), 25.0, speech)
    assert found is not None
    assert found.offset == pytest.approx(-late / 25)
    assert found.confidence > 1.0
    assert 0 <= found.distance < 4.0


def test_a_moment_or_no_face_has_no_score(network_file: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    network = load_sync_network(network_file)
    speech = Speech.from_samples(np.sin(np.arange(32000) * 0.3).astype(np.float32) * 0.1, 16000)
    frames = [np.zeros((60, 60, 3), np.uint8)] * 20
    assert speech_sync(network, frames, np.tile(FACE, (20, 1, 1)), 25.0, speech) is None
    assert speech_sync(network, frames, np.full((20, 478, 2), np.nan), 25.0, speech) is None


def test_a_network_without_the_two_methods_is_refused(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Identity()).save(str(tmp_path / "other.pt"))
    with pytest.raises(EvaluationError, match="has no method forward_lip"):
        load_sync_network(tmp_path / "other.pt")
