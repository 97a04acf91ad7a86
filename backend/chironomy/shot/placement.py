# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit at work: the person's rest pose, poses of the person's body, gestures placed in the picture.

numpy alone, so that the add-on may use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import push_out
from chironomy.body.ik import arms_of_swivel, clamp_reach, elbow_swivel
from chironomy.body.pose import BodyPose, hand_keypoints, hand_local_keypoints, hand_positions, solve_pose
from chironomy.body.proportions import proportioned
from chironomy.body.rig import SIDES, load_rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import HANDS, HandMotion
from chironomy.shot.camera import Camera, close_up, portrait_camera
from chironomy.shot.fit import Fit
from chironomy.shot.shot import Media, Shot

if TYPE_CHECKING:
    from chironomy.body.rig import Rig

Array = NDArray[np.float64]

_LOW, _SLOW = 0.3, 0.5
"""Hands rest in the lowest 0.3 of the frames in which they are among the slower half."""

_TIGHTEST_ROOM = 0.02
"""Part of the picture's height that a hand may always go beyond its rest."""

_HAND_FLESH, _SLEEVE = 0.03, 0.06
"""Metres from the joints and tips of a hand, and from the middle of the forearm, to the farthest skin and sleeve."""

_STRAIGHT = 1e-3
"""Metres that an elbow must be off the line from shoulder to wrist to have a direction."""


def rest_motion(fit: Fit, frames: int = 1, fps: float = 24.0) -> HandMotion:
    """The hands held as the person in the portrait holds them."""
    return HandMotion(
        fps=fps,
        wrist_position=np.tile(fit.wrist_position, (frames, 1, 1)),
        rotation=np.tile(fit.hand_rotation, (frames, 1, 1, 1)),
        confidence=np.tile(fit.hands_seen.astype(np.float64), (frames, 1)),
        source={"kind": "portrait", "picture": fit.picture},
    )


def rest_pose(fit: Fit, rig: Rig | None = None) -> BodyPose:
    """One frame: the person's body as it is in the portrait; `rig` is the character, without proportions."""
    return posed(fit, rest_motion(fit), rig)


def posed(fit: Fit, motion: HandMotion, rig: Rig | None = None) -> BodyPose:
    """The person's body for a motion of the hands: arms by inverse kinematics, the head as in the portrait.

    Args:
        fit: whose body.
        motion: of the hands, in the frame of the body, as it is to be seen; see `place`.
        rig: the character, without proportions; the embedded one when None.
    """
    own = proportioned(rig or load_rig(), fit.proportions)
    return _with_head(fit, own, solve_pose(own, motion))


def refitted(fit: Fit, pose: BodyPose, rig: Rig | None = None) -> BodyPose:
    """A pose of the character as a pose of the person: the wrists stay where they are, and so does every turn.

    The torso's joints follow their parents with the person's lengths, the head takes the portrait's turn as its rest,
    and each arm is solved anew between its shoulder and its wrist in the plane that its elbow was in. A wrist that the
    person's arm cannot reach is brought within its reach.

    Args:
        fit: whose body.
        pose: of the character, as evaluated on its rig.
        rig: the character, without proportions; the embedded one when None.
    """
    rig = rig or load_rig()
    own = proportioned(rig, fit.proportions)
    moved = _with_head(fit, own, _followed(own, pose))
    rotation, position = moved.joint_rotation, moved.joint_position
    local: dict[str, list[Array]] = {"wrist": [], "turned": [], "elbow": []}
    frames = []
    for hand in range(len(HANDS)):
        collar, upper, fore, _, wrist = rig.arm_joints(hand)
        back = quaternion.inverse(rotation[:, collar])
        frames.append((rotation[:, collar], position[:, collar], own.joint_position[collar]))
        here = position[:, collar]
        local["wrist"].append(quaternion.apply(back, pose.joint_position[:, wrist] - here) + own.joint_position[collar])
        turned = quaternion.multiply(pose.joint_rotation[:, wrist], quaternion.inverse(rig.rest_rotation[wrist]))
        local["turned"].append(quaternion.multiply(back, turned))
        elbow = pose.joint_position[:, fore] - pose.joint_position[:, upper]
        line = pose.joint_position[:, wrist] - pose.joint_position[:, upper]
        off = elbow - line * np.sum(elbow * line, axis=-1, keepdims=True) / np.sum(line * line, axis=-1, keepdims=True)
        local["elbow"].append(quaternion.apply(back, off))
    wrists, turns, off = (np.stack(local[name], axis=1) for name in ("wrist", "turned", "elbow"))
    bent = np.linalg.norm(off, axis=-1, keepdims=True) > _STRAIGHT
    arms = arms_of_swivel(own, wrists, turns, np.where(bent, off, elbow_swivel(own, wrists, turns)))
    for hand, (turn, here, bind) in enumerate(frames):
        _, upper, fore, twist, wrist = rig.arm_joints(hand)
        for joint, solved in ((upper, arms.upper_arm), (fore, arms.forearm), (twist, arms.forearm_twist)):
            rotation[:, joint] = quaternion.multiply(turn, solved[:, hand])
        position[:, fore] = quaternion.apply(turn, arms.elbow[:, hand] - bind) + here
        position[:, wrist] = quaternion.apply(turn, arms.wrist_position[:, hand] - bind) + here
        bone = own.joint_position[twist] - own.joint_position[fore]
        position[:, twist] = position[:, fore] + quaternion.apply(rotation[:, fore], bone)
        joints = rig.hand_joints(hand)
        position[:, joints] = hand_positions(own, hand, rotation[:, joints], position[:, wrist])
    return moved


