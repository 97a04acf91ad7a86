# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events: every change of state once and in order, for whoever listens and whoever was away."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tiny_backend import PATIENCE, Backend, Gate, add_blob, ended, open_jobs, wait_until

from chironomy.client import ClientError
from chironomy.service.errors import ServiceError
from chironomy.service.events import MOST_LISTENERS, Events
from chironomy.service.jobs import Jobs
from chironomy.work import Work


def parsed(text: bytes) -> list[dict[str, str]]:
    blocks = [block for block in text.decode().split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


async def heard(stream: AsyncIterator[bytes], number: int) -> list[tuple[str, str]]:
    """The first so many changes of state of a stream: job and state."""
    found: list[tuple[str, str]] = []
    while len(found) < number:
        for fields in parsed(await asyncio.wait_for(anext(stream), PATIENCE)):
            if fields.get("event") == "job":
                record = json.loads(fields["data"])
                found.append((record["id"], record["state"]))
    return found


def do(jobs: Jobs, times: int, start: int = 0) -> list[tuple[str, str]]:
    """Some jobs from request to end, done by nobody; the changes of their states."""
    expected = []
    for number in range(start, start + times):
        job = jobs.submit("gate", {}, {"number": number})
        claimed = jobs.claim("quick")
        assert claimed is not None
        assert claimed.id == job.id
        jobs.progress(job.id, 0.5, "half")
        jobs.end(job.id, "cancelled")
        expected += [(job.id, state) for state in ("queued", "running", "cancelled")]
    return expected


@pytest.fixture
def idle(tmp_path: Path) -> Jobs:
    """A queue of which nobody does anything."""
    return open_jobs(tmp_path / "idle")


def test_200_listeners_hear_every_change_once_and_in_order(idle: Jobs) -> None:
    async def listen() -> None:
        events = Events(idle)
        streams = [events.stream(None) for _ in range(200)]
        # Whoever was answered misses nothing from then on.
        for stream in streams:
            assert parsed(await anext(stream))[0]["id"] == "0"
        working = asyncio.to_thread(do, idle, 50)
        told = asyncio.gather(*(heard(stream, 150) for stream in streams))
        expected, everything = await asyncio.gather(working, told)
        assert all(each == expected for each in everything)
        events.close()

    asyncio.run(listen())


def test_what_happened_is_told_before_the_backend_ends(idle: Jobs) -> None:
    async def listen() -> None:
        events = Events(idle)
        streams = [events.stream(None) for _ in range(20)]
        for stream in streams:
            await anext(stream)
        expected = await asyncio.to_thread(do, idle, 2)
        events.close()
        assert [await heard(stream, 6) for stream in streams] == [expected] * len(streams)
        for stream in streams:
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(stream), PATIENCE)

    asyncio.run(listen())


def test_who_was_away_goes_on_after_the_last_that_was_seen_and_after_a_restart_too(idle: Jobs) -> None:
    before = do(idle, 3)
    idle.store.close()
    jobs = open_jobs(idle.folder.parent)

    async def listen() -> list[tuple[str, str]]:
        events = Events(jobs)
        stream = events.stream("4")
        later = await asyncio.to_thread(do, jobs, 2, 3)
        expected = [*before[4:], *later]
        assert await heard(stream, len(expected)) == expected
        return expected

    assert len(asyncio.run(listen())) == 11
    assert jobs.store.numbers() == (1, 15)


@pytest.mark.parametrize("last", ["16", "-1", "x", "9" * 30, "²"])
def test_who_has_seen_what_is_not_known_is_told_to_ask_anew(idle: Jobs, last: str) -> None:
    do(idle, 5)

    async def listen() -> None:
        (first,) = parsed(await anext(Events(idle).stream(last)))
        assert (first["event"], first["id"]) == ("reset", "15")

    asyncio.run(listen())


def test_what_was_long_ago_is_not_kept_for_ever(idle: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chironomy.service.store.KEPT_EVENTS", 4)
    do(idle, 5)
    idle.store.forget(1000)
    assert idle.store.numbers() == (12, 15)

    async def listen() -> None:
        events = Events(idle)
        assert parsed(await anext(events.stream("10")))[0]["event"] == "reset"
        assert "event" not in parsed(await anext(events.stream("11")))[0]

    asyncio.run(listen())


def test_one_job_may_be_listened_to_alone(idle: Jobs) -> None:
    first = do(idle, 2)
    wanted = first[-1][0]

    async def listen() -> None:
        stream = Events(idle).stream("0", wanted)
        assert await heard(stream, 3) == first[3:]

    asyncio.run(listen())


def test_progress_is_told_to_whoever_is_there(idle: Jobs) -> None:
    job = idle.submit("gate", {}, {})
    idle.claim("quick")

    async def listen() -> None:
        events = Events(idle)
        stream = events.stream(None)
        await anext(stream)
        for step in range(50):
            idle.progress(job.id, step / 50, f"step {step}")
        (told,) = parsed(await asyncio.wait_for(anext(stream), PATIENCE))
        assert "id" not in told
        assert json.loads(told["data"]) == {"id": job.id, "progress": 0.98, "message": "step 49"}

    asyncio.run(listen())


def test_silence_is_broken_and_the_end_is_the_end(idle: Jobs) -> None:
    async def listen() -> None:
        events = Events(idle, silence=0.01)
        stream = events.stream(None)
        await anext(stream)
        assert await anext(stream) == b":\n\n"
        assert events.listeners == 1
        threading.Thread(target=events.close).start()
        async for told in stream:
            assert told == b":\n\n"
        assert events.listeners == 0

    asyncio.run(listen())


def test_the_number_of_listeners_is_bounded(idle: Jobs) -> None:
    async def listen() -> None:
        events = Events(idle)
        streams = [events.stream(None) for _ in range(MOST_LISTENERS)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(ServiceError, match="listen to the backend already") as refusal:
            events.stream(None)
        assert refusal.value.status == 503

    asyncio.run(listen())


def test_a_client_hears_a_job_from_its_request_to_its_end(backend: Backend, gate: Gate) -> None:
    told: list[Any] = []
    with backend.client() as client, backend.client() as listener:
        begun = threading.Event()

        def listen() -> None:
            for news in listener.events(last=0):
                begun.set()
                told.append(news)
                if news.job is not None and news.job.state == "deleted":
                    return

        waiting = client.submit("gate", {})
        thread = threading.Thread(target=listen)
        thread.start()
        assert gate.started.wait(PATIENCE)
        wait_until(lambda: any(news.message == "at the gate" for news in told))
        gate.open.set()
        client.wait(waiting, Work())
        client.delete(waiting)
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert [(news.job.state, news.number) for news in told if news.job] == [
        ("queued", 1), ("running", 2), ("done", 3), ("deleted", 4),
    ]  # fmt: skip
    assert {news.id for news in told if not news.job} == {waiting}


def test_a_client_is_told_that_there_is_no_such_job(backend: Backend) -> None:
    with backend.client() as client, pytest.raises(ClientError, match="There is no job 'x'"):
        next(client.events("x"))


def test_a_job_that_is_asked_for_again_makes_no_noise(jobs: Jobs) -> None:
    inputs = {"speech": add_blob(jobs, b"ha")}
    ended(jobs, jobs.submit("copy", inputs, {}))
    before = jobs.store.numbers()
    jobs.submit("copy", inputs, {})
    assert jobs.store.numbers() == before
