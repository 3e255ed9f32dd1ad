"""Loop Habit Tracker: `Checkmarks.csv` of one or all habits.

The words in it are YES_MANUAL, YES_AUTO, NO, SKIP and UNKNOWN; earlier versions wrote numbers. Of a
habit such as "three times a week", Loop writes YES_AUTO for days without a checkmark when others
are enough.
"""

from collections.abc import Iterator

from gridt.formats.activity_csv import COLUMNS
from gridt.formats.importers.shape import Entry, Importer, Source, cell, folded
from gridt.refusals import Code, Refusal

_IMPLIED = "YES_AUTO"
_DONE = frozenset({"YES_MANUAL", _IMPLIED, "2"})
_NOT_DONE = frozenset({"NO", "SKIP", "UNKNOWN", "-1", "0", "1", "3", ""})
_KNOWN = _DONE | _NOT_DONE
_UNKNOWN = Refusal(Code.NOT_A_CHECKMARK, choices=sorted(_KNOWN - {""}))
_COLUMNS = ("Date", "Value", "Notes")
#: names of columns of our own tables, which begin with a date as well
_OURS = frozenset(COLUMNS) - {"date"}


def _entry(
    row: int, day: str, value: str, column: str, habit: str = "", message: str = ""
) -> Entry:
    problems = () if value in _KNOWN else ((column, _UNKNOWN),)
    is_implied = value == _IMPLIED
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
LOOP_ALL = Importer("Loop Habit Tracker", _recognises_all, _of_all_habits, None, date="Date")
