# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage, written by Blender's own exporters: in another Blender, or in this one."""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.types import Context

from chironomy.errors import ChironomyError
from chironomy.exchange.glb import retime_glb
from chironomy.files import atomic_path
from chironomy.work import Work

from ..slices import Slices
from . import another_blender
from .another_blender import AnotherBlenderError
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
        plays: whose keys there are, as of `Keys.told`.
    """

    command: list[str]
    blend: Path
    scene: str
    names: list[tuple[str, str, str]]
    seconds: float
    plays: list[dict[str, Any]]

    @property
    def keys(self) -> Path:
        """The file with what its parts play."""
        return self.blend.with_name("keys.npz")


def available(name: str) -> bool:
    """Whether this Blender has the exporter of a format: some are built without USD."""
    module, _, operator = EXPORTERS[name]["operator"].partition(".")
    return operator in dir(getattr(bpy.ops, module)) and (name != "usd" or bpy.app.build_options.usd)


def keeping_stage(staged: Staged, meanwhile: ExitStack) -> Slices:
    """Keep a stage in files for another Blender, as long as `meanwhile` holds; None where there is no such program."""
    command = another_blender.program()
    if not command:
        return None
    folder = Path(meanwhile.enter_context(tempfile.TemporaryDirectory(prefix="chironomy-")))
    blend, told = folder / "stage.blend", [keys.told for keys in staged.keys]
    bpy.data.libraries.write(str(blend), {staged.stage}, path_remap="ABSOLUTE")
    stage = Stage(command, blend, staged.stage.name, staged.names, staged.seconds, told)
    yield lambda _: np.savez(stage.keys, *(keys.values for keys in staged.keys))
    return stage


def write_there(stage: Stage, path: Path, name: str, work: Work) -> None:
    """Let another Blender write a file of a format.

    Raises:
        JobCancelled: the work was to stop.
        BlenderFileError: it did not write it.
    """
    folder = stage.blend.parent
    job = {"blend": str(stage.blend), "scene": stage.scene, "names": stage.names} | EXPORTERS[name]
    job |= {"keys": str(stage.keys), "plays": stage.plays}
    script, told = str(Path(__file__).with_name("blender_writer.py")), folder / "job.json"
    work.progress(0.0, "another Blender writes the file")
    with atomic_path(path) as temporary:
        told.write_text(json.dumps(job | {"path": str(temporary)}), encoding="utf-8")
        try:
            another_blender.run([*stage.command, script, "--", str(told)], folder / "log.txt", work)
            if not temporary.is_file():
                raise AnotherBlenderError("Blender ended over it")
        except AnotherBlenderError as error:
            raise BlenderFileError(f"another Blender could not write the file, so this one did: {error}") from error
        if name == "glb":
            retime_glb(temporary, stage.seconds)


def write_here(context: Context, staged: Staged, path: Path, name: str) -> None:
    """Write a file of a format in this Blender.

    Raises:
        RuntimeError: the exporter's own sentence.
    """
    exporter = EXPORTERS[name]
    for keys in staged.keys:
        keys.write()
    with (
        staged.named(),
        atomic_path(path) as temporary,
        context.temp_override(scene=staged.stage, view_layer=staged.stage.view_layers[0]),
    ):
        call_exporter(exporter["operator"], exporter["how"], str(temporary))
        if name == "glb":
            retime_glb(temporary, staged.seconds)
