"""A member's turns as a calendar: iCalendar, RFC 5545.

Times are in UTC; every calendar program shows them in the reader's zone. No entry blocks time.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from gridt.standing import CompletedTurn, DueTurn

#: the media type
ICALENDAR = "text/calendar"
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
    entries: Iterable[CompletedTurn | DueTurn], *, messages: bool
) -> Iterator[str]:
    """Yield a calendar, an entry at a time.

    :param messages: whether to include the messages of updates
    """
    yield _lines(_BEFORE)
    for entry in entries:
        yield _lines(_done(entry, messages) if isinstance(entry, CompletedTurn) else _due(entry))
    yield _lines(["END:VCALENDAR"])


def _done(entry: CompletedTurn, messages: bool) -> Iterator[str]:
    at = _moment(entry.at)
    yield "BEGIN:VEVENT"
    yield f"UID:update-{entry.id}@gridt"
    yield f"DTSTAMP:{at}"  # it never changes
    yield f"DTSTART:{at}"
    yield f"SUMMARY:{_text(entry.movement)}"
    if messages and entry.message:
        yield f"DESCRIPTION:{_text(entry.message)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _due(entry: DueTurn) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:due-{entry.movement_id}@gridt"
    yield f"DTSTAMP:{_moment(entry.starts_at)}"
    yield f"DTSTART:{_moment(entry.starts_at)}"
    yield f"DTEND:{_moment(entry.due_at)}"
    yield f"SUMMARY:{_text(entry.movement)} (due)"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


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
