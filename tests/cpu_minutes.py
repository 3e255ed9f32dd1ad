"""A plugin of pytest's: how many CPU minutes a run took, by folder, under xdist as well.

Wall-clock time says little on a machine that does other things; the time of processors says what a
test costs. What a test starts counts with it, once that has ended: a server, a browser, a command.
The PostgreSQL that all tests share counts to what is around them.

`--times FOLDER` adds what this run took to that of the runs that named the same folder before, and
shows the sums.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: where the time goes that belongs to no test: imports, collection, the PostgreSQL that tests share
AROUND = "around the tests"

#: seconds below which a folder is not worth a line
LEAST = 0.6

#: how many of the costliest tests are shown
SHOWN = 20

TIMES = pytest.StashKey["Times"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", metavar="FOLDER", help="where runs add up their CPU minutes")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TIMES] = times = Times(config)
    config.pluginmanager.register(times, "cpu-minutes")


def used() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def folder_of(test: str) -> str:
    """Return the folder of a test; for those at the top, the file."""
    path = Path(test.partition("::")[0])
    return f"{path.parent}/" if len(path.parts) > 2 else str(path)


class Times:
    """The CPU seconds of this run, by test."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seconds: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = used()
        result = yield
        self.seconds[item.nodeid] += used() - before
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Hand on what a worker of xdist used; before the controller asks for it."""
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            self.seconds[AROUND] += used() - sum(self.seconds.values())
            output["seconds"] = dict(self.seconds)
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of xdist used."""
        self.seconds.update(getattr(node, "workeroutput", {}).get("seconds", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if hasattr(self.config, "workerinput"):
            return
        # The children of this process are the workers and PostgreSQL: both have ended.
        self.seconds[AROUND] += max(0.0, used() - sum(self.seconds.values()))
        runs: list[dict[str, float]] = [self.seconds]
        if folder := self.config.getoption("--times"):
            runs = list(_runs(Path(folder), self.seconds))
        if folder or self.config.get_verbosity() > 0:
            _show(terminalreporter, runs)


def _runs(folder: Path, seconds: Counter[str]) -> Iterator[dict[str, float]]:
    """Keep what this run took, and yield that of all runs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{len(list(folder.iterdir()))}.json").write_text(json.dumps(seconds))
    for path in sorted(folder.iterdir()):
        yield json.loads(path.read_text())


def _show(reporter: pytest.TerminalReporter, runs: list[dict[str, float]]) -> None:
    folders: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for run in runs:
        for test, seconds in run.items():
            folders[folder_of(test) if "::" in test else test] += seconds
            if "::" in test:
                tests[test] += seconds
    reporter.section("CPU minutes")
    for name, seconds in folders.most_common():
        if seconds >= LEAST:
            reporter.line(f"{seconds / 60:6.2f} {name}")
    reporter.line(f"{folders.total() / 60:6.2f} in all")
    reporter.section("CPU seconds of the costliest tests")
    for test, seconds in tests.most_common(SHOWN):
        reporter.line(f"{seconds:6.1f} {test}")
