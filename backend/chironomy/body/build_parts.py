# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the clothed character: skin where it shows, eyes, mouth, clothes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chironomy.body.build_face import fine_face
from chironomy.body.build_hair import scalp_under_hair
from chironomy.body.build_refine import refined, turned_in
from chironomy.body.build_source import FINGERS, Source
from chironomy.body.build_surface import Part, boundary, clipped, joined, moved, normals, part, smoothed, triangles
from chironomy.body.rig import REGION_NAMES
from chironomy.motion.face import FACE_ACTIONS

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Of a radius of 11 to 12 mm, an eyeball shows a cornea 11.7 mm across and, in a lit room, a pupil of 3.5 mm
# (Bron, Tripathi and Tripathi, "Wolff's Anatomy of the Eye and Orbit", 8th ed. 1997).
_IRIS_RADIUS, _PUPIL_RADIUS = 0.0058, 0.0019

# Where cuffs end, from 0 at the elbow to 1 at the wrist, and the collar's height above the neck's joint in metres.
_CUFF, _COLLAR_RISE = 0.935, 0.024

# By what part sleeves are narrower at the cuff, and the collar from side to side, than MakeHuman's body suit.
_CUFF_NARROWER, _COLLAR_CLOSER = 0.1, 0.11

# Metres that an eyeball goes back while its lids shut.
_BLINK_BACK = 0.0022


