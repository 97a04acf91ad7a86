# SPDX-License-Identifier: GPL-3.0-or-later
"""Alignment, expressions, identity and lips on points and pictures made up for it."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenes import FACE, picture

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.frechet import frechet_distance
from chironomy.evaluation.video.expression_distance import NUMBERS, expressions
from chironomy.evaluation.video.face_shape import LOWER_LIP, aligned_faces, similarity_to, transformed
from chironomy.evaluation.video.identity import (
    PLACES,
    face_crop,
    identity_similarity,
    load_face_network,
)
from chironomy.evaluation.video.lip_sync import lip_sync, loudness, mouth_opening
from chironomy.speech import Speech


@given(st.floats(-3, 3), st.floats(0.2, 5), st.floats(-50, 50), st.floats(-50, 50))
def test_a_turn_scale_and_shift_is_found_and_undone(turn: float, scale: float, x: float, y: float) -> None:
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * scale
    moved = FACE @ matrix.T + [x, y]
    assert transformed(moved, similarity_to(moved, FACE)) == pytest.approx(FACE, abs=1e-6)


def talking(frames: int = 40, opening: float = 2.0) -> np.ndarray:
    """Faces whose lower lip goes down and up."""
    faces = np.tile(FACE, (frames, 1, 1))
    faces[:, LOWER_LIP, 1] += opening * np.sin(np.arange(frames) / 3) ** 2
    return faces


def test_expressions_do_not_know_where_a_head_is_or_whose() -> None:
    near = expressions(talking())
    assert near.shape == (40, NUMBERS)
    far = expressions(talking() * 0.5 + np.linspace(0, 30, 40)[:, None, None])
    assert far == pytest.approx(near, abs=1e-6)
    other = FACE * [1.3, 0.8]
    broad = expressions(talking() - FACE + other)
    assert np.ptp(broad, axis=0).max() == pytest.approx(np.ptp(near, axis=0).max(), rel=0.5)
    assert frechet_distance(near, near) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(expressions(talking(40, 4.0)), near) > 1.0


def test_frames_without_a_face_are_left_out() -> None:
    faces = talking()
    faces[3] = np.nan
    assert len(aligned_faces(faces)) == 39
    assert expressions(np.full((5, 478, 2), np.nan)).shape == (0, NUMBERS)


def test_the_crop_has_the_five_points_in_their_places() -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    frame = np.zeros((200, 200, 3), np.uint8)
    face = FACE.copy()
    points = [468, 473, 1, 61, 291]
    face[points] = PLACES * 0.8 + [60, 40]
    for x, y in face[points].round().astype(int):
        frame[y - 1 : y + 2, x - 1 : x + 2] = 255
    crop = face_crop(frame, face)
    assert crop.shape == (112, 112, 3)
    for x, y in PLACES.round().astype(int):
        assert crop[y, x, 0] > 150


class Mean(torch.nn.Module):
    """Embeds a face as the mean of its three colours."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert list(x.shape) == [1, 3, 112, 112]
        return x.mean(dim=(2, 3))


def test_identity_is_the_mean_cosine_to_the_portrait(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    network = load_face_network(tmp_path / "mean.pt")
    face = FACE.copy()
    face[[468, 473, 1, 61, 291]] = PLACES
    red, green = (np.zeros((112, 112, 3), np.uint8) + colour for colour in ([255, 0, 0], [0, 255, 0]))
    portrait = network.of_face(red.astype(np.uint8), face)
    frames = [frame.astype(np.uint8) for frame in (red, green, red)]
    faces = np.stack([face, face, np.full_like(face, np.nan)])
    # The embeddings are about (1, -1, -1) and (-1, 1, -1), whose cosine is -1/3; the last frame has no face.
    assert identity_similarity(network, portrait, frames, faces) == pytest.approx((1 - 1 / 3) / 2, abs=0.02)
    assert np.isnan(identity_similarity(network, portrait, frames, np.full((3, 478, 2), np.nan)))


def _field(number: int, value: bytes | int | str) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def onnx_mean(path: Path) -> Path:
    """An ONNX file of one node, GlobalAveragePool, written field by field (onnx.proto)."""

    def tensor(name: str, *sizes: int) -> bytes:
        shape = b"".join(_field(1, _field(1, size)) for size in sizes)
        return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))

    node = _field(1, "x") + _field(2, "y") + _field(4, "GlobalAveragePool")
    graph = _field(1, node) + _field(2, "g") + _field(11, tensor("x", 1, 3, 112, 112))
    graph += _field(12, tensor("y", 1, 3, 1, 1))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    return path


def test_onnx_and_torchscript_embed_alike(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    face = FACE * 2 + 60
    frame = picture(0, 120, 120)
    by_onnx = load_face_network(onnx_mean(tmp_path / "mean.onnx")).of_face(frame, face)
    assert by_onnx == pytest.approx(load_face_network(tmp_path / "mean.pt").of_face(frame, face), abs=1e-4)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV comes with mediapipe")
    (tmp_path / "bad.onnx").write_bytes(struct.pack("<I", 7) * 20)
    with pytest.raises(EvaluationError, match=r"bad\.onnx is no ONNX file"):
        load_face_network(tmp_path / "bad.onnx")
    with pytest.raises(EvaluationError, match="does not exist; give --face-extractor"):
        load_face_network(tmp_path / "absent.onnx")


def test_the_mouths_opening_is_in_sizes_of_the_face() -> None:
    faces = np.tile(FACE, (2, 1, 1))
    faces[:, [13, 14]] = [[0, 0], [0, 3]]
    faces[:, [33, 263]] = [[0, 0], [12, 0]]
    assert mouth_opening(faces) == pytest.approx([0.25, 0.25])
    assert mouth_opening(faces * 7) == pytest.approx([0.25, 0.25])


def syllables(frames: int = 120) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.convolve(random.random(frames + 4), np.ones(5) / 5, mode="valid")


@pytest.mark.parametrize("late", [-4, 0, 3])
def test_a_late_mouth_has_a_positive_lag(late: int) -> None:
    signal = syllables()
    found = lip_sync(np.roll(signal, late), signal, 24.0)
    assert found.lag == pytest.approx(late / 24, abs=0.3 / 24)
    assert found.best == pytest.approx(1.0, abs=0.02)
    assert (found.correlation == pytest.approx(1.0)) == (late == 0)


def test_a_mouth_that_speaks_something_else_does_not_correlate() -> None:
    noise = np.random.default_rng(5).random(240)
    found = lip_sync(noise, syllables(240), 24.0)
    assert abs(found.correlation) < 0.2
    assert np.isnan(found.lag), "a lag of chance is no lag"


@pytest.mark.parametrize("opening", [np.zeros(120), np.full(120, np.nan), syllables(20)])
def test_a_shut_lost_or_short_mouth_has_no_correlation(opening: np.ndarray) -> None:
    assert np.isnan(lip_sync(opening, syllables(), 24.0).correlation)


def test_loudness_is_within_its_range_and_silent_after_the_end() -> None:
    times = np.arange(16000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 200 * times) * (times > 0.5)
    level = loudness(Speech.from_samples(tone, 16000), 24.0, 48)
    assert level[:10].max() < 5
    assert level[15:22].min() > 25
    assert (level[25:] == 0).all()
