# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manual lists is what there is: kinds of gesture, hand shapes and marks, neither more nor fewer."""

import re
from pathlib import Path

from chironomy.gesture.meaning.marks import MARKS
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import KINDS

MANUAL = (Path(__file__).parents[2] / "docs" / "gestures.md").read_text(encoding="utf-8")
LISTS = [re.findall(r"`([^`]+)`", block) for block in re.findall(r"(?:^ *> .*\n)+", MANUAL, re.MULTILINE)]


def test_the_manual_lists_every_kind_and_every_hand_shape_in_order():
    assert LISTS[0] == list(KINDS)
    assert LISTS[1] == list(SHAPES)


def test_the_manual_lists_every_mark_that_is_not_a_kinds_own_name():
    listed = {mark.strip("[]") for mark in LISTS[2]}
    counts = {name for name in MARKS if name.startswith("count ")}
    own = {kind.replace("_", " ") for kind in KINDS} | {"rest"}
    assert {"count 1", "count 5", "count one", "count five"} <= listed
    assert listed | counts == set(MARKS) - (own - {"point left", "point right"})
    assert "`[rest]`" in MANUAL
    assert "`[none]`" in MANUAL
