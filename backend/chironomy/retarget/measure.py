# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a character's rest pose, so that its own need be neither a T-pose nor face any known way.

Two frames carry everything over. The *palm frame* of a hand, from its wrist and its knuckles, is found in both rest
poses in the same way, so that palms arrive whatever a bone's axes are. Each *finger bone* is turned by the smallest
rotation from where it points at rest to where MANO's flat hand has it, so that fingers point alike. With G the rotation
of a joint accumulated from MANO's rest pose, the character's bone is turned from its own rest by

    W = C * G * N,    N = A^-1 * S^-1 * C^-1

in the space of its armature: C goes there from the frame of the body, A takes our palm frame to the character's, S our
finger's direction (carried by A) to the character's. N does not depend on the pose; so a bone's channels, which are
about its own rest axes and relative to its parent's, are linear in MANO's quaternion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chironomy.body.pose import MANO_PARENTS
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS
from chironomy.retarget.bone_map import BoneMap
from chironomy.retarget.errors import RetargetError
from chironomy.retarget.roles import FINGER_JOINTS, sided, title
from chironomy.retarget.skeleton import Skeleton

Array = NDArray[np.float64]

_KNUCKLES = ("index", "middle", "ring", "pinky")
"""From the thumb's side."""

_CARDINAL = np.cos(np.radians(30.0))
"""An axis of the world nearer than that to a person's spine is their up."""

_STRAIGHT = np.radians(8.0)
"""An elbow that is bent less at rest does not say how it bends."""


@dataclass(frozen=True, eq=False)
class Source:
    """Our character's hands in MANO's rest pose, in the frame of the body.

    Attributes:
        shoulder: (2, 3) metres.
        lengths: (2, 2) of upper arm and forearm.
        joint: (2, 16, 3) the joints of the hands, from the wrist.
        along: (2, 16, 3) unit vectors along the bones; of the wrist, towards the middle knuckle.
        hand_length: (2,) metres from the wrist to the middle knuckle.
    """

    shoulder: Array
    lengths: Array
    joint: Array
    along: Array
    hand_length: Array


@lru_cache(maxsize=4)
def source_of(rig: Rig) -> Source:
    """Return what is measured of our character."""
    joint, along = np.zeros((2, 16, 3)), np.zeros((2, 16, 3))
    for hand in range(2):
        joints = rig.hand_joints(hand)
        turn = rig.rest_rotation[joints[0]]
        joint[hand] = quaternion.apply(turn, rig.joint_position[joints] - rig.joint_position[joints[0]])
        along[hand] = _unit(quaternion.apply(turn, rig.joint_tail[joints] - rig.joint_position[joints]))
        along[hand, 0] = _unit(joint[hand, MANO_JOINTS.index("middle1")])
    shoulder = np.stack([rig.joint_position[rig.arm_joints(hand)[1]] for hand in range(2)])
    length = np.linalg.norm(joint[:, MANO_JOINTS.index("middle1")], axis=-1)
    return Source(shoulder, rig.arm_lengths, joint, along, length)


@dataclass(frozen=True, eq=False)
class Target:
    """A character's rest pose, measured.

    Attributes:
        skeleton: its bones.
        bone_map: their roles.
        frame: (4,) C, from the frame of the body to the space of the armature.
        shoulder: (2, 3) heads of the upper arms, in the armature's space and unit.
        lengths: (2, 2) of upper arm and forearm.
        scale: (2,) units of the armature that a metre of ours is, by the length of the arms.
        hand_scale: (2,) likewise by the length of the hands.
        carry: (2, 16, 4) N; of a joint without a bone that of its parent.
        along: (2, 16, 3) unit vectors along the bones at rest, in the armature's space.
        tip: (2, 16) lengths of the bones, for the tips.
        hinge: (2, 3) unit vectors about which the elbows bend.
    """

    skeleton: Skeleton
    bone_map: BoneMap
    frame: Array
    shoulder: Array
    lengths: Array
    scale: Array
    hand_scale: Array
    carry: Array
    along: Array
    tip: Array
    hinge: Array

    def bone_of(self, hand: int, joint: int) -> str | None:
        """Return the bone that shows a joint of a hand, 0 being the wrist; None where it has none."""
        role = "hand" if joint == 0 else FINGER_JOINTS[joint - 1]
        return self.bone_map.bones.get(sided(role, hand))


