# SPDX-License-Identifier: GPL-3.0-or-later
"""pocketsphinx, in the process that asks or in one of its own that is started with this file.

pocketsphinx keeps Python's lock while it decodes: in the process that asks nothing else would go on meanwhile, no
second recogniser, no gestures, no window. This file needs nothing of the package, so a process with it starts soon.
"""

import contextlib
import json
import os
import struct
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, NamedTuple

Segment = tuple[str, int, int]
"""A phone or noise as the recogniser names it, its first frame of 10 ms, and the first frame after it."""

RATE = 16000
"""Samples a second that the models know."""

HEAD = struct.Struct("<?I")
"""Before the sound: whether words are to be heard, and how many bytes it has."""

LENGTH = struct.Struct("<I")
"""Before the answer: how many bytes of JSON it has."""

WORDS_FIT = -44.5
"""Mean score of a frame, in the aligner's logarithm, from which on the sounds fit the words. Measured: English as
people and flite's voices speak it -25 to -44, with noise to -50; German, Spanish, French, Italian, Korean and Chinese
put into English words -45 to -65, but for one sentence in twelve."""

_IDLE_SECONDS = 60.0
_NICE = 3

# fmt: off
_PHONES = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH", "SIL",
]
# fmt: on


class Heard(NamedTuple):
    """What was recognised in a stretch of sound.

    Attributes:
        free: the likeliest phones whatever the words.
        worded: the phones of the likeliest English words; empty where there are none or the sounds do not fit them.
    """

    free: list[Segment]
    worded: list[Segment]


class Recogniser:
    """pocketsphinx's decoders of phones and of words, each loaded when it is first needed."""

    def __init__(self) -> None:
        """Load nothing yet.

        Raises:
            ImportError: pocketsphinx is not installed.
        """
        import pocketsphinx

        self._pocketsphinx = pocketsphinx
        self._decoders: dict[str, Any] = {}

    def hear(self, sound: bytes, *, words: bool) -> Heard:
        """Recognise 16-bit samples at `RATE`.

        Raises:
            RuntimeError: the recogniser failed.
        """
        worded = self._words(sound) if words else []
        free = self._decoder("closures" if worded else "phones")
        decode(free, sound)
        return Heard([(part.word, part.start_frame, part.end_frame + 1) for part in free.seg() or []], worded)

    def _decoder(self, name: str) -> Any:
        if name not in self._decoders:
            self._decoders[name] = getattr(self, f"_load_{name}")()
        return self._decoders[name]

    def _load_phones(self) -> Any:
        models = self._pocketsphinx.get_model_path()
        return self._free(f"{models}/en-us/en-us-phone.lm.bin", 1e-20, 1)

    def _load_closures(self) -> Any:
        """Beside words the free phones only say where the lips close: for that all may be alike in likelihood."""
        with tempfile.TemporaryDirectory() as folder:
            alike = Path(folder, "alike.arpa")
            lines = [f"-1.6 {phone}" for phone in ("<s>", "</s>", *_PHONES)]
            text = "\n".join(["\\data\\", f"ngram 1={len(lines)}", "", "\\1-grams:", *lines, "", "\\end\\", ""])
            alike.write_text(text, encoding="ascii")
            return self._free(str(alike), 1e-10, 2)

    def _free(self, language: str, beam: float, every: int) -> Any:
        """A decoder of phones with a language model of them that scores the sounds of every so manieth frame."""
        return self._pocketsphinx.Decoder(
            hmm=f"{self._pocketsphinx.get_model_path()}/en-us/en-us", allphone=language, lm=None, dict=None,
            lw=2.0, beam=beam, pbeam=beam, ds=every, backtrace=True, loglevel="FATAL",
        )  # fmt: skip

    def _load_words(self) -> Any:
        # The narrow search, on every second frame's scores, led by which phones come next, takes a third of the time,
        # and the lips open and close as near to a transcription's as with a wide one; second passes are for people who
        # want the words.
        return self._pocketsphinx.Decoder(
            fwdflat=False, bestpath=False, maxhmmpf=800, pl_window=5, pl_weight=6.0, ds=2, loglevel="FATAL"
        )

    def _load_aligner(self) -> Any:
        # Without the look-ahead that only a search needs.
        return self._pocketsphinx.Decoder(lm=None, pl_window=0, ds=2, loglevel="FATAL")

    def _words(self, sound: bytes) -> list[Segment]:
        """The phones of the likeliest words, where the sounds fit them."""
        search, aligner = self._decoder("words"), self._decoder("aligner")
        decode(search, sound)
        if search.hyp() is None:
            return []
        try:
            search.set_alignment()
            likeliest = search.get_alignment()
        except RuntimeError:
            return []
        finally:
            search.activate_search()
        try:
            aligner.set_alignment(likeliest)
            decode(aligner, sound)
            alignment = aligner.get_alignment()
            parts = [part for word in alignment for part in word] if alignment is not None else []
        except RuntimeError:
            return []
        frames = sum(part.duration for part in parts)
        if not frames or sum(part.score for part in parts) / frames < WORDS_FIT:
            return []
        return [(part.name, part.start, part.start + part.duration) for part in parts]


def decode(decoder: Any, sound: bytes) -> None:
    """Give one of pocketsphinx's decoders a whole utterance, 16-bit samples at `RATE`."""
    # What it learned of the noise of other sounds would otherwise be kept: the order of the sounds would matter.
    decoder.reinit_feat()
    decoder.start_utt()
    try:
        decoder.process_raw(sound, full_utt=True)
    finally:
        decoder.end_utt()


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer stretches of sound from `source` until it ends or nothing came for a minute."""
    recogniser = None
    while True:
        # Nobody may be there any more to say that this is no longer needed.
        watch = threading.Timer(_IDLE_SECONDS, os._exit, (0,))
        watch.daemon = True
        watch.start()
        head = source.read(HEAD.size)
        watch.cancel()
        if len(head) < HEAD.size:
            return
        words, length = HEAD.unpack(head)
        sound = source.read(length)
        try:
            recogniser = recogniser or Recogniser()
            answer = json.dumps(recogniser.hear(sound, words=words)).encode()
        except RuntimeError:  # "Failed to stop utterance processing" and its like
            answer = b"null"
        target.write(LENGTH.pack(len(answer)) + answer)
        target.flush()


if __name__ == "__main__":
    # Hands are made meanwhile, and are waited for first; where nothing else is done, it takes no longer.
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # What else is printed does not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, answers)
