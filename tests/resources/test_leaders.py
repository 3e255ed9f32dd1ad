"""A member's leaders and followers in a movement."""

import pytest

from gridt.models import MovementUserAssociation
from gridt.runtime.extensions import db

LEADER = {
    "id",
    "username",
    "bio",
    "avatar",
    "last_update",
    "done",
    "streak",
    "amount",
    "still",
    "paused_until",
}


@pytest.fixture
def six(make_user, make_movement, ann):
    """A movement of six with one member to swap for.

    Ann follows four of the five others, so one is left.
    """
    return make_movement(ann, *(make_user() for _ in range(5)))


def leaders(user, movement):
    db.session.expire_all()
    return [leader.id for leader in user.leaders(movement)]


def spare(user, movement):
    (one,) = {other.id for other in movement.users} - {user.id, *leaders(user, movement)}
    return one


def open_slot(user, movement, number=1):
    slot = db.session.get(MovementUserAssociation, (user.id, movement.id, number))
    slot.leader = None
    slot.save_to_db()


# -- swapping -------------------------------------------------------------------------------


def test_a_swap_gives_the_only_other_member(client_of, ann, six):
    before, expected = leaders(ann, six), spare(ann, six)

    answer = client_of(ann).post(f"/movements/{six.id}/leader/{before[2]}", json={})

    assert answer.status_code == 200
    assert answer.json["id"] == expected
    # a `message` at the top would mean failure to the client
    assert set(answer.json) == LEADER | {"last_signal"}
    assert leaders(ann, six) == [*before[:2], expected, before[3]]


def test_a_swap_never_gives_the_same_person(client_of, ann, six):
    client = client_of(ann)
    for _ in range(12):
        before = leaders(ann, six)
        answer = client.post(f"/movements/{six.id}/leader/{before[0]}")
        assert answer.status_code == 200
        assert answer.json["id"] not in before


def test_a_new_leader_comes_with_their_last_update(client_of, ann, six):
    new = next(user for user in six.users if user.id == spare(ann, six))
    six.post_update(new, "did it").save_to_db()
    old = leaders(ann, six)[0]

    answer = client_of(ann).post(f"/movements/{six.id}/leader/{old}").json

    assert answer["last_signal"] == answer["last_update"]
    assert answer["last_signal"]["message"] == "did it"
    assert answer["last_signal"]["time_stamp"].endswith("+00:00")
    assert "message" not in answer


@pytest.mark.parametrize("members", [2, 5])
def test_a_swap_without_other_members_changes_nothing(
    client_of, make_user, make_movement, ann, members
):
    movement = make_movement(ann, *(make_user() for _ in range(members - 1)))
    before = leaders(ann, movement)

    answer = client_of(ann).post(f"/movements/{movement.id}/leader/{before[0]}")

    assert answer.status_code == 409
    assert leaders(ann, movement) == before


