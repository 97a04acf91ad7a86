# SPDX-License-Identifier: GPL-3.0-or-later
"""Which speech sound is spoken when.

Three ways, from surest to most general, chosen anew for each stretch of speech:

1. *words*: pocketsphinx recognises English words and aligns their phones. The words are often wrong, the phones mostly
   right. Taken where the sounds fit the words.
2. *phones*: pocketsphinx with its language model of phones: any accent or language, noisier.
3. *acoustic*: vowels, hisses and closures from loudness and spectral shape alone (`chironomy.speech.acoustic`); for
   speech in which the recogniser hears silence, and where pocketsphinx is not installed.
"""

import logging
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chironomy.packages import explained
from chironomy.speech.acoustic import acoustic_phones
from chironomy.speech.contours import RATE, smooth, speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import ListeningCancelled, SpeechError
from chironomy.speech.phone import SILENCE, Phone
from chironomy.work import QUIET, Work

logger = logging.getLogger(__name__)

Method = Literal["words", "phones", "acoustic"]
METHODS: tuple[Method, ...] = ("words", "phones", "acoustic")

_MODEL_RATE = 16000
_MODEL_FRAME = 0.01  # seconds
_MARGIN_SECONDS = 0.1  # around a phrase, so that the recogniser hears it begin and end
_LONGEST_SECONDS = 12.0  # alignment of long utterances can fail, and a failure then costs less
# Acoustic score of aligned phones a frame, in the recogniser's logarithm. Measured: real and synthesised English -20 to
# -41; German, Spanish and French put into English words -47 to -55.
_WORDS_FIT = -42.0
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
    recogniser = _Recogniser.build(words=method == "words") if method != "acoustic" else None
    stretches = _stretches(speech)
    contours = speech_contours(speech)
    phones: list[Phone] = []
    for index, (begin, end) in enumerate(stretches):
        if work.cancelled():
            raise ListeningCancelled("listening to the speech was stopped")
        found = recogniser.phones(speech, begin, end) if recogniser is not None else []
        if _silent_share(found, begin, end) > _MOSTLY_SILENT:
            found = acoustic_phones(contours, begin, end)
        phones += _in_order(found, phones[-1].end if phones else 0.0, speech.duration)
        work.progress((index + 1) / len(stretches))
    return phones


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


@dataclass(frozen=True)
class _Recogniser:
    """pocketsphinx's two decoders: one of phones, one of words."""

    free: Any
    worded: Any | None

    @classmethod
    def build(cls, *, words: bool) -> "_Recogniser | None":
        try:
            import pocketsphinx
        except ImportError as error:
            logger.warning("lips move by loudness and spectral shape alone: %s", explained(error))
            return None
        models = pocketsphinx.get_model_path()
        free = pocketsphinx.Decoder(
            hmm=f"{models}/en-us/en-us", allphone=f"{models}/en-us/en-us-phone.lm.bin", lm=None, dict=None,
            lw=2.0, beam=1e-20, pbeam=1e-20, backtrace=True, loglevel="FATAL",
        )  # fmt: skip
        # The narrow search costs a third less time and finds the same phones; second passes over the words are for
        # people who want the words.
        worded = (
            pocketsphinx.Decoder(fwdflat=False, bestpath=False, maxhmmpf=3000, pl_window=5, loglevel="FATAL")
            if words
            else None
        )
        return cls(free, worded)

    def phones(self, speech: Speech, begin: float, end: float) -> list[Phone]:
        """The phones of one stretch; empty where recognition fails."""
        begin = max(begin - _MARGIN_SECONDS, 0.0)
        end = min(end + _MARGIN_SECONDS, speech.duration)
        sound = model_sound(speech, begin, end)
        try:
            free = self._free_phones(sound, begin)
            worded = self._worded_phones(sound, begin) if self.worded is not None else []
        except RuntimeError:  # "Failed to stop utterance processing" and its like
            return []
        return _with_closures(worded, free) if worded else free

    def _free_phones(self, sound: bytes, begin: float) -> list[Phone]:
        hear(self.free, sound)
        return [
            _phone(segment.word, begin, segment.start_frame, segment.end_frame + 1) for segment in self.free.seg() or []
        ]

    def _worded_phones(self, sound: bytes, begin: float) -> list[Phone]:
        """Phones of the best words, or none where there are no words or the sounds do not fit them."""
        assert self.worded is not None
        hear(self.worded, sound)
        if self.worded.hyp() is None:
            return []
        try:
            self.worded.set_alignment()
            hear(self.worded, sound)
            alignment = self.worded.get_alignment()
            parts = [part for word in alignment for part in word] if alignment is not None else []
        except RuntimeError:
            return []
        finally:
            self.worded.activate_search()
        frames = sum(part.duration for part in parts)
        if not frames or sum(part.score for part in parts) / frames < _WORDS_FIT:
            return []
        return [_phone(part.name, begin, part.start, part.start + part.duration) for part in parts]


def hear(decoder: Any, sound: bytes) -> None:
    """Give a decoder a whole utterance, 16-bit samples of `model_sound`."""
    decoder.start_utt()
    try:
        decoder.process_raw(sound, full_utt=True)
    finally:
        decoder.end_utt()


def _phone(label: str, begin: float, first: int, last: int) -> Phone:
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
    if speech.sample_rate != _MODEL_RATE:
        import soxr

        samples = soxr.resample(samples, speech.sample_rate, _MODEL_RATE)
    peak = float(np.abs(samples).max(initial=0.0))
    scaled: NDArray[np.float32] = samples * (0.7 / peak if peak > 0 else 1.0)
    return (scaled * 32767).astype("<i2").tobytes()
