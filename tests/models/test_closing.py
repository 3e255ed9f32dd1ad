"""Movements that lost their creator and their last member.

They are closed, and no user finds them.
"""

import pytest
import sqlalchemy as sa

from gridt.accounts import deactivate, delete_account
from gridt.errors import MovementNotFound
from gridt.jobs import enqueue, run_until_idle
from gridt.models import AuditEntry, Job, Movement, Update, User
from gridt.network import close_empty_movements
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing import edit_movement
from tests.conftest import PASSWORD
from tests.networks import make_movements, people, plant, ring, violations

#: the calls that name a movement, with a body where one is needed
CALLS = [
    ("GET", "/overview"),
    ("GET", ""),
    ("GET", "/history"),
    ("GET", "/history.svg"),
    ("GET", "/statistics"),
    ("GET", "/followers"),
    ("GET", "/leader/1"),
    ("GET", "/members"),
    ("GET", "/removals"),
    ("GET", "/network"),
    ("GET", "/network?format=dot"),
    ("GET", "/pause"),
    ("GET", "/updates"),
    ("PUT", "/subscriber"),
    ("DELETE", "/subscriber"),
    ("POST", "/updates"),
    ("POST", "/update"),
    ("POST", "/signal"),
    ("POST", "/leader"),
    ("POST", "/leader/1"),
    ("POST", "/reports"),
    ("PATCH", ""),
    ("DELETE", ""),
    ("DELETE", "/members/1"),
    ("DELETE", "/members/1/removal"),
    ("DELETE", "/pause"),
]
BODIES = {"/reports": {"reason": "not nice"}, "PATCH": {"description": "gone"}}


@pytest.fixture
def movement(make_movement, ann, ben):
    """A movement that Ann started and only Ben joined."""
    return make_movement(ben, creator=ann, name="Flossing")


def is_closed(movement):
    db.session.expire_all()
    row = sa.select(Movement.closed_at).where(Movement.id == movement.id)
    return db.session.scalar(row) is not None


def closings():
    kinds = sa.select(AuditEntry.subject_id).where(AuditEntry.action == "movement.closed")
    return db.session.scalars(kinds).all()


def leave(movement, user):
    movement.remove_user(user)
    movement.save_to_db()


# -- when a movement is closed --------------------------------------------------------------


def test_the_last_member_closes_a_movement_whose_creator_is_gone(movement, ann, ben):
    ann.delete_from_db()
    assert not is_closed(movement)
    leave(movement, ben)
    assert is_closed(movement)
    assert closings() == [movement.id]


def test_the_creator_closes_a_movement_without_members_by_going(movement, ann, ben):
    leave(movement, ben)
    assert not is_closed(movement)
    ann.delete_from_db()
    assert is_closed(movement)


def test_a_creator_who_is_the_last_member_closes_it_by_going(make_movement, ann):
    movement = make_movement(ann, creator=ann)
    ann.delete_from_db()
    assert is_closed(movement)


def test_a_movement_of_a_script_stays_open(make_movement, ann):
    """A script's movement stays open.

    It never had a creator: in scripts, members come and go.
    """
    movement = make_movement(ann)
    movement.remove_user(ann)
    movement.save_to_db()
    run_until_idle()
    movement.add_user(ann)
    movement.save_to_db()
    assert Movement.find_by_id(movement.id).users == [ann]


def test_a_creator_who_leaves_keeps_the_movement(make_movement, ann):
    movement = make_movement(ann, creator=ann)
    leave(movement, ann)
    assert not is_closed(movement)


def test_a_deactivated_creator_is_not_gone(movement, ann, ben):
    deactivate(ann)
    ann.save_to_db()
    leave(movement, ben)
    assert not is_closed(movement)
    ann.delete_from_db()
    assert is_closed(movement)


def test_the_last_member_whose_account_ends_closes_it(movement, ann, ben):
    ann.delete_from_db()
    deactivate(ben)
    ben.save_to_db()
    assert is_closed(movement)


