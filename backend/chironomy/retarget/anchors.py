# SPDX-License-Identifier: GPL-3.0-or-later
"""Places that hands touch, on our body and on a character's: chest, belly, chin, cheeks, brow, shoulders and hips.

Each is where a ray from inside the body comes out. The rays are told in a body's own measures (the width of its
shoulders, how far its hips lie below and its head above), so they leave from the same places on every body. Where no
surface can be asked, the skin is taken to lie as deep as on ours, in proportion to the shoulders.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.retarget.contacts import Anchors
from chironomy.retarget.measure import Target, source_of

Array = NDArray[np.float64]

Surface = Callable[[Array, Array], float | None]
"""How far a ray from a point (3,) along a unit vector (3,) goes until it leaves the skin; None where it meets none."""


class _Ray(NamedTuple):
    """A ray in a body's own measures.

    Attributes:
        aside: from the middle to the left, in halves of the shoulders' width.
        down: from between the shoulders, 1 being the hips; negative upwards, -1 being the head's joint.
        toward: direction in the frame of the body.
    """

    aside: float
    down: float
    toward: tuple[float, float, float]


_RAYS = (
    _Ray(0.0, 0.12, (0.0, 0.0, 1.0)),
    _Ray(0.0, 0.40, (0.0, 0.0, 1.0)),
    _Ray(0.0, 0.80, (0.0, 0.0, 1.0)),
    _Ray(0.55, 0.20, (0.0, 0.0, 1.0)),
    _Ray(-0.55, 0.20, (0.0, 0.0, 1.0)),
    _Ray(0.85, -0.02, (0.0, 0.5, 1.0)),
    _Ray(-0.85, -0.02, (0.0, 0.5, 1.0)),
    _Ray(0.3, 0.98, (1.0, 0.0, 0.0)),
    _Ray(-0.3, 0.98, (-1.0, 0.0, 0.0)),
    _Ray(0.3, 0.70, (1.0, 0.0, 0.0)),
    _Ray(-0.3, 0.70, (-1.0, 0.0, 0.0)),
    _Ray(0.0, -1.0, (0.0, -0.15, 1.0)),
    _Ray(0.0, -1.25, (0.0, 0.0, 1.0)),
    _Ray(0.0, -1.55, (0.0, 0.0, 1.0)),
    _Ray(0.0, -1.25, (1.0, 0.0, 0.2)),
    _Ray(0.0, -1.25, (-1.0, 0.0, 0.2)),
)


def anchors_of(target: Target, rig: Rig, surface: Surface | None = None) -> Anchors:
    """Return the places on both bodies.

    Args:
        target: the character.
        rig: ours.
        surface: of the character at rest, in the space of its armature; None where it has no skin.
    """
    ours, depths = _our_places(rig)
    points, width = _their_starts(target)
    ratio = width / (2.0 * abs(float(source_of(rig).shoulder[0, 0])))
    places = []
    for ray, point, depth in zip(_RAYS, points, depths, strict=True):
        toward = quaternion.apply(target.frame, _unit(np.array(ray.toward)))
        found = None if surface is None else surface(point, toward)
        usual = ratio * depth
        # What lies much deeper or nearer than on a person is a coat's hem or a hair, and no skin.
        if found is None or not 0.35 * usual < found < 2.5 * usual:
            found = usual
        places.append(point + found * toward)
    return Anchors(ours, np.array(places))


@lru_cache(maxsize=4)
def _our_places(rig: Rig) -> tuple[Array, Array]:
    """Return (A, 3) the places on our body, and (A,) how deep below them their rays begin."""
    hips, head = rig.joint_position[rig.index("hips")], rig.joint_position[rig.index("head")]
    starts = _starts(np.zeros(3), np.array([rig.joint_position[rig.index("upper_arm.L")][0], 0.0, 0.0]), hips, head)
    surface = _mesh_surface(rig)
    depths = []
    for ray, start in zip(_RAYS, starts, strict=True):
        found = surface(start, _unit(np.array(ray.toward)))
        depths.append(0.1 if found is None else found)
    towards = np.array([_unit(np.array(ray.toward)) for ray in _RAYS])
    return starts + np.array(depths)[:, None] * towards, np.array(depths)


def _their_starts(target: Target) -> tuple[Array, float]:
    """Return (A, 3) where a character's rays begin, and how wide its shoulders are."""
    middle = target.shoulder.mean(axis=0)
    half = 0.5 * (target.shoulder[0] - target.shoulder[1])
    up = quaternion.apply(target.frame, np.array([0.0, 1.0, 0.0]))
    bones, skeleton = target.bone_map.bones, target.skeleton
    width = 2.0 * float(np.linalg.norm(half))
    hips = skeleton.head(bones["hips"]) if bones.get("hips") in skeleton else middle - 1.45 * width * up
    head = skeleton.head(bones["head"]) if bones.get("head") in skeleton else middle + 0.6 * width * up
    # Some rigs have the hips' bone on the ground.
    if (middle - hips) @ up > 2.6 * width:
        hips = middle - 1.45 * width * up
    return _starts(middle, half, hips, head), width


def _starts(middle: Array, half: Array, hips: Array, head: Array) -> Array:
    starts = []
    for ray in _RAYS:
        along = ray.down * (hips - middle) if ray.down >= 0.0 else -ray.down * (head - middle)
        starts.append(middle + ray.aside * half + along)
    return np.array(starts)


def _mesh_surface(rig: Rig) -> Surface:
    """Return the outermost skin of our mesh in the bind pose, without the arms (after Möller and Trumbore, 1997)."""
    arms = [
        index
        for index, name in enumerate(rig.joint_names)
        if name.partition(".")[0] in _ARM_PARTS or name[-3].isdigit()
    ]
    carried = np.isin(rig.weight_joint[:, 0], arms)
    faces = rig.faces[~carried[rig.faces].any(axis=1)]
    corner = rig.vertices[faces].astype(np.float64)
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]

    def surface(start: Array, toward: Array) -> float | None:
        across = np.cross(toward, second)
        area = np.sum(first * across, axis=1)
        safe = np.where(np.abs(area) > 1e-14, area, 1.0)
        away = start - corner[:, 0]
        u = np.sum(away * across, axis=1) / safe
        other = np.cross(away, first)
        v = (other @ toward) / safe
        distance = np.sum(second * other, axis=1) / safe
        hit = (np.abs(area) > 1e-14) & (u >= 0.0) & (v >= 0.0) & (u + v <= 1.0) & (distance > 0.02)
        return float(distance[hit].max()) if hit.any() else None

    return surface


_ARM_PARTS = ("upper_arm", "forearm", "forearm_twist", "wrist")


def _unit(v: Array) -> Array:
    return v / np.linalg.norm(v)
