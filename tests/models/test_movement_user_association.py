"""Slots made by hand, and the database's constraints."""

from inspect import signature

import pytest
import sqlalchemy as sa

from gridt.models import Movement, MovementUserAssociation, User
from gridt.runtime.extensions import db
from tests.networks import arrows_of, plant


@pytest.fixture
def people(make_user):
    return [make_user() for _ in range(6)]


@pytest.fixture
def movement(make_movement, people):
    """A movement without leaders."""
    movement = make_movement()
    plant(movement, {user.id: [] for user in people})
    return movement


def slots_of(user, movement):
    return list(arrows_of(movement.id).get(user.id, {}).items())


def insert(movement, follower, slot, leader):
    """Insert a slot without the model."""
    db.session.execute(
        sa.insert(MovementUserAssociation).values(
            movement_id=movement.id, follower_id=follower.id, slot=slot, leader_id=leader.id
        )
    )


def clear(user, movement, *slots):
    """Delete slots, all of them by default."""
    mine = sa.delete(MovementUserAssociation).where(
        MovementUserAssociation.follower_id == user.id,
        MovementUserAssociation.movement_id == movement.id,
    )
    db.session.execute(mine.where(MovementUserAssociation.slot.in_(slots or range(4))))
    db.session.commit()


def test_everything_is_optional_in_the_constructor():
    parameters = signature(MovementUserAssociation).parameters.values()
    assert [(one.name, one.default) for one in parameters] == [
        ("movement", None),
        ("follower", None),
        ("leader", None),
    ]


def test_an_association_knows_its_three_ends(movement, people):
    association = MovementUserAssociation(movement, people[0], people[1])
    assert association.movement is movement
    assert association.follower is people[0]
    assert association.leader is people[1]
    association.save_to_db()
    db.session.expire_all()
    assert association.movement is movement
    assert association.follower is people[0]
    assert association.leader is people[1]


def test_an_association_can_be_filled_in_later(movement, people):
    association = MovementUserAssociation()
    association.movement = movement
    association.follower = people[0]
    association.leader = people[1]
    association.save_to_db()
    assert people[0].leaders(movement) == [people[1]]


def test_an_association_is_not_there_before_it_is_saved(movement, people, commits):
    commits.clear()
    association = MovementUserAssociation(movement, people[0], people[1])
    assert people[0].leaders(movement) == []
    assert not commits
    association.save_to_db()
    assert people[0].leaders(movement) == [people[1]]
    assert len(commits) == 1


def test_saving_takes_over_the_lowest_open_slot(movement, people):
    me, first, second, *_ = people
    MovementUserAssociation(movement, me, first).save_to_db()
    assert slots_of(me, movement) == [(0, first.id), (1, None), (2, None), (3, None)]
    MovementUserAssociation(movement, me, second).save_to_db()
    assert slots_of(me, movement) == [(0, first.id), (1, second.id), (2, None), (3, None)]


def test_saving_takes_the_lowest_slot_that_is_missing(movement, people):
    me, first, second, *_ = people
    clear(me, movement)
    MovementUserAssociation(movement, me, first).save_to_db()
    MovementUserAssociation(movement, me, second).save_to_db()
    assert slots_of(me, movement) == [(0, first.id), (1, second.id)]


def test_a_gap_between_filled_slots_is_filled_first(movement, people):
    me, *leaders = people
    for leader in leaders[:4]:
        MovementUserAssociation(movement, me, leader).save_to_db()
    clear(me, movement, 1)
    MovementUserAssociation(movement, me, leaders[4]).save_to_db()
    assert slots_of(me, movement)[1] == (1, leaders[4].id)


def test_several_in_one_commit_take_different_slots(movement, people):
    me, *leaders = people
    db.session.add_all([MovementUserAssociation(movement, me, leader) for leader in leaders[:3]])
    MovementUserAssociation(movement, me, leaders[3]).save_to_db()
    assert [slot for slot, _ in slots_of(me, movement)] == [0, 1, 2, 3]
    assert {leader for _, leader in slots_of(me, movement)} == {one.id for one in leaders[:4]}


