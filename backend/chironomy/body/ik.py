# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms from hands: two-bone inverse kinematics with a natural elbow.

The geometry is closed: with the shoulder and the wrist given, the elbow lies on a circle about the line between them,
and one direction across that line, the *swivel*, says where. Blender's IK constraint with a pole target on the swivel
(`elbow_pole`) finds the same arm.

The right arm is solved as the mirror image of a left one, so that mirrored hands have mirrored elbows.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.errors import BodyError
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion

Array = NDArray[np.float64]

FARTHEST, NEAREST = 0.999, 0.35
"""Reach of the wrist from the shoulder, as parts of the arm's length; at 1 the elbow would have no direction."""

POLE_DISTANCE = 0.45
"""Metres from the line shoulder to wrist to the point that `elbow_pole` gives."""

_MIRROR = np.array([-1.0, 1.0, 1.0])
_MIRROR_ROTATION = np.array([1.0, 1.0, -1.0, -1.0])

# With the hand straight before the shoulder and somewhat low, the elbow hangs down and a little out. To every other
# direction of the wrist this swivel is carried by the smallest rotation between the two directions, which is smooth
# but for the one direction opposite: back, up and through the neck, where no hand goes.
_FORWARD = np.array([0.10, -0.30, 0.95])

# Degrees by which the elbow is turned out from there: always; as the palm is turned down (and in, as it is turned up),
# which spares the forearm. More looks like wings: who talks at ease lets the elbows hang.
_OUT, _OUT_TWIST = 16.0, 14.0
# Degrees a metre as the hand goes from before its own breast to the other side, so that upper arm and forearm go round
# the torso: the least that keeps them out of the character's mesh over the space before it. It sets in over `_EASE`.
_OUT_ACROSS, _ACROSS_FROM, _EASE = 280.0, 0.06, 0.04


class Arms(NamedTuple):
    """Solved arms: what `solve_arms` returns.

    Attributes:
        upper_arm: (..., 2, 4) world rotations of the upper arms from the bind pose.
        forearm: (..., 2, 4) world rotations of the forearms from the bind pose.
        forearm_twist: (..., 2, 4) world rotations of the joints that take half of the wrists' twist.
        wrist: (..., 2, 4) world rotations of the wrists from the bind pose.
        elbow: (..., 2, 3) metres.
        wrist_position: (..., 2, 3) metres, within reach.
    """

    upper_arm: Array
    forearm: Array
    forearm_twist: Array
    wrist: Array
    elbow: Array
    wrist_position: Array


def clamp_reach(rig: Rig, wrist_position: ArrayLike) -> Array:
    """Return wrist positions (..., 2, 3), in metres, moved along the line to the shoulder into the arm's reach.

    Positions at 0.35 to 0.999 of the arm's length from the shoulder stay as they are.
    """
    wrist = _checked(wrist_position, 3, "wrist_position")
    shoulder = _shoulders(rig)
    reach = rig.arm_lengths.sum(axis=1)[:, None]
    line = wrist - shoulder
    distance = quaternion.lengths(line)
    # A wrist in the shoulder joint itself has no direction; it is put straight before it.
    line = np.where(distance > 1e-9, line / np.maximum(distance, 1e-9), [0.0, 0.0, 1.0])
    clamped = shoulder + line * np.clip(distance, NEAREST * reach, FARTHEST * reach)
    inside = (distance >= NEAREST * reach) & (distance <= FARTHEST * reach)
    return np.where(inside, wrist, clamped)


