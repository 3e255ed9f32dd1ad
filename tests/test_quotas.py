"""Quotas on an account's rows, acts and simultaneous requests."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from gridt.http.in_flight import InFlight
from gridt.models import Movement, SwapCount, Update, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing import change_terms, recompute_batch
from tests.databases import same_on_both
from tests.networks import people, plant, ring

NEW = {"interval": "daily", "short_description": "a habit for every day"}


@pytest.fixture
def quota(app, monkeypatch):
    """Set quotas by name, as `quota(swaps=2)`."""

    def change(**quotas):
        for name, most in quotas.items():
            monkeypatch.setitem(app.config, f"QUOTA_{name.upper()}", most)

    return change


@pytest.fixture
def admin(make_user):
    return make_user(role="admin")


def ensure_refused(answer, status, kind, number):
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{kind}")
    assert str(number) in answer.json["detail"]
    assert "Try again" in answer.json["detail"]
    assert ("Retry-After" in answer.headers) == (status == 429)


def start(client, number):
    return client.post("/movements", json=NEW | {"name": f"habit {number}"})


def test_movements_that_an_account_started(quota, client_of, ann, admin):
    quota(movements=2)
    client = client_of(ann)
    assert [start(client, number).status_code for number in range(2)] == [201, 201]
    ensure_refused(start(client, 2), 409, "too-many-movements", 2)
    assert Movement.find_by_name("habit 2") is None
    assert client.delete("/movements/habit 0").status_code == 200
    assert start(client, 3).status_code == 201
    others = client_of(admin)
    assert [start(others, number).status_code for number in range(4, 7)] == [201] * 3


def test_one_movement_is_not_called_movements(quota, client_of, ann):
    quota(movements=1)
    client = client_of(ann)
    assert start(client, 0).status_code == 201
    assert start(client, 1).json["message"] == (
        "You have started 1 movement, as many as one account may. Try again after you delete one."
    )


def test_movements_that_an_account_joined(quota, client_of, make_movement, ann, admin):
    quota(subscriptions=2)
    client, others = client_of(ann), client_of(admin)
    places = [f"/movements/{make_movement(members=3).id}/subscriber" for _ in range(3)]
    assert [client.put(place).status_code for place in places[:2]] == [200, 200]
    ensure_refused(client.put(places[2]), 409, "too-many-subscriptions", 2)
    assert client.put(places[0]).status_code == 200, "for a member it changes nothing"
    ensure_refused(start(client, 1), 409, "too-many-subscriptions", 2)
    assert client.delete(places[0]).status_code == 200
    assert client.put(places[2]).status_code == 200
    assert [others.put(place).status_code for place in places] == [200] * 3


def test_updates_in_a_turn(quota, client_of, make_movement, ann, admin, clock):
    quota(updates_per_turn=2)
    movement = make_movement(ann, admin)
    client, path = client_of(ann), f"/movements/{movement.id}/signal"
    clock.now = clock.now.replace(hour=12) + timedelta(days=1)
    assert [client.post(path).status_code for _ in range(2)] == [201, 201]
    refused = client.post(path)
    ensure_refused(refused, 429, "too-many-updates-in-turn", 2)
    posted = Update.find_last(ann, movement)
    assert client.delete(f"/movements/{movement.id}/updates/{posted.id}").status_code == 200
    assert client.post(path).status_code == 429, "to delete one makes no room in this turn"
    zone = client.patch("/identity", json={"time_zone": "Asia/Tokyo"})
    assert zone.status_code == 200
    assert client.post(path).status_code == 429, "nor does another clock"
    clock.pass_(seconds=int(refused.headers["Retry-After"]))
    assert client.post(path).status_code == 201
    assert [client_of(admin).post(path).status_code for _ in range(4)] == [201] * 4


def test_updates_of_a_long_turn_do_not_count_when_turns_are_short(
    quota, client_of, make_movement, ann, clock
):
    quota(updates_per_turn=2)
    movement = make_movement(ann)
    change_terms(movement, {"interval": timedelta(days=30)}, at_any_time=True)
    recompute_batch(movement.id)
    client, path = client_of(ann), f"/movements/{movement.id}/signal"
    assert [client.post(path).status_code for _ in range(3)] == [201, 201, 429]
    change_terms(movement, {"interval": timedelta(days=1)}, at_any_time=True)
    recompute_batch(movement.id)
    clock.pass_(days=2)
    assert client.post(path).status_code == 201


def test_updates_that_are_reported_late_count_too(quota, client_of, make_movement, ann, clock):
    quota(updates_per_turn=3)
    clock.now = clock.now.replace(hour=12) + timedelta(days=1)
    movement = make_movement(ann)
    movement.counts_every_update = True
    movement.save_to_db()
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    clock.pass_(hours=1)

    def post(**body):
        return client.post(path, json=body)

    assert post().status_code == 201
    for minutes in (3, 2):
        at = (utcnow() - timedelta(minutes=minutes)).isoformat()
        assert post(at=at).status_code == 201
    at = (utcnow() - timedelta(minutes=1)).isoformat()
    ensure_refused(post(at=at), 429, "too-many-updates-in-turn", 3)
    ensure_refused(post(), 429, "too-many-updates-in-turn", 3)


def test_updates_that_are_imported_count_too(quota, client_of, make_movement, ann):
    quota(updates_per_turn=3, updates=5)
    movement = make_movement(ann)
    movement.counts_every_update = True
    movement.save_to_db()
    client, path = client_of(ann), f"/movements/{movement.id}/updates/import"

    def send(*times):
        body = "date\n" + "".join(f"2020-01-{time}:00:00Z\n" for time in times)
        return client.post(path, data=body, content_type="text/csv")

    assert send("01T10", "01T11").status_code == 200
    ensure_refused(send("01T12", "01T13"), 429, "too-many-updates-in-turn", 3)
    assert send("01T12", "02T12").status_code == 200
    ensure_refused(send("03T12", "04T12"), 409, "too-many-updates", 5)
    assert send("03T12").status_code == 200


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [(timedelta(days=1), timedelta(days=7), 9), (timedelta(days=7), timedelta(days=1), 3)],
)
def test_imports_count_by_the_interval_that_held_then(
    quota, client_of, make_movement, ann, clock, before, after, allowed
):
    quota(updates_per_turn=3)
    clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
    movement = make_movement(ann)
    movement.interval, movement.counts_every_update = before, True
    movement.save_to_db()
    clock.pass_(days=14)
    change_terms(movement, {"interval": after})
    db.session.commit()
    client, path = client_of(ann), f"/movements/{movement.id}/updates/import"

    def send(*times):
        body = "date\n" + "".join(f"{time}:00:00Z\n" for time in times)
        return client.post(path, data=body, content_type="text/csv")

    times = [f"2026-06-{day}T{hour}" for hour in (10, 11, 12) for day in ("09", "10", "11")]
    assert send(*times[:allowed]).status_code == 200
    one_more = "2026-06-10T13"
    ensure_refused(send(one_more), 429, "too-many-updates-in-turn", 3)
    assert send("2026-06-15T11").status_code == 200


def test_updates_in_all(quota, client_of, make_movement, ann, admin):
    quota(updates=3)
    first, second = make_movement(ann, admin), make_movement(ann, admin)
    db.session.add_all([Update(ann, first) for _ in range(3)])
    db.session.commit()
    client = client_of(ann)
    ensure_refused(client.post(f"/movements/{second.id}/signal"), 409, "too-many-updates", 3)
    late = client.post(f"/movements/{second.id}/updates", json={"at": utcnow().isoformat()})
    ensure_refused(late, 409, "too-many-updates", 3)
    Update.find_last(ann, first).delete_from_db()
    assert client.post(f"/movements/{second.id}/signal").status_code == 201
    others = client_of(admin)
    assert [others.post(f"/movements/{second.id}/signal").status_code for _ in range(5)] == [
        201
    ] * 5


def test_all_updates_are_counted_at_the_first_of_each_hundred(
    quota, client_of, make_movement, ann, statements
):
    quota(updates=150, updates_per_turn=0)
    movement = make_movement(ann)
    client, path = client_of(ann), f"/movements/{movement.id}/signal"
    counts, answers = [], []
    for _ in range(201):
        statements.clear()
        answers.append(client.post(path).status_code)
        counts.append(len(statements))
    assert [number for number, count in enumerate(counts[:200]) if count > counts[1]] == [0, 100]
    assert answers == [201] * 200 + [409]


def test_open_reports(quota, client_of, make_movement, make_user, ann, admin):
    quota(reports=2)
    client = client_of(ann)
    places = [f"/movements/{make_movement().id}/reports" for _ in range(3)]

    def report(place, by=client):
        return by.post(place, json={"reason": "not nice"})

    first, second = report(places[0]), report(places[1])
    assert (first.status_code, second.status_code) == (201, 201)
    ensure_refused(report(places[2]), 409, "too-many-reports", 2)
    assert report(places[0]).status_code == 200, "the same once more is no other"
    others = client_of(admin)
    closing = f"/admin/reports/{first.json['id']}/close"
    assert others.post(closing, json={"resolution": "fine"}).status_code == 200
    assert report(places[2]).status_code == 201
    assert [report(place, others).status_code for place in places] == [201] * 3


def test_no_user_reports_their_own_update(client_of, make_movement, ann):
    movement = make_movement(ann)
    posted = movement.post_update(ann)
    posted.save_to_db()
    path = f"/movements/{movement.id}/updates/{posted.id}/reports"
    answer = client_of(ann).post(path, json={"reason": "not nice"})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/own-update")


def test_swaps_of_a_day(quota, client_of, make_movement, ann, admin, clock):
    quota(swaps=3)
    clock.now = clock.now.replace(hour=23, minute=50)
    movement, other = make_movement(), make_movement()
    for each in (movement, other):
        plant(each, ring([ann.id, *people(20)]))
    client = client_of(ann)

    def swap(by=client, of=ann, where=movement):
        leader = of.leaders(where)[0]
        return by.post(f"/movements/{where.id}/leader/{leader.id}")

    assert [swap().status_code for _ in range(3)] == [200] * 3
    before = [leader.id for leader in ann.leaders(movement)]
    refused = swap()
    ensure_refused(refused, 429, "too-many-swaps", 3)
    assert 0 < int(refused.headers["Retry-After"]) <= 601
    assert [leader.id for leader in ann.leaders(movement)] == before
    assert swap(where=other).status_code == 200
    # a member who leaves and joins again keeps the count
    assert client.delete(f"/movements/{movement.id}/subscriber").status_code == 200
    assert client.put(f"/movements/{movement.id}/subscriber").status_code == 200
    assert swap().status_code == 429
    clock.pass_(minutes=11)
    assert swap().status_code == 200
    movement.add_user(admin)
    db.session.commit()
    assert [swap(client_of(admin), admin).status_code for _ in range(5)] == [200] * 5


def test_counts_are_deleted_with_the_movement_and_the_account(
    client_of, make_movement, ann, make_user
):
    movement, other = make_movement(), make_movement()
    for each in (movement, other):
        plant(each, ring([ann.id, *people(8)]))
        path = f"/movements/{each.id}/leader/{ann.leaders(each)[0].id}"
        assert client_of(ann).post(path).status_code == 200
    export = client_of(ann).get("/identity/export").json
    assert [swaps["amount"] for swaps in export["swaps"]] == [1, 1]
    movement.delete_from_db()
    assert db.session.scalars(sa.select(SwapCount.movement_id)).all() == [other.id]
    ann.delete_from_db()
    assert db.session.scalars(sa.select(SwapCount.movement_id)).all() == []


# -- two callers at the same moment ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["joined", "started", "reported", "swapped"])
def test_only_one_of_many_requests_takes_the_last_place(world, client_for, kind):
    changes = dict.fromkeys(["movements", "subscriptions", "reports", "swaps"], 1)
    world.config.update({f"QUOTA_{name.upper()}": most for name, most in changes.items()})
    world.config["QUOTA_SUBSCRIPTIONS"] = 1 if kind == "joined" else 0
    (user_id,) = people(1)
    places = [Movement(f"there {number}", timedelta(days=1)) for number in range(4)]
    for place in places:
        place.save_to_db()
    if kind == "swapped":
        plant(places[0], ring([user_id, *people(20)]))
    leaders = [leader.id for leader in places[0].leaders_of(User.find_by_id(user_id))]
    ids, clients = [place.id for place in places], [client_for(user_id) for _ in range(4)]
    db.session.remove()
    ready = threading.Barrier(4)
    reason = {"reason": "not nice"}
    acts = {
        "joined": lambda at, client: client.put(f"/movements/{ids[at]}/subscriber"),
        "started": lambda at, client: start(client, at),
        "reported": lambda at, client: client.post(f"/movements/{ids[at]}/reports", json=reason),
        "swapped": lambda at, client: client.post(f"/movements/{ids[0]}/leader/{leaders[at]}"),
    }

    def act(number):
        ready.wait()
        return acts[kind](number, clients[number]).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(act, range(4)))
    refused = 429 if kind == "swapped" else 409
    assert statuses == [statuses[0], *[refused] * 3]
    assert statuses[0] in {200, 201}


# -- at the same moment, of one account -----------------------------------------------------


@pytest.fixture
def places(own_app):
    in_flight = InFlight()
    own_app.config["QUOTA_AT_ONCE"] = 2
    in_flight.init_app(own_app)
    return in_flight


@same_on_both
def test_the_next_request_waits_for_a_place(own_app, places):
    """The next request waits for a place.

    Two take the places, the third waits for one of them, and all give theirs back.
    """
    release, entered = threading.Event(), threading.Semaphore(0)

    def stay():
        with own_app.test_request_context("/"):
            places.enter("1")
            places.enter("1")  # a request that is retried has its place already
            entered.release()
            assert release.wait(60)

    with ThreadPoolExecutor(3) as threads:
        staying = [threads.submit(stay) for _ in range(2)]
        for _ in staying:
            assert entered.acquire(timeout=60)
        with own_app.test_request_context("/"):
            places.enter("2")
        waiting = threads.submit(stay)
        assert not waiting.done()
        release.set()
        for each in [*staying, waiting]:
            each.result(60)
    assert not places._taken
    assert not places._waiting


@same_on_both
def test_a_request_without_a_place_is_refused(own_app, client_for, monkeypatch):
    own_app.config["QUOTA_AT_ONCE"] = 1
    with own_app.app_context():
        (user_id,) = people(1)
    places = InFlight()
    monkeypatch.setattr("gridt.http.in_flight.WAIT", 0.05)
    monkeypatch.setattr("gridt.http.auth.in_flight", places)
    places.init_app(own_app)
    client = client_for(user_id)
    with own_app.test_request_context("/"):
        places.enter(str(user_id))
        refused = client.get("/identity")
        assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-at-once")
        assert int(refused.headers["Retry-After"]) == 1
    assert client.get("/identity").status_code == 200
    assert not places._taken