def skin(source: Source) -> Part:
    """Return head, neck and hands; what the clothes cover is left out.

    Lips, nails and the inside of the mouth are told by MakeHuman's own masks in texture space.
    """
    quads = source.quads["body"]
    centre = source.vertices[quads].mean(axis=1)
    collar = source.joint_position[source.index("neck"), 1] - 0.035
    shows = (centre[:, 1] > collar) & (np.abs(centre[:, 0]) < 0.14)
    for side in ("L", "R"):
        elbow, wrist = (source.joint_position[source.index(f"{j}.{side}")] for j in ("forearm", "wrist"))
        along = (centre - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
        arm = source.weights[:, [i for i, n in enumerate(source.joint_names) if n.endswith(side)]].sum(axis=1)
        shows |= (along > 0.72) & (arm[quads].mean(axis=1) > 0.9) & (np.linalg.norm(centre - wrist, axis=1) < 0.35)

    regions = np.full(len(quads), REGION_NAMES.index("skin"))
    for region, name, level in (("lips", "lips", 0.5), ("nails", "fingernails", 0.5), ("mouth", "inside-mouth", 0.5)):
        picture = source.textures / "mpfb2" / "textures" / f"mpfb_{name}.jpg"
        regions[_sampled(picture, source.body_uv) > level] = REGION_NAMES.index(region)
    regions[_mouth_cavity(source)] = REGION_NAMES.index("mouth")
    # No rim of skin between the lips and the inside of the mouth.
    inner = np.isin(quads, quads[regions == REGION_NAMES.index("mouth")]).any(axis=1)
    regions[inner & (regions == REGION_NAMES.index("skin"))] = REGION_NAMES.index("lips")
    shows &= ~scalp_under_hair(source)
    return fine_face(source, part(source, quads[shows], regions[shows]))


def mouth(source: Source) -> Part:
    """Return teeth and tongue."""
    pieces = []
    for jaw in ("upper", "lower"):
        piece = part(source, source.quads[f"helper-{jaw}-teeth"], "teeth")
        # Narrower and further back than MakeHuman's, whose ends look out between the corners of closed lips.
        piece = replace(piece, vertices=piece.vertices * [0.9, 1.0, 1.0] - [0.0, 0.0, 0.003])
        # The back teeth stay in the dark of the cheeks.
        pieces.append(clipped(piece, piece.vertices[:, 2] - piece.vertices[:, 2].max() + 0.020))
    # At rest MakeHuman's tongue touches the palate; it is laid down behind the lower teeth.
    tongue = part(source, source.quads["helper-tongue"], "tongue")
    pieces.append(replace(tongue, vertices=tongue.vertices - [0.0, 0.0035, 0.002]))
    return joined(pieces)


def eyes(source: Source) -> Part:
    """Return two eyeballs that look straight ahead, with pupil and iris as rings around the pole.

    They stand where the base mesh's plain eyeballs are and turn with them under the face actions that move the gaze.
    """
    return joined([_eye(source, side) for side in ("L", "R")])


def _eye(source: Source, side: str, segments: int = 28) -> Part:
    plain = np.unique(source.quads[f"helper-{side.lower()}-eye"])
    centre, radius = _fitted_sphere(source.vertices[plain])
    rings = [0.5 * _PUPIL_RADIUS, _PUPIL_RADIUS, 0.5 * (_PUPIL_RADIUS + _IRIS_RADIUS), _IRIS_RADIUS]
    polar = np.concatenate([np.arcsin(np.array(rings) / radius), np.radians([42.0, 55.0, 70.0, 88.0, 110.0])])
    around = 2.0 * np.pi * np.arange(segments) / segments
    grid = np.stack(
        [
            np.sin(polar)[:, None] * np.cos(around),
            np.sin(polar)[:, None] * np.sin(around),
            np.cos(polar)[:, None] * np.ones(segments),
        ],
        axis=-1,
    ).reshape(-1, 3)
    vertices = centre + radius * np.concatenate([[[0.0, 0.0, 1.0]], grid])

    here = np.arange(segments)
    following = np.roll(here, -1)
    fan = np.stack([np.zeros(segments, dtype=np.int64), 1 + here, 1 + following], axis=1)
    quads = np.concatenate(
        [
            1 + np.stack([ring + here, ring + segments + here, ring + segments + following, ring + following], axis=1)
            for ring in range(0, segments * (len(polar) - 1), segments)
        ]
    )
    names = ["pupil"] * segments
    names += [name for name in ["pupil", "iris", "iris"] + ["eye_white"] * 5 for _ in range(2 * segments)]
    weights = np.zeros((len(vertices), len(source.joint_names)))
    weights[:, source.index(f"eye.{side}")] = 1.0
    actions = _rigid_actions(source.actions[:, plain], source.vertices[plain] - centre, vertices - centre)
    # Lids go straight from open to shut, not round the eyeball: half-way it gives way to them.
    actions[FACE_ACTIONS.index("eyeBlinkLeft" if side == "L" else "eyeBlinkRight"), :, 2] -= _BLINK_BACK
    return Part(
        vertices,
        np.concatenate([fan, triangles(vertices, quads)]),
        np.array([REGION_NAMES.index(name) for name in names]),
        weights,
        actions,
    )


def _fitted_sphere(points: Array) -> tuple[Array, float]:
    """Return the centre and radius of the sphere nearest to points (n, 3), by least squares (algebraic fit)."""
    unknown, *_ = np.linalg.lstsq(
        np.column_stack([2.0 * points, np.ones(len(points))]), (points**2).sum(axis=1), rcond=None
    )
    centre = unknown[:3]
    return centre, float(np.sqrt(unknown[3] + centre @ centre))


def _rigid_actions(offsets: Array, points: Array, others: Array) -> Array:
    """Carry the turns that `offsets` (52, n, 3) make of `points` (n, 3) over to `others` (m, 3), about the origin."""
    carried = np.zeros((len(offsets), len(others), 3))
    for action, offset in enumerate(offsets):
        if np.abs(offset).max() > 1e-6:
            # Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
            u, _, vt = np.linalg.svd((points + offset).T @ points)
            flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
            carried[action] = others @ (u @ flip @ vt).T - others
    return carried


def clothes(source: Source) -> Part:
    """Return sweater, trousers and shoes, from the base mesh's body suit.

    The sweater falls over the trousers below the hips, the trousers over the shoes at the ankles; each is a layer of
    its own, so that no skin shows between them.
    """
    quads = source.quads["helper-tights"]
    centre = source.vertices[quads].mean(axis=1)
    hips = source.joint_position[source.index("hips"), 1]
    ankle = source.joint_position[source.index("foot.L"), 1]
    hem, belt, leg, shaft = hips - 0.025, hips + 0.08, ankle - 0.01, ankle + 0.05
    top = _sweater(source, quads[centre[:, 1] > hem - 0.05], hem)
    trousers = smoothed(part(source, quads[(centre[:, 1] < belt + 0.03) & (centre[:, 1] > leg - 0.05)], "trousers"), 2)
    trousers = clipped(trousers, np.minimum(belt - trousers.vertices[:, 1], trousers.vertices[:, 1] - leg))
    shoes = part(source, quads[centre[:, 1] < shaft + 0.03], "shoes")
    shoes = _puffed(clipped(shoes, shaft - shoes.vertices[:, 1]), 0.0035)
    # A flat sole.
    sole = shoes.vertices[:, 1].min()
    shoes.vertices[:, 1] = np.where(shoes.vertices[:, 1] < sole + 0.008, sole, shoes.vertices[:, 1])
    worn = joined([top, _puffed(trousers, 0.0025), shoes])
    # The collar does not speak.
    return replace(worn, actions=np.zeros_like(worn.actions))


def _sweater(source: Source, quads: Index, hem: float) -> Part:
    """Return a sweater with a short standing collar; hem, cuffs and collar are a little thicker.

    Arms and neck are drawn finer than the body suit. Cuffs go with the forearm only, not with the hand, so that they
    keep their shape when the wrist bends; they and the collar are turned in.
    """
    top = part(source, quads, "top")
    top = smoothed(top, 1, boundary(top))
    middle = top.vertices[top.faces].mean(axis=1)
    top = refined(top, (np.abs(middle[:, 0]) > 0.2) | (middle[:, 1] > -0.01))
    along, neck = _along_forearm(source, top), _under_collar(source, top.vertices)
    cuff = 0.24 * (_CUFF - along)
    outwards = normals(top.vertices, top.faces)
    band = np.clip(1.0 - np.minimum(top.vertices[:, 1] - hem, cuff) / 0.025, 0.0, 1.0)
    top = moved(top, (0.0045 + 0.0015 * band)[:, None] * outwards)
    top = replace(top, vertices=_drawn_to_wrist(source, top.vertices, along))
    # MakeHuman's body suit stands off the sides of the neck.
    close = _COLLAR_CLOSER * np.clip(1.0 - neck / 0.05, 0.0, 1.0)
    top.vertices[:, 0] *= 1.0 - close
    top = replace(top, weights=_without_hands(source, top.weights, along))
    top = clipped(top, np.minimum(np.minimum(top.vertices[:, 1] - hem, cuff), neck))
    rim = boundary(top) & (top.vertices[:, 1] > hem + 0.05)
    return turned_in(top, rim, 0.0035, 0.025)


def _drawn_to_wrist(source: Source, vertices: Array, along: Array) -> Array:
    """Return vertices (n, 3) with the sleeves narrower towards the cuffs."""
    vertices = vertices.copy()
    for side, sign in (("L", 1.0), ("R", -1.0)):
        elbow, wrist = (source.joint_position[source.index(f"{j}.{side}")] for j in ("forearm", "wrist"))
        arm = (along > 0.5) & (sign * vertices[:, 0] > 0.0)
        axis = elbow + along[arm, None] * (wrist - elbow)
        narrow = 1.0 - _CUFF_NARROWER * np.clip((along[arm] - 0.5) / 0.4, 0.0, 1.0)
        vertices[arm] = axis + (vertices[arm] - axis) * narrow[:, None]
    return vertices


def _under_collar(source: Source, vertices: Array) -> Array:
    """Return (n,) metres below the collar's edge, a plane a little higher at the back than in front."""
    neck = source.joint_position[source.index("neck")]
    off = vertices - neck
    return _COLLAR_RISE - 0.22 * off[:, 2] - off[:, 1] + 10.0 * (np.abs(vertices[:, 0]) > 0.15)


def _without_hands(source: Source, weights: Array, along: Array) -> Array:
    """Return weights (n, J) with those of a hand, and near the cuff all, given to the twist of its forearm."""
    weights = weights.copy()
    rigid = np.clip((along - 0.55) / 0.3, 0.0, 1.0)
    rigid = (rigid * rigid * (3.0 - 2.0 * rigid))[:, None]
    for side in ("L", "R"):
        twist = source.index(f"forearm_twist.{side}")
        hand = [
            joint
            for joint, name in enumerate(source.joint_names)
            if name.endswith(f".{side}") and (name.startswith("wrist") or name[:-3] in FINGERS)
        ]
        arm = [*hand, twist, source.index(f"forearm.{side}")]
        weights[:, twist] += weights[:, hand].sum(axis=1)
        weights[:, hand] = 0.0
        whole = weights[:, arm].sum(axis=1, keepdims=True)
        goal = np.zeros_like(weights[:, arm])
        goal[:, arm.index(twist)] = whole[:, 0]
        weights[:, arm] += rigid * (goal - weights[:, arm])
    return weights


def _along_forearm(source: Source, piece: Part) -> Array:
    """Return (n,) how far along the forearm the vertices of the arms lie, 0 at the elbow, 1 at the wrist; else -1."""
    along = np.full(len(piece.vertices), -1.0)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        elbow, wrist = (source.joint_position[source.index(f"{j}.{side}")] for j in ("forearm", "wrist"))
        arm = (sign * piece.vertices[:, 0] > 0.2) & (piece.vertices[:, 1] > wrist[1] - 0.12)
        along[arm] = (piece.vertices[arm] - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
    return along


def _puffed(piece: Part, thickness: float | Array) -> Part:
    """Move a part outwards by `thickness` metres, one number or one for each vertex."""
    return moved(piece, np.reshape(thickness, (-1, 1)) * normals(piece.vertices, piece.faces))


def _sampled(picture: object, uv: Array) -> Array:
    """Return (n,) the brightness 0 to 1 of a picture at texture coordinates (n, 2)."""
    from PIL import Image

    image = np.asarray(Image.open(str(picture)).convert("L"), dtype=np.float64) / 255.0
    height, width = image.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1.0 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return image[row, column]


def _mouth_cavity(source: Source) -> NDArray[np.bool_]:
    """Return which faces of the body line the mouth, by MakeHuman's map of body parts."""
    from PIL import Image

    image = np.asarray(Image.open(str(source.textures / "segmentation" / "body_parts_segmentation.png")).convert("RGB"))
    height, width, _ = image.shape
    column = np.clip((source.body_uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1.0 - source.body_uv[:, 1]) * height).astype(int), 0, height - 1)
    return np.all(image[row, column] == [112, 172, 255], axis=-1)
