# SPDX-License-Identifier: GPL-3.0-or-later
"""The strips of a score as geometry: how high the band of strips is, what lies under the pointer, and what a drag does.

Pixels are those of the timeline's region, counted from its lower left corner. Nothing here asks Blender anything.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

ROWS = {"left": (1, 2), "right": (0, 1), "both": (0, 2)}
"""The rows of a strip, counted from below: from one up to another."""

BOTTOM, GAP = 10.0, 1.0
"""Pixels below the band, where the region has its scroll bar, and between two rows; at a scale of 1, as all below."""

MARKERS, LEAST_ABOVE = 38.0, 60.0
"""Pixels below the band where the scene has markers, which Blender draws there, if so many are left above them."""

PART, SCRUB, KEYS = 0.6, 23.0, 22.0
"""How much the band takes at most of what the ruler, of so many pixels, leaves, and how many below the ruler it leaves
to the keys in any case: a click on the ruler goes to a frame, and keys are clicked above the band."""

LOWEST_ROW, HIGHEST_ROW, SLIM_ROW = 6.0, 18.0, 3.0
"""Of rows that are clicked, and of those that only show where something is gestured: in a timeline that is as low as
Blender has it at first, they end below the numbers of the frames."""

LOWEST_WAVE, HIGHEST_WAVE = 10.0, 36.0
WORDS = 12.0

NAMED_ROW = 9.0
"""Pixels of a row that has room for a name. In a band whose rows have less, a strip takes both of them where the other
hand does nothing meanwhile."""

EDGE, LEAST_MIDDLE = 6.0, 1.0 / 3.0
"""Pixels at either end of a strip that take hold of that end, and how much of a narrow strip is left to take it all."""


NAME_GAP = 4.0
"""Pixels from a strip's left end to its name."""


class Strip(NamedTuple):
    """A phrase as it is drawn.

    Attributes:
        first, last: frames.
        name: what is written on it.
        hands: "left", "right" or "both".
        chosen: whether it is the one in the panel.
        number: its place in the list of phrases.
        apexes: frames at which its strokes arrive.
        changed: whether it is not as the hands do it yet.
        alone: whether no strip of the other hand lies above or below it.
    """

    first: float
    last: float
    name: str
    hands: str
    chosen: bool
    number: int = 0
    apexes: tuple[float, ...] = ()
    changed: bool = False
    alone: bool = False


class Band(NamedTuple):
    """Where things lie above each other, from below: the sound's wave, its words, and a row for each hand.

    Attributes:
        wave: from one height up to another; where there is no room, behind the strips; equal where there is no sound.
        words: likewise; equal where there is no room.
        bottom: of the lower row.
        row: a row's height.
        gap: between rows, and between a strip's end and the next one.
        low: whether a row has no room for a name.
        slim: whether the strips are lines that take no clicks.
    """

    wave: tuple[float, float]
    words: tuple[float, float]
    bottom: float
    row: float
    gap: float
    low: bool = False
    slim: bool = False

    @property
    def top(self) -> float:
        """Where the keys begin."""
        return self.bottom + 2 * (self.row + self.gap)

    def rows(self, hands: str) -> tuple[float, float]:
        """Return from which height up to which the strips of these hands are."""
        low, high = (self.bottom + row * (self.row + self.gap) for row in ROWS[hands])
        return low, high - self.gap


class Box(NamedTuple):
    """A strip's corners."""

    left: float
    bottom: float
    right: float
    top: float


class Hit(NamedTuple):
    """What is under the pointer: the number of a phrase, and "first" or "last" at an end of it, else "whole"."""

    number: int
    part: str


