# SPDX-License-Identifier: GPL-3.0-or-later
"""How each style gestures: what it chooses, when, how often, how large and how fast, and where its hands rest."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Manner:
    """How a style gestures.

    Attributes:
        kinds: relative frequency of kinds of gesture.
        shapes: relative frequency of hand shapes where the kind has none of its own.
        rests: relative frequency of `repertoire.rests.RESTS`.
        strokes_per_minute: of continuous speech.
        amplitude: relative size of strokes.
        tempo: relative speed of movements.
        both_hands: probability that both hands gesture.
        space: relative size of the room in which gestures find their places.
        raised: part of the gesture phrases whose place is moved up about the shoulder.
        raised_both: of phrases of both hands, how much of that part.
        height: metres added to every place, likewise `width` (outwards) and `reach` (forward).
        width: see above.
        reach: see above.
        supination: degrees by which palms are turned up beyond the kind's own.
        repeats: mean number of strokes in a gesture phrase.
        rhythm: probability that further strokes of a phrase repeat the first one closely.
        begins: seconds from where speech begins to the first stroke at most, where one is due and has an accent.
        stays: seconds in which a gesture phrase has further strokes, fewer of them where its hands are held up.
        accent: how much more likely a strong accent gets a stroke than a weak one.
        beginning: how much more likely an accent early in its phrase of speech gets one than a late one.
        evenness: how much strokes keep to an even pace rather than come in bursts, 0 to 1.
        freedom: part of the strokes that fall where the speaker likes rather than on an accent.
        pause: seconds of silence that end a gesture unit.
        recoil: part of a stroke's way that the hand springs back.
        idle: size of the movement that never stops.
        fingers: size of the movement of fingers, each on its own.
        sympathy: how much a hand that has no part moves along.
        shortest: seconds for which hands gesture between two rests of a performance, at least; likewise `longest`.
        longest: see above.
        choices: of how many places a gesture phrase takes the one that is farthest from where the last one was.
        highest: metres above the shoulders at which the strokes of one hand in a performance arrive at most.
    """

    kinds: dict[str, float]
    shapes: dict[str, float]
    rests: dict[str, float]
    strokes_per_minute: float = 48.0
    amplitude: float = 1.7
    tempo: float = 1.08
    both_hands: float = 0.5
    space: float = 1.0
    raised: float = 0.04
    raised_both: float = 1.0
    height: float = 0.0
    width: float = 0.0
    reach: float = 0.0
    supination: float = 0.0
    repeats: float = 2.0
    rhythm: float = 0.25
    begins: float = 60.0
    stays: float = 60.0
    accent: float = 0.8
    beginning: float = 0.0
    evenness: float = 0.15
    freedom: float = 0.4
    pause: float = 1.5
    recoil: float = 0.25
    idle: float = 1.0
    fingers: float = 1.15
    sympathy: float = 0.65
    shortest: float = 1.5
    longest: float = 3.8
    choices: float = 2.0
    highest: float = 0.05

    @property
    def together(self) -> tuple[float, float]:
        """Seconds for which hands gesture between two rests of a performance, at least and at most."""
        return self.shortest, self.longest

    def size(self, speed: float, amplitude: float) -> float:
        """Size of strokes relative to their kinds', at a relative speed and amplitude."""
        return self.amplitude * amplitude * speed**0.3


_NEUTRAL = Manner(
    {"beat": 4, "open_beat": 3, "present": 2.5, "container": 1.6, "ring": 0.7, "bunch": 0.6, "sweep": 0.8}
    | {"chop": 0.6, "point_out": 0.4, "point_you": 0.4, "self": 0.4, "refuse": 0.3, "count": 0.5, "wag": 0.2}
    | {"point_across": 0.2, "point_up": 0.25, "point_down": 0.25, "all": 0.25, "cut": 0.25, "big": 0.3}
    | {"small": 0.25, "welcome": 0.3, "shrug": 0.35, "thumb_up": 0.12, "wave": 0.08, "past": 0.25, "future": 0.3},
    {"relaxed": 3, "open": 1.5, "soft": 1, "loose_fist": 0.8, "cupped": 0.8},
    {"clasped": 3, "holding": 1.5, "sides": 2, "belly": 1.5, "hip": 0.5},
)

