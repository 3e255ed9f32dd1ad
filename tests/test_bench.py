"""The benchmarks themselves: their refusals, and their output."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import against, standing
from bench.__main__ import main
from bench.report import KEYS
from tests.servers import PATIENCE, ROOT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--members", "99"], "99"),
        (["--members", "1000000000000"], "MiB"),
        (["--engine", "mysql"], "'postgresql', 'sqlite'"),
        (["--only", "speed"], "'growth', 'limit'"),
        (["--rounds", "0"], "0"),
    ],
)
def test_impossible_measurements_are_refused_at_once(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    refused = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out")])
    assert refused.exit_code == 2
    assert message in refused.output.partition("Error:")[2]
    assert not (tmp_path / "out").exists()


def test_a_small_run_writes_all_promised_files(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    engine = request.config.getoption("--database")
    parts = ["--only", "growth", "--only", "limit"]
    effort = ["--members", "100", "--rounds", "2", "--calls", "12", "--out", str(tmp_path)]
    subprocess.run(
        [sys.executable, "-m", "bench", "--engine", engine, *parts, *effort],
        cwd=ROOT,
        check=True,
        timeout=4 * PATIENCE,
    )
    rows = {row["operation"]: row for row in json.loads((tmp_path / "latest.json").read_text())}
    assert all(set(KEYS) <= set(row) for row in rows.values())
    assert {(row["engine"], row["members"]) for row in rows.values()} == {(engine, 100)}
    for operation in ("subscribe", "unsubscribe", "swap", "post an update", "one movement"):
        assert None not in rows[operation].values()
        assert rows[operation]["ratio_to_1000"] == 1.0
    assert rows["10 subscriptions"]["share_of_driver"]
    assert "| swap " in (tmp_path / "latest.md").read_text()
    assert "### swap" in (tmp_path / "plans.md").read_text()


in_git = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="there is no git history here to compare with"
)

#: the smallest comparison of this tree with its own commit
SMALL = [
    *("--base", "HEAD", "--dirty", "--engine", "sqlite", "--only", "post_update"),
    *("--rounds", "2", "--calls", "3", "--members", "20"),
]


def compare(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a comparison whose temporary files share a folder."""
    (folder / "temporary").mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "bench.against", *SMALL, "--out", str(folder / "out"), *arguments],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # a script's background processes ignore interrupts, and so do all their children
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@in_git
def test_a_tree_compared_with_its_own_commit_sends_the_same_statements(tmp_path: Path) -> None:
    with compare(tmp_path, "--limit", "0.01") as comparison:
        printed, _ = comparison.communicate(timeout=8 * PATIENCE)
    assert comparison.returncode == 1, printed  # every ratio is above this limit
    assert "sqlite post_update: more than in HEAD" in printed
    (row,) = json.loads((tmp_path / "out" / "against.json").read_text())
    assert (row["engine"], row["operation"], row["members"]) == ("sqlite", "post_update", 20)
    assert 0 < row["cpu_a_ms"]
    assert 0 < row["cpu_b_ms"]
    low, high = row["ratio_quartiles"]
    assert low <= row["ratio"] <= high
    assert (row["texts"], row["verdict"]) == ("same", "slower")
    assert row["only_a"] == row["only_b"] == {}
    assert 4 <= row["statements_a"] == row["statements_b"] <= 5
    assert "| post_update " in (tmp_path / "out" / "against.md").read_text()
    assert "| post_update " in printed
    assert not list((tmp_path / "temporary").iterdir())


@in_git
def test_an_interrupted_comparison_leaves_nothing_behind(tmp_path: Path) -> None:
    with compare(tmp_path) as comparison:
        assert comparison.stdout is not None
        assert "Comparing on sqlite" in comparison.stdout.readline()
        comparison.send_signal(signal.SIGINT)
        printed, _ = comparison.communicate(timeout=4 * PATIENCE)
    assert comparison.returncode == 1
    assert "Aborted!" in printed
    assert not list((tmp_path / "temporary").iterdir())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("seconds", "statements", "verdict"),
    [
        ([1.0, 1.04, 1.05, 1.1], ["SELECT a"], "ok"),
        ([1.06, 1.07, 1.08, 1.5], ["SELECT a"], "slower"),
        ([0.5, 0.5, 0.5, 0.5], ["SELECT a", "SELECT b"], "more statements"),
        ([2.0, 2.0, 2.0, 2.0], ["SELECT a", "SELECT b"], "slower, more statements"),
        ([1.0, 1.0, 1.0, 1.0], ["SELECT b"], "ok"),
    ],
)
def test_the_lower_quartile_and_the_statements_decide(
    seconds: list[float], statements: list[str], verdict: str
) -> None:
    measured = against.Measured(
        {"a": [1.0] * 4, "b": seconds}, {"a": [["SELECT a"]] * 3, "b": [statements] * 3}
    )
    row = against.row_of(measured, limit=1.05)
    assert row["verdict"] == verdict
    assert row["only_b"] == ({"SELECT b": 3} if "SELECT b" in statements else {})
    assert (row["texts"] == "same") is (statements == ["SELECT a"])


@in_git
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing option '--base'"),
        (["--base", "0" * 40], "No commit '0000"),
        (["--base", "--all"], "No commit '--all'"),
        (["--base", "HEAD", "--dirty", "--members", "20", "--calls", "21"], "more --members"),
        (["--base", "HEAD", "--only", "sleep"], "'health', 'list_movements'"),
    ],
)
def test_an_impossible_comparison_is_refused_at_once(
    arguments: list[str], reason: str, tmp_path: Path
) -> None:
    refused = CliRunner().invoke(against.main, [*arguments, "--out", str(tmp_path / "out")])
    assert refused.exit_code == 2
    assert reason in refused.output
    assert not (tmp_path / "out").exists()


def test_statements_are_compared_without_their_values() -> None:
    sqlite = "SELECT a FROM t WHERE b IN (?, ?) AND c = ?"
    postgresql = "SELECT a FROM t WHERE b IN (%(b_1)s::INTEGER, %(b_2)s::INTEGER) AND c = %(c)s"
    assert against.plain(sqlite) == "SELECT a FROM t WHERE b IN (?, …) AND c = ?"
    assert against.plain(postgresql) == "SELECT a FROM t WHERE b IN (?::INTEGER, …) AND c = ?"
    assert against.plain("INSERT INTO t (a, b)\n VALUES (?, ?), (?, ?), (?, ?)") == (
        "INSERT INTO t (a, b) VALUES (?, ?), …"
    )


def test_the_list_without_standing_replaces_existing_names() -> None:
    with standing._without():
        pass
