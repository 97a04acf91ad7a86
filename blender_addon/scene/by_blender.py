# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage, written by Blender's own exporters: in another Blender, or in this one."""

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.types import Context

from chironomy import processes
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.exchange.glb import retime_glb
from chironomy.files import atomic_path
from chironomy.work import Work

from .blender_writer import call_exporter
from .staging import Staged

EXPORTERS: dict[str, dict[str, Any]] = {
    # One key for every joint and frame, none dropped, so that other programs play what Blender shows. The animation is
    # the scene's own, so that no other action of the file becomes a second one.
    "fbx": {
        "operator": "export_scene.fbx",
        "addon": "io_scene_fbx",
        "how": {
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
        },
    },
    # Bones and face in one animation, sampled at every frame.
    "glb": {
        "operator": "export_scene.gltf",
        "addon": "io_scene_gltf2",
        "how": {
            "export_format": "GLB",
            "use_active_scene": True,
            "export_yup": True,
            "export_cameras": False,
            "export_lights": False,
            "export_skins": True,
            "export_def_bones": True,
            "export_leaf_bone": False,
            "export_rest_position_armature": True,
            "export_morph": True,
            "export_morph_normal": False,
            "export_animations": True,
            "export_animation_mode": "SCENE",
            "export_anim_scene_split_object": False,
            "export_frame_range": True,
            "export_frame_step": 1,
            "export_force_sampling": True,
            "export_anim_slide_to_zero": True,
            "export_optimize_animation_size": False,
        },
    },
    "usd": {
        "operator": "wm.usd_export",
        "addon": "",
        "how": {
            "selected_objects_only": False,
            "export_animation": True,
            "export_armatures": True,
            "only_deform_bones": True,
            "export_shapekeys": True,
            "export_materials": True,
            "export_lights": False,
            "export_cameras": False,
            "convert_world_material": False,
            "evaluation_mode": "RENDER",
            "convert_orientation": True,
            "export_global_forward_selection": "NEGATIVE_Z",
            "export_global_up_selection": "Y",
        },
    },
}
"""How Blender's exporters are called. Settings that one of its versions has not are left out."""

_LOOK = 0.1
"""Seconds between looks at another Blender."""


class BlenderFileError(ChironomyError):
    """Another Blender did not write the file; the message says why, and that this one did, which whoever asks does."""


@dataclass(frozen=True)
class Stage:
    """A stage in a file, for another Blender.

    Attributes:
        command: that runs a script in it.
        blend: the file; its folder is for what is done with it.
        scene: the name of the stage's scene.
        names: as of `Staged`.
        seconds: from its first frame to its last.
    """

    command: list[str]
    blend: Path
    scene: str
    names: list[tuple[str, str, str]]
    seconds: float


def program() -> list[str]:
    """Return the command that runs a script in another Blender; empty where there is no such program."""
    if not bpy.app.binary_path:
        return []
    return [bpy.app.binary_path, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]


def available(name: str) -> bool:
    """Whether this Blender has the exporter of a format: some are built without USD."""
    module, _, operator = EXPORTERS[name]["operator"].partition(".")
    return operator in dir(getattr(bpy.ops, module)) and (name != "usd" or bpy.app.build_options.usd)


def keeping_stage(staged: Staged, meanwhile: ExitStack) -> Stage | None:
    """Keep a stage in a file for another Blender, as long as `meanwhile` holds; None where there is no such program."""
    command = program()
    if not command:
        return None
    folder = Path(meanwhile.enter_context(tempfile.TemporaryDirectory(prefix="chironomy-")))
    blend = folder / "stage.blend"
    bpy.data.libraries.write(str(blend), {staged.stage}, path_remap="ABSOLUTE")
    return Stage(command, blend, staged.stage.name, staged.names, staged.seconds)


def write_there(stage: Stage, path: Path, name: str, work: Work) -> None:
    """Let another Blender write a file of a format.

    Raises:
        JobCancelled: the work was to stop.
        BlenderFileError: it did not write it.
    """
    job = {"blend": str(stage.blend), "scene": stage.scene, "names": stage.names} | EXPORTERS[name]
    with atomic_path(path) as temporary:
        _run(stage.command, stage.blend.parent, job | {"path": str(temporary)}, work)
        if name == "glb":
            retime_glb(temporary, stage.seconds)


def write_here(context: Context, staged: Staged, path: Path, name: str) -> None:
    """Write a file of a format in this Blender.

    Raises:
        RuntimeError: the exporter's own sentence.
    """
    exporter = EXPORTERS[name]
    with (
        staged.named(),
        atomic_path(path) as temporary,
        context.temp_override(scene=staged.stage, view_layer=staged.stage.view_layers[0]),
    ):
        call_exporter(exporter["operator"], exporter["how"], str(temporary))
        if name == "glb":
            retime_glb(temporary, staged.seconds)


def _run(command: Sequence[str], folder: Path, job: dict[str, Any], work: Work) -> None:
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    script = str(Path(__file__).with_name("blender_writer.py"))
    log = folder / "log.txt"
    work.progress(0.0, "another Blender writes the file")
    with log.open("wb") as said:
        try:
            process = processes.start(
                [*command, script, "--", str(folder / "job.json")], stdout=said, stderr=subprocess.STDOUT
            )
        except OSError as error:
            why = error.strerror or error
            raise BlenderFileError(f"another Blender cannot be started, so this one wrote the file: {why}") from error
        try:
            while process.poll() is None:
                if work.cancelled():
                    raise JobCancelled
                time.sleep(_LOOK)
        finally:
            processes.end(process, 1.0)
    if process.returncode != 0 or not Path(job["path"]).is_file():
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = next((line.partition(": ")[2] for line in reversed(lines) if line.startswith("WRITER: ")), "")
        raise BlenderFileError(
            f"another Blender could not write the file, so this one did: {why or 'it ended before its time'}"
        )
