# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table of meanings is, and where in a text its sayings stand.

A saying is a row of words: "on the *left". The star is before the word on which the stroke falls (the last one where
there is none); "left|right" is either; "turn~" begins so; "~" alone is any one word; "$" is the end of a clause. Of
sayings at one place the longest counts, so that an idiom that shows nothing ("you know") silences the word in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from chironomy.speech.words import Word


class Show(NamedTuple):
    """A gesture without its time: what a phrase of a score says of it.

    Attributes:
        kind: of `repertoire.kinds.KINDS`, or `score.REST`.
        hands: "left", "right" or "both"; None leaves it open.
        shape: of the hand; None leaves it to the kind.
    """

    kind: str
    hands: str | None = None
    shape: str | None = None


class Meaning(NamedTuple):
    """What some sayings mean to the hands.

    Attributes:
        show: the gesture; None where the sayings show nothing.
        clear: how clearly the gesture belongs to them, 0..1.
        stands: it is also right where the sentence is negated: one points to oneself in "not me".
        says: the sayings, apart by semicolons.
    """

    show: Show | None
    clear: float
    stands: bool
    says: str


@dataclass(frozen=True)
class Table:
    """The meanings of one language.

    Attributes:
        meanings: of one place the longest saying counts, of equally long ones the first.
        negates: words that negate what follows, to the end of the clause.
        negates_next: likewise of the next two words alone.
        negates_before: words that negate what stands before them in the clause.
        negates_not: sayings that hold such words and negate nothing.
        parts: words with which a clause begins.
        closes: endings of words with which a clause ends.
    """

    meanings: tuple[Meaning, ...]
    negates: str
    negates_next: str = ""
    negates_before: str = ""
    negates_not: str = ""
    parts: str = ""
    closes: tuple[str, ...] = ()

    @cached_property
    def sayings(self) -> list[tuple[list[str], int, Meaning]]:
        """Each saying as its words, the place of the stressed one, and what it means; longest first."""
        found: list[tuple[list[str], int, Meaning]] = []
        for meaning in self.meanings:
            for saying in meaning.says.split(";"):
                parts = saying.split()
                spoken = [index for index, part in enumerate(parts) if part != "$"]
                starred = [index for index, part in enumerate(parts) if part.startswith("*")]
                found.append(([part.lstrip("*") for part in parts], (starred or spoken[-1:])[0], meaning))
        return sorted(found, key=lambda entry: -len(entry[0]))


class Found(NamedTuple):
    """A saying in a text.

    Attributes:
        first, last: numbers of its words, the last included.
        stressed: number of the word on which the stroke falls.
        meaning: what it means.
        negated: the sentence says that it is not so.
    """

    first: int
    last: int
    stressed: int
    meaning: Meaning
    negated: bool


_ENDS = tuple(".!?;:,…。！？、，)—–")


def find(words: Sequence[Word], table: Table) -> list[Found]:
    """The sayings of a text in order, also those that show nothing, each word in one of them at most."""
    bare = [word.bare for word in words]
    ends = [_ends(word, words[index + 1 : index + 2], table) for index, word in enumerate(words)]
    negated = _negated(bare, ends, table)
    found: list[Found] = []
    at = 0
    while at < len(bare):
        match = next((entry for entry in table.sayings if _stands(entry[0], at, bare, ends)), None)
        if match is None:
            at += 1
            continue
        parts, star, meaning = match
        length = len(parts) - (parts[-1] == "$")
        stressed = at + star
        found.append(Found(at, at + length - 1, stressed, meaning, negated[stressed]))
        at += length
    return found


def _stands(parts: Sequence[str], at: int, bare: Sequence[str], ends: Sequence[bool]) -> bool:
    for offset, part in enumerate(parts):
        place = at + offset
        if part == "$":
            return ends[place - 1]
        if place >= len(bare) or not any(_is(bare[place], choice) for choice in part.split("|")):
            return False
        if ends[place] and offset + 1 < len(parts) and parts[offset + 1] != "$":
            return False  # a saying does not go on over the end of a clause
    return True


def _is(word: str, choice: str) -> bool:
    return word.startswith(choice[:-1]) if choice.endswith("~") else word == choice


def _ends(word: Word, following: Sequence[Word], table: Table) -> bool:
    """Whether a clause ends with this word."""
    return (
        not following
        or word.text.rstrip("\"'”’»)").endswith(_ENDS)
        or following[0].bare in table.parts.split()
        or (bool(table.closes) and word.bare.endswith(table.closes))
    )


def _negated(bare: Sequence[str], ends: Sequence[bool], table: Table) -> list[bool]:
    """For each word whether something negates it."""
    negated = [False] * len(bare)
    idioms = [saying.split() for saying in table.negates_not.split(";") if saying.strip()]
    harmless = {
        at + offset
        for at in range(len(bare))
        for idiom in idioms
        if list(bare[at : at + len(idiom)]) == idiom
        for offset in range(len(idiom))
    }
    for at, word in enumerate(bare):
        if at in harmless:
            continue
        if any(_is(word, choice) for choice in table.negates.split()):
            last = at
            while not ends[last]:
                last += 1
            negated[at : last + 1] = [True] * (last + 1 - at)
        elif word in table.negates_next.split():
            for index in range(at, min(at + 3, len(bare))):
                negated[index] = True
                if ends[index]:
                    break
        if any(_is(word, choice) for choice in table.negates_before.split()):
            first = at
            while first > 0 and not ends[first - 1]:
                first -= 1
            negated[first : at + 1] = [True] * (at + 1 - first)
    return negated
