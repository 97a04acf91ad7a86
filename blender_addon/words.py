# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on says, in the language that Blender is set to."""

import functools
from collections.abc import Callable

from bpy.app import translations

from .locale import ANY, OPERATOR, OWN
from .locale.ko import KOREAN
from .locale.sentences import Patterns, patterns, translated

LANGUAGES = {"ko_KR": KOREAN}


def register() -> None:
    """Give Blender the translations."""
    translations.register(__package__, LANGUAGES)


def unregister() -> None:
    """Take them away."""
    translations.unregister(__package__)


def label(template: str, **values: object) -> str:
    """Return the text of a label, in Blender's language, with the values in its places {name}."""
    return translations.pgettext_iface(template).format(**values)


def word(name: str) -> str:
    """Return a word of the add-on's own, such as a kind of gesture, in Blender's language."""
    return translations.pgettext_iface(name, OWN)


def told(sentence: object) -> str:
    """Return a sentence as a part of others, in Blender's language; as it is where there is no translation."""
    return _sentence(str(sentence), translations.pgettext_rpt)


def sentence(text: object) -> str:
    """Return a report, or a sentence as it stands in a panel: in Blender's language, with a capital first."""
    return _begun(told(text))


def tip(sentence: object) -> str:
    """Return why a button is grey, which stands in its tooltip, likewise."""
    return _begun(_sentence(str(sentence), translations.pgettext_tip))


def _begun(said: str) -> str:
    """Give a sentence its capital, where it does not begin with the name of a file or of a bone."""
    first, *_ = said.split(maxsplit=1) or [""]
    return said[:1].upper() + said[1:] if first.rstrip(",:;").replace("'", "").isalpha() else said


def _sentence(sentence: str, translate: Callable[..., str]) -> str:
    if translations.locale not in LANGUAGES:
        return sentence

    def anywhere(text: str) -> str:
        return next((said for context in (ANY, OPERATOR, OWN) if (said := translate(text, context)) != text), text)

    language = translations.locale
    return translated(sentence, _patterns(language, ANY), _patterns(language, OWN), anywhere)


@functools.cache
def _patterns(language: str, context: str) -> Patterns:
    return patterns(text for place, text in LANGUAGES[language] if place == context)
