"""The command that recalculates standings."""

from collections.abc import Iterable

import click
from sqlalchemy import select

from gridt.cli.group import commands
from gridt.models import Correction, Movement
from gridt.runtime.extensions import db
from gridt.standing import Place, preview_batch, recompute_batch
from gridt.text import with_noun

#: the columns that a line of a dry run shows if they change
_NUMBERS = ("streak", "best_streak", "done_turns", "turns", "done")


@commands.command("rebuild-standing")
@click.option("--movement", help="Only this movement: its id or name.")
@click.option("--dry-run", is_flag=True, help="List what would change, and change nothing.")
def rebuild_standing(movement: str | None, dry_run: bool) -> None:
    """Recalculate every member's streaks and completion.

    This takes a few hundred members at a time; the service can run meanwhile.
    """
    chosen = _movements(movement)
    if dry_run:
        _preview(chosen)
        return
    members = corrected = 0
    with click.progressbar(length=sum(chosen.values()), label="Recalculating standings") as bar:
        for movement_id in chosen:
            after: Place | None = (0, 0)
            while after is not None:
                batch = recompute_batch(movement_id, after)
                db.session.commit()
                after, members = batch.last, members + batch.members
                corrected += batch.corrected
                bar.update(batch.members)
    standings = with_noun(members, "standing")
    click.echo(f"{standings} recalculated, {corrected or 'none'} of them corrected.")


def _preview(movement_ids: Iterable[int]) -> None:
    """List each standing that would change, and how."""
    members = differing = 0
    for movement_id in movement_ids:
        after: Place | None = (0, 0)
        while after is not None:
            count, corrections, after = preview_batch(movement_id, after)
            db.session.rollback()
            members, differing = members + count, differing + len(corrections)
            for correction in corrections:
                click.echo(f"movement {movement_id}, user {correction.user_id}: {_how(correction)}")
    click.echo(f"{with_noun(members, 'standing')} compared, {differing or 'none'} would change.")


def _how(correction: Correction) -> str:
    """Return the changes, with the numbers that members see first."""
    old, new = correction.stored._asdict(), correction.scored._asdict()
    names = [name for name in _NUMBERS if old[name] != new[name]]
    words = [f"{name} {old[name]} -> {new[name]}" for name in names]
    if old["turn"].ends_at != new["turn"].ends_at:
        words.append(f"due {old['turn'].ends_at.isoformat()} -> {new['turn'].ends_at.isoformat()}")
    return ", ".join(words) or "other details of the turn and of weeks"


def _movements(movement: str | None) -> dict[int, int]:
    """Return the ids and sizes of movements, or of one."""
    sizes = select(Movement.id, Movement.member_count).order_by(Movement.id)
    if movement is not None:
        by_id = movement.isascii() and movement.isdecimal()
        row = Movement.find_by_id(int(movement)) if by_id else Movement.find_by_name(movement)
        if row is None:
            raise click.ClickException(f"There is no movement {movement!r}.")
        sizes = sizes.where(Movement.id == row.id)
    rows = db.session.execute(sizes).all()
    db.session.rollback()
    return {id: members for id, members in rows}
