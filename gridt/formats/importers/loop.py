"""Loop Habit Tracker: `Checkmarks.csv` of one or all habits.

The words in it are YES_MANUAL, YES_AUTO, NO, SKIP and UNKNOWN; earlier versions wrote the numbers
2, 1, 0, 3 and -1. Of a habit such as "three times a week", Loop writes YES_AUTO for days without a
checkmark when others are enough.

The file of all habits is not CSV: Loop puts no quotes around names. Versions of 2022 and 2023 wrote
`Entry(timestamp=2022-02-06, value=2)` for a number there, and files of one habit without a header.
"""

import csv
import re
from collections.abc import Iterator

from gridt.formats.activity_csv import COLUMNS
from gridt.formats.importers.shape import Entry, Importer, Source, cell, folded
from gridt.formats.table import refused
from gridt.refusals import Code, Refusal

_IMPLIED = frozenset({"YES_AUTO", "1"})
_DONE = frozenset({"YES_MANUAL", "2"}) | _IMPLIED
_NOT_DONE = frozenset({"NO", "SKIP", "UNKNOWN", "-1", "0", "3", ""})
_KNOWN = _DONE | _NOT_DONE
_UNKNOWN = Refusal(Code.NOT_A_CHECKMARK, choices=sorted(_KNOWN - {""}))
_COLUMNS = ("Date", "Value", "Notes")
#: names of columns of our own tables, which begin with a date as well
_OURS = frozenset(COLUMNS) - {"date"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER = re.compile(r"-?\d+", re.ASCII)
_ENTRY = re.compile(r"Entry\(timestamp=[\d-]+, value=(-?\d+)\)", re.ASCII)
#: a row of the file of all habits, which ends with a comma
_ROW = re.compile(r"\d{4}-\d\d-\d\d((?:,(?:[A-Z_]+|-?\d+(?:\.\d+)?))+),\r?", re.ASCII)


def as_csv(text: str) -> str:
    """Return the file of all habits as CSV.

    Any other text is returned as it is.
    """
    header, end, rows = text.partition("\n")
    if not header.startswith("Date,") or not header.rstrip("\r").endswith(","):
        return text
    rows = _ENTRY.sub(r"\1", rows)
    row = _ROW.fullmatch(rows.partition("\n")[0])
    return _quoted(header.rstrip("\r"), row[1].count(",")) + end + rows if row else text


def _quoted(header: str, habits: int) -> str:
    """Return the header with a name for each habit.

    A comma before a space is taken for a part of a name.
    """
    width = habits + 2
    try:
        if len(next(csv.reader([header], strict=True))) == width:
            return header
    except csv.Error:  # such as "Deep" work, with a quote
        pass
    parts = header.split(",")
    names = parts if len(parts) == width else re.split(r",(?! )", header)
    if len(names) != width:
        raise refused(Code.FILE_NOT_CSV, row=1, reason="a name with a comma needs quotes")
    return ",".join('"' + name.replace('"', '""') + '"' for name in names)


def _entry(
    row: int, day: str, value: str, column: str, habit: str = "", message: str = ""
) -> Entry:
    problems = () if value in _KNOWN else ((column, _UNKNOWN),)
    is_implied = value in _IMPLIED
    return Entry(row, day, habit, value in _DONE, message, is_implied=is_implied, problems=problems)


def _recognises_one(source: Source) -> bool:
    """Recognise the table of one habit.

    Earlier versions had no notes.
    """
    return source.document is None and tuple(source.names) in {_COLUMNS, _COLUMNS[:2]}


def _of_one_habit(source: Source) -> Iterator[Entry]:
    for row, cells in source.lines:
        day, value, message = (cell(cells, number) for number in range(3))
        yield _entry(row, day, value, "Value", message=message)


def _recognises_bare(source: Source) -> bool:
    """Recognise the table of one habit without a header."""
    if source.document is not None or len(source.names) != 2:
        return False
    day, value = source.names
    return bool(_DAY.fullmatch(day) and _NUMBER.fullmatch(value))


def _of_bare_habit(source: Source) -> Iterator[Entry]:
    return _of_one_habit(Source([], [(1, source.names), *source.lines]))


def _recognises_all(source: Source) -> bool:
    """Recognise the table of all habits.

    It has dates, a column for each habit, and an empty one.

    The empty column is missing where a spreadsheet has saved the file again.
    """
    first, *habits = source.names or [""]
    ours = _OURS.intersection(habit.casefold() for habit in habits)
    if source.document is not None or first != "Date" or not habits or ours:
        return False
    if len(habits) > 1 and not habits[-1]:
        return True
    values = {value.strip() for _, cells in source.lines[:1] for value in cells[1:]}
    return any(values) and values <= _KNOWN


def _of_all_habits(source: Source) -> Iterator[Entry]:
    habits = [(number, habit) for number, habit in enumerate(source.names) if number and habit]
    for row, cells in source.lines:
        day = cell(cells, 0)
        for number, habit in habits:
            yield _entry(row, day, cell(cells, number), habit, habit)


LOOP_HABIT = Importer(
    "Loop Habit Tracker",
    _recognises_one,
    _of_one_habit,
    folded(_COLUMNS),
    date="Date",
    message="Notes",
)
LOOP_BARE = Importer("Loop Habit Tracker", _recognises_bare, _of_bare_habit, None, date="Date")
LOOP_ALL = Importer("Loop Habit Tracker", _recognises_all, _of_all_habits, None, date="Date")
