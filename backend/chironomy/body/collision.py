# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep arms and hands out of the body, and out of each other.

Torso, head and thighs are each described by a *tube*: at every height the outline of the character's own mesh, as a
radius in every direction from a centre. Arms and hands are described by balls along their bones. A tube says how deep a
point is in the body and which way is out, smoothly and for many points at once.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.pose import BodyPose, hand_keypoints, solve_pose
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion

Array = NDArray[np.float64]

# The joints that move each tube of `body_tubes`, from below.
_TUBE_JOINTS = (("hips", "spine", "chest", "upper_chest"), ("neck", "head"), ("upper_leg.L",), ("upper_leg.R",))

_STEP = 0.01  # metres between outlines
_ANGLES = 72

# Radii of the balls in metres: of the wrist, the knuckles and the thumb's root, of fingers, and of the forearm near the
# elbow and near the wrist (sleeve included), measured on the character's mesh.
_PALM_RADIUS, _FINGER_RADIUS = 0.015, 0.008
_FOREARM_RADIUS = (0.042, 0.030)
# Metres: less than this is not worth moving for.
_CLEAR = 2e-4
# The forearm counts from this part of its length on: a hanging upper arm and its elbow touch the side of the body.
_FOREARM_FROM, _FOREARM_BALLS = 0.35, 6


@dataclass(frozen=True, eq=False)
class Tube:
    """A part of the body as outlines at evenly spaced heights.

    Attributes:
        low: height y of the first outline, in metres.
        centre: (n, 2) x and z of the middles of the outlines.
        radius: (n, 72) metres from the middle outwards, at angles of 5 degrees counted from +z (forward) to +x.
    """

    low: float
    centre: Array
    radius: Array

    def signed_depth(self, points: Array) -> tuple[Array, Array]:
        """Return how deep points (..., 3) are inside, in metres (negative outside), and (..., 3) the way out, level.

        The depth is the distance along the way out, foreshortened by the outline's slope there. Above and below the
        tube it is at most minus the distance to its end.
        """
        rows = len(self.radius)
        height = (points[..., 1] - self.low) / _STEP
        inside = np.clip(height, 0.0, rows - 1.0)
        row = np.minimum(inside.astype(np.int64), rows - 2)
        part = (inside - row)[..., None]
        centre = self.centre[row] * (1.0 - part) + self.centre[row + 1] * part
        level = points[..., [0, 2]] - centre
        distance = np.linalg.norm(level, axis=-1)
        turn = np.arctan2(level[..., 0], level[..., 1]) / (2.0 * np.pi) * _ANGLES % _ANGLES
        column = np.minimum(turn.astype(np.int64), _ANGLES - 1)
        across = turn - column
        following = (column + 1) % _ANGLES
        low = self.radius[row, column] * (1.0 - across) + self.radius[row, following] * across
        high = self.radius[row + 1, column] * (1.0 - across) + self.radius[row + 1, following] * across
        radius = low + (high - low) * part[..., 0]
        slope = (high - low) / _STEP
        depth = (radius - distance) / np.sqrt(1.0 + slope**2)
        beyond = np.abs(height - inside) * _STEP
        depth = np.where(beyond > 0.0, np.minimum(depth, 0.0) - beyond, depth)
        out = level / np.maximum(distance, 1e-9)[..., None]
        return depth, np.stack([out[..., 0], np.zeros_like(distance), out[..., 1]], axis=-1)


@lru_cache(maxsize=4)
def body_tubes(rig: Rig) -> tuple[Tube, ...]:
    """Return torso, head with neck, left and right thigh, fitted to the rig's mesh in the bind pose."""
    y = rig.joint_position[:, 1]
    crotch = y[rig.index("hips")] - 0.10
    knee = y[rig.index("lower_leg.L")]
    neck = y[rig.index("neck")] - 0.02
    trunk = _faces_of(rig, ("hips", "spine", "chest", "upper_chest", "shoulder", "neck", "upper_leg"))
    head = _faces_of(rig, ("head", "neck"))
    top = float(rig.vertices[rig.faces[head]][..., 1].max())
    legs = _faces_of(rig, ("upper_leg", "lower_leg", "hips"))
    side = rig.vertices[rig.faces[legs]][..., 0].mean(axis=1)
    return (
        _tube(rig, trunk, crotch, neck),
        _tube(rig, head, neck, top),
        _tube(rig, legs[side > 0.0], knee, crotch),
        _tube(rig, legs[side < 0.0], knee, crotch),
    )


