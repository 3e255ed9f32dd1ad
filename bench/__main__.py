"""`python -m bench`: measure, and write the results.

It prints a table for each part, and writes Markdown and JSON.
"""

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from bench import flood, growth, limit, memory, profiling, scale, screens, standing
from bench.databases import World, worlds
from bench.load import ENGINES
from bench.report import Effort, Section, machine, merged, write

PARTS: dict[str, Callable[[list[World], Effort], Section]] = {
    "growth": growth.section,
    "limit": limit.section,
    "scale": scale.section,
    "profile": profiling.section,
    "standing": standing.section,
    "screens": screens.section,
    "flood": flood.section,
    "memory": memory.section,  # last, because it adds movements and makes members leave
}

_MANY, _FEW = {1_000, 100_000, 1_000_000}, {1_000, 20_000}

FULL = Effort(rounds=7, calls=300, requests=10_000)
QUICK = Effort(rounds=3, calls=150, requests=2_000)

#: bytes per member: on disk, and of the largest movement in memory while it is loaded
_ON_DISK = {"postgresql": 3000, "sqlite": 1700}
_IN_MEMORY = 300
#: bytes in memory for the servers of all parts
_SERVERS = 1536 << 20


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes and few rounds, in a few minutes.")
@click.option("--only", "parts", type=click.Choice(list(PARTS)), multiple=True)
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True)
@click.option("--members", "sizes", type=click.IntRange(100), multiple=True)
@click.option("--rounds", type=click.IntRange(1), help="How often everything is measured.")
@click.option("--calls", type=click.IntRange(12), help="How many calls of a kind make a round.")
@click.option("--requests", type=click.IntRange(40), help="How many requests a worker serves.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write to.")
def main(
    quick: bool,
    parts: tuple[str, ...],
    engines: tuple[str, ...],
    sizes: tuple[int, ...],
    **given: int | Path | None,
) -> None:
    """Measure the cost of gridt.

    It is measured in larger movements, and beside the least possible cost.

    The options --only, --engine and --members may be given more than once.
    """
    parts, engines = parts or tuple(PARTS), engines or ENGINES
    chosen = _needed(parts, set(sizes) or (_FEW if quick else _MANY))
    effort = (QUICK if quick else FULL).changed(**given)
    _ensure_possible(engines, chosen)
    began, sections = time.monotonic(), []
    with worlds(engines, chosen, callers=effort.people) as made:
        measured_on = machine(dict.fromkeys(world.database for world in made))
        for part in [part for part in PARTS if part in parts]:
            click.echo(f"Measuring: {part}")
            sections.append(PARTS[part](made, effort))
            click.echo(f"\n{sections[-1].markdown()}\n")
    minutes = (time.monotonic() - began) / 60
    head = f"{measured_on} It took {minutes:.0f} minutes."
    text = "\n\n".join([head, *(section.markdown() for section in sections)])
    write(effort.out, text, merged(row for section in sections for row in section.rows))
    click.echo(f"{head}\nWritten to {effort.out}: latest.md, latest.json.")


def _needed(parts: tuple[str, ...], sizes: set[int]) -> list[int]:
    """Return the sizes that the parts need.

    Growth needs all sizes, memory the largest.
    """
    if "growth" in parts:
        return sorted(sizes)
    ends = {"memory": max(sizes)}
    return sorted({ends.get(part, min(sizes)) for part in parts})


def _ensure_possible(engines: tuple[str, ...], sizes: list[int]) -> None:
    """Refuse a run that would fail after minutes.

    The check comes before anything is loaded.
    """
    if sys.platform != "linux":
        raise click.UsageError("Processor time and memory are read from /proc, which Linux has.")
    folder = tempfile.gettempdir()
    disk = sum(sizes) * sum(_ON_DISK[engine] for engine in engines)
    memory = _SERVERS + max(sizes) * _IN_MEMORY
    for wanted, free, where in (
        (disk, shutil.disk_usage(folder).free, f"in {folder}; another TMPDIR"),
        (memory, _available_memory(), "in memory; a larger machine"),
    ):
        if wanted > free:
            raise click.UsageError(
                f"That takes {wanted >> 20} MiB, and {free >> 20} MiB are free {where}, or fewer"
                " --members?"
            )


def _available_memory() -> int:
    found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    return 1024 * int(found[1]) if found else sys.maxsize


if __name__ == "__main__":
    main()
