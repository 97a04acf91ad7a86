# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the body takes part, and how often, in each style.

The sizes of `neutral` and `lively` were set so that trunk and head turn as fast and as far as measured on two recorded
speakers (chest 22 °/s over 31 and 45 ° of yaw, head 27 and 31 °/s; `lively` stands near them, `neutral` at half); the
other styles are placed beside these two by eye.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Manner:
    """A style of the body; the defaults are those of `neutral`.

    Attributes:
        trunk, head: factors of how far trunk and head turn.
        nods, brows: factors of how far head and brows move on accents.
        tempo: factor of how fast turns are made and how often.
        weight: factor of how far, and
        shift_seconds: after how long, on average, the weight goes to the other foot.
        lean: degrees by which the chest leans forward.
        aversion: how often the eyes leave the listener as a phrase begins, 0 to 1.
        blinks: factor of how often the eyes blink, by eye: people who are roused blink more.
        face: factor of how much of a stretch's attitude the face shows; see `chironomy.body.attitude`.
    """

    trunk: float = 1.0
    head: float = 1.0
    nods: float = 1.0
    brows: float = 1.0
    tempo: float = 1.0
    weight: float = 1.0
    shift_seconds: float = 8.0
    lean: float = 0.0
    aversion: float = 0.28
    blinks: float = 1.0
    face: float = 1.0


_TABLE: Mapping[str, Manner] = {
    "neutral": Manner(),
    "calm": Manner(0.75, 0.8, 0.75, 0.8, 0.85, 0.9, 11.0, -0.5, 0.25, 0.8, 0.8),
    "lively": Manner(2.05, 1.4, 1.25, 1.3, 1.12, 1.3, 5.5, 0.5, 0.32, 1.25, 1.3),
    "emphatic": Manner(1.3, 1.1, 1.6, 1.35, 1.08, 1.1, 7.0, 1.5, 0.15, 1.1, 1.3),
    "precise": Manner(0.85, 0.95, 1.2, 1.0, 1.05, 0.7, 9.0, 0.8, 0.22, 0.95, 0.9),
    "open": Manner(1.4, 1.2, 1.0, 1.2, 0.95, 1.3, 6.5, -1.2, 0.28, 1.0, 1.2),
    "reserved": Manner(0.65, 0.75, 0.7, 0.6, 0.85, 0.6, 13.0, -0.8, 0.45, 0.85, 0.55),
}

STYLE = next(iter(_TABLE))
"""The style where nobody chooses."""


def manner_of(style: str | Mapping[str, float] | None) -> Manner:
    """The manner of a style, or of weights of several; a style that has none here moves as `neutral` does."""
    weights = {style: 1.0} if isinstance(style, str) else dict(style or {})
    total = sum(weights.values())
    parts = [(weight / max(total, 1.0), _TABLE.get(name, Manner())) for name, weight in weights.items()]
    parts.append((max(0.0, 1.0 - total), Manner()))
    names = [field.name for field in fields(Manner)]
    mixed = np.sum([[weight * getattr(part, name) for name in names] for weight, part in parts], axis=0)
    return Manner(*mixed.tolist())
