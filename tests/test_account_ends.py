"""The end of an account and of all its rows."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from signal import SIGKILL
from threading import Event, get_ident
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.accounts import deactivate
from gridt.errors import LastAdmin, NotFollowing, NotSubscribed
from gridt.jobs import enqueue, run_until_idle
from gridt.mail import tell_password_changed
from gridt.models import (
    CalendarToken,
    Checkpoint,
    DueEvent,
    FormerMembership,
    IdempotencyKey,
    InvitationUse,
    Job,
    Login,
    MemberRemoval,
    Movement,
    Organisation,
    Report,
    SwapCount,
    Update,
    User,
    UserPreferences,
    record,
)
from gridt.models.ownership import SECTIONS, Policy, references
from gridt.network import invariants
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.pauses import pause
from gridt.standing.schedule_changes import change_clock
from tests import networks
from tests.conftest import PASSWORD, OwnContextClient, checked_app
from tests.invitations import plant_invitation
from tests.networks import make_movements, people, plant, plant_blocks, ring
from tests.servers import PATIENCE, ROOT, SECRET_KEY, environment
from tests.test_concurrency import at_once, join, swap, tried_again

USERS = db.metadata.tables["users"]

#: the columns whose rows are not just deleted with their user, with the reasons
OTHERWISE = {
    ("subscriptions", "user_id"): Policy.LEAVE,  # the user leaves every movement
    ("pauses", "user_id"): Policy.LEAVE,  # they go with the subscription
    ("checkpoints", "user_id"): Policy.LEAVE,  # as well
    ("movement_user_associations", "follower_id"): Policy.LEAVE,  # as well
    ("movement_user_associations", "leader_id"): Policy.LEAVE,  # another member leads instead
    ("movements", "creator_id"): Policy.LEAVE,  # movements stay, without creator
    ("audit_entries", "user_id"): Policy.KEEP,  # the log outlives accounts
    ("audit_entries", "actor_id"): Policy.KEEP,
    ("reports", "reporter_id"): Policy.SET_NULL,  # reports stay, without a reporter
    ("reports", "author_id"): Policy.SET_NULL,  # reports of an update go with it
    ("reports", "closed_by_id"): Policy.SET_NULL,
    ("memberships", "user_id"): Policy.LEAVE,  # the groups count their members
    ("roles", "user_id"): Policy.LEAVE,  # an organisation keeps an admin
    ("invitations", "created_by_id"): Policy.SET_NULL,  # revoked, for admins to read
}
#: the ways to end an account
ENDS: dict[str, Callable[[User], object]] = {
    "delete_from_db": User.delete_from_db,
    "deactivate": deactivate,
    "change_role": lambda user: user.change_role("user"),
}
#: tables with users' ids whose section of the export has another name, or that have none, and why
EXPORTED_OTHERWISE: dict[str, str] = {"checkpoints": "computed from what is in the export"}


def columns_that_name_users() -> set[tuple[str, str]]:
    """Return all columns that refer to users.

    A column whose name says so is one of them.
    """
    return {
        (table.name, column.name)
        for table in db.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table is USERS for key in column.foreign_keys)
        or column.name in {"user_id", "leader_id", "follower_id", "actor_id", "creator_id"}
    }


def traces_of(user_id: int) -> dict[tuple[str, str], int]:
    """Count the rows that name a user, by column."""
    found = {}
    for name, column in columns_that_name_users() | {("users", "id")}:
        table = db.metadata.tables[name]
        named = sa.select(sa.func.count()).select_from(table).where(table.c[column] == user_id)
        if count := db.session.scalar(named):
            found[name, column] = count
    db.session.rollback()
    return found


def violations() -> list[Any]:
    return [*networks.violations(), *invariants.violations()]


def ended(user_id: int) -> bool:
    return not {table for table, _ in traces_of(user_id)} - {"audit_entries"}


# -- complete by construction ---------------------------------------------------------------


def test_every_column_that_names_a_user_is_cared_for_at_the_end() -> None:
    policies = {
        (reference.table.name, reference.column.name): reference.policy
        for reference in references("users")
        if reference.kind is None  # it names rows of one table
    }
    assert set(policies) == columns_that_name_users()
    otherwise = {name: kept for name, kept in policies.items() if kept is not Policy.DELETE}
    assert otherwise == OTHERWISE


def test_every_table_that_names_a_user_is_in_the_export() -> None:
    exported = {
        table.name
        for query in SECTIONS.values()
        for table in query.get_final_froms()[0]._from_objects
        if isinstance(table, sa.Table)
    }
    exported |= {
        one.table.name for query in SECTIONS.values() for one in query.selected_columns
        if isinstance(getattr(one, "table", None), sa.Table)
    }  # fmt: skip
    naming = {table for table, _ in columns_that_name_users()} | {"users"}
    assert naming - set(EXPORTED_OTHERWISE) <= exported


def test_no_section_has_credentials() -> None:
    sections_columns = {
        column.name for query in SECTIONS.values() for column in query.selected_columns
    }
    assert not sections_columns & {
        "password_hash",
        "refresh_jti",
        "digest",
        "token_digest",
        "username_folded",
        "email_folded",
    }


# -- the end of one account -----------------------------------------------------------------


def test_all_rows_of_the_user_go_and_the_network_stays_valid(
    client_for: Callable[[int], OwnContextClient],
) -> None:
    movements, (gone, *others) = make_movements(6), people(90)
    for movement, size in zip(movements, (1, 2, 5, 6, 64, 90), strict=True):
        plant(movement, ring([gone, *others[: size - 1]]))
        movement.post_update(User.find_by_id(gone), "done").save_to_db()
    plant_blocks([(gone, others[80]), (others[81], gone)])
    for reporter, author in ((gone, others[0]), (others[0], gone)):
        posted = movements[5].post_update(User.find_by_id(author), "look")
        report = Report(reporter, posted.snapshot(), "not nice")
        report.closed_by_id = gone
        db.session.add(report)
    movements[0].creator_id = movements[5].creator_id = gone
    (left,) = make_movements(1)
    Update(User.find_by_id(gone), left).save_to_db()  # of a movement that they have left
    CalendarToken.renew(gone)
    event = {"digest": "0" * 32, "revision": 0, "revised_at": utcnow()}
    db.session.add(DueEvent(user_id=gone, movement_id=left.id, **event))
    IdempotencyKey.claim("user", "POST /movements", "key", "print", gone)
    checkpoint = {"user_id": gone, "movement_id": movements[3].id, "past": ""}
    db.session.add(Checkpoint(at=utcnow(), standing={}, **checkpoint))
    MemberRemoval.add(left.id, gone)
    times = dict.fromkeys(("left_at", "subscribed_at", "judged_until", "open_until"), utcnow())
    db.session.add(FormerMembership(user_id=gone, movement_id=left.id, kept_pauses=[], **times))
    accepted = plant_invitation(admin_id=gone)
    db.session.add(InvitationUse(invitation_id=accepted, user_id=gone, used_at=utcnow()))
    organisation = Organisation("theirs")
    organisation.save_to_db()
    for user_id in (gone, others[0]):
        user = db.session.get_one(User, user_id)
        organisation.add_member(user)
        organisation.add_admin(user)
    UserPreferences.change(gone, discreet=True)
    db.session.add(SwapCount(user_id=gone, movement_id=left.id, day=utcnow().date(), amount=1))
    db.session.commit()
    sizes = {movement.id: movement.member_count for movement in movements}
    mine, other = client_for(gone), client_for(gone)
    record("account.registered", user_id=gone, actor_id=gone)
    pause(gone, list(sizes)[3], utcnow() + timedelta(days=1))
    for zone in ("Europe/Amsterdam", "Asia/Tokyo"):  # the first holds for all the past
        change_clock(User.find_by_id(gone), time_zone=zone)
    db.session.commit()
    named = set(traces_of(gone))
    assert named == columns_that_name_users() | {("users", "id")}, "nothing is untried"

    answer = mine.delete("/identity", json={"password": PASSWORD})

    assert answer.status_code == 200
    assert ended(gone)
    assert violations() == []
    counts = sa.select(Movement.id, Movement.member_count).where(Movement.id.in_(sizes))
    after = dict(db.session.execute(counts).all())
    assert after == {id: size - 1 for id, size in sizes.items()}
    organisation = db.session.scalars(sa.select(Organisation)).one()
    assert (organisation.member_count, len(organisation.get_members())) == (1, 1)
    assert {one.get("/identity").status_code for one in (mine, other)} == {401}


def test_mails_that_were_given_up_go_with_the_account(
    client, client_of, make_user, monkeypatch, app
) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:1")  # no server listens there
    ann, ben = make_user("ann"), make_user("ben")
    for user in (ann, ben):
        client.post("/user/reset_password/request", json={"email": user.email.upper()})
        body = {"password": PASSWORD, "new_email": f"new-{user.email}"}
        client_of(user).post("/user/change_email/request", json=body)
        tell_password_changed(user)
        enqueue("retell-members", {"movement_id": 1, "shuffle_key": 0, "user_id": user.id})
    db.session.commit()
    assert run_until_idle() == 8
    left = sa.select(Job).where(Job.name.startswith("send-")).order_by(Job.id)
    for job in db.session.scalars(left):
        job.state, job.run_after = "dead", None
    db.session.commit()
    waiting = len(db.session.scalars(left).all())
    assert waiting == 6
    assert client_of(ann).delete("/identity", json={"password": PASSWORD}).status_code == 200
    kept = [str(job.arguments).casefold() for job in db.session.scalars(left)]
    assert len(kept) == 3
    assert not [one for one in kept if "ann" in one]


def test_a_wrong_password_changes_nothing_and_is_noted(client_of, make_user, make_movement) -> None:
    ann = make_user()
    make_movement(ann, members=3)
    client, before = client_of(ann), traces_of(ann.id)

    for body, status in (({"password": "not this"}, 401), ({}, 422), ({"password": None}, 422)):
        assert client.delete("/identity", json=body).status_code == status

    noted = {("audit_entries", "user_id"): 1}
    assert traces_of(ann.id) == before | noted
    assert client.get("/identity").status_code == 200


# -- at the same moment ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [12, 80])
def test_many_end_while_others_join_and_swap_in_the_same_movements(
    world: Flask, client_for: Callable[[int], OwnContextClient], size: int
) -> None:
    movements, everybody = make_movements(3), people(size)
    gone, swapping, joining = everybody[:3], everybody[3:5], people(3)
    for movement in movements:
        plant(movement, ring(everybody))
    ids, clients = [movement.id for movement in movements], [client_for(one) for one in gone]
    clients[0].get("/")

    def go_on(change: Callable[..., Any], user: int) -> set[Any]:
        return {tried_again(change, id, user) for id in ids * 2}

    jobs = [partial(one.delete, "/identity", json={"password": PASSWORD}) for one in clients]
    results = at_once(
        world,
        *jobs,
        *(partial(go_on, join, one) for one in joining),
        *(partial(go_on, swap(gone[0]), one) for one in swapping),
    )

    assert [answer.status_code for answer in results[:3]] == [200] * 3
    assert results[3:6] == [{None}] * 3
    assert all(ended(one) for one in gone)
    assert violations() == []
    for id in ids:
        assert set(networks.keys_of(id)) == {*everybody[3:], *joining}
    assert not {NotSubscribed} & set().union(*results[6:])
    assert NotFollowing in set().union(*results[6:])


@pytest.mark.parametrize("end", ["deletion", "deactivation"])
def test_an_act_during_the_end_of_an_account_is_done_before_it_or_not_at_all(
    world: Flask, client_for: Callable[[int], OwnContextClient], end: str
) -> None:
    everybody, (boss,) = people(8), people(1)
    User.find_by_id(boss).role = "admin"
    db.session.commit()
    admin = client_for(boss)
    admin.get("/")
    for gone in everybody[:5]:
        joined, other = make_movements(2)
        plant(joined, ring([gone, *everybody[5:]]))
        plant(other, ring(everybody[5:]))
        here, path = f"/movements/{joined.id}", f"/movements/{other.id}/subscriber"
        name = User.find_by_id(gone).username
        client = client_for(gone)
        login = {"username": name, "password": PASSWORD}
        ending = {
            "deletion": partial(client.delete, "/identity", json={"password": PASSWORD}),
            "deactivation": partial(admin.put, f"/admin/users/{gone}/deactivation"),
        }[end]
        started = {"name": f"of {gone}", "interval": "daily", "short_description": "x" * 10}

        last, *answers = at_once(
            world,
            ending,
            partial(client.put, path),
            partial(client.post, f"{here}/updates"),
            partial(client.post, "/movements", json=started),
            partial(world.test_client().post, "/auth", json=login),
            partial(client.delete, f"{here}/subscriber"),
        )

        assert last.status_code == 200
        # the account may end between a check of a token or a subscription and the act after it
        assert {answer.status_code for answer in answers} <= {200, 201, 401, 403, 409}
        if end == "deletion":
            assert ended(gone)
        else:
            standing = sa.select(Login).where(Login.user_id == gone, Login.revoked_at.is_(None))
            assert db.session.scalars(standing).all() == []
            assert ("subscriptions", "user_id") not in traces_of(gone)
        assert violations() == []
        db.session.remove()


@pytest.mark.parametrize(
    ("end", "statuses"), [("delete_from_db", (401, 401)), ("deactivate", (401, 403))]
)
def test_a_transaction_that_waited_for_the_end_of_an_account_sees_it(
    world: Flask,
    client_for: Callable[[int], OwnContextClient],
    end: str,
    statuses: tuple[int, int],
) -> None:
    (gone, *others), (movement,) = people(70), make_movements(1)
    plant(movement, ring(others))
    path, name = f"/movements/{movement.id}/subscriber", User.find_by_id(gone).username
    client = client_for(gone)
    client.get("/")
    ending, ender = Event(), []

    def pause(_session: Any) -> None:
        if get_ident() in ender:
            ending.set()
            time.sleep(0.5)  # so that the others wait behind this

    def stop() -> None:
        ender.append(get_ident())
        user = User.find_by_id(gone)
        ENDS[end](user)
        db.session.commit()

    def after(call: Callable[[], Any]) -> Any:
        ending.wait(timeout=60)
        return call()

    login = {"username": name, "password": PASSWORD}
    sa.event.listen(db.session, "before_commit", pause)
    try:
        _, joined, logged_in = at_once(
            world,
            stop,
            partial(after, partial(client.put, path)),
            partial(after, partial(world.test_client().post, "/auth", json=login)),
        )
    finally:
        sa.event.remove(db.session, "before_commit", pause)

    assert (joined.status_code, logged_in.status_code) == statuses
    assert not {"subscriptions", "updates"} & {table for table, _ in traces_of(gone)}
    assert violations() == []


@pytest.mark.parametrize("end", ENDS)
def test_one_of_the_last_two_admins_stays(world: Flask, end: str) -> None:
    for _ in range(6):
        pair = people(2)
        db.session.execute(sa.update(User).where(User.id.in_(pair)).values(role="admin"))
        db.session.commit()
        db.session.remove()

        def stop(user_id: int) -> str:
            user = User.find_by_id(user_id)
            try:
                ENDS[end](user)
                db.session.commit()
                return "ended"
            except LastAdmin:
                db.session.rollback()
                return "stays"

        assert sorted(at_once(world, *(partial(stop, one) for one in pair))) == ["ended", "stays"]
        admins = sa.select(User.id).where(User.role == "admin", User.deactivated_at.is_(None))
        assert len(db.session.scalars(admins).all()) == 1
        db.session.execute(sa.update(User).values(role="user"))
        db.session.commit()


# -- killed half-way ------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
import sqlalchemy as sa
from gridt import create_app
from gridt.models import User

last, user_id = sys.argv[1], int(sys.argv[2])
seen = 0

def die(connection, cursor, statement, *rest):
    global seen
    seen += statement.startswith(last)
    if seen == 2 or (seen and "subscriptions" not in last):
        os.kill(os.getpid(), signal.SIGKILL)

with create_app().app_context():
    user = User.find_by_id(user_id)
    sa.event.listen(sa.Engine, "after_cursor_execute", die)
    user.delete_from_db()
"""


@pytest.mark.parametrize(
    "last", ["DELETE FROM subscriptions", "DELETE FROM updates", "DELETE FROM users"]
)
def test_a_process_killed_half_way_has_changed_nothing(
    migrated_database: Callable[[], str], last: str
) -> None:
    url = migrated_database()
    with checked_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        movements, everybody = make_movements(3), people(7)
        gone = everybody[0]
        for movement in movements:
            plant(movement, ring(everybody))
            movement.post_update(User.find_by_id(gone)).save_to_db()
        before, arrows = traces_of(gone), [networks.arrows_of(one.id) for one in movements]
        db.session.remove()

        killed = subprocess.run(
            [sys.executable, "-c", _KILLED, last, str(gone)],
            cwd=ROOT,
            env=environment(url),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )

        assert killed.returncode == -SIGKILL, killed.stderr
        assert traces_of(gone) == before
        assert [networks.arrows_of(one.id) for one in movements] == arrows
        assert violations() == []
        User.find_by_id(gone).delete_from_db()  # and a second attempt succeeds
        assert ended(gone)
        assert violations() == []
