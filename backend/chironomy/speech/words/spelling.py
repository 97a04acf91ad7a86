# SPDX-License-Identifier: GPL-3.0-or-later
"""English as it is spoken: numbers and signs in words, and a guess at how an unknown word sounds."""

from __future__ import annotations

import re
import unicodedata

from chironomy.speech.words.word import bare

_SMALL, _TENS = (
    names.split()
    for names in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "zero ten twenty thirty forty fifty sixty seventy eighty ninety",
    )
)
_GROUPS = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_SIGNS = {
    "&": "and",
    "%": "percent",
    "+": "plus",
    "=": "equals",
    "@": "at",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
}
_PART = re.compile(r"\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th)?\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*'?|[&%+=@$€£]")


def spoken(text: str) -> list[str]:
    """What is said for one written word: "21st" is twenty-first, "well-known" two words."""
    words: list[str] = []
    for part in _PART.findall(bare(text) if bare(text).isalpha() else text.casefold().replace("’", "'")):
        if part[0].isdigit():
            words += _number(part)
        else:
            words.append(_SIGNS[part] if part in _SIGNS else part.rstrip("'"))
    if words and words[0] in ("dollars", "euros", "pounds"):
        words.append(words.pop(0))
    return words


def _number(part: str) -> list[str]:
    ordinal = part[-2:] in ("st", "nd", "rd", "th")
    digits = part[:-2] if ordinal else part
    whole, _, fraction = digits.replace(",", "").partition(".")
    if len(whole) > 12:
        return [_SMALL[int(digit)] for digit in whole]
    value = int(whole)
    if len(whole) == 4 and "," not in digits and not fraction and 1100 <= value < 2000 and value % 100:
        words = [*_cardinal(value // 100), *(["oh"] if value % 100 < 10 else []), *_cardinal(value % 100)]
    else:
        words = _cardinal(value)
    if ordinal:
        last = words[-1]
        words[-1] = _ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return words + (["point", *(_SMALL[int(digit)] for digit in fraction)] if fraction else [])


def _cardinal(value: int) -> list[str]:
    for size, name in _GROUPS:
        if value >= size:
            rest = value % size
            return [*_cardinal(value // size), name, *(_cardinal(rest) if rest else [])]
    if value < 20:
        return [_SMALL[value]]
    return [_TENS[value // 10], *([_SMALL[value % 10]] if value % 10 else [])]


# Enough to hold a name's place in an alignment; no dictionary.
_SOUNDS = {
    "tion": "SH AH N", "sch": "SH", "tch": "CH", "igh": "AY", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "ck": "K",
    "ng": "NG", "qu": "K W", "wh": "W", "kn": "N", "wr": "R", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW",
    "ow": "OW", "ai": "EY", "ay": "EY", "oa": "OW", "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "ie": "IY",
    "ei": "EY", "ey": "IY", "er": "ER", "ir": "ER", "ur": "ER", "ar": "AA R", "or": "AO R", "a": "AE", "b": "B",
    "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M",
    "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S",
    "y": "IY", "z": "Z",
}  # fmt: skip


def guessed_sounds(word: str) -> str:
    """Phones (ARPABET, as in pocketsphinx's dictionary) that an unknown English word may have; never empty."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    letters = re.sub(r"([^aeo])\1", r"\1", "".join(letter for letter in plain if "a" <= letter <= "z"))
    if len(letters) > 3 and letters.endswith("e"):
        letters = letters[:-1]
    sounds: list[str] = []
    at = 0
    while at < len(letters):
        found = next(length for length in (4, 3, 2, 1) if letters[at : at + length] in _SOUNDS)
        sounds.append(_SOUNDS[letters[at : at + found]])
        at += found
    return " ".join(sounds) or "AH"
