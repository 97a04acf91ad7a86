# SPDX-License-Identifier: GPL-3.0-or-later
"""`Phone`: one speech sound in time."""

from dataclasses import dataclass

SILENCE = "SIL"

VOWELS = frozenset({"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"})


@dataclass(frozen=True)
class Phone:
    """A speech sound.

    Attributes:
        label: ARPABET without stress marks (39 phones), or "SIL".
        start: seconds.
        end: seconds.
    """

    label: str
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Seconds."""
        return (self.start + self.end) / 2
