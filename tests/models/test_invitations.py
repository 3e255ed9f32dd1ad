"""Links into groups: the right to make them, and accepting."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.accounts import delete_account, invite_into, register
from gridt.errors import (
    AccountDeactivated,
    GridtError,
    InAnotherOrganisation,
    Invalid,
    InvitationNotFound,
    InvitationOver,
    NotAllowed,
    Overtaken,
)
from gridt.groups import group_faults
from gridt.jobs import run_until_idle
from gridt.models import (
    AuditEntry,
    Invitation,
    InvitationUse,
    Membership,
    Organisation,
    Role,
    Squad,
    Team,
    User,
    accept_invitation,
    may_invite,
)
from gridt.permissions import ADMIN, ASSIGNABLE_COACH, COACH, InvalidRoleKind
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock
from tests.groups import PRINCIPALS, Groups, make_groups, make_part
from tests.invitations import plant_invitation
from tests.networks import people
from tests.test_concurrency import at_once


@pytest.fixture
def groups(database: None) -> Groups:
    return make_groups()


def new_people(count: int) -> list[User]:
    return [db.session.get_one(User, id) for id in people(count)]


def groups_of(user: User) -> set[int]:
    found = sa.select(Membership.group_id).where(Membership.user_id == user.id)
    return set(db.session.scalars(found))


def roles_of(user: User) -> set[tuple[int, str]]:
    found = sa.select(Role.group_id, Role.kind).where(Role.user_id == user.id)
    return {(group_id, kind) for group_id, kind in db.session.execute(found)}


def link(maker: User, group: Any, **members: Any) -> tuple[Invitation, str]:
    made = invite_into(group, maker, **members)
    db.session.commit()
    return made


def accept(user: User, code: str) -> bool:
    """Accept as a request does: all of it, or nothing."""
    try:
        _, changed = accept_invitation(user, code)
    except (GridtError, ValueError):
        db.session.rollback()
        raise
    db.session.commit()
    return changed


def uses_of(invitation: Invitation) -> int:
    db.session.refresh(invitation)
    return invitation.uses


# -- who may invite -------------------------------------------------------------------------

#: by group and role, the letters of those who may invite into it
MAKERS = {
    ("team 1", None): set("COAS"),
    ("squad 1", None): set("COAS"),
    ("team 2", None): set("DOAS"),
    ("organisation", None): set("OAS"),
    ("team 1", COACH): set("AS"),
    ("organisation", COACH): set("AS"),
    ("other organisation", None): set("XS"),
}


def group_named(groups: Groups, name: str) -> Any:
    return {
        "team 1": groups.teams[1],
        "squad 1": groups.squads[1],
        "team 2": groups.teams[2],
        "organisation": groups.own,
        "other organisation": groups.other,
    }[name]


def test_admins_and_coaches_invite_and_no_one_else(groups: Groups) -> None:
    asked = {letter: getattr(groups, letter) for letter in PRINCIPALS if letter != "V"}
    for (name, role), makers in MAKERS.items():
        group = group_named(groups, name)
        found = {letter for letter, user in asked.items() if may_invite(user.id, group.id, role)}
        assert found == makers, (name, role)
    for letter in set(asked) - set("COAS"):
        with pytest.raises(NotAllowed):
            invite_into(groups.teams[1], asked[letter])


def test_a_setting_keeps_coaches_from_inviting(groups: Groups) -> None:
    _, code = link(groups.C, groups.teams[1])
    groups.own.settings.change(coach_can_invite=False)
    db.session.commit()
    with pytest.raises(NotAllowed):
        invite_into(groups.teams[1], groups.C)
    with pytest.raises(InvitationOver, match="may no longer invite"):
        accept(groups.F, code)
    assert may_invite(groups.A.id, groups.teams[1].id)


def test_a_link_has_limits(groups: Groups, clock: Clock) -> None:
    team, day = groups.teams[1], timedelta(days=1)
    invitation, code = link(groups.A, team)
    assert (invitation.kind, invitation.role, invitation.max_uses) == ("link", None, 30)
    assert invitation.expires_at == invitation.created_at + 7 * day
    assert len(bytes.fromhex(code)) == 16
    for members in (
        {"max_uses": 0},
        {"max_uses": 1001},
        {"expires_in": day - timedelta(seconds=1)},
        {"expires_in": 90 * day + timedelta(seconds=1)},
    ):
        with pytest.raises(Invalid):
            invite_into(team, groups.A, **members)
    for members in ({"max_uses": 1}, {"max_uses": 1000}, {"expires_in": day}):
        invite_into(team, groups.A, **members)
    for group, role in ((groups.own, ADMIN), (groups.squads[1], COACH), (team, "boss")):
        with pytest.raises(InvalidRoleKind):
            invite_into(group, groups.A, role=role)


# -- accepting ------------------------------------------------------------------------------


def test_accepting_makes_a_member_of_all_groups_above(groups: Groups) -> None:
    squad, team, own = groups.squads[1], groups.teams[1], groups.own
    counts = [each.member_count for each in (own, team, squad)]
    invitation, code = link(groups.C, squad)
    assert accept(groups.F, f" {code.upper()} ") is True
    assert groups_of(groups.F) == {own.id, team.id, squad.id}
    assert roles_of(groups.F) == set()
    assert groups.F.organisation == own
    assert [each.member_count for each in (own, team, squad)] == [one + 1 for one in counts]
    membership = db.session.get_one(Membership, (groups.F.id, own.id))
    assert membership.managed is False
    assert accept(groups.P, code) is True
    assert accept(groups.N, code) is True
    assert uses_of(invitation) == 3
    assert list(group_faults()) == []


def test_a_second_time_uses_nothing_up(groups: Groups) -> None:
    first, second, third = new_people(3)
    invitation, code = link(groups.C, groups.teams[1], max_uses=2)
    assert [accept(user, code) for user in (first, second)] == [True, True]
    with pytest.raises(InvitationOver, match="used before"):
        accept(third, code)
    assert groups_of(third) == set()
    assert [accept(user, code) for user in (first, groups.M)] == [False, False]
    assert uses_of(invitation) == 2


def test_members_who_have_left_do_not_come_back_by_the_same_link(groups: Groups) -> None:
    _, code = link(groups.C, groups.teams[1])
    accept(groups.P, code)
    groups.teams[1].remove_member(groups.P, actor_id=groups.A.id)
    db.session.commit()
    with pytest.raises(InvitationOver, match="have left since"):
        accept(groups.P, code)
    _, other = link(groups.C, groups.teams[1])
    assert accept(groups.P, other) is True


def test_a_link_with_a_role_makes_a_coach(groups: Groups) -> None:
    team = groups.teams[1]
    invitation, code = link(groups.A, team, role=COACH)
    assert accept(groups.F, code) is True
    assert roles_of(groups.F) == {(team.id, COACH), (groups.own.id, ASSIGNABLE_COACH)}
    assert accept(groups.M, code) is True
    assert accept(groups.C, code) is True  # a coach becomes a member, too
    assert accept(groups.C, code) is False
    assert uses_of(invitation) == 3
    team.remove_coach(groups.F)
    db.session.commit()
    assert accept(groups.F, code) is False
    assert (team.id, COACH) not in roles_of(groups.F), "an old link gives no role back"
    _, code = link(groups.S, groups.own, role=COACH)
    accept(groups.M, code)
    assert (groups.own.id, COACH) in roles_of(groups.M)


def test_a_user_of_another_organisation_is_refused(groups: Groups) -> None:
    invitation, code = link(groups.C, groups.squads[1])
    with pytest.raises(InAnotherOrganisation):
        accept(groups.X, code)
    with pytest.raises(NotAllowed, match="Admins of the service"):
        accept(groups.S, code)
    for wrong in ("f" * 32, ""):
        with pytest.raises(InvitationNotFound):
            accept(groups.F, wrong)
    plant_invitation("e" * 32)
    with pytest.raises(InvitationNotFound):
        accept(groups.F, "e" * 32)
    groups.F.deactivated_at = utcnow()
    with pytest.raises(AccountDeactivated):
        accept(groups.F, code)
    assert (uses_of(invitation), groups_of(groups.F)) == (0, set())


# -- the end of a link ----------------------------------------------------------------------

ENDS: dict[str, tuple[str, Callable[[Groups, Invitation], object]]] = {
    "taken back": ("was revoked", lambda groups, made: made.revoke(groups.A.id)),
    "role of the maker removed": (
        "may no longer invite",
        lambda groups, _: groups.teams[1].remove_coach(groups.C),
    ),
    "maker left": ("may no longer", lambda groups, _: groups.own.remove_member(groups.C)),
    "maker deleted": ("may no longer", lambda groups, _: delete_account(groups.C)),
    "password changed": ("may no longer", lambda groups, _: groups.C.shut_out()),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_link_ends_with_the_right_of_its_maker(groups: Groups, clock: Clock, end: str) -> None:
    says, change = ENDS[end]
    invitation, code = link(groups.C, groups.squads[1])
    assert accept(groups.P, code) is True
    clock.pass_(minutes=1)
    change(groups, invitation)
    db.session.commit()
    with pytest.raises(InvitationOver, match=says):
        accept(groups.F, code)
    with pytest.raises(InvitationOver, match=says):
        Invitation.offer_of(code)
    assert groups_of(groups.F) == set()
    assert accept(groups.P, code) is False


def test_a_link_expires_and_is_deleted_after_a_month(groups: Groups, clock: Clock) -> None:
    invitation, code = link(groups.C, groups.teams[1])
    accept(groups.F, code)
    clock.pass_(days=7)
    with pytest.raises(InvitationOver, match="has expired"):
        accept(groups.P, code)
    clock.pass_(days=29)
    run_until_idle()
    assert db.session.scalars(sa.select(Invitation.id)).all() == [invitation.id]
    clock.pass_(days=2)
    run_until_idle()
    for table in (Invitation, InvitationUse):
        assert db.session.scalars(sa.select(table)).all() == []
    assert groups.teams[1].id in groups_of(groups.F)


def test_links_end_with_their_group_and_uses_with_their_user(groups: Groups) -> None:
    _, squads = link(groups.C, groups.squads[1])
    _, teams = link(groups.C, groups.teams[1])
    accept(groups.F, squads)
    accept(groups.P, teams)
    groups.squads[1].delete_from_db()
    with pytest.raises(InvitationNotFound):
        accept(groups.N, squads)
    assert db.session.scalars(sa.select(InvitationUse.user_id)).all() == [groups.P.id]
    groups.P.delete_from_db()
    assert db.session.scalars(sa.select(InvitationUse.user_id)).all() == []
    assert Invitation.offer_of(teams).group.name == "Team 1"


def test_the_database_counts_no_use_too_many(groups: Groups) -> None:
    invitation, _ = link(groups.C, groups.teams[1], max_uses=1)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.update(Invitation).values(uses=2))
    db.session.rollback()
    assert uses_of(invitation) == 0


# -- registration, the log and the cost -----------------------------------------------------


def test_an_account_and_its_memberships_come_in_one_transaction(
    groups: Groups, commits: list[Any]
) -> None:
    invitation, code = link(groups.C, groups.squads[1], max_uses=1)
    commits.clear()
    eva = register("eva", "eva@example.org", PASSWORD, invitation=code)
    assert commits == []
    db.session.commit()
    assert groups_of(eva) == {groups.own.id, groups.teams[1].id, groups.squads[1].id}
    assert uses_of(invitation) == 1
    with pytest.raises(InvitationOver):
        register("uma", "uma@example.org", PASSWORD, invitation=code)
    db.session.rollback()
    assert User.find_by_name("uma") is None


def test_the_log_has_ids_and_no_code(groups: Groups, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        invitation, code = link(groups.A, groups.teams[1], role=COACH)
        accept(groups.F, code)
        accept(groups.F, code)
        invitation.revoke(groups.A.id)
        db.session.commit()
    rows = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    kept = [
        (row.action, row.actor_id, row.subject_id, row.details)
        for row in rows
        if row.subject == "invitations"
    ]
    team, role = groups.teams[1].id, {"role": COACH}
    assert kept == [
        ("invitation.made", groups.A.id, invitation.id, {"max_uses": 30, "group": team} | role),
        ("invitation.accepted", groups.F.id, invitation.id, {"group": team} | role),
        ("invitation.revoked", groups.A.id, invitation.id, {}),
    ]
    stored = [db.session.execute(sa.select(table)).all() for table in db.metadata.sorted_tables]
    assert code not in repr(stored)
    assert code not in caplog.text
    assert invitation.token_digest != code


def test_accepting_takes_eight_statements_however_large_the_team(
    groups: Groups, statements: list[str]
) -> None:
    _, code = link(groups.C, groups.squads[1])
    for user in new_people(2):
        user_id = user.id
        db.session.commit()
        fresh = db.session.get_one(User, user_id)
        statements.clear()
        accept(fresh, code)
        assert len(statements) <= 8, statements


# -- at the same moment ---------------------------------------------------------------------


def test_twenty_who_want_the_last_use_are_one(world: Flask) -> None:
    admin, *crowd = people(21)
    own = Organisation("Nurses")
    own.save_to_db()
    own.add_member(db.session.get_one(User, admin))
    own.add_admin(db.session.get_one(User, admin))
    squad = make_part(Squad, "Early", make_part(Team, "Night", own))
    invitation, code = link(db.session.get_one(User, admin), squad, max_uses=3)
    for user_id in crowd[:2]:
        accept(db.session.get_one(User, user_id), code)
    number, squad_id = invitation.id, squad.id
    db.session.remove()

    def come(user_id: int) -> str:
        for _ in range(20):
            try:
                accept(db.session.get_one(User, user_id), code)
                return "in"
            except InvitationOver:
                return "over"
            except (Overtaken, sa.exc.OperationalError):
                db.session.rollback()
        return "lost"

    said = at_once(world, *(partial(come, one) for one in crowd))
    assert sorted(said) == ["in"] * 3 + ["over"] * 17
    assert db.session.get_one(Invitation, number).uses == 3
    joined = sa.select(sa.func.count()).where(Membership.group_id == squad_id)
    assert db.session.scalar(joined) == 3
    assert list(group_faults()) == []


def test_one_who_accepts_twice_at_once_counts_once(world: Flask) -> None:
    admin, user_id = people(2)
    own = Organisation("Nurses")
    own.save_to_db()
    own.add_member(db.session.get_one(User, admin))
    own.add_admin(db.session.get_one(User, admin))
    invitation, code = link(db.session.get_one(User, admin), own)
    number = invitation.id
    db.session.remove()
    said = at_once(
        world, *(lambda: accept(db.session.get_one(User, user_id), code) for _ in range(4))
    )
    assert sorted(said) == [False, False, False, True]
    assert db.session.get_one(Invitation, number).uses == 1
