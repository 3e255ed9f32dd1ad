"""Imports of files, of gridt's own and other programs.

The tests are about the files of those programs, forms, dry runs, and exports of gridt itself.
"""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa

from gridt.models import Subscription
from gridt.models.standing.replay import recompute
from gridt.runtime.extensions import db
from tests.resources import test_import
from tests.resources.test_import import pointers, standing, stored
from tests.servers import ROOT

DATA = ROOT / "tests" / "data"
STARTS_AT, ANN = test_import.STARTS_AT, test_import.ANN
JSON = "application/json"


@pytest.fixture
def movement(make_movement, ann):
    return make_movement(ann, creator=ann, name="Flossing")


@pytest.fixture
def send(client_of, ann, movement):
    client = client_of(ann)

    def send(body, content_type="text/csv", **query):
        path = f"/movements/{movement.id}/updates/import"
        return client.post(path, data=body, content_type=content_type, query_string=query)

    return send


def test_one_row_is_one_row(send):
    answer = send("date\n2026-03-01\n")
    assert answer.json["message"] == "gridt imported 1 of 1 row."
    assert send("date\n2026-03-01\n").json["detail"].startswith("1 row cannot be imported")


def row_of(ann):
    query = sa.select(Subscription.__table__).filter_by(user_id=ann.id)
    return db.session.execute(query).one()._mapping


# -- other programs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content_type", "query", "imported", "streak"),
    [
        ("loop-habit-Checkmarks.csv", "text/csv", {}, 3, 1),
        ("loop-all-Checkmarks.csv", "text/csv", {"movement": "Meditate"}, 3, 0),
        ("beaverhabits.json", JSON, {}, 2, 1),
        ("habitica-tasks-history.csv", "text/csv", {"time_zone": "mine"}, 3, 0),
        ("habitbull.csv", "text/csv", {}, 3, 1),
    ],
)
def test_the_files_of_other_programs_are_imported(
    send, client_of, ann, movement, name, content_type, query, imported, streak
):
    answer = send((DATA / name).read_bytes(), content_type, **query)
    assert (answer.status_code, answer.json["imported"]) == (200, imported)
    shown = standing(client_of, ann, movement)
    assert (shown["done_turns"], shown["streak"]) == (imported, streak)
    assert recompute(movement.id, [ann.id]) == 0


def test_what_was_not_done_is_not_imported(send, client_of, ann, movement):
    """B1: the streak was 5."""
    values = ("YES_MANUAL", "NO", "SKIP", "UNKNOWN", "YES_MANUAL")
    days = [STARTS_AT.date() - timedelta(days=number) for number in range(len(values))]
    rows = [f"{day},{value},\n" for day, value in zip(days, values, strict=True)]
    answer = send("Date,Value,Notes\n" + "".join(rows))
    counts = {name: answer.json[name] for name in ("program", "imported", "not_done")}
    assert counts == {"program": "Loop Habit Tracker", "imported": 2, "not_done": 3}
    assert standing(client_of, ann, movement)["streak"] == 1


def test_a_local_time_is_one_of_the_callers_clock(send, ann, movement):
    body = "date\n2026-03-01 23:40\n"
    assert pointers(send(body)) == ["#/rows/2/date"]
    assert send(body, time_zone="mine").status_code == 200
    assert stored(movement, ann) == [(datetime(2026, 3, 1, 22, 40, tzinfo=UTC), None)]
    assert send("date\n2026-03-02 23:40\n", time_zone="UTC").status_code == 200
    assert pointers(send(body, time_zone="Europe/Nowhere")) == ["#/time_zone"]


def test_an_unknown_column_is_named_and_can_be_ignored(send):
    body = "date,a~b/c\n2026-03-01,\n2026-03-02,7\n"
    answer = send(body)
    assert pointers(answer) == ["#/rows/3/a~0b~1c"]
    assert send(body, ignore_columns="mood, A~b/c").json["imported"] == 2


# -- how a file is sent ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("date;message\n2026-03-01;\n", "application/vnd.ms-excel"),
        ("sep=;\r\ndate;message\r\n2026-03-01;\r\n", "text/csv"),
        ("date\tmessage\n2026-03-01\t\n", "text/tab-separated-values"),
        ("date\tmessage\n2026-03-01\t\n", "text/csv"),
    ],
)
def test_tables_as_browsers_and_spreadsheets_send_them(send, body, content_type):
    assert send(body, content_type).json["imported"] == 1


def form(*files, **fields):
    named = [(BytesIO(content), name, kind) for name, content, kind in files]
    return fields | {"file": named}


@pytest.mark.parametrize("kind", ["text/csv", "application/vnd.ms-excel", "text/plain"])
def test_a_form_with_one_file_is_taken(send, kind):
    table = ("past.csv", b"date\n2026-03-01\n", kind)
    assert send(form(table, note="mine"), "multipart/form-data").json["imported"] == 1


@pytest.mark.parametrize("count", [0, 2])
def test_a_form_has_exactly_one_file(send, ann, movement, count):
    table = ("past.csv", b"date\n2026-03-01\n", "text/csv")
    answer = send(form(*[table] * count, note="mine"), "multipart/form-data")
    assert pointers(answer) == ["#"]
    assert stored(movement, ann) == []


@pytest.mark.parametrize("boundary", ["; boundary=x", "", "; boundary="])
def test_a_form_that_is_none_is_refused(send, boundary):
    assert pointers(send(b"date\n2026-03-01\n", f"multipart/form-data{boundary}")) == ["#"]


# -- dry runs -------------------------------------------------------------------------------


