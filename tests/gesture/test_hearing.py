# SPDX-License-Identifier: GPL-3.0-or-later
"""Hearing through a wav2vec2 network: a tiny one with random weights, of the published shape."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gesture_samples import babble
from transformers import Wav2Vec2Config, Wav2Vec2Model

from chironomy.gesture import GestureError, hearing
from chironomy.gesture.hearing import encoder_dim, encoder_features, heard, load_encoder
from chironomy.speech.decode import Speech


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    path = tmp_path_factory.mktemp("encoder")
    Wav2Vec2Model(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Wav2Vec2Model:
    return load_encoder(folder)


def test_every_hidden_state_is_heard_at_every_motion_frame(encoder: Wav2Vec2Model) -> None:
    speech = babble(2.0)
    features = heard(speech, 24.0, 0, 48, 48, encoder)
    assert encoder_dim(encoder) == 3 * 16
    assert features.shape == (48, 48)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    # Frame 24 is at 1 s, between the states that stand for samples 49 * 320 + 200 = 15880 and 16200.
    samples = torch.from_numpy((speech.samples - speech.samples.mean()) / np.sqrt(speech.samples.var() + 1e-7))
    padded = torch.cat([samples, torch.zeros(48 * 16000 // 24 + 400 - len(samples))])
    with torch.no_grad():
        states = torch.cat(encoder(padded[None], output_hidden_states=True).hidden_states, dim=-1)[0].numpy()
    expected = states[49] + (16000 - 15880) / 320 * (states[50] - states[49])
    np.testing.assert_allclose(features[24], expected, atol=1e-5)


def test_pieces_of_a_long_recording_join(encoder: Wav2Vec2Model, monkeypatch: pytest.MonkeyPatch) -> None:
    speech = babble(9.0)
    whole = encoder_features(speech, 24.0, 216, encoder)
    monkeypatch.setattr(hearing, "_PIECE_SECONDS", 3.0)
    pieces = encoder_features(speech, 24.0, 216, encoder)
    # Attention looks further than the margin; what is near weighs most.
    assert np.abs(pieces - whole).max() < 0.1 * whole.std()
    assert np.abs(pieces - whole).mean() < 0.02 * whole.std()


def test_silence_comes_before_and_after(encoder: Wav2Vec2Model) -> None:
    speech = Speech.from_samples(babble(2.0).samples.copy(), 16000)
    features = heard(speech, 24.0, 12, 96, 48, encoder)
    alone = heard(speech, 24.0, 0, 96, 48, encoder)
    middle = slice(12 + 10, 12 + 38)
    assert np.corrcoef(features[middle].ravel(), alone[10:38].ravel())[0, 1] > 0.95
    # The convolutions hear nothing in the silence, so the first hidden states there hardly differ.
    assert features[2:9, :16].std(axis=0).max() < 0.5 * features[middle, :16].std(axis=0).max()


def test_another_encoder_is_refused(encoder: Wav2Vec2Model) -> None:
    with pytest.raises(GestureError, match="gives 48 numbers a frame"):
        heard(babble(1.0), 24.0, 0, 24, 9984, encoder)


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GestureError, match="holds no wav2vec2 model"):
        load_encoder(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(GestureError, match="cannot be read as a wav2vec2 model"):
        load_encoder(tmp_path)
