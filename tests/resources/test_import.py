"""Imports of past activity: all of it, or nothing."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import sqlalchemy as sa

from gridt.models import Subscription, Update
from gridt.models.standing.replay import recompute
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.nasty import NASTY

#: a Wednesday, at half past eight in Amsterdam
NOW = STARTS_AT = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
ANN = {"username": "Ann", "time_zone": "Europe/Amsterdam"}


@pytest.fixture
def movement(make_movement, make_user, ann):
    return make_movement(ann, make_user("ben"), creator=ann, name="Flossing")


@pytest.fixture
def send(client_of, ann, movement):
    """Import a text, and return the answer."""
    client = client_of(ann)

    def send(body, *, into=None, content_type="text/csv", **query):
        path = f"/movements/{(into or movement).id}/updates/import"
        return client.post(path, data=body, content_type=content_type, query_string=query)

    return send


def stored(movement, user) -> list[tuple[datetime, str | None]]:
    query = (
        sa.select(Update.time_stamp, Update.message)
        .where(Update.movement_id == movement.id, Update.leader_id == user.id)
        .order_by(Update.time_stamp, Update.id)
    )
    return [tuple(row) for row in db.session.execute(query)]


def pointers(answer) -> list[str]:
    assert answer.status_code == 422, answer.json
    return [error["pointer"] for error in answer.json["errors"]]


def table(*days: str) -> str:
    return "\n".join(["date", *days])


def standing(client_of, user, movement):
    return client_of(user).get(f"/movements/{movement.id}").json["standing"]


# -- accepted values ------------------------------------------------------------------------


def test_days_are_put_at_their_noon_and_make_a_streak(send, client_of, ann, movement):
    answer = send("date,message\n2026-03-01,\n2026-03-02,at last\n2026-03-03,\n")

    assert answer.status_code == 200
    counts = {name: answer.json[name] for name in ("imported", "duplicates", "of_other_movements")}
    assert counts == {"imported": 3, "duplicates": 0, "of_other_movements": 0}
    noon = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert stored(movement, ann) == [
        (noon, None),
        (noon + timedelta(days=1), "at last"),
        (noon + timedelta(days=2), None),
    ]
    view = standing(client_of, ann, movement)
    assert (view["streak"], view["best_streak"], view["done_turns"], view["turns"]) == (3, 3, 3, 3)
    seen = client_of(ann).get(f"/movements/{movement.id}").json
    assert seen["last_update"]["time_stamp"] == "2026-03-03T11:00:00+00:00"


def test_turns_missed_since_the_first_row_count_as_missed(send, client_of, ann, movement):
    send(table("2026-02-22", "2026-02-23", "2026-03-03"))
    view = standing(client_of, ann, movement)
    assert (view["streak"], view["best_streak"], view["done_turns"], view["turns"]) == (1, 2, 3, 10)


def test_the_streak_continues_from_the_import(send, client_of, ann, movement):
    send(table("2026-03-02", "2026-03-03"))
    client_of(ann).post(f"/movements/{movement.id}/updates")
    assert standing(client_of, ann, movement)["streak"] == 3


def test_a_recomputed_standing_equals_the_stored_one(send, ann, movement):
    send(table("2026-02-01", "2026-02-03", "2026-03-03"))

    def kept():
        row = db.session.execute(sa.select(Subscription.__table__).filter_by(user_id=ann.id)).one()
        return row._mapping

    before = kept()
    recompute(movement.id, [ann.id])
    assert kept() == before
    assert before["counted_from"] == datetime(2026, 1, 31, 23, tzinfo=UTC)


def test_a_later_import_adds_to_an_earlier_one(send, client_of, ann, movement):
    send(table("2026-03-03"))
    send(table("2026-03-01", "2026-03-02"))
    assert standing(client_of, ann, movement)["streak"] == 3


@pytest.mark.parametrize("interval", [timedelta(days=1), timedelta(hours=5)])
def test_a_standing_does_not_begin_with_a_withdrawn_update(
    send, client_of, ann, movement, interval
):
    """A deleted update no longer begins a standing.

    A year that was mistyped spoils the standing only until the update is deleted.
    """
    movement.interval = interval
    movement.save_to_db()
    client = client_of(ann)
    updates = f"/movements/{movement.id}/updates"
    view = [standing(client_of, ann, movement)]
    for day in ("2026-03-02", "2006-03-03"):
        send(table(day))
        view.append(standing(client_of, ann, movement))
    assert [one["turns"] > 7000 for one in view] == [False, False, True]

    for before in reversed(view[:-1]):
        first = client.get(updates).json[-1]["id"]
        assert client.delete(f"{updates}/{first}").status_code == 200
        assert standing(client_of, ann, movement) == before
    assert db.session.scalar(sa.select(Subscription.counted_from).filter_by(user_id=ann.id)) is None


def test_nights_belong_to_the_day_before(send, client_of, ann, movement):
    ann.day_starts_at = 4 * 60
    ann.save_to_db()
    answer = send(table("2026-03-02", "2026-03-03T02:30:00+01:00"))
    assert pointers(answer) == ["#/rows/3/date"]
    assert send(table("2026-03-02", "2026-03-04T02:30:00+01:00")).status_code == 200
    assert standing(client_of, ann, movement)["streak"] == 2


def test_today_can_be_imported_before_noon(send, client_of, ann, movement):
    assert send(table("2026-03-04")).status_code == 200
    assert standing(client_of, ann, movement)["turn"]["done"]
    ((at, _message),) = stored(movement, ann)
    assert at <= utcnow()


def test_rows_after_the_subscription_leave_its_beginning(send, ann, movement, clock):
    clock.pass_(days=3)
    assert send(table("2026-03-05", "2026-03-06")).status_code == 200
    assert db.session.scalar(sa.select(Subscription.counted_from).filter_by(user_id=ann.id)) is None


def test_turns_of_hours_stay_as_they_are(send, client_of, ann, movement):
    movement.interval = timedelta(hours=5)
    movement.save_to_db()
    before = standing(client_of, ann, movement)["turn"]
    assert send(table("2026-03-04T02:31:00+01:00", "2026-03-04T03:29:00+01:00")).status_code == 422
    assert send(table("2026-03-03T20:00:00Z", "2026-03-04T02:00:00Z")).status_code == 200
    after = standing(client_of, ann, movement)["turn"]
    assert (after["ends_at"]) == before["ends_at"]


@pytest.mark.parametrize("interval", [timedelta(hours=12), timedelta(days=7), timedelta(days=2)])
def test_turns_of_every_interval_are_distinguished(send, ann, movement, interval):
    movement.interval = interval
    movement.save_to_db()
    start = NOW - 40 * interval
    rows = [(start + number * interval).isoformat() for number in range(30)]
    assert send(table(*rows)).json["imported"] == 30
    assert len(pointers(send(table(*rows)))) == 30


def test_a_day_may_come_often_if_every_update_counts(send, ann, movement):
    movement.counts_every_update = True
    movement.save_to_db()
    body = table("2026-03-02", "2026-03-02", "2026-03-02T09:00Z", "2026-03-02T10:00Z")
    assert send(body).json["imported"] == 4
    assert len({at for at, _ in stored(movement, ann)}) == 4
    assert len(pointers(send(body))) == 4


def test_rows_of_other_movements_are_left_out(send, ann, movement):
    answer = send("movement,date\nReading,2026-03-01\nFlossing,2026-03-02\n")
    assert (answer.json["imported"], answer.json["of_other_movements"]) == (1, 1)


def test_an_export_is_imported_by_another_user(client_of, ann, movement, make_user, make_movement):
    """Another user imports an export without any loss.

    It has nasty messages, formulas and all, to the microsecond, and beside another movement's.
    """
    other = make_movement(ann, name="=Reading;=1")
    texts = [one[:280] for one in NASTY if one and "\0" not in one]
    texts = [one for one in texts if not any("\ud800" <= x <= "\udfff" for x in one)]
    for number, text in enumerate(texts, 1):
        for where in (movement, other):
            update = Update(ann, where, text)
            update.time_stamp = NOW - timedelta(days=number, microseconds=number)
            db.session.add(update)
    db.session.commit()
    exported = client_of(ann).get("/identity/export?format=csv").data
    ben = make_user("Ben Two")
    ben_client = client_of(ben)
    for where in (movement, other):
        ben_client.put(f"/movements/{where.id}/subscriber")
        path = f"/movements/{where.id}/updates/import"
        answer = ben_client.post(path, data=exported, content_type="text/csv")
        assert answer.status_code == 200, answer.json["errors"]
        assert answer.json["of_other_movements"] == len(texts)
        assert stored(where, ben) == stored(where, ann)
    view, again = (standing(client_of, one, movement) for one in (ann, ben))
    assert again["streak"] == len(texts) > view["streak"]


# -- duplicates -----------------------------------------------------------------------------


def test_the_same_file_twice_is_refused_or_skipped(send, ann, movement):
    body = table("2026-03-01", "2026-03-02")
    assert send(body).status_code == 200
    before = stored(movement, ann)
    again = send(body)
    assert pointers(again) == ["#/rows/2/date", "#/rows/3/date"]
    skipped = send(body, skip_duplicates="true")
    assert (skipped.status_code, skipped.json["imported"], skipped.json["duplicates"]) == (
        200,
        0,
        2,
    )
    assert stored(movement, ann) == before


def test_the_first_of_several_rows_of_a_turn_counts(send, ann, movement):
    body = "date,message\n2026-03-02,first\n2026-03-02T20:00:00+01:00,second\n"
    answer = send(body)
    assert pointers(answer) == ["#/rows/3/date"]
    assert "Row 2" in answer.json["errors"][0]["detail"]
    assert send(body, skip_duplicates="yes").json["imported"] == 1
    assert [message for _, message in stored(movement, ann)] == ["first"]


def test_posted_updates_are_recognised(send, client_of, ann, movement):
    client_of(ann).post(f"/movements/{movement.id}/updates")
    assert pointers(send(table("2026-03-04"))) == ["#/rows/2/date"]


def test_an_early_post_on_a_day_of_25_hours_is_recognised(send, client_of, movement, ann, clock):
    clock.now = datetime(2026, 10, 24, 22, 15, tzinfo=UTC)  # when that day is 15 minutes old
    client_of(ann).post(f"/movements/{movement.id}/updates")
    clock.pass_(days=2)
    assert pointers(send(table("2026-10-25T23:45:00+01:00"))) == ["#/rows/2/date"]


# -- refusals -------------------------------------------------------------------------------


def test_all_bad_rows_are_named_and_nothing_changes(send, ann, movement):
    body = (
        "date,message\n2026-03-02,fine\n2026-03-05,tomorrow\nnever,\n2026-03-02,again\n"
        f"2026-03-01,{'x' * 281}\n2026-02-28,a,b\n2026-03-04T07:35:01Z,soon\n"
    )
    answer = send(body)
    assert pointers(answer) == [
        *("#/rows/3/date", "#/rows/4/date", "#/rows/5/date", "#/rows/6/message", "#/rows/7"),
        "#/rows/8/date",
    ]
    assert answer.json["type"] == "/problems/bad-rows"
    assert "6 rows" in answer.json["message"]
    assert stored(movement, ann) == []
    row = db.session.execute(sa.select(Subscription.__table__).filter_by(user_id=ann.id)).one()
    assert (row.counted_from, row.turn_starts_at, row.last_update_at) == (None, None, None)


def test_a_hundred_of_many_bad_rows_are_named(send):
    answer = send(table(*["never"] * 250))
    assert len(pointers(answer)) == 100
    assert "250 rows" in answer.json["message"]


def test_a_day_that_a_zone_skipped_is_named(send, ann):
    ann.time_zone = "Pacific/Apia"
    ann.save_to_db()
    assert pointers(send(table("2011-12-29", "2011-12-30", "2011-12-31"))) == ["#/rows/3/date"]


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "Pacific/Kiritimati"])
@pytest.mark.parametrize("date", ["9999-12-31", "9999-12-31T23:59:59-14:00", "2026-03-06"])
def test_any_future_time_is_named(send, ann, zone, date):
    ann.time_zone = zone
    ann.save_to_db()
    answer = send(table("2026-03-01", date))
    assert pointers(answer) == ["#/rows/3/date"]
    assert answer.json["errors"][0]["detail"] == "Must not be in the future."


@pytest.mark.parametrize(
    "body", [b"", b"\x89PNG\0", b"date\n", b'date\n"2026-03-01', "date\né".encode("latin-1")]
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(send, ann, movement, body):
    assert pointers(send(body)) == ["#"]
    assert stored(movement, ann) == []


@pytest.mark.parametrize("content_type", ["application/xml", "text/plain", "text/CSV2", None])
def test_another_type_is_refused(send, content_type):
    answer = send(table("2026-03-01"), content_type=content_type)
    assert answer.status_code == 415
    assert "text/csv" in answer.json["message"]


@pytest.mark.parametrize("content_type", ["TEXT/CSV", "text/csv; charset=utf-8; header=present"])
def test_the_type_may_have_parameters(send, content_type):
    assert send(table("2026-03-01"), content_type=content_type).status_code == 200


def test_a_file_of_more_than_a_mebibyte_is_refused(send):
    assert send(b"date\n" + b" " * (1 << 20)).status_code == 413


def test_an_outsider_imports_nothing(send, make_movement):
    assert send(table("2026-03-01"), into=make_movement()).status_code == 409


def test_an_unknown_movement_is_not_found(client_of, ann):
    path = "/movements/1000000/updates/import"
    answer = client_of(ann).post(path, data=table("2026-03-01"), content_type="text/csv")
    assert answer.status_code == 404


# -- leaving, coming back, and late updates ---------------------------------------------------


def test_a_past_is_back_after_leaving_and_rejoining(send, client_of, ann, movement, clock):
    """A4: the past comes back after leaving and rejoining.

    The standing begins with the oldest stored update, though each row is a duplicate.
    """
    client, path = client_of(ann), f"/movements/{movement.id}"
    for _ in range(5):
        client.post(f"{path}/updates")
        clock.pass_(days=1)
    file = client.get("/identity/export?format=csv").data
    client.delete(f"{path}/subscriber")
    client.put(f"{path}/subscriber")
    answer = send(file, skip_duplicates=True)
    assert (answer.status_code, answer.json["imported"]) == (200, 0)
    shown = standing(client_of, ann, movement)
    assert (shown["streak"], shown["done_turns"]) == (5, 5)
    assert recompute(movement.id, [ann.id]) == 0


@pytest.mark.parametrize(("days", "late"), [(8, True), (5, False)])
def test_rows_of_last_week_count_and_join_a_streak_in_the_first_days_only(
    send, client_of, ann, movement, clock, days, late
):
    """A7: missed a day, and imported it two days later."""
    client, path = client_of(ann), f"/movements/{movement.id}"
    for day in range(days):
        if day != days - 3:
            client.post(f"{path}/updates")
        clock.pass_(days=1)
    assert standing(client_of, ann, movement)["streak"] == 2
    missed = clock.now - timedelta(days=3)
    assert send(table(missed.isoformat())).status_code == 200
    shown = standing(client_of, ann, movement)
    assert shown["streak"] == (2 if late else days)
    assert shown["done_turns"] == days
    updates = client.get(f"{path}/updates").json
    assert [one["late"] for one in updates].count(True) == late
    turn = next(
        one
        for one in client.get(f"{path}/history").json
        if one["first_update_at"] == missed.isoformat()
    )
    assert (turn["outcome"], turn["late"]) == ("done", late)
    export = client.get("/identity/export").json
    assert [one["late"] for one in export["updates"]].count(True) == late
    assert recompute(movement.id, [ann.id]) == 0


# -- the cost -------------------------------------------------------------------------------


def test_it_takes_the_same_statements_whatever_the_size(
    send, make_movement, ann, statements, commits
):
    counts = []
    for size in (2, 5_000):
        into = make_movement(ann)
        into.interval = timedelta(hours=1)
        into.save_to_db()
        first = NOW - timedelta(hours=size)
        body = table(*[(first + timedelta(hours=one)).isoformat() for one in range(size)])
        statements.clear()
        commits.clear()
        assert send(body, into=into).json["imported"] == size
        counts.append(len(statements))
        assert len(commits) == 1
    # the second reads from the beginning, looks for checkpoints, and leaves the rest to a job
    assert counts[0] <= 21
    assert counts[1] <= counts[0] + 2


def test_the_table_opens_as_it_was_written(send, client_of, ann, movement):
    send('date,message\n2026-03-01,"=1+1"\n2026-03-02,plain\n')
    text = client_of(ann).get("/identity/export?format=csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline=""), strict=True))
    assert [(row["turn"], row["message"]) for row in rows] == [
        ("2026-03-01", "'=1+1"),
        ("2026-03-02", "plain"),
    ]
    assert [row["local_time"] for row in rows] == ["2026-03-01 12:00:00", "2026-03-02 12:00:00"]
