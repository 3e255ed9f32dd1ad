"""The commands that check accounts, names and groups."""

import json
from dataclasses import asdict
from typing import Any

import click

from gridt.accounts import LostForm, count_checked, lost_forms, repair
from gridt.cli.group import commands
from gridt.groups import GroupFault, group_faults, repair_groups
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from gridt.text import with_noun


@commands.command("check-accounts")
@click.option("--json", "as_json", is_flag=True, help="Write a JSON document.")
@click.option("--repair", "repairing", is_flag=True, help="First repair what no other row needs.")
def check_accounts(as_json: bool, repairing: bool) -> None:
    """Check that all accounts and movements are found.

    This lists each e-mail address and username that cannot be used to log in, and each movement's
    name that leads to no movement or to another one. It fails if there are any.
    """
    repaired = _repair_all() if repairing else 0
    request_state().reading = True  # no writer waits for this, not even on SQLite
    lost, (accounts, movements) = list(lost_forms()), count_checked()
    if as_json:
        report = {"accounts": accounts, "movements": movements, "repaired": repaired}
        click.echo(json.dumps(report | {"lost": [_shown(one) for one in lost]}, indent=2))
    else:
        for one in lost:
            click.echo(_sentence(one))
        checked = f"{with_noun(accounts, 'account')} and {with_noun(movements, 'movement')} checked"
        click.echo(f"{checked}, {repaired or 'nothing'} repaired, {len(lost) or 'nothing'} broken.")
    if lost:
        raise click.exceptions.Exit(1)


@commands.command("check-groups")
@click.option("--json", "as_json", is_flag=True, help="Write a JSON document.")
@click.option("--repair", "repairing", is_flag=True, help="First repair what can be repaired.")
def check_groups(as_json: bool, repairing: bool) -> None:
    """Check the members and roles of all groups.

    This fails if a rule is broken. The option --repair counts members again, and ends the roles of
    deactivated accounts.
    """
    if repairing:
        repair_groups()
        db.session.commit()
    request_state().reading = True  # no writer waits for this, not even on SQLite
    faults = list(group_faults())
    if as_json:
        click.echo(json.dumps({"faults": [asdict(fault) for fault in faults]}, indent=2))
    else:
        for fault in faults:
            click.echo(_sentence_about(fault))
        click.echo(f"{with_noun(len(faults), 'fault')} found.")
    if faults:
        raise click.exceptions.Exit(1)


def _sentence_about(fault: GroupFault) -> str:
    user = "" if fault.user_id is None else f" (user {fault.user_id})"
    return f"group {fault.group_id}{user} breaks the rule: {fault.rule}"


def _repair_all() -> int:
    """Repair the forms that no other row needs, and commit.

    Return how many these were.
    """
    repaired, progress = 0, True
    while progress:  # a repaired row may have kept the form of another one
        lost = [one for one in lost_forms() if one.holder_id is None]
        done = sum(repair(one) for one in lost)
        repaired, progress = repaired + done, done > 0
        db.session.commit()
    return repaired


def _shown(lost: LostForm) -> dict[str, Any]:
    return {name: value for name, value in asdict(lost).items() if name != "form"}


def _sentence(lost: LostForm) -> str:
    row = "movement" if lost.kind == "movement name" else "user"
    holder = "nothing" if lost.holder_id is None else f"{row} {lost.holder_id}"
    return f"{row} {lost.id}: the {lost.kind} {lost.text!r} leads to {holder}"
