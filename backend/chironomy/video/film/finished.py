# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished parts of a render, kept so that one that was stopped goes on where it was.

Arrays lie in a folder named by the hash of everything that determines a shot beside its frames, in files named by the
hash of what determines that part, the parts before it included. Whatever is changed is made anew from there on.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chironomy.errors import ChironomyError
from chironomy.files import atomic_path
from chironomy.reading import read_arrays
from chironomy.shot.errors import VideoError

if TYPE_CHECKING:
    from diffusers.models.modeling_utils import ModelMixin

_SAMPLES = 64

KEPT_SECONDS = 7 * 24 * 3600.0
KEPT_BYTES = 20 * 2**30
"""What parts unused for a day may take: those of a quarter of an hour of 512 by 704 at 16 frames a second."""

_RECENT = 24 * 3600.0


def digest(*parts: Any) -> str:
    """SHA-256, in hexadecimal, of arrays, bytes and JSON values in order."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            described = f"{part.dtype.str}{part.shape}".encode()
            data = np.ascontiguousarray(part).tobytes()
        elif isinstance(part, bytes):
            described, data = b"bytes", part
        else:
            described, data = b"json", json.dumps(part, sort_keys=True, default=str).encode()
        total.update(b"%d:%s:%d:" % (len(described), described, len(data)))
        total.update(data)
    return total.hexdigest()


def fingerprint(modules: Mapping[str, ModelMixin]) -> str:
    """What tells one set of weights from another: configurations, shapes, and some numbers of every tensor."""
    total = hashlib.sha256()
    for name, module in sorted(modules.items()):
        total.update(name.encode())
        total.update(json.dumps(dict(module.config), sort_keys=True, default=str).encode())
        for key, tensor in sorted(module.state_dict().items()):
            flat = tensor.detach().reshape(-1)
            some = flat[:: max(1, len(flat) // _SAMPLES)]
            total.update(f"{key}{tuple(tensor.shape)}{tensor.dtype}".encode())
            total.update(some.float().cpu().numpy().tobytes())
    return total.hexdigest()


def forget_old(root: Path | str, seconds: float = KEPT_SECONDS, size: int = KEPT_BYTES) -> None:
    """Remove the finished parts that no render has used for a while and, of too many, those unused for longest.

    What was used within a day stays, however much it is: it may be of the render that is to go on.
    """
    now, kept = time.time(), 0
    parts = []
    for path in Path(root).glob("?" * 32 + "/*"):
        with suppress(OSError):
            told = path.stat()
            parts.append((told.st_mtime, told.st_size, path))
    for used, length, path in sorted(parts, reverse=True):
        kept += length
        if now - used > (seconds if kept <= size else min(seconds, _RECENT)):
            with suppress(OSError):
                path.unlink()
    for folder in Path(root).glob("?" * 32):
        # Only an empty one goes.
        with suppress(OSError):
            folder.rmdir()


class FinishedParts:
    """The finished parts of one shot.

    Args:
        root: folder for all shots; made when missing. None keeps nothing.
        shot: hash of what determines the shot.
        names: of the arrays that a part has.
    """

    def __init__(self, root: Path | str | None, shot: str, names: Sequence[str]):
        self.folder = None if root is None else Path(root) / shot[:32]
        self._names = tuple(names)

    def load(self, number: int, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays of part `number`, or None where they are not there or not whole."""
        if self.folder is None:
            return None
        path = self._path(number, key)
        try:
            found = read_arrays(path, VideoError)
            arrays = {name: found[name] for name in self._names}
            path.touch()
        except (VideoError, OSError):
            return None
        return arrays

    def save(self, number: int, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of part `number`.

        Raises:
            VideoError: the folder is full or cannot be written to.
        """
        if self.folder is None:
            return
        # In memory first: an archive that meets a full disk says so on the terminal too when it is thrown away.
        archive = io.BytesIO()
        np.savez(archive, **dict(arrays))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(self._path(number, key)) as partial:
                partial.write_bytes(archive.getbuffer())
        except ChironomyError as error:
            raise VideoError(f"{error}, or set keep_finished to false") from error
        except OSError as error:
            raise VideoError(
                f"{self.folder} cannot be written ({error.strerror}); see to that, or set keep_finished to false"
            ) from error

    def _path(self, number: int, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"part-{number:04d}-{key[:16]}.npz"
