# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts, captions and transcripts of other programs, read as passages: text, and when it is said where that is known.

Plain text (.txt and others), SubRip (.srt), WebVTT (.vtt), Praat's TextGrid and the JSON that Whisper and its relatives
write. A file that is damaged gives one sentence with its name and the line.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from chironomy.reading import as_json, read_json
from chironomy.speech.errors import SpeechError

LARGEST_TEXT = 16 << 20
"""Bytes that a script may have."""

_LONGEST = 86400.0


@dataclass(frozen=True)
class Passage:
    """Some text of a recording.

    Attributes:
        text: as written; one word or many.
        start: seconds at which it begins, where that is known.
        end: likewise.
        line: of the file where it begins, from 1.
        written: somebody wrote it for the gestures, so that its brackets are meant.
        place: where in the file it stands, such as "segment 2", where lines say nothing.
    """

    text: str
    start: float | None = None
    end: float | None = None
    line: int = 1
    written: bool = False
    place: str = ""


@dataclass(frozen=True)
class Transcript:
    """What a file says: its passages in order, and its language (two letters) where it tells."""

    passages: tuple[Passage, ...]
    language: str | None = None


def read_transcript(path: str | Path, name: str = "") -> Transcript:
    """Read a script or transcript, by its ending, or by how it begins where the ending says nothing.

    Args:
        path: the file.
        name: what to call it in messages; its path by default.

    Raises:
        SpeechError: by one sentence that names the file and the line.
    """
    path, name = Path(path), name or str(path)
    ending = _ending(path)
    if path.suffix.casefold() in _DOCUMENTS and path.is_file():
        raise SpeechError(f"{name} is a document, not plain text; save what is said as plain text (.txt)")
    if ending == ".json":
        return _whisper(read_json(path, SpeechError, name=name, maximum_bytes=LARGEST_TEXT), name)
    text = _text(path, name)
    if ending not in _READERS:
        if not text.strip():
            raise SpeechError(f"{name} has no text; write what is said in the recording")
        return Transcript((Passage(text, written=True),))
    passages = _READERS[ending](text, name)
    return Transcript(tuple(sorted(passages, key=lambda passage: passage.start or 0.0)))


def _ending(path: Path) -> str:
    """The ending of a file of its kind: .json, .srt, .vtt, .textgrid, or .txt."""
    ending = path.suffix.casefold()
    if ending in (".json", *_READERS) or not path.is_file():
        return ending
    with path.open("rb") as stream:
        begins = stream.read(400)
    wide = begins[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = begins.decode("utf-16" if wide else "utf-8-sig", "ignore").lstrip()
    return next((kind for kind, begin in _BEGINS.items() if re.match(begin, text)), ".txt")


_DOCUMENTS = (".doc", ".docx", ".odt", ".pages", ".rtf", ".pdf", ".htm", ".html", ".xhtml")

_BEGINS = {
    ".vtt": "WEBVTT",
    ".textgrid": r'File type\s*=\s*"ooTextFile',
    ".json": r"\{\s*\"|\[\s*\{",
    ".srt": r"\d+\s*\n\s*\d\d:\d\d:\d\d",
}


def _text(path: Path, name: str) -> str:
    if path.is_dir():
        raise SpeechError(f"{name} is a folder; give a script such as script.txt")
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_TEXT + 1)
    except FileNotFoundError as error:
        raise SpeechError(f"{name} does not exist; check the path of the script") from error
    except OSError as error:
        raise SpeechError(f"{name} cannot be read ({error.strerror or error}); check the file") from error
    if len(data) > LARGEST_TEXT:
        raise SpeechError(f"{name} has more than {LARGEST_TEXT >> 20} MiB, the most that is read; give a script")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SpeechError(f"{name}, line {line}: this is not text in UTF-8; save the file as UTF-8") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SpeechError(f"{name}, line {line}: this is not text; give a script, captions or a transcript")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# SubRip and WebVTT

_CLOCK = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_INNER = re.compile(rf"<{_CLOCK}>")
_TAGS = re.compile(r"</?[a-zA-Z][^<>]*>|\{\\[^{}]*\}")


