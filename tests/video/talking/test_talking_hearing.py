# SPDX-License-Identifier: GPL-3.0-or-later
"""What stage 2 hears: Whisper's states as EchoMimicV2's pipeline takes them, wav2vec2's, and prosody."""

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model, WhisperConfig, WhisperFeatureExtractor, WhisperModel

from chironomy.shot.errors import VideoError
from chironomy.speech.decode import Speech
from chironomy.speech.prosody import PROSODY_NAMES
from chironomy.video.talking.hearing import heard, log_mel_spectrum, silence, whisper_states, whisper_tokens

RATE = 16000


def small_whisper(seconds: float) -> WhisperModel:
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=20, d_model=16, encoder_layers=4, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_source_positions=round(50 * seconds),
        max_target_positions=8, pad_token_id=1, bos_token_id=1, eos_token_id=1, decoder_start_token_id=1,
    )  # fmt: skip
    return WhisperModel(config).eval()


@pytest.fixture(scope="module")
def speech() -> Speech:
    time = np.arange(round(2.5 * RATE)) / RATE
    voice = 0.4 * np.sin(2 * np.pi * (150 + 40 * time) * time) * np.sin(2 * np.pi * 1.5 * time) ** 2
    return Speech.from_samples(voice.astype(np.float32), RATE)


def test_the_spectrum_is_whispers_own(speech) -> None:
    theirs = WhisperFeatureExtractor(chunk_length=3)(
        np.pad(speech.samples, (0, RATE // 2)), sampling_rate=RATE, return_tensors="np"
    )["input_features"][0]
    ours = log_mel_spectrum(np.pad(speech.samples, (0, RATE // 2)))
    assert ours.shape == theirs.shape == (80, 300)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_states_are_what_enters_and_leaves_each_layer_before_the_last_normalisation(speech) -> None:
    model = small_whisper(3.0)
    states = whisper_states(speech, model)
    assert states.shape == (125, 5, 16)
    spectrum = torch.from_numpy(np.pad(log_mel_spectrum(speech.samples), ((0, 0), (0, 50))))[None]
    with torch.no_grad():
        theirs = model.encoder(spectrum, output_hidden_states=True).hidden_states
        normal = model.encoder.layer_norm(torch.from_numpy(states[:, 4]))
    for layer in range(4):
        np.testing.assert_allclose(states[:, layer], theirs[layer][0, :125].numpy(), atol=1e-5)
    np.testing.assert_allclose(normal.numpy(), theirs[4][0, :125].numpy(), atol=1e-5)


def test_long_recordings_are_heard_in_pieces(speech) -> None:
    model = small_whisper(1.0)
    states = whisper_states(speech, model)
    assert states.shape == (125, 5, 16)
    # The second second begins anew: its first state has the positions of the first.
    assert np.isfinite(states).all()
    assert not np.allclose(states[50:100], states[:50])


def test_a_frame_has_fifty_tokens_from_a_tenth_of_a_second_before_it() -> None:
    states = np.arange(100.0, dtype=np.float32)[:, None, None] + np.arange(5)[:, None] / 10 + np.zeros(3)
    tokens = whisper_tokens(states.astype(np.float32), 24.0, 48)
    assert tokens.shape == (48, 50, 3)
    # Frame 24 is at one second: states 46 to 55, each with its five layers.
    assert tokens[24, :, 0].reshape(10, 5)[:, 0].tolist() == [46, 47, 48, 49, 50, 51, 52, 53, 54, 55]
    np.testing.assert_allclose(tokens[24, :5, 0], [46, 46.1, 46.2, 46.3, 46.4], rtol=1e-5)
    # The first frame repeats what is there.
    assert tokens[0, :, 0].reshape(10, 5)[:, 0].tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]


def test_every_kind_gives_a_row_a_frame(speech) -> None:
    wav2vec2 = Wav2Vec2Model(
        Wav2Vec2Config(
            vocab_size=8, hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
            conv_dim=(8,) * 7, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, num_feat_extract_layers=7,
        )
    ).eval()  # fmt: skip
    assert heard(speech, 24.0, 60, "prosody").shape == (60, len(PROSODY_NAMES))
    assert heard(speech, 24.0, 60, "wav2vec2", wav2vec2).shape == (60, 36)
    assert heard(speech, 24.0, 60, "whisper", small_whisper(3.0)).shape == (60, 50, 16)
    assert silence(24.0, 5, "whisper", small_whisper(1.0)).shape == (5, 50, 16)


def test_a_network_that_is_not_there_is_a_sentence(speech) -> None:
    with pytest.raises(VideoError, match="hears through a whisper network and its folder holds none"):
        heard(speech, 24.0, 10, "whisper")