MANNERS: dict[str, Manner] = {
    "neutral": _NEUTRAL,
    "calm": replace(
        _NEUTRAL,
        kinds={"beat": 3, "open_beat": 2.5, "present": 2.5, "container": 2.5, "self": 0.7, "sweep": 0.8, "small": 0.4}
        | {"past": 0.4, "future": 0.4, "bunch": 0.4, "welcome": 0.3, "all": 0.2, "shrug": 0.2, "point_down": 0.2},
        shapes={"soft": 3, "relaxed": 2, "cupped": 1},
        rests={"clasped": 4, "holding": 2, "belly": 1, "sides": 1},
        strokes_per_minute=30,
        amplitude=0.95,
        tempo=0.74,
        both_hands=0.6,
        space=0.8,
        raised=0.0,
        height=-0.05,
        supination=12.0,
        repeats=1.5,
        rhythm=0.15,
        beginning=0.8,
        pause=1.0,
        recoil=0.12,
        idle=0.9,
        fingers=0.75,
        sympathy=0.3,
    ),
    "lively": replace(
        _NEUTRAL,
        kinds={"beat": 2, "open_beat": 3, "present": 3, "container": 1.4, "sweep": 1.6, "point_out": 0.8, "self": 0.6}
        | {"refuse": 0.7, "wag": 0.5, "count": 0.5, "ring": 0.3, "chop": 0.5, "fist": 0.4, "bunch": 0.3}
        | {"point_across": 0.5, "point_up": 0.6, "point_you": 0.5, "point_down": 0.3, "all": 0.8, "cut": 0.5}
        | {"big": 0.8, "small": 0.3, "welcome": 0.6, "shrug": 0.7, "thumb_up": 0.2, "wave": 0.25, "past": 0.5}
        | {"future": 0.5},
        shapes={"spread": 1.5, "open": 2, "relaxed": 1.5, "cupped": 0.5},
        rests={"sides": 2, "clasped": 1.5, "hip": 1.5, "belly": 1},
        strokes_per_minute=88,
        amplitude=2.25,
        tempo=1.3,
        both_hands=0.62,
        space=1.4,
        raised=0.07,
        height=0.02,
        width=0.02,
        repeats=2.4,
        rhythm=0.15,
        accent=0.3,
        evenness=0.0,
        freedom=0.75,
        pause=2.2,
        recoil=0.32,
        idle=1.7,
        fingers=1.45,
        sympathy=0.95,
        shortest=2.8,
        longest=6.5,
    ),
    "emphatic": replace(
        _NEUTRAL,
        kinds={"chop": 3, "fist": 3, "beat": 1.2, "point_you": 1.6, "point_down": 1.2, "point_up": 0.7}
        | {"cut": 1.2, "refuse": 0.8, "point_out": 0.6, "container": 0.6, "all": 0.4, "count": 0.4, "sweep": 0.5},
        shapes={"fist": 2, "loose_fist": 2, "flat": 1},
        rests={"holding": 2, "hip": 1.5, "sides": 1.5, "clasped": 1},
        strokes_per_minute=59,
        amplitude=1.3,
        tempo=1.2,
        both_hands=0.38,
        space=1.0,
        raised=0.1,
        width=0.02,
        reach=0.03,
        supination=-10.0,
        repeats=3.2,
        rhythm=0.55,
        accent=3.5,
        evenness=0.5,
        freedom=0.15,
        recoil=0.4,
        idle=0.8,
        fingers=0.8,
        sympathy=0.35,
    ),
    "precise": replace(
        _NEUTRAL,
        kinds={"ring": 4, "bunch": 2.5, "count": 1.8, "small": 1.2, "chop": 0.7, "beat": 0.8, "point_down": 0.7}
        | {"container": 0.6, "point_up": 0.4, "point_out": 0.3, "future": 0.3},
        shapes={"ring": 2, "bunch": 1},
        rests={"clasped": 2, "belly": 2, "holding": 1},
        strokes_per_minute=50,
        amplitude=0.8,
        tempo=1.05,
        both_hands=0.22,
        space=0.75,
        raised=0.05,
        height=0.02,
        width=-0.03,
        repeats=3.0,
        rhythm=0.4,
        accent=1.0,
        evenness=0.85,
        freedom=0.1,
        recoil=0.2,
        idle=0.8,
        fingers=0.9,
        sympathy=0.25,
    ),
    "open": replace(
        _NEUTRAL,
        kinds={"present": 4, "open_beat": 3.5, "welcome": 1.5, "all": 1.2, "shrug": 1, "container": 1, "sweep": 1}
        | {"big": 0.8, "self": 0.6, "future": 0.5, "past": 0.3, "refuse": 0.2},
        shapes={"open": 3, "spread": 1},
        rests={"sides": 2.5, "clasped": 1},
        strokes_per_minute=42,
        amplitude=1.3,
        tempo=0.9,
        both_hands=0.88,
        space=1.15,
        raised=0.05,
        width=0.05,
        reach=0.02,
        supination=14.0,
        repeats=1.7,
        rhythm=0.15,
        beginning=1.2,
        recoil=0.2,
        idle=1.1,
        fingers=1.1,
        sympathy=0.5,
    ),
    "reserved": replace(
        _NEUTRAL,
        kinds={"beat": 5, "open_beat": 1.5, "small": 1, "container": 0.6, "self": 0.6, "count": 0.4, "ring": 0.4}
        | {"point_down": 0.4, "shrug": 0.3},
        shapes={"relaxed": 2, "soft": 2, "loose_fist": 0.6},
        rests={"holding": 3, "clasped": 2.5, "belly": 1},
        strokes_per_minute=25,
        amplitude=0.6,
        tempo=0.9,
        both_hands=0.2,
        space=0.55,
        raised=0.0,
        height=-0.09,
        width=-0.04,
        reach=-0.03,
        repeats=1.4,
        rhythm=0.3,
        accent=2.5,
        beginning=-0.8,
        pause=0.8,
        recoil=0.12,
        idle=0.6,
        fingers=0.6,
        sympathy=0.2,
    ),
}

