"""Overlapping changes of one network, and their waits.

A test stops a change before one of its statements, in its open transaction, while other changes
run. So it gets a rare order of events of a storm every time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Event, get_ident
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from gridt.errors import MovementNotFound, Overtaken
from gridt.models import Movement, Subscription, Update, User
from gridt.models import MovementUserAssociation as Association
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.databases import writers_overlap
from tests.networks import arrows_of, keys_of, make_movements, people, plant, ring, violations
from tests.test_concurrency import at_once, delete_movement, join, leave, outcome, post, swap

pytestmark = writers_overlap

#: the size of the largest movement whose lock is always exclusive, and of one that shares it
EXCLUSIVE, SHARED = 64, 70
Change = Callable[[Movement, User], Any]
Make = Callable[..., tuple[int, list[int]]]

#: seconds until a waiting change fails
PATIENCE = 60

# points to stop a change: before members are counted, or where all slots of a leaver are locked
COUNTING, LEAVING = "UPDATE movements", "DELETE FROM movement_user_associations"


@pytest.fixture
def movement_of(world: Flask) -> Make:
    """Make a movement with members in a ring.

    Return its id and theirs.
    """

    def make(size: int, **kwargs: Any) -> tuple[int, list[int]]:
        (movement,) = make_movements(1)
        id, members = movement.id, people(size)
        plant(movement, ring(members), **kwargs)
        db.session.remove()
        return id, members

    return make


@contextmanager
def beside(app: Flask, job: Callable[[], Any]) -> Iterator["Future[Any]"]:
    """Do a job in a thread and an own context.

    The context is one of the app. The block's end waits for the job's end.
    """

    def run() -> Any:
        with app.app_context():
            return job()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run)


@dataclass
class Stopped:
    """A job that is stopped until a caller continues it.

    The end of the block around it continues it too.
    """

    result: Callable[[], Any]
    go_on: Callable[[], None]


@contextmanager
def stopped(app: Flask, words: str, job: Callable[[], Any]) -> Iterator[Stopped]:
    """Run a job to its first statement with some words."""
    there, go_on, threads = Event(), Event(), []

    def stop(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if get_ident() in threads and words in statement and not there.is_set():
            there.set()
            assert go_on.wait(PATIENCE)

    def run() -> Any:
        threads.append(get_ident())
        return job()

    sa.event.listen(sa.Engine, "before_cursor_execute", stop)
    try:
        with beside(app, run) as running:
            try:
                assert there.wait(PATIENCE)
                yield Stopped(running.result, go_on.set)
            finally:
                go_on.set()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", stop)


def wait_until_somebody_waits() -> None:
    """Wait until a transaction waits for another transaction's lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    pause, polls = Event(), 0
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(waiting):
            polls += 1
            assert polls < 50 * PATIENCE, "nobody waits"
            pause.wait(0.02)


def in_turn(
    app: Flask, words: str, first: Callable[[], Any], second: Callable[[], Any]
) -> tuple[Any, Any]:
    """Stop one job until another waits for it.

    The first one stops at some words. Return both results.
    """
    with stopped(app, words, first) as running:
        with beside(app, second) as waiting:
            wait_until_somebody_waits()
            running.go_on()
    return running.result(), waiting.result()


def begin(change: Change, movement_id: int, user_id: int) -> None:
    """Make a change here, and leave its transaction open."""
    movement, user = Movement.find_by_id(movement_id), User.find_by_id(user_id)
    assert movement is not None
    assert user is not None
    change(movement, user)


def commit() -> None:
    """Commit the transaction of `begin`."""
    db.session.commit()
    db.session.remove()


# -- side by side, or one at a time -----------------------------------------------------------


def test_people_join_a_large_movement_side_by_side(world: Flask, movement_of: Make) -> None:
    id, _ = movement_of(EXCLUSIVE + 1)
    first, second = people(2)
    with stopped(world, COUNTING, partial(outcome, join, id, first)) as running:
        with beside(world, partial(outcome, join, id, second)) as other:
            assert other.result(PATIENCE) is None
    assert running.result() is None
    assert violations() == []
    assert {first, second} < keys_of(id).keys()


def test_people_join_a_small_movement_one_after_the_other(world: Flask, movement_of: Make) -> None:
    id, _ = movement_of(EXCLUSIVE)
    first, second = people(2)
    jobs = (partial(outcome, join, id, user) for user in (first, second))
    assert in_turn(world, COUNTING, *jobs) == (None, None)
    assert violations() == []
    assert len(keys_of(id)) == EXCLUSIVE + 2


@pytest.mark.parametrize(("size", "change"), [(EXCLUSIVE, join), (EXCLUSIVE + 1, leave)])
def test_a_change_waits_while_a_movement_crosses_the_border(
    world: Flask, movement_of: Make, size: int, change: Change
) -> None:
    """Some see the old size, and some the new one.

    All are counted once, and no slot stays open.
    """
    id, members = movement_of(size)
    others = [members[10], members[40], *people(2)]
    user = members[25] if change is leave else people(1)[0]
    begin(change, id, user)
    with ExitStack() as stack:
        jobs = [
            partial(outcome, leave if other in members else join, id, other) for other in others
        ]
        running = [stack.enter_context(beside(world, job)) for job in jobs]
        wait_until_somebody_waits()
        commit()
    assert [job.result() for job in running] == [None] * 4
    assert violations() == []
    assert set(keys_of(id)) == (set(members) ^ {user}) ^ set(others)


def test_many_who_leave_across_the_border_at_once_leave_no_slot_open(
    world: Flask, movement_of: Make
) -> None:
    id, members = movement_of(EXCLUSIVE + 4)
    for start in range(0, 12, 4):
        db.session.remove()
        leavers = members[start : start + 4]
        assert (
            at_once(world, *(partial(outcome, leave, id, leaver) for leaver in leavers))
            == [None] * 4
        )
        assert violations() == []
    assert len(keys_of(id)) == EXCLUSIVE - 8


