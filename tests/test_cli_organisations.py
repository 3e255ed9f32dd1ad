"""`flask gridt create-organisation` and `delete-organisation`."""

from collections.abc import Callable
from functools import partial

import click
import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.cli.organisations import create_organisation
from gridt.errors import AccountDeactivated, GroupNameTaken, InAnotherOrganisation
from gridt.models import AuditEntry, Membership, Organisation, User
from gridt.runtime.extensions import db
from tests.conftest import Run
from tests.databases import writers_overlap
from tests.groups import make_groups
from tests.networks import people
from tests.test_overlap import in_turn


@pytest.fixture
def create(run: Run, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Create an organisation where groups are on; return the output."""
    monkeypatch.setitem(app.config, "GROUPS", True)
    return lambda name, admin: run("create-organisation", name, "--admin", admin).output


def test_an_organisation_needs_the_setting(run: Run, ann: User) -> None:
    result = run("create-organisation", "Nurses", "--admin", "ann")
    assert result.exit_code == 1
    assert "GRIDT_GROUPS=true" in result.output
    assert db.session.scalars(sa.select(Organisation)).all() == []


def test_an_organisation_is_created_with_an_admin(
    create: Callable[[str, str], str], ann: User
) -> None:
    assert create("Nurses", "ann@example.org") == "ann is the admin of Nurses.\n"
    organisation = Organisation.find_by_name("NURSES")
    assert organisation is not None
    assert (organisation.get_admins(), organisation.member_count) == ([ann], 1)


def test_a_refusal_says_why_and_changes_nothing(
    create: Callable[[str, str], str], ann: User, ben: User
) -> None:
    create("Nurses", "ann")
    refused = {
        ("NURSES", "ben"): f"Error: {GroupNameTaken.title}\n",
        ("Teachers", "ann"): f"Error: {InAnotherOrganisation.title}\n",
        ("Teachers", "zoe"): "Error: There is no user 'zoe'.\n",
        (" ", "ben"): "Error: The name is not possible: ' ' is not a name.\n",
    }
    assert {given: create(*given) for given in refused} == refused
    assert db.session.scalars(sa.select(Organisation.name)).all() == ["Nurses"]


def test_a_deactivated_user_becomes_no_admin(
    run: Run, create: Callable[[str, str], str], ann: User
) -> None:
    run("deactivate", "ann", "--yes")
    assert create("Nurses", "ann") == f"Error: {AccountDeactivated().detail}\n"
    assert db.session.scalars(sa.select(Organisation)).all() == []


@writers_overlap
def test_of_two_at_once_one_is_created(world: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.config, "GROUPS", True)
    first, second = (db.session.get_one(User, id).username for id in people(2))
    db.session.remove()

    def create(name: str, admin: str) -> str:
        # not by click's runner, which takes the output of the whole process
        try:
            create_organisation.main([name, "--admin", admin], standalone_mode=False)
        except click.ClickException as error:
            return error.message
        return ""

    jobs = partial(create, "Nurses", first), partial(create, "NURSES", second)
    assert in_turn(world, "UPDATE groups", *jobs) == ("", GroupNameTaken.title)
    assert db.session.scalars(sa.select(Organisation.name)).all() == ["Nurses"]


def test_deleting_an_organisation_asks_and_keeps_the_accounts(run: Run) -> None:
    groups = make_groups()
    admin_id, own_id = groups.A.id, groups.own.id
    asked = run("delete-organisation", "nurses", input="n\n")
    assert asked.exit_code == 1
    assert "Delete Nurses, its groups and the roles of its 8 members?" in asked.output
    assert Organisation.find_by_name("Nurses") is not None
    assert run("delete-organisation", "nurses", "--yes").output == "Nurses is deleted.\n"
    assert Organisation.find_by_id(own_id) is None
    assert User.find_by_id(admin_id) is not None
    left = sa.select(Membership.user_id).where(Membership.organisation_id == own_id)
    assert db.session.scalars(left).all() == []
    newest = sa.select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.id.desc())
    assert db.session.execute(newest.limit(1)).one() == ("group.deleted", {"name": "Nurses"})
    again = run("delete-organisation", "nurses", "--yes")
    assert (again.exit_code, again.output) == (1, "Error: There is no organisation 'nurses'.\n")
