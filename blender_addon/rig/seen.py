# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender shows, frame by frame: the one evaluation that video, motion files and FBX share.

Objects are evaluated in a copy of the person's own scene that holds nothing else. So NLA strips, solo tracks,
F-modifiers, drivers, constraints, parents and the scene's own time all play as they do in the viewport; heavy objects
that have no part in it cost nothing; and the scene, its playhead and what was posed without a key stay as they are.
"""

import math
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from bpy.types import ID, Action, Depsgraph, Key, Object, Scene
from numpy.typing import NDArray

from chironomy.motion import MotionError

from ..slices import MARK, Pace, Slices, take_away
from . import actions

Array = NDArray[np.float64]


class Evaluation:
    """Shows objects at any frame of a scene, hidden or not."""

    def __init__(self, scene: Scene, items: Sequence[ID]) -> None:
        self._mark, self._items = uuid.uuid4().hex, items
        self._kept: list[tuple[ID, dict[str, Any]]] | None = None
        self._pace, self._played = Pace(), _played(items)
        self._check()
        self._alone = scene.copy()
        self._alone[MARK] = self._mark
        _empty(self._alone)
        for item in items:
            watcher = _watcher(item)
            watcher[MARK] = self._mark
            self._alone.collection.objects.link(watcher)
        self._alone.view_layers[0].update()

    def at(self, frame: float) -> Depsgraph:
        """Return the depsgraph for `ID.evaluated_get` at a frame, or between two, good until this is called again."""
        layer = self._alone.view_layers[0]
        if self._kept is None:
            self._check()
            seen = [block.original for block in layer.depsgraph.ids]
            self._kept = [(block, _animated_values(block)) for block in seen if MARK not in block]
        self._alone.frame_set(math.floor(frame), subframe=frame - math.floor(frame))
        return layer.depsgraph

    def rests(self, done: float) -> Slices:
        """Let Blender answer where it is time; what is shown is the person's own meanwhile.

        Args:
            done: how much of the reading is done, 0 to 1.

        Raises:
            MotionError: another action is played by now.
        """
        if self._pace.due():
            self._put_back()
            yield done, "reading what Blender shows"
            if _played(self._items) != self._played:
                raise MotionError("another take was shown while this one was read; try once more")
            self._pace = Pace()

    def end(self) -> None:
        """Leave nothing behind."""
        take_away(self._mark)
        self._put_back()

    def _check(self) -> None:
        for item in self._items:
            if isinstance(item, Object) and item.type == "ARMATURE":
                check_pose(item)

    def _put_back(self) -> None:
        """Let come back what was posed without a key: Blender evaluates into the data-blocks themselves."""
        kept, self._kept = self._kept or [], None
        for block, values in kept:
            try:
                _put_back(block, values)
            except ReferenceError:  # it was deleted, or replaced by a step back in history
                continue


def _played(items: Sequence[ID]) -> list[int]:
    """Return which actions animate data-blocks, by their numbers in this session; 0 where none does."""
    found = [item.animation_data.action if item.animation_data is not None else None for item in items]
    return [0 if action is None else action.session_uid for action in found]


@contextmanager
def evaluated(scene: Scene, items: Sequence[ID]) -> Iterator[Evaluation]:
    """Let objects be evaluated at any frame of a scene, hidden or not.

    Args:
        scene: the person's; it is not touched.
        items: armatures with all their bones, other objects with their place, meshes' shape keys.

    Raises:
        MotionError: an armature is in edit mode, where Blender shows no pose.
    """
    evaluation = Evaluation(scene, items)
    try:
        yield evaluation
    finally:
        evaluation.end()


@contextmanager
def playing(character: Object, action: Action, handle: int) -> Iterator[Object]:
    """Let there be a twin of a character that plays another action, to be evaluated while the character plays its own.

    Args:
        character: the armature object.
        action: what the twin plays.
        handle: of the action's slot; see `actions.slot_handle`.
    """
    twin = character.copy()
    mark = twin[MARK] = uuid.uuid4().hex
    try:
        for bone in twin.pose.bones:
            for constraint in bone.constraints:
                for name in ("target", "pole_target"):
                    if getattr(constraint, name, None) == character:
                        setattr(constraint, name, twin)
        data = twin.animation_data
        for target in (
            target
            for driver in (data.drivers if data is not None else ())
            for variable in driver.driver.variables
            for target in variable.targets
        ):
            if target.id == character:
                target.id = twin
        actions.assign(twin, action, handle)
        yield twin
    finally:
        take_away(mark)


def check_frames(start: int, stop: int) -> None:
    """Check that there are frames from `start` to `stop - 1`.

    Raises:
        MotionError: there are none.
    """
    if stop <= start:
        raise MotionError(f"the frames {start} to {stop - 1} are none; set the scene's end frame after its start")


def check_pose(armature: Object) -> None:
    """Check that an armature has a pose.

    Raises:
        MotionError: it is in edit mode.
    """
    if armature.data.is_editmode:
        raise MotionError(f"{armature.name} is in edit mode, where it has no pose; leave the edit mode first")


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


def _watcher(item: ID) -> Object:
    """Return a new object of one vertex that can be evaluated only after an object, or after a mesh's shape keys.

    An object that is switched off is evaluated all the same where something depends on it that is not. Of a mesh, only
    what is asked for is: its vertices take much longer.
    """
    mesh = bpy.data.meshes.new("Chironomy Watcher")
    mesh.from_pydata([(0.0, 0.0, 0.0)], [], [])
    watcher = bpy.data.objects.new("Chironomy Watcher", mesh)
    if isinstance(item, Key):
        _watch_shapes(watcher, item)
    elif item.type == "ARMATURE":
        watcher.parent = item
        # A modifier waits for every bone, a constraint for its own alone.
        watcher.modifiers.new("Pose", "ARMATURE").object = item
    else:
        watcher.constraints.new("COPY_TRANSFORMS").target = item
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
