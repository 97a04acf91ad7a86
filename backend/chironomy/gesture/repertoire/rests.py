# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hands rest when they do not gesture: they lie on something or hang, and never hover."""

from dataclasses import dataclass

from chironomy.gesture.repertoire.kinds import Pose


@dataclass(frozen=True)
class Rest:
    """A rest of both hands.

    Attributes:
        lead: the hand that gestures more.
        other: the other one.
        together: whether the hands touch, so that one cannot move without the other.
    """

    lead: Pose
    other: Pose
    together: bool = False


_HANGING = Pose(0.255, -0.455, 0.085, 14.0, 6.0, 2.0, "soft")
_ON_BELLY = Pose(0.157, -0.313, 0.168, 4.0, 22.0, 0.0, "soft")
_ON_HIP = Pose(0.204, -0.341, 0.08, 34.0, 40.0, -6.0, "soft")

RESTS: dict[str, Rest] = {
    # The palm of one hand lies on the back of the other.
    "clasped": Rest(
        Pose(0.056, -0.355, 0.244, 27.0, 7.0, -4.0, "soft"),
        Pose(0.093, -0.366, 0.243, 11.0, 40.0, -2.0, "soft"),
        True,
    ),
    # One hand holds the other's wrist.
    "holding": Rest(
        Pose(0.04, -0.395, 0.262, 34.0, 10.0, -8.0, "soft"),
        Pose(0.1, -0.385, 0.235, 10.0, 26.0, 0.0, "relaxed"),
        True,
    ),
    "sides": Rest(_HANGING, _HANGING),
    "belly": Rest(_ON_BELLY, _HANGING),
    "hip": Rest(_HANGING, _ON_HIP),
}
