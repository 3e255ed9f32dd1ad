"""Fixtures of the tests of the app."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.web.app import App
from tests.web.world import World, populated


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[], str]) -> Iterator[World]:
    """A running server with some members and movements."""
    with populated(migrated_database()) as made:
        yield made


@pytest.fixture
def opened(browser: Browser, world: World) -> Callable[..., Any]:
    """Open the app in a browser context of its own.

    The test fails if the app breaks its policy, throws, or asks another host.
    """

    @contextmanager
    def make(size: tuple[int, int] = (390, 844), **options: Any) -> Iterator[App]:
        viewport = {"width": size[0], "height": size[1]}
        settings = {"viewport": viewport, "locale": "en-GB", "timezone_id": "Europe/Amsterdam"}
        # a worker fetches all files of the app, which costs time in each context
        settings["service_workers"] = "block"
        with browser.new_context(**(settings | options)) as context:
            context.set_default_timeout(30_000)
            app = App(context.new_page(), world)
            yield app
            app.end()

    return make


@pytest.fixture
def axe(install: Callable[[str], Path]) -> Path:
    """The script of axe-core."""
    return install("axe") / "node_modules" / "axe-core" / "axe.min.js"
