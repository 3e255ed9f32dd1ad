"""The plugin that counts CPU minutes, in its own run."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

BUSY = """
import time

def test_busy():
    end = time.process_time() + 0.7
    while time.process_time() < end:
        pass
"""
CHILD = """
import subprocess, sys

def test_child():
    program = "import time\\nwhile time.process_time() < 0.7: pass"
    subprocess.run([sys.executable, "-c", program], check=True)
"""


def run(folder: Path, *options: str) -> str:
    """Run a folder's tests, and return pytest's output.

    The run has this plugin and xdist only.
    """
    plugins = ["-p", "xdist.plugin", "-p", "tests.cpu_minutes", "--numprocesses", "2"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--rootdir", folder, "-c", os.devnull, *options],
        cwd=folder,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_workers_and_their_children_are_counted_and_runs_add_up(tmp_path: Path) -> None:
    (tmp_path / "tests/deep").mkdir(parents=True)
    (tmp_path / "tests/deep/test_busy.py").write_text(BUSY)
    (tmp_path / "tests/test_child.py").write_text(CHILD)
    times = tmp_path / "times"
    first = run(tmp_path, "tests", "--times", str(times))
    second = run(tmp_path, "tests", "--times", str(times))
    for path in (times / "0.json", times / "1.json"):
        seconds = json.loads(path.read_text())
        assert seconds["tests/deep/test_busy.py::test_busy"] >= 0.6
        assert seconds["tests/test_child.py::test_child"] >= 0.6
        assert seconds["around the tests"] > 0

    def counted(printed: str, name: str) -> float:
        (line,) = (line for line in printed.splitlines() if line.endswith(f" {name}"))
        return float(line.split()[0])

    for name in ("tests/deep/", "tests/test_child.py", "in all"):
        assert counted(first, name) < counted(second, name)
    assert "2 passed" in second.splitlines()[-1]
