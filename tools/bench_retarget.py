# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long gestures take onto Rigify's control rig, beside Blender's own baking: `make bench-retarget`.

Both are timed in one run, in turns. Baking keys every frame, so it is timed on a part and told for the whole.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "bl_ext.user_default.chironomy"
FPS = 24


def main() -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extension", type=Path, help="the zip to install")
    parser.add_argument("--seconds", type=float, default=600.0, help="of motion (default: 600)")
    parser.add_argument("--baked", type=float, default=5.0, help="seconds of it that are baked (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="of both, in turns (default: 3)")
    parser.add_argument("--write", type=Path, help="the file to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BLENDER_USER_RESOURCES"] = folder
        text = measure(options)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 0


def measure(options: argparse.Namespace) -> str:
    """Return the table."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.extensions.package_install_files(
        filepath=str(options.extension.resolve()), repo="user_default", enable_on_install=True
    )
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    item = _rigify()
    bpy.context.view_layer.objects.active = item
    bpy.ops.chironomy.detect_bones()
    ours = scene.chironomy.character
    _module("scene.put_on").put_on(scene, ours, _gestures(options.seconds), None)
    frames, baked = round(options.seconds * FPS), round(options.baked * FPS)
    retarget = _module("scene.retarget")
    actions, read = _module("rig.actions"), _module("rig.read")
    rows = []
    for switched in (0.0, 1.0):
        for side in "LR":
            item.pose.bones[f"upper_arm_parent.{side}"]["IK_FK"] = switched
        item.update_tag()
        bpy.context.view_layer.update()
        ours_taken, bake_taken = [], []
        for _ in range(options.rounds):
            # What is only shown again would not be made anew.
            item.animation_data.action.pop(retarget.STATE_PROPERTY, None)
            start = _now()
            retarget.hand_over(scene, ours)
            ours_taken.append(_now() - start)
            if ours.chironomy_own.trouble:
                raise SystemExit(ours.chironomy_own.trouble)
            bake_taken.append(_bake(item, baked) * frames / baked)
        (mine, mine_cpu), (bake, bake_cpu) = np.median(ours_taken, axis=0), np.median(bake_taken, axis=0)
        count, own = actions.count(item), read.hand_key_count(ours)
        name = "forward kinematics" if switched else "inverse kinematics"
        rows.append(
            f"| {name} | {mine:.1f} ({mine_cpu:.1f}) | {bake:.0f} ({bake_cpu:.0f}) | {bake / mine:.0f} × "
            f"| {own} | {count} | {count / own:.2f} |"
        )
        print(rows[-1], file=sys.stderr, flush=True)
    return "\n".join(
        [
            "# Hands on a character of one's own",
            "",
            f"Made by `make bench-retarget` on {platform.machine()} with {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, Blender {bpy.app.version_string}: {options.seconds:g} s of gestures at "
            f"{FPS} frames a second, handed over to Rigify's control rig as Blender generates it; the median of "
            f"{options.rounds} rounds. Beside it `nla.bake` of the same bones in the same run, timed on "
            f"{options.baked:g} s and told for all. In brackets, what the processor takes for it, which other programs "
            "do not lengthen.",
            "",
            "| arms | handed over, s | baked, s | as fast | keys on ours | on the rig | ratio |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            *accuracy(),
        ]
    )


def accuracy() -> list[str]:
    """Return the lines that say how near hands come on each kind of character that is known."""
    sys.path.insert(0, str(ROOT / "tests"))
    from characters import KINDS, skeleton
    from chironomy.body.rig import load_rig
    from chironomy.retarget import detect
    from retarget_poses import arriving, meeting, on_the_body

    rig = load_rig()
    lines = [
        "# How near hands come",
        "",
        "On skeletons with the names, axes, resting poses and proportions of each standard, with the tests' own "
        "measures. Of five seconds of strokes, keyed at each frame, the most by which a wrist is elsewhere in its "
        "reach (% of the arm), and a palm or a joint of a finger turned (degrees). Then the millimetres, of our "
        "size, by which the nearest points of clasped hands, and a fingertip on the chest, the chin and the hip, "
        "lie elsewhere than on ours. Sparse keys add to it what *Detail* allows.",
        "",
        "| standard | found with | wrist, % | palm, ° | finger, ° | clasped, mm | chest | chin | hip |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        wrist, palm, finger = arriving(rig, kind)
        places = [on_the_body(rig, kind, place)[0] for place in ("chest", "chin", "hip")]
        cells = [
            f"{detect(skeleton(kind)).confidence:.2f}",
            f"{100 * wrist:.2f}",
            *(f"{np.degrees(each):.1f}" for each in (palm, finger)),
            *(f"{1000 * each:.1f}" for each in (meeting(rig, kind)[0], *places)),
        ]
        lines.append(f"| {kind.standard} | " + " | ".join(cells) + " |")
        print(lines[-1], file=sys.stderr, flush=True)
    return [*lines, ""]


def _now() -> Any:
    """Return the seconds by the clock, and those of the processor, as an array."""
    return np.array([time.perf_counter(), time.process_time()])


def _bake(item: Any, frames: int) -> Any:
    """Return the seconds that Blender takes to bake the keyed bones of some frames; what is baked is thrown away."""
    import bpy

    keyed = {curve.data_path.split('"')[1] for curve in _module("rig.actions").all_curves(item)}
    bpy.context.view_layer.objects.active = item
    item.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    for bone in item.pose.bones:
        chosen = bone.name in keyed
        if hasattr(bone, "select"):
            bone.select = chosen
        else:
            bone.bone.select = chosen
    action, handle = item.animation_data.action, _module("rig.actions").slot_handle(item)
    start = _now()
    bpy.ops.nla.bake(frame_start=1, frame_end=frames, only_selected=True, visual_keying=True, bake_types={"POSE"})
    taken = _now() - start
    made = item.animation_data.action
    _module("rig.actions").assign(item, action, handle)
    if made != action:
        bpy.data.actions.remove(made)
    bpy.ops.object.mode_set(mode="OBJECT")
    return taken


def _rigify() -> Any:
    import bpy

    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    bpy.ops.pose.rigify_generate()
    return bpy.data.objects["rig"]


def _gestures(seconds: float) -> Any:
    """Return strokes and holds of both hands, by minimum jerk, about two key poses a second."""
    from chironomy.body.rig import load_rig
    from chironomy.motion import HandMotion
    from chironomy.motion import rotation as quaternion

    rig, random = load_rig(), np.random.default_rng(1)
    count = round(seconds * FPS)
    poses = round(seconds * 1.2) + 2
    at = np.linspace(0.0, poses - 1.001, count)
    index = at.astype(int)
    part = np.clip((at - index) * 1.6, 0.0, 1.0)
    part = (part**3 * (10.0 - 15.0 * part + 6.0 * part**2))[:, None]

    def between(values: Any) -> Any:
        flat = values.reshape(poses, -1)
        return (flat[index] + part * (flat[index + 1] - flat[index])).reshape(count, *values.shape[1:])

    place, vectors = np.zeros((count, 2, 3)), np.zeros((count, 2, 16, 3))
    for hand, sign in enumerate((1.0, -1.0)):
        shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
        points = random.uniform((0.0, -0.35, 0.2), (0.25, 0.0, 0.36), (poses, 3)) * (sign, 1.0, 1.0)
        place[:, hand] = between(points) + shoulder * (1.0, 0.0, 0.0)
        vectors[:, hand, 0] = between(random.normal(scale=0.4, size=(poses, 3)))
        bend = np.zeros((poses, 15, 3))
        bend[..., 2] = -sign * random.uniform(0.0, 1.0, (poses, 15))
        vectors[:, hand, 1:] = between(bend)
    return HandMotion(float(FPS), place, quaternion.from_rotation_vector(vectors), np.ones((count, 2)))


def _module(name: str) -> ModuleType:
    import importlib

    return importlib.import_module(f"{PACKAGE}.{name}")


if __name__ == "__main__":
    sys.exit(main())
