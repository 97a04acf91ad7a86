# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender shows of a character, frame by frame, on a plain skeleton: the stage that exporters are given.

They are given copies that nothing moves but their own keys: bones, face and place are sampled from the person's scene
and keyed at every frame from 0 on. So it does not matter how the motion came about, and the person's own data stays as
it is. Every node has a scale of 1, whatever the unit of the file: Unreal takes a node over the hips for a bone, and
would scale the skeleton by what else stood there.
"""

import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from bpy.types import Context, Object, Scene, ViewLayer
from mathutils import Matrix
from numpy.typing import NDArray

from chironomy.motion import MotionError

from ..rig.build import body_of, figure_of, hands_of, meshes_of
from ..rig.read import bone_matrices, bone_places, scene_fps
from ..rig.seen import check_frames, evaluated, shape_values
from ..slices import MARK, Slices, take_away
from .stage_keys import Keys, Rest, basis_of

Array = NDArray[np.float64]

_LEAN = 1e-3
"""Cosine of the angle of two axes up to which they count as square."""


@dataclass(frozen=True)
class Form:
    """What a character is to be like in a file.

    Attributes:
        unit: metres; how long one unit of length is.
        names: what bones are called there; the others keep their names.
        root: what the armature is called there, "" for its own name.
        mesh: whether its meshes are in the file.
        dots: what stands for a dot in a bone's name, where the format has none.
        moving: whether the exporter must see the meshes moved by the bones; it takes time at every frame.
    """

    unit: float = 0.01
    names: dict[str, str] = field(default_factory=dict)
    root: str = ""
    mesh: bool = True
    dots: str = "."
    moving: bool = False

    def named(self, bone: str) -> str:
        """Return what a bone is called."""
        return self.names.get(bone, bone).replace(".", self.dots)


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
    """Return the meshes that belong to a character, and the names of what exporters are not given of it.

    A mesh belongs to it that hangs on it or is moved by its bones; the body always, or its hands where they are shown
    alone; another one unless it is switched off in viewports and renders alike.
    """
    hanging, built, figure = set(item.children_recursive), meshes_of(item), figure_of(item)
    body = hands_of(item) if figure == "hands" else body_of(item)
    meshes, left_out = [], []
    for other in scene.objects:
        moved = any(modifier.type == "ARMATURE" and modifier.object == item for modifier in other.modifiers)
        if (other not in hanging and not moved) or (other in built and other != body):
            continue
        if other.type == "MESH" and (other == body or not (other.hide_viewport and other.hide_render)):
            meshes.append(other)
        else:
            left_out.append(other.name)
    return meshes, left_out


@dataclass(frozen=True)
class Span:
    """Frames of a scene, one a frame of the file.

    Attributes:
        start: the first frame.
        stop: the one after the last.
        rate: frames a second of the file.
        scene_rate: frames a second of the scene.
    """

    start: int
    stop: int
    rate: float
    scene_rate: float

    @classmethod
    def of(cls, scene: Scene, start: int, stop: int, rate: float = 0.0) -> "Span":
        """Return frames of a scene, at its own rate or another one.

        Raises:
            MotionError: there are none.
        """
        check_frames(start, stop)
        return cls(start, stop, rate or scene_fps(scene), scene_fps(scene))

    @property
    def count(self) -> int:
        """How many frames the file has."""
        return int((self.stop - 1 - self.start) * self.rate / self.scene_rate + 1e-6) + 1

    @property
    def frames(self) -> list[float]:
        """The scene's frames, with parts of frames where the file's rate is another."""
        if self.rate == self.scene_rate:
            return [float(frame) for frame in range(self.start, self.stop)]
        return [self.start + number * self.scene_rate / self.rate for number in range(self.count)]


def watching(scene: Scene, item: Object, meshes: list[Object], span: Span) -> Slices:
    """Return in slices what some frames show of a character and its meshes, as `Performance`.

    Raises:
        MotionError: the armature is in edit mode.
    """
    bones = _exported_bones(item)
    count, frames = span.count, span.frames
    pose = np.empty((count, len(bones), 4, 4))
    place = {part: np.empty((count, 4, 4)) for part in (item, *meshes)}
    faces = [mesh for mesh in meshes if mesh.data.shape_keys]
    shapes = {mesh: np.empty((count, len(mesh.data.shape_keys.key_blocks))) for mesh in faces}
    with evaluated(scene, [item, *meshes, *(mesh.data.shape_keys for mesh in faces)]) as evaluation:
        places: list[int] | None = None
        for frame in range(count):
            graph = evaluation.at(frames[frame])
            shown = item.evaluated_get(graph).pose.bones
            places = places or bone_places(shown, bones)
            pose[frame] = bone_matrices(shown, places)
            for part, matrices in place.items():
                matrices[frame] = part.evaluated_get(graph).matrix_world
            for mesh, values in shapes.items():
                values[frame] = shape_values(mesh, graph)
            for said in evaluation.rests(frame / count):
                yield said
                places = None
    return Performance(bones, pose, place, shapes)


def _exported_bones(item: Object) -> list[str]:
    """Return the names of the bones that deform and of those above them, parents first."""
    wanted = set()
    for bone in item.data.bones:
        if bone.use_deform:
            wanted.update((bone, *bone.parent_recursive))
    return [bone.name for bone in sorted(wanted, key=lambda bone: len(bone.parent_recursive))]


def staging(context: Context, item: Object, form: Form, span: Span, watch: Callable[..., Slices] = watching) -> Slices:
    """Set up a temporary scene in which copies play what a scene shows of a character, from frame 0 on.

    Args:
        context: of the person; its scene counts.
        item: the character.
        form: what it is to be like.
        span: the frames of the scene.
        watch: says what the copies play, with the arguments of `watching`, which reads it from Blender.

    Returns:
        The scene, as `Staged`, whose copies have names of their own; whoever has it ends it.

    Raises:
        MotionError: the armature is in edit mode or scaled to nothing.
    """
    scene = context.scene
    meshes, left_out = _parts(scene, item)
    if not form.mesh:
        # What was not asked for is not missed.
        meshes, left_out = [], []
    seen = yield from watch(scene, item, meshes, span)
    size = scale_of(item, seen)
    mark = uuid.uuid4().hex
    stage = bpy.data.scenes.new("Chironomy Export")
    stage[MARK] = mark
    # Its unit is the file's, so that the exporter has nothing to scale.
    stage.unit_settings.system, stage.unit_settings.scale_length = "METRIC", form.unit
    stage.frame_start, stage.frame_end = 0, len(seen.pose) - 1
    stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
    if span.rate != span.scene_rate:
        stage.render.fps = math.ceil(span.rate)
        stage.render.fps_base = stage.render.fps / span.rate
    staged = Staged(stage, [], mark)
    try:
        copying = _Copying(context, stage, metres_of(scene) / form.unit, size, form, staged)
        armature = yield from copying.adding_armature(item, seen)
        lost: list[str] = []
        for mesh in seen.place:
            if mesh != item:
                lost += yield from copying.adding_mesh(mesh, item, armature, seen)
        stage.frame_set(0)
        place, pose = seen.place[item], seen.pose
        sheared = yield lambda _: _sheared(place, pose)
        staged.left_out = ", ".join(sorted(left_out) + lost + sheared)
    except BaseException:
        staged.end()
        raise
    return staged


def metres_of(scene: Scene) -> float:
    """Return how many metres a scene's unit of length is."""
    units = scene.unit_settings
    return 1.0 if units.system == "NONE" else units.scale_length


