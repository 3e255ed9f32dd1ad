"""`python -m bench`: measure, print a table for each part, and write all as Markdown and JSON."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from bench import growth, limit
from bench.databases import ENGINES, World, worlds
from bench.report import Effort, Section, machine, merged, write

PARTS: dict[str, Callable[[list[World], Effort], Section]] = {
    "growth": growth.section,
    "limit": limit.section,
}

FULL = Effort(rounds=7, calls=300, requests=10_000)
QUICK = Effort(rounds=3, calls=150, requests=2_000)

#: bytes on disk per member, by engine
_BYTES_PER_MEMBER = {"postgresql": 1500, "sqlite": 1000}


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes and few rounds, in a few minutes.")
@click.option("--only", "parts", type=click.Choice(list(PARTS)), multiple=True)
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True)
@click.option("--members", "sizes", type=click.IntRange(100), multiple=True)
@click.option("--rounds", type=click.IntRange(1), help="How often everything is measured.")
@click.option("--calls", type=click.IntRange(12), help="How many calls of a kind make a round.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write to.")
def main(
    quick: bool,
    parts: tuple[str, ...],
    engines: tuple[str, ...],
    sizes: tuple[int, ...],
    **given: int | Path | None,
) -> None:
    """Measure what gridt costs: in larger movements, and beside the least that it could.

    The options --only, --engine and --members may be given more than once.
    """
    parts, engines = parts or tuple(PARTS), engines or ENGINES
    chosen = sorted(set(sizes) or ({1_000, 20_000} if quick else {1_000, 100_000, 1_000_000}))
    effort = (QUICK if quick else FULL).changed(**given)
    _ensure_possible(engines, chosen)
    began, sections = time.monotonic(), []
    with worlds(engines, chosen, callers=effort.people) as made:
        for part in parts:
            sections.append(PARTS[part](made, effort))
            click.echo(f"\n{sections[-1].markdown()}\n")
    minutes = (time.monotonic() - began) / 60
    head = f"{machine()} It took {minutes:.0f} minutes."
    text = "\n\n".join([head, *(section.markdown() for section in sections)])
    write(effort.out, text, merged(row for section in sections for row in section.rows))
    click.echo(f"{head}\nWritten to {effort.out}: latest.md, latest.json.")


def _ensure_possible(engines: tuple[str, ...], sizes: list[int]) -> None:
    """Refuse before anything is loaded what would fail after minutes."""
    if sys.platform != "linux":
        raise click.UsageError("Processor time and memory are read from /proc, which Linux has.")
    folder = tempfile.gettempdir()
    wanted = sum(sizes) * sum(_BYTES_PER_MEMBER[engine] for engine in engines)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise click.UsageError(
            f"That takes {wanted >> 20} MiB in {folder}, where {free >> 20} MiB are free;"
            " fewer --members, or another TMPDIR?"
        )


if __name__ == "__main__":
    main()
