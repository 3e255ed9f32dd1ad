"""Users: making, verifying, finding and deleting them, and their leaders."""

import hashlib
from inspect import Parameter, signature

import pytest
import sqlalchemy as sa
from passlib.hash import pbkdf2_sha256

from gridt.models import Login, Movement, MovementUserAssociation, Subscription, Update, User
from gridt.runtime.extensions import db
from tests.networks import arrows_of, violations


def count(model, *where):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*where))


# -- making ---------------------------------------------------------------------------------


def test_the_constructor_takes_username_email_password_and_role():
    parameters = signature(User).parameters.values()
    assert [(one.name, one.default) for one in parameters] == [
        ("username", Parameter.empty),
        ("email", Parameter.empty),
        ("password", Parameter.empty),
        ("role", "user"),
    ]


def test_a_new_user_has_everything_it_needs(database, clock):
    user = User("Robin", "Robin@Example.org", "a good password")
    assert (user.username, user.email, user.role) == ("Robin", "Robin@Example.org", "user")
    assert (user.bio, user.time_zone, user.created_at) == ("", "UTC", clock.now)
    assert not user.is_admin


def test_a_role_can_be_given(database):
    assert User("root", "root@example.org", "a good password", "admin").is_admin
    assert User("root", "root@example.org", "a good password", role="admin").role == "admin"


def test_a_user_is_not_there_before_being_saved(database, commits):
    user = User("robin", "robin@example.org", "a good password")
    assert (count(User), len(commits)) == (0, 0)
    user.save_to_db()
    assert (count(User), len(commits)) == (1, 1)
    db.session.expire_all()
    assert User.find_by_id(user.id) is user


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("ROBIN", "other@example.org"),
        ("other", "Robin@EXAMPLE.org"),
        ("\uff52\uff4f\uff42\uff49\uff4e", "o@example.org"),
    ],
)
def test_the_database_refuses_a_name_or_email_that_is_taken(make_user, username, email):
    make_user("robin")
    with pytest.raises(sa.exc.IntegrityError):
        User(username, email, "a good password").save_to_db()
    db.session.rollback()
    assert count(User) == 1


def test_a_renamed_user_is_found_by_the_new_name_only(make_user):
    user = make_user("robin")
    user.username, user.email = "Jörn", "Jörn@example.org"
    user.save_to_db()
    assert User.find_by_name("jörn") is user
    assert User.find_by_email("JÖRN@example.org") is user
    assert User.find_by_name("robin") is None
    assert User.find_by_email("robin@example.org") is None


def test_the_avatar_is_the_md5_of_the_email_as_gravatar_expects(make_user):
    user = make_user(email=" Robin@Example.ORG ")
    expected = hashlib.md5(b"robin@example.org", usedforsecurity=False).hexdigest()
    assert user.avatar == expected


# -- passwords ------------------------------------------------------------------------------


def test_the_password_is_kept_as_a_hash(make_user):
    user = make_user()
    user.hash_password("a good password")
    assert "a good password" not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")


def test_two_hashes_of_one_password_differ(make_user):
    ann, ben = make_user(), make_user()
    ann.hash_password("a good password")
    ben.hash_password("a good password")
    assert ann.password_hash != ben.password_hash


def test_verify_password_accepts_the_right_password_only(make_user):
    user = make_user()
    user.hash_password("a good password")
    assert user.verify_password("a good password") is True
    for wrong in ("A good password", "a good password ", "", "\0", "x" * 1000, user.password_hash):
        assert user.verify_password(wrong) is False


def test_a_new_password_replaces_the_old(make_user):
    user = make_user()
    user.hash_password("the first one")
    user.hash_password("the second one")
    assert user.verify_password("the second one")
    assert not user.verify_password("the first one")


def test_a_password_typed_on_another_keyboard_is_the_same(make_user):
    user = make_user()
    user.hash_password("cafe\u0301 au lait")
    assert user.verify_password("caf\u00e9 au lait")


def test_verifying_leaves_a_present_day_hash(make_user):
    user = make_user()
    before = user.password_hash
    user.hash_password("a good password")
    assert user.password_hash != before
    kept = user.password_hash
    assert user.verify_password("a good password")
    assert user.password_hash == kept


def test_an_older_hash_works_and_is_renewed_when_the_password_is_right(make_user):
    old = pbkdf2_sha256.using(rounds=1000).hash("a good password")
    user = make_user(password_hash=old)
    assert not user.verify_password("a wrong password")
    assert user.password_hash == old
    assert user.verify_password("a good password")
    assert user.password_hash.startswith("$argon2id$")
    assert user.verify_password("a good password")


# -- finding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "Ångström",
        "ångström",
        "ÅNGSTRÖM",
        "A\u030angstro\u0308m",
        "\u212bngstro\u0308m",
        "\uff21\u030angström",
    ],
)
def test_a_user_is_found_however_the_name_is_written(make_user, written):
    user = make_user("Ångström")
    assert User.find_by_name(written) is user
    assert User.find_by_email(f"{written}@EXAMPLE.org") is user
    assert user.username == "Ångström"


@pytest.mark.parametrize("name", ["", "robi", "robin ", "%", "_____", "rob*", "robin@example.org"])
def test_no_user_is_found_by_another_name(make_user, name):
    make_user("robin")
    assert User.find_by_name(name) is None


