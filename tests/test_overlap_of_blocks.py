"""Blocks that overlap other changes, on PostgreSQL only."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.errors import GridtError, Overtaken, UserNotFound
from gridt.models import Block, User
from gridt.models import MovementUserAssociation as Association
from gridt.network import block, unblock
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.databases import writers_overlap
from tests.networks import arrows_of, make_movements, people, plant, ring, violations
from tests.test_concurrency import at_once, delete_account, join, leave, outcome, post, swap
from tests.test_overlap import (
    COUNTING,
    EXCLUSIVE,
    LEAVING,
    PATIENCE,
    SHARED,
    Make,
    begin,
    beside,
    commit,
    in_turn,
    movement_of,
    stopped,
    wait_until_somebody_waits,
)

__all__ = ["movement_of"]  # a fixture

pytestmark = writers_overlap

each_size = pytest.mark.parametrize("size", [EXCLUSIVE, SHARED])

# points to stop a selection: before its candidates are locked, and before it is stored
COMPARING, FILLING = "FOR KEY SHARE OF subscriptions", "UPDATE movement_user_associations"
each_moment = pytest.mark.parametrize("words", [COMPARING, FILLING])


def about_two(change: Callable[[User, User], Any], blocker: int, blocked: int) -> Any:
    """Block or unblock, and save.

    Return the domain error's type, or None.
    """
    users = [User.find_by_id(id) for id in (blocker, blocked)]
    try:
        change(*users)
        db.session.commit()
        return None
    except GridtError as error:
        db.session.rollback()
        return type(error)
    finally:
        db.session.remove()


def narrow(id: int, user: int, *left: int) -> None:
    """Block all but a member's leaders and some others.

    The member can follow only these.
    """
    arrows = arrows_of(id)
    kept = {user, *left, *arrows[user].values()}
    kept |= {member for member, slots in arrows.items() if user in slots.values()}
    pairs = [(member, user) for member in arrows if member not in kept]
    now = utcnow()
    rows = [{"blocker_id": a, "blocked_id": b, "created_at": now} for a, b in pairs]
    db.session.execute(sa.insert(Block), rows)
    commit()


def point(id: int, follower: int, slot: int, leader: int) -> None:
    """Plant a leader in a slot."""
    mine = (Association.follower_id == follower, Association.movement_id == id)
    planting = sa.update(Association).where(*mine, Association.slot == slot)
    db.session.execute(planting.values(leader_id=leader))
    commit()


@pytest.fixture
def narrow_movement(movement_of: Make) -> Callable[[int], tuple[int, int, int, list[int]]]:
    """Make a movement where a member can follow one other.

    Blocks keep the member from all others except that one and their leaders.

    Return its id, the member, that other, and the leaders. The other follows the member.
    """

    def make(size: int) -> tuple[int, int, int, list[int]]:
        id, members = movement_of(size)
        user, leaders, other = members[4], members[5:9], members[0]
        assert arrows_of(id)[other][3] == user
        followers = members[1:4]
        for follower, leader in zip(followers, members[20:], strict=False):
            slot = next(n for n, led_by in arrows_of(id)[follower].items() if led_by == user)
            point(id, follower, slot, leader)
        narrow(id, user, other)
        assert violations() == []
        db.session.remove()
        return id, user, other, leaders

    return make


# -- a swap -----------------------------------------------------------------------------------


@each_size
@each_moment
def test_a_block_sees_the_choice_of_a_swap(
    world: Flask, narrow_movement: Any, size: int, words: str
) -> None:
    id, user, other, leaders = narrow_movement(size)
    swapping, blocking = (
        partial(outcome, swap(leaders[0]), id, user),
        partial(about_two, block, other, user),
    )
    assert in_turn(world, words, swapping, blocking) == (other, None)
    assert arrows_of(id)[user][0] == leaders[0]  # again there was no other member
    assert violations() == []


@each_size
@each_moment
def test_a_swap_does_not_choose_a_user_who_is_blocking(
    world: Flask, narrow_movement: Any, size: int, words: str
) -> None:
    id, user, other, leaders = narrow_movement(size)
    blocking = partial(about_two, block, user, other)  # the other gets another leader
    swapping = partial(outcome, swap(leaders[0]), id, user)
    assert in_turn(world, words, blocking, swapping) == (None, None)
    assert arrows_of(id)[user][0] == leaders[0]
    assert violations() == []


# -- leaving ----------------------------------------------------------------------------------


@each_size
@pytest.mark.parametrize("words", [COMPARING, FILLING, LEAVING])
def test_a_block_sees_the_replacement_of_a_leaver(
    world: Flask, narrow_movement: Any, size: int, words: str
) -> None:
    id, user, other, leaders = narrow_movement(size)
    leaving = partial(outcome, leave, id, leaders[1])
    assert in_turn(world, words, leaving, partial(about_two, block, other, user)) == (None, None)
    assert arrows_of(id)[user][1] is None
    assert violations() == []


@each_size
@each_moment
def test_a_user_who_is_blocking_replaces_no_leaver(
    world: Flask, narrow_movement: Any, size: int, words: str
) -> None:
    id, user, other, leaders = narrow_movement(size)
    blocking = partial(about_two, block, other, user)
    assert in_turn(world, words, blocking, partial(outcome, leave, id, leaders[1])) == (None, None)
    assert arrows_of(id)[user][1] is None
    assert violations() == []


# -- joining ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, EXCLUSIVE, SHARED])
def test_a_block_waits_for_a_newcomer_and_sees_their_leaders(
    world: Flask, movement_of: Make, size: int
) -> None:
    id, _members = movement_of(size)
    (newcomer,) = people(1)
    begin(join, id, newcomer)
    leader = arrows_of(id)[newcomer][0]
    with beside(world, partial(about_two, block, leader, newcomer)) as blocking:
        commit_when_somebody_waits()
    assert blocking.result() is None
    assert leader not in arrows_of(id)[newcomer].values()
    assert violations() == []


@pytest.mark.parametrize("size", [4, EXCLUSIVE, SHARED])
def test_a_newcomer_waits_for_a_block_and_heeds_it(
    world: Flask, movement_of: Make, size: int
) -> None:
    id, members = movement_of(size)
    (newcomer,) = people(1)
    blocking = partial(about_two, block, newcomer, members[0])
    joining = partial(outcome, join, id, newcomer)
    assert in_turn(world, "INSERT INTO blocks", blocking, joining) == (None, None)
    assert violations() == []
    assert (None in arrows_of(id)[newcomer].values()) == (size == 4)


def test_an_opened_slot_waits_for_a_newcomer_and_gets_them(
    world: Flask, narrow_movement: Any
) -> None:
    """A newcomer fills a slot that opens meanwhile.

    The newcomer has looked for open slots already, and would never fill it. So the change that
    opens it waits for the newcomer.
    """
    id, user, other, leaders = narrow_movement(SHARED)
    assert about_two(block, user, other) is None
    (newcomer,) = people(1)
    joining, leaving = partial(outcome, join, id, newcomer), partial(outcome, leave, id, leaders[0])
    assert in_turn(world, COUNTING, joining, leaving) == (None, None)
    assert arrows_of(id)[user][0] == newcomer
    assert violations() == []


def test_a_newcomer_gives_up_where_an_open_slot_is_locked(
    world: Flask, narrow_movement: Any
) -> None:
    """A newcomer gives up at a locked open slot.

    The transaction with its lock has not seen the newcomer, and may leave it open.
    """
    id, user, other, leaders = narrow_movement(SHARED)
    assert about_two(block, user, other) is None
    assert outcome(leave, id, leaders[0]) is None
    assert violations() == []
    (newcomer,) = people(1)
    mine = sa.select(Association.slot).where(Association.follower_id == user)
    db.session.execute(mine.with_for_update())
    with beside(world, partial(outcome, join, id, newcomer)) as joining:
        assert joining.result(PATIENCE) is Overtaken
    commit()
    assert outcome(join, id, newcomer) is None
    assert newcomer in arrows_of(id)[user].values()
    assert violations() == []


# -- unblocking -------------------------------------------------------------------------------


@each_size
def test_an_unblock_sees_a_slot_that_was_just_opened(
    world: Flask, narrow_movement: Any, size: int
) -> None:
    id, user, other, leaders = narrow_movement(size)
    assert about_two(block, user, other) is None
    leaving, letting = (
        partial(outcome, leave, id, leaders[2]),
        partial(about_two, unblock, user, other),
    )
    assert in_turn(world, LEAVING, leaving, letting) == (None, None)
    assert arrows_of(id)[user][2] == other
    assert violations() == []


@each_size
def test_a_change_that_opens_a_slot_sees_an_unblock(
    world: Flask, narrow_movement: Any, size: int
) -> None:
    id, user, other, leaders = narrow_movement(size)
    for blocked in (other, leaders[3]):
        assert about_two(block, user, blocked) is None
    assert arrows_of(id)[user][3] is None
    begin_about(unblock, user, other)
    with beside(world, partial(outcome, leave, id, leaders[2])) as leaving:
        commit_when_somebody_waits()
    assert leaving.result() is None
    assert other in arrows_of(id)[user].values()
    assert violations() == []


# -- waiting ----------------------------------------------------------------------------------


def test_two_users_can_block_each_other_at_once(world: Flask, movement_of: Make) -> None:
    _id, members = movement_of(SHARED)
    jobs = (partial(about_two, block, *pair) for pair in (members[:2], members[1::-1]))
    assert in_turn(world, FILLING, *jobs) == (None, None)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Block)) == 2
    assert violations() == []


def test_blocks_in_many_movements_at_once_are_no_deadlock(world: Flask) -> None:
    members = people(12)
    movements = make_movements(6)
    for number, movement in enumerate(movements):
        plant(movement, ring(members[number:] + members[:number]))
    db.session.remove()
    pairs = [(a, b) for a in members[:4] for b in members[:4] if a != b]
    jobs = (partial(about_two, block, *pair) for pair in pairs)
    assert at_once(world, *jobs) == [None] * len(pairs)
    assert violations() == []


def test_a_post_does_not_wait_for_a_block(world: Flask, movement_of: Make) -> None:
    id, members = movement_of(SHARED)
    with stopped(world, FILLING, partial(about_two, block, *members[:2])) as blocking:
        for member in members[:2]:
            with beside(world, partial(outcome, post, id, member)) as posting:
                assert isinstance(posting.result(PATIENCE), int)
    assert blocking.result() is None
    with stopped(world, "INSERT INTO updates", partial(outcome, post, id, members[3])) as posting:
        with beside(world, partial(about_two, block, *members[2:4])) as blocking:
            assert blocking.result(PATIENCE) is None
    assert isinstance(posting.result(), int)
    assert violations() == []


@pytest.mark.parametrize("size", [6, SHARED])
@pytest.mark.parametrize("deleted", [0, 1])
def test_a_block_and_a_deletion_wait_for_each_other(
    world: Flask, movement_of: Make, size: int, deleted: int
) -> None:
    _id, members = movement_of(size)
    deleting = partial(delete_account, members[deleted])
    blocking = partial(about_two, block, *members[:2])
    assert in_turn(world, LEAVING, deleting, blocking) == (None, UserNotFound)
    deleting = partial(delete_account, members[2 + deleted])
    blocking = partial(about_two, block, *members[2:4])
    assert in_turn(world, FILLING, blocking, deleting) == (None, None)
    assert violations() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Block)) == 0


def begin_about(change: Callable[[User, User], Any], blocker: int, blocked: int) -> None:
    """Block or unblock here, and leave the transaction open.

    It runs in this thread.
    """
    change(*(User.find_by_id(id) for id in (blocker, blocked)))


def commit_when_somebody_waits() -> None:
    wait_until_somebody_waits()
    commit()
