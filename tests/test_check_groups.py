"""Faults of groups, which a command finds and repairs."""

import json
from typing import Any

import sqlalchemy as sa

from gridt.models import Collection, OrganisationSettings, Role, Squad, User
from gridt.permissions import COACH
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import Run
from tests.groups import make_groups

UNSYNCHRONIZED: dict[str, Any] = {"synchronize_session": False}


def break_all() -> dict[str, tuple[int, int | None]]:
    """Break each rule once.

    Return the group and user of each fault.
    """
    groups = make_groups()
    team, squad, coach = groups.teams[2], groups.squads[2], groups.D
    statements = (
        sa.update(Collection).where(Collection.id == groups.own.id).values(member_count=3),
        sa.update(User).where(User.id == coach.id).values(deactivated_at=utcnow()),
        sa.insert(Role).values(
            user_id=groups.P.id, group_id=squad.id, organisation_id=groups.own.id, kind=COACH
        ),
        sa.delete(OrganisationSettings).where(
            OrganisationSettings.organisation_id == groups.hidden.id
        ),
    )
    for statement in statements:
        db.session.execute(statement, execution_options=UNSYNCHRONIZED)
    below = Squad("below", groups.teams[1])
    below.parent_id = squad.id
    below.save_to_db()
    return {
        "member_count is the number of members": (groups.own.id, None),
        "no deactivated user has a role": (team.id, coach.id),
        "only organisations and teams have roles": (squad.id, groups.P.id),
        "every squad and pickup group is in a team": (below.id, None),
        "every organisation has settings": (groups.hidden.id, None),
    }


def test_valid_groups_have_no_fault(run: Run) -> None:
    make_groups()
    result = run("check-groups")
    assert (result.exit_code, result.output) == (0, "0 faults found.\n")


def test_each_fault_is_found_and_what_can_be_is_repaired(run: Run) -> None:
    expected = break_all()
    result = run("check-groups", "--json")
    found = json.loads(result.output)["faults"]
    assert result.exit_code == 1
    organisation = min(group_id for group_id, _ in expected.values())
    # the coach is assignable in the organisation, too
    assert {(one["rule"], one["group_id"], one["user_id"]) for one in found} == {
        *((rule, *where) for rule, where in expected.items()),
        (
            "no deactivated user has a role",
            organisation,
            expected["no deactivated user has a role"][1],
        ),
    }
    result = run("check-groups", "--repair")
    assert result.exit_code == 1
    assert "3 faults found." in result.output
    squad, user = expected["only organisations and teams have roles"]
    assert f"group {squad} (user {user}) breaks the rule: only organisations" in result.output
    assert "member_count" not in result.output
