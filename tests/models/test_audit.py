"""The audit log: its entries, which never change."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from gridt.models import AuditEntry, record
from gridt.runtime.extensions import db

CHANGES = {
    "update": "UPDATE audit_entries SET action = 'nothing'",
    "update of nothing else": "UPDATE audit_entries SET id = id",
    "delete": "DELETE FROM audit_entries",
    "delete one": "DELETE FROM audit_entries WHERE user_id = 1",
    "replace": "INSERT OR REPLACE INTO audit_entries (id, at, action, details)"
    " SELECT id, at, 'nothing', details FROM audit_entries",
    "upsert": "INSERT INTO audit_entries (id, at, action, details)"
    " SELECT id, at, 'nothing', details FROM audit_entries WHERE true"
    " ON CONFLICT (id) DO UPDATE SET action = 'nothing'",
    "truncate": "TRUNCATE audit_entries",
    "truncate with others": "TRUNCATE users, audit_entries CASCADE",
}
_ONLY = {"replace": "sqlite", "truncate": "postgresql", "truncate with others": "postgresql"}


def entries() -> list[AuditEntry]:
    return list(db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)))


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_the_log(database, request, change):
    engine = request.config.getoption("--database")
    if _ONLY.get(change, engine) != engine:
        pytest.skip(f"only {_ONLY[change]} has this statement")
    record("password.changed", user_id=1, actor_id=1)
    db.session.commit()

    with pytest.raises(DBAPIError, match="only grows"):
        db.session.execute(sa.text(CHANGES[change]))

    db.session.rollback()
    assert [(one.action, one.user_id) for one in entries()] == [("password.changed", 1)]


def test_an_entry_is_committed_with_the_callers_change(database, make_user, commits):
    user = make_user()
    commits.clear()
    record("role.changed", user_id=user.id, actor_id=7, subject=user, role="admin")
    assert commits == []
    db.session.commit()

    (entry,) = entries()
    assert (entry.action, entry.user_id, entry.actor_id) == ("role.changed", user.id, 7)
    assert (entry.subject, entry.subject_id) == ("users", user.id)
    assert entry.details == {"role": "admin"}
    assert entry.at.tzinfo is not None


def test_an_entry_is_rolled_back_with_the_change(database):
    record("account.registered", user_id=1, actor_id=1)
    db.session.rollback()
    assert entries() == []


def test_an_unregistered_action_is_refused(database):
    with pytest.raises(ValueError, match="nothing-like-this"):
        record("nothing-like-this")


@pytest.mark.parametrize(
    "name", ["password", "new_password", "refresh_token", "email", "new_email", "message", "jti"]
)
def test_a_secret_in_an_entry_is_refused(database, name):
    with pytest.raises(ValueError, match=name):
        record("password.changed", **{name: "x"})


def test_a_long_text_is_refused(database):
    with pytest.raises(ValueError, match="longer"):
        record("password.changed", why="x" * 201)


def test_an_entry_outlives_the_account(database, make_user):
    user = make_user()
    gone = user.id
    record("account.registered", user_id=gone, actor_id=gone)
    user.delete_from_db()
    assert gone in [one.user_id for one in entries()]


def test_a_request_is_named_by_its_id(client, make_user):
    make_user("ann")
    body = {"username": "ann", "password": "not this"}
    answer = client.post("/auth", json=body, headers={"X-Request-ID": "request-1"})
    assert answer.status_code == 401
    assert [one.request_id for one in entries()] == ["request-1"]
