# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep arms and hands out of the body, and out of each other.

Torso, head and thighs are each described by a *tube*: at every height the outline of the character's own mesh, as a
radius in every direction from a centre. Arms and hands are described by balls along their bones. A tube says how deep a
point is in the body and which way is out, smoothly and for many points at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.body.ik import clamp_reach, elbow_position
from chironomy.body.pose import BodyPose, hand_keypoints, hand_local_keypoints
from chironomy.body.rig import SIDES, Rig
from chironomy.body.sitting import is_seated, seated_leg
from chironomy.motion import rotation as quaternion
from chironomy.motion.hand_motion import MANO_JOINTS, HandMotion

Array = NDArray[np.float64]

# The joints that move each tube of `body_tubes`, from below.
_TUBE_JOINTS = (("hips", "spine", "chest", "upper_chest"), ("neck", "head"), ("upper_leg.L",), ("upper_leg.R",))

BEARS = 0.008
"""Metres by which thighs that a hand may lie on count as lower than they are: as much as `push_out` keeps away from all
else, so that hands lie on them and do not float over them."""

_TRUNK_AND_HEAD = 2  # how many of the tubes are no thighs

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
_ALONG = np.linspace(_FOREARM_FROM, 0.95, _FOREARM_BALLS)
_KNUCKLES = [MANO_JOINTS.index(f"{finger}1") for finger in ("index", "middle", "pinky")]


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
        part = inside - row
        here, above = self.centre[row], self.centre[row + 1]
        x, z = (points[..., k] - (here[..., c] * (1.0 - part) + above[..., c] * part) for c, k in enumerate((0, 2)))
        distance = np.sqrt(x * x + z * z)
        turn = np.arctan2(x, z) / (2.0 * np.pi) * _ANGLES % _ANGLES
        column = np.minimum(turn.astype(np.int64), _ANGLES - 1)
        across = turn - column
        following = (column + 1) % _ANGLES
        low = self.radius[row, column] * (1.0 - across) + self.radius[row, following] * across
        high = self.radius[row + 1, column] * (1.0 - across) + self.radius[row + 1, following] * across
        radius = low + (high - low) * part
        slope = (high - low) / _STEP
        depth = (radius - distance) / np.sqrt(1.0 + slope**2)
        beyond = np.abs(height - inside) * _STEP
        depth = np.where(beyond > 0.0, np.minimum(depth, 0.0) - beyond, depth)
        out = np.zeros(points.shape)
        safe = np.maximum(distance, 1e-9)
        out[..., 0], out[..., 2] = x / safe, z / safe
        return depth, out

    def near(self, points: Array, within: float) -> NDArray[np.bool_]:
        """Which of the points (..., 3) may be less than `within` metres outside the tube: those in a box around it."""
        top = self.low + (len(self.radius) - 1) * _STEP
        near = (points[..., 1] > self.low - within) & (points[..., 1] < top + within)
        wide, steep = self._outlines
        # What is a depth away from a slope is farther away level.
        reach = wide + within * np.sqrt(1.0 + steep**2)
        for number, axis in enumerate((0, 2)):
            low, high = self.centre[:-1, number], self.centre[1:, number]
            near &= points[..., axis] > (np.minimum(low, high) - reach).min()
            near &= points[..., axis] < (np.maximum(low, high) + reach).max()
        return near

    @cached_property
    def _outlines(self) -> tuple[Array, Array]:
        """(n - 1,) the largest radius between two outlines, and the steepest slope."""
        steep = np.abs(np.diff(self.radius, axis=0)) / _STEP
        return np.maximum(self.radius[1:], self.radius[:-1]).max(axis=1), steep.max(axis=1)


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


