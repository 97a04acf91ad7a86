# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame rates as files tell them: rounded, or as the time of one frame."""

BROADCAST = tuple(rate * 1000.0 / 1001.0 for rate in (24, 30, 48, 60, 120))
"""23.976, 29.97 and their kin, frames a second."""

_NEAR = 2e-4
_WHOLE = tuple(float(rate) for rate in range(1, 241))


def told_rate(fps: float) -> float:
    """Return the rate that is meant by a rounded one: a whole number or one of `BROADCAST`, if it is as near as 0.02 %.

    A file that says 23.98 means 24000 / 1001, and one whose frames last 0.0333333 s means 30.
    """
    nearest = min((*_WHOLE, *BROADCAST), key=lambda rate: abs(rate - fps))
    return nearest if abs(nearest - fps) <= _NEAR * nearest else fps