def elbow_swivel(rig: Rig, wrist_position: ArrayLike, wrist_rotation: ArrayLike) -> Array:
    """Return (..., 2, 3) unit directions, across the line shoulder to wrist, in which the elbows lie.

    A smooth function of the wrists' positions (..., 2, 3) and orientations (..., 2, 4) over all the space hands gesture
    in: down and a little out before the body, behind for a hanging arm, higher as the hand goes across or turns so
    far that the forearm's twist would be uncomfortable.
    """
    wrist = clamp_reach(rig, wrist_position)
    turned = _checked(wrist_rotation, 4, "wrist_rotation")
    # Both arms as left arms.
    wrist = np.stack([wrist[..., 0, :], wrist[..., 1, :] * _MIRROR], axis=-2)
    turned = np.stack([turned[..., 0, :], turned[..., 1, :] * _MIRROR_ROTATION], axis=-2)
    shoulder, forearm, hand = _shoulders(rig)[0], _arm_bones(rig, 0)[1], rig.rest_rotation[rig.hand_joints(0)[0]]
    upper, fore = rig.arm_lengths[0]

    line = _unit(wrist - shoulder)
    across = _EASE * np.logaddexp(0.0, (_ACROSS_FROM - wrist[..., 0:1]) / _EASE)
    out = np.radians(_OUT + _OUT_ACROSS * across)
    first = _swivelled(line, out)

    # How far the hand would be twisted against the forearm, from the middle between palm up and palm down.
    elbow = _elbow(shoulder, wrist, upper, fore, first)
    arm = _arm_rotation(line, first, wrist - elbow, forearm)
    local = quaternion.multiply(quaternion.inverse(arm), quaternion.multiply(turned, hand))
    _, twist = quaternion.swing_twist(local, forearm[0])
    sine = 2.0 * twist[..., :1] * quaternion.dots(twist[..., 1:], forearm[0])
    swivel = _swivelled(line, out + np.radians(_OUT_TWIST) * sine)
    return np.stack([swivel[..., 0, :], swivel[..., 1, :] * _MIRROR], axis=-2)


def elbow_position(rig: Rig, wrist_position: ArrayLike, wrist_rotation: ArrayLike) -> Array:
    """Return (..., 2, 3) the elbows, in metres, for wrists as in `solve_arms`."""
    wrist = clamp_reach(rig, wrist_position)
    return _bent(rig, wrist, elbow_swivel(rig, wrist, wrist_rotation))[2]


def elbow_pole(rig: Rig, wrist_position: ArrayLike, wrist_rotation: ArrayLike) -> Array:
    """Return (..., 2, 3) points, in metres, for the pole targets of Blender's IK constraints.

    Each lies in the plane of shoulder, elbow and wrist, on the elbow's side, `POLE_DISTANCE` from the line between
    shoulder and wrist.
    """
    wrist = clamp_reach(rig, wrist_position)
    swivel = elbow_swivel(rig, wrist, wrist_rotation)
    return _foot(_shoulders(rig), wrist, rig.arm_lengths[:, :1], rig.arm_lengths[:, 1:]) + POLE_DISTANCE * swivel


def solve_arms(rig: Rig, wrist_position: ArrayLike, wrist_rotation: ArrayLike) -> Arms:
    """Find both arms for given wrists.

    The hinge of the elbow stands square on the plane of shoulder, elbow and wrist, as in the bind pose; so the roll of
    upper arm and forearm follows from that plane. What the hand is turned by beyond that is bent at the wrist and
    twisted in the forearm: `forearm_twist` takes half of the twist (see `chironomy.body.pose`).

    Args:
        rig: the character.
        wrist_position: (..., 2, 3) metres, in the frame of the body; brought within reach by `clamp_reach`.
        wrist_rotation: (..., 2, 4) orientations in the frame of the body; identity is the rest pose (palms down).

    Raises:
        BodyError: a shape is wrong or a number is not finite.
    """
    wrist = clamp_reach(rig, wrist_position)
    turned = _checked(wrist_rotation, 4, "wrist_rotation")
    return arms_of_swivel(rig, wrist, turned, elbow_swivel(rig, wrist, turned))


def arms_of_swivel(rig: Rig, wrist_position: ArrayLike, wrist_rotation: ArrayLike, swivel: ArrayLike) -> Arms:
    """Find both arms where the directions (..., 2, 3) of the elbows are given too, for example from poles.

    Only the part of `swivel` across the line shoulder to wrist counts.
    """
    wrist = clamp_reach(rig, wrist_position)
    turned = _checked(wrist_rotation, 4, "wrist_rotation")
    shoulder = _shoulders(rig)
    line, across, elbow = _bent(rig, wrist, swivel)
    bones = [_arm_bones(rig, hand) for hand in range(2)]
    upper_arm, forearm = (
        np.stack(
            [
                _arm_rotation(line[..., hand, :], across[..., hand, :], end[..., hand, :], bone)
                for hand, bone in enumerate(pair)
            ],
            axis=-2,
        )
        for end, pair in ((elbow - shoulder, [b[0] for b in bones]), (wrist - elbow, [b[1] for b in bones]))
    )
    rest = np.stack([rig.rest_rotation[rig.hand_joints(hand)[0]] for hand in range(2)])
    hand_rotation = quaternion.multiply(turned, rest)
    axis = np.stack([bone[1][0] for bone in bones])
    return Arms(upper_arm, forearm, twisted(forearm, hand_rotation, axis), hand_rotation, elbow, wrist)


