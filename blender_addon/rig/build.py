# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the character: one armature object and the mesh that it moves."""

import uuid
from collections.abc import Iterator

import bpy
import numpy as np
from bpy.types import Armature, Collection, Context, EditBone, LayerCollection, Material, Mesh, Object
from mathutils import Color, Vector
from numpy.typing import NDArray

from chironomy.body.figures import FIGURES, hands_only
from chironomy.body.hand_anatomy import bending_directions
from chironomy.body.outfits import outfit_colours
from chironomy.body.rig import REGION_COLOURS, REGION_NAMES, SIDES, Rig, load_rig
from chironomy.errors import ChironomyError
from chironomy.motion import rotation as quaternion
from chironomy.motion.face import FACE_ACTIONS

from ..slices import MARK, Pace, Slices, drained, take_away
from . import controls
from .space import to_armature, turned

RIG_PROPERTY = "chironomy_rig"
"""A custom property of the armature object that marks it as a character; its value is the version that built it."""

HANDS_PROPERTY = "chironomy_hands"
"""A custom property that marks the mesh of a character's hands alone."""

CLOTHES = ("top", "trousers", "shoes")
"""Regions of the mesh whose colours an outfit gives; the others stay as the animator paints them."""

_UP, _BACK, _FORWARD = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)


def build_character(context: Context, rig: Rig, version: str, name: str = "Character") -> Object:
    """Do at once what `building_character` does in slices."""
    return drained(building_character(context, rig, version, name))


def building_character(context: Context, rig: Rig, version: str, name: str = "Character") -> Slices:
    """Add the character to the scene that is shown and select it; return the armature object.

    The mesh is built first, in slices and in no scene; then all is there at once.

    Args:
        context: the object mode must be reachable.
        rig: the joints, the mesh and the face actions.
        version: of this add-on, kept on the object.
        name: of the armature object; Blender appends a number where it is taken.

    Raises:
        ChironomyError: another scene is shown by then.
    """
    scene, mark = context.scene, uuid.uuid4().hex
    try:
        body = yield from building_mesh(rig, f"{name} Body", mark)
        if context.scene != scene:
            raise ChironomyError(f"another scene than {scene.name} is shown now; add the character once more")
        del body[MARK]
        return _put_together(context, rig, version, name, body)
    finally:
        take_away(mark)


def _put_together(context: Context, rig: Rig, version: str, name: str, body: Object) -> Object:
    """Add the armature to the scene that is shown, and the mesh that it moves."""
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    armature = bpy.data.armatures.new(name)
    character = bpy.data.objects.new(name, armature)
    character[RIG_PROPERTY] = version
    home = settle(context, character)
    bpy.ops.object.mode_set(mode="EDIT")
    add_bones(armature, rig)
    controls.add_bones(armature, rig)
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in character.pose.bones:
        bone.rotation_mode = "QUATERNION"
    controls.set_up(character, rig)

    body.name = body.data.name = f"{character.name} Body"
    home.objects.link(body)
    hang(body, character)
    # The skeleton is drawn over the mesh, or no control inside it could be picked.
    character.show_in_front = True
    return character


def settle(context: Context, item: Object) -> Collection:
    """Add an object to the scene that is shown, as the only selected one; return the collection that it is in."""
    # The active collection may be left out of the view layer, where nothing in it can be edited.
    home = context.collection
    if home not in {layer.collection for layer in _shown(context.view_layer.layer_collection)}:
        home = context.scene.collection
    home.objects.link(item)
    for selected in context.selected_objects:
        selected.select_set(False)
    item.select_set(True)
    context.view_layer.objects.active = item
    return home


def stand(context: Context, home: Collection, item: Object, body: Object) -> None:
    """Let a mesh hang on the bones of an armature object that is no character of ours, in the scene's units."""
    for bone in item.pose.bones:
        bone.rotation_mode = "QUATERNION"
    item.show_in_front = True
    home.objects.link(body)
    hang(body, item)
    units = context.scene.unit_settings
    if units.system != "NONE":
        item.scale = (1.0 / units.scale_length,) * 3
    context.view_layer.update()


def hang(mesh: Object, character: Object) -> None:
    """Let a mesh be moved by a character's bones."""
    mesh.parent = character
    modifier = mesh.modifiers.new("Armature", "ARMATURE")
    modifier.object = character
    # A click on the character is to select the rig, whose poses are what is edited, and not the skin over it.
    mesh.hide_select = True


def _shown(layer: LayerCollection) -> Iterator[LayerCollection]:
    """Yield the collections of a view layer that are neither left out nor hidden."""
    if not layer.exclude and layer.is_visible:
        yield layer
        for child in layer.children:
            yield from _shown(child)