def _captions(text: str, name: str) -> list[Passage]:
    lines = text.split("\n")
    passages: list[Passage] = []
    for number, line in enumerate(lines):
        if "-->" not in line:
            continue
        match = _TIMES.fullmatch(line)
        if match is None:
            raise SpeechError(
                f"{name}, line {number + 1}: {line.strip()!r:.80} is not when a caption is seen, such as "
                "00:00:01,000 --> 00:00:02,500; mend the line or export the captions again"
            )
        start, end = _clock(match.groups()[:4]), _clock(match.groups()[4:])
        if end < start:
            raise SpeechError(
                f"{name}, line {number + 1}: the caption ends at {end:g} s, before it begins at {start:g} s; "
                "mend the line or export the captions again"
            )
        last = number + 1
        while last < len(lines) and lines[last].strip() and "-->" not in lines[last]:
            last += 1
        if last < len(lines) and "-->" in lines[last] and lines[last - 1].strip().isdigit():
            last -= 1  # the number of the next caption, without the empty line between
        passages += _caption("\n".join(lines[number + 1 : last]), start, end, number + 2)
    if not passages:
        raise SpeechError(
            f"{name} has no captions: no line reads like 00:00:01,000 --> 00:00:02,500 with text under it; "
            "export the captions again"
        )
    return passages


def _caption(text: str, start: float, end: float, line: int) -> list[Passage]:
    """A caption, in parts where times stand inside it."""
    times, parts, at = [start], [], 0
    for inner in _INNER.finditer(text):
        time = _clock(inner.groups())
        if times[-1] <= time <= end:
            times.append(time)
            parts.append(text[at : inner.start()])
            at = inner.end()
    parts.append(text[at:])
    edges = [*times, end]
    plain = [html.unescape(_TAGS.sub("", part)).strip() for part in parts]
    return [Passage(said, edges[i], edges[i + 1], line) for i, said in enumerate(plain) if said]