def signed_depth(rig: Rig, points: ArrayLike, within: float = np.inf, seated: bool = False) -> tuple[Array, Array]:
    """Return how deep points (..., 3) are inside torso, head or thighs, in metres, and (..., 3) the way out.

    The depth is negative outside. The body is in its bind pose, but for the thighs of one that sits, which are `BEARS`
    less deep. The way out is level, or of such thighs square to the bone. Of points that are farther outside than
    `within` metres, the depth may be minus infinity.
    """
    array = np.asarray(points, dtype=np.float64)
    best, way = np.full(array.shape[:-1], -np.inf), np.zeros(array.shape)
    for number, tube in enumerate(body_tubes(rig)):
        turn = None
        here = array
        if seated and number >= _TRUNK_AND_HEAD:
            leg = seated_leg(rig, SIDES[number - _TRUNK_AND_HEAD])
            turn, top = quaternion.to_matrix(leg.rotation[0]), leg.position[0]
            here = (array - top) @ turn + rig.joint_position[rig.index(_TUBE_JOINTS[number][0])]
        near = tube.near(here, within)
        depth, out = tube.signed_depth(here[near])
        if turn is not None:
            depth, out = depth - BEARS, out @ turn.T
        deeper = depth > best[near]
        way[near] = np.where(deeper[:, None], out, way[near])
        best[near] = np.where(deeper, depth, best[near])
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
    elbow = pose.joint_position[:, [rig.arm_joints(hand)[2] for hand in range(2)]]
    return np.concatenate([_filled(hands), _along(elbow, hands[:, :, 0])], axis=2), ball_radii()


def hand_balls(rig: Rig, rotation: Array) -> Array:
    """Return (T, 2, n, 3) metres from the wrist: the middles of the hands' balls, for MANO rotations (T, 2, 16, 4)."""
    return _filled(np.stack([hand_local_keypoints(rig, hand, rotation[:, hand]) for hand in range(2)], axis=1))


def balls_of_wrists(rig: Rig, wrist_position: Array, wrist_rotation: Array, hands: Array) -> Array:
    """Return `arm_balls` of arms with these wrists and `hand_balls`, where all else is at rest."""
    wrist = clamp_reach(rig, wrist_position)
    elbow = elbow_position(rig, wrist, wrist_rotation)
    return np.concatenate([hands + wrist[:, :, None], _along(elbow, wrist)], axis=2)


def hand_ball_count() -> int:
    """Return how many of the balls of an arm are the hand's."""
    return len(ball_radii()) - _FOREARM_BALLS


@lru_cache(maxsize=1)
def ball_radii() -> Array:
    """Return (n,) the radii in metres of the balls of an arm: those of the hand, then those of the forearm."""
    radius = [_PALM_RADIUS if name == "wrist" or name.endswith("1") else _FINGER_RADIUS for name in MANO_JOINTS]
    near, far = _FOREARM_RADIUS
    forearm = near + (far - near) * _ALONG
    return np.concatenate([radius, [_FINGER_RADIUS] * 5, [_PALM_RADIUS] * 3, forearm])


def _filled(keypoints: Array) -> Array:
    """(T, 2, n, 3) the middles of the balls of hands with these keypoints (T, 2, 21, 3)."""
    wrist, knuckles = keypoints[:, :, :1], keypoints[:, :, _KNUCKLES]
    return np.concatenate([keypoints, 0.5 * (wrist + knuckles)], axis=2)


def _along(elbow: Array, wrist: Array) -> Array:
    """(T, 2, 6, 3) the middles of the balls of forearms."""
    return elbow[:, :, None] + (wrist - elbow)[:, :, None] * _ALONG[:, None]


def arm_penetration(rig: Rig, pose: BodyPose) -> Array:
    """Return (T, 2) metres: how deep the deepest part of each hand and forearm is inside torso, head or thighs.

    All of them are where the pose has them: a trunk that moves counts as moved.
    """
    middle, radius = arm_balls(rig, pose)
    return np.maximum((depth_in(rig, pose, middle) + radius).max(axis=2), 0.0)


def hands_penetration(rig: Rig, pose: BodyPose) -> Array:
    """Return (T,) metres: how deep the two hands are inside each other."""
    return np.maximum(hands_depth(arm_balls(rig, pose)[0]), 0.0)


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
    return motion.replaced(wrist_position=pushed_out(rig, [motion], margin, reach, rounds)[0])


