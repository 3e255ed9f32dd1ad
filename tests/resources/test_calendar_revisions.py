"""Calendar events' ids, and the properties that mark changes.

By these properties, programs notice changes.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import sqlalchemy as sa
import vobject

from gridt.models import DueEvent, Update, User
from gridt.models.calendar_revision import revise_due_events
from gridt.models.service_identity import ServiceIdentity
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import Clock

HERE = "/identity/calendar"
NOW = STARTS_AT = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
ANN = {"username": "Ann", "time_zone": "Europe/Amsterdam"}
#: what no change of an event is seen by
REVISION = {"DTSTAMP", "LAST-MODIFIED", "SEQUENCE"}


@pytest.fixture
def ben(make_user, clock):
    return make_user("ben")


@pytest.fixture
def movement(make_movement, ann, ben):
    return make_movement(ann, ben, creator=ann, name="Flossing")


@pytest.fixture
def look(client, client_of) -> Callable[[User], dict[str, icalendar.Event]]:
    """Return the events of a user's calendar, by their UIDs."""
    urls: dict[int, str] = {}

    def look(user: User) -> dict[str, icalendar.Event]:
        if user.id not in urls:
            urls[user.id] = client_of(user).post(HERE).json["url"]
        answer = client.get(urls[user.id])
        assert answer.status_code == 200
        events = icalendar.Calendar.from_ical(answer.data).events
        return {str(event["UID"]): event for event in events}

    return look


def shown(event: icalendar.Event) -> dict[str, bytes]:
    return {
        name: value.to_ical() if hasattr(value, "to_ical") else value
        for name, value in event.items()
        if name not in REVISION
    }


def revision(event: icalendar.Event) -> tuple[int, datetime]:
    assert event.DTSTAMP == event.LAST_MODIFIED <= utcnow()
    return int(event["SEQUENCE"]), event.DTSTAMP


# -- identity -------------------------------------------------------------------------------


def test_each_member_and_each_service_has_uids_of_its_own(look, client_of, ann, ben, movement):
    for user in (ann, ben):
        client_of(user).post(f"/movements/{movement.id}/updates")
    uids = [set(look(user)) for user in (ann, ben)]
    assert [len(mine) for mine in uids] == [2, 2]
    assert uids[0].isdisjoint(uids[1])
    assert [set(look(user)) for user in (ann, ben)] == uids

    db.session.execute(sa.delete(ServiceIdentity))  # as another service has another
    db.session.commit()
    assert uids[0].isdisjoint(look(ann))


def test_an_account_with_the_number_of_a_lost_one_has_other_uids(look, ann, movement):
    """Accounts of one id, lost and new, have different UIDs.

    After a restore of a backup, ids are given out again.
    """
    before = set(look(ann))
    ann.created_at += timedelta(seconds=1)
    ann.save_to_db()
    assert before.isdisjoint(look(ann))


def test_the_calendar_and_the_export_have_the_same_uids(look, client_of, ann, movement):
    client_of(ann).post(f"/movements/{movement.id}/updates")
    export = client_of(ann).get("/identity/export?format=ics").data
    (event,) = icalendar.Calendar.from_ical(export).events
    assert str(event["UID"]) in look(ann)
    assert revision(event) == revision(look(ann)[str(event["UID"])])


def test_the_service_keeps_its_name(app, client_of, ann, ben, movement):
    for user in (ann, ben):
        client_of(user).get("/identity/export?format=csv")
    (name,) = db.session.scalars(sa.select(ServiceIdentity.name))
    assert len(name) == 16
    assert all(digit in "0123456789abcdef" for digit in name)


# -- revisions ------------------------------------------------------------------------------


def withdraw(client, path: str) -> None:
    newest = client.get(f"{path}/updates").json[0]["id"]
    assert client.delete(f"{path}/updates/{newest}").status_code == 200


#: what happens, and whether the due event is another afterwards
LIFE: list[tuple[str, Callable[[Any, str, Clock], Any], bool]] = [
    ("nothing", lambda client, path, clock: None, False),
    ("an hour", lambda client, path, clock: clock.pass_(hours=1), False),
    ("done", lambda client, path, clock: client.post(f"{path}/updates"), True),
    ("withdrawn", lambda client, path, clock: withdraw(client, path), True),
    ("done again", lambda client, path, clock: client.post(f"{path}/updates"), True),
    (
        "pause",
        lambda client, path, clock: client.put(
            f"{path}/pause", json={"until": (clock.now + timedelta(days=5)).isoformat()}
        ),
        True,
    ),
    ("two days of it", lambda client, path, clock: clock.pass_(days=2), False),
    ("its end", lambda client, path, clock: client.delete(f"{path}/pause"), True),
    ("the next day", lambda client, path, clock: clock.pass_(days=1), True),
    (
        "another clock",
        lambda client, path, clock: client.patch("/identity", json={"time_zone": "Asia/Tokyo"}),
        True,
    ),
    (
        "that undone",
        lambda client, path, clock: client.patch(
            "/identity", json={"time_zone": "Europe/Amsterdam"}
        ),
        True,
    ),
    ("renamed", lambda client, path, clock: client.patch(path, json={"name": "Floss"}), True),
    ("weekly", lambda client, path, clock: client.patch(path, json={"interval": "weekly"}), False),
    ("a week", lambda client, path, clock: clock.pass_(days=8), True),
]


