# SPDX-License-Identifier: GPL-3.0-or-later
"""Sync-C and Sync-D: whether the mouth speaks what is heard, by SyncNet. Sync-C: higher, Sync-D: lower is better.

    D(d) = 1 / N * sum_t |v_t - a_{t+d}|,   Sync-D = min_d D(d),   Sync-C = median_d D(d) - min_d D(d),

with v the embedding of five frames of the face at 25 a second, a that of the 0.2 s of speech d frames later, and lags d
of 15 frames at most (Chung and Zisserman 2016, "Out of time: automated lip sync in the wild", section 4; the names as
in Prajwal et al. 2020, LSE-C and LSE-D). Where v has no neighbour in the speech, the distance is to silence's zeros, as
in SyncNet's published code.

SyncNet's weights are a person's own, as a TorchScript module with two exported methods, as in SyncNet's published code:
`forward_lip` takes (N, 3, 5, 224, 224) float32 0..255 with blue, green, red, and `forward_aud` takes (N, 1, 13, 20)
float32 cepstra (`chironomy.evaluation.video.mel_cepstrum`); each returns (N, D). Without it both are left out.

The published code finds faces with another detector, whose box is near that of mediapipe's mesh but not the same;
scores are in the published scale, yet not to its last digit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.evaluation.errors import EvaluationError
from chironomy.evaluation.video.extractors import file_identity, last_line, load_script, script_errors
from chironomy.evaluation.video.mel_cepstrum import RATE, SAMPLE_RATE, mel_cepstrum
from chironomy.speech.decode import Speech

FPS = 25.0
MOST_LAG = 15
"""Frames."""

_FRAMES = 5
_STEPS = RATE // int(FPS)
_SIDE = 224
_MARGIN = 0.4  # of the box's larger half side, as in the published code
_BATCH = 20


@dataclass(frozen=True)
class SpeechSync:
    """What SyncNet says of a video.

    Attributes:
        confidence: Sync-C.
        distance: Sync-D.
        offset: seconds of the smallest distance; positive where the mouth is ahead of the sound.
    """

    confidence: float
    distance: float
    offset: float


@dataclass(frozen=True, eq=False)
class SyncNetwork:
    """SyncNet from a file.

    Attributes:
        network: with `forward_lip` and `forward_aud`.
        name: of its file, with the start of its hash.
    """

    network: Any
    name: str


def load_sync_network(path: Path) -> SyncNetwork:
    """SyncNet as TorchScript.

    Raises:
        EvaluationError: there is none, it cannot be loaded, or it lacks one of the two methods.
    """
    network = load_script(path, "--sync-extractor")
    for method in ("forward_lip", "forward_aud"):
        if not hasattr(network, method):
            raise EvaluationError(
                f"{path.name} has no method {method}; export SyncNet with torch.jit.export on forward_lip and "
                "forward_aud"
            )
    return SyncNetwork(network, file_identity(path))


def speech_sync(
    network: SyncNetwork, frames: Iterable[NDArray[np.uint8]], faces: NDArray[np.float64], fps: float, speech: Speech
) -> SpeechSync | None:
    """Sync-C and Sync-D of a video that starts with its speech.

    Args:
        network: SyncNet.
        frames: the video's, (height, width, 3) uint8 RGB each, taken once and in order.
        faces: (T, 478, 2) of these frames, NaN where not found.
        fps: of the video; frames are repeated or left out to have 25 a second.
        speech: the recording.

    Returns:
        None where there is less than a second of faces with speech.

    Raises:
        EvaluationError: the network does not work.
    """
    crops = _face_crops(frames, faces, fps)
    cepstrum = mel_cepstrum(_at_sample_rate(speech))
    count = min(len(crops) - _FRAMES + 1, (len(cepstrum) - _FRAMES * _STEPS) // _STEPS + 1)
    if count < FPS:
        return None
    lips = np.lib.stride_tricks.sliding_window_view(crops, _FRAMES, axis=0)[:count]
    sound = np.lib.stride_tricks.sliding_window_view(cepstrum, _FRAMES * _STEPS, axis=0)[::_STEPS][:count]
    seen = _embedded(network, "forward_lip", lips.transpose(0, 3, 4, 1, 2))
    heard = _embedded(network, "forward_aud", sound[:, None])
    distance = sync_distances(seen, heard)
    best = int(distance.argmin())
    return SpeechSync(float(np.median(distance) - distance[best]), float(distance[best]), (best - MOST_LAG) / FPS)


def sync_distances(
    seen: NDArray[np.float64], heard: NDArray[np.float64], most_lag: int = MOST_LAG
) -> NDArray[np.float64]:
    """(2 most_lag + 1,) mean distance of embeddings (N, D) of the mouth from the speech's, which is d frames later."""
    padded = np.pad(heard, ((most_lag, most_lag), (0, 0)))
    return np.array(
        [np.linalg.norm(seen - padded[lag : lag + len(seen)], axis=1).mean() for lag in range(2 * most_lag + 1)]
    )


def _face_crops(frames: Iterable[NDArray[np.uint8]], faces: NDArray[np.float64], fps: float) -> NDArray[np.uint8]:
    """(T', 224, 224, 3) blue, green, red at 25 frames a second; a face that is lost is taken to stay where it was."""
    import cv2

    found = np.isfinite(faces).all(axis=(1, 2))
    if not found.any():
        return np.zeros((0, _SIDE, _SIDE, 3), np.uint8)
    known = np.maximum.accumulate(np.where(found, np.arange(len(faces)), np.argmax(found)))
    crops: list[NDArray[Any]] = []
    for frame, index in zip(frames, known, strict=False):
        low, high = faces[index].min(axis=0), faces[index].max(axis=0)
        half, (x, y) = (high - low).max() / 2, (low + high) / 2
        wide = half * (1 + _MARGIN)
        matrix = np.array([[1.0, 0.0, wide - x], [0.0, 1.0, half - y]]) * (_SIDE / (2 * wide))
        crops.append(
            cv2.warpAffine(frame, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR, borderValue=(110, 110, 110))[
                ..., ::-1
            ]
        )
    times = np.floor(np.arange(int(len(crops) * FPS / fps)) * fps / FPS + 0.5).astype(int)
    return np.array(crops)[np.minimum(times, len(crops) - 1)]


def _at_sample_rate(speech: Speech) -> NDArray[np.float32]:
    if speech.sample_rate == SAMPLE_RATE:
        return speech.samples
    import soxr

    return np.asarray(soxr.resample(speech.samples, speech.sample_rate, SAMPLE_RATE), np.float32)


def _embedded(network: SyncNetwork, method: str, windows: NDArray[Any]) -> NDArray[np.float64]:
    import torch

    call = getattr(network.network, method)
    rows = []
    try:
        with torch.no_grad():
            for start in range(0, len(windows), _BATCH):
                batch = np.ascontiguousarray(windows[start : start + _BATCH], dtype=np.float32)
                rows.append(call(torch.from_numpy(batch)).double().flatten(1).numpy())
    except script_errors() as error:
        raise EvaluationError(
            f"{network.name} did not take {windows.shape[1:]} in {method} ({last_line(error)}); give SyncNet"
        ) from error
    return np.concatenate(rows)
