"""What is stored about somebody, for themselves."""

import tracemalloc
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gridt.clock import utcnow
from gridt.extensions import db
from gridt.formats import as_document, in_parts
from gridt.models import AuditEntry, Update
from gridt.models.personal import SECTIONS, sections_about
from tests.conftest import PASSWORD

NASTY = 'a "quoted" \\ line\n\u2028 </script> \U0001f9b7'


@pytest.fixture
def ann(make_user):
    return make_user("Ann", bio=NASTY)


@pytest.fixture
def ben(make_user):
    return make_user("ben", bio="nobody else's business")


@pytest.fixture
def movement(make_movement, ann, ben):
    movement = make_movement(ann, ben, creator=ann, name="Flossing")
    movement.post_update(ann, NASTY)
    movement.post_update(ben, "said by ben").save_to_db()
    return movement


def test_everything_about_the_caller_is_there(client_of, ann, ben, movement):
    AuditEntry.note("role.changed", user_id=ann.id, actor_id=ben.id, role="user")
    AuditEntry.note("account.registered", user_id=ann.id, actor_id=ann.id)
    AuditEntry.note("account.registered", user_id=ben.id, actor_id=ben.id)
    db.session.commit()

    answer = client_of(ann).get("/identity/export")

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=gridt-{ann.id}.json"
    told = answer.json
    assert list(told) == list(SECTIONS)
    (account,) = told["account"]
    assert (account["username"], account["email"], account["bio"]) == ("Ann", ann.email, NASTY)
    assert account["created_at"] == ann.created_at.isoformat()
    assert [one["movement"] for one in told["subscriptions"]] == ["Flossing"]
    assert [one["message"] for one in told["updates"]] == [NASTY]
    assert [one["interval"] for one in told["created_movements"]] == ["P1D"]
    assert told["leaders"] == [{"movement_id": movement.id, "slot": 0, "leader": "ben"}]
    assert told["followers"] == [{"movement_id": movement.id, "follower": "ben"}]
    assert len(told["logins"]) == 1
    assert [(one["action"], one["by_yourself"]) for one in told["audit"]] == [
        ("role.changed", False),
        ("account.registered", True),
    ]


def test_nothing_of_others_but_their_names_and_nothing_secret(client_of, ann, ben, movement):
    text = client_of(ann).get("/identity/export").text
    assert "ben" in text
    for hidden in (ben.email, ben.bio, "said by ben", ann.password_hash, "argon2", "jti"):
        assert hidden not in text


def test_somebody_new_has_an_export_too(client_of, ann):
    told = client_of(ann).get("/identity/export").json
    filled = {name for name, rows in told.items() if rows}
    assert filled == {"account", "logins"}


def test_what_was_exported_is_what_is_deleted(client_of, ann, ben, movement):
    client, gone = client_of(ann), ann.id
    assert client.delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert client.get("/identity/export").status_code == 401
    rest = {name: list(rows) for name, rows in sections_about(gone)}
    assert {name for name, rows in rest.items() if rows} == {"audit"}


def test_a_long_history_is_exported_in_little_memory(database, ann, movement):
    def most_held() -> tuple[int, int]:
        tracemalloc.start()
        size = sum(len(part) for part in in_parts(as_document(sections_about(ann.id))))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size, most

    def post(amount: int) -> None:
        start = utcnow()
        rows = [
            {
                "leader_id": ann.id,
                "movement_id": movement.id,
                "time_stamp": start + timedelta(seconds=number),
                "message": "x" * 280,
            }
            for number in range(amount)
        ]
        db.session.execute(sa.insert(Update), rows)
        db.session.commit()

    most_held()  # what is kept after the first time
    post(4_000)
    size, most = most_held()
    post(16_000)
    larger, more = most_held()
    assert larger > 4 * size
    assert more < 1.5 * most