def measured(skeleton: Skeleton, bone_map: BoneMap, rig: Rig) -> Target:
    """Measure a character's rest pose.

    Raises:
        RetargetError: an arm has no bone for one of its parts, or no length.
    """
    for hand in range(2):
        for role in ("upper_arm", "forearm", "hand"):
            bone = bone_map.bones.get(sided(role, hand))
            if bone is None or bone not in skeleton:
                raise RetargetError(f"{title(sided(role, hand))} has no bone; map one first")
    frame = _body_frame(skeleton, bone_map)
    back = quaternion.inverse(frame)
    source = source_of(rig)
    points = np.stack(
        [
            [skeleton.head(bone_map.bones[sided(role, hand)]) for role in ("upper_arm", "forearm", "hand")]
            for hand in range(2)
        ]
    )
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=-1)
    if not (lengths > 1e-9).all():
        raise RetargetError("an arm of the character has no length at rest; map its upper arm, forearm and hand anew")
    carry, along = np.zeros((2, 16, 4)), np.zeros((2, 16, 3))
    tip, hand_scale, hinge = np.zeros((2, 16)), np.zeros(2), np.zeros((2, 3))
    for hand in range(2):
        along[hand], tip[hand], known = _bone_directions(skeleton, bone_map, hand, points[hand])
        palms = _palms(skeleton, bone_map, hand, source, frame, points[hand])
        transfer = quaternion.multiply(palms[1], quaternion.inverse(palms[0]))
        for joint, parent in enumerate(MANO_PARENTS):
            if joint and not known[joint]:
                carry[hand, joint] = carry[hand, parent]
                continue
            swing = quaternion.IDENTITY
            if joint:
                ours = quaternion.apply(transfer, source.along[hand, joint])
                swing = quaternion.between(ours, quaternion.apply(back, along[hand, joint]))
            carry[hand, joint] = quaternion.multiply(
                quaternion.multiply(quaternion.inverse(transfer), quaternion.inverse(swing)), back
            )
        hand_scale[hand] = palms[2]
        hinge[hand] = _elbow_hinge(points[hand], quaternion.apply(frame, np.array([0.0, 0.0, 1.0])))
    return Target(
        skeleton=skeleton,
        bone_map=bone_map,
        frame=frame,
        shoulder=points[:, 0],
        lengths=lengths,
        scale=lengths.sum(axis=1) / source.lengths.sum(axis=1),
        hand_scale=hand_scale,
        carry=carry,
        along=along,
        tip=tip,
        hinge=hinge,
    )


def _body_frame(skeleton: Skeleton, bone_map: BoneMap) -> Array:
    """Return the rotation (4,) from the frame of the body to the space of the armature.

    Left is from shoulder to shoulder. Up is the world's where the spine stands about so, else the spine's.
    """
    heads = [skeleton.head(bone_map.bones[sided("upper_arm", hand)]) for hand in range(2)]
    left = _unit(heads[0] - heads[1])
    low = next((bone_map.bones[role] for role in ("hips", "spine") if bone_map.bones.get(role) in skeleton), None)
    middle = 0.5 * (heads[0] + heads[1])
    spine = None if low is None else _unit(middle - skeleton.head(low))
    up = skeleton.up
    if spine is not None:
        if up is None:
            nearest = np.eye(3)[np.argmax(np.abs(spine))] * np.sign(spine[np.argmax(np.abs(spine))])
            up = nearest if nearest @ spine > _CARDINAL else spine
        elif up @ spine < _CARDINAL:
            up = spine
    if up is None:
        raise RetargetError("nothing says which way is up on the character; map its hips")
    up = _unit(up - (up @ left) * left)
    if not np.isfinite(up).all() or np.linalg.norm(up) < 0.5:
        raise RetargetError("the character's shoulders lie one above the other at rest; map its upper arms anew")
    return quaternion.from_matrix(np.stack([left, up, np.cross(left, up)], axis=-1))