def scale_of(item: Object, seen: Performance) -> float:
    """Return how large a character's object makes it, at the first frame.

    Raises:
        MotionError: it is scaled to nothing.
    """
    size = float(abs(np.linalg.det(seen.place[item][0, :3, :3])) ** (1.0 / 3.0))
    if size < 1e-9:
        raise MotionError(f"{item.name} is scaled to nothing; give it a scale of 1")
    return size


@dataclass
class Staged:
    """A temporary scene with copies.

    Attributes:
        stage: the scene.
        names: collection, name and original's name of what was copied.
        mark: what tells all that is in it from others'.
        left_out: what is not in it.
        keys: by which it plays; they are not written yet.
    """

    stage: Scene
    names: list[tuple[str, str, str]]
    mark: str
    left_out: str = ""
    keys: list[Keys] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        render = self.stage.render
        return (self.stage.frame_end - self.stage.frame_start) * render.fps_base / render.fps

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
class _Copying:
    """Puts copies on a stage.

    Attributes:
        context: of the person.
        stage: the temporary scene.
        unit: how many of the file's units of length one of the person's scene is.
        size: the character's scale, which its copy has in its bones instead.
        form: what the character is to be like in the file.
        staged: is told the names of what is made.
    """

    context: Context
    stage: Scene
    unit: float
    size: float
    form: Form
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
        armature = self._enter(item, bpy.data.objects.new(item.name, skeleton), self.form.root)
        skeleton.animation_data_clear()
        self._rename(skeleton)
        skeleton.pose_position = "POSE"
        skeleton.transform(self.growth)
        for bone in skeleton.bones:
            bone.use_inherit_rotation, bone.inherit_scale, bone.use_local_location = True, "FULL", True
            bone.use_relative_parent = False
        # The node keeps where it is, and its own scale only as far as that changes.
        place = seen.place[item].copy()
        place[:, :3, :3] /= self.size
        place[:, :3, 3] *= self.unit
        written = Keys(armature, self.staged.mark, 1.0 / self.form.unit)
        written.transform(armature, "", place)
        # The pose's bones are there only now.
        self.layer.update()
        rests, growth = Rest.of(skeleton), self.unit * self.size
        names = [self.form.named(name) for name in seen.bones]
        basis = yield lambda _: basis_of(rests, names, seen.pose, growth)
        bones = skeleton.bones
        moved = [name for number, name in enumerate(names) if np.abs(basis[:, number, :3, 3]).max() > 1e-4]
        if any(bones[name].use_connect for name in moved):
            self._disconnect(armature)
        for number, name in enumerate(names):
            bone = armature.pose.bones[name]
            written.transform(bone, f'pose.bones["{bpy.utils.escape_identifier(name)}"].', basis[:, number])
            if number % 4 == 3:
                yield
        self.staged.keys.append(written)
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
        for group in copy.vertex_groups:
            group.name = self.form.named(group.name)
        lost = self._apply_modifiers(copy, mesh.name, item, armature)
        shapes = copy.data.shape_keys
        if shapes is not None:
            shapes.animation_data_clear()
        copy.data.transform(self.growth, shape_keys=True)
        yield
        self._hanging(mesh, copy, item, armature, seen)
        if shapes is not None:
            copy.show_only_shape_key = False
            written = Keys(shapes, self.staged.mark)
            for block, values in zip(shapes.key_blocks, seen.shapes[mesh].T, strict=True):
                block.mute = False
                block.slider_min, block.slider_max = min(0.0, values.min()), max(1.0, values.max())
                written.channel(block, "value", block.path_from_id("value"), values)
            self.staged.keys.append(written)
        # Mostly, its bones and the values of its shape keys are played alone, and not its vertices.
        for modifier in copy.modifiers:
            modifier.show_viewport = self.form.moving
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

    def _hanging(self, mesh: Object, copy: Object, item: Object, armature: Object, seen: Performance) -> None:
        """Hang a copy on the copied armature, on the same bone where that is exported, where the mesh was seen."""
        above = seen.place[item]
        on_bone = mesh.parent == item and mesh.parent_type == "BONE" and mesh.parent_bone in seen.bones
        copy.parent, copy.parent_type = armature, "BONE" if on_bone else "OBJECT"
        if on_bone:
            copy.parent_bone = self.form.named(mesh.parent_bone)
            tail = np.eye(4)
            tail[1, 3] = item.data.bones[mesh.parent_bone].length
            above = above @ seen.pose[:, seen.bones.index(mesh.parent_bone)] @ tail
        local = np.linalg.inv(above) @ seen.place[mesh]
        local[:, :3, 3] *= self.unit * self.size
        copy.matrix_parent_inverse.identity()
        copy.delta_location, copy.delta_rotation_euler, copy.delta_scale = (0, 0, 0), (0, 0, 0), (1, 1, 1)
        copy.delta_rotation_quaternion = (1, 0, 0, 0)
        written = Keys(copy, self.staged.mark, 1.0 / self.form.unit)
        written.transform(copy, "", local)
        self.staged.keys.append(written)

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

    def _rename(self, skeleton: Any) -> None:
        """Give bones the names that they are to have in the file; nothing is keyed or weighted by them yet.

        Raises:
            MotionError: two would have one name.
        """
        names = [self.form.named(bone.name) for bone in skeleton.bones]
        if names == skeleton.bones.keys():
            return
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise MotionError(f"two bones would both be called {twice} in the file; choose other names of bones")
        for bone in skeleton.bones:
            # Out of each other's way, as a bone may get what another one is called still.
            bone.name = f"Chironomy {bone.name}"
        for bone, name in zip(skeleton.bones, names, strict=True):
            bone.name = name

    def _enter(self, original: Object, copy: Object, name: str = "") -> Object:
        """Link a copy to the stage, and note the names that it and its data are to have: by default the original's."""
        for named, new in ((original, copy), (original.data, copy.data)):
            new.name = f"Chironomy {len(self.staged.names)}"
            kind = {"OBJECT": "objects", "ARMATURE": "armatures", "MESH": "meshes"}[new.id_type]
            self.staged.names.append((kind, new.name, name or named.name))
        copy[MARK] = self.staged.mark
        self.stage.collection.objects.link(copy)
        return copy