def test_without_a_leader_the_slot_is_open(movement, people):
    clear(people[0], movement)
    association = MovementUserAssociation(movement, people[0])
    association.save_to_db()
    assert slots_of(people[0], movement) == [(0, None)]
    assert association.leader is None


def test_nobody_has_a_fifth_leader(movement, people):
    me, *leaders = people
    for leader in leaders[:4]:
        MovementUserAssociation(movement, me, leader).save_to_db()
    before = slots_of(me, movement)
    with pytest.raises(ValueError, match="4 leaders"):
        MovementUserAssociation(movement, me, leaders[4]).save_to_db()
    db.session.rollback()
    assert slots_of(me, movement) == before


def test_slots_in_two_movements_are_independent(make_movement, movement, people):
    elsewhere = make_movement()
    plant(elsewhere, {user.id: [] for user in people})
    MovementUserAssociation(movement, people[0], people[1]).save_to_db()
    MovementUserAssociation(elsewhere, people[0], people[1]).save_to_db()
    assert (
        slots_of(people[0], elsewhere)[0] == slots_of(people[0], movement)[0] == (0, people[1].id)
    )


def test_deleting_an_association_leaves_the_others(movement, people):
    me, first, second, *_ = people
    association = MovementUserAssociation(movement, me, first)
    association.save_to_db()
    MovementUserAssociation(movement, me, second).save_to_db()
    association.delete_from_db()
    assert me.leaders(movement) == [second]


def test_associations_show_up_with_the_user_and_the_movement(movement, people):
    association = MovementUserAssociation(movement, people[0], people[1])
    association.save_to_db()
    assert association in people[0].follower_associations
    assert association in movement.user_associations


# -- refusals of the database ---------------------------------------------------------------


def test_an_end_that_is_not_subscribed_is_refused(make_user, movement, people):
    outsider = make_user()
    for follower, leader in ((outsider, people[0]), (people[0], outsider)):
        with pytest.raises(sa.exc.IntegrityError):
            MovementUserAssociation(movement, follower, leader).save_to_db()
        db.session.rollback()
    assert people[0].leaders(movement) == []


def test_a_subscription_to_another_movement_does_not_count(make_movement, make_user, people):
    newcomer = make_user()
    here, _there = make_movement(people[0]), make_movement(newcomer)
    with pytest.raises(sa.exc.IntegrityError):
        MovementUserAssociation(here, people[0], newcomer).save_to_db()
    db.session.rollback()


@pytest.mark.parametrize(
    ("slot", "leader", "constraint"),
    [
        (1, 0, "not_oneself"),
        (1, 1, "follower_id"),  # this user leads in slot 0 already
        (4, 2, "slot"),
        (-1, 2, "slot"),
        (0, 2, "follower_id"),  # an existing slot
    ],
)
def test_the_database_refuses(movement, people, slot, leader, constraint):
    me = people[0]
    clear(me, movement)
    insert(movement, me, 0, people[1])
    with pytest.raises(sa.exc.IntegrityError, match=constraint):
        insert(movement, me, slot, people[leader])
    db.session.rollback()


def test_the_database_refuses_a_leader_or_follower_who_is_not_subscribed(
    make_user, movement, people
):
    outsider = make_user()
    clear(people[0], movement)
    for follower, leader in ((people[0], outsider), (outsider, people[0])):
        with pytest.raises(sa.exc.IntegrityError):
            insert(movement, follower, 0, leader)
        db.session.rollback()


def test_the_database_refuses_to_unsubscribe_a_leader(movement, people):
    MovementUserAssociation(movement, people[0], people[1]).save_to_db()
    clear(people[1], movement)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(
            sa.text("DELETE FROM subscriptions WHERE user_id = :id"), {"id": people[1].id}
        )
    db.session.rollback()


def test_members_and_movements_with_slots_cannot_vanish(movement, people):
    for model, id in ((User, people[0].id), (Movement, movement.id)):
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(sa.delete(model).where(model.id == id))
        db.session.rollback()
