"""The command that shows the audit log."""

import json
from datetime import UTC, datetime

import click
from sqlalchemy import select

from gridt.cli.group import commands
from gridt.cli.people import user_named
from gridt.models import AUDITED, AuditEntry, User, entries, execute
from gridt.runtime.request_state import request_state
from gridt.schemas.admin import audit_entry


@commands.command("audit")
@click.option("--user", help="Only entries by or about this user: a name or e-mail address.")
@click.option(
    "--user-id",
    type=click.IntRange(1, 2**31 - 1),
    help="The same by id; the account may be deleted.",
)
@click.option(
    "--action",
    type=click.Choice([kind.value for kind in AUDITED]),
    help="Only entries with this action.",
)
@click.option("--since", type=click.DateTime(), help="Only entries since this time, in UTC.")
@click.option(
    "--last",
    default=1000,
    show_default=True,
    type=click.IntRange(1),
    help="The largest number of entries.",
)
@click.option("--json", "as_json", is_flag=True, help="Write a JSON object on each line.")
def audit(
    user: str | None,
    user_id: int | None,
    action: str | None,
    since: datetime | None,
    last: int,
    as_json: bool,
) -> None:
    """Show the audit log, with the newest entries last.

    It has what admins did, and what concerns the safety of accounts.
    """
    if user is not None and user_id is not None:
        raise click.UsageError("--user and --user-id do not go together.")
    request_state().reading = True  # no writer waits for this, not even on SQLite
    about_id = user_id if user is None else user_named(user).id
    after = since and since.replace(tzinfo=UTC)
    query = entries(about_id, action, after)
    rows = execute(query.order_by(AuditEntry.id.desc()).limit(last)).all()
    names = {} if as_json else _names_of({id for row in rows for id in (row.actor_id, row.user_id)})
    for entry in map(audit_entry, reversed(rows)):
        if as_json:
            click.echo(json.dumps(entry, default=datetime.isoformat, ensure_ascii=False))
            continue
        details = [f"{name}={value}" for name, value in entry["details"].items()]
        subject = [f"{entry['subject']}/{entry['subject_id']}"] if entry["subject"] else []
        click.echo(
            f"{entry['at']:%Y-%m-%d %H:%M:%S} {entry['action']:24}"
            f" by {names.get(entry['actor_id'], '-')} to {names.get(entry['user_id'], '-')} "
            + " ".join([*subject, *details])
        )


def _names_of(ids: set[int | None]) -> dict[int | None, str]:
    """Return usernames by id; deleted accounts have their ids."""
    known = execute(select(User.id, User.username).where(User.id.in_(sorted(filter(None, ids)))))
    names: dict[int | None, str] = {id: str(id) for id in ids if id is not None}
    return names | {id: f"{username} ({id})" for id, username in known}