def _followed(own: Rig, pose: BodyPose) -> BodyPose:
    """The pose's turns on a rig of other lengths, every joint where its parent takes it."""
    position = np.empty_like(pose.joint_position)
    for joint, parent in enumerate(own.parents):
        if parent < 0:
            position[:, joint] = pose.joint_position[:, joint]
            continue
        bone = own.joint_position[joint] - own.joint_position[parent]
        position[:, joint] = position[:, parent] + quaternion.apply(pose.joint_rotation[:, parent], bone)
    return BodyPose(pose.fps, pose.joint_rotation.copy(), position)


def _with_head(fit: Fit, own: Rig, pose: BodyPose) -> BodyPose:
    """The pose with the head, and what hangs on it, turned as in the portrait before it is turned by the pose."""
    rotation, position = pose.joint_rotation.copy(), pose.joint_position.copy()
    head = own.index("head")
    on_head = {head}
    for joint, parent in enumerate(own.parents):
        if parent in on_head:
            on_head.add(joint)
            bone = own.joint_position[joint] - own.joint_position[parent]
            position[:, joint] = position[:, parent] + quaternion.apply(rotation[:, parent], bone)
        if joint in on_head:
            rotation[:, joint] = quaternion.multiply(rotation[:, joint], fit.head_rotation)
    return BodyPose(pose.fps, rotation, position)


def place(fit: Fit, motion: HandMotion, rig: Rig | None = None) -> HandMotion:
    """Place a motion's gesture space in the portrait.

    Each hand that was seen rests where the person's does: the motion is moved from its own resting place there, and its
    size is that of the person's arms. A hand that would leave the picture is slowed down towards the edge: of the room
    between the resting hand and an edge the first half is as it was, and all that goes beyond it comes to lie in the
    second half, without a jerk. Then wrists are brought within reach and out of the body.

    Args:
        fit: the portrait's.
        motion: generated or recorded, in the frame of the body.
        rig: the character, without proportions; the embedded one when None.

    Returns:
        the motion to be shown through the fit's camera. Turns and confidence are the motion's own.
    """
    rig = rig or load_rig()
    own = proportioned(rig, fit.proportions)
    position = motion.wrist_position.copy()
    for hand in np.flatnonzero(fit.hands_seen):
        rest = resting_place(motion, int(hand))
        away = fit.proportions.arms * (motion.wrist_position[:, hand] - rest)
        position[:, hand] = _within(fit, own, int(hand), motion, fit.wrist_position[hand] + away)
    source = {**motion.source, "placed": {"picture": fit.picture, "sha256": fit.picture_sha256}}
    placed = motion.replaced(wrist_position=clamp_reach(own, position), source=source)
    return push_out(own, placed)


