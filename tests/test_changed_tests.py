"""The tests of `make check`, in an own repository."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import changed_tests
from tests.servers import ROOT

FILES = {
    "gridt/__init__.py": "",
    "gridt/access/__init__.py": "from gridt.access.rules import allowed\n",
    "gridt/access/rules.py": "from gridt.access._deep import table\ndef allowed(): ...\n",
    "gridt/access/_deep.py": "from gridt.access import _deeper\ntable = _deeper\n",
    "gridt/access/_deeper.py": "",
    "gridt/access/_spare.py": "def unused_by_tests(): ...\n",
    "gridt/resources/movements.py": "",
    "gridt/turns/weeks.py": "",
    "migrations/0001_first.py": "",
    "docs/security.md": "# Security\n",
    "docs/turns.md": "# Turns\n",
    "compose.yaml": "services:\n",
    "tests/conftest.py": "import gridt.turns.weeks\n",
    "tests/people.py": "import gridt.resources.movements\n",
    "tests/servers.py": "",
    "tests/resources/test_movements.py": "",
    "tests/test_access.py": "from gridt.access import allowed\n",
    "tests/test_architecture.py": "",
    "tests/test_images.py": "compose = 'compose.yaml'\n",
    "tests/test_lives.py": "from tests import people, servers\n",
    "tests/test_pages.py": "text = open('docs/security.md')\n",
    "tests/test_recompute.py": "import gridt.turns.weeks\n",
    "tests/test_replica.py": "import gridt.runtime.copies\n",
    "gridt/runtime/copies.py": "",
    "tests/test_scoring.py": "from gridt.turns import (\n    scoring,\n    weeks,\n)\n",
}
HOUSE = "tests/test_architecture.py"

Ask = Callable[..., set[str]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Change a small repository's files; return the tests to run."""

    def git(*arguments: str) -> None:
        person = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", *person, *arguments], cwd=tmp_path, check=True)

    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "Begin")
    git("checkout", "-q", "-b", "branch")

    def tests(*changed: str, commit: bool = False) -> set[str]:
        for name in changed:
            with (tmp_path / name).open("a") as file:
                file.write("# changed\n")
        if commit:
            git("add", ".")
            git("commit", "-q", "-m", "Change")
        command = [sys.executable, ROOT / "scripts/changed_tests.py"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return set(result.stdout.split())

    return tests


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ([], set()),
        (["gridt/turns/weeks.py"], {"tests/test_scoring.py", HOUSE}),
        (["gridt/access/rules.py"], {"tests/test_access.py", HOUSE}),
        (
            ["gridt/resources/movements.py"],
            {"tests/resources/test_movements.py", "tests/test_lives.py", HOUSE},
        ),
        (["gridt/access/_deep.py"], {"tests/test_access.py", HOUSE}),
        (["gridt/access/_deeper.py"], {"tests/test_access.py", HOUSE}),
        (["gridt/runtime/copies.py"], {"tests/test_replica.py", HOUSE}),
        (["tests/test_recompute.py"], {"tests/test_recompute.py"}),
        (["tests/people.py"], {"tests/test_lives.py"}),
        (
            ["tests/test_access.py", "tests/test_new.py"],
            {"tests/test_access.py", "tests/test_new.py"},
        ),
        (["docs/security.md"], {"tests/test_pages.py"}),
        (["docs/turns.md", "README.md", "Makefile"], set()),
        (["compose.yaml"], {"tests/test_images.py"}),
        (["gridt/access/_spare.py"], {"tests"}),
        (["gridt/__init__.py"], {"tests"}),
        (["migrations/0002_second.py", "tests/test_access.py"], {"tests"}),
        (["tests/conftest.py"], {"tests"}),
        (["requirements.txt"], {"tests"}),
        (["unheard.of"], {"tests"}),
    ],
)
def test_changed_files_are_tested(
    ask: Ask, changed: list[str], tests: set[str], commit: bool
) -> None:
    assert ask(*changed, commit=commit and bool(changed)) == tests


def test_a_test_file_that_is_gone_is_not_run(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "tests/test_lives.py").unlink()
    assert ask("tests/test_pages.py") == {"tests/test_pages.py"}


def test_files_that_take_long_are_left_out_and_named(ask: Ask, tmp_path: Path) -> None:
    ask("gridt/turns/weeks.py")
    command = [sys.executable, ROOT / "scripts/changed_tests.py"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "tests/test_recompute.py" not in said.stdout
    assert "which take long: tests/test_recompute.py" in said.stderr


def test_each_long_file_is_there() -> None:
    names = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    missing = [long for long in changed_tests.LONG if not any(n.startswith(long) for n in names)]
    assert missing == []
