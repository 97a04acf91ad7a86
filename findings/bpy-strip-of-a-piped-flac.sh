#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1 on files of imageio-ffmpeg 0.6.0's ffmpeg 7.0.2: a FLAC that was written into a pipe states 0 samples in its
# STREAMINFO, which the format defines as unknown. `aud.Sound.data()` plays all 144000 of them, while `length` is a
# negative number, minus one second; and the sequencer lays three seconds of speech as a strip of a single frame, with
# no error. The same samples written into a file make a strip of 72 frames. Seen:
#     into a file: states 144000, data() 144000, length 144000, strip 72 frames
#     into a pipe: states 0, data() 144000, length -48000, strip 1 frames
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

RATE, SECONDS = 48000, 3
folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
tone = (8000 * np.sin(2 * np.pi * 300 * np.arange(RATE * SECONDS) / RATE)).astype("<i2").tobytes()
encode = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
filed, piped = folder / "file.flac", folder / "pipe.flac"
subprocess.run([*encode, filed], input=tone, check=True)
piped.write_bytes(subprocess.run([*encode, "-f", "flac", "-"], input=tone, capture_output=True, check=True).stdout)

bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
scene.render.fps = 24
strips = scene.sequence_editor_create().strips
print("bpy", bpy.app.version_string, "ffmpeg", imageio_ffmpeg.get_ffmpeg_version())
seen = []
for channel, path in enumerate((filed, piped), 1):
    stated = int.from_bytes(path.read_bytes()[18:26], "big") & (1 << 36) - 1  # the last 36 bits of these
    sound = aud.Sound(str(path))
    strip = strips.new_sound(path.stem, str(path), channel, 1)
    row = (stated, len(sound.data()), sound.length, strip.frame_duration)
    seen.append(row)
    print("into a {}: states {}, data() {}, length {}, strip {} frames".format(path.stem, *row))
if seen != [(144000, 144000, 144000, 72), (0, 144000, -48000, 1)]:
    sys.exit("this changed: a FLAC of unknown length is measured or laid otherwise than it was")
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
