# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a scene, and what its characters do to them, as a timeline for editors."""

import json
from pathlib import Path
from typing import Any

import bpy
from bpy.types import Object, Scene

from chironomy.exchange.timeline import Clip, Row, rows_of, save_timeline

from .. import sequencer
from ..rig.build import is_character
from ..rig.read import scene_fps
from .takes import MADE_PROPERTY, shown_take, takes_of


def save_lines(scene: Scene, path: Path) -> int:
    """Write every sound strip of a scene and the take that each character shows; return how many clips there are.

    The timeline's clock begins with the scene's first frame, or with what begins before it.

    Raises:
        ExchangeError: the path has another ending.
        ChironomyError: it cannot be written.
    """
    heard = [played for played in sequencer.sounds(scene) if played.right > played.left]
    beginning = min([scene.frame_start, *(played.left for played in heard)])
    rows = rows_of("Speech", "Audio", [_line(played, beginning) for played in heard])
    for item in scene.objects:
        if is_character(item) and (clip := _take(scene, item, beginning)) is not None:
            rows.append(Row(item.name, "Video", [clip]))
    save_timeline(rows, path, scene_fps(scene), scene.name, beginning)
    return sum(len(row.clips) for row in rows)


def _line(played: "sequencer.Played", beginning: int) -> Clip:
    sound = played.strip.sound
    file = Path(bpy.path.abspath(sound.filepath, library=sound.library)) if sound and sound.filepath else None
    return Clip(
        played.strip.name,
        played.left - beginning,
        played.right - played.left,
        file,
        offset=max(played.left - played.start, 0.0),
        available=float(played.length),
        enabled=not played.muted,
    )


def _take(scene: Scene, item: Object, beginning: int) -> Clip | None:
    """Return the take that a character shows, over the scene's frames in which it has keys."""
    take = shown_take(scene, item)
    if take is None:
        return None
    first, last = take.action.frame_range
    first, last = max(int(first), scene.frame_start), min(int(last), scene.frame_end)
    if last < first:
        return None
    told: dict[str, Any] = {
        "character": item.name,
        "label": take.label,
        "accepted": take.accepted,
        "made": _made(take.action),
        "takes": [each.name for each in takes_of(scene, item)],
    }
    return Clip(take.name, first - beginning, last + 1 - first, told=told)


def _made(action: bpy.types.Action) -> Any:
    try:
        return json.loads(action.get(MADE_PROPERTY, "{}"))
    except (TypeError, ValueError, RecursionError):  # a person may write what they like there
        return {}
