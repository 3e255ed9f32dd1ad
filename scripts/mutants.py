"""Plant faults, and list those that no test notices.

Usage: python scripts/mutants.py [--count 400] [--seed 1] [--jobs 2] [--contexts FOLDER]
       [--results FILE] [PATH …]

Each fault, a *mutant*, is one change of one line: `<` for `<=`, `and` for `or`, another number, a
call left out. A fixed seed draws a sample of them, so two runs on the same code plant the same
ones; a change of the code changes the sample only in the changed lines. Each is run against the
quickest tests that run its line, in a copy of the tree, so a run that is killed leaves no fault
behind. docs/testing.md explains which ones survive.

A run of all takes hours. With `--contexts` and `--results`, the next run goes on where one was
stopped: it records the test files that are left, and plants the mutants without a result.

mutmut 3 draws no sample, and it wraps each function, which tests of signatures notice; cosmic-ray
runs one command for all mutants. Neither picks tests by line, so this is a script of its own.
"""

import argparse
import ast
import importlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import accumulate
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

ROOT = Path(__file__).resolve().parent.parent
#: the folders whose lines get mutants
SCOPE = (
    *("gridt/turns", "gridt/models/standing", "gridt/standing", "gridt/models/network"),
    *("gridt/network", "gridt/accounts", "gridt/models/login.py", "gridt/models/login_throttle.py"),
    *("gridt/http/auth.py", "gridt/http/rate_limits.py", "gridt/resources/auth.py"),
)
#: tests that are not recorded: those that start servers, browsers or other commands, whose lines
#: run in other processes, and those that read files
UNRECORDED = (
    *("tests/clients", "tests/image", "tests/jobs/test_worker.py", "tests/mail/test_transport.py"),
    *("tests/test_architecture.py", "tests/test_bench.py", "tests/test_conventions.py"),
    *("tests/test_crashes.py", "tests/test_gunicorn_worker.py", "tests/test_hashing.py"),
    *("tests/test_lost_connections.py", "tests/test_migrations.py", "tests/test_network_page.py"),
    *("tests/test_openapi.py", "tests/test_operating.py", "tests/test_prose.py"),
    *("tests/test_readme.py", "tests/test_service_end_to_end.py", "tests/test_upgrades.py"),
)
#: processor seconds, so that a busy machine kills no mutant, and seconds by the clock
CPU_LIMIT, TIME_LIMIT = 60, 900
#: processor seconds that the tests of one mutant took when they were recorded, at most
BUDGET = 25
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
    #: the text of its line, and its number among the same changes of the same text
    text: str
    number: int

    @property
    def key(self) -> str:
        """Return a name that stays while the line does."""
        return json.dumps([self.path, self.text, self.old, self.new, self.number])

    def rank(self, seed: int) -> str:
        """Return the place in a sample, by the seed."""
        return sha256(f"{seed} {self.key}".encode()).hexdigest()

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
        self.numbers: Counter[tuple[str, str, str]] = Counter()
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
        """Replace the operator between two operands, despite brackets around it."""
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
            text = self.source[self.starts[line - 1] : self.starts[line]].decode().strip()
            self.numbers[text, old, new] += 1
            number = self.numbers[text, old, new]
            self.found.append(Mutant(self.path, line, start, end, new, old, text, number))


def mutants_in(paths: list[str]) -> Iterator[Mutant]:
    """Yield all mutants of files, in the order of places."""
    for path in paths:
        below = ROOT / path
        for file in sorted(below.rglob("*.py")) if below.is_dir() else [below]:
            yield from Finder(str(file.relative_to(ROOT)), file.read_text()).found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Name the coverage of a test after it.

    pytest loads this script as a plugin to record.
    """
    if coverage := Coverage.current():
        coverage.switch_context(item.nodeid.partition("[")[0])
    return (yield)


def recorded_files() -> list[str]:
    """Return the test files that are recorded."""
    files = (str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").rglob("test_*.py")))
    return [file for file in files if not file.startswith(UNRECORDED)]


def record(folder: Path, tests: list[str], jobs: int) -> None:
    """Record the lines and time of each test.

    Files that an earlier run has recorded are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "settings.ini"
    settings.write_text("[run]\nsource = gridt\nsigterm = true\n")
    left = [test for test in tests if not _data_of(folder, test).exists()]
    with ThreadPool(jobs) as pool:
        for number, test in enumerate(pool.imap(partial(_record_one, folder), left), 1):
            print(f"recorded {number}/{len(left)} {test}", flush=True)


