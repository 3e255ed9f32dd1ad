"""The contents of the image, and forbidden ones."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from gridt.runtime.config import VERSION
from tests.image.containers import HARDENED, attempt, docker, unique
from tests.servers import ROOT

#: the parts of a checkout that are needed to serve
NEEDED = {
    *("requirements.txt", "requirements-pictures.txt", "wsgi.py", "gunicorn.conf.py"),
    *("migrations", "gridt"),
}

#: private files that lie in many checkouts
PRIVATE = [
    ".env",
    ".git/config",
    "gridt.sqlite",
    "instance/gridt.secret",
    "instance/mail/20261121.eml",
    "gridt/__pycache__/app.cpython-313.pyc",
    "migrations/versions/__pycache__/0001.cpython-313.pyc",
    "tests/image/note.txt",
]

#: the most that the image may take, in MB
LARGEST = 350


@pytest.fixture(scope="module")
def facts(image: str) -> Any:
    """The engine's record of the image."""
    (facts,) = json.loads(docker("image", "inspect", image))
    return facts


def in_it(image: str, *command: str) -> str:
    """Run a command in the image, and return its output."""
    return docker("run", "--rm", *HARDENED, image, *command)


def tracked() -> set[str]:
    """Return the tracked files that are needed to serve."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split("\0") if name.split("/")[0] in NEEDED}


def test_only_files_that_serve_are_sent_to_the_engine(image: str, tmp_path: Path) -> None:
    context, recipe = tmp_path / "context", tmp_path / "Dockerfile"
    for name in [".dockerignore", *tracked()]:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, context / name)
    for name in PRIVATE:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text("private")
    recipe.write_text("FROM scratch\nCOPY . /sent/\n")

    made, whole = unique("context"), tmp_path / "whole.tar"
    docker("build", f"--tag={made}", f"--file={recipe}", str(context))
    try:
        docker("create", f"--name={made}", made, "nothing")
        docker("export", f"--output={whole}", made)
    finally:
        attempt("rm", "--volumes", made)
        docker("image", "rm", made)
    with tarfile.open(whole) as files:
        sent = {one.name for one in files if one.isfile() and one.name.startswith("sent/")}
    assert {name.removeprefix("sent/") for name in sent} == tracked()


def test_the_image_holds_the_service_and_nothing_else_of_the_checkout(image: str) -> None:
    found = in_it(image, "find", "/app", "-type", "f").splitlines()
    assert {name.removeprefix("/app/") for name in found} == tracked()
    assert in_it(image, "find", "/data", "-mindepth", "1") == ""


def test_no_tool_that_only_builds_or_tests_is_in_it(image: str) -> None:
    code = "from importlib.metadata import distributions as d; print(*(one.name for one in d()))"
    installed = {name.casefold() for name in in_it(image, "python", "-c", code).split()}
    assert {"gunicorn", "psycopg", "limits", "redis", "idna"} <= installed
    assert not installed & {"pip", "setuptools", "uv", "pytest", "ruff", "mypy", "hypothesis"}


def test_no_process_in_it_is_root_or_can_change_its_code(image: str) -> None:
    assert in_it(image, "id", "-u") == in_it(image, "id", "-g") == "10001"
    # without --read-only, so that only the rights of files protect them
    for place in ("/app", "/app/gridt", "/app/gridt/app.py", "/opt/venv", "/opt/venv/bin/gunicorn"):
        assert attempt("run", "--rm", image, "test", "-w", place).returncode == 1, place


def test_it_is_small(facts: Any) -> None:
    size = facts["Size"] / 1e6
    print(f"\nsize of the image: {size:.0f} MB")
    assert size < LARGEST


def test_it_has_labels(facts: Any) -> None:
    said = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in facts["Config"]["Labels"].items()
    }
    assert said["title"] == "gridt"
    assert said["version"] == VERSION
    assert said["base.name"]
    assert len(said["revision"]) == 40


def test_its_configuration_has_no_secret(facts: Any) -> None:
    config = facts["Config"]
    assert config["User"] == "10001"
    assert config["Cmd"] == ["gunicorn"]
    assert list(config["Volumes"]) == ["/data"]
    assert list(config["ExposedPorts"]) == ["5000/tcp"]
    for variable in config["Env"]:
        name = variable.partition("=")[0]
        assert not any(word in name for word in ("SECRET", "TOKEN", "PASSWORD")), name
