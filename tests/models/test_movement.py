"""Movements: members, possible leaders, swaps, and views."""

from datetime import timedelta
from inspect import Parameter, signature

import pytest
import sqlalchemy as sa

from gridt.errors import MovementNotFound, NotFollowing, NotSubscribed
from gridt.models import Movement, MovementUserAssociation, Subscription, Update, User
from gridt.runtime.extensions import db
from gridt.turns.months import Months
from tests.networks import arrows_of, keys_of, people, plant, ring, violations

DAY = timedelta(days=1)


@pytest.fixture
def trio(make_user):
    return [make_user(name) for name in ("robin", "pieter", "jorn")]


@pytest.fixture
def crowd(make_movement):
    """A movement of 70 members, too many to read all."""
    movement = make_movement()
    plant(movement, ring(people(70)))
    return movement


def subscribed(movement):
    return set(keys_of(movement.id))


def ids(users):
    return {user.id for user in users}


# -- making ---------------------------------------------------------------------------------


def test_the_constructor_takes_name_interval_and_two_descriptions():
    parameters = signature(Movement).parameters.values()
    assert [(one.name, one.default) for one in parameters] == [
        ("name", Parameter.empty),
        ("interval", None),
        ("short_description", ""),
        ("description", ""),
        ("months", None),
        ("group", None),
        ("visibility", "members"),
    ]


@pytest.mark.parametrize("number", [1, 3, 12])
def test_an_interval_of_months_is_stored_as_one(database, number):
    Movement("a walk", months=number).save_to_db()
    db.session.expire_all()
    movement = Movement.find_by_name("a walk")
    assert movement.interval == Months(number)
    assert movement.duration == timedelta(days=30.436875) * number
    movement.interval = timedelta(days=30.436875) * number
    movement.save_to_db()
    db.session.expire_all()
    assert movement.interval == timedelta(days=30.436875) * number
    assert movement.interval != Months(number)


@pytest.mark.parametrize("terms", [{}, {"interval": timedelta(days=1), "months": 1}, {"months": 2}])
def test_a_movement_has_either_an_interval_or_months(terms):
    with pytest.raises(ValueError, match="months"):
        Movement("a walk", **terms)


def test_the_methods_have_the_parameters_of_the_reference():
    expected = {
        "add_user": ["self", "user"],
        "remove_user": ["self", "user"],
        "find_leaders": ["self", "user", "exclude"],
        "swap_leader": ["self", "user", "leader"],
        "dictify": ["self", "user"],
        "save_to_db": ["self"],
        "delete_from_db": ["self"],
    }
    for name, parameters in expected.items():
        taken = signature(getattr(Movement, name)).parameters.values()
        assert [one.name for one in taken if one.kind is not one.KEYWORD_ONLY] == parameters
    assert list(signature(Movement.find_leaders).parameters["exclude"].default) == []


def test_a_saved_movement_comes_back_as_it_was(database, clock):
    movement = Movement("Flossing", timedelta(days=2, seconds=1), "floss your teeth", "all of them")
    movement.save_to_db()
    db.session.expire_all()
    found = Movement.find_by_id(movement.id)
    assert (found.name, found.interval) == ("Flossing", timedelta(days=2, seconds=1))
    assert (found.short_description, found.description) == ("floss your teeth", "all of them")
    assert (found.created_at, found.creator, found.member_count) == (clock.now, None, 0)


@pytest.mark.parametrize("interval", [timedelta(minutes=1), timedelta(days=365), timedelta(days=2)])
def test_an_interval_survives_the_database(database, interval):
    movement = Movement("flossing", interval)
    movement.save_to_db()
    db.session.expire_all()
    assert movement.interval == interval


@pytest.mark.parametrize("written", ["flossing ÅÖ", "FLOSSING åö", "Flossing A\u030aO\u0308"])
def test_a_movement_is_found_however_the_name_is_written(make_movement, written):
    movement = make_movement(name="Flossing ÅÖ")
    assert Movement.find_by_name(written) is movement
    assert Movement.find_by_name("flossing") is None


def test_the_database_refuses_a_name_that_is_taken(make_movement):
    make_movement(name="Flossing")
    with pytest.raises(sa.exc.IntegrityError):
        Movement("FLOSSING", DAY).save_to_db()
    db.session.rollback()


