# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses and measures for tests of retargeting; nothing of the library's solver measures itself here."""

import numpy as np

FINGERS = ("index", "middle", "pinky", "ring", "thumb")


def MOTION(rig, seconds=5.0, seed=3):  # noqa: N802
    """Return strokes and holds of both hands, within the arms' reach."""
    from chironomy.body.ik import clamp_reach
    from chironomy.motion import HandMotion
    from chironomy.motion import rotation as quaternion

    random = np.random.default_rng(seed)
    count, fps = round(seconds * 24), 24.0
    knots = 6
    weight = np.clip(np.linspace(0, knots - 1, count)[None] - np.arange(knots - 1)[:, None], 0.0, 1.0)
    weight = weight**3 * (10.0 - 15.0 * weight + 6.0 * weight**2)

    def between(values):
        return values[0] + np.tensordot(weight.T, np.diff(values, axis=0), axes=1)

    place, vectors = np.zeros((count, 2, 3)), np.zeros((count, 2, 16, 3))
    for hand, sign in enumerate((1.0, -1.0)):
        points = np.stack(
            [
                sign * random.uniform(0.16, 0.42, knots),
                random.uniform(-0.3, 0.05, knots),
                random.uniform(0.22, 0.42, knots),
            ],
            axis=1,
        )
        place[:, hand] = between(points)
        vectors[:, hand, 0] = between(random.normal(scale=0.4, size=(knots, 3)))
        bend = np.zeros((knots, 15, 3))
        bend[..., 2] = -sign * random.uniform(0.0, 1.0, (knots, 15))
        bend[..., 1] = random.normal(scale=0.08, size=(knots, 15))
        vectors[:, hand, 1:] = between(bend)
    # Arms that are nearly straight are brought in by Blender's solver, as by ours.
    shoulder = np.stack([rig.joint_position[rig.arm_joints(hand)[1]] for hand in range(2)])
    line = place - shoulder
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    longest = 0.93 * rig.arm_lengths.sum(axis=1)[:, None]
    place = clamp_reach(rig, shoulder + line * np.minimum(1.0, longest / distance))
    return HandMotion(fps, place, quaternion.from_rotation_vector(vectors), np.ones((count, 2)))


def hand_keys(motion, pole, hand, every=False, frames=None):
    """Return the keys of a hand: on every second frame, or fitted on some."""
    from chironomy.retarget import HandKeys
    from chironomy.retarget.carry import fitted_keys

    if frames is None:
        frames = (
            np.arange(motion.frame_count)
            if every
            else np.unique(np.append(np.arange(0, motion.frame_count, 8), motion.frame_count - 1))
        )
    place = fitted_keys(motion.wrist_position[:, hand], frames)
    turns = [fitted_keys(motion.rotation[:, hand, joint], frames) for joint in range(16)]
    return HandKeys(place, turns, fitted_keys(pole[:, hand], frames), frames)


def played(target, keys, count):
    """Return (T, J, 3) where the bones of a skeleton begin when keys of turning bones are played, by plain matrices."""
    from chironomy.motion import rotation as quaternion
    from chironomy.motion.curves import evaluate

    bones = target.skeleton
    basis = {}
    for each in keys:
        assert each.channel == "rotation"
        basis[each.bone] = quaternion.to_matrix(quaternion.normalize(evaluate(each.keys, np.arange(count))))
    axes = quaternion.to_matrix(bones.axes)
    heads, turns = np.zeros((count, len(bones.names), 3)), np.zeros((count, len(bones.names), 3, 3))
    done = set()

    def pose(index):
        if index in done:
            return
        done.add(index)
        above = int(bones.parents[index])
        turn, head = np.tile(np.eye(3), (count, 1, 1)), np.tile(bones.heads[index], (count, 1))
        if above >= 0:
            pose(above)
            turn = turns[:, above]
            head = heads[:, above] + np.einsum("tij,j->ti", turn, bones.heads[index] - bones.heads[above])
        if bones.names[index] in basis:
            turn = turn @ axes[index] @ basis[bones.names[index]] @ axes[index].T
        turns[:, index], heads[:, index] = turn, head

    for index in range(len(bones.names)):
        pose(index)
    return heads


