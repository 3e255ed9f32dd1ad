#!/usr/bin/env python3
"""Print the test files that `make check` runs.

They name a changed module, and do not take long.

`scripts/changed_tests.py [COMMIT]` compares the work tree, new files included, with the commit; by
default with the one where the branch left `origin/main` or `main`. It prints one path a line, and
`tests`, which is all of them, when in doubt:

- if a file of `FOUNDATIONS` changed, which every test depends on;
- if no test file names a changed module of gridt or a module that imports it, or uses a changed
  helper of the tests;
- if a file changed of a kind that this script does not know.

It leaves out a file in `LONG` that did not change, unless the file has the name of a changed module
or no other file names that module. It lists these files on its standard error.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: every test
ALL = "tests"

#: files that decide how every test runs, or how gridt is put together
FOUNDATIONS = (
    "gridt/__init__.py",
    "gridt/app.py",
    "gridt/models/__init__.py",
    "gridt/runtime/database.py",
    "gridt/runtime/extensions.py",
    "migrations/",
    "tests/conftest.py",
    "tests/contract.py",
    "tests/cpu_minutes.py",
    "tests/databases.py",
    "pyproject.toml",
    "requirements",
    "wsgi.py",
)

#: files that no test depends on, unless a test names them
HARMLESS = ("bench/", "docs/", "scripts/", ".ci/", ".github/", "Makefile", "Dockerfile", ".git")

#: files that take more than about 15 CPU seconds; `make check` must end within two minutes
LONG = (
    "tests/clients/",
    "tests/jobs/test_worker.py",
    "tests/resources/test_network.py",
    "tests/test_bench.py",
    "tests/test_crashes.py",
    "tests/test_database_copy.py",
    "tests/test_fuzz.py",
    "tests/test_hashing.py",
    "tests/test_logs.py",
    "tests/test_long_life.py",
    "tests/test_moving_document.py",
    "tests/test_nasty_strings.py",
    "tests/test_network_page.py",
    "tests/test_network_rules.py",
    "tests/test_network_structure.py",
    "tests/test_operating.py",
    "tests/test_phone_client.py",
    "tests/test_readme.py",
    "tests/test_recompute.py",
    "tests/test_replica.py",
    "tests/test_service_end_to_end.py",
    "tests/test_statements.py",
    "tests/test_storms.py",
    "tests/test_tokens.py",
    "tests/test_upgrades.py",
    "tests/test_wire.py",
)

#: tests that always run after a change to gridt, because they hold rules for all of it
HOUSE = "tests/test_architecture.py"

ROOT_CONFTEST = Path("tests/conftest.py")


def main() -> None:
    since = sys.argv[1] if len(sys.argv) > 1 else fork()
    names = changed(since)
    tests = tests_of(names)
    print(f"{len(names)} files differ from {since[:12]}.", file=sys.stderr)
    if LEFT_OUT - tests and tests != {ALL}:
        left_out = ", ".join(sorted(LEFT_OUT - tests))
        print(f"`make test` runs these as well, which take long: {left_out}", file=sys.stderr)
    print(*sorted(tests), sep="\n", end="\n" if tests else "")


def git(*arguments: str) -> str:
    """Return the output of git."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def fork() -> str:
    """Return the commit where the branch left main.

    Without a main, the last commit.
    """
    for main in ("origin/main", "main"):
        command = ["git", "merge-base", "HEAD", main]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return result.stdout.strip()
    return git("rev-parse", "HEAD").strip()


def changed(since: str) -> list[str]:
    """Return the files that differ from a commit.

    Includes new files, and both names of moved ones.
    """
    differing = git("diff", "--name-only", "--no-renames", "-z", since)
    new = git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for name in (differing + new).split("\0") if name})


def tests_of(names: list[str]) -> set[str]:
    """Return the test files to run after a change."""
    if any(name.startswith(FOUNDATIONS) for name in names):
        return {ALL}
    tests: set[str] = set()
    for name in names:
        tests.update(_tests_of(name))
    return {ALL} if ALL in tests else tests


