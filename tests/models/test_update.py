"""Updates: the last one, and its time in the subscription."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from inspect import signature
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from gridt.errors import NotInTime, NotSubscribed
from gridt.models import Subscription, Update
from gridt.runtime.extensions import db
from gridt.standing.pauses import pause


@pytest.fixture
def member(make_user):
    return make_user("member")


@pytest.fixture
def movement(make_movement, member):
    return make_movement(member)


def noted(user, movement):
    """Read when a member last posted.

    The selection of leaders reads the same.
    """
    return db.session.scalar(
        sa.select(Subscription.last_update_at).where(
            Subscription.user_id == user.id, Subscription.movement_id == movement.id
        )
    )


def post(user, movement, time_stamp=None, message=None):
    update = Update(user, movement, message)
    if time_stamp is not None:
        update.time_stamp = time_stamp
    update.save_to_db()
    return update


def test_the_constructor_takes_a_leader_and_a_movement(member, movement, clock):
    parameters = signature(Update).parameters
    assert list(parameters)[:2] == ["leader", "movement"]
    assert all(one.default is None for one in list(parameters.values())[2:])
    update = Update(member, movement)
    assert (update.leader, update.movement) == (member, movement)
    assert (update.time_stamp, update.message) == (clock.now, None)


def test_a_saved_update_comes_back_as_it_was(member, movement):
    update = post(member, movement, message="ran 5 km 🏃\n in the rain")
    before = update.time_stamp
    db.session.expire_all()
    found = Update.find_by_id(update.id)
    assert (found.leader, found.movement) == (member, movement)
    assert (found.time_stamp, found.message) == (before, "ran 5 km 🏃\n in the rain")
    assert found.time_stamp.tzinfo is UTC


def test_an_update_is_not_there_before_it_is_saved(member, movement):
    Update(member, movement)
    assert Update.find_last(member, movement) is None
    db.session.add(Update(member, movement))
    assert Update.find_last(member, movement) is not None
    db.session.rollback()
    assert Update.find_last(member, movement) is None
    assert noted(member, movement) is None


def test_find_last_is_none_for_a_user_without_updates(member, movement, make_user):
    assert Update.find_last(member, movement) is None
    assert Update.find_last(make_user(), movement) is None


def test_find_last_goes_by_time_and_not_by_order_of_saving(member, movement, clock):
    newer = post(member, movement)
    post(member, movement, clock.now - timedelta(days=1))
    assert Update.find_last(member, movement) is newer


def test_of_two_at_the_same_moment_the_later_saved_is_the_last(member, movement, clock):
    post(member, movement)
    second = post(member, movement)
    assert Update.find_last(member, movement) is second


def test_find_last_looks_at_one_user_and_one_movement(make_user, make_movement, clock):
    ann, ben = make_user(), make_user()
    here, there = make_movement(ann, ben), make_movement(ann, ben)
    mine = post(ann, here)
    clock.pass_(hours=1)
    post(ben, here)
    post(ann, there)
    assert Update.find_last(ann, here) is mine


def test_saving_stores_the_time_in_the_subscription(member, movement, clock):
    assert noted(member, movement) is None
    post(member, movement)
    assert noted(member, movement) == clock.now
    clock.pass_(hours=1)
    post(member, movement)
    assert noted(member, movement) == clock.now


def test_an_update_of_the_past_does_not_set_the_time_back(member, movement, clock):
    post(member, movement)
    post(member, movement, clock.now - timedelta(days=9))
    assert noted(member, movement) == clock.now


def test_an_older_update_of_another_zone_does_not_set_the_time_back(member, movement, clock):
    post(member, movement)
    older = (clock.now - timedelta(hours=1)).astimezone(ZoneInfo("Asia/Tokyo"))
    post(member, movement, older)
    assert noted(member, movement) == clock.now


def test_deleting_the_last_takes_the_time_back_to_the_one_before(member, movement, clock):
    first = post(member, movement)
    began = clock.now
    clock.pass_(hours=1)
    second = post(member, movement)
    second.delete_from_db()
    assert noted(member, movement) == began
    assert Update.find_last(member, movement) is first
    first.delete_from_db()
    assert noted(member, movement) is None


def test_deleting_an_older_one_leaves_the_time(member, movement, clock):
    first = post(member, movement)
    clock.pass_(hours=1)
    post(member, movement)
    first.delete_from_db()
    assert noted(member, movement) == clock.now


def test_deleting_two_in_one_flush_leaves_the_time_of_the_third(member, movement, clock):
    times = []
    for _ in range(3):
        clock.pass_(hours=1)
        times.append(clock.now)
        post(member, movement)
    for update in db.session.scalars(Update.of(member.id, movement.id).limit(2)).all():
        db.session.delete(update)
    db.session.commit()
    assert noted(member, movement) == times[0]


def test_saving_several_in_one_flush_stores_the_newest_time(member, movement, clock):
    for hours in (2, 5, 1):
        update = Update(member, movement)
        update.time_stamp = clock.now - timedelta(hours=hours)
        db.session.add(update)
    db.session.commit()
    assert noted(member, movement) == clock.now - timedelta(hours=1)


def test_an_update_of_a_past_turn_leaves_the_present_one_as_it_was(member, movement, clock):
    clock.pass_(days=3)
    pause(member.id, movement.id, clock.now + timedelta(hours=1))  # keeps the present turn
    post(member, movement, clock.now - timedelta(days=1))
    subscription = db.session.get(Subscription, (member.id, movement.id))
    assert (subscription.turn_done, subscription.done_turns) == (False, 1)
    assert noted(member, movement) == clock.now - timedelta(days=1)


def test_a_post_counts_for_its_leader_and_movement_only(make_user, make_movement):
    ann, ben = make_user(), make_user()
    here, there = make_movement(ann, ben), make_movement(ann, ben)
    post(ann, here)
    assert noted(ann, there) is noted(ben, here) is noted(ben, there) is None


def test_a_loaded_subscription_shows_the_time_after_saving(member, movement, clock):
    subscription = db.session.get(Subscription, (member.id, movement.id))
    assert subscription.last_update_at is None
    post(member, movement)
    assert subscription.last_update_at == clock.now


def test_post_update_flushes_and_does_not_commit(member, movement, commits):
    commits.clear()
    posted = movement.post_update(member, "done")
    assert not commits
    assert (posted.id is not None, posted.message) == (True, "done")
    db.session.rollback()
    assert Update.find_last(member, movement) is None


def test_an_outsider_cannot_post(movement, make_user):
    outsider = make_user()
    with pytest.raises(NotSubscribed):
        movement.post_update(outsider)
    db.session.rollback()
    assert Update.find_last(outsider, movement) is None


def test_the_time_of_a_members_last_update_survives_leaving(member, movement, clock):
    post(member, movement)
    posted = clock.now
    movement.remove_user(member)
    clock.pass_(days=30)
    movement.add_user(member)
    movement.save_to_db()
    assert noted(member, movement) == posted


def test_an_update_needs_a_leader_and_a_movement(member, movement):
    for leader, where in ((None, movement), (member, None)):
        db.session.add(Update(leader, where))
        with pytest.raises(sa.exc.IntegrityError):
            db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("early", [timedelta(milliseconds=1), timedelta()])
def test_a_turn_is_reported_before_its_grace_is_over(make_user, make_movement, clock, early):
    clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    member = make_user()
    movement = make_movement(member)
    yesterday, grace = datetime(2026, 3, 2, 23, tzinfo=UTC), timedelta(hours=2)
    clock.now = datetime(2026, 3, 3, 2, tzinfo=UTC) - early
    expected = nullcontext() if early else pytest.raises(NotInTime)
    with expected:
        Update.record(member.id, movement.id, at=yesterday, grace=grace)