def test_a_renamed_movement_is_found_by_the_new_name_only(make_movement):
    movement = make_movement(name="flossing")
    movement.name = "Walking"
    movement.save_to_db()
    assert Movement.find_by_name("walking") is movement
    assert Movement.find_by_name("flossing") is None


def test_a_creator_is_kept(make_user, make_movement):
    user = make_user()
    movement = make_movement(creator=user)
    db.session.expire_all()
    assert (movement.creator, user.created_movements) == (user, [movement])


def test_a_creator_can_be_set_long_before_saving(make_user):
    user = make_user()
    movement = Movement("flossing", DAY)
    movement.creator = user
    make_user()  # another record is saved meanwhile
    assert Movement.find_by_name("flossing") is None
    movement.save_to_db()
    assert movement.creator is user


# -- assigning users ------------------------------------------------------------------------


def test_users_assigned_to_a_new_movement_wait_for_saving(trio, commits):
    commits.clear()
    movement = Movement("flossing", DAY)
    movement.users = trio
    assert movement.users == trio
    assert not commits
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Subscription)) == 0
    movement.save_to_db()
    assert len(commits) == 1
    assert set(movement.users) == set(trio)
    assert violations() == []


def test_a_new_movement_can_be_joined_and_left_before_saving(trio):
    robin, pieter, jorn = trio
    movement = Movement("flossing", DAY)
    movement.add_user(robin)
    movement.add_user(robin)
    movement.add_user(pieter)
    movement.add_user(jorn)
    movement.remove_user(pieter)
    movement.remove_user(pieter)
    assert movement.users == [robin, jorn]
    movement.save_to_db()
    assert subscribed(movement) == {robin.id, jorn.id}


def test_new_users_are_saved_with_the_movement_they_are_assigned_to(database):
    movement = Movement("flossing", DAY)
    movement.users = [User(name, f"{name}@example.org", "a good password") for name in "ab"]
    movement.save_to_db()
    assert {user.username for user in movement.users} == {"a", "b"}
    assert violations() == []


def test_assigning_subscribes_and_unsubscribes_the_difference(make_movement, trio, make_user):
    robin, pieter, jorn = trio
    movement = make_movement(robin, pieter)
    stayed = keys_of(movement.id)[pieter.id]
    movement.users = [pieter, jorn, make_user(), make_user()]
    movement.save_to_db()
    assert robin not in movement.users
    assert len(movement.users) == movement.member_count == 4
    assert keys_of(movement.id)[pieter.id] == stayed
    assert violations() == []


def test_assigning_the_same_changes_nothing(make_movement, trio):
    movement = make_movement(*trio, members=4)
    before = arrows_of(movement.id), keys_of(movement.id)
    movement.users = movement.users[::-1]
    movement.save_to_db()
    assert (arrows_of(movement.id), keys_of(movement.id)) == before


def test_a_user_assigned_twice_is_one_member(make_movement, trio):
    movement = make_movement()
    movement.users = [*trio, *trio]
    movement.save_to_db()
    assert movement.member_count == 3


def test_assigning_no_users_empties_a_movement(make_movement):
    movement = make_movement(members=7)
    movement.users = []
    movement.save_to_db()
    assert (movement.users, movement.member_count, arrows_of(movement.id)) == ([], 0, {})


def test_any_iterable_of_users_can_be_assigned(make_movement, trio):
    movement = make_movement()
    movement.users = (user for user in trio)
    movement.save_to_db()
    assert subscribed(movement) == ids(trio)


def test_assigning_to_a_saved_movement_is_not_permanent_before_saving(make_movement, trio, commits):
    robin, pieter, jorn = trio
    movement = make_movement(robin, pieter)
    before = arrows_of(movement.id)
    commits.clear()
    movement.users = [jorn]
    assert movement.users == [jorn]
    assert not commits
    db.session.rollback()
    assert set(movement.users) == {robin, pieter}
    assert arrows_of(movement.id) == before
    assert movement.member_count == 2


def test_joining_and_leaving_are_not_permanent_before_saving(make_movement, trio, commits):
    robin, pieter, jorn = trio
    movement = make_movement(robin, pieter)
    before = arrows_of(movement.id)
    commits.clear()
    for change, user in ((movement.add_user, jorn), (movement.remove_user, robin)):
        change(user)
        assert arrows_of(movement.id) != before
        assert not commits
        db.session.rollback()
        assert arrows_of(movement.id) == before
        assert movement.member_count == 2


