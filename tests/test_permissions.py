"""Access to groups: permission classes, the matrix, and filters."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.access import Operation, can
from gridt.errors import NotAMember
from gridt.models import (
    AuditEntry,
    Collection,
    Membership,
    Model,
    Movement,
    Organisation,
    OrganisationSettings,
    PickupGroup,
    Role,
    Squad,
    Team,
    User,
    Visitor,
)
from gridt.permissions import (
    ADMIN,
    ASSIGNABLE_COACH,
    COACH,
    SITE,
    AllowAll,
    DenyAll,
    In,
    IsAdminForOwnOrganisation,
    IsOwn,
    IsSelf,
    IsSiteAdmin,
    Mine,
    Others,
    Permissions,
    Ruled,
    led,
    people,
)
from gridt.runtime.extensions import db
from tests import networks
from tests.groups import PRINCIPALS, Groups, make_groups, make_organisation

DAY = timedelta(days=1)
EVERYBODY = "".join(PRINCIPALS)
OPERATIONS = ("create", "read", "update", "delete")


@pytest.fixture
def groups(database: None) -> Groups:
    return make_groups()


# -- permission classes ---------------------------------------------------------------------


def answers(permissions: Permissions) -> set[bool]:
    """Return the answers to four questions and the filter."""
    found = {
        getattr(permissions, f"user_can_{name}_object")(Visitor(), object()) for name in OPERATIONS
    }
    return found | {bool(permissions.readable_by_user_filter(Visitor(), Model))}


def test_the_base_class_answers_nothing() -> None:
    for name in OPERATIONS:
        with pytest.raises(NotImplementedError):
            getattr(Permissions(), f"user_can_{name}_object")(Visitor(), object())
    with pytest.raises(NotImplementedError):
        Permissions().readable_by_user_filter(Visitor(), Model)


ALLOW, DENY, BASE = AllowAll(), DenyAll(), Permissions()
#: K87 to K89: combinations, and their answer to each question
COMBINED: list[tuple[Permissions, bool]] = [
    *((one, True) for one in (ALLOW | ALLOW, ALLOW | DENY, DENY | ALLOW, ALLOW & ALLOW)),
    *((one, False) for one in (DENY | DENY, ALLOW & DENY, DENY & ALLOW, DENY & DENY)),
    (ALLOW | BASE, True),
    (DENY & BASE, False),
]


@pytest.mark.parametrize("number", range(len(COMBINED)))
def test_classes_combine_and_the_first_decides_if_it_can(number: int) -> None:
    permissions, answer = COMBINED[number]
    assert answers(permissions) == {answer}


@pytest.mark.parametrize("combined", [BASE | ALLOW, BASE & DENY, DENY | BASE, ALLOW & BASE])
def test_classes_that_cannot_decide_ask_the_next(combined: Permissions) -> None:
    for name in OPERATIONS:
        with pytest.raises(NotImplementedError):
            getattr(combined, f"user_can_{name}_object")(Visitor(), object())
    with pytest.raises(NotImplementedError):
        combined.readable_by_user_filter(Visitor(), Model)


# -- the matrix -----------------------------------------------------------------------------

#: a question that a principal is asked, and the letters of those to whom the answer is yes
Row = tuple[str, str, Callable[[Any], bool]]


def listed(asked: Any, row: Any) -> bool:
    """Return whether a row is in a principal's list.

    It must be exactly if they can read it.
    """
    model = type(row)
    keys = [
        getattr(model, key.key) == getattr(row, key.key) for key in sa.inspect(model).primary_key
    ]
    found = db.session.scalars(asked.filter_readable(sa.select(model).where(*keys))).all()
    assert asked.can_read(row) is bool(found)
    return bool(found)


def lists_all(asked: Any, model: Any) -> bool:
    everything = len(db.session.scalars(sa.select(model)).all())
    return len(db.session.scalars(asked.filter_readable(sa.select(model))).all()) == everything


def reads_roster(asked: Any, group: Any) -> bool:
    """Return whether a principal reads all memberships of a group."""
    roster = sa.select(Membership).where(Membership.group_id == group.id)
    found = db.session.scalars(asked.filter_readable(roster)).all()
    return len(found) == group.member_count and listed(asked, group)


def creates(model: Any, **data: Any) -> Callable[[Any], bool]:
    return lambda asked: asked.can_create(model, data)


def reads(row: Any) -> Callable[[Any], bool]:
    return lambda asked: listed(asked, row)


def updates(row: Any) -> Callable[[Any], bool]:
    return lambda asked: asked.can_update(row)


def deletes(row: Any) -> Callable[[Any], bool]:
    return lambda asked: asked.can_delete(row)


def everything_of(model: Any) -> Callable[[Any], bool]:
    return lambda asked: lists_all(asked, model)


def has(kind: str, what: Any) -> Callable[[Any], bool]:
    return lambda asked: asked.has_role_for(kind, what)


def organisations_and_settings(g: Groups) -> Iterable[Row]:
    own, other, hidden = (one.settings for one in (g.own, g.other, g.hidden))
    yield "K06", "S", creates(OrganisationSettings, organisation_id=g.own.id)
    yield "K07", EVERYBODY, reads(own)
    yield "K08", "AS", updates(own)
    yield "K09", "S", deletes(own)
    yield "K10", "S", deletes(other)
    yield "K11", "S", everything_of(OrganisationSettings)
    yield "K11, not listed", "S", reads(hidden)
    yield "K12", "S", creates(Organisation, name="new")
    yield "K13", EVERYBODY, reads(g.own)
    yield "K14", EVERYBODY, reads(g.other)
    yield "K15", "S", reads(g.hidden)
    yield "K16", "AS", updates(g.own)
    yield "K17", "XS", updates(g.other)
    yield "K18", "S", deletes(g.own)
    yield "K19", "S", deletes(g.other)
    yield "K20", "S", everything_of(Organisation)


def teams_and_squads(g: Groups) -> Iterable[Row]:
    team, squad = g.teams[1], g.squads[1]
    yield "K01", "", creates(Squad, name="new", parent=team, colour="red")
    yield "K02", "", creates(Squad, parent=team)
    yield "K02, empty", "", creates(Squad, name="", parent=team)
    yield "K21", "AS", creates(Team, name="new", parent=g.own)
    yield "K22", "COAS", lambda asked: reads_roster(asked, team)
    yield "K23", "MCOAS", reads(team)
    yield "K24", "NDOAS", reads(g.teams[2])
    yield "K26", "AS", updates(team)
    yield "K27", "AS", updates(g.teams[2])
    yield "K28", "AS", deletes(team)
    yield "K29", "AS", deletes(g.teams[2])
    yield "K30", "S", everything_of(Team)
    for kind in (Squad, PickupGroup):
        yield f"K31, K39 {kind.__name__}", "COAS", creates(kind, name="new", parent=team)
    yield "K32", "COAS", lambda asked: reads_roster(asked, squad)
    yield "K33", "MCOAS", reads(squad)
    pickup = PickupGroup("May", team)
    pickup.save_to_db()
    for may in (updates, deletes):
        yield "K34, K36", "COAS", may(squad)
        yield "K35, K37", "DOAS", may(g.squads[2])
        yield "K39", "COAS", may(pickup)
    yield "K38", "S", everything_of(Squad)


def persons(g: Groups) -> Iterable[Row]:
    brought = db.session.get_one(User, networks.people(1)[0])
    g.own.add_member(brought)
    for letter in "PMCOAS":
        yield (
            "K42",
            letter,
            lambda asked, it=letter: asked is g.principals[it] and listed(asked, asked),
        )
    yield "K43", "MCOAS", reads(g.M)
    yield "K44", "NDOAS", reads(g.N)
    yield "K45", "POAS", reads(g.P)
    yield "K46", EVERYBODY.replace("V", ""), lambda asked: asked.can_update(asked)
    yield "K47", "MAS", updates(g.M)
    yield "K48", "NAS", updates(g.N)
    yield "K49", "PAS", updates(g.P)
    yield "K50", "", lambda asked: asked.id is not None and asked.can_delete(asked)
    yield "K51", "AS", deletes(g.M)
    yield "K52", "S", deletes(g.X)
    yield "K53", "S", updates(brought)
    yield "K53, delete", "S", deletes(brought)
    yield "K53, membership", "AS", deletes(db.session.get_one(Membership, (brought.id, g.own.id)))
    yield "K54", "S", everything_of(User)
    yield (
        "K55, K56, K57",
        "S",
        lambda asked: asked.id is not None and can(asked, Operation.ADMINISTER),
    )


def memberships(g: Groups) -> Iterable[Row]:
    in_squad = db.session.get_one(Membership, (g.M.id, g.squads[1].id))
    in_team = db.session.get_one(Membership, (g.M.id, g.teams[1].id))
    yield "K67", "AS", creates(Membership, user=g.M, group=g.squads[2])
    yield "K68", "COAS", creates(Membership, user=g.M, group=g.squads[1])
    yield "K69", "MCOAS", reads(in_squad)
    yield "K70", "", updates(in_squad)
    yield "K71", "MCOAS", deletes(in_squad)
    yield "K72", "MAS", deletes(in_team)
    yield "K79", "PMNCDOA", lambda asked: asked.is_member_of(g.own)
    yield "K80, team", "M", lambda asked: asked.is_member_of(g.teams[1])
    yield "K80, squad", "M", lambda asked: asked.is_member_of(g.squads[1])
    yield "K81", "X", lambda asked: asked.is_member_of(g.other)


def roles(g: Groups) -> Iterable[Row]:
    other_admin = User("sid", "sid@example.org", "correct horse", role="admin")
    db.session.add(other_admin)
    db.session.flush()
    yield "K59", "AS", creates(Role, user=g.M, group=g.own, kind=ADMIN)
    yield "K60", "AS", creates(Role, user=g.M, group=g.own, kind=COACH)
    yield "K61", "AS", creates(Role, user=g.M, group=g.teams[1], kind=COACH)
    yield "K85", "", creates(Role, user=Visitor(), group=g.own, kind=COACH)
    yield "G8", "", creates(Role, user=g.M, group=g.squads[1], kind=COACH)
    coaching = db.session.get_one(Role, (g.C.id, g.teams[1].id, COACH))
    yield "K63", "", updates(coaching)
    yield "K65", "AS", deletes(db.session.get_one(Role, (g.O.id, g.own.id, COACH)))
    yield "K66", "AS", deletes(coaching)
    yield "K04, K84", "", has(ADMIN, g.V)
    yield "K05", "XS", has(ADMIN, g.X)
    yield "K73", "AS", has(ADMIN, g.own)
    yield "K74", "CO", has(COACH, g.teams[1])
    yield "K75", "DO", has(COACH, g.teams[2])
    yield "K76", "CO", has(COACH, g.M)
    yield "K76, the other", "DO", has(COACH, g.N)
    yield "K77", "AS", has(ADMIN, g.P)
    for what in (g.S, other_admin, g.F, g.hidden):
        yield "K82", "S", has(ADMIN, what)
    for what in (g.S, g.F, g.other, g.hidden):
        yield "K83", "", has(COACH, what)
    yield "assignable", "CD", has(ASSIGNABLE_COACH, g.own)


def movements(g: Groups) -> Iterable[Row]:
    def made(name: str, creator: Any, **values: Any) -> Movement:
        movement = Movement(name, DAY, **values)
        movement.creator_id = creator.id
        db.session.add(movement)
        db.session.flush()
        return movement

    team, squad = g.teams[1], g.squads[1]
    hidden, of_squad = made("hidden", g.M, group=team), made("of a squad", g.P, group=squad)
    public, free = made("public", g.N, group=team, visibility="public"), made("free", g.F)
    for id, movement, expected in (
        ("K92", hidden, "MCOAS"),
        ("K92 of a squad", of_squad, "MCOAS"),
        ("public", public, EVERYBODY),
        ("open", free, EVERYBODY),
    ):
        yield f"{id}: read", expected, reads(movement)
    for id, movement, expected in (
        ("K94", hidden, "MCOAS"),
        ("K94: a creator who is no member", of_squad, "COAS"),
        ("K94: a public one", public, "COAS"),
        ("K94: an open one", free, "FS"),
    ):
        yield f"{id}: change", expected, updates(movement)
        yield f"{id}: delete", expected, deletes(movement)
    yield "start for a team", "MCOAS", creates(Movement, name="x", interval=DAY, group=team)
    yield "start", EVERYBODY.replace("V", ""), creates(Movement, name="x", interval=DAY)
    yield "start wrong", "", creates(Movement, name="x", interval=DAY, group=team, visibility="x")


def admin_roles(g: Groups) -> Iterable[Row]:
    role = g.own.add_admin(g.P)
    yield "K62", "POAS", reads(role)
    yield "K64", "PAS", deletes(role)


TABLES = (
    organisations_and_settings,
    teams_and_squads,
    persons,
    memberships,
    roles,
    movements,
    admin_roles,
)


def test_the_matrix(groups: Groups) -> None:
    wrong = {}
    for table in TABLES:
        for id, expected, question in table(groups):
            asked = groups.principals.items()
            found = "".join(letter for letter, principal in asked if question(principal))
            if sorted(found) != sorted(expected):
                wrong[id] = f"{found} instead of {expected}"
    assert wrong == {}


def test_what_the_matrix_says_of_acts(groups: Groups) -> None:
    for what in (object(), 3, None, User):
        with pytest.raises(ValueError, match="neither"):  # K03
            groups.A.has_role_for(ADMIN, what)
    with pytest.raises(NotAMember):  # K67
        groups.squads[2].add_member(groups.M)
    groups.teams[1].remove_member(groups.M)  # K78
    assert [groups.M.is_member_of(one) for one in (groups.own, groups.squads[1])] == [True, False]
    role = db.session.get_one(Role, (groups.A.id, groups.own.id, ADMIN))
    groups.own.add_admin(groups.P)
    assert groups.A.can_delete(role), "K64: the holder may"
    groups.own.settings.change(member_can_leave=False)  # K71, K72
    membership = db.session.get_one(Membership, (groups.N.id, groups.teams[2].id))
    assert not groups.N.can_delete(membership)
    assert groups.A.can_delete(membership)


# -- the filter and the question ------------------------------------------------------------

#: rules and classes of which no model has declared each by itself
DECLARED: list[tuple[Any, Permissions]] = [
    (User, IsSelf()),
    (User, Ruled(read=Mine("id") & In("id", people(ADMIN)))),
    (User, Ruled(read=Others("id") & (SITE | In("id", people(COACH))))),
    (Membership, IsOwn() & IsAdminForOwnOrganisation()),
    (Membership, Ruled(read=In("group_id", led(COACH)))),
    (Role, IsOwn("user_id") | IsSiteAdmin()),
    (Collection, Ruled(read=In("parent_id", led(ADMIN, COACH)))),
]


def random_groups(random: Random) -> None:
    """Make organisations of random people and roles."""
    users = [db.session.get_one(User, id) for id in networks.people(6)]
    users[0].role = random.choice(["user", "admin"])
    for number in range(2):
        organisation = make_organisation(f"org {number}", listed=random.random() < 0.5)
        parts = [Team(f"team {n}", organisation) for n in range(2)]
        db.session.add_all(parts)
        db.session.flush()
        squads = [Squad("squad", parts[0]), PickupGroup("pickup", parts[1])]
        db.session.add_all(squads)
        db.session.flush()
        for user in users[number::2]:
            organisation.add_member(user, managed=random.random() < 0.5)
            for part, below in zip(parts, squads, strict=True):
                if random.random() < 0.5:
                    part.add_member(user)
                    if random.random() < 0.5:
                        below.add_member(user)
                if random.random() < 0.3:
                    part.add_coach(user)
            if random.random() < 0.3:
                organisation.add_role(user, random.choice([ADMIN, COACH]))
        owners: list[Any] = [None, organisation, *parts, *squads]
        for place, group in enumerate(owners):
            visibility: Any = random.choice(["members", "public"])
            movement = Movement(f"{number} {place}", DAY, group=group, visibility=visibility)
            movement.creator_id = random.choice(users).id
            db.session.add(movement)


def assert_filters_agree(
    principals: Iterable[Any], declared: Iterable[tuple[Any, Permissions]] = ()
) -> None:
    """Assert that filters and questions agree.

    A row is in the filter exactly if it can be read.
    """
    models = (User, Collection, Membership, Role, OrganisationSettings, Movement)
    everything = {model: db.session.scalars(sa.select(model)).all() for model in models}
    for asked in principals:
        for model, rows in everything.items():
            found = db.session.scalars(asked.filter_readable(sa.select(model))).all()
            assert len(found) == len(set(found)), "no row twice"
            assert set(found) == {row for row in rows if asked.can_read(row)}
        for model, permissions in declared:
            arms = permissions.readable_by_user_filter(asked, model)
            query = sa.select(model).where(sa.or_(sa.false(), *arms))
            readable = permissions.user_can_read_object
            expected = {row for row in everything[model] if readable(asked, row)}
            assert set(db.session.scalars(query)) == expected


def test_a_row_is_in_the_filter_exactly_if_it_can_be_read(groups: Groups) -> None:
    for place, group in enumerate([groups.own, groups.hidden, groups.squads[2]]):
        db.session.add(Movement(f"movement {place}", DAY, group=group))
    assert_filters_agree(groups.principals.values(), DECLARED)


@pytest.mark.parametrize("seed", range(2))
def test_filters_and_questions_agree_about_random_groups(database: None, seed: int) -> None:
    random_groups(Random(seed))
    assert_filters_agree([Visitor(), *db.session.scalars(sa.select(User))])


def test_a_model_without_permissions_has_no_rows(groups: Groups) -> None:
    query = sa.select(AuditEntry)
    assert db.session.scalars(query).all()
    assert db.session.scalars(groups.S.filter_readable(query)).all() == []
    assert not groups.S.can_read(db.session.scalars(query).first())


def test_a_question_about_a_row_reads_no_whole_group(groups: Groups, statements: list[str]) -> None:
    for user in (groups.M, groups.C):
        db.session.refresh(user)
    statements.clear()
    assert groups.C.can_read(groups.M)
    assert len(statements) == 1
    assert "EXISTS" in statements[0]
