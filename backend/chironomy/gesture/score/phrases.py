# SPDX-License-Identifier: GPL-3.0-or-later
"""`Score`, in memory and as a JSON file `chironomy.score/1`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from chironomy.files import atomic_path
from chironomy.gesture.errors import GestureError
from chironomy.gesture.repertoire.hand_shapes import SHAPES
from chironomy.gesture.repertoire.kinds import KINDS
from chironomy.gesture.settings import HANDEDNESS
from chironomy.reading import as_json
from chironomy.schema import Schema

SCORE_FILE = Schema("chironomy.score", "a score", GestureError, "mend it, or write another by chironomy score")

REST = "rest"
"""The kind of a phrase in which nothing is gestured: it has no strokes."""

FIELDS: tuple[str, ...] = ("kind", "hands", "shape", "place", "size", "strokes")
"""What of a phrase can be free, proposed or locked, each by itself."""

STATES: tuple[str, ...] = ("free", "proposed", "locked")
"""Free: the model chooses, whatever value stands there. Proposed: the model is told, and what is made anew may differ.
Locked: the model is told, and it stays as it is when other things are made anew."""

LONGEST_SECONDS = 86400.0
FARTHEST = 2.0
"""Metres that a place may lie from the middle of the shoulders, and that a stroke may be long."""


@dataclass(frozen=True)
class Stroke:
    """One stroke of a phrase.

    Attributes:
        apex: seconds at which the hand arrives.
        hold: seconds that it is held after that.
    """

    apex: float
    hold: float = 0.0


@dataclass(frozen=True)
class Phrase:
    """One gesture phrase: a kind of gesture with its strokes, from preparation to release.

    Attributes:
        start: seconds at which the hand sets out for it.
        end: seconds at which it lets go.
        strokes: in order; none for `REST`, and none where the model chooses.
        kind: a name of `repertoire.kinds.KINDS`, `REST`, or None where nobody has said.
        hands: "left", "right" or "both".
        shape: a name of `repertoire.hand_shapes.SHAPES`.
        place: metres in the frame of the body: where the wrist of the hand is at the first apex; of both hands the
            person's right one.
        size: metres between where its strokes begin and end, on average.
        states: a state for each of `FIELDS` that is not as usual: what has a value is proposed, what has none is free.
        word: what is said there, for whoever reads the score.

    Raises:
        GestureError: a value cannot be; the sentence names it.
    """

    start: float
    end: float
    strokes: tuple[Stroke, ...] = ()
    kind: str | None = None
    hands: str | None = None
    shape: str | None = None
    place: tuple[float, float, float] | None = None
    size: float | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    word: str = ""

    def __post_init__(self) -> None:
        _number("start", self.start, 0, LONGEST_SECONDS)
        _number("end", self.end, self.start, LONGEST_SECONDS)
        last = self.start
        for stroke in self.strokes:
            _number("apex", stroke.apex, last, self.end)
            _number("hold", stroke.hold, 0, LONGEST_SECONDS)
            last = stroke.apex
        if self.kind == REST and self.strokes:
            raise GestureError(f"the rest at {self.start:g} s has strokes; give it another kind or none")
        for name, known in (("kind", (*KINDS, REST)), ("hands", HANDEDNESS), ("shape", tuple(SHAPES))):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise GestureError(f"{name} is {as_json(value)}; choose one of {', '.join(known)}")
        if self.place is not None:
            if len(self.place) != 3:
                raise GestureError(f"place has {len(self.place)} numbers; give 3: x, y and z in metres")
            for value in self.place:
                _number("place", value, -FARTHEST, FARTHEST)
        if self.size is not None:
            _number("size", self.size, 0, FARTHEST)
        for name, state in self.states.items():
            if name not in FIELDS or state not in STATES:
                raise GestureError(
                    f"states says {name!r:.40}: {state!r:.40}; give {', '.join(FIELDS)} one of {', '.join(STATES)}"
                )

    def state(self, name: str) -> str:
        """The state of one of `FIELDS`; what has no value is free."""
        if getattr(self, name) in (None, ()) and not (name == "strokes" and self.kind == REST):
            return "free"
        return self.states.get(name, "proposed")


@dataclass(frozen=True)
class Score:
    """What both hands do in a recording.

    Attributes:
        phrases: in the order in which they start; those of one hand may lie beside those of the other.
        seconds: how long the recording is.
        source: where it comes from: enough to make it again.

    Raises:
        GestureError: the phrases are not in order, or lie beyond the end.
    """

    phrases: tuple[Phrase, ...]
    seconds: float
    source: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _number("seconds", self.seconds, 0, LONGEST_SECONDS)
        starts = [phrase.start for phrase in self.phrases]
        if starts != sorted(starts):
            raise GestureError("the phrases of the score are not in the order in which they start; sort them")
        late = [phrase for phrase in self.phrases if phrase.start > self.seconds]
        if late:
            raise GestureError(
                f"a phrase starts at {late[0].start:g} s, after the score's end at {self.seconds:g} s; "
                "make seconds longer or leave the phrase out"
            )

    def save(self, path: str | Path) -> None:
        """Write the JSON file; it appears when it is complete."""
        text = json.dumps({"format": SCORE_FILE.format, **self.to_dict()}, indent=1, ensure_ascii=False)
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in the file, without its format; what has no value is left out."""
        phrases = []
        for phrase in self.phrases:
            said = {entry.name: getattr(phrase, entry.name) for entry in fields(phrase)}
            said["strokes"] = [{"apex": stroke.apex, "hold": stroke.hold} for stroke in phrase.strokes]
            said["states"] = dict(phrase.states)
            said["place"] = None if phrase.place is None else list(phrase.place)
            phrases.append({name: value for name, value in said.items() if value not in (None, "", {}, [], ())})
        return {"seconds": self.seconds, "source": dict(self.source), "phrases": phrases}

    @classmethod
    def load(cls, source: str | Path | bytes, name: str = "") -> Score:
        """Read the JSON file.

        Raises:
            GestureError: by one sentence that names the file and the field.
        """
        where = name or ("the score" if isinstance(source, bytes) else str(source))
        if not isinstance(source, bytes) and not Path(source).exists():
            raise GestureError(f"{where} does not exist; check the path of the score")
        return cls.from_dict(SCORE_FILE.read_json(source, name=name), where)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "the score") -> Score:
        """The score of plain data as of `to_dict`.

        Raises:
            GestureError: by one sentence that names `where` and the field.
        """
        listed, source = values.get("phrases"), values.get("source", {})
        if not isinstance(listed, list):
            raise GestureError(f'{where} has no list of phrases; give "phrases": [], with what is gestured in it')
        if not isinstance(source, dict):
            raise GestureError(f"{where}: source is {as_json(source)}; give an object, or leave it out")
        unknown = sorted(set(values) - {"format", "seconds", "source", "phrases"})
        if unknown:
            raise GestureError(f"{where} has a field {unknown[0]!r:.40}; known are format, phrases, seconds and source")
        if "seconds" not in values:
            raise GestureError(f"{where} has no seconds; give the length of the recording")
        phrases = []
        for number, said in enumerate(listed):
            try:
                phrases.append(_phrase(said))
            except GestureError as error:
                raise GestureError(f"{where}, phrase {number + 1}: {error}") from None
        try:
            return cls(tuple(phrases), values["seconds"], source)
        except GestureError as error:
            raise GestureError(f"{where}: {error}") from None


