# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening for phones beside whatever else is made of a recording, or before anything is asked for."""

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial

from chironomy.speech import listeners
from chironomy.speech.contours import speech_contours
from chironomy.speech.decode import Speech
from chironomy.speech.errors import ListeningCancelled
from chironomy.speech.phone import Phone
from chironomy.speech.phones import recognise_phones
from chironomy.work import QUIET, Work

_LOOK_SECONDS = 0.05

_spoken: "weakref.WeakKeyDictionary[Speech, list[Phone]]" = weakref.WeakKeyDictionary()
"""The phones of recordings that are still held: another performance of one waits for them no more."""

_lock = threading.Lock()
_under_way: "dict[Speech, _Listening]" = {}


class _Listening:
    """A thread that listens to a recording for as long as anybody asks for what it hears."""

    def __init__(self, speech: Speech):
        self.askers: list[Work] = []
        self.phones: list[Phone] | None = None
        self.error: BaseException | None = None
        self._speech = speech
        self._thread = threading.Thread(target=self._listen, name="chironomy listening", daemon=True)

    def start(self) -> None:
        """Begin; only now, as somebody has to ask for it."""
        self._thread.start()

    def alive(self) -> bool:
        """Whether it still listens."""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, at most so long."""
        self._thread.join(seconds)

    def _nobody(self) -> bool:
        # Of a copy: who leaves meanwhile would hide who stands after it.
        return all(work.cancelled() for work in tuple(self.askers))

    def _listen(self) -> None:
        try:
            self.phones = recognise_phones(self._speech, work=Work(cancelled=self._nobody))
            _spoken[self._speech] = self.phones
        except BaseException as error:  # told to whoever asks
            self.error = error
        finally:
            with _lock:
                _under_way.pop(self._speech, None)


@contextlib.contextmanager
def listening(speech: Speech, work: Work = QUIET) -> Iterator[Callable[[], list[Phone]]]:
    """Listen for phones beside whatever is done meanwhile; what it gives waits for them and returns them.

    Who asks for a recording that is listened to already waits for the same, and of one that is held, as where several
    performances are made of it, the phones are heard once. Leaving it before ends the listening where nobody else asks
    for it. What goes wrong in it is raised where the phones are asked for.

    Args:
        speech: what is listened to.
        work: asked whether this asker is still interested; `ListeningCancelled` where it is not.
    """
    known = _spoken.get(speech)
    if known is not None:
        yield lambda: known
        return
    # Both need what is heard in it; so neither hears it twice.
    speech_contours(speech)
    with _lock:
        shared = _under_way.get(speech) or _Listening(speech)
        shared.askers.append(work)
        if speech not in _under_way:
            _under_way[speech] = shared
            shared.start()
    try:
        yield partial(_waited, shared, speech, work)
    finally:
        with _lock:
            shared.askers.remove(work)
            last = not shared.askers
        if last:
            shared.wait()


def listen_ahead(speech: Speech, work: Work = QUIET) -> None:
    """Listen for the phones of a recording that is held, so that who asks for them later need not wait as long.

    A recording of a few seconds, whose phones would be recognised in this process, is left to who asks: nothing else
    goes on here meanwhile.

    Raises:
        ListeningCancelled: the work was stopped.
    """
    speech_contours(speech)
    if listeners.how_many(speech.duration, 1):
        with listening(speech, work) as phones:
            phones()


def _waited(shared: _Listening, speech: Speech, work: Work) -> list[Phone]:
    while shared.alive():
        if work.cancelled():
            raise ListeningCancelled("listening to the speech was stopped")
        shared.wait(_LOOK_SECONDS)
    if shared.phones is not None:
        return shared.phones
    if isinstance(shared.error, ListeningCancelled) and not work.cancelled():
        # It was stopped the moment before it was joined.
        return _spoken.setdefault(speech, recognise_phones(speech, work=work))
    assert shared.error is not None
    raise shared.error
