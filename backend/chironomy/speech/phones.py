# SPDX-License-Identifier: GPL-3.0-or-later
"""Which speech sound is spoken when.

Three ways, from surest to most general, chosen anew for each stretch of speech:

1. *words*: pocketsphinx recognises English words and aligns their phones. The words are often wrong, the phones mostly
   right. Taken where the sounds fit the words.
2. *phones*: pocketsphinx with its language model of phones: any accent or language, noisier.
3. *acoustic*: vowels, hisses and closures from loudness and spectral shape alone (`chironomy.speech.acoustic`); for
   speech in which the recogniser hears silence, and where pocketsphinx is not installed.
"""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import explained
from chironomy.speech import listeners
from chironomy.speech.acoustic import acoustic_phones
from chironomy.speech.contours import RATE, smooth, speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import ListeningCancelled, SpeechError
from chironomy.speech.phone import SILENCE, Phone
from chironomy.speech.recogniser import RATE as MODEL_RATE
from chironomy.speech.recogniser import Heard, Recogniser
from chironomy.speech.resample import resampled
from chironomy.work import QUIET, Work

logger = logging.getLogger(__name__)

Method = Literal["words", "phones", "acoustic"]
METHODS: tuple[Method, ...] = ("words", "phones", "acoustic")

_MODEL_FRAME = 0.01  # seconds
_MARGIN_SECONDS = 0.1  # around a phrase, so that the recogniser hears it begin and end
_LONGEST_SECONDS = 12.0  # alignment of long utterances can fail, and a failure then costs less
_MOSTLY_SILENT = 0.5
# Where the words have one of these and the free phones have p, b or m, the lips are believed to close.
_CLOSURE_RIVALS = frozenset({"T", "D", "N", "NG", "K", "G", "DH", "TH", "V"})
_BILABIALS = frozenset({"P", "B", "M"})


def recognise_phones(speech: Speech, method: Method = "words", work: Work = QUIET) -> list[Phone]:
    """Phones of the recording in order, without overlaps; what lies between phrases is left out.

    Args:
        speech: any rate; recognition hears it at 16 kHz.
        method: the surest way that may be used; each stretch falls back to the next where this one fails.
        work: told after every stretch, and asked before each.

    Raises:
        SpeechError: `method` is unknown.
        ListeningCancelled: the work was stopped.
    """
    if method not in METHODS:
        raise SpeechError(f"method is {method!r}; choose one of {', '.join(METHODS)}")
    stretches = _stretches(speech)
    contours = speech_contours(speech)
    if work.cancelled():
        raise ListeningCancelled("listening to the speech was stopped")
    heard: list[Heard | None] = [None] * len(stretches)
    recognising = method != "acoustic" and len(stretches) > 0 and _can_recognise()
    if recognising:
        sounds = [model_sound(speech, *_widened(speech, *stretch)) for stretch in stretches]
        for number, (index, found) in enumerate(_recognised(sounds, method == "words", work), start=1):
            heard[index] = found
            work.progress(number / len(stretches))
    phones: list[Phone] = []
    for number, ((begin, end), result) in enumerate(zip(stretches, heard, strict=True), start=1):
        found = [] if result is None else _phones(result, _widened(speech, begin, end)[0])
        if _silent_share(found, begin, end) > _MOSTLY_SILENT:
            found = acoustic_phones(contours, begin, end)
        phones += _in_order(found, phones[-1].end if phones else 0.0, speech.duration)
        if not recognising:
            work.progress(number / len(stretches))
    return phones


def _can_recognise() -> bool:
    try:
        import pocketsphinx  # noqa: F401
    except ImportError as error:
        logger.warning("lips move by loudness and spectral shape alone: %s", explained(error))
        return False
    return True


