"""Reports of unwanted content, and admins' acts on them."""

import pytest
import sqlalchemy as sa

from gridt.models import Movement, Report, Update
from gridt.runtime.extensions import db

REASON = {"reason": "not nice", "category": "harassment"}
SHOWN = {
    *("id", "movement_id", "update_id", "reporter", "author", "category", "reason", "snapshot"),
    *("created_at", "closed_at", "closed_by", "resolution"),
}


@pytest.fixture
def movement(make_movement, ann, ben):
    return make_movement(ann, ben, creator=ben, name="Flossing")


@pytest.fixture
def posted(movement, ben):
    update = movement.post_update(ben, "something bad")
    update.save_to_db()
    return update


@pytest.fixture
def admin(client_of, make_user):
    """A client of an admin's."""
    return client_of(make_user("admin", role="admin"))


def test_an_update_of_a_leader_is_reported(client_of, ann, ben, movement, posted, admin):
    address = f"/movements/flossing/updates/{posted.id}/reports"
    answer = client_of(ann).post(address, json=REASON)
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "created_at", "message"}

    (seen,) = admin.get("/admin/reports").json
    assert set(seen) == SHOWN
    assert admin.get(f"/admin/reports/{seen['id']}").json == seen
    assert seen["reporter"] == {"id": ann.id, "username": "ann"}
    assert seen["author"] == {"id": ben.id, "username": "ben"}
    assert (seen["movement_id"], seen["update_id"]) == (movement.id, posted.id)
    assert (seen["category"], seen["reason"]) == ("harassment", "not nice")
    assert seen["snapshot"] == "something bad"


def test_a_movement_is_reported(client_of, make_user, ben, movement, admin):
    answer = client_of(make_user()).post("/movements/flossing/reports", json={"reason": "spam!"})
    assert answer.status_code == 201
    (seen,) = admin.get("/admin/reports").json
    assert (seen["movement_id"], seen["update_id"]) == (movement.id, None)
    assert (seen["category"], seen["author"]["id"]) == ("other", ben.id)
    assert seen["snapshot"].split("\n") == ["Flossing", "something worth doing", ""]


def test_a_report_keeps_the_words_that_were_reported(client_of, ann, ben, movement, posted, admin):
    client = client_of(ann)
    client.post("/movements/flossing/reports", json=REASON)
    client.post(f"/movements/flossing/updates/{posted.id}/reports", json=REASON)
    client_of(ben).patch("/movements/flossing", json={"name": "Harmless"})
    db.session.get_one(Update, posted.id).delete_from_db()
    Movement.find_by_name("Harmless").delete_from_db()
    of_update, of_movement = admin.get("/admin/reports").json
    assert of_update["snapshot"] == "something bad"
    assert of_movement["snapshot"].startswith("Flossing\n")


def test_the_same_is_reported_once_while_that_is_open(client_of, ann, posted, admin):
    client = client_of(ann)
    for address in ("/movements/flossing", f"/movements/flossing/updates/{posted.id}"):
        first, again = (
            client.post(f"{address}/reports", json={"reason": reason}) for reason in "ab"
        )
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json == again.json
        closing = f"/admin/reports/{first.json['id']}/close"
        assert admin.get(closing.removesuffix("/close")).json["reason"] == "a"
        assert admin.post(closing, json={"resolution": "talked to them"}).status_code == 200
        assert client.post(f"{address}/reports", json={"reason": "c"}).status_code == 201


@pytest.mark.parametrize("known", ["somebody else's", "none of the movement", "none at all"])
def test_only_visible_things_can_be_reported(
    client_of, make_user, make_movement, ann, ben, movement, posted, known
):
    caller, number, where = ann, posted.id, "flossing"
    if known == "somebody else's":
        caller = make_user()
        movement.add_user(caller)
        client_of(ben).put(f"/identity/blocks/{caller.id}")
    elif known == "none of the movement":
        where = make_movement(ann).id
    else:
        number += 1
    address = f"/movements/{where}/updates/{number}/reports"
    answer = client_of(caller).post(address, json=REASON)
    assert answer.status_code == 404
    assert answer.json["type"] == "/problems/update-not-found"
    assert db.session.scalar(sa.select(Report.id)) is None


