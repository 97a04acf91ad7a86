# SPDX-License-Identifier: GPL-3.0-or-later
"""The hands of any skeleton with two arms, as the character does the same.

Nothing is assumed of the skeleton's axes, its size or its rest pose: the frame of its body is measured by its shoulders
and its spine at rest, each hand's by its knuckles, and every bone of a finger is told from where it would lie in a flat
hand. Arms keep the directions of their bones, so that elbows bend as they did; wrists come to where the character's own
arms then end, and the torso's turns do not move them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.exchange.arms import FINGERS, Arm, find_arms
from chironomy.exchange.errors import ExchangeError
from chironomy.exchange.skeleton import SkeletonMotion
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, MANO_JOINTS, HandMotion, checked_fps
from chironomy.motion.smplx import relaxed_hands

Array = NDArray[np.float64]

AT_EASE = "its skeleton has no fingers, so they are at ease"
"""What a motion says of itself in `source["note"]` where that is so."""

# A direction within this cosine of an axis of the file is taken for it: people stand upright on some axis of the world.
_NEARLY = float(np.cos(np.deg2rad(20.0)))
# The finger whose turns a missing one takes on.
_NEIGHBOURS = {
    "index": ("middle", "ring", "pinky"),
    "middle": ("ring", "index", "pinky"),
    "ring": ("middle", "pinky", "index"),
    "pinky": ("ring", "middle", "index"),
}


def hands_of_skeleton(rig: Rig, skeleton: SkeletonMotion, source: dict[str, Any] | None = None) -> HandMotion:
    """Return the hands of a skeleton's motion on the character's arms.

    Args:
        rig: the character's.
        skeleton: with two arms that `find_arms` finds by their names.
        source: what the motion was made from; a note says what the skeleton lacks.

    Raises:
        ExchangeError: no arms are found, or they rest where no arms can.
        MotionError: the frame rate is out of range.
    """
    arms, chest = find_arms(skeleton)
    body = _body_frame(skeleton, arms, chest)
    # Everything as the chest sees it, in the axes of the frame of the body.
    straight = quaternion.inverse(body)
    turned = quaternion.multiply(quaternion.inverse(skeleton.rotation[:, chest])[:, None], skeleton.rotation)
    turned = quaternion.multiply(quaternion.multiply(straight, turned), body)
    away = skeleton.position - skeleton.position[:, chest][:, None]
    place = quaternion.apply(straight, quaternion.apply(quaternion.inverse(skeleton.rotation[:, chest])[:, None], away))
    rest = quaternion.apply(straight, skeleton.rest_position - skeleton.rest_position[chest])
    tail = quaternion.apply(straight, skeleton.rest_tail - skeleton.rest_position[chest])
    frames = skeleton.frame_count
    position, rotation = np.empty((frames, 2, 3)), np.empty((frames, 2, len(MANO_JOINTS), 4))
    for hand, arm in enumerate(arms):
        position[:, hand] = _wrist(rig, hand, arm, place, rest)
        rest_turns = _rest_turns(rig, hand, arm, rest, tail)
        rotation[:, hand] = _mano(hand, arm, turned, rest_turns)
    told = dict(source or {})
    fingerless = [HANDS[hand] for hand, arm in enumerate(arms) if not arm.fingers]
    if len(fingerless) == 2:
        told["note"] = AT_EASE
    elif fingerless:
        told["note"] = f"its {fingerless[0]} hand has no fingers, so they are at ease"
    return HandMotion(checked_fps(skeleton.fps), position, rotation, np.ones((frames, 2)), told)


def _body_frame(skeleton: SkeletonMotion, arms: tuple[Arm, Arm], chest: int) -> Array:
    """Return (4,) the rotation from the frame of the body to the file's axes at rest."""
    left, right = (skeleton.rest_position[arm.shoulder] for arm in arms)
    root = chest
    while skeleton.parents[root] >= 0:
        root = skeleton.parents[root]
    across = left - right
    up = (left + right) / 2.0 - skeleton.rest_position[root]
    if np.linalg.norm(up) < 0.2 * np.linalg.norm(across):
        # Nothing lies below the shoulders but the chest itself: where the head is tells.
        up = np.array([0.0, 1.0, 0.0])
    if np.linalg.norm(across) < 1e-9:
        raise ExchangeError("the two shoulders rest at one place, so it cannot be told which way the skeleton faces")
    up = _upright(up)
    across = across - (across @ up) * up
    if np.linalg.norm(across) < 1e-9:
        raise ExchangeError("the shoulders rest one above the other, so it cannot be told which way the skeleton faces")
    x = _upright(across)
    x = x - (x @ up) * up
    x /= np.linalg.norm(x)
    return quaternion.from_matrix(np.stack([x, up, np.cross(x, up)], axis=-1))


def _upright(direction: Array) -> Array:
    """Return the unit direction, or the file's axis that it nearly is."""
    direction = direction / np.linalg.norm(direction)
    axis = int(np.argmax(np.abs(direction)))
    if abs(direction[axis]) < _NEARLY:
        return direction
    return np.sign(direction[axis]) * np.eye(3)[axis]


