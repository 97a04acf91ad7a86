# SPDX-License-Identifier: GPL-3.0-or-later
"""What authors write between brackets: [point left], [count 3], [big], [wave left hand], [none], [rest].

Left and right are the speaker's own.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from chironomy.gesture.errors import GestureError
from chironomy.gesture.meaning.table import Show
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST
from chironomy.speech.words import Mark

NONE = "none"
"""Nothing is proposed from here to the end of the clause."""

FINGERS: tuple[str, ...] = ("point", "two", "three", "four", "spread")
"""Hand shapes that count, from one finger on."""

_NUMBERS = ("one", "two", "three", "four", "five")

MARKS: Mapping[str, Show] = {
    "point left": Show("point_out", "left"),
    "point right": Show("point_out", "right"),
    "left": Show("point_out", "left"),
    "right": Show("point_out", "right"),
    "up": Show("point_up"),
    "down": Show("point_down"),
    "here": Show("point_down"),
    "you": Show("point_you"),
    "me": Show("self"),
    "stop": Show("refuse"),
    "no": Show("wag", "right"),
    "hello": Show("wave", "right"),
    "approve": Show("thumb_up", "right"),
    **{f"count {number}": Show("count", None, shape) for number, shape in enumerate(FINGERS, 1)},
    **{f"count {number}": Show("count", None, FINGERS[at]) for at, number in enumerate(_NUMBERS)},
    **{kind.replace("_", " "): Show(kind) for kind in KINDS},
    REST: Show(REST),
}
"""What can be written, by what it shows; beside it a hand: "left hand", "right hand" or "both hands"."""

_HANDS = {"left hand": "left", "right hand": "right", "both hands": "both"}
# The left hand points to its own side out, the right hand across.
_ACROSS = {("point left", "right"), ("point right", "left"), ("left", "right"), ("right", "left")}


def shown(mark: Mark) -> Show | None:
    """The gesture that a mark asks for; None for one that is none of ours, in a text where brackets are usual.

    Raises:
        GestureError: an author's mark is unknown; the sentence names the file and the line.
    """
    text = mark.text.casefold().replace("_", " ")
    hands = None
    for name, hand in _HANDS.items():
        if text.endswith(f" {name}"):
            text, hands = text.removesuffix(f" {name}"), hand
    show = MARKS.get(text)
    if show is None:
        if not mark.where:
            return None
        first = text.partition(" ")[0]
        alike = [name for name in MARKS if name.startswith(f"{first} ")]
        if alike:
            hint = f"of {first} there are {', '.join(f'[{name}]' for name in alike)}"
        elif close := difflib.get_close_matches(text, [*MARKS, NONE], n=1):
            hint = f"did you mean [{close[0]}]?"
        else:
            hint = f"known are {', '.join((*MARKS, NONE))}"
        raise GestureError(f"{mark.where}: [{mark.text:.40}] is no gesture; {hint}")
    if hands is None:
        return show
    return Show("point_across" if (text, hands) in _ACROSS else show.kind, hands, show.shape)
