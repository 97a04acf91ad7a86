# SPDX-License-Identifier: GPL-3.0-or-later
"""Skeletons and motions for the tests of this room."""

import numpy as np
from hypothesis import strategies as st

from chironomy.body import Rig, solve_pose
from chironomy.body.pose import BodyPose
from chironomy.exchange.skeleton import SkeletonMotion, posed
from chironomy.motion import HandMotion
from chironomy.motion import rotation as quaternion

RATES = (24000 / 1001, 24.0, 30000 / 1001, 60.0)


def hands(rig: Rig, frames: int, fps: float, seed: int = 0) -> HandMotion:
    """Both hands wander before the body, every finger by itself."""
    random, times = np.random.default_rng(seed), np.arange(frames)[:, None] / fps
    position, vectors = np.zeros((frames, 2, 3)), np.zeros((frames, 2, 16, 3))
    for hand in range(2):
        side = 1.0 - 2.0 * hand
        for axis in range(3):
            rate, phase = random.uniform(0.2, 1.0), random.uniform(0.0, 6.0)
            position[:, hand, axis] = 0.1 * np.sin(2 * np.pi * rate * times[:, 0] + phase)
        position[:, hand] += [0.18 * side, -0.25, 0.32]
        rates, phases = random.uniform(0.2, 1.2, size=(16, 3)), random.uniform(0.0, 6.0, size=(16, 3))
        wander = np.sin(2 * np.pi * rates * times[:, :, None] + phases)
        vectors[:, hand] = wander * [0.1, 0.1, 0.25]
        vectors[:, hand, 1:, 2] -= side * 0.4
        vectors[:, hand, 0] = 0.5 * wander[:, 0]
    return HandMotion(fps, position, quaternion.from_rotation_vector(vectors), np.ones((frames, 2)))


def gestures(rig: Rig, frames: int, fps: float, seed: int = 0) -> BodyPose:
    """The whole body for such hands."""
    return solve_pose(rig, hands(rig, frames, fps, seed))


def matched(motion: SkeletonMotion, names: tuple[str, ...]) -> SkeletonMotion:
    """Return it with its joints in the order of `names`."""
    order = [motion.names.index(name) for name in names]
    parents = [motion.parents[joint] for joint in order]
    return SkeletonMotion(
        motion.fps,
        names,
        tuple(order.index(parent) if parent >= 0 else -1 for parent in parents),
        motion.rest_position[order],
        motion.rest_tail[order],
        motion.rotation[:, order],
        motion.position[:, order],
    )


@st.composite
def skeletons(draw: st.DrawFn) -> SkeletonMotion:
    """Any tree of joints with one root, that turns at will and moves as a whole, and one joint by itself."""
    joints, frames = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parents = (-1, *(int(random.integers(0, joint)) for joint in range(1, joints)))
    offset = random.normal(scale=0.3, size=(joints, 3))
    rest = offset.copy()
    for joint in range(1, joints):
        rest[joint] += rest[parents[joint]]
    # A BVH's root rests at the origin.
    rest -= rest[0]
    place = np.tile(rest - np.where(np.array(parents)[:, None] >= 0, rest[list(parents)], 0.0), (frames, 1, 1))
    place[:, 0] = random.normal(size=(frames, 3))
    if joints > 1 and draw(st.booleans()):
        place[:, -1] += random.normal(scale=0.1, size=(frames, 3))
    turns = quaternion.normalize(random.normal(size=(frames, joints, 4)))
    fps = draw(st.sampled_from([*RATES, 25.0, 30.0, 120.0]))
    names = tuple(f"joint{number}" for number in range(joints))
    return posed(fps, names, parents, rest, rest + np.array([0.0, 0.1, 0.0]), quaternion.make_continuous(turns), place)
