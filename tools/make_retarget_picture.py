# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of docs/retarget.md: our character, and Rigify's rig with plain limbs, at the same moments of a take."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "bl_ext.user_default.chironomy"
SECONDS, FPS, SIZE = 8.0, 24, (560, 640)


def main() -> int:
    """Draw and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extension", type=Path, help="the zip to install")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "retarget.jpg")
    parser.add_argument("--moments", type=int, default=4, help="of the take, side by side")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BLENDER_USER_RESOURCES"] = folder
        draw(options, Path(folder))
    return 0


def draw(options: argparse.Namespace, folder: Path) -> None:
    """Generate a take on both characters, and draw both at the strokes' ends."""
    import bpy
    import soundfile
    from PIL import Image

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.extensions.package_install_files(
        filepath=str(options.extension.resolve()), repo="user_default", enable_on_install=True
    )
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    samples, rate = soundfile.read(ROOT / "examples" / "speech.flac")
    soundfile.write(folder / "speech.wav", samples[: round(SECONDS * rate)], rate)
    bpy.ops.chironomy.load_speech(filepath=str(folder / "speech.wav"))
    item = rigify()
    bpy.context.view_layer.objects.active = item
    bpy.ops.chironomy.detect_bones()
    scene.chironomy.style, scene.chironomy.seed = "lively", 3
    bpy.ops.chironomy.generate()
    ours = scene.chironomy.character
    _show(ours)
    limbs(item)
    # As tall as ours: Rigify's is two metres.
    item.scale = (0.86,) * 3
    camera(scene)
    pictures = []
    for frame in moments(ours, options.moments):
        scene.frame_set(frame)
        row = []
        for one, other in ((ours, item), (item, ours)):
            _place(one, 0.0)
            _place(other, 50.0)
            scene.render.filepath = str(folder / "one.png")
            bpy.ops.render.render(write_still=True)
            row.append(np.asarray(Image.open(folder / "one.png").convert("RGB")))
        pictures.append(np.concatenate(row, axis=0))
    sheet = Image.fromarray(np.concatenate(pictures, axis=1))
    sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS).save(options.out, quality=88)
    print(options.out)


def moments(ours: Any, count: int) -> list[int]:
    """Return frames at which a hand is farthest from where it was, spread over the take."""
    import bpy

    from chironomy.body.rig import load_rig

    hands = _module("rig.read").read_pose(ours, load_rig(), bpy.context.scene, 1, round(SECONDS * FPS) + 1)[1]
    height = hands.wrist_position[..., 1].max(axis=1)
    return [int(part[np.argmax(height[part])]) + 1 for part in np.array_split(np.arange(len(height)), count)]


def rigify() -> Any:
    """Return Rigify's control rig."""
    import bpy

    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    meta = bpy.context.object
    bpy.ops.pose.rigify_generate()
    bpy.data.objects.remove(meta)
    return bpy.data.objects["rig"]


def limbs(item: Any) -> None:
    """Give a rig a body of plain limbs, one along each deforming bone."""
    import bpy
    from mathutils import Vector

    wide = {"spine": 0.10, "shoulder": 0.05, "upper_arm": 0.042, "forearm": 0.034, "hand": 0.03, "thigh": 0.07}
    wide |= {"shin": 0.05, "foot": 0.04, "toe": 0.03, "palm": 0.012, "f_": 0.0085, "thumb": 0.0105, "pelvis": 0.07}
    vertices, faces, groups = [], [], []
    for bone in item.data.bones:
        stem = bone.name.removeprefix("DEF-")
        width = next((each for name, each in wide.items() if stem.startswith(name)), 0.0)
        if not bone.use_deform or stem == bone.name or not width:
            continue
        if stem in ("spine.004", "spine.005"):
            width = 0.05
        elif stem == "spine.006":
            width = 0.085
        begin, length = len(vertices), bone.length
        turn = bone.matrix_local
        rings = [(-0.0, 0.7), (0.25, 1.0), (0.75, 0.95), (1.0, 0.7)]
        for along, size in rings:
            for step in range(12):
                angle = step * np.pi / 6
                flat = 0.45 if stem.startswith(("hand", "palm")) else 1.0
                point = (width * size * np.cos(angle), along * length, width * size * flat * np.sin(angle))
                vertices.append(turn @ Vector(point))
                groups.append(bone.name)
        for ring in range(len(rings) - 1):
            for step in range(12):
                one, other = begin + 12 * ring + step, begin + 12 * ring + (step + 1) % 12
                faces.append((one, other, other + 12, one + 12))
        faces.append(tuple(range(begin + 11, begin - 1, -1)))
        faces.append(tuple(range(begin + 36, begin + 48)))
    mesh = bpy.data.meshes.new("Limbs")
    mesh.from_pydata(vertices, [], faces)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    body = bpy.data.objects.new("Limbs", mesh)
    body.parent = item
    for index, name in enumerate(groups):
        group = body.vertex_groups.get(name) or body.vertex_groups.new(name=name)
        group.add([index], 1.0, "ADD")
    body.modifiers.new("Armature", "ARMATURE").object = item
    material = bpy.data.materials.new("Limbs")
    material.diffuse_color = (0.35, 0.5, 0.65, 1.0)
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(body)


def camera(scene: Any) -> None:
    """See a half body, as the preview does."""
    import bpy

    data = bpy.data.cameras.new("Camera")
    data.lens = 60.0
    eye = bpy.data.objects.new("Camera", data)
    eye.location, eye.rotation_euler = (0.2, -2.5, 1.42), (np.radians(85.0), 0.0, np.radians(5.0))
    scene.collection.objects.link(eye)
    scene.camera = eye
    render = scene.render
    render.engine, render.resolution_x, render.resolution_y = "BLENDER_WORKBENCH", *SIZE
    render.image_settings.file_format = "PNG"
    scene.display.shading.light, scene.display.shading.color_type = "STUDIO", "MATERIAL"
    scene.display.shading.show_cavity = True
    scene.display.render_aa = "8"
    world = bpy.data.worlds.new("World")
    world.color = (0.8, 0.8, 0.8)
    scene.world = world


def _show(ours: Any) -> None:
    for each in (ours, *ours.children):
        each.hide_set(False)
        each.hide_render = False


def _place(item: Any, aside: float) -> None:
    item.location.x = aside
    import bpy

    bpy.context.view_layer.update()


def _module(name: str) -> ModuleType:
    import importlib

    return importlib.import_module(f"{PACKAGE}.{name}")


if __name__ == "__main__":
    sys.exit(main())
