"""A pytest plugin: the tests in which coverage is measured.

Measuring makes Python 1.7 times as slow, and the start of a process 1.5 times as slow. So it stops
for tests that repeat, many times over, lines that other tests run as well, and in some files after
the first `CASES` cases of a test. On PostgreSQL it measures only tests of lines that run on
PostgreSQL alone. It measures the processes that tests start only if they run lines that no test
runs in its own process.
"""

import os
from collections import Counter
from warnings import catch_warnings, simplefilter

import pytest
from coverage import Coverage
from coverage.exceptions import CoverageWarning

from tests.servers import MEASURED

#: how many cases of a parametrised test are measured in files with very many: the others run lines
#: that tests of the same thing run as well
CASES = 3
MANY_CASES = (
    "tests/formats/",
    "tests/test_bad_input.py",
    "tests/test_conventions.py",
    "tests/test_credentials.py",
    "tests/test_http_tricks.py",
    "tests/test_openapi.py",
    "tests/test_tokens.py",
)

#: the number of a case among those of its test
NUMBER = pytest.StashKey[int]()

#: tests that are not measured on SQLite
REPEATING = (
    "tests/clients/",
    "tests/resources/test_export.py::test_a_long_history",
    "tests/resources/test_network.py::test_a_larger_network",
    "tests/test_architecture.py",
    "tests/test_bench.py",
    "tests/test_concurrency.py",
    "tests/test_crashes.py",
    "tests/test_fuzz.py",
    "tests/test_nasty_strings.py",
    "tests/test_network_rules.py",
    "tests/test_network_structure.py",
    "tests/test_pages.py",
    "tests/test_phone_client.py",
    "tests/test_prose.py",
    "tests/test_readme.py",
    "tests/test_security_document.py",
    "tests/test_statements.py",
    "tests/test_storms.py",
    "tests/web/test_access",
    "tests/web/test_journeys.py",
    "tests/web/test_languages.py",
    "tests/web/test_moderation.py",
    "tests/web/test_owning.py",
    "tests/web/test_rules.py",
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


#: tests whose servers and commands are measured as well: these run lines of servers and workers
#: that no test runs in its own process
STARTING = (
    "tests/jobs/test_worker.py",
    "tests/test_config.py",
    "tests/test_journal.py",
    "tests/test_killed_half_way.py",
    "tests/test_logs.py",
    "tests/test_lost_connections.py",
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
)


def is_measured(test: str, database: str, number: int = 0) -> bool:
    """Return whether a case of a test measures coverage."""
    if number >= CASES and test.startswith(MANY_CASES):
        return False
    if database == "sqlite":
        return not test.startswith(REPEATING)
    return test.startswith(OWN_TO_POSTGRESQL)


def are_starts_measured(test: str, database: str, number: int = 0) -> bool:
    """Return whether the processes that a case starts measure coverage."""
    return is_measured(test, database, number) and test.startswith(STARTING)


class Switch:
    """Switches measuring off and on, in child processes too."""

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
        """Let processes measure, or not, from now on.

        It concerns the processes that are started from now on.
        """
        if wanted:
            MEASURED.update(self.variables)
        elif MEASURED:
            self.variables = dict(MEASURED)
            MEASURED.clear()


SWITCH = Switch()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Number the cases of each test."""
    seen: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        item.stash[NUMBER] = seen[test]
        seen[test] += 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Measure the next case or not, as the lists say."""
    database = item.config.getoption("--database")
    number = item.stash[NUMBER]
    if is_measured(item.nodeid, database, number):
        SWITCH.turn_on()
    else:
        SWITCH.turn_off()
    SWITCH.measure_starts(are_starts_measured(item.nodeid, database, number))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Leave measuring on.

    Otherwise a worker of xdist could not save its coverage.
    """
    SWITCH.turn_on()
