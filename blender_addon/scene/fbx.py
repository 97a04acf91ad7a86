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
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy.types import ID, Context, Object, Scene, ViewLayer
from mathutils import Matrix
from numpy.typing import NDArray

from chironomy import processes
from chironomy.client import JobCancelled
from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.motion import MotionError, rotation
from chironomy.motion.keys import Interpolation
from chironomy.work import Work

from ..rig import actions
from ..rig.build import body_of
from ..rig.read import bone_matrices
from ..rig.seen import check_frames, evaluated, shape_values
from ..slices import MARK, Pace, Slices, drained, take_away

Array = NDArray[np.float64]

CENTIMETRES = 100.0

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

_LEAN = 1e-3
"""Cosine of the angle of two axes up to which they count as square."""


_LOOK = 0.1
"""Seconds between looks at another Blender."""


class FbxError(ChironomyError):
    """Another Blender did not write the file; the message says why, and that this one did, which whoever asks does."""


@dataclass(frozen=True)
class Performance:
    """What a scene shows of a character.

    Attributes:
        bones: the bones that are exported, parents first.
        pose: (T, bones, 4, 4) each bone in armature space.
        place: by object, the armature and its meshes: (T, 4, 4) where it is in the world.
        shapes: by mesh object that has shape keys: (T, K) their values.
    """

    bones: list[str]
    pose: Array
    place: dict[Object, Array]
    shapes: dict[Object, Array]


def export_fbx(context: Context, item: Object, path: Path) -> str:
    """Write a character and the scene's frames of its motion at once, as `exporting` does in slices.

    Returns:
        What the file lacks, to tell the person; empty where it has everything.

    Raises:
        MotionError: the scene has no frames, or the armature is in edit mode or scaled to nothing.
        OSError, RuntimeError: the file cannot be written.
    """
    staged = drained(_staging(context, item))
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
    staged = yield from _staging(context, item)
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


def _write_here(context: Context, staged: "_Staged", path: Path) -> None:
    how = {name: set(value) if isinstance(value, list) else value for name, value in _HOW.items()}
    with (
        staged.named(),
        atomic_path(path) as temporary,
        context.temp_override(scene=staged.stage, view_layer=staged.stage.view_layers[0]),
    ):
        bpy.ops.export_scene.fbx(filepath=str(temporary), **how)


def _sheared(place: Array, pose: Array) -> list[str]:
    """Return what is said where uneven scales lean bones: a joint of FBX turns, moves and scales along its own axes."""
    for matrices in (pose, place):
        axes = matrices[..., :3, :3]
        axes = axes / np.maximum(np.linalg.norm(axes, axis=-2, keepdims=True), 1e-9)
        leaning = np.swapaxes(axes, -1, -2) @ axes - np.eye(3)
        if np.abs(leaning).max() > _LEAN:
            return ["the shear of unevenly scaled bones or parents"]
    return []


def _parts(scene: Scene, item: Object) -> tuple[list[Object], list[str]]:
    """Return the meshes that belong to a character, and the names of what FBX is not given of it.

    A mesh belongs to it that hangs on it or is moved by its bones; the body always, another one unless it is switched
    off in viewports and renders alike.
    """
    hanging, body = set(item.children_recursive), body_of(item)
    meshes, left_out = [], []
    for other in scene.objects:
        moved = any(modifier.type == "ARMATURE" and modifier.object == item for modifier in other.modifiers)
        if other not in hanging and not moved:
            continue
        if other.type == "MESH" and (other == body or not (other.hide_viewport and other.hide_render)):
            meshes.append(other)
        else:
            left_out.append(other.name)
    return meshes, left_out


def _watch(scene: Scene, item: Object, meshes: list[Object]) -> Slices:
    """Return in slices what the scene's frames show of a character and its meshes."""
    start, stop = scene.frame_start, scene.frame_end + 1
    check_frames(start, stop)
    bones = _exported_bones(item)
    count = stop - start
    pose = np.empty((count, len(bones), 4, 4))
    place = {part: np.empty((count, 4, 4)) for part in (item, *meshes)}
    faces = [mesh for mesh in meshes if mesh.data.shape_keys]
    shapes = {mesh: np.empty((count, len(mesh.data.shape_keys.key_blocks))) for mesh in faces}
    with evaluated(scene, [item, *meshes, *(mesh.data.shape_keys for mesh in faces)]) as evaluation:
        for frame in range(count):
            graph = evaluation.at(start + frame)
            pose[frame] = bone_matrices(item.evaluated_get(graph).pose.bones, bones)
            for part, matrices in place.items():
                matrices[frame] = part.evaluated_get(graph).matrix_world
            for mesh, values in shapes.items():
                values[frame] = shape_values(mesh, graph)
            yield from evaluation.rests(frame / count)
    return Performance(bones, pose, place, shapes)


