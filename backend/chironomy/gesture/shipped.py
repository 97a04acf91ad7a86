# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights that come with the product: where they lie and what they know, without loading them."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chironomy.gesture.errors import GestureError
from chironomy.gesture.settings import STYLES
from chironomy.reading import read_object

_ADVICE = "give the folder of a gesture model, or make the embedded one by: make train-embedded"


def embedded_weights() -> Path:
    """The folder of the weights that come with the product; they were trained on synthetic motion."""
    return Path(__file__).with_name("weights") / "embedded"


def saved_styles(folder: Path) -> tuple[str, ...]:
    """Names of the styles that a saved pipeline knows.

    Raises:
        GestureError: the folder holds no pipeline.
    """
    config = saved_config(folder)
    try:
        return style_names(config)
    except (KeyError, TypeError, ValueError) as error:
        raise GestureError(f"{_config(folder)} is not the configuration of a gesture model; {_ADVICE}") from error


def saved_config(folder: Path) -> dict[str, Any]:
    """The configuration of a saved pipeline's transformer.

    Raises:
        GestureError: the folder holds no pipeline.
    """
    return read_object(_config(folder), GestureError, advice=_ADVICE)


def _config(folder: Path) -> Path:
    return folder / "transformer" / "config.json"


def embedded_styles() -> tuple[str, ...]:
    """Names of the styles that the embedded weights know.

    Raises:
        GestureError: the weights are missing.
    """
    return saved_styles(embedded_weights())


@functools.cache
def embedded_takes_rate() -> bool:
    """Whether the embedded weights have learned to make more or fewer strokes.

    Raises:
        GestureError: the weights are missing.
    """
    return takes_rate(saved_config(embedded_weights()))


def takes_rate(config: Mapping[str, Any]) -> bool:
    """Whether the model with this configuration has learned to make more or fewer strokes."""
    return bool(config.get("control_range"))


def style_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the styles of the model with this configuration, in the order of its embedding."""
    return tuple(config.get("style_names") or STYLES)[: int(config["styles"])]
