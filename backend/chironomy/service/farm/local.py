# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on this machine: several processes with their models warm; one that dies costs its stage an attempt."""

import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from chironomy.errors import ChironomyError
from chironomy.packages import explained
from chironomy.service.farm.plan import Item
from chironomy.service.farm.stages import AFTER, THREADS, do, is_done, stages

ATTEMPTS = 3
"""How often a stage is tried that ends its process."""


@dataclass(frozen=True)
class Outcome:
    """How a stage ended.

    Attributes:
        item: its name.
        stage: of the item.
        seconds: that it took; 0 where it was done before.
        error: one sentence; None where it is done.
    """

    item: str
    stage: str
    seconds: float = 0.0
    error: str | None = None


Told = Callable[[Outcome], None]
"""Told of every stage that has ended."""


def run_here(items: Sequence[Item], out: Path, processes: int, told: Told) -> list[Outcome]:
    """Do all stages of all items that are not done; what fails keeps nothing else from being done.

    Args:
        items: of the plan.
        out: folder of the results.
        processes: how many stages are done at a time.
        told: of every stage that has ended.
    """
    ended: dict[tuple[str, str], Outcome] = {}
    tried: dict[tuple[str, str], int] = {}
    by_name = {item.name: item for item in items}

    def end(outcome: Outcome) -> None:
        ended[outcome.item, outcome.stage] = outcome
        told(outcome)

    for item in items:
        for stage in stages(item):
            if is_done(item, stage, out):
                end(Outcome(item.name, stage))
    while left := [(item.name, stage) for item in items for stage in stages(item) if (item.name, stage) not in ended]:
        # After a process has died, one at a time shows whose stage it is that ends it.
        careful = any(tried.get(key, 0) for key in left)
        spawn = multiprocessing.get_context("spawn")
        with (
            _variables(THREADS),
            ProcessPoolExecutor(1 if careful else processes, spawn, initializer=_end_with_parent) as pool,
        ):
            running: dict[Future[Outcome], tuple[str, str]] = {}
            try:
                while True:
                    busy = set(running.values())
                    for key in [key for key in left if key not in ended and key not in busy]:
                        if careful and running:
                            break
                        name, stage = key
                        before = [ended.get((name, each)) for each in AFTER[stage] if each in stages(by_name[name])]
                        if any(outcome is not None and outcome.error for outcome in before):
                            end(Outcome(name, stage, error="what it needs has failed"))
                        elif all(before) and len(running) < processes + 1:
                            running[pool.submit(_one, by_name[name], stage, out)] = key
                    if not running:
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        end(future.result())
                        del running[future]
                    if careful:
                        break
            except BrokenProcessPool:
                for key in running.values():
                    tried[key] = tried.get(key, 0) + 1
                    if careful and tried[key] >= ATTEMPTS:
                        message = f"it was tried {ATTEMPTS} times, and ended its process, perhaps for want of memory"
                        end(Outcome(*key, error=message))
            else:
                for key in [key for key in tried if key in ended]:
                    del tried[key]
    return [ended[item.name, stage] for item in items for stage in stages(item)]


@contextlib.contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _end_with_parent() -> None:
    """See to it that this process does not outlive the one that gives it work."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _one(item: Item, stage: str, out: Path) -> Outcome:
    began = time.monotonic()
    try:
        do(item, stage, out)
    except ChironomyError as error:
        return Outcome(item.name, stage, time.monotonic() - began, " ".join(str(error).split()))
    except ImportError as error:
        return Outcome(item.name, stage, time.monotonic() - began, explained(error))
    return Outcome(item.name, stage, time.monotonic() - began)
