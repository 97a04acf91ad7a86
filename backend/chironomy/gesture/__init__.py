# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage 1: speech becomes the motion of two hands.

Importing the package needs numpy alone, as does `chironomy.gesture.runtime`, which makes gestures with it;
`GesturePipeline` and what comes with it bring torch and diffusers when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from chironomy.gesture.errors import GestureCancelled, GestureError
from chironomy.gesture.settings import STYLES
from chironomy.gesture.shipped import embedded_weights

if TYPE_CHECKING:
    from chironomy.gesture.model import GestureTransformer
    from chironomy.gesture.pipeline import GesturePipeline

__all__ = [
    "STYLES",
    "GestureCancelled",
    "GestureError",
    "GesturePipeline",
    "GestureTransformer",
    "embedded_weights",
]


def __getattr__(name: str) -> Any:
    if name == "GesturePipeline":
        from chironomy.gesture.pipeline import GesturePipeline

        return GesturePipeline
    if name == "GestureTransformer":
        from chironomy.gesture.model import GestureTransformer

        return GestureTransformer
    if name == "ModelMixin":
        # A saved folder names this package; diffusers looks there for the base class that tells how a part is loaded.
        from diffusers.models.modeling_utils import ModelMixin

        return ModelMixin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
