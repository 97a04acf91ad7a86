# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the light that shows the character in Blender's 3D view as the preview's studio does: `make view-light`.

Four lamps of Blender's solid view are fitted to frames of the studio: where they shine from is as there, how brightly
is found by least squares, for each colour, over what skin, hair and clothes look like in the video.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from chironomy.body.pose import solve_pose
from chironomy.body.rig import REGION_COLOURS, REGION_NAMES, Rig, load_rig
from chironomy.body.skinning import skin, vertex_normals
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.shot.camera import portrait_camera
from chironomy.video.drawing.studio import Studio
from make_kind_thumbnails import performed

Array = NDArray[np.float64]

TARGET = Path(__file__).resolve().parents[1] / "blender_addon" / "lights" / "chironomy.sl"

SHOWN = ("welcome", "ring", "point_up", "all", "self", "chop")
"""Kinds of gesture that are looked at."""

REGIONS = ("skin", "hair", "top", "trousers")

KEY, FILL, FRONT, RIM = (-0.52, 0.78, 0.72), (0.85, 0.10, 0.62), (0.0, 0.0, 1.0), (0.62, 0.55, -0.70)
"""Towards the lamps, along the view's axes: right, up and towards the eye."""

GLOSS = 0.05
"""Strength of the key's highlights."""


def seen(rig: Rig) -> tuple[Array, NDArray[np.int64], Array]:
    """Normals (N, 3), regions (N,) and sRGB colours (N, 3) of pixels of the studio's."""
    camera, found = portrait_camera(rig), []
    studio = Studio(rig, camera, backdrop="black")
    for kind in SHOWN:
        pose = solve_pose(rig, performed(KINDS[kind])[0])
        points = skin(rig, pose.joint_rotation[-1], pose.joint_position[-1])
        picture, faces = studio.draw(points), studio.visible_faces(points)
        there = faces >= 0
        normals = vertex_normals(points.astype(np.float64), rig.faces)[rig.faces[faces[there]]].mean(axis=1)
        regions = rig.regions[faces[there]].astype(np.int64)
        wanted = np.isin(regions, [REGION_NAMES.index(name) for name in REGIONS])
        found.append((normals[wanted], regions[wanted], picture[there][wanted].astype(np.float64)))
    normals, regions, colours = (np.concatenate(each) for each in zip(*found, strict=True))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True), regions, colours


def shone(normals: Array, lamps: list[tuple[Array, float]]) -> Array:
    """(N, 1 + lamps) the share of ambient light and of each lamp's, as Blender's solid view wraps it round."""
    parts = [np.clip((normals @ way + wrap) / (1 + wrap) ** 2, 0.0, 1.0) for way, wrap in lamps]
    return np.stack([np.ones(len(normals)), *parts], axis=1)


def fitted(rig: Rig) -> tuple[list[tuple[Array, float]], Array, float]:
    """The lamps with how far their light wraps round, (5, 3) the ambient colour and theirs, and the mean miss."""
    normals, regions, colours = seen(rig)
    albedo = to_linear(np.array(list(REGION_COLOURS.values()), np.float64))[regions]
    target = to_linear(colours)
    alike = 1.0 / np.sqrt(np.bincount(regions)[regions])  # a region counts as much as any other
    best = None
    for key, fill, front in itertools.product((0.1, 0.3, 0.6), (0.1, 0.4), (0.5, 1.0)):
        lamps = [(unit(way), wrap) for way, wrap in ((KEY, key), (FILL, fill), (FRONT, front), (RIM, 0.2))]
        light = shone(normals, lamps)
        strength = np.empty((5, 3))
        for channel in range(3):
            # What is dark is seen as well as what is bright.
            weight = alike / np.maximum(target[:, channel], 0.01) ** 0.6
            rows = light * albedo[:, channel : channel + 1] * weight[:, None]
            strength[:, channel] = nnls(rows, target[:, channel] * weight)[0]
        off = np.abs(to_display(albedo * (light @ strength)) - colours).mean(axis=1)
        miss = float(np.average(off, weights=alike**2))
        if best is None or miss < best[2]:
            best = lamps, strength, miss
    assert best is not None
    return best


def written(lamps: list[tuple[Array, float]], strength: Array) -> str:
    """A studio light in Blender's own format."""
    lines = ["version 1", *_triple("light_ambient", strength[0])]
    for number, ((way, wrap), colour) in enumerate(zip(lamps, strength[1:], strict=True)):
        name = f"light[{number}]"
        lines += [f"{name}.flag 1", f"{name}.smooth {wrap:.6f}", *_triple(f"{name}.col", colour)]
        lines += _triple(f"{name}.spec", np.full(3, GLOSS if number == 0 else 0.0))
        lines += _triple(f"{name}.vec", way)
    return "\n".join(lines) + "\n"


def _triple(name: str, values: Array) -> list[str]:
    return [f"{name}.{axis} {value:.6f}" for axis, value in zip("xyz", values, strict=True)]


def unit(way: tuple[float, float, float]) -> Array:
    """A way of length 1."""
    return np.array(way) / np.linalg.norm(way)


def to_linear(colour: Array) -> Array:
    """Light of sRGB, 0 to 255."""
    part = colour / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def to_display(light: Array) -> Array:
    """SRGB, 0 to 255, of light."""
    part = np.clip(light, 0.0, 1.0)
    return 255 * np.where(part <= 0.0031308, 12.92 * part, 1.055 * np.maximum(part, 1e-9) ** (1 / 2.4) - 0.055)


def main() -> int:
    """Write the light."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    lamps, strength, miss = fitted(load_rig())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(written(lamps, strength), encoding="utf-8")
    print(f"{options.out}: {miss:.1f} of 255 off the studio on average")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