def test_an_account_in_very_many_movements_closes_them_by_jobs(ann, monkeypatch):
    monkeypatch.setattr("gridt.accounts.deactivation.MOVEMENTS_AT_ONCE", 2)
    movements = make_movements(5)
    for movement in movements:
        movement.add_user(ann)
        movement.creator = ann
    db.session.commit()
    delete_account(ann)
    db.session.commit()
    run_until_idle()
    assert all(map(is_closed, movements))


def test_assigning_other_members_closes_nothing(make_movement, make_user, ann, ben):
    movement = make_movement(ann, creator=make_user("founder"))
    movement.lose_creator()
    movement.users = [ben]
    movement.save_to_db()
    assert not is_closed(movement)
    movement.users = []
    movement.save_to_db()
    assert is_closed(movement)


# -- a closed movement ----------------------------------------------------------------------


@pytest.fixture
def closed(movement, ann, ben):
    """A movement in which Ben posted, and that is closed."""
    movement.post_update(ben, "done").save_to_db()
    ann.delete_from_db()
    leave(movement, ben)
    return movement.id


def test_no_call_finds_it_by_id_or_name(app, closed, client_of, make_user, ben):
    names = [str(closed), "Flossing", f"flossing%1FID{closed}"]
    for user in (ben, make_user("boss", role="admin")):
        client = client_of(user)
        for method, rest in CALLS:
            for name in names:
                body = BODIES.get(rest, BODIES.get(method))
                answer = client.open(f"/movements/{name}{rest}", method=method, json=body)
                assert answer.status_code == 404, (method, rest, name, answer.text)
    update = db.session.scalars(sa.select(Update.id)).one()
    for user in (ben, make_user()):
        for method in ("GET", "DELETE"):
            answer = client_of(user).open(f"/movements/{closed}/updates/{update}", method=method)
            assert answer.status_code == 404
    covered = {rest.partition("?")[0].replace("/1", "/<user>") for _, rest in CALLS}
    rules = {
        rule.rule.removeprefix("/movements/<movement>")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/movements/<movement>") and "<update>" not in rule.rule
    }
    assert rules - covered == {"/network.html", "/updates/import"}


def test_a_file_cannot_be_imported_into_it(closed, client_of, ben):
    path = f"/movements/{closed}/updates/import"
    answer = client_of(ben).post(path, data="date\n2026-01-01\n", content_type="text/csv")
    assert answer.status_code == 404


def test_no_list_shows_it(closed, client_of, make_user, make_movement, ben):
    other = make_movement(name="Reading")
    for user in (ben, make_user("boss", role="admin")):
        client = client_of(user)
        for sort in ("name", "newest", "members"):
            for subscribed in (None, "false"):
                query = {"sort": sort} | ({"subscribed": subscribed} if subscribed else {})
                shown = client.get("/movements", query_string=query).json
                assert [movement["id"] for movement in shown] == [other.id]
        assert client.get("/movements?search=floss").json == []
        assert client.get("/movements/subscriptions").json == []
    assert "Flossing" not in client_of(ben).get("/identity/calendar").text


def test_the_commands_do_not_count_it(closed, run, make_movement):
    assert "0 movements checked" in run("check-network").output
    assert "There is no movement" in run("rebuild-standing", "--movement", str(closed)).output


def test_its_name_is_free(closed, client_of, ben, make_user):
    body = {
        "name": "FLOSSING",
        "short_description": "Again, and better",
        "interval": "daily",
    }
    client = client_of(ben)
    made = client.post("/movements", json=body)
    assert made.status_code == 201
    assert client.get("/movements/flossing").json["id"] == made.json["id"] != closed
    # and again, when that one is closed as well
    assert client.delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert client_of(make_user()).post("/movements", json=body).status_code == 201
    assert len(closings()) == 2


def test_no_name_stands_in_the_way_of_closing(movement, make_movement, ann, ben):
    squatters = [f"Flossing\x1f{movement.id}", f"flossing\x1fID{movement.id}"]
    for name in squatters:
        make_movement(name=name)
    ann.delete_from_db()
    leave(movement, ben)
    assert is_closed(movement)


