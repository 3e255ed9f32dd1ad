"""Commands about movements and their networks."""

import json
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from sqlalchemy import func, select

from gridt.cli.group import commands
from gridt.demo import (
    ADMIN_NUMBER,
    COACH_NUMBER,
    MOST_MOVEMENTS,
    ORGANISATION,
    USERNAME,
    Demo,
)
from gridt.models import Movement
from gridt.network import measure_quality, violations
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from gridt.text import with_noun

_OPEN_MOVEMENTS = select(func.count()).select_from(Movement).where(Movement.is_open())


@commands.command("demo-data")
@click.option(
    "--members",
    default=300,
    show_default=True,
    type=click.IntRange(1),
    help="How many users to create.",
)
@click.option(
    "--movements",
    default=8,
    show_default=True,
    type=click.IntRange(1, MOST_MOVEMENTS),
    help="How many movements to create.",
)
@click.option(
    "--weeks",
    default=4,
    show_default=True,
    type=click.IntRange(0, 52),
    help="How many weeks of updates to create.",
)
def demo_data(members: int, movements: int, weeks: int) -> None:
    """Create demo data: users, movements and updates.

    The updates are those of the last weeks. With GRIDT_GROUPS=true, some of the users are in an
    organisation with teams and squads.
    """
    demo = Demo(members, movements, weeks, groups=current_app.config["GROUPS"])
    if demo.is_there():
        raise click.ClickException("There is demo data already, or data with the same names.")
    with click.progressbar(length=demo.steps, label="Creating users") as bar:
        for steps in demo.fill():
            bar.update(steps)
    if demo.has_groups:
        admin, coach = (USERNAME.format(number) for number in (ADMIN_NUMBER, COACH_NUMBER))
        click.echo(f"{admin} is the admin of {ORGANISATION}, and {coach} the coach of a team.")
    others = f" (or another one, up to {USERNAME.format(members)})" if members > 1 else ""
    click.echo(f"Log in as {USERNAME.format(1)}{others}")
    click.echo(f"with the password {demo.password}")


@commands.command("check-network")
@click.option("--json", "as_json", is_flag=True, help="Write a JSON document.")
@click.option(
    "--health",
    "measured",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="How many movements to measure, the largest first.",
)
def check_network(as_json: bool, measured: int) -> None:
    """Check the leader network of every movement.

    This verifies the invariants I1 to I9, I14 and I15, and fails if one is broken. Then it measures
    the quality of the largest movements' networks.
    """
    request_state().reading = True  # no writer waits for this, not even on SQLite
    broken, checked = verified()
    largest = select(Movement).order_by(Movement.member_count.desc(), Movement.id).limit(measured)
    healths = [measure_quality(movement) for movement in db.session.scalars(largest).all()]
    figures = [asdict(quality) for quality in healths if quality is not None]
    _leave_out_unmeasured(figures)
    if as_json:
        report = {"movements": checked, "violations": broken, "health": figures}
        click.echo(json.dumps(report, indent=2))
    else:
        echo_violations(broken, checked)
        _echo_table(figures)
    if broken:
        raise click.exceptions.Exit(1)


def _leave_out_unmeasured(figures: list[dict[str, Any]]) -> None:
    """Remove and report the figure that needs rustworkx.

    This happens if rustworkx is not installed.
    """
    unmeasured = [row for row in figures if row["largest_component"] is None]
    for row in unmeasured:
        del row["largest_component"]
    if unmeasured:
        click.echo(
            "The largest component is not measured: install requirements-pictures.txt for it.",
            err=True,
        )


def verified() -> tuple[list[dict[str, Any]], int]:
    """Return all violations, and the number of movements."""
    broken = [asdict(violation) for violation in violations()]
    return broken, db.session.scalar(_OPEN_MOVEMENTS) or 0


def echo_violations(broken: list[dict[str, Any]], checked: int) -> None:
    """Write a line for each violation, and a summary."""
    for violation in broken:
        times = with_noun(violation["count"], "time")
        click.echo(
            f"{{invariant}} broken {times} in movement {{movement_id}}: {{rule}}"
            " (for example user {user_id})".format(**violation)
        )
    click.echo(f"{with_noun(checked, 'movement')} checked, {len(broken) or 'nothing'} broken.")


def _echo_table(rows: list[dict[str, Any]]) -> None:
    """Write rows of numbers in columns, with a heading."""
    if not rows:
        return
    texts = [[name.replace("_", " ") for name in rows[0]]]
    for row in rows:
        texts.append([f"{n:.3f}" if isinstance(n, float) else str(n) for n in row.values()])
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        cells = (text.rjust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells))
