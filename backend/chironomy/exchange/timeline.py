# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's lines on a timeline, as OpenTimelineIO's own JSON, `.otio`, which editors read.

The file is written as plain data: the library is no pure Python, and Blender has none. Schemas are those of
OpenTimelineIO 0.17 (`Timeline.1`, `Stack.1`, `Track.1`, `Clip.2`, `Gap.1`), and the library reads it in the tests.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chironomy.exchange.errors import ExchangeError
from chironomy.files import atomic_path

KINDS = ("Audio", "Video")


@dataclass(frozen=True)
class Clip:
    """Something that is heard or seen from one frame of a scene to another.

    Attributes:
        name: of the clip.
        first: the frame, from the timeline's beginning, with which it begins.
        frames: how many it lasts.
        file: what it plays, if it is a file.
        offset: frames of the file that are left out at its beginning.
        available: frames that the file has; 0 where that is not known.
        enabled: whether it is not muted.
        told: what else is known of it, for JSON; it is kept under "chironomy".
    """

    name: str
    first: int
    frames: int
    file: Path | None = None
    offset: float = 0.0
    available: float = 0.0
    enabled: bool = True
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Clips of one kind that do not overlap.

    Attributes:
        name: of the track.
        kind: "Audio" or "Video".
        clips: in any order.
    """

    name: str
    kind: str
    clips: Sequence[Clip]


def rows_of(name: str, kind: str, clips: Iterable[Clip]) -> list[Row]:
    """Return clips on as few tracks as hold them without overlaps; the first takes the earliest."""
    rows: list[list[Clip]] = []
    for clip in sorted(clips, key=lambda each: (each.first, each.frames)):
        free = next((row for row in rows if row[-1].first + row[-1].frames <= clip.first), None)
        if free is None:
            rows.append([clip])
        else:
            free.append(clip)
    return [Row(name if number == 1 else f"{name} {number}", kind, row) for number, row in enumerate(rows, 1)]


def save_timeline(rows: Sequence[Row], path: str | Path, fps: float, name: str, beginning: int = 0) -> None:
    """Write a timeline.

    Args:
        rows: its tracks, the lowest first.
        path: of the file.
        fps: frames a second.
        name: of the timeline.
        beginning: the frame at which its clock begins.

    Raises:
        ExchangeError: clips of a track overlap or last nothing, or what is told of one is no JSON.
        ChironomyError: `path` cannot be written.
    """
    if Path(path).suffix.lower() != ".otio":
        raise ExchangeError(f"{path} does not end in .otio; give the file that ending")
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": name,
        "global_start_time": _time(beginning, fps),
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "metadata": {},
            "name": "tracks",
            "source_range": None,
            "effects": [],
            "markers": [],
            "enabled": True,
            "children": [_track(row, fps) for row in rows],
        },
    }
    try:
        text = json.dumps(document, indent=4, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"what is told of a clip cannot be written as JSON ({error}); keep plain values") from None
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _track(row: Row, fps: float) -> dict[str, Any]:
    if row.kind not in KINDS:
        raise ExchangeError(f"{row.kind} is no kind of track; choose {' or '.join(KINDS)}")
    children: list[dict[str, Any]] = []
    at = 0
    for clip in sorted(row.clips, key=lambda each: each.first):
        if clip.first < at or clip.frames < 1:
            raise ExchangeError(f"{clip.name} overlaps another clip of the track {row.name}, or lasts nothing")
        if clip.first > at:
            children.append(_item("Gap.1", "", _range(0, clip.first - at, fps), {}))
        children.append(_clip(clip, fps))
        at = clip.first + clip.frames
    return _item("Track.1", row.name, None, {}) | {"children": children, "kind": row.kind}


def _clip(clip: Clip, fps: float) -> dict[str, Any]:
    media: dict[str, Any] = {
        "OTIO_SCHEMA": "MissingReference.1",
        "metadata": {},
        "name": "",
        "available_range": None,
        "available_image_bounds": None,
    }
    if clip.file is not None:
        media |= {"OTIO_SCHEMA": "ExternalReference.1", "target_url": clip.file.absolute().as_uri()}
        if clip.available:
            media["available_range"] = _range(0, clip.available, fps)
    told = {"chironomy": dict(clip.told)} if clip.told else {}
    return _item("Clip.2", clip.name, _range(clip.offset, clip.frames, fps), told) | {
        "enabled": clip.enabled,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _item(schema: str, name: str, span: dict[str, Any] | None, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "metadata": metadata,
        "name": name,
        "source_range": span,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _range(start: float, frames: float, fps: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, fps), "duration": _time(frames, fps)}


def _time(frames: float, fps: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(fps), "value": float(frames)}