def reach(target, wrist):
    """Return (T, 2, 3) wrists from their shoulders, in arm's lengths, along the axes of the body."""
    from chironomy.motion import rotation as quaternion

    line = quaternion.apply(quaternion.inverse(target.frame), wrist - target.shoulder)
    return line / target.lengths.sum(axis=1)[:, None]


def resting_directions(rig, target, motion, heads):
    """Return how far wrists are off in arm's lengths, and palms and finger bones in radians, by joints alone."""
    from chironomy.body.pose import solve_pose
    from chironomy.motion import rotation as quaternion

    pose = solve_pose(rig, motion)
    back = quaternion.inverse(target.frame)

    def theirs(role):
        return quaternion.apply(back, heads[:, target.skeleton.index(target.bone_map.bones[role])])

    def ours(role):
        name = role.replace("hand.", "wrist.")
        return pose.joint_position[:, rig.index(name)]

    wrists, palms, fingers = [], [], []
    for hand, side in enumerate("LR"):
        line = (theirs(f"hand.{side}") - theirs(f"upper_arm.{side}")) / target.lengths[hand].sum()
        wanted = (ours(f"hand.{side}") - ours(f"upper_arm.{side}")) / rig.arm_lengths[hand].sum()
        wrists.append(np.linalg.norm(line - wanted, axis=-1))
        normals = []
        for of in (ours, theirs):
            along = of(f"middle1.{side}") - of(f"hand.{side}")
            normals.append((along, np.cross(along, of(f"index1.{side}") - of(f"pinky1.{side}"))))
        palms += [_angle(one, other) for one, other in zip(*normals, strict=True)]
        for finger in FINGERS:
            for joint in (1, 2):
                ends = [of(f"{finger}{joint + 1}.{side}") - of(f"{finger}{joint}.{side}") for of in (ours, theirs)]
                fingers.append(_angle(*ends))
    return np.array(wrists), np.array(palms), np.array(fingers)


def _angle(one, other):
    one, other = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (one, other))
    return 2.0 * np.arcsin(np.clip(0.5 * np.linalg.norm(one - other, axis=-1), 0.0, 1.0))


def clasped(rig):
    """Return hands that meet before the breast, palm to palm, by their middle fingers' knuckles."""
    from chironomy.body.pose import hand_local_keypoints
    from chironomy.motion import HandMotion
    from chironomy.motion import rotation as quaternion

    rotation = np.tile(quaternion.IDENTITY, (1, 2, 16, 1))
    # Fingers up and forward, palms to each other.
    for hand, sign in enumerate((1.0, -1.0)):
        along, palm = np.array([0.0, 0.6, 0.8]), np.array([-sign, 0.0, 0.0])
        x, y = sign * along, -palm
        rotation[0, hand, 0] = quaternion.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))
    place = np.zeros((1, 2, 3))
    for hand, sign in enumerate((1.0, -1.0)):
        knuckle = hand_local_keypoints(rig, hand, rotation[:, hand])[0, 4]
        place[0, hand] = np.array([sign * 0.02, -0.12, 0.34]) - knuckle
    return HandMotion(24.0, place, rotation, np.ones((1, 2)))


def touching(rig, anchors, place):
    """Return a right hand whose middle finger's tip is on a place of our body, and the number of its anchor."""
    from chironomy.body.pose import hand_local_keypoints
    from chironomy.motion import HandMotion
    from chironomy.motion import rotation as quaternion

    anchor = {"chest": 0, "chin": 11, "hip": 8}[place]
    rotation = np.tile(quaternion.IDENTITY, (1, 2, 16, 1))
    along = {"chest": (0.5, 0.3, -0.8), "chin": (0.2, 0.75, -0.6), "hip": (0.6, -0.75, -0.2)}[place]
    x = -np.array(along) / np.linalg.norm(along)
    z = np.cross(x, [0.3, 1.0, 0.2])
    z /= np.linalg.norm(z)
    rotation[0, 1, 0] = quaternion.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))
    tip = hand_local_keypoints(rig, 1, rotation[:, 1])[0, 18]
    wrist = np.array([[[0.45, -0.3, 0.1], anchors.ours[anchor] - tip]])
    return HandMotion(24.0, wrist, rotation, np.ones((1, 2))), anchor


