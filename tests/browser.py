"""The Chromium of this machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.servers import PATIENCE

#: names of the program on different systems
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """Return the path of Chromium.

    Skip the test if there is none.
    """
    found = [path for name in _NAMES if (path := shutil.which(name))]
    if not found:
        pytest.skip("no Chromium here: apt-get install chromium")
    return found[0]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium for a `with` block.

    Skip the test if there is none.
    """
    found = executable()
    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()