def test_find_by_email_finds_no_name(make_user):
    make_user("robin")
    assert User.find_by_email("robin") is None


def test_find_by_login_takes_a_name_or_an_email_address(make_user):
    user = make_user("robin")
    assert User.find_by_login("ROBIN") is user
    assert User.find_by_login("Robin@Example.org") is user
    assert User.find_by_login("nobody") is None


def test_an_email_address_goes_before_a_name_that_looks_like_it(make_user):
    owner = make_user("robin")
    impostor = make_user("robin@example.org", email="impostor@example.org")
    assert User.find_by_login("robin@example.org") is owner
    assert User.find_by_name("robin@example.org") is impostor


# -- movements and leaders ------------------------------------------------------------------


def test_movements_are_those_subscribed_to(make_user, make_movement):
    user = make_user()
    first, _other, second = make_movement(user), make_movement(members=1), make_movement(user)
    created = make_movement(creator=user)
    assert user.movements == [first, second]
    assert created not in user.movements


def test_movements_keep_step_with_joining_and_leaving(make_user, make_movement):
    user, movement = make_user(), make_movement()
    assert user.movements == []
    movement.add_user(user)
    assert user.movements == [movement]
    movement.remove_user(user)
    assert user.movements == []


def test_leaders_are_those_of_the_movement_asked_for(make_user, make_movement):
    ann, ben, carl = make_user(), make_user(), make_user()
    here, there = make_movement(ann, ben), make_movement(ann, carl)
    assert ann.leaders(here) == [ben]
    assert ann.leaders(there) == [carl]
    assert ben.leaders(there) == []


def test_leaders_come_in_the_order_of_their_slots(make_user, make_movement):
    user = make_user()
    movement = make_movement(user, members=7)
    slots = arrows_of(movement.id)[user.id]
    assert [leader.id for leader in user.leaders(movement)] == [slots[slot] for slot in range(4)]


def test_follower_associations_are_the_slots_where_the_user_follows(make_user, make_movement):
    ann, ben = make_user(), make_user()
    movement, other = make_movement(ann, ben), make_movement(ann)
    mine = ann.follower_associations
    assert {type(one) for one in mine} == {MovementUserAssociation}
    assert [(one.movement, one.follower, one.slot) for one in mine] == [
        (where, ann, slot) for where in (movement, other) for slot in range(4)
    ]
    assert [one.leader for one in mine] == [ben, *[None] * 7]


def test_follower_associations_keep_step_with_joining_and_leaving(make_user, make_movement):
    user, movement = make_user(), make_movement(members=5)
    assert user.follower_associations == []
    movement.add_user(user)
    assert len(user.follower_associations) == 4
    movement.remove_user(user)
    assert user.follower_associations == []


# -- deleting -------------------------------------------------------------------------------


def test_deleting_a_user_gives_the_followers_other_leaders(make_user, make_movement):
    user = make_user()
    here, there = make_movement(user, members=9), make_movement(user, members=3)
    gone = user.id
    for movement in (here, there):
        assert any(gone in slots.values() for slots in arrows_of(movement.id).values())
    user.delete_from_db()
    assert violations() == []
    assert (here.member_count, there.member_count) == (9, 3)
    for movement in (here, there):
        assert not any(gone in slots.values() for slots in arrows_of(movement.id).values())
    assert User.find_by_id(gone) is None


def test_deleting_a_user_deletes_their_rows_and_no_others(make_user, make_movement):
    ann, ben = make_user(), make_user()
    movement = make_movement(ann, ben)
    for user in (ann, ben):
        Update(user, movement, "done").save_to_db()
        Login(user.id).save_to_db()
    gone, ben_id = ann.id, ben.id
    ann.delete_from_db()
    assert db.session.scalars(sa.select(Update.leader_id)).all() == [ben_id]
    assert db.session.scalars(sa.select(Login.user_id)).all() == [ben_id]
    assert db.session.scalars(sa.select(Subscription.user_id)).all() == [ben_id]
    assert count(MovementUserAssociation, MovementUserAssociation.leader_id == gone) == 0
    assert set(arrows_of(movement.id)) == {ben_id}


def test_updates_in_movements_left_long_ago_are_deleted_as_well(make_user, make_movement):
    user = make_user()
    movement = make_movement(user, members=2)
    Update(user, movement).save_to_db()
    movement.remove_user(user)
    movement.save_to_db()
    user.delete_from_db()
    assert count(Update) == 0


def test_created_movements_stay_without_creator(make_user, make_movement):
    user = make_user()
    movement = make_movement(user, make_user(), creator=user)
    other = make_movement(creator=make_user())
    assert user.created_movements == [movement]
    user.delete_from_db()
    assert Movement.find_by_id(movement.id) is movement
    assert (movement.creator, movement.creator_id, movement.member_count) == (None, None, 1)
    assert other.creator is not None


def test_a_user_who_did_nothing_is_deleted_too(make_user):
    user = make_user("robin")
    user.delete_from_db()
    assert User.find_by_name("robin") is None


def test_the_name_of_a_deleted_user_is_free_again(make_user):
    old = make_user("robin")
    id = old.id
    old.delete_from_db()
    assert make_user("robin").id != id


def test_deleting_is_one_commit(make_user, make_movement, commits):
    user = make_user()
    for _ in range(3):
        make_movement(user, members=2)
    commits.clear()
    user.delete_from_db()
    assert len(commits) == 1
