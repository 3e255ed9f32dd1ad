"""Pauses, clocks and late updates, as clients use them."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from gridt.jobs import run_until_idle
from gridt.models import FormerClock, FormerInterval, SubscriptionPause, User
from gridt.models.standing.replay import recompute
from gridt.runtime.extensions import db
from gridt.standing import schedule_changes as gridt_terms
from tests.networks import make_movements, people, plant, ring

NOON = datetime(2024, 3, 20, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def movement(clock, make_movement, ann, ben):
    clock.now = NOON
    return make_movement(ann, ben, creator=ann)


def standing(client, movement):
    return client.get(f"/movements/{movement.id}").json["standing"]


# -- pauses ---------------------------------------------------------------------------------


def test_a_streak_stands_still_and_followers_see_the_end_of_the_pause(
    client_of, clock, movement, ann, ben
):
    hers, his, path = client_of(ann), client_of(ben), f"/movements/{movement.id}/pause"
    hers.post(f"/movements/{movement.id}/updates")
    clock.pass_(days=1)

    answer = hers.put(path, json={"until": "2024-03-30T00:00:00+00:00", "reason": "broken leg"})

    assert answer.status_code == 200
    assert answer.json["paused_until"] == "2024-03-30T00:00:00+00:00"
    assert hers.get(path).json["reason"] == "broken leg"
    (seen,) = his.get(f"/movements/{movement.id}").json["leaders"]
    assert seen["paused_until"] == "2024-03-30T00:00:00+00:00"
    assert "broken leg" not in his.get(f"/movements/{movement.id}").text
    clock.now = datetime(2024, 3, 30, 12, tzinfo=UTC)
    assert standing(hers, movement)["streak"] == 1
    assert standing(hers, movement)["paused_until"] is None
    assert hers.get(path).json == dict.fromkeys(["paused_from", "paused_until", "reason"])
    clock.pass_(days=1)
    assert standing(hers, movement)["streak"] == 0


def test_a_day_is_one_of_the_members_own(client_of, movement, ann):
    client = client_of(ann)
    client.patch("/identity", json={"time_zone": "Asia/Tokyo", "day_starts_at": "04:00"})
    answer = client.put(f"/movements/{movement.id}/pause", json={"until": "2024-03-25"})
    assert answer.json["paused_until"] == "2024-03-24T19:00:00+00:00"


def test_pausing_twice_is_one_pause_and_resuming_ends_it(client_of, clock, movement, ann):
    client, path = client_of(ann), f"/movements/{movement.id}/pause"
    for days in (3, 3, 9):
        until = (NOON + timedelta(days=days)).isoformat()
        assert client.put(path, json={"until": until}).status_code == 200
    clock.pass_(days=2)
    assert {client.delete(path).status_code for _ in range(2)} == {200}
    (one,) = db.session.scalars(sa.select(SubscriptionPause))
    assert (one.starts_at, one.ends_at) == (NOON, NOON + timedelta(days=2))
    assert standing(client, movement)["paused_until"] is None


@pytest.mark.parametrize(
    "until", ["2024-03-20", "2024-03-20T12:00:00Z", "2025-03-22", "2034-01-01", "0001-01-01"]
)
def test_a_pause_ends_within_the_year_to_come(client_of, movement, ann, until):
    answer = client_of(ann).put(f"/movements/{movement.id}/pause", json={"until": until})
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json["errors"]] == ["#/until"]


def test_an_outsider_cannot_pause(client_of, make_user, movement):
    client, path = client_of(make_user()), f"/movements/{movement.id}/pause"
    answers = [client.put(path, json={"until": "2024-04-01"}), client.delete(path)]
    assert [(one.status_code, one.json["type"]) for one in answers] == [
        (409, "/problems/not-subscribed")
    ] * 2


# -- clocks ---------------------------------------------------------------------------------


def test_a_clock_is_shown_and_the_former_one_stored(client_of, clock, movement, ann):
    client, now = client_of(ann), clock.now + timedelta(hours=1)
    client.patch("/identity", json={"time_zone": "UTC"})
    clock.now = now
    changes = {"day_starts_at": "04:00", "week_starts_on": "sunday", "time_zone": "Asia/Tokyo"}

    answer = client.patch("/identity", json=changes)

    assert changes.items() <= answer.json.items()
    assert changes.items() <= client.get("/identity").json.items()
    (former,) = db.session.scalars(sa.select(FormerClock))
    assert (former.time_zone, former.day_starts_at, former.ended_at) == ("UTC", 0, now)
    assert standing(client, movement)["turn"]["ends_at"] == "2024-03-21T00:00:00+00:00"


def test_changes_to_the_same_clock_or_within_a_second_leave_no_more(
    client_of, clock, movement, ann
):
    client = client_of(ann)
    client.patch("/identity", json={"time_zone": "UTC", "day_starts_at": "00:00"})
    assert db.session.scalars(sa.select(FormerClock)).all() == []
    for zone in ("Asia/Tokyo", "Europe/Paris", "America/Lima"):
        client.patch("/identity", json={"time_zone": zone})
        clock.pass_(seconds=0.3)
    assert [one.time_zone for one in db.session.scalars(sa.select(FormerClock))] == ["UTC"]


def test_ten_new_clocks_a_day_are_enough(client_of, clock, movement, ann):
    client = client_of(ann)
    zones = [f"Etc/GMT+{number}" for number in range(12)]
    for zone in zones[:10]:
        clock.pass_(minutes=1)
        assert client.patch("/identity", json={"time_zone": zone}).status_code == 200
    clock.pass_(minutes=1)
    refused = client.patch("/identity", json={"time_zone": zones[10], "bio": "on the move"})
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-clocks")
    assert refused.headers["Retry-After"] == str(24 * 3600 - 10 * 60)
    assert client.get("/identity").json["time_zone"] == zones[9]
    assert client.get("/identity").json["bio"] == ""
    # setting one back recalculates as well, and so do changes that leave no row
    assert client.patch("/identity", json={"time_zone": zones[8]}).status_code == 429
    assert client.patch("/identity", json={"time_zone": zones[9]}).status_code == 200  # no change
    clock.pass_(seconds=24 * 3600 - 10 * 60)
    assert client.patch("/identity", json={"time_zone": zones[8]}).status_code == 200
    assert client.patch("/identity", json={"time_zone": zones[9]}).status_code == 429


@pytest.mark.parametrize("seconds", [0, 0.3, 60])
def test_changes_to_and_fro_are_counted_and_leave_a_post_alone(
    client_of, clock, movement, ann, seconds
):
    client = client_of(ann)
    answers = []
    for number in range(12):
        clock.pass_(seconds=seconds)
        zone = ("Asia/Tokyo", "UTC")[number % 2]
        answers.append(client.patch("/identity", json={"time_zone": zone}).status_code)
    assert answers == [200] * 10 + [429, 200]  # the last one sets the clock that she has
    assert client.post(f"/movements/{movement.id}/updates").status_code == 201
    assert len(db.session.get_one(User, ann.id).clock_changes) == 10


def test_the_first_zone_holds_for_all_the_past(client_of, clock, make_movement, make_user):
    """A3: the first chosen zone holds for all the past.

    A user who registers without a zone has not lived by UTC.
    """
    clock.now = datetime(2026, 3, 20, 8, tzinfo=UTC)
    user = make_user()
    movement = make_movement(user)
    client, path = client_of(user), f"/movements/{movement.id}"
    clock.pass_(seconds=10)
    client.patch("/identity", json={"time_zone": "Europe/Berlin"})
    assert db.session.scalars(sa.select(FormerClock)).all() == []
    assert standing(client, movement)["turn"]["ends_at"] == "2026-03-20T23:00:00+00:00"
    for day in (20, 21, 22):
        clock.now = datetime(2026, 3, day, 10, tzinfo=UTC)
        assert not standing(client, movement)["turn"]["done"]
        client.post(f"{path}/updates")
    assert standing(client, movement)["streak"] == 3
    clock.pass_(days=1)
    client.patch("/identity", json={"time_zone": "Asia/Tokyo"})  # is a change
    assert [one.time_zone for one in db.session.scalars(sa.select(FormerClock))] == [
        "Europe/Berlin"
    ]


def test_only_the_first_change_of_a_clock_holds_for_all_the_past(client_of, make_user, clock):
    """Only a clock's first change holds for all the past.

    Else a member could judge their past again and again, by the best start of the day.
    """
    client = client_of(make_user())
    client.patch("/identity", json={"day_starts_at": "03:00"})
    assert db.session.scalars(sa.select(FormerClock)).all() == []
    clock.pass_(days=3)
    client.patch("/identity", json={"day_starts_at": "00:00"})
    assert [one.day_starts_at for one in db.session.scalars(sa.select(FormerClock))] == [180]
    client.patch("/identity", json={"time_zone": "Europe/Berlin"})
    assert db.session.scalars(sa.select(FormerClock)).all() == []


@pytest.mark.parametrize("parts", [{"time_zone": "UTC"}, {"time_zone": "Europe/Berlin"}])
def test_a_user_who_registers_with_a_zone_has_chosen_it(client, parts):
    account = {"username": "zoe", "email": "zoe@example.org", "password": "correct horse battery"}
    more = {"day_starts_at": "04:00", "week_starts_on": "sunday"}
    assert client.post("/register", json=account | parts | more).status_code == 201
    zoe = User.find_by_name("zoe")
    assert (zoe.time_zone, zoe.day_starts_at, zoe.week_starts_on) == (parts["time_zone"], 240, 6)
    assert zoe.clock_chosen_at is not None


def test_a_user_who_registers_without_a_zone_has_chosen_none(client):
    account = {"username": "zoe", "email": "zoe@example.org", "password": "correct horse battery"}
    assert client.post("/register", json=account | {"day_starts_at": "04:00"}).status_code == 201
    assert User.find_by_name("zoe").clock_chosen_at is None


def test_a_creator_changes_the_interval_once_a_day(client_of, clock, movement, ann, make_user):
    client, path = client_of(ann), f"/movements/{movement.id}"
    assert client.patch(path, json={"interval": "weekly"}).status_code == 200
    clock.pass_(hours=23)
    refused = client.patch(path, json={"interval": "daily", "free_misses": 2})
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/interval-changed-lately")
    assert refused.headers["Retry-After"] == "3600"
    assert client.get(path).json["free_misses"] == 0
    assert client.patch(path, json={"free_misses": 1}).status_code == 200
    assert (
        client_of(make_user(role="admin")).patch(path, json={"interval": "P2D"}).status_code == 200
    )
    clock.pass_(days=1)
    assert client.patch(path, json={"interval": "daily"}).status_code == 200


def test_each_movement_takes_as_many_statements(client_of, make_user, statements):
    counts = []
    for movements in (1, 5):
        user = make_user()
        for movement in make_movements(movements):
            plant(movement, ring([user.id, *people(3)]))
        client = client_of(user)
        statements.clear()
        client.patch("/identity", json={"time_zone": "Asia/Tokyo"})
        counts.append(len(statements))
    assert counts[1] - counts[0] == 4 * 7


# -- rules of movements ---------------------------------------------------------------------


def test_a_new_interval_is_recomputed_in_batches(client_of, clock, monkeypatch):
    monkeypatch.setattr(gridt_terms, "BATCH", 2)
    clock.now = NOON
    (movement,), members = make_movements(1), people(7)
    plant(movement, ring(members))
    movement.creator_id = members[0]
    db.session.commit()
    client = client_of(User.find_by_id(members[6]))
    clock.pass_(days=3)
    assert standing(client, movement)["turns"] == 2
    owner = client_of(User.find_by_id(members[0]))

    answer = owner.patch(
        f"/movements/{movement.id}", json={"interval": "weekly", "free_misses": 2, "free_turns": 9}
    )

    assert answer.json["free_misses"] == 2
    assert db.session.scalars(sa.select(FormerInterval.interval)).all() == [timedelta(days=1)]
    assert run_until_idle() == 4
    assert standing(client, movement)["turn"]["ends_at"] == "2024-03-24T00:00:00+00:00"


def test_an_allowance_overlooks_misses(client_of, clock, movement, ann):
    client, path = client_of(ann), f"/movements/{movement.id}"
    client.patch(path, json={"free_misses": 1, "free_turns": 7})
    run_until_idle()
    client.post(f"{path}/updates")
    clock.pass_(days=2)
    assert standing(client, movement)["streak"] == 1
    clock.pass_(days=1)
    assert standing(client, movement)["streak"] == 0


def test_a_pause_of_seconds_before_midnight_saves_no_streak(client_of, clock, movement, ann):
    client, path = client_of(ann), f"/movements/{movement.id}"
    client.post(f"{path}/updates")
    for day in (21, 22):
        clock.now = datetime(2024, 3, day, 23, 59, tzinfo=UTC)
        client.put(f"{path}/pause", json={"until": (clock.now + timedelta(seconds=2)).isoformat()})
    clock.pass_(minutes=2)
    assert standing(client, movement)["streak"] == 0
    assert client.get(f"{path}/history").json[-2]["outcome"] == "missed"


@pytest.mark.parametrize(
    ("pauses", "streak"),
    [
        ([("21T06:00", "21T18:00")], 1),
        ([("21T06:00", "21T17:59")], 0),
        ([("21T01:00", "21T07:00"), ("21T12:00", "21T18:00")], 1),
        ([("21T01:00", "21T07:00"), ("21T12:00", "21T17:59")], 0),
        ([("20T23:00", "21T00:01")], 1),
        ([("20T23:00", "21T00:01"), ("21T23:00", "21T23:01")], 1),
        ([("21T00:00", "21T00:01")], 0),
        ([("21T00:00", "21T00:01"), ("21T23:00", "21T23:01")], 0),
    ],
)
def test_a_turn_is_paused_by_half_of_it_or_from_before_it(
    client_of, clock, movement, ann, pauses, streak
):
    client, path = client_of(ann), f"/movements/{movement.id}"
    client.post(f"{path}/updates")
    for first, last in pauses:
        clock.now = datetime.fromisoformat(f"2024-03-{first}:00+00:00")
        client.put(f"{path}/pause", json={"until": f"2024-03-{last}:00+00:00"})
    clock.now = datetime(2024, 3, 22, 12, tzinfo=UTC)
    assert standing(client, movement)["streak"] == streak
    assert recompute(movement.id, [ann.id]) == 0
    assert standing(client, movement)["streak"] == streak


# -- corrections ----------------------------------------------------------------------------


def test_a_turn_that_has_just_ended_may_still_be_done(client_of, clock, movement, ann):
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    clock.now = datetime(2024, 3, 22, 1, 30, tzinfo=UTC)
    late, too_late = "2024-03-21T23:00:00Z", "2024-03-20T23:00:00Z"
    for at in (too_late, "2024-03-22T01:35:01Z"):
        answer = client.post(path, json={"at": at})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "#/at"

    answer = client.post(path, json={"at": late})

    assert answer.json["time_stamp"] == "2024-03-21T23:00:00+00:00"
    assert standing(client, movement)["streak"] == 1
    again = client.post(path, json={"at": "2024-03-21T23:00:01Z"})
    assert (again.status_code, again.json["type"]) == (409, "/problems/already-done")
    client.patch(f"/movements/{movement.id}", json={"counts_every_update": True})
    assert client.post(path, json={"at": "2024-03-21T23:00:01Z"}).status_code == 201


@pytest.mark.parametrize("counts_every_update", [False, True])
def test_the_same_moment_is_the_same_update(
    client_of, clock, movement, ann, ben, counts_every_update
):
    movement.counts_every_update = counts_every_update
    movement.add_user(ben)
    movement.save_to_db()
    client, path = client_of(ann), f"/movements/{movement.id}"
    clock.now = datetime(2024, 3, 21, 12, tzinfo=UTC)
    body = {"at": "2024-03-21T11:00:00.000001Z", "message": "first"}
    first = client.post(f"{path}/updates", json=body)
    assert first.status_code == 201
    before = standing(client, movement)

    clock.pass_(days=9)  # the turn is over for too long to be reported
    for at in ("2024-03-21T11:00:00.000001Z", "2024-03-21T12:00:00.000001+01:00"):
        again = client.post(f"{path}/updates", json={"at": at, "message": "second"})
        assert (again.status_code, again.json) == (200, first.json)
        assert again.headers["Location"] == first.headers["Location"]
    for old in ("update", "signal"):
        answer = client.post(f"{path}/{old}", json=body)
        assert (answer.status_code, list(answer.json)) == (200, ["message"])
    assert standing(client, movement)["done_turns"] == before["done_turns"]
    assert len(client.get(f"{path}/updates").json) == 1

    assert client.post(f"{path}/updates", json={"at": "2024-03-21T11:00:00Z"}).status_code == 422
    assert client_of(ben).post(f"{path}/updates", json=body).status_code == 422, "it is Ann's"
    client.delete(f"{path}/subscriber")
    assert client.post(f"{path}/updates", json=body).status_code == 409


def test_after_the_grace_it_is_too_late(client_of, clock, movement, ann, app, monkeypatch):
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    clock.now = datetime(2024, 3, 21, 0, 30, tzinfo=UTC)
    monkeypatch.setitem(app.config, "GRACE", timedelta(minutes=30))
    assert client.post(path, json={"at": "2024-03-20T13:00:00Z"}).status_code == 422
    monkeypatch.setitem(app.config, "GRACE", timedelta(minutes=31))
    assert client.post(path, json={"at": "2024-03-20T13:00:00Z"}).status_code == 201


def test_withdrawing_an_update_takes_it_out_of_the_standing(client_of, clock, movement, ann):
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    first = client.post(path)
    clock.pass_(days=1)
    client.post(path)
    assert standing(client, movement)["streak"] == 2
    assert client.delete(first.headers["Location"]).status_code == 200
    assert standing(client, movement)["streak"] == 1
    assert standing(client, movement)["best_streak"] == 1
