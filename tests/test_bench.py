"""The benchmarks themselves: what they refuse, and what they write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main
from bench.report import KEYS
from tests.servers import PATIENCE, ROOT


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--members", "99"], "99"),
        (["--members", "1000000000000"], "MiB"),
        (["--engine", "mysql"], "'postgresql', 'sqlite'"),
        (["--only", "speed"], "'growth', 'limit'"),
        (["--rounds", "0"], "0"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    refused = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out")])
    assert refused.exit_code == 2
    assert told in refused.output.partition("Error:")[2]
    assert not (tmp_path / "out").exists()


def test_a_small_run_writes_all_that_is_promised(
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
