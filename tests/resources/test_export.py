"""The personal export of a user's data."""

import csv
import gc
import tracemalloc
from datetime import UTC, datetime, timedelta
from io import StringIO

import icalendar
import pytest
import sqlalchemy as sa

from gridt.accounts import sections, sections_about
from gridt.formats.account_json import account_document
from gridt.formats.activity_csv import activity_table
from gridt.formats.base import in_parts
from gridt.formats.calendar import activity_calendar
from gridt.models import Subscription, Update, record
from gridt.models.ownership import SECTIONS, exported_as
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.activity import CalendarOwner, done_by
from tests.conftest import PASSWORD
from tests.databases import same_on_both

NASTY = 'a "quoted" \\ line\n\u2028 </script> \U0001f9b7'
#: the sections in the order of the document; those of new tables come after them
IN_ORDER = (
    "account logins subscriptions pauses former_clocks leaders followers updates"
    " created_movements blocks reports swaps removals former_memberships calendar invitations"
    " accepted_invitations"
    " due_events idempotency_keys audit memberships roles preferences"
).split()


@pytest.fixture
def ann(make_user):
    return make_user("Ann", bio=NASTY)


@pytest.fixture
def ben(make_user):
    return make_user("ben", bio="nobody else's business")


@pytest.fixture
def movement(make_movement, ann, ben):
    movement = make_movement(ann, ben, creator=ann, name="Flossing")
    movement.post_update(ann, NASTY)
    movement.post_update(ben, "said by ben").save_to_db()
    return movement


OWNER = CalendarOwner("5e", "ca")


def test_everything_about_the_caller_is_there(client_of, ann, ben, movement):
    record("role.changed", user_id=ann.id, actor_id=ben.id, role="user")
    record("account.registered", user_id=ann.id, actor_id=ann.id)
    record("account.registered", user_id=ben.id, actor_id=ben.id)
    db.session.commit()

    answer = client_of(ann).get("/identity/export")

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=gridt-{ann.id}.json"
    exported = answer.json
    assert list(exported) == sections() == IN_ORDER
    assert set(IN_ORDER) == set(SECTIONS)
    (account,) = exported["account"]
    assert (account["username"], account["email"], account["bio"]) == ("Ann", ann.email, NASTY)
    assert account["created_at"] == ann.created_at.isoformat()
    (subscription,) = exported["subscriptions"]
    assert (subscription["movement"], subscription["streak"]) == ("Flossing", 1)
    assert (subscription["turn_done"], subscription["counted_from"]) == (True, None)
    assert [one["message"] for one in exported["updates"]] == [NASTY]
    assert [one["interval"] for one in exported["created_movements"]] == ["P1D"]
    assert exported["leaders"] == [{"movement_id": movement.id, "slot": 0, "leader": "ben"}]
    assert exported["followers"] == [{"movement_id": movement.id, "follower": "ben"}]
    assert len(exported["logins"]) == 1
    assert [(one["action"], one["by_yourself"]) for one in exported["audit"]] == [
        ("role.changed", False),
        ("account.registered", True),
    ]


def test_all_of_a_subscription_is_there() -> None:
    exported = {column.name for column in SECTIONS["subscriptions"].selected_columns}
    kept = set(Subscription.__table__.columns.keys()) - {"user_id", "paused_from", "paused_until"}
    # one is random, and one stands for a membership; these and pauses have sections of their own
    assert kept - exported == {"shuffle_key", "roster_key"}


def test_a_section_of_a_new_table_follows_by_name_and_no_name_is_taken_twice(monkeypatch) -> None:
    for name in ("medals", "cheers"):
        monkeypatch.setitem(SECTIONS, name, sa.select(Update.id))
    assert sections() == [*IN_ORDER, "cheers", "medals"]
    with pytest.raises(ValueError, match="cheers"):
        exported_as("cheers", sa.select(Update.id))


def test_nothing_of_others_but_their_names_and_nothing_secret(client_of, ann, ben, movement):
    text = client_of(ann).get("/identity/export").text
    assert "ben" in text
    for hidden in (ben.email, ben.bio, "said by ben", ann.password_hash, "argon2", "jti"):
        assert hidden not in text


