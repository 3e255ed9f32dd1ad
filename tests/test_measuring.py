"""The choice of the tests in which coverage is measured."""

import pytest

from tests import servers
from tests.measuring import (
    CASES,
    MANY_CASES,
    OWN_TO_POSTGRESQL,
    REPEATING,
    STARTING,
    Switch,
    are_starts_measured,
    is_measured,
)
from tests.servers import ROOT


def test_each_listed_test_is_there() -> None:
    paths = {str(path.relative_to(ROOT)): path for path in (ROOT / "tests").rglob("test_*.py")}
    for prefix in [*REPEATING, *MANY_CASES, *OWN_TO_POSTGRESQL, *STARTING]:
        file, _, test = prefix.partition("::")
        found = [path for name, path in paths.items() if name.startswith(file)]
        assert any(f"def {test}" in path.read_text() for path in found), prefix


def test_each_database_has_its_own_list() -> None:
    def measured(test: str) -> list[str]:
        return [name for name in ("sqlite", "postgresql") if is_measured(test, name)]

    assert measured("tests/test_metrics.py::test") == ["sqlite", "postgresql"]
    assert measured("tests/resources/test_leaders.py::test") == ["sqlite"]
    assert measured("tests/test_fuzz.py::test") == []


def test_the_first_cases_of_a_test_are_measured() -> None:
    for test, expected in (("tests/test_tokens.py::test", CASES), ("tests/test_keys.py::test", 9)):
        numbers = [number for number in range(9) if is_measured(test, "sqlite", number)]
        assert numbers == list(range(expected))


def test_started_processes_are_measured_only_for_tests_that_say_so() -> None:
    def measured(test: str) -> list[str]:
        return [name for name in ("sqlite", "postgresql") if are_starts_measured(test, name)]

    assert measured("tests/test_upgrades.py::test") == ["sqlite", "postgresql"]
    assert measured("tests/test_wire.py::test") == ["sqlite"]
    assert measured("tests/test_crashes.py::test") == []
    assert measured("tests/test_sessions.py::test") == []


def test_what_is_started_inherits_the_variable_only_while_it_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(servers.MEASURED, "COVERAGE_PROCESS_CONFIG", "{}")
    switch, seen = Switch(), []
    for wanted in (True, False, False, True):
        switch.measure_starts(wanted)
        seen.append("COVERAGE_PROCESS_CONFIG" in servers.environment("sqlite://"))
    assert seen == [True, False, False, True]
