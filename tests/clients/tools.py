"""Tools outside of Python for the tests of clients."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gridt import create_app
from gridt.http.openapi import document
from tests.conftest import settings_for

#: seconds until a tool is killed
PATIENCE = 120


def write_document(folder: Path) -> Path:
    """Write the OpenAPI document, and return its path."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document(create_app(settings_for("sqlite://")))))
    return path


def program(name: str) -> str:
    """Return the path of a program, or skip the test.

    Without it, the test is skipped.
    """
    if found := shutil.which(name, path=search_path()):
        return found
    return pytest.skip(f"{name} is not here")


def search_path() -> str:
    """Return the search path for programs: this environment first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed; return its output."""
    return finish(*command, cwd=cwd, **environment).stdout


def finish(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed; return its process."""
    done = subprocess.run(
        [program(str(command[0])), *command[1:]],
        cwd=cwd,
        env=os.environ | {"PATH": search_path(), "NO_PROXY": "127.0.0.1"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
