"""Joining and leaving movements, and the list of subscriptions."""

from urllib.parse import quote

import pytest
from sqlalchemy import select

from gridt.models import MovementUserAssociation, Subscription
from gridt.runtime.extensions import db


def leaders_by_follower(movement):
    db.session.expire_all()
    return {user.id: {one.id for one in user.leaders(movement)} for user in movement.users}


@pytest.mark.parametrize("by", ["id", "name"])
def test_put_subscribes(client_of, make_movement, make_user, ann, by):
    ben = make_user()
    movement = make_movement(ben, name="Flößen & more")
    key = movement.id if by == "id" else quote(movement.name)
    client = client_of(ann)

    answer = client.put(f"/movements/{key}/subscriber", json={})

    assert answer.status_code == 200
    assert isinstance(answer.json["message"], str)
    assert answer.json["subscribed"] is True
    assert answer.json["member_count"] == 2
    assert [leader["id"] for leader in answer.json["leaders"]] == [ben.id]
    seen = client.get(f"/movements/{key}").json
    # only where the published client reads them
    for described in (seen, *seen["leaders"]):
        del described["last_signal_sent" if described is seen else "last_signal"]
    assert seen | {"message": answer.json["message"]} == answer.json
    assert leaders_by_follower(movement) == {ann.id: {ben.id}, ben.id: {ann.id}}


def test_put_twice_is_once(client_of, make_movement, make_user, ann):
    movement = make_movement(*(make_user() for _ in range(6)))
    client = client_of(ann)
    first = client.put(f"/movements/{movement.id}/subscriber")
    before = leaders_by_follower(movement)

    second = client.put(f"/movements/{movement.id}/subscriber")

    assert (second.status_code, second.json) == (200, first.json)
    assert len(first.json["leaders"]) == 4
    assert leaders_by_follower(movement) == before
    assert movement.member_count == 7


def test_delete_unsubscribes_and_followers_get_others(client_of, make_movement, make_user, ann):
    others = [make_user() for _ in range(6)]
    movement = make_movement(ann, *others)
    client = client_of(ann)

    answer = client.delete(f"/movements/{movement.id}/subscriber")

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    after = leaders_by_follower(movement)
    assert set(after) == {user.id for user in others}
    assert all(len(leaders) == 4 and ann.id not in leaders for leaders in after.values())
    seen = client.get(f"/movements/{movement.id}").json
    assert (seen["subscribed"], seen["member_count"]) == (False, 6)
    assert "leaders" not in seen


def test_delete_twice_is_once(client_of, make_movement, make_user, ann):
    movement = make_movement(make_user(), ann)
    client = client_of(ann)
    for _ in range(2):
        answer = client.delete(f"/movements/{movement.id}/subscriber")
        assert (answer.status_code, set(answer.json)) == (200, {"message"})
    db.session.expire_all()
    assert movement.member_count == 1
    mine = select(MovementUserAssociation).filter_by(follower_id=ann.id)
    assert db.session.scalars(mine).all() == []


def test_a_member_who_comes_back_finds_their_last_update(client_of, make_movement, ann):
    movement = make_movement(ann, creator=ann)
    movement.post_update(ann, "before").save_to_db()
    client = client_of(ann)
    client.delete(f"/movements/{movement.id}/subscriber")

    answer = client.put(f"/movements/{movement.id}/subscriber")

    assert answer.json["last_update"]["message"] == "before"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unknown_movement_is_not_joined_nor_left(client_of, ann, method):
    for key in ("7", "no such movement"):
        answer = client_of(ann).open(f"/movements/{quote(key)}/subscriber", method=method)
        assert answer.status_code == 404
    assert db.session.scalars(select(Subscription)).all() == []


def test_the_list_has_the_callers_movements_with_leaders(client_of, make_movement, make_user, ann):
    ben, carla = make_user(), make_user()
    mine = [make_movement(ann, ben), make_movement(ann, carla)]
    make_movement(ben, carla)
    client = client_of(ann)

    answer = client.get("/movements/subscriptions")

    assert answer.status_code == 200
    assert [one["id"] for one in answer.json] == [movement.id for movement in mine]
    leaders = [[leader["id"] for leader in one["leaders"]] for one in answer.json]
    assert leaders == [[ben.id], [carla.id]]
    assert answer.json == [client.get(f"/movements/{movement.id}").json for movement in mine]


def test_a_user_without_movements_has_an_empty_list(client_of, make_movement, make_user, ann):
    make_movement(make_user())
    answer = client_of(ann).get("/movements/subscriptions")
    assert (answer.status_code, answer.json) == (200, [])
