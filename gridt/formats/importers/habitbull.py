"""HabitBull: a table of all habits, day by day.

The number is 1 for a day that was done, 0 or negative for one that was not, and an amount in habits
that count. Some versions write dates as 2021-09-01, others as 4/13/2019.
"""

import re
from collections.abc import Iterator

from gridt.formats.importers.shape import Entry, Importer, Source, cell, folded, has_header
from gridt.refusals import Code, Refusal

_COLUMNS = (
    *("HabitName", "HabitDescription", "HabitCategory", "CalendarDate", "Value", "CommentText"),
)
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_VALUE = re.compile(r"-?\d{1,12}", re.ASCII)


def _entries(source: Source) -> Iterator[Entry]:
    month_at = _month_at(source)
    for row, cells in source.lines:
        habit, _, _, day, value, comment = (cell(cells, number) for number in range(len(_COLUMNS)))
        problems = []
        if slashed := _SLASHES.fullmatch(day):
            if month_at is None:
                problems.append(("CalendarDate", Refusal(Code.AMBIGUOUS_DATE)))
            day = f"{slashed[3]}-{slashed[month_at or 1]:0>2}-{slashed[3 - (month_at or 1)]:0>2}"
        if not _VALUE.fullmatch(value) or int(value) > 1:
            problems.append(("Value", Refusal(Code.NOT_DONE_OR_UNDONE)))
        yield Entry(row, day, habit, value == "1", comment, problems=tuple(problems))


def _month_at(source: Source) -> int | None:
    """Return the month's place in dates with slashes, or None.

    The file itself must show it.
    """
    found = [_SLASHES.fullmatch(cell(cells, 3)) for _, cells in source.lines]
    days_at = {place for date in found if date for place in (1, 2) if int(date[place]) > 12}
    return 3 - days_at.pop() if len(days_at) == 1 else None


HABITBULL = Importer(
    "HabitBull",
    has_header(*_COLUMNS),
    _entries,
    folded(_COLUMNS),
    date="CalendarDate",
    message="CommentText",
)
