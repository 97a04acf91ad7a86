# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of takes and scores have in common: generating, and what Blender shows then."""

import numpy as np

FPS, SECONDS = 24, 6.0
FRAMES = round(FPS * SECONDS)
MILLIMETRE, TENTH_DEGREE = 1e-4, np.radians(0.1)
"""A tenth of a millimetre, in metres, and a tenth of a degree."""


def generate(scene, seed, **options):
    """Press Generate."""
    import bpy

    scene.chironomy.seed = seed
    assert bpy.ops.chironomy.generate(**options) == {"FINISHED"}


def shown(addon, rig, scene):
    """What Blender shows of the hands."""
    return addon["rig.read"].read_pose(scene.chironomy.character, rig, scene, 1, FRAMES + 1)[1]


ALL = slice(None)


def apart(one, other, frames=ALL, hand=ALL):
    """Metres between wrists and radians between joints, the most of some frames."""
    from chironomy.motion import rotation

    place = np.linalg.norm(one.wrist_position - other.wrist_position, axis=-1)[frames, hand]
    return place.max(), rotation.angle(one.rotation, other.rotation)[frames, hand].max()


def names(scene):
    return [take.name for take in scene.chironomy.takes]
