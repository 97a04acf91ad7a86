# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a scene of a .blend as FBX in a Blender of its own, whose person goes on in another one meanwhile.

`blender --background --factory-startup --python fbx_writer.py -- JOB`, where JOB is a JSON file: `blend`, the file;
`scene`, the scene's name in it; `names`, [collection, name, name in the FBX]; `how`, what the exporter is given; `fbx`,
the file to write.
"""

import json
import sys
from pathlib import Path

import bpy


def main() -> None:
    """Do the job that the command names."""
    # Found once Blender is there.
    import addon_utils  # pyright: ignore[reportMissingImports]

    job = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text(encoding="utf-8"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon_utils.enable("io_scene_fbx")
    with bpy.data.libraries.load(job["blend"]) as (_, wanted):
        wanted.scenes = [job["scene"]]
    (stage,) = wanted.scenes
    for collection, name, wanted_name in job["names"]:
        getattr(bpy.data, collection)[name].name = wanted_name
    how = {name: set(value) if isinstance(value, list) else value for name, value in job["how"].items()}
    with bpy.context.temp_override(scene=stage, view_layer=stage.view_layers[0]):
        bpy.ops.export_scene.fbx(filepath=job["fbx"], **how)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(f"FBX: {error}", file=sys.stderr)
        sys.exit(1)