def test_a_dry_run_says_for_each_row_what_would_be_done(send, ann, movement):
    send("date\n2026-03-02\n")
    before = stored(movement, ann), row_of(ann)
    body = "movement,date\nFlossing,2026-03-01\nFlossing,2026-03-02\nReading,2026-03-03\n"
    answer = send(body, dry_run=True, skip_duplicates=True)
    assert answer.status_code == 200
    assert answer.json["rows"] == [
        {"row": 2, "outcome": "imported", "time_stamp": "2026-03-01T11:00:00+00:00"},
        {
            "row": 3,
            "outcome": "duplicate",
            "detail": "This was reported before.",
            "code": "reported-before",
            "values": {},
        },
        {"row": 4, "outcome": "other_movement"},
    ]
    assert answer.json["message"] == "An import would store 1 of 2 rows. Nothing was stored."
    assert (answer.json["imported"], answer.json["duplicates"]) == (1, 1)
    assert (stored(movement, ann), row_of(ann)) == before

    again = send(body, skip_duplicates=True)
    assert again.json["imported"] == 1
    assert "rows" not in again.json


def test_a_dry_run_names_each_row_that_would_be_refused(send, ann, movement):
    body = "Date,Value,Notes\n2026-03-01,NO,\n2026-03-05,YES_MANUAL,\n2026-02-01,8,\n1.2.26,NO,\n"
    answer = send(body, dry_run=True)
    assert answer.status_code == 200
    assert [(row["row"], row["outcome"], row.get("column")) for row in answer.json["rows"]] == [
        (2, "not_done", None),
        (3, "refused", "Date"),
        (4, "refused", "Value"),
        (5, "refused", "Date"),
    ]
    assert answer.json["imported"] == 0
    assert answer.json["message"].startswith("An import would be refused because of 3 rows.")
    assert stored(movement, ann) == []
    assert pointers(send(body)) == ["#/rows/3/Date", "#/rows/4/Value", "#/rows/5/Date"]


def test_a_dry_run_is_as_long_as_the_file(send, ann, movement):
    days = [(STARTS_AT - timedelta(days=number)).date().isoformat() for number in range(1, 3_001)]
    answer = send("\n".join(["date", *days]), dry_run=True)
    assert [row["row"] for row in answer.json["rows"]] == [*range(2, 3_002)]
    assert stored(movement, ann) == []


# -- exports of gridt -----------------------------------------------------------------------


def leave_and_return(client, movement):
    for update in client.get(f"/movements/{movement.id}/updates").json:
        client.delete(f"/movements/{movement.id}/updates/{update['id']}")
    assert client.get(f"/movements/{movement.id}/updates").json == []


def test_an_export_is_imported_after_a_rename(send, client_of, ann, movement):
    """B3, also when another movement has the name now."""
    client, path = client_of(ann), f"/movements/{movement.id}"
    client.post(f"{path}/updates", json={"message": "done"})
    before = stored(movement, ann)
    export = client.get("/identity/export?format=csv").data
    leave_and_return(client, movement)
    assert client.patch(path, json={"name": "Flossing daily"}).status_code == 200
    other = {"name": "Flossing", "interval": "daily", "short_description": "another one"}
    assert client.post("/movements", json=other).status_code == 201
    refused = client.post(
        "/movements/Flossing/updates/import", data=export, content_type="text/csv"
    )
    assert pointers(refused) == ["#"]
    assert send(export).json["imported"] == 1
    assert stored(movement, ann) == before


def test_an_earlier_export_is_imported_on_request_after_a_rename(send, client_of, ann, movement):
    export = (DATA / "gridt-of-before.csv").read_bytes()
    client_of(ann).patch(f"/movements/{movement.id}", json={"name": "Flossing daily"})
    answer = send(export)
    assert pointers(answer) == ["#"]
    assert answer.json["errors"][0]["code"] == "other-movements"
    assert answer.json["errors"][0]["values"] == {"names": ["Flossing"]}
    assert send(export, movement="this").json["imported"] == 3


def test_two_posts_of_one_day_come_back_as_two_updates_and_one_turn(
    send, client_of, ann, movement, clock
):
    """B4: both posts were 201."""
    client, path = client_of(ann), f"/movements/{movement.id}"
    movement.counts_every_update = True
    movement.save_to_db()
    for message in ("first", "second"):
        assert client.post(f"{path}/updates", json={"message": message}).status_code == 201
        clock.pass_(hours=1)
    before = stored(movement, ann)
    export = client.get("/identity/export?format=csv").data
    leave_and_return(client, movement)
    movement.counts_every_update = False
    movement.save_to_db()

    assert send(export).json["imported"] == 2
    assert stored(movement, ann) == before
    shown = standing(client_of, ann, movement)
    assert (shown["done_turns"], shown["streak"]) == (1, 1)
    assert recompute(movement.id, [ann.id]) == 0
    assert pointers(send(export)) == ["#/rows/2/date", "#/rows/3/date"]
    assert send(export, skip_duplicates=True).json["duplicates"] == 2
    # a date of that day is a duplicate as before
    assert pointers(send("date\n2026-03-04\n")) == ["#/rows/2/date"]


def test_updates_of_one_turn_are_bounded_in_exports_too(app, send, monkeypatch, movement):
    monkeypatch.setitem(app.config, "QUOTA_UPDATES_PER_TURN", 1)
    answer = send((DATA / "gridt-of-before.csv").read_bytes())
    assert answer.status_code == 429
    assert answer.json["type"] == "/problems/too-many-updates-in-turn"
