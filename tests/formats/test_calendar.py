"""Activity as a calendar, read by a public calendar library."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridt.formats.calendar import activity_calendar
from gridt.models import Revision
from gridt.standing.activity import CalendarOwner, CompletedTurn, DueTurn
from tests.nasty import NASTY
from tests.servers import ROOT

AT = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=ZoneInfo("Europe/Amsterdam"))
OWNER = CalendarOwner("5e", "ca")
LONG = "ünï 🦷 " * 60


def done(movement: str = "Flossing", message: str | None = None) -> CompletedTurn:
    return CompletedTurn(7, 3, movement, AT, date(2026, 3, 1), message, Revision(0, AT))


def written(*entries: CompletedTurn | DueTurn, messages: bool = True) -> str:
    return "".join(activity_calendar(entries, OWNER, messages=messages))


def read(text: str) -> icalendar.Calendar:
    """Read a calendar that follows RFC 5545 to the letter.

    A calendar that does not fails the test.
    """
    assert text.endswith("\r\n")
    for line in text[:-2].split("\r\n"):
        assert len(line.encode()) <= 75
        assert "\n" not in line
        assert "\r" not in line
    (calendar,) = icalendar.Calendar.from_ical(text, multiple=True)
    for component in calendar.walk():
        assert not component.errors
        assert all(name in component for name in component.required)
    assert calendar.subcomponents
    return calendar


def test_an_update_is_an_event_at_its_moment():
    (event,) = read(written(done(message="at last"))).events
    assert event["UID"] == "update-7-ca@5e.gridt"
    assert event["SUMMARY"] == "Flossing"
    assert event["DESCRIPTION"] == "at last"
    assert event["TRANSP"] == "TRANSPARENT"
    moment = AT.replace(microsecond=0)
    assert event.DTSTART == event.DTSTAMP == moment
    assert event.DTSTART.utcoffset() == timedelta()
    assert event.DTEND == moment + timedelta(minutes=15)


def test_a_due_turn_is_an_event_until_its_end():
    due = DueTurn(3, "Flossing", AT, AT + timedelta(hours=15), Revision(4, AT))
    (event,) = read(written(due)).events
    assert event["UID"] == "due-3-ca@5e.gridt"
    assert event["SUMMARY"] == "Flossing (due)"
    assert (event.DTSTART, event.DTEND) == (
        AT.replace(microsecond=0),
        AT.replace(microsecond=0) + timedelta(hours=15),
    )


def test_a_calendar_without_events_is_valid():
    assert read(written()).events == []


def test_messages_are_left_out_by_default():
    assert "secret" not in written(done(message="secret"), messages=False)


def test_the_same_is_written_each_time():
    assert written(done(message="x")) == written(done(message="x"))


@pytest.mark.parametrize("text", [LONG, "a" * 500, "é" * 300, "a,b;c\\d\\n", "a\nb\r\nc\rd", "\\"])
def test_long_and_meaningful_texts_come_back(text):
    (event,) = read(written(done(text, text))).events
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    assert str(event["SUMMARY"]) == str(event["DESCRIPTION"]) == expected


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_break_no_calendar(text):
    if any("\ud800" <= character <= "\udfff" for character in text):
        return  # no database stores these
    (event,) = read(written(done(text, text))).events
    assert event["UID"] == "update-7-ca@5e.gridt"
    assert {"ATTACH", "URL", "ATTENDEE"}.isdisjoint(event)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_any_calendar_can_be_read(text):
    (event,) = read(written(done("Flossing", f"x{text}"))).events
    shown = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\ufffd", shown)
    assert str(event["DESCRIPTION"]) == f"x{kept}"


def test_the_docs_say_how_programs_read_each_property() -> None:
    due = DueTurn(3, "Flossing", AT, AT + timedelta(hours=15), Revision(4, AT))
    text = written(done(message="At last"), due).replace("\r\n ", "")
    properties = {re.split("[:;]", line)[0] for line in text.splitlines()} - {"BEGIN", "END"}
    page = (ROOT / "docs" / "take-along.md").read_text()
    section = page.split("### How calendar programs read it")[1].split("\n### ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall("`([^`]+)`", row)}
    assert properties == listed
