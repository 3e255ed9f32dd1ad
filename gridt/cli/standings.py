"""Commands about how members stand."""

import click
from sqlalchemy import select

from gridt.cli.group import commands
from gridt.models import Movement
from gridt.runtime.extensions import db
from gridt.standing import Place, recompute_batch


@commands.command("rebuild-standing")
@click.option("--movement", help="Of one movement only, by its id or name.")
def rebuild_standing(movement: str | None) -> None:
    """Tell how all members stand from what they did, and keep that.

    A few hundred members at a time; the service may run meanwhile.
    """
    chosen = _movements(movement)
    members = corrected = 0
    with click.progressbar(length=sum(chosen.values()), label="Telling standings") as bar:
        for movement_id in chosen:
            after: Place | None = (0, 0)
            while after is not None:
                batch = recompute_batch(movement_id, after)
                db.session.commit()
                after, members = batch.last, members + batch.members
                corrected += batch.corrected
                bar.update(batch.members)
    click.echo(f"{members} standings told, {corrected or 'none'} otherwise than they were kept.")


def _movements(movement: str | None) -> dict[int, int]:
    """Return the ids of movements, or of one, each with its size."""
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
