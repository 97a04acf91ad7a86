# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers of a scene that were laid here: for phrases and accents. Whatever else there is, is somebody's own.

Blender keeps nothing with a marker but its name and its frame, so the scene remembers what was laid. One that a person
has renamed or moved since is theirs.
"""

import json
from collections import Counter
from collections.abc import Iterable

from bpy.types import Scene, TimelineMarker

from ..properties import settings

PHRASES, ACCENTS = "phrases", "accents"

Laid = tuple[str, str, int]
"""What a marker was laid for, its name and its frame."""


def lay(scene: Scene, group: str, wanted: Iterable[tuple[int, str]]) -> int:
    """Lay markers at frames with names, in place of those of the same group; return how many."""
    remove(scene, (group,))
    laid = _laid(scene)
    for frame, name in wanted:
        marker = scene.timeline_markers.new(name, frame=frame)
        marker.select = False
        # Blender may have cut the name.
        laid.append((group, marker.name, marker.frame))
    _remember(scene, laid)
    return sum(each[0] == group for each in laid)


def remove(scene: Scene, groups: Iterable[str] = (PHRASES, ACCENTS)) -> int:
    """Remove the markers of some groups that are as they were laid; return how many."""
    wanted = set(groups)
    for marker in (found := ours(scene, wanted)):
        scene.timeline_markers.remove(marker)
    _remember(scene, [each for each in _laid(scene) if each[0] not in wanted])
    return len(found)


def ours(scene: Scene, groups: Iterable[str] = (PHRASES, ACCENTS)) -> list[TimelineMarker]:
    """Return the markers of some groups that are as they were laid."""
    wanted = set(groups)
    left = Counter((name, frame) for group, name, frame in _laid(scene) if group in wanted)
    found = []
    for marker in scene.timeline_markers:
        key = marker.name, marker.frame
        if left[key] and marker.camera is None:
            left[key] -= 1
            found.append(marker)
    return found


def _laid(scene: Scene) -> list[Laid]:
    try:
        return [(str(group), str(name), int(frame)) for group, name, frame in json.loads(settings(scene).markers)]
    except (ValueError, TypeError):
        return []


def _remember(scene: Scene, laid: list[Laid]) -> None:
    settings(scene).markers = json.dumps(laid) if laid else ""