def signed_depth(rig: Rig, points: ArrayLike) -> tuple[Array, Array]:
    """Return how deep points (..., 3) are inside torso, head or thighs, in metres, and (..., 3) the level way out.

    The depth is negative outside. The body is in its bind pose.
    """
    array = np.asarray(points, dtype=np.float64)
    best, way = np.full(array.shape[:-1], -np.inf), np.zeros(array.shape)
    for tube in body_tubes(rig):
        depth, out = tube.signed_depth(array)
        way = np.where((depth > best)[..., None], out, way)
        best = np.maximum(best, depth)
    return best, way


def depth_in(rig: Rig, pose: BodyPose, points: ArrayLike) -> Array:
    """Return how deep points (T, ..., 3) are inside torso, head or thighs of a pose, in metres, negative outside.

    A point is carried back to the bind pose by the joints whose part of the body it is level with, as skin would be.
    """
    array = np.asarray(points, dtype=np.float64)
    depths = [
        tube.signed_depth(_carried_back(rig, pose, array, joints))[0]
        for tube, joints in zip(body_tubes(rig), _TUBE_JOINTS, strict=True)
    ]
    return np.max(depths, axis=0)


def _carried_back(rig: Rig, pose: BodyPose, points: Array, names: tuple[str, ...]) -> Array:
    """Points (T, ..., 3) where they would be if joints, from below, had not moved."""
    joints = [rig.index(name) for name in names]
    bind = rig.joint_position[joints]
    level = (slice(None), *[None] * (points.ndim - 2))
    turn, place = pose.joint_rotation[:, joints], pose.joint_position[:, joints]
    back = quaternion.to_matrix(quaternion.inverse(turn))
    carried = [
        np.einsum("tij,t...j->t...i", back[:, row], points - place[:, row][level]) + bind[row]
        for row in range(len(joints))
    ]
    if len(joints) == 1:
        return carried[0]
    # The middles of the joints' own parts of the body; between two of them both have their say.
    middles = np.append(0.5 * (bind[1:, 1] + bind[:-1, 1]), bind[-1, 1])
    height = np.mean(carried, axis=0)[..., 1]
    say = np.clip(np.interp(height, middles, np.arange(len(joints))), 0, len(joints) - 1)
    return sum(np.maximum(1.0 - np.abs(say - row), 0.0)[..., None] * part for row, part in enumerate(carried))  # type: ignore[return-value]


def arm_balls(rig: Rig, pose: BodyPose) -> tuple[Array, Array]:
    """Return (T, 2, n, 3) the middles, in metres, and (n,) the radii of balls that fill each hand and forearm."""
    hands = hand_keypoints(rig, pose)
    elbow = pose.joint_position[:, [rig.arm_joints(hand)[2] for hand in range(2)]][:, :, None]
    wrist, knuckles = hands[:, :, :1], hands[:, :, [MANO_JOINTS.index(f"{f}1") for f in ("index", "middle", "pinky")]]
    along = np.linspace(_FOREARM_FROM, 0.95, _FOREARM_BALLS)
    forearm = elbow + (wrist - elbow) * along[:, None]
    radius = [_PALM_RADIUS if name == "wrist" or name.endswith("1") else _FINGER_RADIUS for name in MANO_JOINTS]
    near, far = _FOREARM_RADIUS
    return (
        np.concatenate([hands, 0.5 * (wrist + knuckles), forearm], axis=2),
        np.concatenate([radius, [_FINGER_RADIUS] * 5, [_PALM_RADIUS] * 3, near + (far - near) * along]),
    )


def arm_penetration(rig: Rig, pose: BodyPose) -> Array:
    """Return (T, 2) metres: how deep the deepest part of each hand and forearm is inside torso, head or thighs.

    All of them are where the pose has them: a trunk that moves counts as moved.
    """
    middle, radius = arm_balls(rig, pose)
    return np.maximum((depth_in(rig, pose, middle) + radius).max(axis=2), 0.0)


