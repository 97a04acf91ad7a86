# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that touch: each other, or the body. On other proportions they are to touch at the same places.

Where our hands are near each other, the points of them that are nearest decide, softly, how the character's wrists come
together. Where a hand is near the body, *anchors* do: places on our body with those on the character's. Both grow from
nothing at `_FAR` to all at `_NEAR`, so that wrists go smoothly into a contact and out of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chironomy.body.collision import signed_depth
from chironomy.body.rig import Rig
from chironomy.motion import rotation as quaternion
from chironomy.retarget.hand_points import our_points, their_points
from chironomy.retarget.measure import Target

Array = NDArray[np.float64]

_NEAR, _FAR = 0.035, 0.16
"""Metres between points of our hands, or from one to our body: all of a contact, and nothing of it."""

_BESIDE, _AWAY = 0.08, 0.125
"""Metres along the body from an anchor: as far as it holds, and where nothing of it is left. Hands that hang beside the
thighs touch nothing that matters."""

_TOUCHING = (1, 4, 10, 16, 17, 18, 19)
"""Points of a hand that touch the body: knuckles and tips."""

_SHARP = 0.006
"""Metres by which a pair of points that is farther apart than the nearest one counts much less."""

_WITHIN = 0.34
"""Metres between wrists beyond which hands cannot touch."""


@dataclass(frozen=True, eq=False)
class Anchors:
    """Places on both bodies at rest.

    Attributes:
        ours: (A, 3) metres in the frame of the body.
        theirs: (A, 3) in the space and the unit of the character's armature.
    """

    ours: Array
    theirs: Array


def contact_shift(
    target: Target,
    rig: Rig,
    wrists: Array,
    world: Array,
    wrist: Array,
    turned: Array,
    anchors: Anchors | None,
) -> Array:
    """Return (T, 2, 3) by how much the character's wrists are moved so that what touches on ours touches on it.

    Args:
        target: the character.
        rig: ours.
        wrists: (T, 2, 3) our wrists, metres in the frame of the body.
        world: (T, 2, 16, 4) our hands' rotations, accumulated from MANO's rest.
        wrist: (T, 2, 3) the character's wrists without contacts, in the space of its armature.
        turned: (T, 2, 16, 4) its hands' turns from their rest.
        anchors: of the bodies; None looks at the hands alone.
    """
    shift = np.zeros_like(wrist)
    close = np.linalg.norm(wrists[:, 0] - wrists[:, 1], axis=-1) < _WITHIN
    near_body = np.zeros(len(wrists), bool)
    if anchors is not None:
        away = np.linalg.norm(wrists[:, :, None] - anchors.ours, axis=-1).min(axis=(1, 2))
        near_body = away < _WITHIN
    frames = np.flatnonzero(close | near_body)
    if len(frames) == 0:
        return shift
    ours, theirs = _points(target, rig, wrists[frames], world[frames], wrist[frames], turned[frames])
    if anchors is not None:
        moved = _touching(target, rig, ours, theirs, anchors)
        shift[frames] += moved
        theirs = theirs + moved[:, :, None]
    shift[frames] += _meeting(target, ours, theirs)
    return shift


def _points(target: Target, rig: Rig, wrists: Array, world: Array, wrist: Array, turned: Array) -> tuple[Array, Array]:
    """Return (N, 2, 21, 3) the points of our hands, in metres of the body, and of the character's in its armature."""
    mine = np.stack([our_points(rig, hand, world[:, hand]) for hand in range(2)], axis=1)
    theirs = np.stack([their_points(target, hand, turned[:, hand]) for hand in range(2)], axis=1)
    return wrists[:, :, None] + mine, wrist[:, :, None] + theirs


def _meeting(target: Target, ours: Array, theirs: Array) -> Array:
    """Return (N, 2, 3) shifts by which the hands come together, each by half."""
    shift = np.zeros((len(ours), 2, 3))
    gap = ours[:, 1][:, None, :] - ours[:, 0][:, :, None]
    distance = np.sqrt(np.einsum("nijk,nijk->nij", gap, gap))
    nearest = distance.min(axis=(1, 2))
    frames = np.flatnonzero(nearest < _FAR)
    if len(frames) == 0:
        return shift
    gap, distance, nearest = gap[frames], distance[frames], nearest[frames]
    weight = np.exp(-(((distance - nearest[:, None, None]) / _SHARP) ** 2))
    weight /= weight.sum(axis=(1, 2), keepdims=True)
    size = float(target.hand_scale.mean())
    wanted = size * quaternion.apply(target.frame, np.einsum("nij,nijk->nk", weight, gap))
    # Of the weighted differences of points, the sums over either hand's are all that is needed.
    left = np.einsum("nij,nik->nk", weight, theirs[frames, 0])
    right = np.einsum("nij,njk->nk", weight, theirs[frames, 1])
    missing = _strength(nearest)[:, None] * (right - left - wanted)
    shift[frames] = np.stack([0.5 * missing, -0.5 * missing], axis=1)
    return shift


def _touching(target: Target, rig: Rig, ours: Array, theirs: Array, anchors: Anchors) -> Array:
    """Return (N, 2, 3) shifts by which hands that touch our body touch the character's."""
    chosen = np.array(_TOUCHING)
    points, place = ours[:, :, chosen], theirs[:, :, chosen]
    outside = np.maximum(-signed_depth(rig, points)[0], 0.0)
    nearest = outside.min(axis=-1, keepdims=True)
    weight = np.exp(-(((outside - nearest) / _SHARP) ** 2))
    weight /= weight.sum(axis=-1, keepdims=True)
    away = np.linalg.norm(points[..., None, :] - anchors.ours, axis=-1)
    share = 1.0 / np.maximum(away, 1e-4) ** 4
    share /= share.sum(axis=-1, keepdims=True)
    beside = quaternion.apply(target.frame, points - np.einsum("nhpa,ak->nhpk", share, anchors.ours))
    beside = beside * target.hand_scale[:, None, None]
    wanted = np.einsum("nhpa,ak->nhpk", share, anchors.theirs) + beside
    missing = np.einsum("nhp,nhpk->nhk", weight, wanted - place)
    held = np.einsum("nhp,nhp->nh", weight, _falling(away.min(axis=-1), _BESIDE, _AWAY))
    return (held * _strength(nearest[..., 0]))[..., None] * missing


def _strength(distance: Array) -> Array:
    """Return 1 at a contact and 0 far from one, smoothly."""
    return _falling(distance, _NEAR, _FAR)


def _falling(distance: Array, near: float, far: float) -> Array:
    part = np.clip((far - distance) / (far - near), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)
