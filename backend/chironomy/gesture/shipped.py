# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights that come with the product: where they lie and what they know, without loading them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chironomy.gesture.errors import GestureError
from chironomy.gesture.styles import STYLES


def embedded_weights() -> Path:
    """The folder of the weights that come with the product; they were trained on synthetic motion."""
    return Path(__file__).with_name("weights") / "embedded"


def embedded_styles() -> tuple[str, ...]:
    """Names of the styles that these weights know.

    Raises:
        GestureError: the weights are missing.
    """
    path = embedded_weights() / "transformer" / "config.json"
    try:
        return style_names(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise GestureError(f"{path} cannot be read; install the product again, or run: make train-embedded") from error


def style_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the styles of the model with this configuration, in the order of its embedding."""
    return tuple(config.get("style_names") or STYLES)[: int(config["styles"])]
