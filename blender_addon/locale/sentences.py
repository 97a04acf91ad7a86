# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished English sentences in another language, by the templates that they were made of.

What fails says why in the library, which knows of no language and of no Blender; so a sentence is translated where it
is shown, by the template that it matches. A sentence of several clauses is translated when all of them can be.
"""

import re
from collections.abc import Callable, Iterable

PLACE = re.compile(r"\{(\d+)\}")
"""Where a name or a number stands in a template."""

CLAUSE = "; "

Patterns = list[tuple[re.Pattern[str], str]]


def patterns(templates: Iterable[str]) -> Patterns:
    """Return what recognises sentences made of the templates, those with the most words of their own first."""
    found = [template for template in templates if PLACE.search(template)]
    found.sort(key=lambda template: len(PLACE.sub("", template)), reverse=True)
    return [(_pattern(template), template) for template in found]


def translated(sentence: str, known: Patterns, parts: Patterns, translate: Callable[[str], str]) -> str:
    """Return a sentence as `translate` says it, or as it is where that does not know it.

    Args:
        sentence: in English, with names and numbers in it.
        known: of the templates of sentences.
        parts: of the templates of what stands in their places.
        translate: gives a template or a text without places in another language, or returns it as it is.
    """
    whole = _clause(sentence, known, parts, translate)
    if whole is not None:
        return whole
    clauses = [_clause(clause, known, parts, translate) for clause in sentence.split(CLAUSE)]
    said = [clause for clause in clauses if clause is not None]
    return CLAUSE.join(said) if len(said) == len(clauses) else sentence


def _clause(clause: str, known: Patterns, parts: Patterns, translate: Callable[[str], str]) -> str | None:
    exact = translate(clause)
    if exact != clause:
        return exact
    for pattern, template in known:
        match = pattern.fullmatch(clause)
        form = translate(template) if match else template
        if match and form != template:
            said = [translated(part, parts, parts, translate) for part in match.groups()]
            return _filled(form, said)
    return None


def _filled(template: str, parts: list[str]) -> str:
    return PLACE.sub(lambda place: parts[int(place[1])], template)


def _pattern(template: str) -> re.Pattern[str]:
    literals = PLACE.split(template)[::2]
    return re.compile("(.+?)".join(re.escape(literal) for literal in literals), re.DOTALL)
