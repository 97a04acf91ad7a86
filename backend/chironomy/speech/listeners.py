# SPDX-License-Identifier: GPL-3.0-or-later
"""Several recognisers at once, each in a process of its own (`chironomy.speech.recogniser`)."""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from chironomy import processes
from chironomy.speech import recogniser
from chironomy.speech.recogniser import HEAD, LENGTH, Heard

_MOST = 4
_LEAST_SECONDS = 4.0
"""Of sound that a process must get to be worth its start."""

_idle: "list[_Listener]" = []
_lock = threading.Lock()


class _Listener:
    """A process that recognises."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        # It finds pocketsphinx where this process does, such as in Blender's folder of an extension.
        variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process: subprocess.Popen[Any] = processes.start(
            [sys.executable, "-P", str(Path(recogniser.__file__))],
            apart=True,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def alive(self) -> bool:
        return self._process.poll() is None

    def hear(self, sound: bytes, words: bool) -> Heard | None:
        """What it recognised; None where recognition fails.

        Raises:
            OSError: the process has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(HEAD.pack(words, len(sound)) + sound)
        stdin.flush()
        head = stdout.read(LENGTH.size)
        if len(head) < LENGTH.size:
            raise BrokenPipeError("the recogniser's process has ended")
        answer = json.loads(stdout.read(LENGTH.unpack(head)[0]))
        return None if answer is None else Heard(*answer)

    def end(self) -> None:
        processes.end(self._process, 1.0)


def how_many(seconds: float, stretches: int) -> int:
    """How many processes are worth their start for so much sound in so many stretches; 0 where there can be none."""
    if not sys.executable or not Path(recogniser.__file__).is_file():
        return 0
    return min(_MOST, os.cpu_count() or 1, stretches, int(seconds / _LEAST_SECONDS))


def listen(sounds: Sequence[bytes], words: bool, count: int) -> Generator[tuple[int, Heard | None] | None, None, None]:
    """Recognise several sounds in `count` processes.

    Args:
        sounds: 16-bit samples at the recogniser's rate.
        words: whether words are to be heard.
        count: of processes.

    Yields:
        The number of a sound and what was recognised in it, in the order in which they are done; None, twice a second,
        while none is done. A caller that stops early ends the processes.

    Raises:
        OSError: a process cannot be started, or has ended by itself.
    """
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    for index in sorted(range(len(sounds)), key=lambda index: -len(sounds[index])):
        waiting.put(index)
    done: queue.SimpleQueue[tuple[int, Heard | None] | Exception] = queue.SimpleQueue()
    listeners = _taken(count)
    threads = [threading.Thread(target=_work, args=(each, sounds, words, waiting, done)) for each in listeners]
    for thread in threads:
        waiting.put(None)
        thread.start()
    left = len(sounds)
    try:
        while left:
            try:
                found = done.get(timeout=0.5)
            except queue.Empty:
                yield None
                continue
            if isinstance(found, Exception):
                raise found
            left -= 1
            yield found
    finally:
        if left:
            for listener in listeners:
                listener.end()
        for thread in threads:
            thread.join()
        with _lock:
            _idle.extend(each for each in listeners if each.alive())


def _work(
    listener: _Listener,
    sounds: Sequence[bytes],
    words: bool,
    waiting: "queue.SimpleQueue[int | None]",
    done: "queue.SimpleQueue[tuple[int, Heard | None] | Exception]",
) -> None:
    try:
        while (index := waiting.get()) is not None:
            done.put((index, listener.hear(sounds[index], words)))
    except (OSError, ValueError) as error:
        listener.end()
        done.put(error if isinstance(error, OSError) else BrokenPipeError(str(error)))


def _taken(count: int) -> list[_Listener]:
    with _lock:
        kept = [each for each in _idle if each.alive()]
        taken, _idle[:] = kept[:count], kept[count:]
    try:
        while len(taken) < count:
            taken.append(_Listener())
    except OSError:
        for each in taken:
            each.end()
        raise
    return taken


@atexit.register
def end_idle() -> None:
    """End the processes that wait for more to hear; they would end by themselves after a minute."""
    with _lock:
        ended, _idle[:] = list(_idle), []
    for each in ended:
        each.end()
