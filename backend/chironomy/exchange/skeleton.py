# SPDX-License-Identifier: GPL-3.0-or-later
"""A skeleton and how it moves, as arrays: what stands between the body and every file of joints."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.pose import BodyPose
from chironomy.body.rig import Rig
from chironomy.exchange.errors import ExchangeError
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SkeletonMotion:
    """Joints over time; frame `i` is at `i / fps` seconds.

    Lengths are metres, y is up and the skeleton faces +z, as glTF has it; the ground is y = 0 where the maker knows it.
    A joint's rotation is told from the rest pose, about the axes of the world, so that it means the same whatever axes
    a file gives its bones: a point x at rest goes to rotation (x - rest_position) + position.

    Attributes:
        fps: frames a second.
        names: (J,) of the joints, parents before children.
        parents: (J,) indices, -1 for a root.
        rest_position: (J, 3) where the joints rest.
        rest_tail: (J, 3) where their bones end.
        rotation: (T, J, 4) unit quaternions, world rotations from the rest pose.
        position: (T, J, 3) where the joints are.

    Raises:
        ExchangeError: the arrays do not belong together, or a child comes before its parent.
    """

    fps: float
    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest_position: Array
    rest_tail: Array
    rotation: Array
    position: Array

    def __post_init__(self) -> None:
        joints, frames = len(self.names), len(self.rotation)
        shapes = {
            "rest_position": (joints, 3),
            "rest_tail": (joints, 3),
            "rotation": (frames, joints, 4),
            "position": (frames, joints, 3),
        }
        for name, shape in shapes.items():
            value = np.asarray(getattr(self, name), dtype=np.float64)
            if value.shape != shape:
                raise ExchangeError(f"{name} has shape {value.shape}; it must be {shape}")
            object.__setattr__(self, name, value)
        if len(self.parents) != joints or any(not -1 <= parent < joint for joint, parent in enumerate(self.parents)):
            raise ExchangeError("a joint of the skeleton comes before its parent")
        if frames == 0:
            raise ExchangeError("the motion has no frames")

    @property
    def frame_count(self) -> int:
        """How many frames there are, T."""
        return len(self.rotation)

    @property
    def children(self) -> list[list[int]]:
        """Of every joint, the joints that hang on it."""
        found: list[list[int]] = [[] for _ in self.names]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(joint)
        return found

    @property
    def local_rotation(self) -> Array:
        """(T, J, 4) what each joint turns relative to its parent, about the world's axes at rest; continuous."""
        local = self.rotation.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                local[:, joint] = quaternion.multiply(
                    quaternion.inverse(self.rotation[:, parent]), self.rotation[:, joint]
                )
        return quaternion.make_continuous(quaternion.normalize(local))

    @property
    def local_position(self) -> Array:
        """(T, J, 3) where each joint is from its parent, before that turns; of a root, where it is."""
        local = self.position.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                local[:, joint] = quaternion.apply(
                    quaternion.inverse(self.rotation[:, parent]), self.position[:, joint] - self.position[:, parent]
                )
        return local

    @property
    def rest_offset(self) -> Array:
        """(J, 3) where each joint rests from its parent; of a root, where it rests."""
        parents = np.array(self.parents)
        return self.rest_position - np.where(parents[:, None] >= 0, self.rest_position[parents], 0.0)

    def replaced(self, **fields: object) -> Self:
        """Return a copy with some fields replaced, and checked again."""
        return replace(self, **fields)  # pyright: ignore[reportArgumentType]

    def sliced(self, start: int, stop: int) -> Self:
        """Return the frames `start` to `stop - 1`."""
        return self.replaced(rotation=self.rotation[start:stop], position=self.position[start:stop])

    def renamed(self, names: dict[str, str]) -> Self:
        """Return it with other names of joints; those that are not in `names` keep theirs."""
        return self.replaced(names=tuple(names.get(name, name) for name in self.names))

    def only(self, names: Collection[str]) -> Self:
        """Return the joints of these names, each hanging on the nearest of them above it."""
        kept = [joint for joint, name in enumerate(self.names) if name in names]
        parents = []
        for joint in kept:
            above = self.parents[joint]
            while above >= 0 and above not in kept:
                above = self.parents[above]
            parents.append(kept.index(above) if above >= 0 else -1)
        return self.replaced(
            names=tuple(self.names[joint] for joint in kept),
            parents=tuple(parents),
            rest_position=self.rest_position[kept],
            rest_tail=self.rest_tail[kept],
            rotation=self.rotation[:, kept],
            position=self.position[:, kept],
        )

    def resting_as(self, turn: ArrayLike) -> Self:
        """Return the same motion told from another rest pose, such as a T-pose.

        Args:
            turn: (J, 4) world rotations of the joints from this rest pose to the other one.
        """
        turn = np.asarray(turn, dtype=np.float64)
        rest = self.rest_position.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                rest[joint] = rest[parent] + quaternion.apply(
                    turn[parent], self.rest_position[joint] - self.rest_position[parent]
                )
        return self.replaced(
            rest_position=rest,
            rest_tail=rest + quaternion.apply(turn, self.rest_tail - self.rest_position),
            rotation=quaternion.multiply(self.rotation, quaternion.inverse(turn)),
        )

    def turned(self, turn: ArrayLike) -> Self:
        """Return it as seen from a world whose axes are turned by the rotation `turn` (4,)."""
        turn = np.asarray(turn, dtype=np.float64)
        back = quaternion.inverse(turn)
        return self.replaced(
            rest_position=quaternion.apply(turn, self.rest_position),
            rest_tail=quaternion.apply(turn, self.rest_tail),
            rotation=quaternion.multiply(quaternion.multiply(turn, self.rotation), back),
            position=quaternion.apply(turn, self.position),
        )