def strangers(ann, six, make_user, make_movement):
    elsewhere = make_movement(ann, make_user())
    return {
        "not followed": spare(ann, six),
        "oneself": ann.id,
        "unknown": 1_000_000,
        "of another movement": leaders(ann, elsewhere)[0],
        "not subscribed": make_user().id,
        "zero": 0,
        "a name": six.users[-1].username,
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_user_who_is_not_followed_here_is_not_found(
    client_of, ann, six, make_user, make_movement, method
):
    before, client = leaders(ann, six), client_of(ann)
    for who, key in strangers(ann, six, make_user, make_movement).items():
        answer = client.open(f"/movements/{six.id}/leader/{key}", method=method)
        assert answer.status_code == 404, who
    assert leaders(ann, six) == before


def test_answers_do_not_reveal_whether_a_user_exists(client_of, ann, six, make_user):
    client, bodies = client_of(ann), set()
    for user_id in (make_user().id, 1_000_000, spare(ann, six)):
        answer = client.get(f"/movements/{six.id}/leader/{user_id}")
        bodies.add(answer.data.replace(answer.headers["X-Request-ID"].encode(), b""))
    assert len(bodies) == 1


@pytest.mark.parametrize("path", ["/leader", "/leader/1", "/followers"])
def test_in_an_unknown_movement_no_leader_is_found(client_of, ann, path):
    method = "GET" if path == "/followers" else "POST"
    assert client_of(ann).open(f"/movements/7{path}", method=method).status_code == 404


# -- open slots -----------------------------------------------------------------------------


def test_an_open_slot_is_filled(client_of, ann, six):
    open_slot(ann, six)
    before = leaders(ann, six)

    answer = client_of(ann).post(f"/movements/{six.id}/leader")

    assert answer.status_code == 201
    assert set(answer.json) == LEADER
    assert answer.json["id"] not in before
    after = leaders(ann, six)
    assert after == [before[0], answer.json["id"], *before[1:]]


def test_without_an_open_slot_there_is_nothing_to_fill(client_of, ann, six):
    before = leaders(ann, six)
    answer = client_of(ann).post(f"/movements/{six.id}/leader")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/no-open-slot")
    assert leaders(ann, six) == before


def test_an_open_slot_stays_open_without_candidates(client_of, make_user, make_movement, ann):
    movement = make_movement(ann, make_user())
    before = leaders(ann, movement)
    answer = client_of(ann).post(f"/movements/{movement.id}/leader")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/nobody-eligible")
    assert leaders(ann, movement) == before


def test_who_is_not_subscribed_has_no_slots(client_of, make_user, six):
    outsider = client_of(make_user())
    assert outsider.post(f"/movements/{six.id}/leader").status_code == 409
    assert outsider.get(f"/movements/{six.id}/followers").status_code == 409


# -- a leader's page ------------------------------------------------------------------------


def test_a_leader_is_shown_with_their_last_ten_messages(client_of, ann, six, clock):
    ben = ann.leaders(six)[0]
    ben.bio = "flosses"
    for number in range(14):
        six.post_update(ben, None if number in {3, 13} else f"message {number}")
        clock.pass_(hours=1)
    ben.save_to_db()

    answer = client_of(ann).get(f"/movements/{six.id}/leader/{ben.id}")

    assert answer.status_code == 200
    assert set(answer.json) == LEADER | {"message_history"}
    assert (answer.json["username"], answer.json["bio"]) == (ben.username, "flosses")
    assert answer.json["avatar"] == ben.avatar
    assert answer.json["last_update"]["message"] is None  # the newest one, without a message
    history = answer.json["message_history"]
    texts = [f"message {number}" for number in (12, 11, 10, 9, 8, 7, 6, 5, 4, 2)]
    assert [update["message"] for update in history] == texts
    assert all(set(update) == {"id", "time_stamp", "message", "late"} for update in history)
    assert all(update["time_stamp"].endswith("+00:00") for update in history)


def test_messages_of_one_moment_are_shown_in_their_order(client_of, ann, six, clock):
    ben = ann.leaders(six)[0]
    for number in range(3):
        six.post_update(ben, str(number))
    ben.save_to_db()
    page = client_of(ann).get(f"/movements/{six.id}/leader/{ben.id}").json
    assert [update["message"] for update in page["message_history"]] == ["2", "1", "0"]
    assert page["last_update"]["message"] == "2"


def test_messages_are_those_of_this_movement(client_of, ann, make_user, make_movement):
    ben = make_user()
    here, there = make_movement(ann, ben), make_movement(ann, ben)
    there.post_update(ben, "there").save_to_db()
    page = client_of(ann).get(f"/movements/{here.id}/leader/{ben.id}").json
    assert (page["message_history"], page["last_update"]) == ([], None)


# -- followers ------------------------------------------------------------------------------


def test_followers_are_shown_as_leaders_are(client_of, ann, six):
    followers = [user for user in six.users if ann.id in leaders(user, six)]
    assert followers
    six.post_update(followers[0], "did it").save_to_db()

    answer = client_of(ann).get(f"/movements/{six.id}/followers")

    assert answer.status_code == 200
    assert {one["id"] for one in answer.json} == {user.id for user in followers}
    assert all(set(one) == LEADER for one in answer.json)
    (first,) = [one for one in answer.json if one["id"] == followers[0].id]
    assert first["last_update"]["message"] == "did it"
    assert first["avatar"] == followers[0].avatar


def test_a_single_member_has_no_followers(client_of, make_movement, ann):
    movement = make_movement(ann)
    answer = client_of(ann).get(f"/movements/{movement.id}/followers")
    assert (answer.status_code, answer.json) == (200, [])
