#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1: a character is linked from a library and made a fully editable library override. Its mesh stays linked, and
# so do the shape keys: `keyframe_insert` on one returns True, the keys play, the file is saved without a word, and when
# it is opened again the shape keys have no animation data, though the action itself is in the file. With the mesh made
# an override, too (`override_create`), the same keys are kept. Seen half way between keys of 0 and 1:
#     mesh linked: before saving 0.5, reopened with no action, value 1.0
#     mesh overridden, too: before saving 0.5, reopened with faceAction, value 0.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check bpy==5.0.1 "numpy==1.26.4"
cat > "$folder/try.py" <<'PY'
import sys, tempfile
from pathlib import Path

import bpy

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
library, shot = str(folder / "library.blend"), str(folder / "shot.blend")


def empty():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def reopened(mesh_too):
    """The name of the shape keys' action and the value between its keys, before saving and in the opened file."""
    empty()
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.collections = ["character"]
    scene = bpy.context.scene
    override = bpy.data.collections["character"].override_hierarchy_create(
        scene, bpy.context.view_layer, do_fully_editable=True
    )
    face = override.objects[0]
    if mesh_too:
        face.data = face.data.override_create(remap_local_usages=False)
    keys = face.data.shape_keys
    smile = keys.key_blocks["smile"]
    for frame, value in ((1, 0.0), (11, 1.0)):
        smile.value = value
        assert smile.keyframe_insert("value", frame=frame)
    keys.animation_data.action.use_fake_user = True
    scene.frame_set(6)
    before = smile.value
    bpy.ops.wm.save_as_mainfile(filepath=shot)
    bpy.ops.wm.open_mainfile(filepath=shot)
    face = next(item for item in bpy.data.objects if item.library is None)
    keys = face.data.shape_keys
    action = keys.animation_data.action if keys.animation_data else None
    bpy.context.scene.frame_set(6)
    in_file = [action.name for action in bpy.data.actions]
    return before, action and action.name, keys.key_blocks["smile"].value, in_file


empty()
mesh = bpy.data.meshes.new("face")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
face = bpy.data.objects.new("face", mesh)
character = bpy.data.collections.new("character")
character.objects.link(face)
bpy.context.scene.collection.children.link(character)
face.shape_key_add(name="Basis")
face.shape_key_add(name="smile")
bpy.ops.wm.save_as_mainfile(filepath=library)
print("bpy", bpy.app.version_string)
seen = {}
for mesh_too in (False, True):
    before, action, after, in_file = seen[mesh_too] = reopened(mesh_too)
    name = "mesh overridden, too" if mesh_too else "mesh linked"
    kept = f"reopened with {action or 'no action'}, value {after}"
    print(f"{name}: before saving {before}, {kept}; in the file: {in_file}")
if seen[False] != (0.5, None, 1.0, ["faceAction"]) or seen[True] != (0.5, "faceAction", 0.5, ["faceAction"]):
    sys.exit("this changed: the keys on a library override's shape keys are kept otherwise than they were")
PY
"$folder/venv/bin/python" "$folder/try.py" "$folder"
