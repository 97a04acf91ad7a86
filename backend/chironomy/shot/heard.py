# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot's speech as engines hear it: decoded, and beside the shot's frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chironomy.shot.errors import VideoError

if TYPE_CHECKING:
    from chironomy.shot.shot import Shot
    from chironomy.speech.decode import Speech


@contextmanager
def speech_file(shot: Shot) -> Iterator[Path | None]:
    """The shot's sound as a file for as long as it is needed; None for a silent shot.

    Raises:
        VideoError: it cannot be kept.
    """
    if shot.speech is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="chironomy-") as folder:
        path = Path(folder) / f"speech{shot.speech.suffix}"
        try:
            path.write_bytes(shot.speech.data)
        except OSError as error:
            raise VideoError(
                f"the speech could not be kept in {folder} while rendering ({error.strerror}); free space there"
            ) from error
        yield path


def heard_speech(shot: Shot, frame: int = 0) -> Speech | None:
    """The shot's speech, second 0 of which is the time of a frame; None for a silent shot.

    Raises:
        ChironomyError: it cannot be decoded; one sentence.
    """
    from chironomy.speech.decode import load_speech

    with speech_file(shot) as path:
        return None if path is None else load_speech(path).heard_from(shot.seconds_into_speech(frame))