def twisted(forearm: Array, wrist: Array, axis: Array) -> Array:
    """Return the world rotations (..., 4) of `forearm_twist`, from those of the forearm and the wrist.

    With the wrist's rotation relative to the forearm, both counted from the bind pose, written as swing * twist, the
    twist about the forearm's axis in the bind pose (elbow to wrist) by an angle in (-pi, pi], `forearm_twist` is turned
    relative to the forearm by half of that angle about the same axis.
    """
    _, twist = quaternion.swing_twist(quaternion.multiply(quaternion.inverse(forearm), wrist), axis)
    twist = np.where(twist[..., :1] < 0.0, -twist, twist)
    # Half of the rotation (w, s * axis) is (1 + w, s * axis), normalised; w is not negative here.
    half = quaternion.normalize(twist + quaternion.IDENTITY)
    return quaternion.multiply(forearm, half)


def _bent(rig: Rig, wrist: Array, swivel: ArrayLike) -> tuple[Array, Array, Array]:
    """Return (..., 2, 3) directions of the lines shoulder to wrist, of the elbows across them, and the elbows."""
    shoulder = _shoulders(rig)
    line = _unit(wrist - shoulder)
    across = np.asarray(swivel, dtype=np.float64)
    across = _unit(across - line * quaternion.dots(across, line))
    return line, across, _elbow(shoulder, wrist, rig.arm_lengths[:, :1], rig.arm_lengths[:, 1:], across)


def _shoulders(rig: Rig) -> Array:
    """Return (2, 3) the heads of the upper arms."""
    return rig.joint_position[[rig.arm_joints(hand)[1] for hand in range(2)]]


def _arm_bones(rig: Rig, hand: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return direction and hinge, in the bind pose, of the upper arm and of the forearm."""
    _, upper, fore, _, wrist = rig.joint_position[rig.arm_joints(hand)]
    hinge = _unit(quaternion.cross(fore - upper, wrist - fore))
    return (_unit(fore - upper), hinge), (_unit(wrist - fore), hinge)


def _foot(shoulder: Array, wrist: Array, upper: ArrayLike, fore: ArrayLike) -> Array:
    """Return the point of the line shoulder to wrist that is nearest to the elbow."""
    line = wrist - shoulder
    squared = quaternion.dots(line, line)
    return shoulder + line * 0.5 * (1.0 + (np.square(upper) - np.square(fore)) / squared)


def _elbow(shoulder: Array, wrist: Array, upper: ArrayLike, fore: ArrayLike, swivel: Array) -> Array:
    """Return the elbow of an arm with bones of lengths `upper` and `fore`, by the law of cosines."""
    foot = _foot(shoulder, wrist, upper, fore)
    squared = quaternion.dots(foot - shoulder, foot - shoulder)
    return foot + swivel * np.sqrt(np.maximum(np.square(upper) - squared, 0.0))


def _arm_rotation(line: Array, swivel: Array, bone: Array, bind: tuple[Array, Array]) -> Array:
    """Return the rotations that take a bone's direction and hinge from the bind pose to `bone` and the arm's plane.

    The hinge is across line and swivel also for a straight arm, where the bones alone would not tell.
    """
    hinge = _unit(quaternion.cross(swivel, line))
    along = _unit(bone)
    frame = np.stack([along, hinge, quaternion.cross(along, hinge)], axis=-1)
    rest = np.stack([bind[0], bind[1], quaternion.cross(bind[0], bind[1])], axis=-1)
    return quaternion.from_matrix(frame @ rest.T)


def _swivelled(line: Array, out: Array) -> Array:
    """Return the swivel of a left arm along `line`, turned out by `out` radians from straight down before the body."""
    forward = _unit(_FORWARD)
    down = np.array([0.0, -1.0, 0.0])
    down = _unit(down - forward * (forward @ down))
    side = quaternion.cross(forward, down)
    swivel = np.cos(out) * down + np.sin(out) * side
    return quaternion.apply(quaternion.between(np.broadcast_to(forward, line.shape), line), swivel)


def _checked(value: ArrayLike, last: int, name: str) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim < 2 or array.shape[-2:] != (2, last):
        raise BodyError(f"{name} has shape {array.shape}; it must end with (2, {last}): left and right hand")
    if not np.isfinite(array).all():
        raise BodyError(f"{name} holds numbers that are not finite; every hand needs a place in every frame")
    return array


def _unit(v: Array) -> Array:
    return v / np.maximum(quaternion.lengths(v), 1e-12)
