# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech: reading any recording, its prosody at motion frame rate, its accents, phones and lips."""

from chironomy.speech.accents import onsets, pitch_accents, speech_phrases
from chironomy.speech.decode import Speech, load_speech, waveform_envelope, write_wav
from chironomy.speech.errors import SpeechError
from chironomy.speech.lips import lip_opening, lip_track
from chironomy.speech.phone import Phone
from chironomy.speech.phones import recognise_phones
from chironomy.speech.prosody import PROSODY_NAMES, PROSODY_VERSION, prosody_features

__all__ = [
    "PROSODY_NAMES",
    "PROSODY_VERSION",
    "Phone",
    "Speech",
    "SpeechError",
    "lip_opening",
    "lip_track",
    "load_speech",
    "onsets",
    "pitch_accents",
    "prosody_features",
    "recognise_phones",
    "speech_phrases",
    "waveform_envelope",
    "write_wav",
]
