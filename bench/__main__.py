"""`python -m bench`: measure, print one table, and write it as Markdown and as JSON."""

import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from bench import growth, limit
from bench.databases import ENGINES, World, worlds

OUT = Path(__file__).resolve().parent / "out"

#: bytes on disk per member, roughly, on SQLite and on PostgreSQL together
_BYTES_PER_MEMBER = 2500

Row = dict[str, Any]


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, in a few minutes.")
@click.option("--members", "sizes", type=int, multiple=True, help="Sizes of the movement.")
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True, default=ENGINES)
def main(quick: bool, sizes: tuple[int, ...], engines: tuple[str, ...]) -> None:
    """Measure what operations cost as a movement grows, and beside the least they could cost."""
    chosen = sorted(sizes or ((1_000, 20_000) if quick else (1_000, 100_000, 1_000_000)))
    wanted, free = _BYTES_PER_MEMBER * sum(chosen), shutil.disk_usage("/tmp").free  # noqa: S108
    if min(chosen) < 100:
        raise click.UsageError("A movement to measure has at least 100 members.")
    if wanted > free:
        raise click.UsageError(f"That takes {wanted >> 20} MiB on disk; {free >> 20} are free.")
    rounds = 60 if quick else 200
    rows: list[Row] = []
    whole: list[str] = []
    with worlds(engines, chosen, callers=200) as made:
        series = growth.measure(made, rounds)
        for world in made:
            rows += _growth_rows(world, series, smallest=chosen[0])
        for world in made:
            if world.members == chosen[-1]:
                whole += _whole_reads(world)
        for world in made:
            if world.members == chosen[0]:
                loads = limit.measure(world, rounds=5)
                rows += _limit_rows(world, loads)
    _write(rows, whole, chosen)


def _growth_rows(world: World, series: Any, smallest: int) -> list[Row]:
    return [
        {
            "engine": engine,
            "operation": operation,
            "members": members,
            "p50_ms": round(one.p50, 2),
            "p95_ms": round(one.p95, 2),
            "statements": max(one.statements),
            "ratio_to_1000": round(one.p50 / series[engine, smallest, operation].p50, 2),
        }
        for (engine, members, operation), one in series.items()
        if (engine, members) == (world.engine, world.members)
    ]


def _limit_rows(world: World, loads: dict[str, limit.Load]) -> list[Row]:
    select, bare = loads["one select"], loads["bare route"]
    rows = []
    for operation, load in loads.items():
        driver = loads.get(f"{operation}, driver only")
        rows.append(
            {
                "engine": world.engine,
                "operation": operation,
                "members": world.members,
                "per_second": round(load.rate),
                "cpu_ms": round(load.cpu, 2),
                "cpu_vs_one_select": round(load.cpu / select.cpu, 2),
                "share_of_bare": round(load.rate / bare.rate, 2),
                "share_of_driver": round(load.rate / driver.rate, 2) if driver else None,
            }
        )
    return rows


def _whole_reads(world: World) -> list[str]:
    """Return the plans that read a large table from end to end; there should be none."""
    return [
        f"{world.engine}, {operation}: {line}"
        for operation, _, plan in growth.explained(world)
        for line in growth.reads_whole_table(plan)
    ]


def _write(rows: list[Row], whole: list[str], sizes: list[int]) -> None:
    OUT.mkdir(exist_ok=True)
    (OUT / "latest.json").write_text(json.dumps(rows, indent=1))
    grown = [row for row in rows if "p50_ms" in row]
    limits = [row for row in rows if "cpu_ms" in row]
    text = "\n\n".join(
        [
            f"Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}, gunicorn"
            f" {version('gunicorn')}; movements of {', '.join(map(str, sizes))} members.",
            _table(grown),
            _table(limits),
            "Plans that read a large table from end to end: " + ("; ".join(whole) or "none."),
        ]
    )
    (OUT / "latest.md").write_text(text + "\n")
    click.echo(text)
    click.echo(f"\nWritten to {OUT / 'latest.md'} and {OUT / 'latest.json'}.")


def _table(rows: list[Row]) -> str:
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads)]
    lines += [["" if value is None else str(value) for value in row.values()] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


main()