def _exported_bones(item: Object) -> list[str]:
    """Return the names of the bones that deform and of those above them, parents first."""
    wanted = set()
    for bone in item.data.bones:
        if bone.use_deform:
            wanted.update((bone, *bone.parent_recursive))
    return [bone.name for bone in sorted(wanted, key=lambda bone: len(bone.parent_recursive))]


def _staging(context: Context, item: Object) -> Slices:
    """Set up a temporary scene in which copies play what a scene shows of a character, from frame 0 on.

    Args:
        context: of the person; its scene counts.
        item: the character.

    Returns:
        The scene, as `_Staged`, whose copies have names of their own; whoever has it ends it.
    """
    scene = context.scene
    meshes, left_out = _parts(scene, item)
    seen = yield from _watch(scene, item, meshes)
    units = scene.unit_settings
    metres = 1.0 if units.system == "NONE" else units.scale_length
    size = abs(np.linalg.det(seen.place[item][0, :3, :3])) ** (1.0 / 3.0)
    if size < 1e-9:
        raise MotionError(f"{item.name} is scaled to nothing; give it a scale of 1")
    mark = uuid.uuid4().hex
    stage = bpy.data.scenes.new("Chironomy Export")
    stage[MARK] = mark
    # Its unit is the centimetre, so that the exporter has nothing to scale.
    stage.unit_settings.system, stage.unit_settings.scale_length = "METRIC", 1.0 / CENTIMETRES
    stage.frame_start, stage.frame_end = 0, len(seen.pose) - 1
    stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
    staged = _Staged(stage, [], mark)
    try:
        staging = _Staging(context, stage, CENTIMETRES * metres, size, staged)
        armature = yield from staging.adding_armature(item, seen)
        lost: list[str] = []
        for mesh in seen.place:
            if mesh != item:
                lost += yield from staging.adding_mesh(mesh, item, armature, seen)
        stage.frame_set(0)
        place, pose = seen.place[item], seen.pose
        sheared = yield lambda _: _sheared(place, pose)
        staged.left_out = ", ".join(sorted(left_out) + lost + sheared)
    except BaseException:
        staged.end()
        raise
    return staged


@dataclass
class _Staged:
    """A temporary scene with copies.

    Attributes:
        stage: the scene.
        names: collection, name and original's name of what was copied.
        mark: what tells all that is in it from others'.
        left_out: what is not in it.
    """

    stage: Scene
    names: list[tuple[str, str, str]]
    mark: str
    left_out: str = ""

    def end(self) -> None:
        """Leave nothing of it in the file."""
        take_away(self.mark)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Give the copies their originals' names meanwhile."""
        with ExitStack() as undo:
            for kind, own, name in self.names:
                collection = getattr(bpy.data, kind)
                copy, holder = collection[own], collection.get((name, None))
                if holder is not None:
                    holder.name = "Chironomy Original"
                    undo.callback(setattr, holder, "name", name)
                copy.name = name
                undo.callback(setattr, copy, "name", own)
            yield


