# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a take: its gesture phrases, as a list to edit, and what is made anew where they were edited.

A take's action carries its score as JSON (`chironomy.score/1`). The scene mirrors the phrases of the take that is shown
in properties, which a person edits; *Apply Score* compares the two and lets the surroundings of what differs be made
anew.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import replace

from bpy.types import Action, Scene

from chironomy.errors import ChironomyError
from chironomy.gesture.change import Range, changed_ranges
from chironomy.gesture.score.merge import giving_way, retimed
from chironomy.gesture.score.phrases import FIELDS, REST, Phrase, Score, Stroke
from chironomy.motion import HANDS

from ..properties import ChironomyPhrase, settings
from ..rig.owned import Only
from ..rig.read import scene_fps
from .speech import speech_start

SCORE_PROPERTY = "chironomy_score"
"""A custom property of a take's action: its score, as JSON."""

LENGTH, BEFORE = 1.4, 0.5
"""Seconds that a phrase has that a person adds, and how long before its stroke it begins."""


def score_of(action: Action | None) -> Score | None:
    """Return the score that a take carries; None where it has none."""
    try:
        return Score.from_dict(json.loads(action[SCORE_PROPERTY])) if action is not None else None
    except (KeyError, ValueError, TypeError, ChironomyError):
        return None


def keep_score(action: Action, score: Score | None) -> None:
    """Let a take carry a score; None takes the one that it has away."""
    if score is not None:
        action[SCORE_PROPERTY] = json.dumps(score.to_dict())
    elif SCORE_PROPERTY in action:
        del action[SCORE_PROPERTY]


def mirror(scene: Scene, action: Action | None) -> None:
    """List the phrases of a take, as it carries them, for a person to edit."""
    chosen, score = settings(scene), score_of(action)
    chosen.phrases.clear()
    chosen.phrases_of = action
    for number, phrase in enumerate(score.phrases if score is not None else ()):
        if phrase.kind == REST:
            continue
        _list(scene, phrase, number)
    choose(scene, min(chosen.phrase_index, max(len(chosen.phrases) - 1, 0)))


def choose(scene: Scene, index: int) -> None:
    """Mark a phrase in the list; the playhead stays where it is."""
    chosen = settings(scene)
    chosen.phrases_quiet = True
    chosen.phrase_index = index
    chosen.phrases_quiet = False


def edited(scene: Scene, score: Score) -> Score:
    """Return a score as a person has edited its phrases.

    Args:
        scene: its list of phrases.
        score: that the list was made of.

    Raises:
        ChironomyError: a phrase cannot be so; the sentence tells why.
    """
    listed = list(settings(scene).phrases)
    rests = [phrase for phrase in score.phrases if phrase.kind == REST]
    left = {item.number for item in listed}
    gone = [
        Phrase(phrase.start, phrase.end, kind=REST, hands=phrase.hands)
        for number, phrase in enumerate(score.phrases)
        if phrase.kind != REST and number not in left
    ]
    made = [_phrase(scene, item, score.phrases[item.number] if item.number >= 0 else None) for item in listed]
    late = [phrase for phrase in made if phrase.start > score.seconds]
    if late:
        raise ChironomyError(f"a phrase begins after the speech's end at {score.seconds:.1f} s; move it back")
    whole = replace(score, phrases=tuple(sorted([*rests, *gone, *made], key=lambda phrase: phrase.start)))
    added = [phrase for phrase, item in zip(made, listed, strict=True) if item.number < 0]
    touched = [*added, *(phrase for phrase in made if phrase not in score.phrases and phrase not in added)]
    # A hand does one phrase at a time, and what somebody has just placed is where it is meant to be.
    return giving_way(whole, touched) if touched else whole


def differing(scene: Scene, action: Action | None) -> list[Range]:
    """Return what would be made anew for the edited phrases of the take that is shown.

    Raises:
        ChironomyError: as `edited` does.
    """
    score = score_of(action)
    listed = settings(scene).phrases_of == action
    return changed_ranges(score, edited(scene, score)) if score is not None and listed else []


def add_phrase(scene: Scene, frame: int, kind: str, hands: str) -> ChironomyPhrase:
    """Add a phrase whose stroke arrives at a frame; it is made when the score is applied."""
    at = max((frame - speech_start(scene)) / scene_fps(scene), 0.0)
    start = max(at - BEFORE, 0.0)
    phrase = Phrase(start, start + LENGTH, (Stroke(at, 0.3),), kind=kind, hands=hands)
    item = _list(scene, phrase, -1)
    item.stroke = at
    choose(scene, len(settings(scene).phrases) - 1)
    return item


def only_of(scene: Scene, ranges: Iterable[Range], seconds: float) -> list[Only]:
    """Return ranges of seconds as frames of the scene and hands.

    Args:
        scene: gives the frame rate and where the speech begins.
        ranges: in the speech.
        seconds: how long the speech is; a range up to an end of it has none there.
    """
    begin, fps = speech_start(scene), scene_fps(scene)
    made = []
    for start, end, hands in ranges:
        first = -math.inf if start * fps < 1.0 else float(round(begin + start * fps - 1.0))
        last = math.inf if (seconds - end) * fps < 1.0 else float(round(begin + end * fps))
        made.append(Only(first, last, tuple(HANDS.index(hand) for hand in hands)))
    return made


def _list(scene: Scene, phrase: Phrase, number: int) -> ChironomyPhrase:
    begin, fps = speech_start(scene), scene_fps(scene)
    item = settings(scene).phrases.add()
    item.number = number
    item.first, item.last = round(begin + phrase.start * fps), round(begin + phrase.end * fps)
    item.was_first, item.was_last = item.first, item.last
    item.kind, item.hands = phrase.kind or REST, phrase.hands or "both"
    item.size = item.was_size = phrase.size or 0.0
    item.word = phrase.word
    item.locked = any(phrase.state(name) == "locked" for name in FIELDS)
    return item


def _phrase(scene: Scene, item: ChironomyPhrase, before: Phrase | None) -> Phrase:
    """Return the phrase that a listed one stands for."""
    begin, fps = speech_start(scene), scene_fps(scene)
    if item.last <= item.first:
        raise ChironomyError(f"the phrase {item.kind} at frame {item.first} ends before it begins; give it a later end")
    if item.last <= begin:
        raise ChironomyError(f"the phrase {item.kind} ends at frame {item.last}, before the speech begins; move it on")
    start, end = (item.first - begin) / fps, (item.last - begin) / fps
    if before is None:
        phrase = Phrase(max(start, 0.0), end, (Stroke(min(max(item.stroke, start), end), 0.3),), hands=item.hands)
    elif (item.first, item.last) != (item.was_first, item.was_last):
        phrase = retimed(before, max(start, 0.0), end)
    else:
        phrase = before
    if phrase.kind != item.kind:
        # Another kind has its own shape, place and size, if nothing else is asked for.
        phrase = replace(phrase, kind=item.kind, shape=None, place=None, size=None)
    if phrase.hands != item.hands:
        phrase = replace(phrase, hands=item.hands, place=None)
    if abs(item.size - item.was_size) > 1e-6:
        phrase = replace(phrase, size=item.size or None)
    if item.locked != any(phrase.state(name) == "locked" for name in FIELDS):
        states = {name: "locked" for name in FIELDS if phrase.state(name) != "free"} if item.locked else {}
        phrase = replace(phrase, states=states)
    return phrase
