"""Screens: a day, and a movement, each in one answer."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert

from gridt.models import Movement, Update
from gridt.runtime.extensions import db
from tests.networks import make_movements, people, plant, ring

#: a Monday, at noon
MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock(clock):
    clock.now = MONDAY
    return clock


@pytest.fixture
def ann(make_user, clock):
    return make_user("Ann", time_zone="Europe/Amsterdam")


@pytest.fixture
def client(client_of, ann):
    return client_of(ann)


def without_signals(movement):
    """Leave out what only the published client reads."""
    leaders = [
        {name: value for name, value in leader.items() if name != "last_signal"}
        for leader in movement["leaders"]
    ]
    return {name: value for name, value in movement.items() if name != "last_signal_sent"} | {
        "leaders": leaders
    }


def letters(client, movement):
    (shown,) = [one for one in client.get("/today").json["movements"] if one["id"] == movement.id]
    return shown["last_turns"]


def test_today_has_the_account_and_the_subscriptions(client, ann, ben, make_movement, clock):
    mine = [make_movement(ann, ben), make_movement(ann, creator=ann)]
    make_movement(ben)
    client.post(f"/movements/{mine[0].id}/updates", json={"message": "done"})

    today = client.get("/today").json

    assert set(today) == {"now", "identity", "movements"}
    assert today["now"] == clock.now.isoformat()
    assert today["identity"] == client.get("/identity").json
    assert [movement.pop("last_turns") for movement in today["movements"]] == ["------d", "------o"]
    listed = client.get("/movements/subscriptions").json
    assert today["movements"] == [without_signals(movement) for movement in listed]
    assert len(today["movements"]) == 2


def test_a_user_without_movements_has_an_empty_day(client):
    assert client.get("/today").json["movements"] == []


def test_the_etag_leaves_out_the_time_of_the_answer(
    client, ann, ben, client_of, make_movement, clock
):
    movement = make_movement(ann, ben)
    first = client.get("/today")
    clock.pass_(seconds=1)
    seen = {"If-None-Match": first.headers["ETag"]}
    same = client.get("/today", headers=seen)
    assert (same.status_code, same.data) == (304, b"")
    assert client.get("/today").json["now"] > first.json["now"]

    client_of(ben).post(f"/movements/{movement.id}/updates")
    changed = client.get("/today", headers=seen)
    assert changed.status_code == 200
    assert changed.json["movements"][0]["leaders"][0]["done"] is True
    client.patch("/identity", json={"bio": "sings"})
    seen = {"If-None-Match": changed.headers["ETag"]}
    assert client.get("/today", headers=seen).status_code == 200
    seen = {"If-None-Match": client.get("/today").headers["ETag"]}
    clock.pass_(days=1)
    assert client.get("/today", headers=seen).status_code == 200, "another turn"


def test_a_turn_that_is_paused_or_has_a_goal_is_shown(client, make_movement, ann, clock):
    paused, running = make_movement(ann), make_movement(ann)
    clock.pass_(days=2)
    client.put(f"/movements/{paused.id}/pause", json={"until": "2026-06-20"})
    running.goal, running.interval = 3, timedelta(days=7)
    db.session.commit()
    client.post(f"/movements/{running.id}/updates")
    clock.pass_(days=1)
    shown = {movement["id"]: movement for movement in client.get("/today").json["movements"]}
    assert shown[paused.id]["last_turns"][-1] == "p"
    assert shown[paused.id]["standing"]["paused_until"] == "2026-06-19T22:00:00+00:00"
    turn = shown[running.id]["standing"]["turn"]
    assert (turn["amount"], turn["still"], turn["done"]) == (1, 2, False)
    assert shown[running.id]["last_turns"] == "------o", "one of three is not done"


@pytest.mark.parametrize("goal", [None, 2])
@pytest.mark.parametrize("interval", [timedelta(days=1), timedelta(days=7), timedelta(hours=5)])
def test_the_letters_are_those_of_the_history(client, make_movement, ann, clock, interval, goal):
    movement = make_movement(ann)
    movement.interval, movement.goal = interval, goal
    movement.free_misses, movement.free_turns = 1, 4
    movement.counts_every_update = True
    movement.save_to_db()
    chance, path = random.Random(7), f"/movements/{movement.id}"
    seen = set()
    for step in range(60):
        clock.now += interval * chance.uniform(0.2, 0.9)
        if chance.random() < 0.5:
            client.post(f"{path}/updates")
        if step % 20 == 12:
            until = clock.now + interval * chance.uniform(1.2, 2.5)
            client.put(f"{path}/pause", json={"until": until.isoformat()})
        turns = client.get(f"{path}/history?from=2026-06-01").json
        *earlier, present = [turn["outcome"][0] for turn in turns]
        if earlier[:1] == ["f"]:  # too short to count
            del earlier[0]
        expected = ("".join(earlier).replace("p", "") + present)[-7:].rjust(7, "-")
        assert letters(client, movement) == expected
        seen |= set(expected)
    assert seen == set("dfpmo-")


def test_today_takes_as_few_statements_at_any_size(client, ann, statements, clock):
    def cost(members, movements):
        for movement in make_movements(movements):
            plant(movement, ring([ann.id, *people(members)]))
            movement = Movement.find_by_id(movement.id)
            movement.free_misses = 1
        db.session.commit()
        statements.clear()
        shown = client.get("/today?limit=500").json["movements"]
        assert all(len(movement["leaders"]) == 4 for movement in shown)
        return len(statements)

    few, more = cost(6, 1), cost(6, 30)
    clock.pass_(days=40)
    late = cost(60, 3)
    assert max(few, more, late) <= 8
    assert few == more == late


def test_the_day_is_read_page_by_page(client, ann, make_movement):
    mine = [make_movement(ann).id for _ in range(5)]
    address, seen = "/today?limit=2", []
    while address:
        answer = client.get(address)
        seen.append([movement["id"] for movement in answer.json["movements"]])
        address = answer.headers.get("Link", "").removeprefix("<").partition(">")[0]
    assert seen == [mine[:2], mine[2:4], mine[4:]]
    refused = client.get("/today?after=nonsense")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "not-a-cursor")


# -- the overview of a movement -------------------------------------------------------------


@pytest.fixture
def overview(client):
    """Get the overview of a movement."""

    def get(movement):
        answer = client.get(f"/movements/{movement.id}/overview")
        assert answer.status_code == 200, answer.json
        return answer.json

    return get


def test_an_overview_has_what_the_single_calls_give(
    client, ann, ben, make_movement, overview, clock
):
    movement = make_movement(ann, ben)
    path = f"/movements/{movement.id}"
    for number in range(12):
        client.post(f"{path}/updates", json={"message": f"{number}"})
        clock.pass_(days=1)
    client.put(f"{path}/pause", json={"until": "2026-07-01", "reason": "Skiing."})

    shown = overview(movement)

    assert set(shown) == {"movement", "followers", "pause", "updates", "year"}
    assert shown["movement"] == without_signals(client.get(path).json)
    assert shown["followers"] == client.get(f"{path}/followers").json
    assert [follower["id"] for follower in shown["followers"]] == [ben.id]
    assert shown["updates"] == client.get(f"{path}/updates?limit=10").json
    assert [update["message"] for update in shown["updates"]] == [
        str(number) for number in range(11, 1, -1)
    ]
    assert shown["pause"] == client.get(f"{path}/pause").json
    assert shown["pause"]["reason"] == "Skiing."
    client.delete(f"{path}/pause")
    assert overview(movement)["pause"] is None


def test_an_overview_is_for_members(client, ben, make_movement):
    movement = make_movement(ben)
    refused = client.get(f"/movements/{movement.id}/overview")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/not-allowed")
    assert client.get("/movements/4711/overview").status_code == 404


def test_the_year_begins_with_a_week_and_ends_today(client, make_movement, ann, overview, clock):
    movement = make_movement(ann)
    for day in range(400):
        clock.now = MONDAY + timedelta(days=day)
        year = overview(movement)["year"] if day % 97 == 0 else None
        if day % 3:
            client.post(f"/movements/{movement.id}/updates")
        if year is None:
            continue
        first = date.fromisoformat(year["from"])
        assert first.weekday() == 0
        assert first + timedelta(days=len(year["days"]) - 1) == clock.now.date()
        assert 364 < len(year["days"]) <= 371
        due = [("d" if day_ % 3 else "f" if day_ == 0 else "m") for day_ in range(day)] + ["o"]
        assert year["days"] == "".join(due)[-len(year["days"]) :].rjust(len(year["days"]), "-")
    clock.now = MONDAY + timedelta(days=370 + 27 * 7 + 6)
    client.patch("/identity", json={"week_starts_on": "sunday"})
    year = overview(movement)["year"]
    assert date.fromisoformat(year["from"]).strftime("%A") == "Sunday"


def squares(client, movement, year):
    """Return the outcomes of the picture's days."""
    picture = client.get(f"/movements/{movement.id}/history.svg?year={year}").text
    return dict(re.findall(r"<title>(\d{4}-\d\d-\d\d): ([a-z ]+)", picture))


