# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be asked of the gestures: names, ranges and defaults, written once.

The panel, the command line, the service and the pipeline all read them here, so that none offers what another refuses.
Plain data: importing this needs nothing but Python.
"""

from typing import NamedTuple


class Range(NamedTuple):
    """A number that can be chosen.

    Attributes:
        default: taken where nobody chooses; None leaves it to the model.
        low: the smallest.
        high: the largest.
    """

    default: float | None
    low: float
    high: float

    def clamped(self, value: float) -> float:
        """The nearest number that can be chosen."""
        return min(max(value, self.low), self.high)


class Whole(NamedTuple):
    """A whole number that can be chosen; see `Range`."""

    default: int | None
    low: int
    high: int


STYLES: tuple[str, ...] = ("neutral", "calm", "lively", "emphatic", "precise", "open", "reserved")
"""The named styles, in the order in which a model numbers them; models with fewer have the first of them."""

STYLE = STYLES[0]
"""The style where nobody chooses."""

HANDEDNESS: tuple[str, ...] = ("left", "right", "both")
"""Which hand gestures, in the order of `Clip.handedness`."""

RANGE_HANDS: tuple[str, ...] = ("both", "left", "right")
"""The hands of a range that is made anew, the default first."""

DATASETS: tuple[str, ...] = ("beat2", "show", "hands")
"""Layouts of people's data that become clips to learn from."""

HAND_MEANS: tuple[str, ...] = ("auto", "flat", "mean")
"""What the fingers in such data are relative to; "auto" measures it."""

SEED = Whole(0, 0, 2**31 - 1)
FPS = Range(24.0, 1.0, 240.0)
"""Frames a second."""

SPEED = Range(1.0, 0.25, 2.5)
"""How fast the hands move, 1 being the style's own; a model learns its `control_range`, or about 0.6 to 1.6."""

AMPLITUDE = Range(1.0, 0.25, 2.5)
"""How large the gestures are, likewise."""

RATE = Range(1.0, 0.25, 2.5)
"""How many strokes there are, likewise; only models with a `control_range` take it."""

CONTROL_RANGE = (SPEED.low, SPEED.high)
"""Least and greatest relative speed, amplitude and rate to learn from: all that can be asked."""

STEPS = Whole(8, 1, 1000)
"""Denoising steps; more are slower and finer."""

GUIDANCE = Range(1.5, 0.0, 20.0)
"""How much what the speech asks for is exaggerated; 1 is not at all, and faster."""

PLANNED_GUIDANCE = 1.0
"""The default for a model that performs a plan, which has heard the speech already."""

STYLE_GUIDANCE = Range(1.0, 0.0, 20.0)
"""Likewise of the style; anything but 1 costs one more run of the network a step."""

SCORE_GUIDANCE = Range(1.0, 0.0, 20.0)
"""How strictly a score is followed; anything but 1 costs one more run of the network a step."""

PLANNED_SCORE_GUIDANCE = 1.4
"""The default for a model that performs a plan: what is planned is done a little more clearly."""

GIVEN_SCORE_GUIDANCE = 2.5
"""The default of the phrases that somebody gave such a model: they are to be recognised, and to arrive on time."""

HIDE_BELOW = Range(None, -2.0, 2.0)
"""Height in metres, in the frame of the body, under which a hand counts as unseen."""

SECONDS = Range(None, 0.0, 86400.0)
"""A time in the speech."""
