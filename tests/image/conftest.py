"""The image under test, which only `make image-test` names."""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip all of these without the name of an image."""
    if config.getoption("--image"):
        return
    skip = pytest.mark.skip(reason="needs Docker: `make image-test` builds the image and runs them")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> str:
    """The image under test."""
    return str(request.config.getoption("--image"))


@pytest.fixture(scope="session")
def database_image(request: pytest.FixtureRequest) -> str | None:
    """The replacement for the database image of compose.yaml, or None."""
    name: str | None = request.config.getoption("--database-image")
    return name
