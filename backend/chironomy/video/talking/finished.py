# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished parts of a render, kept so that one that was stopped goes on where it was.

Latents lie in a folder named by the hash of everything that determines a shot beside its frames, in files named by the
hash of what determines that part, the parts before it included. Whatever is changed is made anew from there on.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.modeling_utils import ModelMixin
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from chironomy.motion.files import atomic_path

_SAMPLES = 64

KEPT_SECONDS = 7 * 24 * 3600.0


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


def forget_old(root: Path | str, seconds: float = KEPT_SECONDS) -> None:
    """Remove the finished blocks of shots that nobody has worked on for a while."""
    for folder in Path(root).glob("?" * 32):
        newest = max((path.stat().st_mtime for path in folder.glob("block-*")), default=0.0)
        if folder.is_dir() and time.time() - newest > seconds:
            shutil.rmtree(folder, ignore_errors=True)


class FinishedBlocks:
    """The finished blocks of one shot.

    Args:
        root: folder for all shots; made when missing. None keeps nothing.
        shot: hash of what determines the shot.
    """

    def __init__(self, root: Path | str | None, shot: str):
        self.folder = None if root is None else Path(root) / shot[:32]

    def load(self, number: int, key: str) -> torch.Tensor | None:
        """The latents of block `number`, or None where they are not there or not whole."""
        if self.folder is None:
            return None
        path = self._path(number, key)
        if not path.is_file():
            return None
        try:
            return load_file(path)["latents"]
        except (SafetensorError, KeyError, OSError):
            return None

    def save(self, number: int, key: str, latents: torch.Tensor) -> None:
        """Keep the latents of block `number`.

        Raises:
            ChironomyError: the folder cannot be written to.
        """
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self._path(number, key)) as partial:
            save_file({"latents": latents.detach().float().cpu().contiguous()}, partial)

    def _path(self, number: int, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"block-{number:04d}-{key[:16]}.safetensors"
