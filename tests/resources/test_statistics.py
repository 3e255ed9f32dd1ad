"""Statistics of the members of a movement."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from gridt.models import Subscription, SubscriptionPause, Update
from gridt.models.standing.replay import recompute
from gridt.runtime.extensions import db
from gridt.standing import statistics as module
from gridt.standing.history import TurnHistory
from gridt.turns.weeks import monday_of, week_of
from tests.networks import people, plant, ring

#: a Thursday
NOW = datetime(2026, 5, 21, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _thursday(clock):
    clock.now = NOW


@pytest.fixture
def statistics(client_of):
    def call(user, movement, status=200):
        answer = client_of(user).get(f"/movements/{movement.id}/statistics")
        assert answer.status_code == status, answer.json
        return answer.json

    return call


@pytest.fixture
def movement_of(make_user, make_movement, clock):
    """Make a movement whose members joined some time ago.

    Return it with them.
    """

    def make(size, days=0, interval=None):
        clock.now = NOW - timedelta(days=days)
        members = [make_user() for _ in range(size)]
        movement = make_movement(*members)
        movement.interval = interval or movement.interval
        movement.save_to_db()
        clock.now = NOW
        return movement, members

    return make


@pytest.fixture
def did(clock):
    def post(user, movement, *days_ago):
        for days in sorted(days_ago, reverse=True):
            clock.now = NOW - timedelta(days=days)
            movement.post_update(user).save_to_db()
        clock.now = NOW

    return post


def test_members_see_completed_turns_and_streaks(movement_of, did, statistics):
    movement, members = movement_of(6, days=10)
    did(members[0], movement, 0)
    did(members[1], movement, 0, 1, 2)
    did(members[2], movement, 1, 2)
    did(members[3], movement, 5)
    figures = statistics(members[5], movement)
    assert {name: figures[name] for name in ("members", "counted", "done", "paused")} == {
        "members": 6,
        "counted": 6,
        "done": 2,
        "paused": 0,
    }
    assert figures["streaks"] == {"average": 1.0, "median": 0.5, "longest": 3}


def test_a_member_on_the_other_side_of_the_world_is_counted_by_their_clock(
    movement_of, did, statistics
):
    movement, members = movement_of(5, days=10)
    members[0].time_zone = "Pacific/Auckland"  # where the 21st ends at noon
    members[0].save_to_db()
    did(members[0], movement, 0.5)  # 21:00 of the 20th in UTC is the 21st there
    did(members[1], movement, 0.5)  # and the 20th here
    assert statistics(members[2], movement)["done"] == 1


def test_paused_members_are_counted(movement_of, statistics):
    movement, members = movement_of(5)
    until = NOW + timedelta(days=3)
    for member in members[:2]:
        subscription = db.session.get(Subscription, (member.id, movement.id))
        subscription.paused_from, subscription.paused_until = NOW, until
    db.session.commit()
    assert statistics(members[4], movement)["paused"] == 2


@pytest.fixture
def did_at_random():
    """Insert random updates of members, and a pause of one.

    Some members post more than others.
    """

    def insert(movement, members, interval):
        dice, ends = random.Random(str(interval)), {"movement_id": movement.id, "message": None}
        rows = [
            ends | {"leader_id": member.id, "time_stamp": NOW - (turn + dice.random()) * interval}
            for number, member in enumerate(members)
            for turn in range(timedelta(days=99) // interval)
            if dice.random() < 1 / (number + 1)
        ]
        db.session.execute(sa.insert(Update), rows)
        stretch = {"starts_at": NOW - timedelta(days=31), "ends_at": NOW - timedelta(days=28.8)}
        away = {"user_id": members[0].id, "movement_id": movement.id}
        db.session.execute(sa.insert(SubscriptionPause), [away | stretch])
        recompute(movement.id, [member.id for member in members])
        db.session.commit()

    return insert


INTERVALS = [timedelta(hours=hours) for hours in (1, 5, 12, 24, 48, 168)]


@pytest.mark.parametrize("interval", INTERVALS, ids=str)
def test_weeks_are_those_of_the_histories(movement_of, did_at_random, statistics, interval):
    movement, members = movement_of(6, days=100, interval=interval)
    members[1].time_zone = "America/Lima"
    members[2].day_starts_at = 4 * 60
    did_at_random(movement, members, interval)
    done, turns = Counter(), Counter()
    for member in members:
        history = TurnHistory(member.id, movement.id)
        for turn in history.between(NOW - timedelta(days=100), NOW):
            week = monday_of(week_of(turn.starts_at, history.clock))
            done[week] += turn.outcome == "done"
            turns[week] += turn.outcome in {"done", "missed"}

    weeks = statistics(members[1], movement)["weeks"]
    # in a weekly movement, possibly no member has done the present week's turn yet
    mondays = [date(2026, 5, 18) - timedelta(weeks=ago) for ago in reversed(range(12))]
    assert [week["starts_on"] for week in weeks] in (
        [str(day) for day in mondays],
        [str(day) for day in mondays[:-1]],
    )
    for week in weeks:
        day = date.fromisoformat(week["starts_on"])
        assert (week["done_turns"], week["turns"]) == (done[day], turns[day])
        assert week["completion"] == pytest.approx(done[day] / turns[day], abs=1e-4)


def test_only_weeks_with_stored_counts_are_shown(movement_of, did, statistics):
    """Statistics show only weeks with stored counts.

    Rows from before weeks were stored are shown from the next week on.
    """
    movement, members = movement_of(5, days=40)
    for member in members:
        did(member, movement, 30, 20)
    db.session.execute(sa.update(Subscription).values(weeks=None))
    db.session.commit()
    figures = statistics(members[0], movement)["weeks"]
    assert [week["starts_on"] for week in figures] == ["2026-05-04", "2026-05-11", "2026-05-18"]
    assert [(week["done_turns"], week["turns"]) for week in figures] == [(0, 35), (0, 35), (0, 15)]


@pytest.mark.parametrize("size", [1, 4])
def test_few_members_get_no_statistics(movement_of, did, statistics, size):
    movement, members = movement_of(size, days=10)
    did(members[0], movement, 0, 3)
    assert statistics(members[0], movement) == {
        "members": size,
        "counted": 0,
        "done": None,
        "paused": None,
        "streaks": None,
        "weeks": [],
    }


def test_a_week_of_few_members_is_not_shown(movement_of, did, statistics):
    movement, members = movement_of(6)
    did(members[0], movement, 0)
    assert statistics(members[0], movement)["weeks"] == []


def test_only_members_see_it(movement_of, make_user, statistics):
    movement, _ = movement_of(6)
    statistics(make_user(), movement, status=409)


def test_a_large_movement_counts_a_fixed_sample(make_movement, make_user, statistics):
    me, movement = make_user(), make_movement()
    plant(movement, ring([me.id, *people(module.MOST_COUNTED + 50)]))
    figures = statistics(me, movement)
    assert figures["members"] == module.MOST_COUNTED + 51
    assert figures["counted"] == module.MOST_COUNTED
    assert statistics(me, movement) == figures
