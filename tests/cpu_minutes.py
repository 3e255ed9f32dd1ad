"""A pytest plugin: the CPU minutes by folder.

Wall-clock time depends on the other work of a machine; processor time is the cost of a test. A
server, browser or command that a test starts counts with it, once that has ended. The PostgreSQL
that all tests share counts as "around the tests".

`--times FOLDER` adds the times of this run to those of earlier runs with the same folder, and shows
the sums.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: the time that belongs to no test: imports, collection, the PostgreSQL that tests share
AROUND = "around the tests"

#: seconds below which a folder gets no line
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
    """Return the CPU seconds of this process and its children.

    Children count once they have ended.
    """
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def folder_of(test: str) -> str:
    """Return the folder of a test.

    For tests at the top, it is the file.
    """
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
        """Send an xdist worker's times before the controller asks."""
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            self.seconds[AROUND] += used() - sum(self.seconds.values())
            output["seconds"] = dict(self.seconds)
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add the times of a worker of xdist."""
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
    """Store this run's times, and yield those of all runs."""
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
