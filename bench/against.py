"""`python -m bench.against --base <commit>`: compare two trees.

It measures this tree and that of the commit, side by side.

Each tree runs in a process of its own, on a copy of the same database. Every round measures every
operation in the order A B B A, so that both trees meet the same noise of the machine.
"""

import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median, median_high
from typing import Any

import click

from bench.load import ENGINES, ROOT, Call
from bench.operations import OPERATIONS, Operation, Side, fill
from bench.report import OUT, SPREAD, Row, compared, machine, table
from bench.trees import Runner, commit_of, databases, export, uncommitted

#: a median ratio may exceed 1 by this much, because two processes of the same tree differ as much
LIMIT = 1.05

#: batches whose statements are recorded; chance decides which ones a call sends
_RECORDED = 3

COLUMNS = (
    *("operation", "cpu_a_ms", "cpu_b_ms", "ratio"),
    *("statements_a", "statements_b", "texts", "verdict"),
)

#: a bound value, whose type psycopg adds where SQLAlchemy does not leave it open
_VALUE = re.compile(r"%\(\w+\)s")
#: a list of more than one value or row
_VALUES = re.compile(r"IN \(([^()?]*\?[^(),]*)(?:, [^()?]*\?[^(),]*)+\)")
_ROWS = re.compile(r"(\([^()]*\?[^()]*\))(?:, \([^()]*\?[^()]*\))+")

_ABOUT = """\
A is {base}, B is {tree}. {rounds} rounds of {calls} calls (five times as many of cheap operations)
in the order A B B A, in a movement of {members} members. `cpu` is the processor time of a call in
milliseconds, PostgreSQL's processes included; `ratio` is B over A, the median of the rounds' ratios
with their quartiles. `statements` is the median of a call. `texts` says how many statements only A
or only B sends; where few calls send them, chance may be the cause."""


@dataclass(frozen=True)
class Effort:
    """The amount of measuring."""

    operations: list[str]
    rounds: int
    calls: int
    members: int
    limit: float