def hands_penetration(rig: Rig, pose: BodyPose) -> Array:
    """Return (T,) metres: how deep the two hands are inside each other."""
    return np.maximum(_hand_overlap(rig, pose)[0], 0.0)


def push_out(rig: Rig, motion: HandMotion, margin: float = 0.008, reach: float = 0.15, rounds: int = 12) -> HandMotion:
    """Move the wrists so that hands and forearms stay out of the body and out of each other.

    What one frame needs is shared with the frames around it, so that the wrists go round the body smoothly and do not
    bounce off it. Orientations and fingers stay. Hands that a few rounds cannot part, or that are wanted where the arm
    does not reach, may stay in touch: see `arm_penetration`, `hands_penetration`.

    Args:
        rig: the character.
        motion: both hands.
        margin: metres to keep between them and the body.
        reach: seconds before and after a frame that share its displacement.
        rounds: how often, at most, depth is measured and taken away.
    """
    touching = np.arange(motion.frame_count)
    for _ in range(rounds):
        # Frames that are clear and that no neighbour moves stay as they are and need not be looked at again.
        part = motion.replaced(
            wrist_position=motion.wrist_position[touching],
            rotation=motion.rotation[touching],
            confidence=motion.confidence[touching],
        )
        shift = np.zeros_like(motion.wrist_position)
        shift[touching] = _way_out(rig, part, margin)
        if not shift.any():
            break
        shift = _spread(shift, round(reach * motion.fps))
        motion = motion.replaced(wrist_position=motion.wrist_position + shift)
        touching = np.flatnonzero(shift.any(axis=(1, 2)))
    return motion


def _way_out(rig: Rig, motion: HandMotion, margin: float) -> Array:
    """Return (T, 2, 3) metres by which wrists must move to be clear, 0 where that is less than can be seen."""
    pose = solve_pose(rig, motion)
    middle, radius = arm_balls(rig, pose)
    depth, out = signed_depth(rig, middle)
    depth = np.maximum(depth + radius + margin, 0.0)
    # The way out is the mean of the ways of all balls inside, weighted by depth.
    way = _unit((depth[..., None] * out).sum(axis=2))
    overlap, apart = _hand_overlap(rig, pose)
    overlap = 0.5 * np.maximum(overlap + 0.5 * margin, 0.0)
    shift = depth.max(axis=2)[..., None] * way + overlap[:, None, None] * np.stack([apart, -apart], axis=1)
    return np.where(np.abs(shift).max(axis=(1, 2), keepdims=True) < _CLEAR, 0.0, shift)


def _spread(shift: Array, half: int) -> Array:
    """Smooth displacements (T, 2, 3) over time so that no frame gets less than its own length.

    Each frame moves as far as the farthest of the `half` frames before and after it; the mean over just as many frames,
    weighted by a Hann window, is then as long as the frame's own wherever the directions agree.
    """
    if half < 1 or len(shift) == 1:
        return shift
    window = np.lib.stride_tricks.sliding_window_view
    padded = np.pad(shift, ((half, half), (0, 0), (0, 0)))
    length = window(np.linalg.norm(padded, axis=-1), 2 * half + 1, axis=0)
    # Its way is the mean of theirs, in which the longer ones have more say: which of them is the longest may hang on
    # the last bit of a number.
    longest = length.max(axis=-1)
    say = (length / np.maximum(longest, 1e-12)[..., None]) ** 2
    taken = longest[..., None] * _unit(np.einsum("tij,tikj->tik", say, window(padded, 2 * half + 1, axis=0)))
    weight = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(taken, ((half, half), (0, 0), (0, 0)), mode="edge")
    return window(padded, 2 * half + 1, axis=0) @ (weight / weight.sum())