@pytest.mark.parametrize("size", [EXCLUSIVE, SHARED])
def test_posting_and_leaving_at_once_is_no_deadlock(
    world: Flask, movement_of: Make, size: int
) -> None:
    id, members = movement_of(size)
    jobs = (partial(outcome, change, id, members[0]) for change in (post, leave))
    posted, left = in_turn(world, "INSERT INTO updates", *jobs)
    assert left is None
    assert posted == db.session.scalar(sa.select(Update.id))
    assert violations() == []


# -- choosing ---------------------------------------------------------------------------------


def test_no_selection_chooses_a_leaver(world: Flask, movement_of: Make) -> None:
    id, members = movement_of(EXCLUSIVE + 6, since=utcnow() - timedelta(days=9))
    leaver = members[20]
    outcome(post, id, leaver)  # the only active one, whom every selection would choose
    following = [member for member, slots in arrows_of(id).items() if leaver in slots.values()]
    with stopped(world, LEAVING, partial(outcome, leave, id, leaver)):
        for user in set(members) - {leaver, *following}:
            left = arrows_of(id)[user][0]
            db.session.remove()
            chosen = outcome(swap(left), id, user)
            assert chosen not in {leaver, left, None}
    assert violations() == []


def test_a_member_who_deletes_an_update_can_be_chosen(world: Flask, movement_of: Make) -> None:
    id, members = movement_of(6)
    user, candidate = members[0], members[5]
    assert candidate not in arrows_of(id)[user].values()
    outcome(post, id, candidate)

    def take_back() -> None:
        Update.find_last(User.find_by_id(candidate), Movement.find_by_id(id)).delete_from_db()

    with stopped(world, "UPDATE subscriptions", take_back):
        assert outcome(swap(members[1]), id, user) == candidate
    assert violations() == []


def test_a_selection_without_staying_members_may_be_retried(
    world: Flask, movement_of: Make
) -> None:
    id, members = movement_of(SHARED)
    everybody = sa.select(Subscription.user_id).where(Subscription.movement_id == id)
    db.session.execute(everybody.with_for_update())
    with beside(world, partial(outcome, swap(members[1]), id, members[0])) as swapping:
        assert swapping.result(PATIENCE) is Overtaken
    commit()
    assert violations() == []
    assert arrows_of(id)[members[0]][0] == members[1]


# -- waiting ----------------------------------------------------------------------------------


def test_a_chosen_member_leaves_after_that(world: Flask, movement_of: Make) -> None:
    id, _ = movement_of(SHARED)
    (newcomer,) = people(1)
    begin(join, id, newcomer)
    leader = arrows_of(id)[newcomer][0]
    with beside(world, partial(outcome, leave, id, leader)) as leaving:
        wait_until_somebody_waits()
        commit()
    assert leaving.result() is None
    assert violations() == []
    assert arrows_of(id)[newcomer][0] not in {leader, None}


def test_two_who_lead_each_other_can_leave_side_by_side(world: Flask, movement_of: Make) -> None:
    id, members = movement_of(SHARED)
    first, second = members[0], members[1]
    db.session.execute(
        sa.update(Association)
        .where(Association.follower_id == second, Association.movement_id == id)
        .where(Association.slot == 0)
        .values(leader_id=first)
    )
    commit()
    for first_leaver, second_leaver in ((first, second), (members[10], members[11])):
        jobs = (partial(outcome, leave, id, leaver) for leaver in (second_leaver, first_leaver))
        assert in_turn(world, LEAVING, *jobs) == (None, None)
        assert violations() == []


def test_a_leaver_waits_for_a_swap_of_a_follower(world: Flask, movement_of: Make) -> None:
    id, members = movement_of(SHARED)
    follower, leaver, left = members[:3]
    begin(swap(left), id, follower)
    with beside(world, partial(outcome, leave, id, leaver)) as leaving:
        wait_until_somebody_waits()
        commit()
    assert leaving.result() is None
    assert violations() == []
    followed = arrows_of(id)[follower]
    assert leaver not in followed.values()
    assert followed[1] != left  # may be drawn again, for the slot that the leaver left


def test_the_second_of_two_equal_joins_waits_and_finds_it_done(
    world: Flask, movement_of: Make
) -> None:
    id, _ = movement_of(SHARED)
    (newcomer,) = people(1)
    begin(join, id, newcomer)
    with beside(world, partial(outcome, join, id, newcomer)) as again:
        wait_until_somebody_waits()
        commit()
    assert isinstance(again.exception(), IntegrityError)  # a request retries after this
    assert outcome(join, id, newcomer) is None
    assert violations() == []


def test_a_movement_is_deleted_after_those_who_join(world: Flask, movement_of: Make) -> None:
    id, _ = movement_of(SHARED)
    (newcomer,) = people(1)
    begin(join, id, newcomer)
    with beside(world, partial(delete_movement, id)) as deleting:
        wait_until_somebody_waits()
        commit()
    deleting.result()
    assert keys_of(id) == {}
    assert violations() == []


@pytest.mark.parametrize("change", [join, leave, swap(None)])
def test_a_movement_that_is_being_deleted_does_not_change(
    world: Flask, movement_of: Make, change: Change
) -> None:
    id, members = movement_of(SHARED)
    user = people(1)[0] if change is join else members[0]
    deleting, late = partial(delete_movement, id), partial(outcome, change, id, user)
    _, error = in_turn(world, "DELETE FROM movements", deleting, late)
    assert error is MovementNotFound
    assert keys_of(id) == {}
    assert violations() == []