def _data_of(folder: Path, test: str) -> Path:
    return folder / f"{test.replace('/', '.')}.coverage"


def _record_one(folder: Path, test: str) -> str:
    data = _data_of(folder, test)
    unfinished, times = data.with_suffix(".unfinished"), data.with_suffix(".times")
    for rest in folder.glob(f"{unfinished.name}*"):
        rest.unlink()
    shutil.rmtree(times, ignore_errors=True)
    place = {"PYTHONPATH": str(ROOT / "scripts"), "COVERAGE_CORE": "ctrace"}
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={folder / 'settings.ini'}"]
    command += [f"--data-file={unfinished}", "-m", "pytest", "-q", "-n", "0", "-p", "mutants"]
    command += ["-p", "no:cacheprovider", "--database=sqlite", f"--times={times}", test]
    subprocess.run(
        command, cwd=ROOT, env=os.environ | place, check=False, stdout=subprocess.DEVNULL
    )
    if unfinished.exists():
        unfinished.rename(data)
    return test


class Tests:
    """The tests of each line, and their seconds."""

    def __init__(self, folder: Path, budget: float) -> None:
        self.budget = budget
        self.seconds: dict[str, float] = defaultdict(float)
        for path in folder.glob("*.times/*.json"):
            for test, seconds in json.loads(path.read_text()).items():
                self.seconds[test.partition("[")[0]] += seconds
        self.files = [CoverageData(str(path)) for path in sorted(folder.glob("*.coverage"))]
        for data in self.files:
            data.read()

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests of a mutant's line, the quickest first.

        They end where the time is used up.
        """
        tests = sorted(self._all_of(mutant), key=lambda test: self.seconds[test])
        sums = accumulate(self.seconds[test] for test in tests)
        within = [test for test, total in zip(tests, sums, strict=True) if total <= self.budget]
        return within or tests[:1]

    def _all_of(self, mutant: Mutant) -> set[str]:
        """Return the tests of a mutant's line or file."""
        by_line: dict[int, set[str]] = defaultdict(set)
        for data in self.files:
            for line, names in data.contexts_by_lineno(str(ROOT / mutant.path)).items():
                by_line[line].update(names)
        names = by_line[mutant.line] - {""}
        if not names and "" in by_line[mutant.line]:
            every = sorted({name for names in by_line.values() for name in names} - {""})
            dice = random.Random(mutant.line)  # noqa: S311 - a sample that comes out the same
            names = set(dice.sample(every, min(MOST_TESTS, len(every))))
        return names


