# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of hand motions (`chironomy.hands/1`) beside speech of the same name.

Folders `train`, `validation` (or `val`) and `test` say what recordings are for, a folder below says who speaks; both
may be left out.
"""

from pathlib import Path

from chironomy.body.smplx_model import SmplxModel
from chironomy.gesture.datasets.recording import Format, Recording, part_of
from chironomy.gesture.errors import GestureError
from chironomy.motion.files import load_hands
from chironomy.motion.hand_motion import HandMotion

_PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
_SOUND = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".mp4")


def find(folder: Path) -> list[Recording]:
    """All motions that have speech beside them.

    Raises:
        GestureError: there is none.
    """
    recordings = []
    for motion in sorted(folder.rglob("*.npz")):
        speech = next((path for suffix in _SOUND if (path := motion.with_suffix(suffix)).is_file()), None)
        if speech is None:
            continue
        inside = motion.relative_to(folder).parts[:-1]
        parts = [_PARTS[name] for name in inside if name in _PARTS]
        places = [name for name in inside if name not in _PARTS]
        name = "/".join([*places, motion.stem])
        speaker = places[0] if places else "speaker"
        recordings.append(Recording(name, speaker, parts[0] if parts else part_of(name), motion, speech))
    if not recordings:
        raise GestureError(
            f"{folder} has no .npz beside speech of the same name ({', '.join(_SOUND)}); put them side by side"
        )
    return recordings


def read(recording: Recording, _: SmplxModel | None = None, __: bool = False) -> HandMotion:
    """The motion of a recording."""
    return load_hands(recording.motion)


FORMAT = Format(title="hand motions beside speech", terms="", find=find, read=read)
