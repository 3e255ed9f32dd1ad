"""The choice of the tests in which coverage is measured."""

import pytest

from tests.measuring import OWN_TO_POSTGRESQL, REPEATING, is_measured
from tests.servers import ROOT


@pytest.mark.parametrize("prefix", [*REPEATING, *OWN_TO_POSTGRESQL])
def test_each_listed_path_is_there(prefix: str) -> None:
    paths = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    assert any(path.startswith(prefix) for path in paths)


def test_each_database_has_its_own_list() -> None:
    def measured(test: str) -> list[str]:
        return [name for name in ("sqlite", "postgresql") if is_measured(test, name)]

    assert measured("tests/test_metrics.py::test") == ["sqlite", "postgresql"]
    assert measured("tests/resources/test_leaders.py::test") == ["sqlite"]
    assert measured("tests/test_fuzz.py::test") == []
