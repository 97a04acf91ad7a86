# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary scene in which copies of a character and its meshes play what the person's scene shows, for an FBX."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from bpy.types import Context, Object, Scene, ViewLayer
from mathutils import Matrix
from numpy.typing import NDArray

from chironomy.motion import MotionError

from ..rig.build import body_of
from ..rig.read import bone_matrices
from ..rig.seen import check_frames, evaluated, shape_values
from ..slices import MARK, Slices, take_away
from .fbx_keys import Keys, Rest, basis_of

Array = NDArray[np.float64]

CENTIMETRES = 100.0

_LEAN = 1e-3
"""Cosine of the angle of two axes up to which they count as square."""


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


def staging(context: Context, item: Object) -> Slices:
    """Set up a temporary scene in which copies play what a scene shows of a character, from frame 0 on.

    Args:
        context: of the person; its scene counts.
        item: the character.

    Returns:
        The scene, as `Staged`, whose copies have names of their own; whoever has it ends it.
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
    staged = Staged(stage, [], mark)
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
class Staged:
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
    staged: Staged

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
        written = Keys(armature, self.staged.mark)
        written.transform(armature, "", place)
        # The pose's bones are there only now.
        self.layer.update()
        rests, growth = Rest.of(skeleton), self.unit * self.size
        basis = yield lambda _: basis_of(rests, seen.bones, seen.pose, growth)
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
            written = Keys(shapes, self.staged.mark)
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
        written = Keys(copy, self.staged.mark)
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


def _sheared(place: Array, pose: Array) -> list[str]:
    """Return what is said where uneven scales lean bones: a joint of FBX turns, moves and scales along its own axes."""
    for matrices in (pose, place):
        axes = matrices[..., :3, :3]
        axes = axes / np.maximum(np.linalg.norm(axes, axis=-2, keepdims=True), 1e-9)
        leaning = np.swapaxes(axes, -1, -2) @ axes - np.eye(3)
        if np.abs(leaning).max() > _LEAN:
            return ["the shear of unevenly scaled bones or parents"]
    return []