def band(height: float, scale: float = 1.0, *, sound: bool = False, markers: bool = False, slim: bool = False) -> Band:
    """Return where things lie in a region so high; where there is little room, the wave lies behind the strips.

    Args:
        height: of the region, pixels.
        scale: pixels of a pixel, as Blender's interface is set to.
        sound: whether there is a wave to be drawn.
        markers: whether Blender draws any.
        slim: whether the strips are lines in any case, as over the channels of a dope sheet.
    """
    tall = height / scale
    lowest = MARKERS if markers and tall - MARKERS >= LEAST_ABOVE else BOTTOM
    least = 2 * (LOWEST_ROW + GAP)
    if slim or tall - SCRUB - KEYS - lowest < least:
        lowest = max(min(lowest, tall - SCRUB - GAP), 0.0)
        found = Band((0.0, 0.0), (0.0, 0.0), scale * (lowest + GAP), scale * SLIM_ROW, scale * GAP, low=True, slim=True)
        return found._replace(wave=(scale * lowest, found.top)) if sound else found
    room = max(PART * (tall - SCRUB - lowest + BOTTOM) - BOTTOM, least)
    room = min(room, tall - SCRUB - KEYS - lowest)
    narrow = not sound or room < least + LOWEST_WAVE
    row = min(max(0.5 * room - GAP if narrow else 0.25 * room, LOWEST_ROW), HIGHEST_ROW)
    left = room - 2 * (row + GAP)
    words = WORDS if sound and left >= LOWEST_WAVE + WORDS else 0.0
    wave = min(left - words, HIGHEST_WAVE) if sound and left - words >= LOWEST_WAVE else 0.0
    heights = [lowest, lowest + wave, lowest + wave + words]
    low, middle, high = (scale * each for each in heights)
    found = Band((low, middle), (middle, high), high + scale * GAP, scale * row, scale * GAP, row < NAMED_ROW)
    return found._replace(wave=(low, found.top)) if sound and not wave else found


def box(strip: Strip, within: Band, x_of: Callable[[float], float]) -> Box:
    """Return a strip's corners, `x_of` telling where a frame is."""
    alone = within.low and not within.slim and strip.alone
    bottom, top = within.rows("both" if alone else strip.hands)
    return Box(x_of(strip.first), bottom, x_of(strip.last) - within.gap, top)


def name_begin(left: float, strokes: Sequence[float], half: float, scale: float) -> float:
    """Return where a strip's name begins: beside the strokes that would cover its first letters.

    Args:
        left: what is seen of the strip begins.
        strokes: where they are.
        half: of a stroke's width.
        scale: as of `band`.
    """
    begin = left + NAME_GAP * scale
    for stroke in sorted(strokes):
        if begin - half < stroke < begin + half + NAME_GAP * scale:
            begin = stroke + half + NAME_GAP * scale / 2
    return begin


def hatching(corners: Box, step: float) -> list[tuple[float, float]]:
    """Return the ends of slanting lines, every other one the end of the one before, that fill a strip.

    Args:
        corners: of the strip.
        step: pixels between two lines.
    """
    left, bottom, right, top = corners
    height, ends = top - bottom, []
    count = int((right - left + height) / step) + 1
    for begin in (left - height + step * number for number in range(count)):
        low, high = max(begin, left), min(begin + height, right)
        if low < high:
            ends += [(low, bottom + low - begin), (high, bottom + high - begin)]
    return ends


def placed(strips: Sequence[Strip]) -> list[Strip]:
    """Return strips that know whether another one lies above or below them."""
    return [
        strip._replace(
            alone=not any(
                other.hands != strip.hands and other.first < strip.last and strip.first < other.last for other in strips
            )
        )
        for strip in strips
    ]


def in_order(strips: Sequence[Strip]) -> list[Strip]:
    """Return strips as they are drawn one over the other: the chosen one is on top."""
    return sorted(strips, key=lambda strip: strip.chosen)


def hit(strips: Sequence[Strip], within: Band, x_of: Callable[[float], float], x: float, y: float) -> Hit | None:
    """Return what of the strips lies at a point; None where none does, or where they take no clicks."""
    if within.slim:
        return None
    for strip in reversed(in_order(strips)):
        left, bottom, right, top = box(strip, within, x_of)
        if not (left <= x <= right and bottom <= y <= top):
            continue
        edge = min(EDGE * within.gap / GAP, 0.5 * (1.0 - LEAST_MIDDLE) * (right - left))
        part = "first" if x < left + edge else "last" if x > right - edge else "whole"
        return Hit(strip.number, part)
    return None


def dragged(
    first: int, last: int, part: str, frames: int, least: int, begin: int, end: int | None = None
) -> tuple[int, int]:
    """Return a phrase's first and last frame after it, or an end of it, was dragged.

    Args:
        first: before.
        last: before.
        part: of `Hit`.
        frames: how far.
        least: frames that it keeps from its first to its last.
        begin: the frame before which no phrase begins.
        end: the frame after which no phrase begins; None where there is none.
    """
    latest = max(end - least, begin) if end is not None else max(first + frames, begin)
    if part == "first":
        # What is shorter already, or begins earlier, is not made longer by a touch.
        return max(min(first + frames, last - min(least, last - first), latest), min(begin, first)), last
    if part == "last":
        return first, max(last + frames, first + min(least, last - first))
    moved = max(min(first + frames, max(latest, first)), min(begin, first)) - first
    return first + moved, last + moved
