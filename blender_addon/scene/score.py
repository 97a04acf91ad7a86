# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of a take: its gesture phrases, as a list to edit, and what is made anew where they were edited.

A take's action carries its score as JSON (`chironomy.score/1`). The scene mirrors the phrases of the take that is shown
in properties, which a person edits; *Apply Score* compares the two and lets the surroundings of what differs be made
anew. What was edited and is not applied stays with its take while another one is shown.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bpy.types import Action, Object, Scene

from chironomy.errors import ChironomyError
from chironomy.gesture.change import Range, changed_ranges
from chironomy.gesture.score.merge import giving_way, retimed
from chironomy.gesture.score.phrases import FIELDS, REST, Phrase, Score, Stroke
from chironomy.motion import HANDS

from ..entries import ChironomyPhrase
from ..properties import settings
from ..rig.hand_keys import shown_action
from ..rig.owned import Only
from ..rig.read import scene_fps
from .speech import speech_start

SCORE_PROPERTY = "chironomy_score"
"""A custom property of a take's action: its score, as JSON."""

UNAPPLIED_PROPERTY = "chironomy_score_edits"
"""Likewise, the phrases as they are in the list where that is not what the score says, as JSON."""

LENGTH, BEFORE = 1.4, 0.5
"""Seconds that a phrase has that a person adds, and how long before its stroke it begins."""

_SAME_SIZE = 1e-6
"""Metres by which sizes may differ and are the same."""


def score_of(action: Action | None) -> Score | None:
    """Return the score that a take carries; None where it has none."""
    try:
        return Score.from_dict(json.loads(action[SCORE_PROPERTY])) if action is not None else None
    except (KeyError, ValueError, TypeError, ChironomyError):
        return None


def keep_score(action: Action, score: Score | None) -> None:
    """Let a take carry a score; None takes the one that it has away, and either forgets edits of the one before."""
    forget_edits(action)
    if score is not None:
        action[SCORE_PROPERTY] = json.dumps(score.to_dict())
    elif SCORE_PROPERTY in action:
        del action[SCORE_PROPERTY]


def mirror(scene: Scene, action: Action | None, edits: bool = True) -> None:
    """List the phrases of a take for a person to edit.

    Args:
        scene: whose list it is.
        action: the take's; None for an empty list.
        edits: whether what was edited before and is not applied is kept with the take that was listed, and listed again
            for this one; else both are forgotten.
    """
    chosen, score = settings(scene), score_of(action)
    if edits:
        keep_edits(scene)
    else:
        forget_edits(action)
    chosen.phrases.clear()
    chosen.phrases_of = action
    again = _listed_again(scene, action, score)
    for values in _usual(scene, score) if again is None else again:
        _list(scene, values, score)
    choose(scene, min(chosen.phrase_index, max(len(chosen.phrases) - 1, 0)))


def keep_edits(scene: Scene) -> None:
    """Let the take that is listed carry what was edited in the list and is not applied."""
    chosen = settings(scene)
    action = chosen.phrases_of
    if action is None or action.library is not None:
        return
    if edit_count(scene):
        phrases = [{name: getattr(item, name) for name in _EDITED} for item in chosen.phrases]
        kept = {"begin": speech_start(scene), "fps": scene_fps(scene), "phrases": phrases}
        action[UNAPPLIED_PROPERTY] = json.dumps(kept)
    else:
        forget_edits(action)


def forget_edits(action: Action | None) -> None:
    """Let a take carry nothing that was edited and is not applied."""
    if action is not None and UNAPPLIED_PROPERTY in action:
        del action[UNAPPLIED_PROPERTY]


def edit_count(scene: Scene, locks: bool = True) -> int:
    """Return how many phrases of the list are added, gone or not as the take that is shown has them.

    Args:
        scene: whose list it is.
        locks: whether those count that are locked or not, and else the same: there is nothing of that to be applied.
    """
    names = [name for name in _EDITED if locks or name != "locked"]
    chosen = settings(scene)
    usual = {values["number"]: values for values in _usual(scene, score_of(chosen.phrases_of))}
    changed = 0
    for item in chosen.phrases:
        before = usual.pop(item.number, None)
        changed += before is None or any(
            abs(getattr(item, name) - before[name]) > _SAME_SIZE
            if name == "size"
            else getattr(item, name) != before[name]
            for name in names
        )
    return changed + len(usual)