def test_the_export_of_a_user_who_posted_there_has_it(closed, client_of, ben):
    exported = client_of(ben).get("/identity/export").json
    assert [(row["movement"], row["message"]) for row in exported["updates"]] == [
        ("Flossing", "done")
    ]
    table = client_of(ben).get("/identity/export?format=csv").text
    assert "Flossing" in table


def test_it_is_not_opened_again(closed, ben):
    movement = db.session.get_one(Movement, closed)
    with pytest.raises(MovementNotFound):
        movement.add_user(ben)
    assert violations() == []


def test_a_caller_who_found_it_before_cannot_rename_it(movement, client_of, make_user, ann, ben):
    """A request that found it before cannot rename it.

    An admin's request read the movement before its last member left.
    """
    boss = make_user(role="admin")
    ann.delete_from_db()
    found = Movement.find_by_id(movement.id)
    db.session.execute(
        sa.update(Movement)
        .where(Movement.id == movement.id)
        .values(closed_at=boss.created_at)
        .execution_options(synchronize_session=False)
    )
    with pytest.raises(MovementNotFound):
        edit_movement(found, {"name": "Cleaning"}, boss)


def test_the_account_of_a_user_who_posted_there_can_be_deleted(closed, client_of, ben):
    assert client_of(ben).delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert db.session.scalars(sa.select(Update.id)).all() == []


# -- jobs -----------------------------------------------------------------------------------


def test_under_the_shared_lock_a_job_closes_it(ann):
    """A job closes it when the lock is shared.

    The lock is shared when more than 64 members leave at the same moment.
    """
    (movement,) = make_movements(1)
    plant(movement, ring([ann.id, *people(69)]))
    db.session.execute(sa.text("DELETE FROM movement_user_associations WHERE follower_id <> 0"))
    db.session.execute(sa.text("DELETE FROM subscriptions"))
    movement.lock()
    assert not movement.locked_exclusively
    movement.member_count, movement.creator_left_at = 0, utcnow()
    movement.close_if_abandoned()
    movement.close_if_abandoned()
    db.session.commit()
    assert db.session.scalars(sa.select(Job.name)).all() == ["close-movement"]
    assert not is_closed(movement)
    run_until_idle()
    assert is_closed(movement)


def test_the_job_closes_nothing_that_got_a_member_meanwhile(make_movement, ann):
    movement = make_movement(ann)
    enqueue("close-movement", {"movement_id": movement.id})
    db.session.commit()
    run_until_idle()
    assert not is_closed(movement)


def test_a_job_closes_what_earlier_versions_left_empty(make_movement, ann, monkeypatch):
    monkeypatch.setattr("gridt.network.closing.MOVEMENTS_AT_ONCE", 2)
    empty = make_movements(5)
    kept = [make_movement(creator=ann), make_movement(ann)]
    enqueue("close-empty-movements", {"after": 0})
    db.session.commit()
    assert run_until_idle() == 3
    assert all(map(is_closed, empty))
    assert not any(map(is_closed, kept))
    assert closings() == [movement.id for movement in empty]


def test_the_job_empties_what_a_process_of_the_version_before_filled(ann, monkeypatch):
    monkeypatch.setattr("gridt.network.closing.MEMBERS_AT_ONCE", 2)
    (movement,) = make_movements(1)
    plant(movement, ring([ann.id, *people(4)]))
    movement.closed_at = movement.created_at
    db.session.commit()
    close_empty_movements(0)
    db.session.commit()
    run_until_idle()
    db.session.expire_all()
    assert db.session.get_one(Movement, movement.id).member_count == 0
    assert violations() == []


def test_an_account_in_such_a_movement_can_end(ann):
    (movement,) = make_movements(1)
    plant(movement, ring([ann.id, *people(4)]))
    movement.closed_at = movement.created_at
    db.session.commit()
    user_id = ann.id
    ann.delete_from_db()
    assert User.find_by_id(user_id) is None
