"""Fixtures of the tests of clients."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import serve


@pytest.fixture(autouse=True)
def on_one_database(request: pytest.FixtureRequest) -> None:
    """Skip the run on PostgreSQL: clients see no database."""
    if request.config.getoption("--database") != "sqlite":
        pytest.skip("clients are the same for each database")


@pytest.fixture
def url(migrated_database: Callable[[], str]) -> Iterator[str]:
    """The address of a new server."""
    with serve(migrated_database()) as server:
        yield server.url