def _recognised(sounds: Sequence[bytes], words: bool, work: Work) -> Iterator[tuple[int, Heard | None]]:
    """The number of each sound and what was recognised in it; None where recognition failed."""
    count = listeners.how_many(sum(map(len, sounds)) / (2 * MODEL_RATE), len(sounds))
    missing = set(range(len(sounds)))
    if count:
        try:
            with contextlib.closing(listeners.listen(sounds, words, count)) as results:
                for result in results:
                    if work.cancelled():
                        raise ListeningCancelled("listening to the speech was stopped")
                    if result is not None:
                        missing.remove(result[0])
                        yield result
        except OSError as error:
            logger.warning("the phones are recognised in this process: %s", error)
    recogniser = Recogniser() if missing else None
    for index in sorted(missing):
        if work.cancelled():
            raise ListeningCancelled("listening to the speech was stopped")
        assert recogniser is not None
        try:
            yield index, recogniser.hear(sounds[index], words=words)
        except RuntimeError:  # "Failed to stop utterance processing" and its like
            yield index, None


def _widened(speech: Speech, begin: float, end: float) -> tuple[float, float]:
    return max(begin - _MARGIN_SECONDS, 0.0), min(end + _MARGIN_SECONDS, speech.duration)


def _stretches(speech: Speech) -> list[tuple[float, float]]:
    """Phrases, the long ones cut at their quietest moments."""
    contours = speech_contours(speech)
    loudness = smooth(contours.loudness_db, 0.03)
    pending = [(float(begin), float(end)) for begin, end in contours.phrases][::-1]
    done: list[tuple[float, float]] = []
    while pending:
        begin, end = pending.pop()
        if end - begin <= _LONGEST_SECONDS:
            done.append((begin, end))
            continue
        third = (end - begin) / 3
        first, last = round((begin + third) * RATE), round((end - third) * RATE)
        cut = (first + int(loudness[first:last].argmin())) / RATE
        pending += [(cut, end), (begin, cut)]
    return done


def _silent_share(phones: list[Phone], begin: float, end: float) -> float:
    sounding = sum(phone.end - phone.start for phone in phones if phone.label != SILENCE)
    return 1 - sounding / (end - begin)


def _in_order(phones: list[Phone], after: float, before: float) -> list[Phone]:
    """The phones without what reaches over their neighbours (stretches are heard with a margin)."""
    ordered: list[Phone] = []
    for phone in phones:
        start, end = max(phone.start, after), min(phone.end, before)
        if end - start >= _MODEL_FRAME / 2:
            ordered.append(Phone(phone.label, start, end))
            after = end
    return ordered


def _phones(heard: Heard, begin: float) -> list[Phone]:
    """The phones of a stretch that began at a second: of its words where there are such, or else the free ones."""
    free, worded = ([_phone(begin, *segment) for segment in part] for part in (heard.free, heard.worded))
    return _with_closures(worded, free) if worded else free


def _phone(begin: float, label: str, first: int, last: int) -> Phone:
    label = label if label.isalpha() else SILENCE  # noises are written +SPN+, pauses <sil>
    return Phone(label, begin + first * _MODEL_FRAME, begin + last * _MODEL_FRAME)


def _with_closures(worded: list[Phone], free: list[Phone]) -> list[Phone]:
    """The words' phones, with lips closed where the free phones heard it and the words have a sound easily confused."""
    closures = [phone for phone in free if phone.label in _BILABIALS]
    result: list[Phone] = []
    for phone in worded:
        heard = next((c for c in closures if c.start < phone.end - 0.01 and c.end > phone.start + 0.01), None)
        rival = phone.label in _CLOSURE_RIVALS and heard is not None
        taken = rival and not any(
            other.label in _BILABIALS and other.start < phone.end + 0.05 and other.end > phone.start - 0.05
            for other in worded
        )
        result.append(Phone(heard.label, phone.start, phone.end) if taken and heard is not None else phone)
    return result


def model_sound(speech: Speech, begin: float, end: float) -> bytes:
    """16-bit samples at the recogniser's rate, brought to a usual level."""
    samples = speech.samples[round(begin * speech.sample_rate) : round(end * speech.sample_rate)]
    if speech.sample_rate != MODEL_RATE:
        samples = resampled(samples, speech.sample_rate, MODEL_RATE)
    peak = float(np.abs(samples).max(initial=0.0))
    scaled: NDArray[np.float32] = samples * (0.7 / peak if peak > 0 else 1.0)
    return (scaled * 32767).astype("<i2").tobytes()
