# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a recording with their times, from whatever there is: a script, captions, a transcript, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chironomy.errors import ChironomyError
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import ListeningCancelled, SpeechError
from chironomy.speech.words.alignment import Aligner, Span, failing
from chironomy.speech.words.counting import counted_times
from chironomy.speech.words.transcripts import Passage, read_transcript
from chironomy.speech.words.word import Token, Word, language_of, tokens_of
from chironomy.work import QUIET, Work

logger = logging.getLogger(__name__)

MOST_WORDS, MOST_LETTERS = (2000, 30.0), (20_000, 300.0)
"""What any script may have, and how much more a second: the quickest speakers say ten words."""


def script_words(
    speech: Speech,
    path: str | Path,
    language: str | None = None,
    *,
    name: str = "",
    work: Work = QUIET,
    remark: Callable[[str], None] = logger.warning,
) -> list[Word]:
    """The words of a script, in order, with their times.

    Words whose times the file tells are taken so. English is aligned to the sound. Other languages, and English where
    pocketsphinx is not installed or the sound does not follow the text, are counted out, and marked `rough`. Captions
    that begin after the recording's end, or last no time at all, are left out, and that is remarked on.

    Args:
        speech: the recording.
        path: plain text, .srt, .vtt, .TextGrid, or Whisper's .json.
        language: two letters, such as en or ko; told by the file or its letters when None.
        name: what to call the file in messages.
        work: told how far it is, and asked whether to go on.
        remark: told what is left out, by a sentence with the file's name and the line.

    Raises:
        SpeechError: the file cannot be used, or none of it is said in the recording; one sentence with its name and the
            line.
        ListeningCancelled: the work was stopped.
    """
    name = name or str(path)
    transcript = read_transcript(path, name)
    for what, size, (least, most) in (
        ("words", sum(len(passage.text.split()) for passage in transcript.passages), MOST_WORDS),
        ("letters", sum(len(passage.text) for passage in transcript.passages), MOST_LETTERS),
    ):
        if size > max(least, most * speech.duration):
            raise SpeechError(
                f"{name} has {size} {what}, and the recording lasts {speech.duration:.1f} s; give what is said in it"
            )
    passages = _within(transcript.passages, speech.duration, name, remark)
    told = language or transcript.language or language_of(" ".join(p.text for p in transcript.passages).split())
    aligner: Aligner | None = None
    asked = False
    words: list[Word] = []
    for number, passage in enumerate(passages):
        if work.cancelled():
            raise ListeningCancelled("listening to the speech was stopped")
        tokens = tokens_of(passage.text, name, passage.line, strict=passage.written)
        begin = min(passage.start or 0.0, speech.duration)
        end = speech.duration if passage.end is None else min(passage.end, speech.duration)
        texts = [token.text for token in tokens]
        part = work.part(number / len(passages), (number + 1) / len(passages))
        if passage.start is not None and len(tokens) == 1:
            spans = [Span(begin, end)]
        elif told == "en" and tokens:
            if not asked:
                aligner, asked = Aligner.build(remark), True
            spans = _aligned(aligner, speech, texts, begin, end, part, remark) if aligner else None
            if spans is None:
                # What failed once is not tried again for every passage.
                aligner, spans = None, _counted(speech, texts, begin, end)
        else:
            spans = _counted(speech, texts, begin, end)
        words += _placed(tokens, spans)
    if not words:
        raise SpeechError(f"{name} has no words in it; write what is said in the recording")
    work.progress(1.0)
    return words


def _aligned(
    aligner: Aligner,
    speech: Speech,
    texts: Sequence[str],
    begin: float,
    end: float,
    work: Work,
    remark: Callable[[str], None],
) -> list[Span] | None:
    """When each word is heard; none where pocketsphinx fails, which is remarked on."""
    try:
        return aligner.align(speech, texts, begin, end, work)
    except ChironomyError:
        raise
    except (RuntimeError, ValueError, OSError) as error:
        remark(failing(error))
        return None


def _within(passages: Sequence[Passage], seconds: float, name: str, remark: Callable[[str], None]) -> list[Passage]:
    """The passages that can be heard in a recording; the others are remarked on.

    Raises:
        SpeechError: there are passages, and none of them can be heard.
    """
    kept: list[Passage] = []
    late: list[Passage] = []
    for passage in passages:
        start, end = passage.start, passage.end
        if start is not None and start >= seconds:
            late.append(passage)
        # A single word is where it is said to be, however short: transcripts round.
        elif start is not None and end is not None and end <= start and len(passage.text.split()) > 1:
            remark(f"{_where(passage, name)}: it begins and ends at {start:g} s, so it is left out")
        else:
            kept.append(passage)
    if late and not kept:
        raise SpeechError(
            f"{_where(late[0], name)}: it begins at {late[0].start:g} s, and the recording lasts {seconds:.2f} s; "
            "check that it belongs to this recording"
        )
    if late:
        others = "" if len(late) == 1 else f" with {len(late) - 1} after it"
        remark(
            f"{_where(late[0], name)}: it begins at {late[0].start:g} s, after the recording's end at {seconds:.2f} s, "
            f"so it is left out{others}"
        )
    return kept


def _where(passage: Passage, name: str) -> str:
    place = passage.place or f"line {passage.line}"
    return f"{name}, {place}"


def heard_words(speech: Speech, model: str | Path, language: str | None = None, *, work: Work = QUIET) -> list[Word]:
    """The words of a recording as a model of faster-whisper hears them.

    Args:
        speech: the recording, at 16 kHz.
        model: folder of a model in CTranslate2's format, with model.bin in it; nothing is downloaded.
        language: two letters; heard when None.
        work: told how far it is, and asked whether to go on.

    Raises:
        SpeechError: faster-whisper is not installed, or the folder holds no model.
        ListeningCancelled: the work was stopped.
    """
    from chironomy.packages import require

    folder = Path(model)
    require("faster_whisper", "hearing words", SpeechError, instead="or give a script")
    if not (folder / "model.bin").is_file():
        raise SpeechError(f"{folder} holds no model of faster-whisper (no model.bin); give the folder of one")
    from faster_whisper import WhisperModel  # type: ignore[import-not-found]

    try:
        loaded: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)
        segments, _ = loaded.transcribe(_at_16_khz(speech), language=language, word_timestamps=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise SpeechError(f"{folder} cannot be used as a model of faster-whisper ({error}); give another") from error
    words: list[Word] = []
    for segment in segments:
        if work.cancelled():
            raise ListeningCancelled("listening to the speech was stopped")
        for word in segment.words or []:
            end = min(float(word.end), speech.duration)
            for token in tokens_of(word.word):
                words.append(Word(token.text, min(float(word.start), end), end))
        work.progress(min(segment.end / speech.duration, 1.0))
    return words


def _at_16_khz(speech: Speech) -> Any:
    if speech.sample_rate == 16000:
        return speech.samples
    import soxr

    return soxr.resample(speech.samples, speech.sample_rate, 16000)


def _counted(speech: Speech, texts: Sequence[str], begin: float, end: float) -> list[Span]:
    heard = [
        (max(float(a), begin), min(float(b), end)) for a, b in speech_contours(speech).phrases if b > begin and a < end
    ]
    return [Span(a, b, rough=True) for a, b in counted_times(texts, heard or [(begin, end)])]


def _placed(tokens: Sequence[Token], spans: Sequence[Span]) -> list[Word]:
    return [
        Word(token.text, span.start, max(span.end, span.start), token.marks, span.rough, span.fits)
        for token, span in zip(tokens, spans, strict=True)
    ]