def test_a_new_user_has_an_export_too(client_of, ann):
    exported = client_of(ann).get("/identity/export").json
    filled = {name for name, rows in exported.items() if rows}
    assert filled == {"account", "logins"}


def test_the_export_has_exactly_the_deleted_rows(client_of, ann, ben, movement):
    client, gone = client_of(ann), ann.id
    assert client.delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert client.get("/identity/export").status_code == 401
    rest = {name: list(rows) for name, rows in sections_about(gone)}
    assert {name for name, rows in rest.items() if rows} == {"audit"}


def test_the_activity_table_has_only_the_users_own_updates(client_of, ann, ben, movement):
    answer = client_of(ann).get("/identity/export?format=csv")
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=gridt-{ann.id}.csv"
    text = answer.data.decode("utf-8-sig")
    (row,) = csv.DictReader(StringIO(text, newline=""), strict=True)
    assert (row["movement"], row["message"]) == ("Flossing", NASTY)
    assert datetime.fromisoformat(row["date"]) == Update.find_last(ann, movement).time_stamp
    for hidden in ("ben", "@", "argon2"):
        assert hidden not in text


def test_the_calendar_has_only_the_users_own_updates(client_of, ann, ben, movement):
    answer = client_of(ann).get("/identity/export?format=ics")
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=gridt-{ann.id}.ics"
    (event,) = icalendar.Calendar.from_ical(answer.data).events
    assert (event["SUMMARY"], event["DESCRIPTION"]) == ("Flossing", NASTY)
    assert "ben" not in answer.text


def test_days_and_turns_are_those_of_the_users_clock(client_of, make_user, make_movement):
    """Days and turns are those of the user's clock.

    The night in Amsterdam belongs to the day before, and that day to the week before.
    """
    who = make_user(time_zone="Europe/Amsterdam", day_starts_at=4 * 60, week_starts_on=0)
    daily, weekly, hourly = (make_movement(who) for _ in range(3))
    weekly.interval, hourly.interval = timedelta(days=7), timedelta(hours=1)
    for movement in (daily, weekly, hourly):
        update = Update(who, movement)
        update.time_stamp = datetime(2026, 3, 30, 1, 30, tzinfo=UTC)  # a Monday, half past three
        db.session.add(update)
    db.session.commit()
    text = client_of(who).get("/identity/export?format=csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert [row["turn"] for row in rows] == ["2026-03-29", "2026-03-23", "2026-03-29"]
    assert {row["local_time"] for row in rows} == {"2026-03-30 03:30:00"}
    assert {row["date"] for row in rows} == {"2026-03-30T03:30:00+02:00"}


def test_activity_in_former_movements_is_exported(client_of, ann, movement):
    client = client_of(ann)
    client.delete(f"/movements/{movement.id}/subscriber")
    assert "Flossing" in client.get("/identity/export?format=csv").text
    assert "Flossing" in client.get("/identity/export?format=ics").text


WRITERS = {
    "json": lambda user_id: account_document(sections_about(user_id)),
    "csv": lambda user_id: activity_table(done_by(user_id), "5e"),
    "ics": lambda user_id: activity_calendar(
        done_by(user_id), CalendarOwner("5e", "ca"), messages=True
    ),
}


@pytest.mark.parametrize(
    "write",
    [
        WRITERS["json"],
        WRITERS["csv"],
        pytest.param(WRITERS["ics"], marks=same_on_both),  # of the rows that the table shows
    ],
    ids=WRITERS,
)
def test_a_long_history_is_exported_in_little_memory(database, ann, movement, write):
    def most_held() -> tuple[int, int]:
        gc.collect()
        tracemalloc.start()
        size = sum(len(part) for part in in_parts(write(ann.id)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size, most

    def post(amount: int) -> None:
        start = utcnow()
        rows = [
            {
                "leader_id": ann.id,
                "movement_id": movement.id,
                "time_stamp": start + timedelta(seconds=number),
                "message": "x" * 280,
            }
            for number in range(amount)
        ]
        db.session.execute(sa.insert(Update), rows)
        db.session.commit()

    most_held()  # the first run caches objects
    post(1_000)
    size, most = most_held()
    post(4_000)
    larger, more = most_held()
    assert larger > 4 * size
    assert more < 1.5 * most
