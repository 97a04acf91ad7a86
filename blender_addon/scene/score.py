# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a take: its gesture phrases, as a list to edit, and what is made anew where they were edited.

A take's action carries its score as JSON (`chironomy.score/1`). The scene mirrors the phrases of the take that is shown
in properties, which a person edits; *Apply Score* compares the two and lets the surroundings of what differs be made
anew. Edits that are not applied yet stay with their take while another one is shown.
"""

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from bpy.types import Action, Scene

from chironomy.errors import ChironomyError
from chironomy.gesture.change import Range, changed_ranges
from chironomy.gesture.score.merge import retimed
from chironomy.gesture.score.phrases import FIELDS, REST, Phrase, Score, Stroke
from chironomy.motion import HANDS

from ..properties import ChironomyPhrase, settings
from ..rig.owned import Only
from ..rig.read import scene_fps
from .speech import speech_start

SCORE_PROPERTY = "chironomy_score"
"""A custom property of a take's action: its score, as JSON."""

EDITS_PROPERTY = "chironomy_score_edits"
"""Another one: its phrases as a person has edited them and not applied, as JSON."""

_LISTED = (
    "number", "kind", "hands", "first", "last", "size", "locked", "word", "stroke", "apexes",
    "was_first", "was_last", "was_size",
)  # fmt: skip
"""What is kept of a listed phrase."""

_FRAMES = ("first", "last", "was_first", "was_last")

LENGTH, BEFORE = 1.4, 0.5
"""Seconds that a phrase has that a person adds, and how long before its stroke it begins."""


def score_of(action: Action | None) -> Score | None:
    """Return the score that a take carries; None where it has none."""
    try:
        return Score.from_dict(json.loads(action[SCORE_PROPERTY])) if action is not None else None
    except (KeyError, ValueError, TypeError, ChironomyError):
        return None


def keep_score(action: Action, score: Score | None) -> None:
    """Let a take carry a score; None takes the one that it has away. Edits of the score before go with it."""
    drop_edits(action)
    if score is not None:
        action[SCORE_PROPERTY] = json.dumps(score.to_dict())
    elif SCORE_PROPERTY in action:
        del action[SCORE_PROPERTY]


def mirror(scene: Scene, action: Action | None) -> None:
    """List the phrases of a take, as it carries them or as a person left them, for a person to edit."""
    chosen, score = settings(scene), score_of(action)
    if chosen.phrases_of is not None and chosen.phrases_of != action:
        keep_edits(scene)
    chosen.phrases.clear()
    chosen.phrases_of = action
    for number, phrase in enumerate(score.phrases if score is not None else ()):
        if phrase.kind == REST:
            continue
        _list(scene, phrase, number)
    if action is not None and score is not None and EDITS_PROPERTY in action:
        _list_again(scene, action)
    choose(scene, min(chosen.phrase_index, max(len(chosen.phrases) - 1, 0)))


def keep_edits(scene: Scene) -> None:
    """Let the take whose phrases are listed carry them as they are now, where they are not as its score has them."""
    action, score = settings(scene).phrases_of, score_of(settings(scene).phrases_of)
    if action is None or action.library is not None or score is None:
        return
    if is_edited(scene, score):
        action[EDITS_PROPERTY] = edits_of(scene)
    else:
        drop_edits(action)


def drop_edits(action: Action, only: str | None = None) -> None:
    """Let a take forget what was edited and not applied; where `only` is given, these edits alone."""
    if EDITS_PROPERTY in action and only in (None, action[EDITS_PROPERTY]):
        del action[EDITS_PROPERTY]


def edits_of(scene: Scene) -> str:
    """Return the listed phrases as JSON; their frames count from the speech's beginning at a frame rate."""
    phrases = [{name: getattr(item, name) for name in _LISTED} for item in settings(scene).phrases]
    return json.dumps({"begin": speech_start(scene), "fps": scene_fps(scene), "phrases": phrases})


def is_edited(scene: Scene, score: Score) -> bool:
    """Whether the listed phrases are not as a score has them."""
    try:
        return edited(scene, score) != replace(score, phrases=tuple(sorted(score.phrases, key=_start)))
    except ChironomyError:
        # What cannot be done was edited, too.
        return True


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
    return replace(score, phrases=tuple(sorted([*rests, *gone, *made], key=_start)))


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


def apex_frames(scene: Scene, item: ChironomyPhrase) -> tuple[float, ...]:
    """Return the frames at which the strokes of a listed phrase arrive, where it lies now."""
    begin, fps = speech_start(scene), scene_fps(scene)
    apexes = [float(each) * fps + begin for each in item.apexes.split()]
    if item.number < 0:
        return tuple(min(max(apex, item.first), item.last) for apex in apexes)
    length = item.was_last - item.was_first
    pace = (item.last - item.first) / length if length > 0 else 1.0
    return tuple(item.first + (apex - item.was_first) * pace for apex in apexes)


def _start(phrase: Phrase) -> float:
    return phrase.start


def _list_again(scene: Scene, action: Action) -> None:
    """List the phrases of a take as a person left them; where that cannot be read, they stay as they are listed."""
    try:
        kept = json.loads(action[EDITS_PROPERTY])
        begin, fps = int(kept["begin"]), float(kept["fps"])
        listed = [{name: phrase[name] for name in _LISTED} for phrase in kept["phrases"]]
        now, rate = speech_start(scene), scene_fps(scene)
        for phrase in listed:
            phrase.update({name: round(now + (phrase[name] - begin) * rate / fps) for name in _FRAMES})
    except (ValueError, TypeError, KeyError, ZeroDivisionError):
        return
    chosen = settings(scene)
    chosen.phrases.clear()
    for phrase in listed:
        item = chosen.phrases.add()
        for name, value in phrase.items():
            # What another version knew is left as it is by default.
            with suppress(TypeError, ValueError):
                setattr(item, name, value)


def _list(scene: Scene, phrase: Phrase, number: int) -> ChironomyPhrase:
    begin, fps = speech_start(scene), scene_fps(scene)
    item = settings(scene).phrases.add()
    item.number = number
    item.first, item.last = round(begin + phrase.start * fps), round(begin + phrase.end * fps)
    item.was_first, item.was_last = item.first, item.last
    item.kind, item.hands = phrase.kind or REST, phrase.hands or "both"
    item.size = item.was_size = phrase.size or 0.0
    item.word = phrase.word
    item.apexes = " ".join(f"{stroke.apex:.4f}" for stroke in phrase.strokes)
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
