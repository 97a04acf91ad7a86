# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are asked for while a backend is killed or its machine fails it, and what becomes of them."""

import functools
import hashlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service_benchmark.service import KINDS, Row, Service, ask, requests_of

WHOM = ("server", "all", "workers", "encoder")


class Trial:
    """What was asked for, and what came of it.

    Args:
        service: the backend that suffers.
        count: how many jobs are asked for.
        seed: of all that is drawn.
    """

    def __init__(self, service: Service, count: int, seed: int) -> None:
        self.service = service
        self.chance = random.Random(seed)
        self.accepted: dict[int, str] = {}
        self.killed: Counter[str] = Counter()
        self.refused: list[str] = []
        self.unlike: list[str] = []
        self._requests = asked_for(count)
        self._truth = truth(count)
        self._left = list(range(count))

    def ask(self, rounds_left: int) -> None:
        """Ask for a share of the jobs; what is refused is asked for again some other time."""
        from chironomy.client import ClientError

        with self.service.client() as client:
            for index in self._left[: -(-len(self._left) // rounds_left)]:
                try:
                    self.accepted[index] = ask(client, self._requests[index])
                    self._left.remove(index)
                except ClientError as error:
                    self.tell(str(error))

    def tell(self, sentence: str) -> None:
        """Take note of a refusal, which is to be one sentence."""
        if sentence not in self.refused:
            print("   ", sentence, file=sys.stderr)
        self.refused.append(sentence)
        if (
            "\n" in sentence
            or "Traceback" in sentence
            or " broke" in sentence
            or "status 5" in sentence
            or len(sentence) > 700
        ):
            self.unlike.append(sentence)
            print("no sentence:", sentence, file=sys.stderr)

    def sleep(self, longest: float) -> None:
        """Let some time go by."""
        time.sleep(self.chance.uniform(0.0, longest))

    def kill(self, again: bool = True) -> str:
        """Kill somebody who is there; return whom."""
        for whom in self.chance.sample(WHOM, len(WHOM)):
            if self.service.kill(whom, again):
                self.killed[whom] += 1
                return whom
        raise AssertionError("there is always a server")

    def rows(self) -> Iterator[Row]:
        """What became of all, once nothing is wrong any more."""
        from chironomy.client import ClientError, JobFailed

        data = self.service.data
        ended: Counter[str] = Counter()
        with self.service.client() as client:
            at_once = 0
            for identifier in self.accepted.values():
                try:
                    at_once += client.job(identifier).ended
                except ClientError:
                    continue
            self.ask(1)
            for index, identifier in self.accepted.items():
                try:
                    try:
                        result = client.wait(identifier).result
                    except JobFailed as error:
                        ended["failed"] += 1
                        self.tell(str(error))
                        result = client.wait(client.retry(identifier).id).result
                    ended["done" if result == self._truth[index] else "differs"] += 1
                except ClientError as error:
                    ended["lost" if "There is no job" in str(error) else "not done"] += 1
                    print(self._requests[index][0], error, file=sys.stderr)
            again = sum(ask(client, self._requests[index]) == known for index, known in self.accepted.items())
            listed = len(client.jobs(limit=1000))
        blobs = [path for path in (data / "blobs").glob("??/*") if path.is_file()]
        half = sum(hashlib.sha256(path.read_bytes()).hexdigest() != path.name for path in blobs)
        half += len(list((data / "blobs" / "incoming").iterdir()))
        traces = sum(path.read_text("utf-8", "replace").count("Traceback") for path in data.glob("backend.log*"))
        told = ", ".join(f"{count} × {whom}" for whom, count in sorted(self.killed.items()))
        if self.killed:
            yield "kills", f"{sum(self.killed.values())}", told
        if self.refused:
            how = f"of which no sentence: {len(self.unlike)}; asked again later"
            yield "refusals", f"{len(self.refused)}", how
        yield "accepted jobs", f"{len(self.accepted)}", f"{', '.join(KINDS)} in turn, each another one"
        yield "lost", f"{ended['lost']}", "accepted, and unknown after the last start"
        how = "by a sentence, and tried again when nothing was wrong any more"
        yield "failed at first", f"{ended['failed']}", how
        yield "done", f"{ended['done']}", f"{at_once} of all had ended at the last start"
        yield "not done in the end", f"{ended['not done']}", "of the accepted ones"
        yield "done to another result", f"{ended['differs']}", "than in a backend that nobody troubled"
        yield "answered from the store", f"{again} of {len(self.accepted)}", "the same request after all was done"
        yield "records", f"{listed}", "one an accepted job, so nothing was done as two jobs"
        yield "half files", f"{half}", f"of {len(blobs)} blobs, by their hashes, and of uploads"
        yield "tracebacks in the log", f"{traces}", "of the backend"


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


@functools.cache
def asked_for(count: int) -> list[tuple[str, dict[str, Path], dict[str, Any]]]:
    """So many jobs, the same in every section."""
    folder = Path(_folder().name) / f"{count}"
    folder.mkdir()
    return requests_of(count, folder)


@functools.cache
def truth(count: int) -> list[str | None]:
    """The hashes of the results in a backend that nobody troubles."""
    quiet = Service(Path(_folder().name) / f"quiet-{count}")
    with quiet.client() as client:
        found = [client.wait(identifier).result for identifier in [ask(client, one) for one in asked_for(count)]]
    quiet.process.stop()
    return found
