"""Calendars to subscribe to, by a revocable secret address."""

import re
from datetime import datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa

from gridt.mail import Purpose
from gridt.mail.tokens import issue
from gridt.models import AuditEntry, CalendarToken, Subscription, Update
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD

HERE = "/identity/calendar"


@pytest.fixture
def ann(make_user, clock):
    return make_user("Ann", time_zone="Europe/Amsterdam")


@pytest.fixture
def movement(make_movement, make_user, ann):
    ben = make_user("ben")
    movement = make_movement(ann, ben, creator=ben, name="Flossing; =1+1, and more")
    movement.post_update(ben, "said by ben")
    movement.post_update(ann, "a secret of Ann's").save_to_db()
    return movement


@pytest.fixture
def url(client_of, ann, movement):
    """The address of Ann's calendar."""
    return client_of(ann).post(HERE).json["url"]


def actions() -> list[str]:
    found = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))
    return [one for one in found if one.startswith("calendar")]


def test_an_address_is_made_on_request_and_its_secret_shown_once(client_of, ann, clock):
    client = client_of(ann)
    assert client.get(HERE).json == {"since": None}

    made = client.post(HERE)

    assert made.status_code == 201
    assert re.fullmatch(r"/calendars/[\w-]{43}\.ics", made.json["url"])
    assert made.json["since"] == utcnow().isoformat()
    assert client.get(HERE).json == {"since": utcnow().isoformat()}
    assert actions() == ["calendar.made"]


def test_only_a_hash_of_the_secret_is_kept(url):
    secret = url.removeprefix("/calendars/").removesuffix(".ics")
    for table in db.metadata.sorted_tables:
        assert secret not in repr(db.session.execute(sa.select(table)).all())
    (row,) = db.session.scalars(sa.select(CalendarToken))
    assert len(row.digest) == 64


def test_the_address_shows_the_calendar_without_a_token(client, url, movement):
    answer = client.get(url)

    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    calendar = icalendar.Calendar.from_ical(answer.data)
    done, due = calendar.events
    assert done["SUMMARY"] == movement.name
    assert due["SUMMARY"] == f"{movement.name} (due)"
    assert due.DTSTART > done.DTSTART  # it is done for today
    assert due.DTEND - due.DTSTART in {timedelta(hours=hours) for hours in (23, 24, 25)}
    for hidden in ("said by ben", "a secret of Ann", "ben", "example.org", "Ann"):
        assert hidden not in answer.text


def test_a_member_without_updates_sees_the_end_of_the_turn(client, client_of, make_user, movement):
    eve = client_of(make_user("eve"))
    eve.put(f"/movements/{movement.id}/subscriber")

    answer = client.get(eve.post(HERE).json["url"])

    (due,) = icalendar.Calendar.from_ical(answer.data).events
    assert due["SUMMARY"] == f"{movement.name} (due)"
    standing = eve.get(f"/movements/{movement.id}").json["standing"]
    assert due.DTEND == datetime.fromisoformat(standing["due_at"])


def test_the_due_turn_of_a_goal_says_how_far_it_is(client, url, ann, movement, clock):
    movement.interval, movement.goal, movement.goal_since = timedelta(days=7), 3, clock.now
    movement.save_to_db()
    clock.pass_(days=14 - clock.now.weekday())  # a Monday

    def due():
        (event,) = [
            one
            for one in icalendar.Calendar.from_ical(client.get(url).data).events
            if one["UID"].startswith("due-")
        ]
        return event["SUMMARY"].removeprefix(movement.name), event["SEQUENCE"]

    shown, revision = due()
    assert shown == " (due, 0 of 3)"
    for number, expected in [(1, "due, 1 of 3"), (2, "due, 2 of 3"), (3, "due")]:
        Update(ann, movement).save_to_db()
        assert due() == (f" ({expected})", revision + number)
        Update(ann, movement).save_to_db()
        assert due() == (f" ({expected})", revision + number), "the day counts once"
        clock.pass_(days=1)


def test_an_unchanged_calendar_is_not_sent_again(client, url, ann, movement):
    tag = client.get(url).headers["ETag"]
    known = {"If-None-Match": tag}
    assert client.get(url, headers=known).status_code == 304
    Update(ann, movement).save_to_db()
    assert client.get(url, headers=known).status_code == 200


def test_a_pause_has_no_due_turn(client, url, ann, movement):
    until = utcnow() + timedelta(days=10)
    row = db.session.get(Subscription, (ann.id, movement.id))
    row.paused_from, row.paused_until = utcnow(), until
    db.session.commit()
    _, due = icalendar.Calendar.from_ical(client.get(url).data).events
    assert due.DTSTART == until.replace(microsecond=0)
    assert due.DTEND > due.DTSTART