class Tree:
    """A copy of the tree for one mutant at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: tests that fail without any mutant, such as those that need a repository; and the others
        self.failing: set[str] = set()
        self.passing: set[str] = set()
        left_out = shutil.ignore_patterns(".git", ".venv", "build", "node_modules")
        shutil.copytree(ROOT, folder, ignore=left_out)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def verdict(self, mutant: Mutant, tests: list[str]) -> str:
        """Return what becomes of a mutant.

        A test counts that does not fail without it.
        """
        file = self.folder / mutant.path
        source, state = file.read_bytes(), file.stat()
        while remaining := [test for test in tests if test not in self.failing]:
            file.write_bytes(source[: mutant.start] + mutant.new.encode() + source[mutant.end :])
            try:
                failed = self._first_failure(remaining)
            finally:
                file.write_bytes(source)
                os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # its bytecode holds
            if failed is None:
                return "SURVIVES"
            if not failed or failed in self.passing:
                return f"killed by {failed or 'time or at import'}"
            if self._first_failure([failed]) is None:
                self.passing.add(failed)
                return f"killed by {failed}"
            self.failing.add(failed)
        return "no test"

    def _first_failure(self, tests: list[str]) -> str | None:
        """Run tests; return the first that fails.

        Return None if all pass, and "" for no single one.
        """
        output = self.folder.with_suffix(".out")
        if (child := os.fork()) == 0:
            self._run(tests, output)
        status = _wait_for(child)
        if status == 0:
            return None
        failed = re.search(r"^(?:FAILED|ERROR) ([^\s\[]+)", output.read_text(), re.MULTILINE)
        return failed[1] if failed else ""

    def _run(self, tests: list[str], output: Path) -> None:
        """Run tests in this process, and end it."""
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
            target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(target, stream)
            os.chdir(self.folder)
            # its plugins would have to be imported after pytest has started
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            sys.path.insert(0, str(self.folder))
            arguments = ["-xv", "-rfE", "-p", "no:cacheprovider", "--database=sqlite", "--tb=line"]
            status = int(pytest.main([*arguments, *tests]))
        except BaseException:  # whatever it is, this process must not go on as its parent
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _wait_for(child: int) -> int:
    """Wait for a process, and end it after its time.

    Return 0 if all went well.
    """
    end = time.monotonic() + TIME_LIMIT
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.05)
    return ended[1]


def preload() -> None:
    """Import the libraries that the tests import.

    Each run of tests is forked from this process.
    """
    code = "import sys, tests.conftest; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.split():
        if name.partition(".")[0] not in {"gridt", "tests", "wsgi"}:
            with suppress(ImportError):
                importlib.import_module(name)
    sys.dont_write_bytecode = True


def _start(folder: Path) -> None:
    """Give a process of the pool its own tree."""
    global TREE
    TREE = Tree(folder / str(os.getpid()) / "tree")


def _plant(task: tuple[Mutant, list[str]]) -> tuple[str, str]:
    """Plant a mutant; return its fate, and a report line."""
    mutant, tests = task
    verdict = TREE.verdict(mutant, tests) if tests else "no test"
    return verdict, f"{verdict} ({len(tests)} tests) {mutant}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", default=SCOPE, help="files and folders to change")
    parser.add_argument("--count", type=int, default=400, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at once")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds of tests per mutant")
    parser.add_argument("--contexts", type=Path, help="where to keep what tests run which line")
    parser.add_argument("--results", type=Path, help="where to keep the fate of each mutant")
    parser.add_argument("--tests", nargs="*", help="the test files to record")
    return parser.parse_args()


class Results:
    """The fates of mutants, in a file that grows."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.verdicts = path, dict[str, str]()
        if path and path.exists():
            for line in path.read_text().splitlines():
                with suppress(ValueError):  # a run that was killed left half a line
                    self.verdicts.update([json.loads(line)])

    def add(self, mutant: Mutant, verdict: str) -> None:
        self.verdicts[mutant.key] = verdict
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps([mutant.key, verdict]) + "\n")


def main() -> int:
    """Run the command."""
    options = _options()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        contexts = options.contexts or folder / "contexts"
        record(contexts, options.tests or recorded_files(), options.jobs)
        tests, every = Tests(contexts, options.budget), list(mutants_in(list(options.paths)))
        drawn = sorted(every, key=lambda mutant: mutant.rank(options.seed))[: options.count]
        results = Results(options.results)
        preload()
        left = [mutant for mutant in drawn if mutant.key not in results.verdicts]
        pool = multiprocessing.get_context("fork").Pool(options.jobs, _start, (folder,))
        with pool:
            tasks = [(mutant, tests.of(mutant)) for mutant in left]
            for number, (verdict, line) in enumerate(pool.imap(_plant, tasks), 1):
                print(f"{number}/{len(left)} {line}", flush=True)
                results.add(left[number - 1], verdict)
    fates = [results.verdicts[mutant.key] for mutant in drawn]
    verdicts = Counter(fate.partition(" by ")[0] for fate in fates)
    for mutant, fate in zip(drawn, fates, strict=True):
        if fate == "SURVIVES":
            print(f"{fate} {mutant}")
    print(f"{len(drawn)} of {len(every)}: {dict(verdicts)}")
    return 1 if verdicts["SURVIVES"] else 0


if __name__ == "__main__":
    sys.exit(main())