def test_users_are_in_the_order_of_joining(make_movement, trio, clock):
    movement = make_movement()
    for user in (trio[2], trio[0], trio[1]):
        movement.add_user(user)
        clock.pass_(hours=1)
    assert movement.users == [trio[2], trio[0], trio[1]]


# -- joining and leaving --------------------------------------------------------------------


def test_up_to_five_members_all_follow_each_other(make_movement, make_user):
    movement = make_movement()
    for size in range(1, 6):
        movement.add_user(make_user())
        everybody = subscribed(movement)
        assert len(everybody) == size
        for member, slots in arrows_of(movement.id).items():
            assert set(slots.values()) - {None} == everybody - {member}


def test_adding_twice_is_once(make_movement, make_user):
    user, movement = make_user(), make_movement(members=6)
    movement.add_user(user)
    movement.save_to_db()
    before = arrows_of(movement.id), keys_of(movement.id)
    movement.add_user(user)
    movement.save_to_db()
    assert (arrows_of(movement.id), keys_of(movement.id)) == before
    assert movement.member_count == 7


def test_removing_twice_is_once(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=6)
    movement.remove_user(user)
    movement.save_to_db()
    before = arrows_of(movement.id), keys_of(movement.id)
    movement.remove_user(user)
    movement.save_to_db()
    assert (arrows_of(movement.id), keys_of(movement.id)) == before
    assert (movement.member_count, user in movement.users) == (6, False)


def test_leaving_refills_the_same_slots_with_new_leaders(make_movement):
    movement = make_movement(members=9)
    leaver = movement.users[0]
    before = arrows_of(movement.id)
    assert any(leaver.id in slots.values() for slots in before.values())
    movement.remove_user(leaver)
    after = arrows_of(movement.id)
    for follower, slots in after.items():
        for slot, leader in slots.items():
            if before[follower][slot] == leaver.id:
                assert leader not in {None, *before[follower].values()}
            else:
                assert leader == before[follower][slot]


def test_the_last_member_can_leave(make_movement, make_user):
    user = make_user()
    movement = make_movement(user)
    movement.remove_user(user)
    movement.save_to_db()
    assert (movement.users, movement.member_count) == ([], 0)
    assert violations() == []


def test_a_movement_that_was_deleted_meanwhile_cannot_be_joined(make_movement, make_user):
    user, movement = make_user(), make_movement(name="flossing")
    assert Movement.find_by_name("flossing") is movement
    by_somebody_else = {"synchronize_session": False}
    db.session.execute(sa.delete(Movement).execution_options(**by_somebody_else))
    for change in (movement.add_user, movement.remove_user):
        with pytest.raises(MovementNotFound):
            change(user)
    with pytest.raises(MovementNotFound):
        movement.swap_leader(user, None)
    db.session.rollback()


def test_a_movement_is_locked_once_in_a_transaction(make_movement, statements):
    movement = make_movement()
    for _ in range(2):
        db.session.rollback()
        db.session.refresh(movement)
        movement.lock()
        statements.clear()
        movement.lock()
        movement.lock(exclusive=True)
        assert not statements


def test_a_large_movement_can_be_locked_exclusively(make_movement, statements):
    movement = make_movement()
    plant(movement, ring(people(65)))
    movement.lock()
    statements.clear()
    movement.lock()
    assert not statements
    for _ in range(2):
        movement.lock(exclusive=True)
        movement.lock()
    assert len(statements) == 1


def test_is_subscribed_is_true_for_members_only(make_movement, trio):
    movement = make_movement(trio[0])
    assert [movement.is_subscribed(user) for user in trio] == [True, False, False]


def test_user_associations_are_all_slots_of_all_members(make_movement, trio):
    movement = make_movement(*trio)
    make_movement(members=2)
    slots = movement.user_associations
    assert {type(one) for one in slots} == {MovementUserAssociation}
    assert {one.movement for one in slots} == {movement}
    assert [(one.follower_id, one.slot) for one in slots] == [
        (id, slot) for id in sorted(ids(trio)) for slot in range(4)
    ]
    movement.remove_user(trio[0])
    assert len(movement.user_associations) == 8


# -- find_leaders ---------------------------------------------------------------------------