def test_a_blocker_may_still_report_updates_that_they_could_read(
    clock, client_of, make_movement, ann, ben, movement, posted, admin
):
    client, elsewhere = client_of(ann), make_movement(ben)
    unseen = elsewhere.post_update(ben, "elsewhere")
    unseen.save_to_db()
    assert client.put(f"/identity/blocks/{ben.id}").status_code == 200
    elsewhere.add_user(ann)  # a movement where they never met
    db.session.commit()

    address = f"/movements/flossing/updates/{posted.id}"
    answer = client.post(f"{address}/reports", json=REASON)
    assert answer.status_code == 201
    assert client.post(f"{address}/reports", json=REASON).json == answer.json
    (seen,) = admin.get("/admin/reports").json
    assert (seen["snapshot"], seen["author"]["id"]) == ("something bad", ben.id)
    assert client.get(address).status_code == 404  # a report does not let the reporter read again

    clock.pass_(seconds=1)
    later = movement.post_update(ben, "later")
    later.save_to_db()
    for update in (unseen, later):
        address = f"/movements/{update.movement_id}/updates/{update.id}/reports"
        assert client.post(address, json=REASON).status_code == 404


def test_a_blocker_may_not_report_a_stranger(client_of, make_user, ben, movement, posted):
    stranger = make_user()
    movement.add_user(stranger)
    client_of(ben).put(f"/identity/blocks/{stranger.id}")  # so that they do not meet
    client = client_of(stranger)
    assert client.put(f"/identity/blocks/{ben.id}").status_code == 200
    address = f"/movements/flossing/updates/{posted.id}/reports"
    assert client.post(address, json=REASON).status_code == 404


def test_an_admin_closes_a_report(client_of, ann, movement, admin):
    number = client_of(ann).post("/movements/flossing/reports", json=REASON).json["id"]
    answer = admin.post(f"/admin/reports/{number}/close", json={"resolution": "it is fine"})
    assert answer.status_code == 200
    assert answer.json["resolution"] == "it is fine"
    assert answer.json["closed_by"]["username"] == "admin"
    assert answer.json["closed_at"] is not None
    assert admin.get("/admin/reports?state=open").json == []
    assert [one["id"] for one in admin.get("/admin/reports?state=closed").json] == [number]

    again = admin.post(f"/admin/reports/{number}/close", json={"resolution": "it is not"})
    assert (again.status_code, again.json["type"]) == (409, "/problems/report-closed")
    assert db.session.get_one(Report, number).resolution == "it is fine"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "?state=closed"), ("GET", "/{}"), ("POST", "/{}/close"), ("GET", "/0")],
)
def test_only_admins_see_reports(client_of, ann, ben, movement, method, path):
    client = client_of(ann)
    number = client.post("/movements/flossing/reports", json=REASON).json["id"]
    for user in (ann, ben):  # neither the reporter nor the author
        body = {"json": {"resolution": "never mind"}} if method == "POST" else {}
        answer = client_of(user).open(f"/admin/reports{path}".format(number), method=method, **body)
        assert answer.status_code == 403


@pytest.mark.parametrize("state", ["open", "closed"])
def test_admins_list_the_reports_of_one_reporter(
    client_of, make_user, make_movement, ann, ben, admin, state
):
    numbers = {}
    for reporter in (ann, ben):
        client = client_of(reporter)
        numbers[reporter.id] = [
            client.post(f"/movements/{make_movement().id}/reports", json=REASON).json["id"]
            for _ in range(3)
        ][::-1]
    if state == "closed":
        for number in [one for mine in numbers.values() for one in mine]:
            admin.post(f"/admin/reports/{number}/close", json={"resolution": "done"})

    path = f"/admin/reports?state={state}&reporter={ann.id}"
    first = admin.get(f"{path}&limit=2")
    second = admin.get(first.headers["Link"].removeprefix("<").partition(">")[0])
    assert [one["id"] for one in (*first.json, *second.json)] == numbers[ann.id]
    assert admin.get(f"/admin/reports?state={state}&reporter={make_user().id}").json == []
    for wrong in ("0", "ann", "-1", str(2**31)):
        assert admin.get(f"/admin/reports?reporter={wrong}").status_code == 422
