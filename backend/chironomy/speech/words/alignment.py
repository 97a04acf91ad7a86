# SPDX-License-Identifier: GPL-3.0-or-later
"""When each word of an English text is said, by pocketsphinx: the text is a chain that the sound has to follow.

Short passages are aligned whole. Of a longer one a stretch of some phrases is heard against the words that may be said
in it, all up to its last pause are kept, and the next stretch begins there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chironomy.packages import explained
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import ListeningCancelled
from chironomy.speech.phones import model_sound
from chironomy.speech.recogniser import decode
from chironomy.speech.words.counting import counted_times, syllable_count
from chironomy.speech.words.spelling import guessed_sounds, spoken
from chironomy.work import QUIET, Work

logger = logging.getLogger(__name__)

FITS = -45.0
"""Mean score of a frame, in the recogniser's logarithm, from which on words sound like what is heard. Measured: of what
is said, people and flite's voices -9 to -20, espeak-ng's -28 to -52; of other texts -39 to -93, two of 23 above -45."""

_FRAME = 0.01
_MARGIN = 0.15  # seconds around what is heard
_LONGEST = 30.0  # seconds heard at once: what is kept in mind grows with their square
_MOST_SYLLABLES = 8.0  # a second; of fast speech
_LOST = 1.5  # seconds of speech without a word
# At pocketsphinx' own 1e-48 a chain of a hundred words is lost on the way; the second, three times as slow, is for
# stretches with names and mistakes.
_BEAMS = (1e-80, 1e-250)


def failing(error: Exception) -> str:
    """Return what is remarked where pocketsphinx fails."""
    return f"the words of the script are counted out instead of heard: pocketsphinx fails ({error})"


@dataclass(frozen=True)
class Span:
    """When a word is said, in seconds; rough if it was counted out; whether it sounds there as the word does."""

    start: float
    end: float
    rough: bool = False
    fits: bool = True


class Aligner:
    """pocketsphinx with an English dictionary, which takes in unknown words as they may sound."""

    def __init__(self) -> None:
        self._decoders = [_decoder(_BEAMS[0])]
        self._added: dict[str, str] = {}

    @classmethod
    def build(cls, remark: Callable[[str], None] = logger.warning) -> Aligner | None:
        """An aligner, or none where pocketsphinx is not installed or cannot begin, which is remarked on.

        It cannot in a program that has loaded another pocketsphinx before, as Debian's Blender has by its ffmpeg.
        """
        try:
            return cls()
        except ImportError as error:
            logger.warning("the words of the script are counted out instead of heard: %s", explained(error))
        except (RuntimeError, ValueError, OSError) as error:
            remark(failing(error))
        return None

    def align(self, speech: Speech, texts: Sequence[str], begin: float, end: float, work: Work = QUIET) -> list[Span]:
        """When each word is said between two times; where the sound does not follow the words they are counted out.

        Args:
            speech: the recording.
            texts: its words, in order.
            begin: seconds.
            end: seconds.
            work: told how far it is, and asked whether to go on.

        Raises:
            ListeningCancelled: the work was stopped.
        """
        phrases = [
            (max(float(a), begin), min(float(b), end))
            for a, b in speech_contours(speech).phrases
            if b > begin and a < end
        ] or [(begin, end)]
        said = [self._known(text) for text in texts]
        spans: list[Span] = []
        first = 0
        while len(spans) < len(texts) and first < len(phrases):
            if work.cancelled():
                raise ListeningCancelled("listening to the speech was stopped")
            last = first
            while last + 1 < len(phrases) and phrases[last + 1][1] - phrases[first][0] <= _LONGEST:
                last += 1
            at, until = phrases[first][0], phrases[last][1]
            rest = said[len(spans) :]
            final = last == len(phrases) - 1
            found = self._heard(self._decoders[0], speech, rest, at, until, whole=final)
            if not found:
                found = self._heard(self._wide(), speech, rest, at, until, whole=final)
            if not found:
                rest_texts = texts[len(spans) :]
                share = sum(b - a for a, b in phrases[first : last + 1]) / sum(b - a for a, b in phrases[first:])
                count = len(rest_texts) if final else _fewest(rest_texts, share)
                times = counted_times(rest_texts[:count], phrases[first : last + 1])
                found = [Span(a, b, rough=True, fits=False) for a, b in times]
            elif not final:
                # The last words may be what the next phrases say, squeezed in: they are heard again with those.
                cut = max((index for index in range(first + 1, last + 1)), default=last + 1)
                if cut <= last:
                    found = [span for span in found if span.start < phrases[cut][0] - 0.05]
                    last = cut - 1
            spans += found
            first = last + 1
            work.progress(min(until / max(end, 1e-6), 1.0))
        if len(spans) < len(texts):  # the recording ends before its text does
            edge = spans[-1].end if spans else begin
            spans += [Span(edge, edge, rough=True, fits=False)] * (len(texts) - len(spans))
        return spans

    def _known(self, text: str) -> list[str]:
        """What is said for a word, all of it in the dictionary."""
        words = spoken(text) or ["uh"]
        for word in words:
            if self._decoders[0].lookup_word(word) is None:
                self._added[word] = guessed_sounds(word)
                self._decoders[0].add_word(word, self._added[word], True)
        return words

    def _wide(self) -> Any:
        """The decoder that gives up less soon, with the same dictionary."""
        if len(self._decoders) == 1:
            self._decoders.append(_decoder(_BEAMS[1]))
        for word, sounds in self._added.items():
            if self._decoders[1].lookup_word(word) is None:
                self._decoders[1].add_word(word, sounds, True)
        return self._decoders[1]

    def _heard(
        self, decoder: Any, speech: Speech, said: Sequence[Sequence[str]], at: float, until: float, *, whole: bool
    ) -> list[Span]:
        """The words that are said in a stretch, from the first on, all of them if it is the whole; none if it fails."""
        begin, end = max(at - _MARGIN, 0.0), min(until + _MARGIN, speech.duration)
        least = 0
        if not whole:
            # As many as could be said; the least of them a third of that.
            room, count = _MOST_SYLLABLES * (until - at), 0
            while count < len(said) and room > 0:
                room -= sum(syllable_count(word) for word in said[count])
                count += 1
            said, least = said[:count], count // 6
        chain = [word for words in said for word in words]
        if not chain:
            return []
        transitions: list[tuple[Any, ...]] = [(at, at + 1, 1.0, word) for at, word in enumerate(chain)]
        final = len(chain)
        if not whole:
            transitions += [(state, final, 1.0) for state in range(max(least, 1), final)]
        try:
            decoder.add_fsg("script", decoder.create_fsg("script", 0, final, transitions))
            decoder.activate_search("script")
            sound = model_sound(speech, begin, end)
            decode(decoder, sound)
            segments = [
                (segment.start_frame, segment.end_frame + 1)
                for segment in decoder.seg() or []
                if segment.word[0] not in "<[(+"
            ]
            fits = bool(segments) and _fit(decoder, sound) > FITS
        except RuntimeError:
            return []
        if whole and len(segments) != len(chain):
            return []
        spans: list[Span] = []
        taken = 0
        for words in said:
            parts = segments[taken : taken + len(words)]
            taken += len(words)
            if len(parts) < len(words):
                break
            until_then = min(begin + parts[-1][1] * _FRAME, speech.duration)
            spans.append(Span(begin + parts[0][0] * _FRAME, until_then, fits=fits))
        # A chain that was lost ends early, and the rest of the sound is taken for noise.
        return spans if spans and until - spans[-1].end < _LOST else []


def _fit(decoder: Any, sound: bytes) -> float:
    """How well the words that were just found sound like what is heard: the mean score of a frame of theirs."""
    decoder.set_alignment()
    decode(decoder, sound)
    alignment = decoder.get_alignment()
    # A word is gone when the next one is asked for.
    phones = [
        (phone.score, phone.duration)
        for word in (() if alignment is None else alignment)
        if word.name[0] not in "<[(+"
        for phone in word
    ]
    return sum(score for score, _ in phones) / max(sum(frames for _, frames in phones), 1)


def _decoder(beam: float) -> Any:
    import pocketsphinx

    return pocketsphinx.Decoder(
        lm=None, beam=beam, pbeam=beam, wbeam=beam, fwdflat=False, bestpath=False, loglevel="FATAL"
    )


def _fewest(texts: Sequence[str], share: float) -> int:
    """How many of the words hold this share of all syllables."""
    counts = [syllable_count(text) for text in texts]
    wanted, total, count = share * sum(counts), 0, 0
    while count < len(counts) and total + counts[count] / 2 < wanted:
        total += counts[count]
        count += 1
    return count
