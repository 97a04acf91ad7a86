# SPDX-License-Identifier: GPL-3.0-or-later
"""`Word`, and text as a row of words with the marks that were written between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from chironomy.speech.errors import SpeechError


@dataclass(frozen=True)
class Mark:
    """What an author wrote in square brackets: [point left].

    Attributes:
        text: what stands between the brackets.
        where: the file and the line, for messages; empty where brackets are usual for other things, such as [music] in
            captions.
    """

    text: str
    where: str = ""


@dataclass(frozen=True)
class Token:
    """A word of a text: as written, its punctuation at it, and the marks before it."""

    text: str
    marks: tuple[Mark, ...] = ()

    @property
    def bare(self) -> str:
        """In small letters, without what is neither letter, digit nor apostrophe inside it."""
        return bare(self.text)


@dataclass(frozen=True)
class Word:
    """A word of a recording.

    Attributes:
        text: as written, its punctuation at it.
        start: seconds at which it begins.
        end: seconds at which it ends.
        marks: what the author wrote in brackets before it; of the last word also what follows it.
        rough: whether its time was counted out, and may be half a second wrong, instead of being heard or written.
        fits: whether it sounds there as the word does, as far as anybody listened.
    """

    text: str
    start: float
    end: float
    marks: tuple[Mark, ...] = ()
    rough: bool = False
    fits: bool = True

    @property
    def bare(self) -> str:
        """In small letters, without what is neither letter, digit nor apostrophe inside it."""
        return bare(self.text)


_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_OUTSIDE = re.compile(r"^[\W_]+|[\W_]+$")
_PIECE = re.compile(r"\[([^\[\]]*)\]|\[|[^\s\[\]]+|\]")
# Written without spaces between words: each character is a word here.
_UNSPACED = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff][\u30fc]?|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


def bare(text: str) -> str:
    """A word in small letters, without the punctuation around it; apostrophes are straight."""
    return _OUTSIDE.sub("", unicodedata.normalize("NFC", text).translate(_QUOTES)).casefold()


def tokens_of(text: str, name: str = "", line: int = 1, *, strict: bool = False) -> list[Token]:
    """The words of a text with the marks between them.

    Args:
        text: any language.
        name: of its file, for messages.
        line: of the file at which the text begins, from 1.
        strict: brackets are the author's to the gestures; otherwise they may be anything.

    Raises:
        SpeechError: a bracket has no counterpart, or nothing stands in it, in a strict text.
    """
    tokens: list[Token] = []
    marks: list[Mark] = []
    for piece in _PIECE.finditer(text):
        found = piece.group()
        where = f"{name}, line {line + text.count(chr(10), 0, piece.start())}"
        if found in ("[", "]"):
            if strict:
                raise SpeechError(f"{where}: {found!r} has no counterpart; write a gesture as [point left]")
        elif piece[1] is not None and not piece[1].strip():
            if strict:
                raise SpeechError(f"{where}: nothing stands between the brackets; write a gesture as [point left]")
        elif piece[1] is not None:
            marks.append(Mark(" ".join(piece[1].split()), where if strict else ""))
        else:
            for part in _UNSPACED.findall(found):
                if bare(part):
                    tokens.append(Token(part, tuple(marks)))
                    marks = []
                elif tokens:  # a dash or an ellipsis by itself, and punctuation after a mark
                    last = tokens[-1]
                    tokens[-1] = Token(last.text + part, last.marks)
    if marks and tokens:
        tokens[-1] = Token(tokens[-1].text, (*tokens[-1].marks, *marks))
    return tokens


_SCRIPTS = (("ko", "[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]"), ("ja", "[\u3040-\u30ff]"), ("zh", "[\u3400-\u9fff]"))
# A few of the commonest words of each, none of them common in another of the list.
_COMMON = {
    "en": "the and of to is that it you for with this are we not have i my was",
    "de": "der und ist nicht ein eine ich zu mit das sie wir auf den es dass auch",
    "es": "el los las y es por con una para como pero más muy esta yo",
    "fr": "le les et est une pas vous je nous dans pour sur avec mais ce qui",
    "it": "il gli è che di una per non con sono della questo anche io",
    "pt": "os e um uma não com por mais como mas foi ele muito eu você",
    "nl": "het een en van ik niet dat op te met zijn voor maar wij ook",
}


def language_of(texts: Iterable[str]) -> str:
    """The language of some words as a two-letter code; of those in Latin letters English where nothing says otherwise.

    By the letters, and for a few European languages by their commonest words.
    """
    words = [bare(text) for text in texts]
    letters = "".join(words)
    for code, characters in _SCRIPTS:
        if len(re.findall(characters, letters)) > 0.3 * max(len(letters), 1):
            return code
    counts = {code: sum(word in common.split() for word in words) for code, common in _COMMON.items()}
    best = max(counts, key=lambda code: counts[code])
    return "en" if counts[best] <= counts["en"] else best