def test_find_leaders_is_none_for_an_outsider(make_movement, make_user):
    assert make_movement(members=3).find_leaders(make_user()) is None


def test_find_leaders_finds_all_members_not_followed_yet(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=9)
    found = movement.find_leaders(user)
    assert all(type(one) is int for one in found)
    assert sorted(found) == sorted(ids(movement.users) - ids(user.leaders(movement)) - {user.id})
    assert len(found) == 5


def test_find_leaders_finds_none_where_all_are_followed(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=4)
    assert movement.find_leaders(user) == []
    assert make_movement(user).find_leaders(user) == []


def test_find_leaders_leaves_out_users_and_ids(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=8)
    one, two, *rest = movement.find_leaders(user)
    assert set(movement.find_leaders(user, exclude=[User.find_by_id(one), two])) == set(rest)
    assert set(movement.find_leaders(user, [one])) == {two, *rest}
    assert movement.find_leaders(user, exclude=[one, two, *rest]) == []


def test_find_leaders_finds_all_of_up_to_64_members(make_movement):
    movement = make_movement()
    members = people(64)
    plant(movement, ring(members))
    user = User.find_by_id(members[0])
    assert set(movement.find_leaders(user)) == set(members[5:])


def test_find_leaders_is_a_bounded_random_sample_of_more(crowd):
    user = crowd.users[0]
    eligible = subscribed(crowd) - {user.id} - ids(user.leaders(crowd))
    samples = [crowd.find_leaders(user) for _ in range(12)]
    for sample in samples:
        assert 3 <= len(sample) == len(set(sample)) <= 64
        assert set(sample) <= eligible
    assert len({tuple(sample) for sample in samples}) > 1
    assert len(set().union(*samples)) > 45  # of 65; more samples would reach all of them


def test_find_leaders_of_many_leaves_out_as_well(crowd):
    user = crowd.users[0]
    allowed = crowd.users[-1]
    everybody_else = [one for one in crowd.users if one is not allowed]
    assert set(crowd.find_leaders(user, exclude=everybody_else)) <= {allowed.id}


# -- swap_leader ----------------------------------------------------------------------------


def test_swapping_gives_another_leader_in_the_same_slot(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=8)
    before = arrows_of(movement.id)
    left = user.leaders(movement)[2]
    leader = movement.swap_leader(user, left)
    assert isinstance(leader, User)
    assert leader.id not in {user.id, *before[user.id].values()}
    before[user.id][2] = leader.id
    assert arrows_of(movement.id) == before


def test_a_leader_can_be_given_by_id(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=5)
    left = user.leaders(movement)[0]
    leader = movement.swap_leader(user, left.id)
    assert leader in user.leaders(movement)
    assert left not in user.leaders(movement)


def test_swapping_is_not_permanent_before_saving(make_movement, make_user, commits):
    user = make_user()
    movement = make_movement(user, members=6)
    before = arrows_of(movement.id)
    commits.clear()
    movement.swap_leader(user, user.leaders(movement)[0])
    assert not commits
    db.session.rollback()
    assert arrows_of(movement.id) == before
    movement.swap_leader(user, user.leaders(movement)[0])
    movement.save_to_db()
    db.session.rollback()
    assert arrows_of(movement.id) != before


@pytest.mark.parametrize("others", [1, 3, 4])
def test_a_swap_without_an_eligible_member_changes_nothing(make_movement, make_user, others):
    user = make_user()
    movement = make_movement(user, members=others)
    before = arrows_of(movement.id)
    for leader in user.leaders(movement):
        assert movement.swap_leader(user, leader) is None
    movement.save_to_db()
    assert arrows_of(movement.id) == before


def test_only_a_leader_can_be_swapped(make_movement, make_user):
    user, outsider = make_user(), make_user()
    movement = make_movement(user, members=7)
    before = arrows_of(movement.id)
    stranger = User.find_by_id(movement.find_leaders(user)[0])
    for who, leader in ((user, stranger), (user, outsider), (user, user), (outsider, user)):
        with pytest.raises(ValueError, match="do not follow"):
            movement.swap_leader(who, leader)
    with pytest.raises(NotFollowing):
        movement.swap_leader(user, 2**63)
    movement.save_to_db()
    assert arrows_of(movement.id) == before