def with_rests(score: Score, least: float = 0.8) -> Score:
    """The score of a whole motion with a rest wherever no hand gestures for so many seconds."""
    rests, reached = [], 0.0
    for start, end in [*((phrase.start, phrase.end) for phrase in score.phrases), (score.seconds, score.seconds)]:
        if start - reached >= least:
            rests.append(Phrase(reached, start, kind=REST, hands="both"))
        reached = max(reached, end)
    return replace(score, phrases=tuple(sorted((*score.phrases, *rests), key=lambda phrase: phrase.start)))


_KNOWN = {entry.name for entry in fields(Phrase)}


def _phrase(said: Any) -> Phrase:
    if not isinstance(said, dict):
        raise GestureError(f"it is {as_json(said)}, not an object with start and end")
    unknown = sorted(set(said) - _KNOWN)
    if unknown:
        raise GestureError(f"it has a field {unknown[0]!r:.40}; known are {', '.join(sorted(_KNOWN))}")
    for name in ("start", "end"):
        if name not in said:
            raise GestureError(f"it has no {name}; give seconds")
    values = dict(said)
    strokes = values.pop("strokes", [])
    if not isinstance(strokes, list) or not all(
        isinstance(stroke, dict) and "apex" in stroke and set(stroke) <= {"apex", "hold"} for stroke in strokes
    ):
        raise GestureError(f'strokes is {as_json(strokes)}; give a list such as [{{"apex": 1.2, "hold": 0.3}}]')
    if not isinstance(values.get("states", {}), dict):
        raise GestureError(f"states is {as_json(values['states'])}; give an object of field and state")
    for name in ("kind", "hands", "shape", "word"):
        if not isinstance(values.get(name, ""), str):
            raise GestureError(f"{name} is {as_json(values[name])}; give a text")
    place = values.pop("place", None)
    if place is not None and not isinstance(place, list):
        raise GestureError(f"place is {as_json(place)}; give 3 numbers: x, y and z in metres")
    return Phrase(
        values.pop("start"),
        values.pop("end"),
        tuple(Stroke(stroke["apex"], stroke.get("hold", 0.0)) for stroke in strokes),
        place=None if place is None else tuple(place),  # type: ignore[arg-type]
        **values,
    )


def _number(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise GestureError(f"{name} is {as_json(value)}; give a number from {low:g} to {high:g}")
