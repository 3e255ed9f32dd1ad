"""Commands about organisations."""

import click
from flask import current_app
from sqlalchemy.exc import IntegrityError

from gridt.cli.group import commands
from gridt.cli.people import complaining, user_named
from gridt.errors import GroupInUse, GroupNameTaken
from gridt.models import Organisation
from gridt.runtime.extensions import db
from gridt.text import with_noun


@commands.command("create-organisation")
@click.argument("name")
@click.option("--admin", required=True, help="The first admin (a name or e-mail address).")
def create_organisation(name: str, admin: str) -> None:
    """Create an organisation called NAME.

    The setting GRIDT_GROUPS must be true.
    """
    if not current_app.config["GROUPS"]:
        detail = "Groups are off. Set GRIDT_GROUPS=true first; docs/groups.md says when."
        raise click.ClickException(detail)
    user = user_named(admin)
    try:
        with complaining():
            organisation = Organisation(name)
            organisation.ensure_name_is_free()
            organisation.add_member(user)
            organisation.add_admin(user)
            db.session.commit()
    except IntegrityError:  # of another command at the same moment
        db.session.rollback()
        raise click.ClickException(GroupNameTaken.title) from None
    except ValueError as error:
        db.session.rollback()
        raise click.ClickException(f"The name is not possible: {error}.") from None
    click.echo(f"{user.username} is the admin of {organisation.name}.")


@commands.command("delete-organisation")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_organisation(name: str, yes: bool) -> None:
    """Delete the organisation called NAME, with all its groups.

    Accounts stay.
    """
    organisation = Organisation.find_by_name(name)
    if organisation is None:
        raise click.ClickException(f"There is no organisation {name!r}.")
    id, called = organisation.id, organisation.name
    members = with_noun(organisation.member_count, "member")
    db.session.rollback()  # hold no lock while the operator answers
    if not yes:
        click.confirm(f"Delete {called}, its groups and the roles of its {members}?", abort=True)
    organisation = Organisation.find_by_id(id)
    try:
        if organisation is not None:
            organisation.delete_from_db()
    except GroupInUse:
        raise click.ClickException(
            f"{called} or a group in it owns a movement with members. Remove them first."
        ) from None
    click.echo(f"{called} is deleted.")
