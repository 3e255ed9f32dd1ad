"""Goals and months over HTTP: three times a week, monthly."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from gridt.jobs import run_until_idle
from gridt.models import Movement, MovementUserAssociation, Update
from gridt.runtime.extensions import db
from gridt.standing import recompute_batch
from tests.cases import each
from tests.databases import same_on_both

#: a Monday, at noon
MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)
NEW = {"name": "Running", "interval": "weekly", "short_description": "Out, in any weather"}
THREE = {"of": "count", "at_least": 3}


@pytest.fixture
def clock(clock):
    clock.now = MONDAY
    return clock


@pytest.fixture
def ann(make_user, clock):
    return make_user("Ann", time_zone="Europe/Berlin")


@pytest.fixture
def client(client_of, ann):
    return client_of(ann)


@pytest.fixture
def running(client):
    return client.post("/movements", json=NEW | {"goal": THREE}).json


@pytest.fixture
def path(running):
    return f"/movements/{running['id']}"


def progress(client, path):
    standing = client.get(path).json["standing"]
    turn = standing["turn"]
    return turn["amount"], turn["still"], turn["done"], standing["streak"]


# -- goals --------------------------------------------------------------------------------------


def test_three_days_complete_a_week(client, running, path, clock):
    assert (running["goal"], running["interval"]) == (THREE, "P7D")
    assert progress(client, path) == (0, 3, False, 0)
    for expected in [(1, 2, False, 0), (2, 1, False, 0), (3, 0, True, 1), (4, 0, True, 1)]:
        assert client.post(f"{path}/updates").status_code == 201
        assert progress(client, path) == expected
        assert client.post(f"{path}/updates").status_code == 201, "stored, and does not count"
        assert progress(client, path) == expected
        clock.pass_(days=1)
    clock.now = MONDAY + timedelta(days=7)
    assert progress(client, path) == (0, 3, False, 1)
    (week, _) = client.get(f"{path}/history").json
    assert (week["outcome"], week["updates"], week["amount"], week["still"]) == ("done", 8, 4, 0)


def test_the_published_client_posts_three_bare_signals(client, path, clock):
    shown = client.get("/movements/subscriptions").json[0]
    assert shown["interval"] == "P7D", "no word that the client would take one signal for enough"
    for number in range(3):
        answer = client.post(f"{path}/signal")
        assert answer.status_code == 201
        assert answer.json["message"].startswith("Well done!")
        assert client.get(path).json["standing"]["turn"]["done"] is (number == 2)
        clock.pass_(days=2)


def test_where_every_update_counts_three_of_one_day_do(client, clock):
    body = NEW | {"goal": THREE, "counts_every_update": True}
    path = f"/movements/{client.post('/movements', json=body).json['id']}"
    for expected in [(1, 2, False, 0), (2, 1, False, 0), (3, 0, True, 1)]:
        client.post(f"{path}/updates")
        assert progress(client, path) == expected


def test_a_day_can_be_reported_once(client, path, clock):
    clock.pass_(days=2)
    yesterday = (clock.now - timedelta(days=1)).isoformat()
    assert client.post(f"{path}/updates", json={"at": yesterday}).status_code == 201
    later = (clock.now - timedelta(hours=23)).isoformat()
    again = client.post(f"{path}/updates", json={"at": later})
    assert (again.status_code, again.json["type"]) == (409, "/problems/already-done")
    today = (clock.now - timedelta(hours=1)).isoformat()
    assert client.post(f"{path}/updates", json={"at": today}).status_code == 201
    assert progress(client, path) == (2, 1, False, 0)


def test_the_answer_says_whether_an_update_counts(client, path, clock):
    def counted(path, **body):
        return client.post(f"{path}/updates", json=body).json["counted"]

    assert [counted(path), counted(path)] == [True, False]
    clock.pass_(days=2)
    yesterday, today = clock.now - timedelta(days=1), clock.now - timedelta(minutes=30)
    assert counted(path, at=yesterday.isoformat()) is True
    assert counted(path, at=yesterday.isoformat()) is None, "posted before"
    assert counted(path, at=today.isoformat()) is True
    assert counted(path) is False
    clock.now = MONDAY + timedelta(days=6, hours=11)  # an hour after midnight in Berlin
    sunday = (clock.now - timedelta(hours=2)).isoformat()
    assert counted(path, at=sunday) is None, "of the week before"
    assert counted(path) is True
    every = NEW | {"name": "Each", "goal": THREE, "counts_every_update": True}
    plain = NEW | {"name": "Plain"}
    for body, expected in [(every, True), (plain, None)]:
        other = f"/movements/{client.post('/movements', json=body).json['id']}"
        assert [counted(other), counted(other)] == [expected, expected]


def test_the_answer_says_that_a_date_of_another_zone_comes_too_early(client, path, clock):
    """Around noon UTC, the world has three dates."""
    clock.now = MONDAY + timedelta(days=9, minutes=-90)
    counts = []
    for zone in ("Pacific/Pago_Pago", "Europe/Berlin", "Pacific/Kiritimati"):
        assert client.patch("/identity", json={"time_zone": zone}).status_code == 200
        clock.pass_(seconds=20)
        counts.append(client.post(f"{path}/updates").json["counted"])
        clock.pass_(seconds=20)
    assert counts == [True, True, False]
    assert progress(client, path) == (2, 1, False, 0)
    assert rebuilt() == 0
    clock.pass_(hours=12)
    assert client.post(f"{path}/updates").json["counted"] is True
    assert rebuilt() == 0


def test_a_withdrawn_update_opens_the_turn_again(client, path, clock):
    ids = []
    for _ in range(3):
        ids.append(client.post(f"{path}/updates").json["id"])
        clock.pass_(days=1)
    assert progress(client, path) == (3, 0, True, 1)
    assert client.delete(f"{path}/updates/{ids[1]}").status_code == 200
    assert progress(client, path) == (2, 1, False, 0)


def test_a_week_is_counted_again_by_the_goal_it_began_with(client, path, clock):
    ids = []
    for _ in range(3):
        ids.append(client.post(f"{path}/updates").json["id"])
        clock.pass_(days=1)
    assert client.patch(path, json={"goal": {"of": "count", "at_least": 2}}).status_code == 200
    assert client.delete(f"{path}/updates/{ids[0]}").status_code == 200
    assert progress(client, path) == (2, 1, False, 0)


def test_an_import_brings_the_days_of_a_week(client, path, clock):
    clock.now = MONDAY + timedelta(days=6)
    body = "date\n2026-06-01\n2026-06-03\n2026-06-03\n2026-06-05\n"
    refused = client.post(f"{path}/updates/import", data=body, content_type="text/csv")
    assert refused.status_code == 422, "a day twice"
    days = body.replace("2026-06-03\n", "", 1)
    answer = client.post(f"{path}/updates/import", data=days, content_type="text/csv")
    assert (answer.status_code, answer.json["imported"]) == (200, 3)
    assert progress(client, path) == (3, 0, True, 1)
    # the export of these comes back as the same
    table = client.get("/identity/export?format=csv").get_data(as_text=True)
    again = client.post(
        f"{path}/updates/import?skip_duplicates=true", data=table, content_type="text/csv"
    )
    assert (again.status_code, again.json["imported"]) == (200, 0)


def test_a_table_of_loop_brings_the_days_with_a_checkmark(client, path, clock):
    """Loop's table brings only the days with a checkmark.

    Of a habit "three times a week", Loop writes YES_AUTO for the other days.
    """
    clock.now = MONDAY + timedelta(days=13)
    body = "Date,Value,Notes\n2026-06-07,YES_AUTO,\n2026-06-06,YES_MANUAL,\n2026-06-05,YES_AUTO,\n"
    body += "2026-06-03,YES_MANUAL,wet\n2026-06-02,YES_AUTO,\n2026-06-01,YES_MANUAL,\n"
    answer = client.post(f"{path}/updates/import", data=body, content_type="text/csv").json
    assert (answer["imported"], answer["not_done"]) == (3, 3)
    first, _ = client.get(f"{path}/history").json
    assert (first["outcome"], first["amount"]) == ("done", 3)


def test_a_change_of_goal_holds_from_the_next_turn(client, path, clock):
    client.post(f"{path}/updates")
    clock.pass_(days=1)
    changed = client.patch(path, json={"goal": {"of": "count", "at_least": 1}})
    assert (changed.status_code, changed.json["goal"]["at_least"]) == (200, 1)
    assert progress(client, path) == (1, 2, False, 0)
    client.post(f"{path}/updates")
    assert progress(client, path) == (2, 1, False, 0)
    again = client.patch(path, json={"goal": None})
    assert (again.status_code, again.json["type"]) == (429, "/problems/goal-changed-lately")
    assert int(again.headers["Retry-After"]) == 24 * 3600
    assert client.get(path).json["goal"]["at_least"] == 1
    clock.now = MONDAY + timedelta(days=7)
    assert progress(client, path) == (0, 1, False, 0), "the week of two was missed"
    client.post(f"{path}/updates")
    assert progress(client, path) == (1, 0, True, 1)
    assert client.patch(path, json={"goal": None}).status_code == 200
    assert progress(client, path) == (1, 0, True, 1)
    clock.pass_(days=7)
    assert progress(client, path) == (None, None, False, 1)
    assert client.get(path).json["interval"] == "weekly"


def reported(client, path, clock, **ago):
    """Return the status of an update that is reported now."""
    at = (clock.now - timedelta(**ago)).isoformat()
    return client.post(f"{path}/updates", json={"at": at}).status_code


def test_a_reported_update_is_held_to_the_goal_of_its_turn(client, path, clock):
    client.post(f"{path}/updates")
    clock.pass_(days=2)
    assert client.patch(path, json={"goal": None}).status_code == 200
    assert reported(client, path, clock, days=1) == 201, "this week still counts days"
    assert reported(client, path, clock, hours=23) == 409
    clock.now = MONDAY + timedelta(days=9)
    assert reported(client, path, clock, days=1) == 201
    assert reported(client, path, clock, days=2) == 409, "one completes this week"
    clock.pass_(minutes=1)
    every = {"goal": THREE, "counts_every_update": True}
    assert client.patch(path, json=every).status_code == 200
    assert reported(client, path, clock, days=2) == 201, "of a turn without goal, what holds now"
    clock.now = MONDAY + timedelta(days=15)
    assert client.patch(path, json={"counts_every_update": False}).status_code == 200
    for _ in range(2):
        clock.pass_(minutes=1)
        assert reported(client, path, clock, minutes=1) == 201, "every update counts this week"


def test_an_import_is_held_to_the_goals_of_its_turns(client, path, clock):
    clock.now = MONDAY + timedelta(days=6)
    assert client.patch(path, json={"goal": None}).status_code == 200
    clock.now = MONDAY + timedelta(days=9)

    def imported(*days):
        body = "\n".join(["date", *(f"2026-06-{day:02}" for day in days)])
        return client.post(f"{path}/updates/import", data=body, content_type="text/csv")

    refused = imported(2, 3, 8, 9)
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [
        ("#/rows/5/date", "same-turn")
    ]
    refused = imported(2, 2)
    assert [one["code"] for one in refused.json["errors"]] == ["same-day"]
    assert imported(1, 2, 3, 8).json["imported"] == 4
    assert [one["outcome"] for one in client.get(f"{path}/history").json] == ["done", "done"]


def test_a_goal_for_a_movement_that_had_none(client, clock):
    path = f"/movements/{client.post('/movements', json=NEW).json['id']}"
    assert client.get(path).json["goal"] is None
    clock.pass_(minutes=1)
    assert client.patch(path, json={"goal": THREE}).status_code == 200
    assert progress(client, path) == (None, None, False, 0)
    client.post(f"{path}/updates")
    assert progress(client, path) == (None, None, True, 1)
    clock.pass_(days=7)
    client.post(f"{path}/updates")
    assert progress(client, path) == (1, 2, False, 1)


def test_no_change_puts_the_goal_out_of_reach(client, path, clock):
    for body in ({"interval": "P2D"}, {"goal": THREE | {"at_least": 8}}):
        refused = client.patch(path, json=body)
        (error,) = refused.json["errors"]
        assert (refused.status_code, error["code"]) == (422, "goal-out-of-reach")
    movement = client.get(path).json
    assert (movement["interval"], movement["goal"]) == ("P7D", THREE)
    body = {"interval": "daily", "counts_every_update": True}
    assert client.patch(path, json=body).status_code == 200
    assert client.patch(path, json={"counts_every_update": False}).status_code == 429


def test_the_answer_to_a_new_interval_shows_the_callers_turn_as_it_is(client, clock):
    path = f"/movements/{client.post('/movements', json=NEW).json['id']}"
    clock.pass_(minutes=1)
    changed = client.patch(path, json={"interval": "monthly"}).json["standing"]
    assert changed == client.get(path).json["standing"]
    run_until_idle()
    assert changed == client.get(path).json["standing"]
    assert changed["turn"]["ends_at"] == "2026-06-07T22:00:00+00:00", "the week goes on"


@pytest.mark.parametrize("joins_first", [True, False])
def test_a_goal_that_changes_in_the_microsecond_of_a_join_holds(
    client, client_of, make_user, path, clock, joins_first
):
    clock.pass_(days=1)
    new, goal = client_of(make_user("New")), {"goal": {"of": "count", "at_least": 2}}
    if joins_first:
        new.put(f"{path}/subscriber")
    assert client.patch(path, json=goal).status_code == 200
    if not joins_first:
        new.put(f"{path}/subscriber")
    assert progress(new, path) == (0, 2, False, 0)
    new.post(f"{path}/updates")
    assert progress(new, path) == (1, 1, False, 0)
    (turn,) = new.get(f"{path}/history").json
    assert (turn["amount"], turn["still"]) == (1, 1)
    (follower,) = client.get(f"{path}/followers").json
    assert of_leader(follower) == (1, 1, False)
    assert rebuilt() == 0


def rebuilt():
    """Return how many stored standings a recomputation changes."""
    return sum(recompute_batch(movement.id).corrected for movement in Movement.query.all())


def test_what_counts_is_a_part_of_the_goal(client, path, clock):
    for _ in range(2):
        client.post(f"{path}/updates")
    clock.pass_(minutes=1)
    assert client.patch(path, json={"counts_every_update": True}).status_code == 200
    client.post(f"{path}/updates")
    assert progress(client, path) == (1, 2, False, 0), "this week still counts days"
    clock.pass_(days=7)
    for _ in range(3):
        client.post(f"{path}/updates")
    assert progress(client, path) == (3, 0, True, 1)


def test_an_account_takes_its_goals_along(client, path, clock):
    client.post(f"{path}/updates")
    document = client.get("/identity/export").json
    (started,) = document["created_movements"]
    assert (started["goal"], started["interval"], started["interval_months"]) == (3, "P7D", None)
    (subscription,) = document["subscriptions"]
    counts = ("turn_amount", "turn_counted_on", "turn_amount_on_time", "turn_on_time_on")
    assert [subscription[name] for name in counts] == [1.0, "2026-06-01", 1.0, "2026-06-01"]
    begins = (subscription["turn_counted_from"], subscription["turn_on_time_from"])
    assert begins == (MONDAY.isoformat(), MONDAY.isoformat())


# -- statistics and tables ------------------------------------------------------------------------


@pytest.fixture
def five(make_user, clock):
    """Return a function that makes five members of a movement.

    They join now and post later.
    """

    def post_for(movement_id, began, days_of_each):
        movement = db.session.get(Movement, movement_id)
        users = [make_user(time_zone="Europe/Berlin") for _ in days_of_each]
        for user in users:
            movement.add_user(user)
        movement.save_to_db()
        for number in range(max(map(max, days_of_each)) + 1):
            clock.now = began + timedelta(days=number)
            for user, days in zip(users, days_of_each, strict=True):
                if number in days:
                    post(movement, user)

    return post_for


def test_statistics_count_turns_that_reached_their_goal(client, running, path, five, clock):
    began = MONDAY + timedelta(days=7)
    five(running["id"], began, [(0, 1, 2), (0, 2, 4, 5), (0, 1), (6,), (3,)])
    clock.now = began + timedelta(days=6, hours=6)
    shown = client.get(f"{path}/statistics").json
    assert (shown["counted"], shown["done"], shown["streaks"]["longest"]) == (6, 2, 1)
    clock.now = began + timedelta(days=9)
    shown = client.get(f"{path}/statistics").json
    assert (shown["done"], shown["streaks"]["average"]) == (0, 0.33)
    expected = {"starts_on": "2026-06-08", "done_turns": 2, "turns": 6, "completion": 0.3333}
    assert shown["weeks"] == [expected]


def test_statistics_count_a_month_in_the_week_of_its_first_day(client, five, clock):
    body = NEW | {"interval": "monthly", "goal": {"of": "count", "at_least": 2}}
    movement = client.post("/movements", json=body).json
    path = f"/movements/{movement['id']}"
    july = datetime(2026, 7, 1, 12, tzinfo=UTC)
    five(movement["id"], july, [(0, 30), (0, 1), (0,), (29, 30), (4,)])
    clock.now = datetime(2026, 8, 3, 12, tzinfo=UTC)
    shown = client.get(f"{path}/statistics").json
    assert (shown["counted"], shown["done"]) == (6, 0)
    (week,) = shown["weeks"]
    assert (week["starts_on"], week["done_turns"], week["turns"]) == ("2026-06-29", 3, 6)


@pytest.mark.parametrize(
    ("interval", "first"), [("weekly", "2026-07-06"), ("monthly", "2026-07-01")]
)
def test_the_table_names_the_turn_of_each_update(client, clock, interval, first):
    body = NEW | {"interval": interval, "goal": THREE}
    path = f"/movements/{client.post('/movements', json=body).json['id']}"
    clock.pass_(days=39)
    for _ in range(2):
        client.post(f"{path}/updates")
        clock.pass_(minutes=1)
    table = client.get("/identity/export?format=csv").get_data(as_text=True)
    rows = [*csv.DictReader(StringIO(table.removeprefix("\ufeff")))]
    assert [row["turn"] for row in rows] == [first, first], "an update that does not count, too"
    assert [row["date"][:10] for row in rows] == ["2026-07-10"] * 2


# -- leaders and followers ----------------------------------------------------------------------


@pytest.fixture
def six(running, ann, make_user):
    """Ann's movement with five other members.

    She follows four of them.
    """
    movement = db.session.get(Movement, running["id"])
    for number in range(5):
        movement.add_user(make_user(f"Other {number}"))
    movement.save_to_db()
    return movement


def post(movement, user):
    movement.post_update(user, None)
    movement.save_to_db()


def of_leader(leader):
    return leader["amount"], leader["still"], leader["done"]


def test_leaders_and_followers_show_how_far_they_are(client, client_of, ann, path, six, clock):
    left, known, opened = ann.leaders(six)[:3]
    (spare,) = {*six.users} - {ann, *ann.leaders(six)}
    for user in (known, spare):
        post(six, user)
    clock.pass_(days=1)
    post(six, known)
    expected = (2, 1, False)
    for movement in (client.get(path).json, client.get("/movements/subscriptions").json[0]):
        shown = {leader["id"]: of_leader(leader) for leader in movement["leaders"]}
        assert (shown[known.id], shown[left.id]) == (expected, (0, 3, False))
    assert of_leader(client.get(f"{path}/leader/{known.id}").json) == expected
    swapped = client.post(f"{path}/leader/{left.id}").json
    assert (swapped["id"], of_leader(swapped)) == (spare.id, (1, 2, False))
    slot = db.session.query(MovementUserAssociation).filter_by(follower=ann, leader=opened).one()
    slot.leader = None
    slot.save_to_db()
    filled = client.post(f"{path}/leader").json
    assert filled["id"] in {left.id, opened.id}
    assert of_leader(filled) == (0, 3, False)
    followers = client_of(known).get(f"{path}/followers").json
    assert [of_leader(one) for one in followers if one["id"] == ann.id] == [(0, 3, False)]
    clock.pass_(days=7)
    assert of_leader(client.get(f"{path}/leader/{known.id}").json) == (0, 3, False)


def test_a_leaders_turn_keeps_the_goal_it_began_with(client, ann, path, six, clock):
    first, second = ann.leaders(six)[:2]
    post(six, first)
    clock.pass_(days=1)
    client.patch(path, json={"goal": THREE | {"at_least": 5}})
    for user in (first, second):
        post(six, user)

    def shown():
        leaders = {one["id"]: of_leader(one) for one in client.get(path).json["leaders"]}
        return leaders[first.id], leaders[second.id]

    assert shown() == ((2, 1, False), (1, 2, False))
    clock.now = MONDAY + timedelta(days=7)
    assert shown() == ((0, 5, False), (0, 5, False))
    post(six, first)
    client.patch(path, json={"goal": None})
    assert shown() == ((1, 4, False), (0, 5, False))
    clock.pass_(days=7)
    assert shown() == ((None, None, False), (None, None, False))


def test_a_movement_goes_with_its_former_goals(client, path, running, clock):
    client.patch(path, json={"goal": None})
    assert client.delete(path).status_code == 200
    assert db.session.execute(db.text("SELECT count(*) FROM former_goals")).scalar() == 0
    assert Movement.find_by_id(running["id"]) is None


# -- months -------------------------------------------------------------------------------------


@each(
    "given, shown",
    [
        ("monthly", "monthly"),
        ("P1M", "monthly"),
        ("quarterly", "quarterly"),
        ("P3M", "quarterly"),
        ("yearly", "yearly"),
        ("P1Y", "yearly"),
        ("P12M", "yearly"),
        ("P30D", "P30D"),
        ("P365D", "P365D"),
    ],
)
def test_intervals_of_months(client, given, shown):
    answer = client.post("/movements", json=NEW | {"name": f"In {given}", "interval": given})
    assert (answer.status_code, answer.json["interval"]) == (201, shown)


def test_a_month_runs_from_the_first_to_the_last(client, clock):
    path = f"/movements/{client.post('/movements', json=NEW | {'interval': 'monthly'}).json['id']}"
    turn = client.get(path).json["standing"]["turn"]
    assert turn["ends_at"] == "2026-06-30T22:00:00+00:00", "midnight in Berlin"
    client.post(f"{path}/updates")
    clock.now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    days = [
        (turn["starts_at"][:10], turn["outcome"]) for turn in client.get(f"{path}/history").json
    ]
    assert days == [("2026-06-01", "done"), ("2026-06-30", "missed"), ("2026-07-31", "open")]
    assert client.patch(path, json={"interval": "daily"}).status_code == 200
    assert client.get(path).json["interval"] == "daily"


def test_months_with_a_goal_are_spelled_out(client):
    body = NEW | {"interval": "monthly", "goal": {"of": "count", "at_least": 10}}
    assert client.post("/movements", json=body).json["interval"] == "P1M"


@pytest.mark.parametrize("interval", ["monthly", "quarterly", "yearly"])
def test_a_year_of_months_is_drawn(client, clock, interval):
    path = f"/movements/{client.post('/movements', json=NEW | {'interval': interval}).json['id']}"
    client.post(f"{path}/updates")
    clock.pass_(days=120)
    answer = client.get(f"{path}/history.svg")
    assert answer.status_code == 200
    assert b"<svg" in answer.data


# -- bad input ----------------------------------------------------------------------------------


@same_on_both
@each(
    "body, pointer, code",
    [
        ({"goal": {"of": "count", "at_least": 0}}, "#/goal/at_least", "too-small"),
        ({"goal": {"of": "count", "at_least": 51}}, "#/goal/at_least", "too-large"),
        ({"goal": {"of": "count", "at_least": "3"}}, "#/goal/at_least", "not-an-integer"),
        ({"goal": {"of": "sum", "at_least": 3}}, "#/goal/of", "not-a-choice"),
        ({"goal": {"of": "count"}}, "#/goal/at_least", "missing"),
        ({"goal": {}}, "#/goal/of", "missing"),
        ({"goal": 3}, "#/goal", "not-an-object"),
        ({"goal": THREE | {"at_most": 3}}, "#/goal/at_most", "unknown-member"),
        ({"goal": THREE, "interval": "daily"}, "#/goal/at_least", "goal-out-of-reach"),
        ({"goal": THREE, "interval": "P2D"}, "#/goal/at_least", "goal-out-of-reach"),
        ({"goal": THREE, "interval": "hourly"}, "#/goal/at_least", "goal-out-of-reach"),
        (
            {"goal": THREE | {"at_least": 29}, "interval": "monthly"},
            "#/goal/at_least",
            "goal-out-of-reach",
        ),
        ({"interval": "P2M"}, "#/interval", "not-months"),
        ({"interval": "P13M"}, "#/interval", "not-months"),
        ({"interval": "P1M1D"}, "#/interval", "not-months"),
        ({"interval": "P1.5M"}, "#/interval", "not-months"),
        ({"interval": "P1Y1M"}, "#/interval", "not-months"),
        ({"interval": "P-1M"}, "#/interval", "not-an-interval"),
        ({"interval": "P0M"}, "#/interval", "interval-out-of-range"),
    ],
)
def test_a_goal_or_an_interval_that_is_none(client, body, pointer, code):
    answer = client.post("/movements", json=NEW | body)
    assert answer.status_code == 422
    named = {error["pointer"]: error["code"] for error in answer.json["errors"]}
    assert named[pointer] == code
    assert db.session.execute(db.text("SELECT count(*) FROM movements")).scalar() == 0
    assert db.session.query(Update).count() == 0
