# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech features for sampling: the recording's own, with silence before and after it."""

import numpy as np
from numpy.typing import NDArray

from chironomy.gesture.errors import GestureError
from chironomy.speech.decode import Speech
from chironomy.speech.prosody import PROSODY_NAMES, prosody_features

# How the features that look ahead fade with the time to what is to come, seconds (see `chironomy.speech.prosody`).
_AHEAD = {"accent_remaining": 0.4, "attack_remaining": 0.25, "pause_remaining": 0.5}
_LOWEST_IN_SILENCE = ("loudness", "mel_")


def heard(speech: Speech, fps: float, lead: int, frame_count: int, audio_dim: int) -> NDArray[np.float32]:
    """(frame_count, audio_dim) features whose row `lead` is the recording's beginning.

    The rows before it are silence, so that hands begin at rest and can prepare the first stroke, however abruptly the
    recording starts. A model that was trained before columns were added hears the first ones.

    Raises:
        GestureError: the model wants other features than this version measures.
    """
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
