"""The README is true: its whole first session runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gridt.cli import commands
from gridt.models.user import avatar_of
from tests.databases import same_on_both
from tests.servers import PATIENCE, ROOT, environment, serve

pytestmark = same_on_both

README = (ROOT / "README.md").read_text()

#: the fenced blocks of a text: language and content
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")

#: between the outputs of two blocks
CUT = "-- next block --"


def blocks(heading: str) -> list[tuple[str, str]]:
    """Return the fenced blocks of a section."""
    _, _, rest = README.partition(f"\n## {heading}\n")
    section = rest.partition("\n## ")[0]
    return [(found[1], found[2]) for found in BLOCK.finditer(section)]


SESSION = blocks("A first session")
COMMANDS = [content for language, content in SESSION if language == "sh"]


def shown() -> list[list[tuple[str, str]]]:
    """Return the README's outputs, for each block of commands."""
    outputs: list[list[tuple[str, str]]] = []
    for language, content in SESSION:
        if language == "sh":
            outputs.append([])
        else:
            outputs[-1].append((language, content))
    return outputs


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="module")
def printed(database_url: str) -> Iterator[list[str]]:
    """Type the first session into one shell.

    Return the output of each block.
    """
    with serve(database_url, UPGRADE_ON_START="true") as server:
        typed = f"echo '{CUT}'\n".join(COMMANDS)
        typed, replaced = re.subn("^url=.*$", f"url={server.url}", typed, flags=re.MULTILINE)
        assert replaced == 1
        path = [str(Path(sys.executable).parent), os.environ["PATH"]]
        shell = subprocess.run(
            ["bash", "-euo", "pipefail"],
            input=typed,
            env={"PATH": os.pathsep.join(path)},  # without the proxy of a developer
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert (shell.returncode, shell.stderr) == (0, ""), shell.stderr
        yield shell.stdout.split(f"{CUT}\n")


def values(text: str) -> Iterator[Any]:
    """Yield a text's JSON values, which follow each other."""
    decoder, text = json.JSONDecoder(), text.lstrip()
    while text:
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:].lstrip()


def normal(value: Any) -> Any:
    """Return a JSON value that is equal in all sessions.

    The parts that differ between sessions become equal.
    """
    if isinstance(value, dict):
        inner_values = {name: normal(inner) for name, inner in value.items()}
        return inner_values | {"request_id": "…"} if "request_id" in inner_values else inner_values
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    return "time" if isinstance(value, str) and TIME.fullmatch(value) else value


def assert_prints(output: str, expected: list[tuple[str, str]]) -> None:
    """Fail unless an output equals some blocks together.

    The blocks are a few of the README.
    """
    lines = output.splitlines(keepends=True)
    for language, content in expected:
        if language == "json":
            wanted = list(values(content))
            assert [normal(json.loads(line)) for line in lines[: len(wanted)]] == normal(wanted)
            lines = lines[len(wanted) :]
        else:
            count = len(content.splitlines())
            assert "".join(lines[:count]) == content
            lines = lines[count:]
    assert not lines, "the README does not show all that is printed"


def test_there_is_a_session_to_type() -> None:
    assert len(COMMANDS) >= 8
    assert sum(map(bool, shown())) >= 6
    assert {language for language, _ in SESSION} == {"sh", "json", "text"}


@pytest.mark.parametrize("number", range(len(COMMANDS) - 1))
def test_each_block_prints_what_the_readme_shows(printed: list[str], number: int) -> None:
    assert_prints(printed[number], shown()[number])


def test_the_swap_at_the_end_answers_with_another_leader(printed: list[str]) -> None:
    ((_, content),) = shown()[-1]
    (example,) = values(content)
    leader = json.loads(printed[-1])
    assert leader.keys() == example.keys()
    # a random one
    assert leader["username"] in {"pieter", "jorn", "anna", "mila", "noor"}
    posted = leader["username"] == "pieter"
    assert bool(leader["last_update"]) == posted
    assert leader["last_signal"] == leader["last_update"]


def test_the_readme_shows_a_picture_that_is_hers() -> None:
    ((_, content),) = shown()[-1]
    (example,) = values(content)
    assert example["avatar"] == avatar_of(f"{example['username']}@example.org")


def test_the_python_example_prints_what_the_readme_shows(
    printed: list[str], database_url: str
) -> None:
    (language, code), (_, expected) = blocks("In Python")
    assert language == "python"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(database_url),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == expected


def test_the_readme_lists_every_command() -> None:
    rows = re.findall(r"^\| (`flask gridt .*?) \|", README, re.M)
    named = {name for row in rows for name in re.findall(r"`(?:flask gridt )?([a-z-]+)", row)}
    assert set(commands.commands) == named