def pushed_out(
    rig: Rig, motions: Sequence[HandMotion], margin: float = 0.008, reach: float = 0.15, rounds: int = 12
) -> list[Array]:
    """Return (T, 2, 3) the wrists of each of several motions as `push_out` moves them; together they take less.

    They are motions of one person, who sits or stands.
    """
    seated = bool(motions) and is_seated(motions[0])
    position = np.concatenate([motion.wrist_position for motion in motions])
    rotation = np.concatenate([motion.rotation for motion in motions])
    # Fingers stay as they are, so their balls go where the wrists go.
    hands, turned = hand_balls(rig, rotation), rotation[:, :, 0]
    ends = np.cumsum([motion.frame_count for motion in motions])
    stretches = [
        (slice(end - motion.frame_count, end), round(reach * motion.fps))
        for motion, end in zip(motions, ends.tolist(), strict=True)
    ]
    touching = np.arange(len(position))
    for _ in range(rounds):
        # Frames that are clear and that no neighbour moves stay as they are and need not be looked at again.
        shift = np.zeros_like(position)
        shift[touching] = _way_out(rig, position[touching], turned[touching], hands[touching], margin, seated)
        if not shift.any():
            break
        for rows, half in stretches:
            if shift[rows].any():
                shift[rows] = _spread(shift[rows], half)
        position = position + shift
        touching = np.flatnonzero(shift.any(axis=(1, 2)))
    return [position[rows] for rows, _ in stretches]


def _way_out(
    rig: Rig, wrist_position: Array, wrist_rotation: Array, hands: Array, margin: float, seated: bool
) -> Array:
    """Return (T, 2, 3) metres by which wrists must move to be clear, 0 where that is less than can be seen."""
    middle, radius = balls_of_wrists(rig, wrist_position, wrist_rotation, hands), ball_radii()
    depth, out = signed_depth(rig, middle, float(radius.max()) + margin, seated)
    depth = np.maximum(depth + radius + margin, 0.0)
    # The way out is the mean of the ways of all balls inside, weighted by depth.
    way = _unit((depth[..., None] * out).sum(axis=2))
    shift = depth.max(axis=2)[..., None] * way
    close = hands_close(middle, 0.5 * margin)
    if close.any():
        overlap, apart = _overlap(middle[close])
        overlap = 0.5 * np.maximum(overlap + 0.5 * margin, 0.0)
        shift[close] += overlap[:, None, None] * np.stack([apart, -apart], axis=1)
    return np.where(np.abs(shift).max(axis=(1, 2), keepdims=True) < _CLEAR, 0.0, shift)


def hands_close(middle: Array, within: float) -> NDArray[np.bool_]:
    """Return (T,) whether hands with `arm_balls` (T, 2, n, 3) may be as near as `within` metres; far ones are not."""
    hands, size = middle[:, :, :-_FOREARM_BALLS], ball_radii()[:-_FOREARM_BALLS]
    centre = hands.mean(axis=2)
    # The balls of each hand lie within a sphere about their mean.
    reach = quaternion.lengths(hands - centre[:, :, None])[..., 0].max(axis=2).sum(axis=1) + 2.0 * float(size.max())
    return quaternion.lengths(centre[:, 0] - centre[:, 1])[:, 0] < reach + within


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


def hands_depth(middle: Array) -> Array:
    """Return (T,) metres: how deep hands with `arm_balls` (T, 2, n, 3) are inside each other, negative apart."""
    return _overlap(middle)[0]


def _overlap(middle: Array) -> tuple[Array, Array]:
    """Return (T,) how deep the hands are inside each other (negative apart), (T, 3) the way out for the left one."""
    hand = slice(0, -_FOREARM_BALLS)
    left, right, size = middle[:, 0, hand], middle[:, 1, hand], ball_radii()[hand]
    # Squares of all pairs' distances by one product a frame; what is lost to rounding is nanometres.
    squared = quaternion.dots(left, left) + np.swapaxes(quaternion.dots(right, right), 1, 2)
    squared -= 2.0 * left @ np.swapaxes(right, 1, 2)
    distance = np.sqrt(np.maximum(squared, 0.0))
    depth = size[:, None] + size - distance
    # The mean way of all pairs that overlap, and, with more say, that between the hands' middles: where fingers
    # interlock, the ways of pairs cancel out, and alone would point anywhere.
    weight = np.maximum(depth, 0.0)
    say = weight / np.maximum(distance, 1e-6)
    ways = (say.sum(axis=2)[:, None] @ left - say.sum(axis=1)[:, None] @ right)[:, 0]
    pairs = ways / np.maximum(weight.sum(axis=(1, 2)), 1e-9)[:, None]
    middles = left.mean(axis=1) - right.mean(axis=1) + np.array([0.02, 0.0, 0.0])
    return depth.max(axis=(1, 2)), _unit(pairs + 2.0 * _unit(middles))


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
    return v / np.maximum(quaternion.lengths(v), 1e-12)