def _clock(parts: tuple[str | Any, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction)


def _web_captions(text: str, name: str) -> list[Passage]:
    if not text.startswith("WEBVTT"):
        first = text.partition("\n")[0]
        raise SpeechError(f"{name}, line 1: it is {first!r:.60}, not WEBVTT; export the captions again")
    # Notes and styles are blocks of their own; their lines stay, emptied, so that lines count as before.
    kept: list[str] = []
    hidden = False
    for line in text.split("\n"):
        if re.match(r"(NOTE|STYLE|REGION)\b", line) and (not kept or not kept[-1].strip()):
            hidden = True
        elif not line.strip():
            hidden = False
        kept.append("" if hidden else line)
    return _captions("\n".join(kept), name)


# Praat's TextGrid

_GRID = re.compile(r'"((?:[^"]|"")*)"|<(exists|absent)>|(?<!\S)([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)%?(?!\S)')


class _Grid:
    """The values of a text file of Praat's in order: texts, flags and numbers by themselves; the rest is for people."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.at, self.end = text, name, 0, 0

    def _next(self, what: str, group: int) -> str:
        match = _GRID.search(self.text, self.end)
        if match is None or match[group] is None:
            self.at = match.start() if match else len(self.text)
            self.fail(f"a {what} is missing here" if match else f"the file ends where a {what} belongs")
        self.at, self.end = match.start(), match.end()
        return match[group]

    def string(self) -> str:
        return self._next("text in double quotes", 1).replace('""', '"')

    def flag(self) -> bool:
        return self._next("<exists>", 2) == "exists"

    def number(self) -> float:
        value = float(self._next("number", 3))
        if not 0 <= abs(value) <= _LONGEST:
            self.fail(f"{value:g} is no number of seconds or things")
        return value

    def skip(self, count: int) -> None:
        for _ in range(count):
            self.number()

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def fail(self, fault: str) -> NoReturn:
        raise SpeechError(f"{self.name}, line {self.line}: {fault}; save the TextGrid again from Praat as text")


def _grid(text: str, name: str) -> list[Passage]:
    grid = _Grid(text, name)
    if not text.startswith("File type") or grid.string() != "ooTextFile" or grid.string() != "TextGrid":
        raise SpeechError(f"{name}, line 1: this is no TextGrid as text; save it from Praat as a text file")
    grid.skip(2)
    tiers: list[tuple[str, list[Passage]]] = []
    if grid.flag():
        for _ in range(int(grid.number())):
            kind, title = grid.string(), grid.string()
            grid.skip(2)
            passages: list[Passage] = []
            for _ in range(int(grid.number())):
                start = grid.number()
                end = grid.number() if kind == "IntervalTier" else start
                line = grid.line
                label = grid.string()
                if end < start:
                    grid.fail(f"the interval ends at {end:g} s, before it begins at {start:g} s")
                if label.strip() and label.strip().casefold() not in _NOT_SAID:
                    passages.append(Passage(label.strip(), start, end, line))
            if kind == "IntervalTier" and passages:
                tiers.append((title, passages))
    if not tiers:
        raise SpeechError(f"{name} has no interval tier with text in it; name the words in a tier called words")
    named = [tier for title, tier in tiers if re.search(r"\b(words?|ortho\w*|transcript\w*|text)\b", title.casefold())]
    others = [tier for title, tier in tiers if not re.search(r"phon|segment|syllab|\bmau\b", title.casefold())]
    if not named and not others:
        raise SpeechError(
            f"{name} has no tier of words: its only text stands in {tiers[0][0]!r:.40}; name a tier of words words"
        )
    return (named or others)[0]


_NOT_SAID = {"sil", "sp", "<sil>", "<p:>", "#", "<unk>", "spn", "<eps>"}


# Whisper's JSON


def _whisper(values: Any, name: str) -> Transcript:
    """Of openai-whisper, faster-whisper, WhisperX, the transcription service's `verbose_json` and whisper.cpp."""
    language = None
    listed: Any = values
    if isinstance(values, dict):
        told = values.get("language") or (values.get("result") or {}) if "result" in values else values.get("language")
        told = told.get("language") if isinstance(told, dict) else told
        language = _LANGUAGES.get(told.casefold(), told.casefold()[:2]) if isinstance(told, str) and told else None
        listed = values.get("segments") or values.get("transcription") or values.get("words")
    if not isinstance(listed, list) or not listed:
        raise SpeechError(
            f"{name} is no transcript of Whisper: it has no list of segments or words; "
            "write it with word times (word_timestamps) and give the .json"
        )
    passages: list[Passage] = []
    for number, entry in enumerate(listed, 1):
        if not isinstance(entry, dict):
            raise SpeechError(f"{name}, segment {number}: it is {as_json(entry)}, not an object; transcribe again")
        words = entry.get("words")
        if isinstance(words, list) and words and all(isinstance(w, dict) and _timed(w) for w in words):
            for word in words:
                _add_word(passages, _passage(word, f"{name}, segment {number}"))
        elif "word" in entry:
            _add_word(passages, _passage(entry, f"{name}, word {number}"))
        else:
            passages.append(_passage(entry, f"{name}, segment {number}"))
    kept = tuple(p for p in passages if p.text.strip())
    if not kept:
        raise SpeechError(f"{name} has no words in it; transcribe the recording again")
    return Transcript(tuple(sorted(kept, key=lambda passage: passage.start or 0.0)), language)


_LANGUAGES = {"english": "en", "korean": "ko", "chinese": "zh", "japanese": "ja", "german": "de", "spanish": "es"}


def _timed(word: dict[str, Any]) -> bool:
    return all(name in word for name in ("start", "end"))


def _passage(entry: dict[str, Any], where: str) -> Passage:
    text = entry.get("word", entry.get("text"))
    offsets = entry.get("offsets")
    if isinstance(offsets, dict):  # whisper.cpp counts milliseconds
        times = [offsets.get("from"), offsets.get("to")]
        scale = 0.001
    else:
        times, scale = [entry.get("start"), entry.get("end")], 1.0
    if not isinstance(text, str):
        raise SpeechError(f"{where}: its text is {as_json(text)}; transcribe it anew")
    seconds: list[float] = []
    for time in times:
        if isinstance(time, bool) or not isinstance(time, int | float) or not 0 <= time * scale <= _LONGEST:
            raise SpeechError(f"{where}: a time is {as_json(time)}, not a number of seconds; transcribe it anew")
        seconds.append(time * scale)
    if seconds[1] < seconds[0]:
        raise SpeechError(
            f"{where}: it ends at {seconds[1]:g} s, before it begins at {seconds[0]:g} s; transcribe it anew"
        )
    return Passage(text, seconds[0], seconds[1], place=where.rpartition(", ")[2])


def _add_word(passages: list[Passage], word: Passage) -> None:
    """Whisper writes a new word with a space before it; what has none goes on with the last."""
    last = passages[-1] if passages else None
    apart = word.text[:1].isspace() or not any(p.text[:1].isspace() for p in passages) or last is None
    if apart and last is not None and not any(letter.isalnum() for letter in word.text):
        apart = False
    if apart or last is None:
        passages.append(word)
    else:
        passages[-1] = Passage(last.text + word.text.strip(), last.start, word.end, place=last.place)


_READERS: dict[str, Callable[[str, str], list[Passage]]] = {
    ".srt": _captions,
    ".vtt": _web_captions,
    ".textgrid": _grid,
}
