#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1: a rig keeps packed numbers in a custom property of bytes. The first assignment keeps all of them, zeros
# included; an assignment over a property that is there keeps what comes before the first zero byte, without a word. A
# packed float32 of 0.5 begins with two zero bytes, so nothing is left of a track that begins with it. Deleting the
# property before it is written keeps everything. So it is on an object, a bone and a scene. Seen:
#     first: 16 bytes of 16
#     over: 0 bytes of 16
#     deleted before: 16 bytes of 16
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check bpy==5.0.1 "numpy==1.26.4"
cat > "$folder/try.py" <<'PY'
import struct

import bpy

track = struct.pack("<4f", 0.5, 0.25, 1.5, -2.0)
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
armature = bpy.data.armatures.new("rig")
rig = bpy.data.objects.new("rig", armature)
bpy.context.scene.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
armature.edit_bones.new("hand").tail = (0, 0, 1)
bpy.ops.object.mode_set(mode="OBJECT")

seen = set()
for owner in (rig, rig.pose.bones["hand"], bpy.context.scene):
    owner["track"] = track
    first = bytes(owner["track"])
    owner["track"] = track
    over = bytes(owner["track"])
    del owner["track"]
    owner["track"] = track
    seen.add((first, over, bytes(owner["track"])))
(first, over, anew), = seen
print(bpy.app.version_string)
for name, kept in (("first", first), ("over", over), ("deleted before", anew)):
    print(f"{name}: {len(kept)} bytes of {len(track)}")
assert first == anew == track, "what is written first is not kept either"
assert over == b"", "bytes that are written over are kept: this has changed"
PY
"$folder/venv/bin/python" "$folder/try.py"
