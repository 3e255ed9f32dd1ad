"""Plant faults one at a time, and list those that no test notices.

Usage: python scripts/mutants.py [--count 400] [--seed 1] [--contexts FILE] [PATH …]

Each fault, a *mutant*, is one change of one line: `<` for `<=`, `and` for `or`, another number, a
call left out. A fixed seed draws a sample of them, so two runs on the same code plant the same
ones. Each is run against the tests that cover its line, by coverage's contexts, in a copy of the
tree, so a run that is killed leaves no fault behind. docs/testing.md explains which ones survive.

mutmut 3 draws no sample, and it wraps each function, which tests of signatures notice; cosmic-ray
runs one command for all mutants. Neither picks tests by line, so this is a script of its own.
"""

import argparse
import ast
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).resolve().parent.parent
#: the folders whose lines get mutants
SCOPE = (
    *("gridt/turns", "gridt/models/standing", "gridt/standing", "gridt/models/network"),
    *("gridt/network", "gridt/accounts", "gridt/models/login.py", "gridt/models/login_throttle.py"),
    *("gridt/http/auth.py", "gridt/http/rate_limits.py", "gridt/resources/auth.py"),
)
#: processor seconds, so that a busy machine kills no mutant, and seconds by the clock
CPU_LIMIT, TIME_LIMIT = 60, 300
#: tests of a line outside of functions, which no test's own context covers
MOST_TESTS = 40

_COMPARISONS = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Mod: "//"}


@dataclass(frozen=True)
class Mutant:
    """A change of one place in one file."""

    path: str
    line: int
    start: int
    end: int
    new: str
    old: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {' '.join(self.old.split())!r} -> {self.new!r}"


class Finder(ast.NodeVisitor):
    """Collects the mutants of one file."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source.encode()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutant] = []
        self.visit(ast.parse(source))

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._between(left, right, _COMPARISONS[type(operator)])
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        new = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, new)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _OPERATORS:
            self._between(node.left, node.right, _OPERATORS[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace(node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        for new in ("True", "False"):
            self._replace(node.test, new)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._replace(node.value, "None")
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)  # no test depends on an annotation

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body]:
            if part is not None:
                self.visit(part)

    def _place(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column

    def _bounds(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        start = self._place(node.lineno, node.col_offset)
        return start, self._place(node.end_lineno or 0, node.end_col_offset or 0)

    def _text(self, node: ast.expr) -> str:
        start, end = self._bounds(node)
        return self.source[start:end].decode()

    def _between(self, left: ast.expr, right: ast.expr, new: str) -> None:
        """Replace the operator between two operands, despite any brackets around it."""
        (_, start), (end, _) = self._bounds(left), self._bounds(right)
        gap = self.source[start:end].decode()
        old = gap.strip("() \t\r\n")
        if old and "#" not in gap:
            start += len(gap[: gap.index(old)].encode())
            self._add(left.end_lineno or left.lineno, start, start + len(old.encode()), new)

    def _replace(self, node: ast.expr | ast.stmt, new: str) -> None:
        self._add(node.lineno, *self._bounds(node), new)

    def _add(self, line: int, start: int, end: int, new: str) -> None:
        old = self.source[start:end].decode()
        if old != new:
            self.found.append(Mutant(self.path, line, start, end, new, old))


def mutants_in(paths: list[str]) -> Iterator[Mutant]:
    """Yield all mutants of some files and folders, in the order of their places."""
    for path in paths:
        below = ROOT / path
        for file in sorted(below.rglob("*.py")) if below.is_dir() else [below]:
            yield from Finder(str(file.relative_to(ROOT)), file.read_text()).found


def record_contexts(target: Path, tests: list[str]) -> None:
    """Run tests, and record the lines that each of them runs."""
    settings = target.with_suffix(".ini")
    settings.write_text("[run]\nsource = gridt\ndynamic_context = test_function\n")
    command = ["-m", "coverage", "run", f"--rcfile={settings}", f"--data-file={target}"]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--database=sqlite", *tests]
    subprocess.run([sys.executable, *command, *pytest], cwd=ROOT, check=False)


class Tests:
    """The tests that run each line."""

    def __init__(self, contexts: Path) -> None:
        self.data = CoverageData(str(contexts))
        self.data.read()

    def of(self, mutant: Mutant) -> list[str]:
        """Return the node ids of the tests that run a mutant's line, or any line of its file."""
        by_line = self.data.contexts_by_lineno(str(ROOT / mutant.path))
        names = set(by_line.get(mutant.line, ())) - {""}
        if not names and "" in by_line.get(mutant.line, ()):
            every = sorted({name for names in by_line.values() for name in names} - {""})
            dice = random.Random(mutant.line)  # noqa: S311 - a sample that comes out the same
            names = set(dice.sample(every, min(MOST_TESTS, len(every))))
        return sorted(filter(None, map(_node_id, names)))


def _node_id(context: str) -> str | None:
    """Return pytest's name of a test that coverage names `tests.test_it.test_that`."""
    module, _, name = context.rpartition(".")
    path = Path(*module.split(".")).with_suffix(".py")
    return f"{path}::{name}" if (ROOT / path).is_file() else None


class Tree:
    """A copy of the tree, in which one mutant at a time is planted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: tests that fail without any mutant, such as those that need a repository; and the others
        self.failing: set[str] = set()
        self.passing: set[str] = set()
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", "build"))
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def notices(self, mutant: Mutant, tests: list[str]) -> bool:
        """Return whether a test fails with a mutant that does not fail without it."""
        file = self.folder / mutant.path
        source = file.read_bytes()
        while remaining := [test for test in tests if test not in self.failing]:
            file.write_bytes(source[: mutant.start] + mutant.new.encode() + source[mutant.end :])
            try:
                failed = self._first_failure(remaining)
            finally:
                file.write_bytes(source)
            if failed is None:
                return False
            if not failed or failed in self.passing:
                return True
            if self._first_failure([failed]) is None:
                self.passing.add(failed)
                return True
            self.failing.add(failed)
        return False

    def _first_failure(self, tests: list[str]) -> str | None:
        """Run tests; return the first that fails, None if all pass, and "" for no single one."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        try:
            result = subprocess.run(
                [*command, "--database=sqlite", *tests],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT,
                check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT)),
            )
        except subprocess.TimeoutExpired:
            return ""
        if result.returncode == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) ([^\s\[]+)", result.stdout, re.MULTILINE)
        return failed[1] if failed else ""


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", default=SCOPE, help="files and folders to change")
    parser.add_argument("--count", type=int, default=400, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contexts", type=Path, help="coverage's data file, if there is one")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="the tests to record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        contexts = options.contexts or Path(folder) / "contexts"
        if not contexts.exists():
            record_contexts(contexts, options.tests)
        tree, tests = Tree(Path(folder) / "tree"), Tests(contexts)
        every = list(mutants_in(list(options.paths)))
        # the sample is drawn in one order, so a shorter run does the beginning of a longer one
        dice = random.Random(options.seed)  # noqa: S311 - a sample that comes out the same
        drawn = dice.sample(every, len(every))[: options.count]
        survivors = uncovered = 0
        for number, mutant in enumerate(drawn, 1):
            covering = tests.of(mutant)
            if not covering:
                uncovered += 1
                verdict = "no test"
            elif tree.notices(mutant, covering):
                verdict = "killed"
            else:
                survivors += 1
                verdict = "SURVIVES"
            print(f"{number}/{len(drawn)} {verdict} ({len(covering)} tests) {mutant}", flush=True)
        print(f"{len(drawn)} of {len(every)}: {survivors} survive, {uncovered} without a test")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