def _hand_overlap(rig: Rig, pose: BodyPose) -> tuple[Array, Array]:
    """Return (T,) how deep the hands are inside each other (negative apart), (T, 3) the way out for the left one."""
    middle, radius = arm_balls(rig, pose)
    hand = slice(0, len(radius) - _FOREARM_BALLS)
    left, right, size = middle[:, 0, hand], middle[:, 1, hand], radius[hand]
    between = left[:, :, None] - right[:, None]
    distance = np.linalg.norm(between, axis=-1)
    depth = (size[:, None] + size - distance).reshape(len(left), -1)
    way = between.reshape(len(left), -1, 3) / np.maximum(distance, 1e-6).reshape(len(left), -1, 1)
    # The mean way of all pairs that overlap, and, with more say, that between the hands' middles: where fingers
    # interlock, the ways of pairs cancel out, and alone would point anywhere.
    weight = np.maximum(depth, 0.0)
    pairs = (weight[..., None] * way).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)[:, None]
    middles = left.mean(axis=1) - right.mean(axis=1) + np.array([0.02, 0.0, 0.0])
    return depth.max(axis=1), _unit(pairs + 2.0 * _unit(middles))


def _faces_of(rig: Rig, bases: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the faces whose vertices are mostly moved by joints with these names (left and right)."""
    joints = np.array([name.partition(".")[0] in bases for name in rig.joint_names])
    share = (rig.weight * joints[rig.weight_joint]).sum(axis=1)
    return np.flatnonzero(share[rig.faces].min(axis=1) > 0.5)


def _tube(rig: Rig, faces: NDArray[np.int64], low: float, high: float) -> Tube:
    triangles = rig.vertices[rig.faces[faces]].astype(np.float64)
    rows = max(2, int((high - low) / _STEP))
    outlines = [_outline(triangles, low + row * _STEP) for row in range(rows)]
    known = [outline for outline in outlines if outline is not None]
    filled = []
    for outline in outlines:
        filled.append(outline if outline is not None else (filled[-1] if filled else known[0]))
    centre = _smooth(np.array([outline[0] for outline in filled]))
    return Tube(low, centre, _smooth(np.array([outline[1] for outline in filled])))


def _outline(triangles: Array, height: float) -> tuple[Array, Array] | None:
    """Cut triangles (n, 3, 3) at a height; return the middle (x, z) and the largest radius in every direction."""
    above = triangles[..., 1] > height
    cut = triangles[above.any(axis=1) & ~above.all(axis=1)]
    if len(cut) < 8:
        return None
    ends = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        a, b = cut[:, first], cut[:, second]
        rise = b[:, 1] - a[:, 1]
        part = np.where(np.abs(rise) > 1e-12, (height - a[:, 1]) / np.where(np.abs(rise) > 1e-12, rise, 1.0), -1.0)
        crosses = (a[:, 1] > height) != (b[:, 1] > height)
        ends.append(np.where(crosses[:, None], (a + (b - a) * part[:, None])[:, [0, 2]], np.nan))
    points = np.stack(ends, axis=1)
    order = np.argsort(np.isnan(points[..., 0]), axis=1, kind="stable")[:, :2]
    segments = np.take_along_axis(points, order[..., None], axis=1)
    flat = segments.reshape(-1, 2)
    centre = 0.5 * (flat.min(axis=0) + flat.max(axis=0))
    angle = 2.0 * np.pi * np.arange(_ANGLES) / _ANGLES
    ray = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    start, along = segments[:, 0] - centre, segments[:, 1] - segments[:, 0]
    # The ray t * ray meets the segment start + s * along.
    determinant = ray[:, None, 0] * -along[:, 1] + ray[:, None, 1] * along[:, 0]
    safe = np.where(np.abs(determinant) > 1e-15, determinant, np.inf)
    t = (start[:, 0] * -along[:, 1] + start[:, 1] * along[:, 0]) / safe
    s = (ray[:, None, 0] * start[:, 1] - ray[:, None, 1] * start[:, 0]) / safe
    hit = (t > 0.0) & (s >= -1e-6) & (s <= 1.0 + 1e-6)
    radius = np.where(hit, t, 0.0).max(axis=1)
    seen = radius > 0.0
    if seen.sum() < 8:
        return None
    radius = np.interp(angle, angle[seen], radius[seen], period=2.0 * np.pi)
    return centre, radius


def _smooth(rows: Array) -> Array:
    """Average each row with its neighbours, once."""
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def _unit(v: Array) -> Array:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12)