# How plans to perform differ from those to learn from. A network evens out what it learned, so they go farther; and
# they keep nearer to the accents, but for the freest style, whose seeds would then be too much alike; they
# begin soon, and stay in no place for long.
_FREEST = MANNERS["lively"].freedom
PERFORMED: dict[str, Manner] = {
    name: replace(manner, freedom=min(manner.freedom**3 / _FREEST**2, manner.freedom), begins=2.0, stays=2.6)
    for name, manner in MANNERS.items()
}
PERFORMED["neutral"] = replace(
    PERFORMED["neutral"],
    strokes_per_minute=60.0,
    amplitude=1.95,
    tempo=1.35,
    both_hands=0.55,
    evenness=0.25,
    accent=2.0,
    raised_both=0.2,
    freedom=0.015,
    highest=0.0,
)
PERFORMED["lively"] = replace(
    PERFORMED["lively"],
    strokes_per_minute=124.0,
    amplitude=2.65,
    tempo=1.5,
    both_hands=0.6,
    space=1.8,
    raised=0.3,
    raised_both=0.2,
    freedom=0.9,
    stays=4.5,
    choices=8.0,
    highest=0.25,
)

_SHARES = ("kinds", "shapes", "rests")


def manner_of(weights: dict[str, float], manners: Mapping[str, Manner] = MANNERS) -> Manner:
    """The manner of one style, or one between several: numbers are averaged, choices have the mean frequencies.

    Args:
        weights: of styles by name, summing to 1.
        manners: of all styles by name: `MANNERS`, or `PERFORMED`.
    """
    mixed: dict[str, object] = {}
    for entry in fields(Manner):
        values = [(getattr(manners[name], entry.name), weight) for name, weight in weights.items()]
        if entry.name in _SHARES:
            shares = [({k: v / sum(table.values()) for k, v in table.items()}, weight) for table, weight in values]
            keys = dict.fromkeys(key for table, _ in shares for key in table)
            mixed[entry.name] = {key: sum(table.get(key, 0.0) * weight for table, weight in shares) for key in keys}
        else:
            mixed[entry.name] = sum(value * weight for value, weight in values)
    return Manner(**mixed)  # type: ignore[arg-type]
