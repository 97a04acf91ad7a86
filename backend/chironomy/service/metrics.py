# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the backend for a Prometheus server."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chironomy.client.protocol import FINAL, QUEUED, RUNNING
from chironomy.service.events import Events
from chironomy.service.jobs import Jobs
from chironomy.service.record import Event
from chironomy.service.usage import usage

_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})


class Metrics:
    """Counts from the start of the process on.

    Args:
        jobs: the queue whose changes are counted.
        events: whose listeners are counted.
    """

    def __init__(self, jobs: Jobs, events: Events) -> None:
        self._jobs = jobs
        self._events = events
        self._registry = CollectorRegistry()
        self._changes = Counter(
            "chironomy_job_changes", "Changes of jobs' states", ("kind", "state"), registry=self._registry
        )
        self._lost = Counter(
            "chironomy_attempts_lost", "Attempts that cost a job its worker", ("kind",), registry=self._registry
        )
        self._seconds = Histogram(
            "chironomy_job_seconds",
            "Time from a job's start to its end",
            ("kind",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._requests = Counter(
            "chironomy_requests", "Requests that were let in", ("method", "status"), registry=self._registry
        )
        self._registry.register(self)
        jobs.listeners.append(self._changed)

    def text(self) -> tuple[bytes, str]:
        """All figures, and the media type of that.

        Raises:
            ServiceError: (507) the disk cannot be asked.
        """
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterable[Metric]:
        """What is looked up whenever it is asked for."""
        waiting = GaugeMetricFamily("chironomy_jobs", "Jobs that have not ended", labels=("state",))
        for state in (QUEUED, RUNNING):
            waiting.add_metric((state,), self._jobs.store.count(state))
        yield waiting
        for name, number in usage(self._jobs).items():
            yield GaugeMetricFamily(f"chironomy_{name}_bytes", f"See {name} of /v1/usage", number)
        yield GaugeMetricFamily("chironomy_listeners", "Who listens to events", self._events.listeners)

    def describe(self) -> Iterable[Metric]:
        """Nothing is looked up at the start."""
        return ()

    def counted(self, app: ASGIApp) -> ASGIApp:
        """The application, its answers counted."""

        async def count(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    method = scope["method"] if scope["method"] in _METHODS else "other"
                    self._requests.labels(method, str(message["status"])).inc()
                await send(message)

            await app(scope, receive, note if scope["type"] == "http" else send)

        return count

    def _changed(self, event: Event) -> None:
        job = event.job
        self._changes.labels(job.kind, job.state).inc()
        if job.state == QUEUED and job.attempts:
            self._lost.labels(job.kind).inc()
        if job.state in FINAL and job.started is not None and job.finished is not None:
            self._seconds.labels(job.kind).observe(max(0.0, job.finished - job.started))