def is_character(item: Object | None) -> bool:
    """Whether an object is a character that this add-on built."""
    return item is not None and item.type == "ARMATURE" and RIG_PROPERTY in item


def body_of(character: Object) -> Object | None:
    """Return the mesh object that a character moves, or None where it has been deleted."""
    return next(filter(is_body, character.children), None)


def is_body(item: Object) -> bool:
    """Whether an object is a mesh with the face of a character."""
    if item.type != "MESH":
        return False
    shape_keys = item.data.shape_keys
    return shape_keys is not None and "jawOpen" in shape_keys.key_blocks


def hands_of(character: Object) -> Object | None:
    """Return the mesh object of a character's hands alone, or None where it was never shown so, or was deleted."""
    return next((child for child in character.children if child.type == "MESH" and HANDS_PROPERTY in child), None)


def meshes_of(character: Object) -> list[Object]:
    """Return the mesh objects that this add-on built for a character: its body, and its hands alone."""
    return [mesh for mesh in (body_of(character), hands_of(character)) if mesh is not None]


def figure_of(character: Object) -> str:
    """Return how much of a character there is to see: one of `chironomy.body.figures.FIGURES`."""
    hands = hands_of(character)
    return "hands" if hands is not None and not hands.hide_viewport else FIGURES[0]


def show_figure(character: Object, figure: str) -> None:
    """Show a character whole, or its hands alone; a character of a library stays as it is.

    The whole body is only hidden, and its face goes on being animated, so that it can be shown again at any time.

    Args:
        character: the armature object.
        figure: one of `chironomy.body.figures.FIGURES`.
    """
    if character.library is not None or figure == figure_of(character):
        return
    alone, hands, body = figure == "hands", hands_of(character), body_of(character)
    if hands is None:
        hands = _add_hands(character)
    seen = character.hide_render
    for mesh, shown in ((body, not alone), (hands, alone)):
        if mesh is not None:
            mesh.hide_viewport = not shown
            mesh.hide_render = not shown or seen
    collection = character.data.collections.get(controls.BODY_COLLECTION)
    if collection is not None:
        collection.is_visible = not alone


def _add_hands(character: Object) -> Object:
    """Add the mesh of a character's hands alone, where its body is."""
    name = f"{character.name} Hands"
    hands = build_mesh(hands_only(load_rig()), name)
    hands[HANDS_PROPERTY] = True
    hang(hands, character)
    for collection in character.users_collection:
        collection.objects.link(hands)
    if hands.name in bpy.context.view_layer.objects:
        hands.hide_set(character.hide_get())
    return hands


def flexion_directions(rig: Rig) -> dict[str, NDArray[np.float64]]:
    """Return for every joint the direction, in armature space, that its bone's z axis is to face in the bind pose.

    A bone that turns by a positive angle about its x axis bends towards its z axis: fingers and thumbs close, wrists
    and elbows and knees bend, the back and the head bend forward, on both sides alike.
    """
    facing: dict[str, NDArray[np.float64]] = {}
    for name in rig.joint_names:
        stem = name.partition(".")[0]
        if stem in ("shoulder", "eye", "foot", "toes"):
            facing[name] = np.array(_UP)
        elif stem == "lower_leg":
            facing[name] = np.array(_BACK)
        else:
            facing[name] = np.array(_FORWARD)
    for side in range(len(SIDES)):
        _, upper, fore, twist, wrist = rig.arm_joints(side)
        shoulder_point, elbow_point, wrist_point = rig.joint_position[[upper, fore, wrist]]
        # Bending the elbow takes the forearm on in the direction in which the bind pose has it bent already.
        bent = np.cross(np.cross(elbow_point - shoulder_point, wrist_point - elbow_point), wrist_point - shoulder_point)
        for joint in (upper, fore, twist):
            facing[rig.joint_names[joint]] = turned(bent)
        hand = rig.hand_joints(side)
        bending = quaternion.apply(quaternion.inverse(rig.rest_rotation[hand]), bending_directions(side))
        for joint, direction in zip(hand, bending, strict=True):
            facing[rig.joint_names[joint]] = turned(direction)
    return facing


def build_mesh(rig: Rig, name: str) -> Object:
    """Do at once what `building_mesh` does in slices."""
    body = drained(building_mesh(rig, name, name))
    del body[MARK]
    return body


