"""A member's activity as a table (CSV, RFC 4180)."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

from gridt.errors import Invalid
from gridt.refusals import Code, Refusal
from gridt.standing import Complaint, CompletedTurn, Reported
from gridt.text import fold

#: the media type
CSV = "text/csv"
#: rows that an import reads, besides the names of the columns
MOST_ROWS = 10_000
#: characters that a message may have
LONGEST_MESSAGE = 280
#: characters of a longer cell are not examined: `harmless` adds at most one for each of a message
_LONGEST_CELL = 2 * LONGEST_MESSAGE

_COLUMNS = ("movement", "date", "local_time", "utc_time", "turn", "message")
#: without the mark, Excel guesses another encoding than UTF-8
_BYTE_ORDER_MARK = "\ufeff"

# The place where a cell begins that a spreadsheet would take for a formula: at the start of the
# text, behind invisible characters, or after a character that some spreadsheet takes for the end of
# a cell. The pattern never splits a run of blanks; even so, its time grows with the square of their
# number.
_FORMULA = (
    r"(?:^|(?<=[;\t\r\n])){}"
    r"(?=[\s\"'\ufeff\u200b-\u200f\u2060\x00-\x1f]*+[-=+@\uff1d\uff0b\uff0d\uff20]|'*+[\t\r\n])"
)
_HARMFUL = re.compile(_FORMULA.format(""))
_HARMLESS = re.compile(_FORMULA.format("'"))

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
#: the service has no use for an earlier date, and the clocks of that time are not well known
_EARLIEST = date(1970, 1, 2)


def activity_table(done: Iterable[CompletedTurn]) -> Iterator[str]:
    """Yield the table of completed turns, row by row."""
    line = StringIO(newline="")
    writer = csv.writer(line)
    line.write(_BYTE_ORDER_MARK)
    writer.writerow(_COLUMNS)
    for turn in done:
        utc = turn.at.astimezone(UTC)
        writer.writerow(
            (
                harmless(turn.movement),
                turn.at.isoformat(),
                f"{turn.at:%Y-%m-%d %H:%M:%S}",
                f"{utc:%Y-%m-%d %H:%M:%S}",
                turn.day.isoformat(),
                harmless(turn.message or ""),
            )
        )
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet calculates.

    An apostrophe marks it as text.
    """
    return _HARMFUL.sub("'", text)


def as_typed(cell: str) -> str:
    """Return the text from which `harmless` made a cell."""
    return _HARMLESS.sub("", cell)


def read_activities(body: bytes, movement: str) -> tuple[list[Reported], list[Complaint], int]:
    """Return the rows of a table about a movement.

    :returns: the rows, the complaints about other rows, and the number of rows of other movements
    :raises Invalid: when the body is no table, or has too many rows
    """
    rows: list[Reported] = []
    wrong: list[Complaint] = []
    others = 0
    for number, cells in _rows(_text(body), wrong):
        if not _is_of(movement, cells):
            others += 1
        elif reported := _reported(number, cells, wrong):
            rows.append(reported)
    if not rows and not wrong:
        raise _refused(Code.NO_ROWS_OF_MOVEMENT if others else Code.NO_ROWS)
    return rows, wrong, others


def _text(body: bytes) -> str:
    if not body:
        raise _refused(Code.FILE_EMPTY)
    if b"\0" in body:
        raise _refused(Code.FILE_HAS_NUL)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(Code.FILE_NOT_UTF_8, position=error.start) from None


def _rows(text: str, wrong: list[Complaint]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row that is not empty.

    A row is its number, and its cells by the names of columns.
    """
    delimiter = _delimiter_of(text)
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, read = 0, 0
    names: list[str] = []
    try:
        for number, cells in enumerate(lines, 1):
            if number == 1:
                names = _names(cells)
            elif any(cell.strip() for cell in cells):
                read += 1
                if read > MOST_ROWS:
                    raise _refused(Code.TOO_MANY_ROWS, maximum=MOST_ROWS)
                if len(cells) > len(names):
                    wrong.append((number, "", Refusal(Code.TOO_MANY_CELLS)))
                else:
                    yield number, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise _refused(Code.FILE_NOT_CSV, row=number + 1, reason=str(error)) from None


def _delimiter_of(text: str) -> str:
    """Return the separator of the names of columns.

    No column of ours has one in its name.
    """
    first, *_ = text.splitlines() or [""]
    return ";" if first.count(";") > first.count(",") else ","


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    if "date" not in names:
        raise _refused(Code.NO_DATE_COLUMN)
    for name in ("date", "message", "movement"):
        if names.count(name) > 1:
            raise _refused(Code.COLUMN_TWICE, name=name)
    return names


def _is_of(movement: str, cells: Mapping[str, str]) -> bool:
    cell = cells.get("movement", "")
    if len(cell) > _LONGEST_CELL:  # no movement has such a long name
        return False
    named = as_typed(cell)
    return not named.strip() or fold(named) == fold(movement)


def _reported(number: int, cells: Mapping[str, str], wrong: list[Complaint]) -> Reported | None:
    message = cells.get("message", "")
    if len(message) <= _LONGEST_CELL:
        message = as_typed(message)
    if len(message) > LONGEST_MESSAGE:
        wrong.append((number, "message", Refusal(Code.TOO_LONG, maximum=LONGEST_MESSAGE)))
    when = _when(cells.get("date", "").strip())
    if isinstance(when, Refusal):
        wrong.append((number, "date", when))
        return None
    return Reported(number, when, message or None)


def _when(text: str) -> date | datetime | Refusal:
    """Return the day or the moment in a cell, or what is wrong with the cell."""
    when: date | datetime | None = None
    try:
        if _DAY.fullmatch(text):
            when = date.fromisoformat(text)
        elif _MOMENT.fullmatch(text):
            when = datetime.fromisoformat(text.upper())
    except ValueError:  # such as the 30th of February
        when = None
    if when is None:
        return Refusal(Code.NOT_A_DAY_OR_MOMENT)
    if (when.date() if isinstance(when, datetime) else when) < _EARLIEST:
        return Refusal(Code.TOO_EARLY, minimum=_EARLIEST.isoformat())
    return when


def _refused(code: Code, **values: Any) -> Invalid:
    return Invalid.member("#", Refusal(code, **values))