def posed(
    fps: float,
    names: tuple[str, ...],
    parents: tuple[int, ...],
    rest_position: Array,
    rest_tail: Array,
    local_rotation: Array,
    local_position: Array,
) -> SkeletonMotion:
    """Return the skeleton whose joints turn and lie relative to their parents: the inverse of the properties `local_*`.

    Args:
        fps: frames a second.
        names: (J,) of the joints, parents before children.
        parents: (J,) indices, -1 for a root.
        rest_position: (J, 3) where the joints rest.
        rest_tail: (J, 3) where their bones end.
        local_rotation: (T, J, 4), as the property of that name.
        local_position: (T, J, 3), likewise.
    """
    rotation, position = local_rotation.copy(), local_position.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            rotation[:, joint] = quaternion.multiply(rotation[:, parent], local_rotation[:, joint])
            position[:, joint] = position[:, parent] + quaternion.apply(rotation[:, parent], local_position[:, joint])
    return SkeletonMotion(fps, names, parents, rest_position, rest_tail, rotation, position)


def skeleton_of_pose(rig: Rig, pose: BodyPose) -> SkeletonMotion:
    """Return the character's joints in a pose of the body, on the ground, resting in the bind pose."""
    ground = np.array([0.0, rig.floor, 0.0])
    return SkeletonMotion(
        fps=pose.fps,
        names=rig.joint_names,
        parents=tuple(int(parent) for parent in rig.parents),
        rest_position=rig.joint_position - ground,
        rest_tail=rig.joint_tail - ground,
        rotation=pose.joint_rotation,
        position=pose.joint_position - ground,
    )


def in_t_pose(rig: Rig, motion: SkeletonMotion) -> SkeletonMotion:
    """Return the character's motion told from a T-pose: arms straight out sideways, palms down, fingers flat."""
    turns = dict(zip(rig.joint_names, rig.rest_rotation, strict=True))
    return motion.resting_as([turns.get(name, quaternion.IDENTITY) for name in motion.names])