def arriving(rig, kind):
    """Return the most by which wrists (arm's lengths), palms and fingers (radians) are off, with keys at each frame.

    They are looked at by where the bones' joints come to lie.
    """
    from chironomy.body.ik import elbow_pole
    from chironomy.retarget import carried

    motion, target = MOTION(rig), _target(rig, kind)
    pole = elbow_pole(rig, motion.wrist_position, motion.rotation[:, :, 0])
    keys = [hand_keys(motion, pole, hand, every=True) for hand in range(2)]
    heads = played(target, carried(target, rig, keys, motion, pole), motion.frame_count)
    return tuple(each.max() for each in resting_directions(rig, target, motion, heads))


def meeting(rig, kind):
    """Return metres by which the nearest points of clasped hands are elsewhere than on ours, and how near those are."""
    from chironomy.motion import rotation as quaternion
    from chironomy.retarget import posed

    motion, target = clasped(rig), _target(rig, kind)
    ours, theirs = points_of(rig, target, motion, posed(target, rig, motion))
    gap = np.linalg.norm(ours[:, 1, None] - ours[:, 0, :, None], axis=-1)
    pair = np.unravel_index(gap[0].argmin(), gap[0].shape)
    wanted = ours[0, 1, pair[1]] - ours[0, 0, pair[0]]
    found = quaternion.apply(quaternion.inverse(target.frame), theirs[0, 1, pair[1]] - theirs[0, 0, pair[0]])
    return np.linalg.norm(found / target.hand_scale.mean() - wanted), np.linalg.norm(wanted)


def on_the_body(rig, kind, place):
    """Return metres by which a fingertip is beside a place of the body, and how near ours is to it."""
    from chironomy.motion import rotation as quaternion
    from chironomy.retarget import anchors_of, posed

    target = _target(rig, kind)
    anchors = anchors_of(target, rig)
    motion, anchor = touching(rig, anchors, place)
    ours, theirs = points_of(rig, target, motion, posed(target, rig, motion, anchors=anchors))
    away = np.linalg.norm(ours[0, 1] - anchors.ours[anchor], axis=-1)
    tip = int(away.argmin())
    beside = quaternion.apply(target.frame, ours[0, 1, tip] - anchors.ours[anchor])
    metre = target.scale[1]
    return np.linalg.norm((theirs[0, 1, tip] - anchors.theirs[anchor]) / metre - beside), away[tip]


def points_of(rig, target, motion, done):
    """Return (T, 2, 21, 3) the points of our hands, metres, and of a character's, in the space of its armature."""
    from chironomy.body.pose import hand_local_keypoints
    from chironomy.motion import rotation as quaternion
    from chironomy.retarget.hand_points import hand_world, our_points, their_points

    world = hand_world(motion.rotation)
    ours = np.stack(
        [motion.wrist_position[:, hand, None] + our_points(rig, hand, world[:, hand]) for hand in range(2)], axis=1
    )
    turned = quaternion.multiply(quaternion.multiply(target.frame, world), target.carry)
    theirs = [done.wrist[:, hand, None] + their_points(target, hand, turned[:, hand]) for hand in range(2)]
    local = hand_local_keypoints(rig, 0, motion.rotation[:, 0])
    assert np.allclose(ours[:, 0], motion.wrist_position[:, 0, None] + local)
    return ours, np.stack(theirs, axis=1)


def _target(rig, kind):
    from characters import skeleton
    from chironomy.retarget import detect, measured

    bones = skeleton(kind)
    return measured(bones, detect(bones).bone_map, rig)