def test_a_leader_of_another_movement_cannot_be_swapped(make_movement, make_user):
    user, leader = make_user(), make_user()
    here, _there = make_movement(user, members=5), make_movement(user, leader)
    with pytest.raises(ValueError, match="do not follow"):
        here.swap_leader(user, leader)


def test_none_fills_the_first_open_slot(make_movement):
    movement = make_movement()
    members = people(6)
    leaders = ring(members)
    leaders[members[0]] = [members[1]]
    plant(movement, leaders)
    user = User.find_by_id(members[0])
    first = movement.swap_leader(user, None)
    second = movement.swap_leader(user, None)
    third = movement.swap_leader(user, None)
    assert list(arrows_of(movement.id)[user.id].values()) == [
        members[1],
        first.id,
        second.id,
        third.id,
    ]
    before = arrows_of(movement.id)
    assert movement.swap_leader(user, None) is None  # no slot is open any more
    assert arrows_of(movement.id) == before
    assert violations() == []


def test_an_open_slot_stays_open_without_an_eligible_member(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=2)
    before = arrows_of(movement.id)
    assert None in before[user.id].values()
    assert movement.swap_leader(user, None) is None
    movement.save_to_db()
    assert arrows_of(movement.id) == before


def test_an_outsider_has_no_slot_to_fill(make_movement, make_user):
    with pytest.raises(NotSubscribed):
        make_movement(members=3).swap_leader(make_user(), None)


def test_swapping_among_many_works_alike(crowd):
    user = crowd.users[0]
    before = arrows_of(crowd.id)
    left = before[user.id][1]
    leader = crowd.swap_leader(user, left)
    assert leader.id not in {user.id, *before[user.id].values()}
    before[user.id][1] = leader.id
    assert arrows_of(crowd.id) == before


# -- dictify --------------------------------------------------------------------------------

SEEN_BY_ALL = {
    "id",
    "name",
    "short_description",
    "description",
    "interval",
    "created_at",
    "creator_id",
    "member_count",
    "free_misses",
    "free_turns",
    "counts_every_update",
    "goal",
    "who_sees_members",
    "subscribed",
}


def test_an_outsider_sees_the_movement_without_leaders(make_movement, make_user):
    creator, *others = (make_user() for _ in range(3))
    movement = make_movement(creator, *others, creator=creator)
    seen = movement.dictify(make_user())
    assert set(seen) == SEEN_BY_ALL
    assert (seen["id"], seen["name"], seen["interval"]) == (movement.id, movement.name, DAY)
    assert (seen["creator_id"], seen["member_count"]) == (creator.id, 3)
    assert seen["subscribed"] is False


def test_a_subscriber_sees_leaders_and_last_updates(make_movement, make_user, clock):
    user, leader = make_user(), make_user(bio="I floss")
    movement = make_movement(user, leader)
    began = clock.now
    clock.pass_(hours=1)
    mine, theirs = Update(user, movement), Update(leader, movement, "did it")
    for update in (mine, theirs):
        update.save_to_db()
    seen = movement.dictify(user)
    assert set(seen) == SEEN_BY_ALL | {"subscribed_at", "last_update", "standing", "leaders"}
    assert (seen["subscribed"], seen["subscribed_at"]) == (True, began)
    shown = {"id": mine.id, "time_stamp": clock.now, "message": None, "late": False}
    assert seen["last_update"] == shown
    assert seen["leaders"] == [
        {
            "id": leader.id,
            "username": leader.username,
            "bio": "I floss",
            "avatar": leader.avatar,
            "last_update": shown | {"id": theirs.id, "message": "did it"},
            "done": True,
            "streak": 1,
            "amount": None,
            "still": None,
            "paused_until": None,
        }
    ]
    midnight = clock.now.replace(hour=0, minute=0, second=0)
    assert seen["standing"] == {
        "turn": {
            "starts_at": max(began, midnight),
            "ends_at": midnight + DAY,
            "done": True,
            "amount": None,
            "still": None,
        },
        "due_at": midnight + 2 * DAY,
        "streak": 1,
        "best_streak": 1,
        "done_turns": 1,
        "turns": 1,
        "lately": {"done_turns": 1, "turns": 1},
        "paused_until": None,
    }


def test_a_leader_who_never_posted_has_no_last_update(make_movement, make_user):
    user, leader = make_user(), make_user()
    seen = make_movement(user, leader).dictify(user)
    assert seen["last_update"] is None
    assert seen["leaders"][0]["last_update"] is None


