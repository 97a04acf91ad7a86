# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on says in other languages than English: plain data, a folder a language.

A table has the English text and where it is used, Blender's context, as its key. `ANY` is Blender's own default, and
`OPERATOR` that of buttons. `OWN` is for words that mean another thing elsewhere in Blender, whose translation would be
taken before ours. In sentences {0}, {1} … stand for names and numbers, in the order of the English ones; what is said
of those is among `OWN`. In labels they have names.
"""

ANY, OPERATOR, OWN = "*", "Operator", "Chironomy"

Table = dict[tuple[str, str], str]


def table(**groups: dict[str, str]) -> Table:
    """Make a table of groups by context: `any`, `operator` and `own`."""
    contexts = {"any": ANY, "operator": OPERATOR, "own": OWN}
    return {(contexts[name], text): said for name, texts in groups.items() for text, said in texts.items()}
