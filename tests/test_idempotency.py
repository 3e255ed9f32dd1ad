"""`Idempotency-Key`: a repeated request gets the first answer."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from gridt.errors import Busy, Overtaken
from gridt.jobs import run_until_idle
from gridt.models import IdempotencyKey, Job, Movement, Update, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock, OwnContextClient, checked_app, logged_in
from tests.databases import postgresql_only, same_on_both
from tests.invitations import plant_group
from tests.networks import make_movements, people, plant, ring
from tests.test_concurrency import at_once

NEW_USER = {"username": "new", "email": "new@example.org", "password": PASSWORD}
NEW_MOVEMENT = {"name": "walking", "interval": "daily", "short_description": "a walk each day"}
#: every operation that takes the header, and a request that succeeds
REPEATABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "POST /register": ("/register", {"json": NEW_USER}),
    "POST /movements": ("/movements", {"json": NEW_MOVEMENT}),
    "POST /movements/{movement}/updates": ("/movements/{id}/updates", {"json": {"message": "!"}}),
    "POST /movements/{movement}/update": ("/movements/{id}/update", {}),
    "POST /movements/{movement}/signal": ("/movements/{id}/signal", {}),
    "POST /movements/{movement}/updates/import": (
        "/movements/{id}/updates/import",
        {"data": "date\n2020-01-01\n", "content_type": "text/csv"},
    ),
    "POST /movements/{movement}/leader": ("/movements/{open}/leader", {}),
    "POST /movements/{movement}/leader/{user}": ("/movements/{id}/leader/{leader}", {}),
    "POST /movements/{movement}/reports": ("/movements/{id}/reports", {"json": {"reason": "!"}}),
    "POST /movements/{movement}/updates/{update}/reports": (
        "/movements/{id}/updates/{update}/reports",
        {"json": {"reason": "!"}},
    ),
    "POST /identity/calendar": ("/identity/calendar", {}),
    "POST /admin/invitations": ("/admin/invitations", {"json": {"label": "The rowing club"}}),
    "POST /organisations": ("/organisations", {"json": {"name": "Nurses"}}),
    "POST /groups/{group}/groups": (
        "/groups/{group}/groups",
        {"json": {"kind": "team", "name": "Night shift"}},
    ),
    "POST /groups/{group}/invitations": ("/groups/{group}/invitations", {"json": {}}),
}
#: these show a secret, which is created once, and not shown again
SECRETS = (
    "POST /identity/calendar",
    "POST /admin/invitations",
    "POST /groups/{group}/invitations",
)
#: tables that a repeated request must not add rows to
TABLES = (
    "users movements subscriptions updates reports movement_user_associations audit_entries"
    " invitations groups"
)


@pytest.fixture
def me(make_user: Callable[..., User]) -> User:
    return make_user("me")


@pytest.fixture
def mine(client_of: Callable[[User], OwnContextClient], me: User) -> OwnContextClient:
    return client_of(me)


@pytest.fixture
def places(
    make_movement: Callable[..., Movement], me: User, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """The things that the paths above name."""
    monkeypatch.setitem(app.config, "GROUPS", True)
    movement, open_slot = make_movement(), make_movement()
    members = people(6)
    plant(movement, ring([me.id, *members]))
    plant(open_slot, ring([me.id, *members]) | {me.id: members[:2]})
    leader = db.session.get(User, members[0])
    assert leader is not None
    posted = movement.post_update(leader)
    posted.save_to_db()
    group, _ = plant_group(me)
    return {
        "id": movement.id,
        "open": open_slot.id,
        "leader": leader.id,
        "update": posted.id,
        "group": group,
    }


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


def rows() -> dict[str, int]:
    tables = db.metadata.tables
    return {
        name: db.session.scalar(sa.select(sa.func.count()).select_from(tables[name])) or 0
        for name in TABLES.split()
    }


def content(answer: TestResponse) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.data, answer.headers.get("Location")


@same_on_both
def test_every_operation_that_creates_names_the_header(client: OwnContextClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    naming, creating = set(), set()
    for path, operations in paths.items():
        operation = operations.get("post", {})
        parameters = {each["name"] for each in operation.get("parameters", []) if "name" in each}
        if "Idempotency-Key" in parameters:
            naming.add(f"POST {path}")
            assert {"409", "422"} <= operation["responses"].keys()
        if "201" in operation.get("responses", {}):
            creating.add(f"POST {path}")
    assert creating <= naming == REPEATABLE.keys()


@pytest.mark.parametrize("operation", REPEATABLE)
def test_the_first_answer_comes_again_and_nothing_happens_twice(
    mine: OwnContextClient, me: User, places: dict[str, int], commits: list[Any], operation: str
) -> None:
    path, options = REPEATABLE[operation]
    if path in {"/admin/invitations", "/organisations"}:
        me.role = "admin"
        me.save_to_db()
    call = partial(mine.post, path.format_map(places), headers=keyed(), **options)
    commits.clear()
    first = call()
    assert first.status_code in {200, 201}, first.text
    assert len(commits) == 1, "the change and the answer are one transaction"
    created = rows()

    for _ in range(2):
        again = call()
        if operation in SECRETS:
            assert (again.status_code, again.json["type"]) == (409, "/problems/already-created")
            place = path.format_map(places)
            assert again.headers["Location"] == place
            assert mine.get(place).status_code == 200
            if operation == "POST /identity/calendar":
                assert mine.get(path).json["since"] == first.json["since"]
        else:
            assert content(again) == content(first)
            assert again.content_type == first.content_type
    assert rows() == created
    assert len(commits) == 1


def test_no_secret_is_stored(mine: OwnContextClient) -> None:
    secret = mine.post("/identity/calendar", headers=keyed()).json["url"]
    mine.post("/register", json=NEW_USER, headers=keyed())
    stored = repr(db.session.execute(sa.select(*IdempotencyKey.__table__.columns)).all())
    assert secret not in stored
    assert PASSWORD not in stored


def test_another_request_with_the_same_key_is_refused(
    mine: OwnContextClient, places: dict[str, int]
) -> None:
    path, headers = "/movements/{id}/updates".format_map(places), keyed()
    assert mine.post(path, json={"message": "one"}, headers=headers).status_code == 201
    other = "/movements/{open}/updates".format_map(places)
    for where, message in ((path, "two"), (other, "one"), (path, None)):
        answer = mine.post(where, json=message and {"message": message}, headers=headers)
        assert answer.status_code == 422
        assert answer.json["type"] == "/problems/idempotency-key-reused"


def test_the_same_key_with_another_query_is_refused(
    mine: OwnContextClient, places: dict[str, int]
) -> None:
    path = "/movements/{id}/updates/import".format_map(places)
    sent = {"data": "date\n2020-01-31\n", "content_type": "text/csv", "headers": keyed()}
    assert mine.post(path, **sent).status_code == 200
    answer = mine.post(f"{path}?skip_duplicates=true", **sent)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert mine.post(path, **sent).status_code == 200


def test_a_key_is_of_one_caller_and_one_operation(
    mine: OwnContextClient,
    client_of: Callable[[User], OwnContextClient],
    make_user: Callable[..., User],
    places: dict[str, int],
) -> None:
    headers, path = keyed(), "/movements/{id}".format_map(places)
    report = {"json": {"reason": "!"}, "headers": headers}
    first = mine.post(f"{path}/reports", **report)
    assert first.status_code == 201
    assert mine.post(f"{path}/signal", headers=headers).status_code == 201
    other = client_of(make_user())
    assert other.post(f"{path}/reports", **report).status_code == 201
    assert rows()["reports"] == 2
    # the other caller's answer is not shown
    assert other.post(f"{path}/reports", **report).json["id"] > first.json["id"]


def test_a_registration_from_elsewhere_has_another_key(client: OwnContextClient) -> None:
    headers = keyed()
    for number in range(3):
        member = NEW_USER | {"username": f"n{number}", "email": f"n{number}@example.org"}
        network = {"REMOTE_ADDR": f"192.0.2.{number}"}
        call = partial(client.post, "/register", json=member, headers=headers)
        answers = [call(environ_base=network) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json == answers[1].json


def test_an_error_is_not_stored(mine: OwnContextClient, places: dict[str, int]) -> None:
    headers, path = keyed(), "/movements/{id}/leader/{leader}".format_map(places)
    assert mine.post("/movements", json={"name": "x"}, headers=headers).status_code == 422
    assert mine.post("/movements", json=NEW_MOVEMENT, headers=headers).status_code == 201
    refused = keyed()
    assert mine.post(path.replace("/leader/", "/leader/9"), headers=refused).status_code == 404
    assert mine.post(path, headers=refused).status_code == 200


def test_a_key_is_forgotten_after_a_day(
    mine: OwnContextClient, places: dict[str, int], clock: Clock
) -> None:
    call = partial(mine.post, "/movements/{id}/updates".format_map(places), headers=keyed())
    first = call()
    clock.pass_(hours=24, seconds=-1)
    assert content(call()) == content(first)
    clock.pass_(seconds=1)
    second = call()
    assert second.json["id"] != first.json["id"]
    assert content(call()) == content(second)


def test_expired_keys_are_deleted_by_a_job(
    mine: OwnContextClient, places: dict[str, int], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridt.http.idempotency._BATCH", 2)

    def left() -> int:
        run_until_idle()
        return db.session.scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)) or 0

    path = "/movements/{id}/signal".format_map(places)
    for _ in range(5):
        mine.post(path, headers=keyed())
    clock.pass_(hours=12)
    mine.post(path, headers=keyed())
    assert left() == 6
    waiting = sa.select(Job.run_after).where(Job.name == "forget-idempotency-keys")
    assert db.session.scalars(waiting).all() == [utcnow() + timedelta(hours=12)]
    clock.pass_(hours=12)
    assert left() == 1
    assert db.session.scalars(waiting).all() == [utcnow() + timedelta(hours=12)]
    clock.pass_(hours=12)
    assert left() == 0
    assert db.session.scalars(waiting).all() == []


@same_on_both
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("e6d903b3-f572-49ca-9594-d5b66d75b88d", 201),
        ("x", 201),
        ("x" * 255, 201),
        ("a:b/c=d.e~f_g-h+i", 201),
        ('"8e03978e"', 201),
        ('"with, a comma"', 422),
        ('"a,b;c"', 201),
        ("", 422),
        ('""', 422),
        ("x" * 256, 422),
        ("two words", 422),
        ("a, b", 422),
        ('"open', 422),
        ("é", 422),
    ],
)
def test_a_key_is_visible_ascii(
    mine: OwnContextClient, places: dict[str, int], value: str, status: int
) -> None:
    path = "/movements/{id}/signal".format_map(places)
    answer = mine.post(path, headers={"Idempotency-Key": value})
    assert answer.status_code == status
    if status == 422:
        (error,) = answer.json["errors"]
        assert (error["pointer"], error["in"]) == ("#/Idempotency-Key", "header")


def test_quotation_marks_make_no_other_key(mine: OwnContextClient, places: dict[str, int]) -> None:
    path = "/movements/{id}/updates".format_map(places)
    answers = [mine.post(path, headers=keyed(key)) for key in ("abc", '"abc"')]
    assert answers[0].json == answers[1].json


@same_on_both
def test_pages_of_other_origins_may_send_the_header(client: OwnContextClient) -> None:
    asked = {
        "Origin": "https://app.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "idempotency-key",
    }
    answer = client.options("/movements", headers=asked)
    assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_a_signing_key_may_change_meanwhile(
    app: Flask, mine: OwnContextClient, places: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = partial(mine.post, "/movements/{id}/updates".format_map(places), headers=keyed())
    first = call()
    monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", (app.config["SECRET_KEY"],))
    monkeypatch.setitem(app.config, "SECRET_KEY", "y" * 32)
    assert content(call()) == content(first)


def test_without_the_header_no_statement_is_added(
    mine: OwnContextClient, places: dict[str, int], statements: list[str]
) -> None:
    path, counts = "/movements/{id}/signal".format_map(places), []
    mine.post(path)  # the first of a membership counts all updates of the account
    for headers in ({}, keyed(), keyed(), {}):
        statements.clear()
        assert mine.post(path, headers=headers).status_code == 201
        counts.append(len(statements))
        if not headers:
            assert not any("idempotency" in text for text in statements)
    plain, first, second, last = counts
    assert plain == last <= 5
    assert (first, second) == (plain + 4, plain + 3), "the first enqueues the job that deletes"


def test_stored_answers_go_with_the_account_and_are_exported(
    client: OwnContextClient, mine: OwnContextClient, me: User, places: dict[str, int]
) -> None:
    path = "/movements/{id}/updates".format_map(places)
    posted = mine.post(path, json={"message": "mine"}, headers=keyed("abc")).json
    created = client.post("/register", json=NEW_USER, headers=keyed()).json
    (exported,) = mine.get("/identity/export").json["idempotency_keys"]
    assert exported["key"] == "abc"
    assert f'"id":{posted["id"]}' in exported["body"]
    owners = sa.select(IdempotencyKey.user_id).order_by(IdempotencyKey.created_at)
    assert db.session.scalars(owners).all() == [me.id, created["id"]]
    for id in (me.id, created["id"]):
        user = User.find_by_id(id)
        assert user is not None
        user.delete_from_db()
    assert db.session.scalars(owners).all() == []


# -- two at once ----------------------------------------------------------------------------


def test_one_of_many_requests_is_done_and_all_get_its_answer(
    world: Flask, client_for: Callable[[int], OwnContextClient]
) -> None:
    (movement,) = make_movements(1)
    users = people(3)
    plant(movement, ring(users))
    path, client = f"/movements/{movement.id}/updates", client_for(users[0])
    client.get("/")
    for _ in range(3):
        answers = at_once(world, *[partial(client.post, path, headers=keyed())] * 4)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Update)) == 3


def test_many_equal_registrations_make_one_account(world: Flask) -> None:
    client = world.test_client()
    client.get("/")
    for number in range(3):
        member = NEW_USER | {"username": f"n{number}", "email": f"n{number}@example.org"}
        call = partial(client.post, "/register", json=member, headers=keyed())
        answers = at_once(world, call, call, call)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 3


@postgresql_only("SQLite has one writer at a time, and answers 503 when that takes too long")
def test_a_wait_that_is_too_long_is_refused(
    migrated_database: Callable[[], str],
) -> None:
    url = sa.make_url(migrated_database()).update_query_dict({"options": "-c lock_timeout=300ms"})
    with checked_app(url.render_as_string(hide_password=False)) as app, app.app_context():
        User("ann", "ann@example.org", PASSWORD).save_to_db()
        ann = User.find_by_name("ann")
        assert ann is not None
        ann_id, client = ann.id, logged_in(app, ann)
        db.session.remove()
        IdempotencyKey.claim(f"user {ann_id}", "POST /movements", "abc", "x" * 64, ann_id)
        call = partial(client.post, "/movements", json=NEW_MOVEMENT, headers=keyed("abc"))
        found: list[TestResponse] = []
        thread = threading.Thread(target=lambda: found.append(call()))
        thread.start()
        thread.join()
        (answer,) = found
        assert (answer.status_code, answer.json["type"]) == (
            409,
            "/problems/idempotency-key-in-use",
        )
        assert int(answer.headers["Retry-After"]) >= 1
        db.session.rollback()  # the first request failed
        assert call().status_code == 201


def test_a_key_without_an_answer_is_in_use(mine: OwnContextClient, me: User) -> None:
    headers = keyed("abc")
    assert mine.post("/movements", json=NEW_MOVEMENT, headers=headers).status_code == 201
    db.session.execute(sa.update(IdempotencyKey).values(status=None))
    db.session.commit()
    answer = mine.post("/movements", json=NEW_MOVEMENT, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/idempotency-key-in-use")


def test_a_lost_claim_does_not_replace_the_answer_of_another_request(me: User) -> None:
    """A lost claim does not replace another request's answer.

    A handler that rolled back completes a key that another request has completed meanwhile.
    """
    identity = (f"user:{me.id}", "POST /movements", "abc", "of the same request")
    answer = {"user_id": me.id, "status": 201, "body": "first", "location": None}
    assert IdempotencyKey.claim(*identity, me.id) is None
    IdempotencyKey.complete(*identity, answer)
    db.session.commit()
    with pytest.raises(Overtaken):
        IdempotencyKey.complete(*identity, answer | {"body": "second"})
    db.session.rollback()
    assert db.session.scalars(sa.select(IdempotencyKey.body)).one() == "first"


def test_a_lost_claim_is_made_again(me: User) -> None:
    identity = (f"user:{me.id}", "POST /movements", "abc", "of the same request")
    answer = {"user_id": me.id, "status": 201, "body": "first", "location": None}
    assert IdempotencyKey.claim(*identity, me.id) is None
    db.session.rollback()
    IdempotencyKey.complete(*identity, answer)
    db.session.commit()
    stored = IdempotencyKey.claim(*identity, me.id)
    assert stored is not None
    assert (stored.status, stored.body) == (201, "first")


def test_a_request_that_fails_at_the_end_stores_nothing(
    mine: OwnContextClient, places: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that fails at its commit stores nothing.

    It is as if the process were killed between the change and its commit.
    """
    before, headers = rows(), keyed()
    path = "/movements/{id}/updates".format_map(places)

    def fail(_session: Any) -> None:
        raise Busy("killed")

    sa.event.listen(db.session, "before_commit", fail)
    try:
        assert mine.post(path, headers=headers).status_code == 503
    finally:
        sa.event.remove(db.session, "before_commit", fail)
    assert rows() == before
    assert mine.post(path, headers=headers).status_code == 201
