# SPDX-License-Identifier: GPL-3.0-or-later
"""What the mouth aims for in each speech sound: a table, and the shapes' meaning in ARKit's face actions.

The jaw's values are for clear speech seen from some metres: an open "ah" aims at half of the widest gape (18 mm between
the lips of the project's character), of which fast speech reaches a part. How far a sound insists on its shape against
its neighbours ("dominance") follows Cohen & Massaro (1993, "Modeling coarticulation in synthetic visual speech"): lips
insist for p, b, m, f, v, w and rounded vowels; h and k take whatever their neighbours have.
"""

from dataclasses import dataclass

from chironomy.speech.phone import SILENCE


@dataclass(frozen=True)
class Viseme:
    """Aims of the mouth, 0..1 each as the ARKit actions of that name, and the dominance of aperture and rounding."""

    jaw: float
    funnel: float = 0.0
    pucker: float = 0.0
    stretch: float = 0.0
    lower_down: float = 0.0
    upper_up: float = 0.0
    roll_lower: float = 0.0
    tongue: float = 0.0
    aperture_dominance: float = 1.0
    rounding_dominance: float = 0.6


APERTURE = ("jaw", "lower_down", "upper_up", "roll_lower", "tongue")
ROUNDING = ("funnel", "pucker", "stretch")

# Action(s) that each aim drives.
ACTIONS: dict[str, tuple[str, ...]] = {
    "jaw": ("jawOpen",),
    "funnel": ("mouthFunnel",),
    "pucker": ("mouthPucker",),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "lower_down": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "upper_up": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "roll_lower": ("mouthRollLower",),
    "tongue": ("tongueOut",),
}

_T = Viseme(0.09, lower_down=0.12, upper_up=0.06, aperture_dominance=0.7, rounding_dominance=0.25)
_K = Viseme(0.14, lower_down=0.05, aperture_dominance=0.4, rounding_dominance=0.2)
_S = Viseme(0.04, stretch=0.2, lower_down=0.3, upper_up=0.15, aperture_dominance=1.5, rounding_dominance=0.4)
_SH = Viseme(0.07, funnel=0.35, pucker=0.2, lower_down=0.1, aperture_dominance=1.5, rounding_dominance=1.2)
_TH = Viseme(0.1, lower_down=0.12, upper_up=0.06, tongue=0.25, aperture_dominance=1.0, rounding_dominance=0.3)
_F = Viseme(0.03, upper_up=0.2, roll_lower=0.7, aperture_dominance=3.0, rounding_dominance=0.5)
# Closed lips; the closure itself is drawn on top of this, so that nothing smooths it away.
_P = Viseme(0.06, aperture_dominance=2.5, rounding_dominance=0.3)

VISEMES: dict[str, Viseme] = {
    SILENCE: Viseme(0.0, aperture_dominance=1.0, rounding_dominance=0.6),
    "AA": Viseme(0.52, lower_down=0.1),
    "AE": Viseme(0.45, stretch=0.25, lower_down=0.15, upper_up=0.1),
    "AH": Viseme(0.33, lower_down=0.1),
    "AO": Viseme(0.42, funnel=0.25, pucker=0.15, rounding_dominance=1.2),
    "EH": Viseme(0.35, stretch=0.2, lower_down=0.15, upper_up=0.08),
    "ER": Viseme(0.2, funnel=0.2, pucker=0.2, lower_down=0.1, rounding_dominance=0.8),
    "IH": Viseme(0.23, stretch=0.2, lower_down=0.15, upper_up=0.06),
    "IY": Viseme(0.17, stretch=0.4, lower_down=0.2, upper_up=0.1, rounding_dominance=0.9),
    "OW": Viseme(0.32, funnel=0.25, pucker=0.35, rounding_dominance=1.6),
    "UH": Viseme(0.2, funnel=0.2, pucker=0.35, rounding_dominance=1.2),
    "UW": Viseme(0.15, funnel=0.2, pucker=0.6, rounding_dominance=1.8),
    "W": Viseme(0.07, pucker=0.75, funnel=0.05, aperture_dominance=2.0, rounding_dominance=2.2),
    "R": Viseme(0.11, funnel=0.2, pucker=0.35, aperture_dominance=0.8, rounding_dominance=1.1),
    "Y": Viseme(0.1, stretch=0.3, lower_down=0.15, aperture_dominance=0.8, rounding_dominance=0.6),
    "L": Viseme(0.16, lower_down=0.15, upper_up=0.05, tongue=0.08, aperture_dominance=0.6, rounding_dominance=0.25),
    "HH": Viseme(0.15, aperture_dominance=0.1, rounding_dominance=0.1),
    "N": Viseme(0.1, lower_down=0.1, aperture_dominance=0.6, rounding_dominance=0.2),
    **dict.fromkeys(("T", "D"), _T),
    **dict.fromkeys(("K", "G", "NG"), _K),
    **dict.fromkeys(("S", "Z"), _S),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), _SH),
    **dict.fromkeys(("TH", "DH"), _TH),
    **dict.fromkeys(("F", "V"), _F),
    **dict.fromkeys(("P", "B", "M"), _P),
}

# A diphthong is two shapes: labels, and the share of its time that the first has.
DIPHTHONGS: dict[str, tuple[str, str, float]] = {
    "AW": ("AA", "UH", 0.6),
    "AY": ("AA", "IH", 0.6),
    "EY": ("EH", "IY", 0.55),
    "OY": ("AO", "IH", 0.55),
}

BILABIALS = frozenset({"P", "B", "M"})