def building_mesh(rig: Rig, name: str, mark: str) -> Slices:
    """Return a new mesh object of the character: weights, materials by region, and ARKit's 52 face actions.

    Args:
        rig: the mesh; where no face action moves it, it gets no shape keys.
        name: of the object.
        mark: what its property `MARK` says as long as somebody has not taken that away.
    """
    vertices = to_armature(rig, rig.vertices)
    mesh = bpy.data.meshes.new(name)
    body = bpy.data.objects.new(name, mesh)
    body[MARK] = mark
    corners = rig.faces.shape[1]
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.astype(np.float32).reshape(-1))
    mesh.loops.add(rig.faces.size)
    mesh.loops.foreach_set("vertex_index", rig.faces.astype(np.int32).reshape(-1))
    mesh.polygons.add(len(rig.faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, rig.faces.size, corners, dtype=np.int32))
    yield
    for region in REGION_NAMES:
        mesh.materials.append(_material(region))
    mesh.polygons.foreach_set("material_index", rig.regions.astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(rig.faces), dtype=bool))
    mesh.update(calc_edges=True)
    yield
    yield from _adding_weights(body, rig)
    if len(rig.action_vertex):
        yield from _adding_face_actions(body, rig, vertices)
    return body


def add_bones(armature: Armature, rig: Rig) -> None:
    """Add the deform bones of a rig to an armature in edit mode."""
    heads, tails = to_armature(rig, rig.joint_position), to_armature(rig, rig.joint_tail)
    facing = flexion_directions(rig)
    bones: list[EditBone] = []
    for joint, name in enumerate(rig.joint_names):
        bone = armature.edit_bones.new(name)
        bone.head, bone.tail = Vector(heads[joint]), Vector(tails[joint])
        bone.align_roll(Vector(facing[name]))
        bone.use_deform = True
        if rig.parents[joint] >= 0:
            parent = bones[rig.parents[joint]]
            bone.parent = parent
            bone.use_connect = (parent.tail - bone.head).length < 1e-6
        bones.append(bone)


def _adding_weights(body: Object, rig: Rig) -> Slices:
    pace = Pace()
    for name in rig.joint_names:
        body.vertex_groups.new(name=name)
    for joint, weights in zip(rig.weight_joint.T, rig.weight.T, strict=True):
        # What is a part of a data-block is looked for anew after a yield.
        groups = list(body.vertex_groups)
        for vertex in np.flatnonzero(weights > 0.0):
            groups[joint[vertex]].add([int(vertex)], float(weights[vertex]), "ADD")
            if pace.due():
                yield
                groups = list(body.vertex_groups)


def _adding_face_actions(body: Object, rig: Rig, vertices: NDArray[np.float64]) -> Slices:
    pace = Pace()
    body.shape_key_add(name="Basis", from_mix=False)
    for action in FACE_ACTIONS:
        key = body.shape_key_add(name=action, from_mix=False)
        moved, offsets = rig.action_offsets(action)
        positions = vertices.copy()
        positions[moved] += turned(offsets)
        key.data.foreach_set("co", positions.astype(np.float32).reshape(-1))
        key.value = 0.0
        if pace.due():
            yield
    mesh: Mesh = body.data
    mesh.shape_keys.use_relative = True
    body.active_shape_key_index = 0


def dress(character: Object, outfit: str) -> None:
    """Give the character's clothes the colours of an outfit of `chironomy.body.outfits`.

    Materials of a library are the library's and stay as they are.
    """
    materials = {material for mesh in meshes_of(character) for material in mesh.data.materials}
    for material in materials:
        if material is None or material.library is not None:
            continue
        region = material.name.removeprefix("Chironomy ").partition(".")[0]
        if region in CLOTHES:
            _paint(material, outfit_colours(outfit)[region])


def _material(region: str) -> Material:
    name = f"Chironomy {region}"
    material = next((known for known in bpy.data.materials if known.name == name and known.library is None), None)
    if material is None:
        material = bpy.data.materials.new(name)
        if material.node_tree is None:
            material.use_nodes = True
        for node in material.node_tree.nodes:
            if node.type == "BSDF_PRINCIPLED":
                node.inputs["Roughness"].default_value = 0.3 if region.startswith(("eye", "iris", "pupil")) else 0.6
        _paint(material, REGION_COLOURS[region])
        material.roughness = 0.6
    return material


def _paint(material: Material, rgb: tuple[int, int, int]) -> None:
    """Give a material a colour, sRGB 0 to 255, in every kind of view."""
    colour = (*Color(value / 255 for value in rgb).from_srgb_to_scene_linear(), 1.0)
    material.diffuse_color = colour
    for node in material.node_tree.nodes if material.node_tree is not None else ():
        if node.type == "BSDF_PRINCIPLED":
            node.inputs["Base Color"].default_value = colour
