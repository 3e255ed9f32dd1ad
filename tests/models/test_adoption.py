"""Members without a follower, and how they get one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.accounts import deactivate, reactivate
from gridt.jobs import run_until_idle
from gridt.models import Job, Movement, Update, User
from gridt.network import adopt_member, block, unblock
from gridt.runtime.extensions import db
from tests.conftest import Clock
from tests.databases import writers_overlap
from tests.networks import Arrows, arrows_of, make_movements, people, plant, ring, violations
from tests.test_concurrency import at_once, leave, outcome, tried_again
from tests.test_overlap import LEAVING, SHARED, stopped

Moves = Callable[..., Movement]


def followers(movement: Movement, member: int) -> set[int]:
    return followers_in(arrows_of(movement.id), member)


def followers_in(arrows: Arrows, member: int) -> set[int]:
    return {follower for follower, slots in arrows.items() if member in slots.values()}


def user(id: int) -> User:
    return db.session.get_one(User, id)


def without_follower(members: list[int]) -> tuple[int, dict[int, list[int]]]:
    """Return a member without followers, and all members' leaders."""
    alone, *others = members
    return alone, ring(others) | {alone: others[:4]}


@pytest.mark.parametrize("size", [3, 6, 12, 70])
def test_a_member_who_unblocks_all_others_is_followed(make_movement: Moves, size: int) -> None:
    movement, members = make_movement(), people(size)
    plant(movement, ring(members))
    alone, *others = members
    for other in others:
        block(user(alone), user(other))
    assert followers(movement, alone) == set()
    for other in others:
        unblock(user(alone), user(other))
    db.session.commit()
    assert followers(movement, alone)
    assert violations() == []


@pytest.mark.parametrize("blocks", [True, False], ids=["who blocks", "who is blocked"])
def test_a_block_leaves_each_member_a_follower(make_movement: Moves, blocks: bool) -> None:
    for _ in range(4):  # a refill might choose the member by chance
        movement, members = make_movement(), people(10)
        alone, leaders = without_follower(members)
        last = members[5]
        leaders[last][0] = alone
        plant(movement, leaders)
        pair = (alone, last) if blocks else (last, alone)
        block(*map(user, pair))
        db.session.commit()
        assert followers(movement, alone)
        assert last not in followers(movement, alone)
        assert violations() == []


def test_a_block_leaves_other_members_as_they_are(make_movement: Moves) -> None:
    movement, members = make_movement(), people(11)
    alone, leaders = without_follower(members)
    plant(movement, leaders)
    before = arrows_of(movement.id)
    block(user(members[2]), user(members[7]))  # neither leads the other, and neither is `alone`
    db.session.commit()
    assert arrows_of(movement.id) == before
    assert followers(movement, alone) == set()


def post(movement: Movement, member: int) -> None:
    Update.record(member, movement.id)
    db.session.commit()


def waiting() -> list[dict[str, Any]]:
    adoptions = sa.select(Job.arguments).where(Job.name == "adopt-member")
    return list(db.session.scalars(adoptions))


def test_a_member_who_posts_after_a_long_silence_is_followed_again(
    make_movement: Moves, clock: Clock
) -> None:
    movement, members = make_movement(), people(10)
    alone, leaders = without_follower(members)
    plant(movement, leaders)
    clock.pass_(days=3, seconds=1)
    for member in members:
        post(movement, member)
    assert len(waiting()) == 10
    before = arrows_of(movement.id)
    run_until_idle()
    after = arrows_of(movement.id)
    assert len(followers(movement, alone)) == 1
    changed = [member for member in members if before[member] != after[member]]
    assert changed == [*followers(movement, alone)]
    assert violations() == []


def test_a_member_who_posts_often_enough_enqueues_nothing(
    make_movement: Moves, clock: Clock
) -> None:
    movement, members = make_movement(), people(10)
    alone, leaders = without_follower(members)
    plant(movement, leaders)
    for _ in range(2):
        clock.pass_(days=3)
        post(movement, alone)
    assert waiting() == []


def test_an_update_that_is_saved_as_a_record_ends_a_silence_as_well(
    make_movement: Moves, clock: Clock
) -> None:
    movement, members = make_movement(), people(6)
    plant(movement, ring(members))
    clock.pass_(days=4)
    for _ in range(2):
        Update(user(members[0]), movement).save_to_db()
    assert waiting() == [{"movement_id": movement.id, "user_id": members[0]}]


def test_a_member_who_left_before_the_job_is_not_adopted(
    make_movement: Moves, clock: Clock
) -> None:
    movement, members = make_movement(), people(10)
    alone, leaders = without_follower(members)
    plant(movement, leaders)
    clock.pass_(days=4)
    post(movement, alone)
    movement.remove_user(user(alone))
    db.session.commit()
    before = arrows_of(movement.id)
    run_until_idle()
    assert arrows_of(movement.id) == before
    assert waiting() == []


def test_a_reactivated_user_is_adopted_when_they_join(make_movement: Moves) -> None:
    movement, members = make_movement(), people(10)
    plant(movement, ring(members))
    returning = user(members[0])
    deactivate(returning)
    db.session.commit()
    reactivate(returning)
    db.session.commit()
    movement.add_user(returning)
    db.session.commit()
    assert followers(movement, members[0])
    assert violations() == []


# -- beside others, on PostgreSQL -------------------------------------------------------------


@writers_overlap
def test_a_member_who_is_leaving_is_not_adopted_nor_waited_for(world: Flask) -> None:
    (movement,), members = make_movements(1), people(SHARED)
    alone, leaders = without_follower(members)
    plant(movement, leaders)
    id = movement.id
    db.session.remove()
    with stopped(world, LEAVING, partial(outcome, leave, id, alone)) as running:
        before = arrows_of(id)
        adopt_member(id, alone)
        assert arrows_of(id) == before
        db.session.commit()
        running.go_on()
    assert running.result() is None
    assert violations() == []


@writers_overlap
def test_a_member_who_is_adopted_twice_at_once_stays_valid(world: Flask) -> None:
    (movement,), members = make_movements(1), people(SHARED)
    alone, *others = members
    # each of the others follows four of the same five, so each of them can give up a leader
    popular = others[:5]
    plant(
        movement,
        {id: [leader for leader in popular if leader != id][:4] for id in [alone, *others]},
    )
    id = movement.id
    db.session.remove()
    at_once(world, *[partial(tried_again, Movement.adopt, id, alone)] * 4)
    assert violations() == []
    assert followers_in(arrows_of(id), alone)
