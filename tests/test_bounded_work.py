"""Work over very many movements: bounded transactions, and jobs."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import current_app

from gridt.accounts import delete_account, reactivate
from gridt.jobs import run_until_idle
from gridt.jobs.runner import run_next
from gridt.models import (
    Checkpoint,
    Job,
    MemberPast,
    Movement,
    Subscription,
    Update,
    User,
    recompute,
)
from gridt.models import MovementUserAssociation as Association
from gridt.network import block, unblock
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.extensions import db
from gridt.standing import change_clock, change_terms, enqueue_recompute
from tests.conftest import PASSWORD
from tests.networks import make_movements, people, plant, ring, violations

MOVEMENTS, AT_ONCE = 7, 2
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def few_at_once(database, monkeypatch):
    monkeypatch.setattr("gridt.network.blocking.MOVEMENTS_AT_ONCE", AT_ONCE)
    monkeypatch.setattr("gridt.accounts.deactivation.MOVEMENTS_AT_ONCE", AT_ONCE)


@pytest.fixture
def shared(ann, ben):
    """Many movements in which Ann follows Ben."""
    movements = make_movements(MOVEMENTS)
    for movement in movements:
        plant(movement, ring([ann.id, ben.id, *people(8)]))
    return [movement.id for movement in movements]


def joined(user_id):
    mine = Subscription.user_id == user_id
    return db.session.scalar(sa.select(sa.func.count()).select_from(Subscription).where(mine))


def followed(ann, ben):
    movements = map(Movement.find_by_id, sorted(m.id for m in ann.movements))
    return [ben in ann.leaders(movement) for movement in movements]


def test_a_block_changes_some_movements_and_jobs_change_the_others(ann, ben, shared):
    assert followed(ann, ben) == [True] * MOVEMENTS
    block(ann, ben)
    db.session.commit()
    assert followed(ann, ben) == [False] * AT_ONCE + [True] * (MOVEMENTS - AT_ONCE)
    assert run_until_idle() == 3
    assert followed(ann, ben) == [False] * MOVEMENTS
    assert violations() == []
    assert list(found_by_sql()) == []


def test_a_block_that_is_undone_meanwhile_changes_no_more(ann, ben, shared):
    block(ann, ben)
    db.session.commit()
    unblock(ann, ben)
    db.session.commit()
    run_until_idle()
    assert followed(ann, ben)[AT_ONCE:] == [True] * (MOVEMENTS - AT_ONCE)
    assert violations() == []


def test_blocks_and_unblocks_in_turn_leave_one_job_for_what_holds_then(ann, ben, shared):
    for _ in range(3):
        block(ann, ben)
        db.session.commit()
        unblock(ann, ben)
        db.session.commit()
    block(ann, ben)
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1
    assert run_until_idle() == 3
    assert followed(ann, ben) == [False] * MOVEMENTS
    assert violations() == []


def test_a_request_lets_a_waiting_series_begin_with_its_own_rest(ann, ben, shared):
    block(ann, ben)
    db.session.commit()
    assert run_next(current_app._get_current_object())  # the series is half-way
    assert followed(ann, ben) == [False] * 2 * AT_ONCE + [True] * (MOVEMENTS - 2 * AT_ONCE)
    unblock(ann, ben)
    db.session.commit()
    (waiting,) = db.session.scalars(sa.select(Job)).all()
    assert waiting.arguments["after"] == shared[AT_ONCE - 1]
    run_until_idle()
    assert violations() == []


def test_an_account_in_many_movements_is_closed_at_once_and_deleted_by_jobs(
    client_of, client, ann, shared
):
    user_id = ann.id
    mine = client_of(ann)
    answer = mine.delete("/identity", json={"password": PASSWORD})
    assert answer.status_code == 200
    assert joined(user_id) == MOVEMENTS - AT_ONCE
    assert mine.get("/identity").status_code == 401
    login = {"username": ann.email, "password": PASSWORD}
    assert client.post("/auth", json=login).status_code == 403
    assert run_until_idle() == 3
    db.session.expire_all()
    assert User.find_by_id(user_id) is None
    assert joined(user_id) == 0
    assert violations() == []
    assert db.session.scalars(sa.select(Job.id)).all() == []


def test_a_job_that_dies_half_way_leaves_the_rest_to_the_next(ann, shared):
    user_id = ann.id
    delete_account(ann)
    (job,) = db.session.scalars(sa.select(Job)).all()
    assert job.arguments == {"user_id": user_id, "delete": True}
    db.session.rollback()  # as in a process that is killed within the job
    run_until_idle()
    assert User.find_by_id(user_id) is None


def test_a_deactivated_account_leaves_many_movements_by_jobs(client_of, make_user, ann, shared):
    admin = client_of(make_user(role="admin"))
    path = f"/admin/users/{ann.id}/deactivation"
    assert admin.put(path).status_code == 200
    assert joined(ann.id) == MOVEMENTS - AT_ONCE
    run_until_idle()
    assert joined(ann.id) == 0
    assert violations() == []


def test_a_user_reactivated_meanwhile_stays_in_the_remaining_movements(
    client_of, make_user, ann, shared
):
    admin = client_of(make_user(role="admin"))
    path = f"/admin/users/{ann.id}/deactivation"
    assert admin.put(path).status_code == 200
    db.session.refresh(ann)
    reactivate(ann)
    db.session.commit()
    run_until_idle()
    assert joined(ann.id) == MOVEMENTS - AT_ONCE


@pytest.mark.parametrize("ends", ["deletes", "deactivates"])
def test_an_ended_account_is_hidden_until_the_job_is_done(
    client_of, make_user, ann, ben, shared, ends
):
    last = shared[-1]
    theirs, ann_id = client_of(ben), ann.id
    name = ann.username
    db.session.execute(
        sa.update(Association)
        .where(Association.follower_id == ben.id, Association.slot == 0)
        .values(leader_id=ann_id)
    )
    db.session.commit()
    paths = [
        "/movements",
        f"/movements/{last}",
        f"/movements/{last}/followers",
        "/identity/export",
    ]
    assert [name in theirs.get(path).text for path in paths] == [True] * 4
    about_her = [
        f"/movements/{last}/leader/{ann_id}",
        f"/movements/{last}/history?user={ann_id}",
        f"/movements/{last}/history.svg?user={ann_id}",
        f"/movements/{last}/updates?user={ann_id}",
    ]
    assert [theirs.get(path).status_code for path in about_her] == [200] * 4
    if ends == "deletes":
        assert client_of(ann).delete("/identity", json={"password": PASSWORD}).status_code == 200
    else:
        admin = client_of(make_user(role="admin"))
        assert admin.put(f"/admin/users/{ann_id}/deactivation").status_code == 200
    assert joined(ann_id) == MOVEMENTS - AT_ONCE
    assert [name in theirs.get(path).text for path in paths] == [False] * 4
    assert [theirs.get(path).status_code for path in about_her] == [404] * 4


def test_no_member_gets_a_leader_whose_account_has_ended(ann, make_user):
    movements, others = make_movements(MOVEMENTS), people(6)
    for movement in movements:
        plant(movement, ring(others) | {ann.id: others[:4]})
    ann_id, last = ann.id, movements[-1]
    delete_account(ann)
    db.session.commit()
    newcomers = [make_user() for _ in range(5)]
    for newcomer in newcomers:
        last.add_user(newcomer)
    db.session.commit()
    assert joined(ann_id) == MOVEMENTS - AT_ONCE
    leaders = [leader.id for newcomer in newcomers for leader in last.leaders_of(newcomer)]
    assert len(leaders) == 4 * len(newcomers)
    assert ann_id not in leaders
    run_until_idle()
    assert violations() == []


# -- members with very many updates -----------------------------------------------------------

OFTEN = 60


@pytest.fixture
def often(ann, ben, clock, make_movement, monkeypatch):
    """A movement in which Ann posts every minute.

    A request reads few of her updates there.
    """
    for module in ("past", "replay"):
        monkeypatch.setattr(f"gridt.models.standing.{module}.MOST_READ", 10)
    monkeypatch.setattr("gridt.standing.memberships.MOST_READ", 10)
    monkeypatch.setattr("gridt.models.standing.checkpoints.EVERY", 4)
    movement = make_movement(ann)
    movement.interval, ann.clock_chosen_at = MINUTE, ann.created_at
    clock.now = clock.now.replace(second=0, microsecond=0)
    begun = clock.now - timedelta(minutes=OFTEN + 1)
    mine = Subscription.user_id == ann.id
    db.session.execute(sa.update(Subscription).where(mine).values(subscribed_at=begun))
    db.session.execute(
        sa.insert(Update),
        [
            {"leader_id": ann.id, "movement_id": movement.id, "time_stamp": begun + n * MINUTE}
            for n in range(OFTEN)
        ],
    )
    db.session.commit()
    return movement


@pytest.fixture
def read(monkeypatch):
    """Count the times of updates that are read."""
    amounts = []

    def counted(past, starts_at, ends_at, most):
        part = between(past, starts_at, ends_at, most)
        amounts.append(len(part.moments))
        return part

    between = MemberPast._between
    monkeypatch.setattr(MemberPast, "_between", counted)
    return amounts


def is_right(user, movement):
    """Return whether a standing agrees with the past."""
    return recompute(movement.id, [user.id]) == 0


def ids_of(movement):
    mine = sa.select(Update.id).where(Update.movement_id == movement.id)
    return db.session.scalars(mine.order_by(Update.time_stamp)).all()


def test_a_deletion_before_a_long_past_leaves_the_standing_to_steps_of_a_job(
    client_of, ann, often, read
):
    client, (first, second, *_) = client_of(ann), ids_of(often)
    path = f"/movements/{often.id}/updates/"
    answer = client.delete(path + str(first))
    assert "updated within a minute" in answer.json["message"]
    assert db.session.scalars(sa.select(Job.name)).all() == ["recompute-member"]
    read.clear()
    assert run_until_idle() > OFTEN / 10
    assert max(read) <= 10
    answer = client.delete(path + str(second))
    assert "updated within" in answer.json["message"]
    run_until_idle()
    assert is_right(ann, often)


def test_what_touches_the_end_of_a_long_past_reads_from_a_checkpoint(
    client_of, clock, ann, often, read
):
    client, path = client_of(ann), f"/movements/{often.id}"
    client.delete(f"{path}/updates/{ids_of(often)[0]}")
    run_until_idle()
    read.clear()
    last = ids_of(often)[-1]
    at = (clock.now - timedelta(seconds=20)).isoformat()
    moments = {"from": (clock.now - 5 * MINUTE).isoformat(), "to": clock.now.isoformat()}
    answers = [
        client.delete(f"{path}/updates/{last}"),
        client.post(f"{path}/updates", json={"at": at}),
        client.get(f"{path}/history", query_string=moments),
        client.patch("/identity", json={"time_zone": "Asia/Tokyo"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 200, 200]
    assert max(read) <= 10 + 2
    assert db.session.scalars(sa.select(Job.name)).all() == []
    assert is_right(ann, often)


def test_a_job_ends_where_clocks_may_reach_each_checkpoint(ann, clock, make_movement, monkeypatch):
    """A job ends, wherever clocks may reach each checkpoint.

    A daily turn has many updates of two days, and clocks change before and after most.
    """
    monkeypatch.setattr("gridt.models.standing.past.MOST_READ", 10)
    monkeypatch.setattr("gridt.models.standing.replay.MOST_READ", 10)
    monkeypatch.setattr("gridt.standing.memberships.MOST_READ", 10)
    monkeypatch.setattr("gridt.models.standing.checkpoints.EVERY", 4)
    movement = make_movement(ann)
    movement.counts_every_update = True
    change_clock(ann, time_zone="Europe/Berlin")
    clock.pass_(minutes=1)
    change_terms(movement, {"interval": MINUTE})
    for number in range(48):
        clock.pass_(seconds=30)
        Update.record(ann.id, movement.id)
        if number == 8:
            clock.pass_(seconds=3)
            change_clock(ann, time_zone="Asia/Tokyo")
    clock.pass_(seconds=3)
    change_clock(ann, time_zone="Europe/Paris")
    db.session.commit()
    app, steps = current_app._get_current_object(), 0
    while run_next(app):
        steps += 1
        assert steps < 48
    assert steps
    assert is_right(ann, movement)


def test_the_last_updates_before_clocks_say_which_checkpoints_they_reach(
    client_of, clock, ann, often, read
):
    """The last updates before clocks are looked up singly.

    They say which checkpoints the clocks reach. They are looked up one by one, and not read with
    all updates of two days.
    """
    client = client_of(ann)
    ann.clock_chosen_at = ann.created_at
    client.delete(f"/movements/{often.id}/updates/{ids_of(often)[0]}")
    run_until_idle()
    for zone in ("Asia/Tokyo", "Europe/Paris", "America/Lima"):
        clock.pass_(seconds=2)
        read.clear()
        assert client.patch("/identity", json={"time_zone": zone}).status_code == 200
        assert sum(read) <= 4 * 11
        run_until_idle()
    assert is_right(ann, often)


def test_a_clock_changes_a_few_movements_and_jobs_do_the_others(client_of, clock, ann, read):
    movements = make_movements(MOVEMENTS)
    for movement in movements:
        movement.add_user(ann)
    db.session.commit()
    clock.pass_(days=2)
    client = client_of(ann)
    for movement in movements:
        client.post(f"/movements/{movement.id}/updates")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridt.standing.memberships.MOVEMENTS_AT_ONCE", AT_ONCE)
        for zone in ("Asia/Tokyo", "America/Lima", "Europe/Berlin"):
            read.clear()
            answer = client.patch("/identity", json={"time_zone": zone})
            assert "updated within a minute" in answer.json["message"]
            assert len(read) == AT_ONCE
            assert db.session.scalars(sa.select(Job.name)).all() == ["recompute-memberships"]
        assert run_until_idle() == 3
    assert all(is_right(ann, movement) for movement in movements)


def test_a_batch_of_members_has_few_updates_together(clock, ann, ben, often, monkeypatch):
    monkeypatch.setattr("gridt.standing.schedule_changes.MOST_READ", 10)
    monkeypatch.setattr("gridt.standing.schedule_changes.BATCH_UPDATES", 20)
    often.add_user(ben)
    db.session.commit()
    change_terms(often, {"free_misses": 1})
    enqueue_recompute(often.id)
    db.session.commit()
    assert run_until_idle() > 2 + OFTEN / 10  # two batches, and steps
    assert is_right(ann, often)


def test_a_series_of_posts_leaves_checkpoints(client_of, clock, ann, often, monkeypatch):
    monkeypatch.setattr("gridt.models.update.EVERY", 4)
    client = client_of(ann)
    for _ in range(5):
        clock.pass_(minutes=1)
        assert client.post(f"/movements/{often.id}/updates").status_code == 201
    assert run_until_idle() > OFTEN / 10
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Checkpoint)) >= OFTEN / 4 - 1
    assert is_right(ann, often)
