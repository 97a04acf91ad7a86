# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the embedded character's face has the points that face detectors report.

The 68 points are iBUG's (Sagonas et al. 2013, "300 Faces in-the-Wild"): 0 to 16 the jaw from the person's right ear to
the left, 17 to 26 the brows, 27 to 35 the nose, 36 to 47 the eyes, 48 to 59 the outer and 60 to 67 the inner lips.

How the vertices were found, once, on a close-up of the bind pose seen from the front: the eyes' corners and lids on the
outline of the visible eyeball; the brows along the upper edge of the region `brows`; the outer lips on the outline of
the region `lips`; the inner lips on the edge of the mouth's opening at `jawOpen` 0.5, so that upper and lower lip stay
apart when it shuts; the nose's bridge on the midline, its tip the vertex farthest forward; its base and the jaw where
mediapipe 0.10.21's face mesh sees them, the jaw at equal steps along its outline from the height of the eyes to the
chin and, from the angle of the jaw on, on vertices that the jaw carries. The person's left is the mirror of the right.
The ears are the tragus, found in a view from the side.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chironomy.body.rig import Rig
from chironomy.shot.errors import VideoError

FACE_VERTICES = (
    867, 3851, 3236, 3381, 885, 883, 907, 904, 3435, 4740, 4743, 4719, 4721, 7197, 7058, 7659, 4703,
    14665, 14643, 14630, 14680, 14622, 14726, 14782, 14736, 14744, 14771,
    169, 3202, 291, 8588, 8748, 313, 8639, 4207, 11576,
    9846, 7758, 54, 9921, 47, 9877, 12583, 3969, 10633, 12508, 12539, 3962,
    10241, 13248, 13261, 13230, 13339, 13330, 13359, 13346, 13352, 13274, 13273, 13266,
    530, 470, 9203, 4357, 4406, 4411, 523, 535,
)  # fmt: skip
"""The vertex of each of the 68 points."""

EAR_VERTICES = (3575, 7384)
"""The vertex of the tragus of the right and of the left ear."""

VERTEX_COUNT = 26631
"""How many vertices the mesh has that these indices are of."""

NOSE_TIP = 30
EYE_CORNERS = ((36, 39), (42, 45))
"""The points of the outer and inner corner of the right eye, and of the inner and outer one of the left."""


def check_mesh(rig: Rig) -> None:
    """See that the indices are of this mesh.

    Raises:
        VideoError: they are of another one.
    """
    if rig.vertex_count != VERTEX_COUNT:
        raise VideoError(
            f"the character's mesh has {rig.vertex_count} vertices, but the face points are known for one of "
            f"{VERTEX_COUNT}; use the embedded character or another of its topology"
        )


@lru_cache(maxsize=4)
def pupil_vertices(rig: Rig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The vertices of the right and of the left pupil; their mean is where the eye looks from."""
    vertices = np.unique(rig.faces[rig.region_faces("pupil")]).astype(np.int64)
    on_left = rig.vertices[vertices, 0] > 0
    return vertices[~on_left], vertices[on_left]
