# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines by name; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from chironomy.shot.errors import VideoError
from chironomy.video.engines.engine import Engine


def _previz() -> Engine:
    from chironomy.video.engines.previz import PrevizEngine

    return PrevizEngine()


def _emo2() -> Engine:
    from chironomy.video.engines.emo2 import Emo2Engine

    return Emo2Engine()


def _vace() -> Engine:
    from chironomy.video.engines.vace import VaceEngine

    return VaceEngine()


def _animate() -> Engine:
    from chironomy.video.engines.animate import AnimateEngine

    return AnimateEngine()


_ENGINES: dict[str, Callable[[], Engine]] = {"previz": _previz, "emo2": _emo2, "vace": _vace, "animate": _animate}


def engine_names() -> tuple[str, ...]:
    """The names of all engines, the default first."""
    return tuple(_ENGINES)


def get_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        VideoError: there is none.
    """
    if name not in _ENGINES:
        raise VideoError(f"there is no engine {name!r}; choose one of {', '.join(_ENGINES)}")
    return _ENGINES[name]()
