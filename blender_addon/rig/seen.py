# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender shows, frame by frame: the one evaluation that video, motion files and FBX share.

Objects are evaluated in a copy of the person's own scene that holds nothing else. So NLA strips, solo tracks,
F-modifiers, drivers, constraints, parents and the scene's own time all play as they do in the viewport; heavy objects
that have no part in it cost nothing; and the scene, its playhead and what was posed without a key stay as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from bpy.types import ID, Depsgraph, Key, Object, Scene
from numpy.typing import NDArray

from chironomy.motion import MotionError

from . import actions

Array = NDArray[np.float64]


@contextmanager
def evaluated(scene: Scene, items: Sequence[Object]) -> Iterator[Callable[[int], Depsgraph]]:
    """Let objects be evaluated at any frame of a scene, hidden or not.

    Args:
        scene: the person's; it is not touched.
        items: armatures with all their bones, other objects with their place, meshes with their shape keys.

    Yields:
        A function that takes a frame and returns the depsgraph for `ID.evaluated_get`, good until its next call.

    Raises:
        MotionError: an armature is in edit mode, where Blender shows no pose.
    """
    for item in items:
        if item.type == "ARMATURE" and item.data.is_editmode:
            raise MotionError(f"{item.name} is in edit mode, where it has no pose; leave the edit mode first")
    alone = scene.copy()
    watchers: list[Object] = []
    kept: list[tuple[ID, dict[str, Any]]] = []
    try:
        _empty(alone)
        for item in items:
            watcher = _watcher(item)
            watchers.append(watcher)
            alone.collection.objects.link(watcher)
        layer = alone.view_layers[0]
        layer.update()
        seen = [block.original for block in layer.depsgraph.ids]
        kept = [(block, _animated_values(block)) for block in seen if block not in (alone, *watchers)]

        def at(frame: int) -> Depsgraph:
            alone.frame_set(frame)
            return layer.depsgraph

        yield at
    finally:
        bpy.data.scenes.remove(alone)
        # Blender evaluates into the data-blocks themselves; what was posed there without a key comes back.
        for block, values in kept:
            _put_back(block, values)
        for watcher in watchers:
            mesh = watcher.data
            bpy.data.objects.remove(watcher)
            bpy.data.meshes.remove(mesh)


def check_frames(start: int, stop: int) -> None:
    """Check that there are frames from `start` to `stop - 1`.

    Raises:
        MotionError: there are none.
    """
    if stop <= start:
        raise MotionError(f"the frames {start} to {stop - 1} are none; set the scene's end frame after its start")


def shape_values(item: Object, graph: Depsgraph) -> Array:
    """Return (K,) how far each shape key of a mesh object is applied, in the order of its key blocks.

    A muted one is not applied, and where one is pinned no other is.
    """
    shapes = item.data.shape_keys
    if item.show_only_shape_key:
        pinned = np.zeros(len(shapes.key_blocks))
        pinned[item.active_shape_key_index] = 1.0
        return pinned
    blocks = shapes.evaluated_get(graph).key_blocks
    return np.array([0.0 if block.mute else block.value for block in blocks])


def _empty(alone: Scene) -> None:
    """Leave in a copy of a scene its time, its own properties and their animation."""
    for child in list(alone.collection.children):
        alone.collection.children.unlink(child)
    for item in list(alone.collection.objects):
        alone.collection.objects.unlink(item)
    for layer in list(alone.view_layers)[1:]:
        alone.view_layers.remove(layer)
    alone.sequence_editor_clear()


def _watcher(item: Object) -> Object:
    """Return a new object of one vertex that can be evaluated only after an object.

    An object that is switched off is evaluated all the same where something depends on it that is not.
    """
    mesh = bpy.data.meshes.new("Chironomy Watcher")
    mesh.from_pydata([(0.0, 0.0, 0.0)], [], [])
    watcher = bpy.data.objects.new("Chironomy Watcher", mesh)
    watcher.parent = item
    if item.type == "ARMATURE":
        # A modifier waits for every bone, a constraint for its own alone.
        watcher.modifiers.new("Pose", "ARMATURE").object = item
    shapes = getattr(item.data, "shape_keys", None)
    if shapes is not None:
        _watch_shapes(watcher, shapes)
    return watcher


def _watch_shapes(watcher: Object, shapes: Key) -> None:
    watcher["shapes"] = 0.0
    driver: Any = watcher.driver_add('["shapes"]').driver
    driver.type = "SUM"
    for block in shapes.key_blocks:
        variable = driver.variables.new()
        variable.type = "SINGLE_PROP"
        target = variable.targets[0]
        target.id_type, target.id = "KEY", shapes
        target.data_path = f"{block.path_from_id()}.value"


def _animated_values(block: ID) -> dict[str, Any]:
    """Return by data path what the animated properties of a data-block are now."""
    data = getattr(block, "animation_data", None)
    values: dict[str, Any] = {}
    for curve in (*data.drivers, *actions.played_curves(data)) if data is not None else ():
        try:
            value = block.path_resolve(curve.data_path)
        except ValueError:
            # A curve of a bone that was deleted, or of another data-block in the same action.
            continue
        values[curve.data_path] = tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
    return values


def _put_back(block: ID, values: dict[str, Any]) -> None:
    for path, value in values.items():
        now = block.path_resolve(path)
        if (tuple(now) if isinstance(value, tuple) else now) == value:
            continue
        if path.endswith("]") and not isinstance(value, tuple) and '["' in path:
            owner, _, name = path.rpartition('["')
            (block.path_resolve(owner) if owner else block)[bpy.utils.unescape_identifier(name[:-2])] = value
        else:
            owner, _, name = path.rpartition(".")
            setattr(block.path_resolve(owner) if owner else block, name, value)