def _bone_directions(
    skeleton: Skeleton, bone_map: BoneMap, hand: int, arm: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return of each joint of a hand (16, 3) where its bone points, (16,) how long it is, and (16,) whether it has one.

    A bone points at the next joint of its finger. The last one points at what hangs on it; where nothing does, along
    the same of its own axes as the joint before, which importers cannot have guessed wrong; else at its tail.
    """
    along, length, known = np.zeros((16, 3)), np.zeros(16), np.zeros(16, bool)
    known[0] = True
    along[0] = _unit(arm[2] - arm[1])
    for joint in range(1, 16):
        bone = bone_map.bones.get(sided(FINGER_JOINTS[joint - 1], hand))
        if bone is None or bone not in skeleton:
            continue
        known[joint] = True
        index, head = skeleton.index(bone), skeleton.head(bone)
        following = bone_map.bones.get(sided(FINGER_JOINTS[joint], hand)) if joint % 3 else None
        before = bone_map.bones.get(sided(FINGER_JOINTS[joint - 2], hand)) if joint % 3 != 1 else None
        ends = [skeleton.heads[child] for child in skeleton.children[index]]
        ends = [end for end in ends if np.linalg.norm(end - head) > 1e-9]
        if following is not None and following in skeleton:
            out = skeleton.head(following) - head
        elif ends:
            out = ends[0] - head
        elif before is not None and before in skeleton and known[joint - 1]:
            turn = quaternion.multiply(skeleton.axes[index], quaternion.inverse(skeleton.axes[skeleton.index(before)]))
            out = quaternion.apply(turn, along[joint - 1]) * 0.8 * length[joint - 1]
        else:
            out = skeleton.tails[index] - head
        size = float(np.linalg.norm(out))
        along[joint], length[joint] = (out / size, size) if size > 1e-9 else (along[0], 0.0)
    return along, length, known


def _palms(
    skeleton: Skeleton, bone_map: BoneMap, hand: int, source: Source, frame: Array, arm: Array
) -> tuple[Array, Array, float]:
    """Return our palm frame and the character's, (4,) each along the axes of the body, and how much larger its hand is.

    Both are found by the same knuckles, those that the character has. A hand without two of them is taken to rest with
    its palm down, as MANO's.
    """
    back = quaternion.inverse(frame)
    knuckles = [finger for finger in _KNUCKLES if bone_map.bones.get(sided(f"{finger}1", hand)) in skeleton]
    if len(knuckles) < 2:
        outward = _unit(quaternion.apply(back, arm[2] - arm[1]))
        rest = np.array([1.0 if hand == 0 else -1.0, 0.0, 0.0])
        scale = float(np.linalg.norm(np.diff(arm, axis=0), axis=1).sum() / source.lengths[hand].sum())
        return quaternion.IDENTITY, quaternion.between(rest, outward), scale
    ours = [source.joint[hand, MANO_JOINTS.index(f"{finger}1")] for finger in knuckles]
    theirs = [
        quaternion.apply(back, skeleton.head(bone_map.bones[sided(f"{finger}1", hand)]) - arm[2]) for finger in knuckles
    ]
    middle = knuckles.index("middle") if "middle" in knuckles else None
    frames = [_palm_frame(points, middle) for points in (ours, theirs)]
    sizes = [float(np.mean(np.linalg.norm(points, axis=-1))) for points in (np.array(ours), np.array(theirs))]
    return frames[0], frames[1], sizes[1] / sizes[0]


def _palm_frame(knuckles: Sequence[Array], middle: int | None) -> Array:
    """Return the rotation (4,) to a frame along the hand, across it to the thumb's side, and square to the palm."""
    along = _unit(knuckles[middle] if middle is not None else np.mean(knuckles, axis=0))
    across = knuckles[0] - knuckles[-1]
    across = _unit(across - (across @ along) * along)
    return quaternion.from_matrix(np.stack([along, across, np.cross(along, across)], axis=-1))


def _elbow_hinge(arm: Array, forward: Array) -> Array:
    """Return the axis (3,) about which an elbow bends: as it is bent at rest, or else so that it bends forward."""
    upper, fore = _unit(arm[1] - arm[0]), _unit(arm[2] - arm[1])
    bent = np.cross(upper, fore)
    if np.linalg.norm(bent) > np.sin(_STRAIGHT) and np.cross(upper, forward) @ bent > -0.5 * np.linalg.norm(bent):
        return _unit(bent)
    usual = np.cross(upper, forward)
    return _unit(usual)


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)