@dataclass
class Measured:
    """The figures of one operation, by side.

    They are the seconds of each call, and the statements of each call.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"a": [], "b": []})
    statements: dict[str, list[list[str]]] = field(default_factory=lambda: {"a": [], "b": []})

    def texts(self, side: str) -> Counter[str]:
        """Return each text that a side sends, with its calls.

        The number says how many of the side's calls send the text.
        """
        return Counter(text for call in self.statements[side] for text in set(map(plain, call)))


@click.command()
@click.option("--base", required=True, metavar="COMMIT", help="The commit to compare with.")
@click.option("--only", "operations", type=click.Choice(list(OPERATIONS)), multiple=True)
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True)
@click.option("--rounds", type=click.IntRange(1), default=15, show_default=True)
@click.option("--calls", type=click.IntRange(1), default=20, show_default=True)
@click.option("--members", type=click.IntRange(20), default=1000, show_default=True)
@click.option("--limit", type=float, default=LIMIT, show_default=True, help="The largest ratio.")
@click.option("--dirty", is_flag=True, help="Measure this tree with its uncommitted changes.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="The folder to write to.")
def main(
    base: str,
    operations: tuple[str, ...],
    engines: tuple[str, ...],
    dirty: bool,
    out: Path,
    **amounts: Any,
) -> None:
    """Compare each operation's cost here with that in another commit.

    The exit status is 1 when an operation sends more statements, or the lower quartile of its
    ratio is above the limit. The options --only and --engine may be given more than once.
    """
    commit, changes = commit_of(base), uncommitted()
    _ensure_possible(changes, dirty, amounts)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the exit stack cleans up
    head = commit_of("HEAD")[:10] + (" with uncommitted changes" if changes else "")
    effort = Effort([name for name in OPERATIONS if name in (operations or OPERATIONS)], **amounts)
    start, texts, rows = time.monotonic(), [], []
    with tempfile.TemporaryDirectory(prefix="gridt-against-") as name:
        folder = Path(name)
        trees = {"a": export(commit, folder / "base"), "b": ROOT}
        for engine in engines or ENGINES:
            click.echo(f"Comparing on {engine}")
            version, some = _compared(engine, folder, trees, effort)
            about = _ABOUT.format(base=commit[:10], tree=head, **vars(effort))
            texts.append(f"{machine([version])}\n\n{about}\n\n{table(some, COLUMNS)}")
            click.echo(f"\n{texts[-1]}\n")
            rows += some
    _write(out, "\n\n".join(texts), rows)
    minutes = (time.monotonic() - start) / 60
    click.echo(f"It took {minutes:.1f} minutes. Written to {out}: against.md, against.json.")
    if bad := [f"{row['engine']} {row['operation']}" for row in rows if row["verdict"] != "ok"]:
        raise click.ClickException(f"{', '.join(bad)}: more than in {base}.")


def _ensure_possible(changes: list[str], dirty: bool, amounts: dict[str, Any]) -> None:
    """Refuse a run that cannot measure or cannot be repeated."""
    if sys.platform != "linux":
        raise click.UsageError("Processor time is read from /proc, which Linux has.")
    if amounts["calls"] > amounts["members"]:
        raise click.UsageError("Each call of a batch needs a member: more --members.")
    if changes and not dirty:
        raise click.UsageError(
            "This tree has uncommitted changes, so that nobody could repeat the measurement."
            " Commit them, or measure with --dirty:\n" + "\n".join(changes)
        )


def _compared(
    engine: str, folder: Path, trees: dict[str, Path], effort: Effort
) -> tuple[str, list[Row]]:
    """Measure on one engine.

    Return the name of the database, and a row for each operation.
    """
    with ExitStack() as stack:
        place = stack.enter_context(databases(engine, folder))
        original = place.new("original")
        accounts = fill(place, original, trees["a"], effort.members, effort.calls)
        sides: dict[str, Side] = {}
        for name, tree in trees.items():
            log = folder / f"{engine}-{name}.log"
            runner = Runner(tree, place.copy(original, f"copy_{name}"), log)
            stack.enter_context(closing(runner))
            sides[name] = Side(runner, accounts, is_new=name == "b")
        measured = _measure(sides, effort)
        rows = [
            {"engine": engine, "operation": name, "members": effort.members}
            | row_of(figures, OPERATIONS[name].limit or effort.limit)
            for name, figures in measured.items()
        ]
        return place.version, rows


def _measure(sides: dict[str, Side], effort: Effort) -> dict[str, Measured]:
    """Measure every operation in every round; record its statements last.

    SQLAlchemy calls listeners for ever once there was one, so the recording comes last.
    """
    measured: dict[str, Measured] = defaultdict(Measured)
    with click.progressbar(range(-1, effort.rounds), label="Measuring") as numbers:
        for number in numbers:  # the first round only warms up
            for name in effort.operations:
                costs: dict[str, list[float]] = defaultdict(list)
                for letter in ("a", "b", "b", "a"):
                    costs[letter].append(_cost(sides[letter], OPERATIONS[name]))
                for letter, pair in costs.items() if number >= 0 else ():
                    measured[name].seconds[letter].append(mean(pair))
    for name in effort.operations * _RECORDED:
        for letter, side in sides.items():
            with _state_for(side, OPERATIONS[name]) as calls:
                measured[name].statements[letter] += side.runner.statements(calls)
    return measured


def _cost(side: Side, operation: Operation) -> float:
    """Return the seconds of processor time per call."""
    with _state_for(side, operation) as calls:
        batch = calls * operation.repeats
        return side.runner.seconds(batch) / len(batch)


@contextmanager
def _state_for(side: Side, operation: Operation) -> Iterator[list[Call]]:
    """Prepare an operation, and provide its calls.

    The end of the block undoes them.
    """
    side.runner.bodies(operation.prepare(side))
    yield operation.calls(side)
    side.runner.bodies(operation.undo(side))


def row_of(measured: Measured, limit: float) -> Row:
    """Return an operation's figures, and the verdict on them."""
    row = compared("ratio", measured.seconds["b"], measured.seconds["a"])
    texts = {side: measured.texts(side) for side in ("a", "b")}
    for side, other in ("ab", "ba"):
        counts = [len(statements) for statements in measured.statements[side]]
        row[f"cpu_{side}_ms"] = round(1000 * median(measured.seconds[side]), 3)
        row[f"statements_{side}"] = median_high(counts)
        row[f"statements_{side}_range"] = [min(counts), max(counts)]
        row[f"only_{side}"] = {
            text: calls for text, calls in texts[side].items() if text not in texts[other]
        }
    flaws = []
    if row["ratio" + SPREAD][0] > limit:
        flaws.append("slower")
    if row["statements_b"] > row["statements_a"]:
        flaws.append("more statements")
    return row | {
        "recorded": len(measured.statements["a"]),
        "texts": _differences(row, len(measured.statements["a"])),
        "verdict": ", ".join(flaws) or "ok",
    }


def _differences(row: Row, recorded: int) -> str:
    """Return how many texts only one side sends.

    Return also the most calls that send one of these texts.
    """
    parts = [
        f"{len(texts)} only {side.upper()} (in {max(texts.values())} of {recorded} calls)"
        for side in ("a", "b")
        if (texts := row[f"only_{side}"])
    ]
    return ", ".join(parts) or "same"


def plain(statement: str) -> str:
    """Return a statement without its values' names and number.

    These parts depend on the values.
    """
    text = _VALUE.sub("?", " ".join(statement.split()))
    return _ROWS.sub(r"\1, …", _VALUES.sub(r"IN (\1, …)", text))


def _write(folder: Path, text: str, rows: Sequence[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "against.md").write_text(text + "\n")
    (folder / "against.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
