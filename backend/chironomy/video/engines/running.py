# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of how a network runs, the same for every engine that has one: checked before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chironomy.packages import require
from chironomy.shot.errors import VideoError

DTYPES = ("float32", "float16", "bfloat16")


def check_names(engine: str, settings: Mapping[str, Any], known: Sequence[str]) -> None:
    """See that an engine has all the settings of a shot.

    Raises:
        VideoError: there is no such setting.
    """
    if unknown := [name for name in settings if name not in known]:
        raise VideoError(f"the engine {engine} has no setting {unknown[0]!r}; there are {', '.join(known)}")


def require_packages(engine: str, packages: Sequence[str]) -> None:
    """See that an engine has the Python packages that it needs, before anything is loaded.

    Raises:
        VideoError: one is missing; the sentence says what brings it.
    """
    for package in packages:
        require(package, f"the engine {engine}", VideoError, "diffusion" if package != "transformers" else None)


def checked_device(settings: Mapping[str, Any]) -> str:
    """The setting `device`: "cuda", "mps" or "cpu", by default the best that is here.

    Raises:
        VideoError: it is not here.
    """
    import torch

    devices = ["cuda"] if torch.cuda.is_available() else ["mps"] if torch.backends.mps.is_available() else []
    device = settings.get("device") or (devices or ["cpu"])[0]
    if device not in (*devices, "cpu"):
        raise VideoError(f"setting device is {device!r}; this machine has {', '.join([*devices, 'cpu'])}")
    return device


def checked_dtype(settings: Mapping[str, Any], default: str) -> str:
    """The setting `dtype`, one of `DTYPES`.

    Raises:
        VideoError: it is none of them.
    """
    dtype = settings.get("dtype") or default
    if dtype not in DTYPES:
        raise VideoError(f"setting dtype is {dtype!r}; choose float32, float16 or bfloat16")
    return dtype


def checked_offload(settings: Mapping[str, Any], device: str, kinds: Sequence[str]) -> str:
    """The setting `offload`, one of `kinds`, by default the first of them.

    Raises:
        VideoError: it is none of them, or there is no GPU that weights could be moved to and from.
    """
    offload = settings.get("offload") or kinds[0]
    if offload not in kinds:
        raise VideoError(f"setting offload is {offload!r}; choose {', '.join(kinds[:-1])} or {kinds[-1]}")
    if offload not in ("none", "auto") and device != "cuda":
        raise VideoError(f"setting offload is {offload!r}, which moves weights to and from a GPU; here there is none")
    if offload not in ("none", "auto"):
        require("accelerate", "setting offload", VideoError, "diffusion")
    return offload


def checked_switch(settings: Mapping[str, Any], name: str, default: bool) -> bool:
    """A setting that is true or false.

    Raises:
        VideoError: it is neither.
    """
    value = settings.get(name, default)
    if not isinstance(value, bool):
        raise VideoError(f"setting {name} is {value!r:.40}; give true or false")
    return value


def checked_whole(settings: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """A setting that is a whole number.

    Raises:
        VideoError: it is none, or out of range.
    """
    value = default if settings.get(name) is None else settings[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise VideoError(f"setting {name} is {value!r:.40}; give a whole number from {least} to {most}")
    return value


def checked_number(settings: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    """A setting that is a number.

    Raises:
        VideoError: it is none, or out of range.
    """
    value = default if settings.get(name) is None else settings[name]
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not least <= value <= most:
        raise VideoError(f"setting {name} is {value!r:.40}; give a number from {least:g} to {most:g}")
    return float(value)


def checked_text(settings: Mapping[str, Any], name: str, default: str, longest: int = 4000) -> str:
    """A setting that is text.

    Raises:
        VideoError: it is none, or too long.
    """
    value = default if settings.get(name) is None else settings[name]
    if not isinstance(value, str) or len(value) > longest:
        raise VideoError(f"setting {name} is {value!r:.40}; give at most {longest} letters of text")
    return value