def is_changed(item: ChironomyPhrase) -> bool:
    """Whether the hands do not do a listed phrase as it is in the list."""
    if item.number < 0 or abs(item.size - item.was_size) > _SAME_SIZE:
        return True
    names = ("first", "last", "kind", "hands")
    # What an earlier version listed remembers no kind.
    return bool(item.was_kind) and any(getattr(item, name) != getattr(item, f"was_{name}") for name in names)


def has_edits(scene: Scene, action: Action | None) -> bool:
    """Whether phrases of a take were edited and are not applied."""
    if action is None or settings(scene).phrases_of != action:
        return action is not None and UNAPPLIED_PROPERTY in action
    return edit_count(scene, locks=False) > 0


def follow(scene: Scene, action: Action | None, change: Callable[[Score], Score]) -> None:
    """Let the score of a take, and what of it was edited and is not applied, follow an edit of what the hands do.

    Args:
        scene: whose list may show it.
        action: the take's.
        change: gives the score after the edit.
    """
    score = score_of(action)
    if action is None or score is None:
        return
    after = change(score)
    if after == score:
        return
    listed = settings(scene).phrases_of == action

    def followed(phrase: Phrase | None) -> Phrase | None:
        made = () if phrase is None else change(replace(score, phrases=(phrase,))).phrases
        return max(made, key=lambda each: each.end - each.start, default=None)

    edits: list[tuple[Phrase | None, Phrase | None]] = []
    if listed and edit_count(scene):
        gone = {number for number, phrase in enumerate(score.phrases) if phrase.kind != REST}
        for item in settings(scene).phrases:
            before = score.phrases[item.number] if item.number >= 0 else None
            edits.append((before, _phrase(scene, item, before)))
            gone.discard(item.number)
        edits += [(score.phrases[number], None) for number in sorted(gone)]
    keep_score(action, after)
    if not listed:
        return
    mirror(scene, action, edits=False)
    for before, edited in edits:
        if edited != before:
            _edit_again(scene, after, followed(before), followed(edited))


def _edit_again(scene: Scene, score: Score, was: Phrase | None, now: Phrase | None) -> None:
    """Edit the list once more: one phrase of the score becomes another, is added or taken out."""
    listed = settings(scene).phrases
    found = [
        index for index, item in enumerate(listed) if item.number >= 0 and was and score.phrases[item.number] == was
    ]
    if now is None:
        for index in found:
            listed.remove(index)
        return
    values = _values(scene, now, -1)
    if not found:
        _list(scene, values | {"stroke": now.strokes[0].apex if now.strokes else now.start}, None)
        return
    for name in ("first", "last", "kind", "hands", "size", "locked"):
        setattr(listed[found[0]], name, values[name])


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
    made = [_as_decided(scene, item, score.phrases[item.number] if item.number >= 0 else None) for item in listed]
    late = [phrase for phrase in made if phrase.start > score.seconds]
    if late:
        raise ChironomyError(f"a phrase begins after the speech's end at {score.seconds:.1f} s; move it back")
    whole = replace(score, phrases=tuple(sorted([*rests, *gone, *made], key=lambda phrase: phrase.start)))
    added = [phrase for phrase, item in zip(made, listed, strict=True) if item.number < 0]
    touched = [*added, *(phrase for phrase in made if phrase not in score.phrases and phrase not in added)]
    # A hand does one phrase at a time, and what somebody has just placed is where it is meant to be.
    return giving_way(whole, touched) if touched else whole


def decided(scene: Scene, item: Object | None) -> Score | None:
    """Return, as the hands do them, the phrases of the take that a character shows that a person chose or locked.

    What a script marks is the script's. None where there are none.
    """
    action = shown_action(item) if item is not None else None
    score, chosen = score_of(action), settings(scene)
    if score is None:
        return None
    found = {number: phrase for number, phrase in enumerate(score.phrases) if _is_decided(phrase)}
    for listed in chosen.phrases if chosen.phrases_of == action else ():
        if 0 <= listed.number < len(score.phrases) and listed.locked != listed.was_locked:
            found.pop(listed.number, None)
            if listed.locked:
                found[listed.number] = _sure(score.phrases[listed.number])
    phrases = tuple(found[number] for number in sorted(found) if found[number].kind != REST)
    return replace(score, phrases=phrases) if phrases else None


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
    item = _list(scene, _values(scene, phrase, -1) | {"stroke": at}, None)
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


