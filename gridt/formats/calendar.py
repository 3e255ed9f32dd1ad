"""A member's turns as a calendar: iCalendar, RFC 5545.

Times are in UTC; every calendar program shows them in the reader's zone. No event blocks time.
An event keeps its UID, and each change of it has a higher SEQUENCE and a later LAST-MODIFIED.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from gridt.models import Revision
from gridt.standing import CalendarOwner, CompletedTurn, DueTurn

#: the media type
ICALENDAR = "text/calendar"
#: how long the event of a completed turn lasts: some programs drop or widen events without an end
DONE_LASTS = timedelta(minutes=15)
#: bytes that a line may have
_LONGEST = 75
_BEFORE = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//gridt//gridt//EN",
    "CALSCALE:GREGORIAN",
    "NAME:gridt",
    "X-WR-CALNAME:gridt",
    # how often a calendar program reads this address again
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
    # a calendar must have at least one component
    "BEGIN:VTIMEZONE",
    "TZID:UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "TZNAME:UTC",
    "END:STANDARD",
    "END:VTIMEZONE",
)

_LINE_END = re.compile(r"\r\n?|\n")
# the characters that no text of a calendar may have, and those that have a meaning there
_NOT_TEXT = dict.fromkeys({*range(0x20), 0x7F} - {*map(ord, "\t\n")}, "\N{REPLACEMENT CHARACTER}")
_MEANING = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})


def activity_calendar(
    entries: Iterable[CompletedTurn | DueTurn], owner: CalendarOwner, *, messages: bool
) -> Iterator[str]:
    """Yield a calendar, an entry at a time.

    :param owner: the parts of the UIDs for the service and the user
    :param messages: whether to include the messages of updates
    """
    place = f"{owner.person}@{owner.service}.gridt"
    yield _lines(_BEFORE)
    for entry in entries:
        if isinstance(entry, CompletedTurn):
            yield _lines(_done(entry, place, messages))
        else:
            yield _lines(_due(entry, place))
    yield _lines(["END:VCALENDAR"])


def _done(entry: CompletedTurn, place: str, messages: bool) -> Iterator[str]:
    times = (entry.at, entry.at + DONE_LASTS)
    yield from _event(f"update-{entry.id}-{place}", entry.revision, *times)
    yield f"SUMMARY:{_text(entry.movement)}"
    if messages and entry.message:
        yield f"DESCRIPTION:{_text(entry.message)}"
    yield "END:VEVENT"


def _due(entry: DueTurn, place: str) -> Iterator[str]:
    times = (entry.starts_at, entry.due_at)
    yield from _event(f"due-{entry.movement_id}-{place}", entry.revision, *times)
    due = f"due, {entry.progress}" if entry.progress else "due"
    yield f"SUMMARY:{_text(entry.movement + f' ({due})')}"
    yield "END:VEVENT"


def _event(uid: str, revision: Revision, start: datetime, end: datetime) -> Iterator[str]:
    """Yield the lines that every event begins with."""
    revised_at = _moment(revision.at)
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}"
    yield f"DTSTAMP:{revised_at}"
    yield f"LAST-MODIFIED:{revised_at}"
    yield f"SEQUENCE:{revision.number}"
    yield f"DTSTART:{_moment(start)}"
    yield f"DTEND:{_moment(end)}"
    yield "TRANSP:TRANSPARENT"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Return a text as the value of a property."""
    return _LINE_END.sub("\n", text).translate(_NOT_TEXT).translate(_MEANING)


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _folded(line: str) -> str:
    """Fold a line into short pieces of whole characters."""
    rest, pieces = line.encode(), []
    while len(rest) > _LONGEST:
        end = _LONGEST
        while rest[end] & 0xC0 == 0x80:  # in the middle of a character
            end -= 1
        pieces.append(rest[:end])
        rest = b" " + rest[end:]
    return b"\r\n".join([*pieces, rest]).decode()