def resting_place(motion: HandMotion, hand: int) -> Array:
    """Return (3,) metres: where a hand rests between its gestures, the middle of where it is both slow and low."""
    place = motion.wrist_position[:, hand]
    if len(place) < 2:
        return place[0].copy()
    speed = np.linalg.norm(np.gradient(place, axis=0), axis=-1)
    slow = place[speed <= np.quantile(speed, _SLOW)]
    low = slow[slow[:, 1] <= np.quantile(slow[:, 1], _LOW)]
    return np.median(low, axis=0)


def _within(fit: Fit, own: Rig, hand: int, motion: HandMotion, position: Array) -> Array:
    """Wrist positions (T, 3) that keep the hand in the picture; see `place`."""
    camera = fit.camera
    points = position[:, None] + hand_local_keypoints(own, hand, motion.rotation[:, hand])
    pixels, _ = camera.project(points)
    wrist, _ = camera.project(position)
    rest, _ = camera.project(fit.wrist_position[hand])
    if not np.isfinite(pixels).all():
        return position
    beyond = pixels - wrist[:, None]
    size = np.array([camera.width, camera.height], np.float64)
    least = _TIGHTEST_ROOM * camera.height
    # How far the hand reaches past its wrist, but for a few frames.
    low_side = np.maximum(rest + np.quantile(beyond.min(axis=1), 0.05, axis=0), least)
    high_side = np.maximum(size - rest - np.quantile(beyond.max(axis=1), 0.95, axis=0), least)
    away = wrist - rest
    inside = np.where(away < 0, -_eased(-away, low_side), _eased(away, high_side))
    seen = camera.view(position)
    seen[:, :2] = (rest + inside - camera.centre) / camera.focal * seen[:, 2:]
    return camera.position + quaternion.apply(camera.rotation, seen * np.array([1.0, -1.0, -1.0]))


def _eased(distance: Array, room: Array) -> Array:
    """Distances (T, 2) from rest, none more than `room` (2,): as they are up to half of it, then ever shorter."""
    half = 0.5 * room
    return np.where(distance <= half, distance, half + half * (1 - np.exp(-np.maximum(distance - half, 0) / half)))


def scene_camera(fit: Fit | None, rig: Rig, width: int, height: int) -> Camera:
    """The one camera that a scene is seen through, rendered by, and that its eyes look into.

    Args:
        fit: the portrait's; None for a half-body portrait of the character itself.
        rig: the character.
        width: of the video, pixels, which the portrait covers.
        height: likewise.
    """
    return portrait_camera(rig, width, height) if fit is None else fit.camera.covering(width, height)


def own_camera(rig: Rig, pose: BodyPose, width: int, height: int, figure: str) -> Camera:
    """What the character itself is seen through, where no camera was chosen and no portrait fitted.

    Args:
        rig: the character.
        pose: what it does in the shot.
        width: of the video, pixels.
        height: likewise.
        figure: one of `chironomy.body.figures.FIGURES`; of the whole a half-body portrait that holds the hands, of
            hands alone a close-up.
    """
    hands = hand_keypoints(rig, pose)
    if figure != "hands":
        return portrait_camera(rig, width, height).holding(hands)
    # The joint of the forearm's twist is where the hands alone end.
    ends = pose.joint_position[:, [rig.index(f"forearm_twist.{side}") for side in SIDES]].reshape(-1, 3)
    points = np.concatenate([hands.reshape(-1, 3), ends])
    flesh = np.repeat([_HAND_FLESH, _SLEEVE], [len(points) - len(ends), len(ends)])
    return close_up(points, flesh, width, height)


def in_portrait(
    fit: Fit, shot: Shot, portrait: Media | None = None, size: tuple[int, int] | None = None, rig: Rig | None = None
) -> Shot:
    """A shot of the character as a shot of the person: the portrait's camera, the person's body, the picture itself.

    The shot's hands stay where they are; give them through `place` before where they were not made for this portrait.

    Args:
        fit: the portrait's.
        shot: of the character, as evaluated on its rig or by `solve_pose`.
        portrait: the picture, which engines take the person's looks from.
        size: width and height of the video, pixels, which the portrait covers; by default `Fit.video_size`.
        rig: the character, without proportions; the embedded one when None.
    """
    return shot.replaced(
        pose=refitted(fit, shot.pose, rig),
        camera=scene_camera(fit, rig or load_rig(), *(size or fit.video_size())),
        reference=portrait,
        proportions=fit.proportions,
    )
