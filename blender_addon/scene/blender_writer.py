# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a scene of a .blend by one of Blender's exporters, in a Blender of its own; the person goes on in another one.

`blender --background --factory-startup --python blender_writer.py -- JOB`, where JOB is a JSON file: `blend`, the file;
`scene`, the scene's name in it; `plays`, of what moves in it `collection`, `name` and `channels`, [data path, index],
whose values at every frame from 0 on are the arrays `arr_0` … of the file `keys`; `names`, [collection, name, name in
the file to come]; `operator`, the exporter, with
the `addon` that it is of and `how` it is called; `path`, the file to write.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np


def call_exporter(operator: str, how: dict[str, Any], path: str) -> None:
    """Call an exporter with those of its settings that this Blender's has; sets are given as lists.

    Raises:
        RuntimeError: with the exporter's own sentence.
    """
    module, _, name = operator.partition(".")
    exporter = getattr(getattr(bpy.ops, module), name)
    known = exporter.get_rna_type().properties.keys()
    exporter(
        filepath=path,
        **{
            option: set(value) if isinstance(value, list) else value for option, value in how.items() if option in known
        },
    )


def key_every_frame(f_curve: Any, values: Any) -> None:
    """Give an empty F-curve a key at every frame from 0 on, straight in between: (T,) values."""
    points = f_curve.keyframe_points
    points.add(len(values))
    points.foreach_set("co", np.column_stack([np.arange(len(values)), values]).astype(np.float32).reshape(-1))
    points.foreach_set("interpolation", np.ones(len(values), dtype=np.int32))
    f_curve.update()


def play(animated: Any, channels: list[tuple[str, int]], values: Any) -> None:
    """Let a data-block be animated by an action of its own: (C, T) values of its channels."""
    data = animated.animation_data_create()
    data.action = action = bpy.data.actions.new("Chironomy Export")
    # Of a Blender without the add-on, so this cannot be asked of it.
    if hasattr(action, "slots"):
        data.action_slot = slot = action.slots.new(id_type=animated.id_type, name=animated.name)
        strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
        f_curves = strip.channelbag(slot, ensure=True).fcurves
    else:
        f_curves = action.fcurves
    for (path, index), column in zip(channels, values, strict=True):
        key_every_frame(f_curves.new(path, index=index), column)


def main() -> None:
    """Do the job that the command names."""
    # Found once Blender is there.
    import addon_utils  # pyright: ignore[reportMissingImports]

    job = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text(encoding="utf-8"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if job["addon"]:
        addon_utils.enable(job["addon"])
    with bpy.data.libraries.load(job["blend"]) as (_, wanted):
        wanted.scenes = [job["scene"]]
    (stage,) = wanted.scenes
    with np.load(job["keys"]) as arrays:
        for number, each in enumerate(job["plays"]):
            if each["channels"]:
                animated = getattr(bpy.data, each["collection"])[each["name"]]
                play(animated, each["channels"], arrays[f"arr_{number}"])
    stage.frame_set(0)
    for collection, name, wanted_name in job["names"]:
        getattr(bpy.data, collection)[name].name = wanted_name
    with bpy.context.temp_override(scene=stage, view_layer=stage.view_layers[0]):
        call_exporter(job["operator"], job["how"], job["path"])


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(f"FAULT: {error}", file=sys.stderr)
        sys.exit(1)