def test_each_change_of_the_due_event_is_a_later_revision(look, client_of, ann, movement, clock):
    client, path = client_of(ann), f"/movements/{movement.id}"
    (uid, before) = next(iter(look(ann).items()))
    assert revision(before) == (0, NOW)
    for what, happen, is_another in LIFE:
        clock.pass_(minutes=1)
        happen(client, path, clock)
        event = look(ann)[uid]
        assert (shown(event) != shown(before)) == is_another, what
        number, at = revision(event)
        if is_another:
            assert (number, at) == (int(before["SEQUENCE"]) + 1, clock.now), what
        else:
            assert (number, at) == revision(before), what
        before = event


def test_a_server_whose_clock_is_behind_sets_no_revision_back(look, ann, movement, clock):
    look(ann)
    db.session.commit()  # or the end of this transaction would take the row with it
    clock.pass_(seconds=-30)
    revised = revise_due_events(ann.id, [(movement.id, "0" * 32)])
    assert revised[movement.id] == (1, NOW)


def test_a_rename_is_a_revision_of_each_completed_turn(look, client_of, ann, movement, clock):
    client, path = client_of(ann), f"/movements/{movement.id}"
    client.post(f"{path}/updates")
    clock.pass_(hours=1)
    for number, name in enumerate(("Floss", "Flossing"), 1):
        clock.pass_(hours=1)
        assert client.patch(path, json={"name": name}).status_code == 200
        export = client.get("/identity/export?format=ics").data
        (event,) = icalendar.Calendar.from_ical(export).events
        assert revision(event) == (number, clock.now)
        assert revision(look(ann)[str(event["UID"])]) == (number, clock.now)
        assert event.DTSTART == NOW
    client.patch(path, json={"name": "Flossing", "description": "the same name"})
    assert revision(look(ann)[str(event["UID"])]) == (2, clock.now)


def test_revisions_go_on_after_leaving_and_rejoining(look, client_of, ann, movement, clock):
    client, path = client_of(ann), f"/movements/{movement.id}"
    (uid,) = look(ann)
    client.delete(f"{path}/subscriber")
    assert look(ann) == {}
    clock.pass_(days=3)
    client.put(f"{path}/subscriber")
    assert revision(look(ann)[uid]) == (1, clock.now)


def test_revisions_go_with_the_account_and_the_movement(look, client_of, ann, ben, movement):
    for user in (ann, ben):
        look(user)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(DueEvent)) == 2
    client_of(ben).delete(f"/movements/{movement.id}/subscriber")
    assert client_of(ann).delete(f"/movements/{movement.id}").status_code == 200
    assert db.session.scalars(sa.select(DueEvent)).all() == []


# -- another library ------------------------------------------------------------------------


def test_another_library_reads_the_same(client, client_of, ann, movement):
    """`vobject`, another library, reads the same events.

    It is older than `icalendar`, and shares no code with it.
    """
    client_of(ann).post(f"/movements/{movement.id}/updates", json={"message": "a, b; c\nd"})
    address = client_of(ann).post(HERE).json["url"]
    export = client_of(ann).get("/identity/export?format=ics").text
    for text in (client.get(address).text, export):
        events = icalendar.Calendar.from_ical(text).events
        (calendar,) = vobject.readComponents(text)
        calendar.validate(raiseException=True)
        assert len(calendar.vevent_list) == len(events)
        for event, other in zip(events, calendar.vevent_list, strict=True):
            assert other.validate(raiseException=True)
            for name in ("UID", "SUMMARY", "SEQUENCE", "TRANSP", "DESCRIPTION"):
                value = getattr(other, name.lower(), None)
                assert (value and value.value) == (str(event[name]) if name in event else None)
            times = (other.dtstart.value, other.dtend.value, other.dtstamp.value)
            assert times == (event.DTSTART, event.DTEND, event.DTSTAMP)
    assert other.description.value == "a, b; c\nd"
    assert other.dtend.value - other.dtstart.value == timedelta(minutes=15)


def test_an_update_that_is_older_than_a_rename_is_not_revised_before_it(look, ann, movement, clock):
    clock.pass_(days=1)
    update = Update(ann, movement)
    update.time_stamp = NOW - timedelta(days=9)
    update.save_to_db()
    moments = {revision(event)[1] for uid, event in look(ann).items() if "update-" in uid}
    assert moments == {NOW - timedelta(days=9)}
