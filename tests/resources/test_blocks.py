"""Blocking users."""

import pytest

from gridt.models import Block
from gridt.runtime.extensions import db


def leaders(user, movement):
    db.session.expire_all()
    return {leader.id for leader in user.leaders(movement)}


def test_a_blocked_user_neither_leads_nor_follows(client_of, make_user, make_movement, ann, ben):
    movement = make_movement(ann, ben, *(make_user() for _ in range(3)))
    assert ben.id in leaders(ann, movement)
    assert ann.id in leaders(ben, movement)

    answer = client_of(ann).put(f"/identity/blocks/{ben.id}")

    assert answer.status_code == 200
    assert set(answer.json) == {"id", "username", "blocked_at", "message"}
    assert (answer.json["id"], answer.json["username"]) == (ben.id, "ben")
    for one, other in ((ann, ben), (ben, ann)):
        client = client_of(one)
        seen = client.get(f"/movements/{movement.id}").json["leaders"]
        assert other.id not in {leader["id"] for leader in seen}
        followers = client.get(f"/movements/{movement.id}/followers").json
        assert other.id not in {follower["id"] for follower in followers}
        assert client.get(f"/movements/{movement.id}/leader/{other.id}").status_code == 404
        assert client.post(f"/movements/{movement.id}/leader").status_code == 409


def test_a_blocked_user_gets_the_usual_answers(client_of, make_user, make_movement, ann, ben):
    """A blocked user gets the same words as others.

    The words are the same when no member is eligible, whether a block is the cause or not.
    """
    others = [make_user() for _ in range(4)]
    alone, kept = make_movement(ben, *others), make_movement(ben, ann, *others[:3])
    kept_too = make_movement(ben, *others)
    kept_too.add_user(ann)
    kept_too.save_to_db()
    client_of(ann).put(f"/identity/blocks/{ben.id}")
    client = client_of(ben)
    answers = []
    for movement in (alone, kept_too):
        leader = next(iter(leaders(ben, movement)))
        answer = client.post(f"/movements/{movement.id}/leader/{leader}")
        answers.append({**answer.json, "request_id": None})
    answers.append({**client.post(f"/movements/{kept.id}/leader").json, "request_id": None})
    assert [one["type"] for one in answers] == ["/problems/nobody-eligible"] * 3
    assert answers[0] == answers[1]
    assert client.get("/identity/blocks").json == []


def test_blocks_are_listed_and_removed(client_of, make_user, ann, ben):
    client, cat = client_of(ann), make_user("cat")
    for user in (cat, ben, ben):
        assert client.put(f"/identity/blocks/{user.id}").status_code == 200
    listed = client.get("/identity/blocks").json
    assert [one["username"] for one in listed] == ["ben", "cat"]
    assert set(listed[0]) == {"id", "username", "blocked_at"}
    assert client_of(cat).get("/identity/blocks").json == []
    for _ in range(2):
        assert client.delete(f"/identity/blocks/{ben.id}").status_code == 200
    assert [one["username"] for one in client.get("/identity/blocks").json] == ["cat"]


def test_only_the_blocker_can_remove_a_block(client_of, ann, ben):
    client_of(ann).put(f"/identity/blocks/{ben.id}")
    assert client_of(ben).delete(f"/identity/blocks/{ann.id}").status_code == 200
    assert db.session.get(Block, (ann.id, ben.id)) is not None


def test_no_user_blocks_themselves(client_of, ann):
    answer = client_of(ann).put(f"/identity/blocks/{ann.id}")
    assert answer.status_code == 422
    assert answer.json["message"] == "You cannot block yourself."
    (wrong,) = answer.json["errors"]
    assert (wrong["pointer"], wrong["in"], wrong["code"]) == ("#/user", "path", "yourself")


@pytest.mark.parametrize("name", ["ben", "0", "99999999"])
def test_an_unknown_user_cannot_be_blocked(client_of, ann, ben, name):
    for method in ("PUT", "DELETE"):
        answer = client_of(ann).open(f"/identity/blocks/{name}", method=method)
        assert answer.status_code == 404
        assert answer.json["type"] == "/problems/user-not-found"
