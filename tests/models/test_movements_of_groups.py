"""Movements of groups: gates, leaving, and ends of groups."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from gridt.accounts import lost_forms
from gridt.errors import GroupInUse, MovementNotFound, NotAMember, Overtaken
from gridt.models import (
    ROSTER_KEYS,
    Collection,
    Membership,
    Movement,
    MovementUserAssociation,
    Subscription,
    TooManyOfGroup,
    User,
    ensure_may_own_another,
)
from gridt.models.groups import owned_movements
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.extensions import db
from tests.databases import writers_overlap
from tests.groups import Groups, make_groups
from tests.networks import people, violations
from tests.test_concurrency import at_once, join, leave, tried_again
from tests.test_overlap import beside, stopped

DAY = timedelta(days=1)


@pytest.fixture
def groups(database: None) -> Groups:
    return make_groups()


def start(name: str, group: Any = None, *members: User, **values: Any) -> Movement:
    """Save a movement of a group, with members."""
    movement = Movement(name, DAY, group=group, **values)
    movement.creator = members[0] if members else None
    movement.save_to_db()
    for user in members:
        movement.add_user(user)
    db.session.commit()
    return movement


def keys_in(movement: Movement) -> dict[int, int | None]:
    rows = sa.select(Subscription.user_id, Subscription.roster_key)
    rows = rows.where(Subscription.movement_id == movement.id)
    return dict(db.session.execute(rows).all())


def assert_sound() -> None:
    assert list(found_by_sql()) == []
    assert violations() == []


# -- the gate -------------------------------------------------------------------------------


def test_only_members_join_and_the_subscription_names_their_membership(groups: Groups) -> None:
    """K93: M joins; C, O and A only as members."""
    movement = start("Steps", groups.teams[1])
    for user in (groups.F, groups.P, groups.N, groups.C, groups.O, groups.A, groups.X, groups.S):
        with pytest.raises(NotAMember):
            movement.add_user(user)
    movement.add_user(groups.M)
    assert keys_in(movement) == {groups.M.id: ROSTER_KEYS * groups.teams[1].id + groups.M.id}
    groups.teams[1].add_member(groups.C)
    movement.add_user(groups.C)
    assert movement.member_count == 2
    assert_sound()


def test_everybody_joins_a_public_movement_of_a_group(groups: Groups) -> None:
    movement = start("Steps", groups.teams[1], groups.F, groups.M, visibility="public")
    assert keys_in(movement) == {groups.F.id: None, groups.M.id: None}
    assert (movement.visibility, movement.group_id) == ("public", groups.teams[1].id)
    assert_sound()


def test_a_join_costs_no_statement_more(groups: Groups, statements: list[str]) -> None:
    """G28: a gate adds no statement to a join."""
    counts = []
    for group in (None, groups.teams[1]):
        movement = start(f"of {group}", group)
        db.session.refresh(groups.M)
        statements.clear()
        movement.add_user(groups.M)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_the_database_refuses_keys_of_others_and_memberships_under_a_subscription(
    groups: Groups,
) -> None:
    movement = start("Steps", groups.teams[1], groups.M)
    subscription = sa.update(Subscription).where(Subscription.movement_id == movement.id)
    ended = sa.delete(Membership).where(
        Membership.user_id == groups.M.id, Membership.group_id == groups.teams[1].id
    )
    other = ROSTER_KEYS * groups.teams[2].id + groups.N.id
    absent = ROSTER_KEYS * groups.teams[2].id + groups.M.id
    for refused in (
        subscription.values(roster_key=other),
        subscription.values(roster_key=absent),
        ended,
        sa.update(Movement).values(audience_id=groups.teams[1].id, group_id=None),
        sa.update(Movement).values(gate_id=10**6),
    ):
        with pytest.raises(IntegrityError):
            db.session.execute(refused)
        db.session.rollback()


def test_check_network_finds_members_without_a_membership_of_the_gate(groups: Groups) -> None:
    movement = start("Steps", None, groups.F, groups.M)
    movement.group_id = movement.gate_id = groups.teams[1].id
    db.session.commit()
    assert [(one.invariant, one.count) for one in found_by_sql()] == [("I15", 2)]
    in_squad = ROSTER_KEYS * groups.squads[1].id + groups.M.id
    db.session.execute(
        sa.update(Subscription)
        .where(Subscription.user_id == groups.M.id)
        .values(roster_key=in_squad)
    )
    assert [(one.invariant, one.count) for one in found_by_sql()] == [("I15", 2)], "another group"


# -- leaving --------------------------------------------------------------------------------


def test_leaving_a_group_leaves_its_movements_and_no_others(groups: Groups) -> None:
    team, squad, own = groups.teams[1], groups.squads[1], groups.own
    colleagues = [db.session.get_one(User, id) for id in people(8)]
    for user in colleagues:
        for group in (own, team, squad):
            group.add_member(user)
    members = [*colleagues, groups.M]
    of_team, of_squad, of_all = (start(f"of {one}", one, *members) for one in (team, squad, own))
    public = start("public", team, *members, visibility="public")
    free = start("free", None, *members)
    team.remove_member(groups.M)
    db.session.commit()
    left = [each.id for each in (of_team, of_squad) if not each.is_subscribed(groups.M)]
    assert left == [of_team.id, of_squad.id]
    assert all(each.is_subscribed(groups.M) for each in (of_all, public, free))
    assert of_team.member_count == of_squad.member_count == 8
    led = sa.select(MovementUserAssociation).where(
        MovementUserAssociation.movement_id == of_team.id,
        MovementUserAssociation.leader_id.is_(None),
    )
    assert db.session.scalars(led).all() == [], "their followers got other leaders"
    assert_sound()
    own.remove_member(groups.M)
    db.session.commit()
    assert not of_all.is_subscribed(groups.M)
    assert public.is_subscribed(groups.M)
    assert_sound()


def test_a_key_of_a_former_gate_is_forgotten(groups: Groups) -> None:
    movement = start("Steps", groups.squads[1], groups.M)
    movement.gate_id = movement.audience_id = None  # it is being opened
    db.session.commit()
    groups.teams[1].remove_member(groups.M)
    db.session.commit()
    assert keys_in(movement) == {groups.M.id: None}
    assert_sound()


def test_an_account_ends_and_is_deactivated_in_movements_of_groups(groups: Groups) -> None:
    movement = start("Steps", groups.teams[1], groups.M)
    groups.M.leave_everything()  # as a deactivation does
    db.session.commit()
    assert not movement.is_subscribed(groups.M)
    assert groups.M.is_member_of(groups.teams[1])
    movement = start("More steps", groups.teams[2], groups.N)
    groups.N.delete_from_db()
    assert keys_in(movement) == {}
    assert_sound()


# -- the end of a group ---------------------------------------------------------------------


def test_a_group_whose_movement_has_members_stays(groups: Groups) -> None:
    start("Steps", groups.squads[1], groups.M)
    for group in (groups.squads[1], groups.teams[1], groups.own):
        with pytest.raises(GroupInUse):
            group.delete_from_db()
        db.session.rollback()
        assert db.session.get(Collection, group.id) is not None
    start("public", groups.teams[2], groups.F, visibility="public")
    with pytest.raises(GroupInUse):
        groups.teams[2].delete_from_db()


def test_the_end_of_a_group_closes_hidden_movements_and_opens_public_ones(groups: Groups) -> None:
    hidden = start("Steps", groups.squads[1], groups.M)
    public = start("Public", groups.squads[1], visibility="public")
    name = hidden.name
    hidden.remove_user(groups.M)
    db.session.commit()
    groups.teams[1].delete_from_db()
    assert Movement.find_by_id(hidden.id) is None
    assert Movement.find_by_name(name, groups.own) is None
    found = Movement.find_by_id(public.id)
    assert found is not None
    assert (found.group_id, found.visibility) == (None, "public")
    assert_sound()


def test_an_abandoned_movement_of_a_group_keeps_no_group_alive(groups: Groups) -> None:
    movement = start("Steps", groups.squads[1], groups.M)
    movement.lose_creator()
    movement.remove_user(groups.M)
    db.session.commit()
    assert Movement.find_by_id(movement.id) is None
    groups.squads[1].delete_from_db()
    assert db.session.get(Movement, movement.id).name == "Steps"


def test_a_group_owns_a_hundred_movements_at_most(
    groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert owned_movements.MOST_MOVEMENTS == 100
    monkeypatch.setattr(owned_movements, "MOST_MOVEMENTS", 2)
    for number in range(2):
        ensure_may_own_another(groups.teams[1].id)
        start(f"number {number}", groups.teams[1])
    with pytest.raises(TooManyOfGroup):
        ensure_may_own_another(groups.teams[1].id)
    ensure_may_own_another(groups.teams[2].id)


# -- names ----------------------------------------------------------------------------------


def test_a_hidden_name_is_unique_in_its_organisation_only(groups: Groups) -> None:
    """G24: a hidden name is free for others."""
    own = start("10,000 Steps", groups.teams[1])
    other = start("10,000 steps", groups.other)
    free = start("10,000 STEPS")
    assert len({own.id, other.id, free.id}) == 3
    assert Movement.find_by_name("10,000 steps") is free
    assert Movement.find_by_name("10,000  steps", groups.own) is own
    assert Movement.find_by_name("10,000 steps", groups.other) is other
    assert Movement.find_by_name("10,000 steps", groups.hidden) is free
    with pytest.raises(IntegrityError):
        start("10,000 stepS", groups.squads[2])
    db.session.rollback()
    assert list(lost_forms()) == []


def test_no_typed_name_is_that_of_a_hidden_movement(groups: Groups) -> None:
    hidden = start("Steps", groups.own)
    for typed in (f"steps\x1f{groups.own.id}", f"steps\x1f\x1f{groups.own.id}"):
        assert Movement.find_by_name(typed) is None
        assert Movement.find_by_name(typed, groups.own) is None
        made = start(typed)
        assert Movement.find_by_name(typed) is made
        assert Movement.find_locked(typed) is made
    assert Movement.find_by_name("steps", groups.own) is hidden
    assert list(lost_forms()) == []


def test_a_hidden_movement_is_renamed_in_its_organisation(groups: Groups) -> None:
    hidden = start("Steps", groups.teams[1])
    hidden.name = "Stairs"
    hidden.save_to_db()
    start("Stairs")
    assert Movement.find_by_name("stairs", groups.own) is hidden
    assert Movement.find_by_name("steps", groups.own) is None


# -- at the same moment ---------------------------------------------------------------------


def in_group(change: str, group_id: int, user_id: int) -> Any:
    """Change a membership as a request does, and commit."""
    for attempt in range(5):
        try:
            group = db.session.get(Collection, group_id)
            user = db.session.get(User, user_id)
            found = getattr(group, change)(user)
            db.session.commit()
        except (Overtaken, IntegrityError, sa.exc.OperationalError):
            db.session.rollback()
            if attempt == 4:
                raise
        except (NotAMember, MovementNotFound) as error:
            db.session.rollback()
            return type(error)
        else:
            return found
        finally:
            db.session.remove()
    return None


def make_room(app: Flask, size: int) -> tuple[int, int, list[int]]:
    """Make a movement of a team; return the ids."""
    groups = make_groups()
    team, own = groups.teams[1], groups.own
    users = [db.session.get_one(User, id) for id in people(size)]
    for user in users:
        own.add_member(user)
        team.add_member(user)
    movement = start("Steps", team, *users)
    ids = movement.id, team.id, [user.id for user in users]
    db.session.remove()
    return ids


def tried(change: Callable[..., Any], movement_id: int, user_id: int) -> Any:
    try:
        return tried_again(change, movement_id, user_id)
    except NotAMember as error:
        db.session.rollback()
        return type(error)
    finally:
        db.session.remove()


@writers_overlap
def test_who_joins_while_their_membership_ends_waits_and_stays_outside(world: Flask) -> None:
    movement_id, team_id, users = make_room(world, 6)
    tried(leave, movement_id, users[0])
    removing = stopped(
        world, "DELETE FROM memberships", partial(in_group, "remove_member", team_id, users[0])
    )
    with removing as end:
        with beside(world, partial(tried, join, movement_id, users[0])) as joining:
            end.go_on()
    assert end.result() is True
    assert joining.result() is NotAMember
    assert_sound()


@writers_overlap
def test_whose_membership_ends_while_they_join_leaves_again(world: Flask) -> None:
    movement_id, team_id, users = make_room(world, 6)
    tried(leave, movement_id, users[0])
    with stopped(world, "UPDATE movements", partial(tried, join, movement_id, users[0])) as joining:
        with beside(world, partial(in_group, "remove_member", team_id, users[0])) as removing:
            joining.go_on()
    assert joining.result() is None
    assert removing.result() is True
    members = sa.select(Subscription.user_id).where(Subscription.movement_id == movement_id)
    assert users[0] not in db.session.scalars(members).all()
    assert_sound()


def test_random_changes_at_once_keep_leaders_members(world: Flask) -> None:
    """G26: after changes on four threads, the network is sound."""
    movement_id, team_id, users = make_room(world, 12)

    def live(seed: int) -> None:
        random = Random(seed)
        for _ in range(20):
            user = random.choice(users)
            match random.randrange(4):
                case 0:
                    tried(join, movement_id, user)
                case 1:
                    tried(leave, movement_id, user)
                case 2:
                    in_group("remove_member", team_id, user)
                case _:
                    in_group("add_member", team_id, user)

    at_once(world, *(partial(live, seed) for seed in range(4)))
    assert_sound()
    leaders = sa.select(MovementUserAssociation.leader_id).where(
        MovementUserAssociation.movement_id == movement_id,
        MovementUserAssociation.leader_id.is_not(None),
    )
    roster = sa.select(Membership.user_id).where(Membership.group_id == team_id)
    assert set(db.session.scalars(leaders)) <= set(db.session.scalars(roster))
