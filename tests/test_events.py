"""Events: recorded with a change, with listeners."""

import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gridt.models import EventKind, Login, Movement, Update, after_commit, in_transaction, record
from gridt.models import event as module
from gridt.runtime.extensions import db


@pytest.fixture
def heard(monkeypatch):
    """The events that a listener after the commit got.

    The listener is registered for this test.
    """
    monkeypatch.setattr(module, "_AFTER_COMMIT", module.defaultdict(list))
    events = []
    after_commit(*EventKind)(events.append)
    return events


@pytest.fixture
def noticed(monkeypatch):
    """The events that a listener in the transaction got.

    The listener is registered for this test.
    """
    monkeypatch.setattr(module, "_IN_TRANSACTION", module.defaultdict(list))
    events = []
    in_transaction(*EventKind)(events.append)
    return events


def test_a_listener_in_the_transaction_runs_at_once(database, noticed):
    record("role.changed", actor_id=1, user_id=2, role="admin")
    (event,) = noticed
    assert (event.kind, event.actor_id, event.user_id) == ("role.changed", 1, 2)
    assert event.facts == {"role": "admin"}


def test_the_failure_of_a_listener_in_the_transaction_is_the_callers(database, monkeypatch):
    monkeypatch.setattr(module, "_IN_TRANSACTION", module.defaultdict(list))

    @in_transaction(EventKind.ROLE_CHANGED)
    def refuse(event):
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        record(EventKind.ROLE_CHANGED)


def test_a_listener_after_the_commit_hears_nothing_before(database, heard):
    record(EventKind.MEMBER_JOINED, movement_id=7)
    assert heard == []
    db.session.commit()
    assert [event.facts for event in heard] == [{"movement_id": 7}]
    db.session.commit()
    assert len(heard) == 1


def test_no_listener_hears_of_a_rollback(database, heard):
    db.session.execute(sa.text("SELECT 1"))  # begins the transaction, as any change does
    record(EventKind.MEMBER_JOINED, movement_id=7)
    db.session.rollback()
    db.session.commit()
    assert heard == []


def test_the_failure_of_a_listener_after_the_commit_stops_no_other(database, heard, caplog):
    @after_commit(EventKind.MEMBER_JOINED)
    def fail(event):
        raise RuntimeError("broken")

    module._AFTER_COMMIT[EventKind.MEMBER_JOINED].reverse()  # it is called first
    with caplog.at_level(logging.ERROR, "gridt.models.event"):
        record(EventKind.MEMBER_JOINED)
        db.session.commit()
    assert len(heard) == 1
    assert "member.joined" in caplog.text


def test_a_kind_that_does_not_exist_is_refused(database):
    with pytest.raises(ValueError, match="nothing-like-this"):
        record("nothing-like-this")
    with pytest.raises(ValueError, match="nothing-like-this"):
        after_commit("nothing-like-this")(print)


def kinds(events):
    return [event.kind.value for event in events]


def test_the_network_records_its_changes(make_movement, make_user, ann, heard):
    movement = make_movement(members=6)
    heard.clear()
    movement.add_user(ann)
    movement.save_to_db()
    assert kinds(heard) == ["member.joined"]
    assert (heard[0].actor_id, heard[0].facts["movement_id"]) == (ann.id, movement.id)
    heard.clear()
    movement.swap_leader(ann, movement.leaders_of(ann)[0])
    movement.save_to_db()
    assert kinds(heard) == ["leader.swapped"]
    heard.clear()
    movement.remove_user(ann)
    movement.save_to_db()
    assert kinds(heard) == ["slots.refilled", "member.left"]
    assert heard[0].facts["slots"] >= 1


@pytest.mark.parametrize("way", ["model", "method"])
def test_an_update_is_recorded_once_whichever_way_it_is_posted(make_movement, ann, heard, way):
    movement = make_movement(ann)
    heard.clear()
    if way == "model":
        Update(ann, movement).save_to_db()
    else:
        movement.post_update(ann)
        db.session.commit()
    assert kinds(heard) == ["update.posted"]
    assert heard[0].facts["update_id"] == Update.find_last(ann, movement).id


def test_an_ended_login_is_recorded_with_its_effects(database, ann, noticed):
    login = Login(ann.id)
    login.save_to_db()
    login.end()
    ann.log_out_everywhere()
    assert kinds(noticed) == ["login.ended", "login.ended-everywhere"]


def test_only_an_admins_changes_of_anothers_movement_are_recorded(database, ann, ben, noticed):
    movement = Movement("Stretching", timedelta(days=1))
    movement.creator = ann
    movement.save_to_db()
    movement.record_override(EventKind.MOVEMENT_EDITED, ann, changed="name")
    assert noticed == []
    movement.record_override(EventKind.MOVEMENT_EDITED, ben, changed="name")
    assert [(event.actor_id, event.user_id, event.subject) for event in noticed] == [
        (ben.id, ann.id, movement)
    ]