@dataclass(frozen=True)
class _Staging:
    """Puts copies on a stage.

    Attributes:
        context: of the person.
        stage: the temporary scene.
        unit: how many centimetres a unit of length of the person's scene is.
        size: the character's scale, which its copy has in its bones instead.
        staged: is told the names of what is made.
    """

    context: Context
    stage: Scene
    unit: float
    size: float
    staged: _Staged

    @property
    def layer(self) -> ViewLayer:
        return self.stage.view_layers[0]

    @property
    def growth(self) -> Matrix:
        """What makes the inside of the character, bones and vertices, as large as it is to be in the file."""
        return Matrix.Scale(self.unit * self.size, 4)

    def adding_armature(self, item: Object, seen: Performance) -> Slices:
        """Add and return a copy of the armature that goes through the performance by its own keys alone."""
        skeleton = item.data.copy()
        armature = self._enter(item, bpy.data.objects.new(item.name, skeleton))
        skeleton.animation_data_clear()
        skeleton.pose_position = "POSE"
        skeleton.transform(self.growth)
        for bone in skeleton.bones:
            bone.use_inherit_rotation, bone.inherit_scale, bone.use_local_location = True, "FULL", True
            bone.use_relative_parent = False
        # The node keeps where it is, and its own scale only as far as that changes.
        place = seen.place[item].copy()
        place[:, :3, :3] /= self.size
        place[:, :3, 3] *= self.unit
        written = _Keys(armature, self.staged.mark)
        written.transform(armature, "", place)
        # The pose's bones are there only now.
        self.layer.update()
        rests, growth = _Rest.of(skeleton), self.unit * self.size
        basis = yield lambda _: _basis(rests, seen.bones, seen.pose, growth)
        bones = skeleton.bones
        moved = [name for number, name in enumerate(seen.bones) if np.abs(basis[:, number, :3, 3]).max() > 1e-4]
        if any(bones[name].use_connect for name in moved):
            self._disconnect(armature)
        for number, name in enumerate(seen.bones):
            bone = armature.pose.bones[name]
            written.transform(bone, f'pose.bones["{bpy.utils.escape_identifier(name)}"].', basis[:, number])
            if number % 4 == 3:
                yield
        yield from written.writing()
        return armature

    def adding_mesh(self, mesh: Object, item: Object, armature: Object, seen: Performance) -> Slices:
        """Add a copy of a mesh that hangs on the copied armature; return what it had to leave."""
        if mesh.mode == "EDIT":
            mesh.update_from_editmode()
        copy = mesh.copy()
        copy.data = mesh.data.copy()
        self._enter(mesh, copy)
        copy.animation_data_clear()
        copy.data.animation_data_clear()
        copy.constraints.clear()
        copy.hide_viewport = copy.hide_render = False
        lost = self._apply_modifiers(copy, mesh.name, item, armature)
        shapes = copy.data.shape_keys
        if shapes is not None:
            shapes.animation_data_clear()
        copy.data.transform(self.growth, shape_keys=True)
        yield
        yield from self._hanging(mesh, copy, item, armature, seen)
        if shapes is not None:
            copy.show_only_shape_key = False
            written = _Keys(shapes, self.staged.mark)
            for block, values in zip(shapes.key_blocks, seen.shapes[mesh].T, strict=True):
                block.mute = False
                block.slider_min, block.slider_max = min(0.0, values.min()), max(1.0, values.max())
                written.channel(block, "value", block.path_from_id("value"), values)
            yield from written.writing()
        # Only its bones and the values of its shape keys are played, not its vertices.
        for modifier in copy.modifiers:
            modifier.show_viewport = False
        return lost

    def _apply_modifiers(self, copy: Object, called: str, item: Object, armature: Object) -> list[str]:
        """Leave a mesh the modifiers of the character's bones alone; return the names of those that were lost.

        The others are applied where the mesh has no shape keys: with them FBX holds no modifiers.
        """
        lost = []
        for modifier in list(copy.modifiers):
            if modifier.type == "ARMATURE" and modifier.object == item:
                modifier.object = armature
                modifier.show_viewport = False
            elif not modifier.show_viewport:
                copy.modifiers.remove(modifier)
            elif copy.data.shape_keys:
                lost.append(f"{modifier.name} of {called}")
                copy.modifiers.remove(modifier)
        if any(modifier.show_viewport for modifier in copy.modifiers):
            self.layer.update()
            graph = self.layer.depsgraph
            made = bpy.data.meshes.new_from_object(
                copy.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
            )
            plain, copy.data = copy.data, made
            name = plain.name
            bpy.data.meshes.remove(plain)
            made.name = name
            for modifier in list(copy.modifiers):
                if modifier.show_viewport:
                    copy.modifiers.remove(modifier)
        for modifier in copy.modifiers:
            modifier.show_viewport = modifier.show_render = True
        return lost

    def _hanging(self, mesh: Object, copy: Object, item: Object, armature: Object, seen: Performance) -> Slices:
        """Hang a copy on the copied armature, on the same bone where that is exported, where the mesh was seen."""
        above = seen.place[item]
        on_bone = mesh.parent == item and mesh.parent_type == "BONE" and mesh.parent_bone in seen.bones
        copy.parent, copy.parent_type = armature, "BONE" if on_bone else "OBJECT"
        if on_bone:
            copy.parent_bone = mesh.parent_bone
            tail = np.eye(4)
            tail[1, 3] = item.data.bones[mesh.parent_bone].length
            above = above @ seen.pose[:, seen.bones.index(mesh.parent_bone)] @ tail
        local = np.linalg.inv(above) @ seen.place[mesh]
        local[:, :3, 3] *= self.unit * self.size
        copy.matrix_parent_inverse.identity()
        copy.delta_location, copy.delta_rotation_euler, copy.delta_scale = (0, 0, 0), (0, 0, 0), (1, 1, 1)
        copy.delta_rotation_quaternion = (1, 0, 0, 0)
        written = _Keys(copy, self.staged.mark)
        written.transform(copy, "", local)
        yield from written.writing()

    def _disconnect(self, armature: Object) -> None:
        """Let bones move away from their parents' tails, as a constraint had them do."""
        self.layer.objects.active = armature
        with self.context.temp_override(
            scene=self.stage, view_layer=self.layer, active_object=armature, object=armature
        ):
            bpy.ops.object.mode_set(mode="EDIT")
            for bone in armature.data.edit_bones:
                bone.use_connect = False
            bpy.ops.object.mode_set(mode="OBJECT")

    def _enter(self, original: Object, copy: Object) -> Object:
        """Link a copy to the stage, and note the names that it and its data are to have."""
        for named, new in ((original, copy), (original.data, copy.data)):
            new.name = f"Chironomy {len(self.staged.names)}"
            kind = {"OBJECT": "objects", "ARMATURE": "armatures", "MESH": "meshes"}[new.id_type]
            self.staged.names.append((kind, new.name, named.name))
        copy[MARK] = self.staged.mark
        self.stage.collection.objects.link(copy)
        return copy


