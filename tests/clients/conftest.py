"""What the tests of clients share."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import serve


@pytest.fixture(autouse=True)
def on_one_database(request: pytest.FixtureRequest) -> None:
    """Skip the run on PostgreSQL: clients do not meet the database."""
    if request.config.getoption("--database") != "sqlite":
        pytest.skip("clients are the same for each database")


@pytest.fixture
def url(migrated_database: Callable[[], str]) -> Iterator[str]:
    """The address of a server that nobody has used."""
    with serve(migrated_database()) as server:
        yield server.url