IN_LETTERS = {"nothing expected": "-", "partly": "d"}


@pytest.mark.parametrize(
    "interval",
    [timedelta(hours=6), timedelta(days=1), timedelta(days=2), timedelta(days=7), 3],
    ids=str,
)
def test_the_year_has_the_outcomes_of_the_picture(
    client, make_movement, ann, overview, clock, interval
):
    movement = make_movement(ann)
    movement.free_misses = 1
    if interval == 3:
        movement.interval_months, interval = 3, timedelta(days=91)
    movement.interval = interval
    movement.save_to_db()
    chance, path = random.Random(3), f"/movements/{movement.id}"
    for step in range(40):
        clock.now += interval * chance.uniform(0.3, 0.9)
        if chance.random() < 0.6:
            client.post(f"{path}/updates")
        if step % 12 == 7:
            until = clock.now + min(interval * 2.5, timedelta(days=360))
            client.put(f"{path}/pause", json={"until": until.isoformat()})
        if step == 25:
            client.patch("/identity", json={"day_starts_at": "04:00", "time_zone": "Asia/Tokyo"})
    year = overview(movement)["year"]
    first = date.fromisoformat(year["from"])
    days = [first + timedelta(days=number) for number in range(len(year["days"]))]
    drawn = {
        day: outcome
        for number in {day.year for day in days}
        for day, outcome in squares(client, movement, number).items()
    }
    expected = [drawn[str(day)] for day in days]
    assert year["days"] == "".join(IN_LETTERS.get(outcome, outcome[0]) for outcome in expected)
    usual = timedelta(days=1) <= interval <= timedelta(days=7)
    assert len(set(year["days"])) >= (4 if usual else 2)


