#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# espeak-ng 1.52.0 (espeakng-loader 0.2.4), used as a library: the same text spoken three times in one process comes as
# other samples each time, at times another number of them, in every voice tried. `espeak_ng_SetRandSeed` with the same
# seed before each changes nothing of that, nor do `espeak_Terminate` and `espeak_Initialize`, nor `srand`. In every new
# process the same sequence comes again: what makes recordings for tests or a corpus starts a process for each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check espeakng-loader==0.2.4 "numpy==1.26.4"
cat > "$folder/try.py" <<'PY'
import ctypes, hashlib, subprocess, sys

import espeakng_loader
import numpy as np

espeak = ctypes.CDLL(espeakng_loader.get_library_path())
espeak.espeak_Info.restype = ctypes.c_char_p
callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
TEXTS = {
    b"en-us": "One, two, three: this is a short test.",
    b"de": "Eins, zwei, drei: eine kurze Probe.",
    b"es": "Uno, dos, tres.",
}


def begin():
    return espeak.espeak_Initialize(1, 0, str(espeakng_loader.get_data_path()).encode(), 0)


def said(voice, before=None):
    if before:
        before()
    parts = []

    @callback_type
    def take(samples, count, events):
        if samples and count:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    espeak.espeak_SetSynthCallback(take)
    assert espeak.espeak_SetVoiceByName(voice) == 0
    data = TEXTS[voice].encode() + b"\0"
    assert espeak.espeak_Synth(data, len(data), 0, 0, 0, 1, None, None) == 0
    espeak.espeak_Synchronize()
    sound = np.concatenate(parts)
    return len(sound), hashlib.sha256(sound.tobytes()).hexdigest()[:8]


def anew():
    espeak.espeak_Terminate()
    begin()


def drawn_anew():
    ctypes.CDLL(None).srand(1)


begin()
first = [said(voice) for voice in TEXTS for _ in range(3)]
if sys.argv[1:] == ["again"]:
    print(first)
    sys.exit()
print("espeak-ng", espeak.espeak_Info(None).decode())
alike = {}
for number, voice in enumerate(TEXTS):
    three = first[3 * number : 3 * number + 3]
    print(voice.decode(), "three times in one process:", three)
    alike["as it comes", voice] = len(set(three)) == 1
    seeded = [said(voice, lambda: espeak.espeak_ng_SetRandSeed(ctypes.c_long(7))) for _ in range(3)]
    alike["seeded", voice] = len(set(seeded)) == 1
    alike["begun anew", voice] = len({said(voice, anew) for _ in range(3)}) == 1
    alike["libc's", voice] = len({said(voice, drawn_anew) for _ in range(3)}) == 1
for way in ("as it comes", "seeded", "begun anew", "libc's"):
    print(f"{way}: the same each time:", [alike[way, voice] for voice in TEXTS])
other = subprocess.run([sys.executable, sys.argv[0], "again"], capture_output=True, text=True, check=True).stdout.strip()
print("another process says the same sequence:", other == str(first))
right = not any(alike.values()) and other == str(first)
sys.exit(0 if right else "this changed: what is the same is otherwise than it was")
PY
"$folder/venv/bin/python" "$folder/try.py"
