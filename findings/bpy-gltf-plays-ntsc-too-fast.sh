#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1: a scene at 23.976 frames a second, as cameras film it, is 24 frames with a frame base of 1.001. Its glTF
# exporter multiplies by the base where the rate is divided by it, so that the file plays at 24.024: a key at frame 2400,
# which Blender shows and plays sound at after 100.1 s, is at 99.9 s, five frames ahead of the voice. A rate without a
# base is right, and the importer multiplies, too, so that a way back into Blender hides it. Seen:
#     24: 100.000 s of 100.000
#     23.976: 99.900 s of 100.100
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check bpy==5.0.1 "numpy==1.26.4"
cat > "$folder/try.py" <<'PY'
import json
import struct
import sys
from pathlib import Path

import bpy

print(bpy.app.version_string)
seen = {}
for name, base in (("24", 1.0), ("23.976", 1.001)):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, base
    scene.frame_start, scene.frame_end = 0, 2400
    hand = bpy.data.objects.new("hand", None)
    scene.collection.objects.link(hand)
    for frame, height in ((0, 0.0), (2400, 1.0)):
        hand.location.z = height
        hand.keyframe_insert("location", frame=frame)
    path = Path(sys.argv[1], "hand.glb")
    bpy.ops.export_scene.gltf(filepath=str(path), export_animations=True, export_force_sampling=False)
    # A GLB is a header of 12 bytes, then the length and kind of the part that is JSON.
    data = path.read_bytes()
    told = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    times = told["accessors"][told["animations"][0]["samplers"][0]["input"]]
    seen[name] = times["max"][0], 2400 / (scene.render.fps / scene.render.fps_base)
    print(f"{name}: {seen[name][0]:.3f} s of {seen[name][1]:.3f}")
assert abs(seen["24"][0] - seen["24"][1]) < 1e-3, "a whole rate is wrong, too"
assert abs(seen["23.976"][0] - 99.9) < 1e-2, "a rate with a base is another one: this has changed"
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
