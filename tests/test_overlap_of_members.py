"""Overlapping removals, closings, joins and ends of accounts."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from gridt.errors import MemberNotFound, MovementNotFound, RemovedFromMovement
from gridt.models import AuditEntry, MemberRemoval, Movement, User
from gridt.network import remove_member
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.extensions import db
from tests.databases import writers_overlap
from tests.networks import keys_of, make_movements, people, plant, ring, violations
from tests.test_concurrency import at_once, delete_account, delete_movement, join, leave, outcome
from tests.test_overlap import (
    COUNTING,
    LEAVING,
    PATIENCE,
    beside,
    in_turn,
    stopped,
)

#: sizes of movements with the exclusive lock, and with the shared one
SIZES = [6, 70]
REMOVED = "INSERT INTO member_removals"


def make(world: Flask, size: int) -> tuple[int, list[int], int]:
    """Make a movement with members and an outside creator.

    The creator is no member.
    """
    (movement,) = make_movements(1)
    id, members, (creator,) = movement.id, people(size), people(1)
    plant(movement, ring(members))
    movement.creator_id = creator
    movement.save_to_db()
    db.session.remove()
    return id, members, creator


def remove(movement: Movement, user: User) -> None:
    remover = User.find_by_id(movement.creator_id or 0) or user
    remove_member(movement, user, remover)


def removed_in(movement_id: int) -> list[int]:
    rows = sa.select(MemberRemoval.user_id).where(MemberRemoval.movement_id == movement_id)
    found = list(db.session.scalars(rows))
    db.session.remove()
    return found


def is_closed(movement_id: int) -> bool:
    row = sa.select(Movement.closed_at).where(Movement.id == movement_id)
    closed_at = db.session.scalar(row)
    db.session.remove()
    return closed_at is not None


def ensure_sound() -> None:
    assert violations() == []
    assert list(found_by_sql()) == []
    db.session.remove()


# -- removing -------------------------------------------------------------------------------


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_a_user_who_is_being_removed_does_not_stay(world: Flask, size: int) -> None:
    """A user who is being removed does not stay.

    A join at that moment waits, or finds the member still there; no later one succeeds.
    """
    id, members, _ = make(world, size)
    with stopped(world, REMOVED, partial(outcome, remove, id, members[0])) as removing:
        with beside(world, partial(outcome, join, id, members[0])) as joining:
            if size > 64:
                assert joining.result(PATIENCE) is None
            removing.go_on()
    assert removing.result() is None
    assert joining.result() is (None if size > 64 else RemovedFromMovement)
    assert members[0] not in keys_of(id)
    db.session.remove()
    assert outcome(join, id, members[0]) is RemovedFromMovement
    ensure_sound()


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_a_user_who_joins_again_meanwhile_is_removed_or_no_member(world: Flask, size: int) -> None:
    id, members, _ = make(world, size)
    assert outcome(leave, id, members[0]) is None
    with stopped(world, COUNTING, partial(outcome, join, id, members[0])) as joining:
        with beside(world, partial(outcome, remove, id, members[0])) as removing:
            if size > 64:
                assert removing.result(PATIENCE) is MemberNotFound
            joining.go_on()
    assert joining.result() is None
    assert (members[0] in keys_of(id)) is (removing.result() is MemberNotFound)
    db.session.remove()
    ensure_sound()


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_the_second_of_two_removals_finds_it_done(world: Flask, size: int) -> None:
    id, members, _ = make(world, size)
    jobs = (partial(outcome, remove, id, members[0]) for _ in range(2))
    assert in_turn(world, REMOVED, *jobs) == (None, None)
    assert removed_in(id) == [members[0]]
    noted = sa.select(AuditEntry.user_id).where(AuditEntry.action == "member.removed")
    assert db.session.scalars(noted).all() == [members[0]]
    ensure_sound()


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_a_member_leaves_before_or_after_a_removal(world: Flask, size: int) -> None:
    id, members, _ = make(world, size)
    first, second = members[0], members[1]
    both = (partial(outcome, change, id, first) for change in (remove, leave))
    assert in_turn(world, REMOVED, *both) == (None, None)
    both = (partial(outcome, change, id, second) for change in (leave, remove))
    assert in_turn(world, LEAVING, *both) == (None, MemberNotFound)
    assert removed_in(id) == [first]
    ensure_sound()


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_an_account_ends_before_or_after_its_removal(world: Flask, size: int) -> None:
    id, members, _ = make(world, size)
    first, second = members[0], members[1]
    removing, ending = partial(outcome, remove, id, first), partial(delete_account, first)
    assert in_turn(world, REMOVED, removing, ending) == (None, None)
    removing, ending = partial(outcome, remove, id, second), partial(delete_account, second)
    assert in_turn(world, "DELETE FROM users", ending, removing) == (None, MemberNotFound)
    assert removed_in(id) == []
    ensure_sound()


@writers_overlap
@pytest.mark.parametrize("size", SIZES)
def test_a_movement_is_deleted_before_or_after_a_removal(world: Flask, size: int) -> None:
    id, members, _ = make(world, size)
    removing = partial(outcome, remove, id, members[0])
    assert in_turn(world, REMOVED, removing, partial(delete_movement, id)) == (None, None)
    assert removed_in(id) == []
    id, members, _ = make(world, size)
    removing = partial(outcome, remove, id, members[0])
    results = in_turn(world, "DELETE FROM movements", partial(delete_movement, id), removing)
    assert results == (None, MovementNotFound)
    assert removed_in(id) == []
    ensure_sound()


# -- closing --------------------------------------------------------------------------------


def alone(world: Flask) -> tuple[int, int]:
    """Make a movement without creator, with one member."""
    id, (member,), creator = make(world, 1)
    delete_account(creator)
    db.session.remove()
    return id, member


@writers_overlap
def test_a_newcomer_who_waits_for_the_last_member_gets_404(world: Flask) -> None:
    id, member = alone(world)
    (newcomer,) = people(1)
    jobs = (
        partial(outcome, change, id, user) for change, user in ((leave, member), (join, newcomer))
    )
    assert in_turn(world, COUNTING, *jobs) == (None, MovementNotFound)
    assert is_closed(id)
    ensure_sound()


@writers_overlap
def test_a_newcomer_before_the_last_member_leaves_keeps_the_movement(world: Flask) -> None:
    id, member = alone(world)
    (newcomer,) = people(1)
    jobs = (
        partial(outcome, change, id, user) for change, user in ((join, newcomer), (leave, member))
    )
    assert in_turn(world, COUNTING, *jobs) == (None, None)
    assert not is_closed(id)
    assert set(keys_of(id)) == {newcomer}
    ensure_sound()


@writers_overlap
def test_the_last_member_leaves_while_the_creators_account_ends(world: Flask) -> None:
    ends: list[Callable[..., Any]] = []
    for first_is_the_end in (True, False):
        id, (member,), creator = make(world, 1)
        ends = [partial(delete_account, creator), partial(outcome, leave, id, member)]
        if first_is_the_end:
            in_turn(world, "DELETE FROM users", *ends)
        else:
            in_turn(world, COUNTING, *ends[::-1])
        assert is_closed(id)
    ensure_sound()


def test_the_last_member_and_a_newcomer_at_the_same_moment(world: Flask) -> None:
    """No member is left in a movement that closes.

    The last member leaves and a newcomer joins at the same moment, in either order, on SQLite as
    well.
    """
    for _ in range(6):
        id, member = alone(world)
        (newcomer,) = people(1)
        left, joined = at_once(
            world, partial(outcome, leave, id, member), partial(outcome, join, id, newcomer)
        )
        assert left is None
        assert joined in (None, MovementNotFound)
        assert is_closed(id) is (joined is MovementNotFound)
        assert set(keys_of(id)) == (set() if joined else {newcomer})
        db.session.remove()
    ensure_sound()


def test_a_removal_and_a_join_at_the_same_moment(world: Flask) -> None:
    for _ in range(6):
        id, members, _ = make(world, 6)
        user = members[0]
        assert outcome(leave, id, user) is None

        def joining(id: int = id, user: int = user) -> Any:
            try:
                return outcome(join, id, user)
            except IntegrityError as error:
                return type(error)

        removed, joined = at_once(world, partial(outcome, remove, id, user), joining)
        assert (removed, joined) in {(None, None), (MemberNotFound, None)}
        assert (user in keys_of(id)) is (removed is MemberNotFound)
        db.session.remove()
    ensure_sound()