def _tests_of(name: str) -> set[str]:
    path = Path(name)
    if path.match("tests/**/test_*.py") or path.match("tests/test_*.py"):
        return {name} if path.exists() else set()
    if path.suffix == ".py" and path.parts[0] in {"gridt", "tests"}:
        naming = set(test_files_naming(path)) or set(test_files_using(path))
        naming = naming or test_files_of_importers(path)
        naming = without_long(naming, path)
        house = {HOUSE} if path.parts[0] == "gridt" and Path(HOUSE).exists() else set()
        return naming | house if naming else {ALL}
    naming = {str(test) for test in test_files() if path.name in text_of(test)}
    if naming or path.suffix == ".md" or name.startswith(HARMLESS):
        return naming
    return {ALL}


def test_files_naming(path: Path) -> Iterator[str]:
    """Yield the test files that name a module.

    They do so in dots, in an import, or by their own name.

    Names in `tests/conftest.py` do not count, because every test depends on it. If a helper of the
    tests names the module, this yields the test files that name the helper.
    """
    stem = path.parent.name if path.name == "__init__.py" else path.stem
    parts = [part for part in path.with_suffix("").parts[1:] if part != "__init__"]
    package = ".".join(["gridt" if path.parts[0] == "gridt" else "tests", *parts[:-1]])
    dotted = re.compile(rf"\b{re.escape('.'.join(parts))}\b") if len(parts) > 1 else None
    imported = re.compile(
        rf"\b{re.escape(package)}\.{stem}\b"
        rf"|from {re.escape(package)} import (\([^)]*\b{stem}\b|[^(\n]*\b{stem}\b)"
    )
    for test in Path("tests").rglob("*.py"):
        text = text_of(test)
        named = imported.search(text) or (dotted and dotted.search(text))
        own = is_about(test, Path(stem))
        if test in {path, ROOT_CONFTEST} or not (named or own):
            continue
        if test.name.startswith("test_"):
            yield str(test)
        elif test.name == "conftest.py":
            yield from (str(file) for file in test.parent.rglob("test_*.py"))
        else:
            yield from test_files_naming(test)


def test_files_using(path: Path) -> Iterator[str]:
    """Yield the test files that use a module of gridt.

    They use one of its public classes or functions.
    """
    if path.parts[0] != "gridt" or not path.exists():
        return
    names = re.findall(r"^(?:class|def) ([A-Za-z]\w{4,})", text_of(path), re.MULTILINE)
    if not names:
        return
    used = re.compile(rf"\b({'|'.join(names)})\b")
    yield from (str(test) for test in test_files() if used.search(text_of(test)))


def test_files_of_importers(path: Path) -> set[str]:
    """Return the test files of the importers of a module.

    These import the module, or import such a module in turn.
    """
    layer, seen = {path}, {path}
    while layer := {one for path in layer for one in importers(path)} - seen:
        seen |= layer
        # a face imports all of its package, so it counts only where no other module does
        for some in (layer - faces(layer), faces(layer)):
            found = {
                test for one in some for test in (*test_files_naming(one), *test_files_using(one))
            }
            if found:
                return found
    return set()


def faces(modules: set[Path]) -> set[Path]:
    return {module for module in modules if module.name == "__init__.py"}


def importers(path: Path) -> Iterator[Path]:
    """Yield the modules that import another by its name."""
    if path.parts[0] == "gridt" and path.stem != "__init__":
        package, stem = re.escape(".".join(path.parent.parts)), re.escape(path.stem)
        imported = re.compile(rf"from {package}(\.{stem} import| import .*\b{stem}\b)")
        for module in Path("gridt").rglob("*.py"):
            if imported.search(text_of(module)):
                yield module


#: the long files that would run if there were more time
LEFT_OUT: set[str] = set()


def without_long(tests: set[str], path: Path) -> set[str]:
    """Leave out the files that take long.

    Those about the module stay, and so do all if there are no others.
    """
    long = {test for test in tests if test.startswith(LONG) and not is_about(Path(test), path)}
    LEFT_OUT.update(long if tests - long else ())
    return tests - long or tests


def is_about(test: Path, path: Path) -> bool:
    """Return whether a test file is named after a module."""
    return test.stem in {f"test_{path.stem}", f"test_{path.stem.removesuffix('s')}"}


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def test_files() -> list[Path]:
    return sorted(Path("tests").rglob("test_*.py"))


if __name__ == "__main__":
    main()
