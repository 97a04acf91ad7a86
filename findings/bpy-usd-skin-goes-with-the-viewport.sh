#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1: whether a character's mesh is skinned in a USD file hangs on whether its Armature modifier is shown in the
# viewport, although the file is made as for a render, which is the exporter's default. Who hides the modifier there, so
# that the viewport is quick, gets no SkelRoot and no joint weights but every vertex at every frame, beside a skeleton
# that moves nothing; the modifier's switch for renders does not count. Evaluated for the viewport, in which the modifier
# is off, the mesh is skinned. Seen:
#     shown in the viewport, for render: joint weights, points at one time
#     hidden in the viewport, for render: no joint weights, points at 10 times
#     hidden in the viewport, for viewport: joint weights, points at one time
#     shown in the viewport, not in renders, for render: joint weights, points at one time
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check bpy==5.0.1 "numpy==1.26.4"
cat > "$folder/try.py" <<'PY'
import re
import sys
from pathlib import Path

import bpy

print(bpy.app.version_string)


def exported(viewport: bool, render: bool, mode: str) -> tuple[bool, int]:
    """Whether a triangle that a bone turns is skinned in USD, and at how many times its points are written."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 10
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    hand = rig.data.edit_bones.new("hand")
    hand.head, hand.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    mesh = bpy.data.meshes.new("skin")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [], [(0, 1, 2)])
    skin = bpy.data.objects.new("skin", mesh)
    scene.collection.objects.link(skin)
    skin.parent = rig
    skin.vertex_groups.new(name="hand").add([0, 1, 2], 1.0, "REPLACE")
    modifier = skin.modifiers.new("Armature", "ARMATURE")
    modifier.object, modifier.show_viewport, modifier.show_render = rig, viewport, render
    bone = rig.pose.bones["hand"]
    bone.rotation_mode = "XYZ"
    for frame, turn in ((1, 0.0), (10, 1.0)):
        bone.rotation_euler.x = turn
        bone.keyframe_insert("rotation_euler", frame=frame)
    path = Path(sys.argv[1], "hand.usda")
    bpy.ops.wm.usd_export(filepath=str(path), export_animation=True, export_armatures=True, evaluation_mode=mode)
    text = path.read_text()
    samples = re.search(r"points\.timeSamples = \{(.*?)\}", text, re.DOTALL)
    return "skel:jointWeights" in text, len(re.findall(r"^\s*\d+:", samples[1], re.MULTILINE)) if samples else 1


for viewport, render, mode, seen in (
    (True, True, "RENDER", (True, 1)),
    (False, True, "RENDER", (False, 10)),
    (False, True, "VIEWPORT", (True, 1)),
    (True, False, "RENDER", (True, 1)),
):
    weights, times = found = exported(viewport, render, mode)
    shown = "shown" if viewport else "hidden"
    also = "" if render else ", not in renders"
    points = "one time" if times == 1 else f"{times} times"
    print(f"{shown} in the viewport{also}, for {mode.lower()}: {'' if weights else 'no '}joint weights, points at {points}")
    assert found == seen, "this has changed"
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
