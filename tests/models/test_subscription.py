"""Subscriptions: one per user and movement, in random order."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from gridt.models import Movement, Subscription
from gridt.models.subscription import KEYS, random_key
from gridt.runtime.extensions import db


def insert(user_id, movement_id, **members):
    values = {
        "user_id": user_id,
        "movement_id": movement_id,
        "shuffle_key": random_key(movement_id),
    }
    db.session.execute(sa.insert(Subscription).values(values | members))


def subscription_of(user, movement):
    return db.session.get(Subscription, (user.id, movement.id))


def test_the_database_refuses_a_second_subscription(make_user, make_movement):
    user = make_user()
    movement = make_movement(user)
    with pytest.raises(sa.exc.IntegrityError):
        insert(user.id, movement.id)
    db.session.rollback()


def test_the_database_refuses_unknown_users_and_movements(make_user, make_movement):
    user, movement = make_user(), make_movement()
    for user_id, movement_id in ((user.id + 1000, movement.id), (user.id, movement.id + 1000)):
        with pytest.raises(sa.exc.IntegrityError):
            insert(user_id, movement_id)
        db.session.rollback()


def test_a_subscription_has_its_time(make_user, make_movement, clock):
    ann, ben = make_user(), make_user()
    movement = make_movement(ann)
    began = clock.now
    clock.pass_(days=1)
    movement.add_user(ben)
    movement.save_to_db()
    assert subscription_of(ann, movement).subscribed_at == began
    assert subscription_of(ben, movement).subscribed_at == clock.now
    assert subscription_of(ben, movement).last_update_at is None


def test_keys_lie_in_the_range_of_their_movement(make_movement):
    for movement in (make_movement(members=8), make_movement(members=8)):
        keys = db.session.scalars(
            sa.select(Subscription.shuffle_key).where(Subscription.movement_id == movement.id)
        ).all()
        assert len(keys) == 8
        assert all(key >> 32 == movement.id for key in keys)


def test_keys_spread_over_the_whole_range_of_a_movement():
    keys = [random_key(7) - 7 * KEYS for _ in range(400)]
    quarters = [sum(key * 4 // KEYS == quarter for key in keys) for quarter in range(4)]
    assert sum(quarters) == 400
    assert min(quarters) > 40  # of 100 each; eight standard deviations are 70


def test_of_finds_exactly_the_keys_of_a_movement(make_user, make_movement):
    first, last, before, after = (make_user() for _ in range(4))
    lower, movement, upper = (make_movement() for _ in range(3))
    insert(first.id, movement.id, shuffle_key=movement.id * KEYS)
    insert(last.id, movement.id, shuffle_key=movement.id * KEYS + KEYS - 1)
    insert(before.id, lower.id, shuffle_key=lower.id * KEYS + KEYS - 1)
    insert(after.id, upper.id, shuffle_key=upper.id * KEYS)
    members = sa.select(Subscription.user_id).where(Subscription.of(movement.id))
    assert set(db.session.scalars(members)) == {first.id, last.id}


def test_of_works_for_the_largest_movement_id():
    largest = 2**31 - 1
    assert random_key(largest) < 2**63
    condition = str(Subscription.of(largest).compile(compile_kwargs={"literal_binds": True}))
    assert str((largest + 1) * KEYS) in condition


def test_the_movement_is_left_out_of_the_condition(database):
    condition = str(Subscription.of(1).compile())
    assert "movement_id" not in condition


def test_no_subscription_outlives_its_movement(make_movement):
    gone, kept = make_movement(members=3), make_movement(members=2)
    kept_id = kept.id
    gone.delete_from_db()
    assert set(db.session.scalars(sa.select(Subscription.movement_id))) == {kept_id}


def test_a_movement_with_subscriptions_cannot_vanish_from_the_database(make_movement):
    movement = make_movement(members=1)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.delete(Movement).where(Movement.id == movement.id))
    db.session.rollback()


def test_a_naive_time_of_subscribing_is_refused(make_user, make_movement, clock):
    user, movement = make_user(), make_movement()
    naive = (clock.now - timedelta(days=1)).replace(tzinfo=None)
    with pytest.raises(sa.exc.StatementError):
        insert(user.id, movement.id, subscribed_at=naive)
    db.session.rollback()
