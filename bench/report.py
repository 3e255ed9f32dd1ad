"""Reports of measurements.

They have rows of figures, ratios with their spread, tables, and JSON.
"""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

#: one operation on one engine in a movement of one size
Row = dict[str, Any]

OUT = Path(__file__).resolve().parent / "out"

#: every row of the JSON has these keys, with null for figures that were not measured
KEYS = (
    "engine",
    "operation",
    "members",
    "p50_ms",
    "p95_ms",
    "statements",
    "ratio_to_1000",
    "share_of_driver",
    "share_of_bare",
    "cpu_vs_one_select",
)

#: calls of each kind before those whose time is taken one by one
WARM_UP = 20

#: the quartiles of a ratio are named after it, with this ending
SPREAD = "_quartiles"


@dataclass(frozen=True)
class Effort:
    """The amount of measuring.

    :param rounds: how often everything is measured in turn; the spread is over these
    :param calls: how many calls of a kind make a round
    :param requests: how many a worker serves before its memory is read last
    """

    rounds: int
    calls: int
    requests: int
    out: Path = OUT

    @property
    def people(self) -> int:
        """Return how many people call.

        They are enough that no page is cached from a person's last call.
        """
        return max(60, self.rounds * self.timed + WARM_UP)

    @property
    def timed(self) -> int:
        """Return how many calls, each timed alone, make a round."""
        return self.calls // 5

    def changed(self, **given: Any) -> "Effort":
        """Return a copy with the values that are not None."""
        return replace(self, **{name: one for name, one in given.items() if one is not None})


@dataclass(frozen=True)
class Section:
    """A part of the report: its method, and the figures."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Row]
    remarks: str = ""

    def markdown(self) -> str:
        """Return the section as Markdown for the documentation."""
        parts = [f"## {self.title}", self.about, table(self.rows, self.columns), self.remarks]
        return "\n\n".join(filter(None, parts))


def compared(name: str, some: Iterable[float], others: Iterable[float]) -> Row:
    """Return the median ratio of figures, and its quartiles.

    The ratios are of some figures over others, round by round.
    """
    ratios = [one / other for one, other in zip(some, others, strict=True)]
    few = len(ratios) < 2  # too few for quartiles
    low, _, high = ratios * 3 if few else quantiles(ratios, n=4, method="inclusive")
    return {name: round(median(ratios), 2), name + SPREAD: [round(low, 2), round(high, 2)]}


def merged(rows: Iterable[Row]) -> list[Row]:
    """Return one row for each engine, operation and size.

    A row has all the keys.
    """
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = row["engine"], row["operation"], row["members"]
        found[key] = found.get(key, dict.fromkeys(KEYS)) | row
    return list(found.values())


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return rows as a Markdown table.

    The quartiles are beside their ratio.
    """
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[_cell(row, column) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def _cell(row: Row, column: str) -> str:
    value, spread = row.get(column), row.get(column + SPREAD)
    if value is None:
        return ""
    return f"{value} ({spread[0]}-{spread[1]})" if spread else str(value)


def machine(databases: Iterable[str]) -> str:
    """Return a sentence about the machine and its software.

    :param databases: their names and versions
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("Flask", "SQLAlchemy", "psycopg", "gunicorn")
    )
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GiB of memory, {_system()};"
        f" Python {platform.python_version()}, {versions}, {', '.join(databases)}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def write(folder: Path, text: str, rows: Sequence[Row]) -> None:
    """Write the text as Markdown and the rows as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(text + "\n")
    (folder / "latest.json").write_text(json.dumps(rows, indent=1) + "\n")
