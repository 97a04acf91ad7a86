# SPDX-License-Identifier: GPL-3.0-or-later
"""The character with its animation as FBX: what Blender shows, frame by frame, on a plain skeleton.

The exporter is given copies that nothing moves but their own keys: bones, face and place are sampled from the person's
scene and keyed at every frame from 0 on. So it does not matter how the motion came about, and the person's own data
stays as it is. Lengths are centimetres, as other programs count them, with a scale of 1 on every node: Unreal takes a
node over the hips for a bone, and would scale the skeleton by what else stood there.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.types import Context, Object

from chironomy import processes
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.work import Work

from ..slices import Slices, drained
from .fbx_stage import Staged, staging

_HOW = {
    "object_types": ["ARMATURE", "MESH"],
    "apply_scale_options": "FBX_SCALE_UNITS",
    "use_armature_deform_only": True,
    "add_leaf_bones": False,
    "bake_anim": True,
    "bake_anim_use_all_bones": True,
    "bake_anim_force_startend_keying": True,
    "bake_anim_step": 1.0,
    "bake_anim_use_nla_strips": False,
    "bake_anim_use_all_actions": False,
    "bake_anim_simplify_factor": 0.0,
}
"""How Blender's exporter is called: one key for every joint and frame, none dropped, so that other programs play what
Blender shows. The animation is the scene's own, so that no other action of the file becomes a second one."""

_LOOK = 0.1
"""Seconds between looks at another Blender."""


class FbxError(ChironomyError):
    """Another Blender did not write the file; the message says why, and that this one did, which whoever asks does."""


def export_fbx(context: Context, item: Object, path: Path) -> str:
    """Write a character and the scene's frames of its motion at once, as `exporting` does in slices.

    Returns:
        What the file lacks, to tell the person; empty where it has everything.

    Raises:
        MotionError: the scene has no frames, or the armature is in edit mode or scaled to nothing.
        OSError, RuntimeError: the file cannot be written.
    """
    staged = drained(staging(context, item))
    try:
        _write_here(context, staged, path)
    finally:
        staged.end()
    return staged.left_out


def exporting(context: Context, item: Object, path: Path) -> Slices:
    """Begin to write a character and the scene's frames of its motion: another Blender writes the file.

    Where there is no program to start, as in Blender as a module of Python, it is written here and at once.

    Returns:
        What waits for the file, in a thread, and returns what it lacks; empty where it has everything.

    Raises:
        MotionError: the scene has no frames, or the armature is in edit mode or scaled to nothing.
        OSError, RuntimeError: the file cannot be written.
    """
    command = program()
    staged = yield from staging(context, item)
    try:
        if not command:
            _write_here(context, staged, path)
            return lambda _: staged.left_out
        folder = tempfile.TemporaryDirectory(prefix="chironomy-")
        blend = Path(folder.name, "stage.blend")
        bpy.data.libraries.write(str(blend), {staged.stage}, path_remap="ABSOLUTE")
        job = {"blend": str(blend), "scene": staged.stage.name, "names": staged.names, "how": _HOW}
    finally:
        staged.end()

    def write(work: Work) -> str:
        with folder, atomic_path(path) as temporary:
            _write_there(command, Path(folder.name), job | {"fbx": str(temporary)}, work)
        return staged.left_out

    return write


def program() -> list[str]:
    """Return the command that runs a script in another Blender; empty where there is no such program."""
    if not bpy.app.binary_path:
        return []
    return [bpy.app.binary_path, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]


def _write_there(command: Sequence[str], folder: Path, job: dict[str, Any], work: Work) -> None:
    """Let another Blender write the file.

    Raises:
        JobCancelled: the work was to stop.
        FbxError: it did not write it.
    """
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    script = str(Path(__file__).with_name("fbx_writer.py"))
    log = folder / "log.txt"
    work.progress(0.0, "another Blender writes the file")
    with log.open("wb") as said:
        try:
            process = processes.start(
                [*command, script, "--", str(folder / "job.json")], stdout=said, stderr=subprocess.STDOUT
            )
        except OSError as error:
            why = error.strerror or error
            raise FbxError(f"another Blender cannot be started, so this one wrote the file: {why}") from error
        try:
            while process.poll() is None:
                if work.cancelled():
                    raise JobCancelled
                time.sleep(_LOOK)
        finally:
            processes.end(process, 1.0)
    if process.returncode != 0 or not Path(job["fbx"]).is_file():
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = next((line.partition(": ")[2] for line in reversed(lines) if line.startswith("FBX: ")), "")
        raise FbxError(
            f"another Blender could not write the file, so this one did: {why or 'it ended before its time'}"
        )


def _write_here(context: Context, staged: Staged, path: Path) -> None:
    how = {name: set(value) if isinstance(value, list) else value for name, value in _HOW.items()}
    with (
        staged.named(),
        atomic_path(path) as temporary,
        context.temp_override(scene=staged.stage, view_layer=staged.stage.view_layers[0]),
    ):
        bpy.ops.export_scene.fbx(filepath=str(temporary), **how)