def _wrist(rig: Rig, hand: int, arm: Arm, place: Array, rest: Array) -> Array:
    """Return (T, 3) where the wrist is in the frame of the body, on the character's arms."""
    upper, fore = place[:, arm.elbow] - place[:, arm.shoulder], place[:, arm.wrist] - place[:, arm.elbow]
    lengths = [np.linalg.norm(bone, axis=-1, keepdims=True) for bone in (upper, fore)]
    if min(length.min() for length in lengths) < 1e-9:
        raise ExchangeError(f"the {HANDS[hand]} arm has a bone without a length")
    whole = float(sum(length.mean() for length in lengths))
    shrugged = (place[:, arm.shoulder] - rest[arm.shoulder]) * rig.arm_lengths[hand].sum() / whole
    shoulder = rig.joint_position[rig.arm_joints(hand)[1]]
    return (
        shoulder
        + shrugged
        + rig.arm_lengths[hand, 0] * upper / lengths[0]
        + rig.arm_lengths[hand, 1] * fore / lengths[1]
    )


def _rest_turns(rig: Rig, hand: int, arm: Arm, rest: Array, tail: Array) -> dict[str, Array]:
    """Return of the wrist and of every finger's joint the rotation (4,) from where it rests to MANO's rest pose."""
    joints = rig.hand_joints(hand)
    flat = quaternion.apply(rig.rest_rotation[joints], rig.joint_tail[joints] - rig.joint_position[joints])
    knuckles = quaternion.apply(
        rig.rest_rotation[joints[0]], rig.joint_position[joints] - rig.joint_position[joints[0]]
    )
    own = {name: rest[chain[0]] - rest[arm.wrist] for name, (chain, _) in arm.fingers.items() if name != "thumb"}
    theirs = {name: knuckles[MANO_JOINTS.index(f"{name}1")] for name in own}
    order = [name for name in ("index", "middle", "ring", "pinky") if name in own]
    if len(order) >= 2:
        middle = "middle" if "middle" in own else order[len(order) // 2]
        wrist = quaternion.multiply(
            _frame(theirs[middle], theirs[order[0]] - theirs[order[-1]]),
            quaternion.inverse(_frame(own[middle], own[order[0]] - own[order[-1]])),
        )
    else:
        # Without knuckles, the palm is taken to face as it does when the arm swings from here to the side.
        wrist = quaternion.between(rest[arm.wrist] - rest[arm.elbow], [1.0 - 2.0 * hand, 0.0, 0.0])
    turns = {"wrist": wrist}
    for name, (chain, beyond) in arm.fingers.items():
        turn = wrist
        for number, joint in enumerate(chain, start=1):
            after = chain[number] if number < len(chain) else beyond
            end = tail[joint] if after is None else rest[after]
            bone = quaternion.apply(turn, end - rest[joint])
            if np.linalg.norm(bone) > 1e-9:
                wanted = flat[MANO_JOINTS.index(f"{name}{number}")]
                turn = quaternion.multiply(quaternion.between(bone, wanted), turn)
            turns[f"{name}{number}"] = turn
    return turns


def _mano(hand: int, arm: Arm, turned: Array, rest_turns: dict[str, Array]) -> Array:
    """Return (T, 16, 4) MANO's rotations of a hand from joints' rotations from where they rest."""
    frames = len(turned)
    relaxed = quaternion.from_rotation_vector(relaxed_hands()[hand].reshape(-1, 3))
    rotation = np.tile(np.concatenate([quaternion.IDENTITY[None], relaxed]), (frames, 1, 1))
    wrist = quaternion.multiply(turned[:, arm.wrist], quaternion.inverse(rest_turns["wrist"]))
    rotation[:, 0] = wrist
    for name, (chain, _) in arm.fingers.items():
        above = wrist
        for number, joint in enumerate(chain, start=1):
            here = quaternion.multiply(turned[:, joint], quaternion.inverse(rest_turns[f"{name}{number}"]))
            rotation[:, MANO_JOINTS.index(f"{name}{number}")] = quaternion.multiply(quaternion.inverse(above), here)
            above = here
        if len(chain) == 2 and name != "thumb":
            # An end joint bends with the one before it, two thirds as far, as its tendon has it.
            last = MANO_JOINTS.index(f"{name}3")
            rotation[:, last] = quaternion.slerp(quaternion.IDENTITY, rotation[:, last - 1], np.full(frames, 2.0 / 3.0))
    for name in FINGERS:
        near = next((other for other in _NEIGHBOURS.get(name, ()) if other in arm.fingers), None)
        if name not in arm.fingers and near is not None:
            first, other = MANO_JOINTS.index(f"{name}1"), MANO_JOINTS.index(f"{near}1")
            rotation[:, first : first + 3] = rotation[:, other : other + 3]
    return quaternion.normalize(rotation)


def _frame(along: Array, aside: Array) -> Array:
    """Return the rotation (4,) whose first axis is along a direction and whose third lies as near another as may be."""
    x = along / np.linalg.norm(along)
    z = aside - (aside @ x) * x
    z /= np.linalg.norm(z)
    return quaternion.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))
