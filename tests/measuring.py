"""A pytest plugin: the tests in which coverage is measured.

Measuring makes Python 1.7 times as slow. So it stops for tests that repeat, many times over, lines
that other tests run as well. On PostgreSQL it measures only tests of lines that run on PostgreSQL
alone.
"""

import os
from warnings import catch_warnings, simplefilter

import pytest
from coverage import Coverage
from coverage.exceptions import CoverageWarning

from tests.servers import MEASURED

#: tests that are not measured on SQLite
REPEATING = (
    "tests/clients/",
    "tests/test_bench.py",
    "tests/test_fuzz.py",
    "tests/test_nasty_strings.py",
    "tests/test_readme.py",
    "tests/test_storms.py",
)

#: tests that are measured on PostgreSQL, because they run lines that no test on SQLite runs
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


def is_measured(test: str, database: str) -> bool:
    """Return whether coverage is measured in a test."""
    if database == "sqlite":
        return not test.startswith(REPEATING)
    return test.startswith(OWN_TO_POSTGRESQL)


class Switch:
    """Switches measuring off and on, in child processes too."""

    def __init__(self) -> None:
        self.coverage: Coverage | None = None
        self.variables: dict[str, str] = {}

    def turn_off(self) -> None:
        if self.coverage is None and (current := Coverage.current()):
            self.coverage, self.variables = current, dict(MEASURED)
            MEASURED.clear()
            current.stop()

    def turn_on(self) -> None:
        if self.coverage is not None:
            with catch_warnings():
                simplefilter("ignore", CoverageWarning)  # that gridt is imported already
                self.coverage.start()
            for name in self.variables:  # starting has set them, for all processes
                os.environ.pop(name, None)
            MEASURED.update(self.variables)
            self.coverage = None


SWITCH = Switch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Measure the next test or not, as the lists above say."""
    if is_measured(item.nodeid, item.config.getoption("--database")):
        SWITCH.turn_on()
    else:
        SWITCH.turn_off()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Leave measuring on, because a worker of xdist could not save its coverage otherwise."""
    SWITCH.turn_on()
