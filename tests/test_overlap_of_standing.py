"""Overlapping changes of one standing, in any order.

A test stops each change before it locks the subscription, and again after that, while another runs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import combinations_with_replacement, product
from typing import Any

import sqlalchemy as sa
from flask import Flask

from gridt.errors import GridtError
from gridt.jobs import run_until_idle
from gridt.models import FormerClock, Movement, Subscription, Update, User
from gridt.models.standing.replay import recompute
from gridt.models.standing.store import load_row
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.editing import edit_movement
from gridt.standing.imports import Reported, import_updates
from gridt.standing.pauses import pause, resume
from gridt.standing.schedule_changes import change_clock, change_goal
from gridt.turns.calendar import Clock
from tests.conftest import Clock as FrozenClock
from tests.databases import writers_overlap
from tests.networks import make_movements, people, plant, ring
from tests.test_concurrency import at_once
from tests.test_overlap import PATIENCE, beside, in_turn, stopped

DAY = timedelta(days=1)
GRACE = timedelta(hours=2)
#: a user, and a movement that they joined
Place = tuple[int, int]


@dataclass(frozen=True)
class Act:
    """A change of a member's standing in a movement.

    :param do: returns how many updates it adds, if any
    :param holds: words of its first statement that locks a subscription
    """

    name: str
    do: Callable[[int, int], int | None]
    holds: str

    def __call__(self, place: Place) -> int:
        """Change and save.

        Return how many updates that added: none if it was refused.
        """
        try:
            added = self.do(*place)
            db.session.commit()
            return added or 0
        except GridtError:
            db.session.rollback()
            return 0
        finally:
            db.session.remove()


def set_clock(user_id: int, _: int, **changes: Any) -> None:
    user = User.find_by_id(user_id)
    assert user is not None
    change_clock(user, **changes)


def post(user_id: int, movement_id: int) -> int:
    Update.record(user_id, movement_id)
    return 1


def post_late(user_id: int, movement_id: int) -> int:
    Update.record(user_id, movement_id, at=utcnow() - timedelta(minutes=1), grace=GRACE)
    return 1


def pause_for_days(user_id: int, movement_id: int) -> None:
    pause(user_id, movement_id, utcnow() + 3 * DAY)


def withdraw(user_id: int, movement_id: int) -> None:
    """Delete the first update."""
    mine = (Update.leader_id == user_id, Update.movement_id == movement_id)
    then = utcnow() - DAYS_AGO[0] * DAY
    first = sa.select(Update).where(*mine, Update.time_stamp.between(then - DAY / 2, then))
    if found := db.session.scalars(first).one_or_none():
        db.session.delete(found)
        db.session.flush()


def bring_along(user_id: int, movement_id: int) -> int:
    past = [Reported(2, utcnow() - 20 * DAY, None), Reported(3, utcnow(), None)]
    return len(import_updates(user_id, movement_id, past, skip_duplicates=True).new)


ONE, SOME = (
    "FOR NO KEY UPDATE OF subscriptions",
    "SELECT subscriptions.user_id \nFROM subscriptions",
)
KEEPS = "UPDATE subscriptions"
CLOCK = {"time_zone": "Pacific/Auckland", "day_starts_at": 4 * 60, "week_starts_on": 6}
CLOCKS = [
    Act(f"set {name}", partial(set_clock, **{name: value}), SOME) for name, value in CLOCK.items()
]
POST = Act("post", post, ONE)
WITHDRAW = Act("withdraw", withdraw, SOME)
OTHERS = [
    POST,
    Act("post late", post_late, ONE),
    Act("pause", pause_for_days, ONE),
    Act("resume", resume, ONE),
    WITHDRAW,
    Act("import", bring_along, ONE),
]
PAIRS = list(product([*CLOCKS, *OTHERS], repeat=2))
LAST = sa.select(sa.func.max(Update.time_stamp))
#: the days of a member's updates
DAYS_AGO = (9, 8, 7, 5, 4, 2, 1)


def member() -> tuple[Place, Place]:
    """Make two movements, with a member active in both."""
    users, movements = people(3), make_movements(2)
    for movement in movements:
        plant(movement, ring(users), since=utcnow() - 12 * DAY)
        did = [utcnow() - timedelta(minutes=5) - days * DAY for days in DAYS_AGO]
        ends = {"leader_id": users[0], "movement_id": movement.id, "message": None}
        db.session.execute(sa.insert(Update), [ends | {"time_stamp": moment} for moment in did])
        mine = (Subscription.user_id == users[0], Subscription.movement_id == movement.id)
        db.session.execute(sa.update(Subscription).where(*mine).values(last_update_at=did[-1]))
        recompute(movement.id, users)
        db.session.commit()
    first, second = ((users[0], movement.id) for movement in movements)
    db.session.remove()
    return first, second


@contextmanager
def kept_right(*acts: Act) -> Iterator[tuple[Place, Place, list[int]]]:
    """Check a member's two standings after overlapping acts.

    The member is made here, in two movements.

    The block fills the list with how many updates each of them added.
    """
    first, second = member()
    added: list[int] = []
    yield first, second, added
    said, kept = [act.name for act in acts], [load_row(*place) for place in (first, second)]
    for row in kept:
        mine = (Update.leader_id == row.user_id, Update.movement_id == row.movement_id)
        assert row.last_update_at == db.session.scalar(LAST.where(*mine)), said
        assert recompute(row.movement_id, [row.user_id]) == 0, said
    user_id, _ = first
    mine = sa.select(Update.id).where(Update.leader_id == user_id)
    left = 2 * len(DAYS_AGO) - (WITHDRAW in acts)
    assert len(db.session.scalars(mine).all()) == left + sum(added), said
    user = User.find_by_id(user_id)
    for act, (name, value) in zip(CLOCKS, CLOCK.items(), strict=True):
        assert (getattr(user, name) == value) is (act in acts), said
    db.session.rollback()
    db.session.remove()


@writers_overlap
def test_a_change_waits_for_the_lock_of_a_standing(world: Flask) -> None:
    for acts in PAIRS:
        with kept_right(*acts) as (place, _, added):
            added += in_turn(world, KEEPS, *(partial(act, place) for act in acts))


@writers_overlap
def test_a_change_before_the_lock_of_a_standing_goes_first(world: Flask) -> None:
    for first, second in PAIRS:
        if {first, second} <= {*CLOCKS} or first == second == WITHDRAW:
            continue  # the second one waits earlier, for the account or the update
        with kept_right(first, second) as (place, _, added):
            with stopped(world, first.holds, partial(first, place)) as running:
                with beside(world, partial(second, place)) as other:
                    added.append(other.result(PATIENCE))
            added.append(running.result())


@writers_overlap
def test_a_clock_changes_in_one_movement_while_something_happens_in_another(world: Flask) -> None:
    for first, second in product(CLOCKS, OTHERS):
        with kept_right(first, second) as (place, elsewhere, added):
            with stopped(world, KEEPS, partial(first, place)) as running:
                with beside(world, partial(second, elsewhere)) as other:
                    added.append(other.result(PATIENCE))
            added.append(running.result())


@writers_overlap
def test_the_second_of_two_changes_of_a_clock_follows_the_first(world: Flask) -> None:
    """The second of two clock changes follows the first.

    The second has read the account before the first changes it, and sets the clock that it read.
    """
    place, _ = member()
    berlin, lima = (
        Act(zone, partial(set_clock, time_zone=zone), SOME)
        for zone in ("Europe/Berlin", "America/Lima")
    )
    berlin(place)
    with stopped(world, "FOR NO KEY UPDATE", partial(berlin, place)) as running:
        with beside(world, partial(lima, place)) as other:
            other.result(PATIENCE)
    running.result()
    user_id, _ = place
    assert User.find_by_id(user_id).time_zone == "Europe/Berlin"
    former = sa.select(FormerClock.time_zone).where(FormerClock.user_id == user_id)
    assert db.session.scalars(former).all() == []


def set_goal(_: int, movement_id: int, goal: int | None) -> None:
    movement = Movement.find_by_id(movement_id)
    assert movement is not None
    change_goal(movement, {"goal": goal}, at_any_time=True)


@writers_overlap
def test_a_post_that_is_being_saved_keeps_the_goal_of_its_turn(world: Flask) -> None:
    """A change of goal overlaps a post.

    It commits before the post is stored, or after it.
    """
    for (before, after), post_is_first in product(
        [(None, 3), (1, 3), (3, None), (3, 1)], [True, False]
    ):
        place, _ = member()
        user_id, movement_id = place
        old = sa.update(Movement).where(Movement.id == movement_id).values(goal=before)
        db.session.execute(old)
        recompute(movement_id, [user_id])
        db.session.commit()
        change = Act("goal", partial(set_goal, goal=after), "INSERT INTO former_goals")
        first, words, second = (
            (POST, KEEPS, change) if post_is_first else (change, change.holds, POST)
        )
        with stopped(world, words, partial(first, place)) as running:
            with beside(world, partial(second, place)) as other:
                other.result(PATIENCE)
        running.result()
        row = load_row(*place)
        assert row is not None
        assert (row.goal, row.turn_done, row.turn_amount) == (
            after,
            before != 3,
            None if before is None else 1,
        )
        assert recompute(movement_id, [user_id]) == 0
        db.session.rollback()
        db.session.remove()


def edit_goal(user_id: int, movement_id: int, goal: int | None) -> None:
    movement, user = Movement.find_by_id(movement_id), User.find_by_id(user_id)
    edit_movement(movement, {"goal": goal}, user)


@writers_overlap
def test_a_turn_that_begins_while_its_goal_changes_has_the_new_goal(
    world: Flask, clock: FrozenClock
) -> None:
    """A turn begins while a change of goal is saved.

    A member posts in it before the change is committed. The post is scored by the goal before. The
    turn began after the change, so a job corrects that.
    """
    for before, after in [(None, 3), (3, None)]:
        place, _ = member()
        user_id, movement_id = place
        old = sa.update(Movement).where(Movement.id == movement_id)
        db.session.execute(old.values(goal=before, counts_every_update=True))
        recompute(movement_id, [user_id])
        db.session.commit()
        change = Act("edit", partial(edit_goal, goal=after), "INSERT INTO former_goals")
        with stopped(world, change.holds, partial(change, place)) as running:
            clock.pass_(days=1)
            with beside(world, partial(POST, place)) as other:
                assert other.result(PATIENCE) == 1
        running.result()
        clock.pass_(minutes=2)
        run_until_idle()
        row = load_row(*place)
        assert row is not None
        assert (row.goal, row.turn_done) == (after, after is None)
        assert recompute(movement_id, [user_id]) == 0
        db.session.rollback()
        db.session.remove()


def test_all_at_once(world: Flask) -> None:
    for pair in combinations_with_replacement([*CLOCKS, *OTHERS], 2):
        acts = (*pair, POST)
        with kept_right(*acts) as (place, _, added):
            added += at_once(world, *(partial(act, place) for act in acts))


@writers_overlap
def test_a_day_that_is_named_while_the_clock_changes_is_one_of_the_new_clock(world: Flask) -> None:
    (user_id, movement_id), _ = member()
    today = utcnow().date()
    back, then = today + 3 * DAY, today - 20 * DAY
    to_pause = Act("pause", lambda *ids: pause(*ids, back) and None, ONE)
    to_import = Act("import", lambda *ids: import_updates(*ids, [Reported(2, then, None)]), ONE)
    for act, zone in ((to_pause, "Pacific/Auckland"), (to_import, "Pacific/Honolulu")):
        move = Act("move", partial(set_clock, time_zone=zone), SOME)
        in_turn(world, KEEPS, *(partial(one, (user_id, movement_id)) for one in (move, act)))
    row = load_row(user_id, movement_id)
    assert row.paused_until == Clock("Pacific/Auckland").start_of(back)
    first = sa.select(sa.func.min(Update.time_stamp)).where(Update.movement_id == movement_id)
    assert db.session.scalars(first).one() == Clock("Pacific/Honolulu").start_of(then) + DAY / 2
    db.session.rollback()
