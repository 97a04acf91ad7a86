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
import threading
from typing import IO, Any, NamedTuple

Segment = tuple[str, int, int]
"""A phone or noise as the recogniser names it, its first frame of 10 ms, and the first frame after it."""

RATE = 16000
"""Samples a second that the models know."""

HEAD = struct.Struct("<?I")
"""Before the sound: whether words are to be heard, and how many bytes it has."""

LENGTH = struct.Struct("<I")
"""Before the answer: how many bytes of JSON it has."""

WORDS_FIT = -42.0
"""Mean score of a frame, in the recogniser's logarithm, from which on the sounds fit the words. Measured: real and
synthesised English -20 to -41; German, Spanish and French put into English words -47 to -55."""

_IDLE_SECONDS = 60.0


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
        self._free: dict[int, Any] = {}
        self._worded: Any = None

    def hear(self, sound: bytes, *, words: bool) -> Heard:
        """Recognise 16-bit samples at `RATE`.

        Raises:
            RuntimeError: the recogniser failed.
        """
        worded = self._words(sound) if words else []
        # Beside words the free phones only say where the lips close: then every second frame's scores will do.
        free = self._phones(2 if worded else 1)
        decode(free, sound)
        return Heard([(part.word, part.start_frame, part.end_frame + 1) for part in free.seg() or []], worded)

    def _phones(self, every: int) -> Any:
        """The decoder of phones that scores the sounds of every so manieth frame."""
        if every not in self._free:
            models = self._pocketsphinx.get_model_path()
            self._free[every] = self._pocketsphinx.Decoder(
                hmm=f"{models}/en-us/en-us", allphone=f"{models}/en-us/en-us-phone.lm.bin", lm=None, dict=None,
                lw=2.0, beam=1e-20, pbeam=1e-20, ds=every, backtrace=True, loglevel="FATAL",
            )  # fmt: skip
        return self._free[every]

    def _words(self, sound: bytes) -> list[Segment]:
        """The phones of the likeliest words, where the sounds fit them."""
        if self._worded is None:
            # The narrow search, on every second frame's scores, takes half of the time, and the lips open and close as
            # near to a transcription's as with a wide one; second passes are for people who want the words.
            self._worded = self._pocketsphinx.Decoder(
                fwdflat=False, bestpath=False, maxhmmpf=1000, pl_window=5, ds=2, loglevel="FATAL"
            )
        decode(self._worded, sound)
        if self._worded.hyp() is None:
            return []
        try:
            self._worded.set_alignment()
            decode(self._worded, sound)
            alignment = self._worded.get_alignment()
            parts = [part for word in alignment for part in word] if alignment is not None else []
        except RuntimeError:
            return []
        finally:
            self._worded.activate_search()
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
    # What else is printed does not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, answers)
