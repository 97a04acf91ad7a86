# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that trains in seconds, and a voice made of sines."""

import numpy as np

from chironomy.speech.decode import Speech
from chironomy.speech.prosody import PROSODY_NAMES

TINY = {
    "num_layers": 2,
    "width": 32,
    "num_heads": 2,
    "patch_size": 3,
    "audio_dim": len(PROSODY_NAMES),
    "window_frames": 48,
}


def babble(seconds: float, seed: int = 0) -> Speech:
    """Syllables of a buzzing voice, some louder and higher, with pauses."""
    random = np.random.default_rng(seed)
    rate = 16000
    times = np.arange(round(seconds * rate)) / rate
    level, pitch = np.zeros_like(times), np.full_like(times, 120.0)
    at = 0.3
    while at < seconds - 0.2:
        stress = random.random() < 0.4
        bump = np.exp(-0.5 * ((times - at) / 0.06) ** 2)
        level += bump * (0.3 if stress else 0.1)
        pitch += bump * (60 if stress else 0)
        at += random.uniform(0.18, 0.3) if random.random() < 0.85 else random.uniform(0.6, 1.0)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    return Speech.from_samples((level * voice).astype(np.float32), rate)
