"""Organisations, teams and squads, their members and roles."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.accounts import deactivate, reactivate
from gridt.errors import (
    AccountDeactivated,
    GridtError,
    GroupNameTaken,
    InAnotherOrganisation,
    LastAdmin,
    NotAMember,
    Overtaken,
    RoleNotFound,
)
from gridt.models import (
    FLAGS,
    AuditEntry,
    Collection,
    GroupError,
    IncompatibleSettings,
    InvalidHierarchy,
    Membership,
    Organisation,
    OrganisationMismatch,
    OrganisationSettings,
    PickupGroup,
    Role,
    Squad,
    Team,
    User,
    Visitor,
)
from gridt.permissions import ADMIN, ASSIGNABLE_COACH, COACH, InvalidRoleKind
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.groups import Groups, make_groups, make_organisation
from tests.networks import make_movements, people
from tests.test_concurrency import at_once


@pytest.fixture
def groups(database: None) -> Groups:
    return make_groups()


def groups_of(user: User) -> set[Any]:
    found = sa.select(Membership.group_id).where(Membership.user_id == user.id)
    return set(db.session.scalars(found))


def roles_of(user: User) -> set[tuple[int, str]]:
    found = sa.select(Role.group_id, Role.kind).where(Role.user_id == user.id)
    return {(group_id, kind) for group_id, kind in db.session.execute(found)}


# -- the tree -------------------------------------------------------------------------------


def test_groups_stand_under_their_kind_of_parent_only(groups: Groups) -> None:
    team, squad = groups.teams[1], groups.squads[1]
    wrong = [
        lambda: Squad("a", groups.own),
        lambda: Team("a", team),
        lambda: Squad("a", squad),
        lambda: PickupGroup("a", groups.own),
        lambda: Team("a"),
        lambda: Collection("a", groups.own),
    ]
    for make in wrong:
        with pytest.raises(InvalidHierarchy):
            make()
    with pytest.raises(TypeError):
        Organisation("a", parent=groups.own)  # type: ignore[call-arg]  # must be refused
    with pytest.raises(OrganisationMismatch, match="not saved"):
        Team("a", Organisation("b"))


def test_names_are_unique_under_a_parent_in_every_way_to_write_them(groups: Groups) -> None:
    with pytest.raises(GroupNameTaken):
        Team("TEAM 1", groups.own).save_to_db()
    with pytest.raises(GroupNameTaken):
        Organisation("nurses").save_to_db()
    Squad("Team 1", groups.teams[1]).save_to_db()
    groups.teams[1].save_to_db()
    for name in ("", " ", " a", "x" * 51, "ab\u200bc", None):
        with pytest.raises(ValueError, match="name"):
            Team(name, groups.own)  # type: ignore[arg-type]  # None is refused


def test_one_finds_the_way_up_and_down(groups: Groups) -> None:
    own, team, squad = groups.own, groups.teams[1], groups.squads[1]
    (movement,) = make_movements(1)
    pickup = PickupGroup("May", team, movement=movement)
    pickup.save_to_db()
    assert own.get_teams() == [team, groups.teams[2]]
    assert (team.get_squads(), team.get_pickup_groups()) == ([squad], [pickup])
    assert [squad.get_team(), pickup.get_team()] == [team] * 2
    assert {each.get_organisation() for each in (own, team, squad, pickup)} == {own}
    assert [each.parent for each in (own, team, squad)] == [None, own, team]
    assert {each.settings for each in (own, team, squad)} == {own.settings}
    assert pickup.movement_id == movement.id
    movement.delete_from_db()
    db.session.refresh(pickup)
    assert pickup.movement_id is None


# -- members --------------------------------------------------------------------------------


def test_a_membership_below_needs_the_one_above(groups: Groups) -> None:
    person, squad = groups.P, groups.squads[1]
    with pytest.raises(NotAMember):
        squad.add_member(person)
    assert groups_of(person) == {groups.own.id}
    groups.teams[1].add_member(person)
    first = squad.add_member(person)
    assert squad.add_member(person) is first
    assert squad.member_count == 3
    assert {person, groups.M} <= {*squad.get_members()}


def test_a_user_is_in_one_organisation(groups: Groups) -> None:
    for join in (groups.other, groups.teams[1], groups.squads[1]):
        with pytest.raises(InAnotherOrganisation):
            join.add_member(groups.X if join is not groups.other else groups.P)
    assert groups.P.organisation == groups.own
    assert groups.F.organisation is None
    with pytest.raises(NotAMember):
        groups.teams[1].add_member(groups.F)


def test_leaving_a_team_ends_its_squads_for_that_user_only(groups: Groups) -> None:
    leaving, staying = groups.M, groups.P
    for group in (groups.teams[1], groups.squads[1]):
        group.add_member(staying)
    assert groups.teams[1].remove_member(leaving) is True
    assert groups_of(leaving) == {groups.own.id}
    assert groups_of(staying) == {groups.own.id, groups.teams[1].id, groups.squads[1].id}
    assert leaving.is_member_of(groups.own)
    counts = [each.member_count for each in (groups.own, groups.teams[1], groups.squads[1])]
    assert counts == [8, 2, 2]
    assert groups.teams[1].remove_member(leaving) is False


def test_leaving_the_organisation_ends_all_roles_and_memberships(groups: Groups) -> None:
    assert groups.own.remove_member(groups.C) is True
    assert (groups_of(groups.C), roles_of(groups.C)) == (set(), set())
    assert groups.C.organisation is None
    with pytest.raises(LastAdmin, match="last admin of Nurses"):
        groups.own.remove_member(groups.A)
    assert groups.A.organisation == groups.own


# -- roles ----------------------------------------------------------------------------------


def test_a_role_above_is_a_role_below(groups: Groups) -> None:
    admin = groups.A
    for what in (groups.own, groups.teams[1], groups.squads[2], groups.P, groups.M, admin):
        assert admin.has_role_for(ADMIN, what)
    for what in (groups.X, groups.other, groups.F, Visitor()):
        assert not admin.has_role_for([ADMIN, COACH], what)
    assert groups.C.has_role_for([ADMIN, COACH], groups.squads[1])
    assert not groups.C.has_role_for(COACH, groups.own)
    assert not groups.A.has_role_for([], groups.own)
    for kinds, error in (("boss", InvalidRoleKind), (3, TypeError), ([COACH, ""], InvalidRoleKind)):
        with pytest.raises(error):
            admin.has_role_for(kinds, groups.own)
    with pytest.raises(ValueError, match="neither a user nor a group"):
        admin.has_role_for(ADMIN, 3)


def test_a_group_has_the_roles_of_its_kind_only(groups: Groups) -> None:
    for group, kind in (
        (groups.teams[1], ADMIN),
        (groups.teams[1], ASSIGNABLE_COACH),
        (groups.squads[1], COACH),
        (groups.squads[1], ADMIN),
        (groups.own, "boss"),
    ):
        with pytest.raises(InvalidRoleKind):
            group.add_role(groups.P, kind)
    with pytest.raises(NotAMember):
        groups.own.add_admin(groups.F)
    with pytest.raises(InAnotherOrganisation):
        groups.teams[1].add_coach(groups.X)
    assert roles_of(groups.P) == set()
    first = groups.own.add_coach(groups.P)
    assert groups.own.add_coach(groups.P) is first
    assert {user.id for user in groups.own.get_coaches()} == {groups.O.id, groups.P.id}
    assert (groups.own.get_admins(), groups.teams[1].get_coaches()) == ([groups.A], [groups.C])


def test_a_coach_of_a_team_may_be_appointed_again(groups: Groups) -> None:
    coach, (own, team) = groups.C, (groups.own, groups.teams[1])
    assert roles_of(coach) == {(team.id, COACH), (own.id, ASSIGNABLE_COACH)}
    team.add_coach(groups.O)
    assert roles_of(groups.O) == {(team.id, COACH), (own.id, COACH)}
    team.remove_coach(coach)
    assert roles_of(coach) == {(own.id, ASSIGNABLE_COACH)}
    groups.teams[2].add_coach(coach)
    own.remove_role(coach, ASSIGNABLE_COACH)
    assert roles_of(coach) == set()
    assert roles_of(groups.D), "that of another coach stays"


def test_only_a_role_of_the_very_group_is_removed(groups: Groups) -> None:
    for group, user, kind in (
        (groups.teams[1], groups.O, COACH),  # from above
        (groups.own, groups.P, ADMIN),
        (groups.squads[1], groups.C, COACH),
    ):
        with pytest.raises(RoleNotFound):
            group.remove_role(user, kind)
    with pytest.raises(InvalidRoleKind):
        groups.own.remove_role(groups.A, "boss")
    with pytest.raises(LastAdmin):
        groups.own.remove_admin(groups.A)
    groups.own.add_admin(groups.P)
    groups.own.remove_admin(groups.A)
    assert groups.own.get_admins() == [groups.P]


# -- the database itself --------------------------------------------------------------------


def _membership(user: User, group: Any, **values: Any) -> sa.Insert:
    made = Membership(user, group)
    row = {column.name: getattr(made, column.name) for column in Membership.__table__.columns}
    return sa.insert(Membership).values(row | values)


def _group(kind: str, parent_id: int, organisation_id: int | None) -> sa.Insert:
    row: dict[str, Any] = {"uid": "0" * 32, "name": "new", "name_folded": "new", "description": ""}
    row |= {"kind": kind, "created_at": utcnow(), "member_count": 0}
    return sa.insert(Collection.__table__).values(
        row | {"parent_id": parent_id, "organisation_id": organisation_id}
    )


#: statements that break a rule, by the rule; each takes the groups
REFUSED: dict[str, Callable[[Groups], Any]] = {
    "a squad's member is one of its team": lambda g: _membership(g.P, g.squads[1]),
    "the parent is the group's": lambda g: _membership(g.P, g.squads[1], parent_id=g.own.id),
    "a member below has a parent": lambda g: _membership(g.P, g.teams[1], parent_id=None),
    "one organisation": lambda g: _membership(g.P, g.other),
    "the organisation is the group's": lambda g: _membership(
        g.X, g.teams[1], organisation_id=g.other.id
    ),
    "the key is of the row": lambda g: _membership(g.F, g.own, roster_key=1),
    "only an organisation manages": lambda g: _membership(g.P, g.teams[1], managed=True),
    "a role needs a member": lambda g: sa.insert(Role).values(
        user_id=g.F.id, group_id=g.own.id, organisation_id=g.own.id, kind=ADMIN
    ),
    "a role stays in the organisation": lambda g: sa.insert(Role).values(
        user_id=g.X.id, group_id=g.teams[1].id, organisation_id=g.other.id, kind=COACH
    ),
    "no admin of a team": lambda g: sa.insert(Role).values(
        user_id=g.P.id, group_id=g.teams[1].id, organisation_id=g.own.id, kind=ADMIN
    ),
    "a role that exists": lambda g: sa.insert(Role).values(
        user_id=g.P.id, group_id=g.own.id, organisation_id=g.own.id, kind="boss"
    ),
    "no squad without team": lambda g: _group("squad", g.own.id, g.own.id),
    "no team below a team": lambda g: _group("team", g.teams[1].id, g.own.id),
    "no team in another organisation": lambda g: _group("team", g.own.id, g.other.id),
    "no team without organisation": lambda g: _group("team", g.own.id, None),
    "no organisation below another": lambda g: _group("organisation", g.own.id, g.own.id),
    "no other kind": lambda g: _group("club", g.own.id, g.own.id),
    "a team with members stays": lambda g: sa.delete(Team),
    "a member above while below": lambda g: sa.delete(Membership).where(
        Membership.group_id == g.teams[1].id
    ),
    "settings that exclude each other": lambda g: sa.update(OrganisationSettings).values(
        member_can_login_without_password=True
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_the_database_itself_refuses(groups: Groups, rule: str) -> None:
    statement = REFUSED[rule](groups).execution_options(synchronize_session=False)
    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.execute(statement)


def test_a_row_of_another_organisation_is_refused(groups: Groups) -> None:
    for make in (
        lambda: Membership(groups.P, groups.teams[1], organisation_id=groups.other.id),
        lambda: Role(groups.P, groups.own, ADMIN, organisation_id=groups.other.id),
    ):
        with pytest.raises(OrganisationMismatch):
            make()
    for user in (Visitor(), User("new", "new@example.org", "correct horse")):
        with pytest.raises(ValueError, match="account"):
            Role(user, groups.own, ADMIN)


# -- settings -------------------------------------------------------------------------------


def test_presets_set_all_flags_and_exclusive_ones_change_nothing(groups: Groups) -> None:
    settings = groups.own.settings
    assert {name: getattr(settings, name) for name in FLAGS} == FLAGS
    groups.own.reset_settings("formal")
    assert not any(getattr(settings, name) for name in FLAGS)
    settings.change(member_can_login_without_password=True)
    for values in (
        {"member_can_edit_password": True},
        {"member_can_edit_password": True, "member_can_login_without_password": True},
        {"member_can_edit_password": True, "listed": False},
    ):
        with pytest.raises(IncompatibleSettings):
            settings.change(**values)
    db.session.expire(settings)
    assert settings.member_can_login_without_password
    assert (settings.member_can_edit_password, settings.listed) == (False, True)
    for values in ({"preset": "strict"}, {"location": "x" * 201}, {"unknown": True}):
        with pytest.raises(ValueError, match="t"):
            settings.change(**values)
    with pytest.raises(ValueError, match="strict"):
        groups.own.reset_settings("strict")


# -- texts and sessions ---------------------------------------------------------------------


def test_rows_read_as_sentences_and_sessions_say_what_one_is(groups: Groups) -> None:
    ann = groups.C
    ann.username = "ann"
    membership = db.session.get_one(Membership, (ann.id, groups.own.id))
    role = db.session.get_one(Role, (ann.id, groups.teams[1].id, COACH))
    assert str(membership) == "ann's membership in Nurses"
    assert str(role) == "ann's coach role for Team 1"
    assert ann.session_data == {
        "username": "ann",
        "full_name": "ann",
        "user_id": ann.id,
        "kinds": [COACH, ASSIGNABLE_COACH],
        "can_manage_content": True,
        "organisation_id": groups.own.id,
    }
    kinds = {letter: groups.principals[letter].session_data["kinds"] for letter in "VFAS"}
    assert kinds == {"V": ["anonymous"], "F": ["learner"], "A": [ADMIN], "S": ["superuser"]}
    may = {letter: groups.principals[letter].can_manage_content for letter in "VFS"}
    assert may == {"V": False, "F": True, "S": True}


def test_only_admins_manage_content_where_only_they_start_movements(
    groups: Groups, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MOVEMENTS_BY", "admins")
    assert not groups.A.can_manage_content
    assert groups.S.can_manage_content
    assert (groups.S.is_staff, groups.A.is_staff) == (True, False)


def test_acts_on_others_are_noted_and_acts_on_oneself_are_not(groups: Groups) -> None:
    db.session.execute(sa.select(1))
    before = db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0
    admin, person, team = groups.A, groups.P, groups.teams[1]
    team.add_member(person, actor_id=admin.id)
    team.add_coach(person)
    team.remove_role(person, COACH, actor_id=admin.id)
    for change in (team.remove_member, team.add_member):
        change(person, actor_id=person.id)
    groups.teams[2].delete_from_db(actor_id=admin.id)
    noted = sa.select(AuditEntry).where(AuditEntry.id > before).order_by(AuditEntry.id)
    rows = [
        (one.action, one.actor_id, one.user_id, one.subject_id, one.details)
        for one in db.session.scalars(noted)
    ]
    assert rows == [
        ("group.member-added", admin.id, person.id, team.id, {}),
        ("group.role-given", None, person.id, team.id, {"role": COACH}),
        ("group.role-removed", admin.id, person.id, team.id, {"role": COACH}),
        ("group.deleted", admin.id, None, groups.teams[2].id, {"name": "Team 2"}),
    ]


# -- ends -----------------------------------------------------------------------------------


def test_the_end_of_a_group_ends_what_is_below_and_nothing_else(groups: Groups) -> None:
    groups.teams[1].delete_from_db()
    assert set(groups.own.get_teams()) == {groups.teams[2]}
    assert groups_of(groups.M) == {groups.own.id}
    assert roles_of(groups.C) == {(groups.own.id, ASSIGNABLE_COACH)}
    assert groups_of(groups.N) == {groups.own.id, groups.teams[2].id, groups.squads[2].id}
    groups.own.delete_from_db()
    left = sa.select(Organisation.name).order_by(Organisation.id)
    assert db.session.scalars(left).all() == ["Teachers", "Runners"]
    assert len(db.session.scalars(sa.select(OrganisationSettings)).all()) == 2
    assert User.find_by_id(groups.M.id) is not None


def test_a_deactivated_account_keeps_memberships_without_roles(groups: Groups) -> None:
    deactivate(groups.C)
    assert roles_of(groups.C) == set()
    assert groups_of(groups.C) == {groups.own.id}
    with pytest.raises(AccountDeactivated):
        groups.own.add_coach(groups.C)
    reactivate(groups.C)
    groups.own.add_coach(groups.C)
    assert groups.C.has_role_for(COACH, groups.M)


def test_the_last_admin_of_an_organisation_stays(groups: Groups) -> None:
    for end in (User.delete_from_db, deactivate):
        with pytest.raises(LastAdmin, match="last admin of Nurses"):
            end(groups.A)
        db.session.rollback()
    groups.own.add_admin(groups.P)
    counts = groups.own.member_count
    groups.A.delete_from_db()
    assert groups.own.get_admins() == [groups.P]
    assert groups.own.member_count == counts - 1


# -- at the same moment ---------------------------------------------------------------------


def _tried(change: Callable[[Any, User], Any], group_id: int, user_id: int) -> Any:
    """Change and save; return the domain error's type, or None."""
    for _ in range(5):
        try:
            group = db.session.get_one(Collection, group_id)
            change(group, db.session.get_one(User, user_id))
            db.session.commit()
            return None
        except (Overtaken, sa.exc.IntegrityError):
            db.session.rollback()
        except (GridtError, GroupError) as error:
            db.session.rollback()
            return type(error)
    return Overtaken


