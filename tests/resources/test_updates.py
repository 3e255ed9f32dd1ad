"""Posting and reading updates."""

import pytest
from sqlalchemy import select

from gridt.models import MovementUserAssociation, Subscription, Update
from gridt.runtime.extensions import db


@pytest.fixture
def movement(make_movement, ann, ben):
    return make_movement(ann, ben, name="Flossing")


def posted() -> list[tuple]:
    db.session.expire_all()
    updates = select(Update.leader_id, Update.message).order_by(Update.id)
    return [tuple(row) for row in db.session.execute(updates)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"json": {"message": "did it"}}, "did it"),
        ({"json": {"message": "x" * 280}}, "x" * 280),
        ({"json": {"message": None}}, None),
        ({"json": {"message": ""}}, None),
        ({"json": {}}, None),
        ({}, None),
        ({"content_type": "text/plain"}, None),
    ],
)
@pytest.mark.parametrize("alias", ["updates", "update", "signal"])
def test_an_update_with_or_without_words(client_of, ann, movement, alias, body, message):
    client = client_of(ann)

    answer = client.post(f"/movements/{movement.id}/{alias}", **body)

    assert answer.status_code == 201
    assert posted() == [(ann.id, message)]
    seen = client.get(f"/movements/{movement.id}").json["last_update"]
    assert seen["message"] == message
    if alias == "updates":
        assert answer.json == seen | {"counted": None}
        assert set(seen) == {"id", "time_stamp", "message", "late"}
        assert seen["time_stamp"].endswith("+00:00")
        assert client.get(answer.headers["Location"]).json == seen
    else:
        assert set(answer.json) == {"message"}
        assert len(answer.json["message"]) > 1


@pytest.mark.parametrize("alias", ["updates", "update", "signal"])
@pytest.mark.parametrize(("key", "status"), [("flossing", 409), ("nothing", 404), ("7777", 404)])
def test_only_members_post(client_of, make_user, movement, alias, key, status):
    answer = client_of(make_user()).post(f"/movements/{key}/{alias}")
    assert answer.status_code == status
    assert posted() == []


def test_own_updates_are_listed_newest_first(client_of, ann, ben, movement, clock):
    for user, message in ((ann, "first"), (ben, "his"), (ann, "second"), (ann, None)):
        movement.post_update(user, message)
        clock.pass_(minutes=5)
    movement.save_to_db()
    client = client_of(ann)

    answer = client.get("/movements/flossing/updates")

    assert answer.status_code == 200
    assert [update["message"] for update in answer.json] == [None, "second", "first"]
    assert all(update["time_stamp"].endswith("+00:00") for update in answer.json)
    for query in ("?user=me", f"?user={ann.id}"):
        assert client.get(f"/movements/flossing/updates{query}").json == answer.json


def test_a_leaders_are_listed_here_and_not_elsewhere(
    client_of, ann, ben, movement, make_movement, make_user
):
    make_movement(ann, make_user(), name="Reading")
    movement.post_update(ben, "his").save_to_db()
    client = client_of(ann)

    listed = client.get(f"/movements/flossing/updates?user={ben.id}")

    assert [update["message"] for update in listed.json] == ["his"]
    for key, user in (("reading", ben.id), ("flossing", make_user().id), ("flossing", 10**6)):
        assert client.get(f"/movements/{key}/updates?user={user}").status_code == 404


def test_a_followers_are_not_listed(client_of, make_user, make_movement):
    me, *others = [make_user() for _ in range(6)]
    movement = make_movement(me, *others)
    (follower,) = set(others) - set(me.leaders(movement))
    if me not in follower.leaders(movement):
        slot = db.session.get(MovementUserAssociation, (follower.id, movement.id, 0))
        slot.leader = me
        slot.save_to_db()
    movement.post_update(follower, "for my followers").save_to_db()

    answer = client_of(me).get(f"/movements/{movement.id}/updates?user={follower.id}")

    assert answer.status_code == 404
    update_id = db.session.scalar(select(Update.id))
    one = client_of(me).get(f"/movements/{movement.id}/updates/{update_id}")
    assert one.status_code == 404


def test_own_updates_can_be_read_after_leaving(client_of, ann, movement):
    movement.post_update(ann, "once").save_to_db()
    movement.remove_user(ann)
    movement.save_to_db()
    answer = client_of(ann).get("/movements/flossing/updates")
    assert [update["message"] for update in answer.json] == ["once"]


def test_an_author_deletes_an_own_update(client_of, ann, movement, clock):
    for message in ("first", "second"):
        movement.post_update(ann, message)
        clock.pass_(minutes=1)
    movement.save_to_db()
    client = client_of(ann)
    second, first = client.get("/movements/flossing/updates").json

    answer = client.delete(f"/movements/flossing/updates/{second['id']}")

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    assert posted() == [(ann.id, "first")]
    assert client.get("/movements/flossing").json["last_update"] == first
    assert client.delete(f"/movements/flossing/updates/{second['id']}").status_code == 404
    assert client.delete(f"/movements/flossing/updates/{first['id']}").status_code == 200
    assert client.get("/movements/flossing").json["last_update"] is None
    assert db.session.scalars(select(Subscription.last_update_at)).all() == [None, None]


def test_nobody_takes_back_anothers(client_of, ann, ben, movement, make_movement):
    elsewhere = make_movement(ann)
    hers, his = movement.post_update(ann, "hers"), movement.post_update(ben, "his")
    movement.save_to_db()
    client = client_of(ann)
    for path in (
        f"/movements/flossing/updates/{his.id}",
        f"/movements/{elsewhere.id}/updates/{hers.id}",
        "/movements/flossing/updates/1000000",
        f"/movements/nothing/updates/{hers.id}",
    ):
        assert client.delete(path).status_code == 404, path
    assert posted() == [(ann.id, "hers"), (ben.id, "his")]
