# SPDX-License-Identifier: GPL-3.0-or-later
"""What stage 1 hears of a recording, a row for every motion frame, with silence before and after it.

Two kinds of features, `audio_features` in a model's configuration: "prosody" (`chironomy.speech.prosody`), and
"wav2vec2", all hidden states of such a network (Baevski et al. 2020, arXiv 2006.11477), as EMO2 hears speech. A token
hears the features of a window of neighbours too: that is the transformer's `audio_context`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError
from chironomy.speech.accents import speech_phrases
from chironomy.speech.decode import SAMPLE_RATE, Speech
from chironomy.speech.prosody import PROSODY_NAMES, prosody_features

if TYPE_CHECKING:
    from transformers import Wav2Vec2Model

AUDIO_FEATURES = ("prosody", "wav2vec2")

# How the features that look ahead fade with the time to what is to come, seconds (see `chironomy.speech.prosody`).
_AHEAD = {"accent_remaining": 0.4, "attack_remaining": 0.25, "pause_remaining": 0.5}
_LOWEST_IN_SILENCE = ("loudness", "mel_")

# Long recordings are heard in pieces, so that the network's memory stays the same however long they are: each piece
# with as much of its neighbours as changes its hidden states noticeably.
_PIECE_SECONDS, _MARGIN_SECONDS = 20.0, 2.0

# Hands prepare before the first word and retract after the last one; farther from any word there is nothing to say.
_AROUND_SPEECH_SECONDS, _FADE_SECONDS = 1.0, 0.5


def near_speech(speech: Speech, fps: float, lead: int, frame_count: int) -> NDArray[np.float32]:
    """(frame_count,) 1 within phrases of speech and a second around them, fading to 0 in half a second more.

    Rows are those of `heard`.
    """
    times = (np.arange(frame_count) - lead) / fps
    away = np.full(frame_count, np.inf)
    for begin, end in speech_phrases(speech):
        first, last = np.searchsorted(times, [begin - 2.0, end + 2.0])
        near = times[first:last]
        away[first:last] = np.minimum(away[first:last], np.maximum(begin - near, near - end))
    return np.clip((_AROUND_SPEECH_SECONDS + _FADE_SECONDS - away) / _FADE_SECONDS, 0, 1).astype(np.float32)


def heard(
    speech: Speech,
    fps: float,
    lead: int,
    frame_count: int,
    audio_dim: int,
    encoder: "Wav2Vec2Model | None" = None,
) -> NDArray[np.float32]:
    """(frame_count, audio_dim) features whose row `lead` is the recording's beginning.

    The rows before it are silence, so that hands begin at rest and can prepare the first stroke, however abruptly the
    recording starts. A model that was trained before columns were added to the prosody hears the first ones.

    Args:
        speech: the recording.
        fps: motion frames a second.
        lead: frames of silence before it.
        frame_count: rows wanted; those after the recording are silence.
        audio_dim: columns that the model wants.
        encoder: the network that hears, for a model of "wav2vec2" features; None for one of "prosody".

    Raises:
        GestureError: the model wants other features than these.
    """
    if encoder is not None:
        if encoder_dim(encoder) != audio_dim:
            raise GestureError(
                f"the audio encoder gives {encoder_dim(encoder)} numbers a frame and this model was trained on "
                f"{audio_dim}; use the encoder it was trained with"
            )
        return encoder_features(speech, fps, frame_count, encoder, lead)
    if audio_dim > len(PROSODY_NAMES):
        raise GestureError(
            f"this model was trained on {audio_dim} speech features a frame and this version measures "
            f"{len(PROSODY_NAMES)}; use weights made by this version"
        )
    features = prosody_features(speech, fps, max(frame_count - lead, 1))[:, :audio_dim]
    silence = np.zeros((lead, audio_dim), np.float32)
    to_come = (np.arange(lead, 0, -1) / fps).astype(np.float32)
    for column, name in enumerate(PROSODY_NAMES[:audio_dim]):
        if name.startswith(_LOWEST_IN_SILENCE) and name not in ("loudness_slope", "loudness_slow"):
            silence[:, column] = -3.0
        elif name in _AHEAD:
            first = features[0, column]
            if name == "pause_remaining":
                first = max(first, features[0, PROSODY_NAMES.index("speech")])
            silence[:, column] = first * np.exp(-to_come / _AHEAD[name])
    return np.concatenate([silence, features])[:frame_count]


def load_encoder(folder: str | Path, device: str = "cpu") -> "Wav2Vec2Model":
    """Load a wav2vec2 network from a local folder; nothing is downloaded.

    Raises:
        GestureError: the folder holds none.
    """
    from transformers import Wav2Vec2Model

    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise GestureError(
            f"{folder} holds no wav2vec2 model; give the folder that has its config.json and its weights, "
            "such as a copy of facebook/wav2vec2-base"
        )
    try:
        encoder = Wav2Vec2Model.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        sentence = str(error).strip().splitlines()[0].rstrip(".")
        raise GestureError(f"{folder} cannot be read as a wav2vec2 model ({sentence}); copy the model again") from error
    encoder.to(device)  # pyright: ignore[reportArgumentType]
    return encoder.eval()


def encoder_dim(encoder: "Wav2Vec2Model") -> int:
    """Numbers a frame of all hidden states: of the embedding and each layer, 13 x 768 for wav2vec2-base."""
    return (int(encoder.config.num_hidden_layers) + 1) * int(encoder.config.hidden_size)


def encoder_features(
    speech: Speech, fps: float, frame_count: int, encoder: "Wav2Vec2Model", lead: int = 0
) -> NDArray[np.float32]:
    """All hidden states of every motion frame, interpolated in time: (frame_count, `encoder_dim`).

    The recording is brought to mean 0 and spread 1, as these networks were trained to hear it, and is heard in pieces
    of 20 s with 2 s of their neighbours, with `lead` frames of silence before it.

    Raises:
        GestureError: the recording has another sample rate than the network hears.
    """
    import torch

    if speech.sample_rate != SAMPLE_RATE:
        raise GestureError(f"{speech.name} has {speech.sample_rate} samples a second; the audio encoder hears 16000")
    stride, width = int(np.prod(encoder.config.conv_stride)), _receptive_field(encoder)
    device = next(encoder.parameters()).device
    if device.type == "meta":  # its weights come and go (accelerate's offload), and take what it hears along
        device = torch.device("cpu")
    samples = np.asarray(speech.samples, np.float32)
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    before = round(lead / fps * SAMPLE_RATE)
    after = max(0, round(frame_count / fps * SAMPLE_RATE) + width - before - len(samples))
    samples = np.concatenate([np.zeros(before, np.float32), samples, np.zeros(after, np.float32)])

    # State k hears `width` samples from sample k * stride on; it stands for their middle.
    count = (len(samples) - width) // stride + 1
    piece, margin = (round(seconds * SAMPLE_RATE / stride) for seconds in (_PIECE_SECONDS, _MARGIN_SECONDS))
    position = np.clip((np.arange(frame_count) / fps * SAMPLE_RATE - width / 2) / stride, 0, count - 1)
    features = np.empty((frame_count, encoder_dim(encoder)), np.float32)
    for first in range(0, count, piece):
        last = min(first + piece, count)
        rows = np.flatnonzero((position >= first) & (position < last) | (position == count - 1) & (last == count))
        if len(rows) == 0:
            continue
        begin, end = max(first - margin, 0), min(last + margin, count)
        part = torch.from_numpy(samples[begin * stride : (end - 1) * stride + width]).to(device)
        with torch.no_grad():
            states = encoder(part[None], output_hidden_states=True).hidden_states
        hidden = torch.cat([state[0].float() for state in states], dim=-1).cpu().numpy()
        low = np.floor(position[rows]).astype(np.intp)
        weight = (position[rows] - low)[:, None].astype(np.float32)
        low, high = low - begin, np.minimum(low + 1, count - 1) - begin
        features[rows] = (1 - weight) * hidden[low] + weight * hidden[np.minimum(high, len(hidden) - 1)]
    return features


def _receptive_field(encoder: "Wav2Vec2Model") -> int:
    """Samples that one hidden state hears through the convolutions; 400 in the published networks."""
    width, hop = 1, 1
    for kernel, stride in zip(encoder.config.conv_kernel, encoder.config.conv_stride, strict=True):
        width += (kernel - 1) * hop
        hop *= stride
    return width
