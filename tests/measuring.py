"""A plugin of pytest's: which tests coverage is measured in.

Measuring makes Python 1.7 times as slow, and a process 1.5 times as slow to start. So it stops for
tests that run, many times over, lines that other tests run as well. On PostgreSQL it stops for all
tests but those of lines that run on PostgreSQL alone. Processes that tests start are measured where
they run lines that no test runs in its own process.
"""

import os
from warnings import catch_warnings, simplefilter

import pytest
from coverage import Coverage
from coverage.exceptions import CoverageWarning

from tests.servers import MEASURED

#: what is not measured on SQLite
REPEATING = (
    "tests/clients/",
    "tests/resources/test_export.py::test_a_long_history",
    "tests/resources/test_network.py::test_a_larger_network",
    "tests/test_architecture.py",
    "tests/test_bench.py",
    "tests/test_crashes.py",
    "tests/test_fuzz.py",
    "tests/test_nasty_strings.py",
    "tests/test_network_rules.py",
    "tests/test_network_structure.py",
    "tests/test_pages.py",
    "tests/test_prose.py",
    "tests/test_readme.py",
    "tests/test_security_document.py",
    "tests/test_storms.py",
)

#: what is measured on PostgreSQL: it runs lines that no test on SQLite runs
OWN_TO_POSTGRESQL = (
    "tests/jobs/",
    "tests/models/test_audit.py",
    "tests/test_bounded_work.py",
    "tests/test_cli.py",
    "tests/test_database_copy.py",
    "tests/test_idempotency.py",
    "tests/test_lost_connections.py",
    "tests/test_metrics.py",
    "tests/test_migrations.py",
    "tests/test_overlap",
    "tests/test_poolers.py",
    "tests/test_problems.py",
    "tests/test_quotas.py",
    "tests/test_replica.py",
    "tests/test_sessions.py",
    "tests/test_stuck.py",
    "tests/test_upgrades.py",
)


#: whose started servers and commands are measured as well: they run lines of servers and workers
STARTING = (
    "tests/jobs/test_worker.py",
    "tests/test_cli.py",
    "tests/test_database_copy.py",
    "tests/test_gunicorn_worker.py",
    "tests/test_metrics.py",
    "tests/test_moving_document.py",
    "tests/test_operating.py",
    "tests/test_rate_limits.py",
    "tests/test_replica.py",
    "tests/test_service_end_to_end.py",
    "tests/test_upgrades.py",
    "tests/test_wire.py",
    "tests/test_without_pictures.py",
)


def is_measured(test: str, database: str) -> bool:
    """Tell whether coverage is measured in the test of a node id."""
    if database == "sqlite":
        return not test.startswith(REPEATING)
    return test.startswith(OWN_TO_POSTGRESQL)


def are_starts_measured(test: str, database: str) -> bool:
    """Tell whether coverage is measured in the processes that a test starts."""
    return is_measured(test, database) and test.startswith(STARTING)


class Switch:
    """Switches measuring off and on, in what tests start as well."""

    def __init__(self) -> None:
        self.coverage: Coverage | None = None
        self.variables: dict[str, str] = {}

    def turn_off(self) -> None:
        if self.coverage is None and (current := Coverage.current()):
            self.coverage = current
            current.stop()

    def turn_on(self) -> None:
        if self.coverage is not None:
            with catch_warnings():
                simplefilter("ignore", CoverageWarning)  # that gridt is imported already
                self.coverage.start()
            for name in {"COVERAGE_PROCESS_CONFIG"} & set(os.environ):
                os.environ.pop(name)  # starting has set it, for all processes
            self.coverage = None

    def measure_starts(self, wanted: bool) -> None:
        """Let the processes that are started from now on measure, or not."""
        if wanted:
            MEASURED.update(self.variables)
        elif MEASURED:
            self.variables = dict(MEASURED)
            MEASURED.clear()


SWITCH = Switch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Measure or not, as the test that comes next asks for."""
    database = item.config.getoption("--database")
    if is_measured(item.nodeid, database):
        SWITCH.turn_on()
    else:
        SWITCH.turn_off()
    SWITCH.measure_starts(are_starts_measured(item.nodeid, database))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Leave measuring on, or a worker of xdist would not find what it is to save."""
    SWITCH.turn_on()
