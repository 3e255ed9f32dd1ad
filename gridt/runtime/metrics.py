"""Metrics for Prometheus, counted in each process.

GET /metrics adds up the processes. With gunicorn, each process counts in files of its own in the
folder that PROMETHEUS_MULTIPROC_DIR names (see gunicorn.conf.py), where every process finds them
all. The files are named by the place of a process among the others, not by its id: a process that
replaces another continues its files, so their number does not grow.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from platform import python_version
from typing import Any

from flask import Flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from gridt.runtime.config import VERSION

#: where prometheus_client keeps the files, and which of them are this process's
FOLDER, PLACE = "PROMETHEUS_MULTIPROC_DIR", "GRIDT_METRICS_PLACE"
#: seconds; a hot read takes less than a millisecond, a login 0.2 s
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: where Linux says how many pages of memory this process has; other systems have no such file
_STATM = Path("/proc/self/statm")
#: seconds after which a process that answers requests says again how much memory it has
_MEMORY_EVERY = 5
#: the operations on a network
OPERATIONS = ("join", "leave", "swap", "refill")
#: metrics that the database holds, read for each scrape
GAUGES = {
    "gridt_database_up": "1 if the database answers, else 0, and then all other gauges are missing",
    "gridt_open_slots": "Slots without a leader; counted up to 10,000",
    "gridt_jobs_waiting": "Jobs that wait, for their first attempt or their next; up to 10,000",
    "gridt_jobs_running": "Jobs that run; up to 10,000",
    "gridt_jobs_dead": "Jobs that were given up; up to 10,000",
    "gridt_jobs_oldest_seconds": "For how long the job that waits longest has been due",
    "gridt_users_created": "The largest id of a user: accounts that were deleted count as well",
    "gridt_updates_created": "The largest id of an update: those that were removed count as well",
    "gridt_invitations_open": "Invitations that can be used; counted up to 10,000",
    "gridt_reports_open": "Reports that no admin has closed; counted up to 10,000",
}
Read = Callable[[], Mapping[str, float | None]]
#: the name under which a session keeps the counts that wait for its commit
_PENDING = "gridt.runtime.metrics.pending"


class Metrics:
    """The metrics of this process.

    Without GRIDT_METRICS_TOKEN there are none, and they cost nothing.
    """

    enabled = False

    def init_app(self, app: Flask, engines: Mapping[str | None, Engine], read: Read) -> None:
        """Start to count, if the app's configuration says so.

        :param read: reads `GAUGES`; a gauge without a value is None
        """
        self.enabled = app.config["METRICS_TOKEN"] is not None
        if not self.enabled:
            return
        # chosen here and not when the library is imported: gunicorn's parent imports it too
        shared = FOLDER in os.environ and PLACE in os.environ
        place = os.environ.get(PLACE, "")
        in_files: Any = values.MultiProcessValue  # it has no types
        values.ValueClass = in_files(lambda: place) if shared else values.MutexValue
        self._registry = CollectorRegistry()
        self._make(self._registry)
        self._make_memory(self._registry)
        self._measure_memory()
        if shared:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]  # it has no types
        self._registry.register(_Gauges(read))
        for name, engine in engines.items():
            self._watch(engine, name or "primary")

    def _make(self, registry: CollectorRegistry) -> None:
        options: dict[str, Any] = {"registry": registry}
        live = options | {"multiprocess_mode": "livesum"}
        self._requests = Counter(
            "gridt_requests",
            "Requests that were answered",
            ["method", "route", "status"],
            **options,
        )
        self._seconds = Histogram(
            "gridt_request_duration_seconds",
            "From when a request was there until its answer was made",
            ["method", "route"],
            buckets=_BUCKETS,
            **options,
        )
        self._operations = Counter(
            "gridt_network_operations",
            "Committed operations on leader networks; a refill counts for each slot",
            ["operation"],
            **options,
        )
        self._refusals = Counter(
            "gridt_limit_refusals", "Calls that a limit refused", ["limit"], **options
        )
        self._connections = Gauge(
            "gridt_database_connections_in_use", "Connections lent by the pools", ["pool"], **live
        )
        self._hashing = Gauge(
            "gridt_passwords_hashing", "Passwords that are hashed or wait for it", **live
        )
        self._unhashed = Counter(
            "gridt_passwords_refused", "Passwords not hashed: too many waited", **options
        )
        # children are kept: to find one by its labels takes the library longer than to count
        self._answers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        for operation in OPERATIONS:
            self._operations.labels(operation)

    def _make_memory(self, registry: CollectorRegistry) -> None:
        self._memory = Gauge(
            "gridt_memory_bytes",
            "Resident memory of the processes that serve, added up; shared pages count in each",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._largest = Gauge(
            "gridt_memory_largest_bytes",
            "Resident memory of the largest of these processes",
            registry=registry,
            multiprocess_mode="livemax",
        )

    def _watch(self, engine: Engine, pool: str) -> None:
        """Count the connections that an engine lends.

        This listens after `prepare` does.
        """
        gauge = self._connections.labels(pool)

        @event.listens_for(engine, "checkout")
        def _lend(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
            _info_of(record)["in_use"] = True
            gauge.inc()

        @event.listens_for(engine, "checkin")
        def _take_back(_connection: Any, record: ConnectionPoolEntry) -> None:
            if _info_of(record).pop("in_use", False):  # or it broke before it was lent
                gauge.dec()

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        if not self.enabled:
            return
        key = (method, route, status)
        children = self._answers.get(key)
        if children is None:
            children = self._answers[key] = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        children[0].inc()
        children[1].observe(seconds)
        if time.monotonic() >= self._measured_at + _MEMORY_EVERY:
            self._measure_memory()

    def count_limit_refusal(self, limit: str) -> None:
        """Count a request that a limit refused."""
        if self.enabled:
            self._refusals.labels(limit).inc()

    def count_unhashed(self) -> None:
        """Count a password that was not hashed."""
        if self.enabled:
            self._unhashed.inc()

    @contextmanager
    def hashing(self) -> Iterator[None]:
        """Count a password while it waits and is hashed."""
        if not self.enabled:
            yield
            return
        self._hashing.inc()
        try:
            yield
        finally:
            self._hashing.dec()

    def count_operation(self, operation: str, times: int = 1) -> None:
        """Count a committed operation on leader networks.

        :param operation: one of `OPERATIONS`
        """
        if self.enabled:
            self._operations.labels(operation).inc(times)

    def _measure_memory(self) -> None:
        """Set the gauges of this process's memory.

        An idle process keeps the last values.
        """
        self._measured_at = time.monotonic()
        if _STATM.exists():
            pages = int(_STATM.read_text().split()[1])
            resident = pages * os.sysconf("SC_PAGE_SIZE")
            self._memory.set(resident)
            self._largest.set(resident)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' format.

        They include the gauges that only the database knows.
        """
        self._measure_memory()
        return generate_latest(self._registry)


def _info_of(record: ConnectionPoolEntry) -> dict[Any, Any]:
    info: dict[Any, Any] = record.record_info  # type: ignore[assignment]  # it is never None
    return info


class _Gauges(Collector):
    """Gauges that are read when Prometheus asks."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Return nothing; otherwise the library would read for names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Read the gauges; those without a value are left out."""
        versions = {"version": VERSION, "python": python_version()}
        build = GaugeMetricFamily(
            "gridt_build_info", "1, with the versions as labels", labels=list(versions)
        )
        build.add_metric(list(versions.values()), 1)
        yield build
        for name, value in self._read().items():
            if value is not None:
                yield GaugeMetricFamily(name, GAUGES[name], value)


metrics = Metrics()
