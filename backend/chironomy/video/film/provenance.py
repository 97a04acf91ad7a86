# SPDX-License-Identifier: GPL-3.0-or-later
"""What a video says of itself: that a machine made it, with what, and enough to make it again."""

from __future__ import annotations

import json
from typing import Any

from chironomy import __version__
from chironomy.shot.formats import Format
from chironomy.shot.shot import Shot

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for media made by a trained model, as the motion of the hands is whatever engine draws it."""


def provenance(shot: Shot, chosen: Format, weights: tuple[str, ...] = ()) -> dict[str, Any]:
    """What made a video, as JSON values.

    With the shot, which `tracks` and the hashes of the media tell from any other, it is enough to make it again.

    Args:
        shot: what is rendered.
        chosen: the format.
        weights: identities of the engine's weights.
    """
    return {
        "generator": f"Chironomy {__version__}",
        "digital_source_type": DIGITAL_SOURCE_TYPE,
        "engine": shot.engine,
        "weights": list(weights),
        "settings": shot.settings,
        "format": chosen.name,
        "fps": shot.fps,
        "frames": [shot.frames.start, shot.frames.stop],
        "camera": shot.camera.to_dict(),
        "tracks": shot.tracks_sha256,
        "speech": None if shot.speech is None else shot.speech.sha256,
        "speech_start": round(shot.speech_start, 6),
        "reference": None if shot.reference is None else shot.reference.sha256,
        "motion": shot.hands.source,
    }


def note(told: dict[str, Any]) -> str:
    """The same as one line for a file's comment: a sentence for people, then the JSON."""
    weights = f", weights {', '.join(told['weights'])}" if told["weights"] else ""
    sentence = f"This video is machine-generated: {told['generator']}, engine {told['engine']}{weights}."
    return f"{sentence} {json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(',', ':'))}"


def told(comment: str) -> dict[str, Any]:
    """The JSON of a comment that `note` wrote; empty where there is none."""
    try:
        found = json.loads(comment[comment.index("{") :])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