def test_a_done_turn_is_due_again_next_even_if_a_pause_ends_in_it(
    client, client_of, url, ann, movement, clock
):
    clock.now = clock.now.replace(hour=10) + timedelta(days=1)
    own, path = client_of(ann), f"/movements/{movement.id}"
    own.post(f"{path}/updates")
    own.put(f"{path}/pause", json={"until": (clock.now + timedelta(hours=1)).isoformat()})
    standing = own.get(path).json["standing"]
    *_, due = icalendar.Calendar.from_ical(client.get(url).data).events
    assert due.DTSTART == datetime.fromisoformat(standing["turn"]["ends_at"])
    assert due.DTEND == datetime.fromisoformat(standing["due_at"])
    assert due.DTSTART < due.DTEND


def test_movements_that_were_left_are_not_shown(client, client_of, url, ann, movement):
    client_of(ann).delete(f"/movements/{movement.id}/subscriber")
    assert icalendar.Calendar.from_ical(client.get(url).data).events == []


def test_a_long_history_is_cut_short(client, url, ann, movement):
    start = utcnow()
    rows = [
        {
            "leader_id": ann.id,
            "movement_id": movement.id,
            "time_stamp": start - timedelta(hours=number),
        }
        for number in range(1500)
    ]
    db.session.execute(sa.insert(Update), rows)
    db.session.commit()
    answer = client.get(url)
    assert answer.text.count("UID:update-") == 1000
    assert len(answer.data) < 350_000


def test_a_new_address_replaces_the_one_before(client, client_of, ann, url):
    other = client_of(ann).post(HERE).json["url"]
    assert other != url
    assert [client.get(one).status_code for one in (url, other)] == [404, 200]
    assert actions() == ["calendar.made", "calendar.made"]


def test_a_revoked_address_leads_nowhere(client, client_of, ann, url):
    own = client_of(ann)
    assert [own.delete(HERE).status_code for _ in range(2)] == [200, 200]
    assert client.get(url).status_code == 404
    assert own.get(HERE).json == {"since": None}
    assert actions() == ["calendar.made", "calendar.revoked"]  # without an address, no entry


def test_each_user_has_an_address_of_their_own(client, client_of, make_user, url):
    eve = client_of(make_user("eve"))
    others = eve.post(HERE).json["url"]
    assert icalendar.Calendar.from_ical(client.get(others).data).events == []
    eve.delete(HERE)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("end", ["deletion", "deactivation", "reset"])
def test_it_ends_with_the_account_and_with_a_lost_password(
    client, client_of, make_user, ann, url, end
):
    if end == "deletion":
        answer = client_of(ann).delete("/identity", json={"password": PASSWORD})
    elif end == "deactivation":
        admin = client_of(make_user(role="admin"))
        answer = admin.put(f"/admin/users/{ann.id}/deactivation")
        admin.delete(f"/admin/users/{ann.id}/deactivation")
    else:
        token = issue(Purpose.RESET_PASSWORD, ann)
        body = {"token": token, "password": "another long one"}
        answer = client.post("/user/reset_password/confirm", json=body)
    assert answer.status_code == 200
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-5] + ".ics",
        lambda url: url.replace("/calendars/", "/calendars/x"),
        lambda url: url.swapcase().replace("/CALENDARS", "/calendars").replace(".ICS", ".ics"),
        lambda _: "/calendars/.ics",
        lambda _: "/calendars/%25.ics",
        lambda _: "/calendars/%00.ics",
        lambda _: "/calendars/%ED%A0%80.ics",
        lambda _: f"/calendars/{'x' * 4000}.ics",
        lambda url: url.removesuffix(".ics"),
        lambda url: f"{url}/",
    ],
)
def test_any_other_address_is_not_found(client, url, change):
    assert client.get(change(url)).status_code == 404


def test_the_digest_is_no_address(client, url):
    digest = db.session.scalar(sa.select(CalendarToken.digest))
    assert client.get(f"/calendars/{digest}.ics").status_code == 404


def test_too_many_requests_are_refused(client, url, limited):
    limited(LIMIT_DEFAULT="2/minute")
    other = url.replace("/calendars/", "/calendars/x")
    assert [client.get(one).status_code for one in (url, other, url)] == [200, 404, 429]


def test_a_calendar_takes_5_statements_whatever_is_in_it(
    client, url, statements, make_movement, ann
):
    counts = []
    for _ in range(2):
        client.get(url)  # stores the revisions of what is new
        statements.clear()
        client.get(url)
        counts.append(len(statements))
        for _ in range(5):
            make_movement(ann).post_update(ann).save_to_db()
    assert counts == [5, 5]
