"""Tables as text: CSV, with the delimiters of all countries.

RFC 4180 has the form with commas.
"""

import csv
import re
from io import StringIO
from typing import Any, NamedTuple

from gridt.errors import Invalid
from gridt.refusals import Code, Refusal
from gridt.standing import Complaint

#: the largest number of rows of a file, besides the names of the columns; and of an import
MOST_LINES, MOST_ROWS = 50_000, 10_000
#: the first line of a table that says its delimiter, which spreadsheets do not show
_DELIMITER_LINE = re.compile(r"\"?sep=([,;\t])\"?(?:\r\n?|\n)", re.IGNORECASE)

#: the number of a row, as a spreadsheet counts, and its cells
Line = tuple[int, list[str]]


class Table(NamedTuple):
    """A table that was read.

    :param names: the names of the columns
    :param lines: the rows that are not empty
    :param wrong: the rows that have more cells than there are columns
    """

    names: list[str]
    lines: list[Line]
    wrong: list[Complaint]


def read_text(body: bytes) -> str:
    """Return the text of a file.

    :raises Invalid: when it is no text
    """
    if not body:
        raise refused(Code.FILE_EMPTY)
    if b"\0" in body:
        raise refused(Code.FILE_HAS_NUL)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(Code.FILE_NOT_UTF_8, position=error.start) from None


def read_table(text: str) -> Table:
    """Return the table that a text is.

    :raises Invalid: when it is no table, or has too many rows
    """
    said = _DELIMITER_LINE.match(text)
    text = text[said.end() :] if said else text
    delimiter = said[1] if said else _delimiter_of(text)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    table = Table([], [], [])
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number == 1:
                table.names.extend(cell.strip() for cell in cells)
            elif any(cell.strip() for cell in cells):
                _add(table, number, cells)
    except csv.Error as error:
        raise refused(Code.FILE_NOT_CSV, row=number + 1, reason=str(error)) from None
    return table


def _add(table: Table, number: int, cells: list[str]) -> None:
    if len(table.lines) + len(table.wrong) == MOST_LINES:
        raise refused(Code.TOO_MANY_ROWS, maximum=MOST_LINES)
    if len(cells) > len(table.names):
        table.wrong.append((number, "", Refusal(Code.TOO_MANY_CELLS)))
    else:
        table.lines.append((number, cells))


def _delimiter_of(text: str) -> str:
    """Return the delimiter that the first row has most often."""
    first, *_ = text.splitlines() or [""]
    return max(",;\t", key=first.count)


def refused(code: Code, **values: Any) -> Invalid:
    """Return the error that refuses a file as a whole."""
    return Invalid.member("#", Refusal(code, **values))
