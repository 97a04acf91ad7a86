# SPDX-License-Identifier: GPL-3.0-or-later
"""What stage 2 hears of a recording, a row a video frame.

Three kinds, `audio_features` in a pipeline's configuration. "whisper": the states of Whisper tiny's encoder before its
last normalisation around the frame, 50 tokens of 384 numbers, as EchoMimicV2's weights heard speech. "wav2vec2": all
hidden states of such a network (arXiv 2006.11477). "prosody": `chironomy.speech.prosody`, which needs no network.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.shot.errors import VideoError
from chironomy.speech.decode import SAMPLE_RATE, Speech

AUDIO_FEATURES = ("whisper", "wav2vec2", "prosody")

# Whisper (arXiv 2212.04356): 25 ms windows every 10 ms, 80 bands; two rows become one state.
_WINDOW, _HOP, _BANDS = 400, 160, 80
_STATES_A_SECOND = 50

WHISPER_SPAN = 10
"""States around a frame: four before it and six from it on, 0.2 s; each is a token of every layer."""


def heard(speech: Speech, fps: float, frame_count: int, features: str, encoder: Any = None) -> NDArray[np.float32]:
    """What is heard in every frame.

    Args:
        speech: the recording.
        fps: video frames a second.
        frame_count: how many frames; those after the recording are silence.
        features: one of `AUDIO_FEATURES`.
        encoder: the network that hears: a `WhisperModel` or its encoder, or a `Wav2Vec2Model`; None for prosody.

    Returns:
        (frames, feature_dim) float32, or of Whisper tokens (frames, tokens, token_dim).

    Raises:
        VideoError: the network is missing.
    """
    if features == "prosody":
        from chironomy.speech.prosody import prosody_features

        return prosody_features(speech, fps, frame_count)
    if encoder is None:
        raise VideoError(
            f"this video model hears through a {features} network and its folder holds none in audio_encoder; import "
            "the weights again beside that network"
        )
    if features == "wav2vec2":
        from chironomy.gesture.hearing import encoder_features

        return encoder_features(speech, fps, frame_count, encoder)
    return whisper_tokens(whisper_states(speech, encoder), fps, frame_count)


def silence(fps: float, frame_count: int, features: str, encoder: Any = None) -> NDArray[np.float32]:
    """What is heard in every frame of a shot without speech; see `heard`."""
    seconds = max(frame_count / fps, 0.5)
    quiet = Speech.from_samples(np.zeros(round(seconds * SAMPLE_RATE), np.float32), SAMPLE_RATE, "silence")
    return heard(quiet, fps, frame_count, features, encoder)


def whisper_states(speech: Speech, encoder: Any) -> NDArray[np.float32]:
    """What enters and what leaves each layer of Whisper's encoder, before its last normalisation.

    As EchoMimicV2's pipeline does it: the spectrum of the whole recording is brought to one range, and every 30 s of it
    are heard by themselves, the last ones filled up with zeros.

    Args:
        speech: at 16,000 samples a second.
        encoder: a `WhisperModel` of transformers, or its encoder.

    Returns:
        (states, layers + 1, width), 50 states a second: 5 x 384 for Whisper tiny.
    """
    import torch

    if speech.sample_rate != SAMPLE_RATE:
        raise VideoError(f"{speech.name} has {speech.sample_rate} samples a second; Whisper hears {SAMPLE_RATE}")
    encoder = getattr(encoder, "encoder", encoder)
    weight = encoder.conv1.weight
    spectrum = torch.from_numpy(log_mel_spectrum(speech.samples, weight.shape[1]))
    piece_rows = 2 * encoder.config.max_source_positions
    states = []
    for first in range(0, spectrum.shape[1], piece_rows):
        piece = spectrum[:, first : first + piece_rows]
        rows = piece.shape[1]
        padded = torch.nn.functional.pad(piece, (0, piece_rows - rows))
        with torch.no_grad():
            layers = _layer_states(encoder, padded[None].to(weight.device, weight.dtype))
        states.append(layers[: max(1, rows // 2)])
    return np.concatenate(states)


def _layer_states(encoder: Any, spectrum: Any) -> NDArray[np.float32]:
    """(states, layers + 1, width): hooks see what transformers' own `output_hidden_states` normalises."""
    import torch

    seen: list[torch.Tensor] = []

    def before(_module: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        seen.append(arguments[0] if arguments else options["hidden_states"])

    def after(_module: Any, _arguments: tuple[Any, ...], output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    hooks = [encoder.layers[0].register_forward_pre_hook(before, with_kwargs=True)]
    hooks += [layer.register_forward_hook(after) for layer in encoder.layers]
    try:
        encoder(spectrum)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack([state[0].float() for state in seen], dim=1).cpu().numpy()


def whisper_tokens(states: NDArray[np.float32], fps: float, frame_count: int) -> NDArray[np.float32]:
    """The states around every frame as its tokens, in the order of time and then of layers.

    Args:
        states: (states, layers, width), 50 a second.
        fps: video frames a second.
        frame_count: how many frames.

    Returns:
        (frames, 10 x layers, width).
    """
    middle = (np.arange(frame_count) * (_STATES_A_SECOND / fps)).astype(np.intp)
    around = middle[:, None] + np.arange(WHISPER_SPAN) - 4
    tokens = states[np.clip(around, 0, len(states) - 1)]
    return tokens.reshape(frame_count, -1, states.shape[-1])


def log_mel_spectrum(samples: NDArray[np.float32], bands: int = _BANDS) -> NDArray[np.float32]:
    """(bands, rows) as Whisper was trained to hear: log10 power in mel bands, 8 decades below the loudest at most.

    Formulas and constants of OpenAI's Whisper (arXiv 2212.04356, section 2.2, and its published code).
    """
    import librosa

    spectrum = librosa.stft(
        np.asarray(samples, np.float32), n_fft=_WINDOW, hop_length=_HOP, window="hann", center=True, pad_mode="reflect"
    )[:, :-1]
    mel = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=_WINDOW, n_mels=bands) @ (np.abs(spectrum) ** 2)
    level = np.log10(np.maximum(mel, 1e-10))
    return ((np.maximum(level, level.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