def test_of_admins_who_end_each_other_at_once_one_stays(world: Flask) -> None:
    ways = (
        lambda group, user: group.remove_admin(user),
        lambda group, user: group.remove_member(user),
        lambda _, user: deactivate(user),
        lambda _, user: user.remove(),
    )
    for number, (first, second) in enumerate(zip(ways, ways[1:] + ways[:1], strict=True)):
        organisation, admins = make_organisation(f"org {number}"), people(2)
        for user_id in admins:
            user = db.session.get_one(User, user_id)
            organisation.add_member(user)
            organisation.add_admin(user)
        id = organisation.id
        db.session.commit()
        ends = (partial(_tried, first, id, admins[0]), partial(_tried, second, id, admins[1]))
        results = at_once(world, *ends)
        assert sorted(map(str, results)) == sorted(map(str, [None, LastAdmin]))
        db.session.rollback()
        found = db.session.get_one(Organisation, id)
        db.session.refresh(found)
        assert len(found.get_admins()) == 1
        assert found.member_count == len(found.get_members())
        db.session.remove()


def test_members_who_join_and_leave_at_once_are_counted_right(world: Flask) -> None:
    organisation, everybody = make_organisation("crowd"), people(8)
    team = Team("all", organisation)
    team.save_to_db()
    ids = organisation.id, team.id
    for user_id in everybody[:6]:
        user = db.session.get_one(User, user_id)
        organisation.add_member(user)
        team.add_member(user)
    db.session.commit()
    db.session.remove()

    def join(group: Any, user: User) -> None:
        group.add_member(user)

    def leave(group: Any, user: User) -> None:
        group.remove_member(user)

    leaver, joiner = everybody[0], everybody[6]
    results = at_once(
        world,
        *(partial(_tried, leave, ids[0], leaver) for _ in range(2)),
        partial(_tried, join, ids[1], leaver),
        *(partial(_tried, join, ids[0], joiner) for _ in range(2)),
        *(partial(_tried, leave, ids[1], user) for user in everybody[1:3]),
    )
    assert set(results) <= {None, NotAMember}
    members = {}
    for id in ids:
        group = db.session.get_one(Collection, id)
        members[id] = {user.id for user in group.get_members()}
        assert group.member_count == len(members[id])
    assert joiner in members[ids[0]]
    assert leaver not in members[ids[0]] | members[ids[1]]
