#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1 on files of imageio-ffmpeg 0.6.0's ffmpeg 7.0.2: `aud.Sound.length` and the samples of `aud.Sound.data()`
# disagree, in one direction for MP3 and Opus and in the other for AAC in MP4. Of MP3 and Opus the samples are those of
# the recording, and the length counts the encoder's delay and padding, too; of an M4A the samples hold the filling of
# the last block, and the length is shorter than the recording. So neither is its duration for all. Seen, of 144123:
#     flac: data() 144123, length 144123
#     mp3: data() 144123, length 146304
#     opus: data() 144123, length 144435
#     m4a: data() 144384, length 144096
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    bpy==5.0.1 "numpy==1.26.4" imageio-ffmpeg==0.6.0
cat > "$folder/try.py" <<'PY'
import subprocess, sys, tempfile
from pathlib import Path

import bpy  # first: it brings aud

import aud
import imageio_ffmpeg
import numpy as np

RATE, COUNT = 48000, 3 * 48000 + 123
folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
tone = (8000 * np.sin(2 * np.pi * 300 * np.arange(COUNT) / RATE)).astype("<i2").tobytes()
encode = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
print("bpy", bpy.app.version_string, "ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "of", COUNT, "samples")
seen = {}
for kind, codec in (("flac", "flac"), ("mp3", "libmp3lame"), ("opus", "libopus"), ("m4a", "aac")):
    path = folder / f"tone.{kind}"
    subprocess.run([*encode, "-c:a", codec, path], input=tone, check=True)
    sound = aud.Sound(str(path))
    assert sound.specs == (RATE, 1)
    seen[kind] = len(sound.data()), sound.length
    print(f"{kind}: data() {seen[kind][0]}, length {seen[kind][1]}")
if seen != {"flac": (COUNT, COUNT), "mp3": (COUNT, 146304), "opus": (COUNT, 144435), "m4a": (144384, 144096)}:
    sys.exit("this changed: the length or the samples of a compressed sound are others than they were")
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