_EDITED = ("number", "first", "last", "kind", "hands", "size", "locked", "stroke", "word")
"""What is kept of a phrase in the list."""

_REMEMBERED = ("first", "last", "kind", "hands", "size", "locked")
"""What of it is remembered as the score has it."""


def _values(scene: Scene, phrase: Phrase, number: int) -> dict[str, Any]:
    """Return a phrase as the list shows it."""
    begin, fps = speech_start(scene), scene_fps(scene)
    return {
        "number": number,
        "first": round(begin + phrase.start * fps),
        "last": round(begin + phrase.end * fps),
        "kind": phrase.kind or REST,
        "hands": phrase.hands or "both",
        "size": phrase.size or 0.0,
        "locked": any(phrase.state(name) == "locked" for name in FIELDS),
        "stroke": 0.0,
        "word": phrase.word,
    }


def _usual(scene: Scene, score: Score | None) -> list[dict[str, Any]]:
    """Return the phrases of a score as the list shows them."""
    phrases = score.phrases if score is not None else ()
    return [_values(scene, phrase, number) for number, phrase in enumerate(phrases) if phrase.kind != REST]


def _listed_again(scene: Scene, action: Action | None, score: Score | None) -> list[dict[str, Any]] | None:
    """Return the phrases as they were in the list of a take, where they were edited."""
    if action is None or score is None or UNAPPLIED_PROPERTY not in action:
        return None
    try:
        kept = json.loads(action[UNAPPLIED_PROPERTY])
        begin, fps, now, rate = kept["begin"], kept["fps"], speech_start(scene), scene_fps(scene)
        made: list[dict[str, Any]] = []
        for values in kept["phrases"]:
            if not -1 <= values["number"] < len(score.phrases) or values.keys() != set(_EDITED):
                return None
            first, last = (round(now + (values[name] - begin) * rate / fps) for name in ("first", "last"))
            made.append(values | {"first": first, "last": last})
        return made
    except (KeyError, ValueError, TypeError, AttributeError, ZeroDivisionError):
        return None


def _list(scene: Scene, values: Mapping[str, Any], score: Score | None) -> ChironomyPhrase:
    """Add a phrase to the list, and remember how the score has it."""
    item = settings(scene).phrases.add()
    for name, value in values.items():
        setattr(item, name, value)
    number = values["number"]
    was = values if number < 0 or score is None else _values(scene, score.phrases[number], number)
    for name in _REMEMBERED:
        setattr(item, f"was_{name}", was[name])
    strokes = score.phrases[number].strokes if number >= 0 and score is not None else (Stroke(item.stroke),)
    item.apexes = " ".join(f"{stroke.apex:.4f}" for stroke in strokes)
    return item


def _is_decided(phrase: Phrase) -> bool:
    """Whether a person chose or locked a phrase: a script locks no size."""
    return phrase.states.get("size") == "locked"


def _sure(phrase: Phrase) -> Phrase:
    """Return a phrase with everything of it locked."""
    return replace(phrase, states=dict.fromkeys(FIELDS, "locked"))


def _as_decided(scene: Scene, item: ChironomyPhrase, before: Phrase | None) -> Phrase:
    """Return the phrase that a listed one stands for; what a person changed is theirs, if they do not unlock it."""
    phrase = _phrase(scene, item, before)
    unlocked = item.was_locked and not item.locked
    same = before is not None and replace(phrase, states={}) == replace(before, states={})
    return phrase if same or unlocked else _sure(phrase)


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
    if abs(item.size - item.was_size) > _SAME_SIZE:
        phrase = replace(phrase, size=item.size or None)
    if item.locked != any(phrase.state(name) == "locked" for name in FIELDS):
        phrase = _sure(phrase) if item.locked else replace(phrase, states={})
    return phrase
