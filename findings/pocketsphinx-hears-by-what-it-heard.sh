#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# pocketsphinx 5.1.1: what a Decoder hears in an utterance depends on the utterances that it decoded before. Each is
# given whole (`process_raw(..., full_utt=True)` between `start_utt` and `end_utt`), and still the same samples give
# other phones after other sounds than first: what was learned of the noise is kept. With `reinit_feat()` before each
# utterance every order gives the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    pocketsphinx==5.1.1 "numpy==1.26.4" soundfile==0.13.1 espeakng-loader==0.2.4
cat > "$folder/try.py" <<'PY'
import ctypes, sys
from importlib.metadata import version

import espeakng_loader
import numpy as np
import pocketsphinx

espeak = ctypes.CDLL(espeakng_loader.get_library_path())
rate = espeak.espeak_Initialize(1, 0, str(espeakng_loader.get_data_path()).encode(), 0)
callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def spoken(text):
    """16-bit samples at 16 kHz."""
    parts = []

    @callback_type
    def take(samples, count, events):
        if samples and count:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    espeak.espeak_SetSynthCallback(take)
    espeak.espeak_SetVoiceByName(b"en-us")
    data = text.encode() + b"\0"
    espeak.espeak_Synth(data, len(data), 0, 0, 0, 1, None, None)
    espeak.espeak_Synchronize()
    sound = np.concatenate(parts).astype(float)
    times = np.arange(0, len(sound) / rate, 1 / 16000)
    return np.interp(times, np.arange(len(sound)) / rate, sound) * 0.5


def decoder():
    models = pocketsphinx.get_model_path()
    return pocketsphinx.Decoder(
        hmm=f"{models}/en-us/en-us", allphone=f"{models}/en-us/en-us-phone.lm.bin", lm=None, dict=None,
        lw=2.0, beam=1e-20, pbeam=1e-20, loglevel="FATAL",
    )


def phones(ears, sound, afresh):
    if afresh:
        ears.reinit_feat()
    ears.start_utt()
    ears.process_raw(sound, full_utt=True)
    ears.end_utt()
    return [(part.word, part.start_frame) for part in ears.seg()]


noise = np.random.default_rng(0)
sounds = []
for text, level in (
    ("A quiet word before the others, spoken in a silent room.", 2.0),
    ("And here is the street, with all of its cars and people.", 600.0),
    ("Back at home nobody says anything for a while.", 2.0),
):
    sound = spoken(text)
    sounds.append((sound + noise.normal(0, level, len(sound))).clip(-32767, 32767).astype("<i2").tobytes())
print("pocketsphinx", version("pocketsphinx"), "on three utterances of", [len(sound) // 32000 for sound in sounds], "s")
for afresh in (False, True):
    ears, order = decoder(), [2, 1, 0]
    forwards = [phones(ears, sound, afresh) for sound in sounds]
    ears = decoder()
    backwards = {index: phones(ears, sounds[index], afresh) for index in order}
    same = [forwards[index] == backwards[index] for index in range(3)]
    print("reinit_feat() before each:" if afresh else "as it comes:", "the same forwards and backwards:", same)
    if all(same) != afresh:
        sys.exit("this changed: the order of the utterances matters otherwise than it did")
PY
"$folder/venv/bin/python" "$folder/try.py"