@dataclass(frozen=True)
class _Rest:
    """Where a bone rests, (4, 4) in armature space, and its parent's name."""

    matrix: Array
    parent: str | None

    @classmethod
    def of(cls, skeleton: Any) -> "dict[str, _Rest]":
        """Return the bones of an armature by name."""
        return {
            bone.name: cls(np.array(bone.matrix_local), bone.parent.name if bone.parent is not None else None)
            for bone in skeleton.bones
        }


def _basis(rests: dict[str, _Rest], names: list[str], seen: Array, growth: float) -> Array:
    """Return (T, bones, 4, 4) what turns each bone's rest into its pose, relative to its parent.

    Args:
        rests: of the bones that are as large as they are to be.
        names: parents first.
        seen: (T, bones, 4, 4) where they are, in the size that they have.
        growth: how many times larger they are to be.
    """
    pose = seen.copy()
    pose[..., :3, 3] *= growth
    index = {name: number for number, name in enumerate(names)}
    basis = np.empty_like(pose)
    for name, number in index.items():
        rest, parent = rests[name].matrix, rests[name].parent
        if parent is None:
            basis[:, number] = np.linalg.inv(rest) @ pose[:, number]
        else:
            from_parent = np.linalg.inv(rests[parent].matrix) @ rest
            basis[:, number] = np.linalg.inv(pose[:, index[parent]] @ from_parent) @ pose[:, number]
    return basis


class _Keys:
    """Keys at every frame from 0 on, for the properties of one data-block; one that never changes is set instead."""

    def __init__(self, animated: ID, mark: str) -> None:
        self._animated, self._mark = animated, mark
        self._channels: list[tuple[str, int, Array]] = []

    def transform(self, owner: "Object | bpy.types.PoseBone", prefix: str, matrices: Array) -> None:
        """Take (T, 4, 4) for the location, rotation and scale of an object or a pose bone."""
        owner.rotation_mode = "QUATERNION"
        axes = matrices[:, :3, :3]
        scale = np.linalg.norm(axes, axis=-2)
        # Where all is mirrored, it is scaled by -1: a rotation mirrors nothing.
        scale *= np.where(np.linalg.det(axes) < 0.0, -1.0, 1.0)[:, None]
        turn = rotation.from_matrix(axes / np.where(np.abs(scale) > 1e-12, scale, 1.0)[:, None])
        parts = (("location", matrices[:, :3, 3]), ("rotation_quaternion", turn), ("scale", scale))
        for name, values in parts:
            for index, column in enumerate(values.T):
                self._take(prefix + name, index, column, _setter(owner, name, index))

    def channel(self, owner: "bpy.types.ShapeKey", name: str, path: str, values: Array) -> None:
        """Take (T,) for a property that is one number."""
        self._take(path, 0, values, lambda value: setattr(owner, name, value))

    def _take(self, path: str, index: int, values: Array, put: Callable[[float], None]) -> None:
        put(float(values[0]))
        if np.ptp(values) > 0.0:
            self._channels.append((path, index, values))

    def writing(self) -> Slices:
        """Write what was taken as an action of its own."""
        if not self._channels:
            return
        actions.new_action(self._animated, "Chironomy Export")[MARK] = self._mark
        pace = Pace()
        for path, index, values in self._channels:
            curve = actions.curves(self._animated, create=True).new(path, index=index)
            points = curve.keyframe_points
            points.add(len(values))
            points.foreach_set("co", np.column_stack([np.arange(len(values)), values]).astype(np.float32).reshape(-1))
            points.foreach_set("interpolation", np.full(len(values), Interpolation.LINEAR, dtype=np.int32))
            curve.update()
            if pace.due():
                yield


def _setter(owner: "Object | bpy.types.PoseBone", name: str, index: int) -> Callable[[float], None]:
    def put(value: float) -> None:
        getattr(owner, name)[index] = value

    return put
