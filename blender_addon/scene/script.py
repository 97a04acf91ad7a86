# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said, as it was given: a file of a script, captions or a transcript, or the words themselves."""

import hashlib
import re
from pathlib import Path

from bpy.types import Scene

from .. import sequencer
from ..properties import settings

_PATH = re.compile(r"(?://|[\\/~]|[A-Za-z]:[\\/]).*|.*\.(?:txt|srt|vtt|textgrid|json|md)", re.IGNORECASE | re.DOTALL)
"""A place on the disk, or the name of a file."""


def is_words(text: str) -> bool:
    """Whether words were written where the path of a script is asked for."""
    return len(text.split()) > 1 and not _PATH.fullmatch(text.strip())


def script_file(scene: Scene) -> Path | None:
    """Return the file of a scene's script, there or not; None where there is none, as where several speak.

    Where words were written instead, it is a file that has them.
    """
    chosen = settings(scene)
    if not chosen.script or chosen.several:
        return None
    if not is_words(chosen.script):
        return sequencer.absolute(chosen.script)
    content = chosen.script.strip().encode()
    return sequencer.keep(f"script-{hashlib.sha256(content).hexdigest()[:16]}.txt", [content])
