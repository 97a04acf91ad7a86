# SPDX-License-Identifier: GPL-3.0-or-later
"""A score for the words of a recording: the clearest meanings on stressed words, sparingly, and what authors marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chironomy.gesture.meaning.marks import NONE, shown
from chironomy.gesture.meaning.table import Show, Table, find
from chironomy.gesture.meaning.tables import TABLES
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.score import REST, Phrase, Score, Stroke
from chironomy.gesture.score.check import SHORTEST_PHRASE, SOONEST_STROKE
from chironomy.speech.words import Mark, Word, language_of

MOST_A_MINUTE = 12.0
"""Gestures with a meaning that are proposed a minute at the most; most of what hands do in talk is beat and rhythm."""

_APART = 2.2  # seconds between the apexes of two proposed gestures
_LEAST = 0.3  # of clearness and stress together
_LIST = 15.0  # seconds in which one thing of a list follows the other, at most
_SOON = 90.0  # seconds in which the same gesture again says less, and one of the same kind a little less
_WEARS, _ALIKE = 0.55, 0.85
_BEGUN = 1.3  # what was begun on the fingers, or on one side, goes on there
_SERIES = ("count", "present", "point_out")
_APART_IN_SERIES = 1.2
_PREPARED = 0.5  # seconds from setting out to the stroke
_RELEASED = 0.4
_HOLD = 0.25
_COUNT_HOLD = 0.5
_STAYS_UP = 3.0  # seconds at the most that fingers stay up until the next count
_SEEN = 0.3  # seconds from an apex until the hand may set out for the next gesture
_TO_AND_FRO = ("wag", "wave")  # one way alone is not seen as what they mean
_WAYS, _EACH_WAY = 3, 0.5  # how often they go, and seconds from one to the next
_SOONEST = 0.6  # seconds from the beginning of the recording until a hand can be anywhere
_AFTER = 0.3  # seconds after its word that a gesture may come, and still be taken for it
_EARLY = 0.08  # seconds before its word that an accent may lie and still be its


class _Candidate(NamedTuple):
    apex: float
    until: float
    show: Show
    worth: float
    word: str
    mark: Mark | None = None

    @property
    def locked(self) -> bool:
        """Whether the author marked it."""
        return self.mark is not None


def propose(
    words: Sequence[Word],
    seconds: float,
    accents: tuple[ArrayLike, ArrayLike] | None = None,
    language: str | None = None,
) -> Score:
    """What hands may show of these words, as phrases that are proposed, and as locked ones where the author marked it.

    Args:
        words: of the recording, in order (`chironomy.speech.words`).
        seconds: how long the recording is.
        accents: seconds at which accented syllables begin, and their strengths in 0..1
            (`chironomy.speech.accents.accent_onsets`, `pitch_accents`).
        language: two letters; told by the words when None. Of a language without a table the marks alone are taken.

    Returns:
        A score whose phrases do not overlap. The `remarks` in its source, where it has any, are sentences about marks
        that are left out or hardly seen, and about a language without a table.

    Raises:
        GestureError: an author's mark is unknown.
    """
    language = language or language_of(word.text for word in words)
    times, strengths = (np.zeros(0), np.zeros(0)) if accents is None else (np.asarray(part) for part in accents)
    remarks: list[str] = []
    marked, silenced = _marked(words, times, strengths, remarks)
    table = TABLES.get(language)
    if table is None:
        remarks.append(
            f"the words are taken to be of the language {language!r:.20}, which has no table of meanings (there are "
            f"{', '.join(TABLES)}): of such a script the marks in brackets alone are proposed"
        )
    meant = [] if table is None else _meant(words, table, times, strengths, silenced)
    chosen = _chosen(marked, meant, seconds)
    source = {"made_by": "words", "language": language}
    phrases = _phrases(chosen, seconds, remarks)
    return Score(phrases, seconds, {**source, "remarks": remarks} if remarks else source)


def _marked(
    words: Sequence[Word], times: NDArray[np.float64], strengths: NDArray[np.float64], remarks: list[str]
) -> tuple[list[_Candidate], set[int]]:
    """What the author marked, and the numbers of the words on which nothing else is to be shown."""
    marked: list[_Candidate] = []
    silenced: set[int] = set()
    for index, word in enumerate(words):
        last = index
        while last + 1 < len(words) and not _closes(words[last]) and not words[last + 1].marks:
            last += 1
        if any(mark.text.casefold() == NONE for mark in word.marks):
            silenced.update(range(index, last + 1))
        gesture, rest = _of_word(word, remarks)
        if gesture is not None:
            silenced.add(index)
            apex, _ = _stress(word, times, strengths)
            marked.append(_Candidate(apex, word.end, *gesture))
        if rest is not None:
            silenced.update(range(index, last + 1))
            begin = word.start if gesture is None else word.end + _RELEASED
            marked.append(_Candidate(begin, max(words[last].end, begin + SHORTEST_PHRASE), *rest))
    return marked, silenced


_Marked = tuple[Show, float, str, Mark]


def _of_word(word: Word, remarks: list[str]) -> tuple[_Marked | None, _Marked | None]:
    """The gesture that is marked at a word, and the rest from it on; what is marked beside it is remarked on."""
    shows = [
        (show, 1.0, word.text, mark)
        for mark in word.marks
        if mark.text.casefold() != NONE and (show := shown(mark)) is not None
    ]
    gestures = [each for each in shows if each[0].kind != REST]
    rests = [number for number, each in enumerate(shows) if each[0].kind == REST]
    # A rest before a gesture has no time of its own; one after it has.
    after = [number for number in rests if not gestures or shows[number - 1 : number] == [gestures[-1]]]
    kept = [*gestures[-1:], *(shows[number] for number in after[:1])]
    lost = [each for each in shows if each not in kept]
    if lost:
        remarks.append(
            f"{_named(lost[0][3])} and {_named(kept[-1][3], short=True)} stand before the same word, "
            f"{word.text!r:.40}: the first is left out; write it before a word of its own"
        )
    return (gestures[-1] if gestures else None), (shows[after[0]] if after else None)


def _named(mark: Mark, short: bool = False) -> str:
    return f"[{mark.text:.40}]" if short or not mark.where else f"{mark.where}: [{mark.text:.40}]"


def _closes(word: Word) -> bool:
    return word.text.rstrip("\"'”’»)").endswith(tuple(".!?;:,…。！？、，"))


def _meant(
    words: Sequence[Word],
    table: Table,
    times: NDArray[np.float64],
    strengths: NDArray[np.float64],
    silenced: set[int],
) -> list[_Candidate]:
    """What the table finds in the words."""
    meant: list[_Candidate] = []
    for found in find(words, table):
        meaning = found.meaning
        if meaning.show is None or (found.negated and not meaning.stands):
            continue
        if silenced.intersection(range(found.first, found.last + 1)):
            continue
        word = words[found.stressed]
        apex, strength = _stress(word, times, strengths)
        apex = max(apex, _SOONEST)
        if apex > word.end + _AFTER:
            continue
        worth = meaning.clear * (0.55 + 0.45 * strength)
        text = " ".join(word.text for word in words[found.first : found.last + 1])
        meant.append(_Candidate(apex, word.end, meaning.show, worth, text))
    return meant


def _stress(word: Word, times: NDArray[np.float64], strengths: NDArray[np.float64]) -> tuple[float, float]:
    """When the stroke of a word arrives, and how strongly the word is stressed, 0..1."""
    early = 2 * _EARLY if word.rough else _EARLY
    near = np.flatnonzero((times >= word.start - early) & (times <= max(word.end, word.start + 0.1)))
    if len(near):
        best = near[np.argmax(strengths[near])]
        return float(times[best]), float(strengths[best])
    return word.start + 0.25 * (word.end - word.start), 0.0


def _chosen(marked: list[_Candidate], meant: list[_Candidate], seconds: float) -> list[_Candidate]:
    """All that is marked, and the best of what is meant: far enough apart, not too many, seldom the same again."""
    chosen = list(marked)
    gestures = [candidate for candidate in marked if candidate.show.kind != REST]
    most = max(1, int(MOST_A_MINUTE * seconds / 60))
    waiting = list(meant)
    while waiting and len(gestures) < most:
        worths = [_worth(candidate, gestures) for candidate in waiting]
        best = int(np.argmax(worths))
        if worths[best] < _LEAST:
            break
        candidate = waiting.pop(best)
        if _free(candidate, chosen):
            chosen.append(candidate)
            gestures.append(candidate)
    return sorted(chosen, key=lambda candidate: candidate.apex)


def _worth(candidate: _Candidate, gestures: list[_Candidate]) -> float:
    near = [other for other in gestures if abs(other.apex - candidate.apex) < _SOON]
    again = sum(other.show == candidate.show for other in near)
    alike = sum(other.show.kind == candidate.show.kind for other in near if other.show != candidate.show)
    begun = not again and any(
        _one_series(candidate, other) and abs(other.apex - candidate.apex) < _LIST for other in near
    )
    return candidate.worth * _WEARS**again * (_BEGUN if begun else _ALIKE**alike)


def _one_series(one: _Candidate, other: _Candidate) -> bool:
    """Whether two gestures answer each other: fingers that count, and one side and the other."""
    return one.show.kind == other.show.kind in _SERIES and one.show != other.show


def _free(candidate: _Candidate, chosen: list[_Candidate]) -> bool:
    """Whether there is room for it, and no minute becomes too full."""
    for other in chosen:
        if other.show.kind == REST and other.apex - _RELEASED < candidate.apex < other.until + _PREPARED:
            return False
        apart = _APART_IN_SERIES if _one_series(candidate, other) else _APART
        if abs(other.apex - candidate.apex) < apart:
            return False
    apexes = np.sort([other.apex for other in chosen if other.show.kind != REST] + [candidate.apex])
    within = np.searchsorted(apexes, apexes + 60.0) - np.arange(len(apexes))
    return int(within.max()) <= MOST_A_MINUTE


def _phrases(chosen: list[_Candidate], seconds: float, remarks: list[str]) -> tuple[Phrase, ...]:
    """Phrases that follow one another; where two are near, the first lets go when the second sets out."""
    phrases: list[Phrase] = []
    for index, candidate in enumerate(chosen):
        show, apex = candidate.show, min(candidate.apex, seconds)
        following = next(iter(chosen[index + 1 :]), None)
        states = dict.fromkeys(("kind", "hands", "shape", "strokes"), "locked") if candidate.locked else {}
        after = seconds if following is None else _sets_out(apex, following)
        before = phrases[-1].end if phrases else 0.0
        if show.kind == REST:
            begin = float(np.clip(apex, before, seconds))
            end = float(np.clip(min(candidate.until, after), begin, seconds))
            if end - begin >= SHORTEST_PHRASE:
                phrases.append(Phrase(begin, end, kind=REST, states={"kind": "locked"}, word=candidate.word))
            elif candidate.mark is not None:
                remarks.append(f"{_named(candidate.mark)} has {end - begin:.2g} s, too little to rest, and is left out")
            continue
        apexes = [apex]
        while show.kind in _TO_AND_FRO and len(apexes) < _WAYS and apexes[-1] + _EACH_WAY <= min(after, seconds):
            apexes.append(apexes[-1] + _EACH_WAY)
        room = max(after - apexes[-1], 0.0)
        hold = min(_COUNT_HOLD if show.kind == "count" else _HOLD, room)
        if following is not None and show.kind == following.show.kind == "count" and room <= _STAYS_UP:
            hold = room  # fingers that count stay up until the next one
        start = float(np.clip(apex - _stroke_seconds(show) - _PREPARED, min(before, apex), apex))
        end = float(np.clip(min(apexes[-1] + hold + _RELEASED, max(after, apex)), apexes[-1], seconds))
        states = {name: state for name, state in states.items() if name == "strokes" or getattr(show, name) is not None}
        phrases.append(
            Phrase(
                round(start, 3),
                round(end, 3),
                tuple(
                    Stroke(round(float(np.clip(at, start, end)), 3), round(hold, 3) if at == apexes[-1] else 0.0)
                    for at in apexes
                ),
                kind=show.kind,
                hands=show.hands,
                shape=show.shape,
                states=states,
                word=candidate.word,
            )
        )
        if candidate.mark and following and following.mark and following.apex - apex < _SEEN + SOONEST_STROKE:
            remarks.append(
                f"{_named(candidate.mark)} and {_named(following.mark, short=True)} are {following.apex - apex:.2g} s "
                f"apart, so that the first is hardly seen; leave {_SEEN + SOONEST_STROKE:.2g} s or more between them"
            )
    return tuple(phrases)


def _sets_out(apex: float, following: _Candidate) -> float:
    """Seconds at which a hand sets out for what follows: in good time, but after what arrives at `apex` was seen."""
    soon = following.apex - _stroke_seconds(following.show) - 0.1
    return max(soon, min(apex + _SEEN, following.apex - SOONEST_STROKE))


def _stroke_seconds(show: Show) -> float:
    return 0.0 if show.kind == REST else KINDS[show.kind].stroke_seconds