def test_a_day_that_counted_towards_a_goal_is_done(client, make_movement, ann, overview, clock):
    movement = make_movement(ann)
    movement.goal, movement.interval = 3, timedelta(days=7)
    movement.save_to_db()
    for week in ("0000000", "1001000", "1101000", "0100100"):
        for done in week:
            if done == "1":
                client.post(f"/movements/{movement.id}/updates")
            clock.pass_(days=1)
    clock.pass_(days=-2)
    year = overview(movement)["year"]
    assert year["days"].lstrip("-") == "fffffff" + "dmmdmmm" + "ddddddd" + "odoodo"


def test_a_movement_of_minutes_has_fewer_days(client, make_movement, ann, overview, clock):
    movement = make_movement(ann)
    movement.interval = timedelta(minutes=1)
    movement.save_to_db()
    clock.pass_(days=500)
    client.post(f"/movements/{movement.id}/updates")
    year = overview(movement)["year"]
    assert 1 <= len(year["days"]) <= 7
    assert year["days"].strip("m") == "d"


def test_an_overview_takes_as_few_statements_at_any_size(client, ann, statements, clock):
    counts = []
    for members, updates in ((6, 0), (500, 30)):
        (movement,) = make_movements(1)
        plant(movement, ring([ann.id, *people(members)]))
        db.session.execute(
            insert(Update),
            [
                {"leader_id": ann.id, "movement_id": movement.id, "time_stamp": clock.now}
                for _ in range(updates)
            ],
        ) if updates else None
        db.session.commit()
        path = f"/movements/{movement.id}"
        statements.clear()
        shown = client.get(f"{path}/overview").json
        assert len(shown["movement"]["leaders"]) == len(shown["followers"]) == 4
        counts.append(len(statements))
    assert counts == [10, 10]
    client.put(f"{path}/pause", json={"until": "2026-07-01"})
    statements.clear()
    client.get(f"{path}/overview")
    assert len(statements) == 11
