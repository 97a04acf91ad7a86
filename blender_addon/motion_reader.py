# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the motion of the armature in another program's file, in a Blender of its own; the person's goes on.

`blender --background --factory-startup --python motion_reader.py -- FILE OUT`, or `python motion_reader.py -- FILE OUT`
where Python has bpy. FILE is an FBX or a USD; OUT, an `.npz`, gets `names` and `parents` of the bones, `rest` and
`world` (matrices at rest and at every frame), `tail`, `grown` (how large the object makes it) and `fps`.
"""

import math
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np


def main(path: Path, out: Path) -> None:
    """Read a file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    read_file(path)
    armatures = [item for item in scene.objects if item.type == "ARMATURE"]
    if not armatures:
        raise ValueError("it has no skeleton")
    item = max(armatures, key=lambda each: len(each.data.bones))
    start, stop, fps = times(scene, item, path)
    bones = list(item.data.bones)
    names = [bone.name for bone in bones]
    count = max(math.floor(stop - start + 1e-3), 0) + 1
    world = np.empty((count, len(bones), 4, 4))
    for number in range(count):
        frame = start + number
        scene.frame_set(math.floor(frame), subframe=frame - math.floor(frame))
        seen = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
        place = np.array(seen.matrix_world)
        world[number] = [place @ np.array(seen.pose.bones[name].matrix) for name in names]
    with out.open("wb") as file:
        np.savez(
            file,
            names=np.array(names),
            parents=np.array([names.index(bone.parent.name) if bone.parent else -1 for bone in bones]),
            rest=np.array([bone.matrix_local for bone in bones], np.float64),
            tail=np.array([bone.tail_local for bone in bones], np.float64),
            world=world,
            grown=np.array(abs(np.linalg.det(np.array(item.matrix_world)[:3, :3])) ** (1.0 / 3.0)),
            fps=np.array(fps),
        )


def read_file(path: Path) -> None:
    """Let Blender import a file."""
    if path.suffix.lower() == ".fbx":
        # The newer importer, from 4.5 on, puts keys where they are at 29.97 frames a second, too.
        newer = "fbx_import" in dir(bpy.ops.wm)
        (bpy.ops.wm.fbx_import if newer else bpy.ops.import_scene.fbx)(filepath=str(path))
    elif bpy.app.build_options.usd:
        bpy.ops.wm.usd_import(filepath=str(path), set_frame_range=True)
    else:
        raise ValueError("this Blender was built without USD")


def times(scene: Any, item: Any, path: Path) -> tuple[float, float, float]:
    """Return the first and the last frame that are animated, and the frames a second."""
    fps = scene.render.fps / scene.render.fps_base
    if path.suffix.lower() != ".fbx":
        try:
            from pxr import Usd  # pyright: ignore[reportMissingImports]

            fps = Usd.Stage.Open(str(path)).GetTimeCodesPerSecond()  # pyright: ignore[reportAttributeAccessIssue]
        except ImportError:
            pass
        return scene.frame_start, scene.frame_end, fps
    data = item.animation_data
    if data is None or data.action is None:
        return scene.frame_current, scene.frame_current, fps
    start, stop = data.action.frame_range
    return start, stop, fps


if __name__ == "__main__":
    try:
        main(Path(sys.argv[-2]), Path(sys.argv[-1]))
    except Exception as error:
        print(f"FAULT: {str(error).strip().splitlines()[-1]}", file=sys.stderr, flush=True)
        sys.exit(1)
