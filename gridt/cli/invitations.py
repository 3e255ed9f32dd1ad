"""Commands about invitations."""

from datetime import UTC, timedelta

import click
from flask import current_app
from marshmallow import ValidationError

from gridt import accounts
from gridt.cli.group import commands
from gridt.cli.people import complaining, refused
from gridt.models import INVITATIONS, Invitation, execute
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from gridt.schemas.invitations import InvitationIn


@commands.command("invite")
@click.option("--label", default="", help="A note for admins, such as the name of the person.")
@click.option("--email", help="The only e-mail address that may register, once.")
@click.option(
    "--uses",
    default=1,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many people may register.",
)
@click.option(
    "--days",
    default=accounts.USUAL_TIME.days,
    show_default=True,
    type=click.IntRange(1, accounts.LONGEST_TIME.days),
    help="For how many days.",
)
def invite(label: str, email: str | None, uses: int, days: int) -> None:
    """Invite people to register: print a code, this once."""
    given = {"label": label, "max_uses": uses}
    try:
        data = InvitationIn().load(given if email is None else given | {"email": email})
    except ValidationError as error:
        raise refused(error) from None
    with complaining():
        made, code = accounts.invite(**data | {"expires_at": utcnow() + timedelta(days=days)})
    db.session.commit()
    click.echo(code)
    until = made.expires_at.astimezone(UTC)
    click.echo(f"This is invitation {made.id}. Its code works until {until:%Y-%m-%d %H:%M} UTC.")
    if current_app.config["REGISTRATION"] == accounts.CLOSED:
        click.echo("Registration is closed, so no code works at present.", err=True)


@commands.command("invitations")
def invitations() -> None:
    """List the invitations, newest first, without their codes."""
    request_state().reading = True  # no writer waits for this, not even on SQLite
    rows = execute(INVITATIONS.order_by(Invitation.id.desc()), {"now": utcnow()})
    for row in rows:
        maker = "an operator or a deleted account" if row.maker_name is None else row.maker_name
        about = f" ({row.label})" if row.label else ""
        only = "" if row.email is None else f", for {row.email}"
        click.echo(
            f"{row.id}: {row.state}, {row.uses} of {row.max_uses} uses,"
            f" until {row.expires_at:%Y-%m-%d}, by {maker}{only}{about}"
        )


@commands.command("revoke-invitation")
@click.argument("invitation", type=click.IntRange(1, 2**31 - 1))
def revoke_invitation(invitation: int) -> None:
    """Revoke an invitation, by its number."""
    found = Invitation.find_by_id(invitation)
    if found is None:
        raise click.ClickException(f"There is no invitation {invitation}.")
    sentence = found.revoke()
    db.session.commit()
    click.echo(sentence.replace("The invitation", f"Invitation {invitation}"))