def test_last_updates_are_those_of_this_movement(make_movement, make_user):
    user, leader = make_user(), make_user()
    here, there = make_movement(user, leader), make_movement(user, leader)
    for one in (user, leader):
        Update(one, there).save_to_db()
    seen = here.dictify(user)
    assert seen["last_update"] is seen["leaders"][0]["last_update"] is None
    assert here.dictify(leader)["leaders"][0]["last_update"] is None


def test_leaders_are_seen_in_the_order_of_their_slots(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=6)
    seen = [leader["id"] for leader in movement.dictify(user)["leaders"]]
    assert seen == list(arrows_of(movement.id)[user.id].values())


def test_a_former_member_is_an_outsider_even_with_updates(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=3)
    Update(user, movement).save_to_db()
    movement.remove_user(user)
    assert set(movement.dictify(user)) == SEEN_BY_ALL
    for other in movement.users:
        assert user.id not in [leader["id"] for leader in movement.dictify(other)["leaders"]]


def test_pending_changes_are_visible(make_movement, make_user):
    user = make_user()
    movement = make_movement(members=3)
    movement.name = "renamed"
    movement.add_user(user)
    seen = movement.dictify(user)
    assert (seen["name"], seen["member_count"], len(seen["leaders"])) == ("renamed", 4, 3)


# -- deleting -------------------------------------------------------------------------------


def test_deleting_a_movement_deletes_its_rows_and_no_others(make_movement, make_user):
    creator, user, *others = (make_user() for _ in range(7))
    gone = make_movement(user, *others, creator=creator)
    kept = make_movement(user, *others, creator=creator)
    for movement in (gone, kept):
        Update(user, movement).save_to_db()
    gone_id, kept_id, before = gone.id, kept.id, arrows_of(kept.id)
    gone.delete_from_db()
    assert Movement.find_by_id(gone_id) is None
    for model in (Subscription, MovementUserAssociation, Update):
        assert set(db.session.scalars(sa.select(model.movement_id))) == {kept_id}
    assert arrows_of(kept_id) == before
    assert (user.movements, creator.created_movements) == ([kept], [kept])
    assert violations() == []


def test_updates_of_former_members_go_with_the_movement(make_movement, make_user):
    user = make_user()
    movement = make_movement(user, members=1)
    Update(user, movement).save_to_db()
    movement.remove_user(user)
    movement.save_to_db()
    movement.delete_from_db()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Update)) == 0


def test_an_empty_movement_can_be_deleted(make_movement):
    movement = make_movement(name="flossing")
    movement.delete_from_db()
    assert Movement.find_by_name("flossing") is None


def test_deleting_a_movement_is_one_commit(make_movement, commits):
    movement = make_movement(members=3)
    commits.clear()
    movement.delete_from_db()
    assert len(commits) == 1


# -- searching ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["FLOSS", "\u017ftrings", "ÅNG", "100%", "a_b", "\\"])
def test_names_and_descriptions_are_searched_in_any_case(make_movement, text):
    movement = make_movement(name="Flossing")
    movement.short_description, movement.description = "with Strings", "Ång 100% a_b \\"
    movement.save_to_db()
    make_movement(name="Walking 100 aXb")
    assert db.session.scalars(sa.select(Movement).where(Movement.mentions(text))).all() == [
        movement
    ]


def test_view_query_selects_the_movements_of_a_user(make_movement, make_user):
    user = make_user()
    movement, other = make_movement(user), make_movement(members=1)
    for subscribed, expected in (None, [movement, other]), (True, [movement]), (False, [other]):
        query = Movement.view_query(subscribed=subscribed)
        rows = db.session.execute(query, {"caller_id": user.id})
        assert sorted(row.id for row in rows) == [one.id for one in expected]


def test_members_are_all_with_their_leaders_and_whether_they_were_active(make_movement, clock):
    movement = make_movement(members=7)
    clock.pass_(days=4)
    active = movement.users[0]
    Update(active, movement).save_to_db()
    members = list(movement.members())
    slots = arrows_of(movement.id)
    assert {one.user_id: one.leaders for one in members} == {
        member: list(mine.values()) for member, mine in slots.items()
    }
    assert [one.user_id for one in members if one.active] == [active.id]
