"""The choice of the database for each test."""

from typing import Any

import pytest

#: the condition by which the marks below know the database of the run
ON_SQLITE = "config.getoption('--database') == 'sqlite'"
ELSEWHERE = "config.getoption('--database') != 'sqlite'"

DESELECTED = pytest.StashKey[list[int]]()


def sqlite_only(reason: str) -> pytest.MarkDecorator:
    """Skip a test on PostgreSQL, for a reason."""
    return pytest.mark.skipif(ELSEWHERE, reason=reason)  # each test gives its reason


def postgresql_only(reason: str) -> pytest.MarkDecorator:
    """Skip a test on SQLite, for a reason."""
    return pytest.mark.skipif(ON_SQLITE, reason=reason)  # each test gives its reason


#: for changes that stop half-way while other transactions write
writers_overlap = postgresql_only("SQLite has one writer at a time")

#: for tests that reach the database, but in the same way on both
same_on_both = pytest.mark.same_on_both


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DESELECTED] = []
    config.addinivalue_line(
        "markers", "same_on_both: what is tested does not depend on the database: SQLite is enough"
    )


def _depends_on_database(item: pytest.Item) -> bool:
    """Return whether a test depends on the database."""
    if any(ON_SQLITE in mark.args for mark in item.iter_markers("skipif")):
        return True
    asks = "server_url" in getattr(item, "fixturenames", ())
    return asks and item.get_closest_marker("same_on_both") is None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out tests that run alike on SQLite."""
    if config.getoption("--database") == "sqlite":
        return
    left = [item for item in items if not _depends_on_database(item)]
    config.hook.pytest_deselected(items=left)
    config.stash[DESELECTED].append(len(left))
    items[:] = [item for item in items if _depends_on_database(item)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send an xdist worker's number of omitted tests."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deselected"] = session.config.stash[DESELECTED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Store how many tests the workers of xdist left out.

    All of them collect the same.
    """
    node.config.stash[DESELECTED] = getattr(node, "workeroutput", {}).get("deselected", [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if number := sum(config.stash[DESELECTED]):
        terminalreporter.line(
            f"{number} tests that do not depend on the database run on SQLite only."
        )
